"""What a reader knows of shares that nobody published: linear bounds, and what follows.

The unknowns are shares of answers in groups of people. Some things hold whatever is shown (the
answers of a group add up to 100%, groups make up another group); each number that is shown
adds a statement. `Knowledge` tells how widely all that is shown leaves a hidden share open, by
linear programming (HiGHS), and which statements are best withdrawn to leave it open.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, diags, hstack, identity, vstack

from flows.crosstabs.tables import Floats

Key = Hashable
"""What is hidden or shown as one: all statements with the same key go together."""

_TOLERANCE = 1e-9
_MARGIN = 1e-4
"""A range must be this much wider than asked, so that another solver finds it wide as well."""
_WIDER = _MARGIN / 2
_USED = 1e-8
_SHORT = 1e-4
_ROUNDS = 3


@dataclass(frozen=True, eq=False)
class Goal:
    """A share that may not follow: the unknowns it is made of, and how open it must stay."""

    places: tuple[int, ...]
    factors: tuple[float, ...]
    need: float
    key: Key

    def vector(self, size: int) -> Floats:
        result = np.zeros(size)
        result[list(self.places)] = self.factors
        return result


class Watch:
    """How far goals have been found from the truth; what is open stays open as more is hidden.

    Every solution found, for whatever goal, is a set of shares that fits all statements, so it is
    evidence of how far each goal may lie from the truth.
    """

    def __init__(self, truth: Floats) -> None:
        self.truth = truth
        self.goals: list[Goal] = []
        self.vectors = csr_matrix((0, len(truth)))
        self.need, self.real, self.low, self.high = (np.empty(0) for _ in range(4))

    def add(self, goals: Sequence[Goal]) -> None:
        """More goals to watch, of which nothing has been found yet."""
        if goals:
            more = csr_matrix(np.array([goal.vector(len(self.truth)) for goal in goals]))
            real = more @ self.truth
            self.goals += goals
            self.vectors = vstack([self.vectors, more]).tocsr()
            self.need = np.append(self.need, [goal.need + _WIDER for goal in goals])
            self.real, self.low, self.high = (
                np.append(known, real) for known in (self.real, self.low, self.high)
            )

    @property
    def waiting(self) -> NDArray[np.bool_]:
        """Which goals have not been found to be open."""
        result: NDArray[np.bool_] = self.high - self.low <= self.need
        return result

    def learn(self, found: Floats | None) -> None:
        """Take in shares that fit all that is shown."""
        if found is not None:
            values = self.vectors @ found
            self.low, self.high = np.minimum(self.low, values), np.maximum(self.high, values)


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
        self._equal: list[tuple[list[int], list[float], float]] = []
        self._upper: list[tuple[list[int], list[float], float]] = []
        self._keys: list[Key | None] = []
        self._scales: list[float] = []
        self._made: tuple[csr_matrix, Floats, csr_matrix, Floats] | None = None

    @property
    def size(self) -> int:
        return len(self.truth)

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

    def look(self, watch: Watch, hidden: Collection[Key]) -> None:
        """Two looks at all goals at once: as far up, then as far down, as they need to go."""
        if watch.waiting.any():
            for side in (1.0, -1.0):
                goals = np.flatnonzero(watch.waiting)
                if len(goals):
                    watch.learn(self._moved(watch, goals, side, hidden))

    def range(
        self,
        goal: Goal,
        hidden: Collection[Key],
        enough: float = np.inf,
        watch: Watch | None = None,
    ) -> tuple[float, float]:
        """The lowest and the highest value of a goal that fit all that is shown.

        The truth fits, so it stands for the other end where one lies further than `enough` from
        it. `watch`: other goals that learn from the solutions.
        """
        vector, real = goal.vector(self.size), self._real(goal)
        ends = [real, real]
        # The side with more room first.
        for side in (1, 0) if real < 0.5 else (0, 1):
            sign = -1.0 if side else 1.0
            found, unlimited = self._end(sign * vector, hidden)
            if unlimited:
                ends[side] = -sign * np.inf
            elif found is not None:
                ends[side] = float(vector @ found)
                if watch is not None:
                    watch.learn(found)
            if ends[1] - ends[0] > enough:
                break
        return ends[0], ends[1]

    def _end(self, vector: Floats, hidden: Collection[Key]) -> tuple[Floats | None, bool]:
        """Shares that fit and make a sum least; and whether nothing limits it."""
        from scipy.optimize import linprog  # its import is slow, and few tables need it

        matrix, limit, exact, value = self._shown(hidden)
        found = linprog(
            vector, A_ub=matrix, b_ub=limit, A_eq=exact, b_eq=value,
            bounds=self.bounds, method="highs",
        )  # fmt: skip
        return (found.x if found.status == 0 else None), found.status == 3

    def withdraw(
        self, goal: Goal, hidden: Collection[Key], losses: Mapping[Key, float], watch: Watch
    ) -> set[Key] | None:
        """What else to hide so that a goal is open: the least loss found; None if nothing helps.

        The goal is pushed as far as it must be able to go, and the statements in the way give
        in at a price; a statement that gives in is one to hide (Kelly, Golden and Assad 1992,
        by a linear programme). Then whatever proves not to be needed is shown again.
        """
        low, high = self.range(goal, hidden, goal.need + _WIDER, watch)
        if high - low > goal.need + _WIDER:
            return set()
        best: set[Key] | None = None
        # The side with more room first; the other one if that takes more than a partner.
        for sign in (1.0, -1.0) if self._real(goal) < 0.5 else (-1.0, 1.0):
            found = self._pushed(goal, sign, (low, high), hidden, losses)
            fewest = self._needed(goal, hidden, found, losses) if found else None
            if fewest and (best is None or _sum(fewest, losses) < _sum(best, losses)):
                best = fewest
            if best is not None and len(best) == 1:
                break
        return best

    def _pushed(
        self,
        goal: Goal,
        sign: float,
        ends: tuple[float, float],
        hidden: Collection[Key],
        losses: Mapping[Key, float],
    ) -> set[Key]:
        """What gives in when a goal is pushed up (or down), and back where that has no room."""
        need = goal.need + _MARGIN
        far = ends[0] + need if sign > 0 else need - ends[1]
        chosen = self._giving_in(goal, sign, far, hidden, losses)
        if chosen:
            return chosen
        widest = self.range(goal, {*hidden, *(key for key in self._keys if key is not None)})
        for way in (sign, -sign):
            low, high = self.range(goal, self.closed({*hidden, *chosen}))
            far, room = (low + need, widest[1]) if way > 0 else (need - high, -widest[0])
            more = self._giving_in(goal, way, min(far, room - _USED), {*hidden, *chosen}, losses)
            chosen |= more
        return chosen

    def _needed(
        self, goal: Goal, hidden: Collection[Key], chosen: set[Key], losses: Mapping[Key, float]
    ) -> set[Key] | None:
        """Of the chosen those that are needed for a goal to be open; None if all do not do it."""
        if not self._is_open(goal, {*hidden, *chosen}):
            return None
        kept = set(chosen)
        for key in sorted(chosen, key=lambda k: (-losses.get(k, 1.0), str(k))):
            if len(kept) > 1 and self._is_open(goal, {*hidden, *(kept - {key})}):
                kept.remove(key)
        return kept

    def _is_open(self, goal: Goal, hidden: Collection[Key]) -> bool:
        low, high = self.range(goal, self.closed(hidden), enough=goal.need + _WIDER)
        return high - low > goal.need + _WIDER

    def _real(self, goal: Goal) -> float:
        return float(np.dot(self.truth[list(goal.places)], goal.factors))

    def _moved(
        self, watch: Watch, goals: NDArray[np.integer], side: float, hidden: Collection[Key]
    ) -> Floats | None:
        """Shares that fit, with goals moved from the truth as far as they need, or can."""
        from scipy.optimize import linprog

        matrix, limit, exact, value = self._shown(hidden)
        k, need, real = len(goals), watch.need[goals], watch.real[goals]
        sides = np.where(real < 0.5, side, -side)
        moves = hstack([diags(-sides) @ watch.vectors[goals], identity(k)])
        found = linprog(
            np.concatenate([np.zeros(self.size), -1.0 / need]),
            A_ub=vstack([hstack([matrix, csr_matrix((matrix.shape[0], k))]), moves]).tocsr(),
            b_ub=np.concatenate([limit, -sides * real]),
            A_eq=hstack([exact, csr_matrix((exact.shape[0], k))]).tocsr(),
            b_eq=value,
            bounds=np.vstack([self.bounds, np.column_stack([-need, need + _MARGIN])]),
            method="highs",
        )
        return found.x[: self.size] if found.status == 0 else None

    def _giving_in(
        self,
        goal: Goal,
        sign: float,
        target: float,
        hidden: Collection[Key],
        losses: Mapping[Key, float],
    ) -> set[Key]:
        """The keys whose statements give in when sign x goal is at least `target`."""
        from scipy.optimize import linprog

        matrix, limit, exact, value = self._matrices()
        hideable = [k for k in dict.fromkeys(self._keys) if k is not None and k not in hidden]
        if not hideable:
            return set()
        place = {key: i for i, key in enumerate(hideable)}
        rows = [r for r, key in enumerate(self._keys) if key is None or key not in hidden]
        slack_rows = [i for i, r in enumerate(rows) if self._keys[r] is not None]
        slack = csr_matrix(
            (
                [-self._scales[rows[i]] for i in slack_rows],
                (slack_rows, [place[self._keys[rows[i]]] for i in slack_rows]),
            ),
            shape=(len(rows), len(hideable)),
        )
        push = csr_matrix(np.append(-sign * goal.vector(self.size), np.zeros(len(hideable))))
        upper = vstack([hstack([matrix[rows], slack]), push]).tocsr()
        exactly = hstack([exact, csr_matrix((exact.shape[0], len(hideable)))]).tocsr()
        price = loss = np.array([losses.get(key, 1.0) for key in hideable])
        given = None
        for _ in range(_ROUNDS):
            found = linprog(
                np.append(np.zeros(self.size), price), A_ub=upper,
                b_ub=np.append(limit[rows], -target), A_eq=exactly, b_eq=value,
                bounds=np.vstack([self.bounds, np.tile([0.0, np.inf], (len(hideable), 1))]),
                method="highs",
            )  # fmt: skip
            if found.status != 0:
                break
            given = found.x[self.size :]
            # What gave in is paid for already, however far it goes: few cells, not short ways.
            price = loss / (given + _SHORT)
            price /= price.max()
        if given is None:
            return set()
        return {key for key, i in place.items() if given[i] > _USED}

    def _matrices(self) -> tuple[csr_matrix, Floats, csr_matrix, Floats]:
        if self._made is None:
            self._made = (*_matrix(self._upper, self.size), *_matrix(self._equal, self.size))
        return self._made

    def _shown(self, hidden: Collection[Key]) -> tuple[csr_matrix, Floats, csr_matrix, Floats]:
        matrix, limit, exact, value = self._matrices()
        rows = [r for r, key in enumerate(self._keys) if key is None or key not in hidden]
        return matrix[rows], limit[rows], exact, value


def _matrix(
    lines: Sequence[tuple[list[int], list[float], float]], size: int
) -> tuple[csr_matrix, Floats]:
    row = np.repeat(np.arange(len(lines)), [len(places) for places, _, _ in lines])
    column = [place for places, _, _ in lines for place in places]
    values = [factor for _, factors, _ in lines for factor in factors]
    matrix = csr_matrix((values, (row, column)), shape=(len(lines), size))
    return matrix, np.array([value for _, _, value in lines], dtype=np.float64)


def _sum(keys: Collection[Key], losses: Mapping[Key, float]) -> float:
    return sum(losses.get(key, 1.0) for key in keys)
