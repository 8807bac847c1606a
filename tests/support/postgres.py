"""A private PostgreSQL server for the tests: own folder, own socket, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

REQUIRED = "THEMADOSSIER_REQUIRE_POSTGRES"
ABSENT = (
    "PostgreSQL's programs (initdb, postgres) are not on this machine, so the store is tested "
    "on SQLite only"
)
_USER = "themadossier"
_START_SECONDS = 60


def is_required() -> bool:
    """Whether the PostgreSQL half may not be skipped."""
    return os.environ.get(REQUIRED) == "1"


def find_programs() -> Path | None:
    """The folder with initdb and postgres: by pg_config, on the PATH, or where Debian puts it."""
    candidates = []
    if (pg_config := shutil.which("pg_config")) is not None:
        answer = subprocess.run(
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        )
        candidates.append(Path(answer.stdout.strip() or "."))
    candidates += [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    return None


class Server:
    """A running server; `create_database` gives the URL of an empty database."""

    def __init__(self, socket_folder: Path) -> None:
        self._folder = socket_folder
        self._count = 0

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{_USER}@/{database}?host={self._folder}"

    def create_database(self) -> str:
        self._count += 1
        name = f"test_{self._count}"
        self._administer(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        name = url.partition("@/")[2].partition("?")[0]
        self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    def answers(self) -> bool:
        try:
            self._administer("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _administer(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self._folder), user=_USER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@contextmanager
def private_server(programs: Path) -> Iterator[Server]:
    """Start a server in a temporary folder, on a unix socket only; end it afterwards."""
    # Not in TMPDIR: the path of a unix socket may have about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="tdpg", dir="/tmp"))
    as_user = _unprivileged()
    if as_user:
        os.chown(folder, as_user["user"], as_user["group"])
    process = None
    log = folder / "server.log"
    try:
        _run_initdb(programs, folder, as_user)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    str(programs / "postgres"),
                    *("-D", str(folder / "data")),
                    *("-k", str(folder)),
                    *("-c", "listen_addresses="),
                    *("-c", "fsync=off"),
                    *("-c", "full_page_writes=off"),
                    *("-c", "synchronous_commit=off"),
                ],
                stdout=output,
                stderr=output,
                cwd=folder,
                **as_user,
            )
        server = Server(folder)
        _wait_for(server, process, log)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run_initdb(programs: Path, folder: Path, as_user: dict[str, Any]) -> None:
    made = subprocess.run(
        [
            str(programs / "initdb"),
            *("-D", str(folder / "data")),
            *("-U", _USER),
            *("-A", "trust"),
            *("-E", "UTF8"),
            "--locale=C",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        **as_user,
    )
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed: {made.stderr.strip()}")


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
        time.sleep(0.1)
