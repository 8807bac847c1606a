"""`calibrate` on small samples: what it returns, and how it is asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flows.weighting import calibrate


@pytest.fixture
def sample() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "sex": rng.choice(["m", "v"], 400, p=[0.4, 0.6]),
            "edu": rng.choice([1, 2, 3], 400, p=[0.2, 0.3, 0.5]),
            "region": rng.choice(["n", "e", "s", "w"], 400),
            "income": rng.gamma(4, 500, 400),
            "base": rng.uniform(0.5, 2, 400),
        }
    )


SHARES = {"sex": {"m": 0.49, "v": 0.51}, "edu": {1: 0.3, 2: 0.4, 3: 0.3}}


def shares(frame: pd.DataFrame, weights: np.ndarray, column: str) -> dict:
    totals = pd.Series(weights).groupby(frame[column].to_numpy()).sum()
    return (totals / totals.sum()).to_dict()


@pytest.mark.parametrize(
    ("method", "bounds"), [("raking", None), ("linear", None), ("logit", (0.3, 3.0))]
)
def test_every_method_meets_the_targets(sample, method, bounds):
    result = calibrate(sample, SHARES, base_weight="base", method=method, bounds=bounds)
    assert shares(sample, result.weights, "sex") == pytest.approx(SHARES["sex"], rel=1e-6)
    assert shares(sample, result.weights, "edu") == pytest.approx(SHARES["edu"], rel=1e-6)
    assert result.weights.mean() == pytest.approx(1)
    assert result.max_error <= 1e-6


def test_shares_percentages_and_totals_are_the_same_weighting(sample):
    by_share = calibrate(sample, SHARES)
    percentages = {m: {k: 100 * v for k, v in t.items()} for m, t in SHARES.items()}
    totals = {m: {k: 17_000_000 * v for k, v in t.items()} for m, t in SHARES.items()}
    by_percentage, by_total = calibrate(sample, percentages), calibrate(sample, totals)
    np.testing.assert_allclose(by_percentage.weights, by_share.weights, rtol=1e-12)
    assert by_total.weights.sum() == pytest.approx(17_000_000)
    np.testing.assert_allclose(by_total.g_weights, by_share.g_weights, rtol=1e-9)
    populated = calibrate(sample, SHARES, population=17_000_000)
    np.testing.assert_allclose(populated.weights, by_total.weights, rtol=1e-9)


def test_margins_are_told_in_the_unit_of_the_targets(sample):
    totals = {"sex": {"m": 490, "v": 510}, "edu": {1: 30, 2: 40, 3: 30}}
    table = calibrate(sample, totals).margins
    assert list(table.columns) == ["margin", "level", "n", "before", "target", "after"]
    assert table["target"].tolist() == [490, 510, 30, 40, 30]
    np.testing.assert_allclose(table["after"], table["target"], rtol=1e-6)
    assert table["n"].sum() == 2 * len(sample)
    assert table.groupby("margin")["before"].sum().to_dict() == pytest.approx(
        {"sex": 1000, "edu": 100}
    )


def test_result_explains_itself(sample):
    result = calibrate(sample, SHARES, base_weight="base")
    w = result.weights
    assert result.design_effect == pytest.approx(len(w) * (w**2).sum() / w.sum() ** 2)
    assert result.efficiency == pytest.approx(1 / result.design_effect)
    assert result.effective_n == pytest.approx(len(w) * result.efficiency)
    scaled = sample["base"] / sample["base"].mean()
    np.testing.assert_allclose(result.g_weights * scaled, w, rtol=1e-12)
    assert result.iterations > 1
    assert result.method == "raking"


def test_raking_equals_newton_and_row_by_row_raking(sample):
    """The block form, Newton's method and textbook raking give the same weights."""
    block = calibrate(sample, SHARES, base_weight="base", tolerance=1e-12)
    newton = calibrate(sample, SHARES, base_weight="base", bounds=(0, 1e6), tolerance=1e-12)
    np.testing.assert_allclose(block.weights, newton.weights, rtol=1e-9)
    weights = sample["base"].to_numpy(copy=True)
    for _ in range(200):
        for column, targets in SHARES.items():
            total = pd.Series(weights).groupby(sample[column]).transform("sum").to_numpy()
            weights *= sample[column].map(targets).to_numpy() * len(sample) / total
    np.testing.assert_allclose(block.weights, weights, rtol=1e-9)


def test_poststratify_on_a_crossing(sample):
    sample = sample.astype({"edu": str})
    cells = {(s, e): 1 / 6 for s in "mv" for e in "123"}
    result = calibrate(sample, {("sex", "edu"): cells}, method="poststratify")
    totals = pd.Series(result.weights).groupby([sample["sex"], sample["edu"]]).sum()
    np.testing.assert_allclose(totals, 400 / 6)
    assert set(result.margins["margin"]) == {"sex x edu"}
    assert "m x 1" in set(result.margins["level"])


def test_bounds_hold_and_margins_too(sample):
    for method in ("raking", "linear", "logit"):
        result = calibrate(sample, SHARES, base_weight="base", method=method, bounds=(0.55, 1.8))
        assert result.g_weights.min() >= 0.55 - 1e-9
        assert result.g_weights.max() <= 1.8 + 1e-9
        assert result.max_error <= 1e-6


def test_trim_limits_the_weight_itself_and_keeps_the_margins(sample):
    free = calibrate(sample, SHARES, base_weight="base")
    assert free.weights.max() > 2.2
    trimmed = calibrate(sample, SHARES, base_weight="base", trim=(0.4, 2.2))
    assert trimmed.weights.min() >= 0.4 - 1e-9
    assert trimmed.weights.max() <= 2.2 + 1e-9
    assert trimmed.max_error <= 1e-6
    upper = calibrate(sample, SHARES, base_weight="base", trim=(None, 2.2))
    assert upper.weights.max() <= 2.2 + 1e-9


def test_continuous_mean_and_total(sample):
    mean = 1.05 * sample["income"].mean()
    by_mean = calibrate(sample, SHARES, continuous={"income": mean})
    assert np.average(sample["income"], weights=by_mean.weights) == pytest.approx(mean)
    assert by_mean.margins.iloc[-1][["margin", "level"]].tolist() == ["income", "mean"]
    totals = {m: {k: 5000 * v for k, v in t.items()} for m, t in SHARES.items()}
    by_total = calibrate(sample, totals, continuous={"income": 5000 * mean}, method="linear")
    assert by_total.weights @ sample["income"] == pytest.approx(5000 * mean)


def test_linear_without_bounds_may_be_negative_and_says_so(sample):
    targets = {"sex": {"m": 0.02, "v": 0.98}, "edu": {1: 0.02, 2: 0.03, 3: 0.95}}
    result = calibrate(sample, targets, method="linear")
    assert (result.weights < 0).any()
    assert any("negative" in note for note in result.notes)


def test_groups_are_weighted_apart(sample):
    targets = {g: {"sex": {"m": 0.3 + i / 10, "v": 0.7 - i / 10}} for i, g in enumerate("nesw")}
    result = calibrate(sample, targets, by="region")
    for group, own in targets.items():
        rows = (sample["region"] == group).to_numpy()
        assert shares(sample[rows], result.weights[rows], "sex") == pytest.approx(own["sex"])
        assert result.weights[rows].sum() == pytest.approx(rows.sum())
    assert next(iter(result.margins.columns)) == "group"
    # A group whose totals happen to add up to 100 has totals, like the others.
    totals = {g: {"sex": {"m": 60.0, "v": 40.0 if i else 400.0}} for i, g in enumerate("nesw")}
    assert calibrate(sample, totals, by="region").weights.sum() == pytest.approx(760)


def test_missing_values_by_policy(sample):
    sample.loc[:19, "edu"] = np.nan
    own = calibrate(sample, SHARES, missing="own_level")
    known = sample["edu"].notna().to_numpy()
    assert own.weights[~known].sum() / own.weights.sum() == pytest.approx(20 / 400)
    assert shares(sample[known], own.weights[known], "edu") == pytest.approx(SHARES["edu"])
    spread = calibrate(sample, SHARES, missing="proportional")
    assert shares(sample[known], spread.weights[known], "edu") == pytest.approx(SHARES["edu"])
    assert shares(sample, spread.weights, "sex") == pytest.approx(SHARES["sex"])


@pytest.mark.parametrize(
    "recode",
    [
        lambda s: s.astype("category"),
        lambda s: s.astype("Int64"),
        lambda s: s.astype("float64"),
        lambda s: s.astype("int8"),
        lambda s: s.astype(str),
        lambda s: pd.Categorical(s, categories=[3, 9, 2, 1]),
        lambda s: s.astype(object),
    ],
)
def test_the_type_of_a_margin_column_does_not_matter(sample, recode):
    expected = calibrate(sample, SHARES).weights
    changed = sample.assign(edu=recode(sample["edu"]))
    np.testing.assert_array_equal(calibrate(changed, SHARES).weights, expected)
    texts = {**SHARES, "edu": {str(k): v for k, v in SHARES["edu"].items()}}
    np.testing.assert_array_equal(calibrate(changed, texts).weights, expected)


def test_integer_base_weights_and_duplicated_index(sample):
    whole = sample.assign(base=np.arange(400) % 3 + 1)
    expected = calibrate(whole.assign(base=whole["base"].astype(float)), SHARES, base_weight="base")
    for column in (whole["base"].astype("int8"), whole["base"].astype("Int64")):
        again = calibrate(whole.assign(base=column), SHARES, base_weight="base")
        np.testing.assert_array_equal(again.weights, expected.weights)
    doubled = whole.set_axis([0] * len(whole), axis=0)
    np.testing.assert_array_equal(
        calibrate(doubled, SHARES, base_weight="base").weights, expected.weights
    )
    np.testing.assert_array_equal(
        calibrate(doubled, SHARES, base_weight=whole["base"]).weights, expected.weights
    )


def test_a_base_weight_of_zero_stays_zero(sample):
    base = np.ones(400)
    base[:50] = 0
    result = calibrate(sample, SHARES, base_weight=base)
    assert (result.weights[:50] == 0).all()
    assert shares(sample, result.weights, "edu") == pytest.approx(SHARES["edu"])


def test_the_frame_is_not_changed(sample):
    before = sample.copy()
    calibrate(sample, SHARES, base_weight="base")
    pd.testing.assert_frame_equal(sample, before)
