"""What a person sees while a run goes on: stage, how far, how long; and why one was refused."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from flows.errors import Refusal, Waiting

console = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass
class Stage:
    """A stage under way; `says` holds the lines it leaves behind."""

    title: str
    says: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Leave a line for the reader when the stage is done."""
        self.says.append(line)


@contextmanager
def stage(
    number: int, of: int, title: str, tell: Callable[[str], object] | None = None
) -> Iterator[Stage]:
    """Show a stage while it runs, and one line per message with the time it took after.

    On a terminal a spinner with title and elapsed time runs meanwhile; elsewhere only the lines
    appear. With `tell` (the log of a run on a server) the lines go there and nowhere else.
    """
    current = Stage(title)
    began = time.monotonic()
    label = f"{number}/{of}  {title}"
    with nullcontext() if tell else busy(label):
        yield current
    took = f"{time.monotonic() - began:.1f} s"
    first, *rest = current.says or ["done"]
    if tell is not None:
        tell("\n".join([f"{label}: {first} ({took})", *rest]))
        return
    console.print(f"{label:<18}{first}  ({took})", markup=False)
    for line in rest:
        console.print(f"{'':<18}{line}", markup=False)


@contextmanager
def busy(label: str) -> Iterator[None]:
    """A spinner with elapsed time on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as spinner:
        spinner.add_task(label)
        yield


class _Told(logging.Filter):
    """Leaves out of a log the tracebacks of what is told to a user in one sentence."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, Refusal | Waiting)


_told = _Told()


def without_tracebacks(*loggers: str) -> None:
    """Keep the tracebacks of refusals, and of waiting, out of these logs."""
    for name in loggers:
        logging.getLogger(name).addFilter(_told)
