"""The limits of the weights: bounds on g, and caps on the weight itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.weighting.problem import Problem

Floats = NDArray[np.float64]
Bounds = tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Limits:
    """`bounds`: lowest and highest g. `caps`: lowest and highest weight per group, (G,) each."""

    bounds: Bounds = None
    caps: tuple[Floats, Floats] | None = None

    def __bool__(self) -> bool:
        return self.bounds is not None or self.caps is not None

    @property
    def name(self) -> str:
        """How the user asked for them, for a message."""
        both = self.bounds is not None and self.caps is not None
        return "bounds= with trim=" if both else "bounds=" if self.bounds is not None else "trim="

    def allow_negative(self, method: str) -> bool:
        """Whether weights may be below zero: by the linear method, when no limit forbids it."""
        free = self.bounds is None or self.bounds[0] < 0
        return method == "linear" and free and self.caps is None

    def of_weights(self, problem: Problem) -> tuple[Floats, Floats]:
        """The lowest and the highest weight of each respondent (n,)."""
        base = problem.base
        low, high = np.full(len(base), -np.inf), np.full(len(base), np.inf)
        if self.bounds is not None:
            low, high = base * self.bounds[0], base * self.bounds[1]
        if self.caps is not None:
            lowest, highest = (problem.groups.rows(cap) for cap in self.caps)
            low, high = np.maximum(low, lowest), np.minimum(high, highest)
        # A base weight of zero stays zero whatever the limits.
        return np.where(base > 0, low, 0.0), np.where(base > 0, high, 0.0)

    def only(self, groups: list[int]) -> Limits:
        """The limits of some of the groups."""
        if self.caps is None:
            return self
        low, high = self.caps
        return Limits(self.bounds, (low[groups], high[groups]))
