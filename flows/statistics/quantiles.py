"""Weighted quantiles, and their intervals after Woodruff (1952).

A quantile has no linearisation of its own that is any good in a survey: the density at the
quantile would have to be estimated. Woodruff's interval goes the other way round: an interval
for the share of people at or below the quantile, which has a design-based standard error like
any share, is carried back to the scale of the answers by the quantile rule itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_EQUAL = 1e-12
"""Cumulated weight this part of the total from p times the total is equal to it."""


@dataclass(frozen=True, eq=False)
class Distribution:
    """The distinct values (K), ascending, and the weight of everybody at or below each.

    `alone`: whether only one person has the smallest value.
    """

    values: Floats
    cumulated: Floats
    alone: bool

    @classmethod
    def of(cls, values: ArrayLike, weights: ArrayLike) -> Distribution:
        """Of the values of people with a weight other than zero."""
        x = np.asarray(values, dtype=np.float64)
        w = np.asarray(weights, dtype=np.float64)
        if x.shape != w.shape:
            raise ValueError("values and weights differ in length")
        counted = w != 0
        distinct, place, people = np.unique(x[counted], return_inverse=True, return_counts=True)
        sums = np.zeros(len(distinct))
        np.add.at(sums, place, w[counted])
        return cls(distinct, np.cumsum(sums), len(distinct) > 1 and int(people[0]) == 1)

    def quantiles(self, shares: ArrayLike) -> Floats:
        """The smallest value whose cumulated weight exceeds `shares` (any shape) of the whole.

        Where the cumulated weight equals it, that value itself; a share that not even the one
        person with the smallest value fills gives the next (all this as rule "math" of R
        survey). NaN where a share lies outside 0 to 1 or nobody has a value.
        """
        p = np.asarray(shares, dtype=np.float64)
        if not len(self.values):
            return np.full(p.shape, np.nan)
        total = self.cumulated[-1]
        wanted = np.where(np.isfinite(p), p, 0.0) * total
        # Calibration can leave a negative weight, and then the sums go down for a moment.
        rising = np.minimum.accumulate(self.cumulated[::-1])[::-1]
        place = np.searchsorted(rising, wanted - _EQUAL * total, side="left")
        if self.alone:
            place = np.where(wanted < rising[0] - _EQUAL * total, 1, place)
        found = self.values[np.minimum(place, len(self.values) - 1)]
        return np.where((p >= 0) & (p <= 1), found, np.nan)

    def share_below(self, value: ArrayLike) -> Floats:
        """The share of the weight at or below each value."""
        place = np.searchsorted(self.values, np.asarray(value, dtype=np.float64), side="right")
        below = np.append(0.0, self.cumulated)[place]
        return np.asarray(below / self.cumulated[-1], dtype=np.float64)


def woodruff(distribution: Distribution, low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats]:
    """The interval of a quantile, given the interval of the share of people at or below it."""
    return distribution.quantiles(low), distribution.quantiles(high)
