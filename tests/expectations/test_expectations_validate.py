"""Great Expectations finds what the rules say, row by row."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from expectations import Failure
from expectations.suite import build_suite
from expectations.validate import validate
from flows.definitions.models import Text
from flows.definitions.options import MISSING_CODES, Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question
from flows.definitions.waves import FieldPeriod, Source, Wave

WORDS = Text(nl="x")


@pytest.fixture(scope="module")
def questionnaire() -> Questionnaire:
    options = (Option(code="1", nl="a"), Option(code="2", nl="b"))
    return Questionnaire(
        questions=(
            Question(code="Q1", dimension="attitude", type="single", text=WORDS, options=options),
            Question(
                code="Q2",
                dimension="demographic",
                type="number",
                text=WORDS,
                minimum=18,
                severity="critical",
            ),
            Question(code="Q3", dimension="motive", type="multiple", text=WORDS, options=options),
            Question(code="Q4", dimension="motive", type="open", text=WORDS),
            Question(
                code="Q5",
                dimension="motive",
                type="single",
                text=WORDS,
                options=options,
                waves=("w2",),
            ),
        )
    )


@pytest.fixture(scope="module")
def wave() -> Wave:
    return Wave(
        code="w1",
        title=WORDS,
        period=WORDS,
        field=FieldPeriod(start=date(2026, 1, 1), end=date(2026, 1, 2)),
        mode=WORDS,
        population=WORDS,
        frame=WORDS,
        selection=WORDS,
        sources=(Source(id="id"),),
    )


@pytest.fixture
def frame() -> pd.DataFrame:
    codes = ["1", "2", *MISSING_CODES]
    marks = ["1", "0", *MISSING_CODES]
    return pd.DataFrame(
        {
            "row": [1, 2, 3, 4],
            "respondent": pd.array(["ra", "rb", "rb", None], dtype="str"),
            "Q1": pd.Categorical(["1", "9", ".skipped", "2"], [*codes, "9"]),
            "Q2": [40.0, 12.5, float("nan"), 90.0],
            "Q2__missing": pd.Categorical(["", "", "old", ""], ["", *MISSING_CODES, "old"]),
            "Q3_1": pd.Categorical(["1", "0", "0", ".not_asked"], marks),
            "Q3_2": pd.Categorical(["0", "0", "0", "ja"], [*marks, "ja"]),
            "Q4": ["text", None, None, None],
        }
    )


def test_finds_every_failure_with_its_row(
    frame: pd.DataFrame, questionnaire: Questionnaire, wave: Wave
) -> None:
    assert validate(frame, questionnaire, wave) == [
        Failure("rb", "unique", "respondent", "rb", "critical", 2),
        Failure("rb", "in_set", "Q1", "9", "warning", 2),
        Failure("rb", "between", "Q2", "12.5", "critical", 2),
        Failure("rb", "unique", "respondent", "rb", "critical", 3),
        Failure("rb", "in_set", "Q2", "old", "critical", 3),
        Failure("", "not_null", "respondent", "", "critical", 4),
        Failure("", "in_set", "Q3_2", "ja", "warning", 4),
    ]


def test_sound_answers_fail_nothing(
    frame: pd.DataFrame, questionnaire: Questionnaire, wave: Wave
) -> None:
    assert validate(frame.iloc[:1], questionnaire, wave) == []


def test_says_nothing_on_the_terminal(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    wave: Wave,
    capfd: pytest.CaptureFixture[str],
) -> None:
    validate(frame, questionnaire, wave)
    assert capfd.readouterr() == ("", "")


def test_one_rule_for_each_coded_column(questionnaire: Questionnaire, wave: Wave) -> None:
    rules = [
        (rule.expectation_type, rule.column)
        for rule in build_suite(questionnaire, wave).expectations
    ]
    in_set = "expect_column_values_to_be_in_set"
    assert rules == [
        ("expect_column_values_to_not_be_null", "respondent"),
        ("expect_column_values_to_be_unique", "respondent"),
        (in_set, "Q1"),
        (in_set, "Q2__missing"),
        ("expect_column_values_to_be_between", "Q2"),
        (in_set, "Q3_1"),
        (in_set, "Q3_2"),
    ]
