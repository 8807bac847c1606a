"""The command `themadossier explain`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import JsonOption


def explain(
    edition: Annotated[
        str,
        typer.Argument(help="folder of an edition, or SURVEY/THEME, or SURVEY/THEME/NUMBER"),
    ],
    table: Annotated[str, typer.Argument(help="number of the table, e.g. E07 or E03b")],
    cell: Annotated[
        list[str],
        typer.Argument(metavar="CELL", help="row:column, or row and column, by code or name"),
    ],
    survey: Annotated[
        Path | None, typer.Option("--survey", help="folder of the survey; default surveys/SURVEY")
    ] = None,
    internal: Annotated[
        bool, typer.Option("--internal", help="tell a number that is hidden, too")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what made one number, and how to make it again in SPSS and pandas."""
    from flows.workbench.explain import explain_number
    from flows.workbench.explain_text import explanation_lines

    place = " ".join(cell)
    if ":" not in cell[0]:
        place = place.replace(" ", ":", 1)
    told = explain_number(edition, table, place, survey, internal=internal)
    if as_json:
        print(json.dumps(asdict(told), indent=2, ensure_ascii=False))
    else:
        print("\n".join(explanation_lines(told)))
