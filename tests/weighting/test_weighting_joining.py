"""Groups of a plan: sizes, joining, and what cannot be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from weighting_plans import a_grouped_plan, a_margin, a_sample

from flows.definitions.weighting_plan import Groups, WeightingPlan
from flows.errors import Refusal
from flows.weighting import CalibrationError
from flows.weighting.joining import Joined, group_totals, settle_groups
from flows.weighting.scheme import weigh


def met(frame: pd.DataFrame, weights: np.ndarray, plan: WeightingPlan, places: list[str]) -> None:
    """The margins of these places together are met, computed here from scratch."""
    totals = group_totals(plan)
    everyone = sum(sum(own["age"].values()) for own in totals.values())
    for name in ("age", "sex"):
        for level in totals[places[0]][name]:
            chosen = frame["place"].isin(places) & (frame[name] == level)
            wanted = sum(totals[place][name][level] for place in places) / everyone
            assert weights[chosen.to_numpy()].sum() / len(frame) == pytest.approx(wanted, rel=2e-6)


class TestWeighing:
    def test_every_group_meets_its_own_targets_and_gets_its_share(self):
        frame, plan = a_sample(east=300, west=150, isle=120), a_grouped_plan()
        weighting = weigh(frame, plan)
        assert weighting.weights.mean() == pytest.approx(1)
        for place in ("east", "west", "isle"):
            met(frame, weighting.weights, plan, [place])
        assert weighting.groups is not None
        assert weighting.groups["sum"].tolist() == pytest.approx([342, 171, 57])
        own = weighting.margins.query("group == 'isle' and margin == 'age'")
        assert own["target"].tolist() == [200, 800]
        assert weighting.joined == ()

    def test_a_small_group_joins_another_and_the_targets_add_up(self):
        frame, plan = a_sample(east=300, west=150, isle=40), a_grouped_plan((("isle", "west"),))
        weighting = weigh(frame, plan)
        assert weighting.joined == (Joined("isle", 40, "west"),)
        assert "isle (40) to west" in weighting.notes[0]
        met(frame, weighting.weights, plan, ["isle", "west"])
        met(frame, weighting.weights, plan, ["east"])
        assert weighting.groups is not None
        assert weighting.groups["group"].tolist() == ["east", "west"]

    def test_a_group_that_is_large_enough_stays(self):
        frame = a_sample(east=300, west=150, isle=100)
        assert weigh(frame, a_grouped_plan((("isle", "west"),))).joined == ()

    def test_without_a_join_every_small_group_is_named(self):
        frame = a_sample(east=300, west=99, isle=40)
        with pytest.raises(Refusal) as caught:
            weigh(frame, a_grouped_plan())
        told = str(caught.value)
        assert "'west' has 99 respondents, 100 needed" in told
        assert "'isle' has 40 respondents, 100 needed" in told
        assert "groups.join" in told

    def test_per_level_counts_the_levels_of_all_margins(self):
        frame = a_sample(east=300, west=150, isle=120)
        groups = Groups(variable="place", minimum=10, per_level=31)
        with pytest.raises(Refusal, match="'isle' has 120 respondents, 124 needed"):
            weigh(frame, a_grouped_plan(groups=groups))

    def test_base_weights_count_within_the_group(self):
        frame = a_sample(east=300, west=150, isle=120)
        frame["design"] = np.linspace(1, 2, len(frame)) * frame["place"].map(
            {"east": 1.0, "west": 100.0, "isle": 0.01}
        ).astype(float)
        plan = a_grouped_plan(base_weight="design", method="logit", bounds=(0.3, 3))
        weighting = weigh(frame, plan)
        met(frame, weighting.weights, plan, ["isle"])
        assert weighting.g_weights.min() >= 0.3 - 1e-6
        assert weighting.g_weights.max() <= 3 + 1e-6
        np.testing.assert_allclose(weighting.weights, weighting.g_weights * weighting.base_weights)

    def test_note_and_refusal_are_about_the_mean_of_the_group(self):
        # The isle has a hundred times as many people a respondent: no reason for a note.
        frame = a_sample(east=3000, west=150, isle=120)
        weighting = weigh(frame, a_grouped_plan(note_above=3, refuse_from=5))
        assert weighting.weights.max() / weighting.weights.min() > 5
        assert weighting.notes == ()
        with pytest.raises(Refusal, match="times the mean of their group"):
            weigh(frame, a_grouped_plan(note_above=1.1, refuse_from=1.2))

    def test_small_numbers_are_still_numbers_of_people(self):
        frame = a_sample(east=300, west=150)
        age = {"east": {"young": 50, "old": 70}, "west": {"young": 40, "old": 60}}
        plan = a_grouped_plan(margins=(a_margin("age", age),))
        weighting = weigh(frame, plan)
        east = (frame["place"] == "east").to_numpy()
        assert weighting.weights[east].sum() == pytest.approx(450 * 120 / 220)

    def test_a_failure_names_the_group(self):
        frame = a_sample(east=300, west=150, isle=120)
        isle = frame["place"] == "isle"
        frame.loc[isle, "age"] = "old"
        with pytest.raises(CalibrationError, match="Group 'isle': Margin 'age', level 'young'"):
            weigh(frame, a_grouped_plan())


class TestJoining:
    def test_a_chain(self):
        frame = a_sample(east=300, west=45, isle=40)
        join = (("isle", "west"), ("west", "east"))
        for pairs in (join, join[::-1]):
            settled = settle_groups(frame, a_grouped_plan(pairs))
            assert set(settled.of) == {"east"}
            assert settled.targets["east"]["age"] == {"young": 3_700, "old": 6_300}

    def test_a_second_pair_counts_while_the_first_is_not_enough(self):
        frame = a_sample(east=300, west=45, isle=40)
        settled = settle_groups(frame, a_grouped_plan((("isle", "west"), ("isle", "east"))))
        assert {joined.into for joined in settled.joined} == {"east"}
        assert [joined.group for joined in settled.joined] == ["west", "isle"]

    def test_targets_without_respondents(self):
        frame = a_sample(east=300, west=150)
        with pytest.raises(Refusal, match="'isle' has targets but no respondents"):
            settle_groups(frame, a_grouped_plan())
        settled = settle_groups(frame, a_grouped_plan((("isle", "west"),)))
        assert settled.joined == (Joined("isle", 0, "west"),)
        assert sum(settled.targets["west"]["sex"].values()) == pytest.approx(4_000)

    def test_respondents_without_targets(self):
        frame = a_sample(east=300, west=150, isle=120, elsewhere=400)
        with pytest.raises(Refusal, match="'elsewhere' has 400 respondents but no targets"):
            settle_groups(frame, a_grouped_plan())
        settled = settle_groups(frame, a_grouped_plan((("elsewhere", "west"),)))
        assert settled.joined == (Joined("elsewhere", 400, "west"),)

    def test_a_circle(self):
        frame = a_sample(east=300, west=45, isle=40)
        with pytest.raises(Refusal, match="circle"):
            settle_groups(frame, a_grouped_plan((("isle", "west"), ("west", "isle"))))

    def test_a_pair_about_nobody_in_this_wave(self):
        frame = a_sample(east=300, west=150, isle=120)
        assert settle_groups(frame, a_grouped_plan((("unknown", "west"),))).joined == ()

    def test_missing_groups(self):
        frame = a_sample(east=300, west=150, isle=120)
        frame.loc[:2, "place"] = None
        with pytest.raises(Refusal, match="3 respondents without a value"):
            settle_groups(frame, a_grouped_plan())

    @settings(max_examples=40, deadline=None)
    @given(
        sizes=st.lists(st.integers(0, 60), min_size=3, max_size=7),
        seed=st.integers(0, 10_000),
        minimum=st.integers(1, 80),
    )
    def test_all_settled_groups_are_large_enough_and_nobody_is_lost(self, sizes, seed, minimum):
        rng = np.random.default_rng(seed)
        names = [f"g{i}" for i in range(len(sizes))]
        totals = {g: {"m": float(rng.integers(200, 900)), "v": 500.0} for g in names}
        # A group may join any later one: no circles.
        join = tuple(
            (names[i], names[int(rng.integers(i + 1, len(names)))]) for i in range(len(names) - 1)
        )
        order = rng.permutation(len(join))
        groups = Groups(
            variable="g", minimum=minimum, per_level=1, join=tuple(join[i] for i in order)
        )
        plan = WeightingPlan(margins=(a_margin("sex", totals),), groups=groups)
        frame = pd.DataFrame({"g": np.repeat(names, sizes), "sex": "m"})
        try:
            settled = settle_groups(frame, plan)
        except Refusal:
            assert sum(sizes) < max(minimum, 2) or sizes[-1] < max(minimum, 2)
            return
        people = pd.Series(settled.of).value_counts()
        assert (people >= max(minimum, 2)).all()
        assert set(people.index) == set(settled.targets)
        together = sum(sum(own["sex"].values()) for own in settled.targets.values())
        assert together == pytest.approx(sum(sum(own.values()) for own in totals.values()))
        moved = {joined.group for joined in settled.joined}
        assert moved == {g for g in names if g not in settled.targets}


class TestTargets:
    def test_other_margins_are_scaled_to_the_first_totals(self):
        totals = group_totals(a_grouped_plan())
        assert totals["west"]["sex"] == pytest.approx({"m": 1_200, "v": 1_800})

    @pytest.mark.parametrize(
        ("age", "words"),
        [
            ({"a": {"x": 0.5, "y": 0.5}, "b": {"x": 0.4, "y": 0.6}}, "are shares"),
            ({"a": {"x": 0.5, "y": 0.5}, "b": {"x": 0.4, "y": 0.5}}, "group 'b': .* add up to 0.9"),
            ({"a": {"x": 0.5, "y": 0.5}, "b": {"x": 400, "y": 500}}, "group 'b': .* add up to 900"),
            ({"a": {"x": 50, "y": 50}, "b": {"x": 50, "y": 45}}, "group 'b': .* add up to 95"),
            ({"a": {"x": -1, "y": 900}, "b": {"x": 1, "y": 900}}, "group 'a', level 'x'"),
            ({"a": {"x": 0, "y": 0}, "b": {"x": 1, "y": 900}}, "all zero"),
        ],
    )
    def test_a_slip_is_refused(self, age, words):
        with pytest.raises(Refusal, match=words):
            group_totals(a_grouped_plan(margins=(a_margin("age", age),)))

    def test_a_margin_without_a_group(self):
        plan = a_grouped_plan()
        less = {"east": {"m": 1, "v": 2}, "west": {"m": 100, "v": 200}}
        margins = (plan.margins[0], a_margin("sex", {**less, "east": {"m": 100, "v": 2}}))
        with pytest.raises(Refusal, match="'sex' has no targets for group 'isle'"):
            group_totals(plan.model_copy(update={"margins": margins}))

    def test_a_margin_without_groups(self):
        margins = (a_margin("age", {"young": 1, "old": 2}),)
        with pytest.raises(Refusal, match="no targets per group"):
            group_totals(a_grouped_plan(margins=margins))
