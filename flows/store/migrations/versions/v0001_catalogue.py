"""The catalogue: batches, profile models, typings, weightings, table runs and editions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("source_name", sa.String(), nullable=False),
        sa.Column("source_sha256", sa.String(length=64), nullable=False),
        sa.Column("reading_sha256", sa.String(length=64), nullable=False),
        sa.Column("data_sha256", sa.String(length=64), nullable=False),
        sa.Column("quarantine_sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["superseded_by_id"], ["batch.id"], name="fk_batch_superseded_by_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
        sa.UniqueConstraint(
            "survey",
            "wave",
            "source",
            "part",
            "source_sha256",
            "reading_sha256",
            name="uq_batch_file",
        ),
    )
    op.create_index(
        "ix_batch_current",
        "batch",
        ["survey", "wave", "source", "part"],
        unique=True,
        sqlite_where=sa.text("superseded_by_id IS NULL"),
        postgresql_where=sa.text("superseded_by_id IS NULL"),
    )
    op.create_table(
        "edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("folder", sa.String(), nullable=True),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'approved', 'published', 'withdrawn')", name="ck_edition_state"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_edition"),
        sa.UniqueConstraint("survey", "theme", "folder", name="uq_edition_folder"),
        sa.UniqueConstraint("survey", "theme", "number", name="uq_edition_number"),
    )
    op.create_table(
        "fact",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_fact"),
    )
    op.create_table(
        "model",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'accepted')", name="ck_model_state"),
        sa.PrimaryKeyConstraint("id", name="pk_model"),
        sa.UniqueConstraint("survey", "version", "inputs_sha256", name="uq_model_inputs"),
    )
    op.create_index(
        "ix_model_accepted",
        "model",
        ["survey", "version"],
        unique=True,
        sqlite_where=sa.text("state = 'accepted'"),
        postgresql_where=sa.text("state = 'accepted'"),
    )
    op.create_index(
        "ix_model_current",
        "model",
        ["survey", "version"],
        unique=True,
        sqlite_where=sa.text("current_since IS NOT NULL"),
        postgresql_where=sa.text("current_since IS NOT NULL"),
    )
    op.create_table(
        "weighting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("data_sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_weighting"),
        sa.UniqueConstraint("survey", "wave", "inputs_sha256", name="uq_weighting_inputs"),
    )
    op.create_index(
        "ix_weighting_current",
        "weighting",
        ["survey", "wave"],
        unique=True,
        sqlite_where=sa.text("current_since IS NOT NULL"),
        postgresql_where=sa.text("current_since IS NOT NULL"),
    )
    op.create_table(
        "batch_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("what_changed", sa.JSON(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "change IN ('new', 'superseded', 'restored')", name="ck_batch_change_change"
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_batch_change_batch_id"),
        sa.ForeignKeyConstraint(["replaces_id"], ["batch.id"], name="fk_batch_change_replaces_id"),
        sa.PrimaryKeyConstraint("id", name="pk_batch_change"),
    )
    op.create_index("ix_batch_change_batch_id", "batch_change", ["batch_id"], unique=False)
    op.create_table(
        "edition_swap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("outputs", sa.String(), nullable=False),
        sa.Column("built", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("retired_id", sa.Integer(), nullable=True),
        sa.Column("retired_to", sa.String(), nullable=True),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["retired_id"], ["edition.id"], name="fk_edition_swap_retired_id"),
        sa.PrimaryKeyConstraint("id", name="pk_edition_swap"),
        sa.UniqueConstraint("survey", "theme", name="uq_edition_swap_theme"),
    )
    op.create_table(
        "model_batch",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_model_batch_batch_id"),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_model_batch_model_id"),
        sa.PrimaryKeyConstraint("model_id", "batch_id", name="pk_model_batch"),
    )
    op.create_table(
        "typing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("data_sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_typing_model_id"),
        sa.PrimaryKeyConstraint("id", name="pk_typing"),
        sa.UniqueConstraint("survey", "wave", "model_id", "inputs_sha256", name="uq_typing_inputs"),
    )
    op.create_index(
        "ix_typing_current",
        "typing",
        ["survey", "wave"],
        unique=True,
        sqlite_where=sa.text("current_since IS NOT NULL"),
        postgresql_where=sa.text("current_since IS NOT NULL"),
    )
    op.create_table(
        "weighting_batch",
        sa.Column("weighting_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_weighting_batch_batch_id"),
        sa.ForeignKeyConstraint(
            ["weighting_id"], ["weighting.id"], name="fk_weighting_batch_weighting_id"
        ),
        sa.PrimaryKeyConstraint("weighting_id", "batch_id", name="pk_weighting_batch"),
    )
    op.create_table(
        "table_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("theme", sa.String(), nullable=False),
        sa.Column("weighting_id", sa.Integer(), nullable=False),
        sa.Column("typing_id", sa.Integer(), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("data_sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["typing_id"], ["typing.id"], name="fk_table_run_typing_id"),
        sa.ForeignKeyConstraint(
            ["weighting_id"], ["weighting.id"], name="fk_table_run_weighting_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_table_run"),
        sa.UniqueConstraint(
            "survey",
            "wave",
            "theme",
            "weighting_id",
            "typing_id",
            "inputs_sha256",
            name="uq_table_run_inputs",
        ),
    )
    op.create_index(
        "ix_table_run_current",
        "table_run",
        ["survey", "wave", "theme"],
        unique=True,
        sqlite_where=sa.text("current_since IS NOT NULL"),
        postgresql_where=sa.text("current_since IS NOT NULL"),
    )
    op.create_table(
        "typing_batch",
        sa.Column("typing_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_typing_batch_batch_id"),
        sa.ForeignKeyConstraint(["typing_id"], ["typing.id"], name="fk_typing_batch_typing_id"),
        sa.PrimaryKeyConstraint("typing_id", "batch_id", name="pk_typing_batch"),
    )


def downgrade() -> None:
    """Drop all tables; the files in the store stay."""
    op.drop_table("typing_batch")
    op.drop_table("table_run")
    op.drop_table("weighting_batch")
    op.drop_table("typing")
    op.drop_table("model_batch")
    op.drop_table("edition_swap")
    op.drop_table("batch_change")
    op.drop_table("weighting")
    op.drop_table("model")
    op.drop_table("fact")
    op.drop_table("edition")
    op.drop_table("batch")
