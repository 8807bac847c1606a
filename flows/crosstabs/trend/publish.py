"""What of a trend may leave the bureau.

A change is hidden when the number of either wave is: hidden for its size, to protect another, or
shown as "less than" only. Within profiles nothing is published of a question that defines them.
A change is the difference of the two published numbers, so that it tells nothing these do not
(`flows.crosstabs.disclosure.change`); what is marked follows from the unrounded ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from flows.crosstabs.disclosure.change import change_of, publish_change
from flows.crosstabs.rounding import one_decimal
from flows.crosstabs.tables import Cell, Flag, Floats, Identity, PublishedTable, Row
from flows.crosstabs.trend.changes import TableTrend, Trend, TrendFlag, of_profiles
from flows.crosstabs.trend.questions import LeftOut
from flows.definitions.dossier_plan import Publication


class Direction(StrEnum):
    """Which way a number went, where that is beyond chance and large enough to matter."""

    NONE = ""
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class ChangeCell:
    """One published change with the numbers it lies between. `change` is None when hidden.

    Shares are 0-1 in whole per cents, means have one decimal. `flag`: why it is hidden, or that
    it is indicative; `defines_columns`: hidden as the question defines the column.
    """

    before: Cell
    after: Cell
    change: float | None = None
    low: float | None = None
    high: float | None = None
    direction: Direction = Direction.NONE
    flag: Flag = Flag.NONE
    defines_columns: bool = False

    @property
    def shown(self) -> bool:
        return self.change is not None


@dataclass(frozen=True)
class PublishedChange:
    """The published change of one table. `n_before`, `n_after`: people per column; None hidden."""

    identity: Identity
    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    flags: tuple[TrendFlag, ...]
    cells: tuple[tuple[ChangeCell, ...], ...]
    n_before: tuple[int | None, ...]
    n_after: tuple[int | None, ...]


@dataclass(frozen=True)
class PublishedTrend:
    """All changes of one trend that may be shown."""

    before: str
    after: str
    columns: tuple[str, ...]
    n_before: int
    n_after: int
    both: int
    tables: tuple[PublishedChange, ...]
    left_out: tuple[LeftOut, ...]


def publish_trend(
    trend: Trend,
    before: Mapping[str, PublishedTable],
    after: Mapping[str, PublishedTable],
    publication: Publication,
) -> PublishedTrend:
    """The trend as it may be shown, given what is shown of either wave (by table number).

    A battery's mean stands in no table of its own: it is shown where the means of all its items
    are.
    """
    items: dict[str, list[str]] = {}
    for table in trend.tables:
        if TrendFlag.BATTERY not in table.flags:
            items.setdefault(table.identity.question, []).append(table.identity.number)
    tables = []
    for table in trend.tables:
        numbers = [table.identity.number]
        if TrendFlag.BATTERY in table.flags:
            numbers = items.get(table.identity.question, [])
        sides = [
            _Side.of(table, values, [wave.get(number) for number in numbers])
            for values, wave in ((table.before, before), (table.after, after))
        ]
        if TrendFlag.BATTERY in table.flags:
            changes = _of_battery(table, sides[0], sides[1])
        else:
            changes = publish_change(before.get(numbers[0]), after.get(numbers[0]), table)
        tables.append(_table(table, sides[0], sides[1], changes, publication))
    return PublishedTrend(
        before=trend.before,
        after=trend.after,
        columns=trend.columns,
        n_before=trend.n_before,
        n_after=trend.n_after,
        both=trend.both,
        tables=tuple(tables),
        left_out=trend.left_out,
    )


_HIDDEN = Cell(None, flag=Flag.PROTECTED)
_Cells = tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class _Side:
    """What one wave shows of a table: cells (R, C), and people (C) where their number is shown."""

    cells: list[list[Cell]]
    people: list[int | None]

    @classmethod
    def of(
        cls, table: TableTrend, values: Floats, published: Sequence[PublishedTable | None]
    ) -> _Side:
        """From the published table; of a battery, from those of its items."""
        known = [each for each in published if each is not None]
        battery = TrendFlag.BATTERY in table.flags
        if len(known) < len(published) or not known:
            return cls(
                [[_HIDDEN] * len(table.columns) for _ in table.rows], [None] * values.shape[1]
            )
        cells = [[_HIDDEN] * len(table.columns) for _ in table.rows]
        people: list[int | None] = []
        for c, column in enumerate(table.columns):
            shown = [each for each in known if column in each.columns]
            numbers = [each.n[each.columns.index(column)] for each in shown]
            told = [number for number in numbers if number is not None]
            people.append(max(told) if told and len(told) == len(numbers) else None)
            for r, row in enumerate(table.rows if shown else ()):
                found = [
                    each.cell(own.code, column)
                    for each in shown
                    for own in each.rows
                    if (own.kind == "mean" if battery else own.code == row.code)
                ]
                cells[r][c] = found[0] if found else _HIDDEN
                if battery and found:
                    cells[r][c] = _mean_of(found, float(values[r, c]))
        return cls(cells, people)


def _mean_of(items: Sequence[Cell], mean: float) -> Cell:
    """The cell of a battery's mean, given those of the means of its items."""
    hidden = next((cell for cell in items if not cell.shown), None)
    if hidden is not None or not np.isfinite(mean):
        return Cell(None, flag=hidden.flag if hidden else Flag.NO_BASE)
    weak = any(cell.flag is Flag.INDICATIVE for cell in items)
    return Cell(one_decimal(mean), flag=Flag.INDICATIVE if weak else Flag.NONE)


def _of_battery(table: TableTrend, before: _Side, after: _Side) -> _Cells:
    return tuple(
        tuple(
            change_of(one, two, row.kind, float(table.low[r, c]), float(table.high[r, c]))
            for c, (one, two) in enumerate(zip(before.cells[r], after.cells[r], strict=True))
        )
        for r, row in enumerate(table.rows)
    )


def _table(
    table: TableTrend, before: _Side, after: _Side, changes: _Cells, publication: Publication
) -> PublishedChange:
    marks = table.changed(publication)
    closed = of_profiles(table.columns) & table.defines_columns
    cells = []
    for r, line in enumerate(changes):
        row = []
        for c, change in enumerate(line):
            one, two = before.cells[r][c], after.cells[r][c]
            if closed[c]:
                one, two, change = _HIDDEN, _HIDDEN, _HIDDEN
            up = Direction.UP if table.change[r, c] > 0 else Direction.DOWN
            direction = up if marks[r, c] and change.shown else Direction.NONE
            row.append(_cell(one, two, change, direction, bool(closed[c])))
        cells.append(tuple(row))
    return PublishedChange(
        identity=table.identity,
        rows=table.rows,
        columns=table.columns,
        flags=table.flags,
        cells=tuple(cells),
        n_before=tuple(before.people),
        n_after=tuple(after.people),
    )


def _cell(
    before: Cell, after: Cell, change: Cell, direction: Direction, closed: bool
) -> ChangeCell:
    hidden = [cell.flag for cell in (before, after) if not cell.shown]
    return ChangeCell(
        before=before,
        after=after,
        change=change.value,
        low=change.low,
        high=change.high,
        direction=direction,
        flag=hidden[0] if hidden else change.flag,
        defines_columns=closed,
    )


def hidden_cells(tables: Sequence[PublishedChange]) -> int:
    """How many changes are hidden for the size of a group, or to protect another."""
    return sum(
        not cell.shown and not cell.defines_columns and cell.flag is not Flag.NO_BASE
        for table in tables
        for row in table.cells
        for cell in row
    )
