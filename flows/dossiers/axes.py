"""Tables with columns of several axes, taken apart: profiles first, every other axis by itself.

A sheet holds the columns of one axis and the total, so that it prints on a page. What a dossier
says in sentences and charts is about the profiles; other axes have sheets with numbers alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from flows.crosstabs.banner import axis_of_column, parts_of_column
from flows.crosstabs.tables import TOTAL, PublishedTable, ThemeTables
from flows.definitions.dossier_plan import PROFILE

MOST_COLUMNS = 9
"""So many columns beside the total fit on a sheet."""


@dataclass(frozen=True)
class AxisView:
    """A table's columns of one axis.

    `axis`: its code. `part`, `parts`: which of how many sheets these columns stand on.
    """

    table: PublishedTable
    axis: str
    part: int
    parts: int


def by_profile(tables: ThemeTables) -> ThemeTables:
    """The tables with their profile columns and the total; those without profiles are left out."""
    return replace(
        tables, tables=_by_profile(tables.tables), overviews=_by_profile(tables.overviews)
    )


def _by_profile(tables: Sequence[PublishedTable]) -> tuple[PublishedTable, ...]:
    return tuple(
        columns_of(table, [c for c in table.columns if axis_of_column(c) in (PROFILE, "")])
        for table in tables
        if any(axis_of_column(column) == PROFILE for column in table.columns)
    )


def other_axes(tables: ThemeTables) -> Iterator[AxisView]:
    """The views of all other axes, table by table, each at most `MOST_COLUMNS` wide."""
    for table in tables.tables:
        yield from (view for view in views_of(table) if view.axis != PROFILE)


def views_of(table: PublishedTable) -> Iterator[AxisView]:
    """A table's columns axis by axis, each view with the total and at most `MOST_COLUMNS` wide."""
    for axis, columns in groupby(table.columns, axis_of_column):
        if axis:
            chunks = list(_chunks(list(columns)))
            for part, chunk in enumerate(chunks, start=1):
                yield AxisView(columns_of(table, [*chunk, TOTAL]), axis, part, len(chunks))


def columns_of(table: PublishedTable, codes: Sequence[str]) -> PublishedTable:
    """The same table with only these columns."""
    if tuple(codes) == table.columns:
        return table
    places = [table.columns.index(code) for code in codes]
    return replace(
        table,
        columns=tuple(codes),
        cells=tuple(tuple(row[place] for place in places) for row in table.cells),
        n=tuple(table.n[place] for place in places),
        n_eff=tuple(table.n_eff[place] for place in places),
        dont_know=tuple(table.dont_know[place] for place in places if table.dont_know),
    )


def _chunks(columns: list[str]) -> Iterator[list[str]]:
    """Columns in parts that fit a sheet; nested ones stay with what they are nested in."""
    nests = [list(same) for _, same in groupby(columns, lambda c: parts_of_column(c)[:-1])]
    waiting: list[str] = []
    for nest in nests:
        if waiting and len(waiting) + len(nest) > MOST_COLUMNS:
            yield waiting
            waiting = []
        waiting += nest
        while len(waiting) > MOST_COLUMNS:
            yield waiting[:MOST_COLUMNS]
            waiting = waiting[MOST_COLUMNS:]
    if waiting:
        yield waiting
