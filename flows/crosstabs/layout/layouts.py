"""From answers to the rows that are counted, and how table rows are put together from them.

An *atom* is a vector over people that is counted in every column: an indicator of one
answer, or a number. A table row is a linear combination of atoms, so the sums of answers,
nets, net scores, means and bases all follow from the sums of the atoms. Medians and standard
deviations do not: they stand in the layout with their values and are filled in later
(`derived_rows.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.layout.experiment import experiment_layout
from flows.crosstabs.layout.marked import marked_layout, ranking_layout
from flows.crosstabs.layout.parts import (
    ASKED_ONLY,
    Floats,
    Layout,
    Line,
    answer_codes,
    apart,
    assembled,
    bands_of,
    kinds,
)
from flows.crosstabs.layout.rows import answer_options, identity_of, outcomes_of, table_rows
from flows.crosstabs.tables import Identity, Row
from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.options import MISSING_CODES, Missing
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question, QuestionType

__all__ = ["Layout", "answer_codes", "identity_of", "layouts", "table_rows"]


def layouts(
    frame: pd.DataFrame,
    questions: tuple[Question, ...],
    wave: str,
    theme: str,
    model_items: frozenset[str],
    questionnaire: Questionnaire | None = None,
) -> Iterator[Layout]:
    """The tables of `questions` in order: one per question or grid item.

    Open questions have none, unless their answers were coded. A question that the wave did not
    ask is left out where the frame has no column of it. `questionnaire`: where the outcomes of
    an experiment are looked up; without it an experiment is a table of its arms.
    """
    for question in questions:
        columns = tuple(column for column in columns_of(question) if not column.is_text)
        if not columns or not in_frame(frame, question, columns, wave):
            continue
        first = identity_of(columns[0], theme, model_items, questionnaire)
        if question.type is QuestionType.RANKING:
            yield ranking_layout(frame, question, columns, first)
        elif question.is_marked:
            yield marked_layout(frame, question, columns, first)
        elif outcomes := tuple(
            outcome
            for outcome in outcomes_of(question, questionnaire)
            if in_frame(frame, outcome.column.question, (outcome.column,), wave)
        ):
            yield experiment_layout(frame, columns[0], outcomes, first)
        else:
            for column in columns:
                identity = identity_of(column, theme, model_items)
                number = question.type is QuestionType.NUMBER
                yield (_number if number else _coded)(frame, column, identity)


def in_frame(
    frame: pd.DataFrame, question: Question, columns: Sequence[AnswerColumn], wave: str
) -> bool:
    """Whether the answers have these columns; False where the wave did not ask for them.

    Raises CrosstabError where it did.
    """
    absent = [column.name for column in columns if column.name not in frame]
    if absent and question.asked_in(wave):
        raise CrosstabError(
            f"The answers of wave {wave} have no column {absent[0]} of question "
            f"{question.code}; ingest the wave again under the present questionnaire."
        )
    return not absent


def _coded(frame: pd.DataFrame, column: AnswerColumn, identity: Identity) -> Layout:
    question = column.question
    k = len(question.substantive)
    codes = answer_codes(frame, column.name, column.categories)
    atoms: list[NDArray[np.generic]] = [codes == i for i in range(k)]
    if len(answer_options(question)) > k:
        atoms.append(kinds(codes, k, (Missing.DONT_KNOW.code,)))
    rows = table_rows([column])
    units = dict(zip((row.code for row in rows), np.eye(len(atoms)), strict=False))
    scores = np.array([o.score if o.score is not None else np.nan for o in question.substantive])
    scores = np.append(scores, [np.nan] * (len(atoms) - k))
    lines = _share_lines(rows, units) | _statistic_lines(rows, scores)
    values = None
    if any(row.kind in ("median", "sd") for row in rows):
        lookup = np.append(scores[:k], [np.nan] * (len(column.categories) - k + 1))
        values = lookup[codes]
    # The two atoms after the answers: no opinion, and asked without an answer.
    atoms += [kinds(codes, k, apart(question)), kinds(codes, k, ASKED_ONLY)]
    base = np.ones(len(units))
    return assembled(identity, rows, atoms, [lines[row.code] for row in rows], base, values=values)


def _share_lines(rows: Sequence[Row], units: dict[str, Floats]) -> dict[str, Line]:
    """Answers, nets and net scores, all of the table's own base."""
    width = len(next(iter(units.values()), np.empty(0)))
    everybody = np.ones(width)
    lines: dict[str, Line] = {}
    for row in rows:
        if row.kind == "answer":
            y = units[row.code]
        elif row.kind == "net":
            y = np.sum([units[code] for code in row.members], axis=0)
        elif row.kind == "score":
            plus, minus = (lines[code].y for code in row.members)
            # Both sides are of the same people, so the score is linear by itself: 1, 0 or -1.
            lines[row.code] = Line(plus - minus, everybody, plus + minus, plus + minus)
            continue
        else:
            continue
        lines[row.code] = Line(y, everybody, y, y)
    return lines


def _statistic_lines(rows: Sequence[Row], scores: Floats) -> dict[str, Line]:
    """The mean of scores (A; NaN where none), and places for the median and the deviation."""
    scored = np.isfinite(scores)
    centre = float(scores[scored].mean()) if scored.any() else 0.0
    centred = np.where(scored, scores - centre, 0.0)
    behind = scored.astype(np.float64)
    nothing = np.zeros(len(scores))
    return {
        row.code: Line(centred, behind, centred**2, behind, centre)
        if row.kind == "mean"
        else Line(nothing, behind, nothing, behind)
        for row in rows
        if row.kind in ("mean", "median", "sd")
    }


def _number(frame: pd.DataFrame, column: AnswerColumn, identity: Identity) -> Layout:
    question = column.question
    values = frame[column.name].to_numpy(dtype=np.float64, na_value=np.nan)
    missing = answer_codes(frame, f"{column.name}__missing", ("", *MISSING_CODES))
    known = np.isfinite(values)
    centre = float(values[known].mean()) if known.any() else 0.0
    centred = np.where(known, values - centre, 0.0)
    band = bands_of(values, question.bands)
    atoms: list[NDArray[np.generic]] = [centred, centred**2, known]
    atoms += [band == i for i in range(len(question.bands))]
    y, square, base, *bands = np.eye(len(atoms))
    rows = table_rows([column])
    units = dict(zip((b.code for b in question.bands), bands, strict=True))
    nothing = np.zeros(len(atoms))
    lines = {
        code: Line(line.y, base, line.square, line.behind)
        for code, line in _share_lines(rows, units).items()
    }
    for row in rows:
        if row.kind == "mean":
            lines[row.code] = Line(y, base, square, base, centre)
        elif row.kind in ("median", "sd"):
            lines[row.code] = Line(nothing, base, nothing, base)
    atoms += [kinds(missing, 1, wanted) & ~known for wanted in (apart(question), ASKED_ONLY)]
    kept = values if any(row.kind in ("median", "sd") for row in rows) else None
    return assembled(identity, rows, atoms, [lines[row.code] for row in rows], base, values=kept)
