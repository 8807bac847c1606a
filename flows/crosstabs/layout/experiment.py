"""Tables of experiments: the outcome under every randomly given arm, and the effect of an arm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.layout.parts import (
    ASKED_ONLY,
    Bools,
    Floats,
    Layout,
    Line,
    answer_codes,
    assembled,
    bands_of,
    kinds,
)
from flows.crosstabs.layout.rows import Outcome, answer_options, experiment_rows
from flows.crosstabs.tables import Identity
from flows.definitions.columns import AnswerColumn
from flows.definitions.options import MISSING_CODES, Missing
from flows.definitions.questions import QuestionType


def experiment_layout(
    frame: pd.DataFrame, column: AnswerColumn, outcomes: Sequence[Outcome], identity: Identity
) -> Layout:
    """The headline of each outcome among the people of each arm, and each arm's effect.

    An effect is the row of its arm less that of the reference arm: people were given one arm
    by chance, so the two share nobody. The base is who was given an arm and answered; what a
    table tells as its number of people is that of its smallest arm (`derived_rows.py`).
    """
    experiment = column.question
    arms = [option.code for option in experiment.substantive]
    drawn = answer_codes(frame, column.name, column.categories)
    atoms: list[NDArray[np.generic]] = []
    answered, asked_only = (np.zeros(len(frame), dtype=bool) for _ in range(2))
    parts = []
    for outcome in outcomes:
        y, base, missing = headline_of(frame, outcome)
        answered |= base
        asked_only |= missing
        centre = float(y[base].mean()) if outcome.row.kind == "mean" and base.any() else 0.0
        parts.append((np.where(base, y - centre, 0.0), base, centre))
    for y, base, _ in parts:
        for i in range(len(arms)):
            inside = drawn == i
            atoms += [y * inside, y**2 * inside, base & inside]
    assigned = (drawn >= 0) & (drawn < len(arms))
    answered &= assigned
    units = np.eye(len(atoms) + 1)
    lines: list[Line] = []
    for j, outcome in enumerate(outcomes):
        for i in range(len(arms)):
            start = 3 * (j * len(arms) + i)
            number, square, people = units[start : start + 3]
            # The people behind a share are those who said so, behind a mean all who have one.
            behind = people if outcome.row.kind == "mean" else number
            lines.append(Line(number, people, square, behind, parts[j][2]))
    rows = tuple(experiment_rows(experiment, outcomes))
    place = {row.code: i for i, row in enumerate(rows)}
    minus = []
    for i, row in enumerate(rows):
        if row.kind == "effect":
            first, second = (place[code] for code in row.members)
            both = [lines[first], lines[second]]
            people = both[0].base + both[1].base
            squares = both[0].square + both[1].square
            lines.append(Line(np.zeros(len(people)), people, squares, people))
            minus.append((i, first, second))
    asked_only &= assigned & ~answered
    # Who has no opinion on an outcome stands in the table of that question.
    nobody = np.zeros(len(frame), dtype=bool)
    return assembled(
        identity,
        rows,
        [*atoms, answered, nobody, asked_only],
        lines,
        units[-1],
        minus=tuple(minus),
    )


def headline_of(frame: pd.DataFrame, outcome: Outcome) -> tuple[Floats, Bools, Bools]:
    """The number (n) that an outcome's headline is the mean of, and who (n) is in its base.

    Then those who were asked but gave no answer.
    """
    column, row = outcome.column, outcome.row
    question = column.question
    if question.type is not QuestionType.NUMBER:
        return _coded_headline(frame, outcome)
    values = frame[column.name].to_numpy(dtype=np.float64, na_value=np.nan)
    missing = answer_codes(frame, f"{column.name}__missing", ("", *MISSING_CODES))
    known = np.isfinite(values)
    outside = kinds(missing, 1, ASKED_ONLY) & ~known
    if row.kind == "mean":
        return np.where(known, values, 0.0), known, outside
    wanted = row.members or (row.code,)
    members = [i for i, band in enumerate(question.bands) if band.code in wanted]
    return np.isin(bands_of(values, question.bands), members).astype(np.float64), known, outside


def _coded_headline(frame: pd.DataFrame, outcome: Outcome) -> tuple[Floats, Bools, Bools]:
    column, row = outcome.column, outcome.row
    question = column.question
    k = len(question.substantive)
    codes = answer_codes(frame, column.name, column.categories)
    outside = kinds(codes, k, ASKED_ONLY)
    base = (codes >= 0) & (codes < k)
    if row.kind == "mean":
        scores = np.array(
            [o.score if o.score is not None else np.nan for o in question.substantive]
        )
        values = np.append(scores, np.nan)[np.where(base, codes, k)]
        known = np.isfinite(values)
        return np.where(known, values, 0.0), known, outside
    wanted = row.members or (row.code,)
    members = [i for i, option in enumerate(question.substantive) if option.code in wanted]
    y = np.isin(codes, members)
    if len(answer_options(question)) > k:
        unknowing = kinds(codes, k, (Missing.DONT_KNOW.code,))
        base |= unknowing
        if answer_options(question)[-1].code in wanted:
            y |= unknowing
    return y.astype(np.float64), base, outside
