"""Covariances between linearised estimates: of the columns of a row, or the cells of a table.

What `variance.py` says of one estimate, for pairs of them: with u and v the contributions to two
estimates and e, f their residuals after calibration,

    cov = sum a w^2 e f - (what the strata take off)
    sum a w^2 e f = sum a w^2 u v - beta_u' cross_v - cross_u' beta_v + beta_u' gram beta_v

The first term is the only one that the linearised estimates do not hold themselves: between two
columns that share no person it is zero, and within a table it follows from the cells' counts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flows.statistics.variance import Linear, Sample

Floats = NDArray[np.float64]


def covariance(sample: Sample, linear: Linear, spread: Floats | None = None) -> Floats:
    """Covariances (R, K, K) of the K estimates in every row of `linear` (R, K).

    `spread` (R, K, K): the sums of a w^2 u v of each pair; left out, the K estimates share no
    person (the columns of an axis). The error of an estimated margin is in it.
    """
    units, beta = sample.units, linear.beta
    k = linear.estimate.shape[-1]
    if sample.n < 2:
        return np.full((*linear.estimate.shape, k), np.nan)
    sums = linear.units - beta @ sample.unit_totals.T
    if units.unit is not None:
        of_stratum = np.zeros((len(units.home), len(units.factor)))
        of_stratum[np.arange(len(units.home)), units.home] = 1.0
        within = sums @ of_stratum
        result = _product(sums * units.factor[units.home], sums)
        result -= _product(within * units.centring, within)
    else:
        if spread is None:
            spread = np.zeros((*linear.estimate.shape, k))
            np.einsum("...kk->...k", spread)[...] = linear.spread
        crossed = _product(beta, linear.cross)
        result = spread - crossed - np.swapaxes(crossed, -1, -2)
        result = result + _product(beta * np.diagonal(sample.gram), beta)
        if len(units.factor) > 1:
            result -= _product(sums * units.centring, sums)
        else:
            centre = (beta @ sample.totals)[..., None]
            result = units.factor[0] * result - units.centring[0] * _product(centre, centre)
    if sample.shocks.size:
        moved = beta @ sample.shocks
        result = result + _product(moved, moved)
    return result


def _product(a: Floats, b: Floats) -> Floats:
    product: Floats = a @ np.swapaxes(b, -1, -2)
    return product
