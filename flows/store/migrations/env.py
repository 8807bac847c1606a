"""How Alembic runs here: always over the connection that `flows.store.migrate` hands it."""

from __future__ import annotations

from alembic import context

from flows.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # One transaction around all steps, on SQLite too: an interrupted migration leaves nothing.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
