"""From answers to the rows that are counted, and how table rows are put together from them.

An *atom* is a vector over people that is counted in every column: an indicator of one
answer, or a number. A table row is a linear combination of atoms, so the sums of answers,
nets, means and bases all follow from the sums of the atoms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.tables import Identity, Row
from flows.definitions.models import (
    MISSING_CODES,
    AnswerColumn,
    Missing,
    Question,
    QuestionType,
    Text,
    columns_of,
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int16]


def mean_label(scores: Sequence[float | None]) -> Text:
    """What the mean's row is called: with the ends of its scale, where it has one."""
    known = [score for score in scores if score is not None]
    if not known:
        return Text(nl="Gemiddelde", en="Mean")
    low, high = f"{min(known):g}", f"{max(known):g}"
    return Text(nl=f"Gemiddelde, van {low} tot {high}", en=f"Mean, from {low} to {high}")


_NO_OPINION = (Missing.DONT_KNOW.code, Missing.REFUSED.code)
_ASKED_ONLY = (Missing.SKIPPED.code, Missing.INVALID.code)


@dataclass(frozen=True, eq=False)
class Layout:
    """One table to be: its atoms (A, n) and how its rows (R) are made of their sums.

    `numerator`, `denominator`, `square` (R, A): y, its base b, and y^2. `behind` (R, A):
    the people counted behind a row. `shift` (R): what was taken from y before counting.
    `base`, `no_opinion`, `asked` (A): the table's base, those without an opinion, and all
    who were asked.
    """

    identity: Identity
    rows: tuple[Row, ...]
    atoms: tuple[NDArray[np.generic], ...]
    numerator: Floats
    denominator: Floats
    square: Floats
    behind: Floats
    shift: Floats
    base: Floats
    no_opinion: Floats
    asked: Floats


def layouts(
    frame: pd.DataFrame,
    questions: tuple[Question, ...],
    wave: str,
    theme: str,
    model_items: frozenset[str],
) -> Iterator[Layout]:
    """The tables of `questions` in order: one per question or grid item; open ones have none.

    A question that the wave did not ask is left out where the frame has no column of it.
    """
    for question in questions:
        if question.type is QuestionType.OPEN:
            continue
        columns = columns_of(question)
        absent = [column.name for column in columns if column.name not in frame]
        if absent and not question.asked_in(wave):
            continue
        if absent:
            raise CrosstabError(
                f"The answers of wave {wave} have no column {absent[0]} of question "
                f"{question.code}; ingest the wave again under the present questionnaire."
            )
        if question.is_marked:
            yield _marked(frame, question, columns, identity_of(columns[0], theme, model_items))
            continue
        for column in columns:
            identity = identity_of(column, theme, model_items)
            if question.type is QuestionType.NUMBER:
                yield _number(frame, column, identity)
            else:
                yield _coded(frame, column, identity)


def identity_of(column: AnswerColumn, theme: str, model_items: frozenset[str]) -> Identity:
    """What the table of this answer column is about (marked: of all columns of the question)."""
    question = column.question
    item = column.item.code if column.item else None
    base = question.base
    return Identity(
        number=column.number,
        question=question.code,
        item=item,
        theme=theme,
        dimension=question.dimension.value,
        type=question.type.value,
        text=column.text,
        question_text=question.text,
        base_text=Text(nl=base.nl, en=base.en) if base else None,
        special=question.special,
        multiple=question.is_marked,
        headline=question.headline,
        model_item=question.code in model_items or column.name in model_items,
    )


def table_rows(columns: Sequence[AnswerColumn]) -> tuple[Row, ...]:
    """The rows of the table of an answer column, in order: answers, nets, mean."""
    rows: list[Row] = []
    for column in columns:
        question = column.question
        options = question.substantive
        scores = [option.score for option in options]
        mean = question.mean and not question.is_marked and any(x is not None for x in scores)
        rows += [
            Row(o.code, o.label, "answer", o.last, score if mean else None)
            for o, score in zip(options, scores, strict=True)
        ]
        rows += [Row(net.code, net.label, "net", members=net.options) for net in question.nets]
        if mean or question.type is QuestionType.NUMBER:
            rows.append(Row("mean", mean_label(scores), "mean"))
    return tuple(rows)


def answer_codes(frame: pd.DataFrame, name: str, categories: tuple[str, ...]) -> Codes:
    """Positions (n) of the answers in `categories`; -1 for an empty cell."""
    values = frame[name].array
    if not isinstance(values, pd.Categorical):
        values = pd.Categorical(values)
    if tuple(values.categories) == categories:
        exact: Codes = values.codes.astype(np.int16)
        return exact
    place = {code: i for i, code in enumerate(categories)}
    lookup = np.array([place.get(str(code), -2) for code in values.categories] + [-1])
    codes: Codes = lookup.astype(np.int16)[values.codes]
    if (codes == -2).any():
        unknown = values.categories[values.codes[codes == -2][0]]
        raise CrosstabError(
            f"Column {name} holds the code {unknown}, which the questionnaire does not know; "
            "validate the answers first."
        )
    return codes


def _kind(codes: Codes, answers: int, kinds: tuple[str, ...]) -> Bools:
    result = np.zeros(len(codes), dtype=bool)
    for kind in kinds:
        result |= codes == answers + MISSING_CODES.index(kind)
    return result


def _coded(frame: pd.DataFrame, column: AnswerColumn, identity: Identity) -> Layout:
    question = column.question
    options = question.substantive
    k = len(options)
    codes = answer_codes(frame, column.name, column.categories)
    atoms = tuple(codes == i for i in range(k))
    unit = np.eye(k)
    y, b, square, behind, shift = list(unit), [np.ones(k)] * k, list(unit), list(unit), [0.0] * k
    for net in question.nets:
        members = np.array([o.code in net.options for o in options], dtype=np.float64)
        y.append(members)
        b.append(np.ones(k))
        square.append(members)
        behind.append(members)
        shift.append(0.0)
    scored = np.array([o.score is not None for o in options])
    if question.mean and scored.any():
        scores = np.array([o.score if o.score is not None else 0.0 for o in options])
        centre = float(scores[scored].mean())
        scores = np.where(scored, scores - centre, 0.0)
        y.append(scores)
        b.append(scored.astype(np.float64))
        square.append(scores**2)
        behind.append(scored.astype(np.float64))
        shift.append(centre)
    # The two atoms after the answers: no opinion, and asked without an answer.
    extra = (_kind(codes, k, _NO_OPINION), _kind(codes, k, _ASKED_ONLY))
    base = np.append(np.ones(k), [0.0, 0.0])
    return _layout(
        identity, table_rows([column]), (*atoms, *extra), (y, b, square, behind), shift, base
    )


def _marked(
    frame: pd.DataFrame, question: Question, columns: tuple[AnswerColumn, ...], identity: Identity
) -> Layout:
    """A question with a column per option; its base is everybody who answered it.

    Who chose none of the options did answer, unless the list has a way to say so (an
    exclusive or a missing option): then leaving all open is skipping the question.
    """
    n = len(frame)
    chosen: dict[str, Bools] = {}
    opted_out, plain, unanswered = (np.zeros(n, dtype=bool) for _ in range(3))
    no_opinion = np.zeros(n, dtype=bool)
    for column in columns:
        option = column.option
        assert option is not None
        codes = answer_codes(frame, column.name, column.categories)
        no_opinion |= _kind(codes, 2, _NO_OPINION)
        unanswered |= _kind(codes, 2, _ASKED_ONLY)
        if option.missing is None:
            chosen[option.code] = codes == 0
            plain |= codes == 1
        elif option.missing.code in _NO_OPINION:
            no_opinion |= codes == 0
        elif option.missing.code not in _ASKED_ONLY:
            opted_out |= codes == 0
    some = np.logical_or.reduce(list(chosen.values()))
    silent = plain & ~some & ~no_opinion & ~opted_out
    can_say_none = any(o.exclusive or o.missing is not None for o in question.options)
    base = some if can_say_none else some | silent
    no_opinion &= ~base
    asked_only = (silent | unanswered) & ~base & ~no_opinion & ~opted_out

    rows = table_rows(columns[:1])
    atoms = [chosen[option.code] for option in question.substantive]
    atoms += [np.logical_or.reduce([chosen[code] for code in net.options]) for net in question.nets]
    r = len(rows)
    unit = list(np.hstack([np.eye(r), np.zeros((r, 1))]))
    answered = np.append(np.zeros(r), 1.0)
    parts = (unit, [answered] * r, unit, unit)
    whole = np.append(answered, [0.0, 0.0])
    return _layout(identity, rows, (*atoms, base, no_opinion, asked_only), parts, [0.0] * r, whole)


def _number(frame: pd.DataFrame, column: AnswerColumn, identity: Identity) -> Layout:
    values = frame[column.name].to_numpy(dtype=np.float64, na_value=np.nan)
    missing = answer_codes(frame, f"{column.name}__missing", ("", *MISSING_CODES))
    known = np.isfinite(values)
    centre = float(values[known].mean()) if known.any() else 0.0
    centred = np.where(known, values - centre, 0.0)
    kinds = (_kind(missing, 1, _NO_OPINION), _kind(missing, 1, _ASKED_ONLY))
    atoms = (centred, centred**2, known, kinds[0] & ~known, kinds[1] & ~known)
    y, square, base = np.eye(3)
    parts = ([y], [base], [square], [base])
    whole = np.append(base, [0.0, 0.0])
    return _layout(identity, table_rows([column]), atoms, parts, [centre], whole)


def _layout(
    identity: Identity,
    rows: tuple[Row, ...],
    atoms: tuple[NDArray[np.generic], ...],
    parts: tuple[list[Floats], list[Floats], list[Floats], list[Floats]],
    shift: list[float],
    base: Floats,
) -> Layout:
    """`parts` say nothing of the last two atoms: no opinion, and asked without an answer."""
    numerator, denominator, square, behind = (
        np.hstack([np.array(part), np.zeros((len(rows), 2))]) for part in parts
    )
    a = len(atoms)
    no_opinion = np.zeros(a)
    no_opinion[a - 2] = 1.0
    asked = base.copy()
    asked[a - 2 :] = 1.0
    return Layout(
        identity=identity,
        rows=rows,
        atoms=atoms,
        numerator=numerator,
        denominator=denominator,
        square=square,
        behind=behind,
        shift=np.array(shift),
        base=base,
        no_opinion=no_opinion,
        asked=asked,
    )
