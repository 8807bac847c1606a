"""Recodes, bands and crossings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.definitions.options import MISSING_CODES
from flows.definitions.questionnaire import Derived, Level, Questionnaire
from flows.ingest.derive import derive
from flows.ingest.errors import NotInWave


@pytest.fixture
def definition(questionnaire: Questionnaire) -> Questionnaire:
    band = Derived(
        code="age3",
        text={"nl": "leeftijd"},  # type: ignore[arg-type]
        kind="bands",
        of=("B2",),
        levels=(
            Level(code="young", nl="jong", low=18, high=34),
            Level(code="middle", nl="midden", low=35, high=64),
            Level(code="old", nl="oud", low=65),
        ),
    )
    recode = Derived(
        code="view",
        text={"nl": "mening"},  # type: ignore[arg-type]
        kind="recode",
        of=("Q1",),
        levels=(
            Level(code="con", nl="tegen", options=("1", "2")),
            Level(code="pro", nl="voor", options=("4", "5")),
        ),
    )
    cross = Derived(
        code="agesex",
        text={"nl": "leeftijd en geslacht"},  # type: ignore[arg-type]
        kind="cross",
        of=("age3", "B1"),
    )
    return questionnaire.model_copy(update={"derived": (band, recode, cross)})


@pytest.fixture
def answers() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "B1": pd.Categorical(["m", "v", "v", ".refused", "m"], ["m", "v", *MISSING_CODES]),
            "B2": [18.0, 34.0, 64.0, 65.0, np.nan],
            "Q1": pd.Categorical(["1", "3", "5", ".dont_know", "4"], [*"12345", *MISSING_CODES]),
        },
        index=[10, 11, 12, 13, 14],
    )


def told(values: pd.Series) -> list[str | None]:
    return [None if pd.isna(v) else str(v) for v in values]


def test_bands_and_recodes(answers: pd.DataFrame, definition: Questionnaire) -> None:
    made = derive(answers, definition, ["age3", "view"])
    assert told(made["age3"]) == ["young", "young", "middle", "old", None]
    assert told(made["view"]) == ["con", None, "pro", None, "pro"]
    assert made.index.equals(answers.index)


def test_a_crossing_has_all_pairs(answers: pd.DataFrame, definition: Questionnaire) -> None:
    made = derive(answers, definition, ["agesex"])["agesex"]
    assert told(made) == ["young_m", "young_v", "middle_v", None, None]
    levels = [level.code for level in definition.levels("agesex")]
    assert list(made.cat.categories) == levels
    assert len(levels) == 6


def test_a_question_is_a_variable_too(answers: pd.DataFrame, definition: Questionnaire) -> None:
    made = derive(answers, definition, ["B1", "Q1"])
    assert list(made["B1"].cat.categories) == ["m", "v"]
    assert told(made["B1"]) == ["m", "v", "v", None, "m"]
    assert told(made["Q1"]) == ["1", "3", "5", None, "4"]


def test_what_the_wave_did_not_ask(answers: pd.DataFrame, definition: Questionnaire) -> None:
    with pytest.raises(NotInWave, match="B2 is not among the answers"):
        derive(answers.drop(columns="B2"), definition, ["agesex"])


def test_a_question_without_levels(answers: pd.DataFrame, definition: Questionnaire) -> None:
    with pytest.raises(ValueError, match="B2 is a number question"):
        derive(answers, definition, ["B2"])


@given(ages=st.lists(st.integers(18, 110), min_size=1))
def test_bands_cover_every_whole_age(ages: list[int]) -> None:
    band = Derived(
        code="age2",
        text={"nl": "leeftijd"},  # type: ignore[arg-type]
        kind="bands",
        of=("age",),
        levels=(Level(code="a", nl="a", high=64), Level(code="b", nl="b", low=65)),
    )
    questions = (
        {
            "code": "age",
            "dimension": "demographic",
            "type": "number",
            "text": {"nl": "leeftijd"},
        },
    )
    definition = Questionnaire(questions=questions, derived=(band,))  # type: ignore[arg-type]
    made = derive(pd.DataFrame({"age": np.array(ages, float)}), definition, ["age2"])["age2"]
    assert told(made) == ["a" if age <= 64 else "b" for age in ages]
