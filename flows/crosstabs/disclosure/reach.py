"""How far one share can go, remembered while it is tried what else to hide.

Each linear programme leaves two things that tell of other choices of what is hidden as well.
Shares that fit: drawn towards the truth until they fit what is shown now, they prove how far the
goal can go at least, as whatever lies between two sets of shares that fit fits too. And the
statements that stopped it: while these are shown it goes no further, whatever else is hidden.
Only where the two leave the question open another programme is solved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from flows.crosstabs.disclosure.goals import WIDER, Goal
from flows.crosstabs.disclosure.knowledge import Statements
from flows.crosstabs.disclosure.programs import end
from flows.crosstabs.disclosure.rules import Bools
from flows.crosstabs.tables import Floats

_FITS = 1e-7
"""By so much a solver lets a solution exceed what a statement allows."""
_EXACT = 1e-7

Ends = tuple[float, float]


class Reach:
    """How far one goal can go, whatever is hidden; `known`: shares that fit something."""

    def __init__(self, statements: Statements, goal: Goal, known: Iterable[Floats] = ()) -> None:
        self.statements, self.goal = statements, goal
        self.vector, self.real = goal.vector(len(statements.truth)), goal.value(statements.truth)
        self.need = goal.need + WIDER
        self._rooms = statements.limit - statements.upper @ statements.truth + _FITS
        self._shares: list[Floats] = []
        self._moved: list[float] = []
        self._asked: list[Floats] = []
        nothing = np.zeros(len(statements.keys), dtype=bool)
        places, factors = list(goal.places), np.array(goal.factors)[:, None]
        widest = np.sort(factors * statements.bounds[places], axis=1).sum(axis=0)
        self._proofs: tuple[list[tuple[float, Bools]], ...] = tuple(
            [(float(value), nothing)] for value in widest
        )
        self._unlimited: tuple[list[Bools], ...] = ([], [])
        for shares in known:
            self.learn(shares)

    def learn(self, shares: Floats) -> None:
        """Take in shares that fit when enough is hidden."""
        self._shares.append(shares)
        self._moved.append(self.goal.value(shares) - self.real)
        self._asked.append(self.statements.upper @ (shares - self.statements.truth))

    def is_open(self, hidden: Bools, first: bool) -> bool:
        """Whether the goal can go as far as it must when this is hidden.

        `first`: the side to look at first, where that must be done: up or not.
        """
        (low, high), (least, most) = self.seen(hidden), self.proven(hidden)
        for up in (first, not first):
            if high - low > self.need:
                return True
            if most - least <= self.need:
                return False
            if abs((most - high) if up else (low - least)) > _EXACT:
                self._solve(up, hidden)
            (low, high), (least, most) = self.seen(hidden), self.proven(hidden)
        return high - low > self.need

    def end(self, up: bool, hidden: Bools) -> float:
        """The highest (or lowest) value of the goal when this is hidden."""
        if abs(self.proven(hidden)[up] - self.seen(hidden)[up]) > _EXACT:
            self._solve(up, hidden)
        return self.seen(hidden)[up]

    def seen(self, hidden: Bools) -> Ends:
        """The lowest and the highest value in shares that fit what is shown."""
        moves = np.append(self._parts(hidden) * np.array(self._moved), 0.0)
        low, high = self.real + moves.min(), self.real + moves.max()
        below, above = (
            any(not (enough & ~hidden).any() for enough in side) for side in self._unlimited
        )
        return -np.inf if below else float(low), np.inf if above else float(high)

    def proven(self, hidden: Bools) -> Ends:
        """The lowest and the highest value that are not proven to contradict what is shown."""
        low, high = (
            [value for value, limits in side if not (limits & hidden).any()]
            for side in self._proofs
        )
        return max(low), min(high)

    def fitting(self, hidden: Bools) -> Iterator[Floats]:
        """The shares found, drawn towards the truth until they fit what is shown."""
        truth = self.statements.truth
        for part, shares in zip(self._parts(hidden), self._shares, strict=True):
            yield truth + part * (shares - truth)

    def _parts(self, hidden: Bools) -> Floats:
        """How much of the way from the truth to all shares found fits what is shown."""
        if not self._shares:
            return np.zeros(0)
        shown = self.statements.shown(hidden)
        asked, rooms = np.array(self._asked)[:, shown], self._rooms[shown]
        parts = np.divide(rooms, asked, out=np.ones_like(asked), where=asked > rooms)
        result: Floats = parts.min(axis=1, initial=1.0)
        return result

    def _solve(self, up: bool, hidden: Bools) -> None:
        """Work out how far the goal can go to one side, and remember what it tells."""
        sign = 1.0 if up else -1.0
        found = end(self.statements, sign * self.vector, hidden)
        if found.shares is not None:
            self.learn(found.shares)
            self._proofs[up].append((sign * found.value, found.limits))
        elif found.unlimited:
            self._unlimited[up].append(hidden)
