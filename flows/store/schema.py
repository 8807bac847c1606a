"""The tables of the catalogue: SQL for the facts, files for the answers.

Every change here needs a migration in `migrations/versions/`; a test compares the two on
SQLite and on PostgreSQL.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

HEAD = "0005"
"""The newest migration; a catalogue at this version is used without loading Alembic."""

KNOWN_VERSIONS: tuple[str, ...] = ("0001", "0002", "0003", "0004", HEAD)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC on every database (SQLite keeps no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _derived(name: str, *own: Column[Any], key: tuple[str, ...], scope: tuple[str, ...]) -> Table:
    """A table of derived records: found by its key and its inputs, one current per scope.

    `own`: the columns that say what it is, what it was made from, and where its files are.
    """
    return Table(
        name,
        metadata,
        Column("id", Integer, primary_key=True),
        *own,
        Column("inputs_sha256", String(64), nullable=False),
        Column("rows", Integer, nullable=False),
        Column("summary", JSON, nullable=False),
        Column("code_version", String, nullable=False),
        Column("created_at", Moment, nullable=False),
        Column("current_since", Moment),
        UniqueConstraint(*key, "inputs_sha256", name=f"uq_{name}_inputs"),
        Index(f"ix_{name}_current", *scope, unique=True, **_where("current_since IS NOT NULL")),
    )


def _batches_of(record: str) -> Table:
    """The table that ties a derived record to the batches it was made from."""
    return Table(
        f"{record}_batch",
        metadata,
        Column(f"{record}_id", ForeignKey(f"{record}.id"), primary_key=True),
        Column("batch_id", ForeignKey("batch.id"), primary_key=True),
    )


fact = Table(
    "fact",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
"""Single facts about the catalogue, such as the fingerprint of the pseudonym key."""

batch = Table(
    "batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("survey", String, nullable=False),
    Column("wave", String, nullable=False),
    Column("source", String, nullable=False),
    Column("part", String, nullable=False),
    Column("source_name", String, nullable=False),
    Column("source_sha256", String(64), nullable=False),
    Column("reading_sha256", String(64), nullable=False),
    Column("data_sha256", String(64), nullable=False),
    Column("quarantine_sha256", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("report", JSON, nullable=False),
    Column("code_version", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("superseded_by_id", ForeignKey("batch.id")),
    # The same file read in the same way is the same batch.
    UniqueConstraint(
        "survey", "wave", "source", "part", "source_sha256", "reading_sha256", name="uq_batch_file"
    ),
    # Exactly one batch per wave, source and part is current.
    Index(
        "ix_batch_current",
        "survey",
        "wave",
        "source",
        "part",
        unique=True,
        **_where("superseded_by_id IS NULL"),
    ),
)

batch_change = Table(
    "batch_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("batch_id", ForeignKey("batch.id"), nullable=False, index=True),
    Column("change", String, nullable=False),
    Column("replaces_id", ForeignKey("batch.id")),
    Column("what_changed", JSON),
    Column("at", Moment, nullable=False),
    CheckConstraint("change IN ('new', 'superseded', 'restored')", name="change"),
)
"""Each time a batch became the current one, and what that changed."""

model = Table(
    "model",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("survey", String, nullable=False),
    Column("version", String, nullable=False),
    Column("state", String, nullable=False),
    Column("inputs_sha256", String(64), nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("summary", JSON, nullable=False),
    Column("code_version", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("current_since", Moment),
    Column("accepted_by", String),
    Column("accepted_at", Moment),
    Column("document", Text),
    CheckConstraint("state IN ('draft', 'accepted')", name="state"),
    UniqueConstraint("survey", "version", "inputs_sha256", name="uq_model_inputs"),
    Index(
        "ix_model_current",
        "survey",
        "version",
        unique=True,
        **_where("current_since IS NOT NULL"),
    ),
    Index(
        "ix_model_accepted",
        "survey",
        "version",
        unique=True,
        **_where("state = 'accepted'"),
    ),
)
"""`document`: the accepted version as its readable file has it, byte for byte."""

typing = _derived(
    "typing",
    Column("survey", String, nullable=False),
    Column("wave", String, nullable=False),
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("data_sha256", String(64), nullable=False),
    key=("survey", "wave", "model_id"),
    scope=("survey", "wave"),
)

weighting = _derived(
    "weighting",
    Column("survey", String, nullable=False),
    Column("wave", String, nullable=False),
    Column("data_sha256", String(64), nullable=False),
    Column("scheme", String, nullable=False, server_default="demographics"),
    key=("survey", "wave"),
    scope=("survey", "wave", "scheme"),
)
"""`scheme`: the way of weighting; a wave has one current weighting of each."""

table_run = _derived(
    "table_run",
    Column("survey", String, nullable=False),
    Column("wave", String, nullable=False),
    Column("theme", String, nullable=False),
    Column("weighting_id", ForeignKey("weighting.id"), nullable=False),
    Column("typing_id", ForeignKey("typing.id"), nullable=False),
    Column("data_sha256", String(64), nullable=False),
    key=("survey", "wave", "theme", "weighting_id", "typing_id"),
    scope=("survey", "wave", "theme"),
)

area_run = _derived(
    "area_run",
    Column("survey", String, nullable=False),
    Column("base", String, nullable=False),
    Column("year", Integer, nullable=False),
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("composition_sha256", String(64), nullable=False),
    Column("areas_sha256", String(64), nullable=False),
    Column("surroundings_sha256", String(64), nullable=False),
    key=("survey", "base", "year", "model_id"),
    scope=("survey", "base", "year"),
)
"""`areas_sha256`: of the part called `inputs`, which has a row for every finest area."""

estimate_run = _derived(
    "estimate_run",
    Column("survey", String, nullable=False),
    Column("wave", String, nullable=False),
    Column("base", String, nullable=False),
    Column("year", Integer, nullable=False),
    Column("area_run_id", ForeignKey("area_run.id"), nullable=False),
    Column("estimates_sha256", String(64), nullable=False),
    Column("parameters_sha256", String(64), nullable=False),
    key=("survey", "wave", "base", "year", "area_run_id"),
    scope=("survey", "wave", "base", "year"),
)
"""`parameters_sha256`: of the fitted models, from which any other area is estimated."""

export = Table(
    "export",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("survey", String, nullable=False, index=True),
    Column("wave", String, nullable=False),
    Column("path", String, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("columns", JSON, nullable=False),
    Column("inputs_sha256", String(64), nullable=False),
    Column("code_version", String, nullable=False),
    Column("created_at", Moment, nullable=False),
)
"""The log of analysis files: a row for every time that answers of people left the store."""

model_batch = _batches_of("model")
typing_batch = _batches_of("typing")
weighting_batch = _batches_of("weighting")
area_run_batch = _batches_of("area_run")
estimate_run_batch = _batches_of("estimate_run")

edition = Table(
    "edition",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("survey", String, nullable=False),
    Column("theme", String, nullable=False),
    Column("wave", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("folder", String),
    Column("files", JSON, nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("code_version", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    CheckConstraint("state IN ('draft', 'approved', 'published', 'withdrawn')", name="state"),
    UniqueConstraint("survey", "theme", "number", name="uq_edition_number"),
    UniqueConstraint("survey", "theme", "folder", name="uq_edition_folder"),
)
"""`folder` is relative to the survey's outputs folder; null when its files are elsewhere."""

edition_swap = Table(
    "edition_swap",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("survey", String, nullable=False),
    Column("theme", String, nullable=False),
    Column("outputs", String, nullable=False),
    Column("built", String, nullable=False),
    Column("target", String, nullable=False),
    Column("retired_id", ForeignKey("edition.id")),
    Column("retired_to", String),
    Column("record", JSON, nullable=False),
    Column("started_at", Moment, nullable=False),
    UniqueConstraint("survey", "theme", name="uq_edition_swap_theme"),
)
"""The journal: a row stands here from before the first rename until after the last."""
