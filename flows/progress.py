"""What a person at the terminal sees while a run goes on: stage, how far, how long."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

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
def stage(number: int, of: int, title: str) -> Iterator[Stage]:
    """Show a stage while it runs, and one line per message with the time it took after.

    On a terminal a spinner with the title runs meanwhile; elsewhere only the lines appear.
    """
    current = Stage(title)
    began = time.monotonic()
    label = f"{number}/{of}  {title}"
    if sys.stderr.isatty():
        with console.status(f"{label} ..."):
            yield current
    else:
        yield current
    took = f"{time.monotonic() - began:.1f} s"
    first, *rest = current.says or ["done"]
    console.print(f"{label:<18}{first}  [dim]({took})[/dim]")
    for line in rest:
        console.print(f"{'':<18}{line}")
