"""For any sample: feasible targets are met, infeasible ones are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.weighting import CalibrationError, calibrate

SEEDS = st.integers(0, 2**32 - 1)


def random_sample(rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """A sample with one to four margins, correlated, some cells empty, and base weights."""
    n = int(rng.integers(8, 200))
    common = rng.random(n)
    columns = {}
    for margin in range(rng.integers(1, 5)):
        levels = int(rng.integers(2, 6))
        mixed = np.where(rng.random(n) < 0.5, common, rng.random(n))
        columns[f"m{margin}"] = np.floor(mixed * levels).astype(int)
    return pd.DataFrame(columns), rng.lognormal(0, 0.5, n)


def totals_of(frame: pd.DataFrame, weights: np.ndarray) -> dict[str, dict[int, float]]:
    return {column: pd.Series(weights).groupby(frame[column]).sum().to_dict() for column in frame}


def largest_error(frame, weights, targets) -> float:
    found = totals_of(frame, weights)
    return max(abs(found[m][k] / v - 1) for m, t in targets.items() for k, v in t.items())


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_feasible_targets_are_always_met(seed):
    rng = np.random.default_rng(seed)
    frame, base = random_sample(rng)
    truth = base * rng.lognormal(0, 0.7, len(base))
    targets = totals_of(frame, 1000 * truth)
    result = calibrate(frame, targets, base_weight=base)
    assert largest_error(frame, result.weights, targets) <= 1e-6
    assert result.max_error == pytest.approx(
        largest_error(frame, result.weights, targets), abs=1e-12
    )
    assert (result.weights > 0).all()


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.sampled_from(["raking", "linear", "logit"]))
def test_feasible_targets_within_bounds_are_always_met(seed, method):
    rng = np.random.default_rng(seed)
    frame, base = random_sample(rng)
    g = rng.uniform(0.4, 2.2, len(base))
    base, targets = 1000 * base, totals_of(frame, 1000 * base * g)
    result = calibrate(frame, targets, base_weight=base, method=method, bounds=(0.3, 2.5))
    assert largest_error(frame, result.weights, targets) <= 1e-6
    assert result.g_weights.min() >= 0.3 - 1e-9
    assert result.g_weights.max() <= 2.5 + 1e-9


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_feasible_targets_under_trimming_are_always_met(seed):
    rng = np.random.default_rng(seed)
    frame, base = random_sample(rng)
    targets = totals_of(frame, rng.uniform(500, 2000, len(base)))
    result = calibrate(frame, targets, base_weight=base, trim=(400, 2400))
    assert largest_error(frame, result.weights, targets) <= 1e-6
    assert result.weights.min() >= 400 - 1e-6
    assert result.weights.max() <= 2400 + 1e-6


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.sampled_from([{}, {"method": "logit", "bounds": (0.01, 50)}, {"trim": (0, 50)}]))
def test_infeasible_targets_are_always_refused(seed, options):
    """Everyone at the first level of m0 is at the first level of m1, but targets want less."""
    rng = np.random.default_rng(seed)
    frame, base = random_sample(rng)
    row = np.arange(len(frame))
    frame["m0"] = row % 3
    frame["m1"] = np.where(row % 3 == 0, 0, row // 3 % 2)
    targets = totals_of(frame, base / base.sum())
    inner = float(rng.uniform(0.2, 0.7))
    outer = inner * float(rng.uniform(0.3, 0.98))
    targets["m0"] = {0: inner, 1: (1 - inner) / 2, 2: (1 - inner) / 2}
    targets["m1"] = {0: outer, 1: 1 - outer}
    with pytest.raises(CalibrationError) as caught:
        calibrate(frame, targets, base_weight=base, **options)
    assert caught.value.margin is not None
    assert caught.value.level is not None
