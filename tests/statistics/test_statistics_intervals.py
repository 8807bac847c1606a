import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from flows.statistics.intervals import (
    beta_interval,
    logit_interval,
    mean_interval,
    proportion_interval,
    t_quantile,
    t_test,
    wilson_interval,
)

COUNTS = st.integers(2, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(deadline=None)
@given(COUNTS)
def test_korn_graubard_of_a_simple_sample_is_clopper_pearson(counts):
    x, n = counts
    p = x / n
    low, high = beta_interval(p, np.sqrt(p * (1 - p) / n), n, n - 1)
    expected = proportion_confint(x, n, method="beta")
    np.testing.assert_allclose([low, high], expected, rtol=1e-8, atol=1e-12)


@settings(deadline=None)
@given(COUNTS)
def test_wilson_agrees_with_statsmodels(counts):
    x, n = counts
    expected = proportion_confint(x, n, method="wilson")
    np.testing.assert_allclose(wilson_interval(x / n, n), expected, rtol=1e-10, atol=1e-12)


def test_logit_is_symmetric_and_by_hand():
    low, high = logit_interval(0.3, 0.02, 200)
    reach = stats.t.ppf(0.975, 200) * 0.02 / 0.21
    logit = np.log(0.3 / 0.7)
    assert low == pytest.approx(1 / (1 + np.exp(-(logit - reach))))
    assert high == pytest.approx(1 / (1 + np.exp(-(logit + reach))))
    other_low, other_high = logit_interval(0.7, 0.02, 200)
    assert other_low == pytest.approx(1 - high)
    assert other_high == pytest.approx(1 - low)


def test_few_expected_takes_korn_graubard_and_enough_takes_logit():
    low, high = proportion_interval([0.05, 0.3], [0.016, 0.03], 180, [150, 150], 999)
    assert (low[0], high[0]) == tuple(beta_interval(0.05, (0.0475 / 150) ** 0.5, 180, 179))
    assert (low[1], high[1]) == tuple(logit_interval(0.3, 0.03, 999))


def test_few_expected_counts_no_more_people_than_kish():
    small, large = 0.004, 0.04
    low, high = proportion_interval([0.04, 0.04, 0.04], [small, 0.0, large], 100, 60, 999)
    kish = (0.04 * 0.96 / 60) ** 0.5
    assert (low[0], high[0]) == tuple(beta_interval(0.04, kish, 100, 99))
    assert (low[1], high[1]) == (0.04, 0.04)
    assert (low[2], high[2]) == tuple(beta_interval(0.04, large, 100, 99))


def test_edges_of_a_share():
    low, high = proportion_interval([0.0, 1.0, 0.4, np.nan], [0, 0, 0, np.nan], 50, 40, 999)
    assert low[0] == 0
    assert high[0] == pytest.approx(1 - 0.025 ** (1 / 40))
    assert high[1] == 1
    assert low[1] == pytest.approx(0.025 ** (1 / 40))
    # 0.4 is fixed by calibration.
    assert low[2] == high[2] == 0.4
    assert np.isnan(low[3])


@settings(deadline=None)
@given(st.floats(0.001, 0.999), st.floats(0.0001, 0.2), st.integers(5, 3000))
def test_an_interval_holds_its_estimate(p, se, n):
    low, high = proportion_interval(p, se, n, n * 0.8, n - 1)
    assert 0 <= low <= p <= high <= 1


def test_t_tests():
    assert t_quantile(10, 0.05) == pytest.approx(stats.t.ppf(0.975, 10))
    assert np.isnan(t_quantile(0, 0.05))
    p = t_test([0.1, 0.1, np.nan], [0.05, 0.0, 0.1], 30)
    assert p[0] == pytest.approx(2 * stats.t.sf(2, 30))
    assert np.isnan(p[1:]).all()
    low, high = mean_interval(5.0, 0.5, 10)
    assert high - 5.0 == pytest.approx(5.0 - low) == pytest.approx(stats.t.ppf(0.975, 10) * 0.5)
