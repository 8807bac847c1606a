"""What a table is counted from: its atoms, and how its rows are made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.tables import Identity, Row
from flows.definitions.options import MISSING_CODES, Band, Missing
from flows.definitions.questions import Question

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.integer]

NO_OPINION = (Missing.DONT_KNOW.code, Missing.REFUSED.code)
ASKED_ONLY = (Missing.SKIPPED.code, Missing.INVALID.code)


@dataclass(frozen=True, eq=False)
class Layout:
    """One table to be: its atoms (A, n) and how its rows (R) are made of their sums.

    `numerator`, `denominator`, `square` (R, A): y, its base b, and y^2. `behind` (R, A):
    the people counted behind a row. `shift` (R): what was taken from y before counting.
    `base`, `no_opinion`, `asked` (A): the table's base, those without an opinion, and all
    who were asked. `minus`: (row, first, second), rows that are the first less the second of
    two rows that share no person. `values` (n; NaN where none): the number behind the median
    and the standard deviation, where the table has such rows.
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
    minus: tuple[tuple[int, int, int], ...] = ()
    values: Floats | None = None


@dataclass(frozen=True, eq=False)
class Line:
    """How one row is made of the atoms (A each): y, its base, y^2, the people behind it."""

    y: Floats
    base: Floats
    square: Floats
    behind: Floats
    shift: float = 0.0


def answer_codes(frame: pd.DataFrame, name: str, categories: tuple[str, ...]) -> Codes:
    """Positions (n) of the answers in `categories`; -1 for an empty cell."""
    values = frame[name].array
    if not isinstance(values, pd.Categorical):
        values = pd.Categorical(values)
    if tuple(values.categories) == categories:
        return np.asarray(values.codes)
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


def kinds(codes: Codes, answers: int, wanted: tuple[str, ...]) -> Bools:
    """Who (n) has one of these missing kinds, in a column of so many answers."""
    result = np.zeros(len(codes), dtype=bool)
    for kind in wanted:
        result |= codes == answers + MISSING_CODES.index(kind)
    return result


def apart(question: Question) -> tuple[str, ...]:
    """The missing kinds that stand in the row of those without an opinion."""
    if question.dont_know == "leave_out":
        return ()
    return NO_OPINION if question.dont_know == "apart" else (Missing.REFUSED.code,)


def assembled(
    identity: Identity,
    rows: tuple[Row, ...],
    atoms: Sequence[NDArray[np.generic]],
    lines: Sequence[Line],
    base: Floats,
    *,
    minus: tuple[tuple[int, int, int], ...] = (),
    values: Floats | None = None,
) -> Layout:
    """The layout of a table; lines and `base` say nothing of the last two atoms.

    Those are who has no opinion, and who was asked but gave no answer.
    """
    width = len(base)
    numerator, denominator, square, behind = (
        np.hstack(
            [
                np.array([getattr(line, part) for line in lines]).reshape(len(rows), width),
                np.zeros((len(rows), 2)),
            ]
        )
        for part in ("y", "base", "square", "behind")
    )
    whole = np.append(base, [0.0, 0.0])
    no_opinion = np.zeros(width + 2)
    no_opinion[width] = 1.0
    asked = whole.copy()
    asked[width:] = 1.0
    return Layout(
        identity=identity,
        rows=rows,
        atoms=tuple(atoms),
        numerator=numerator,
        denominator=denominator,
        square=square,
        behind=behind,
        shift=np.array([line.shift for line in lines]),
        base=whole,
        no_opinion=no_opinion,
        asked=asked,
        minus=minus,
        values=values,
    )


def bands_of(values: Floats, bands: Sequence[Band]) -> NDArray[np.intp]:
    """The number (n) of the band each number lies in, -1 for none.

    A number between two bands belongs to the lower one.
    """
    if not bands:
        return np.full(len(values), -1)
    lows = np.array([-np.inf if band.low is None else band.low for band in bands])
    place = np.searchsorted(lows, values, side="right") - 1
    last = bands[-1].high
    outside = ~np.isfinite(values) | (values > (np.inf if last is None else last))
    return np.where(outside, -1, place)
