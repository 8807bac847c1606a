"""Reads a workbook as an attacker does: every part of the file, whoever wrote it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile, ZipFile

from lxml import etree

from flows.errors import Refusal

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"
_ROW, _C, _T, _V = (f"{_MAIN}{name}" for name in ("row", "c", "t", "v"))
_CELL = re.compile(r"([A-Z]+)(\d+)")
_PLAIN_FORMATS = {0: "General", 1: "0", 2: "0.00", 9: "0%", 10: "0.00%", 49: "@"}

Element = Any


class Look(NamedTuple):
    """How a cell is dressed."""

    format: str
    bold: bool
    filled: bool


class SheetCell(NamedTuple):
    """What a cell holds: a text, or a number, or nothing."""

    text: str | None
    number: float | None
    look: Look


@dataclass
class ChartSeries:
    """A series as its chart keeps it: names and numbers without the sheet they come from."""

    name: str
    categories: dict[int, str]
    values: dict[int, float]


@dataclass
class AuditSheet:
    """A sheet with everything in it. `hidden`: it or some of its rows or columns is not seen."""

    name: str
    cells: dict[tuple[int, int], SheetCell] = field(default_factory=dict)
    out_of_sight: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    comments: list[str] = field(default_factory=list)
    charts: list[list[ChartSeries]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


@dataclass
class AuditBook:
    """A workbook. `names`: defined names with what they stand for. `properties`: their texts."""

    sheets: list[AuditSheet]
    names: dict[str, str]
    properties: list[str]


def read_audit_book(path: Path) -> AuditBook:
    """Every sheet, chart, comment, name and property of a workbook.

    Refuses a file that is no workbook.
    """
    try:
        with ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        workbook = etree.fromstring(parts["xl/workbook.xml"])
        return _book(parts, workbook)
    except (BadZipFile, KeyError, etree.XMLSyntaxError, OSError) as error:
        raise Refusal(
            f"{path}: this workbook cannot be read ({error}); make the edition again, or leave "
            "the file out of the folder."
        ) from None


def _book(parts: dict[str, bytes], workbook: Element) -> AuditBook:
    shared = _shared(parts)
    looks = _looks(parts)
    targets = _relations(parts, "xl/workbook.xml")
    sheets = []
    for entry in workbook.iter(f"{_MAIN}sheet"):
        target = targets[entry.get(f"{_RELATIONS}id")]
        sheet = _sheet(parts, target, entry.get("name"), shared, looks)
        sheet.out_of_sight = entry.get("state", "visible") != "visible"
        sheets.append(sheet)
    names = {name.get("name", ""): name.text or "" for name in workbook.iter(f"{_MAIN}definedName")}
    properties = [
        text
        for name, raw in parts.items()
        if name.startswith("docProps/") and name.endswith(".xml")
        for text in etree.fromstring(raw).itertext()
        if text.strip()
    ]
    return AuditBook(sheets, names, properties)


def _relations(parts: dict[str, bytes], owner: str) -> dict[str, str]:
    folder, _, name = owner.rpartition("/")
    raw = parts.get(f"{folder}/_rels/{name}.rels")
    if raw is None:
        return {}
    found = {}
    for relation in etree.fromstring(raw):
        target = relation.get("Target", "")
        steps: list[str] = [] if target.startswith("/") else folder.split("/")
        for step in target.strip("/").split("/"):
            if step == "..":
                steps.pop()
            else:
                steps.append(step)
        found[relation.get("Id", "")] = "/".join(steps)
    return found


def _shared(parts: dict[str, bytes]) -> list[str]:
    raw = parts.get("xl/sharedStrings.xml")
    if raw is None:
        return []
    return [
        "".join(text.text or "" for text in item.iter(f"{_MAIN}t"))
        for item in etree.fromstring(raw).iter(f"{_MAIN}si")
    ]


def _looks(parts: dict[str, bytes]) -> list[Look]:
    raw = parts.get("xl/styles.xml")
    if raw is None:
        return []
    root = etree.fromstring(raw)
    formats = dict(_PLAIN_FORMATS)
    for form in root.iter(f"{_MAIN}numFmt"):
        formats[int(form.get("numFmtId"))] = form.get("formatCode", "")
    fonts = [font.find(f"{_MAIN}b") is not None for font in root.find(f"{_MAIN}fonts")]
    fills = []
    for fill in root.find(f"{_MAIN}fills"):
        pattern = fill.find(f"{_MAIN}patternFill")
        fills.append(
            pattern is None or pattern.get("patternType", "none") not in ("none", "gray125")
        )
    return [
        Look(
            formats.get(int(style.get("numFmtId", "0")), "General"),
            fonts[int(style.get("fontId", "0"))],
            fills[int(style.get("fillId", "0"))],
        )
        for style in root.find(f"{_MAIN}cellXfs")
    ]


_UNDRESSED = Look("General", False, False)


def _sheet(
    parts: dict[str, bytes], target: str, name: str, shared: list[str], looks: list[Look]
) -> AuditSheet:
    root = etree.fromstring(parts[target])
    sheet = AuditSheet(name)
    for row in root.iter(_ROW):
        if row.get("hidden") in ("1", "true") or row.get("ht") == "0":
            sheet.hidden_rows.add(int(row.get("r")))
    for column in root.iter(f"{_MAIN}col"):
        if column.get("hidden") in ("1", "true") or column.get("width") == "0":
            sheet.hidden_columns.update(range(int(column.get("min")), int(column.get("max")) + 1))
    for cell in root.iter(_C):
        found = _CELL.fullmatch(cell.get("r", ""))
        style = int(cell.get("s", "0"))
        look = looks[style] if style < len(looks) else _UNDRESSED
        text, number = _content(cell, shared)
        # Most cells of a sheet are empty and plain: they tell nothing.
        if found is None or (text is None and number is None and look == _UNDRESSED):
            continue
        sheet.cells[int(found[2]), _column(found[1])] = SheetCell(text, number, look)
    for part in _relations(parts, target).values():
        if part not in parts:
            continue
        if "comments" in part:
            texts = etree.fromstring(parts[part]).iter(f"{_MAIN}comment")
            sheet.comments += ["".join(comment.itertext()) for comment in texts]
        elif "drawing" in part and part.endswith(".xml"):
            _drawing(parts, part, sheet)
    return sheet


def _content(cell: Element, shared: list[str]) -> tuple[str | None, float | None]:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(_T)), None
    value = cell.findtext(_V)
    if value is None:
        return None, None
    if kind == "s":
        return shared[int(value)], None
    if kind == "n":
        return None, float(value)
    return value, None


def _drawing(parts: dict[str, bytes], part: str, sheet: AuditSheet) -> None:
    for shape in etree.fromstring(parts[part]).iter():
        if isinstance(shape.tag, str) and shape.tag.endswith("}cNvPr"):
            sheet.told += [text for key in ("descr", "title") if (text := shape.get(key))]
    for chart in _relations(parts, part).values():
        if "chart" not in chart or chart not in parts:
            continue
        root = etree.fromstring(parts[chart])
        title = root.find(f".//{_CHART}title")
        if title is not None:
            sheet.told.append("".join(text.text or "" for text in title.iter(_TEXT)))
        sheet.charts.append([_series(series) for series in root.iter(f"{_CHART}ser")])


def _series(series: Element) -> ChartSeries:
    name = series.find(f"{_CHART}tx")
    named = "" if name is None else "".join(v.text or "" for v in name.iter(f"{_CHART}v"))
    categories, values = series.find(f"{_CHART}cat"), series.find(f"{_CHART}val")
    return ChartSeries(
        named,
        _points(categories),
        {place: float(text) for place, text in _points(values).items()},
    )


def _points(part: Element | None) -> dict[int, str]:
    if part is None:
        return {}
    return {
        int(point.get("idx")): point.findtext(f"{_CHART}v") or ""
        for point in part.iter(f"{_CHART}pt")
    }


@cache
def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
