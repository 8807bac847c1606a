"""Runs of the area estimates and the log of exports: kept, found again, current per wave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from store_samples import a_batch, answers, quarantine

from flows.errors import Refusal
from flows.store import AreaRunRecord, EstimateRun, Store

ESTIMATES = pd.DataFrame(
    {
        "theme": ["t", "t"],
        "table": ["T1", "T1"],
        "row": ["agree", "agree"],
        "level": ["municipality", "pc4"],
        "area": ["g01", "1011"],
        "value": [0.5, np.nan],
        "low": [0.4, np.nan],
        "high": [0.6, np.nan],
        "adds": [True, False],
    }
)
PARAMETERS = pd.DataFrame({"name": ["tau", "tau"], "value": [0.1, 0.2]})


@pytest.fixture
def areas(store: Store) -> AreaRunRecord:
    store.add_batch(a_batch(), answers({"r1": "1", "r2": "2"}), quarantine(), {})
    return add_areas(store, "i")


def add_areas(store: Store, inputs: str) -> AreaRunRecord:
    model = store.add_model("s", "m1", "draft", "a" * 64, {"k": 2}, {})
    composition = pd.DataFrame(
        {"level": ["pc4"], "area": ["1011"], "residents": [800], "suppressed": [""]}
    )
    return store.add_area_run(
        "s", "b", 2025, model.id, inputs * 64, composition, composition, composition, {},
        batches=[1],
    )  # fmt: skip


def add(
    store: Store,
    areas: AreaRunRecord,
    inputs: str = "e",
    wave: str = "w1",
    year: int = 2025,
    survey: str = "s",
) -> EstimateRun:
    return store.add_estimate_run(
        survey, wave, "b", year, areas.id, inputs * 64, ESTIMATES, PARAMETERS,
        {"pooled": ("w1",)}, batches=[1],
    )  # fmt: skip


def test_a_run_comes_back_whole(store: Store, areas: AreaRunRecord) -> None:
    run = add(store, areas)
    assert (run.change, run.rows, run.area_run_id) == ("new", 2, areas.id)
    assert run.summary == {"pooled": ["w1"]}
    assert_frame_equal(store.read_estimate_run(run.id), ESTIMATES)
    assert_frame_equal(store.read_estimate_run(run.id, "parameters"), PARAMETERS)
    found = store.current_estimate_run("s", "w1", "b")
    assert found == store.estimate_run(run.id) == store.current_estimate_run("s", "w1", "b", 2025)
    assert store.current_estimate_run("s", "w2", "b") is None
    assert store.current_estimate_run("s", "w1", "b", 2024) is None
    assert store.check() == []
    with pytest.raises(ValueError, match="none of"):
        store.read_estimate_run(run.id, "rest")  # type: ignore[arg-type]


def test_the_same_inputs_give_the_run_that_is_there(store: Store, areas: AreaRunRecord) -> None:
    first = add(store, areas)
    assert add(store, areas) == store.estimate_run(first.id)
    other = add(store, areas, inputs="f")
    assert other.id != first.id
    assert store.current_estimate_run("s", "w1", "b") == store.estimate_run(other.id)
    again = store.restore_estimate_run("s", "w1", "b", 2025, areas.id, "e" * 64)
    assert again == store.current_estimate_run("s", "w1", "b") == store.estimate_run(first.id)
    assert store.restore_estimate_run("s", "w1", "b", 2025, areas.id, "x" * 64) is None
    newer = add(store, areas, inputs="g", year=2026)
    elsewhere = add(store, areas, inputs="g", wave="w2")
    assert store.current_estimate_run("s", "w1", "b") == store.estimate_run(newer.id)
    assert [run.id for run in store.estimate_runs("s", "w1")] == [first.id, other.id, newer.id]
    assert len(store.estimate_runs("s")) == 4
    assert store.current_estimate_run("s", "w2", "b") == store.estimate_run(elsewhere.id)


def test_a_lost_file_is_told_and_made_again(
    store: Store, areas: AreaRunRecord, tmp_path: Path
) -> None:
    run = add(store, areas)
    (tmp_path / "store" / "estimates" / f"{run.parameters_sha256}.parquet").unlink()
    [fault] = store.check()
    assert "estimate run 1 is missing" in fault
    with pytest.raises(Refusal, match="estimate run 1 is missing"):
        store.read_estimate_run(run.id, "parameters")
    assert store.restore_estimate_run("s", "w1", "b", 2025, areas.id, "e" * 64) is None
    again = add(store, areas)
    assert (again.id, again.change) == (run.id, "unchanged")
    assert_frame_equal(store.read_estimate_run(run.id, "parameters"), PARAMETERS)
    assert store.check() == []


def test_what_cannot_be_a_run_is_refused(store: Store, areas: AreaRunRecord) -> None:
    key = ("s", "w1", "b", 2025)
    with pytest.raises(Refusal, match="no area run 99"):
        store.add_estimate_run(*key, 99, "e" * 64, ESTIMATES, PARAMETERS, {})
    with pytest.raises(Refusal, match="no batch 7"):
        store.add_estimate_run(*key, areas.id, "e" * 64, ESTIMATES, PARAMETERS, {}, batches=[7])
    with pytest.raises(Refusal, match="no estimate run 99"):
        store.estimate_run(99)
    with pytest.raises(ValueError, match="the estimates cannot do without columns adds"):
        store.add_estimate_run(
            *key, areas.id, "e" * 64, ESTIMATES.drop(columns="adds"), PARAMETERS, {}
        )
    twice = pd.concat([ESTIMATES, ESTIMATES.iloc[:1]])
    with pytest.raises(ValueError, match="twice"):
        store.add_estimate_run(*key, areas.id, "e" * 64, twice, PARAMETERS, {})
    assert store.estimate_runs("s") == []


def test_status_tells_estimates_that_are_outdated(
    store: Store, areas: AreaRunRecord, open_store: Callable[[], Store]
) -> None:
    run = add(store, areas)
    [status] = store.status("s")
    assert [each.id for each in status.estimate_runs] == [run.id]
    assert status.outdated == ()
    assert store.estimate_run_is_up_to_date(run.id)
    newer = add_areas(store, "j")
    assert not store.estimate_run_is_up_to_date(run.id)
    assert open_store().status("s")[0].outdated == ("estimates for b 2025",)
    run = add(store, newer)
    assert open_store().status("s")[0].outdated == ()
    store.add_batch(a_batch("z"), answers({"r1": "3"}), quarantine(), {})
    assert "estimates for b 2025" in open_store().status("s")[0].outdated


def test_estimates_may_rest_on_the_areas_of_another_survey(
    store: Store, areas: AreaRunRecord
) -> None:
    run = add(store, areas, survey="panel")
    assert store.estimate_run_is_up_to_date(run.id)
    again = add_areas(store, "j")
    assert not store.estimate_run_is_up_to_date(run.id)
    assert store.estimate_run_is_up_to_date(add(store, again, survey="panel").id)
    assert store.estimate_runs("s") == []


def test_every_export_is_a_line_of_the_log(store: Store) -> None:
    fields = ("a" * 64, 2, ["respondent", "Q1"], "b" * 64)
    first = store.add_export("s", "w1", Path("/tmp/one.sav"), *fields)
    second = store.add_export("s", "w1", "/tmp/one.sav", *fields)
    store.add_export("other", "w1", "/tmp/two.csv", *fields)
    assert store.exports("s") == [first, second]
    assert (first.path, first.rows, first.columns) == ("/tmp/one.sav", 2, ("respondent", "Q1"))
    assert first.id != second.id
    assert first.created_at <= second.created_at
    assert first.code_version
    assert store.exports("nobody") == []
