"""Sparse levels are merged in the declared order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flows.weighting import CalibrationError, Collapse, calibrate

EDU = {"none": 0.02, "low": 0.18, "middle": 0.4, "high": 0.3, "phd": 0.1}


@pytest.fixture
def sample() -> pd.DataFrame:
    edu = ["none"] * 2 + ["low"] * 30 + ["middle"] * 80 + ["high"] * 60 + ["phd"] * 3
    return pd.DataFrame({"edu": edu, "sex": list("mv") * 87 + ["m"]})


def shares(sample, result) -> dict:
    total = pd.Series(result.weights).groupby(sample["edu"].to_numpy()).sum()
    return (total / total.sum()).to_dict()


def test_a_sparse_level_joins_another_and_their_targets_add_up(sample):
    order = {"edu": [("none", "low"), ("phd", "high"), ("low", "middle")]}
    result = calibrate(sample, {"edu": EDU}, collapse=order)
    found = shares(sample, result)
    assert found["none"] + found["low"] == pytest.approx(0.2)
    assert found["high"] + found["phd"] == pytest.approx(0.4)
    assert found["none"] / found["low"] == pytest.approx(2 / 30)  # one weight for both
    assert result.margins["level"].tolist() == ["none + low", "middle", "high + phd"]
    assert result.margins["n"].tolist() == [32, 80, 63]
    joined = [(one.level, one.into, one.n) for one in result.collapsed]
    assert joined == [("none", "low", 2), ("phd", "high", 3)]
    assert "level 'none' (2 respondents) joined 'low'" in result.notes[0]


def test_the_minimum_decides_and_chains_go_on(sample):
    order = {"edu": [("none", "low"), ("low", "middle"), ("phd", "low")]}
    result = calibrate(sample, {"edu": EDU}, collapse=Collapse(order, minimum=40))
    assert result.margins["level"].tolist() == ["none + low + middle + phd", "high"]
    assert result.margins["n"].tolist() == [115, 60]
    untouched = calibrate(sample, {"edu": EDU}, collapse=Collapse(order, minimum=1))
    assert untouched.collapsed == ()


def test_a_level_without_respondents_or_without_target_joins(sample):
    without = sample[sample["edu"] != "none"]
    result = calibrate(without, {"edu": EDU}, collapse={"edu": [("none", "low")]})
    assert shares(without, result)["low"] == pytest.approx(0.2)
    fewer = {"low": 0.2, "middle": 0.4, "high": 0.4}
    order = {"edu": [("none", "low"), ("phd", "high")]}
    result = calibrate(sample, {"edu": fewer}, collapse=order)
    found = shares(sample, result)
    assert found["high"] + found["phd"] == pytest.approx(0.4)
    assert result.margins["target"].tolist() == [0.2, 0.4, 0.4]


def test_groups_merge_where_they_need_to(sample):
    sample["town"] = np.where(np.arange(len(sample)) % 2, "a", "b")
    sample.loc[sample["edu"].eq("phd"), "town"] = "a"
    order = {"edu": [("none", "low"), ("phd", "high")]}
    targets = {town: {"edu": EDU} for town in "ab"}
    result = calibrate(sample, targets, by="town", collapse=Collapse(order, minimum=2))
    assert [(one.group, one.level) for one in result.collapsed] == [
        ("a", "none"),
        ("b", "none"),
        ("b", "phd"),
    ]
    assert result.max_error <= 1e-6
    own = result.margins[result.margins["group"] == "a"]["level"].tolist()
    assert own == ["none + low", "middle", "high", "phd"]


def test_crossed_margins_merge_too(sample):
    cells = {(s, e): 0.1 for s in "mv" for e in EDU}
    order = {("sex", "edu"): [((s, e), (s, into)) for s in "mv" for e, into in
             (("none", "low"), ("phd", "high"))]}  # fmt: skip
    result = calibrate(sample, {("sex", "edu"): cells}, collapse=order)
    assert "m x none + m x low" in result.margins["level"].tolist()
    assert result.max_error <= 1e-6


@pytest.mark.parametrize(
    ("collapse", "words"),
    [
        ({"edu": [("nothing", "low")]}, "'nothing'"),
        ({"edu": [("none", "lower")]}, "'lower'"),
        ({"edu": ["none"]}, "pair"),
        (["edu"], "collapse="),
        ({"school": [("none", "low")]}, "'school'"),
    ],
)
def test_what_cannot_be_meant_is_refused(sample, collapse, words):
    with pytest.raises(CalibrationError, match=words):
        calibrate(sample, {"edu": EDU}, collapse=collapse)
