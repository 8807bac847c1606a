"""Looks in workbooks for traces of hidden numbers: cells, dress, charts, sentences, names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from flows.crosstabs.audit.leaks import Leak
from flows.crosstabs.audit.published import (
    DONT_KNOW,
    BookRow,
    BookTable,
    PublishedFile,
    cell_name,
)
from flows.dossiers.audit_prose import NUMBER, PERCENT, Sentences, value_of
from flows.dossiers.audit_reading import AuditBook, AuditSheet, ChartSeries, Look, SheetCell
from flows.dossiers.texts import words

_CLOSE = 1e-9
_LANGUAGES = ("nl", "en")

Place = tuple[int, int]

_BARE = Look("General", False, False)


def _words(key: str) -> frozenset[str]:
    return frozenset(words(language)(key) for language in _LANGUAGES)  # type: ignore[arg-type]


_N, _UNSURE = _words("table.n"), _words("table.dont_know") | _words("data.dont_know")
_KINDS = {
    text: kind
    for kind in ("answer", "net", "mean", "score", "median", "sd", "effect", DONT_KNOW)
    for text in _words(f"data.kind.{kind}")
}
_POINTS = ("score", "effect")
_HEADS = {
    text: key
    for key in ("table", "answer", "kind", "group", "value", "low", "high", "n")
    for text in _words(f"data.{key}")
}
_CHART_HEADS = {
    text: key
    for key in ("chart", "series", "category", "value")
    for text in _words(f"chart_data.{key}")
}


@dataclass
class Traces:
    """What one workbook shows beside its own edition's tidy table.

    `n`: numbers of participants it prints, by table and column.
    """

    file: PublishedFile
    name: str
    book: AuditBook
    n: dict[tuple[str, str], int] = field(default_factory=dict)

    # ---------------------------------------------------------------------------- labels

    @cached_property
    def prose(self) -> Sentences:
        return Sentences(self.file, self.name)

    def _rows(self, table: BookTable, text: str) -> list[BookRow]:
        if text in _UNSURE:
            return [row for row in table.rows if row.kind == DONT_KNOW]
        return [row for row in table.rows if text.strip() in _trimmed(row.label.values())]

    def _table(self, text: str) -> BookTable | None:
        """The table whose number is this text, or its first word."""
        first = text.strip().split(" ")[0].rstrip(".") if text.strip() else ""
        return self.file.tables.get(text.strip()) or self.file.tables.get(first)

    # --------------------------------------------------------------------------- reading

    def leaks(self) -> Iterator[Leak]:
        """Everything in the workbook that tables.csv does not show."""
        for sheet in self.book.sheets:
            yield from self._unseen(sheet)
            table = self._table(sheet.name)
            if table is not None:
                yield from self._table_sheet(sheet, table)
                continue
            items = self._items(sheet.name)
            if items:
                yield from self._overview(sheet, items)
                continue
            heads = _header(sheet, _HEADS, 5)
            if heads is not None:
                yield from self._data_sheet(sheet, *heads)
                continue
            heads = _header(sheet, _CHART_HEADS, 4)
            if heads is not None:
                yield from self._chart_sheet(sheet, *heads)
                continue
            yield from self._prose_sheet(sheet)
        for name, meaning in self.book.names.items():
            if "!" not in meaning and NUMBER.search(meaning):
                yield self._left(f"defined name {name}", f"stands for {meaning}")
        for text in self.book.properties:
            if PERCENT.search(text):
                yield self._left("document property", f"says '{text}'")

    def _left(self, where: str, told: str) -> Leak:
        return Leak(self.name, "left", where, told)

    def _unseen(self, sheet: AuditSheet) -> Iterator[Leak]:
        """Numbers that are there but not seen, and comments."""
        for comment in sheet.comments:
            if NUMBER.search(comment):
                yield self._left(f"sheet {sheet.name}", f"a comment says '{comment.strip()}'")
        for (row, column), cell in sheet.cells.items():
            if cell.number is None:
                continue
            if sheet.out_of_sight or row in sheet.hidden_rows or column in sheet.hidden_columns:
                what = "sheet" if sheet.out_of_sight else "row or column"
                told = f"a hidden {what} holds the number {cell.number:g}"
                yield self._left(f"sheet {sheet.name}, cell {_place(row, column)}", told)

    # ---------------------------------------------------------------------- table sheets

    def _table_sheet(self, sheet: AuditSheet, table: BookTable) -> Iterator[Leak]:
        body = self._body(sheet, table)
        taken: set[Place] = set()
        for row, column, rows, code in body:
            taken.add((row, column))
            cell = sheet.cells[row, column]
            if rows is None:
                self._count(table, code, cell)
                continue
            where = f"sheet {sheet.name}, cell {_place(row, column)}"
            yield from self._cell(where, table, rows, code, cell)
        for place, cell in sheet.cells.items():
            if place in taken or cell.number is None or not body:
                continue
            if self.file.hidden(table):
                told = f"the number {cell.number:g} belongs to no cell of the table"
                yield self._left(f"sheet {sheet.name}, cell {_place(*place)}", told)
        yield from self._charts(sheet, table)
        for text in (
            *(c.text for place, c in sheet.cells.items() if place not in taken and c.text),
            *sheet.told,
            *sheet.comments,
        ):
            yield from self.prose.faults(f"sheet {sheet.name}", text, [table])

    def _body(
        self, sheet: AuditSheet, table: BookTable
    ) -> list[tuple[int, int, list[BookRow] | None, str]]:
        """Cells of the table on its sheet: place, candidate rows (None: the n), column."""
        best: tuple[int, dict[int, str]] = (0, {})
        lines: dict[int, dict[int, SheetCell]] = {}
        for (row, column), cell in sheet.cells.items():
            lines.setdefault(row, {})[column] = cell
        for row, cells in sorted(lines.items()):
            named = {
                column: code
                for column, cell in cells.items()
                if cell.text and (code := self.prose.column(cell.text)) in table.columns
            }
            if len(named) > len(best[1]):
                best = (row, {c: str(code) for c, code in named.items()})
        head, columns = best
        found = []
        for row, cells in sorted(lines.items()):
            if row <= head or not columns:
                continue
            label = next((c.text for _, c in sorted(cells.items()) if c.text), "") or ""
            if label in _N:
                rows: list[BookRow] | None = None
            else:
                rows = self._rows(table, label)
                if not rows:
                    continue
            found += [
                (row, column, rows, code) for column, code in columns.items() if column in cells
            ]
        return found

    def _items(self, text: str) -> list[BookTable]:
        """The tables of the items of the grid whose number is this text, or its first word."""
        first = text.strip().split(" ")[0]
        return [
            table
            for table in self.file.tables.values()
            if table.item is not None and table.question in (text.strip(), first)
        ]

    def _overview(self, sheet: AuditSheet, items: list[BookTable]) -> Iterator[Leak]:
        """A sheet with the headlines of all items of a grid: each number is one of its item."""
        for item in items:
            head = item.named(item.headline) if item.headline else None
            head = head or next((row for row in item.rows if row.kind == "mean"), None)
            if head is None:
                continue
            labels = dict(enumerate(item.texts))
            row = replace(head, label={str(i): text for i, text in labels.items()})
            for line, column, rows, code in self._body(sheet, replace(item, rows=(row,))):
                if rows:
                    where = f"sheet {sheet.name}, cell {_place(line, column)}"
                    yield from self._cell(where, item, [head], code, sheet.cells[line, column])
        for text in (*(c.text for c in sheet.cells.values() if c.text), *sheet.told):
            yield from self.prose.faults(f"sheet {sheet.name}", text, items)

    def _count(self, table: BookTable, column: str, cell: SheetCell) -> None:
        if cell.number is not None:
            self.n.setdefault((table.number, column), int(cell.number))

    def _cell(
        self, where: str, table: BookTable, rows: list[BookRow], column: str, cell: SheetCell
    ) -> Iterator[Leak]:
        """One cell of a table against the tidy table. `rows`: those that bear its label."""
        figures = [self.file.figure(table.number, row.key, column) for row in rows]
        shown = [f for f in figures if f is not None and f.shown]
        name = cell_name(self.file, table.number, rows[0], column)
        if cell.number is not None:
            # A sheet tells the difference of two shares in points.
            known = [
                f.value * (100 if row.kind in _POINTS else 1)
                for row, f in zip(rows, figures, strict=True)
                if f is not None and f.shown and f.value is not None
            ]
            if any(abs(value - cell.number) < _CLOSE for value in known):
                return
            if not shown:
                yield self._left(name, f"hidden, but {where} holds {cell.number:g}")
            else:
                yield self._left(name, f"{where} holds {cell.number:g}, tables.csv does not")
            return
        values = [f for f in shown if f.value is not None]
        if values or (shown and len(shown) == len(rows) and not cell.text):
            return
        bounds = [round((f.high or 0) * 100) for f in shown]
        said = [value_of(m) for m in PERCENT.findall(cell.text or "")]
        if any(one not in bounds for one in said):
            yield self._left(name, f"hidden, but {where} says '{cell.text}'")
        if not cell.text and not shown and cell.look.format == "General":
            return
        dress = [
            word
            for word, there in (
                (f"the number format {cell.look.format}", _dressed(cell)),
                ("a fill", cell.look.filled),
                ("bold type", cell.look.bold),
            )
            if there
        ]
        if dress:
            yield self._left(name, f"hidden, but {where} still has {' and '.join(dress)}")

    # ---------------------------------------------------------------- charts and long lists

    def _charts(self, sheet: AuditSheet, table: BookTable) -> Iterator[Leak]:
        for chart in sheet.charts:
            for series in chart:
                for place, value in series.values.items():
                    category = series.categories.get(place, "")
                    where = f"the chart on sheet {sheet.name}"
                    yield from self._point(where, table, series, category, value)

    def _point(
        self, where: str, table: BookTable, series: ChartSeries, category: str, value: float
    ) -> Iterator[Leak]:
        pairs = [
            (self._rows(table, row), self.prose.column(column))
            for row, column in ((series.name, category), (category, series.name))
        ]
        for rows, column in pairs:
            if rows and column in table.columns:
                cell = SheetCell(None, value, _BARE)
                yield from self._cell(where, table, rows, str(column), cell)
                return
        column = self.prose.column(category) or self.prose.column(series.name)
        if value not in self.prose.shown([table], column):
            told = f"{where} draws {value:g}, which tables.csv does not show"
            yield self._left(f"table {table.number}, '{category}'", told)

    def _data_sheet(self, sheet: AuditSheet, head: int, places: dict[str, int]) -> Iterator[Leak]:
        for row in sorted({row for row, _ in sheet.cells if row > head}):

            def cell(key: str, row: int = row) -> SheetCell:
                return sheet.cells.get((row, places.get(key, 0)), SheetCell(None, None, _BARE))

            table = self.file.tables.get((cell("table").text or "").strip())
            column = self.prose.column(cell("group").text or "")
            if table is None or column is None:
                continue
            kind = _KINDS.get((cell("kind").text or "").strip())
            rows = [
                one
                for one in self._rows(table, cell("answer").text or "")
                if kind is None or one.kind == kind
            ]
            if not rows:
                continue
            self._count(table, column, cell("n"))
            where = f"row {row} of sheet {sheet.name}"
            yield from self._cell(where, table, rows, column, cell("value"))
            figures = [self.file.figure(table.number, one.key, column) for one in rows]
            if any(figure is not None and figure.value is not None for figure in figures):
                continue
            for key in ("low", "high"):
                if cell(key).number is not None:
                    name = cell_name(self.file, table.number, rows[0], column)
                    yield self._left(name, f"hidden, but {where} has its margin {cell(key).number}")

    def _chart_sheet(self, sheet: AuditSheet, head: int, places: dict[str, int]) -> Iterator[Leak]:
        for row in sorted({row for row, _ in sheet.cells if row > head}):
            texts = {
                key: found.text or ""
                for key, place in places.items()
                if (found := sheet.cells.get((row, place))) is not None
            }
            value = sheet.cells.get((row, places["value"]))
            table = self._table(texts.get("chart", "").split(" ")[-1])
            if table is None or value is None or value.number is None:
                continue
            series = ChartSeries(texts.get("series", ""), {}, {})
            where = f"row {row} of sheet {sheet.name}"
            yield from self._point(where, table, series, texts.get("category", ""), value.number)

    # ----------------------------------------------------------------------------- prose

    def _prose_sheet(self, sheet: AuditSheet) -> Iterator[Leak]:
        """Sheets that tell: the tables a cell speaks of stand in it, its row or its header."""
        heads = {
            column: tables
            for (_, column), cell in sheet.cells.items()
            if cell.text and (tables := self.prose.mentioned(cell.text, brackets=True))
        }
        for (row, column), cell in sheet.cells.items():
            beside = sheet.cells.get((row, 2)) if column > 2 else None
            label = sheet.cells.get((row, 1))
            group = self.prose.column(label.text or "") if label is not None else None
            tables = heads.get(column, [])
            first = self._table(beside.text) if beside is not None and beside.text else None
            if first is not None:
                tables = [first]
            where = f"sheet {sheet.name}, cell {_place(row, column)}"
            if cell.number is not None and tables and group is not None:
                if cell.number not in self.prose.shown(tables, group):
                    told = f"{where} holds {cell.number:g}, which tables.csv does not show"
                    yield self._left(f"table {tables[0].number}, column {group}", told)
            elif cell.text:
                spoken = self.prose.mentioned(cell.text) or tables
                if not spoken and (group or self.prose.named_before(cell.text)):
                    spoken = list(self.file.tables.values())
                yield from self.prose.faults(where, cell.text, spoken, group)


def _header(
    sheet: AuditSheet, heads: Mapping[str, str], least: int
) -> tuple[int, dict[str, int]] | None:
    """The row that holds these headers, and in which column each stands."""
    rows: dict[int, dict[str, int]] = {}
    for (row, column), cell in sheet.cells.items():
        if cell.text and cell.text.strip() in heads:
            rows.setdefault(row, {}).setdefault(heads[cell.text.strip()], column)
    best = max(rows, key=lambda row: len(rows[row]), default=0)
    return (best, rows[best]) if best and len(rows[best]) >= least else None


def _dressed(cell: SheetCell) -> bool:
    """Whether a number format tells what the number was like."""
    return any(sign in cell.look.format for sign in ("▲", "▼", "circa", "about"))


def _trimmed(texts: Iterable[str]) -> set[str]:
    return {text.strip() for text in texts}


def _place(row: int, column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row}"
