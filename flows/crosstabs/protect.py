"""Complementary suppression inside a table: a hidden number must not follow from the others.

A reader knows more than the cells: answers of one question add up to 100%, nets add up
their answers, a mean weighs them, and the total is the mean of the profiles weighted by
their share of the base. So hiding one cell hides nothing. What is done here:

1. In a column with a hidden answer the smallest other answers go too, until at least two
   are hidden that together hold more than 10 points (else 100% less the rest gives the
   answer within 10 points); nets that hold some but not all of the hidden answers go, and
   so does the mean.
2. Then every cell that had to be hidden is tried: by linear programming, the lowest and
   the highest value that fit everything still shown (rounded figures, 100%, nets, means,
   the total with the shares of the profiles, which a reader is taken to know exactly).
   Where that range is 10 points or less, or 3 people or less, the same row is hidden in
   the smallest other column too, the total last; where the row has gone, another answer.

Rows that are no part of 100% (means, don't know) are tried on the total alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.tables import Floats, Row, Table

Bools = NDArray[np.bool_]

SOLVED_POINTS = 0.10
SOLVED_PEOPLE = 3.0
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Readings:
    """What a reader learns from each cell that is shown: (R, C) lowest and highest value."""

    low: Floats
    high: Floats


def protect(table: Table, sensitive: Bools, readings: Readings) -> Bools:
    """All cells (R, C) to hide, given those that must be hidden themselves.

    `sensitive` (R, C): cells hidden by a rule of size. Returns them with their complements.
    """
    hidden = sensitive.copy()
    if not hidden.any():
        return hidden
    for c in range(hidden.shape[1]):
        _complete(table, hidden, c)
    if any(row.kind == "answer" for row in table.rows):
        _keep_answers(table, sensitive, hidden, readings)
    else:
        _keep_mean(table, sensitive, hidden, readings)
    return hidden


def _keep_answers(table: Table, sensitive: Bools, hidden: Bools, readings: Readings) -> None:
    """Hide more until no answer that had to be hidden follows.

    Each is tried once: hiding more never narrows a range that was wide enough.
    """
    programme: _Programme | None = None
    for i, row in enumerate(table.rows):
        for c in (int(c) for c in np.flatnonzero(sensitive[i] & (table.n > 0))):
            while row.kind == "answer":
                programme = programme or _Programme(table, hidden, readings)
                if programme.leaves_open(i, c, needed_range(int(table.n[c]))):
                    break
                partner = _next_to_hide(table, hidden, i, c)
                if partner is None:
                    break
                hidden[partner] = True
                _complete(table, hidden, partner[1])
                programme = None


def _keep_mean(table: Table, sensitive: Bools, hidden: Bools, readings: Readings) -> None:
    """The same for a number: its mean may not follow within 0.2 standard deviations."""
    shares = table.weighted_base / table.weighted_base[-1]
    need = 0.2 * float(table.standard_deviation[0, -1])
    for c in (int(c) for c in np.flatnonzero(sensitive[0, :-1] & (table.n[:-1] > 0))):
        low, high = readings.low[0].copy(), readings.high[0].copy()
        low[c], high[c] = -np.inf, np.inf
        while _range_from_total(c, hidden[0], low, high, shares) <= need:
            partner = _partner(table.n, hidden[0], c)
            if partner is None:
                break
            hidden[0, partner] = True


def protect_row(
    counts: NDArray[np.integer], sensitive: Bools, low: Floats, high: Floats, need: float
) -> Bools:
    """Columns (C) to hide in a row that is no part of 100%, tried on the total.

    `counts` (C): people in each column, total last. `need`: the range of values in which a
    hidden number may not be found (and 3 people, for shares: `need` below 1).
    """
    hidden = sensitive.copy()
    shares = counts / max(counts[-1], 1)
    while True:
        solved = [
            c
            for c in np.flatnonzero(sensitive[:-1] & (counts[:-1] > 0))
            if _range_from_total(int(c), hidden, low, high, shares) <= need
        ]
        partner = _partner(counts, hidden, int(solved[0])) if solved else None
        if partner is None:
            return hidden
        hidden[partner] = True


def needed_range(n: int) -> float:
    """The range of shares that keeps an answer among `n` people hidden: 10 points, 3 people."""
    return max(SOLVED_POINTS, min(SOLVED_PEOPLE / max(n, 1), 0.9))


def _next_to_hide(table: Table, hidden: Bools, row: int, column: int) -> tuple[int, int] | None:
    """What to hide next to protect a cell: in its row, else in its column, else anywhere."""
    partner = _partner(table.n, hidden[row], column)
    if partner is not None:
        return row, partner
    shown = [
        (i, c)
        for i, r in enumerate(table.rows)
        for c in range(len(table.columns))
        if r.kind == "answer" and not hidden[i, c] and table.n[c] > 0
    ]
    if not shown:
        return None
    return min(shown, key=lambda cell: (cell[1] != column, table.n[cell[1]], table.estimate[cell]))


def _partner(counts: NDArray[np.integer], hidden: Bools, column: int) -> int | None:
    """The smallest column still shown in a row; the total only when nothing else is left."""
    last = len(hidden) - 1
    shown = [c for c in range(last) if not hidden[c] and counts[c] > 0 and c != column]
    if shown:
        return min(shown, key=lambda c: int(counts[c]))
    return None if hidden[last] or column == last else last


def _range_from_total(c: int, hidden: Bools, low: Floats, high: Floats, shares: Floats) -> float:
    """How widely the total and the other columns leave open a hidden value in column c."""
    others = np.arange(len(hidden) - 1) != c
    untyped = 1 - shares[:-1].sum()
    open_elsewhere = (hidden[:-1] & others & (shares[:-1] > 0)).any() or untyped > _TOLERANCE
    if hidden[-1] or open_elsewhere or shares[c] <= 0:
        return np.inf
    known = others & (shares[:-1] > 0)
    least = (low[-1] - (shares[:-1] * high[:-1])[known].sum()) / shares[c]
    most = (high[-1] - (shares[:-1] * low[:-1])[known].sum()) / shares[c]
    return float(min(most, high[c]) - max(least, low[c]))


def _complete(table: Table, hidden: Bools, c: int) -> None:
    """Hide in column c what would give away its hidden answers at once."""
    rows = table.rows
    answers = [i for i, row in enumerate(rows) if row.kind == "answer"]
    if not hidden[answers, c].any():
        return
    if not table.identity.multiple:
        shares = table.estimate[:, c]
        need = needed_range(int(table.n[c]))
        spare = sorted((i for i in answers if not hidden[i, c] and shares[i] > 0), key=shares.item)
        for i in spare:
            gone = [a for a in answers if hidden[a, c]]
            if len(gone) >= 2 and shares[gone].sum() > need:
                break
            hidden[i, c] = True
    gone_codes = {rows[i].code for i in answers if hidden[i, c]}
    for i, row in enumerate(rows):
        inside = gone_codes & set(row.members)
        harmless = not inside or (inside == gone_codes and not table.identity.multiple)
        if row.kind == "mean" or (row.kind == "net" and not harmless):
            hidden[i, c] = True


class _Programme:
    """All shares of answers (one variable per group of people and answer) that fit a table."""

    def __init__(self, table: Table, hidden: Bools, readings: Readings) -> None:
        rows = table.rows
        answers = [row.code for row in rows if row.kind == "answer"]
        self.units = {code: np.eye(len(answers))[k] for k, code in enumerate(answers)}
        self.codes = [row.code for row in rows]
        self.estimate = table.estimate
        total = len(table.columns) - 1
        share = table.weighted_base[:-1] / table.weighted_base[-1]
        untyped = 1 - share.sum()
        share = np.append(share, untyped if untyped > _TOLERANCE else 0.0)
        groups = np.flatnonzero(share)
        # How each column is mixed from the groups: a profile is one of them, the total all.
        self.mix = {int(g): np.eye(len(groups))[k] for k, g in enumerate(groups) if g != total}
        self.mix[total] = share[groups]
        self.upper: list[Floats] = []
        self.limit: list[float] = []
        everything = np.ones(len(answers))
        self.exact = [np.outer(unit, everything).ravel() for unit in np.eye(len(groups))]
        if table.identity.multiple:
            self.exact = []
        for c, mix in self.mix.items():
            for i, row in enumerate(rows):
                if not hidden[i, c]:
                    low, high = float(readings.low[i, c]), float(readings.high[i, c])
                    self._read(table, i, row, mix, low, high)

    def _read(self, table: Table, i: int, row: Row, mix: Floats, low: float, high: float) -> None:
        """Take in what one shown cell says."""
        if row.kind == "answer":
            self._between(mix, self.units[row.code], low, high)
        elif row.kind == "net":
            members = [self.units[code] for code in row.members]
            together = np.sum(members, axis=0)
            if table.identity.multiple:
                # People count once in a net: it is at least its largest member.
                for member in members:
                    self._between(mix, member, None, high)
                self._between(mix, together, low, None)
            else:
                self._between(mix, together, low, high)
        else:
            scored = [(self.units[r.code], r.score) for r in table.rows if r.score is not None]
            above = np.sum([unit * (score - low) for unit, score in scored], axis=0)
            below = np.sum([unit * (score - high) for unit, score in scored], axis=0)
            self._between(mix, above, 0.0, None)
            self._between(mix, below, None, 0.0)

    def _between(
        self, mix: Floats, combination: Floats, low: float | None, high: float | None
    ) -> None:
        vector = np.outer(mix, combination).ravel()
        if high is not None:
            self.upper.append(vector)
            self.limit.append(high + _TOLERANCE)
        if low is not None:
            self.upper.append(-vector)
            self.limit.append(-low + _TOLERANCE)

    def leaves_open(self, row: int, column: int, need: float) -> bool:
        """Whether the shares of an answer that fit lie further apart than `need`."""
        from scipy.optimize import linprog  # its import is slow, and few tables need it

        goal = np.outer(self.mix[column], self.units[self.codes[row]]).ravel()
        rules = {
            "A_ub": np.array(self.upper) if self.upper else None,
            "b_ub": np.array(self.limit) if self.upper else None,
            "A_eq": np.array(self.exact) if self.exact else None,
            "b_eq": np.ones(len(self.exact)) if self.exact else None,
        }
        # The true share fits, so a far end on one side of it settles the matter.
        far = [self.estimate[row, column]] * 2
        for end, sign in ((1, -1.0), (0, 1.0)):
            found = linprog(sign * goal, **rules, bounds=(0.0, 1.0), method="highs")
            if found.status != 0:
                return False
            far[end] = sign * float(found.fun)
            if far[1] - far[0] > need + _TOLERANCE:
                return True
        return False
