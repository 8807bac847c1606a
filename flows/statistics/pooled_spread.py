"""One distribution for the spreads of many outcomes, each known from a likelihood on a grid.

How much areas differ in one answer is hard to tell from one survey, and an interval is as good as
that spread. So the logarithms of the spreads tau_h are taken as normal around a common mean mu
with a standard deviation s, both estimated from all outcomes together:

    log tau_h ~ N(mu, s^2),    mu ~ N(log TYPICAL, VAGUE^2),    s ~ half-normal(APART)

mu and s are integrated out on a grid, so that an outcome that is alone, or that differs, keeps a
spread of its own. The prior of mu is wide (95% of tau between .03 and 1.4): with a few outcomes
and enough areas it does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.special import logsumexp
from scipy.stats import norm

Floats = NDArray[np.float64]

TYPICAL, VAGUE, APART = 0.2, 1.0, 0.5
FINE = 241
MEANS, APARTS = 61, 12
NODES = 3


@dataclass(frozen=True, eq=False)
class PooledSpread:
    """Posterior of the spreads of H outcomes: `tau` (F,), `probability` (H, F), rows adding up
    to one. `mean`, `apart`: posterior means of mu and s."""

    tau: Floats
    probability: Floats
    mean: float
    apart: float

    @property
    def expected(self) -> Floats:
        """The posterior mean of tau (H,)."""
        return np.asarray(self.probability @ self.tau)

    def nodes(self, number: int = NODES) -> tuple[Floats, Floats]:
        """Spreads (H, J) and their weights (J,) that stand for the posterior in averages.

        Gauss-Hermite nodes z_j carried over by the quantile function: tau_j = F^-1(Phi(z_j)).
        """
        z, weight = np.polynomial.hermite_e.hermegauss(number)
        cumulated = np.cumsum(self.probability, axis=1)
        middle = cumulated - self.probability / 2
        at = norm.cdf(z)
        logs = np.log(self.tau)
        found = np.array([np.interp(at, row, logs) for row in middle])
        return np.exp(found), weight / weight.sum()


def pooled_spread(log_likelihood: ArrayLike, grid: ArrayLike) -> PooledSpread:
    """Pool log-likelihoods (H, G) of spreads on a grid (G,) that ascends.

    Between grid points the log-likelihood is a cubic spline in log tau.
    """
    values, taus = np.atleast_2d(np.asarray(log_likelihood, dtype=np.float64)), np.asarray(grid)
    logs = np.log(taus)
    fine = np.linspace(logs[0], logs[-1], FINE)
    told = CubicSpline(logs, values, axis=1)(fine)
    told -= told.max(axis=1, keepdims=True)
    mu = np.linspace(logs[0], logs[-1], MEANS)
    s = np.linspace(0.05, 1.5, APARTS)
    prior = (
        norm.logpdf(mu, np.log(TYPICAL), VAGUE)[:, None] + norm.logpdf(s, 0, APART)[None, :]
    ).reshape(-1)
    around = norm.logpdf(fine, mu[:, None, None], s[None, :, None]).reshape(-1, FINE)
    around -= logsumexp(around, axis=1, keepdims=True)
    # (hyper, H): what every outcome says of each mu and s.
    likelihood = np.exp(told)
    each = np.log(np.maximum(np.exp(around) @ likelihood.T, 1e-300))
    together = prior + each.sum(axis=1)
    weight = np.exp(together - logsumexp(together))
    kept = weight > 1e-8 * weight.max()
    # p(tau | all) = sum over (mu, s) of weight * around * likelihood / each
    mixed = (weight[kept, None] / np.exp(each[kept])).T @ np.exp(around[kept])
    probability = likelihood * mixed
    probability /= probability.sum(axis=1, keepdims=True)
    shape = (MEANS, APARTS)
    joint = weight.reshape(shape)
    return PooledSpread(
        np.exp(fine), probability, float(joint.sum(axis=1) @ mu), float(joint.sum(axis=0) @ s)
    )
