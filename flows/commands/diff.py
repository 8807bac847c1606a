"""The command `themadossier diff`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import JsonOption, print_rows
from flows.errors import Refusal

if TYPE_CHECKING:
    import pandas as pd

    from flows.crosstabs.diff.editions import CellChange, Shown
    from flows.workbench.run_diff import RunDiff

LARGEST = 20


def diff(
    first: Annotated[
        str,
        typer.Argument(
            metavar="BEFORE",
            help="folder of an edition, SURVEY/THEME/NUMBER, or id of a table run; or a SURVEY",
        ),
    ],
    second: Annotated[
        str,
        typer.Argument(
            metavar="AFTER", help="the same; after a SURVEY a THEME: its latest two editions"
        ),
    ],
    survey: Annotated[
        Path | None, typer.Option("--survey", help="folder of the survey; default surveys/SURVEY")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="write every change to this file")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what differs between two editions or table runs of a theme, and why."""
    from flows.workbench.run_diff import diff_of

    if csv is not None and csv.exists():
        raise Refusal(f"{csv} is there already. Name another file.")
    found = diff_of(first, second, survey)
    if csv is not None:
        from flows.dossiers.tidy_csv import write_tables_csv

        write_tables_csv(_frame(found), csv)
    if as_json:
        print(json.dumps(_plain(found), indent=2, ensure_ascii=False))
    else:
        _print(found, csv)


def _print(found: RunDiff, csv: Path | None) -> None:
    before, after = found.before, found.after
    print(f"{before.name} ({before.wave}), then {after.name} ({after.wave})")
    print("\n".join(f"  {note}" for note in found.notes))
    for reason in found.reasons:
        print(f"  {reason.kind}: {reason.text}")
    changed = found.tables.changed
    if not changed:
        print("No published number, mark or text differs.")
        return
    print(f"\n{len(changed)} of {len(found.tables.tables)} tables differ:")
    for table in changed:
        print(f"  {table.table}: {table.summary['en']}")
    cells = found.tables.cells
    if cells:
        print(f"\nLargest of {len(cells):,} changes:")
        print_rows([_row(cell) for cell in cells[:LARGEST]])
    texts = found.tables.texts
    for text in texts[:LARGEST]:
        print(f"  {text.place}: {text.before!r}, then {text.after!r}")
    if len(texts) > LARGEST:
        print(f"  and {len(texts) - LARGEST} more texts; --json tells all")
    if csv is not None:
        print(f"Every change: {csv}")
    elif len(cells) > LARGEST:
        print("--csv FILE writes every change.")


def _row(cell: CellChange) -> dict[str, str]:
    return {
        "table": cell.table,
        "row": cell.row,
        "column": cell.column,
        "before": _shown(cell.before),
        "after": _shown(cell.after),
        "change": "" if cell.change is None else f"{cell.change:+.3g}",
        "what": ", ".join(cell.what),
    }


def _shown(shown: Shown | None) -> str:
    if shown is None:
        return "hidden"
    number = f"< {shown.high:g}" if shown.flag == "below" else f"{shown.value:g}"
    return f"{number} {shown.verdict}".rstrip()


def _frame(found: RunDiff) -> pd.DataFrame:
    """Every change of a cell on a line, the largest first."""
    import pandas as pd

    lines = []
    for cell in found.tables.cells:
        line: dict[str, object] = {
            "table": cell.table,
            "answer": cell.row,
            "statistic": cell.statistic,
            "column": cell.column,
            "area": cell.area,
            "what": " ".join(cell.what),
            "change": cell.change,
            "size": cell.size,
        }
        for when, shown in (("before", cell.before), ("after", cell.after)):
            for name in ("value", "low", "high", "n", "n_eff", "verdict", "flag"):
                line[f"{name}_{when}"] = None if shown is None else getattr(shown, name)
        lines.append(line)
    return pd.DataFrame(lines)


def _plain(found: RunDiff) -> dict[str, object]:
    return {
        "before": asdict(found.before),
        "after": asdict(found.after),
        "notes": list(found.notes),
        "reasons": [asdict(reason) for reason in found.reasons],
        "tables": [
            {**asdict(table), "summary": table.summary.model_dump()}
            for table in found.tables.changed
        ],
        "texts": [asdict(text) for text in found.tables.texts],
    }
