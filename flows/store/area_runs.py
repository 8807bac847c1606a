"""Runs of the postcode base: the profile composition of all areas of a base in one year.

A run has three files: the composition, what every finest area was projected from, and what holds
for all areas together. The same inputs give the run that is there; one run per survey, base and
year is the current one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select, update

from flows.store.catalogue import Catalogue
from flows.store.files import Files, Kind
from flows.store.jsonable import plain
from flows.store.records import AreaPart, AreaRunRecord, RecordChange
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
from flows.store.schema import area_run, area_run_batch, batch, model

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: dict[AreaPart, str] = {
    "composition": "composition_sha256",
    "inputs": "areas_sha256",
    "surroundings": "surroundings_sha256",
}
"""The column that names the file of each part."""

NEEDED = ("level", "area", "residents", "suppressed")


class AreaRuns:
    """Stores and finds runs of the postcode base."""

    def __init__(self, catalogue: Catalogue, files: Files, code_version: str) -> None:
        self._catalogue = catalogue
        self._files = files
        self._code_version = code_version

    def add(
        self,
        key: Mapping[str, Any],
        parts: Mapping[AreaPart, pd.DataFrame],
        summary: Mapping[str, Any],
        batches: Sequence[int],
    ) -> AreaRunRecord:
        """Keep a run. See `Store.add_area_run`. `key`: survey, base, year, model_id, inputs."""
        composition = parts["composition"]
        if absent := [name for name in NEEDED if name not in composition]:
            raise ValueError(f"the composition needs columns {', '.join(absent)}")
        if composition.duplicated(["level", "area"]).any():
            raise ValueError("the composition has an area of one level twice")
        kept = self.restore(key)
        if kept is not None:
            return kept
        hashes = {COLUMNS[part]: self._files.write(Kind.AREAS, parts[part]) for part in COLUMNS}
        with self._catalogue.writing() as connection:
            required(connection, model, key["model_id"])
            row = find(connection, area_run, key)
            change: RecordChange = "new" if row is None else "unchanged"
            if row is None:
                fields = {**key, **hashes, "rows": len(composition), "summary": plain(summary)}
                run_id = insert_record(connection, area_run, fields, self._code_version)
                hang_on(connection, area_run_batch, run_id, batches)
            else:  # a file of it was lost and all are made again
                run_id = int(row.id)
                connection.execute(update(area_run).where(area_run.c.id == run_id).values(**hashes))
            make_current(connection, area_run, _scope(key), run_id)
            return _record(connection, required(connection, area_run, run_id), change)

    def restore(self, key: Mapping[str, Any]) -> AreaRunRecord | None:
        """The run of these inputs with all its files, made current; else None."""
        with self._catalogue.reading() as connection:
            row = find(connection, area_run, key)
        if row is None or not all(
            self._files.sound(Kind.AREAS, getattr(row, column)) for column in COLUMNS.values()
        ):
            return None
        with self._catalogue.writing() as connection:
            make_current(connection, area_run, _scope(key), row.id)
            return _record(connection, required(connection, area_run, row.id))

    def get(self, run_id: int) -> AreaRunRecord:
        with self._catalogue.reading() as connection:
            return _record(connection, required(connection, area_run, run_id))

    def all(self, survey: str, base: str | None, *, current: bool = False) -> list[AreaRunRecord]:
        """The runs of a survey by base, year and age."""
        scope = {"survey": survey} if base is None else {"survey": survey, "base": base}
        query = select(area_run).where(equal(area_run, scope))
        if current:
            query = query.where(area_run.c.current_since.is_not(None))
        with self._catalogue.reading() as connection:
            rows = connection.execute(
                query.order_by(area_run.c.base, area_run.c.year, area_run.c.id)
            ).all()
            return [_record(connection, row) for row in rows]

    def current(self, survey: str, base: str, year: int | None) -> AreaRunRecord | None:
        """The current run of a year, or of the newest year."""
        runs = self.all(survey, base, current=True)
        if year is not None:
            runs = [run for run in runs if run.year == year]
        return runs[-1] if runs else None

    def read(self, run_id: int, part: AreaPart) -> pd.DataFrame:
        """One of the three frames of a run."""
        if part not in COLUMNS:
            raise ValueError(f"{part!r} is none of {', '.join(COLUMNS)}")
        with self._catalogue.reading() as connection:
            row = required(connection, area_run, run_id)
        owner = f"{named(area_run)} {run_id}"
        return self._files.read(Kind.AREAS, getattr(row, COLUMNS[part]), owner)

    def rests_on(self, run_id: int) -> tuple[set[str], bool]:
        """The waves (`survey/wave`) whose answers a run was made from, and whether all still count.

        Answers are compared, not batches: another file with the same answers changes nothing.
        """
        with self._catalogue.reading() as connection:
            used = linked(connection, area_run_batch, run_id)
            rows = connection.execute(select(batch).where(batch.c.id.in_(used))).all()
            waves = {f"{row.survey}/{row.wave}" for row in rows}
            now = connection.execute(select(batch).where(batch.c.superseded_by_id.is_(None))).all()
        current = {row.data_sha256 for row in now if f"{row.survey}/{row.wave}" in waves}
        return waves, {row.data_sha256 for row in rows} == current


def _scope(key: Mapping[str, Any]) -> dict[str, Any]:
    return {name: key[name] for name in ("survey", "base", "year")}


def _record(
    connection: Connection, row: Row[Any], change: RecordChange = "unchanged"
) -> AreaRunRecord:
    version = connection.scalar(select(model.c.version).where(model.c.id == row.model_id))
    return AreaRunRecord(**record_fields(row), model_version=str(version), change=change)
