"""Two weighted samples that share people, and what they have in common.

Who took part in both waves gives to both. With a = w e in the first wave and b in the second,
weighted residuals of the linearised contributions (u = (y - p b) / B less its regression on the
wave's own calibration margins), the covariance of a ratio in one wave and one in the other is

    C = sqrt(n1 / (n1 - 1) * n2 / (n2 - 1)) * sum over those in both of (a - mean a)(b - mean b)

with means over the whole of each wave. With everybody in both waves V1 + V2 - 2 C is then the
variance of paired differences; with nobody, that of two samples; and without a design it is never
below zero, as |C| <= sqrt(V1 V2).

A design with strata or clusters enters both variances. The covariance stays that of people drawn
one by one: what a shared cluster adds to it is left out, which makes errors too large, not small.

No matrix of people x cells is made: written out, the sum needs the crosstabs of row x column in
one wave by the margins of the other, and of the rows of both waves multiplied, with w1 w2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.statistics.counting import group_people, grouped_sums
from flows.statistics.design import SampleDesign
from flows.statistics.freedom import own_freedom
from flows.statistics.variance import (
    COUNT,
    SQUARE,
    WEIGHT,
    Linear,
    Sample,
    linearise,
    margin_dummies,
    weighted_sample,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WaveSample:
    """The people of one wave (n): who they are, what they weigh, in which column they stand.

    `people`: a label per person, the same in every wave. `groups`: 0 .. columns - 1, -1 for none.
    `margins`: the categorical variables that `weights` were calibrated on, `base_weights` what
    they were before (default 1). `design`: strata, clusters and finite population of the wave.
    """

    people: Sequence[str]
    weights: Floats
    groups: NDArray[np.integer]
    margins: pd.DataFrame | None = None
    base_weights: Floats | None = None
    design: SampleDesign | None = None


@dataclass(frozen=True, eq=False)
class Rows:
    """What is compared, in one wave: R ratios sum(w y) / sum(w b).

    `numerator` y and `base` b (R, n), b being 0 or 1 and y zero where b is.
    """

    numerator: Floats
    base: Floats


@dataclass(frozen=True, eq=False)
class Side:
    """A wave, and those of its people (m) who are in the other one too, in a shared order."""

    sample: Sample
    shared: Ints
    groups: NDArray[np.integer]
    weights: Floats
    margins: Floats  # (m, k), in the sample's orthonormal basis
    designed: bool


@dataclass(frozen=True, eq=False)
class Ratio:
    """Linearised ratios of a wave (R, C) and all that a test needs of their bases.

    `mass` weighted base, `n` people, `n_eff` Kish's effective number, `square` mean of y^2,
    `freedom` the degrees of freedom that the design leaves them (own clusters less strata).
    """

    linear: Linear
    mass: Floats
    n: Floats
    n_eff: Floats
    square: Floats
    freedom: Floats


class Shared:
    """Two waves with the same columns, made ready to compare rows in."""

    def __init__(self, before: WaveSample, after: WaveSample, columns: int) -> None:
        """Match the people of two waves over `columns` groups.

        Raises ValueError when somebody is twice in a wave or the lengths differ.
        """
        index = [pd.Index(np.asarray(wave.people, dtype=object)) for wave in (before, after)]
        if not all(each.is_unique for each in index):
            raise ValueError("a person is twice in a wave")
        place = index[1].get_indexer(index[0])
        shared = np.flatnonzero(place >= 0)
        self.columns = columns
        self.both = len(shared)
        self.before = side_of(before, shared, columns)
        self.after = side_of(after, place[shared], columns)
        w = self.before.weights * self.after.weights
        same = np.where(self.before.groups == self.after.groups, self.before.groups, -1)
        self._values = (
            _joined(self.before.weights, w[:, None] * self.after.margins),
            _joined(self.after.weights, w[:, None] * self.before.margins),
            _joined(np.ones_like(w), w[:, None]),
        )
        self._grouping = tuple(
            group_people(groups, columns)
            for groups in (self.before.groups, self.after.groups, same)
        )
        self._gram = (self.before.margins * w[:, None]).T @ self.after.margins
        self._totals = (
            self.before.weights @ self.before.margins,
            self.after.weights @ self.after.margins,
        )

    def covariance(
        self, before: Rows, after: Rows, one: Ratio, two: Ratio, i: Ints, j: Ints
    ) -> tuple[Floats, Floats]:
        """Covariance of rows `i` in the first wave and `j` in the second, and people in both."""
        y1, b1 = (part[i][:, self.before.shared] for part in (before.numerator, before.base))
        y2, b2 = (part[j][:, self.after.shared] for part in (after.numerator, after.base))
        p1, p2 = one.linear.estimate[i], two.linear.estimate[j]
        beta1, beta2 = one.linear.beta[i], two.linear.beta[j]
        mass1, mass2 = one.mass[i], two.mass[j]
        shared = self._sums(2, b1 * b2)
        with np.errstate(divide="ignore", invalid="ignore"):
            own1 = (self._sums(0, y1) - p1[..., None] * self._sums(0, b1)) / mass1[..., None]
            own2 = (self._sums(1, y2) - p2[..., None] * self._sums(1, b2)) / mass2[..., None]
            product = (
                self._sums(2, y1 * y2)[..., 1]
                - p2 * self._sums(2, y1 * b2)[..., 1]
                - p1 * self._sums(2, b1 * y2)[..., 1]
                + p1 * p2 * shared[..., 1]
            ) / (mass1 * mass2)
        total = product - (own1[..., 1:] * beta2).sum(axis=-1)
        total = total - (own2[..., 1:] * beta1).sum(axis=-1)
        total = total + ((beta1 @ self._gram) * beta2).sum(axis=-1)
        sum1 = own1[..., 0] - beta1 @ self._totals[0]
        sum2 = own2[..., 0] - beta2 @ self._totals[1]
        n1, n2 = self.before.sample.n, self.after.sample.n
        mean1 = -(beta1 @ self.before.sample.totals) / n1
        mean2 = -(beta2 @ self.after.sample.totals) / n2
        total = total - mean1 * sum2 - mean2 * sum1 + self.both * mean1 * mean2
        factor = np.sqrt(n1 / (n1 - 1) * n2 / (n2 - 1))
        return factor * total, shared[..., 0]

    def _sums(self, which: int, rows: Floats) -> Floats:
        """Sums (R, C, ...) of rows over the people in both waves; the last column is everybody."""
        grouping = self._grouping[which]
        sums = grouped_sums(
            np.ascontiguousarray(rows[:, grouping.order]),
            self._values[which][grouping.order],
            grouping.starts,
        )
        return _with_total(sums)


def side_of(wave: WaveSample, shared: Ints, columns: int) -> Side:
    """A wave with the places (m) of those who are in the other one too."""
    sample = weighted_sample(
        wave.weights,
        wave.groups,
        columns,
        wave.margins,
        wave.base_weights,
        design=wave.design,
    )
    n = len(wave.people)
    if n != sample.n:
        raise ValueError("people and weights differ in length")
    x = np.empty((n, 0)) if wave.margins is None else margin_dummies(wave.margins, wave.weights)
    return Side(
        sample=sample,
        shared=shared,
        groups=np.asarray(wave.groups)[shared],
        weights=np.asarray(wave.weights, dtype=np.float64)[shared],
        margins=x[shared] @ sample.basis,
        designed=wave.design is not None,
    )


def ratios(sample: Sample, rows: Rows) -> Ratio:
    """The ratios of a wave in every column."""
    order = sample.grouping.order
    y, b = rows.numerator[:, order], rows.base[:, order]
    numerator, base, square = (_with_total(sample.sums(part)) for part in (y, b, y * y))
    mass, squares = base[..., WEIGHT], base[..., SQUARE]
    with np.errstate(divide="ignore", invalid="ignore"):
        n_eff, mean_square = mass**2 / squares, square[..., WEIGHT] / mass
    linear = linearise(sample, numerator, base, square)
    people, freedom = base[..., COUNT].copy(), own_freedom(sample, base)
    return Ratio(linear, mass, people, n_eff, mean_square, freedom)


def _with_total(sums: Floats) -> Floats:
    """Sums (R, G + 1, M) of groups and nobody's -> (R, C, M) of groups and everybody."""
    result = sums.copy()
    result[:, -1] = sums.sum(axis=1)
    return result


def _joined(first: Floats, others: Floats) -> Floats:
    return np.column_stack([first, others])
