"""Input at the edges: the right weights, or one clear sentence; never anything else."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from flows.weighting import CalibrationError, Collapse, Trim, calibrate

S = {"m": 0.5, "f": 0.5}


@pytest.fixture
def sample() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "s": rng.choice(["m", "f"], 400, p=[0.6, 0.4]),
            "a": rng.choice([1, 2, 3], 400),
            "x": rng.normal(0, 1, 400),
            "w": rng.lognormal(0, 0.3, 400),
        }
    )


# ------------------------------------------------------------------------------ limits


def test_base_weights_of_zero_give_no_room():
    four = pd.DataFrame({"s": ["m", "m", "m", "f"]})
    for method in ("raking", "linear", "logit"):
        with pytest.raises(CalibrationError, match="allows"):
            calibrate(
                four,
                {"s": {"m": 0.7, "f": 0.3}},
                base_weight=[1, 0, 0, 1],
                bounds=(0.5, 1.2),
                method=method,
            )


def test_zero_weights_do_not_count_in_median_and_mean(sample):
    sample.loc[:299, "w"] = 0
    for trim in (Trim(None, 3, "median"), Trim(0.2, 3, "mean"), Trim(0.01, 0.99, "quantile")):
        result = calibrate(sample, {"s": S}, base_weight="w", trim=trim)
        assert result.max_error <= 1e-6
        assert (result.weights[:300] == 0).all()


def test_linear_weights_may_be_negative_where_bounds_allow_it(sample):
    four = pd.DataFrame({"p": list("aabb"), "q": list("xyyz")})
    targets = {"p": {"a": 0.5, "b": 0.5}, "q": {"x": 0.6, "y": 0.2, "z": 0.2}}
    free = calibrate(four, targets, method="linear")
    bounded = calibrate(four, targets, method="linear", bounds=(-5, 5))
    assert free.g_weights.min() < 0
    np.testing.assert_allclose(bounded.weights, free.weights)
    beyond = {"x": sample["x"].max() + 0.5}
    result = calibrate(sample, {"s": S}, continuous=beyond, method="linear", bounds=(-99, 99))
    assert result.max_error <= 1e-6


# ---------------------------------------------------------------------------- weights


def test_numbers_go_by_place_also_when_the_frame_was_shuffled(sample):
    shuffled = sample.sample(frac=1, random_state=1)
    expected = calibrate(shuffled, {"s": S}, base_weight="w")
    again = calibrate(shuffled, {"s": S}, base_weight=shuffled["w"].to_numpy())
    np.testing.assert_array_equal(again.weights, expected.weights)


def test_base_weights_of_another_size_than_the_population(sample):
    targets = {"s": {"m": 8e6, "f": 9e6}}
    small = sample.assign(w=sample["w"] / sample["w"].sum(), z=sample["x"] - sample["x"].mean())
    for method in ("raking", "linear"):
        one = calibrate(small, targets, base_weight="w", continuous={"z": 0.0}, method=method)
        assert abs(one.weights @ small["z"]) < 1e-3 * 17e6
    cube = pd.DataFrame({"p": list("aab"), "q": list("xyx"), "r": list("uvv")})
    apart = {"p": {"a": 9e6, "b": 8e6}, "q": {"x": 1e7, "y": 7e6}, "r": {"u": 1e6, "v": 16e6}}
    with pytest.raises(CalibrationError, match="nearest to all of them") as caught:
        calibrate(cube, apart, base_weight=[1e-6] * 3)
    assert caught.value.possible > 1e5


def test_a_number_that_all_have_is_reached_for_any_population():
    two = pd.DataFrame({"s": ["m", "f"], "c": [0.1, 0.1]})
    for people in range(11, 400, 7):
        targets = {"s": {"m": people / 2, "f": people / 2}}
        assert calibrate(two, targets, continuous={"c": 0.1 * people}).max_error <= 1e-6


@pytest.mark.parametrize("options", [{"trim": (None, 5)}, {"bounds": (0, 5)}, {"missing": "nan"}])
def test_a_tiny_level_in_a_large_group_of_respondents(options):
    rng = np.random.default_rng(5)
    n = 2000
    frame = pd.DataFrame({"a": rng.integers(0, 3, n), "b": rng.integers(0, 4, n).astype(float)})
    if "missing" in options:
        options = {"missing": "proportional"}
        frame.loc[:50, "b"] = np.nan
    targets = {"a": {0: 1e-7, 1: 0.5, 2: 0.5 - 1e-7}, "b": dict.fromkeys(range(4), 0.25)}
    result = calibrate(frame, targets, **options)
    assert result.weights[frame["a"] == 0].sum() / n == pytest.approx(1e-7, rel=1e-5)


# -------------------------------------------------------------------------- groups, units


def test_two_groups_of_one_name_are_refused(sample):
    sample["g"] = np.arange(400) % 2
    with pytest.raises(CalibrationError, match="two sets of targets"):
        calibrate(sample, {1: {"s": S}, "1": {"s": S}, 0: {"s": S}}, by="g")
    sample["p"], sample["q"] = (
        np.where(sample["g"], "p", "p x q"),
        np.where(sample["g"], "q x r", "r"),
    )
    with pytest.raises(CalibrationError, match="the same name"):
        calibrate(sample, {"p x q x r": {"s": S}}, by=("p", "q"))


def test_groups_with_totals_and_groups_with_shares_only_are_refused(sample):
    sample["g"] = np.arange(400) % 2
    with pytest.raises(CalibrationError, match="'0' has only shares"):
        calibrate(sample, {0: {"s": S}, 1: {"a": {1: 1e6, 2: 1e6, 3: 1e6}}}, by="g")


def test_percentages_that_do_not_add_up_are_no_population(sample):
    slip = {"s": {"m": 48.0, "f": 50.0}, "a": {1: 30, 2: 30, 3: 40}}
    with pytest.raises(CalibrationError, match="add up to 98, not to 100"):
        calibrate(sample, slip)
    scaled = calibrate(sample, {"s": {"m": 51.0, "f": 50.5}}, disagreeing="scale")
    assert scaled.weights.sum() == pytest.approx(400)


def test_scaled_totals_are_told_as_the_weights_add_up(sample):
    targets = {"s": {"m": 600_000, "f": 400_000}, "a": {1: 5e5, 2: 5e5, 3: 5e5}}
    result = calibrate(sample, targets, disagreeing="scale")
    own = result.margins.set_index("level").loc["1"]
    assert own["after"] == pytest.approx(result.weights[sample["a"] == 1].sum())
    assert own["target"] == pytest.approx(1e6 / 3)


def test_an_empty_text_is_a_level_like_any_other(sample):
    renamed = sample.assign(s=sample["s"].replace("m", ""))
    result = calibrate(renamed, {"s": {"": 0.5, "f": 0.5}})
    assert result.margins["level"].tolist() == ["", "f"]


def test_missing_values_do_not_fill_a_level_nobody_has(sample):
    sample.loc[:40, "s"] = None
    base = np.where(sample["s"] == "f", 0.0, 1.0)
    for missing in ("own_level", "proportional"):
        with pytest.raises(CalibrationError, match=r"'f': .*base weight zero"):
            calibrate(sample, {"s": S}, base_weight=base, missing=missing)


def test_groups_without_missing_values_have_no_level_for_them(sample):
    sample["g"] = np.arange(400) % 2
    sample.loc[sample.index[:40:2], "s"] = None
    result = calibrate(sample, {0: {"s": S}, 1: {"s": S}}, by="g", missing="own_level")
    told = result.margins.groupby("group")["level"].agg(list)
    assert told["0"] == ["m", "f", "(missing)"]
    assert told["1"] == ["m", "f"]


# ------------------------------------------------------------------------------ types


@pytest.mark.parametrize(
    "targets",
    [
        {"s": pd.Series(S)},
        {"s": {"m": Decimal("0.5"), "f": "0.5"}},
        {"s": {"m": np.float32(0.5), "f": np.float64(0.5)}},
    ],
)
def test_targets_may_come_as_other_numbers(sample, targets):
    expected = calibrate(sample, {"s": S}).weights
    np.testing.assert_allclose(calibrate(sample, targets).weights, expected)


def test_base_weights_may_come_as_any_sequence(sample):
    expected = calibrate(sample, {"s": S}, base_weight="w").weights
    for given in (sample["w"].tolist(), tuple(sample["w"]), sample["w"].to_numpy(), sample["w"]):
        np.testing.assert_array_equal(
            calibrate(sample, {"s": S}, base_weight=given).weights, expected
        )


def test_a_nan_that_is_a_value_is_missing_all_the_same(sample):
    pa = pytest.importorskip("pyarrow")
    values = pa.array(np.where(np.arange(400) < 5, np.nan, sample["a"]), from_pandas=False)
    arrow = sample.assign(a=pd.Series(pd.arrays.ArrowExtensionArray(values)))
    with pytest.raises(CalibrationError, match="5 respondents have no value"):
        calibrate(arrow, {"a": {1: 0.3, 2: 0.3, 3: 0.4}})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trim": Trim(1.5, None, "quantile")}, "between 0 and 1"),
        ({"bounds": ("low", "high")}, "bounds="),
        ({"population": "100"}, "population="),
        ({"population": True}, "population="),
        ({"tolerance": None}, "tolerance="),
        ({"max_iterations": "9"}, "max_iterations="),
        ({"max_iterations": 1.5}, "max_iterations="),
        ({"method": 1}, "method="),
        ({"collapse": Collapse({"s": [("m", "f")]}, None)}, "minimum"),
        ({"collapse": Collapse({"s": [("m", "f")]}, float("nan"))}, "minimum"),
        ({"collapse": {"s": None}}, "pair"),
        ({"collapse": {"s": [5]}}, "pair"),
        ({"continuous": ["x"]}, "continuous="),
        ({"continuous": {"x": None}}, "not a number"),
        ({"by": ["s"]}, "group"),
        ({"base_weight": np.ones((400, 2))}, "one column"),
        ({"base_weight": np.full(400, 1e306)}, "too large"),
    ],
)
def test_wrong_arguments_are_named(sample, options, words):
    with pytest.raises(CalibrationError, match=words):
        calibrate(sample, {"s": S}, **options)


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ({"s": {"m": 10**400, "f": 1}}, "not a number"),
        ({"s": {"m": 1e308, "f": 1e308}}, "too large"),
        ({(): {"m": 1}}, "no column"),
        ({"s": pd.DataFrame({"m": [0.5], "f": [0.5]})}, "not a number"),
        ({"lists": S}, "lists"),
    ],
)
def test_wrong_targets_are_named(sample, targets, words):
    sample["lists"] = [[1]] * 400
    with pytest.raises(CalibrationError, match=words):
        calibrate(sample, targets)


@pytest.mark.parametrize("frame", [None, {"s": ["m"]}, np.zeros((3, 1)), pd.Series(["m"])])
def test_respondents_that_are_no_frame(frame):
    with pytest.raises(CalibrationError, match="pandas DataFrame"):
        calibrate(frame, {"s": S})


def test_doubled_columns_are_named(sample):
    doubled = pd.concat([sample, sample[["w", "x"]]], axis=1)
    with pytest.raises(CalibrationError, match="'w' must be one column"):
        calibrate(doubled, {"s": S}, base_weight="w")
    with pytest.raises(CalibrationError, match="'x' must be one column"):
        calibrate(doubled, {"s": S}, continuous={"x": 0.1})


def test_one_group_with_very_many_levels_does_not_weigh_on_the_others():
    rng = np.random.default_rng(9)
    n = 6000
    group = np.minimum(rng.integers(0, 200, n), 99)
    level = np.where(group == 99, rng.integers(0, 700, n), rng.integers(0, 3, n))
    frame = pd.DataFrame({"g": group, "a": level, "b": rng.integers(0, 3, n)})
    truth = rng.uniform(0.5, 2, n)
    targets = {
        int(g): {
            m: pd.Series(truth[own.index]).groupby(own[m].to_numpy()).sum().to_dict() for m in "ab"
        }
        for g, own in frame.groupby("g")
    }
    result = calibrate(frame, targets, by="g", bounds=(0.2, 5))
    assert result.max_error <= 1e-6
    assert result.g_weights.min() >= 0.2 - 1e-9


def test_more_levels_than_fit_in_memory_are_refused_where_newton_needs_them():
    n = 12_000
    frame = pd.DataFrame({"a": np.arange(n), "b": np.arange(n) % 7})
    targets = {
        "a": dict.fromkeys(range(n), 1.0),
        "b": {k: float((np.arange(n) % 7 == k).sum()) for k in range(7)},
    }
    assert calibrate(frame, targets).max_error <= 1e-6
    with pytest.raises(CalibrationError, match="12,007 levels"):
        calibrate(frame, targets, trim=(0.1, 5))
