"""Killing a run just before any of its effects, to see what is left.

An effect is a file that is opened for writing, renamed, made or removed, a statement that
writes to the catalogue, or its commit. Between two effects nothing changes that a later run
could see, so killing before each of them (and after the last) is killing everywhere.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any

from sqlalchemy import Connection, Engine, event

Run = Callable[[Callable[[], None]], object]
"""A run, a function of a module: it calls what it is given when it may be killed from there."""

TIME_LIMIT = 60
_ON_DISK = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "sqlite3.connect"}
_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER")

# Each run is forked from a process without threads that has loaded what takes time.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    [
        "alembic.command",
        "flows.store.parquet",
        "flows.store.store",
        "pandas",
        "psycopg",
        "pyarrow.parquet",
        "pytest",
        "sqlalchemy.dialects.postgresql.psycopg",
        "sqlalchemy.dialects.sqlite",
    ]
)


def effects_of(run: Run) -> list[str]:
    """The effects of a run, in order (found out in a process of its own)."""
    receive, send = _processes.Pipe(duplex=False)
    exit_code = _run_apart(run, None, send)
    if exit_code != 0:
        raise RuntimeError(f"the run to be killed failed by itself ({exit_code})")
    effects: list[str] = receive.recv()
    return effects


def kill_before(number: int, run: Run) -> None:
    """Do a run in a process that gets SIGKILL just before its effect of this number."""
    exit_code = _run_apart(run, number, None)
    if exit_code != -signal.SIGKILL:
        raise RuntimeError(f"the run was not killed before effect {number} ({exit_code})")


def _run_apart(run: Run, number: int | None, report: Pipe | None) -> int | None:
    process = _processes.Process(target=_counting, args=(run, number, report))
    process.start()
    process.join(TIME_LIMIT)
    if process.is_alive():
        process.terminate()
        process.join()
    return process.exitcode


def _counting(run: Run, kill_before: int | None, report: Pipe | None) -> None:
    effects: list[str] = []
    written = False

    def about_to(what: str) -> None:
        if len(effects) == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)
        effects.append(what)

    def audit(name: str, arguments: tuple[Any, ...]) -> None:
        if name in _ON_DISK or (name == "open" and _writes(arguments[2])):
            about_to(name)

    def statement(_c: Connection, _cursor: Any, text: str, *_more: Any) -> None:
        nonlocal written
        if text.lstrip().upper().startswith(_WRITES):
            about_to(" ".join(text.split()[:3]))
            written = True

    def commit(_connection: Connection) -> None:
        nonlocal written
        if written:
            about_to("commit")
        written = False

    def count_from_here() -> None:
        sys.addaudithook(audit)
        event.listen(Engine, "before_cursor_execute", statement)
        event.listen(Engine, "commit", commit)

    run(count_from_here)
    about_to("end")
    if report is not None:
        report.send(effects)


def _writes(flags: int) -> bool:
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
