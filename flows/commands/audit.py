"""The command `themadossier audit`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.options import JsonOption

MOST_LINES = 40


def audit(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="a tables.csv, an edition's folder, or a folder of outputs"
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Try to solve the hidden numbers of published files; fail when one is solved."""
    from flows.dossiers.audit_files import audit_path
    from flows.progress import busy

    started = time.perf_counter()
    with busy("Auditing"):
        found = audit_path(path)
    seconds = time.perf_counter() - started
    if as_json:
        result = found.as_dict() | {"path": str(path), "seconds": round(seconds, 1)}
        print(json.dumps(result, indent=2, ensure_ascii=False))
    else:
        for leak in found.leaks[:MOST_LINES]:
            print(str(leak), file=sys.stderr)
        if len(found.leaks) > MOST_LINES:
            more = len(found.leaks) - MOST_LINES
            print(f"... and {more:,} more; --json prints all.", file=sys.stderr)
        print("\n".join(summary(found, path, seconds)))
    if found.leaks or found.guessed:
        raise typer.Exit(1)


def summary(found: object, path: Path, seconds: float) -> list[str]:
    """What was audited, what came of it, what needs a look and what to do next."""
    from flows.crosstabs.audit.leaks import Audit

    assert isinstance(found, Audit)
    files = "1 edition" if found.files == 1 else f"{found.files} editions"
    lines = [
        f"{path}: {files}, {found.tables:,} tables, {found.shown:,} shown and {found.hidden:,} "
        f"hidden numbers, {found.below:,} 'less than', in {seconds:.1f} s."
    ]
    if found.leaks:
        many = "1 leak" if len(found.leaks) == 1 else f"{len(found.leaks):,} leaks"
        lines.append(f"FAILED: {many}. Do not deliver; see docs/disclosure.md.")
    elif found.guessed:
        lines.append(
            "FAILED: cannot be audited fully, because there is no codebook.json beside "
            f"{_listed(found.guessed)}: hidden rows and the members of nets are not known."
        )
    else:
        lines.append("No hidden number can be solved from these files, and every rule is kept.")
    if found.tightest is not None:
        near = found.tightest
        lines.append(
            f"Known most narrowly: {near.cell} ({near.file}), between {near.low:.2f} and "
            f"{near.high:.2f}."
        )
    notes = [f"LOOK: {note}" for note in found.notes]
    if found.unjudged:
        notes.insert(
            0, f"LOOK: {found.unjudged:,} hidden medians, deviations or effects were not attacked."
        )
    return lines + notes[:2]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
