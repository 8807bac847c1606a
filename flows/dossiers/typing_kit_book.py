"""A workbook with formulas, in the dress of the dossiers; the same contents give the same bytes.

Dossiers hold no formulas and have a writer of their own; a typing kit is all formulas. Texts
from definitions never become formulas here: only `formula` and `array` write one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.workbook.properties import CalcProperties
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.writer.excel import ExcelWriter

from flows.definitions.models import Language
from flows.dossiers.errors import DossierError
from flows.dossiers.layout import lines_needed, row_height
from flows.dossiers.package import FixedZip, clean
from flows.dossiers.theme import GREY, HAIRLINE, INK, ROLES, WHITE, Role
from flows.dossiers.workbook import LANGUAGE_TAGS

INPUT = Role(11, horizontal="left", fill=WHITE)
_FORMULA_START = ("=", "+", "-", "@")


def quoted(sheet: str) -> str:
    """A sheet's name as a formula writes it."""
    return "'" + sheet.replace("'", "''") + "'"


def spot(row: int, column: int, sheet: str = "") -> str:
    """The address of a cell, columns counted from 1."""
    address = f"${get_column_letter(column)}${row}"
    return f"{quoted(sheet)}!{address}" if sheet else address


def block(row: int, column: int, last_row: int, last_column: int, sheet: str = "") -> str:
    """The address of a block of cells."""
    first = f"${get_column_letter(column)}${row}"
    address = f"{first}:${get_column_letter(last_column)}${last_row}"
    return f"{quoted(sheet)}!{address}" if sheet else address


class KitSheet:
    """A sheet that is written cell by cell; rows and columns count from 1."""

    def __init__(self, ws: Any, widths: Sequence[float], *, grey: bool = False) -> None:
        self.ws = ws
        self.name: str = ws.title
        self.widths = tuple(widths)
        self._styles: dict[tuple[Role, str], Any] = {}
        for place, width in enumerate(widths, start=1):
            ws.column_dimensions[get_column_letter(place)].width = width
        ws.sheet_properties.tabColor = "FF" + (GREY if grey else INK)
        ws.sheet_view.showGridLines = False
        ws.sheet_view.zoomScale = 100

    def text(self, row: int, column: int, value: str, role: str = "line") -> None:
        """A text, which stays a text whatever it begins with."""
        cell = self.ws.cell(row, column)
        cell.value = clean(value)
        self._dress(cell, ROLES[role])
        if value.startswith(_FORMULA_START):
            cell.data_type = "s"
            cell.quotePrefix = True

    def link(self, row: int, column: int, sheet: str) -> None:
        """Make a text lead to another sheet of this workbook."""
        cell = self.ws.cell(row, column)
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"{quoted(sheet)}!A1")
        self._dress(cell, ROLES["link"])

    def number(
        self, row: int, column: int, value: float, role: str = "number", form: str = "General"
    ) -> None:
        """A number, kept to its last digit."""
        cell = self.ws.cell(row, column)
        cell.value = float(value)
        self._dress(cell, ROLES[role], form)

    def formula(
        self, row: int, column: int, body: str, role: str = "number", form: str = "General"
    ) -> None:
        """A formula, without its `=`."""
        cell = self.ws.cell(row, column)
        cell.value = "=" + body
        self._dress(cell, ROLES[role], form)

    def array(self, row: int, column: int, body: str) -> None:
        """A formula that computes with whole blocks and gives one number."""
        cell = self.ws.cell(row, column)
        cell.value = ArrayFormula(cell.coordinate, "=" + body)
        self._dress(cell, ROLES["number"])

    def entry(
        self, row: int, column: int, value: str | float | None = None, form: str = "General"
    ) -> None:
        """A cell to fill in: framed, and not locked."""
        cell = self.ws.cell(row, column)
        cell.value = value
        self._dress(cell, INPUT, form)

    def header(self, row: int, column: int, value: str, role: str = "header_left") -> None:
        """The header of a column."""
        self.text(row, column, value, role)
        self.ws.cell(row, column).border = Border(bottom=Side(style="medium", color="FF" + INK))

    def head(self, title: str, finding: str, basis: str, status: str) -> None:
        """The head that every sheet has: title, what it is for, what it rests on, status."""
        lines = (
            (title, "title", 30),
            (finding, "finding", 22),
            (basis, "basis", 16),
            (status, "status", 16),
        )
        for row, (value, role, height) in enumerate(lines, start=1):
            self.text(row, 1, value, role)
            self.height(row, height)
        thick = Border(top=Side(style="thick", color="FF" + INK))
        for column in range(1, len(self.widths) + 1):
            self.ws.cell(1, column).border = thick

    def rule(self, row: int, columns: int) -> None:
        """A hairline under a row."""
        for column in range(1, columns + 1):
            cell = self.ws.cell(row, column)
            cell.border = Border(bottom=Side(style="thin", color="FF" + HAIRLINE))

    def height(self, row: int, points: float) -> None:
        self.ws.row_dimensions[row].height = points

    def fit(self, row: int, texts: Sequence[tuple[int, str, str]], least: float = 20) -> None:
        """Make a row as high as its wrapped texts need: (column, text, role) each."""
        heights = [least]
        for column, value, name in texts:
            role = ROLES[name]
            width = self.widths[column - 1]
            count = lines_needed(value, role.size, role.face, width, role.indent)
            heights.append(row_height(count, role.size))
        self.height(row, max(heights))

    def choices(self, cells: str, source: str, title: str, message: str, *, strict: bool) -> None:
        """A drop-down list in these cells; `strict`: nothing else can be typed."""
        check = DataValidation(
            type="list", formula1=source, allow_blank=True, showErrorMessage=strict
        )
        check.errorTitle, check.error = title[:32], message[:255]
        check.sqref = cells
        self.ws.add_data_validation(check)

    def print_on_a4(
        self, last_row: int, footer: str, *, one_page: bool, repeat: int | None = None
    ) -> None:
        """Landscape, one page wide, as every dossier."""
        ws = self.ws
        ws.page_setup.orientation = "landscape"
        ws.page_setup.paperSize = 9
        ws.sheet_properties.pageSetUpPr.fitToPage = True
        ws.page_setup.fitToWidth = 1
        ws.page_setup.fitToHeight = 1 if one_page else 0
        margins = ws.page_margins
        margins.left = margins.right = margins.top = 0.5
        margins.bottom = 0.55
        margins.header = margins.footer = 0.25
        ws.oddFooter.right.text = footer
        ws.oddFooter.right.size = 9
        ws.print_area = f"A1:{get_column_letter(len(self.widths))}{last_row}"
        if repeat is not None:
            ws.print_title_rows = f"{repeat}:{repeat}"

    def lock(self) -> None:
        """Keep formulas from being overwritten by accident; there is no password."""
        self.ws.protection.sheet = True
        self.ws.protection.formatColumns = False
        self.ws.protection.formatRows = False

    def _dress(self, cell: Any, role: Role, form: str = "General") -> None:
        known = self._styles.get((role, form))
        if known is not None:  # making the same fonts anew takes most of the time of a kit
            cell._style = copy(known)
            return
        cell.number_format = form
        cell.font = Font(
            name="Calibri",
            sz=role.size,
            b=role.bold or None,
            u="single" if role.underline else None,
            color="FF" + role.colour,
        )
        if role.fill is not None and role.fill != WHITE:
            cell.fill = PatternFill("solid", fgColor="FF" + role.fill)
        cell.alignment = Alignment(
            horizontal=role.horizontal,
            vertical=role.vertical,
            wrap_text=role.wrap or None,
            indent=role.indent,
        )
        if role is INPUT:
            line = Side(style="thin", color="FF" + GREY)
            cell.border = Border(left=line, right=line, top=line, bottom=line)
            cell.protection = Protection(locked=False)
        self._styles[role, form] = copy(cell._style)


class _Writer(ExcelWriter):  # type: ignore[misc]
    """As openpyxl, but sheets too go through `writestr`: compressed, with a fixed date."""

    def write_worksheet(self, ws: Any) -> None:
        ws._drawing = SpreadsheetDrawing()
        writer = WorksheetWriter(ws, BytesIO())
        writer.write()
        ws._rels = writer._rels
        self._archive.writestr(ws.path[1:], writer.read())
        self.manifest.append(ws)


class KitBook:
    """The workbook of a typing kit."""

    def __init__(self, title: str, subject: str, creator: str, language: Language, day: date):
        self.language = language
        self._workbook = Workbook()
        self._workbook.remove(self._workbook.active)
        properties = self._workbook.properties
        properties.title, properties.subject = clean(title), clean(subject)
        properties.creator = clean(creator)
        properties.language = LANGUAGE_TAGS[language]
        properties.created = properties.modified = datetime(day.year, day.month, day.day)
        # a program that opens it computes: no values are kept beside the formulas
        self._workbook.calculation = CalcProperties(fullCalcOnLoad=True)

    def sheet(
        self, name: str, widths: Sequence[float], *, grey: bool = False, hidden: bool = False
    ) -> KitSheet:
        """A new sheet behind the others."""
        ws = self._workbook.create_sheet(name)
        if hidden:
            ws.sheet_state = "hidden"
        return KitSheet(ws, widths, grey=grey)

    def save(self, path: Path) -> Path:
        """Write the file whole: beside its place, then renamed.

        Raises `DossierError` when it cannot be written.
        """
        self._workbook.active = 0
        beside = path.with_name(path.name + ".part")
        try:
            with FixedZip(beside, "w") as archive:
                _Writer(self._workbook, archive).write_data()
            os.replace(beside, path)
        except OSError as error:
            raise DossierError(
                f"cannot write {path}: {error.strerror}; check that the folder may be written "
                "and that the file is not open in Excel"
            ) from error
        finally:
            beside.unlink(missing_ok=True)
        return path
