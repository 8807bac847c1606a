from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles_world import World, plan, questionnaire
from sklearn.metrics import adjusted_rand_score

from flows.errors import Refusal
from flows.profiles.model import ProfileModel
from flows.profiles.page import model_page
from flows.profiles.stability import Stability, adjusted_rand_index, stability
from flows.profiles.summary import model_summary
from flows.profiles.typing import TypingModel


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=60))
def test_the_rand_index_is_that_of_sklearn(pairs: list[tuple[int, int]]) -> None:
    a, b = (np.array(values) for values in zip(*pairs, strict=True))
    assert adjusted_rand_index(a, b) == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)


def test_the_rand_index_takes_names_and_refuses_unequal_lengths() -> None:
    assert adjusted_rand_index(["a", "a", "b"], [2, 2, 1]) == 1
    with pytest.raises(ValueError, match="3 and 2 labels"):
        adjusted_rand_index([1, 2, 3], [1, 2])


def test_clear_profiles_are_steady(known: World, model: ProfileModel) -> None:
    found = stability(known.frame, questionnaire(), plan(), model, replicates=3, seed=1)
    again = stability(known.frame, questionnaire(), plan(), model, replicates=3, seed=1)
    assert found == again
    assert found.replicates == 3
    assert found.median_ari > 0.7
    assert found.p10_ari <= found.median_ari
    with pytest.raises(Refusal, match="at least 1 bootstrap replicate"):
        stability(known.frame, questionnaire(), plan(), model, replicates=0)


def test_the_summary_is_plain_and_says_what_needs_a_look(
    known: World, model: ProfileModel, typing_model: TypingModel
) -> None:
    summary = model_summary(
        model,
        known.frame,
        questionnaire(),
        plan(),
        Stability(0.61, 0.5, 3),
        typing_model,
    )
    assert json.loads(json.dumps(summary)) == summary
    assert [profile["code"] for profile in summary["profiles"]] == list(model.codes)
    assert sum(profile["respondents"] for profile in summary["profiles"]) == 3000
    assert sum(profile["share"] for profile in summary["profiles"]) == pytest.approx(1, abs=1e-3)
    portrait = summary["profiles"][0]["items"]
    sizes = [abs(item["difference_sd"]) for item in portrait]
    assert sizes == sorted(sizes, reverse=True)
    assert portrait[0]["text"]["nl"].startswith("D")
    for shares in summary["profiles"][0]["demographics"].values():
        assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert any("not steady" in line for line in summary["attention"])
    assert len(summary["lines"]) <= 4


def test_the_page_works_offline_and_shows_every_profile(
    known: World, model: ProfileModel, typing_model: TypingModel
) -> None:
    summary = model_summary(
        model, known.frame, questionnaire(), plan(), Stability(0.9, 0.8, 3), typing_model
    )
    page = model_page(summary, questionnaire(), "Proef & co")
    assert "Proef &amp; co" in page
    assert "concept" in page
    for k in range(1, 9):
        assert f"Naam {k} (p{k})" in page
    assert "http" not in page
    assert ">nan" not in page
    accepted = model_page(
        {**summary, "stability": None, "typing": None}, questionnaire(), "x", "accepted"
    )
    assert "concept" not in accepted
