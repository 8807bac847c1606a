"""Portraits: which traits are told of a profile, against plain pandas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from crosstab_world import question

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.portraits import (
    MOST_ANSWERS,
    Portrait,
    Trait,
    defining,
    portrait_questions,
    portrait_tables,
    portraits,
)
from flows.crosstabs.sizes import profile_sizes
from flows.crosstabs.tables import Table, Verdict
from flows.definitions.dossier_plan import Publication
from flows.definitions.options import MISSING_CODES, Net, Option
from flows.definitions.profile_plan import Profile, ProfilePlan
from flows.definitions.questionnaire import Derived, Level, Questionnaire
from flows.definitions.questions import Dimension, QuestionType

CODES = ("pa", "pb", "pc", "pd")
SIZES = (0.5, 0.3, 0.18, 0.02)
YES_NO = (Option(code="1", nl="ja"), Option(code="0", nl="nee"))
AGREE = tuple(Option(code=str(i), nl=f"antwoord {i}") for i in range(1, 6))
NETS = (Net(code="eens", nl="(helemaal) eens", options=("4", "5")),)
LIST = tuple(Option(code=code, nl=f"bij {code}") for code in "abcde")

QUESTIONNAIRE = Questionnaire(
    questions=(
        question("born", QuestionType.NUMBER, dimension=Dimension.DEMOGRAPHIC),
        question(
            "school",
            QuestionType.SINGLE,
            dimension=Dimension.DEMOGRAPHIC,
            options=tuple(Option(code=code, nl=code) for code in ("s1", "s2", "s3", "s4")),
        ),
        question("town", QuestionType.SINGLE, dimension=Dimension.DEMOGRAPHIC, options=YES_NO),
        question("I1", QuestionType.SCALE, options=AGREE, nets=NETS, headline="eens", mean=True),
        question("A1", QuestionType.SINGLE, options=YES_NO, headline="1"),
        question("A2", QuestionType.SINGLE, options=YES_NO, headline="1"),
        question("A3", QuestionType.SINGLE, options=YES_NO, headline="1"),
        question("M", QuestionType.MULTIPLE, dimension=Dimension.CHANNEL, options=LIST),
        question("B1", QuestionType.SINGLE, dimension=Dimension.BEHAVIOUR, options=YES_NO),
        question("later", QuestionType.SINGLE, options=YES_NO),
        question("O", QuestionType.OPEN),
    ),
    derived=(
        Derived(
            code="age2",
            text="Leeftijd",
            kind="bands",
            of=("born",),
            levels=(
                Level(code="young", nl="jong", low=0, high=49),
                Level(code="old", nl="oud", low=50, high=120),
            ),
        ),
        Derived(
            code="school2",
            text="Opleiding",
            kind="recode",
            of=("school",),
            levels=(
                Level(code="less", nl="minder", options=("s1", "s2")),
                Level(code="more", nl="meer", options=("s3", "s4")),
            ),
        ),
        Derived(code="both", text="Beide", kind="cross", of=("age2", "school2")),
    ),
)
PLAN = ProfilePlan(
    version="t",
    valid_from=date(2026, 1, 1),
    items=("I1",),
    concomitants=("school2",),
    profiles=tuple(Profile(code=code, nl=code, alias=code) for code in CODES),
)


@dataclass(frozen=True)
class People:
    frame: pd.DataFrame
    profile: np.ndarray
    weights: np.ndarray


@pytest.fixture(scope="module")
def people() -> People:
    """1,500 people of whom `pa` says yes to A1 more often, to A2 a little, to A3 not at all."""
    rng = np.random.default_rng(4)
    n = 1500
    group = rng.choice(4, n, p=SIZES)
    weights = np.exp(rng.normal(0, 0.3, n))

    def marks(p: np.ndarray) -> pd.Categorical:
        return pd.Categorical(
            np.where(rng.random(n) < p, "1", "0"), categories=["1", "0", *MISSING_CODES]
        )

    first = group == 0
    data: dict[str, Any] = {
        "born": np.where(first, rng.integers(50, 90, n), rng.integers(18, 80, n)).astype(float),
        "born__missing": pd.Categorical([""] * n, categories=["", *MISSING_CODES]),
        "school": pd.Categorical(
            np.where(first, "s4", rng.choice(["s1", "s2", "s3"], n)),
            categories=["s1", "s2", "s3", "s4", *MISSING_CODES],
        ),
        "town": marks(np.where(first, 0.9, 0.1)),
        "I1": pd.Categorical(
            np.where(first, rng.integers(3, 6, n), rng.integers(1, 5, n)).astype(str),
            categories=[*"12345", *MISSING_CODES],
        ),
        "A1": marks(np.where(first, 0.8, 0.45)),
        "A2": marks(np.where(first, 0.52, 0.5)),
        "A3": marks(np.full(n, 0.5)),
        "B1": marks(np.where(group == 1, 0.3, 0.7)),
        "O": None,
    }
    for i, code in enumerate("abcde"):
        data[f"M_{code}"] = marks(np.where(first, 0.75 - 0.02 * i, 0.4))
    return People(pd.DataFrame(data), np.array(CODES, dtype=object)[group], weights)


@pytest.fixture(scope="module")
def tables(people: People) -> tuple[Table, ...]:
    return portrait_tables(
        people.frame, QUESTIONNAIRE, PLAN, people.profile, people.weights, leave_out={"town"}
    )


@pytest.fixture(scope="module")
def told(tables: tuple[Table, ...], people: People) -> dict[str, Portrait]:
    sizes = profile_sizes(people.profile, CODES, people.weights)
    _, found = portraits(tables, PLAN, Publication(), sizes)
    return {portrait.profile: portrait for portrait in found}


def traits(portrait: Portrait, part: str = "differs") -> list[Trait]:
    return [trait for group in getattr(portrait, part) for trait in group.traits]


def test_derived_levels_stand_for_their_question_and_unasked_ones_are_left_out(
    people: People, tables: tuple[Table, ...]
) -> None:
    _, _, asked = portrait_questions(people.frame, QUESTIONNAIRE, {"town"})
    codes = [question.code for question in asked]
    assert set(codes) == {"age2", "school2", "I1", "A1", "A2", "A3", "B1", "M"}
    order = list(Dimension)
    places = [order.index(question.dimension) for question in asked]
    assert places == sorted(places)
    assert {table.identity.number for table in tables} == set(codes)
    assert defining(PLAN, QUESTIONNAIRE) == {"I1", "school2", "school", "both"}


def test_only_large_differences_beyond_chance_are_traits(told: dict[str, Portrait]) -> None:
    first = {(trait.identity.number, trait.row.code): trait for trait in traits(told["pa"])}
    assert first["A1", "1"].verdict is Verdict.HIGHER
    assert not {("A2", "1"), ("A3", "1")} & set(first)
    behaviour = [t for t in traits(told["pb"]) if t.identity.number == "B1"]
    assert [t.verdict for t in behaviour] == [Verdict.LOWER]


def test_what_made_the_profiles_is_shown_apart_and_untested(told: dict[str, Portrait]) -> None:
    for portrait in told.values():
        made = {trait.identity.number for trait in traits(portrait, "made_of")}
        assert made <= {"I1", "school2"}
        assert not made & {trait.identity.number for trait in traits(portrait)}
        assert all(t.verdict is Verdict.NONE for t in traits(portrait, "made_of"))
    assert {t.identity.number for t in traits(told["pa"], "made_of")} == {"I1", "school2"}


def test_numbers_are_weighted_means_rounded(told: dict[str, Portrait], people: People) -> None:
    chosen = {
        "A1": people.frame["A1"] == "1",
        "B1": people.frame["B1"] == "1",
        "I1": people.frame["I1"].isin(["4", "5"]),
        ("age2", "old"): people.frame["born"] >= 50,
        ("age2", "young"): people.frame["born"] < 50,
        ("school2", "more"): people.frame["school"].isin(["s3", "s4"]),
        ("school2", "less"): people.frame["school"].isin(["s1", "s2"]),
        **{("M", code): people.frame[f"M_{code}"] == "1" for code in "abcde"},
        ("B1", "0"): people.frame["B1"] == "0",
    }
    compared = 0
    for code, portrait in told.items():
        inside = people.profile == code
        for trait in (*traits(portrait), *traits(portrait, "made_of")):
            number = trait.identity.number
            yes = chosen.get((number, trait.row.code), chosen.get(number))
            for mask, cell in ((inside, trait.own), (inside | True, trait.everybody)):
                share = np.average(yes[mask], weights=people.weights[mask])
                assert cell.value == pytest.approx(share, abs=0.005 + 1e-9), (code, number)
            assert trait.n == int(inside.sum())
            compared += 1
    assert compared >= 8


def test_traits_are_ranked_grouped_and_not_repeated(told: dict[str, Portrait]) -> None:
    order = [dimension.value for dimension in Dimension]
    for portrait in told.values():
        for groups in (portrait.made_of, portrait.differs):
            places = [order.index(group.dimension) for group in groups]
            assert places == sorted(set(places))
            for group in groups:
                strengths = [trait.strength for trait in group.traits]
                assert strengths == sorted(strengths, reverse=True)
                assert all(t.identity.dimension == group.dimension for t in group.traits)
    numbers = [t.identity.number for t in traits(told["pa"])]
    assert numbers.count("M") == MOST_ANSWERS
    assert all(numbers.count(number) == 1 for number in set(numbers) - {"M"})


def test_a_profile_of_too_few_people_has_a_size_and_no_traits(
    told: dict[str, Portrait], people: People
) -> None:
    small = told["pd"]
    assert 0 < (people.profile == "pd").sum() < Publication().minimum_base
    assert (small.made_of, small.differs) == ((), ())
    assert small.size is not None
    assert small.size.n == (people.profile == "pd").sum()


def test_untested_traits_are_ranked_by_size(
    tables: tuple[Table, ...], told: dict[str, Portrait], people: People
) -> None:
    item = next(t for t in traits(told["pa"], "made_of") if t.identity.number == "I1")
    yes = people.frame["I1"].isin(["4", "5"]).to_numpy().astype(float)
    inside = people.profile == "pa"
    w = people.weights
    share = np.average(yes, weights=w)
    gap = np.average(yes[inside], weights=w[inside]) - np.average(yes[~inside], weights=w[~inside])
    assert item.strength == pytest.approx(abs(gap) / np.sqrt(share * (1 - share)), rel=1e-3)


def test_a_question_of_the_wave_without_its_columns_is_refused(people: People) -> None:
    with pytest.raises(CrosstabError, match="have no column later"):
        portrait_tables(
            people.frame, QUESTIONNAIRE, PLAN, people.profile, people.weights, wave="w1"
        )
