"""For any sample: feasible targets are met, infeasible ones are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
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


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.sampled_from(["raking", "linear"]))
@example(24025435, "raking")  # flat stretches, on which an unguarded Newton's method goes round
@example(1060, "raking")
def test_feasible_targets_under_trimming_are_always_met(seed, method):
    rng = np.random.default_rng(seed)
    frame, base = random_sample(rng)
    targets = totals_of(frame, rng.uniform(500, 2000, len(base)))
    result = calibrate(frame, targets, base_weight=base, trim=(400, 2400), method=method)
    assert largest_error(frame, result.weights, targets) <= 1e-6
    assert result.weights.min() >= 400 - 1e-6
    assert result.weights.max() <= 2400 + 1e-6


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from([{}, {"method": "logit", "bounds": (0.3, 2.5)}, {"trim": (1, 900)}]))
def test_groups_are_met_all_or_one_is_named(seed, options):
    rng = np.random.default_rng(seed)
    frame, base = random_sample(rng)
    group = rng.integers(0, 4, len(frame))
    base, truth = 100 * base, 100 * base * rng.uniform(0.4, 2.2, len(frame))
    if "trim" in options:
        truth = np.clip(truth, 2, 800)
    targets = {
        g: totals_of(frame[group == g].reset_index(drop=True), truth[group == g])
        for g in np.unique(group)
    }
    asked = frame.assign(group=group)
    result = calibrate(asked, targets, base_weight=base, by="group", **options)
    for g, own in targets.items():
        rows = group == g
        alone = frame[rows].reset_index(drop=True)
        assert largest_error(alone, result.weights[rows], own) <= 1e-6
    assert result.groups["max_error"].max() == result.max_error <= 1e-6
    # One group gets targets that its respondents cannot have together.
    broken = int(rng.choice(list(targets)))
    asked.loc[group == broken, "m0"] = asked.loc[group == broken, "twin"] = 0
    first = np.flatnonzero(group == broken)[0]
    asked.loc[first, ["m0", "twin"]] = 1
    for own, rows in ((targets[g], group == g) for g in targets if g != broken):
        asked.loc[rows, "twin"] = asked.loc[rows, "m0"]
        own["twin"] = own["m0"]
    if (group == broken).sum() > 1:
        whole = sum(targets[broken]["m0"].values())
        targets[broken] = {
            "m0": {0: 0.7 * whole, 1: 0.3 * whole},
            "twin": {0: 0.4 * whole, 1: 0.6 * whole},
        }
        with pytest.raises(CalibrationError, match=f"Group '{broken}'"):
            calibrate(asked, targets, base_weight=base, by="group", **options)


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
