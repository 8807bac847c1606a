"""What is said of two editions that are compared: cells, texts and tables that differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flows.definitions.models import Text

What = Literal["number", "hidden", "shown", "verdict", "flag", "interval"]
State = Literal["same", "changed", "added", "removed"]

_ORDER: tuple[What, ...] = ("number", "hidden", "shown", "verdict", "flag", "interval")


@dataclass(frozen=True)
class Shown:
    """A published number. `flag` `below`: under the bound `high`, and without a value."""

    value: float | None
    low: float | None
    high: float | None
    n: int | None
    n_eff: int | None
    verdict: str
    flag: str

    @property
    def number(self) -> float:
        """The value; of "less than" a bound the middle."""
        return self.value if self.value is not None else (self.high or 0.0) / 2


@dataclass(frozen=True)
class CellChange:
    """A cell that differs. None: it was, or is, not shown.

    `change`: after less before, in the unit of the number. `size`: how large that is: of
    shares itself; of numbers on a scale in standard deviations times `diff.POINTS_OF_SD`.
    """

    table: str
    row: str
    statistic: str
    column: str
    area: str
    what: tuple[What, ...]
    before: Shown | None
    after: Shown | None
    change: float | None
    size: float


@dataclass(frozen=True)
class TextChange:
    """A text that differs; None where there was, or is, none. `table`: empty for other texts."""

    place: str
    table: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class TableChange:
    """One table. `numbers`: shown in either edition; `rows_added`, `rows_removed`: rows that
    have numbers in one of them only; `n`: people in the total, before and after.
    """

    table: str
    state: State
    cells: tuple[CellChange, ...]
    numbers: int
    rows_added: tuple[str, ...]
    rows_removed: tuple[str, ...]
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    texts: tuple[TextChange, ...]
    n: tuple[int | None, int | None]
    summary: Text


@dataclass(frozen=True)
class TableDiff:
    """Two editions compared: every table in the order of the second, those gone last."""

    tables: tuple[TableChange, ...]
    texts: tuple[TextChange, ...]

    @property
    def cells(self) -> tuple[CellChange, ...]:
        """All cells that differ, the largest change first."""
        return tuple(sorted((c for t in self.tables for c in t.cells), key=by_size))

    @property
    def changed(self) -> tuple[TableChange, ...]:
        return tuple(table for table in self.tables if table.state != "same")


def by_size(cell: CellChange) -> tuple[object, ...]:
    """The largest change first; then what is no change of a number."""
    kind = min(_ORDER.index(what) for what in cell.what)
    return (kind, -round(cell.size, 9), cell.table, cell.row, cell.column, cell.area)
