"""Trend, crosswalk and number of profiles from the store: pages, tables and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from profiles_world import plan, questionnaire, world

from flows.definitions import Survey, load_survey
from flows.edges import open_store
from flows.errors import Refusal
from flows.profiles import between
from flows.profiles.fit import fit_profiles
from flows.profiles.model import ProfileModel
from flows.profiles.trend import resize
from flows.store import NewBatch

PEOPLE = 500
WAVES = ("w2024", "w2026")


@pytest.fixture(scope="module")
def fitted() -> dict[str, ProfileModel]:
    """Two versions: four profiles, and five."""
    frame = world(PEOPLE, seed=1).frame
    few = {"starts": 2, "bootstrap": 1, "golden": ()}
    return {
        "t1": fit_profiles(frame, questionnaire(), plan(profiles=plan().profiles[:4], **few)),
        "t2": fit_profiles(
            frame, questionnaire(), plan(profiles=plan().profiles[:5], version="t2", **few)
        ),
    }


@pytest.fixture
def folder(surveys: Path) -> Path:
    return surveys / "staat_van_betrokkenheid"


@pytest.fixture
def survey(
    home: Path, folder: Path, fitted: dict[str, ProfileModel], monkeypatch: pytest.MonkeyPatch
) -> Survey:
    """The small world in the store: two versions and one wave."""
    update = {"questionnaire": questionnaire(), "profiles": plan(profiles=plan().profiles[:4])}
    made = load_survey(folder).model_copy(update=update)
    monkeypatch.setattr(between, "load_survey", lambda _: made)
    deliver(made, "w2024", world(PEOPLE, seed=1).frame)
    with open_store() as store:
        for version, model in fitted.items():
            store.add_model(
                made.code, version, "draft", version * 32, {"model": model.to_dict()}, SUMMARY
            )
    return made


SUMMARY: dict[str, Any] = {"lines": ["x"], "attention": ["The profiles are not steady."]}


def deliver(survey: Survey, wave: str, people: pd.DataFrame, first: int = 0) -> None:
    """Store answers of people from number `first` on."""
    head = pd.DataFrame(
        {
            "respondent": [f"r{first + i:05d}" for i in range(len(people))],
            "status": "kept",
            "duration": 10.0,
            "progress": 100.0,
            "completed": "2026-02-01",
        }
    )
    new = NewBatch(
        survey=survey.code,
        wave=wave,
        source="panel",
        source_sha256=wave.ljust(64, "0"),
        reading_sha256="r" * 64,
    )
    none = pd.DataFrame(columns=["respondent", "rule", "column", "value"])
    with open_store() as store:
        store.add_batch(new, head.join(people), none, {})


def drifted(frame: pd.DataFrame) -> pd.DataFrame:
    codes = frame["D3_c"].cat.codes.to_numpy().copy()
    codes[(codes > 0) & (codes < 5)] -= 1
    moved = pd.Categorical.from_codes(codes, categories=frame["D3_c"].cat.categories)
    return frame.assign(D3_c=moved)


@pytest.fixture
def reports(home: Path, survey: Survey) -> Path:
    return home / "outputs" / survey.code / "reports"


def test_sizes_of_two_waves_with_what_drifted(
    survey: Survey, folder: Path, reports: Path, fitted: dict[str, ProfileModel]
) -> None:
    second = drifted(world(PEOPLE, seed=2).frame)
    deliver(survey, "w2026", second, first=PEOPLE - 100)
    done = between.profile_trend(folder, "t1")
    assert done.lines[0].startswith("Profile sizes by model t1 (a draft) in w2024, w2026:")
    assert any("1 item drifted (D3_c)" in line for line in done.lines)
    assert len(done.lines) <= 5
    rows = pd.read_csv(reports / "trend-t1.csv")
    assert rows["simulated"].all()
    sizes = rows.query("what == 'size' and wave == 'w2026'")
    alone = resize(fitted["t1"], second, survey.questionnaire)
    np.testing.assert_allclose(sizes["value"], alone.sizes, atol=1e-5)
    changes = rows.query("what == 'change'")
    assert (changes["in_both"] == 100).all()
    before = rows.query("what == 'size' and wave == 'w2024'")["value"].to_numpy()
    np.testing.assert_allclose(changes["value"], sizes["value"].to_numpy() - before, atol=2e-5)
    assert rows.query("what == 'change_without_drifted'").shape[0] == 4
    assert rows.query("flag == 'drifted'")["of"].tolist() == ["D3_c"]
    told = json.loads((reports / "trend-t1.json").read_text())
    assert told["drifted"] == ["D3_c"]
    page = (reports / "trend-t1.html").read_text()
    for text in ("Simulated answers", "concept", "Never within a profile", "Without drifted items"):
        assert text in page
    assert "http" not in page
    assert ">nan" not in page
    first = (reports / "trend-t1.html").read_bytes()
    between.profile_trend(folder, "t1")
    assert (reports / "trend-t1.html").read_bytes() == first


def test_a_trend_needs_two_waves_and_a_model(
    survey: Survey, folder: Path, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refusal, match=r"a trend needs two waves .* there is w2024"):
        between.profile_trend(folder)
    with pytest.raises(Refusal, match=r"no profile model t9 .*it has t1, t2"):
        between.profile_trend(folder, "t9")
    deliver(survey, "w2026", world(PEOPLE, seed=2).frame.drop(columns="D1_a"))
    with pytest.raises(Refusal, match="there is w2024"):
        between.profile_trend(folder)
    info = survey.info.model_copy(update={"profiles": "register", "model_survey": "moeder"})
    other = survey.model_copy(update={"info": info})
    monkeypatch.setattr(between, "load_survey", lambda _: other)
    with pytest.raises(Refusal, match="typed by the model of moeder"):
        between.profile_trend(folder)
    assert not list(reports.glob("trend*"))


def test_a_crosswalk_between_two_versions(survey: Survey, folder: Path, reports: Path) -> None:
    done = between.crosswalk(folder, "t1", "t2", "w2024")
    assert done.lines[0].startswith("From t1 to t2 on ")
    assert "must not be put in one trend" in done.lines[0]
    assert any("is not weighted" in line for line in done.lines)
    rows = pd.read_csv(reports / "crosswalk-t1-t2.csv")
    assert len(rows) == 20
    assert rows["people"].sum() == pytest.approx(1, abs=1e-4)
    assert rows["corresponds"].sum() == 4
    page = (reports / "crosswalk-t1-t2.html").read_text()
    assert "From profile model t1 to t2" in page
    assert "Simulated answers" in page
    assert "http" not in page
    with pytest.raises(Refusal, match="named twice"):
        between.crosswalk(folder, "t1", "t1", "w2024")
    with pytest.raises(Refusal, match="no profile model t9"):
        between.crosswalk(folder, "t1", "t9", "w2024")
    with pytest.raises(Refusal, match="has no wave w1999"):
        between.crosswalk(folder, "t1", "t2", "w1999")


def test_the_number_of_profiles_is_argued_and_nothing_is_stored(
    survey: Survey, folder: Path, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., Any] = between.compare_numbers
    monkeypatch.setattr(
        between, "compare_numbers", lambda *a, **k: real(*a, numbers=(3, 4, 5), starts=1, **k)
    )
    with open_store() as store:
        before = store.models(survey.code)
    done = between.argue_number(folder, "w2024")
    assert done.ids == ()
    assert done.lines[0].startswith("3 numbers of profiles compared on 500 people of w2024: BIC")
    assert "The plan's 4 profiles are" in done.lines[1]
    assert len(done.lines) <= 5
    assert pd.read_csv(reports / "numbers-w2024.csv")["k"].tolist() == [3, 4, 5]
    with open_store() as store:
        assert store.models(survey.code) == before
