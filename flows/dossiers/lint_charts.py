"""Checks the charts of a written workbook: what Excel would hide, misplace or invent."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flows.dossiers.charts import ALT_LENGTH
from flows.dossiers.lint_reading import CHART, DRAWING, Element, ReadBook, ReadSheet, area, tag

_REFERENCE = re.compile(r"'([^']+)'!(\$[A-Z]+\$\d+(?::\$[A-Z]+\$\d+)?)")


def chart_faults(book: ReadBook, sheet: ReadSheet) -> Iterator[str]:
    """Faults of the charts and drawings on a sheet."""
    for drawing in sheet.drawings:
        for shape in drawing.iter(tag(DRAWING, "cNvPr")):
            told = shape.get("descr") or ""
            if not told:
                yield f"chart {shape.get('name')!r} has no alt text"
            elif len(told) > ALT_LENGTH:
                yield f"the alt text of chart {shape.get('name')!r} has {len(told)} characters"
            elif re.match(r"(?:een |a )?(?:grafiek|chart) (?:van|of)\b", told, re.IGNORECASE):
                yield f"the alt text of chart {shape.get('name')!r} says only what it is"
    for chart in sheet.charts:
        yield from _look_faults(chart)
        yield from _data_faults(book, chart)


def _look_faults(chart: Element) -> Iterator[str]:
    if _value(chart, "roundedCorners") != "0":
        yield "a chart has rounded corners"
    for axis in ("catAx", "valAx"):
        found = next(chart.iter(tag(CHART, axis)), None)
        if found is None or _value(found, "delete") != "0":
            yield f"a chart hides its axis {axis}"
    least = next(chart.iter(tag(CHART, "min")), None)
    if least is None or float(least.get("val", "1")) != 0:
        yield "a chart does not start at 0"
    for part in ("title", "legend"):
        for found in chart.iter(tag(CHART, part)):
            if _value(found, "overlay") != "0":
                yield f"a chart lays its {part} over the bars"
    if next(chart.iter(tag(CHART, "title")), None) is None:
        yield "a chart has no title"
    several = len(list(chart.iter(tag(CHART, "ser")))) > 1
    if several != (next(chart.iter(tag(CHART, "legend")), None) is not None):
        yield "a chart has a legend it does not need, or lacks one it does"


def _data_faults(book: ReadBook, chart: Element) -> Iterator[str]:
    """The numbers and names a chart carries must be those of the cells it refers to."""
    for kind, cache in (("numRef", "numCache"), ("strRef", "strCache")):
        for reference in chart.iter(tag(CHART, kind)):
            formula = reference.findtext(tag(CHART, "f")) or ""
            match = _REFERENCE.fullmatch(formula)
            source = book.sheet(match[1]) if match else None
            if match is None or source is None:
                yield f"a chart refers to {formula!r}, which is no fixed range of this file"
                continue
            cached = reference.find(tag(CHART, cache))
            if cached is None:
                yield f"a chart carries no numbers of its own for {formula}"
                continue
            carried = {
                int(point.get("idx")): point.findtext(tag(CHART, "v"))
                for point in cached.iter(tag(CHART, "pt"))
            }
            if carried != _cells(source, match[2], numbers=kind == "numRef"):
                yield f"a chart carries other numbers or names than {formula}"


def _cells(sheet: ReadSheet, reference: str, *, numbers: bool) -> dict[int, str | None]:
    top, left, bottom, _ = area(reference.replace("$", ""))
    found: dict[int, str | None] = {}
    for place, row in enumerate(range(top, bottom + 1)):
        cell = sheet.cells.get((row, left))
        value = None if cell is None else (cell.number if numbers else cell.text)
        if value is not None:
            found[place] = value
    return found


def _value(element: Element, name: str) -> str | None:
    found = element.find(tag(CHART, name))
    return None if found is None else found.get("val", "1")
