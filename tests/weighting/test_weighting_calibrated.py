"""The margins as calibrated, for the variance: merged, joined, crossed with the group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from weighting_plans import a_grouped_plan, a_margin, a_sample

from flows.definitions.weighting_plan import WeightingPlan
from flows.statistics.variance import linearise, margin_dummies, variance, weighted_sample
from flows.weighting.calibrated import GROUP, auxiliaries, calibrated_margins
from flows.weighting.scheme import PlanWeighting, weigh


def collapsed_of(weighting: PlanWeighting) -> list[dict[str, object]]:
    return [vars(each) for each in weighting.collapsed]


def joined_of(weighting: PlanWeighting) -> dict[str, str]:
    return {each.group: each.into for each in weighting.joined}


def test_without_groups_they_are_the_plans() -> None:
    frame = a_sample(east=60, west=40)
    frame.loc[3, "age"] = np.nan
    plan = WeightingPlan(
        margins=(a_margin("age", {"young": 0.4, "old": 0.6}), a_margin("sex", {"m": 1, "v": 1}))
    )
    margins = calibrated_margins(frame, plan, joined={})
    pd.testing.assert_frame_equal(
        margins.astype(object), frame[["age", "sex"]].astype(object), check_dtype=False
    )
    assert margins.loc[3].isna().tolist() == [True, False]


def test_merged_levels_count_as_one_also_in_a_chain() -> None:
    frame = pd.DataFrame({"age": list("aabbccccccdddddd")})
    plan = WeightingPlan(
        margins=(
            a_margin("age", {"a": 1, "b": 1, "c": 4, "d": 4}, collapse=(("a", "b"), ("b", "c"))),
        )
    )
    weighting = weigh(frame, plan)
    assert [each.into for each in weighting.collapsed] == ["b", "c"]
    margins = calibrated_margins(frame, plan, joined={}, collapsed=collapsed_of(weighting))
    assert margins["age"].tolist() == list("ccccccccccdddddd")
    # What these dummies say is met, is met.
    totals = weighting.weights @ margin_dummies(margins)
    assert totals == pytest.approx([9.6, 6.4])


def test_with_groups_every_margin_is_crossed_with_the_group_it_is_weighted_in() -> None:
    frame, plan = a_sample(east=300, west=150, isle=40), a_grouped_plan((("isle", "west"),))
    weighting = weigh(frame, plan)
    margins = calibrated_margins(frame, plan, joined=joined_of(weighting))
    assert set(margins["age"]) == {"east|young", "east|old", "west|young", "west|old"}
    assert (margins.loc[frame["place"] == "isle", "sex"].str.startswith("west|")).all()
    # Everything these dummies say is met, is met: they change nothing any more.
    again = calibrated_margins(frame, plan, joined=joined_of(weighting), most_columns=7)
    assert again.columns.tolist() == [GROUP, "age", "sex"]
    assert set(again[GROUP]) == {"east", "west"}


def test_levels_merged_in_one_group_only() -> None:
    frame = a_sample(east=300, west=150, isle=120)
    isle = np.flatnonzero(frame["place"] == "isle")
    frame.loc[isle, "age"] = "old"
    frame.loc[isle[:2], "age"] = "young"
    plan = a_grouped_plan()
    age = plan.margins[0].model_copy(update={"collapse": (("young", "old"),)})
    plan = plan.model_copy(update={"margins": (age, plan.margins[1])})
    weighting = weigh(frame, plan)
    (merged,) = weighting.collapsed
    assert (merged.group, merged.level, merged.into) == ("isle", "young", "old")
    margins = calibrated_margins(frame, plan, joined={}, collapsed=collapsed_of(weighting))
    assert set(margins["age"][isle]) == {"isle|old"}
    assert "east|young" in set(margins["age"])


def test_auxiliaries_of_the_groups_are_those_of_the_crossing() -> None:
    frame, plan = a_sample(east=300, west=150, isle=40), a_grouped_plan((("isle", "west"),))
    weighting = weigh(frame, plan)
    crossed = margin_dummies(calibrated_margins(frame, plan, joined=joined_of(weighting)))
    rank = np.linalg.matrix_rank(crossed)
    parts = list(auxiliaries(frame, plan, weighting))
    assert sorted(np.concatenate([rows for rows, _ in parts])) == list(range(len(frame)))
    assert sum(np.linalg.matrix_rank(x) for _, x in parts) == rank == 6


def error_of(frame: pd.DataFrame, weights: np.ndarray, y: np.ndarray, most: int | None) -> float:
    margins = None
    if most is not None:
        margins = calibrated_margins(frame, a_grouped_plan(), joined={}, most_columns=most)
    sample = weighted_sample(weights, np.zeros(len(frame), dtype=int), 1, margins)
    sums = sample.sums(np.array([y, np.ones(len(y))])[:, sample.grouping.order])[:, :1]
    return float(np.sqrt(variance(sample, linearise(sample, sums[:1], sums[1:], sums[:1])))[0, 0])


def test_uncrossed_margins_are_met_too_but_leave_a_larger_error() -> None:
    frame = a_sample(east=300, west=150, isle=120)
    weighting = weigh(frame, a_grouped_plan())
    # Young people think one way in the east and the other way elsewhere.
    east, young = frame["place"] == "east", frame["age"] == "young"
    y = (east == young).to_numpy().astype(float)
    y[::7] = 1 - y[::7]
    crossed, uncrossed, none = (error_of(frame, weighting.weights, y, m) for m in (400, 0, None))
    assert crossed < 0.9 * uncrossed
    assert uncrossed <= none * 1.001


def test_few_respondents_per_level_are_not_crossed() -> None:
    frame = a_sample(east=80, west=80, isle=80)
    crossed = calibrated_margins(frame, a_grouped_plan(), joined={})
    assert GROUP not in crossed  # 12 levels, 240 respondents
    fewer = calibrated_margins(frame.iloc[:-1], a_grouped_plan(), joined={})
    assert GROUP in fewer
