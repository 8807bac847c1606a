"""Why an answer is absent: not asked, broken off, skipped, or simply not chosen.

Questions stand in the questionnaire in the order in which they were asked.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.options import Missing
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Dimension, Question, QuestionType
from flows.ingest.encode import Encoded
from flows.ingest.frames import Bools, Positions, all_of, any_of

Columns = dict[str, Encoded]


def fill_missing(
    columns: Columns, questionnaire: Questionnaire, wave: str, finished: Bools
) -> Columns:
    """Give every empty cell its kind.

    `finished`: who completed the interview. In an unfinished one, what comes after the last
    answer is `broken_off`. Background questions do not count as an answer there, since a panel
    often knows them beforehand.
    """
    questions = [q for q in questionnaire.questions if q.asked_in(wave)]
    order = {c.name: i for i, c in enumerate(c for q in questions for c in columns_of(q))}
    last = _last_answer(columns, questions, order, len(finished))
    done = dict(columns)
    for i, question in enumerate(questions):
        columns_left = columns_of(question)
        if question.is_marked:
            before = _question_before(questions, i)
            done |= _marks(done, question, order, last, finished, before)
            columns_left = tuple(column for column in columns_left if column.is_text)
        for column in columns_left:
            encoded = done[column.name]
            after = ~finished & (order[column.name] > last)
            encoded = encoded.put(encoded.empty & after, Missing.BROKEN_OFF.code)
            done[column.name] = encoded.put(encoded.empty, Missing.SKIPPED.code)
    for question in questions:
        if question.base is not None:
            done |= _routed(done, question, questionnaire, wave)
    return done


def _last_answer(
    columns: Columns, questions: list[Question], order: Mapping[str, int], rows: int
) -> Positions:
    """Position of the last column with content; -1 for people who answered nothing."""
    last = np.full(rows, -1, dtype=np.int64)
    for question in questions:
        if question.dimension is Dimension.DEMOGRAPHIC:
            continue
        for column in columns_of(question):
            encoded = columns[column.name]
            filled = ~encoded.empty
            if question.is_marked:
                filled &= ~encoded.holds("0")
            last[filled] = order[column.name]
    return last


def _question_before(questions: list[Question], index: int) -> Question | None:
    """The nearest earlier question that always gets an answer of its own."""
    for question in reversed(questions[:index]):
        other = question.is_marked or question.type is QuestionType.OPEN or question.base
        if not other and question.dimension is not Dimension.DEMOGRAPHIC:
            return question
    return None


def _answered(columns: Columns, question: Question) -> Bools:
    """Who gave any answer to a question whose empty cells have their kind already."""
    none = (Missing.SKIPPED.code, Missing.BROKEN_OFF.code)
    return any_of(~columns[c.name].holds(*none) for c in columns_of(question))


def _marks(
    columns: Columns,
    question: Question,
    order: Mapping[str, int],
    last: Positions,
    finished: Bools,
    before: Question | None,
) -> Columns:
    """Options that were not ticked.

    Most files leave an option that was not chosen empty. Someone who went past the question
    and ticked nothing chose none; was there a "none of these", they skipped it, and so did who
    ranked nothing or gave no words that were coded. Files that write `0` for not chosen mean by
    an empty cell that there is no answer.
    """
    own = tuple(column for column in columns_of(question) if not column.is_text)
    found = {column.name: columns[column.name] for column in own}
    zeros = [encoded.holds("0") for encoded in found.values()]
    ticked = any_of(
        ~encoded.empty & ~zero for encoded, zero in zip(found.values(), zeros, strict=True)
    )
    writes_zero = any(zero.any() for zero in zeros)
    passed = last > order[own[-1].name]
    passed |= finished if before is None else finished & _answered(columns, before)
    exclusive = any(option.exclusive for option in question.options)
    tickable = question.type is QuestionType.MULTIPLE and not exclusive
    none_chosen = passed & ~ticked & tickable
    not_chosen = (ticked | none_chosen) & (not writes_zero)
    broken = ~finished & ~passed & ~ticked
    for name, encoded in found.items():
        encoded = encoded.put(encoded.empty & not_chosen, "0")
        encoded = encoded.put(broken, Missing.BROKEN_OFF.code)
        found[name] = encoded.put(encoded.empty, Missing.SKIPPED.code)
    if question.type is QuestionType.RANKING:
        found = _ranked_once(found, own)
    return _agreeing(found, own)


def _ranked_once(found: Columns, own: tuple[AnswerColumn, ...]) -> Columns:
    """Two options with the same rank: neither can be read."""
    result = dict(found)
    for rank in own[0].chosen:
        holders = {
            c.name: found[c.name].holds(rank) for c in own if c.option and not c.option.missing
        }
        shared = np.sum(list(holders.values()), axis=0) > 1
        for name, holds in holders.items():
            result[name] = result[name].annotate(holds & shared, "same rank as another")
    return result


def _agreeing(found: Columns, own: tuple[AnswerColumn, ...]) -> Columns:
    """An option that is no answer speaks for the whole question; "none" rules out others."""
    found = dict(found)
    for column in own:
        option = column.option
        if option is None or not (option.missing or option.exclusive):
            continue
        chosen = found[column.name].holds("1")
        others = np.zeros(len(chosen), dtype=bool)
        for other in own:
            if other is not column:
                others |= found[other.name].holds(*other.chosen)
        if option.missing is not None:
            found[column.name] = found[column.name].put(chosen & others, "0")
            for other in own:
                found[other.name] = found[other.name].put(chosen & ~others, option.missing.code)
        else:
            found[column.name] = found[column.name].annotate(chosen & others, "with other answers")
    return found


def _routed(
    columns: Columns, question: Question, questionnaire: Questionnaire, wave: str
) -> Columns:
    """Outside the base a question was not asked; an answer there cannot be.

    Where the answer to the base question is not known - it was asked in another wave, or the
    answer is no valid one - an empty cell counts as not asked, and an answer stands.
    """
    base = question.base
    assert base is not None
    asked = questionnaire.question(base.question)
    done: Columns = {}
    if not asked.asked_in(wave):
        for column in columns_of(question):
            encoded = columns[column.name]
            empty = encoded.holds(Missing.SKIPPED.code)
            done[column.name] = encoded.put(empty, Missing.NOT_ASKED.code)
        return done
    inside = in_base(columns, asked, base.options)
    outside = ~inside & ~any_of(columns[c.name].not_understood for c in columns_of(asked))
    for column in columns_of(question):
        encoded = columns[column.name]
        silent = encoded.holds(
            Missing.SKIPPED.code, Missing.BROKEN_OFF.code, Missing.NOT_ASKED.code, "0"
        )
        broken = encoded.holds(Missing.BROKEN_OFF.code)
        unreached = broken & _unreached(columns, asked)
        encoded = encoded.put(~inside & silent & ~unreached, Missing.NOT_ASKED.code)
        done[column.name] = encoded.annotate(outside & ~silent, "not asked")
    return done


def in_base(columns: Columns, asked: Question, options: tuple[str, ...]) -> Bools:
    """Who gave one of `options` to the question `asked` (to any item of a grid)."""
    wanted = {
        option.missing.code if option.missing and not asked.is_marked else option.code
        for option in asked.options
        if option.code in options
    }
    inside = [
        columns[c.name].holds(*(c.chosen if asked.is_marked else wanted))
        for c in columns_of(asked)
        if not asked.is_marked or (c.option is not None and c.option.code in wanted)
    ]
    return any_of(inside)


def _unreached(columns: Columns, asked: Question) -> Bools:
    return all_of(columns[c.name].holds(Missing.BROKEN_OFF.code) for c in columns_of(asked))
