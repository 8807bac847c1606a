"""The sheets with numbers to re-use: all published figures, and the figures of the charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from flows.crosstabs.tables import TOTAL, Flag, PublishedTable, Row, Verdict
from flows.crosstabs.tables import Cell as Published
from flows.dossiers.content import Cell, Chart, Scalar, Sheet, SheetRow, Style, TableArea
from flows.dossiers.layout import row_height
from flows.dossiers.reading import Context, sorted_rows, tells_unknown, unit_of
from flows.dossiers.sheets.common import BODY_HEIGHT, Page, measured
from flows.dossiers.theme import (
    CHART_DATA_WIDTHS,
    COUNT,
    DATA_WIDTHS,
    ROLES,
    TOTAL_MEAN,
    TOTAL_POINTS,
    TOTAL_SHARE,
)


def data_sheet(context: Context, others: Sequence[PublishedTable] = ()) -> Sheet:
    """Every published figure on a row of its own; a hidden one shows its word and nothing else.

    `others`: tables by other axes than the profiles; their totals stand there already.
    """
    words = context.words
    page = Page(DATA_WIDTHS)
    page.head(
        context,
        title=words("sheet.data"),
        findings=[words("data.finding")],
        basis=[words("data.basis", sheet=words("sheet.guide"))],
    )
    columns = (
        ("table", "header_left"),
        ("answer", "header_left"),
        ("kind", "header_left"),
        ("group", "header_left"),
        ("source", "header_left"),
        ("value", "header_right"),
        ("low", "header_right"),
        ("high", "header_right"),
        ("n", "header_right"),
        ("remark", "header_left_in"),
    )
    headers = [words(f"data.{key}") for key, _ in columns]
    header_row = page.header(headers, [role for _, role in columns])
    for table in context.tables.tables:
        page.rows.extend(_table_rows(context, table, table.columns))
    shown = {table.identity.number for table in context.tables.tables}
    for table in others:
        codes = [c for c in table.columns if c != TOTAL or table.identity.number not in shown]
        shown.add(table.identity.number)
        page.rows.extend(_table_rows(context, table, codes))
    page.rows.extend(_size_rows(context))
    area = page.close_table("tbl_data", header_row, headers)
    return Sheet(
        key="data",
        name=words("sheet.data"),
        widths=DATA_WIDTHS,
        rows=tuple(page.rows),
        tables=(area,),
        last_row=len(page.rows),
        repeat=header_row,
        grey_tab=True,
        prose=False,
    )


def chart_data_sheet(context: Context, charts: Sequence[Chart]) -> tuple[Sheet, dict[str, Chart]]:
    """The figures behind the charts, and the charts with the rows their series stand in."""
    words = context.words
    page = Page(CHART_DATA_WIDTHS)
    page.head(
        context,
        title=words("sheet.chart_data"),
        findings=[words("chart_data.finding")],
        basis=[words("chart_data.basis")],
    )
    headers = [
        words(f"chart_data.{part}") for part in ("chart", "series", "category", "value", "sheet")
    ]
    header_row = page.header(headers, ["header_left"] * 3 + ["header_right", "header_left_in"])
    placed = {}
    for chart in charts:
        series = []
        link = replace(
            _cell(words("chart_data.link", sheet=chart.sheet), "link_small"),
            link=chart.sheet,
            tip=words("link.tip", sheet=chart.sheet),
        )
        for one in chart.series:
            series.append(replace(one, first_row=page.next_row))
            for category, value in zip(chart.categories, one.values, strict=True):
                cells = (
                    _cell(chart.name, "label"),
                    _cell(one.name, "label"),
                    _cell(category, "label"),
                    _cell(value, "number", chart.format),
                    link,
                )
                page.rows.append(SheetRow(_height(cells, CHART_DATA_WIDTHS), cells))
        placed[chart.name] = replace(chart, series=tuple(series))
    tables: tuple[TableArea, ...] = ()
    if placed:
        tables = (page.close_table("tbl_chart_data", header_row, headers),)
    sheet = Sheet(
        key="chart_data",
        name=words("sheet.chart_data"),
        widths=CHART_DATA_WIDTHS,
        rows=tuple(page.rows),
        tables=tables,
        last_row=len(page.rows),
        repeat=header_row,
        grey_tab=True,
        prose=False,
    )
    return sheet, placed


def _table_rows(
    context: Context, table: PublishedTable, columns: Sequence[str]
) -> Iterator[SheetRow]:
    """A line per row and column, of these columns of the table."""
    words = context.words
    places = [(column, table.columns.index(column)) for column in columns]
    for row in sorted_rows(table):
        for column, place in places:
            published = table.cell(row.code, column)
            compared = published.verdict is not Verdict.NONE
            yield _row(
                context,
                table.identity.number,
                context.label(row),
                words(f"data.kind.{row.kind}"),
                column,
                table.n[place],
                published,
                row,
                context.multiple(table, row, column) if compared else None,
            )
    if tells_unknown(table):
        for column, place in places:
            yield _row(
                context,
                table.identity.number,
                words("data.dont_know"),
                words("data.kind.dont_know"),
                column,
                table.n[place],
                table.dont_know[place],
            )


def _size_rows(context: Context) -> Iterator[SheetRow]:
    words = context.words
    for size in context.tables.sizes:
        flag = Flag.TOO_FEW if size.share is None else Flag.NONE
        yield _row(
            context,
            words("data.sizes"),
            context.name(size.profile),
            words("data.kind.size"),
            TOTAL,
            size.n,
            Published(size.share, size.low, size.high, flag=flag),
        )


def _row(
    context: Context,
    number: str,
    answer: str,
    kind: str,
    column: str,
    n: int | None,
    published: Published,
    measured: Row | None = None,
    times: str | None = None,
) -> SheetRow:
    """A line of the list; `measured`: the row it comes from, None for a plain share of people.

    `times`: how many times the figure of the Netherlands it is, written, where that is told.
    """
    words = context.words
    form = _FORMATS[unit_of(measured) if measured is not None else "share"]
    none = words("data.no_margin")
    if published.shown:
        value = _cell(_edge(published.value, measured), "number", form)
        margins = [
            _cell(none, "word") if edge is None else _cell(_edge(edge, measured), "number", form)
            for edge in (published.low, published.high)
        ]
    else:
        value = _cell(context.word(published), "word")
        margins = [_cell(none, "word")] * 2
    cells = (
        _cell(number, "label"),
        _cell(answer, "label"),
        _cell(kind, "label_small"),
        _cell(context.name(column), "label"),
        _cell(words("data.measured"), "label_small"),
        value,
        *margins,
        _cell(words("word.protected"), "word") if n is None else _cell(n, "number", COUNT),
        _cell(_remark(context, published, times), "text_in_grey"),
    )
    return SheetRow(_height(cells, DATA_WIDTHS), cells)


_FORMATS = {"share": TOTAL_SHARE, "points": TOTAL_POINTS, "number": TOTAL_MEAN}


def _edge(value: float | None, row: Row | None) -> float | None:
    points = row is not None and value is not None and unit_of(row) == "points"
    return float(round(value * 100)) if points and value is not None else value


def _remark(context: Context, published: Published, times: str | None) -> str:
    """In words what the sheets say with an arrow, 'circa' or brackets."""
    keys = {
        Flag.TOO_FEW: "data.few",
        Flag.NO_BASE: "data.few",
        Flag.PROTECTED: "data.protected",
        Flag.BELOW: "data.below",
    }
    if not published.shown:
        return context.words(keys.get(published.flag, "data.few"))
    parts = []
    if published.flag is Flag.INDICATIVE:
        parts.append(context.words("data.indicative"))
    if published.verdict is Verdict.HIGHER:
        parts.append(context.words("data.higher"))
    if published.verdict is Verdict.LOWER:
        parts.append(context.words("data.lower"))
    if times is not None:
        parts.append(context.words("data.times", times=times))
    return ", ".join(parts) or context.words("data.none")


@lru_cache(maxsize=16_384, typed=True)
def _cell(value: Scalar | None, role: str, form: str = "General") -> Cell:
    """A cell of a long list; equal ones are one object, since there are tens of thousands."""
    return Cell(value, Style(role, form, below="hair"))


def _height(cells: Sequence[Cell], widths: Sequence[float]) -> float:
    return max(
        BODY_HEIGHT,
        *(
            _text_height(c.value, c.style.role, width)
            for c, width in zip(cells, widths, strict=True)
            if isinstance(c.value, str)
        ),
    )


@lru_cache(maxsize=16_384)
def _text_height(text: str, role: str, width: float) -> float:
    if not ROLES[role].wrap:
        return 0.0
    return row_height(measured(text, role, width), ROLES[role].size)
