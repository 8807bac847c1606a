"""The Newton kernel and its distances."""

from __future__ import annotations

import numpy as np
import pytest

from flows.statistics.auxiliaries import Auxiliaries
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


SIZES = [3, 4]


def auxiliaries(seed: int = 4, n: int = 300, groups: int = 1, missing=False, q=0) -> Auxiliaries:
    rng = np.random.default_rng(seed)
    group = np.sort(rng.integers(0, groups, n)) if groups > 1 else None
    codes = [rng.integers(0, size, n) for size in SIZES]
    shares = [None, None]
    if missing:
        codes[1] = np.where(rng.random(n) < 0.2, SIZES[1], codes[1])
        shares[1] = rng.dirichlet(np.ones(SIZES[1]), groups)
    return Auxiliaries(codes, SIZES, shares, rng.normal(3, 1, (n, q)), group, groups)


def dense(x: Auxiliaries) -> np.ndarray:
    """The matrix of all groups, row by row: (rows, G, K)."""
    matrix = np.zeros((len(x.numeric), x.groups, x.count))
    for row in range(len(matrix)):
        g = 0 if x.group is None else x.group[row]
        parts = []
        for code, size, shares in zip(x.codes, x.sizes, x.shares, strict=True):
            parts.append(shares[g] if code[row] == size else np.eye(size)[code[row]])
        matrix[row, g] = np.concatenate([*parts, x.numeric[row]])
    return matrix


@pytest.mark.parametrize("groups", [1, 5])
@pytest.mark.parametrize(("missing", "q"), [(False, 0), (True, 0), (True, 2)])
def test_auxiliaries_are_products_with_their_matrix(groups, missing, q):
    x = auxiliaries(n=120, groups=groups, missing=missing, q=q)
    matrix, rng = dense(x), np.random.default_rng(1)
    b, w = rng.normal(size=(groups, x.count)), rng.uniform(1, 2, 120)
    np.testing.assert_allclose(x.product(b), np.einsum("rgk,gk->r", matrix, b), rtol=1e-12)
    np.testing.assert_allclose(x.totals(w), np.einsum("rgk,r->gk", matrix, w), rtol=1e-12)
    gram = np.einsum("rgk,rgl,r->gkl", matrix, matrix, w)
    np.testing.assert_allclose(x.gram(w), gram, rtol=1e-12)
    form = gram + np.eye(x.count)
    expected = np.einsum("rgk,gkl,rgl->r", matrix, form, matrix)
    np.testing.assert_allclose(x.quadratic(form), expected, rtol=1e-11)
    if groups == 1:
        np.testing.assert_allclose(x.matrix().toarray(), matrix[:, 0], rtol=1e-12)


@pytest.mark.parametrize("groups", [1, 5])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("distance", DISTANCES)
def test_totals_are_reached_although_variables_depend(distance, missing, groups):
    x, rng = auxiliaries(n=1500, groups=groups, missing=missing), np.random.default_rng(5)
    base = rng.uniform(1, 3, 1500)
    totals = x.totals(base * rng.uniform(0.8, 1.3, 1500))
    solved = newton(x, totals, base, distance, tolerance=1e-12)
    assert solved.converged.all()
    np.testing.assert_allclose(x.totals(base * solved.g), totals, rtol=1e-11)


def test_groups_together_equal_each_group_alone():
    x, rng = auxiliaries(n=1000, groups=4), np.random.default_rng(7)
    base = rng.uniform(1, 3, 1000)
    totals = x.totals(base * rng.uniform(0.6, 1.6, 1000))
    together = newton(x, totals, base, logit(0.4, 2.5), tolerance=1e-11)
    for g in range(4):
        own = x.group == g
        codes = [code[own] for code in x.codes]
        alone = Auxiliaries(codes, SIZES, [None, None], x.numeric[own], None, 1)
        solved = newton(alone, totals[[g]], base[own], logit(0.4, 2.5), tolerance=1e-11)
        np.testing.assert_allclose(together.g[own], solved.g, rtol=1e-8)


def test_linear_is_the_regression_estimator():
    x, rng = auxiliaries(), np.random.default_rng(6)
    base, y = rng.uniform(1, 3, 300), rng.normal(size=300)
    totals = x.totals(base * rng.uniform(0.8, 1.3, 300))
    g = newton(x, totals, base, linear(), tolerance=1e-12).g
    full = x.matrix().toarray()[:, :-1]
    beta = np.linalg.solve(full.T @ (base[:, None] * full), full.T @ (base * y))
    greg = base @ y + (totals[0, :-1] - full.T @ base) @ beta
    assert (base * g) @ y == pytest.approx(greg)


def test_totals_out_of_reach_do_not_converge():
    x, base = auxiliaries(), np.ones(300)
    totals = x.totals(base)
    totals[0, 0] += 50  # the two margins no longer have the same sum
    assert not newton(x, totals, base, raking()).converged.any()
    doubled = 3.0 * x.totals(base)
    assert not newton(x, doubled, base, logit(0.5, 2)).converged.any()


def test_a_group_out_of_reach_does_not_hinder_the_others():
    x, rng = auxiliaries(n=900, groups=3), np.random.default_rng(8)
    base = rng.uniform(1, 3, 900)
    totals = x.totals(base * rng.uniform(0.8, 1.3, 900))
    totals[1] *= 4
    solved = newton(x, totals, base, logit(0.5, 2), tolerance=1e-10)
    assert solved.converged.tolist() == [True, False, True]
    np.testing.assert_allclose(x.totals(base * solved.g)[[0, 2]], totals[[0, 2]], rtol=1e-9)
