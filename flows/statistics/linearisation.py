"""Variance of linearised totals, person by person: strata, clusters, and what calibration takes.

The plain form of what `variance.py` does for whole cross-tabs at once: any statistic whose
linearised contributions per person are known. Conventions as in R survey.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def calibration_residual(contributions: Floats, auxiliary: Floats, base_weights: Floats) -> Floats:
    """What the margins leave of contributions (n, K): residuals of the regression with weights d.

    `auxiliary` (n, m) holds the intercept, dummies and continuous variables calibrated on.
    """
    root = np.sqrt(base_weights)[:, None]
    beta, *_ = np.linalg.lstsq(auxiliary * root, contributions * root, rcond=1e-10)
    residual: Floats = contributions - auxiliary @ beta
    return residual


def raking_residual(
    contributions: Floats, margins: Sequence[NDArray[np.integer]], cycles: int = 10
) -> Floats:
    """R's `rake` convention: cycles over the margins, each taking away unweighted level means."""
    residual = np.array(contributions, dtype=np.float64)
    for _ in range(cycles):
        for codes in margins:
            residual -= _group_means(residual, np.asarray(codes), np.ones(len(residual)))
    return residual


def poststratification_residual(
    contributions: Floats, cells: NDArray[np.integer], base_weights: Floats
) -> Floats:
    """Contributions less their d-weighted mean in the cell."""
    return contributions - _group_means(contributions, np.asarray(cells), base_weights)


def _group_means(values: Floats, codes: NDArray[np.integer], weights: Floats) -> Floats:
    dummies = np.eye(int(codes.max()) + 1)[codes]
    means = (dummies * weights[:, None]).T @ values / (weights @ dummies)[:, None]
    result: Floats = means[codes]
    return result


def linearised_covariance(
    contributions: Floats,
    strata: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    population: ArrayLike | None = None,
) -> Floats:
    """Covariance (K, K) of the totals of weighted contributions (n, K).

    `strata`, `clusters`: labels per person (clusters unique within a stratum are enough);
    `population`: per person the number of clusters (people, without clusters) in the
    population of the stratum, for the finite population correction. A stratum with one
    cluster is centred at zero.
    """
    stratum, cluster = design_codes(len(contributions), strata, clusters)
    sums = np.zeros((int(cluster.max()) + 1, contributions.shape[1]))
    np.add.at(sums, cluster, contributions)
    home = np.empty(len(sums), dtype=np.int64)
    home[cluster] = stratum
    size = np.bincount(home).astype(np.float64)
    means = np.zeros((len(size), sums.shape[1]))
    np.add.at(means, home, sums)
    means = np.where(size[:, None] > 1, means / size[:, None], 0.0)
    factor = np.where(size > 1, size / np.maximum(size - 1, 1), 1.0)
    if population is not None:
        known = np.empty(len(size))
        known[stratum] = np.asarray(population, dtype=np.float64)
        factor *= (known - size) / known
    centred = sums - means[home]
    covariance: Floats = (centred * factor[home, None]).T @ centred
    return covariance


def design_codes(n: int, strata: ArrayLike | None, clusters: ArrayLike | None) -> tuple[Ints, Ints]:
    """Numbers of the stratum and of the cluster of every person; no cluster: each their own."""
    stratum = np.zeros(n, dtype=np.int64)
    if strata is not None:
        stratum = np.unique(np.asarray(strata), return_inverse=True)[1].astype(np.int64)
    if clusters is None:
        return stratum, np.arange(n)
    label = np.unique(np.asarray(clusters), return_inverse=True)[1].astype(np.int64)
    pair = stratum * (int(label.max()) + 1) + label
    return stratum, np.unique(pair, return_inverse=True)[1].astype(np.int64)


def degrees_of_freedom(
    n: int, strata: ArrayLike | None, clusters: ArrayLike | None, used: NDArray[np.bool_]
) -> int:
    """Clusters less strata, among the people used."""
    stratum, cluster = design_codes(n, strata, clusters)
    return len(np.unique(cluster[used])) - len(np.unique(stratum[used]))
