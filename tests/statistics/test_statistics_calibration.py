"""The Newton kernel and its distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from flows.statistics.calibration import linear, logit, newton, raking

DISTANCES = [linear(), linear(0.5, 2), raking(), raking(0.5, 2), logit(0.5, 2)]


@pytest.mark.parametrize("distance", DISTANCES)
def test_slope_and_integral_belong_to_f(distance):
    u = np.linspace(-3, 3, 601)
    h = 1e-6
    at_bend = np.abs(np.diff(distance.slope(u), prepend=np.nan, append=np.nan)) > 0.05
    smooth = ~(at_bend[:-1] | at_bend[1:])
    slope = (distance.F(u + h) - distance.F(u - h)) / (2 * h)
    np.testing.assert_allclose(slope[smooth], distance.slope(u)[smooth], atol=1e-5)
    primitive = (distance.integral(u + h) - distance.integral(u - h)) / (2 * h)
    np.testing.assert_allclose(primitive, distance.F(u), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(distance.F(np.zeros(1)), 1.0)


@pytest.mark.parametrize("distance", [linear(0.5, 2), raking(0.5, 2), logit(0.5, 2)])
def test_bounds_hold_far_out(distance):
    g = distance.F(np.array([-1e4, -50.0, 50.0, 1e4]))
    np.testing.assert_allclose(g, [0.5, 0.5, 2, 2])
    assert np.isfinite(distance.integral(np.array([-1e4, 1e4]))).all()


@pytest.fixture
def dummies() -> sparse.csr_array:
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 3, 300), rng.integers(0, 4, 300)
    return sparse.csr_array(np.hstack([np.eye(3)[a], np.eye(4)[b]]))


@pytest.mark.parametrize("distance", DISTANCES)
def test_totals_are_reached_although_columns_depend(dummies, distance):
    rng = np.random.default_rng(5)
    base = rng.uniform(1, 3, 300)
    totals = dummies.T @ (base * rng.uniform(0.8, 1.3, 300))
    solved = newton(dummies, totals, base, distance, tolerance=1e-12)
    assert solved.converged
    np.testing.assert_allclose(dummies.T @ (base * solved.g), totals, rtol=1e-11)


def test_linear_is_the_regression_estimator(dummies):
    rng = np.random.default_rng(6)
    base, y = rng.uniform(1, 3, 300), rng.normal(size=300)
    totals = dummies.T @ (base * rng.uniform(0.8, 1.3, 300))
    g = newton(dummies, totals, base, linear(), tolerance=1e-12).g
    x = dummies.toarray()[:, :-1]
    beta = np.linalg.solve(x.T @ (base[:, None] * x), x.T @ (base * y))
    greg = base @ y + (totals[:-1] - x.T @ base) @ beta
    assert (base * g) @ y == pytest.approx(greg)


def test_totals_out_of_reach_do_not_converge(dummies):
    base = np.ones(300)
    totals = dummies.T @ base
    totals[0] += 50  # the two margins no longer have the same sum
    assert not newton(dummies, totals, base, raking()).converged
    doubled = 3.0 * (dummies.T @ base)
    assert not newton(dummies, doubled, base, logit(0.5, 2)).converged
