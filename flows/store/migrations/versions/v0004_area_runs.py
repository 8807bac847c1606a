"""The profile composition of the areas of a base: one run per base, year and inputs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """There are no runs so far."""
    op.create_table(
        "area_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("inputs_sha256", sa.String(64), nullable=False),
        sa.Column("composition_sha256", sa.String(64), nullable=False),
        sa.Column("areas_sha256", sa.String(64), nullable=False),
        sa.Column("surroundings_sha256", sa.String(64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_since", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_area_run_model_id"),
        sa.PrimaryKeyConstraint("id", name="pk_area_run"),
        sa.UniqueConstraint(
            "survey", "base", "year", "model_id", "inputs_sha256", name="uq_area_run_inputs"
        ),
    )
    op.create_index(
        "ix_area_run_current",
        "area_run",
        ["survey", "base", "year"],
        unique=True,
        sqlite_where=sa.text("current_since IS NOT NULL"),
        postgresql_where=sa.text("current_since IS NOT NULL"),
    )
    op.create_table(
        "area_run_batch",
        sa.Column("area_run_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_run_id"], ["area_run.id"], name="fk_area_run_batch_area_run_id"
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_area_run_batch_batch_id"),
        sa.PrimaryKeyConstraint("area_run_id", "batch_id", name="pk_area_run_batch"),
    )


def downgrade() -> None:
    """The runs are lost; their files stay behind as files that no record knows."""
    op.drop_table("area_run_batch")
    op.drop_index("ix_area_run_current", table_name="area_run")
    op.drop_table("area_run")
