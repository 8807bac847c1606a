"""The raking kernel."""

from __future__ import annotations

import numpy as np
import pytest

from flows.statistics import raking
from flows.statistics.raking import can_be_swept, relative_errors, summarise


def problem(seed: int, n: int, sizes: list[int], groups: int = 1) -> tuple:
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, size, n) for size in sizes]
    group = rng.integers(0, groups, n)
    base = rng.lognormal(0, 0.4, n)
    truth = base * rng.lognormal(0, 0.4, n)
    targets = [
        np.bincount(group * size + c, truth, groups * size).reshape(groups, size)
        for c, size in zip(codes, sizes, strict=True)
    ]
    return codes, targets, base, None if groups == 1 else group


def rake(codes, targets, base, group=None, **options) -> raking.Raked:
    sizes = [target.shape[1] for target in targets]
    sample = summarise(codes, sizes, base, group, len(targets[0]))
    return raking.rake(sample, targets, **options)


def row_by_row(codes, targets, base, sweeps):
    weights = base.copy()
    for _ in range(sweeps):
        for code, target in zip(codes, targets, strict=True):
            weights *= (target / np.bincount(code, weights, len(target)))[code]
    return weights


@pytest.mark.parametrize("sizes", [[4], [4, 3], [5, 4, 3], [3, 7, 2, 4, 5]])
def test_equals_raking_respondent_by_respondent(sizes):
    codes, targets, base, _ = problem(1, 2000, sizes)
    raked = rake(codes, targets, base, tolerance=1e-13)
    assert raked.converged.all()
    expected = row_by_row(codes, [target[0] for target in targets], base, 200)
    np.testing.assert_allclose(base * raked.factors, expected, rtol=1e-10)


@pytest.mark.parametrize("dense", [True, False])
def test_groups_together_equal_each_group_alone(dense, monkeypatch):
    codes, targets, base, group = problem(2, 4000, [4, 3, 2, 5], groups=9)
    if not dense:
        monkeypatch.setattr(raking, "DENSE_CELLS", 10)
    raked = rake(codes, targets, base, group, tolerance=1e-11)
    assert raked.converged.all()
    assert len(set(raked.iterations.tolist())) > 1  # so that some leave before others
    for g in range(9):
        own = group == g
        alone = rake(
            [code[own] for code in codes],
            [target[g : g + 1] for target in targets],
            base[own],
            tolerance=1e-11,
        )
        np.testing.assert_allclose(raked.factors[own], alone.factors, rtol=1e-9)
        assert 0 <= raked.iterations[g] - alone.iterations[0] <= 3


def test_a_group_that_cannot_be_raked_does_not_hinder_the_others():
    code = np.array([0, 0, 1, 1, 0, 1])
    group = np.array([0, 0, 0, 0, 1, 1])
    targets = np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([[3.0, 1.0], [2.0, 2.0]])
    raked = rake([code, code], targets, np.ones(6), group)
    assert raked.converged.tolist() == [False, True]
    np.testing.assert_allclose(raked.factors[4:], 2.0)


def test_a_sparse_table_gives_the_same(monkeypatch):
    codes, targets, base, _ = problem(2, 500, [12, 9, 8, 7])
    dense = rake(codes, targets, base, tolerance=1e-10)
    monkeypatch.setattr(raking, "DENSE_CELLS", 10)
    sparse = rake(codes, targets, base, tolerance=1e-10)
    np.testing.assert_allclose(sparse.factors, dense.factors, rtol=1e-9)


def test_more_margins_than_splits_are_tried_for():
    codes, targets, base, _ = problem(3, 4000, [2] * 16)
    assert rake(codes, targets, base).converged.all()
    assert can_be_swept([2] * 16, 1)
    assert not can_be_swept([9] * 20, 1)
    assert not can_be_swept([20, 20, 20, 20], 342 * 100)


def test_contradictory_targets_do_not_converge():
    code = np.array([0, 0, 1, 1])
    raked = rake([code, code], [np.array([[1.0, 3.0]]), np.array([[3.0, 1.0]])], np.ones(4))
    assert not raked.converged.any()
    assert raked.error[0] > 0.1


def test_targets_already_met_take_no_sweep():
    raked = rake([np.array([0, 1])], [np.array([[1.0, 1.0]])], np.ones(2))
    assert raked.iterations.tolist() == [0]
    np.testing.assert_array_equal(raked.factors, 1)


def test_relative_errors_where_the_target_is_zero():
    errors = relative_errors(np.array([1.1, 0.0, 0.5]), np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(errors, [0.1, 0.0, 0.5])


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("sizes", [[4], [4, 3], [5, 4, 3, 2, 3]])
def test_pairs_are_the_two_way_tables(sizes, groups, dense, monkeypatch):
    codes, _, base, group = problem(4, 400, sizes, groups)
    if not dense:
        monkeypatch.setattr(raking, "DENSE_CELLS", 60)
    found = {(i, j): table for i, j, table in summarise(codes, sizes, base, group, groups).pairs()}
    assert {frozenset(pair) for pair in found} == {
        frozenset((i, j)) for i in range(len(sizes)) for j in range(i)
    }
    own = np.zeros(400, dtype=int) if group is None else group
    for (i, j), table in found.items():
        expected = np.zeros((groups, sizes[i], sizes[j]))
        np.add.at(expected, (own, codes[i], codes[j]), base)
        np.testing.assert_allclose(table, expected)
