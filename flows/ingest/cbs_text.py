"""The text of a table as CBS publishes it, laid out as one row a figure.

StatLine exports a table in three ways: flat (a header and one row a combination), "volgens
tabelindeling" (titles, several header lines with sex, age or period above the columns, a last
line "Bron: CBS"), and through the data portal (keys such as `GM0014    ` for labels). Files that
were saved again have a comma and a decimal point instead of a semicolon and a decimal comma.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from flows.ingest.csv_text import DELIMITERS, decode, parse_rows
from flows.ingest.errors import UnreadableFile, listed

HEAD = 60
"""So many lines are looked at to find the layout."""

UNKNOWN = ("", ".", "x", "X")
"""How CBS writes a figure that is unknown, unreliable or secret."""

EMPTY = ("", "NA")
"""A cell without a value; NA is how R writes it."""

VALUE = "waarde"
"""The column of the figures of a table that was laid out with several header lines."""

_SOURCE_LINE = re.compile(r"^[\s\";,\t]*(bron\b|source\b|©|\(c\)|copyright\b)", re.IGNORECASE)
_NUMBER = re.compile(r"^-?\d+([.,]\d+)?$")
_PERIOD = re.compile(r"^(1 januari )?(19|20)\d\d(JJ00)?\*{0,2}$")
_AGE = re.compile(
    r"^(totaal.*leeftijd.*|leeftijd.*|.*\d.*(jaar|years?)\b.*|\d+\s*-\s*\d+|\d+\+)$", re.I
)
_SEX = re.compile(
    r"^(totaal mannen en vrouwen|mannen|vrouwen|men|women|total male and female)$", re.I
)
_UNIT = re.compile(r"^(aantal|number|%|x 1 ?000|euro|m2|km2|ha)$", re.IGNORECASE)
_DIMENSION = re.compile(
    r"^(geslacht|sex|leeftijd|age|perioden?|periods?|onderwerp(en)?(_1)?|topics?|regio'?s"
    r"|regions?|postcodes?|viercijferige postcode)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class TableText:
    """A table as text cells (stripped; NaN where empty), one row a figure or area.

    `decimal`: the sign between units and decimals. `titles`: the lines above the header.
    """

    name: str
    frame: pd.DataFrame
    decimal: str
    titles: tuple[str, ...]


def table_text(name: str, data: bytes) -> TableText:
    """Read the bytes of a CBS table; `name` is for messages.

    Raises `UnreadableFile` for what is no table: other encodings than UTF-8 and Windows-1252,
    a NUL byte, no header, a column name twice, a row with more or fewer cells than the header.
    """
    text = _without_source(decode(name, data))
    delimiter, width, first = _layout(name, text)
    titles = tuple(
        line.strip().strip('"') for line in text.splitlines()[:first] if line.strip(' "\t;,')
    )
    block = _header_block(text, delimiter, width, first)
    decimal = "." if delimiter == "," else ","
    if len(block) == 1:
        if first and any(_NUMBER.match(cell) for cell in block[0]):
            above = _rows(text.splitlines()[first - 1 : first], delimiter)[0]
            raise UnreadableFile(
                f"{name}, line {first + 1}: {width} cells where the header has {len(above)}. "
                "Correct the header, or export the file again."
            )
        frame = _flat(name, text, delimiter, block[0], first + 1)
    else:
        frame = _unfolded(name, text, delimiter, block, first)
    if frame.empty:
        raise UnreadableFile(f"{name} has a header but no figures under it. Export it again.")
    return TableText(name, frame, decimal, titles)


def _without_source(text: str) -> str:
    """The text without the closing lines that name the source."""
    lines = text.splitlines()
    end = len(lines)
    while end and (not lines[end - 1].strip(' "\t;,') or _SOURCE_LINE.match(lines[end - 1])):
        end -= 1
    return "\n".join(lines[:end]) + "\n"


def _layout(name: str, text: str) -> tuple[str, int, int]:
    """Delimiter, number of columns, and number of lines above the header.

    The delimiter is the one by which most lines have the same number of cells: a title such as
    "Bevolking; geslacht, leeftijd" says nothing about it.
    """
    lines = text.splitlines()[:HEAD]
    best: tuple[int, str, int] = (0, "", 0)
    for delimiter in DELIMITERS:
        widths = Counter(len(row) for row in _rows(lines, delimiter) if len(row) > 1)
        if widths:
            width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
            if count > best[0]:
                best = (count, delimiter, width)
    _, delimiter, width = best
    if not width:
        raise UnreadableFile(
            f"{name} is no table: its lines have no columns. Export it from StatLine as CSV."
        )
    first = next(i for i, row in enumerate(_rows(lines, delimiter)) if len(row) == width)
    return delimiter, width, first


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    """Each line by itself as stripped cells; a line that cannot be split is no row."""
    found = []
    for line in lines:
        try:
            row = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            row = []
        found.append([cell.strip() for cell in row])
    return found


def _header_block(text: str, delimiter: str, width: int, first: int) -> list[list[str]]:
    """The header, and the lines under it that are header as well.

    Only a table that was exported as it is laid out has more than one: each begins with the
    name of a dimension (perhaps after an empty cell), until the first line with values.
    """
    block: list[list[str]] = []
    for row in _rows(text.splitlines()[first : first + HEAD], delimiter):
        if len(row) != width:
            break
        named = any(cell and _DIMENSION.match(cell) for cell in row[:2])
        if block and not named:
            break
        block.append(row)
        if not named:
            break
    return block


def _flat(name: str, text: str, delimiter: str, header: list[str], lines: int) -> pd.DataFrame:
    columns = [cell or f"(column {i})" for i, cell in enumerate(header, 1)]
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise UnreadableFile(
            f"{name}, line {lines}: the header names {listed(twice)} more than once. Export the "
            "table flat ('CSV zonder statistische symbolen')."
        )
    table = parse_rows(name, text, delimiter, columns, lines)
    frame = pd.DataFrame(
        {column: table.column(i).to_pandas().astype("str") for i, column in enumerate(columns)}
    )
    return _emptied(frame.apply(lambda cells: cells.str.strip()))


def _unfolded(
    name: str, text: str, delimiter: str, block: list[list[str]], first: int
) -> pd.DataFrame:
    """A table with headers above each other as one row a figure.

    What a header line or a leading column is about follows from what stands in it: sexes, age
    classes, periods, units, or the names of areas.
    """
    body = "\n".join(text.splitlines()[first + len(block) :])
    rows = []
    for number, row in enumerate(csv.reader(io.StringIO(body), delimiter=delimiter), 1):
        if len(row) != len(block[0]):
            raise UnreadableFile(
                f"{name}, line {first + len(block) + number}: {len(row)} cells where the header "
                f"has {len(block[0])}. Export the file again."
            )
        rows.append([cell.strip() for cell in row])
    values = pd.DataFrame(rows, dtype="str")
    leading = 1
    while leading < len(block[0]) and not _are(values[leading], _NUMBER, UNKNOWN):
        leading += 1
    if leading == len(block[0]):
        raise UnreadableFile(
            f"{name}: no column under the {len(block)} header lines holds figures. Export the "
            "table flat ('CSV zonder statistische symbolen')."
        )
    figures = list(range(leading, len(block[0])))
    stub = {_about(values[i], block[-1][i], f"(column {i + 1})"): values[i] for i in range(leading)}
    above = {
        _about(pd.Series([line[i] for i in figures], dtype="str"), line[leading - 1], f"({k})"): [
            line[i] for i in figures
        ]
        for k, line in enumerate(block)
    }
    stub.pop("eenheid", None)
    above.pop("eenheid", None)
    frame = pd.DataFrame(
        {
            **{key: cells.repeat(len(figures)).to_numpy() for key, cells in stub.items()},
            **{key: pd.Series(cells * len(values), dtype="str") for key, cells in above.items()},
            VALUE: values[figures].to_numpy().ravel(),
        }
    )
    return _emptied(frame)


def _emptied(frame: pd.DataFrame) -> pd.DataFrame:
    emptied: pd.DataFrame = frame.mask(frame.isin(EMPTY))
    return emptied


def _are(cells: pd.Series, pattern: re.Pattern[str], also: tuple[str, ...] = ()) -> bool:
    return all(cell in also or pattern.match(cell) is not None for cell in cells.unique())


def _about(cells: pd.Series, given: str, otherwise: str) -> str:
    """The name of the dimension whose values these are."""
    if given.lower().endswith(("postcode", "postcodes")):
        return "postcode"  # 2011 is a postcode in Haarlem as well as a year
    filled = cells[cells != ""]
    for key, pattern in (
        ("geslacht", _SEX),
        ("perioden", _PERIOD),
        ("leeftijd", _AGE),
        ("eenheid", _UNIT),
    ):
        if len(filled) and _are(filled, pattern):
            return key
    if filled.nunique() == 1 and not _DIMENSION.match(filled.iloc[0]):
        return "onderwerp"
    return given.lower() or otherwise
