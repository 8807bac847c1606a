"""Writes a dossier's contents to an xlsx file."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.styles.numbers import BUILTIN_FORMATS_MAX_SIZE, BUILTIN_FORMATS_REVERSE
from openpyxl.utils import get_column_letter
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.table import Table, TableColumn

from flows.dossiers.chart_xml import native_chart
from flows.dossiers.content import DossierContent, Edge, Sheet, Style
from flows.dossiers.errors import DossierError
from flows.dossiers.package import DossierWriter, FixedZip, clean
from flows.dossiers.texts import words
from flows.dossiers.theme import GREY, HAIRLINE, INK, ROLES

LANGUAGE_TAGS = {"nl": "nl-NL", "en": "en-GB"}
_EDGES: dict[Edge, tuple[str, str]] = {
    "hair": ("thin", HAIRLINE),
    "grey": ("thin", GREY),
    "ink": ("thin", INK),
    "ink_medium": ("medium", INK),
    "ink_thick": ("thick", INK),
}


def write_workbook(content: DossierContent, path: Path) -> None:
    """Writes the workbook; the same contents give the same bytes.

    Written beside its place and renamed, so that a crash leaves no half file. Raises
    `DossierError` for a number that is none, or a folder that cannot be written.
    """
    workbook = _empty(content)
    styles = StyleBook(workbook)
    by_name = {sheet.name: sheet for sheet in content.sheets}
    data_sheet = next((sheet.name for sheet in content.sheets if sheet.key == "chart_data"), "")
    for sheet in content.sheets:
        _lay_out(workbook.create_sheet(sheet.name), sheet, content, data_sheet)
    workbook.active = 0
    beside = path.with_name(path.name + ".part")
    try:
        with FixedZip(beside, "w") as archive:
            DossierWriter(workbook, archive, by_name, styles.number).write_data()
        os.replace(beside, path)
    except OSError as error:
        raise DossierError(
            f"cannot write {path}: {error.strerror}; check that the folder exists and may be "
            "written, and that the file is not open in Excel"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


class StyleBook:
    """The styles of a workbook; each is made once and then known by its number."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._numbers: dict[tuple[Style, bool], int] = {}

    def number(self, style: Style, quoted: bool) -> int:
        """The number of a style; `quoted` for a text that a formula could be read in."""
        key = (style, quoted)
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = self._make(style, quoted)
        return known

    def _make(self, style: Style, quoted: bool) -> int:
        book, role = self._workbook, ROLES[style.role]
        array = StyleArray()
        array.fontId = book._fonts.add(
            Font(
                name="Calibri",
                sz=role.size,
                b=role.bold or None,
                u="single" if role.underline else None,
                color="FF" + role.colour,
            )
        )
        if role.fill is not None:
            array.fillId = book._fills.add(PatternFill("solid", fgColor="FF" + role.fill))
        array.borderId = book._borders.add(
            Border(top=_side(style.above), bottom=_side(style.below))
        )
        array.alignmentId = book._alignments.add(
            Alignment(
                horizontal=role.horizontal,
                vertical=role.vertical,
                wrap_text=role.wrap or None,
                indent=role.indent,
            )
        )
        array.numFmtId = self._format(style.format)
        array.quotePrefix = int(quoted)
        return int(book._cell_styles.add(array))

    def _format(self, code: str) -> int:
        if code in BUILTIN_FORMATS_REVERSE:
            return int(BUILTIN_FORMATS_REVERSE[code])
        place: int = self._workbook._number_formats.add(code)
        return place + int(BUILTIN_FORMATS_MAX_SIZE)


def _side(edge: Edge) -> Side | None:
    if not edge:
        return None
    line, colour = _EDGES[edge]
    return Side(style=line, color="FF" + colour)


def _empty(content: DossierContent) -> Any:
    workbook = Workbook()
    workbook.remove(workbook.active)
    moment = datetime.fromisoformat(content.day)
    properties = workbook.properties
    properties.title = clean(content.title)
    properties.subject = clean(content.subject)
    properties.creator = clean(content.creator)
    properties.language = LANGUAGE_TAGS[content.language]
    properties.created = properties.modified = moment
    # no recalculation on opening: there are no formulas, and Excel would ask to save
    workbook.calculation = CalcProperties(fullCalcOnLoad=False)
    return workbook


def _lay_out(ws: Any, sheet: Sheet, content: DossierContent, data_sheet: str) -> None:
    for place, width in enumerate(sheet.widths, start=1):
        ws.column_dimensions[get_column_letter(place)].width = width
    ws.sheet_properties.tabColor = "FF" + (GREY if sheet.grey_tab else INK)
    view = ws.sheet_view
    view.showGridLines = False
    view.zoomScale = 100
    view.tabSelected = sheet is content.sheets[0]
    _print_setup(ws, sheet, words(content.language)("footer"))
    for area in sheet.tables:
        columns = [
            TableColumn(id=place, name=clean(name))
            for place, name in enumerate(area.columns, start=1)
        ]
        last = get_column_letter(len(columns))
        ws._tables.add(
            Table(
                displayName=area.name,
                name=area.name,
                ref=f"A{area.first_row}:{last}{area.last_row}",
                headerRowCount=1,
                tableColumns=columns,
            )
        )
    if sheet.chart is not None:
        ws.add_chart(native_chart(sheet.chart, data_sheet, content.language))


def _print_setup(ws: Any, sheet: Sheet, footer: str) -> None:
    ws.page_setup.orientation = "landscape"
    ws.page_setup.paperSize = 9
    ws.sheet_properties.pageSetUpPr.fitToPage = True
    ws.page_setup.fitToWidth = 1
    ws.page_setup.fitToHeight = 1 if sheet.one_page else 0
    margins = ws.page_margins
    margins.left = margins.right = margins.top = 0.5
    margins.bottom = 0.55
    margins.header = margins.footer = 0.25
    ws.oddFooter.right.text = footer
    ws.oddFooter.right.size = 9
    ws.print_area = f"A1:{get_column_letter(len(sheet.widths))}{sheet.last_row}"
    if sheet.repeat is not None:
        ws.print_title_rows = f"{sheet.repeat}:{sheet.repeat}"
        ws.freeze_panes = f"A{sheet.repeat + 1}"
    if sheet.break_before is not None:
        ws.row_breaks.append(Break(id=sheet.break_before - 1))
