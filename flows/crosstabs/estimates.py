"""Estimates of all cells with their errors, intervals, and the test against all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.counts import Counted, Sums, kish
from flows.crosstabs.tables import SHARES, Floats
from flows.definitions.dossier_plan import Publication
from flows.statistics.freedom import is_clustered, own_freedom, satterthwaite
from flows.statistics.intervals import (
    ENOUGH_EXPECTED,
    mean_interval,
    proportion_interval,
    t_quantile,
    t_test,
)
from flows.statistics.variance import COUNT, WEIGHT, Linear, Sample, variance

Bools = NDArray[np.bool_]

ENOUGH_TO_TEST = 50.0
"""Below so many expected people a test does not trust the linearised variance alone.

In samples of 300 to 2,600 without any difference, the plain t test on it rejected at one in
a thousand 2-3 times too often below 50 expected, and as often as it should above.
"""


@dataclass(frozen=True, eq=False)
class Estimates:
    """Statistics of all cells (R, C) of an axis, the total last; as in `Table`."""

    estimate: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    difference: Floats
    difference_error: Floats
    degrees_of_freedom: Floats
    p_value: Floats
    standard_deviation: Floats


def estimates_of(counted: Counted, sums: Sums, publication: Publication) -> Estimates:
    """The statistics of all cells; `sums` are `counted.columns()`, everybody last."""
    sample = counted.samples[0]
    kinds = [row.kind for layout in counted.layouts for row in layout.rows]
    is_share = np.array([kind in SHARES for kind in kinds], dtype=bool)[:, None]
    shift = np.concatenate([layout.shift for layout in counted.layouts])[:, None]
    linear = counted.linear(0, sums)
    error = np.sqrt(variance(sample, linear))
    estimate = linear.estimate + shift
    n, n_eff = _people(counted, sums)
    deviation = _deviation(sums, linear.estimate)
    freedom = cell_freedom(counted, sample, sums)
    of_means = mean_freedom(counted, freedom, kish(sums.denominator))
    low, high = np.empty_like(estimate), np.empty_like(estimate)
    mean, share = ~is_share[:, 0], is_share[:, 0]
    low[mean], high[mean] = mean_interval(
        estimate[mean], error[mean], of_means[mean], publication.alpha
    )
    low[share], high[share] = share_interval(
        sample,
        estimate[share],
        error[share],
        n[share],
        n_eff[share],
        freedom[share],
        publication.alpha,
    )
    rest = _versus_rest(counted, sums, linear, is_share, deviation)
    p_value = t_test(rest.difference, rest.error, rest.freedom)
    few = (n < publication.minimum_base) | (rest.n < publication.minimum_base)
    return Estimates(
        estimate=estimate,
        standard_error=error,
        low=low,
        high=high,
        difference=rest.difference,
        difference_error=rest.error,
        degrees_of_freedom=rest.freedom,
        p_value=np.where(few, np.nan, p_value),
        standard_deviation=deviation,
    )


@dataclass(frozen=True, eq=False)
class _Versus:
    """Columns less everybody else (R, C), NaN for the total; `n`: people in the rest."""

    difference: Floats
    error: Floats
    freedom: Floats
    n: Floats


def _people(counted: Counted, sums: Sums) -> tuple[Floats, Floats]:
    """People and effective people (R, C); of a difference, those of its smaller side.

    The effective number of a difference a - b is half the harmonic mean, 1 / (1/a + 1/b).
    """
    n, n_eff = sums.denominator[..., COUNT].copy(), kish(sums.denominator)
    for row, first, second in counted.minus:
        n[row] = np.minimum(n[first], n[second])
        with np.errstate(divide="ignore"):
            n_eff[row] = 1 / (1 / n_eff[first] + 1 / n_eff[second])
    return n, n_eff


def _deviation(sums: Sums, centred: Floats) -> Floats:
    """Weighted standard deviation within the column, with n / (n - 1)."""
    n = sums.denominator[..., COUNT]
    with np.errstate(divide="ignore", invalid="ignore"):
        second = sums.square[..., WEIGHT] / sums.denominator[..., WEIGHT]
        spread = np.maximum(second - centred**2, 0.0) * n / (n - 1)
    return np.sqrt(np.where(n > 1, spread, np.nan))


def cell_freedom(counted: Counted, sample: Sample, sums: Sums) -> Floats:
    """Degrees of freedom (R, C) of the cells; of a difference, those of its smaller side."""
    freedom = own_freedom(sample, sums.denominator)
    for row, first, second in counted.minus:
        freedom[row] = np.minimum(freedom[first], freedom[second])
    return freedom


def mean_freedom(counted: Counted, freedom: Floats, n_eff: Floats) -> Floats:
    """Degrees of freedom (R, C) for the interval of a mean: never more than its base has.

    `n_eff` by Kish. Of a difference of two rows Welch's. At least 1 where the design has so
    many: of one person no spread is known, and nobody is shown either.
    """
    own = n_eff - 1
    for row, first, second in counted.minus:
        own[row] = welch(n_eff[first], n_eff[second])
    return np.fmin(freedom, np.fmax(own, 1.0))


def welch(n_eff: Floats, other: Floats) -> Floats:
    """Welch's degrees of freedom for two bases with the same spread."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = 1 / n_eff, 1 / other
        found: Floats = (one + two) ** 2 / (one**2 / (n_eff - 1) + two**2 / (other - 1))
    return found


def share_interval(
    sample: Sample,
    estimate: Floats,
    error: Floats,
    n: Floats,
    n_eff: Floats,
    freedom: Floats,
    alpha: float,
) -> tuple[Floats, Floats]:
    """The published interval of shares, with the degrees of freedom of the cells.

    The Korn-Graubard interval counts on the base's own people; where the design has fewer
    degrees of freedom than these, it is widened by the ratio of the t quantiles. NaN where all
    people are in one cluster of their stratum, as nothing is known of the spread.
    """
    if is_clustered(sample) and not sample.totals.size:
        # Clusters that are alike by chance; only calibration makes a share certain.
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.where(error == 0, np.sqrt(estimate * (1 - estimate) / n_eff), error)
    if sample.degrees_of_freedom < sample.n - 1:
        few = n_eff * np.minimum(estimate, 1 - estimate) < ENOUGH_EXPECTED
        ratio = t_quantile(freedom, alpha) / t_quantile(np.maximum(n - 1, 1), alpha)
        error = np.where(few, error * np.fmax(ratio, 1.0), error)
    low, high = proportion_interval(estimate, error, n, n_eff, freedom, alpha)
    if is_clustered(sample):
        low, high = (np.where(freedom < 1, np.nan, end) for end in (low, high))
    return low, high


def _versus_rest(
    counted: Counted, sums: Sums, linear: Linear, is_share: Bools, deviation: Floats
) -> _Versus:
    """Column less everybody else, its standard error and degrees of freedom.

    The linearised variance of a small group is itself
    uncertain, and too small just where its share is extreme by chance; so with few people the
    standard error is at least the one under equality, on Kish's effective bases, and the
    degrees of freedom are Welch's (and never more than the design has). With clusters they are
    Satterthwaite's at most, from the clusters that the column and the others are in.
    """
    sample = counted.samples[0]
    rest_sums = sums.rest()
    other_linear = counted.linear(0, rest_sums)
    contrast = linear.minus(other_linear)
    error = np.sqrt(variance(sample, contrast))
    (_, n_eff), (rest_n, rest_n_eff) = _people(counted, sums), _people(counted, rest_sums)
    total = linear.estimate[:, -1:]
    smallest = np.minimum(n_eff, rest_n_eff)
    with np.errstate(divide="ignore", invalid="ignore"):
        rare = np.where(is_share, np.minimum(total, 1 - total), 1 / 3)
        within = np.where(is_share, total * (1 - total), deviation[:, -1:] ** 2)
        for row, first, second in counted.minus:
            rare[row] = min(rare[first, 0], rare[second, 0])
            within[row] = (within[first] + within[second]) / 2
        one, other = 1 / n_eff, 1 / rest_n_eff
        under_equality = np.sqrt(within * (one + other))
    freedom = welch(n_eff, rest_n_eff)
    if sample.degrees_of_freedom < sample.n - 1:
        freedom = np.minimum(freedom, sample.degrees_of_freedom)
    few = (smallest * rare < ENOUGH_TO_TEST) | (deviation == 0)
    error = np.where(few & np.isfinite(under_equality), np.fmax(error, under_equality), error)
    if is_clustered(sample):
        parts = []
        for side, each, size in ((linear, sums, one), (other_linear, rest_sums, other)):
            own = variance(sample, side)
            # As the error of the difference is: a share of 0% has no variance of its own.
            with np.errstate(invalid="ignore"):
                own = np.where(few, np.fmax(own, within * size), own)
            parts += [own, cell_freedom(counted, sample, each)]
        freedom = np.minimum(freedom, satterthwaite(*parts))
    for values in (contrast.estimate, error, freedom):
        values[:, -1] = np.nan
    return _Versus(contrast.estimate, error, freedom, rest_n)
