from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.mixture import GaussianMixture

from flows.profiles.logit import Cells, fit_logit, log_prior
from flows.profiles.mixture import (
    Mixture,
    fit_mixture,
    maximise,
    posterior,
    run_em,
    seed_memberships,
)

CENTRES = np.array([[2.0, 0, 0], [-2, 0, 0], [0, 2.5, 0], [0, 0, 2.5]])


def blobs(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 4, n)
    return CENTRES[label] + rng.normal(size=(n, 3)) @ np.diag([1.0, 0.7, 1.2]), label


def nobody(n: int) -> Cells:
    return Cells.of_rows(np.empty((n, 0)))


def test_likelihood_and_parameters_equal_those_of_sklearn_from_the_same_start() -> None:
    x, _ = blobs(800, 1)
    start = np.array([[1.5, 0.3, 0], [-1, 0, 0.2], [0, 1.5, 0], [0, 0.2, 1.5]])
    theirs = GaussianMixture(
        4,
        covariance_type="tied",
        means_init=start,
        weights_init=np.full(4, 0.25),
        precisions_init=np.eye(3),
        tol=1e-10,
        max_iter=3000,
        reg_covar=0,
    ).fit(x)
    first = Mixture(start, np.eye(3), np.zeros((1, 4)))
    w = np.full(800, 1 / 800)
    ours = run_em(first, x, nobody(800), w, iterations=3000, tolerance=1e-11)
    assert ours.converged
    assert ours.log_likelihood == pytest.approx(theirs.score(x), rel=1e-6)
    np.testing.assert_allclose(ours.means, theirs.means_, atol=1e-3)
    np.testing.assert_allclose(ours.covariance, theirs.covariances_, atol=1e-3)
    shares = np.exp(log_prior(ours.logit, np.ones((1, 1))))[0]
    np.testing.assert_allclose(shares, theirs.weights_, atol=1e-3)


def test_many_starts_find_the_likelihood_that_sklearn_finds() -> None:
    x, _ = blobs(600, 2)
    theirs = GaussianMixture(4, covariance_type="tied", n_init=5, random_state=0, tol=1e-7).fit(x)
    ours = fit_mixture(x, nobody(600), np.ones(600), 4, seed=1, starts=5)
    assert ours.log_likelihood >= theirs.score(x) - 1e-3


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_em_never_lowers_the_likelihood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, _ = blobs(150, seed)
    cells = Cells.of_rows(rng.integers(0, 2, size=(150, 2)).astype(float))
    w = rng.random(150)
    w /= w.sum()
    memberships = seed_memberships(x, w, 3, rng) * w[:, None]
    mixture = maximise(x, cells, memberships)
    values = []
    for _ in range(12):
        mixture = run_em(mixture, x, cells, w, iterations=1, tolerance=-1)
        values.append(mixture.log_likelihood)
    assert np.all(np.diff(values) > -1e-5)


def test_integer_weights_are_repeated_rows() -> None:
    x, _ = blobs(300, 3)
    rng = np.random.default_rng(0)
    demographics = rng.integers(0, 2, size=(300, 1)).astype(float)
    times = rng.integers(1, 4, 300)
    by_weight = fit_mixture(x, Cells.of_rows(demographics), times, 4, seed=1, starts=3)
    by_rows = fit_mixture(
        np.repeat(x, times, axis=0),
        Cells.of_rows(np.repeat(demographics, times, axis=0)),
        np.ones(times.sum()),
        4,
        seed=1,
        starts=3,
    )
    np.testing.assert_allclose(by_weight.means, by_rows.means, atol=1e-6)
    np.testing.assert_allclose(by_weight.covariance, by_rows.covariance, atol=1e-6)
    np.testing.assert_allclose(by_weight.logit, by_rows.logit, atol=1e-5)


def test_the_logit_is_the_penalised_maximum() -> None:
    rng = np.random.default_rng(4)
    n, k = 400, 3
    rows = rng.integers(0, 3, size=(n, 2)) - 1.0
    soft = rng.dirichlet(np.ones(k), n)
    eta = np.hstack([np.ones((n, 1)), rows]) @ rng.normal(size=(3, k))
    soft = 0.3 * soft + 0.7 * np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    cells = Cells.of_rows(rows)
    ours = fit_logit(cells, soft / n, steps=3000)

    def cost(flat: np.ndarray) -> float:
        logit = flat.reshape(3, k)
        p = log_prior(logit, cells.design)[cells.of]
        return -float((soft * p).sum() / n) + 0.5e-4 * float((logit[1:] ** 2).sum())

    best = minimize(cost, np.zeros(9), options={"gtol": 1e-8})
    assert cost(ours.ravel()) == pytest.approx(best.fun, abs=1e-7)
    p = np.exp(log_prior(ours, cells.design))
    best_p = np.exp(log_prior(best.x.reshape(3, k), cells.design))
    np.testing.assert_allclose(p, best_p, atol=1e-3)


def test_demographics_move_people_to_the_profile_they_go_with() -> None:
    x, label = blobs(2000, 5)
    rng = np.random.default_rng(5)
    tells = (rng.random(2000) < np.where(label < 2, 0.9, 0.1)).astype(float)
    alone = fit_mixture(x, nobody(2000), np.ones(2000), 4, seed=1, starts=4)
    cells = Cells.of_rows(tells[:, None])
    both = fit_mixture(x, cells, np.ones(2000), 4, seed=1, starts=4)
    assert both.log_likelihood > alone.log_likelihood + 0.1
    p = posterior(both, x, cells)
    np.testing.assert_allclose(p.sum(axis=1), 1)


def test_collinear_and_constant_demographics_do_no_harm() -> None:
    x, label = blobs(500, 6)
    one = (label < 2).astype(float)
    cells = Cells.of_rows(np.column_stack([one, one, 1 - one, np.zeros(500)]))
    mixture = fit_mixture(x, cells, np.ones(500), 4, seed=1, starts=3)
    assert np.isfinite(mixture.log_likelihood)
    assert np.isfinite(mixture.logit).all()
    assert np.abs(mixture.logit).max() < 30


def test_identical_people_give_no_components_and_no_crash() -> None:
    mixture = fit_mixture(np.zeros((100, 2)), nobody(100), np.ones(100), 4, seed=1, starts=3)
    assert mixture.log_likelihood == float("-inf")


def test_fewer_distinct_people_than_components_is_survived() -> None:
    x = np.repeat(np.array([[0.0, 0], [1, 1], [0, 1]]), 30, axis=0)
    mixture = fit_mixture(x, nobody(90), np.ones(90), 6, seed=1, starts=3)
    assert mixture.log_likelihood == float("-inf") or np.isfinite(mixture.means).all()
