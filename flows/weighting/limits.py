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

    def of_weights(self, problem: Problem) -> tuple[Floats, Floats]:
        """The lowest and the highest weight of each respondent (n,)."""
        base = problem.base
        low, high = np.full(len(base), -np.inf), np.full(len(base), np.inf)
        if self.bounds is not None:
            low, high = base * self.bounds[0], np.where(base > 0, base, 1) * self.bounds[1]
        if self.caps is not None:
            lowest, highest = (problem.groups.rows(cap) for cap in self.caps)
            # A base weight of zero stays zero whatever the lowest weight.
            low = np.where(base > 0, np.maximum(low, lowest), 0.0)
            high = np.minimum(high, highest)
        return low, high

    def only(self, groups: list[int]) -> Limits:
        """The limits of some of the groups."""
        if self.caps is None:
            return self
        low, high = self.caps
        return Limits(self.bounds, (low[groups], high[groups]))
