"""One swap of an edition's folder: what it moves where, and its line in the journal."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from flows.store.files import flush_folder, sha256_of
from flows.store.records import Edition


@dataclass(frozen=True)
class Swap:
    """What one swap does: `target` gives way to `retired_to`, `built` becomes `target`."""

    survey: str
    theme: str
    outputs: Path
    built: Path
    target: str
    retired_id: int | None
    retired_to: str | None
    record: Mapping[str, Any]

    @property
    def target_path(self) -> Path:
        return self.outputs / self.target

    @property
    def retired_path(self) -> Path | None:
        return None if self.retired_to is None else self.outputs / self.retired_to


def listing(folder: Path) -> dict[str, str]:
    """SHA-256 of every file in a folder, by its name relative to it; empty if there is none."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file() and (sha256 := sha256_of(path)) is not None:
            found[path.relative_to(folder).as_posix()] = sha256
    return found


def plan_swap(
    survey: str,
    theme: str,
    outputs: Path,
    built: Path,
    here: Edition | None,
    record: Mapping[str, Any],
) -> Swap:
    """Where the new edition goes, and what has to give way to it.

    `here`: the edition that the catalogue has in the theme's folder.
    """
    target = f"dossiers/{theme}"
    aside = f"editions/{theme}"
    occupied = (outputs / target).exists()
    retired_to = None
    if occupied and here and here.state == "published" and record["state"] != "published":
        # A draft never replaces a published edition.
        target = _free(outputs, f"{aside}/{record['number']}")
        return Swap(survey, theme, outputs, built, target, None, None, record)
    if occupied:
        name = "unknown" if here is None else str(here.number)
        retired_to = _free(outputs, f"{aside}/{name}")
    retired_id = None if here is None else here.id
    return Swap(survey, theme, outputs, built, target, retired_id, retired_to, record)


def _free(outputs: Path, wanted: str) -> str:
    """`wanted`, or with a suffix when a folder of that name stands there already."""
    free, attempt = wanted, 1
    while (outputs / free).exists():
        attempt += 1
        free = f"{wanted}-{attempt}"
    return free


def move(swap: Swap) -> None:
    """Do the renames that are still to be done."""
    target, retired = swap.target_path, swap.retired_path
    target.parent.mkdir(parents=True, exist_ok=True)
    if retired is not None and target.exists() and not retired.exists():
        retired.parent.mkdir(parents=True, exist_ok=True)
        os.rename(target, retired)
        flush_folder(retired.parent)
    os.rename(swap.built, target)
    flush_folder(target.parent)


def journal_row(swap: Swap) -> dict[str, Any]:
    """The row that stands in the journal while the swap is going on."""
    return {
        "survey": swap.survey,
        "theme": swap.theme,
        "outputs": str(swap.outputs),
        "built": str(swap.built),
        "target": swap.target,
        "retired_id": swap.retired_id,
        "retired_to": swap.retired_to,
        "record": swap.record,
        "started_at": datetime.now(UTC),
    }


def from_journal(row: Row[Any]) -> Swap:
    """The swap that a journal row tells of."""
    return Swap(
        row.survey,
        row.theme,
        Path(row.outputs),
        Path(row.built),
        row.target,
        row.retired_id,
        row.retired_to,
        row.record,
    )
