"""What all derived records share: found by their inputs, one current per scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Row, Table, and_, insert, select, update

from flows.store.errors import UnknownRecord
from flows.store.schema import batch


def equal(table: Table, values: Mapping[str, Any]) -> ColumnElement[bool]:
    """The condition that these columns have these values."""
    return and_(*(table.c[name] == value for name, value in values.items()))


def named(table: Table) -> str:
    """A record of this table in words."""
    return table.name.replace("_", " ")


def find(connection: Connection, table: Table, key: Mapping[str, Any]) -> Row[Any] | None:
    """The one row with these values, if there is one."""
    return connection.execute(select(table).where(equal(table, key))).first()


def required(connection: Connection, table: Table, record_id: int) -> Row[Any]:
    """The row with this id; refuses one that is not there."""
    row = connection.execute(select(table).where(table.c.id == record_id)).first()
    if row is None:
        raise UnknownRecord(f"There is no {named(table)} {record_id} in this store.")
    return row


def insert_returning_id(connection: Connection, statement: Insert) -> int:
    """Insert one row and return its id."""
    primary_key = connection.execute(statement).inserted_primary_key
    if primary_key is None:
        raise RuntimeError(f"no id came back from {statement}")
    return int(primary_key[0])


def insert_record(
    connection: Connection, table: Table, fields: Mapping[str, Any], code_version: str
) -> int:
    """Insert a derived record, dated now, and return its id."""
    return insert_returning_id(
        connection,
        insert(table).values(**fields, code_version=code_version, created_at=datetime.now(UTC)),
    )


def make_current(
    connection: Connection, table: Table, scope: Mapping[str, Any], record_id: int
) -> None:
    """Make one record of a scope the current one; it keeps its date when it already was."""
    connection.execute(
        update(table)
        .where(equal(table, scope), table.c.current_since.is_not(None), table.c.id != record_id)
        .values(current_since=None)
    )
    connection.execute(
        update(table)
        .where(table.c.id == record_id, table.c.current_since.is_(None))
        .values(current_since=datetime.now(UTC))
    )


def hang_on(connection: Connection, links: Table, record_id: int, batches: Sequence[int]) -> None:
    """Remember from which batches a record was made."""
    wanted = sorted(set(batches))
    known = set(connection.scalars(select(batch.c.id).where(batch.c.id.in_(wanted))))
    if unknown := [str(each) for each in wanted if each not in known]:
        raise UnknownRecord(f"There is no batch {', '.join(unknown)} in this store.")
    if wanted:
        owner = owner_column(links)
        connection.execute(insert(links), [{owner: record_id, "batch_id": each} for each in wanted])


def linked(connection: Connection, links: Table, record_id: int) -> set[int]:
    """The ids of the batches that a record was made from."""
    owner = links.c[owner_column(links)]
    return set(connection.scalars(select(links.c.batch_id).where(owner == record_id)))


def owner_column(links: Table) -> str:
    """The column of a link table that names the derived record."""
    return next(column.name for column in links.c if column.name != "batch_id")


def record_fields(row: Row[Any]) -> dict[str, Any]:
    """The fields of a row as its record has them."""
    fields = dict(row._mapping)
    del fields["current_since"]
    return fields
