"""Versions of the profile model: drafts, of which one may be accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from flows.store.catalogue import Catalogue
from flows.store.errors import NotAccepted
from flows.store.jsonable import plain
from flows.store.records import ModelRecord, ModelState, RecordChange
from flows.store.rows import (
    equal,
    find,
    hang_on,
    insert_record,
    make_current,
    record_fields,
    required,
)
from flows.store.schema import model, model_batch


class Models:
    """Stores and finds profile models."""

    def __init__(self, catalogue: Catalogue, code_version: str) -> None:
        self._catalogue = catalogue
        self._code_version = code_version

    def add(
        self,
        survey: str,
        version: str,
        state: ModelState,
        inputs_sha256: str,
        parameters: Mapping[str, Any],
        summary: Mapping[str, Any],
        batches: Sequence[int],
    ) -> ModelRecord:
        """Keep a model version. See `Store.add_model`."""
        scope = {"survey": survey, "version": version}
        key = {**scope, "inputs_sha256": inputs_sha256}
        change: RecordChange = "unchanged"
        with self._catalogue.writing() as connection:
            accepted = find(connection, model, {**scope, "state": "accepted"})
            if state == "accepted" and accepted and accepted.inputs_sha256 != inputs_sha256:
                raise NotAccepted(
                    f"Model version {version} of {survey} was accepted before with other "
                    "inputs: give the new one a version of its own in profiles.yaml."
                )
            row = find(connection, model, key)
            if row is None:
                change = "new"
                fields = {
                    **key,
                    "state": state,
                    "parameters": plain(parameters),
                    "summary": plain(summary),
                }
                model_id = insert_record(connection, model, fields, self._code_version)
                hang_on(connection, model_batch, model_id, batches)
            else:
                model_id = int(row.id)
                if state == "accepted" and row.state == "draft":
                    # Dated anew, since the version accepted last is the one in use.
                    connection.execute(
                        update(model)
                        .where(model.c.id == model_id)
                        .values(state="accepted", current_since=None)
                    )
            if accepted is None or accepted.id == model_id:
                make_current(connection, model, scope, model_id)
            row = required(connection, model, model_id)
        return _record(row, change)

    def accept(self, model_id: int, by: str, at: datetime, document: str) -> ModelRecord:
        """Make a draft the accepted version. See `Store.accept_model`."""
        with self._catalogue.writing() as connection:
            row = required(connection, model, model_id)
            scope = {"survey": row.survey, "version": row.version}
            accepted = find(connection, model, {**scope, "state": "accepted"})
            if accepted is not None:
                raise NotAccepted(
                    f"Model version {row.version} of {row.survey} was accepted before: give "
                    "another one a version of its own in profiles.yaml."
                )
            if row.current_since is None:
                raise NotAccepted(
                    f"Model version {row.version} of {row.survey} has a newer draft than the one "
                    "to accept: look at that one first."
                )
            connection.execute(
                update(model)
                .where(model.c.id == model_id)
                .values(
                    state="accepted",
                    accepted_by=by,
                    accepted_at=at,
                    document=document,
                    # Dated anew, since the version accepted last is the one in use.
                    current_since=at,
                )
            )
            row = required(connection, model, model_id)
        return _record(row)

    def get(self, survey: str, version: str | None) -> ModelRecord | None:
        """The accepted model (of a version), else the newest draft."""
        query = select(model).where(model.c.survey == survey, model.c.current_since.is_not(None))
        if version is not None:
            query = query.where(model.c.version == version)
        newest_accepted_first = query.order_by(
            (model.c.state == "accepted").desc(), model.c.current_since.desc(), model.c.id.desc()
        )
        with self._catalogue.reading() as connection:
            row = connection.execute(newest_accepted_first).first()
        return None if row is None else _record(row)

    def by_id(self, model_id: int) -> ModelRecord:
        with self._catalogue.reading() as connection:
            return _record(required(connection, model, model_id))

    def all(self, survey: str) -> list[ModelRecord]:
        """Every model of a survey, oldest first."""
        with self._catalogue.reading() as connection:
            rows = connection.execute(
                select(model).where(equal(model, {"survey": survey})).order_by(model.c.id)
            ).all()
        return [_record(row) for row in rows]


def _record(row: Row[Any], change: RecordChange = "unchanged") -> ModelRecord:
    return ModelRecord(**record_fields(row), change=change)
