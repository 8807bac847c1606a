"""Portraits of the real panel: plain pandas on the delivered file, and what is known of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.crosstabs.portraits import Portrait, portrait_tables, portraits
from flows.crosstabs.tables import Table
from flows.definitions import Survey, load_survey
from flows.definitions.columns import columns_of
from flows.ingest.derive import derive
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.quality import mark_quality
from flows.ingest.read import read_responses
from flows.ingest.settle import settle
from flows.ingest.standardise import standardise
from flows.profiles.assign import assign
from flows.profiles.fit import fit_profiles
from flows.weighting.scheme import weigh

pytestmark = pytest.mark.shared

WAVE = "w2021a"


@pytest.fixture(scope="module")
def survey(surveys: Path) -> Survey:
    return load_survey(surveys / "vu2021")


@pytest.fixture(scope="module")
def answers(survey: Survey, shared_dir: Path) -> pd.DataFrame:
    wave = survey.wave(WAVE)
    source = wave.sources[0]
    path = shared_dir / "data" / "vu2021" / "vu2021_panel_wave0.csv"
    raw = pseudonymise(read_responses(path), source, lambda ids: list(ids))
    frame, _ = settle(standardise(raw, survey.questionnaire, wave, source), [])
    frame = mark_quality(frame, survey.questionnaire, wave)
    return frame[frame["status"] == "kept"].reset_index(drop=True)


@pytest.fixture(scope="module")
def people(survey: Survey, shared_dir: Path, answers: pd.DataFrame) -> pd.DataFrame:
    """The file as delivered, of who counts, with `w` and the profile of a model fitted here."""
    margins = derive(answers, survey.questionnaire, [m.variable for m in survey.weighting.margins])
    weights = weigh(margins, survey.weighting).weights
    model = fit_profiles(answers, survey.questionnaire, survey.profiles, weights, starts=1)
    profile = assign(model, answers, survey.questionnaire).labels
    delivered = pd.read_csv(shared_dir / "data" / "vu2021" / "vu2021_panel_wave0.csv")
    raw = delivered.set_index("resp_id").loc[answers["respondent"]]
    return raw.assign(w=weights, profile=profile)


@pytest.fixture(scope="module")
def tables(survey: Survey, answers: pd.DataFrame, people: pd.DataFrame) -> tuple[Table, ...]:
    margins = derive(answers, survey.questionnaire, [m.variable for m in survey.weighting.margins])
    return portrait_tables(
        answers,
        survey.questionnaire,
        survey.profiles,
        people["profile"].to_numpy(),
        people["w"].to_numpy(),
        margins,
        wave=WAVE,
    )


@pytest.fixture(scope="module")
def told(survey: Survey, tables: tuple[Table, ...]) -> tuple[Portrait, ...]:
    return portraits(tables, survey.profiles, survey.dossier.publication)[1]


def test_every_trait_is_the_rounded_weighted_share_of_the_delivered_file(
    survey: Survey, told: tuple[Portrait, ...], people: pd.DataFrame
) -> None:
    columns = {
        column.number: column
        for question in survey.questionnaire.questions
        if question.is_coded
        for column in columns_of(question)
    }
    compared = 0
    for portrait in told:
        inside = people["profile"].eq(portrait.profile)
        for group in (*portrait.made_of, *portrait.differs):
            for trait in group.traits:
                column = columns.get(trait.identity.number)
                if column is None or trait.row.kind == "mean":
                    continue
                raw = pd.to_numeric(people[column.source(WAVE)])
                codes = {
                    option.code: [float(source) for source in option.source_codes]
                    for option in column.question.substantive
                }
                members = trait.row.members or (trait.row.code,)
                base = raw.isin([source for each in codes.values() for source in each])
                yes = raw.isin([source for member in members for source in codes[member]])
                for mask, cell in ((base & inside, trait.own), (base, trait.everybody)):
                    share = np.average(yes[mask], weights=people["w"][mask])
                    assert cell.value == pytest.approx(share, abs=0.005 + 1e-9)
                assert trait.n == (base & inside).sum()
                compared += 1
    assert compared > 100


def test_trust_rises_with_education(
    told: tuple[Portrait, ...], tables: tuple[Table, ...], people: pd.DataFrame
) -> None:
    trust = people[[f"F2_{i}" for i in range(1, 12)]].mean(axis=1)
    known = trust.notna()
    levels = people["education"]
    means = [
        np.average(trust[known & part], weights=people["w"][known & part])
        for part in (levels.le(levels.quantile(0.3)), levels.ge(levels.quantile(0.7)))
    ]
    assert means[1] > means[0] + 0.5
    table = next(table for table in tables if table.identity.number == "edu3")
    by_profile = [
        np.average(trust[known & inside], weights=people["w"][known & inside])
        for code in table.columns[:-1]
        if (inside := people["profile"].eq(code)).any()
    ]
    highest_level = table.estimate[-1, :-1]
    n = table.weighted_base[:-1]
    assert np.cov(by_profile, highest_level, aweights=n)[0, 1] > 0
    made = {
        portrait.profile: {
            (t.identity.number, t.row.code): t for g in portrait.made_of for t in g.traits
        }
        for portrait in told
    }
    last = table.rows[-1].code
    least = made[table.columns[0]].get(("edu3", last))
    assert least is None or least.own.value < least.everybody.value


def test_little_trust_goes_with_not_having_voted(
    tables: tuple[Table, ...], people: pd.DataFrame
) -> None:
    stayed = people["E1"].eq(998)
    voted = people["E1"].between(1, 14)
    trust = people[[f"F2_{i}" for i in range(1, 12)]].mean(axis=1)
    means = {
        name: np.average(trust[mask & trust.notna()], weights=people["w"][mask & trust.notna()])
        for name, mask in (("stayed", stayed), ("voted", voted))
    }
    assert means["stayed"] < means["voted"] - 0.3
    table = next(table for table in tables if table.identity.number == "E1")
    row = table.row("98")
    shares = table.estimate[row, :-1]
    for c, code in enumerate(table.columns[:-1]):
        inside = people["profile"].eq(code) & (stayed | voted)
        share = np.average(stayed[inside], weights=people["w"][inside])
        assert shares[c] == pytest.approx(share, abs=1e-12)
    n = table.weighted_base[:-1]
    lowest, highest = slice(0, 3), slice(-3, None)
    assert np.average(shares[lowest], weights=n[lowest]) > np.average(
        shares[highest], weights=n[highest]
    )


def test_profiles_of_little_trust_say_so(told: tuple[Portrait, ...]) -> None:
    """The items say what the profiles are made of; trust in the media was not among them."""
    first, last = told[0], told[-1]
    made = [t for g in first.made_of for t in g.traits if t.identity.question == "F2"]
    assert made
    assert all(t.own.value < t.everybody.value for t in made)
    media = [
        (t.verdict.value, portrait.profile)
        for portrait in (first, last)
        for g in portrait.differs
        for t in g.traits
        if t.identity.question == "I8"
    ]
    assert ("lower", first.profile) in media
    assert ("higher", last.profile) in media
