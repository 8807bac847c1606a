"""A model version that somebody accepted says who did, when, and keeps its readable file."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Versions so far have nobody's name."""
    op.add_column("model", sa.Column("accepted_by", sa.String()))
    op.add_column("model", sa.Column("accepted_at", sa.DateTime(timezone=True)))
    op.add_column("model", sa.Column("document", sa.Text()))


def downgrade() -> None:
    """The versions stay accepted; by whom, when and their files are lost."""
    for column in ("document", "accepted_at", "accepted_by"):
        op.drop_column("model", column)
