"""The Rao-Scott test where the answer is known: Pearson in a simple sample, 5% under clusters."""

import numpy as np
import pytest
from scipy import stats

from flows.statistics.linearisation import linearised_covariance
from flows.statistics.rao_scott import (
    cell_contributions,
    mean_corrected,
    rao_scott,
    saddlepoint,
    wald,
)


def simple_sample(n=900, seed=1):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 4, n)
    columns = np.where(rng.random(n) < 0.3, rows % 3, rng.integers(0, 3, n))
    return rows, columns


def prepared(rows, columns, shape, weights, nu=None, **design):
    shares, u = cell_contributions(rows, columns, shape, weights)
    covariance = linearised_covariance(weights[:, None] * u, **design)
    return shares[None], covariance[None], nu or len(rows) - 1


def test_in_a_simple_sample_it_is_pearsons_chi_square():
    rows, columns = simple_sample()
    n = len(rows)
    counts = np.zeros((4, 3))
    np.add.at(counts, (rows, columns), 1)
    pearson = stats.chi2_contingency(counts, correction=False)
    shares, covariance, nu = prepared(rows, columns, (4, 3), np.ones(n))
    found = rao_scott(shares, covariance, nu)
    assert found.df1[0] == pytest.approx(6)
    assert found.statistic[0] == pytest.approx(pearson.statistic / 6 * (n - 1) / n)
    first = mean_corrected(shares, covariance, n)
    assert first.statistic[0] == pytest.approx(pearson.statistic)
    assert first.p[0] == pytest.approx(stats.chi2.sf(pearson.statistic * (n - 1) / n, 6))


def test_the_saddlepoint_is_near_the_f_test_where_the_design_is_simple():
    rng = np.random.default_rng(6)
    for tilt in (0.0, 0.03, 0.08):
        rows = rng.integers(0, 4, 900)
        columns = np.where(rng.random(900) < tilt, rows % 3, rng.integers(0, 3, 900))
        shares, covariance, nu = prepared(rows, columns, (4, 3), np.ones(900))
        x2, p = saddlepoint(shares[0], covariance[0], 900, nu)
        found = rao_scott(shares, covariance, nu)
        assert x2 == pytest.approx(mean_corrected(shares, covariance, 900).statistic[0])
        assert p == pytest.approx(found.p[0], rel=0.03)


def test_the_scale_of_the_weights_does_not_matter():
    rows, columns = simple_sample()
    weights = np.random.default_rng(2).gamma(3, 1, len(rows))
    one = rao_scott(*prepared(rows, columns, (4, 3), weights))
    other = rao_scott(*prepared(rows, columns, (4, 3), 1e4 * weights))
    assert one.statistic == pytest.approx(other.statistic)
    assert one.p == pytest.approx(other.p)


def test_empty_rows_and_columns_are_left_out_and_missing_people_add_nothing():
    rows, columns = simple_sample()
    ones = np.ones(len(rows))
    plain = rao_scott(*prepared(rows, columns, (4, 3), ones))
    spread_rows, spread_columns = np.array([0, 2, 3, 5])[rows], np.array([1, 2, 4])[columns]
    wider = rao_scott(*prepared(spread_rows, spread_columns, (6, 5), ones))
    assert wider.statistic == pytest.approx(plain.statistic)
    assert wider.df1 == pytest.approx(plain.df1)
    both = rao_scott(
        np.repeat(prepared(rows, columns, (4, 3), ones)[0], 2, axis=0),
        np.repeat(prepared(rows, columns, (4, 3), ones)[1], 2, axis=0),
        len(rows) - 1,
    )
    assert both.statistic == pytest.approx(np.repeat(plain.statistic, 2))


def test_an_empty_cell_takes_part_without_breaking_the_test():
    rows, columns = simple_sample()
    columns = np.where((rows == 1) & (columns == 2), 0, columns)
    found = rao_scott(*prepared(rows, columns, (4, 3), np.ones(len(rows))))
    assert np.isfinite([found.statistic[0], found.df1[0], found.p[0]]).all()


def test_nothing_to_test_is_nan():
    rows, columns = simple_sample()
    ones = np.ones(len(rows))
    for found in (
        rao_scott(*prepared(rows, 0 * columns, (4, 3), ones)),
        rao_scott(*prepared(np.full_like(rows, -1), columns, (4, 3), ones)),
        rao_scott(np.full((1, 2, 2), 0.25), np.zeros((1, 4, 4)), 10),
    ):
        assert np.isnan(found.statistic[0])
        assert np.isnan(found.p[0])
    assert np.isnan(wald(np.ones((3, 3)), np.eye(9), nu=3)[0])


def test_under_clusters_a_table_without_association_is_found_in_5_percent():
    rng = np.random.default_rng(4)
    clusters, size = 60, 12
    n = clusters * size
    label = np.repeat(np.arange(clusters), size)
    columns = np.repeat(rng.integers(0, 3, clusters), size)
    plain = adjusted = 0
    rounds = 400
    for _ in range(rounds):
        own = rng.integers(0, 3, clusters)[label]
        rows = np.where(rng.random(n) < 0.5, own, rng.integers(0, 3, n))
        test = rao_scott(*prepared(rows, columns, (3, 3), np.ones(n), clusters - 1, clusters=label))
        counts = np.zeros((3, 3))
        np.add.at(counts, (rows, columns), 1)
        plain += stats.chi2_contingency(counts, correction=False).pvalue < 0.05
        adjusted += test.p[0] < 0.05
    assert plain / rounds > 0.3
    assert 0.025 <= adjusted / rounds <= 0.08
