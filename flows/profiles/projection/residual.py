"""What areas differ from their demographics: empirical-Bayes residuals of nested areas.

Model: the log-odds of the profiles of a person in area z of area m are those of the person's
demographics plus u_m + v_z (and so on, coarse to fine), normal with a standard deviation tau per
level and profile. The typed people of an area give a score and information (`evidence`).

tau maximises the restricted likelihood of the scores (Patterson and Thompson 1971, Biometrika
58, 545-554), with the national difference between sample and demographics as free effect, so
that a sample that is off everywhere moves no area. What each person alone would say of tau is
taken out of it: the linear score of one person knows nothing of how areas differ, and with few
people an area such persons would drown those who share one. All of it nests: the residuals of
the finest areas are integrated out first, what is left is a score and information for the next
level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from flows.profiles.projection.evidence import (
    Kinds,
    Typed,
    attenuated,
    kinds_of_people,
    summed,
    typed_people,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Slope = Callable[[Floats], tuple[float, Floats]]

LOG_TAU = (np.log(0.005), np.log(2.0))
TYPICAL, VAGUE = 0.2, 1.0
"""Where log tau is taken to be, and with what standard deviation, before people say anything: 95%
between .03 and 1.4. It matters only where hardly any two people live in one area."""

STEPS = 6
"""Rounds in which posterior means and the scores at them settle."""

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

    `memberships` (n, K): probabilities per person; `expected` (n, K): what the person's
    demographics alone say; `area` (n,): every person's finest area. `parents`, coarsest level
    first: per level the place (Z,) of every area among those one level coarser; zeros for the
    coarsest. Raises `ProfileError` for people outside the areas and memberships that are no
    probabilities.
    """
    levels = [np.asarray(parent, dtype=np.int64) for parent in parents]
    people = typed_people(memberships, expected, area, levels, weights).centred()
    return posterior(people, levels, estimate_tau(people, levels))


def estimate_tau(people: Typed, parents: Sequence[Ints]) -> Floats:
    """Standard deviations (levels, K) of the residuals.

    First one value a level for all profiles, then how profiles differ around it. Normal priors
    of `POOLING` on their logarithms hold profiles, and levels in succession, together; what is
    given is the posterior mean of tau, so that intervals are not too narrow where it is in
    doubt.
    """
    k, depth = people.r.shape[1], len(parents)
    likelihood = _Likelihood(kinds_of_people(people), parents)

    def common(logs: Floats) -> tuple[float, Floats]:
        value, slope = likelihood(np.exp(np.repeat(logs[:, None], k, axis=1)))
        step, pull = _apart(logs)
        return step - value, pull - slope.sum(axis=1)

    logs = minimize(
        common, np.full(depth, np.log(0.15)), jac=True, method="L-BFGS-B",
        bounds=[LOG_TAU] * depth, options={"maxiter": 30, "ftol": 1e-8},
    ).x  # fmt: skip

    def own(away: Floats) -> tuple[float, Floats]:
        both = away.reshape(depth, k)
        value, slope = likelihood(np.exp(logs[:, None] + both))
        penalty = (both**2).sum() / 2 / POOLING**2
        return penalty - value, (both / POOLING**2 - slope).ravel()

    away = minimize(
        own, np.zeros(depth * k), jac=True, method="L-BFGS-B",
        bounds=[(-3 * POOLING, 3 * POOLING)] * (depth * k), options={"maxiter": 15, "ftol": 1e-6},
    ).x.reshape(depth, k)  # fmt: skip
    away -= np.log((np.exp(2 * away)).mean(axis=1, keepdims=True)) / 2
    return np.asarray(np.exp(logs + _doubt(common, logs))[:, None] * np.exp(away))


def _doubt(common: Slope, logs: Floats) -> Floats:
    """What the doubt about tau adds to its logarithm, so that tau is its posterior mean.

    With log tau normal around the maximum with variance s^2 (from the curvature there), the
    mean of tau is exp(log tau + s^2 / 2).
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
    return np.asarray(np.diag(inverse) / 2)


def _apart(logs: Floats) -> tuple[float, Floats]:
    """Minus the log prior of the levels' log tau, and its slope."""
    away, steps = np.log(TYPICAL) - logs, np.diff(logs) / POOLING**2
    slope = -away / VAGUE**2
    slope[1:] += steps
    slope[:-1] -= steps
    return float((np.diff(logs) * steps).sum() / 2 + (away**2).sum() / 2 / VAGUE**2), slope


class _Likelihood:
    """The restricted log-likelihood of tau, less what every person would say of it alone.

    One person cannot tell whether areas differ: the variance of a label is what its mean makes
    it. Scores taken as normal would let every person do so, and people who live in an area
    alone are many. So the information is that of people whose area is not known (`attenuated`
    by the variance of all levels, whatever it is), and people alone are taken out.
    """

    def __init__(self, kinds: Kinds, parents: Sequence[Ints]) -> None:
        self.kept, self.parents = _with_people(kinds, parents)
        people = self.kept.people.tocoo()
        self.area, self.kind, self.times = people.row, people.col, people.data

    def __call__(self, tau: Floats) -> tuple[float, Floats]:
        """Value, and slope in the log of tau (levels, K)."""
        kinds, total = self.kept, (tau**2).sum(axis=0)
        size, k = kinds.score.shape
        single = attenuated(kinds.information, np.diag(total))
        weighted = kinds.weight[:, None, None] * single
        information = (kinds.people @ weighted.reshape(-1, k * k)).reshape(size, k, k)
        value, slope, area = _restricted(kinds.score, information, self.parents, tau)
        alone, slope_alone, person = self._alone(weighted, total)
        # How information falls with tau: G changes by -G dC G.
        joint = single[self.kind] * self.times[:, None, None] * kinds.weight[self.kind, None, None]
        through = np.einsum("nij,nji->i", joint @ area[self.area], single[self.kind])
        through -= np.einsum("uij,ujk,uki->i", weighted, person, single, optimize=True)
        return value - alone, slope + (through - slope_alone / total) * tau**2

    def _alone(self, information: Floats, variance: Floats) -> tuple[float, Floats, Floats]:
        """The same of people each in an area of their own; slope in log sd; squares of u."""
        count, squares = self.kept.count, self.kept.squares
        precision = information + np.diag(1 / variance)
        inverse: Floats = np.linalg.inv(precision).astype(np.float64, copy=False)
        log_det = np.linalg.slogdet(precision)[1] + np.log(variance).sum()
        value = 0.5 * float((inverse * squares).sum()) - 0.5 * float(count @ log_det)
        person = inverse @ squares @ inverse + count[:, None, None] * inverse
        slope = np.diagonal(person.sum(axis=0)) / variance - count.sum()
        return value, slope, person


def _with_people(kinds: Kinds, parents: Sequence[Ints]) -> tuple[Kinds, list[Ints]]:
    """The same without areas in which nobody was typed: they say nothing of tau."""
    kept = np.flatnonzero(np.diff(kinds.people.indptr))
    lived_in = replace(
        kinds, score=kinds.score[kept], people=kinds.people[kept], parent=kinds.parent[kept]
    )
    nesting: list[Ints] = []
    for parent in reversed(parents):
        kept, place = np.unique(parent[kept], return_inverse=True)
        nesting.insert(0, place.reshape(-1).astype(np.int64))
    return lived_in, nesting


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
    score: Floats, information: Floats, parents: Sequence[Ints], tau: Floats
) -> tuple[list[_Level], Floats, Floats, float]:
    """All levels, finest first; the national score and information; the log-likelihood."""
    value = 0.0
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
        score = summed(rest_score, parent, size)
        information = summed((rest + rest.transpose(0, 2, 1)) / 2, parent, size)
    return levels, score[0], information[0], value


def _downwards(
    levels: Sequence[_Level], top: Floats, spread: Floats
) -> list[tuple[Floats, Floats, Floats, Floats]]:
    """Per level, coarsest first: mean and covariance of the sum of residuals, the mean of the
    level's own, and its variances."""
    mean, covariance = top[None, :], spread[None, :, :]
    eye = np.eye(len(top))
    found = []
    for level in reversed(levels):
        above, above_spread = mean[level.parent], covariance[level.parent]
        gain = level.inverse @ level.information
        own = np.einsum("zij,zj->zi", level.inverse, level.score)
        own -= np.einsum("zij,zj->zi", gain, above)
        own_spread = np.diagonal(level.inverse, axis1=1, axis2=2) + np.einsum(
            "zij,zij->zi", gain @ above_spread, gain
        )
        through = eye - gain
        mean = above + own
        covariance = level.inverse + through @ above_spread @ through.transpose(0, 2, 1)
        found.append((mean, covariance, own, own_spread))
    return found


def _restricted(
    score: Floats, information: Floats, parents: Sequence[Ints], tau: Floats
) -> tuple[float, Floats, Floats]:
    """Restricted log-likelihood, its slope in the log of tau (by Fisher's identity), and the
    posterior mean of u u' of the finest areas, u the sum of their residuals."""
    levels, national, whole, value = _upwards(score, information, parents, tau)
    top, spread, log_det = _national(national, whole)
    value += 0.5 * float(national @ top) - 0.5 * log_det
    slope = np.empty_like(tau)
    found = _downwards(levels, top, spread)
    for depth, (_, _, own, own_spread) in enumerate(found):
        slope[depth] = (own**2 + own_spread).sum(axis=0) / tau[depth] ** 2 - len(own)
    mean, covariance = found[-1][:2]
    return value, slope, covariance + mean[:, :, None] * mean[:, None, :]


def _national(score: Floats, information: Floats) -> tuple[Floats, Floats, float]:
    """The national difference as a free effect; the direction that shifts all stays zero."""
    values, vectors = np.linalg.eigh(information)
    kept = values > values.max() * 1e-8
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return inverse @ score, inverse, float(np.log(values[kept]).sum())


def posterior(people: Typed, parents: Sequence[Ints], tau: Floats) -> Residuals:
    """Posterior of all areas given tau (levels, K); national differences are taken out.

    Scores and information are taken at the posterior mean of every area's residual, which moves
    with them: a few rounds from zero.
    """
    k = tau.shape[1]
    z = len(parents[-1])
    mean, covariance = np.zeros((z, k)), np.broadcast_to(np.diag((tau**2).sum(axis=0)), (z, k, k))
    for _ in range(STEPS):
        finest = people.at(mean, covariance)
        levels, score, information, _ = _upwards(finest.score, finest.information, parents, tau)
        top, spread, _ = _national(score, information)
        found = _downwards(levels, top, spread)
        moved = abs(found[-1][0] - mean).max()
        mean, covariance = found[-1][:2]
        if moved < 1e-3:
            break
    # Areas differ from the nation by their residuals: the sum less the free national effect.
    counts = [finest.n]
    for size, parent in zip(map(len, reversed(parents[:-1])), reversed(parents[1:]), strict=True):
        counts.insert(0, np.bincount(parent, counts[0], size).astype(np.int64))
    eye = np.eye(k)
    return Residuals(
        tau,
        tuple(mean - top for mean, _, _, _ in found),
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
