"""The published numbers as one long table, for re-use."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from flows.crosstabs.cells import STATISTICS
from flows.crosstabs.publish import HIDDEN
from flows.crosstabs.tables import Cell, Flag, PublishedTable, ThemeTables

COLUMNS = (
    "survey",
    "wave",
    "edition",
    "theme",
    "area",
    "table",
    "question",
    "item",
    "answer",
    "statistic",
    "column",
    "basis",
    "value",
    "low",
    "high",
    "n",
    "n_eff",
    "verdict",
    "flag",
)

DONT_KNOW = "dont_know"


def tidy(
    tables: ThemeTables, survey: str, wave: str, edition: int | str, area: str = "NL"
) -> pd.DataFrame:
    """One line per published number, columns `COLUMNS`.

    `statistic`: as `STATISTICS` (share, net, mean ...), or dont_know. Shares, net scores and
    effects are 0-1 in whole per cents, means, medians and deviations have one decimal. `n` and
    `n_eff` are empty where the number of participants is hidden. A number under a bound ("< 1%")
    has no value but `low` 0 and `high` the bound, flag `below`. A hidden number has no line.
    """
    lines = [
        (survey, wave, edition, tables.theme, area, *line)
        for table in tables.tables
        for line in _lines(table)
    ]
    frame = pd.DataFrame(lines, columns=list(COLUMNS))
    return frame.astype({"value": "float64", "low": "float64", "high": "float64"})


def _lines(table: PublishedTable) -> Iterator[tuple[object, ...]]:
    identity = table.identity
    keys = (identity.number, identity.question, identity.item or "")
    rows = [
        (row.code, STATISTICS[row.kind], cells)
        for row, cells in zip(table.rows, table.cells, strict=True)
    ]
    if identity.dont_know != "leave_out":
        rows.append((DONT_KNOW, DONT_KNOW, table.dont_know))
    for answer, statistic, cells in rows:
        for c, cell in enumerate(cells):
            if cell.flag in HIDDEN or cell.flag is Flag.NO_BASE:
                continue
            value, low, high = _numbers(cell)
            base = (table.n[c], table.n_eff[c])
            words = (cell.verdict.value, cell.flag.value)
            column = table.columns[c]
            yield (*keys, answer, statistic, column, "measured", value, low, high, *base, *words)


def _numbers(cell: Cell) -> tuple[float | None, float | None, float | None]:
    if cell.flag is Flag.BELOW:
        return None, 0.0, cell.bound
    return cell.value, cell.low, cell.high
