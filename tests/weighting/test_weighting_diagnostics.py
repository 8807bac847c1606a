"""The numbers in weighting.json and the page: groups, profiles, influence, histograms."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from weighting_plans import a_grouped_plan, a_margin, a_sample

from flows.definitions.models import Text
from flows.definitions.options import Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question
from flows.definitions.weighting_plan import Groups, WeightingPlan
from flows.weighting.diagnostics import scheme_sha256, weighting_summary, with_profiles
from flows.weighting.influence import influential, leverages
from flows.weighting.report import weighting_page
from flows.weighting.result import design_effect
from flows.weighting.scheme import weigh


@pytest.fixture(scope="module")
def questionnaire() -> Questionnaire:
    def question(code: str, name: str, **levels: str) -> Question:
        return Question(
            code=code,
            dimension="demographic",
            type="single",
            text=Text(nl=name),
            options=tuple(Option(code=level, nl=text) for level, text in levels.items()),
        )

    return Questionnaire(
        questions=(
            question("place", "Place", east="The East", west="The West", isle="An Isle"),
            question("age", "Age", young="Under 40", old="40 and over"),
            question("sex", "Sex", m="Man", v="Woman"),
        )
    )


class TestGroups:
    @pytest.fixture(scope="class")
    def frame(self) -> pd.DataFrame:
        return a_sample(east=300, west=150, isle=40)

    @pytest.fixture(scope="class")
    def plan(self) -> WeightingPlan:
        return a_grouped_plan((("isle", "west"),))

    @pytest.fixture(scope="class")
    def summary(self, frame, plan):
        told = weighting_summary(weigh(frame, plan), plan, frame, seconds=0.1)
        return json.loads(json.dumps(told, allow_nan=False))

    def test_each_group_has_its_figures(self, summary, frame, plan):
        east, west = summary["groups"]
        assert (east["group"], east["n"], west["n"]) == ("east", 300, 190)
        assert (east["target"], west["target"]) == pytest.approx((0.6, 0.4))
        assert east["share_after"] == pytest.approx(0.6)
        assert (east["joined"], west["joined"]) == ([], ["isle"])
        own = weigh(frame, plan).weights[:300]
        assert east["effective_n"] == pytest.approx(300 / design_effect(own))
        assert east["highest"] == pytest.approx(own.max() / own.mean())
        age = west["margins"][0]["levels"]
        assert [level["target"] for level in age] == pytest.approx([1_700 / 4_000, 2_300 / 4_000])
        assert summary["joined"] == [{"group": "isle", "n": 40, "into": "west"}]

    def test_all_groups_together_are_shares_of_everyone(self, summary, frame):
        age = summary["margins"][0]["levels"]
        assert [level["target"] for level in age] == pytest.approx([0.37, 0.63])
        assert [level["after"] for level in age] == pytest.approx([0.37, 0.63])
        share = (frame["age"] == "young").mean()
        assert age[0]["before"] == pytest.approx(share)
        assert sum(level["n"] for level in age) == 490

    def test_before_follows_the_base_weights_given(self, frame, plan):
        weighted = frame.assign(design=np.where(frame["place"] == "east", 3.0, 1.0))
        based = plan.model_copy(update={"base_weight": "design"})
        summary = weighting_summary(weigh(weighted, based), based, weighted)
        young = weighted["age"] == "young"
        share = weighted["design"][young].sum() / weighted["design"].sum()
        assert summary["margins"][0]["levels"][0]["before"] == pytest.approx(share)

    def test_the_page_tells_about_groups(self, summary, plan, questionnaire):
        page = weighting_page(plan, questionnaire, summary, title="A survey")
        for words in ("each place to its own targets", "with An Isle", "Every level in every"):
            assert words in page
        assert page.count("<svg") == 5

    def test_many_groups_stay_a_page(self, questionnaire):
        names = [f"g{i:03}" for i in range(160)]
        rng = np.random.default_rng(4)
        frame = pd.DataFrame(
            {
                "place": np.repeat(names, 30),
                "age": rng.choice([f"a{i}" for i in range(14)], 4800),
            }
        )
        frame.loc[frame.index % 30 < 2, "age"] = "a13"
        targets = {g: {f"a{i}": float(rng.integers(50, 90)) for i in range(14)} for g in names}
        order = tuple((f"a{i}", f"a{i + 1}") for i in range(13))
        plan = WeightingPlan(
            margins=(a_margin("age", targets, collapse=order),),
            groups=Groups(variable="place", minimum=20, per_level=1),
            minimum_per_level=2,
        )
        weighting = weigh(frame, plan)
        assert len(weighting.collapsed) > 10
        assert len(weighting.notes[0]) < 1_500
        summary = weighting_summary(weighting, plan, frame)
        # In the table of all groups every level stands once, at its target but for merging.
        (margin,) = summary["margins"]
        assert sorted(level["level"] for level in margin["levels"]) == sorted(targets["g000"])
        for kind in ("before", "target", "after"):
            assert sum(level[kind] for level in margin["levels"]) == pytest.approx(1)
        assert sum(level["n"] for level in margin["levels"]) == len(frame)
        counts = frame["age"].value_counts()
        assert all(level["n"] == counts[level["level"]] for level in margin["levels"])
        page = weighting_page(plan, questionnaire, summary, title="A survey")
        assert "stands in weighting.json" in page
        assert len(page) < 400_000


def test_profiles_count_for_what_their_weights_are_worth() -> None:
    weights = np.array([1.0, 1.0, 2.0, 2.0, 0.5])
    summary = with_profiles({"effective_n": 4}, weights, ["b", "a", "a", None, ""])
    assert summary["effective_n"] == 4
    a, b = summary["profiles"]
    assert (a["profile"], a["n"], b["n"]) == ("a", 2, 1)
    assert a["effective_n"] == pytest.approx(9 / 5)
    assert a["share_after"] == pytest.approx(3 / 6.5)


class TestInfluence:
    @pytest.fixture(scope="class")
    def frame(self) -> pd.DataFrame:
        return a_sample(east=80, west=60, isle=40)

    @pytest.fixture(scope="class")
    def plan(self) -> WeightingPlan:
        return WeightingPlan(
            margins=(
                a_margin("age", {"young": 0.2, "old": 0.8}),
                a_margin("place", {"east": 0.2, "west": 0.3, "isle": 0.5}),
            )
        )

    def test_leverages_are_those_of_weighted_least_squares(self, frame, plan):
        weighting = weigh(frame, plan)
        x = np.column_stack(
            [
                np.ones(180),
                frame["age"] == "old",
                frame["place"] == "east",
                frame["place"] == "west",
            ]
        )
        root = np.sqrt(weighting.weights)[:, None] * x
        expected = np.diag(root @ np.linalg.inv(root.T @ root) @ root.T)
        np.testing.assert_allclose(leverages(weighting), expected, rtol=1e-9)

    def test_leverage_in_groups_adds_up_to_the_free_levels(self):
        frame, plan = a_sample(east=300, west=150, isle=40), a_grouped_plan((("isle", "west"),))
        assert leverages(weigh(frame, plan)).sum() == pytest.approx(6)

    def test_the_only_person_of_a_level_has_all_leverage(self):
        frame = pd.DataFrame({"age": ["young"] + ["old"] * 50})
        plan = WeightingPlan(margins=(a_margin("age", {"young": 0.3, "old": 0.7}),))
        weighting = weigh(frame, plan)
        told = influential(weighting.weights, leverages(weighting))
        first = told["influential"][0]
        assert (first["row"], first["leverage"]) == (1, pytest.approx(1))
        assert first["share"] == pytest.approx(0.3)
        assert first["effective_n_without"] == pytest.approx(50)

    def test_what_one_person_does_is_exact(self, frame, plan):
        w = weigh(frame, plan).weights
        told = influential(w, np.zeros(len(w)))
        person = told["influential"][0]
        row = person["row"] - 1
        assert row == w.argmax()
        y = np.zeros(len(w))
        y[:60] = 1
        turned = y.copy()
        turned[row] = 1 - y[row]
        moved = abs(w @ turned - w @ y) / w.sum()
        assert person["share"] == pytest.approx(moved)
        rest = np.delete(w, row)
        assert person["effective_n_without"] == pytest.approx(len(rest) / design_effect(rest))
        listed = np.array([p["row"] - 1 for p in told["influential"]])
        rest = np.delete(w, listed)
        together = told["influential_together"]
        assert together["n"] == 10
        assert together["effective_n_without"] == pytest.approx(len(rest) / design_effect(rest))
        assert together["share"] == pytest.approx(w[listed].sum() / w.sum())


def test_the_scheme_is_known_by_its_hash() -> None:
    plan = a_grouped_plan()
    assert scheme_sha256(plan) == scheme_sha256(a_grouped_plan())
    assert scheme_sha256(plan) != scheme_sha256(a_grouped_plan(tolerance=1e-5))
