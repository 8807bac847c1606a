"""The raking kernel."""

from __future__ import annotations

import numpy as np
import pytest

from flows.statistics import raking
from flows.statistics.raking import combine, rake, relative_errors


def problem(seed: int, n: int, sizes: list[int]) -> tuple[list, list, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, size, n) for size in sizes]
    base = rng.lognormal(0, 0.4, n)
    truth = base * rng.lognormal(0, 0.4, n)
    targets = [np.bincount(c, truth, size) for c, size in zip(codes, sizes, strict=True)]
    return codes, targets, base


def row_by_row(codes, targets, base, sweeps):
    weights = base.copy()
    for _ in range(sweeps):
        for code, target in zip(codes, targets, strict=True):
            weights *= (target / np.bincount(code, weights, len(target)))[code]
    return weights


@pytest.mark.parametrize("sizes", [[4], [4, 3], [5, 4, 3], [3, 7, 2, 4, 5]])
def test_equals_raking_respondent_by_respondent(sizes):
    codes, targets, base = problem(1, 2000, sizes)
    raked = rake(codes, targets, base, tolerance=1e-13)
    assert raked.converged
    expected = row_by_row(codes, targets, base, 200)
    np.testing.assert_allclose(base * raked.factors, expected, rtol=1e-10)


def test_sparse_and_compressed_tables_give_the_same(monkeypatch):
    codes, targets, base = problem(2, 500, [12, 9, 8, 7])
    dense = rake(codes, targets, base, tolerance=1e-10)
    monkeypatch.setattr(raking, "DENSE_CELLS", 10)
    monkeypatch.setattr(raking, "OBSERVED_ONLY", 20)
    sparse = rake(codes, targets, base, tolerance=1e-10)
    np.testing.assert_allclose(sparse.factors, dense.factors, rtol=1e-9)


def test_more_margins_than_splits_are_tried_for():
    codes, targets, base = problem(3, 4000, [2] * 16)
    assert rake(codes, targets, base).converged


def test_contradictory_targets_do_not_converge():
    code = np.array([0, 0, 1, 1])
    raked = rake([code, code], [np.array([1.0, 3.0]), np.array([3.0, 1.0])], np.ones(4))
    assert not raked.converged
    assert raked.error > 0.1


def test_targets_already_met_take_no_sweep():
    raked = rake([np.array([0, 1])], [np.array([1.0, 1.0])], np.ones(2))
    assert raked.iterations == 0
    np.testing.assert_array_equal(raked.factors, 1)


def test_relative_errors_where_the_target_is_zero():
    errors = relative_errors(np.array([1.1, 0.0, 0.5]), np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(errors, [0.1, 0.0, 0.5])


def test_combine_numbers_every_combination(monkeypatch):
    codes = [np.array([0, 1, 1, 0]), np.array([2, 0, 0, 1])]
    for limit in (100, 2):
        monkeypatch.setattr(raking, "OBSERVED_ONLY", limit)
        key, seen = combine(codes, [2, 3], 4)
        for code, column in zip(codes, seen, strict=True):
            np.testing.assert_array_equal(column[key], code)
