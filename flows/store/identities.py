"""Who is who, kept apart from what they answered.

An external id becomes a keyed pseudonym. The pairs stand in a database file of their own,
readable by this user only; nothing else in the store can lead back to a person.
"""

from __future__ import annotations

import hmac
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flows.store.errors import CatalogueUnavailable, KeyRefused, StoreUnwritable
from flows.store.files import write_durably
from flows.store.wal import use_wal

KEY_FILE = "pseudonym.key"
IDENTITIES_FILE = "identities.db"
SHORT_KEY = 16

_SCHEMA = """
CREATE TABLE IF NOT EXISTS identity (
    scope TEXT NOT NULL,
    external_id TEXT NOT NULL,
    pseudonym TEXT NOT NULL UNIQUE,
    PRIMARY KEY (scope, external_id)
) WITHOUT ROWID
"""


def pseudonym(key: bytes, scope: str, external_id: str) -> str:
    """`r` and the first 20 hexadecimals of HMAC-SHA256(key, scope and id).

    The scope is part of it, so that surveys of different scopes cannot be linked. With 80
    bits two among a million people share one with a chance of 1 in 10^12.
    """
    message = f"{scope}\x1f{external_id}".encode()
    return "r" + hmac.digest(key, message, "sha256").hex()[:20]


def fingerprint(key: bytes) -> str:
    """Tells one key from another without giving it away."""
    return hmac.digest(key, b"fingerprint of the pseudonym key", "sha256").hex()[:16]


class Identities:
    """The database file with external ids and their pseudonyms."""

    def __init__(self, store: Path, key: bytes, *, wait: float = 60.0) -> None:
        self._path = store / IDENTITIES_FILE
        self._key = key
        self._wait = wait

    def create(self) -> None:
        """Make the file where it is not there yet."""
        with self._connection():
            pass

    def pseudonyms(
        self, scope: str, external_ids: Sequence[str], remember: bool = True
    ) -> list[str]:
        """The pseudonym of each id, in the same order; '' for an empty id.

        New ids are remembered, so that an analyst can find back whom a pseudonym is; unless
        they may belong to nobody in the survey.
        """
        names = [pseudonym(self._key, scope, each) if each else "" for each in external_ids]
        if not remember:
            return names
        rows = {(scope, each, name) for each, name in zip(external_ids, names, strict=True) if each}
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            # In the order of the primary key, which makes adding many of them twice as fast.
            connection.executemany(
                "INSERT INTO identity VALUES (?, ?, ?) ON CONFLICT (scope, external_id) DO NOTHING",
                sorted(rows),
            )
            connection.execute("COMMIT")
        return names

    def external_ids(self, pseudonyms: Sequence[str]) -> dict[str, str]:
        """The external id behind each pseudonym that is known here."""
        found: dict[str, str] = {}
        with self._connection() as connection:
            for name in pseudonyms:
                row = connection.execute(
                    "SELECT external_id FROM identity WHERE pseudonym = ?", (name,)
                ).fetchone()
                if row is not None:
                    found[name] = row[0]
        return found

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            # Made by hand first: SQLite would make it readable by everybody.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise StoreUnwritable(self._path, error) from error
        connection = None
        try:
            connection = sqlite3.connect(self._path, timeout=self._wait, isolation_level=None)
            use_wal(connection, self._wait)
            connection.execute(_SCHEMA)
            yield connection
        except sqlite3.DatabaseError as error:
            raise CatalogueUnavailable(
                f"The identities in {self._path} cannot be used ({error}): check that the file "
                "can be written and that the disk is not full, or put it back from a backup."
            ) from error
        finally:
            if connection is not None:
                connection.close()


def find_key(store: Path, given: str | None) -> bytes | None:
    """The key that was given, else the one in the store folder; None when there is neither."""
    if given:
        return given.encode()
    path = store / KEY_FILE
    try:
        text = path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyRefused(
            f"The pseudonym key in {path} cannot be read: put it back from a backup, or set "
            "THEMADOSSIER_PSEUDONYM_KEY."
        ) from error
    if not text:
        raise KeyRefused(
            f"{path} is empty: put the pseudonym key back from a backup, or set "
            "THEMADOSSIER_PSEUDONYM_KEY."
        )
    return text.encode()


def make_key(store: Path) -> bytes:
    """Make a random key in the store folder, readable by this user only."""
    path = store / KEY_FILE
    text = secrets.token_hex(32)
    try:
        write_durably(path, f"{text}\n".encode(), mode=0o600)
    except OSError as error:
        raise StoreUnwritable(path, error) from error
    return text.encode()
