"""The real panel: tables against pandas on the file as it was delivered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import TOTAL, Table
from flows.definitions import Survey, load_survey
from flows.definitions.columns import columns_of
from flows.ingest.derive import derive
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.quality import mark_quality
from flows.ingest.read import read_responses
from flows.ingest.settle import settle
from flows.ingest.standardise import standardise
from flows.weighting.scheme import weigh

pytestmark = pytest.mark.shared

WAVE = "w2021a"
PROFILES = ("low", "middle", "high")


@pytest.fixture(scope="module")
def survey(surveys: Path) -> Survey:
    return load_survey(surveys / "vu2021")


@pytest.fixture(scope="module")
def delivered(shared_dir: Path) -> pd.DataFrame:
    """The file as delivered, of the people who count, with weights and a division in three."""
    return pd.read_csv(shared_dir / "data" / "vu2021" / "vu2021_panel_wave0.csv")


@pytest.fixture(scope="module")
def answers(survey: Survey, shared_dir: Path) -> pd.DataFrame:
    wave = survey.wave(WAVE)
    source = wave.sources[0]
    path = shared_dir / "data" / "vu2021" / "vu2021_panel_wave0.csv"
    raw = pseudonymise(read_responses(path), source, lambda ids: list(ids))
    standardised = standardise(raw, survey.questionnaire, wave, source)
    # Nobody in this file breaks a rule, so there is nothing to validate away.
    frame, _ = settle(standardised, [])
    frame = mark_quality(frame, survey.questionnaire, wave)
    return frame[frame["status"] == "kept"].reset_index(drop=True)


@pytest.fixture(scope="module")
def people(delivered: pd.DataFrame, answers: pd.DataFrame, survey: Survey) -> pd.DataFrame:
    """Weight and profile of everybody who counts; the division is made of the raw answers."""
    margins = margins_of(survey, answers)
    weights = weigh(margins, survey.weighting).weights
    raw = delivered.set_index("resp_id").loc[answers["respondent"]]
    trust = raw[[f"F2_{i}" for i in range(1, 12)]].mean(axis=1)
    profile = np.where(trust < 4.5, "low", np.where(trust < 6.5, "middle", "high"))
    return raw.assign(w=weights, profile=np.where(trust.isna(), None, profile))


def margins_of(survey: Survey, answers: pd.DataFrame) -> pd.DataFrame:
    return derive(answers, survey.questionnaire, [m.variable for m in survey.weighting.margins])


@pytest.fixture(scope="module")
def tables(survey: Survey, answers: pd.DataFrame, people: pd.DataFrame) -> tuple[Table, ...]:
    return crosstab(
        answers,
        survey.questionnaire,
        survey.theme_questions("politiek", WAVE),
        profile_banner(people["profile"], PROFILES, len(people)),
        people["w"].to_numpy(),
        margins_of(survey, answers),
        theme="politiek",
        wave=WAVE,
    )


def test_every_table_agrees_with_pandas(
    survey: Survey, tables: tuple[Table, ...], people: pd.DataFrame
) -> None:
    compared = 0
    for table in tables:
        question = survey.questionnaire.question(table.identity.question)
        if question.is_marked or not question.is_coded:
            continue
        column = next(c for c in columns_of(question) if c.number == table.identity.number)
        raw = pd.to_numeric(people[column.source(WAVE)])
        for c, profile in enumerate(table.columns):
            inside = people["profile"].eq(profile) | (profile == TOTAL)
            codes = {
                option.code: [float(s) for s in option.source_codes] for option in question.options
            }
            substantive = [x for o in question.substantive for x in codes[o.code]]
            base = inside & raw.isin(substantive)
            w = people["w"][base]
            assert table.n[c] == base.sum()
            for r, row in enumerate(table.rows):
                if row.kind == "mean":
                    expected = np.average(raw[base], weights=w)
                else:
                    members = row.members or (row.code,)
                    chosen = raw[base].isin([x for m in members for x in codes[m]])
                    expected = np.average(chosen, weights=w)
                assert table.estimate[r, c] == pytest.approx(expected, abs=1e-12)
                compared += 1
    assert compared > 1000


def test_multiple_answers_agree_with_pandas(
    survey: Survey, tables: tuple[Table, ...], people: pd.DataFrame
) -> None:
    marked = [t for t in tables if t.identity.multiple]
    assert marked
    for table in marked:
        question = survey.questionnaire.question(table.identity.question)
        columns = {c.option.code: c.source(WAVE) for c in columns_of(question) if c.option}
        ticks = people[list(columns.values())].eq(1)
        assert (table.n[-1] - ticks.any(axis=1).sum()) in range(0, len(people))
        for r, row in enumerate(table.rows):
            if row.kind == "answer":
                count = ticks[columns[row.code]].sum()
                assert table.count[r, -1] == count


def test_published_without_a_number_too_many(survey: Survey, tables: tuple[Table, ...]) -> None:
    published = publish(tables, survey.dossier.publication)
    assert len(published.tables) == len(tables)
    assert published.hidden_cells == 0
    strengths = [finding.strength for finding in published.findings]
    assert strengths
    assert strengths == sorted(strengths, reverse=True)
    for table in published.tables:
        for row in table.cells:
            for cell in row:
                assert not cell.shown or cell.low <= cell.value <= cell.high
