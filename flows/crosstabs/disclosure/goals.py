"""What may not follow, and how far each of these shares has been seen to lie open.

Every solution found, for whatever share, is a set of shares that fits all that is shown, so it is
evidence for all of them; and what fits now fits when more is hidden.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from flows.crosstabs.tables import Floats

Key = Hashable
"""What is hidden or shown as one: all statements with the same key go together."""

MARGIN = 1e-4
"""A range must be this much wider than asked, so that another solver finds it wide as well."""
WIDER = MARGIN / 2


@dataclass(frozen=True, eq=False)
class Goal:
    """A share that may not follow: the unknowns it is made of, and how open it must stay."""

    places: tuple[int, ...]
    factors: tuple[float, ...]
    need: float
    key: Key

    def vector(self, size: int) -> Floats:
        """The goal as factors of all unknowns (`size`)."""
        result = np.zeros(size)
        result[list(self.places)] = self.factors
        return result

    def value(self, shares: Floats) -> float:
        """What the goal is when these are the shares."""
        return float(np.dot(shares[list(self.places)], self.factors))


class Watch:
    """Goals, and how far each has been found to go; what is open stays open as more is hidden.

    `truth`: the real shares, which fit whatever is shown.
    """

    def __init__(self, truth: Floats) -> None:
        self.truth = truth
        self.goals: list[Goal] = []
        self.vectors = csr_matrix((0, len(truth)))
        self.need, self.real, self.low, self.high = (np.empty(0) for _ in range(4))
        self._judged = np.empty(0, dtype=bool)
        self._found: list[Floats] = [truth]

    def add(self, goals: Sequence[Goal]) -> None:
        """More goals to watch; what was found before tells of them too."""
        if goals:
            more = csr_matrix(np.array([goal.vector(len(self.truth)) for goal in goals]))
            values = more @ np.array(self._found).T
            self.goals += goals
            self.vectors = vstack([self.vectors, more]).tocsr()
            self.need = np.append(self.need, [goal.need + WIDER for goal in goals])
            self.real = np.append(self.real, values[:, 0])
            self.low = np.append(self.low, values.min(axis=1))
            self.high = np.append(self.high, values.max(axis=1))
            self._judged = np.append(self._judged, np.zeros(len(goals), dtype=bool))

    @property
    def waiting(self) -> NDArray[np.integer]:
        """The places of goals that have not been found open, nor been judged."""
        return np.flatnonzero((self.high - self.low <= self.need) & ~self._judged)

    def judge(self) -> Goal | None:
        """The first goal that waits, once; None when all are open or judged."""
        for place in self.waiting.tolist():
            self._judged[place] = True
            return self.goals[int(place)]
        return None

    def learn(self, shares: Floats) -> None:
        """Take in shares that fit all that is shown."""
        values = self.vectors @ shares
        if ((values < self.low) | (values > self.high)).any():
            self.low, self.high = np.minimum(self.low, values), np.maximum(self.high, values)
            self._found.append(shares)

    def furthest(self, goal: Goal) -> tuple[Floats, Floats]:
        """Of all shares that were found to fit those with the lowest and the highest goal."""
        values = np.array(self._found)[:, list(goal.places)] @ goal.factors
        return self._found[int(values.argmin())], self._found[int(values.argmax())]
