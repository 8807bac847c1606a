"""The shipped simulated survey, whose truth is known: are its profiles found again?"""

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
from flows.profiles.stability import adjusted_rand_index
from flows.profiles.typing import fit_typing, type_respondents_by
from flows.simulation.parameters import load_parameters
from flows.simulation.simulate import Fieldwork, Simulation, simulate

MODEL, THEMES = "staat_van_betrokkenheid", "themapanel"


@pytest.fixture(scope="module")
def simulation(surveys: Path) -> Simulation:
    folders = surveys / MODEL, surveys / THEMES
    first, second = (load_survey(folder) for folder in folders)
    return simulate(first, second, *(load_parameters(folder) for folder in folders), scale=0.3)


def answers_and_truth(fieldwork: Fieldwork, folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """The kept answers as ingested, and the true profile of each of these people."""
    survey, wave = fieldwork.survey, fieldwork.wave
    file = folder / "answers.csv"
    fieldwork.file.to_csv(file, index=False)
    raw = pseudonymise(read_responses(file), wave.sources[0], lambda ids: [f"r{i}" for i in ids])
    answers = settle(standardise(raw, survey.questionnaire, wave, wave.sources[0]), []).answers
    answers = mark_quality(answers, survey.questionnaire, wave)
    truth = fieldwork.truth.drop_duplicates("external_id")
    true_profile = dict(zip("r" + truth["external_id"].astype(str), truth["profile"], strict=True))
    known = (answers["status"] == "kept") & answers["respondent"].isin(true_profile)
    answers = answers.loc[known].drop_duplicates("respondent").reset_index(drop=True)
    return answers, answers["respondent"].map(true_profile).to_numpy(dtype=object)


def test_profiles_are_found_named_and_given_to_panel_members(
    simulation: Simulation, tmp_path: Path
) -> None:
    fieldwork = simulation.fieldwork(MODEL, "w2026")
    survey: Survey = fieldwork.survey
    answers, truth = answers_and_truth(fieldwork, tmp_path)
    model = fit_profiles(answers, survey.questionnaire, survey.profiles, starts=10)
    assert all(model.named)
    typing = assign(model, answers, survey.questionnaire)
    typed = typing.typed
    assert adjusted_rand_index(typing.labels[typed], truth[typed]) >= 0.5
    assert (typing.labels == truth)[typed].mean() > 0.7  # the names are right too

    golden = fit_typing(model, answers, survey.questionnaire, survey.profiles)
    register = simulation.fieldwork(THEMES, "register")
    members, truth = answers_and_truth(register, tmp_path)
    typing = type_respondents_by(golden, members, register.survey.questionnaire)
    assert typing.notes == () or "less than a third" in typing.notes[0]
    right = (typing.labels == truth)[typing.typed].mean()
    assert right > 0.55
    assert abs(typing.confidence[typing.typed].mean() - right) < 0.08
