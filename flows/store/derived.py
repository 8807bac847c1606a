"""The mechanism of derived records: what was made from other things, kept once and found again.

Typings, weightings, tables, compositions and estimates of areas are all kept in this way
(`shapes` says what each of them is):

- a record has a *key*, what it was made from; the same key gives the record that is there, so
  that nothing is ever doubled;
- one record of a *scope*, such as a wave, is the current one: the one that was asked for last;
- its frames stand in files, its *parts*; when one of them was lost, all are made again;
- it *hangs on* the batches whose answers it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Column, Connection, FromClause, Row, Select, Table, select, update

from flows.store.batches import current_batches
from flows.store.catalogue import Catalogue
from flows.store.files import Files, Kind
from flows.store.jsonable import plain
from flows.store.records import RecordChange
from flows.store.rows import (
    equal,
    find,
    hang_on,
    insert_record,
    linked,
    make_current,
    named,
    record_fields,
    required,
)
from flows.store.schema import batch

if TYPE_CHECKING:
    import pandas as pd

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Shape(Generic[R]):
    """What one kind of derived record is.

    `table`, `record`: its rows, and the class they are handed back as. `scope`: the columns of
    which one record is current. `made_from`: the columns that make the key together with the
    scope; one that refers to another record must refer to one that is there. `kind`: of its
    files. `parts`: per part the column with the SHA-256 of its file; the first is the main one,
    which must have the columns `needed`, and each combination of the columns `once` only once.
    `batches`: the table that ties it to batches. `order`: of a list of records. `joined`: fields
    of the record that stand with a record it refers to.
    """

    table: Table
    record: Callable[..., R]
    scope: tuple[str, ...]
    made_from: tuple[str, ...]
    kind: Kind
    parts: Mapping[str, str]
    needed: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    batches: Table | None = None
    order: tuple[str, ...] = ("id",)
    joined: Mapping[str, Column[Any]] = field(default_factory=dict)

    @property
    def main(self) -> str:
        """The part whose rows are counted."""
        return next(iter(self.parts))

    def refuse_faulty(self, frame: pd.DataFrame) -> None:
        """A main part without its columns, or with one row twice, is a fault of the caller."""
        if absent := [name for name in self.needed if name not in frame]:
            raise ValueError(f"the {self.main} cannot do without columns {', '.join(absent)}")
        if self.once and frame.duplicated(list(self.once)).any():
            raise ValueError(f"the {self.main} has the same {' and '.join(self.once)} twice")


class Derived(Generic[R]):
    """Stores and finds the derived records of one shape."""

    def __init__(
        self, shape: Shape[R], catalogue: Catalogue, files: Files, code_version: str
    ) -> None:
        self._shape = shape
        self._catalogue = catalogue
        self._files = files
        self._code_version = code_version

    def add(
        self,
        parts: Mapping[str, pd.DataFrame],
        summary: Mapping[str, Any],
        batches: Sequence[int] | None = (),
        **key: Any,
    ) -> R:
        """Keep a record and make it the current one of its scope.

        `parts`: a frame for each part. `batches`: ids of the batches it was made from; None: the
        current ones of its wave. `key`: a value for each column of `scope` and `made_from`; the
        same key gives the record that is there. Refuses references and batches that are not in
        the store; a main part that cannot be one is a ValueError.
        """
        shape, table = self._shape, self._shape.table
        shape.refuse_faulty(parts[shape.main])
        if (kept := self.restore(**key)) is not None:
            return kept
        hashes = {
            column: self._files.write(shape.kind, parts[part])
            for part, column in shape.parts.items()
        }
        with self._catalogue.writing() as connection:
            row = find(connection, table, key)
            change: RecordChange = "new" if row is None else "unchanged"
            if row is None:
                self._refuse_unknown_references(connection, key)
                content = {"rows": len(parts[shape.main]), "summary": plain(summary)}
                fields = {**key, **hashes, **content}
                record_id = insert_record(connection, table, fields, self._code_version)
                if shape.batches is not None:
                    if batches is None:
                        now = current_batches(connection, key["survey"], key["wave"])
                        batches = [each.id for each in now]
                    hang_on(connection, shape.batches, record_id, batches)
            else:  # a file of it was lost and all are made again
                record_id = int(row.id)
                connection.execute(update(table).where(table.c.id == record_id).values(**hashes))
            return self._made_current(connection, key, record_id, change)

    def restore(self, **key: Any) -> R | None:
        """The record of this key with all its files, made current; else None."""
        with self._catalogue.reading() as connection:
            row = find(connection, self._shape.table, key)
        if row is None or not all(
            self._files.sound(self._shape.kind, getattr(row, column))
            for column in self._shape.parts.values()
        ):
            return None
        with self._catalogue.writing() as connection:
            return self._made_current(connection, key, row.id, "unchanged")

    def get(self, record_id: int) -> R:
        with self._catalogue.reading() as connection:
            return self._get(connection, record_id)

    def all(self, *, only_current: bool = False, **known: Any) -> list[R]:
        """The records with these values, None being any value, in the order of their shape."""
        table = self._shape.table
        given = {name: value for name, value in known.items() if value is not None}
        query = self._select().where(equal(table, given))
        if only_current:
            query = query.where(table.c.current_since.is_not(None))
        query = query.order_by(*(table.c[name] for name in self._shape.order))
        with self._catalogue.reading() as connection:
            return [self._record(row) for row in connection.execute(query).all()]

    def current(self, **known: Any) -> R | None:
        """The current record with these values: the last one, where they leave a choice."""
        records = self.all(only_current=True, **known)
        return records[-1] if records else None

    def read(self, record_id: int, part: str | None = None) -> pd.DataFrame:
        """One of the frames of a record: the main one, if no part is named."""
        shape, part = self._shape, part or self._shape.main
        if part not in shape.parts:
            raise ValueError(f"{part!r} is none of {', '.join(shape.parts)}")
        with self._catalogue.reading() as connection:
            row = required(connection, shape.table, record_id)
        owner = f"{named(shape.table)} {record_id}"
        return self._files.read(shape.kind, getattr(row, shape.parts[part]), owner)

    def rests_on(self, record_id: int) -> tuple[frozenset[tuple[str, str]], bool]:
        """The waves (survey, wave) whose answers it was made from, and whether all still count.

        Answers are compared, not batches: another file with the same answers changes nothing.
        """
        if self._shape.batches is None:
            raise ValueError(f"a {named(self._shape.table)} hangs on no batches of its own")
        with self._catalogue.reading() as connection:
            used = linked(connection, self._shape.batches, record_id)
            rows = connection.execute(select(batch).where(batch.c.id.in_(used))).all()
            now = connection.execute(select(batch).where(batch.c.superseded_by_id.is_(None))).all()
        waves = frozenset((row.survey, row.wave) for row in rows)
        current = {row.data_sha256 for row in now if (row.survey, row.wave) in waves}
        return waves, {row.data_sha256 for row in rows} == current

    def owned_files(self, connection: Connection) -> dict[tuple[Kind, str], str]:
        """Which record each stored file belongs to, in words."""
        shape = self._shape
        columns = [shape.table.c[column] for column in shape.parts.values()]
        return {
            (shape.kind, sha256): f"{named(shape.table)} {record_id}"
            for record_id, *hashes in connection.execute(select(shape.table.c.id, *columns))
            for sha256 in hashes
        }

    def _made_current(
        self, connection: Connection, key: Mapping[str, Any], record_id: int, change: RecordChange
    ) -> R:
        scope = {name: key[name] for name in self._shape.scope}
        make_current(connection, self._shape.table, scope, record_id)
        return self._get(connection, record_id, change)

    def _refuse_unknown_references(self, connection: Connection, key: Mapping[str, Any]) -> None:
        for name in self._shape.made_from:
            for reference in self._shape.table.c[name].foreign_keys:
                required(connection, reference.column.table, key[name])

    def _get(self, connection: Connection, record_id: int, change: RecordChange = "unchanged") -> R:
        required(connection, self._shape.table, record_id)
        mine = self._shape.table.c.id == record_id
        return self._record(connection.execute(self._select().where(mine)).one(), change)

    def _select(self) -> Select[Any]:
        joined = self._shape.joined
        source: FromClause = self._shape.table
        for other in {column.table for column in joined.values()}:
            source = source.join(other)
        labelled = (column.label(name) for name, column in joined.items())
        return select(self._shape.table, *labelled).select_from(source)

    def _record(self, row: Row[Any], change: RecordChange = "unchanged") -> R:
        return self._shape.record(**record_fields(row), change=change)
