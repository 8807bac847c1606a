"""Writes the parts of an xlsx file: same contents, same bytes.

openpyxl makes every style, view, chart and relation; the rows, which are most of the work,
are written as text and put in their place. No cell is ever a formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.packaging.relationship import Relationship
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.dimensions import SheetDimension
from openpyxl.worksheet.related import Related
from openpyxl.worksheet.table import TablePartList
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.functions import Element, tostring

from flows.dossiers.content import Cell, Sheet, SheetRow, Style
from flows.dossiers.errors import DossierError

FIXED_DATE = (1980, 1, 1, 0, 0, 0)
LONGEST_TEXT = 32_767
_APP = (
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
    b'extended-properties"><Application>Microsoft Excel</Application>'
    b"<AppVersion>16.0300</AppVersion></Properties>"
)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_FORMULA_START = ("=", "+", "-", "@")

StyleId = Callable[[Style, bool], int]


class FixedZip(ZipFile):
    """A zip file whose entries carry a fixed date and no trace of the machine."""

    def writestr(
        self,
        zinfo_or_arcname: str | ZipInfo,
        data: Any,
        compress_type: int | None = None,
        compresslevel: int | None = None,
    ) -> None:
        """Writes a part; how it is compressed is not the caller's choice."""
        name = zinfo_or_arcname
        filename = name.filename if isinstance(name, ZipInfo) else name
        info = ZipInfo(filename, FIXED_DATE)
        info.compress_type = ZIP_DEFLATED
        info.create_system = 3
        info.external_attr = 0o600 << 16
        super().writestr(info, _APP if filename == "docProps/app.xml" else data)


class DescribedDrawing(SpreadsheetDrawing):  # type: ignore[misc]
    """A drawing whose charts have a name and an alt text, which openpyxl drops."""

    # a subclass does not inherit what openpyxl's metaclass derives from the class body
    tagname = SpreadsheetDrawing.tagname
    __elements__ = SpreadsheetDrawing.__elements__

    def __init__(self, names: list[tuple[str, str]]) -> None:
        super().__init__()
        self._names = names

    def _chart_frame(self, idx: int) -> Any:
        frame = super()._chart_frame(idx)
        properties = frame.nvGraphicFramePr.cNvPr
        # id 1 is the drawing itself in files Excel writes
        properties.id = idx + 1
        properties.name, properties.descr = self._names[idx - 1]
        return frame


class _RowsWriter(WorksheetWriter):  # type: ignore[misc]
    """Writes a sheet without its rows and internal links, with an empty element where each goes."""

    def __init__(self, ws: Any, last_cell: str, linked: bool) -> None:
        super().__init__(ws, BytesIO())
        self._last_cell, self._linked = last_cell, linked

    def write_dimensions(self) -> None:
        self.xf.send(SheetDimension(f"A1:{self._last_cell}").to_tree())

    def write_rows(self) -> None:
        self.xf.send(Element("sheetData"))

    def write_hyperlinks(self) -> None:
        if self._linked:
            self.xf.send(Element("hyperlinks"))

    def write_tables(self) -> None:
        """As openpyxl, but the column names are set already."""
        parts = TablePartList()
        for table in self.ws.tables.values():
            relation = _table_relation(table)
            self._rels.append(relation)
            table._rel_id = relation.Id
            parts.append(Related(id=relation.Id))
        if parts:
            self.xf.send(parts.to_tree())


class DossierWriter(ExcelWriter):  # type: ignore[misc]
    """Writes a workbook of which the rows come from `sheets`."""

    def __init__(self, workbook: Any, archive: ZipFile, sheets: dict[str, Sheet], ids: StyleId):
        super().__init__(workbook, archive)
        self._sheets, self._style_id = sheets, ids

    def _write_charts(self) -> None:
        """As openpyxl, which writes 0.56 as 0.5600000000000001: no figure is more exact here."""
        for chart in self._charts:
            tree = chart._write()
            for cache in tree.iter("numCache"):
                for value in cache.iter("v"):
                    value.text = format(float(value.text), ".10g")
            self._archive.writestr(chart.path[1:], tostring(tree))
            self.manifest.append(chart)

    def write_worksheet(self, ws: Any) -> None:
        sheet = self._sheets[ws.title]
        names = [(sheet.chart.name, clean(sheet.chart.alt))] if sheet.chart else []
        ws._drawing = DescribedDrawing(names)
        ws._drawing.charts = ws._charts
        links = links_xml(sheet)
        last = f"{get_column_letter(len(sheet.widths))}{len(sheet.rows)}"
        writer = _RowsWriter(ws, last, bool(links))
        writer.write()
        ws._rels = writer._rels
        xml = writer.read().decode("utf-8")
        for tag, content in (("sheetData", rows_xml(sheet, self._style_id)), ("hyperlinks", links)):
            xml = re.sub(
                rf"<{tag}\s*/>|<{tag}></{tag}>",
                lambda _, inner=f"<{tag}>{content}</{tag}>": inner,  # type: ignore[misc]
                xml,
                count=1,
            )
        self._archive.writestr(ws.path[1:], xml.encode("utf-8"))
        self.manifest.append(ws)


def rows_xml(sheet: Sheet, style_id: StyleId) -> str:
    """The rows of a sheet as XML. Raises `DossierError` for a number that is none."""
    letters = [get_column_letter(place) for place in range(1, len(sheet.widths) + 1)]
    return "".join(
        _row_xml(sheet, number, row, letters, style_id)
        for number, row in enumerate(sheet.rows, start=1)
    )


def _row_xml(
    sheet: Sheet, number: int, row: SheetRow, letters: list[str], style_id: StyleId
) -> str:
    cells = "".join(
        _cell_xml(sheet, f"{letter}{number}", cell, style_id)
        for letter, cell in zip(letters, row.cells, strict=False)
    )
    return f'<row r="{number}" ht="{row.height:g}" customHeight="1">{cells}</row>'


def _cell_xml(sheet: Sheet, place: str, cell: Cell, style_id: StyleId) -> str:
    value = cell.value
    if value is None:
        return f'<c r="{place}" s="{style_id(cell.style, False)}"/>'
    if isinstance(value, str):
        text = clean(value)
        if len(text) > LONGEST_TEXT:
            raise DossierError(
                f"a text on sheet {sheet.name!r}, cell {place}, has {len(text)} characters and "
                f"Excel holds at most {LONGEST_TEXT}; shorten it"
            )
        style = style_id(cell.style, text.startswith(_FORMULA_START))
        space = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t{space}>{escape(text)}</t></is></c>'
    if value != value or value in (float("inf"), float("-inf")):
        raise DossierError(
            f"cell {place} of sheet {sheet.name!r} would hold {value}, which is no number; "
            "this is a fault in the tables, not in the data"
        )
    return f'<c r="{place}" s="{style_id(cell.style, False)}"><v>{value:.10g}</v></c>'


def links_xml(sheet: Sheet) -> str:
    """The internal links of a sheet: by location, so no relation to an outside file."""
    parts = []
    for number, row in enumerate(sheet.rows, start=1):
        for place, cell in enumerate(row.cells, start=1):
            if cell.link is None:
                continue
            location = quoteattr(f"'{cell.link}'!A1")
            parts.append(
                f'<hyperlink ref="{get_column_letter(place)}{number}" location={location} '
                f"tooltip={quoteattr(clean(cell.tip))} "
                f"display={quoteattr(clean(str(cell.value)))}/>"
            )
    return "".join(parts)


def clean(text: str) -> str:
    """A text without control characters, and with no part that Excel would read as a code."""
    return _ESCAPED.sub("_x005F_", _CONTROL.sub("", text))


def _table_relation(table: Any) -> Any:
    return Relationship(Type=table._rel_type, Target="")
