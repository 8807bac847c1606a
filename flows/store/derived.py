"""What is made from the answers of a wave: typings, weightings and table runs.

Each has the hash of everything it was made from. The same inputs give the record that is
already there, so nothing is ever doubled; and that record becomes the current one again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Table, select, update

from flows.store.batches import current_batches
from flows.store.catalogue import Catalogue
from flows.store.combine import PERSON
from flows.store.files import Files, Kind
from flows.store.jsonable import plain
from flows.store.records import RecordChange, Scheme, TableRun, TypingRecord, WeightingRecord
from flows.store.rows import (
    equal,
    find,
    find_current,
    hang_on,
    insert_record,
    make_current,
    named,
    record_fields,
    required,
)
from flows.store.schema import (
    model,
    table_run,
    typing,
    typing_batch,
    weighting,
    weighting_batch,
)

if TYPE_CHECKING:
    import pandas as pd


class Derived:
    """Stores and finds what was made from the answers of a wave."""

    def __init__(self, catalogue: Catalogue, files: Files, code_version: str) -> None:
        self._catalogue = catalogue
        self._files = files
        self._code_version = code_version

    def add_typing(
        self,
        survey: str,
        wave: str,
        model_id: int,
        inputs_sha256: str,
        frame: pd.DataFrame,
        summary: Mapping[str, Any],
        batches: Sequence[int] | None,
    ) -> TypingRecord:
        """Keep the profiles of a wave's people."""
        _require(frame, PERSON, "profile")
        row, change = self._add(
            typing,
            Kind.TYPING,
            scope={"survey": survey, "wave": wave},
            made_from={"model_id": model_id, "inputs_sha256": inputs_sha256},
            frame=frame,
            summary=summary,
            links=typing_batch,
            batches=batches,
        )
        return _typing(row, change)

    def typing(self, typing_id: int) -> TypingRecord:
        with self._catalogue.reading() as connection:
            return _typing(required(connection, typing, typing_id))

    def current_typing(self, survey: str, wave: str) -> TypingRecord | None:
        with self._catalogue.reading() as connection:
            row = find_current(connection, typing, {"survey": survey, "wave": wave})
        return None if row is None else _typing(row)

    def typings(self, survey: str, wave: str, model_id: int) -> list[TypingRecord]:
        """Every typing of a wave by one model, oldest first."""
        key = {"survey": survey, "wave": wave, "model_id": model_id}
        with self._catalogue.reading() as connection:
            rows = connection.execute(
                select(typing).where(equal(typing, key)).order_by(typing.c.id)
            ).all()
        return [_typing(row) for row in rows]

    def add_weighting(
        self,
        survey: str,
        wave: str,
        inputs_sha256: str,
        frame: pd.DataFrame,
        summary: Mapping[str, Any],
        batches: Sequence[int] | None,
        scheme: Scheme,
    ) -> WeightingRecord:
        """Keep the weights of a wave's people."""
        _require(frame, PERSON, "weight")
        row, change = self._add(
            weighting,
            Kind.WEIGHTING,
            scope={"survey": survey, "wave": wave, "scheme": scheme},
            made_from={"inputs_sha256": inputs_sha256},
            frame=frame,
            summary=summary,
            links=weighting_batch,
            batches=batches,
        )
        return _weighting(row, change)

    def weighting(self, weighting_id: int) -> WeightingRecord:
        with self._catalogue.reading() as connection:
            return _weighting(required(connection, weighting, weighting_id))

    def current_weighting(
        self, survey: str, wave: str, scheme: Scheme = "demographics"
    ) -> WeightingRecord | None:
        scope = {"survey": survey, "wave": wave, "scheme": scheme}
        with self._catalogue.reading() as connection:
            row = find_current(connection, weighting, scope)
        return None if row is None else _weighting(row)

    def add_table_run(
        self,
        survey: str,
        wave: str,
        theme: str,
        weighting_id: int,
        typing_id: int,
        inputs_sha256: str,
        frame: pd.DataFrame,
        summary: Mapping[str, Any],
    ) -> TableRun:
        """Keep the unrounded cells of a theme."""
        row, change = self._add(
            table_run,
            Kind.TABLES,
            scope={"survey": survey, "wave": wave, "theme": theme},
            made_from={
                "weighting_id": weighting_id,
                "typing_id": typing_id,
                "inputs_sha256": inputs_sha256,
            },
            frame=frame,
            summary=summary,
        )
        return _table_run(row, change)

    def table_run(self, run_id: int) -> TableRun:
        with self._catalogue.reading() as connection:
            return _table_run(required(connection, table_run, run_id))

    def current_table_runs(self, survey: str, wave: str) -> list[TableRun]:
        """The current table run of each theme, in the order in which the themes came."""
        with self._catalogue.reading() as connection:
            rows = connection.execute(
                select(table_run)
                .where(
                    equal(table_run, {"survey": survey, "wave": wave}),
                    table_run.c.current_since.is_not(None),
                )
                .order_by(table_run.c.id)
            ).all()
        return [_table_run(row) for row in rows]

    def read(self, kind: Kind, record_id: int) -> pd.DataFrame:
        """The stored frame of a typing, weighting or table run."""
        table = {Kind.TYPING: typing, Kind.WEIGHTING: weighting, Kind.TABLES: table_run}[kind]
        with self._catalogue.reading() as connection:
            row = required(connection, table, record_id)
        return self._files.read(kind, row.data_sha256, f"{named(table)} {record_id}")

    def _add(
        self,
        table: Table,
        kind: Kind,
        *,
        scope: dict[str, Any],
        made_from: dict[str, Any],
        frame: pd.DataFrame,
        summary: Mapping[str, Any],
        links: Table | None = None,
        batches: Sequence[int] | None = None,
    ) -> tuple[Row[Any], RecordChange]:
        key = scope | made_from
        with self._catalogue.reading() as connection:
            row = find(connection, table, key)
        if row is not None and self._files.sound(kind, row.data_sha256):
            data_sha256 = row.data_sha256
        else:
            data_sha256 = self._files.write(kind, frame)
        with self._catalogue.writing() as connection:
            row = find(connection, table, key)
            change: RecordChange = "new" if row is None else "unchanged"
            if row is None:
                for name, parent in _PARENTS.items():
                    if name in key:
                        required(connection, parent, key[name])
                fields = {
                    **key,
                    "data_sha256": data_sha256,
                    "rows": len(frame),
                    "summary": plain(summary),
                }
                record_id = insert_record(connection, table, fields, self._code_version)
                if links is not None:
                    if batches is None:
                        current = current_batches(connection, scope["survey"], scope["wave"])
                        batches = [each.id for each in current]
                    hang_on(connection, links, record_id, batches)
            else:
                record_id = row.id
                if row.data_sha256 != data_sha256:  # its file was lost and is made again
                    connection.execute(
                        update(table).where(table.c.id == record_id).values(data_sha256=data_sha256)
                    )
            make_current(connection, table, scope, record_id)
            return required(connection, table, record_id), change


_PARENTS = {"model_id": model, "typing_id": typing, "weighting_id": weighting}


def _require(frame: pd.DataFrame, *columns: str) -> None:
    """A frame of people without these columns, or with one twice, is a fault of the caller."""
    if absent := [name for name in columns if name not in frame]:
        raise ValueError(f"the frame needs columns {', '.join(absent)}")
    if frame[PERSON].duplicated().any():
        raise ValueError("the frame has a respondent twice")


def _typing(row: Row[Any], change: RecordChange = "unchanged") -> TypingRecord:
    return TypingRecord(**record_fields(row), change=change)


def _weighting(row: Row[Any], change: RecordChange = "unchanged") -> WeightingRecord:
    return WeightingRecord(**record_fields(row), change=change)


def _table_run(row: Row[Any], change: RecordChange = "unchanged") -> TableRun:
    return TableRun(**record_fields(row), change=change)
