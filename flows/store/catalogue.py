"""The connection to the catalogue: SQLite by default, PostgreSQL by URL.

Three ways in: `reading()` for a consistent look, `writing()` for one transaction that no
other writer shares, `exclusive()` for work that takes several transactions and file moves.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, ProgrammingError

from flows.store.errors import CatalogueUnavailable, StoreUnwritable
from flows.store.jsonable import dumps
from flows.store.schema import HEAD, KNOWN_VERSIONS
from flows.store.wal import use_wal

WAIT_SECONDS = 60
"""How long a writer waits for another one before it gives up."""

# Advisory locks are numbers; these two mean the catalogue's writers and its long operations.
_WRITERS = 7_446_110_001
_EXCLUSIVE = 7_446_110_002


class Catalogue:
    """An opened catalogue at the newest schema version."""

    def __init__(self, engine: Engine, *, wait: float = WAIT_SECONDS) -> None:
        self.engine = engine
        self.wait = wait

    @classmethod
    def open(cls, database_url: str, *, wait: float = WAIT_SECONDS) -> Catalogue:
        """Connect and bring the schema up to date. Refuses what it cannot reach or know."""
        url = parse_url(database_url)
        if is_sqlite(url):
            folder = Path(str(url.database)).parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreUnwritable(folder, error) from error
        catalogue = cls(_engine(url, wait), wait=wait)
        try:
            catalogue._bring_up_to_date()
        except BaseException:
            catalogue.close()
            raise
        return catalogue

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose reads all see the same state."""
        with self._told(), self.engine.connect() as connection:
            if not self._sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the writers' lock: committed whole, or not at all."""
        with self._told(), self.engine.connect() as connection:
            if self._sqlite:
                connection = connection.execution_options(themadossier_writing=True)
            with connection.begin():
                if not self._sqlite:
                    self._wait_for_lock(connection)
                    connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _WRITERS})
                yield connection

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the catalogue's long lock; it falls free when this process ends or dies.

        PostgreSQL: an advisory lock. SQLite: a lock on an empty database beside the catalogue,
        since a transaction on the catalogue itself could not be committed halfway.
        """
        if self._sqlite:
            with self._exclusive_beside():
                yield
            return
        with self._told(), self.engine.connect() as connection:
            with connection.begin():
                self._wait_for_lock(connection)
                connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": _EXCLUSIVE})
            try:
                yield
            finally:
                with connection.begin():
                    connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": _EXCLUSIVE})

    @property
    def _sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def _wait_for_lock(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(self.wait * 1000)}ms'")

    @contextmanager
    def _exclusive_beside(self) -> Iterator[None]:
        path = Path(str(self.engine.url.database)).with_suffix(".lock")
        try:
            lock = sqlite3.connect(path, timeout=self.wait, isolation_level=None)
        except sqlite3.Error as error:
            raise CatalogueUnavailable(f"{path} cannot be opened ({error}).") from error
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise self._unavailable(str(error)) from error
            yield
        finally:
            lock.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell a database that fails in one sentence; a fault of ours keeps its traceback."""
        try:
            yield
        except (IntegrityError, ProgrammingError):
            raise
        except DatabaseError as error:
            raise self._unavailable(str(error.orig)) from error

    def _unavailable(self, reason: str) -> CatalogueUnavailable:
        name = shown(self.engine.url)
        reason = " ".join(reason.split())
        if "locked" in reason or "lock timeout" in reason:
            return CatalogueUnavailable(
                f"Another run has been using the catalogue {name} for over {self.wait:.0f} "
                "seconds: wait until it is done and try again."
            )
        if self._sqlite:
            return CatalogueUnavailable(
                f"The catalogue {name} cannot be used ({reason}): check that the file can be "
                "written, that the disk is not full and that it is a catalogue of themadossier."
            )
        return CatalogueUnavailable(
            f"The catalogue {name} cannot be used ({reason}): check that the server runs and "
            "that THEMADOSSIER_DATABASE_URL is right."
        )

    def _bring_up_to_date(self) -> None:
        if self._version() == HEAD:
            return
        with self.exclusive():
            version = self._version()  # another process may have been first
            if version == HEAD:
                return
            if version is not None and version not in KNOWN_VERSIONS:
                raise CatalogueUnavailable(
                    f"The catalogue {shown(self.engine.url)} has schema version {version!r}, "
                    "which this version does not know: update themadossier, or point "
                    "THEMADOSSIER_DATABASE_URL to a database of its own."
                )
            from flows.store.migrate import upgrade  # Alembic takes half a second to load

            with self.writing() as connection:
                upgrade(connection)

    def _version(self) -> str | None:
        with self.reading() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            version = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return None if version is None else str(version)


def parse_url(database_url: str) -> URL:
    """The URL of a supported database; PostgreSQL always by psycopg 3."""
    try:
        url = make_url(database_url)
    except ArgumentError as error:
        raise CatalogueUnavailable(
            "THEMADOSSIER_DATABASE_URL is no database URL: write sqlite:////folder/catalogue.db "
            "or postgresql+psycopg://user@host/database."
        ) from error
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if is_sqlite(url) and url.database and url.database != ":memory:":
        return url
    raise CatalogueUnavailable(
        f"The catalogue cannot be kept in {shown(url)}: use sqlite:////folder/catalogue.db or "
        "postgresql+psycopg://user@host/database."
    )


def is_sqlite(url: URL) -> bool:
    """Whether this is a SQLite database file."""
    return url.get_backend_name() == "sqlite"


def shown(url: URL) -> str:
    """The URL as it may be printed, without the password."""
    return url.render_as_string(hide_password=True)


def _engine(url: URL, wait: float) -> Engine:
    options: dict[str, Any] = {"json_serializer": dumps}
    if is_sqlite(url):
        engine = create_engine(url, connect_args={"timeout": wait}, **options)
        event.listen(engine, "connect", partial(_prepare_sqlite, wait))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options["connect_args"] = {"connect_timeout": 10, "application_name": "themadossier"}
    try:
        return create_engine(url, pool_pre_ping=True, **options)
    except ModuleNotFoundError as error:
        raise CatalogueUnavailable(
            f"The catalogue {shown(url)} needs the PostgreSQL driver: install "
            "themadossier[postgres]."
        ) from error


def _prepare_sqlite(wait: float, connection: Any, _record: Any) -> None:
    # Transactions are begun by hand below: the driver's own way commits before DDL, which
    # would leave half a schema when a migration is interrupted.
    connection.isolation_level = None
    use_wal(connection, wait)
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("themadossier_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
