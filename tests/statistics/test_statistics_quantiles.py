"""Weighted quantiles against numpy's own, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from flows.statistics.quantiles import Distribution, woodruff

SHARES = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0]


@pytest.mark.parametrize("distinct", [3, 20, 10_000])
def test_quantiles_are_those_of_the_weighted_distribution(distinct: int) -> None:
    rng = np.random.default_rng(distinct)
    values = rng.integers(0, distinct, 700).astype(float)
    weights = rng.gamma(2.0, 1.0, 700)
    expected = np.quantile(values, SHARES, method="inverted_cdf", weights=weights)
    assert Distribution.of(values, weights).quantiles(SHARES).tolist() == expected.tolist()


def test_a_share_that_is_reached_exactly_gives_that_value() -> None:
    # Three tenths of the weight, in a sum that does not come out at 0.3 in binary.
    values, weights = [1.0, 2.0, 3.0, 4.0], [0.1, 0.2, 0.3, 0.4]
    assert Distribution.of(values * 2, weights * 2).quantiles([0.3, 0.6]).tolist() == [2.0, 3.0]
    assert Distribution.of(values * 2, weights * 2).quantiles(0.30001) == 3.0


def test_a_share_below_the_one_lowest_person_gives_the_next() -> None:
    alone = Distribution.of([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    assert alone.quantiles([0.1, 1 / 3]).tolist() == [2.0, 1.0]
    together = Distribution.of([1.0, 1.0, 3.0], [1.0, 1.0, 1.0])
    assert together.quantiles(0.1) == 1.0
    assert Distribution.of([5.0], [2.0]).quantiles([0.0, 0.5, 1.0]).tolist() == [5.0] * 3


def test_people_without_weight_do_not_count() -> None:
    found = Distribution.of([1.0, 2.0, 9.0], [1.0, 1.0, 0.0])
    assert found.values.tolist() == [1.0, 2.0]


def test_a_negative_weight_leaves_the_rule_standing() -> None:
    # Cumulated: 2, 1, 3, 4. More than half of 4 is only reached for good at 3.
    found = Distribution.of([1.0, 2.0, 3.0, 4.0], [2.0, -1.0, 2.0, 1.0])
    assert found.quantiles(0.5) == 3.0


def test_outside_the_scale_or_without_people_there_is_none() -> None:
    some = Distribution.of([1.0, 2.0], [1.0, 1.0])
    assert np.isnan(some.quantiles([-0.01, 1.01, np.nan])).all()
    nobody = Distribution.of([], [])
    assert np.isnan(nobody.quantiles(0.5))
    with pytest.raises(ValueError, match="differ in length"):
        Distribution.of([1.0], [1.0, 2.0])


def test_shares_and_ends_belong_together() -> None:
    found = Distribution.of([1.0, 2.0, 2.0, 5.0], [1.0, 1.0, 1.0, 1.0])
    assert found.share_below([0.5, 1.0, 2.0, 4.9, 5.0]).tolist() == [0.0, 0.25, 0.75, 0.75, 1.0]
    low, high = woodruff(found, [0.3], [0.8])
    assert (low[0], high[0]) == (2.0, 5.0)
