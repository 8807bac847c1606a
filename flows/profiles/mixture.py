"""Gaussian mixture with one covariance for all components and demographics as concomitants.

The density of the factor scores y of a person with demographics x is
sum_k P(k | x) N(y; mu_k, Sigma), with P(k | x) a multinomial logit (Dayton & Macready 1988;
in LCA software "covariates", one-step). All components share Sigma, so a component cannot
collapse on a few people and differences in response style within profiles are absorbed.

Everything is an average over weights that sum to one: integer weights give exactly what
repeating the rows gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from flows.profiles.logit import Cells, fit_logit, log_prior

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

JITTER = 1e-6  # share of the total variance added to the covariance's diagonal
SHORT = 30
KEPT, KEPT_ROWS = 3, 30_000
FEWEST = 1e-3  # of an equal share: a component below it is empty
SMALL, HARDLY_WORSE = 0.25, 0.002  # see `_best`


@dataclass(frozen=True, eq=False)
class Mixture:
    """Parameters of K components in q dimensions with D concomitant columns.

    `means` (K, q), `covariance` (q, q), `logit` (D + 1, K): the first row is the intercept,
    columns sum to zero. `log_likelihood` is the weighted mean per person.
    """

    means: Floats
    covariance: Floats
    logit: Floats
    log_likelihood: float = float("-inf")
    iterations: int = 0
    converged: bool = False

    @property
    def components(self) -> int:
        return int(self.means.shape[0])

    @property
    def parameters(self) -> int:
        """Number of free parameters."""
        k, q = self.means.shape
        return int(k * q + q * (q + 1) // 2 + (k - 1) * self.logit.shape[0])

    def ordered(self, order: list[int]) -> Mixture:
        """The same mixture with component `order[k]` in place k."""
        return replace(self, means=self.means[order], logit=self.logit[:, order])

    def to_dict(self) -> dict[str, Any]:
        """The mixture as plain values for JSON."""
        return {
            "means": self.means.tolist(),
            "covariance": self.covariance.tolist(),
            "logit": self.logit.tolist(),
            "log_likelihood": self.log_likelihood,
            "iterations": self.iterations,
            "converged": self.converged,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Mixture:
        arrays = {name: np.array(data[name]) for name in ("means", "covariance", "logit")}
        return cls(**{**data, **arrays})


def log_density(scores: Floats, means: Floats, covariance: Floats) -> Floats:
    """Log of the Gaussian density of each person under each component: (n, K)."""
    root = cholesky(covariance, lower=True)
    y = solve_triangular(root, scores.T, lower=True).T
    m = solve_triangular(root, means.T, lower=True).T
    constant = scores.shape[1] * np.log(2 * np.pi) + 2 * np.log(np.diag(root)).sum()
    square = (y**2).sum(axis=1)[:, None] - 2 * (y @ m.T) + (m**2).sum(axis=1)
    return np.asarray(-0.5 * (square + constant))


def posterior(mixture: Mixture, scores: Floats, cells: Cells, temperature: float = 1.0) -> Floats:
    """P(component | scores, concomitants): (n, K), rows sum to one.

    `temperature` divides the log density of the scores: above 1, they count for less.
    """
    return _expect(mixture, scores, cells, temperature)[0]


def _expect(
    mixture: Mixture, scores: Floats, cells: Cells, temperature: float = 1.0
) -> tuple[Floats, Floats]:
    """Posteriors (n, K) and log-likelihood per person (n,)."""
    log_p = log_density(scores, mixture.means, mixture.covariance) / temperature
    log_p += log_prior(mixture.logit, cells.design)[cells.of]
    top = log_p.max(axis=1)
    log_p -= top[:, None]
    np.exp(log_p, out=log_p)
    total = log_p.sum(axis=1)
    log_p /= total[:, None]
    return log_p, np.log(total) + top


def maximise(
    scores: Floats,
    cells: Cells,
    responsibilities: Floats,
    logit: Floats | None = None,
    steps: int = 2,
) -> Mixture:
    """Parameters from weighted memberships (n, K) that sum to one in all."""
    size = responsibilities.sum(axis=0)
    means = (responsibilities.T @ scores) / np.maximum(size, 1e-12)[:, None]
    weight = responsibilities.sum(axis=1)
    total = (scores.T * weight) @ scores
    within = total - (means.T * size) @ means
    within = 0.5 * (within + within.T)
    within[np.diag_indices_from(within)] += JITTER * np.trace(total) / len(total)
    if logit is None:
        logit = np.zeros((cells.design.shape[1], len(size)))
        logit[0] = np.log(np.maximum(size, 1e-12))
    logit = fit_logit(cells, responsibilities, logit, steps)
    return Mixture(means, within, logit)


def run_em(
    mixture: Mixture,
    scores: Floats,
    cells: Cells,
    weights: Floats,
    *,
    iterations: int,
    tolerance: float = 1e-6,
) -> Mixture:
    """EM from given parameters until the mean log-likelihood gains less than `tolerance`.

    `weights` (n,) sum to one. A component that loses its people makes the run worthless: it
    is returned with log-likelihood -inf.
    """
    before = float("-inf")
    worthless = replace(mixture, log_likelihood=float("-inf"))
    try:
        for step in range(1, iterations + 1):
            memberships, log_likelihood = _expect(mixture, scores, cells)
            value = float(weights @ log_likelihood)
            if step > 1 and value - before < tolerance:
                return replace(mixture, log_likelihood=value, iterations=step, converged=True)
            before = value
            memberships *= weights[:, None]
            if memberships.sum(axis=0).min() < FEWEST / mixture.components:
                return worthless
            mixture = maximise(scores, cells, memberships, mixture.logit)
        value = float(weights @ _expect(mixture, scores, cells)[1])
    except LinAlgError:  # the scores span fewer dimensions than they have columns
        return worthless
    return replace(mixture, log_likelihood=value, iterations=iterations)


def seed_memberships(
    scores: Floats, weights: Floats, components: int, rng: np.random.Generator, rounds: int = 8
) -> Floats:
    """k-means++ seeds and a few rounds of k-means: hard memberships (n, K)."""
    n = len(scores)
    square = (scores**2).sum(axis=1)
    centres = np.empty((components, scores.shape[1]))
    chance = weights
    nearest = np.full(n, np.inf)
    for k in range(components):
        cumulative = np.cumsum(chance)
        pick = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
        centres[k] = scores[min(pick, n - 1)]
        distance = square - 2 * scores @ centres[k] + centres[k] @ centres[k]
        nearest = np.minimum(nearest, np.maximum(distance, 0))
        chance = weights * nearest
        if chance.sum() <= 0:
            chance = weights
    labels = np.zeros(n, dtype=np.int64)
    for _ in range(rounds):
        labels = np.argmin((centres**2).sum(axis=1) - 2 * scores @ centres.T, axis=1)
        size = np.bincount(labels, weights, components)
        for j in range(scores.shape[1]):
            total = np.bincount(labels, weights * scores[:, j], components)
            np.divide(total, size, out=centres[:, j], where=size > 0)
    return np.eye(components)[labels]


def fit_mixture(
    scores: Floats,
    cells: Cells,
    weights: Floats,
    components: int,
    *,
    seed: int,
    starts: int = 20,
    kept: int | None = None,
    iterations: int = 400,
    tolerance: float = 1e-6,
) -> Mixture:
    """The best of `starts` random starts.

    Every start runs `SHORT` iterations; the best `kept` (default: 3 of 10,000 people, more of
    fewer) run on until convergence. Returns a mixture with log-likelihood -inf when no start
    kept people in all components.
    `scores` (n, q) should be roughly spherical, the design of `cells` roughly standardised.
    """
    weights = weights / weights.sum()
    kept = max(KEPT, KEPT_ROWS // len(scores)) if kept is None else kept
    rng = np.random.default_rng(seed)
    short: list[Mixture] = []
    for _ in range(starts):
        memberships = seed_memberships(scores, weights, components, rng)
        try:
            first = maximise(scores, cells, memberships * weights[:, None])
        except LinAlgError:
            continue
        short.append(run_em(first, scores, cells, weights, iterations=SHORT, tolerance=tolerance))
    short.sort(key=lambda mixture: -mixture.log_likelihood)
    alive = [mixture for mixture in short if np.isfinite(mixture.log_likelihood)][:kept]
    if not alive:
        q, d = scores.shape[1], cells.design.shape[1]
        return Mixture(np.zeros((components, q)), np.eye(q), np.zeros((d, components)))
    done = [
        run_em(mixture, scores, cells, weights, iterations=iterations, tolerance=tolerance)
        for mixture in alive
    ]
    return _best(done, scores, cells, weights) or alive[0]


def _best(done: list[Mixture], scores: Floats, cells: Cells, weights: Floats) -> Mixture | None:
    """The run with the highest likelihood, unless it has a tiny component for next to nothing.

    On real answers many solutions differ by a hair. One whose smallest component is under a
    quarter of an equal share gives way to the best without such a component, if that costs
    less than 0.002 of log-likelihood per person: too few people to report on would be left.
    """
    done = [mixture for mixture in done if np.isfinite(mixture.log_likelihood)]
    if not done:
        return None
    best = max(done, key=lambda mixture: mixture.log_likelihood)

    def balanced(mixture: Mixture) -> bool:
        sizes = weights @ _expect(mixture, scores, cells)[0]
        return bool(sizes.min() >= SMALL / mixture.components)

    near = [m for m in done if best.log_likelihood - m.log_likelihood < HARDLY_WORSE]
    return max(filter(balanced, near), key=lambda m: m.log_likelihood, default=best)
