"""Which questions of two waves may be compared, and why others may not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from flows.crosstabs.trend.texts import text_of
from flows.definitions.columns import columns_of
from flows.definitions.models import Text
from flows.definitions.options import MISSING_CODES
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question
from flows.definitions.waves import Wave

Side = tuple[str, Questionnaire, pd.DataFrame]
"""Code of a wave, its questionnaire and its answers."""


class Wording(StrEnum):
    """Whether respondents read the same words in both waves."""

    SAME = "same"
    REWORDED = "reworded"


class Why(StrEnum):
    """Why a question is not compared."""

    NOT_ASKED = "not_asked"
    OTHER_ANSWERS = "other_answers"
    OPEN = "open"


@dataclass(frozen=True)
class Comparable:
    """A question as each wave asked it."""

    before: Question
    after: Question
    wording: Wording


@dataclass(frozen=True)
class LeftOut:
    """A question that is not compared: `reason` in a few words."""

    question: str
    text: Text
    why: Why
    reason: Text


def reworded_between(question: Question, before: Wave, after: Wave, waves: Sequence[Wave]) -> bool:
    """Whether the question got other words after `before` and up to `after`.

    `Question.reworded` names the waves from which the words were new. Waves go by the start of
    their field period.
    """
    starts = {wave.code: wave.field.start for wave in waves}
    first, last = sorted((before.field.start, after.field.start))
    return any(first < starts[code] <= last for code in question.reworded if code in starts)


def compared_questions(
    before: Side, after: Side, codes: Sequence[str], reworded: Collection[str] = ()
) -> tuple[tuple[Comparable, ...], tuple[LeftOut, ...]]:
    """The questions among `codes` that can be compared, in order, and those that cannot.

    A question must be asked in both waves, with the same answers (codes and what they count for)
    in the questionnaires and in the stored answers themselves. Other words, of the question or of
    an item, make it reworded, and so does a code in `reworded`.
    """
    found: list[Comparable] = []
    left_out: list[LeftOut] = []
    for code in codes:
        asked = [_asked(code, *side) for side in (before, after)]
        present = [question for question in asked if question is not None]
        if not present:
            continue
        text = present[-1].label
        if len(present) == 1:
            lacking = (before if asked[0] is None else after)[0]
            reason = text_of("why.not_asked", wave=lacking)
            left_out.append(LeftOut(code, text, Why.NOT_ASKED, reason))
            continue
        one, two = present
        if all(column.is_text for column in columns_of(one)):
            left_out.append(LeftOut(code, text, Why.OPEN, text_of("why.open")))
            continue
        difference = _other_answers(one, two) or _stored_otherwise(one, two, before, after)
        if difference:
            left_out.append(LeftOut(code, text, Why.OTHER_ANSWERS, difference))
            continue
        same = code not in reworded and _words(one) == _words(two)
        found.append(Comparable(one, two, Wording.SAME if same else Wording.REWORDED))
    return tuple(found), tuple(left_out)


def _asked(
    code: str, wave: str, questionnaire: Questionnaire, answers: pd.DataFrame
) -> Question | None:
    """The question as asked in this wave; background of an earlier wave does not count."""
    if not questionnaire.has(code):
        return None
    question = questionnaire.question(code)
    columns = columns_of(question)
    held = any(column.name in answers for column in columns)
    return question if question.asked_in(wave) and held else None


def _other_answers(one: Question, two: Question) -> Text | None:
    """How the answers of a question differ between two questionnaires; None when they do not."""
    if one.type is not two.type:
        return text_of("why.kind", before=one.type, after=two.type)
    first, second = (
        {option.code: (option.score, option.missing) for option in question.options}
        for question in (one, two)
    )
    if list(first) != list(second):
        return text_of("why.answers", how=_difference(list(first), list(second)))
    moved = [code for code in first if first[code] != second[code]]
    if moved:
        return text_of("why.counts", code=moved[0])
    if {item.code for item in one.items}.isdisjoint(item.code for item in two.items) and one.items:
        return text_of("why.items")
    return None


def _difference(first: Sequence[str], second: Sequence[str]) -> Text:
    """Which codes went and came, or that they stand in another order."""
    parts = [
        text_of(key, codes=", ".join(codes))
        for key, codes in (("why.gone", _only(first, second)), ("why.new", _only(second, first)))
        if codes
    ]
    if not parts:
        return text_of("why.order")
    return Text(nl="; ".join(part.nl for part in parts), en="; ".join(part.en for part in parts))


def _stored_otherwise(one: Question, two: Question, before: Side, after: Side) -> Text | None:
    """Whether a wave was stored under another list of answers than the other one."""
    for column in columns_of(two):
        twins = [c for c in columns_of(one) if c.name == column.name]
        held = [column.name in answers for _, _, answers in (before, after)]
        if column.option is not None and held[0] is not held[1]:
            lacking = (before if held[1] else after)[0]
            return text_of("why.offered", wave=lacking, code=column.option.code)
        if not twins or not all(held):
            continue
        codes = [_stored(answers[column.name]) for _, _, answers in (before, after)]
        if None not in codes and codes[0] != codes[1]:
            first, second = (each or [] for each in codes)
            odd = [*_only(first, second), *_only(second, first), text_of("why.order")]
            return text_of("why.stored", before=before[0], after=after[0], odd=odd[0])
    return None


def _stored(values: pd.Series) -> list[str] | None:
    """The answers a stored column can hold; None for a number."""
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return None
    return [str(code) for code in values.cat.categories if str(code) not in MISSING_CODES]


def _only(first: Collection[str], second: Collection[str]) -> list[str]:
    return [code for code in first if code not in second]


def _words(question: Question) -> list[str]:
    """What respondents read, in Dutch: the question, its items and answers."""
    shared = [(part.code, part.nl) for part in (*question.items, *question.options)]
    return [question.text.nl, *(f"{code} {text}" for code, text in shared)]
