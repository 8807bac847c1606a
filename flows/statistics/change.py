"""Change of shares and means between two waves that share some of their people.

With p1 and p2 the same ratio in two weighted samples, V(p2 - p1) = V1 + V2 - 2 C. Each variance
is that of the wave's own sample (`variance.py`), C comes from the people in both (`overlap.py`;
Tam 1984, The American Statistician 38, 288-289; Berger 2004, Canadian Journal of Statistics 32,
451-467).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.statistics.intervals import mean_interval, t_test
from flows.statistics.overlap import Rows, Shared, WaveSample, ratios
from flows.statistics.variance import variance

__all__ = ["Change", "Overlap", "Rows", "WaveSample"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ENOUGH_TO_TEST = 50.0
"""Below so many expected people in either wave the linearised variance is not trusted alone."""


@dataclass(frozen=True, eq=False)
class Change:
    """Change of R rows in C columns (the groups, then everybody); arrays (R, C).

    `error` is the standard error the test and the interval `low` to `high` go by, `variance_*`
    and `covariance` what it is made of. `n_before`, `n_after`: people in the base, `both`: those
    of them who are in the same column in both waves. `deviation`: standard deviation of the
    answers, both waves together. NaN where a wave has no base.
    """

    before: Floats
    after: Floats
    change: Floats
    error: Floats
    degrees_of_freedom: Floats
    low: Floats
    high: Floats
    p_value: Floats
    variance_before: Floats
    variance_after: Floats
    covariance: Floats
    deviation: Floats
    n_before: Ints
    n_after: Ints
    both: Ints


class Overlap(Shared):
    """Two waves with the same columns, made ready to compare rows in."""

    def compare(
        self,
        before: Rows,
        after: Rows,
        *,
        shares: NDArray[np.bool_],
        minus: Sequence[tuple[int, int, int]] = (),
        alpha: float = 0.05,
    ) -> Change:
        """The change of R rows, each given for the people of both waves.

        `shares` (R): rows that lie between 0 and 1. `minus`: (row, first, second) for rows that
        are the difference of two others, of different people; their own values do not count.

        The interval and the test are Student's. Degrees of freedom are Welch's on Kish's
        effective bases, divided by 1 + the part of the larger base that is in both waves: so
        they are n - 1 for a panel and Welch's for two samples; a design allows no more than
        the clusters that the base of either wave is in, less their strata. With few people the
        error is at least that under equality, as correlated between waves as it was found to be:
        a share of 0% has no linearised variance of its own.
        """
        one, two = ratios(self.before.sample, before), ratios(self.after.sample, after)
        n1, n2, n_eff1, n_eff2 = one.n, two.n, one.n_eff, two.n_eff
        v1 = variance(self.before.sample, one.linear)
        v2 = variance(self.after.sample, two.linear)
        rows = np.arange(len(before.numerator))
        covariance, both = self.covariance(before, after, one, two, rows, rows)
        estimates = [one.linear.estimate.copy(), two.linear.estimate.copy()]
        moments = [one.square - estimates[0] ** 2, two.square - estimates[1] ** 2]
        for row, a, b in minus:
            place = np.array([row])
            first, second = np.array([a]), np.array([b])
            for estimate in estimates:
                estimate[place] = estimate[first] - estimate[second]
            v1[place], v2[place] = (
                variance(side.sample, ratio.linear.at(first).minus(ratio.linear.at(second)))
                for side, ratio in ((self.before, one), (self.after, two))
            )
            covariance[place] = sum(
                sign * self.covariance(before, after, one, two, i, j)[0]
                for sign, i, j in (
                    (1, first, first),
                    (1, second, second),
                    (-1, first, second),
                    (-1, second, first),
                )
            )
            for n_eff in (n_eff1, n_eff2):
                n_eff[place] = _harmonic(n_eff[first], n_eff[second])
            for moment in moments:
                # Of a difference: what its own n_eff, half the harmonic mean, has to be told.
                moment[place] = (moment[first] + moment[second]) / 2
            for ratio in (one, two):
                ratio.freedom[place] = np.minimum(ratio.freedom[first], ratio.freedom[second])
            for n in (n1, n2, both):
                n[place] = n[first] + n[second]
        weight1, weight2 = (np.nan_to_num(n) for n in (n_eff1, n_eff2))
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (weight1 * moments[0] + weight2 * moments[1]) / (weight1 + weight2)
            middle = (weight1 * estimates[0] + weight2 * estimates[1]) / (weight1 + weight2)
            moved = [(estimate - middle) ** 2 for estimate in estimates]
            between = (weight1 * moved[0] + weight2 * moved[1]) / (weight1 + weight2)
            within = np.maximum(spread, 0.0) + between
        change = estimates[1] - estimates[0]
        error = _error(v1, v2, covariance, n_eff1, n_eff2, within, middle, shares)
        freedom = _freedom(n_eff1, n_eff2, both, np.maximum(n1, n2))
        for side, ratio in ((self.before, one), (self.after, two)):
            if side.designed:
                freedom = np.minimum(freedom, ratio.freedom)
        low, high = mean_interval(change, error, freedom, alpha)
        return Change(
            before=estimates[0],
            after=estimates[1],
            change=change,
            error=error,
            degrees_of_freedom=freedom,
            low=low,
            high=high,
            p_value=t_test(change, error, freedom),
            variance_before=v1,
            variance_after=v2,
            covariance=covariance,
            deviation=np.sqrt(np.maximum(spread, 0.0)),
            n_before=_whole(n1),
            n_after=_whole(n2),
            both=_whole(both),
        )


def _error(
    v1: Floats,
    v2: Floats,
    covariance: Floats,
    n_eff1: Floats,
    n_eff2: Floats,
    within: Floats,
    middle: Floats,
    shares: NDArray[np.bool_],
) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        linearised = np.sqrt(np.maximum(v1 + v2 - 2 * covariance, 0.0))
        product = np.sqrt(v1 * v2)
        correlation = np.where(product > 0, np.clip(covariance / product, 0.0, 1.0), 0.0)
        one, two = np.sqrt(within / n_eff1), np.sqrt(within / n_eff2)
        floor = np.sqrt(np.maximum(one**2 + two**2 - 2 * correlation * one * two, 0.0))
        part = np.where(shares[:, None], np.minimum(middle, 1 - middle), 1 / 3)
        few = np.fmin(n_eff1, n_eff2) * part < ENOUGH_TO_TEST
    return np.where(few & np.isfinite(floor), np.fmax(linearised, floor), linearised)


def _freedom(n_eff1: Floats, n_eff2: Floats, both: Floats, largest: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = 1 / n_eff1, 1 / n_eff2
        welch = (one + two) ** 2 / (one**2 / (n_eff1 - 1) + two**2 / (n_eff2 - 1))
        return np.asarray(welch / (1 + both / largest))


def _harmonic(one: Floats, two: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 / (1 / one + 1 / two))


def _whole(counts: Floats) -> Ints:
    return np.rint(counts).astype(np.int64)
