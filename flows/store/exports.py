"""The log of analysis files: when answers of people left the store, where to, and what of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from flows.store.catalogue import Catalogue
from flows.store.jsonable import plain
from flows.store.records import ExportRecord
from flows.store.rows import insert_record, required
from flows.store.schema import export


class Exports:
    """Writes and reads the log of analysis files. Nothing in it is ever replaced."""

    def __init__(self, catalogue: Catalogue, code_version: str) -> None:
        self._catalogue = catalogue
        self._code_version = code_version

    def add(self, fields: Mapping[str, Any]) -> ExportRecord:
        """Log one file. See `Store.add_export`."""
        with self._catalogue.writing() as connection:
            row = {**fields, "columns": plain(list(fields["columns"]))}
            export_id = insert_record(connection, export, row, self._code_version)
            return _record(required(connection, export, export_id))

    def all(self, survey: str) -> list[ExportRecord]:
        """The exports of a survey, oldest first."""
        query = select(export).where(export.c.survey == survey).order_by(export.c.id)
        with self._catalogue.reading() as connection:
            return [_record(row) for row in connection.execute(query).all()]


def _record(row: Row[Any]) -> ExportRecord:
    fields = dict(row._mapping)
    return ExportRecord(**{**fields, "columns": tuple(fields["columns"])})
