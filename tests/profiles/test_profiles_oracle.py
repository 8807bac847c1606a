"""Our mixture beside StepMix's, which was written by others: weights, concomitants, both.

StepMix 3.0.0 takes weights but leaves them out of a covariance that components share (with
uneven ones it stops at a matrix that is not positive definite). So it gets whole weights as
rows repeated as often.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from stepmix.stepmix import StepMix

from flows.profiles.logit import Cells
from flows.profiles.mixture import Mixture, fit_mixture, posterior, run_em

CENTRES = np.array([[1.6, 0, 0], [-1.6, 0, 0.5], [0, 2.0, 0], [0.3, -0.4, 2.0]])


def survey(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores (n, 3), two standardised demographics (n, 2) that go with them, weights (n,)."""
    rng = np.random.default_rng(seed)
    rows = np.column_stack([rng.integers(0, 2, n) * 2.0 - 1.0, rng.integers(0, 3, n) - 1.0])
    eta = rows @ np.array([[0.6, -0.6, 0.2, 0.0], [0.4, 0.3, -0.5, -0.2]])
    chance = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    label = (chance.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    scores = CENTRES[label] + rng.normal(size=(n, 3)) @ np.diag([0.8, 0.7, 1.0])
    return scores, rows, rng.integers(1, 4, n)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("concomitants", [False, True])
def test_posteriors_and_means_are_those_of_stepmix(weighted: bool, concomitants: bool) -> None:
    scores, rows, weights = survey(700, seed=11)
    weights = weights if weighted else np.ones(700)
    cells = Cells.of_rows(rows if concomitants else np.empty((700, 0)))
    quick = fit_mixture(scores, cells, weights, 4, seed=1, starts=6)
    share = weights / weights.sum()
    ours = run_em(quick, scores, cells, share, iterations=3000, tolerance=1e-12)

    repeated = np.repeat(np.arange(700), weights.astype(int))
    theirs = StepMix(
        4,
        n_steps=1,
        measurement="gaussian_tied",
        structural="covariate" if concomitants else "gaussian_unit",
        structural_params={"method": "newton-raphson", "max_iter": 5} if concomitants else None,
        n_init=12,
        random_state=2,
        abs_tol=1e-9,
        max_iter=2000,
        progress_bar=0,
    )
    theirs.fit(scores[repeated], rows[repeated] if concomitants else None)
    measured = theirs.get_parameters()["measurement"]
    means = measured["means"]
    order = linear_sum_assignment(((ours.means[:, None] - means[None]) ** 2).sum(axis=2))[1]
    np.testing.assert_allclose(ours.means, means[order], atol=0.01)
    np.testing.assert_allclose(ours.covariance, measured["covariances"], atol=0.01)
    found = theirs.predict_proba(scores, rows if concomitants else None)[:, order]
    p = posterior(ours, scores, cells)
    np.testing.assert_allclose(p, found, atol=0.02)
    assert np.abs(p - found).mean() < 2e-3


def test_weights_are_not_ignored() -> None:
    """The comparison above would pass for a mixture without weights if they did nothing."""
    scores, rows, weights = survey(700, seed=11)
    cells = Cells.of_rows(rows)

    def sizes(w: np.ndarray) -> np.ndarray:
        mixture: Mixture = fit_mixture(scores, cells, w, 4, seed=1, starts=6)
        return np.sort(w @ posterior(mixture, scores, cells) / w.sum())

    up = np.where(scores[:, 0] > 0.8, 5.0, 1.0)
    assert np.abs(sizes(np.ones(700)) - sizes(up * weights)).max() > 0.05
