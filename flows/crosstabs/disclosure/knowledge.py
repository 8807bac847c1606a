"""What a reader knows of shares that nobody published: linear statements about them.

The unknowns are shares of answers in groups of people. Some things hold whatever is shown (the
answers of a group add up to 100%, groups make up another group); each number that is shown
adds a statement. What follows from all of them is worked out in `programs`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from flows.crosstabs.disclosure.goals import Key
from flows.crosstabs.disclosure.rules import Bools
from flows.crosstabs.tables import Floats

_TOLERANCE = 1e-9

Line = tuple[list[int], list[float], float]
"""Places of unknowns, their factors, and what their sum is (at most)."""


class Knowledge:
    """Statements about unknowns, built up one by one; `truth` is their real value.

    A statement that the truth does not meet (as when figures of different moments are put
    together) is widened until it does: a reader who is told nonsense is taken to see so.
    """

    def __init__(self, truth: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> None:
        self.truth: Floats = np.asarray(truth, dtype=np.float64)
        self.bounds = np.column_stack(
            [np.minimum(lower, self.truth), np.maximum(upper, self.truth)]
        )
        self._implied: dict[Key, Key] = {}
        self._equal: list[Line] = []
        self._upper: list[Line] = []
        self._keys: list[Key | None] = []
        self._scales: list[float] = []

    def equal(self, places: Sequence[int], factors: Sequence[float], value: float) -> None:
        """These unknowns, times their factors, add up to `value`, as nearly as they do."""
        real = float(np.dot(self.truth[list(places)], factors))
        # What is not quite so in truth (shares of people counted, not weighed) holds as it is.
        self._equal.append((list(places), list(factors), real if np.isfinite(real) else value))

    def at_most(
        self,
        places: Sequence[int],
        factors: Sequence[float],
        value: float,
        key: Key | None = None,
        scale: float = 1.0,
    ) -> None:
        """A sum of unknowns is at most `value`; `key`: what must be hidden to leave it out.

        `scale`: how much of the sum moves with one in a hundred of everybody, times 100.
        """
        if not places or not np.isfinite(value):
            return
        real = float(np.dot(self.truth[list(places)], factors))
        self._upper.append((list(places), list(factors), max(value, real) + _TOLERANCE))
        self._keys.append(key)
        self._scales.append(scale)

    def between(
        self,
        places: Sequence[int],
        factors: Sequence[float],
        low: float,
        high: float,
        key: Key | None = None,
        scale: float = 1.0,
    ) -> None:
        """A sum of unknowns lies between `low` and `high`."""
        self.at_most(places, factors, high, key, scale)
        self.at_most(places, [-f for f in factors], -low, key, scale)

    def goes_along(self, key: Key, other: Key) -> None:
        """Whoever hides `key` hides `other` too."""
        self._implied[key] = other

    def closed(self, hidden: Collection[Key]) -> set[Key]:
        """What is hidden with all that goes along."""
        return {*hidden, *(self._implied[key] for key in hidden if key in self._implied)}

    def statements(self) -> Statements:
        """All that is known, when all is said."""
        keys = [key for key in dict.fromkeys(self._keys) if key is not None]
        at = {key: k for k, key in enumerate(keys)}
        along = [(at[k], at[o]) for k, o in self._implied.items() if k in at and o in at]
        size = len(self.truth)
        alone = [len(places) == 1 for places, _, _ in self._upper]
        return Statements(
            self.truth,
            self.bounds,
            *_matrix(self._upper, size),
            *_matrix(self._equal, size),
            keys,
            np.array([len(keys) if k is None else at[k] for k in self._keys], dtype=int),
            np.array(self._scales, dtype=np.float64),
            np.array(alone, dtype=bool),
            np.array(along, dtype=int).reshape(-1, 2).T,
        )


@dataclass(frozen=True, eq=False)
class Statements:
    """`upper` @ shares <= `limit`, `equal` @ shares = `value`; the `truth` fits all of them.

    `keys`: all that can be hidden; what is hidden is one truth value for each. `key_of`: of each
    statement of the former kind the place of its key, their number where it has none. `scales`:
    how far each moves as its key gives in by one. `alone`: which are about one unknown only.
    `along` (2, k): places of keys, and of what goes along with them.
    """

    truth: Floats
    bounds: Floats
    upper: csr_matrix
    limit: Floats
    equal: csr_matrix
    value: Floats
    keys: list[Key]
    key_of: NDArray[np.integer]
    scales: Floats
    alone: Bools
    along: NDArray[np.integer]

    def hiding(self, hidden: Collection[Key]) -> Bools:
        """Which keys are hidden."""
        return np.array([key in hidden for key in self.keys], dtype=bool)

    def closed(self, hidden: Bools) -> Bools:
        """What is hidden with all that goes along."""
        result = hidden.copy()
        result[self.along[1, hidden[self.along[0]]]] = True
        return result

    def shown(self, hidden: Bools) -> Bools:
        """Which statements of the former kind are made when this is hidden."""
        result: Bools = ~np.append(hidden, False)[self.key_of]
        return result


def _matrix(lines: Sequence[Line], size: int) -> tuple[csr_matrix, Floats]:
    row = np.repeat(np.arange(len(lines)), [len(places) for places, _, _ in lines])
    column = [place for places, _, _ in lines for place in places]
    values = [factor for _, factors, _ in lines for factor in factors]
    matrix = csr_matrix((values, (row, column)), shape=(len(lines), size))
    return matrix, np.array([value for _, _, value in lines], dtype=np.float64)
