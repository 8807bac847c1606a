"""Golden questions suggested on stored answers; nothing is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from profiles_world import plan, questionnaire, world

from flows.definitions import load_survey
from flows.edges import open_store
from flows.errors import Refusal
from flows.profiles import suggest
from flows.profiles.model import ProfileModel
from flows.profiles.selection import Selection, choose_golden
from flows.profiles.suggest import items_of_grids, suggest_questions
from flows.store import NewBatch

WAVE = "w2026"
FEW = ("D1_a", "D1_b")


@pytest.fixture
def folder(home: Path, surveys: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A survey with 600 people in the store, whose plan names two questions on one subject."""
    place = surveys / "staat_van_betrokkenheid"
    update = {"questionnaire": questionnaire(), "profiles": plan(golden=FEW)}
    survey = load_survey(place).model_copy(update=update)
    monkeypatch.setattr(suggest, "load_survey", lambda _: survey)
    people = world(600, seed=3).frame
    head: dict[str, Any] = {"respondent": [f"r{i}" for i in range(600)], "status": "kept"}
    head |= {"duration": 10.0, "progress": 100.0, "completed": "2026-02-01"}
    new = NewBatch(
        survey=survey.code,
        wave=WAVE,
        source="panel",
        source_sha256="1" * 64,
        reading_sha256="r" * 64,
    )
    none = pd.DataFrame(columns=["respondent", "rule", "column", "value"])
    with open_store() as store:
        store.add_batch(new, pd.DataFrame(head).join(people), none, {})
    return place


def test_questions_are_suggested_beside_those_of_now(folder: Path, model: ProfileModel) -> None:
    with pytest.raises(Refusal, match="no profile model t1 in the store"):
        suggest_questions(folder, WAVE)
    with open_store() as store:
        parameters = {"model": model.to_dict(), "typing": None}
        store.add_model("staat_van_betrokkenheid", "t1", "draft", "a" * 64, parameters, {})
        before = store.models("staat_van_betrokkenheid")
    done = suggest_questions(folder, WAVE, number=3)
    with open_store() as store:
        assert store.models("staat_van_betrokkenheid") == before
    chosen = choose_golden(model, world(600, seed=3).frame, questionnaire(), questions=3)
    assert f"golden: [{', '.join(chosen.columns)}]" in done.lines[3]
    for name, loss in zip(chosen.columns, chosen.losses[1:], strict=True):
        assert f"{name} {loss:.3f}" in done.lines[0]
    assert "unweighted" in done.lines[0]
    ours, now = (int(part.split("%")[0][-2:]) for part in done.lines[1].split(": ")[1:])
    assert ours > now
    assert all(name in done.lines[2] for name in chosen.columns)  # all are items of a grid
    assert len(done.lines) == 5


def test_a_question_of_its_own_is_no_item() -> None:
    assert items_of_grids(Selection(("D1_a", "edu"), (1.0, 0.5, 0.4)), questionnaire()) == ("D1_a",)
