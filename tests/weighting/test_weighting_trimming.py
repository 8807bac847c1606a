"""Trimming without calibrating again."""

from __future__ import annotations

import numpy as np
import pytest

from flows.errors import Refusal
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
