from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from store_samples import KEY, a_batch, answers, quarantine

from flows.errors import Refusal
from flows.store import Batch, Store


def find(store: Store, source: str = "a", reading: str = "r", part: str = "") -> Batch | None:
    return store.find_batch("s", "w1", "panel", part, source * 64, reading * 64)


def test_a_first_file_is_stored_as_it_was_read(store: Store) -> None:
    frame = answers({"r1": "1", "r2": ".not_asked"})
    report = {"rows": np.int64(3), "share": float("nan"), "rules": [{"rule": "in_set"}]}
    batch = store.add_batch(a_batch(), frame, quarantine("r3"), report)
    assert (batch.change, batch.rows, batch.quarantined) == ("new", 2, 1)
    assert batch.current
    assert batch.created_at.utcoffset() is not None
    assert_frame_equal(store.read_answers("s", "w1"), frame)
    assert store.read_quarantine("s", "w1")["respondent"].tolist() == ["r3"]
    assert store.batch_report(batch.id) == {
        "rows": 3,
        "share": None,
        "rules": [{"rule": "in_set"}],
    }
    assert store.current_batches("s", "w1") == [batch]
    assert store.check() == []


def test_the_same_file_read_in_the_same_way_changes_nothing(store: Store, tmp_path: Path) -> None:
    first = store.add_batch(a_batch(), answers({"r1": "1"}), quarantine(), {})
    files = sorted((tmp_path / "store").rglob("*.parquet"))
    again = store.add_batch(a_batch(), answers({"r1": "1"}), quarantine(), {})
    assert (again.change, again.id, again.what_changed) == ("unchanged", first.id, None)
    assert sorted((tmp_path / "store").rglob("*.parquet")) == files
    found = find(store)
    assert found is not None
    assert (found.id, found.change) == (first.id, "unchanged")
    assert "Nothing new" in found.sentence()


def test_a_corrected_file_supersedes_and_says_what_changed(store: Store) -> None:
    first = store.add_batch(
        a_batch("a"), answers({"r1": "1", "r2": "2", "r3": "3"}), quarantine(), {}
    )
    second = store.add_batch(
        a_batch("b"), answers({"r1": "2", "r2": "2", "r4": "1", "r5": "1"}), quarantine(), {}
    )
    assert (second.change, second.replaces) == ("superseded", first.id)
    changes = second.what_changed
    assert changes is not None
    assert (changes.rows_added, changes.rows_removed, changes.cells) == (2, 1, {"Q": 1})
    assert second.sentence() == (
        "Batch 2 takes the place of batch 1: 2 people added, 1 removed, 1 values changed (Q 1)."
    )
    assert store.batch(first.id).superseded_by == second.id
    assert store.current_batches("s", "w1") == [second]
    assert find(store, "a") is None
    assert len(store.read_answers("s", "w1")) == 4
    assert store.check() == []


def test_another_reading_of_the_same_file_supersedes(store: Store) -> None:
    store.add_batch(a_batch(), answers({"r1": "1"}), quarantine(), {})
    other = store.add_batch(a_batch(reading="q"), answers({"r1": "2"}), quarantine(), {})
    assert other.change == "superseded"
    assert find(store) is None
    assert find(store, reading="q") is not None


def test_putting_back_an_old_file_restores_it_and_says_so(store: Store) -> None:
    old = store.add_batch(a_batch("a"), answers({"r1": "1"}), quarantine(), {"n": 1})
    new = store.add_batch(a_batch("b"), answers({"r1": "2", "r2": "1"}), quarantine(), {"n": 2})
    back = store.add_batch(a_batch("a"), answers({"r1": "1"}), quarantine(), {"n": 1})
    assert (back.change, back.id, back.replaces) == ("restored", old.id, new.id)
    assert back.what_changed is not None
    assert (back.what_changed.rows_removed, back.what_changed.cells_changed) == (1, 1)
    assert "put back" in back.sentence()
    assert [batch.id for batch in store.current_batches("s", "w1")] == [old.id]
    assert store.batch(new.id).superseded_by == old.id
    assert store.read_answers("s", "w1")["Q"].tolist() == ["1"]
    forward = store.add_batch(a_batch("b"), answers({"r1": "2", "r2": "1"}), quarantine(), {})
    assert (forward.change, forward.id) == ("restored", new.id)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=8))
def test_whatever_comes_in_exactly_the_last_file_is_current(
    store: Store, sources: list[str]
) -> None:
    for source in sources:
        store.add_batch(a_batch(source), answers({f"r{source}": "1"}), quarantine(), {})
        [current] = store.current_batches("s", "w1")
        assert current.source_sha256 == source * 64
        assert store.read_answers("s", "w1")["respondent"].tolist() == [f"r{source}"]
    assert store.check() == []


def test_incremental_files_add_up_and_one_can_be_corrected(store: Store) -> None:
    store.add_batch(a_batch("a", part="may"), answers({"r1": "1", "r2": "1"}), quarantine("x"), {})
    store.add_batch(
        a_batch("b", part="june"),
        answers({"r2": "2", "r3": "2"}, completed="2026-06-01"),
        quarantine("y"),
        {},
    )
    whole = store.read_answers("s", "w1").set_index("respondent")["Q"].to_dict()
    assert whole == {"r1": "1", "r2": "2", "r3": "2"}
    assert store.read_quarantine("s", "w1")["respondent"].tolist() == ["x", "y"]
    corrected = store.add_batch(a_batch("c", part="may"), answers({"r1": "3"}), quarantine(), {})
    assert corrected.change == "superseded"
    assert len(store.current_batches("s", "w1")) == 2
    assert store.read_answers("s", "w1").set_index("respondent").at["r1", "Q"] == "3"
    assert store.read_quarantine("s", "w1")["respondent"].tolist() == ["y"]


def test_the_same_file_may_serve_two_waves(store: Store) -> None:
    store.add_batch(a_batch(wave="w1"), answers({"r1": "1"}), quarantine(), {})
    other = store.add_batch(a_batch(wave="w2"), answers({"r1": "1"}), quarantine(), {})
    assert other.change == "new"
    assert store.check() == []


def test_some_columns_can_be_read(store: Store) -> None:
    store.add_batch(a_batch("a", part="may"), answers({"r1": "1"}), quarantine(), {})
    store.add_batch(
        a_batch("b", part="june"), answers({"r2": "2"}).assign(extra=[1.5]), quarantine(), {}
    )
    frame = store.read_answers("s", "w1", ["extra", "respondent"])
    assert list(frame.columns) == ["extra", "respondent"]
    assert frame["extra"].isna().tolist() == [True, False]
    with pytest.raises(Refusal, match="no column X9"):
        store.read_answers("s", "w1", ["respondent", "X9"])


def test_a_wave_without_answers_is_refused(store: Store) -> None:
    for read in (store.read_answers, store.read_quarantine):
        with pytest.raises(Refusal, match="no answers of s w9"):
            read("s", "w9")
    assert store.current_batches("s", "w9") == []
    for lookup in (store.batch, store.batch_report):
        with pytest.raises(Refusal, match="no batch 7"):
            lookup(7)


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        (pd.DataFrame({"Q": ["1"]}), "need a column"),
        (pd.DataFrame({"respondent": ["r1", "r1"]}), "answers twice of r1"),
        (pd.DataFrame({"respondent": ["r1", None]}), "nobody"),
        (pd.DataFrame({"respondent": ["r1", ""]}), "nobody"),
    ],
)
def test_answers_of_nobody_or_twice_of_one_are_a_fault(
    store: Store, frame: pd.DataFrame, fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        store.add_batch(a_batch(), frame, quarantine(), {})
    assert store.current_batches("s", "w1") == []


def test_a_lost_file_is_told_and_comes_back_by_processing_again(
    store: Store, tmp_path: Path
) -> None:
    batch = store.add_batch(a_batch(), answers({"r1": "1"}), quarantine(), {})
    path = tmp_path / "store" / "answers" / f"{batch.data_sha256}.parquet"
    path.unlink()
    with pytest.raises(Refusal, match="is missing"):
        store.read_answers("s", "w1")
    assert len(store.check()) == 1
    assert find(store) is None
    again = store.add_batch(a_batch(), answers({"r1": "1"}), quarantine(), {})
    assert (again.change, again.id) == ("unchanged", batch.id)
    assert store.check() == []
    path.write_bytes(b"PAR1 damaged")
    with pytest.raises(Refusal, match="is damaged"):
        store.read_answers("s", "w1", ["Q"])


def test_a_lost_file_that_reads_differently_now_is_replaced(store: Store, tmp_path: Path) -> None:
    batch = store.add_batch(a_batch(), answers({"r1": "1"}), quarantine(), {})
    (tmp_path / "store" / "answers" / f"{batch.data_sha256}.parquet").unlink()
    again = store.add_batch(a_batch(), answers({"r1": "2"}), quarantine(), {})
    assert again.id == batch.id
    assert store.read_answers("s", "w1")["Q"].tolist() == ["2"]
    assert store.check() == []


def test_superseding_a_lost_file_works_without_a_comparison(store: Store, tmp_path: Path) -> None:
    batch = store.add_batch(a_batch("a"), answers({"r1": "1"}), quarantine(), {})
    (tmp_path / "store" / "answers" / f"{batch.data_sha256}.parquet").unlink()
    second = store.add_batch(a_batch("b"), answers({"r1": "2"}), quarantine(), {})
    assert (second.change, second.what_changed) == ("superseded", None)
    assert "cannot be compared" in second.sentence()


def test_two_runs_at_once_store_a_file_once(open_store: Callable[[], Store], store: Store) -> None:
    results: list[str] = []

    def run(source: str) -> None:
        own = open_store()
        results.append(
            own.add_batch(a_batch(source), answers({"r1": source}), quarantine(), {}).change
        )

    threads = [threading.Thread(target=run, args=(source,)) for source in "112211"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert results.count("new") == 1
    assert results.count("superseded") == 1
    assert len(store.current_batches("s", "w1")) == 1
    assert store.check() == []


def test_a_store_on_a_disk_that_refuses_is_told_in_one_line(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Refusal, match="No space left on device"):
        store.add_batch(a_batch(), answers({"r1": "1"}), quarantine(), {})
    monkeypatch.undo()
    assert store.check() == []
    assert store.current_batches("s", "w1") == []


def test_what_a_run_stored_another_finds(
    store: Store, open_store: Callable[[], Store], tmp_path: Path, database_url: str
) -> None:
    store.add_batch(a_batch(), answers({"r1": "1"}), quarantine(), {})
    store.close()
    assert find(open_store()) is not None
    with Store.open(tmp_path / "store", database_url, KEY, code_version="1.2.3") as later:
        batch = later.add_batch(a_batch("b"), answers({"r1": "2"}), quarantine(), {})
    assert batch.code_version == "1.2.3"
