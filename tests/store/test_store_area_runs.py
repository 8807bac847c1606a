"""Runs of the postcode base: kept once, found again, current per base and year."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from store_samples import a_batch, answers, quarantine

from flows.errors import Refusal
from flows.store import AreaRunRecord, ModelRecord, Store

COMPOSITION = pd.DataFrame(
    {
        "level": ["pc4", "pc4", "municipality"],
        "area": ["1011", "1012", "g01"],
        "residents": [800, 1200, 2000],
        "suppressed": ["", "small", ""],
        "source_age": np.array([0, 1, 0], dtype=np.int8),
        "share_p1": [0.25, np.nan, 0.3],
    }
)
INPUTS = pd.DataFrame(
    {"pc4": ["1011", "1012"], "margin_age_1": np.array([0.5, 0.25], dtype=np.float32)}
)
SURROUNDINGS = pd.DataFrame({"name": ["logit", "logit"], "value": [0.1, -0.1]})


@pytest.fixture
def model(store: Store) -> ModelRecord:
    store.add_batch(a_batch(), answers({"r1": "1", "r2": "2"}), quarantine(), {})
    return store.add_model("s", "m1", "draft", "a" * 64, {"k": 2}, {})


def add(
    store: Store, model: ModelRecord, year: int = 2025, inputs: str = "i", base: str = "b"
) -> AreaRunRecord:
    return store.add_area_run(
        "s", base, year, model.id, inputs * 64, COMPOSITION, INPUTS, SURROUNDINGS,
        {"engine": {"levels": ("pc4",)}}, batches=[1],
    )  # fmt: skip


def test_a_run_comes_back_whole(store: Store, model: ModelRecord) -> None:
    run = add(store, model)
    assert (run.change, run.model_version, run.estimand, run.rows) == ("new", "m1", "expected", 3)
    assert run.summary == {"engine": {"levels": ["pc4"]}}
    assert run.code_version
    for part, frame in (
        ("composition", COMPOSITION), ("inputs", INPUTS), ("surroundings", SURROUNDINGS)
    ):  # fmt: skip
        assert_frame_equal(store.read_area_run(run.id, part), frame)
    found = store.current_area_run("s", "b", 2025)
    assert found == store.area_run(run.id) == store.current_area_run("s", "b")
    assert store.current_area_run("s", "b", 2024) is store.current_area_run("s", "other") is None
    assert store.check() == []
    with pytest.raises(ValueError, match="none of"):
        store.read_area_run(run.id, "rest")


def test_the_same_inputs_give_the_run_that_is_there(store: Store, model: ModelRecord) -> None:
    first = add(store, model)
    assert add(store, model) == store.area_run(first.id)
    other = add(store, model, inputs="j")
    assert other.id != first.id
    assert store.current_area_run("s", "b") == store.area_run(other.id)
    again = store.restore_area_run("s", "b", 2025, model.id, "i" * 64)
    assert again == store.current_area_run("s", "b") == store.area_run(first.id)
    assert store.restore_area_run("s", "b", 2025, model.id, "x" * 64) is None


def test_years_and_bases_stand_side_by_side(store: Store, model: ModelRecord) -> None:
    newest, oldest = add(store, model, 2026), add(store, model, 2024)
    elsewhere = add(store, model, 2030, base="c")
    assert [run.id for run in store.area_runs("s", "b")] == [oldest.id, newest.id]
    assert [run.id for run in store.area_runs("s")] == [oldest.id, newest.id, elsewhere.id]
    found = store.current_area_run("s", "b")
    assert found is not None
    assert found.id == newest.id
    assert store.area_runs("other") == []


def test_a_lost_file_is_told_and_made_again(
    store: Store, model: ModelRecord, tmp_path: Path
) -> None:
    run = add(store, model)
    lost = tmp_path / "store" / "areas" / f"{run.areas_sha256}.parquet"
    lost.unlink()
    [fault] = store.check()
    assert "area run 1 is missing" in fault
    with pytest.raises(Refusal, match="area run 1 is missing"):
        store.read_area_run(run.id, "inputs")
    assert store.restore_area_run("s", "b", 2025, model.id, "i" * 64) is None
    again = add(store, model)
    assert (again.id, again.change) == (run.id, "unchanged")
    assert_frame_equal(store.read_area_run(run.id, "inputs"), INPUTS)
    assert store.check() == []
    (lost.parent / f"{'0' * 64}.parquet").write_bytes(b"x")
    assert "belongs to no record" in store.check()[0]


def test_what_cannot_be_a_run_is_refused(store: Store, model: ModelRecord) -> None:
    frames = (INPUTS, SURROUNDINGS, {})
    with pytest.raises(Refusal, match="no model 99"):
        store.add_area_run("s", "b", 2025, 99, "i" * 64, COMPOSITION, *frames)
    with pytest.raises(Refusal, match="no batch 7"):
        store.add_area_run("s", "b", 2025, model.id, "i" * 64, COMPOSITION, *frames, batches=[7])
    with pytest.raises(Refusal, match="no area run 99"):
        store.area_run(99)
    with pytest.raises(ValueError, match="the composition cannot do without columns residents"):
        store.add_area_run(
            "s", "b", 2025, model.id, "i" * 64, COMPOSITION.drop(columns="residents"), *frames
        )
    twice = pd.concat([COMPOSITION, COMPOSITION.iloc[:1]])
    with pytest.raises(ValueError, match="has the same level and area twice"):
        store.add_area_run("s", "b", 2025, model.id, "i" * 64, twice, *frames)
    assert store.area_runs("s") == []


def test_status_knows_the_runs_of_a_wave_and_which_are_outdated(
    store: Store, model: ModelRecord, open_store: Callable[[], Store]
) -> None:
    register = a_batch("r", wave="register")
    panel = store.add_batch(register, answers({"p1": "1"}), quarantine(), {})
    run = store.add_area_run(
        "s", "b", 2025, model.id, "i" * 64, COMPOSITION, INPUTS, SURROUNDINGS, {},
        batches=[1, panel.id],
    )  # fmt: skip
    for status in store.status("s"):
        assert [each.id for each in status.area_runs] == [run.id]
        assert status.outdated == ()
    # The same answers in another file change nothing, other answers do.
    store.add_batch(a_batch("q", wave="register"), answers({"p1": "1"}), quarantine(), {})
    assert all(status.outdated == () for status in store.status("s"))
    store.add_batch(a_batch("z", wave="register"), answers({"p1": "3"}), quarantine(), {})
    assert {status.outdated for status in open_store().status("s")} == {("areas of b 2025",)}
