"""A change between two published tables, as it may be published beside them.

Whoever reads two figures and their change, each rounded by itself, knows both more exactly than
from the figures alone; and an interval printed round a change tells its middle. So a change is
the difference of the two published figures, and its interval lies evenly round that, as wide as
the real one at least. It tells nothing that the tables do not, whatever they hide.
"""

from __future__ import annotations

import math
from typing import Protocol

from flows.crosstabs.disclosure.rules import IN_UNITS
from flows.crosstabs.tables import Cell, Flag, Floats, PublishedTable, Row, RowKind, Verdict

_SLACK = 1e-9


class Changed(Protocol):
    """A change as it was worked out: rows and columns, and the ends of its intervals (R, C)."""

    @property
    def rows(self) -> tuple[Row, ...]: ...

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def low(self) -> Floats: ...

    @property
    def high(self) -> Floats: ...


def publish_change(
    before: PublishedTable | None, after: PublishedTable | None, change: Changed
) -> tuple[tuple[Cell, ...], ...]:
    """The changes (R, C) that may be shown, `after` less `before`, as `Cell`s without marks.

    Hidden, with the reason of the side that is hidden (the earlier one first), where either
    table does not show the number: also where it shows a bound, or has no such row or column.
    Shares change in whole points, means by one decimal. Indicative where either number is.
    """
    result = []
    for r, row in enumerate(change.rows):
        ends = zip(change.low[r].tolist(), change.high[r].tolist(), strict=True)
        cells = [(_shown(before, row, c), _shown(after, row, c)) for c in change.columns]
        result.append(
            tuple(change_of(*both, row.kind, *end) for both, end in zip(cells, ends, strict=True))
        )
    return tuple(result)


def change_of(before: Cell, after: Cell, kind: RowKind, low: float, high: float) -> Cell:
    """One change: the difference of two published cells, and an interval as wide as low to high.

    `low`, `high`: ends of the interval that was worked out; not finite: no interval.
    """
    if before.value is None or after.value is None:
        hidden = before.flag if before.value is None else after.flag
        return Cell(None, flag=Flag.PROTECTED if hidden is Flag.BELOW else hidden)
    unit = 10 if kind in IN_UNITS else 100
    value = round((after.value - before.value) * unit)
    weak = Flag.INDICATIVE in (before.flag, after.flag)
    flag = Flag.INDICATIVE if weak else Flag.NONE
    if not (math.isfinite(low) and math.isfinite(high)):
        return Cell(value / unit, verdict=Verdict.NONE, flag=flag)
    wide = math.ceil((high - low) / 2 * unit - _SLACK)
    return Cell(value / unit, (value - wide) / unit, (value + wide) / unit, flag=flag)


def _shown(table: PublishedTable | None, row: Row, column: str) -> Cell:
    """The cell of a row and column, hidden where the table has none."""
    if table is not None and column in table.columns:
        for each, cells in zip(table.rows, table.cells, strict=True):
            if (each.kind, each.code) == (row.kind, row.code):
                return cells[table.columns.index(column)]
    return Cell(None, flag=Flag.PROTECTED)
