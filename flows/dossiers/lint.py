"""Checks a written workbook: what makes it correct, safe, accessible and readable.

Works on the bytes of the file, so that nothing a library does on reading hides a fault.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flows.definitions.models import Language
from flows.dossiers.content import DossierContent
from flows.dossiers.layout import (
    HEAD_FILL,
    Face,
    cell_room,
    column_pixels,
    fits,
    lines_needed,
    number_room,
    row_height,
)
from flows.dossiers.lint_charts import chart_faults
from flows.dossiers.lint_reading import (
    MAIN,
    ReadBook,
    ReadCell,
    ReadSheet,
    area,
    read_book,
    tag,
)
from flows.dossiers.texts import words
from flows.dossiers.theme import displayed
from flows.dossiers.workbook import LANGUAGE_TAGS

NARROWEST, WIDEST = 980, 1200
LARGE_TEXT, LARGE_BOLD = 18.0, 14.0

_CLIENT_WORDS_NL = re.compile(
    r"ongewogen|n_eff|effectie[fv]|versus|\btop[- ]?2\b|\bnetto\b|onderdrukt|"
    r"lage betrouwbaarheid|interval|\bindex\b|significant|p-waarde|%-punt|\bca\.|"
    r"\bn ?= ?\d|steekproeffout|standaardafwijking",
    re.IGNORECASE,
)
"""Our own jargon, which clients read in other words (design section 3)."""
_NEVER = re.compile(
    r"representati(?:ef|eve|ve|viteit|veness)\b|betrouwba(?:ar|re)(?:heid)?|\breliab(?:le|ility)\b",
    re.IGNORECASE,
)
"""What no dossier claims, in any words."""


@dataclass(frozen=True)
class Expected:
    """What the lint must know of a workbook besides its bytes."""

    language: Language
    quoted: frozenset[str] = frozenset()
    prose: frozenset[str] | None = None
    simulated: bool = False
    concept: bool = False


def lint(path: Path, content: DossierContent) -> list[str]:
    """Every fault of a dossier written from `content`; empty when it may be published."""
    return lint_file(
        path,
        Expected(
            language=content.language,
            quoted=content.quoted,
            prose=frozenset(sheet.name for sheet in content.sheets if sheet.prose),
            simulated=content.simulated,
            concept=content.concept,
        ),
    )


def lint_file(path: Path, expected: Expected) -> list[str]:
    """Every fault of a workbook; `prose` None means that all sheets are read for wording."""
    book = read_book(path)
    faults = [*_book_faults(book, expected)]
    names: set[str] = set()
    for sheet in book.sheets:
        where = f"sheet {sheet.name!r}"
        for rule in _SHEET_RULES:
            faults += [f"{where}: {fault}" for fault in rule(book, sheet, expected)]
        faults += [f"{where}: {fault}" for fault in _table_faults(sheet, names, expected)]
        faults += [f"{where}: {fault}" for fault in chart_faults(book, sheet)]
    return faults


@cache
def contrast(first: str, second: str) -> float:
    """Contrast of two colours RRGGBB by WCAG 2.1."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _book_faults(book: ReadBook, expected: Expected) -> Iterator[str]:
    names = [sheet.name for sheet in book.sheets]
    if len({name.lower() for name in names}) != len(names):
        yield "two sheets have the same name"
    for name in names:
        if len(name) > 31 or re.search(r"[\[\]:*?/\\]", name):
            yield f"sheet name {name!r} is not allowed in Excel"
    for sheet in book.workbook.iter(tag(MAIN, "sheet")):
        if sheet.get("state", "visible") != "visible":
            yield f"sheet {sheet.get('name')!r} is hidden"
    view = next(book.workbook.iter(tag(MAIN, "workbookView")), None)
    if view is None or view.get("activeTab", "0") != "0":
        yield "the first sheet is not the active one"
    if any("externalLink" in name or "vbaProject" in name for name in book.names):
        yield "the file links to other files or holds a program"
    if len(book.dates) != 1:
        yield "the parts of the file carry dates of their making"
    if "openpyxl" in book.app.lower():
        yield "the properties name the library that wrote the file"
    properties = {element.tag.rpartition("}")[2]: element.text for element in book.core}
    if properties.get("language") != LANGUAGE_TAGS[expected.language]:
        yield f"the document language is {properties.get('language')!r}"
    if not properties.get("title"):
        yield "the document has no title"


def _view_faults(book: ReadBook, sheet: ReadSheet, _: Expected) -> Iterator[str]:
    if next(sheet.root.iter(tag(MAIN, "mergeCell")), None) is not None:
        yield "has merged cells"
    for selection in sheet.root.iter(tag(MAIN, "selection")):
        if selection.get("activeCell", "A1") != "A1":
            yield f"cell {selection.get('activeCell')} is active instead of A1"
    view = next(sheet.root.iter(tag(MAIN, "sheetView")), None)
    if view is not None and view.get("showGridLines") != "0":
        yield "shows gridlines"
    if sheet.external:
        yield f"links outside the file: {sheet.external[0]}"
    known = {other.name for other in book.sheets}
    for link in sheet.root.iter(tag(MAIN, "hyperlink")):
        target = (link.get("location") or "").rpartition("!")[0].strip("'")
        if target not in known:
            yield f"the link in {link.get('ref')} leads to no sheet ({target!r})"
    total = sum(column_pixels(width) for width in sheet.widths.values())
    if not NARROWEST <= total <= WIDEST:
        yield f"is {total} pixels wide; between {NARROWEST} and {WIDEST} prints well"
    if any(row.get("hidden") for row in sheet.root.iter(tag(MAIN, "row"), tag(MAIN, "col"))):
        yield "has hidden rows or columns"


def _cell_faults(book: ReadBook, sheet: ReadSheet, _: Expected) -> Iterator[str]:
    for (row, column), cell in sheet.cells.items():
        where = f"row {row}, column {column}"
        style = book.styles[cell.style]
        if cell.formula:
            yield f"{where} holds a formula"
        if cell.number is not None and not _is_number(cell.number):
            yield f"{where} holds {cell.number!r}, which is no number"
        if cell.text is None and cell.number is None:
            continue
        if style.font != "Calibri":
            yield f"{where} is set in {style.font}"
        if style.indent and style.horizontal is None:
            yield f"{where} has an indent without an alignment, which does nothing"
        large = style.size >= LARGE_TEXT or (style.bold and style.size >= LARGE_BOLD)
        ratio = contrast(style.colour, style.fill or "FFFFFF")
        if ratio < (3.0 if large else 4.5):
            yield f"{where} has a contrast of {ratio:.1f}"


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _width_faults(book: ReadBook, sheet: ReadSheet, _: Expected) -> Iterator[str]:
    last = max(sheet.widths, default=1)
    links = {area(link.get("ref", "A1"))[:2] for link in sheet.root.iter(tag(MAIN, "hyperlink"))}
    for (row, column), cell in sheet.cells.items():
        style = book.styles[cell.style]
        face: Face = "bold" if style.bold else "regular"
        width = sheet.widths.get(column, 8.43)
        if cell.number is not None and _is_number(cell.number):
            shown = displayed(float(cell.number), style.format)
            if not fits(shown, style.size, face, number_room(width)):
                yield f"the number {shown} in row {row}, column {column} shows as ####"
        if cell.text is None:
            continue
        if (
            style.wrap
            and (row, column) in links
            and not fits(cell.text, style.size, face, cell_room(width, style.indent) + 4)
        ):
            # LibreOffice does not wrap a link
            yield f"the link in row {row}, column {column} is cut off: {cell.text[:60]!r}"
        if style.wrap:
            lines = lines_needed(cell.text, style.size, face, width, style.indent)
            if sheet.heights.get(row, 15.0) + 0.5 < row_height(lines, style.size):
                yield f"row {row} is too low for the {lines} lines in column {column}"
            continue
        if _alone(sheet, cell, last):
            room = (
                sum(column_pixels(sheet.widths[place]) for place in range(column, last + 1))
                * HEAD_FILL
                - 9 * style.indent
            )
        else:
            room = cell_room(width, style.indent) + 4
        if not fits(cell.text, style.size, face, room):
            yield f"the text in row {row}, column {column} is cut off: {cell.text[:60]!r}"


def _alone(sheet: ReadSheet, cell: ReadCell, last: int) -> bool:
    """Whether a text may run over the empty cells to its right."""
    for place in range(cell.column + 1, last + 1):
        other = sheet.cells.get((cell.row, place))
        if other is not None and (other.text is not None or other.number is not None):
            return False
    return True


def _wording_faults(_: ReadBook, sheet: ReadSheet, expected: Expected) -> Iterator[str]:
    prose = expected.prose is None or sheet.name in expected.prose
    for (row, _column), cell in sheet.cells.items():
        if cell.text is None:
            continue
        patterns = [_NEVER]
        if prose and expected.language == "nl":
            patterns.append(_CLIENT_WORDS_NL)
        for pattern in patterns:
            for match in pattern.finditer(cell.text):
                if not _is_quoted(match[0], cell.text, expected.quoted):
                    yield f"row {row} says {match[0]!r}, which a client should not read"
    texts = {cell.text for cell in sheet.cells.values() if cell.text}
    wording = words(expected.language)
    for needed, wanted in (
        (expected.simulated, "status.simulated"),
        (expected.concept, "status.concept"),
    ):
        if needed and not any(wording(wanted) in text for text in texts):
            yield f"does not say {wording(wanted)!r}"


def _is_quoted(word: str, text: str, quoted: frozenset[str]) -> bool:
    """Whether a word stands in a text of the survey itself, whole or cut."""
    return any(word in quote and (quote in text or quote[:12] in text) for quote in quoted)


def _table_faults(sheet: ReadSheet, names: set[str], expected: Expected) -> Iterator[str]:
    may_be_empty = words(expected.language)("sheet.chart_data")
    for table in sheet.tables:
        name = table.get("displayName", "")
        if name.lower() in names:
            yield f"table name {name!r} is used twice"
        names.add(name.lower())
        if re.fullmatch(r"[A-Za-z]{1,3}\d+", name):
            yield f"table name {name!r} reads as a cell"
        if table.find(tag(MAIN, "autoFilter")) is not None:
            yield f"table {name!r} has filter buttons"
        top, left, bottom, right = area(table.get("ref", "A1"))
        if left != 1:
            yield f"table {name!r} does not start in column A"
        if bottom <= top:
            yield f"table {name!r} has no rows"
        headers = [column.get("name") for column in table.iter(tag(MAIN, "tableColumn"))]
        if len(set(headers)) != len(headers) or not all(headers):
            yield f"table {name!r} has an empty or double header"
        shown = [_text(sheet, top, place) for place in range(left, right + 1)]
        if shown != headers:
            yield f"the header cells of table {name!r} are not its column names"
        for row in range(top + 1, bottom + 1):
            for place in range(left, right + 1):
                cell = sheet.cells.get((row, place))
                empty = cell is None or (cell.text in (None, "") and cell.number is None)
                if empty and sheet.name != may_be_empty:
                    yield f"row {row}, column {place} of table {name!r} is empty"


def _text(sheet: ReadSheet, row: int, column: int) -> str | None:
    cell = sheet.cells.get((row, column))
    return None if cell is None else cell.text


_SHEET_RULES: tuple[Callable[[ReadBook, ReadSheet, Expected], Iterator[str]], ...] = (
    _view_faults,
    _cell_faults,
    _width_faults,
    _wording_faults,
)
