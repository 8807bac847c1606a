"""The two simulated surveys as shipped: how recognisable the profiles are, and how fast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import cross_val_predict

from flows.definitions.load import load_survey
from flows.simulation.parameters import load_parameters
from flows.simulation.simulate import Fieldwork, Simulation, simulate


@pytest.fixture(scope="module")
def shipped(surveys: Path) -> Simulation:
    model, theme = surveys / "staat_van_betrokkenheid", surveys / "themapanel"
    return simulate(
        load_survey(model),
        load_survey(theme),
        load_parameters(model),
        load_parameters(theme),
        scale=0.5,
    )


def known_best(fieldwork: Fieldwork) -> tuple[float, float]:
    """Hit rate and ARI of a classifier that was shown the truth, on people it was not shown."""
    wave, plan = fieldwork.wave.code, fieldwork.survey.profiles
    whole = ~(fieldwork.truth["broken_off"] | fieldwork.truth["speeder"])
    matrix = {}
    for column in fieldwork.survey.questionnaire.columns(wave):
        if column.question.code in plan.items or column.question.code in plan.axes["age"].of:
            scores = {
                code: option.score
                for option in column.question.substantive
                for code in option.source_codes
            }
            cells = fieldwork.file[column.source(wave)][whole]
            numbers = cells.map(scores) if scores else cells
            matrix[column.name] = pd.to_numeric(numbers, errors="coerce")
    items = pd.DataFrame(matrix)
    items = ((items - items.mean()) / items.std()).fillna(0)
    truth = fieldwork.truth["profile"][whole].to_numpy()
    found = cross_val_predict(LinearDiscriminantAnalysis(), items.to_numpy(), truth, cv=3)
    return float(np.mean(found == truth)), float(adjusted_rand_score(truth, found))


def test_profiles_can_be_found_but_not_easily(shipped: Simulation) -> None:
    hit, ari = known_best(shipped.fieldwork("staat_van_betrokkenheid", "w2026"))
    assert 0.75 < hit < 0.89
    assert 0.6 < ari < 0.8


def test_every_profile_has_enough_people_in_every_wave(shipped: Simulation) -> None:
    for fieldwork in shipped.fieldworks:
        shares = fieldwork.truth["profile"].value_counts(normalize=True)
        assert len(shares) == len(fieldwork.survey.profiles.codes)
        assert shares.min() > 0.04


def test_every_margin_of_the_shipped_surveys_is_met(shipped: Simulation) -> None:
    for fieldwork in shipped.fieldworks:
        margins = fieldwork.margins
        wanted = [margin.variable for margin in fieldwork.survey.weighting.margins]
        assert set(margins["margin"]) == set(wanted)
        assert (margins["share"] - margins["target"]).abs().max() < 0.002
