"""Reads a written workbook part by part, without openpyxl: the lint must see the file itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

from lxml import etree

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
CHART = "http://schemas.openxmlformats.org/drawingml/2006/chart"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing"
Element = Any
"""An element of lxml, which has no types here."""


class ReadCell(NamedTuple):
    """A cell as stored: text, number as written, or nothing."""

    row: int
    column: int
    text: str | None
    number: str | None
    style: int
    formula: bool


@dataclass(frozen=True)
class ReadStyle:
    """What the lint needs of a cell's style. Colours as RRGGBB; size in points."""

    font: str
    size: float
    bold: bool
    colour: str
    fill: str | None
    wrap: bool
    indent: int
    horizontal: str | None
    format: str


@dataclass
class ReadSheet:
    """One sheet: its cells by (row, column), row heights, widths, tables, charts, links."""

    name: str
    root: Element
    cells: dict[tuple[int, int], ReadCell] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    widths: dict[int, float] = field(default_factory=dict)
    tables: list[Element] = field(default_factory=list)
    charts: list[Element] = field(default_factory=list)
    drawings: list[Element] = field(default_factory=list)
    external: list[str] = field(default_factory=list)


@dataclass
class ReadBook:
    """A whole file."""

    names: list[str]
    dates: set[tuple[int, ...]]
    workbook: Element
    core: Element
    app: str
    styles: list[ReadStyle]
    sheets: list[ReadSheet]

    def sheet(self, name: str) -> ReadSheet | None:
        return next((sheet for sheet in self.sheets if sheet.name == name), None)


_INLINE, _VALUE, _FORMULA = (f"{{{MAIN}}}{name}" for name in ("is", "v", "f"))


def tag(space: str, name: str) -> str:
    """A qualified name."""
    return f"{{{space}}}{name}"


def read_book(path: Path) -> ReadBook:
    """Reads every part of a workbook."""
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
        dates: set[tuple[int, ...]] = {info.date_time for info in archive.infolist()}
    workbook = etree.fromstring(parts["xl/workbook.xml"])
    targets = _relations(parts, "xl/workbook.xml")
    sheets = []
    for entry in workbook.iter(tag(MAIN, "sheet")):
        target = targets[entry.get(tag(RELATIONS, "id"))][0]
        sheets.append(_sheet(parts, target, entry.get("name")))
    return ReadBook(
        names=list(parts),
        dates=dates,
        workbook=workbook,
        core=etree.fromstring(parts["docProps/core.xml"]),
        app=parts["docProps/app.xml"].decode("utf-8"),
        styles=_styles(etree.fromstring(parts["xl/styles.xml"])),
        sheets=sheets,
    )


def _relations(parts: dict[str, bytes], owner: str) -> dict[str, tuple[str, bool]]:
    """Relation id -> (part name, whether it leads outside the file)."""
    folder, _, name = owner.rpartition("/")
    raw = parts.get(f"{folder}/_rels/{name}.rels")
    if raw is None:
        return {}
    found = {}
    for relation in etree.fromstring(raw).iter(tag(PACKAGE, "Relationship")):
        target = relation.get("Target", "")
        target = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
        found[relation.get("Id", "")] = (target, relation.get("TargetMode") == "External")
    return found


def _sheet(parts: dict[str, bytes], part: str, name: str) -> ReadSheet:
    root = etree.fromstring(parts[part])
    sheet = ReadSheet(name, root)
    for column in root.iter(tag(MAIN, "col")):
        for place in range(int(column.get("min")), int(column.get("max")) + 1):
            sheet.widths[place] = float(column.get("width"))
    for row in root.iter(tag(MAIN, "row")):
        if row.get("ht"):
            sheet.heights[int(row.get("r"))] = float(row.get("ht"))
        for cell in row:
            at = position(cell.get("r"))
            text: str | None = None
            number: str | None = None
            formula = False
            for child in cell:
                if child.tag == _INLINE:
                    text = "".join(child.itertext())
                elif child.tag == _VALUE:
                    number = child.text or ""
                elif child.tag == _FORMULA:
                    formula = True
            sheet.cells[at] = ReadCell(*at, text, number, int(cell.get("s", "0")), formula)
    for target, external in _relations(parts, part).values():
        if external:
            sheet.external.append(target)
        elif "/tables/" in target:
            sheet.tables.append(etree.fromstring(parts[target]))
        elif "/drawings/" in target:
            sheet.drawings.append(etree.fromstring(parts[target]))
            for chart, _ in _relations(parts, target).values():
                sheet.charts.append(etree.fromstring(parts[chart]))
    return sheet


def position(reference: str) -> tuple[int, int]:
    """(row, column) of a reference such as `AB12` or `$C$8`."""
    match = _REFERENCE.fullmatch(reference)
    assert match is not None, reference
    return int(match[2]), _column(match[1])


_REFERENCE = re.compile(r"\$?([A-Z]+)\$?(\d+)")


@cache
def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column


def area(reference: str) -> tuple[int, int, int, int]:
    """(first row, first column, last row, last column) of a range."""
    first, _, last = reference.partition(":")
    return (*position(first), *position(last or first))


def _styles(root: Element) -> list[ReadStyle]:
    fonts = [_font(font) for font in root.find(tag(MAIN, "fonts"))]
    formats = {3: "#,##0", 9: "0%"} | {
        int(entry.get("numFmtId")): entry.get("formatCode")
        for entry in root.iter(tag(MAIN, "numFmt"))
    }
    fills = [_fill(fill) for fill in root.find(tag(MAIN, "fills"))]
    styles = []
    for xf in root.find(tag(MAIN, "cellXfs")):
        name, size, bold, colour = fonts[int(xf.get("fontId", "0"))]
        alignment = xf.find(tag(MAIN, "alignment"))
        get = alignment.get if alignment is not None else lambda _key, default=None: default
        styles.append(
            ReadStyle(
                font=name,
                size=size,
                bold=bold,
                colour=colour,
                fill=fills[int(xf.get("fillId", "0"))],
                wrap=get("wrapText") in ("1", "true"),
                indent=int(float(get("indent", "0") or 0)),
                horizontal=get("horizontal"),
                format=formats.get(int(xf.get("numFmtId", "0")), "General"),
            )
        )
    return styles


def _font(font: Element) -> tuple[str, float, bool, str]:
    def value(name: str, default: str) -> str:
        found = font.find(tag(MAIN, name))
        return default if found is None else found.get("val", "1")

    colour = font.find(tag(MAIN, "color"))
    rgb = "FF000000" if colour is None else colour.get("rgb", "FF000000")
    bold = value("b", "0") in ("1", "true")
    return value("name", ""), float(value("sz", "11")), bold, rgb[-6:]


def _fill(fill: Element) -> str | None:
    pattern = fill.find(tag(MAIN, "patternFill"))
    if pattern is None or pattern.get("patternType") != "solid":
        return None
    colour = pattern.find(tag(MAIN, "fgColor"))
    return None if colour is None else colour.get("rgb", "")[-6:]
