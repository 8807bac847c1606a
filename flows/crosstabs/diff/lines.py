"""Everything that differs between two editions, one change a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from flows.crosstabs.diff.changes import CellChange, Shown, TableChange, TableDiff, TextChange

COLUMNS = (
    "table",
    "answer",
    "statistic",
    "column",
    "area",
    "what",
    "change",
    "size",
    *(
        f"{name}_{when}"
        for when in ("before", "after")
        for name in ("value", "low", "high", "n", "n_eff", "verdict", "flag")
    ),
    "text",
    "text_before",
    "text_after",
)


def changes_frame(found: TableDiff) -> pd.DataFrame:
    """One line a change with the columns of `COLUMNS`, also where there is none.

    First tables, rows and columns that came or went (`what`: `table added`, `row removed`, ...),
    then cells, the largest change first, then texts (`what`: `text`; `text`: its place).
    """
    lines = [
        *(line for table in found.tables for line in _came_and_went(table)),
        *map(_cell, found.cells),
        *map(_text, found.texts),
    ]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def _came_and_went(table: TableChange) -> Iterator[dict[str, Any]]:
    if table.state in ("added", "removed"):
        yield {
            "table": table.table,
            "what": f"table {table.state}",
            "n_before": table.n[0],
            "n_after": table.n[1],
        }
    for place, happened, codes in (
        ("answer", "row added", table.rows_added),
        ("answer", "row removed", table.rows_removed),
        ("column", "column added", table.columns_added),
        ("column", "column removed", table.columns_removed),
    ):
        yield from ({"table": table.table, place: code, "what": happened} for code in codes)


def _cell(cell: CellChange) -> dict[str, Any]:
    return {
        "table": cell.table,
        "answer": cell.row,
        "statistic": cell.statistic,
        "column": cell.column,
        "area": cell.area,
        "what": " ".join(cell.what),
        "change": cell.change,
        "size": cell.size,
        **_shown(cell.before, "before"),
        **_shown(cell.after, "after"),
    }


def _shown(shown: Shown | None, when: str) -> dict[str, Any]:
    return {} if shown is None else {f"{name}_{when}": value for name, value in vars(shown).items()}


def _text(text: TextChange) -> dict[str, Any]:
    return {
        "table": text.table,
        "what": "text",
        "text": text.place,
        "text_before": text.before,
        "text_after": text.after,
    }
