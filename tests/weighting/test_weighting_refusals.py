"""What `calibrate` refuses, and that it names the place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flows.errors import Refusal
from flows.weighting import CalibrationError, calibrate


@pytest.fixture
def sample() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "sex": rng.choice(["m", "v"], 300),
            "edu": rng.choice(["low", "middle", "high"], 300),
            "age": rng.integers(18, 90, 300).astype(float),
        }
    )


SEX = {"m": 0.5, "v": 0.5}
EDU = {"low": 0.3, "middle": 0.4, "high": 0.3}


def refused(sample: pd.DataFrame, targets: dict, **options) -> CalibrationError:
    with pytest.raises(CalibrationError) as caught:
        calibrate(sample, targets, **options)
    assert isinstance(caught.value, Refusal)
    return caught.value


class TestPoison:
    """Eight ways to be silently wrong that other packages have."""

    def test_margins_that_disagree(self, sample):
        targets = {"sex": {"m": 500, "v": 500}, "edu": {"low": 300, "middle": 400, "high": 400}}
        error = refused(sample, targets)
        assert error.margin == "edu"
        assert "1,100" in str(error)
        assert "1,000" in str(error)
        scaled = calibrate(sample, targets, disagreeing="scale")
        assert scaled.weights.sum() == pytest.approx(1000)

    def test_a_level_without_respondents(self, sample):
        error = refused(sample, {"sex": SEX, "edu": {**EDU, "high": 0.2, "none": 0.1}})
        assert (error.margin, error.level, error.wanted) == ("edu", "none", 0.1)

    def test_margins_that_exclude_each_other(self, sample):
        sample.loc[sample["edu"] == "high", "sex"] = "m"
        error = refused(sample, {"sex": {"m": 0.2, "v": 0.8}, "edu": EDU})
        assert error.margin in ("sex", "edu")
        assert error.level is not None
        assert (error.wanted, error.possible) == (pytest.approx(0.8), pytest.approx(0.7))
        assert "all in levels 'low', 'middle' of margin 'edu'" in str(error)

    def test_three_margins_that_exclude_each_other(self, sample):
        """Any two of them can be met; the linear programme finds the nearest there is."""
        a = np.arange(300) % 2
        b = np.arange(300) // 2 % 2
        cube = pd.DataFrame({"a": a, "b": b, "c": (a + b) % 2})  # a third of the cube is empty
        half = {0: 0.3, 1: 0.7}
        error = refused(cube, {"a": half, "b": half, "c": half})
        assert error.wanted != pytest.approx(error.possible, rel=0.01)
        assert "nearest" in str(error)

    def test_a_missing_value_in_a_margin(self, sample):
        sample.loc[3, "edu"] = np.nan
        error = refused(sample, {"edu": EDU})
        assert error.margin == "edu"
        assert "1 respondent has no value" in str(error)

    def test_integer_base_weights_are_right(self, sample):
        weights = calibrate(sample, {"edu": EDU}, base_weight=np.full(300, 2)).weights
        assert weights.mean() == pytest.approx(1)
        assert (weights > 0).all()

    def test_a_zero_target(self, sample):
        error = refused(sample, {"edu": {"low": 0.0, "middle": 0.5, "high": 0.5}})
        assert (error.margin, error.level) == ("edu", "low")
        unused = calibrate(sample, {"edu": {**EDU, "none": 0.0}})
        assert unused.max_error <= 1e-6

    def test_a_level_without_target(self, sample):
        error = refused(sample, {"edu": {"low": 0.5, "middle": 0.5}})
        assert (error.margin, error.level) == ("edu", "high")

    def test_base_weights_of_zero(self, sample):
        assert "zero" in str(refused(sample, {"edu": EDU}, base_weight=np.zeros(300)))
        base = (sample["edu"] != "low").astype(float)
        error = refused(sample, {"edu": EDU}, base_weight=base)
        assert (error.margin, error.level) == ("edu", "low")


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ({}, "no targets"),
        ({"edu": {}}, "no targets"),
        ({"edu": {"low": 0.5, "middle": float("nan"), "high": 0.5}}, "not a number"),
        ({"edu": {"low": 0.5, "middle": "many", "high": 0.5}}, "not a number"),
        ({"edu": {"low": -0.2, "middle": 0.6, "high": 0.6}}, "negative"),
        ({"edu": {"low": 0, "middle": 0, "high": 0}}, "all targets are zero"),
        ({"edu": {"low": 0.3, "middle": 0.4, "high": 0.295}}, "add up to 0.995, not to 1"),
        ({"edu": {"low": 0.3, "middle": 0.4, "high": 0.25}}, "add up to 0.95, not to 1"),
        ({"edu": {"low": 30, "middle": 40, "high": 29.5}}, "add up to 99.5, not to 100"),
        ({"school": EDU}, "no column 'school'"),
        ({("edu", "school"): EDU}, "no column 'school'"),
    ],
)
def test_targets_that_are_wrong_in_themselves(sample, targets, words):
    assert words in str(refused(sample, targets))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "rake"}, "method='rake'"),
        ({"missing": "drop"}, "missing='drop'"),
        ({"disagreeing": "ignore"}, "disagreeing='ignore'"),
        ({"collapse": 30}, "collapse="),
        ({"tolerance": 0}, "tolerance="),
        ({"max_iterations": 0}, "max_iterations="),
        ({"population": -1}, "population="),
        ({"method": "logit"}, "needs bounds"),
        ({"method": "logit", "bounds": (0.5, 2), "trim": (0.5, 2)}, "trim="),
        ({"method": "poststratify", "bounds": (0.5, 2)}, "bounds="),
        ({"bounds": (1.2, 2)}, "bounds="),
        ({"bounds": 3}, "bounds="),
        ({"trim": (3, 2)}, "trim="),
        ({"base_weight": "w"}, "column 'w'"),
        ({"base_weight": [1.0, 2.0]}, "2 values for 300"),
        ({"base_weight": [np.nan] + [1.0] * 299}, "row 1"),
        ({"base_weight": [1.0] * 299 + [-1.0]}, "negative"),
        ({"continuous": {"wealth": 5}}, "column 'wealth'"),
        ({"continuous": {"age": 200}}, "outside"),
        ({"continuous": {"sex": 1}}, "no number"),
        ({"by": "region"}, "no column 'region'"),
        ({"trim": (None, 0.9)}, "trim="),
    ],
)
def test_arguments_are_refused_by_name(sample, options, words):
    assert words in str(refused(sample, {"sex": SEX, "edu": EDU}, **options))


def test_poststratify_takes_one_margin(sample):
    assert "one margin" in str(refused(sample, {"sex": SEX, "edu": EDU}, method="poststratify"))


def test_bounds_too_tight_name_the_level_and_what_is_possible(sample):
    error = refused(sample, {"edu": {"low": 0.8, "middle": 0.1, "high": 0.1}}, bounds=(0.5, 1.5))
    assert (error.margin, error.level, error.wanted) == ("edu", "low", pytest.approx(0.8))
    share = (sample["edu"] == "low").mean()
    assert error.possible == pytest.approx(1.5 * share)


def test_too_few_iterations_are_never_a_result(sample):
    error = refused(sample, {"sex": {"m": 0.9, "v": 0.1}, "edu": EDU}, max_iterations=1)
    assert "1 iterations" in str(error)
    assert "max_iterations" in str(error)


def test_no_respondents(sample):
    assert "no respondents" in str(refused(sample.iloc[:0], {"edu": EDU}))


def test_one_respondent_can_only_be_everybody(sample):
    one = sample.iloc[:1]
    assert calibrate(one, {"edu": {one["edu"].iloc[0]: 1}}).weights.tolist() == [1.0]


@pytest.mark.parametrize(
    ("targets", "group"),
    [
        ({"m": {"edu": EDU}}, "v"),
        ({"m": {"edu": EDU}, "v": {"edu": EDU}, "x": {"edu": EDU}}, "x"),
        ({"m": {"edu": EDU}, "v": {}}, "v"),
    ],
)
def test_groups_and_targets_must_match(sample, targets, group):
    error = refused(sample, targets, by="sex")
    assert (error.margin, error.level) == ("sex", group)


def test_shares_in_one_group_and_totals_in_another(sample):
    totals = {"low": 300, "middle": 400, "high": 300}
    error = refused(sample, {"m": {"edu": EDU}, "v": {"edu": totals}}, by="sex")
    assert "some groups have shares, others totals" in str(error)


def test_base_weights_in_another_order_than_the_frame(sample):
    base = pd.Series(np.arange(300) + 1.0, index=sample.index)
    error = refused(sample, {"edu": EDU}, base_weight=base.iloc[::-1])
    assert "another order" in str(error)


def test_a_refusal_in_a_group_names_the_group(sample):
    only_v = {**EDU, "high": 0.2, "none": 0.1}
    error = refused(sample, {"m": {"edu": EDU}, "v": {"edu": only_v}}, by="sex")
    assert "Group 'v'" in str(error)
    assert error.level == "none"


def test_labels_that_collide(sample):
    assert "two targets" in str(refused(sample, {"edu": {1: 0.5, "1": 0.5}}))


def test_two_columns_of_one_name(sample):
    doubled = pd.concat([sample, sample[["edu"]]], axis=1)
    assert "more than one column" in str(refused(doubled, {"edu": EDU}))
