"""Runs flows for the command line: Prefect quiet, stoppable, and everything flushed at the end.

Prefect is imported when a flow is run and not before.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from flows.errors import Refusal


def needs_server() -> str:
    """Address of the Prefect server that is set, once it has answered."""
    _quiet_prefect()
    from prefect.settings import Settings

    url = Settings().api.url  # of the environment, prefect.toml or the profile
    if not url:
        raise Refusal(
            "No Prefect server is named. Start one with 'prefect server start' and set "
            "PREFECT_API_URL, for example to http://127.0.0.1:4200/api."
        )
    _answers(url)
    return url


def _answers(url: str) -> None:
    """Refuse at once where no Prefect server answers, instead of after minutes of trying."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True, httpx_settings={"base_url": url, "timeout": 5}) as client:
        error = client.api_healthcheck()
    if error is not None:
        raise Refusal(
            f"PREFECT_API_URL is {url}, but no Prefect server answers there. Start it with "
            "'prefect server start', or unset PREFECT_API_URL to run without one."
        )


def _start_server(home: Path) -> None:
    """Start the temporary Prefect server, or refuse where it could not keep its files."""
    from tempfile import TemporaryFile

    from prefect.client.orchestration import get_client

    from flows.progress import busy

    try:
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise Refusal(
            f"{home}: Prefect cannot keep its files there ({error.strerror}). Give yourself "
            "write access, or set PREFECT_HOME to another folder."
        ) from None
    try:
        with busy("Starting"), get_client(sync_client=True):
            pass
    except RuntimeError as error:
        raise Refusal(
            f"Prefect could not start its temporary server ({str(error).rstrip('.')}). Try "
            f"again, or set PREFECT_HOME to another folder than {home}."
        ) from None


def _quiet_prefect() -> None:
    """Settings Prefect reads when it is imported; what the user set stays."""
    for name, value in {
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }.items():
        os.environ.setdefault(name, value)
    if not os.environ.get("PREFECT_API_URL", "set"):
        del os.environ["PREFECT_API_URL"]  # Prefect takes an empty one for an address
    # `_start_server` says it in a sentence.
    warnings.filterwarnings("ignore", message="Failed to create the Prefect home")


STOP_SECONDS = 2.0
_stopped = threading.Event()
STOPPED = "Stopped. Nothing is half-written: give the same command again to go on."

ALARMING = (
    "prefect.flow_runs",
    "prefect.task_runs",
    "prefect.engine",
    # A temporary server that goes can leave these with events nobody takes any more.
    "prefect.events.utilities",
    "prefect._internal.concurrency",
    "prefect.events.clients",
    # What is queued is waited for at the end.
    "EventsWorker",
    "APILogWorker",
)


def _is_no_alarm(record: logging.LogRecord) -> bool:
    return record.levelno < logging.WARNING


def run_quietly(run: Callable[[], Any], title: str | None = None) -> Any:
    """Run flows in this process, with Prefect quiet and everything flushed at the end.

    `title`: what a terminal shows meanwhile, for a run that does not show its own stages.
    """
    _quiet_prefect()
    from prefect.settings import (
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        get_current_settings,
        temporary_settings,
    )

    from flows.progress import busy

    settings = get_current_settings()
    if settings.api.url:
        _answers(settings.api.url)
    else:
        _start_server(settings.home)
    for name in ALARMING:
        # What ends a run is told once, in one line, by `main`. A filter, since Prefect sets
        # the levels of its loggers anew when the first run starts.
        logging.getLogger(name).addFilter(_is_no_alarm)
    try:
        # Heartbeats make every flow run wait for a thread that sleeps whole seconds.
        with (
            temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
            busy(title) if title else nullcontext(),
            _stoppable(),
        ):
            return run()
    except KeyboardInterrupt:
        _say_stopped()
        raise SystemExit(130) from None
    except RuntimeError as error:
        if "API" not in str(error):
            raise
        raise Refusal(
            f"The Prefect server could not be reached ({str(error).rstrip('.')}). Nothing was "
            "half-written: give the same command again once it can."
        ) from None
    finally:
        _flush_prefect()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let Ctrl-C end the run within seconds.

    On a terminal Ctrl-C also ends Prefect's temporary server, and Prefect would then try for
    minutes to tell that server. What the stages have to tidy up is done at once, before that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: object) -> None:
        patience = threading.Timer(STOP_SECONDS, _leave)
        patience.daemon = True
        patience.start()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _leave() -> None:
    """End this process and the temporary server it started."""
    from prefect.server.api.server import SubprocessASGIServer

    for server in list(SubprocessASGIServer._instances.values()):
        if server.server_process is not None:
            server.server_process.kill()
    _say_stopped()
    os._exit(130)


def _say_stopped() -> None:
    """Say it once: the run itself and the timer behind it may both come here."""
    if not _stopped.is_set():
        _stopped.set()
        print(STOPPED, file=sys.stderr, flush=True)


def _flush_prefect() -> None:
    """Deliver what Prefect still queues before its temporary server goes.

    Left alone, a good run can end in pages of tracebacks of events that find no server.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        try:
            worker.drain_all(timeout=5)
        except Exception:
            logging.getLogger(__name__).debug("%s: nothing to flush", worker, exc_info=True)
