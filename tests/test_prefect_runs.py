"""Under the constraints a flow run, and a scheduled run, really happen.

The newest versions that Prefect's metadata allows break both silently: see
docs/decisions/0002-version-caps.md.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.flow, pytest.mark.slow]

SERVED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from datetime import timedelta
from pathlib import Path
from prefect import flow

@flow(name="beat")
def beat(mark: str) -> str:
    with Path(mark).open("a") as file:
        file.write("beat\\n")
    return "beat"

if __name__ == "__main__":
    beat.serve(name="scheduled", interval=timedelta(seconds=4), parameters={"mark": %r})
"""


def environment(home: Path, port: int) -> dict[str, str]:
    return {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "2",
        "PREFECT_SERVER_SERVICES_SCHEDULER_INSERT_BATCH_SIZE": "50",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "1",
    }


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and all it started."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=10)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)


def wait_for(condition: object, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.5)
    pytest.fail(f"{what} did not happen within {seconds:.0f} s")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[dict[str, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = environment(tmp_path / "home", port)
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)],
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:

        def listening() -> bool:
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        wait_for(listening, 120, "the Prefect server's start")
        yield env
    finally:
        stop(process)


def test_a_scheduled_run_really_happens(server: dict[str, str], tmp_path: Path) -> None:
    mark = tmp_path / "mark.txt"
    script = tmp_path / "served.py"
    script.write_text(SERVED % str(mark), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env=server,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(mark.exists, 120, "a scheduled run")
    finally:
        stop(process)
    assert mark.read_text(encoding="utf-8").startswith("beat")
