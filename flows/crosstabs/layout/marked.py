"""Tables of questions with a column per option: multiple choice, coded answers, rankings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.layout.parts import (
    ASKED_ONLY,
    NO_OPINION,
    Bools,
    Codes,
    Layout,
    Line,
    answer_codes,
    assembled,
)
from flows.crosstabs.layout.rows import answer_options, table_rows
from flows.crosstabs.tables import Identity
from flows.definitions.columns import AnswerColumn
from flows.definitions.options import MISSING_CODES, Missing
from flows.definitions.questions import Question


@dataclass(frozen=True, eq=False)
class _Marks:
    """What people (n) did with a question that has a column per option.

    `ranks`: per substantive option 0 where it was not chosen, else its rank (chosen: 1).
    `unknowing`, `refused`, `opted_out`: who took an option that is no answer. `silent`: who
    left all options open. `unanswered`: who skipped, or gave an answer that cannot be.
    """

    ranks: dict[str, Codes]
    unknowing: Bools
    refused: Bools
    opted_out: Bools
    silent: Bools
    unanswered: Bools


def _marks(frame: pd.DataFrame, columns: Sequence[AnswerColumn]) -> _Marks:
    n = len(frame)
    ranks: dict[str, Codes] = {}
    unknowing, refused, opted_out, left_open, unanswered = (
        np.zeros(n, dtype=bool) for _ in range(5)
    )
    for column in columns:
        option = column.option
        assert option is not None
        marks = len(column.codes)  # the ranks (or chosen), then not chosen
        codes = answer_codes(frame, column.name, column.categories)
        for said, those in (
            (unknowing, NO_OPINION[:1]),
            (refused, NO_OPINION[1:]),
            (unanswered, ASKED_ONLY),
        ):
            for kind in those:
                said |= codes == marks + MISSING_CODES.index(kind)
        chosen = codes == 0 if marks == 2 else (codes >= 0) & (codes < marks - 1)
        if option.missing is None:
            ranks[option.code] = (
                np.where(chosen, codes + 1, 0) if marks > 2 else chosen.view(np.int8)
            )
            left_open |= codes == marks - 1
        elif option.missing is Missing.DONT_KNOW:
            unknowing |= chosen
        elif option.missing is Missing.REFUSED:
            refused |= chosen
        elif option.missing.code not in ASKED_ONLY:
            opted_out |= chosen
    some = np.logical_or.reduce([rank > 0 for rank in ranks.values()])
    silent = left_open & ~(some | unknowing | refused | opted_out)
    return _Marks(ranks, unknowing, refused, opted_out, silent, unanswered)


def _outside(question: Question, marks: _Marks, base: Bools) -> tuple[Bools, Bools]:
    """Of those outside the base: who has no opinion, and who was asked but gave no answer."""
    without = (marks.unknowing | marks.refused) & ~base
    asked_only = (marks.silent | marks.unanswered) & ~base & ~without & ~marks.opted_out
    if question.dont_know == "leave_out":
        without = np.zeros_like(without)
    return without, asked_only


def marked_layout(
    frame: pd.DataFrame,
    question: Question,
    columns: Sequence[AnswerColumn],
    identity: Identity,
) -> Layout:
    """A question with a column per option; its base is everybody who answered it.

    Who chose none of the options did answer, unless the list has a way to say so (an
    exclusive or a missing option): then leaving all open is skipping the question.
    """
    marks = _marks(frame, columns)
    chosen: dict[str, Bools] = {code: rank > 0 for code, rank in marks.ranks.items()}
    if len(answer_options(question)) > len(chosen):
        chosen[answer_options(question)[-1].code] = marks.unknowing
    some = np.logical_or.reduce(list(chosen.values()))
    can_say_none = any(o.exclusive or o.missing is not None for o in question.options)
    base = some if can_say_none else some | marks.silent

    rows = table_rows(columns[:1])
    atoms: list[NDArray[np.generic]] = list(chosen.values())
    atoms += [np.logical_or.reduce([chosen[code] for code in net.options]) for net in question.nets]
    units = np.eye(len(atoms) + 1)
    lines = [Line(unit, units[-1], unit, unit) for unit in units[:-1]]
    return assembled(
        identity, rows, [*atoms, base, *_outside(question, marks, base)], lines, units[-1]
    )


def ranking_layout(
    frame: pd.DataFrame,
    question: Question,
    columns: Sequence[AnswerColumn],
    identity: Identity,
) -> Layout:
    """Options put in order; the base is everybody who put one first.

    Whoever ranked others only gave no answer. In a mean rank an option that somebody did not
    rank counts as the middle of the places that were left: of five options of which a person
    ranked two, the others stand fourth. A mean of those who did rank it would say nothing of
    an option that few put high and nobody else named.
    """
    marks = _marks(frame, columns)
    base = np.logical_or.reduce([rank == 1 for rank in marks.ranks.values()])
    some = np.logical_or.reduce([rank > 0 for rank in marks.ranks.values()])
    marks = replace(marks, unanswered=marks.unanswered | (some & ~base))
    within = {code: np.where(base, rank, 0) for code, rank in marks.ranks.items()}
    ranked = np.sum([rank > 0 for rank in within.values()], axis=0)
    left = (ranked + 1 + len(within)) / 2
    centre = (1 + len(within)) / 2

    atoms: list[NDArray[np.generic]] = [rank == 1 for rank in within.values()]
    if question.top is not None:
        atoms += [(rank > 0) & (rank <= question.top) for rank in within.values()]
    shares = len(atoms)
    for rank in within.values():
        centred = np.where(base, np.where(rank > 0, rank, left) - centre, 0.0)
        atoms += [centred, centred**2]
    units = np.eye(len(atoms) + 1)
    lines = [Line(unit, units[-1], unit, unit) for unit in units[:shares]]
    for start in range(shares, len(atoms), 2):
        y, square = units[start : start + 2]
        lines.append(Line(y, units[-1], square, units[-1], centre))
    rows = table_rows(columns[:1])
    return assembled(
        identity, rows, [*atoms, base, *_outside(question, marks, base)], lines, units[-1]
    )
