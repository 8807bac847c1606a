import numpy as np
import pytest

from flows.statistics.linearisation import (
    degrees_of_freedom,
    linearised_covariance,
    poststratification_residual,
    raking_residual,
)


def test_strata_with_finite_population():
    z = np.array([[1.0], [3.0], [2.0], [2.0], [8.0]])
    strata = ["a", "a", "b", "b", "b"]
    population = [10, 10, 30, 30, 30]
    by_hand = (1 - 2 / 10) * 2 * np.var([1, 3], ddof=1)
    by_hand += (1 - 3 / 30) * 3 * np.var([2, 2, 8], ddof=1)
    assert linearised_covariance(z, strata, None, population)[0, 0] == pytest.approx(by_hand)


def test_clusters_count_as_their_sum_and_labels_may_repeat_over_strata():
    z = np.array([[1.0], [1.0], [4.0], [5.0]])
    expected = 2 * np.var([2, 4, 5][:2], ddof=1)
    assert linearised_covariance(z[:3], None, [7, 7, 8])[0, 0] == pytest.approx(expected)
    nested = linearised_covariance(z, [0, 0, 1, 1], [1, 2, 1, 2])
    assert nested[0, 0] == pytest.approx(0 + 2 * np.var([4, 5], ddof=1))
    assert degrees_of_freedom(4, [0, 0, 1, 1], [1, 2, 1, 2], np.ones(4, dtype=bool)) == 2


def test_a_lone_cluster_is_centred_at_zero():
    z = np.array([[2.0], [1.0], [3.0]])
    assert linearised_covariance(z, [0, 1, 1], None)[0, 0] == pytest.approx(4 + 4)


def test_residuals_leave_nothing_of_their_own_cells():
    rng = np.random.default_rng(1)
    cells, other = rng.integers(0, 3, 60), rng.integers(0, 2, 60)
    d = rng.uniform(1, 2, 60)
    u = rng.normal(size=(60, 2))
    residual = poststratification_residual(u, cells, d)
    for cell in range(3):
        here = cells == cell
        np.testing.assert_allclose(d[here] @ residual[here], 0, atol=1e-12)
    raked = raking_residual(u, [cells, other], cycles=50)
    np.testing.assert_allclose(raked[other == 1].mean(axis=0), 0, atol=1e-10)
