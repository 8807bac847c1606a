"""Delimited text: delimiter and encoding found out, then parsed strictly.

Arrow parses (a second for 75,000 x 200); only when it refuses is the text read again by the
slow standard parser, which knows the line that is wrong.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.ingest.errors import UnreadableFile, listed

DELIMITERS = (";", ",", "\t", "|")

_WHOLE = re.compile(r"^(-?\d+)\.0+$")
_WHOLE_COMMA = re.compile(r"^(-?\d+)[.,]0+$")
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def csv_frame(name: str, data: bytes) -> pd.DataFrame:
    """Parse the bytes of a CSV file; `name` is for messages.

    Raises `UnreadableFile` for other encodings than UTF-8 and Windows-1252, a NUL byte, a
    header that repeats a name, a row with more or fewer cells than the header, and an
    unclosed quote.
    """
    text = decode(name, data)
    delimiter, header, header_lines = read_header(name, text)
    table = parse_rows(name, text, delimiter, header, header_lines)
    pattern = _WHOLE if delimiter == "," else _WHOLE_COMMA
    return pd.DataFrame(
        {column: _tidied(table.column(i), pattern) for i, column in enumerate(header)}
    )


def decode(name: str, data: bytes) -> str:
    """The text of the file: UTF-8, with or without a mark, or Windows-1252."""
    if data.startswith(_BOMS):
        raise UnreadableFile(f"{name} is UTF-16 text. Save it as CSV in UTF-8.")
    position = data.find(b"\0")
    if position >= 0:
        line = data.count(b"\n", 0, position) + 1
        raise UnreadableFile(
            f"{name}, line {line}: there is a NUL byte, so the file is damaged or is no text. "
            "Export it again."
        )
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(f"{name} is no text in UTF-8 or Windows-1252. Save it as CSV in UTF-8.")


def read_header(name: str, text: str) -> tuple[str, list[str], int]:
    """The delimiter, the column names, and the number of lines they take.

    The delimiter is the one that gives most columns; Excel's first line `sep=;` decides. A
    column without a name is called `(column 3)`.
    """
    first = text[:200].split("\n", 1)[0].strip()
    declared = first[4:] if re.fullmatch(r"sep=.", first, re.IGNORECASE) else ""
    best: tuple[int, str, list[str], int] = (0, ",", [], 0)
    for delimiter in [declared] if declared else DELIMITERS:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            if declared:
                next(reader)
            cells = next(row for row in reader if row)
        except (csv.Error, StopIteration):
            continue
        if len(cells) > best[0]:
            best = (len(cells), delimiter, cells, reader.line_num)
    _, delimiter, cells, lines = best
    if not cells:
        raise UnreadableFile(f"{name} has no header. Its first line must name the columns.")
    header = [cell.strip() or f"(column {i})" for i, cell in enumerate(cells, 1)]
    twice = [column for column, count in Counter(header).items() if count > 1]
    if twice:
        raise UnreadableFile(
            f"{name}, line {lines}: the header names {listed(twice)} more than once. "
            "Rename or remove the extra columns."
        )
    return delimiter, header, lines


def parse_rows(name: str, text: str, delimiter: str, header: list[str], header_lines: int) -> Any:
    """An Arrow table of text columns, null where empty; rows without content left out."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    names = [str(i) for i in range(len(header))]
    schema = {column: pa.string() for column in names}
    body = _after(text, header_lines)
    if not body.strip():
        return pa.table({column: pa.array([], pa.string()) for column in names})
    unbalanced = body.count('"') % 2 == 1
    table = None
    if not unbalanced:
        try:
            table = pacsv.read_csv(
                pa.BufferReader(body.encode()),
                read_options=pacsv.ReadOptions(column_names=names, block_size=1 << 24),
                parse_options=pacsv.ParseOptions(
                    delimiter=delimiter, newlines_in_values='"' in body
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=schema, null_values=[""], strings_can_be_null=True
                ),
            )
        except pa.ArrowInvalid:
            table = None
    if table is None:
        rows = list(_rows(name, body, delimiter, len(header), header_lines))
        cells = [pa.array([row[i] or None for row in rows], pa.string()) for i in range(len(names))]
        table = pa.table(cells, names=names)
    return _without_empty_rows(table)


def _after(text: str, lines: int) -> str:
    position = 0
    for match in re.finditer(r"\r\n|\n|\r", text):
        lines -= 1
        position = match.end()
        if lines == 0:
            return text[position:]
    return ""


def _rows(name: str, body: str, delimiter: str, width: int, before: int) -> Iterable[list[str]]:
    """Rows by the standard parser; refuses at the first line that is wrong."""
    csv.field_size_limit(max(csv.field_size_limit(), len(body) + 1))
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    start = before + 1
    try:
        for row in reader:
            if row and len(row) != width:
                cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
                raise UnreadableFile(
                    f"{name}, line {start}: {cells} where the header has {width}. "
                    f"Correct the line (an answer with {_spoken(delimiter)} in it goes between "
                    "quotes), or export the file again."
                )
            start = before + reader.line_num + 1
            if row:
                yield row
    except csv.Error:
        raise UnreadableFile(
            f"{name}, line {start}: a quote is opened and not closed, or stands in the middle of "
            "an answer. Correct the line, or export the file again."
        ) from None


def _spoken(delimiter: str) -> str:
    return {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}.get(
        delimiter, delimiter
    )


def _without_empty_rows(table: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    filled = np.zeros(table.num_rows, dtype=bool)
    for column in table.columns:
        filled |= pc.is_valid(column).to_numpy()
        if filled.all():
            return table
    return table.filter(pa.array(filled))


def _tidied(column: Any, pattern: re.Pattern[str]) -> pd.Series:
    """Strip each distinct text once, write whole numbers without decimals."""
    encoded = column.combine_chunks().dictionary_encode()
    texts = [pattern.sub(r"\1", value.strip()) for value in encoded.dictionary.to_pylist()]
    codes = encoded.indices.fill_null(-1).to_numpy().astype(np.intp)
    return spread(texts, codes)


def spread(texts: list[str], codes: NDArray[np.intp]) -> pd.Series:
    """A text column from distinct texts and codes into them; -1 and empty texts are NaN."""
    values = pd.array([text or None for text in texts], dtype="str")
    if not texts:
        values = pd.array([None], dtype="str")
        codes = np.zeros(len(codes), dtype=np.intp)
        return pd.Series(values.take(codes))
    return pd.Series(values.take(codes, allow_fill=True))
