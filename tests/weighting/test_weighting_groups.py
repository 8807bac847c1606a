"""`by=`: every group on its own targets, all in one computation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flows.weighting import CalibrationError, Trim, calibrate, problem
from flows.weighting import calibration as engine

LEVELS = {"age": 5, "edu": 3, "home": 2}


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 6000
    frame = pd.DataFrame({name: rng.integers(0, size, n) for name, size in LEVELS.items()})
    # Districts differ per town, as neighbourhoods do.
    town = rng.integers(0, 12, n)
    frame["town"] = [f"t{t:02}" for t in town]
    frame["district"] = [f"t{t:02}-{d}" for t, d in zip(town, rng.integers(0, 4, n), strict=True)]
    frame["income"] = rng.gamma(4, 500, n)
    frame["base"] = rng.lognormal(0, 0.4, n)
    frame["truth"] = frame["base"] * rng.lognormal(0, 0.4, n) * 200
    return frame


def targets_of(sample: pd.DataFrame, margins=("age", "edu", "home", "district")) -> dict:
    return {
        town: {margin: own.groupby(margin)["truth"].sum().to_dict() for margin in margins}
        for town, own in sample.groupby("town")
    }


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"method": "linear"},
        {"method": "raking", "bounds": (0.1, 400)},
        {"method": "logit", "bounds": (0.1, 400)},
        {"trim": (40, 900)},
        {"trim": Trim(0.2, 4, of="mean")},
        {"trim": Trim(None, 4, of="median")},
        {"trim": Trim(0.02, 0.98, of="quantile")},
        {"missing": "proportional"},
        {"missing": "own_level"},
    ],
)
def test_groups_together_equal_each_group_alone(sample, options):
    if "missing" in options:
        sample = sample.assign(edu=sample["edu"].where(np.arange(len(sample)) % 13 > 0))
    targets = targets_of(sample, ("age", "edu", "home") if "missing" in options else LEVELS)
    together = calibrate(
        sample, targets, base_weight="base", by="town", disagreeing="scale", **options
    )
    for town, own in targets.items():
        rows = (sample["town"] == town).to_numpy()
        alone = calibrate(sample[rows], own, base_weight="base", disagreeing="scale", **options)
        np.testing.assert_allclose(together.weights[rows], alone.weights, rtol=1e-4)
        told = together.margins[together.margins["group"] == town].drop(columns="group")
        pd.testing.assert_frame_equal(
            told.reset_index(drop=True), alone.margins, rtol=1e-5, check_dtype=False
        )
    assert together.max_error <= 1e-6


def test_levels_may_differ_per_group(sample):
    targets = targets_of(sample)
    result = calibrate(sample, targets, base_weight="base", by="town")
    found = pd.Series(result.weights).groupby(sample["district"]).sum()
    wanted = sample.groupby("district")["truth"].sum()
    pd.testing.assert_series_equal(found, wanted, check_names=False, rtol=1e-6)
    own = result.margins[result.margins["margin"] == "district"]
    assert (own["level"].str[:3] == own["group"]).all()
    assert own["n"].sum() == len(sample)


def test_groups_may_have_other_margins_in_any_order(sample):
    targets = targets_of(sample, LEVELS)
    targets["t03"] = {"home": targets["t03"]["home"]}
    targets["t05"] = dict(reversed(targets["t05"].items()))
    result = calibrate(sample, targets, base_weight="base", by="town")
    assert list(dict.fromkeys(result.margins["group"])) == list(targets)
    assert set(result.margins.loc[result.margins["group"] == "t03", "margin"]) == {"home"}
    rows = (sample["town"] == "t03").to_numpy()
    alone = calibrate(sample[rows], targets["t03"], base_weight="base")
    np.testing.assert_allclose(result.weights[rows], alone.weights)
    assert result.groups["group"].tolist() == list(targets)


def test_every_group_is_told(sample):
    result = calibrate(sample, targets_of(sample), base_weight="base", by="town")
    told = result.groups.set_index("group")
    for town, own in sample.assign(w=result.weights).groupby("town"):
        assert told.loc[town, "n"] == len(own)
        assert told.loc[town, "sum"] == pytest.approx(own["w"].sum())
        deff = len(own) * (own["w"] ** 2).sum() / own["w"].sum() ** 2
        assert told.loc[town, "design_effect"] == pytest.approx(deff)
        assert told.loc[town, "effective_n"] == pytest.approx(len(own) / deff)
    assert told["max_error"].max() == result.max_error
    assert told["iterations"].max() == result.iterations


def test_groups_that_crawl_are_finished_by_newton(sample, monkeypatch):
    expected = calibrate(sample, targets_of(sample), base_weight="base", by="town", tolerance=1e-10)
    monkeypatch.setattr(engine, "RAKING_SWEEPS", 3)
    again = calibrate(sample, targets_of(sample), base_weight="base", by="town", tolerance=1e-10)
    np.testing.assert_allclose(again.weights, expected.weights, rtol=1e-8)
    monkeypatch.setattr(problem, "can_be_swept", lambda sizes, groups: False)
    again = calibrate(sample, targets_of(sample), base_weight="base", by="town", tolerance=1e-10)
    np.testing.assert_allclose(again.weights, expected.weights, rtol=1e-8)


def test_numbers_beside_categories_per_group(sample):
    targets = targets_of(sample, ("age", "edu"))
    totals = (sample["income"] * sample["truth"]).groupby(sample["town"]).sum()
    wanted = {town: {"income": total} for town, total in totals.items()}
    result = calibrate(sample, targets, base_weight="base", by="town", continuous=wanted)
    found = (sample["income"] * result.weights).groupby(sample["town"]).sum()
    pd.testing.assert_series_equal(found, totals, rtol=1e-6, check_names=False)
    rows = result.margins[result.margins["margin"] == "income"]
    assert len(rows) == len(targets)
    del wanted["t04"]
    with pytest.raises(CalibrationError, match="'t04'"):
        calibrate(sample, targets, by="town", continuous=wanted)


def test_one_group_that_cannot_is_named_with_margin_and_level(sample):
    targets = targets_of(sample, LEVELS)
    own = targets["t07"]["age"]
    targets["t07"]["age"] = {0: own[0] + own[1] - 1, 1: 1, **{i: own[i] for i in (2, 3, 4)}}
    with pytest.raises(CalibrationError) as caught:
        calibrate(sample, targets, base_weight="base", by="town", bounds=(0.1, 1000))
    assert "Group 't07'" in str(caught.value)
    assert (caught.value.margin, caught.value.level) == ("age", "1")


def test_population_beside_totals_per_group_is_refused(sample):
    with pytest.raises(CalibrationError, match="population= cannot go with by="):
        calibrate(sample, targets_of(sample, LEVELS), by="town", population=1e6)


def test_totals_that_disagree_within_one_group(sample):
    targets = targets_of(sample, LEVELS)
    targets["t02"]["edu"] = {k: 1.1 * v for k, v in targets["t02"]["edu"].items()}
    with pytest.raises(CalibrationError, match="Group 't02': Margin 'edu'"):
        calibrate(sample, targets, by="town")
    scaled = calibrate(sample, targets, by="town", disagreeing="scale")
    rows = sample["town"] == "t02"
    assert scaled.weights[rows].sum() == pytest.approx(sample.loc[rows, "truth"].sum())
