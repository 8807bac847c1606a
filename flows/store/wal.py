"""Write-ahead logging for SQLite: readers and the one writer do not wait for each other."""

from __future__ import annotations

import sqlite3
import time

_PAUSE = 0.02


def use_wal(connection: sqlite3.Connection, wait: float) -> None:
    """Turn write-ahead logging on; it then stays on in the file.

    SQLite does not apply its busy timeout to this change: two first runs at once would see
    "database is locked" at once. So it is tried again, for `wait` seconds at most.
    """
    deadline = time.monotonic() + wait
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
