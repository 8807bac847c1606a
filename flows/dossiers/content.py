"""The contents of a workbook: what stands where, in which role. Knows nothing of Excel files.

All objects are immutable. Rows and columns count from 1, as on the sheet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from flows.definitions.models import Language

Scalar = str | int | float
Edge = Literal["", "hair", "grey", "ink", "ink_medium", "ink_thick"]


class Style(NamedTuple):
    """How a cell is dressed: a role of the theme, a number format, and its lines.

    A named tuple because it is looked up for every cell, and its hash is fast.
    """

    role: str
    format: str = "General"
    above: Edge = ""
    below: Edge = ""


@dataclass(frozen=True)
class Cell:
    """One cell. `link`: name of the sheet it leads to. `tip`: what the link's tooltip says."""

    value: Scalar | None
    style: Style
    link: str | None = None
    tip: str = ""


@dataclass(frozen=True)
class SheetRow:
    """One row from column A; `height` in points."""

    height: float
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class TableArea:
    """A ListObject from column A: header in `first_row`, data down to `last_row`."""

    name: str
    first_row: int
    last_row: int
    columns: tuple[str, ...]


Fill = Literal["measured", "compare", "estimated", "compare_second"]


@dataclass(frozen=True)
class ChartSeries:
    """One series; `values` holds None where nothing is drawn.

    `fills` gives points another fill than the series. `first_row`: where its rows start on
    the sheet with chart data.
    """

    name: str
    values: tuple[float | None, ...]
    fill: Fill
    fills: tuple[tuple[int, Fill], ...] = ()
    first_row: int = 0


@dataclass(frozen=True)
class Chart:
    """A bar chart below the table. `row`: the row it starts in; sizes in cm."""

    name: str
    title: str
    alt: str
    categories: tuple[str, ...]
    series: tuple[ChartSeries, ...]
    format: str
    axis_end: float
    axis_step: float
    row: int
    height: float
    sheet: str


@dataclass(frozen=True)
class Sheet:
    """One sheet. `prose`: whether it is a client sheet, where our own jargon is banned.

    `repeat`: header row that is frozen and repeated in print, if any. `break_before`: the row
    above which print starts a new page, if any.
    """

    key: str
    name: str
    widths: tuple[float, ...]
    rows: tuple[SheetRow, ...]
    tables: tuple[TableArea, ...] = ()
    chart: Chart | None = None
    last_row: int = 0
    repeat: int | None = None
    break_before: int | None = None
    grey_tab: bool = False
    prose: bool = True

    @property
    def one_page(self) -> bool:
        return self.repeat is None


@dataclass(frozen=True)
class DossierContent:
    """A whole workbook.

    `quoted`: texts of the survey itself (questions, answers, names), in which the lint does
    not look for our jargon. `simulated`/`concept` repeat what every status line says.
    """

    language: Language
    title: str
    subject: str
    creator: str
    day: str
    status: str
    sheets: tuple[Sheet, ...]
    quoted: frozenset[str] = field(default=frozenset())
    simulated: bool = False
    concept: bool = False

    def sheet(self, key: str) -> Sheet:
        return next(sheet for sheet in self.sheets if sheet.key == key)

    @property
    def charts(self) -> tuple[Chart, ...]:
        return tuple(sheet.chart for sheet in self.sheets if sheet.chart is not None)
