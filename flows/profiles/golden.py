"""Typing by a few golden questions: Gaussian answers per profile around demographics.

log P(profile | answers, demographics) is log P(profile | demographics) + log N(golden
answers; mean of the profile, one covariance) / temperature, over the answers somebody gave:
what is missing is integrated out, never filled in. Means and covariance come from the
posteriors of the full model at its honest temperature, not from its labels, so that the
probabilities are about the person and not about the label (training on labels overstates
certainty by some ten points, on posteriors as they stand by one to three).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from flows.profiles.axes import mean_places
from flows.profiles.logit import Cells, log_prior
from flows.profiles.mixture import log_density

Floats = NDArray[np.float64]

SMALLEST_VARIANCE = 1e-3
TEMPERATURES = (0.3, 6.0)


@dataclass(frozen=True, eq=False)
class GoldenScorer:
    """`means` (K, g) and `covariance` (g, g) of standardised golden answers; logit (D+1, K).

    `centre`, `spread` (g,) standardise the answers. `temperature` divides the log density.
    """

    centre: Floats
    spread: Floats
    means: Floats
    covariance: Floats
    logit: Floats
    temperature: float = 1.0

    def log_densities(self, golden: Floats) -> Floats:
        """Log density (n, K) of golden answers (n, g) with NaN for no answer; 0 without any."""
        z = (golden - self.centre) / self.spread
        answered = ~np.isnan(z)
        out = np.zeros((len(z), len(self.means)))
        patterns, of = np.unique(answered, axis=0, return_inverse=True)
        of = of.reshape(-1)
        for index, pattern in enumerate(patterns):
            if not pattern.any():
                continue
            rows = np.flatnonzero(of == index)
            out[rows] = log_density(
                z[np.ix_(rows, np.flatnonzero(pattern))],
                self.means[:, pattern],
                self.covariance[np.ix_(pattern, pattern)],
            )
        return out

    def probabilities(self, golden: Floats, cells: Cells) -> Floats:
        """P(profile | golden answers, demographics): (n, K)."""
        prior = log_prior(self.logit, cells.design)[cells.of]
        return tempered(prior, self.log_densities(golden), self.temperature)

    def to_dict(self) -> dict[str, Any]:
        """The parameters as plain values for JSON."""
        arrays = ("centre", "spread", "means", "covariance", "logit")
        plain = {name: getattr(self, name).tolist() for name in arrays}
        return {**plain, "temperature": self.temperature}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> GoldenScorer:
        arrays = {name: np.array(v) for name, v in data.items() if name != "temperature"}
        return cls(**arrays, temperature=float(data["temperature"]))


def tempered(log_priors: Floats, log_densities: Floats, temperature: float) -> Floats:
    """Posteriors (n, K) of prior times density to the power 1 / temperature."""
    log_p = log_priors + log_densities / temperature
    log_p -= log_p.max(axis=1, keepdims=True)
    p = np.exp(log_p)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def fit_scorer(golden: Floats, posteriors: Floats, weights: Floats, logit: Floats) -> GoldenScorer:
    """Means and covariance of golden answers (n, g) from posteriors (n, K), weights (n,).

    Covariances are taken over the pairs of answers that exist and made positive definite.
    """
    memberships = posteriors * weights[:, None]
    answered = ~np.isnan(golden)
    mass = np.maximum(weights @ answered, 1e-12)
    centre = (weights @ np.where(answered, golden, 0.0)) / mass
    variance = (weights @ np.where(answered, (golden - centre) ** 2, 0.0)) / mass
    spread = np.sqrt(np.where(variance > 1e-12, variance, 1.0))
    z = (golden - centre) / spread
    means = np.nan_to_num(mean_places(z, memberships))
    within = np.zeros((golden.shape[1], golden.shape[1]))
    for k in range(posteriors.shape[1]):
        residual = np.where(answered, z - means[k], 0.0)
        within += (residual.T * memberships[:, k]) @ residual
    both = (answered.T * weights) @ answered
    covariance = np.divide(within, both, out=np.zeros_like(within), where=both > 1e-12)
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    covariance = (vectors * np.maximum(values, SMALLEST_VARIANCE)) @ vectors.T
    return GoldenScorer(centre, spread, means, covariance, logit)


def best_temperature(
    log_priors: Floats, log_densities: Floats, posteriors: Floats, weights: Floats
) -> float:
    """The temperature with the smallest cross-entropy from the full model's posteriors."""

    def cost(log_temperature: float) -> float:
        p = tempered(log_priors, log_densities, float(np.exp(log_temperature)))
        per_person = (posteriors * np.log(np.maximum(p, 1e-300))).sum(axis=1)
        return -float(weights @ per_person)

    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))


def expected_calibration_error(
    confidence: Floats, right: Floats, weights: Floats, bins: int = 10
) -> float:
    """Mean distance between confidence and share right over equally wide bins (0-1)."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(place, weights * (confidence - right), bins)
    return float(np.abs(gap).sum() / weights.sum())
