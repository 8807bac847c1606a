"""A wave weighted by its plan, and what is told about it."""

from __future__ import annotations

import json
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from flows.definitions.models import Text
from flows.definitions.options import Option
from flows.definitions.questionnaire import Derived, Level, Questionnaire
from flows.definitions.questions import Question
from flows.definitions.weighting_plan import Margin, Trim, WeightingPlan
from flows.errors import Refusal
from flows.weighting import CalibrationError
from flows.weighting.diagnostics import weighting_summary
from flows.weighting.errors import WeightTooLarge
from flows.weighting.report import weighting_page
from flows.weighting.scheme import weigh, weighting_frame
from flows.weighting.targets import plan_targets


def margin(variable: str, targets: dict[str, float], **more) -> Margin:
    return Margin(
        variable=variable,
        targets=targets,
        source=Text(nl="Register", en="Register <1>"),
        reference_date=date(2025, 1, 1),
        **more,
    )


def plan(**more) -> WeightingPlan:
    return WeightingPlan(
        **{
            "margins": (
                margin("age", {"young": 30, "old": 70}),
                margin("sex", {"m": 8_000, "v": 8_400}, approximate=True),
            ),
            **more,
        }
    )


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    young = rng.random(500) < 0.5
    return pd.DataFrame(
        {
            "age": pd.Categorical(np.where(young, "young", "old"), ["young", "old"]),
            "sex": pd.Categorical(np.where(rng.random(500) < 0.3, "m", "v"), ["m", "v"]),
        }
    )


@pytest.fixture
def questionnaire() -> Questionnaire:
    sex = Question(
        code="sex",
        dimension="demographic",
        type="single",
        text=Text(nl="Geslacht", en="Sex"),
        options=(Option(code="m", nl="man", en="man"), Option(code="v", nl="vrouw", en="woman")),
    )
    age = Derived(
        code="age",
        text=Text(nl="Leeftijd", en="Age"),
        kind="recode",
        of=("years",),
        levels=(
            Level(code="young", nl="jong", en="under 40 & such"),
            Level(code="old", nl="oud", en="40 and over"),
        ),
    )
    return Questionnaire(questions=(sex,), derived=(age,))


class TestTargets:
    def test_percentages_and_totals_become_shares(self):
        targets = plan_targets(plan())
        assert targets["age"] == pytest.approx({"young": 0.3, "old": 0.7})
        assert targets["sex"] == pytest.approx({"m": 8 / 16.4, "v": 8.4 / 16.4})

    def test_rounded_shares_are_scaled(self):
        rounded = plan(margins=(margin("age", {"a": 0.333, "b": 0.333, "c": 0.333}),))
        assert sum(plan_targets(rounded)["age"].values()) == pytest.approx(1)

    @pytest.mark.parametrize(
        ("targets", "words"),
        [
            ({"a": 0.5, "b": 0.45}, "close to 1"),
            ({"a": 50, "b": 55}, "close to 100"),
            ({"a": -1, "b": 2}, "level 'a'"),
            ({"a": float("nan"), "b": 2}, "level 'a'"),
            ({"a": 0, "b": 0}, "all zero"),
            ({}, "missing"),
        ],
    )
    def test_a_slip_is_refused(self, targets, words):
        with pytest.raises(Refusal, match=words):
            plan_targets(plan(margins=(margin("age", targets),)))

    def test_a_margin_twice_or_none(self):
        twice = (margin("age", {"a": 1}), margin("age", {"a": 1}))
        with pytest.raises(Refusal, match="twice"):
            plan_targets(plan(margins=twice))
        with pytest.raises(Refusal, match="no margins"):
            plan_targets(plan(margins=()))


class TestWeigh:
    def test_weights_average_one_and_meet_the_plan(self, frame):
        weighting = weigh(frame, plan())
        assert weighting.weights.mean() == pytest.approx(1)
        young = weighting.weights[(frame["age"] == "young").to_numpy()].sum() / 500
        assert young == pytest.approx(0.3, rel=1e-6)
        assert weighting.notes == ()

    def test_large_weights_are_noted_by_row_number_only(self, frame):
        weighting = weigh(frame, plan(note_above=2.2))
        largest = int(weighting.weights.argmax()) + 1
        (note,) = weighting.notes
        assert str(largest) in note
        assert "weight above 2.2" in note

    def test_large_weights_are_refused(self, frame):
        with pytest.raises(WeightTooLarge, match="refuse_from"):
            weigh(frame, plan(refuse_from=2.0))

    def test_caps_of_the_plan_hold(self, frame):
        free = weigh(frame, plan()).weights
        cap = 0.97 * free.max()
        weights = weigh(frame, plan(trim=Trim(upper=cap))).weights
        assert weights.max() <= cap + 1e-9
        assert weights.mean() == pytest.approx(1)

    def test_trimming_is_compared_with_weights_that_are_not_cut(self, frame):
        free = weigh(frame, plan())
        cap = 0.97 * free.weights.max()
        trimmed = weigh(frame, plan(trim=Trim(upper=cap)))
        told = trimmed.trimming
        assert told is not None
        assert told.highest == pytest.approx(cap)
        assert told.highest_without == pytest.approx(free.weights.max())
        assert told.efficiency_without == pytest.approx(free.efficiency)
        assert told.at_upper == (trimmed.weights > cap - 1e-6).sum() > 0
        assert (told.lowest, told.at_lower) == (None, 0)
        assert free.trimming is None

    @pytest.mark.parametrize(("of", "upper"), [("median", 1.8), ("quantile", 0.9)])
    def test_caps_relative_to_median_and_quantile(self, frame, of, upper):
        free = weigh(frame, plan()).weights
        cap = upper * np.median(free) if of == "median" else np.quantile(free, upper)
        if cap >= free.max():
            cap = free.max()
        trimmed = weigh(frame, plan(trim=Trim(upper=upper, of=of)))
        assert trimmed.weights.max() <= cap + 1e-9
        assert trimmed.trimming is not None
        assert trimmed.trimming.highest == pytest.approx(cap)

    def test_sparse_levels_are_merged_with_a_note(self):
        age = np.repeat(["young", "middle", "old"], [3, 247, 250])
        frame = pd.DataFrame({"age": age})
        targets = {"young": 0.05, "middle": 0.45, "old": 0.5}
        merging = plan(
            margins=(margin("age", targets, collapse=(("young", "middle"),)),), minimum_per_level=5
        )
        weighting = weigh(frame, merging)
        assert weighting.weights[:250].sum() == pytest.approx(250)
        (note,) = weighting.notes
        assert "'young' (3 respondents) joined 'middle'" in note
        kept = weigh(frame, merging.model_copy(update={"minimum_per_level": 3}))
        assert kept.weights[:3].sum() == pytest.approx(25)
        assert kept.collapsed == ()

    def test_base_weight_column(self, frame):
        weighted = frame.assign(design=np.linspace(1, 3, 500))
        weighting = weigh(weighted, plan(base_weight="design"))
        scaled = weighted["design"] / weighted["design"].mean()
        np.testing.assert_allclose(weighting.weights, weighting.g_weights * scaled)
        with pytest.raises(CalibrationError, match="design"):
            weigh(frame, plan(base_weight="design"))

    def test_base_weights_that_the_wave_lacks(self, frame, questionnaire):
        with pytest.raises(CalibrationError, match="design is not among the answers"):
            weighting_frame(frame, questionnaire, plan(margins=(), base_weight="design"))

    def test_a_level_nobody_has(self, frame):
        with pytest.raises(CalibrationError) as caught:
            weigh(frame, plan(margins=(margin("sex", {"m": 0.4, "v": 0.5, "x": 0.1}),)))
        assert (caught.value.margin, caught.value.level) == ("sex", "x")


class TestSummary:
    def test_is_json_and_tells_all(self, frame):
        weighting = weigh(frame, plan())
        profiles = np.where(np.arange(500) % 4 == 0, "p1", "p2")
        summary = weighting_summary(weighting, plan(), frame, profiles=profiles, seconds=0.0123)
        again = json.loads(json.dumps(summary, allow_nan=False))
        assert again["effective_n"] == pytest.approx(weighting.effective_n)
        assert [m["margin"] for m in again["margins"]] == ["age", "sex"]
        assert again["margins"][1]["approximate"] is True
        for described in again["margins"]:
            for kind in ("before", "target", "after"):
                assert sum(level[kind] for level in described["levels"]) == pytest.approx(1)
        assert sum(again["histogram"]["counts"]) == 500
        assert [p["profile"] for p in again["profiles"]] == ["p1", "p2"]
        w = weighting.weights[profiles == "p1"]
        assert again["profiles"][0]["effective_n"] == pytest.approx(w.sum() ** 2 / (w**2).sum())
        edges = again["histogram"]["edges"]
        assert edges[0] <= weighting.weights.min() + 1e-6
        assert edges[-1] >= weighting.weights.max()
        assert len(edges) == len(again["histogram"]["counts"]) + 1
        assert again["g_histogram"]["counts"] == again["histogram"]["counts"]
        assert again["seconds"] == 0.012

    def test_equal_weights(self, frame):
        equal = plan(margins=(margin("age", frame["age"].value_counts().to_dict()),))
        weighting = weigh(frame, equal)
        summary = weighting_summary(weighting, equal, frame)
        assert summary["histogram"]["counts"] == [500]
        assert summary["efficiency"] == pytest.approx(1)


class Page(HTMLParser):
    """Collects what the page's structure must have."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "line", "rect", "link"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


class TestPage:
    @pytest.fixture
    def page(self, frame, questionnaire) -> str:
        weighting = weigh(frame, plan(note_above=1.5))
        profiles = np.where(np.arange(500) % 4 == 0, "p1", "p2")
        summary = weighting_summary(weighting, plan(), frame, profiles=profiles, seconds=0.5)
        return weighting_page(
            plan(),
            questionnaire,
            summary,
            title="A survey",
            wave="First wave",
            profile_names={"p1": "Profile 1"},
        )

    def test_is_whole_accessible_and_self_contained(self, page):
        parser = Page()
        parser.feed(page)
        assert parser.open == []
        tags = [tag for tag, _ in parser.tags]
        assert ("html", {"lang": "en"}) in parser.tags
        assert tags.count("h1") == 1
        for _, attributes in (t for t in parser.tags if t[0] == "svg"):
            assert attributes["role"] == "img"
        assert tags.count("desc") == tags.count("svg") == 5
        assert tags.count("caption") == tags.count("table")
        assert "script" not in tags
        assert "http" not in page.replace("http-equiv", "")
        identifiers = [a["id"] for _, a in parser.tags if "id" in a]
        assert len(identifiers) == len(set(identifiers))

    def test_reads_in_words(self, page):
        assert "under 40 &amp; such" in page
        assert "Register &lt;1&gt;" in page
        assert "Approximate figures" in page
        assert "Profile 1" in page
        assert "500 respondents were weighted" in page
        assert "weight above 1.5" in page

    def test_knows_margins_outside_the_questionnaire(self, frame):
        weighting = weigh(frame, plan())
        summary = weighting_summary(weighting, plan(), frame)
        empty = Questionnaire(questions=())
        page = weighting_page(plan(), empty, summary, title="A survey")
        assert "young" in page
