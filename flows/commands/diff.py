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
    replace: Annotated[bool, typer.Option("--replace", help="over a file that is there")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what differs between two editions or table runs of a theme, and why."""
    from flows.workbench.run_diff import diff_of

    if csv is not None:
        _check(csv, replace)
    found = diff_of(first, second, survey)
    if csv is not None:
        from flows.crosstabs.diff.lines import changes_frame
        from flows.dossiers.tidy_csv import write_tables_csv

        write_tables_csv(changes_frame(found.tables), csv)
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
    _print_changes(found, csv is not None)
    if csv is not None:
        print(f"Every change: {csv}")


def _print_changes(found: RunDiff, written: bool) -> None:
    changed = found.tables.changed
    if not changed and not found.tables.texts:
        print("No published number, mark or text differs.")
        return
    if changed:
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
        print(f"  and {len(texts) - LARGEST} more texts")
    if max(len(cells), len(texts)) > LARGEST and not written:
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


def _check(csv: Path, replace: bool) -> None:
    """Refuse a place that cannot be written, or that is part of an edition."""
    if csv.is_dir():
        raise Refusal(f"{csv} is a folder; name a file in it.")
    if not csv.parent.is_dir():
        raise Refusal(f"{csv.parent}: there is no such folder; make it, or name another file.")
    if (csv.parent / "manifest.json").exists():
        raise Refusal(
            f"{csv} lies in the folder of an edition, where nothing is added or changed; name a "
            "file elsewhere."
        )
    if csv.exists() and not replace:
        raise Refusal(f"{csv} is there already; name another file, or add --replace.")


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
