"""Batches as the store takes and hands them back: a file as read, and what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

BatchChange = Literal["new", "unchanged", "superseded", "restored"]


@dataclass(frozen=True, kw_only=True)
class NewBatch:
    """One file as read, before it is stored.

    `part`: '' where a newer file supersedes (cumulative); the file's own name where files
    add up (incremental). `source_sha256`: of the file's bytes. `reading_sha256`: of the
    definitions used to read it.
    """

    survey: str
    wave: str
    source: str
    part: str = ""
    source_name: str = ""
    source_sha256: str
    reading_sha256: str


@dataclass(frozen=True)
class Changes:
    """What a batch changes with respect to the one it takes the place of.

    `cells`: number of changed values per column, among the people in both.
    """

    rows_added: int = 0
    rows_removed: int = 0
    cells: Mapping[str, int] = field(default_factory=dict)
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()

    @property
    def cells_changed(self) -> int:
        return sum(self.cells.values())

    @property
    def any(self) -> bool:
        """Whether anything differs at all."""
        return bool(
            self.rows_added
            or self.rows_removed
            or self.cells
            or self.columns_added
            or self.columns_removed
        )

    def __str__(self) -> str:
        """One line, e.g. `3 people added, 0 removed, 12 values changed (T01_a 8, T02 4)`."""
        most = sorted(self.cells.items(), key=lambda pair: (-pair[1], pair[0]))
        named = ", ".join(f"{column} {count}" for column, count in most[:3])
        more = f", and {len(most) - 3} more columns" if len(most) > 3 else ""
        parts = [
            f"{self.rows_added} people added",
            f"{self.rows_removed} removed",
            f"{self.cells_changed} values changed" + (f" ({named}{more})" if named else ""),
        ]
        if self.columns_added:
            parts.append(f"new columns {', '.join(self.columns_added)}")
        if self.columns_removed:
            parts.append(f"columns gone {', '.join(self.columns_removed)}")
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        return {
            "rows_added": self.rows_added,
            "rows_removed": self.rows_removed,
            "cells": dict(self.cells),
            "columns_added": list(self.columns_added),
            "columns_removed": list(self.columns_removed),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Changes:
        return cls(
            rows_added=content["rows_added"],
            rows_removed=content["rows_removed"],
            cells=dict(content["cells"]),
            columns_added=tuple(content["columns_added"]),
            columns_removed=tuple(content["columns_removed"]),
        )


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One ingested file.

    `change`: what storing it did just now; for a batch that is only looked up, how it last
    became current. `replaces`: id of the batch whose place it took. `superseded_by`: id of
    the batch that took its place; None for a current batch.
    """

    id: int
    survey: str
    wave: str
    source: str
    part: str
    source_name: str
    source_sha256: str
    reading_sha256: str
    data_sha256: str
    quarantine_sha256: str
    rows: int
    quarantined: int
    code_version: str
    created_at: datetime
    superseded_by: int | None
    change: BatchChange
    replaces: int | None = None
    what_changed: Changes | None = None

    @property
    def current(self) -> bool:
        return self.superseded_by is None

    def sentence(self) -> str:
        """What storing it did, in one sentence for a person."""
        people = f"{self.rows} people, {self.quarantined} answers or people set apart"
        if self.change == "unchanged":
            return f"Nothing new: batch {self.id} already holds this file ({people})."
        if self.change == "new":
            return f"Stored as batch {self.id} ({people})."
        verb = "takes the place of" if self.change == "superseded" else "is put back instead of"
        changes = self.what_changed or "they cannot be compared, since the old file is gone"
        return f"Batch {self.id} {verb} batch {self.replaces}: {changes}."
