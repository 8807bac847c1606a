"""The real panel, judged against independent pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from expectations.validate import validate
from flows.definitions import Survey, load_survey
from flows.ingest.background import with_background
from flows.ingest.derive import derive
from flows.ingest.frames import RawResponses
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.quality import mark_quality, speeder_threshold
from flows.ingest.read import read_responses
from flows.ingest.report import ValidationReport, validation_page, validation_report
from flows.ingest.settle import settle
from flows.ingest.standardise import standardise

pytestmark = pytest.mark.shared

TRUST = [f"F2_{i}" for i in range(1, 12)]
ATTITUDES = [f"F1_{i}" for i in range(1, 11)]


@pytest.fixture(scope="module")
def data(shared_dir: Path) -> Path:
    return shared_dir / "data" / "vu2021"


@pytest.fixture(scope="module")
def survey(surveys: Path) -> Survey:
    return load_survey(surveys / "vu2021")


def take_in(
    survey: Survey, wave: str, path: Path
) -> tuple[RawResponses, pd.DataFrame, ValidationReport]:
    defined = survey.wave(wave)
    source = defined.sources[0]
    raw = pseudonymise(read_responses(path), source, lambda ids: [f"r{i}" for i in ids])
    standardised = standardise(raw, survey.questionnaire, defined, source)
    failures = validate(standardised.frame, survey.questionnaire, defined)
    answers, quarantine = settle(standardised, failures)
    answers = mark_quality(answers, survey.questionnaire, defined)
    report = validation_report(
        survey=survey,
        wave=defined,
        source=source,
        raw=raw,
        answers=answers,
        quarantine=quarantine,
        failures=failures,
    )
    return raw, answers, report


@pytest.fixture(scope="module")
def first(survey: Survey, data: Path) -> tuple[RawResponses, pd.DataFrame, ValidationReport]:
    return take_in(survey, "w2021a", data / "vu2021_panel_wave0.sav")


@pytest.fixture(scope="module")
def source(data: Path) -> pd.DataFrame:
    return pd.read_csv(data / "vu2021_panel_wave0.csv")


def test_sav_and_csv_give_the_same_answers(
    survey: Survey, data: Path, first: tuple[RawResponses, pd.DataFrame, ValidationReport]
) -> None:
    _, answers, report = take_in(survey, "w2021a", data / "vu2021_panel_wave0.csv")
    pd.testing.assert_frame_equal(answers, first[1])
    assert report.counts == first[2].counts


def test_who_counts(
    first: tuple[RawResponses, pd.DataFrame, ValidationReport], source: pd.DataFrame
) -> None:
    raw, answers, report = first
    assert len(raw) == len(answers) == 2171
    trusted = source[source[TRUST + ATTITUDES].notna().any(axis=1)]
    limit = trusted["duration_min"].median() / 3
    fast = trusted["duration_min"] < limit
    status = answers["status"].value_counts()
    assert len(trusted) == 1931
    assert status["no_answers"] == 2171 - 1931
    assert status["speeder"] == fast.sum() == 37
    assert status["kept"] == 1894
    assert speeder_threshold(answers, 1 / 3) == pytest.approx(limit)
    kept = answers.loc[answers["status"] == "kept", "respondent"]
    assert kept.tolist() == [f"r{i}" for i in trusted.loc[~fast, "resp_id"]]
    assert report.counts == {
        "read": 2171,
        "quarantined": 0,
        "no_answers": 240,
        "broken_off": 0,
        "speeder": 37,
        "kept": 1894,
        "answers_made_invalid": 0,
    }


def test_every_answer_is_the_source_code(
    survey: Survey,
    first: tuple[RawResponses, pd.DataFrame, ValidationReport],
    source: pd.DataFrame,
) -> None:
    answers = first[1]
    for name in [*TRUST, *ATTITUDES, "I1_3", "I8_13", "I9_9", "G1", "A1", "E2"]:
        column = {"G1": "G1_1"}.get(name, name)
        found = pd.to_numeric(answers[name].astype(str), errors="coerce")
        wanted = source[column].where(source[column] < 900).rename(name)
        pd.testing.assert_series_equal(found, wanted, check_dtype=False)
    assert (answers["E1"] == ".not_applicable").sum() == (source["E1"] == 999).sum()
    assert (answers["E1"] == "98").sum() == (source["E1"] == 998).sum()
    assert (answers["education"] == ".dont_know").sum() == 2
    assert (answers["gender"] == "vrouw").sum() == source["gender"].sum()
    assert np.isclose(answers["D"].mean(), source["D"].mean())


def test_apps_not_ticked_are_not_used(
    first: tuple[RawResponses, pd.DataFrame, ValidationReport], source: pd.DataFrame
) -> None:
    """For who went past the questions empty is not chosen; for who never came there it is not."""
    answers = first[1]
    past = (source["I8_1"].notna()).to_numpy()
    never = source.filter(regex="^I").isna().all(axis=1).to_numpy()
    assert (past.sum(), never.sum()) == (1898, 267)
    for name in ["I7_11", "I7_3", "I5_2"]:
        ticked = (source[name] == 1).to_numpy()
        assert ((answers[name] == "1").to_numpy() == ticked).all()
        assert ((answers[name] == "0").to_numpy() == ~ticked)[past].all()
        assert answers.loc[never, name].isin([".broken_off", ".skipped"]).all()


def test_nothing_of_the_file_leaks(
    first: tuple[RawResponses, pd.DataFrame, ValidationReport], source: pd.DataFrame
) -> None:
    raw, answers, report = first
    assert "resp_id" not in raw.columns
    assert not {"internet_use", "H3", "H7", "date"} & set(answers.columns)
    assert {"internet_use", "H3", "H7"} <= set(report.unused_columns)
    assert "resp_id" not in validation_page(report)


def test_margins_can_be_made(
    survey: Survey, first: tuple[RawResponses, pd.DataFrame, ValidationReport]
) -> None:
    answers = first[1]
    kept = answers[answers["status"] == "kept"]
    margins = derive(kept, survey.questionnaire, [m.variable for m in survey.weighting.margins])
    assert margins.isna().sum().to_dict() == {"agesex": 0, "edu3": 2, "region": 0}
    for margin in survey.weighting.margins:
        assert list(margins[margin.variable].cat.categories) == list(margin.targets)
        assert (margins[margin.variable].value_counts() > 0).all()


ROWS = {"w2021b": 1497, "w2021c": 1290, "w2021d": 1366, "w2021e": 1429}


@pytest.mark.parametrize("wave", ROWS)
def test_later_waves_take_their_background_along(
    survey: Survey,
    data: Path,
    source: pd.DataFrame,
    first: tuple[RawResponses, pd.DataFrame, ValidationReport],
    wave: str,
) -> None:
    path = data / f"vu2021_panel_wave{list(ROWS).index(wave) + 1}.csv"
    raw, answers, report = take_in(survey, wave, path)
    assert len(raw) == len(answers) == ROWS[wave]
    joined = with_background(answers, first[1])
    known = pd.read_csv(path, dtype=str)["resp_id"].isin(source["resp_id"].astype(str))
    assert ((joined["agegroup"] != ".not_asked").to_numpy() == known.to_numpy()).all()
    without = joined["status"] == "not_in_background"
    assert (without.to_numpy() == (~known & (answers["status"] == "kept")).to_numpy()).all()
    kept = joined[joined["status"] == "kept"]
    margins = derive(kept, survey.questionnaire, ["agesex", "region"])
    assert margins.notna().all(axis=None)
    assert report.counts["kept"] == (answers["status"] == "kept").sum()


def test_a_vote_of_someone_who_did_not_vote_is_invalid(survey: Survey, data: Path) -> None:
    _, answers, report = take_in(survey, "w2021e", data / "vu2021_panel_wave4.csv")
    assert report.counts["answers_made_invalid"] == 3
    assert {r["value"] for r in report.refused} == {
        "5 (not asked)",
        "9 (not asked)",
        "3 (not asked)",
    }
    assert (answers["A2v"] == ".invalid").sum() == 3
    assert (answers["A2v"] == ".not_asked").sum() == 98
