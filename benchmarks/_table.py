"""Tables a terminal and a Markdown page both show well."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[str]) -> str:
    """A Markdown table with padded columns; `words`: the columns that are not numbers."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    left = [name in words for name in head]

    def line(row: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if to_left else cell.rjust(width)
            for cell, width, to_left in zip(row, widths, left, strict=True)
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * width if to_left else "-" * (width - 1) + ":"
        for width, to_left in zip(widths, left, strict=True)
    ]
    return "\n".join(map(line, [head, rule, *rows]))


def ms(seconds: float) -> str:
    """Milliseconds with three significant figures."""
    value = seconds * 1000
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def times(ratio: float) -> str:
    digits = 0 if ratio >= 20 else 1 if ratio >= 1 else 2
    return f"{ratio:,.{digits}f}x"


def machine(threads: int) -> str:
    """The machine and the versions all comparisons share, in words."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "scipy"))
    return (
        f"{os.cpu_count()} processors ({platform.machine()}), {platform.system()}, "
        f"Python {platform.python_version()}, {packages}, BLAS threads: {threads}"
    )


def busy() -> str:
    """How many processes wanted a processor over the last minute, where it can be known."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
