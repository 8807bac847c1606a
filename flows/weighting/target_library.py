"""What `themadossier targets` does: make a table of a recipe and CBS files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from flows.definitions.target_recipe import read_recipe
from flows.definitions.target_table import table_files, write_table
from flows.ingest.cbs_areas import WAYS
from flows.ingest.cbs_sources import read_sources
from flows.weighting.make_targets import Made, make_table


@dataclass(frozen=True)
class Written:
    """A table that was made: for a program (`summary`) and for a person (`told`)."""

    summary: dict[str, Any]
    told: str


def made_table(recipe: Path, files: Path, library: Path, *, replace: bool = False) -> Written:
    """Make the table of `recipe` from the files in `files` and write it into `library`.

    Written whole or not at all. Raises `Refusal` (or `DefinitionError`) for a fault in the
    recipe or the files, and for a table of that name that differs, unless `replace`.
    """
    plan = read_recipe(recipe)
    library = Path(library)
    made = make_table(plan, read_sources(plan, files), library.absolute().parent)
    written = table_files(plan.table, made.table, Path(recipe).name)
    changed = write_table(library, written, replace=replace)
    summary = _summary(plan.table, made, [str(library / name) for name in written], changed)
    return Written(summary, _told(summary, made))


def _summary(name: str, made: Made, files: list[str], changed: bool) -> dict[str, Any]:
    gap = made.targets.difference
    account = made.redivided.account if made.redivided is not None else None
    return {
        "table": name,
        "files": files,
        "changed": changed,
        "areas": len(made.targets.areas),
        "levels": list(made.targets.levels),
        "total": float(made.targets.numbers.sum()),
        "largest_difference": None if np.isnan(gap).any() else float(np.abs(gap).max()),
        "difference": None if np.isnan(gap).any() else float(gap.sum()),
        "account": None if account is None else account.to_dict("records"),
        "notes": list(made.notes),
    }


def _told(summary: dict[str, Any], made: Made) -> str:
    lines = [
        f"{summary['table']}: {summary['total']:,.0f} people in {summary['areas']} "
        f"{'area' if summary['areas'] == 1 else 'areas'} and {len(summary['levels'])} levels"
    ]
    if made.table.rounding is not None:
        lines.append(made.table.rounding["en"])
    if summary["account"] is not None:
        lines.append(
            "Everyone in the file: "
            + "; ".join(
                f"{row['people']:,.0f} {WAYS[row['way']]} ({row['areas']:,})"
                for row in summary["account"]
                if row["people"]
            )
        )
    lines += summary["notes"]
    state = "Written" if summary["changed"] else "Unchanged"
    lines.append(f"{state}: {', '.join(summary['files'])}")
    lines.append(f"Next: say 'table: {summary['table']}' at a margin in weighting.yaml")
    return "\n".join(lines)
