"""Runs of the area estimates: what the areas of a base are estimated to answer in one wave.

A run has two files: the estimates of all areas, and the fitted models, from which any other list
of areas is estimated. The same inputs give the run that is there; one run per survey, wave, base
and year is the current one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select, update

from flows.store.catalogue import Catalogue
from flows.store.files import Files, Kind
from flows.store.jsonable import plain
from flows.store.records import EstimatePart, EstimateRun, RecordChange
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
from flows.store.schema import area_run, batch, estimate_run, estimate_run_batch

if TYPE_CHECKING:
    import pandas as pd

COLUMNS: dict[EstimatePart, str] = {
    "estimates": "estimates_sha256",
    "parameters": "parameters_sha256",
}
"""The column that names the file of each part."""

NEEDED = ("theme", "table", "row", "level", "area", "value", "low", "high", "adds")
EACH = ["table", "row", "level", "area"]


class EstimateRuns:
    """Stores and finds runs of the area estimates."""

    def __init__(self, catalogue: Catalogue, files: Files, code_version: str) -> None:
        self._catalogue = catalogue
        self._files = files
        self._code_version = code_version

    def add(
        self,
        key: Mapping[str, Any],
        parts: Mapping[EstimatePart, pd.DataFrame],
        summary: Mapping[str, Any],
        batches: Sequence[int],
    ) -> EstimateRun:
        """Keep a run. See `Store.add_estimate_run`. `key`: as of `restore`."""
        estimates = parts["estimates"]
        if absent := [name for name in NEEDED if name not in estimates]:
            raise ValueError(f"the estimates need columns {', '.join(absent)}")
        if estimates.duplicated(EACH).any():
            raise ValueError("the estimates have an area twice for one row of a table")
        kept = self.restore(key)
        if kept is not None:
            return kept
        hashes = {COLUMNS[part]: self._files.write(Kind.ESTIMATES, parts[part]) for part in COLUMNS}
        with self._catalogue.writing() as connection:
            required(connection, area_run, key["area_run_id"])
            row = find(connection, estimate_run, key)
            change: RecordChange = "new" if row is None else "unchanged"
            if row is None:
                fields = {**key, **hashes, "rows": len(estimates), "summary": plain(summary)}
                run_id = insert_record(connection, estimate_run, fields, self._code_version)
                hang_on(connection, estimate_run_batch, run_id, batches)
            else:  # a file of it was lost and both are made again
                run_id = int(row.id)
                connection.execute(
                    update(estimate_run).where(estimate_run.c.id == run_id).values(**hashes)
                )
            make_current(connection, estimate_run, _scope(key), run_id)
            return _record(required(connection, estimate_run, run_id), change)

    def restore(self, key: Mapping[str, Any]) -> EstimateRun | None:
        """The run of these inputs with both its files, made current; else None.

        `key`: survey, wave, base, year, area_run_id and inputs_sha256.
        """
        with self._catalogue.reading() as connection:
            row = find(connection, estimate_run, key)
        if row is None or not all(
            self._files.sound(Kind.ESTIMATES, getattr(row, column)) for column in COLUMNS.values()
        ):
            return None
        with self._catalogue.writing() as connection:
            make_current(connection, estimate_run, _scope(key), row.id)
            return _record(required(connection, estimate_run, row.id))

    def get(self, run_id: int) -> EstimateRun:
        with self._catalogue.reading() as connection:
            return _record(required(connection, estimate_run, run_id))

    def all(
        self, survey: str, wave: str | None = None, base: str | None = None, *, current: bool
    ) -> list[EstimateRun]:
        """The runs of a survey by base, year and age."""
        scope = {"survey": survey, "wave": wave, "base": base}
        known = {name: value for name, value in scope.items() if value is not None}
        query = select(estimate_run).where(equal(estimate_run, known))
        if current:
            query = query.where(estimate_run.c.current_since.is_not(None))
        columns = (estimate_run.c.base, estimate_run.c.year, estimate_run.c.id)
        with self._catalogue.reading() as connection:
            return [_record(row) for row in connection.execute(query.order_by(*columns)).all()]

    def current(self, survey: str, wave: str, base: str, year: int | None) -> EstimateRun | None:
        """The current run of a year, or of the newest year."""
        runs = self.all(survey, wave, base, current=True)
        if year is not None:
            runs = [run for run in runs if run.year == year]
        return runs[-1] if runs else None

    def read(self, run_id: int, part: EstimatePart) -> pd.DataFrame:
        """One of the two frames of a run."""
        if part not in COLUMNS:
            raise ValueError(f"{part!r} is none of {', '.join(COLUMNS)}")
        with self._catalogue.reading() as connection:
            row = required(connection, estimate_run, run_id)
        owner = f"{named(estimate_run)} {run_id}"
        return self._files.read(Kind.ESTIMATES, getattr(row, COLUMNS[part]), owner)

    def up_to_date(self, run: EstimateRun) -> bool:
        """Whether a run still stands on current answers and the current area run of its year.

        Answers are compared, not batches: another file with the same answers changes nothing.
        """
        with self._catalogue.reading() as connection:
            areas = required(connection, area_run, run.area_run_id)
            used = linked(connection, estimate_run_batch, run.id)
            rows = connection.execute(select(batch).where(batch.c.id.in_(used))).all()
            waves = {(row.survey, row.wave) for row in rows}
            now = connection.execute(select(batch).where(batch.c.superseded_by_id.is_(None))).all()
        current = {row.data_sha256 for row in now if (row.survey, row.wave) in waves}
        return areas.current_since is not None and {r.data_sha256 for r in rows} == current


def _scope(key: Mapping[str, Any]) -> dict[str, Any]:
    return {name: key[name] for name in ("survey", "wave", "base", "year")}


def _record(row: Row[Any], change: RecordChange = "unchanged") -> EstimateRun:
    return EstimateRun(**record_fields(row), change=change)
