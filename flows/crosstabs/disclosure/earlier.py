"""What files published before tell of the questions of this edition."""

from __future__ import annotations

from collections.abc import Sequence

from flows.crosstabs.disclosure.people import asked_of, column_group
from flows.crosstabs.disclosure.placed import EarlierFigures, Placed
from flows.crosstabs.disclosure.rules import IN_UNITS
from flows.crosstabs.tables import SHARES, Cell, Flag, PublishedTable, Row


def earlier_figures(
    tables: Sequence[Placed], earlier: Sequence[PublishedTable]
) -> tuple[EarlierFigures, ...]:
    """What the earlier tables show of the question of `tables`, column by column.

    A column whose number of people was hidden is left out: nothing ties it to this edition.
    """
    question, item = tables[0].question, tables[0].item
    rows = {(row.kind, row.code): row for placed in tables for row in placed.table.rows}
    found = []
    for table in earlier:
        identity = table.identity
        if (identity.question, identity.item) != (question, item):
            continue
        among, _ = asked_of(identity)
        for c, column in enumerate(table.columns):
            n = table.n[c]
            figures = tuple(
                (rows[row.kind, row.code], *_reading(row, cells[c]))
                for row, cells in zip(table.rows, table.cells, strict=True)
                if (row.kind, row.code) in rows and _tells(cells[c])
            )
            if n and figures:
                name = f"the earlier {identity.number}"
                found.append(EarlierFigures(name, column_group(column, among), n, figures))
    return tuple(found)


def _tells(cell: Cell) -> bool:
    return cell.shown or cell.flag is Flag.BELOW


def _reading(row: Row, cell: Cell) -> tuple[float, float]:
    """The numbers that round to what was printed."""
    if cell.value is None:
        return 0.0, float(cell.bound or 0.0)
    if row.kind in IN_UNITS:
        return cell.value - 0.05, cell.value + 0.05
    low = 0.0 if row.kind in SHARES else -1.0
    return max(cell.value - 0.005, low), min(cell.value + 0.005, 1.0)
