"""How much places within one region differ, beside how much regions differ.

A regression with an effect per region (municipality) says nothing of how postcodes within one
differ. Pairs of people tell: with e the residuals of what profile and demographics say, and m how
the answer moves with the predictor, the mean of e_i e_j is m_i m_j (tau^2 + sigma^2) for two
people of one place and m_i m_j tau^2 for two people of one region in different places. Sums over
all pairs and all answers give both; the ratio sigma^2 / tau^2 is taken to be the same for all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRIOR_RATIO = 1.0
"""Half-normal prior of the ratio of variances: places are taken to differ about as much within
regions as regions do, until people tell otherwise."""


def own_ratio(
    residual: ArrayLike, slope: ArrayLike, region: ArrayLike, place: ArrayLike
) -> tuple[float, float]:
    """sigma^2 / tau^2 as posterior mean, and the standard error of the raw estimate.

    `residual`, `slope` (n, H): of H answers, 0 for who did not answer; `region`, `place` (n,):
    where everybody lives, -1 unknown. The standard error is a jackknife over regions; infinite
    where no two people share a place. An estimate with a large error gives way to the half-normal
    prior, so little data does not make it zero.
    """
    r, p = np.asarray(region, dtype=np.int64), np.asarray(place, dtype=np.int64)
    known = (r >= 0) & (p >= 0)
    e = np.asarray(residual, dtype=np.float64)[known]
    m = np.asarray(slope, dtype=np.float64)[known]
    if not known.any() or not e.shape[1]:
        return _posterior(0.0, np.inf), float("inf")
    r, p = r[known], p[known]
    of_region = np.zeros(int(p.max()) + 1, dtype=np.int64)
    of_region[p] = r
    size = int(r.max()) + 1
    # Per region: sums over pairs of one place, and over all pairs; numerator and denominator.
    same = [_pairs(each, p, of_region, size) for each in (e * m, m**2)]
    every = [_pairs(each, r, np.arange(size), size) for each in (e * m, m**2)]
    apart = [a - b for a, b in zip(every, same, strict=True)]
    sums = np.stack([each.sum(axis=1) for each in (*same, *apart)])
    total = sums.sum(axis=1)
    found = _ratio(total)
    without = np.array([_ratio(total - sums[:, a]) for a in np.unique(r)])
    without = without[np.isfinite(without)]
    g = len(without)
    if not np.isfinite(found) or g < 2:
        return _posterior(0.0, np.inf), float("inf")
    error = float(np.sqrt((g - 1) / g * ((without - without.mean()) ** 2).sum()))
    return _posterior(found, error), error


def _pairs(values: Floats, of: Ints, above: Ints, size: int) -> Floats:
    """Per region (size, H) the sum over pairs i != j of one group of values_i values_j."""
    groups = int(of.max()) + 1
    sums, squares = (np.zeros((groups, values.shape[1])) for _ in range(2))
    np.add.at(sums, of, values)
    np.add.at(squares, of, values**2)
    found = np.zeros((size, values.shape[1]))
    np.add.at(found, above[:groups], sums**2 - squares)
    return found


def _ratio(sums: Floats) -> float:
    """Of sums (4,) of numerators and denominators, of one place and of different places."""
    if sums[1] <= 0 or sums[3] <= 0 or sums[2] <= 0:
        return float("nan")
    return float(sums[0] / sums[1] / (sums[2] / sums[3]) - 1)


def _posterior(estimate: float, error: float) -> float:
    """Mean of a half-normal prior times a normal likelihood."""
    if not np.isfinite(error):
        return float(PRIOR_RATIO * np.sqrt(2 / np.pi))
    precision = 1 / error**2 + 1 / PRIOR_RATIO**2 if error > 0 else np.inf
    if not np.isfinite(precision):
        return max(estimate, 0.0)
    mean, sd = estimate / error**2 / precision, 1 / np.sqrt(precision)
    z = mean / sd
    # Mean of a normal that is cut off at zero; far below, the tail is about exponential.
    return float(mean + sd * np.exp(norm.logpdf(z) - norm.logcdf(z)))
