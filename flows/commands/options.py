"""Arguments and options that several commands share, and how records are printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

SurveyArgument = Annotated[
    Path, typer.Argument(metavar="SURVEY", help="folder of the survey, e.g. surveys/themapanel")
]
WaveOption = Annotated[str, typer.Option("--wave", help="code of the wave, e.g. w2026")]
ResponsesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--responses", help="file with answers (.csv or .sav); source=FILE for one of several"
    ),
]
DateOption = Annotated[
    str | None, typer.Option("--date", help="date of the edition, YYYY-MM-DD; default today")
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON for a program")]


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """Print records as aligned columns, nothing cut: a long line is better than half a code."""
    names = list(rows[0])
    lines = [[name.replace("_", " ") for name in names]]
    lines += [["" if row[name] is None else str(row[name]) for name in names] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    for line in lines:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )
