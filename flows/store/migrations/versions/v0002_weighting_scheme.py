"""A wave may be weighted in more than one way; each has a current weighting of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Weightings so far were by demographics."""
    op.add_column(
        "weighting",
        sa.Column("scheme", sa.String(), nullable=False, server_default="demographics"),
    )
    _current_per(["survey", "wave", "scheme"])


def downgrade() -> None:
    """Only the weightings by demographics stay current; the others stay, for what hangs on them."""
    op.execute("UPDATE weighting SET current_since = NULL WHERE scheme <> 'demographics'")
    _current_per(["survey", "wave"])
    op.drop_column("weighting", "scheme")


def _current_per(columns: list[str]) -> None:
    op.drop_index("ix_weighting_current", table_name="weighting")
    op.create_index(
        "ix_weighting_current",
        "weighting",
        columns,
        unique=True,
        sqlite_where=sa.text("current_since IS NOT NULL"),
        postgresql_where=sa.text("current_since IS NOT NULL"),
    )
