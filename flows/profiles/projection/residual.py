"""What areas differ from their demographics: empirical-Bayes residuals of nested areas.

Model: the log-odds of the profiles of a person in area z of area m are those of the person's
demographics plus u_m + v_z (and so on, coarse to fine), normal with a standard deviation tau per
level and profile. The typed people of an area give a score and information (`evidence`).

tau maximises the restricted likelihood of the scores (Patterson and Thompson 1971, Biometrika
58, 545-554), with the national difference between sample and demographics as free effect, so
that a sample that is off everywhere moves no area. All of it nests: the residuals of the finest
areas are integrated out first, what is left is a score and information for the next level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from flows.profiles.projection.evidence import Evidence, evidence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Slope = Callable[[Floats], tuple[float, Floats]]

LOG_TAU = (np.log(0.005), np.log(2.0))
POOLING = 0.5
"""Log tau of two profiles of one level, and of two levels in succession, are taken to differ by
about this standard deviation, so that little data gives neither zero nor a wild value."""


@dataclass(frozen=True, eq=False)
class Residuals:
    """Residuals of nested areas, coarsest level first.

    `tau` (levels, K). `mean` per level (Z, K): posterior mean of the *sum* of the residuals of
    an area and of all areas it lies in. `covariance` per level (Z, K, K), of that sum. `n` per
    level (Z,): typed people. An area without people has its coarser area's mean. `given` and
    `through` per level (Z, K, K): covariance of the sum if the coarser areas were known, and
    how it follows those.
    """

    tau: Floats
    mean: tuple[Floats, ...]
    covariance: tuple[Floats, ...]
    n: tuple[Ints, ...]
    given: tuple[Floats, ...]
    through: tuple[Floats, ...]


def fit_residuals(
    memberships: ArrayLike,
    expected: ArrayLike,
    area: ArrayLike,
    parents: Sequence[ArrayLike],
    weights: ArrayLike | None = None,
) -> Residuals:
    """Residuals of nested areas from typed people.

    `area` (n,): every person's finest area. `parents`, coarsest level first: per level the
    place (Z,) of every area among those one level coarser; zeros for the coarsest. Raises
    `ProfileError` for people outside the areas and memberships that are no probabilities.
    """
    levels = [np.asarray(parent, dtype=np.int64) for parent in parents]
    finest = evidence(memberships, expected, area, levels, weights)
    tau = estimate_tau(finest, levels)
    return _posterior(finest, levels, tau)


def estimate_tau(finest: Evidence, parents: Sequence[Ints]) -> Floats:
    """Standard deviations (levels, K) by restricted maximum likelihood.

    First one value a level for all profiles, then one per profile. Normal priors of `POOLING`
    on their logarithms hold profiles, and levels in succession, together; what is given is the
    root of the posterior mean of tau squared, which is what intervals need.
    """
    k, depth = finest.score.shape[1], len(parents)
    compact, nesting = _with_people(finest, parents)

    def common(logs: Floats) -> tuple[float, Floats]:
        value, slope = _restricted(compact, nesting, np.exp(np.repeat(logs[:, None], k, axis=1)))
        step, pull = _apart(logs)
        return step - value, pull - slope.sum(axis=1)

    first = minimize(
        common, np.full(depth, np.log(0.15)), jac=True, method="L-BFGS-B",
        bounds=[LOG_TAU] * depth, options={"maxiter": 40},
    ).x  # fmt: skip

    def own(logs: Floats) -> tuple[float, Floats]:
        both = logs.reshape(depth, k)
        value, slope = _restricted(compact, nesting, np.exp(both))
        away = both - both.mean(axis=1, keepdims=True)
        step, pull = _apart(both.mean(axis=1))
        penalty = (away**2).sum() / 2 / POOLING**2 + step
        return penalty - value, (away / POOLING**2 + pull[:, None] / k - slope).ravel()

    last = minimize(
        own, np.repeat(first, k), jac=True, method="L-BFGS-B",
        bounds=[LOG_TAU] * (depth * k), options={"maxiter": 40},
    ).x  # fmt: skip
    logs = last.reshape(depth, k)
    return np.asarray(np.exp(logs + _doubt(common, logs.mean(axis=1))[:, None]))


def _doubt(common: Slope, logs: Floats) -> Floats:
    """What the doubt about tau adds to its logarithm, so that tau^2 is its posterior mean.

    With log tau normal around the maximum with variance s^2 (from the curvature there), the
    mean of tau^2 is exp(2 log tau + 2 s^2).
    """
    step = 0.05
    curvature = np.stack(
        [
            (common(logs + shift)[1] - common(logs - shift)[1]) / (2 * step)
            for shift in step * np.eye(len(logs))
        ]
    )
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
    inverse = (vectors / np.maximum(values, 1 / POOLING**2)) @ vectors.T
    return np.asarray(np.diag(inverse))


def _apart(logs: Floats) -> tuple[float, Floats]:
    """Minus the log prior of levels' log tau in succession, and its slope."""
    steps = np.diff(logs) / POOLING**2
    slope = np.zeros_like(logs)
    slope[1:] += steps
    slope[:-1] -= steps
    return float((np.diff(logs) * steps).sum() / 2), slope


def _with_people(finest: Evidence, parents: Sequence[Ints]) -> tuple[Evidence, list[Ints]]:
    """The same evidence without areas in which nobody was typed: they say nothing of tau."""
    kept = np.flatnonzero(finest.n)
    evidence_kept = Evidence(
        finest.score[kept], finest.information[kept], finest.parent[kept], finest.n[kept]
    )
    nesting: list[Ints] = []
    for parent in reversed(parents):
        kept, place = np.unique(parent[kept], return_inverse=True)
        nesting.insert(0, place.reshape(-1).astype(np.int64))
    return evidence_kept, nesting


@dataclass(frozen=True, eq=False)
class _Level:
    """One level with its own residual integrated out, given the coarser ones.

    The residual of area z given s, the sum of the coarser: mean `inverse` (score - H s),
    covariance `inverse`.
    """

    score: Floats
    information: Floats
    inverse: Floats
    parent: Ints


def _upwards(
    finest: Evidence, parents: Sequence[Ints], tau: Floats
) -> tuple[list[_Level], Floats, Floats, float]:
    """All levels, finest first; the national score and information; the log-likelihood."""
    score, information, value = finest.score, finest.information, 0.0
    k = score.shape[1]
    levels: list[_Level] = []
    for depth in range(len(parents) - 1, -1, -1):
        parent, variance = parents[depth], tau[depth] ** 2
        precision = information + np.diag(1 / variance)
        inverse: Floats = np.linalg.inv(precision).astype(np.float64, copy=False)
        levels.append(_Level(score, information, inverse, parent))
        mean = np.einsum("zij,zj->zi", inverse, score)
        value += 0.5 * float((score * mean).sum())
        value -= 0.5 * float(np.linalg.slogdet(precision)[1].sum())
        value -= 0.5 * len(parent) * float(np.log(variance).sum())
        rest_score = score - np.einsum("zij,zj->zi", information, mean)
        rest = information - information @ inverse @ information
        size = len(parents[depth - 1]) if depth else 1
        score, information = np.zeros((size, k)), np.zeros((size, k, k))
        np.add.at(score, parent, rest_score)
        np.add.at(information, parent, (rest + rest.transpose(0, 2, 1)) / 2)
    return levels, score[0], information[0], value


def _downwards(
    levels: Sequence[_Level], top: Floats, spread: Floats
) -> list[tuple[Floats, Floats, Floats, Floats]]:
    """Per level, coarsest first: mean and covariance of the sum of residuals, and of the own."""
    mean, covariance = top[None, :], spread[None, :, :]
    eye = np.eye(len(top))
    found = []
    for level in reversed(levels):
        above, above_spread = mean[level.parent], covariance[level.parent]
        gain = level.inverse @ level.information
        own = np.einsum("zij,zj->zi", level.inverse, level.score)
        own -= np.einsum("zij,zj->zi", gain, above)
        own_spread = level.inverse + gain @ above_spread @ gain.transpose(0, 2, 1)
        through = eye - gain
        mean = above + own
        covariance = level.inverse + through @ above_spread @ through.transpose(0, 2, 1)
        found.append((mean, covariance, own, own_spread))
    return found


def _restricted(finest: Evidence, parents: Sequence[Ints], tau: Floats) -> tuple[float, Floats]:
    """Restricted log-likelihood, and its slope in the log of tau (by Fisher's identity)."""
    levels, score, information, value = _upwards(finest, parents, tau)
    top, spread, log_det = _national(score, information)
    value += 0.5 * float(score @ top) - 0.5 * log_det
    slope = np.empty_like(tau)
    for depth, (_, _, own, own_spread) in enumerate(_downwards(levels, top, spread)):
        squared = own**2 + np.diagonal(own_spread, axis1=1, axis2=2)
        slope[depth] = squared.sum(axis=0) / tau[depth] ** 2 - len(own)
    return value, slope


def _national(score: Floats, information: Floats) -> tuple[Floats, Floats, float]:
    """The national difference as a free effect; the direction that shifts all stays zero."""
    values, vectors = np.linalg.eigh(information)
    kept = values > values.max() * 1e-8
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return inverse @ score, inverse, float(np.log(values[kept]).sum())


def _posterior(finest: Evidence, parents: Sequence[Ints], tau: Floats) -> Residuals:
    """Posterior of all areas given tau; the national difference is taken out, not added."""
    levels, score, information, _ = _upwards(finest, parents, tau)
    top, spread, _ = _national(score, information)
    found = _downwards(levels, top, spread)
    # Areas differ from the nation by their residuals: the sum less the free national effect.
    means = [mean - top for mean, _, _, _ in found]
    counts = [finest.n]
    for size, parent in zip(map(len, reversed(parents[:-1])), reversed(parents[1:]), strict=True):
        counts.insert(0, np.bincount(parent, counts[0], size).astype(np.int64))
    eye = np.eye(len(top))
    return Residuals(
        tau,
        tuple(means),
        tuple(covariance for _, covariance, _, _ in found),
        tuple(counts),
        tuple(level.inverse for level in reversed(levels)),
        tuple(eye - level.inverse @ level.information for level in reversed(levels)),
    )


def over_parents(
    residuals: Residuals, level: int, parent: ArrayLike, shares: ArrayLike
) -> tuple[Floats, Floats]:
    """Residual of coarser areas as the mean over the areas they consist of: (M, K), (M, K, K).

    `level`: that of the parts; `parent` (Z,): the place of every part in the level above;
    `shares` (Z,): its residents. Returns posterior means and covariances. An area without
    residents in any part keeps the residual of its own level.
    """
    of, w = np.asarray(parent, dtype=np.int64), np.asarray(shares, dtype=np.float64)
    mean, spread = residuals.mean[level - 1].copy(), residuals.covariance[level - 1]
    total = np.bincount(of, w, len(mean))
    w = w / np.where(total > 0, total, 1.0)[of]
    through, given = np.zeros_like(spread), np.zeros_like(spread)
    averaged = np.zeros_like(mean)
    np.add.at(through, of, w[:, None, None] * residuals.through[level])
    np.add.at(given, of, w[:, None, None] ** 2 * residuals.given[level])
    np.add.at(averaged, of, w[:, None] * residuals.mean[level])
    both = given + through @ spread @ through.transpose(0, 2, 1)
    lived_in = total > 0
    mean[lived_in] = averaged[lived_in]
    return mean, np.where(lived_in[:, None, None], both, spread)
