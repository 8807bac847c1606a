"""Pooled spreads against brute force, and what pooling does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from flows.statistics.multilevel import GRID
from flows.statistics.own_spread import PRIOR_RATIO, own_ratio
from flows.statistics.pooled_spread import APART, TYPICAL, VAGUE, pooled_spread

LOGS = np.log(GRID)


def peaks(middles: list[float], width: float) -> np.ndarray:
    return np.array([-((LOGS - np.log(m)) ** 2) / 2 / width**2 for m in middles])


def test_the_posterior_is_that_of_brute_force() -> None:
    middles, width = [0.15, 0.3, 0.5], 0.4
    pooled = pooled_spread(peaks(middles, width), GRID)
    # The same model on other, plain grids.
    log = np.linspace(LOGS[0], LOGS[-1], 250)
    total = np.zeros((3, len(log)))
    for mu in np.linspace(LOGS[0], LOGS[-1], 41):
        for s in np.linspace(0.05, 1.5, 20):
            prior = norm.pdf(mu, np.log(TYPICAL), VAGUE) * norm.pdf(s, 0, APART)
            around = norm.pdf(log, mu, s)
            around /= around.sum()
            told = np.array([np.exp(-((log - np.log(m)) ** 2) / 2 / width**2) for m in middles])
            each = told @ around
            total += prior * each.prod() / each[:, None] * around * told
    total /= total.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(pooled.expected, total @ np.exp(log), rtol=0.02)


def test_spreads_draw_towards_each_other_as_far_as_they_are_in_doubt() -> None:
    alone = pooled_spread(peaks([0.6], 0.5), GRID).expected[0]
    vague = pooled_spread(peaks([0.6] + [0.2] * 20, 0.5), GRID)
    sharp = pooled_spread(peaks([0.6] + [0.2] * 20, 0.05), GRID)
    assert vague.expected[0] < 0.75 * alone
    assert sharp.expected[0] == pytest.approx(0.6, rel=0.05)
    assert np.exp(vague.mean) == pytest.approx(0.2, rel=0.25)


def test_nodes_stand_for_the_posterior() -> None:
    pooled = pooled_spread(peaks([0.1, 0.3, 0.4], 0.5), GRID)
    for number in (3, 7):
        tau, weight = pooled.nodes(number)
        assert tau.shape == (3, number)
        assert weight.sum() == pytest.approx(1)
        np.testing.assert_allclose(tau @ weight, pooled.expected, rtol=0.02)
        spread = pooled.probability @ pooled.tau**2
        np.testing.assert_allclose(tau**2 @ weight, spread, rtol=0.06)


def test_the_ratio_of_places_to_regions_comes_from_pairs() -> None:
    rng = np.random.default_rng(1)
    regions, each, n, h = 60, 6, 4000, 10
    home = np.repeat(np.arange(regions), each)
    place = rng.integers(0, regions * each, n)
    for ratio in (0.0, 1.0):
        u = rng.normal(0, 0.5, (regions, h))
        v = rng.normal(0, 0.5 * np.sqrt(ratio), (regions * each, h))
        e = (u[home] + v)[place] + rng.normal(size=(n, h))
        found, error = own_ratio(e, np.ones((n, h)), home[place], place)
        assert 0.005 < error < 0.3
        assert found == pytest.approx(ratio, abs=2.5 * error + 0.05)
        assert found >= 0


def test_pairs_are_counted_as_a_double_loop_does() -> None:
    rng = np.random.default_rng(2)
    region, place = np.array([0, 0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 2, 2, 3])
    e = np.abs(rng.normal(size=(7, 1))) + 0.5
    m = rng.uniform(0.1, 0.3, (7, 1))
    same, apart = np.zeros(2), np.zeros(2)
    for i in range(7):
        for j in range(7):
            if i != j and region[i] == region[j]:
                told = (same, apart)[int(place[i] != place[j])]
                told += [e[i, 0] * m[i, 0] * e[j, 0] * m[j, 0], (m[i, 0] * m[j, 0]) ** 2]
    ratio = same[0] / same[1] / (apart[0] / apart[1]) - 1
    # Two regions give an error; the estimate shrinks from the ratio by it.
    found, error = own_ratio(e, m, region, place)
    precision = 1 / error**2 + 1 / PRIOR_RATIO**2
    mean, sd = ratio / error**2 / precision, precision**-0.5
    z = mean / sd
    assert found == pytest.approx(mean + sd * norm.pdf(z) / norm.cdf(z), rel=1e-6)


def test_without_pairs_the_ratio_is_that_of_the_prior() -> None:
    prior = PRIOR_RATIO * np.sqrt(2 / np.pi)
    unknown = own_ratio(np.ones((3, 1)), np.ones((3, 1)), [0, 1, 2], [-1, -1, -1])
    alone = own_ratio(np.ones((3, 1)), np.ones((3, 1)), [0, 1, 2], [0, 1, 2])
    assert unknown == alone == (pytest.approx(prior), np.inf)
