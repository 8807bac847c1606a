"""Who is left out, in which order."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.definitions.questionnaire import Questionnaire
from flows.definitions.waves import Quality, Source, Wave
from flows.ingest.errors import TooFewRespondents
from flows.ingest.frames import Standardised
from flows.ingest.quality import mark_quality, speeder_threshold
from flows.ingest.settle import settle

Take = Callable[[list[dict[str, str]]], Standardised]
Person = Callable[..., dict[str, str]]


def with_quality(wave: Wave, **rules: object) -> Wave:
    return wave.model_copy(update={"quality": Quality(**{"minimum_respondents": 1, **rules})})  # type: ignore[arg-type]


def statuses(
    take_in: Take, rows: list[dict[str, str]], questionnaire: Questionnaire, wave: Wave
) -> list[str]:
    answers, _ = settle(take_in(rows), [])
    return list(mark_quality(answers, questionnaire, wave)["status"])


def test_rules_in_their_order(
    take_in: Take, person: Person, questionnaire: Questionnaire, wave: Wave
) -> None:
    rows = [person(id=f"p{i}", minutes="12") for i in range(5)]
    rows.append(person(id="nothing", minutes="1", Q1="", Q2_a="", Q2bb=""))
    rows.append(person(id="off", minutes="1", progress="80"))
    rows.append(person(id="fast", minutes="3.9"))
    rows.append(person(id="just", minutes="4"))
    rows.append(person(id="unknown", minutes=""))
    rules = with_quality(wave, require_any=("Q1", "Q2"), break_off="leave_out", speeder=1 / 3)
    found = statuses(take_in, rows, questionnaire, rules)
    assert found == ["kept"] * 5 + ["no_answers", "broken_off", "speeder", "kept", "kept"]


def test_a_dont_know_is_an_answer_and_an_untouched_list_is_none(
    take_in: Take, person: Person, questionnaire: Questionnaire, wave: Wave
) -> None:
    rows = [
        person(Q1="99", Q4_1=""),
        person(id="b", Q1="", Q4_1=""),
        person(id="c", Q1="", Q7="", Q5="", B2="", Q4_1="1"),
    ]
    rules = with_quality(wave, require_any=("Q1", "Q4"))
    assert statuses(take_in, rows, questionnaire, rules) == ["kept", "no_answers", "kept"]
    rules = with_quality(wave, require_any=("Q7", "B2"))
    assert statuses(take_in, rows, questionnaire, rules) == ["kept", "kept", "no_answers"]


def test_break_offs_may_be_kept(
    take_in: Take, person: Person, questionnaire: Questionnaire, wave: Wave
) -> None:
    rows = [person(), person(id="b", progress="40")]
    assert statuses(take_in, rows, questionnaire, wave) == ["kept", "kept"]


def test_too_few_remain(
    take_in: Take, person: Person, questionnaire: Questionnaire, wave: Wave
) -> None:
    rules = with_quality(wave, minimum_respondents=100)
    with pytest.raises(TooFewRespondents, match=r"1 respondent remains of 1, at least 100"):
        statuses(take_in, [person()], questionnaire, rules)
    adding_up = rules.model_copy(update={"sources": (Source(id="id", files="incremental"),)})
    assert statuses(take_in, [person()], questionnaire, adding_up) == ["kept"]


def test_marking_twice_changes_nothing(
    take_in: Take, person: Person, questionnaire: Questionnaire, wave: Wave
) -> None:
    rows = [person(id=f"p{i}", minutes=str(m)) for i, m in enumerate([1, 2, 9, 10, 11, 30])]
    rules = with_quality(wave, speeder=0.5)
    answers, _ = settle(take_in(rows), [])
    once = mark_quality(answers, questionnaire, rules)
    pd.testing.assert_frame_equal(once, mark_quality(once, questionnaire, rules))
    assert speeder_threshold(once, 0.5) == 4.75


@given(st.lists(st.floats(0.5, 500), min_size=1), st.floats(0.05, 0.9))
def test_fewer_than_half_are_speeders(minutes: list[float], fraction: float) -> None:
    frame = pd.DataFrame({"status": "kept", "duration": minutes})
    threshold = speeder_threshold(frame, fraction)
    assert threshold is not None
    assert (frame["duration"] < threshold).sum() <= len(frame) / 2
