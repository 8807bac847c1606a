"""What areas answer, estimated from a wave, and the analysis files that left the store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """There are no estimates and no exports so far."""
    op.create_table(
        "estimate_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("base", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("area_run_id", sa.Integer(), nullable=False),
        sa.Column("inputs_sha256", sa.String(64), nullable=False),
        sa.Column("estimates_sha256", sa.String(64), nullable=False),
        sa.Column("parameters_sha256", sa.String(64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_since", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["area_run_id"], ["area_run.id"], name="fk_estimate_run_area_run_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_estimate_run"),
        sa.UniqueConstraint(
            "survey", "wave", "base", "year", "area_run_id", "inputs_sha256",
            name="uq_estimate_run_inputs",
        ),
    )  # fmt: skip
    op.create_index(
        "ix_estimate_run_current",
        "estimate_run",
        ["survey", "wave", "base", "year"],
        unique=True,
        sqlite_where=sa.text("current_since IS NOT NULL"),
        postgresql_where=sa.text("current_since IS NOT NULL"),
    )
    op.create_table(
        "estimate_run_batch",
        sa.Column("estimate_run_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["estimate_run_id"], ["estimate_run.id"], name="fk_estimate_run_batch_estimate_run_id"
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_estimate_run_batch_batch_id"),
        sa.PrimaryKeyConstraint("estimate_run_id", "batch_id", name="pk_estimate_run_batch"),
    )
    op.create_table(
        "export",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("survey", sa.String(), nullable=False),
        sa.Column("wave", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("inputs_sha256", sa.String(64), nullable=False),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_export"),
    )
    op.create_index("ix_export_survey", "export", ["survey"])


def downgrade() -> None:
    """The estimates and the log of exports are lost; files of both stay where they are."""
    op.drop_index("ix_export_survey", table_name="export")
    op.drop_table("export")
    op.drop_table("estimate_run_batch")
    op.drop_index("ix_estimate_run_current", table_name="estimate_run")
    op.drop_table("estimate_run")
