"""The model report: intervals, heat map, overlap, evidence, and what the profiles are not."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from profiles_world import World, plan, questionnaire

from flows.definitions import load_survey
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.quality import mark_quality
from flows.ingest.read import read_responses
from flows.ingest.settle import settle
from flows.ingest.standardise import standardise
from flows.profiles.assign import assign
from flows.profiles.fit import fit_profiles
from flows.profiles.model import ProfileModel
from flows.profiles.numbers import NumberRow, Numbers
from flows.profiles.page import model_page
from flows.profiles.page_charts import places_chart, shade, sizes_chart
from flows.profiles.stability import Stability, stability
from flows.profiles.summary import model_summary, overlap, share_intervals
from flows.profiles.typing import TypingModel

NUMBERS = Numbers(
    rows=(
        NumberRow(7, 1100.0, -5.2, None, None, 0.6, 0.05),
        NumberRow(8, 1000.0, -5.1, 0.1, 0.02, 0.81, 0.06),
    ),
    planned=8,
    by_bic=8,
    by_held_out=8,
    steady_to=8,
    supported=True,
    sentence="Eight it is.",
)


@pytest.fixture(scope="module")
def summary(known: World, model: ProfileModel, typing_model: TypingModel) -> dict[str, Any]:
    return model_summary(
        model, known.frame, questionnaire(), plan(), Stability(0.91, 0.85, 25), typing_model,
        numbers=NUMBERS,
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(summary: dict[str, Any]) -> str:
    return model_page(summary, questionnaire(), "Proef", simulated=True)


def test_intervals_of_shares_hold_in_samples_of_a_known_population() -> None:
    rng = np.random.default_rng(8)
    people = rng.dirichlet([4.0, 2.0, 1.0], size=20_000)
    selected = np.exp(rng.normal(0, 0.5, len(people)))
    truth = people.mean(axis=0)
    held = []
    for _ in range(400):
        drawn = rng.choice(len(people), 500, p=selected / selected.sum())
        w = 1 / selected[drawn]
        p = people[drawn]
        low, high = share_intervals(w @ p / w.sum(), p, w)
        held.append((low <= truth) & (truth <= high))
    assert 0.92 <= np.mean(held) <= 0.975


def test_the_summary_survives_json_and_holds_what_the_page_shows(
    summary: dict[str, Any], known: World, model: ProfileModel
) -> None:
    assert json.loads(json.dumps(summary)) == summary
    typing = assign(model, known.frame, questionnaire())
    for profile in summary["profiles"]:
        assert profile["low"] < profile["share"] < profile["high"]
    confidence = typing.probabilities.max(axis=1)
    assert summary["otherwise"] == pytest.approx(1 - confidence.mean(), abs=1e-3)
    for row, code in zip(summary["overlap"], model.codes, strict=True):
        expected = typing.probabilities[typing.labels == code].mean(axis=0)
        assert row == pytest.approx(expected, abs=1e-3)
    # The heat map against pandas: standardised scores, weighted by probability.
    assert [row["item"] for row in summary["heat"]] == [item.name for item in model.items]
    first = model.items[0]
    score = known.frame[first.name].astype(str).map(first.scores).astype(float)
    z = (score - score.mean()) / score.std(ddof=0)
    for k, code in enumerate(model.codes):
        p = typing.probabilities[:, k]
        expected = np.average(z[z.notna()], weights=p[z.notna()])
        assert summary["heat"][0]["differences"][code] == pytest.approx(expected, abs=1e-3)


def test_overlap_has_no_row_for_a_profile_nobody_was_given() -> None:
    labels = np.array(["a", "a", ""], dtype=object)
    p = np.array([[0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
    found = overlap(labels, p, ("a", "b"), np.array([1.0, 3.0, 0.0]))
    assert found[0] == pytest.approx([0.65, 0.35])
    assert np.isnan(found[1]).all()


def test_the_page_shows_every_part(page: str, summary: dict[str, Any]) -> None:
    for heading in (
        "How large they are", "Where they stand", "All items by profile", "How steady they are",
        "Why this number of profiles", "How sure a profile is", "Typing by the golden questions",
        "What the profiles are not",
    ):  # fmt: skip
        assert heading in page
    assert "Eight it is." in page
    assert "8 (this model)" in page
    for never in ("No verdict about a person", "No label for a street", "No causes", "Not fixed"):
        assert never in page
    assert f"about {summary['otherwise']:.0%} would be called otherwise" in page
    assert "Not real." in page
    assert "hold no steady profiles" not in page
    assert page.count('<td class="same"') == 24  # three squares of eight
    body = page.split("<h2>All items by profile</h2>")[1].split("</table>")[0]
    cells = re.findall(r'<td class="(\w+)">([^<]+)</td>', body)
    assert len(cells) == 8 * len(summary["heat"])
    for kind, text in cells:
        assert kind == "level" or (kind.startswith("up") == (float(text) > 0))
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)


def test_every_chart_is_named_and_every_id_is_used_once(page: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for label in re.findall(r'aria-labelledby="([^"]+)"', page):
        assert set(label.split()) <= set(ids)
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    drawings = re.findall(r"<svg[^>]*>", page)
    assert len(drawings) >= 5
    assert all("aria-labelledby" in svg for svg in drawings)


def test_shades_can_be_read() -> None:
    """Contrast of text on every shade of the heat map by WCAG 2.1: 4.5 at least."""
    template = Path(model_page.__code__.co_filename).parent / "templates" / "model.html.j2"
    style = template.read_text(encoding="utf-8")
    shades = re.findall(
        r"\.heat \.(\w+), \.key \.\w+ \{ background: (#\w+);(?: color: (#\w+);)?", style
    )
    assert {name for name, *_ in shades} == {
        f"{way}{step}" for way in ("up", "down") for step in (1, 2, 3)
    }

    def light(colour: str) -> float:
        colour = colour.lstrip("#")
        full = colour if len(colour) == 6 else "".join(2 * c for c in colour)
        parts = [int(full[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for _, background, text in shades:
        bright, dark = sorted((light(background), light(text or "#1e2629")), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, background


def test_an_unsteady_model_is_called_so_in_plain_words(summary: dict[str, Any]) -> None:
    found = {"median_ari": 0.34, "p10_ari": 0.29, "replicates": 25}
    told = model_page(
        {**summary, "stability": found, "steady": False},
        questionnaire(),
        "Proef",
        research_exercise=True,
    )
    assert "These answers hold no steady profiles." in told
    assert "agree only 0.34 with these" in told
    assert "Research exercise" in told


def test_an_imported_typology_is_not_said_to_be_found_here(summary: dict[str, Any]) -> None:
    given = {**summary, "stability": None, "steady": None, "numbers": None}
    told = model_page(given, questionnaire(), "x", imported=True)
    assert "brought in as they are" in told
    assert "the best of" not in told
    assert "How steady they are" not in told
    assert "the best of" in model_page(summary, questionnaire(), "x")


def test_who_accepted_it_and_when(summary: dict[str, Any]) -> None:
    day = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
    told = model_page(
        summary, questionnaire(), "x", "accepted", accepted_by="Ans <b>", accepted_at=day
    )
    assert "Accepted by Ans &lt;b&gt; on 2026-03-04" in told
    assert "Nobody has accepted" not in told


def test_a_summary_of_an_earlier_version_still_has_a_page(summary: dict[str, Any]) -> None:
    new = {"steady", "numbers", "heat", "overlap", "otherwise"}
    old = {key: value for key, value in summary.items() if key not in new}
    old["profiles"] = [
        {key: value for key, value in profile.items() if key not in {"low", "high"}}
        for profile in summary["profiles"]
    ]
    old["typing"] = {
        key: summary["typing"][key]
        for key in (
            "accuracy", "hit_rate", "confidence", "calibration_error", "calibration_error_label",
            "shares_error", "n",
        )
    }  # fmt: skip
    told = model_page(old, questionnaire(), "x")
    assert "What the profiles are not" in told
    assert "All items by profile" not in told


def test_charts_stay_inside_their_frame() -> None:
    sizes = sizes_chart(["a", "b"], [0.9, 0.1], [0.88, None], [0.92, None])
    assert all(0 <= dot.at <= 100 for dot in sizes.dots)
    assert sizes.dots[0].high is not None
    assert sizes.dots[0].high <= 100
    places = places_chart("trust", ["a", "b", "c"], [-2.3, None, 1.0])
    assert [dot.label for dot in places.dots] == ["a", "c"]
    assert all(0 <= dot.at <= 100 for dot in places.dots)
    assert "lowest is a (-2.3)" in places.description
    assert places_chart("age", ["a"], [None]).dots == ()


def test_shades_follow_size_and_sign() -> None:
    given = {0.1: "level", 0.2: "up1", -0.5: "down2", 0.8: "up3", -3.0: "down3", None: "level"}
    assert {value: shade(value) for value in given} == given


@pytest.mark.shared
def test_the_report_of_the_real_panel_says_that_it_is_not_steady(
    shared_dir: Path, surveys: Path
) -> None:
    survey = load_survey(surveys / "vu2021")
    wave = survey.wave("w2021a")
    raw = read_responses(shared_dir / "data" / "vu2021" / "vu2021_panel_wave0.csv")
    raw = pseudonymise(raw, wave.sources[0], lambda ids: [f"r{i}" for i in ids])
    answers = settle(standardise(raw, survey.questionnaire, wave, wave.sources[0]), []).answers
    answers = mark_quality(answers, survey.questionnaire, wave)
    answers = answers.loc[answers["status"] == "kept"].reset_index(drop=True)
    given: tuple[pd.DataFrame, Any, Any] = (answers, survey.questionnaire, survey.profiles)
    model = fit_profiles(*given, starts=1)
    steady = stability(*given, model, replicates=1)
    summary = model_summary(model, *given, steady)
    assert summary["steady"] is False
    told = model_page(summary, survey.questionnaire, "x", research_exercise=True)
    assert "These answers hold no steady profiles." in told
