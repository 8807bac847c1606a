"""Trimming, while calibrating and without."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flows.errors import Refusal
from flows.weighting import CalibrationError, Trim, calibrate
from flows.weighting.trimming import trim_weights


def test_keeps_the_sum_and_the_limits():
    weights = np.random.default_rng(1).lognormal(0, 1, 500)
    trimmed = trim_weights(weights, 0.3, 3.0)
    assert trimmed.sum() == pytest.approx(weights.sum())
    assert trimmed.min() >= 0.3
    assert trimmed.max() <= 3.0


def test_once_spreads_equally_over_those_inside():
    trimmed = trim_weights(np.array([1.0, 2.0, 9.0]), upper=5, strict=False)
    np.testing.assert_allclose(trimmed, [3, 4, 5])


def test_weights_within_limits_stay():
    weights = np.array([1.0, 2.0])
    np.testing.assert_array_equal(trim_weights(weights, 0.5, 2.0), weights)


def test_limits_that_cannot_hold_the_sum_are_refused():
    with pytest.raises(Refusal, match="widen the limits"):
        trim_weights(np.array([1.0, 2.0, 9.0]), upper=3)
    with pytest.raises(Refusal, match="nobody to take"):
        trim_weights(np.array([1.0, 9.0]), 4, 5, strict=False)


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "a": rng.choice(3, 900, p=[0.2, 0.3, 0.5]),
            "b": rng.choice(4, 900, p=[0.15, 0.2, 0.3, 0.35]),
            "base": rng.lognormal(0, 0.5, 900),
        }
    )


SHARES = {"a": {0: 0.3, 1: 0.3, 2: 0.4}, "b": {0: 0.25, 1: 0.25, 2: 0.25, 3: 0.25}}


@pytest.mark.parametrize(
    ("trim", "limits"),
    [
        ((0.3, 2.6), lambda w: (0.3, 2.6)),
        (Trim(0.3, 2.6, of="mean"), lambda w: (0.3, 2.6)),
        (Trim(None, 4.5, of="median"), lambda w: (0, 4.5 * np.median(w))),
        (Trim(0.05, 0.97, of="quantile"), lambda w: tuple(np.quantile(w, [0.05, 0.97]))),
        (Trim(0.4, None, of="mean"), lambda w: (0.4, np.inf)),
    ],
)
def test_limits_and_margins_hold_together(sample, trim, limits):
    free = calibrate(sample, SHARES, base_weight="base")
    low, high = limits(free.weights)
    assert free.weights.max() > high or free.weights.min() < low
    trimmed = calibrate(sample, SHARES, base_weight="base", trim=trim)
    assert trimmed.weights.min() >= low - 1e-9
    assert trimmed.weights.max() <= high + 1e-9
    assert trimmed.max_error <= 1e-6
    assert trimmed.weights.sum() == pytest.approx(free.weights.sum())
    assert trimmed.caps == pytest.approx((low, high))


def test_relative_to_the_mean_is_the_same_on_every_scale(sample):
    shares = calibrate(sample, SHARES, trim=Trim(0.3, 2.6, of="mean"), base_weight="base")
    totals = {m: {k: 17e6 * v for k, v in t.items()} for m, t in SHARES.items()}
    people = calibrate(sample, totals, trim=Trim(0.3, 2.6, of="mean"), base_weight="base")
    np.testing.assert_allclose(people.weights * 900 / 17e6, shares.weights, rtol=1e-6)


def test_trimmed_weights_are_the_nearest_to_the_base_weights_there_are(sample):
    """No other weights within the limits that meet the margins are nearer (raking distance)."""
    trimmed = calibrate(sample, SHARES, base_weight="base", trim=(0.3, 2.6), tolerance=1e-10)
    base, rng = trimmed.base_weights, np.random.default_rng(1)
    x = np.hstack([np.eye(3)[sample["a"]], np.eye(4)[sample["b"]]])

    def distance(w):
        return float((w * np.log(w / base) - w + base).sum())

    best = distance(trimmed.weights)
    for _ in range(200):
        direction = rng.normal(size=900)
        at_cap = (trimmed.weights > 2.6 - 1e-6) | (trimmed.weights < 0.3 + 1e-6)
        direction[at_cap] = 0
        inside = x * ~at_cap[:, None]
        direction -= inside @ np.linalg.lstsq(inside, direction, rcond=None)[0]  # margins stay
        step = trimmed.weights + 0.01 * direction / np.abs(direction).max()
        assert distance(step) >= best


@pytest.mark.parametrize(
    ("trim", "words"),
    [
        (Trim(1.1, 3, of="mean"), "both sides of 1"),
        (Trim(None, 5, of="quantile"), "between 0 and 1"),
        (Trim(None, 5, of="mode"), "'mode'"),
        (Trim(3, 2), "lowest weight, highest weight"),
        ((None, "much"), "pair"),
        (Trim(None, 1.2, of="mean"), "Margin 'a', level '0'"),
        (Trim(0.999, None, of="mean"), "Margin 'a', level"),
    ],
)
def test_limits_that_cannot_hold_name_what_they_cannot_hold_with(sample, trim, words):
    with pytest.raises(CalibrationError, match=words):
        calibrate(sample, SHARES, base_weight="base", trim=trim)
