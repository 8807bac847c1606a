from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import UniqueConstraint
from store_samples import a_batch, answers, quarantine

from flows.errors import Refusal
from flows.store import ModelRecord, Store, TableRun, TypingRecord, WeightingRecord, shapes
from flows.store.derived import Shape

SHAPES = (
    shapes.TYPING,
    shapes.WEIGHTING,
    shapes.TABLE_RUN,
    shapes.AREA_RUN,
    shapes.ESTIMATE_RUN,
)

TYPING = pd.DataFrame({"respondent": ["r1", "r2"], "profile": ["p1", "p2"], "p_p1": [0.75, 0.25]})
WEIGHTS = pd.DataFrame({"respondent": ["r1", "r2"], "weight": [0.5, 1.5]})
CELLS = pd.DataFrame({"table": ["E07"], "row": ["1"], "estimate": [1 / 3]})


@pytest.fixture
def model(store: Store) -> ModelRecord:
    store.add_batch(a_batch(), answers({"r1": "1", "r2": "2"}), quarantine(), {})
    return store.add_model("s", "m1", "draft", "a" * 64, {"means": np.eye(2)}, {"ari": 0.7})


def add_typing(store: Store, model: ModelRecord, inputs: str = "t") -> TypingRecord:
    return store.add_typing("s", "w1", model.id, inputs * 64, TYPING, {"n": 2})


def add_weighting(store: Store, inputs: str = "g") -> WeightingRecord:
    return store.add_weighting("s", "w1", inputs * 64, WEIGHTS, {"deff": 1.2})


def add_tables(store: Store, model: ModelRecord, inputs: str = "c") -> TableRun:
    typing, weighting = add_typing(store, model), add_weighting(store)
    return store.add_table_run(
        "s", "w1", "energie", weighting.id, typing.id, inputs * 64, CELLS, {}
    )


def test_a_model_comes_back_whole(store: Store, model: ModelRecord) -> None:
    assert model.change == "new"
    assert store.model("s") == store.model("s", "m1") == store.model_by_id(model.id)
    found = store.model("s")
    assert found is not None
    assert found.parameters == {"means": [[1.0, 0.0], [0.0, 1.0]]}
    assert found.summary == {"ari": 0.7}
    assert store.model("s", "m2") is None
    assert store.model("other") is None


def test_the_same_model_is_stored_once(store: Store, model: ModelRecord) -> None:
    again = store.add_model("s", "m1", "draft", "a" * 64, {"means": []}, {})
    assert (again.id, again.change) == (model.id, "unchanged")
    assert again.parameters == model.parameters
    assert len(store.models("s")) == 1


def test_the_draft_made_last_counts_also_when_it_is_an_old_one(
    store: Store, model: ModelRecord
) -> None:
    other = store.add_model("s", "m1", "draft", "b" * 64, {}, {})
    assert store.model("s", "m1") == store.model_by_id(other.id)
    store.add_model("s", "m1", "draft", "a" * 64, {}, {})
    assert store.model("s", "m1") == store.model_by_id(model.id)


def test_an_accepted_model_goes_before_any_draft(store: Store, model: ModelRecord) -> None:
    accepted = store.add_model("s", "m1", "accepted", "a" * 64, {}, {})
    assert (accepted.id, accepted.state, accepted.change) == (model.id, "accepted", "unchanged")
    store.add_model("s", "m1", "draft", "b" * 64, {}, {})
    store.add_model("s", "m2", "draft", "c" * 64, {}, {})
    for found in (store.model("s"), store.model("s", "m1")):
        assert found is not None
        assert found.id == model.id
    draft = store.model("s", "m2")
    assert draft is not None
    assert draft.state == "draft"
    again = store.add_model("s", "m1", "draft", "a" * 64, {}, {})
    assert again.state == "accepted"


def test_the_version_accepted_last_is_the_one_in_use(store: Store, model: ModelRecord) -> None:
    store.add_model("s", "m2", "accepted", "c" * 64, {}, {})
    store.add_model("s", "m1", "accepted", "a" * 64, {}, {})
    found = store.model("s")
    assert found is not None
    assert found.version == "m1"


def test_a_version_is_accepted_once(store: Store, model: ModelRecord) -> None:
    store.add_model("s", "m1", "accepted", "a" * 64, {}, {})
    with pytest.raises(Refusal, match="m1 of s was accepted before"):
        store.add_model("s", "m1", "accepted", "b" * 64, {}, {})
    assert len(store.models("s")) == 1


def test_a_draft_is_accepted_by_name_and_then_fixed(store: Store, model: ModelRecord) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    accepted = store.accept_model(model.id, "Ans", at, '{"state": "accepted"}\n')
    assert accepted == store.model("s", "m1") == store.model_by_id(model.id)
    assert (accepted.id, accepted.state, accepted.accepted_by) == (model.id, "accepted", "Ans")
    assert (accepted.accepted_at, accepted.document) == (at, '{"state": "accepted"}\n')
    assert accepted.parameters == model.parameters
    with pytest.raises(Refusal, match="accepted before"):
        store.accept_model(model.id, "Bo", at, "{}")
    draft = store.add_model("s", "m1", "draft", "b" * 64, {}, {})
    with pytest.raises(Refusal, match="accepted before"):
        store.accept_model(draft.id, "Bo", at, "{}")
    assert store.model("s", "m1") == accepted


def test_only_the_current_draft_can_be_accepted(store: Store, model: ModelRecord) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    newer = store.add_model("s", "m1", "draft", "b" * 64, {}, {})
    with pytest.raises(Refusal, match="has a newer draft"):
        store.accept_model(model.id, "Ans", at, "{}")
    with pytest.raises(Refusal, match="no model 99"):
        store.accept_model(99, "Ans", at, "{}")
    assert store.accept_model(newer.id, "Ans", at, "{}").state == "accepted"


def test_typing_weighting_and_tables_come_back(store: Store, model: ModelRecord) -> None:
    typing, weighting, run = (
        add_typing(store, model),
        add_weighting(store),
        add_tables(store, model),
    )
    assert (typing.change, weighting.change, run.change) == ("new", "new", "new")
    assert_frame_equal(store.read_typing(typing.id), TYPING)
    assert_frame_equal(store.read_weighting(weighting.id), WEIGHTS)
    assert_frame_equal(store.read_table_run(run.id), CELLS)
    assert store.current_typing("s", "w1") == store.typing(typing.id)
    assert store.current_weighting("s", "w1") == store.weighting(weighting.id)
    assert store.current_table_runs("s", "w1") == [store.table_run(run.id)]
    assert store.current_typing("s", "w2") is store.current_weighting("s", "w2") is None
    assert store.check() == []


def test_the_same_inputs_give_the_record_that_is_there(store: Store, model: ModelRecord) -> None:
    first = (add_typing(store, model), add_weighting(store), add_tables(store, model))
    again = (add_typing(store, model), add_weighting(store), add_tables(store, model))
    assert [each.id for each in first] == [each.id for each in again]
    assert {each.change for each in again} == {"unchanged"}


def test_old_inputs_that_come_back_are_current_again(store: Store, model: ModelRecord) -> None:
    """As when a superseded file is put back: its weighting must not lose to the newer one."""
    first = add_weighting(store, "a")
    second = add_weighting(store, "b")
    assert store.current_weighting("s", "w1") == store.weighting(second.id)
    add_weighting(store, "a")
    assert store.current_weighting("s", "w1") == store.weighting(first.id)


def test_each_scheme_has_a_current_weighting_of_its_own(store: Store, model: ModelRecord) -> None:
    plain = add_weighting(store)
    other = WEIGHTS.assign(weight=[0.8, 1.2])
    full = store.add_weighting("s", "w1", "h" * 64, other, {}, scheme="composition")
    assert (plain.scheme, full.scheme) == ("demographics", "composition")
    assert store.current_weighting("s", "w1") == store.weighting(plain.id)
    assert store.current_weighting("s", "w1", "composition") == store.weighting(full.id)
    assert_frame_equal(store.read_weighting(full.id), other)
    newer = add_weighting(store, "i")
    assert store.current_weighting("s", "w1") == store.weighting(newer.id)
    assert store.current_weighting("s", "w1", "composition") == store.weighting(full.id)
    assert store.check() == []


def test_a_lost_frame_comes_back_by_making_it_again(
    store: Store, model: ModelRecord, tmp_path: Path
) -> None:
    weighting = add_weighting(store)
    (tmp_path / "store" / "weightings" / f"{weighting.data_sha256}.parquet").unlink()
    with pytest.raises(Refusal, match="weighting 1 is missing"):
        store.read_weighting(weighting.id)
    again = add_weighting(store)
    assert (again.id, again.change) == (weighting.id, "unchanged")
    assert_frame_equal(store.read_weighting(weighting.id), WEIGHTS)
    (tmp_path / "store" / "weightings" / f"{weighting.data_sha256}.parquet").unlink()
    other = WEIGHTS.assign(weight=[1.0, 1.0])
    store.add_weighting("s", "w1", "g" * 64, other, {})
    assert_frame_equal(store.read_weighting(weighting.id), other)
    assert store.check() == []


def test_what_hangs_on_nothing_is_refused(store: Store, model: ModelRecord) -> None:
    with pytest.raises(Refusal, match="no model 99"):
        store.add_typing("s", "w1", 99, "t" * 64, TYPING, {})
    typing = add_typing(store, model)
    with pytest.raises(Refusal, match="no weighting 99"):
        store.add_table_run("s", "w1", "energie", 99, typing.id, "c" * 64, CELLS, {})
    with pytest.raises(Refusal, match="no batch 99"):
        store.add_weighting("s", "w1", "g" * 64, WEIGHTS, {}, batches=[1, 99])
    for lookup in (store.typing, store.weighting, store.table_run, store.model_by_id):
        with pytest.raises(Refusal, match="99 in this store"):
            lookup(99)


def test_a_frame_that_lacks_what_it_is_about_is_a_fault(store: Store, model: ModelRecord) -> None:
    with pytest.raises(ValueError, match="the weighting cannot do without columns weight"):
        store.add_weighting("s", "w1", "g" * 64, TYPING, {})
    with pytest.raises(ValueError, match="has the same respondent twice"):
        store.add_weighting("s", "w1", "g" * 64, WEIGHTS.assign(respondent="r1"), {})
    with pytest.raises(TypeError, match="object"):
        store.add_weighting("s", "w1", "g" * 64, WEIGHTS, {"x": object()})


def test_a_number_can_be_traced_to_the_delivered_file(store: Store, model: ModelRecord) -> None:
    run = add_tables(store, model)
    trace = store.trace(run.id)
    assert trace.model == store.model_by_id(model.id)
    assert trace.table_run == store.table_run(run.id)
    assert [batch.source_sha256 for batch in trace.batches] == ["a" * 64]
    assert trace.weighting.inputs_sha256 == "g" * 64
    assert trace.table_run.code_version


def test_the_batches_of_other_waves_can_be_named(store: Store, model: ModelRecord) -> None:
    background = store.add_batch(a_batch(wave="register"), answers({"r1": "1"}), quarantine(), {})
    weighting = store.add_weighting("s", "w1", "x" * 64, WEIGHTS, {}, batches=[1, background.id])
    typing = add_typing(store, model)
    run = store.add_table_run("s", "w1", "energie", weighting.id, typing.id, "c" * 64, CELLS, {})
    assert [batch.wave for batch in store.trace(run.id).batches] == ["w1", "register"]


def test_status_tells_how_far_a_wave_is_and_what_is_outdated(
    store: Store, model: ModelRecord
) -> None:
    [status] = store.status("s")
    assert (status.wave, status.rows, status.typing, status.outdated) == ("w1", 2, None, ())
    run = add_tables(store, model)
    [status] = store.status("s")
    assert status.model == store.model_by_id(model.id)
    assert [each.id for each in status.table_runs] == [run.id]
    assert status.outdated == ()
    store.add_batch(a_batch("b"), answers({"r1": "3"}), quarantine("x"), {})
    [status] = store.status("s")
    assert status.outdated == ("typing", "weighting", "tables of energie")
    assert status.quarantined == 1
    assert store.status("other") == ()


def test_tables_on_an_older_weighting_are_outdated(store: Store, model: ModelRecord) -> None:
    add_tables(store, model)
    add_weighting(store, "h")
    [status] = store.status("s")
    assert status.outdated == ("tables of energie",)


def test_summaries_take_what_python_and_numpy_have(store: Store, model: ModelRecord) -> None:
    summary = {
        "day": date(2026, 3, 1),
        "path": Path("a/b"),
        "pair": (np.float64(0.5), np.int64(2)),
        "none": np.float64("inf"),
        "set": {"b", "a"},
        1: np.bool_(True),
        "text": "é \x00 \U0001f600",
    }
    record = store.add_weighting("s", "w1", "z" * 64, WEIGHTS, summary)
    assert store.weighting(record.id).summary == {
        "day": "2026-03-01",
        "path": "a/b",
        "pair": [0.5, 2],
        "none": None,
        "set": ["a", "b"],
        "1": True,
        "text": "é \x00 \U0001f600",
    }


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.table.name)
def test_a_shape_is_what_the_schema_keeps(shape: Shape[object]) -> None:
    """What the catalogue holds to one row is what the store looks for, and the reverse."""
    table = shape.table
    key = set(shape.scope + shape.made_from)
    (unique,) = (c for c in table.constraints if isinstance(c, UniqueConstraint))
    assert {column.name for column in unique.columns} <= key
    (current,) = table.indexes
    assert tuple(column.name for column in current.columns) == shape.scope
    assert current.unique
    # Every column is of the key, of a file, or of every derived record.
    common = {"id", "rows", "summary", "code_version", "created_at", "current_since"}
    assert {column.name for column in table.columns} == key | set(shape.parts.values()) | common
    fields = {field.name for field in dataclasses.fields(shape.record)}
    own = fields - {"change", "estimand"} - set(shape.joined)
    assert own == {column.name for column in table.columns} - {"current_since"}


def test_tables_hang_on_batches_by_their_weighting_and_typing(
    store: Store, model: ModelRecord
) -> None:
    run = add_tables(store, model)
    assert [batch.id for batch in store.trace(run.id).batches] == [1]
    with pytest.raises(ValueError, match="table run hangs on no batches of its own"):
        store._parts.table_runs.rests_on(run.id)
