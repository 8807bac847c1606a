"""A linear program of unknown masses, and the bounds it puts on a ratio of two of them.

Every constraint is homogeneous (`a x <= 0` or `a x = 0`), so a share, which is a ratio of two
masses, is bounded exactly by fixing its denominator at 1 (Charnes and Cooper, 1962).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array

Floats = NDArray[np.float64]
Sum = Mapping[int, float]
"""A linear expression: coefficient by variable."""

_ZERO = 1e-9


@dataclass(frozen=True)
class Bounds:
    """What the program says of a ratio; `through`: the reasons of the constraints that bind."""

    low: float
    high: float
    through: tuple[str, ...]

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass
class Program:
    """Variables (not negative unless `free`) and constraints, each with the reason for it."""

    names: dict[object, int] = field(default_factory=dict)
    free: set[int] = field(default_factory=set)
    _less: list[tuple[Sum, str]] = field(default_factory=list)
    _equal: list[tuple[Sum, str]] = field(default_factory=list)
    _ready: tuple[csr_array, csr_array] | None = None

    def variable(self, name: object, *, free: bool = False) -> int:
        """The number of the variable with this name; made when it is new."""
        if name not in self.names:
            self.names[name] = len(self.names)
            if free:
                self.free.add(self.names[name])
        return self.names[name]

    def less(self, left: Sum, right: Sum, reason: str) -> None:
        """left <= right."""
        self._less.append((combined(left, right, -1.0), reason))

    def equal(self, left: Sum, right: Sum, reason: str) -> None:
        """left = right."""
        self._equal.append((combined(left, right, -1.0), reason))

    def between(self, ratio: tuple[Sum, Sum], low: float, high: float, reason: str) -> None:
        """low <= numerator / denominator <= high."""
        above, below = ratio
        if high - low < _ZERO:
            self.equal(above, scaled(below, low), reason)
            return
        if low > -np.inf:
            self.less(scaled(below, low), above, reason)
        if high < np.inf:
            self.less(above, scaled(below, high), reason)

    def bounds(self, ratio: tuple[Sum, Sum]) -> Bounds | None:
        """The least and the greatest value of a ratio; None when nothing fits together."""
        low, first = self._solve(ratio, 1.0)
        if first is None:
            return None
        high, second = self._solve(ratio, -1.0)
        if second is None:
            return None
        return Bounds(low, -high, tuple(dict.fromkeys([*first, *second])))

    def solution(self, objective: Floats, scale: Sum) -> Floats | None:
        """The solution that makes `objective` (variables) least, with `scale` at 1.

        None when nothing fits together; without a bound, any solution that fits.
        """
        result = self._run(objective, scale)
        if result.status == 3:
            result = self._run(np.zeros(len(self.names)), scale)
        return np.asarray(result.x) if result.status == 0 else None

    def _solve(self, ratio: tuple[Sum, Sum], sign: float) -> tuple[float, tuple[str, ...] | None]:
        objective = np.zeros(len(self.names))
        for place, value in ratio[0].items():
            objective[place] += sign * value
        result = self._run(objective, ratio[1])
        if result.status == 3:  # unbounded
            return -np.inf, ()
        if result.status != 0:
            return np.nan, None
        k = len(self._less)
        binding = [self._less[i][1] for i in _heavy(result.ineqlin.marginals)]
        binding += [self._equal[i][1] for i in _heavy(result.eqlin.marginals[: len(self._equal)])]
        assert len(result.ineqlin.marginals) == k
        return float(result.fun), tuple(dict.fromkeys(reason for reason in binding if reason))

    def _run(self, objective: Floats, scale: Sum):  # type: ignore[no-untyped-def]
        less, equal = self._matrices()
        size = len(self.names)
        row = _matrix([scale], size)
        limits = [(None, None) if i in self.free else (0.0, None) for i in range(size)]
        return linprog(
            objective,
            A_ub=less,
            b_ub=np.zeros(less.shape[0]),
            A_eq=_stacked(equal, row),
            b_eq=np.append(np.zeros(equal.shape[0]), 1.0),
            bounds=limits,
            method="highs",
        )

    def _matrices(self) -> tuple[csr_array, csr_array]:
        if self._ready is None:
            size = len(self.names)
            self._ready = (
                _matrix([row for row, _ in self._less], size),
                _matrix([row for row, _ in self._equal], size),
            )
        return self._ready


def combined(first: Sum, second: Sum, times: float = 1.0) -> dict[int, float]:
    """first + times * second."""
    result = dict(first)
    for place, value in second.items():
        result[place] = result.get(place, 0.0) + times * value
    return result


def scaled(one: Sum, times: float) -> dict[int, float]:
    """times * one."""
    return {place: times * value for place, value in one.items()}


def value_of(one: Sum, solution: Floats) -> float:
    """The value of an expression in a solution."""
    return float(sum(value * solution[place] for place, value in one.items()))


def _matrix(rows: list[Sum], size: int) -> csr_array:
    lines = [(i, place, value) for i, row in enumerate(rows) for place, value in row.items()]
    if not lines:
        return csr_array((len(rows), size))
    i, j, v = zip(*lines, strict=True)
    return coo_array((v, (i, j)), shape=(len(rows), size)).tocsr()


def _stacked(first: csr_array, second: csr_array) -> csr_array:
    from scipy.sparse import vstack

    return vstack([first, second], format="csr")


def _heavy(marginals: Floats) -> NDArray[np.intp]:
    return np.flatnonzero(np.abs(marginals) > 1e-7)
