"""The real panel: messy answers, straightliners, no known truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.definitions import Survey, load_survey
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.quality import mark_quality
from flows.ingest.read import read_responses
from flows.ingest.settle import settle
from flows.ingest.standardise import standardise
from flows.profiles.assign import assign
from flows.profiles.fit import fit_profiles
from flows.profiles.stability import stability

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def panel(shared_dir: Path, surveys: Path) -> tuple[Survey, pd.DataFrame]:
    survey = load_survey(surveys / "vu2021")
    wave = survey.wave("w2021a")
    raw = read_responses(shared_dir / "data" / "vu2021" / "vu2021_panel_wave0.csv")
    raw = pseudonymise(raw, wave.sources[0], lambda ids: [f"r{i}" for i in ids])
    answers = settle(standardise(raw, survey.questionnaire, wave, wave.sources[0]), []).answers
    answers = mark_quality(answers, survey.questionnaire, wave)
    return survey, answers.loc[answers["status"] == "kept"].reset_index(drop=True)


def test_eight_profiles_ordered_by_trust(panel: tuple[Survey, pd.DataFrame]) -> None:
    survey, answers = panel
    model = fit_profiles(answers, survey.questionnaire, survey.profiles, starts=4)
    assert len(model.codes) == 8
    assert (np.diff(model.places[:, model.axes.index("trust")]) > 0).all()
    assert model.n == len(answers)
    assert model.sizes.min() > 0.01
    typing = assign(model, answers, survey.questionnaire)
    assert typing.typed.all()
    assert set(typing.labels) == set(survey.profiles.codes)
    trust = answers["F2_4"].astype(str).where(lambda s: ~s.str.startswith("."))
    by_profile = trust.astype(float).groupby(typing.labels.astype(str)).mean()
    assert by_profile["p1"] < by_profile["p8"] - 3
    found = stability(answers, survey.questionnaire, survey.profiles, model, replicates=2)
    assert 0.2 < found.p10_ari <= found.median_ari <= 1
