"""Degrees of freedom of cells of a clustered sample, against plain counting."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from flows.statistics.change import Overlap, Rows, WaveSample
from flows.statistics.design import SampleDesign
from flows.statistics.freedom import is_clustered, own_freedom, satterthwaite
from flows.statistics.linearisation import degrees_of_freedom
from flows.statistics.variance import weighted_sample

N = 600


def drawn(clusters=True, seed=4):
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, 7, N)
    homes = rng.integers(0, 12, N) if clusters else None
    column = np.where((strata < 2) & (rng.random(N) < 0.15), 0, 1 + (rng.random(N) < 0.01))
    design = SampleDesign(strata, homes)
    weights = rng.lognormal(0, 1.5, N)
    return design, column, weights, weighted_sample(weights, column, 3, design=design)


def test_a_cell_has_the_clusters_less_the_strata_its_people_are_in():
    design, column, _, sample = drawn()
    answered = np.random.default_rng(9).random(N) < 0.8
    sums = sample.sums(answered[None, sample.grouping.order].astype(float))[:, :3]
    whole = sums.sum(axis=1, keepdims=True)
    found = own_freedom(sample, sums)[0]
    rest = own_freedom(sample, whole - sums)[0]
    assert is_clustered(sample)
    for c in range(3):
        for number, who in ((found[c], column == c), (rest[c], column != c)):
            used = answered & who
            assert number == degrees_of_freedom(N, design.strata, design.clusters, used)
    assert found[2] < found[0] < found[1] == sample.degrees_of_freedom


def test_nobody_and_one_cluster_have_none_and_without_clusters_it_is_the_design():
    sample = weighted_sample(
        np.ones(6), np.array([0, 0, 1, 1, 1, 1]), 3, design=SampleDesign(None, list("aabbcc"))
    )
    assert own_freedom(sample, sample.sums(np.ones((1, 6))))[0, :3].tolist() == [0, 1, 0]
    _, _, _, strata = drawn(clusters=False)
    assert not is_clustered(strata)
    assert (own_freedom(strata, strata.sums(np.ones((1, N)))) == N - 7).all()


def test_satterthwaite_lies_between_the_smaller_and_the_sum_of_both():
    assert satterthwaite(2.0, 8, 2.0, 8) == pytest.approx(16)
    assert satterthwaite(1.0, 3, 1e-9, 50) == pytest.approx(3, rel=1e-6)
    assert satterthwaite(1.0, 2, 3.0, 40) == pytest.approx(16 / (1 / 2 + 9 / 40))
    assert satterthwaite(0.0, 4, 0.0, 9) == 4
    assert satterthwaite(0.0, 0, 5.0, 9) == 0
    # What scipy does in Welch's test of two samples.
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=5), rng.normal(0, 3, size=30)
    expected = stats.ttest_ind(x, y, equal_var=False).df
    found = satterthwaite(x.var(ddof=1) / 5, 4, y.var(ddof=1) / 30, 29)
    assert found == pytest.approx(expected)


def test_change_of_a_column_in_few_clusters_has_only_the_freedom_of_these():
    rng = np.random.default_rng(6)
    home = np.arange(N) // 20
    column = np.where(home < 4, 0, 1)
    waves, rows = [], []
    for name in ("x", "y"):
        people = [f"{name}{i}" for i in range(N)]
        waves.append(WaveSample(people, np.ones(N), column, design=SampleDesign(home % 2, home)))
        rows.append(Rows((rng.random((1, N)) < 0.4).astype(float), np.ones((1, N))))
    found = Overlap(*waves, 2).compare(*rows, shares=np.array([True]))
    assert found.degrees_of_freedom[0].tolist() == [2, 24, 28]


def test_of_a_difference_of_two_rows_the_smaller_counts_in_a_change():
    rng = np.random.default_rng(6)
    home, arm = np.arange(N) // 20, np.arange(N) % 2
    base = np.array([(home < 5), (home >= 5) & (arm == 1), arm < 0], dtype=float)
    waves, rows = [], []
    for name in ("x", "y"):
        people = [f"{name}{i}" for i in range(N)]
        nobody = np.full(N, -1)
        waves.append(WaveSample(people, np.ones(N), nobody, design=SampleDesign(None, home)))
        rows.append(Rows(base * (rng.random((3, N)) < 0.4), base))
    found = Overlap(*waves, 0).compare(
        *rows, shares=np.array([True, True, False]), minus=[(2, 0, 1)]
    )
    assert found.degrees_of_freedom[:, 0].tolist() == [4, 24, 4]


def test_margins_of_the_calibration_do_not_count_as_clusters():
    design, column, weights, _ = drawn()
    margins = pd.DataFrame({"m": np.arange(N) % 3})
    sample = weighted_sample(weights, column, 3, margins, design=design)
    _, _, _, plain = drawn()
    ones = np.ones((1, N))
    expected = own_freedom(plain, plain.sums(ones))
    np.testing.assert_array_equal(own_freedom(sample, sample.sums(ones)), expected)
