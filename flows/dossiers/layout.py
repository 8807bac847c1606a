"""Measures text, so that nothing is cut off: Excel does not grow rows in files it did not make.

Widths are the advance widths of Carlito, which has the metrics of Calibri, kept in
`metrics.json`. Units: text widths and rooms in pixels at 96 dpi, row heights in points,
column widths in Excel's character units.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

from flows.dossiers.errors import LayoutError

Face = Literal["regular", "bold", "italic"]

PIXELS_PER_POINT = 96 / 72
SAFETY = 1.02
HEAD_FILL = 0.985
"""A text that runs over the empty cells beside it may fill this part of the sheet."""
_MISSING_GLYPH = 0.8
"""Width in em of a glyph the font lacks (the triangles): the widest fallback seen."""
_CUT = "..."


@cache
def _advances(face: Face) -> dict[str, float]:
    raw = json.loads(
        resources.files("flows.dossiers").joinpath("metrics.json").read_text(encoding="utf-8")
    )
    units = float(raw["units"])
    return {
        character: int(width) / units
        for width, characters in raw[face].items()
        for character in characters
    }


@lru_cache(maxsize=65_536)
def text_width(text: str, size: float, face: Face = "regular") -> float:
    """Width of one line of text in pixels, at `size` points."""
    advances = _advances(face)
    em = sum(advances.get(character, _MISSING_GLYPH) for character in text)
    return em * size * PIXELS_PER_POINT * SAFETY


def column_pixels(width: float) -> int:
    """Pixels of a column of Excel width `width`: int(7w + 5)."""
    return int(7 * width + 5)


def sheet_pixels(widths: Sequence[float]) -> int:
    """Pixels of a sheet's columns together."""
    return sum(column_pixels(width) for width in widths)


def cell_room(width: float, indent: int = 0) -> float:
    """Pixels a text has inside a cell of this column."""
    return 7 * width + 5 - 8 - 9 * indent


def number_room(width: float) -> float:
    """Pixels a number has inside a cell; a wider one would show as ####."""
    return column_pixels(width) - 5


def head_room(widths: Sequence[float]) -> float:
    """Pixels a text may take that runs over the whole sheet."""
    return sheet_pixels(widths) * HEAD_FILL


def fits(text: str, size: float, face: Face, room: float) -> bool:
    """Whether the text fits on one line."""
    return text_width(text, size, face) <= room


def wrap(text: str, size: float, face: Face, room: float) -> list[str]:
    """The lines in which a cell breaks the text: at spaces, and inside a word wider than the room.

    A line feed in the text starts a new line.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            trial = f"{line} {word}" if line else word
            if line and not fits(trial, size, face, room):
                lines.append(line)
                line = word
            else:
                line = trial
            while not fits(line, size, face, room) and len(line) > 1:
                cut = len(line) - 1
                while cut > 1 and not fits(line[:cut], size, face, room):
                    cut -= 1
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line)
    return lines


def row_height(lines: int, size: float) -> float:
    """Height of a row in points: lines x size x 1.32 + 5."""
    return round(lines * size * 1.32 + 5, 1)


def lines_needed(text: str, size: float, face: Face, width: float, indent: int = 0) -> int:
    """Number of lines a text takes in a wrapped cell."""
    return len(wrap(text, size, face, cell_room(width, indent)))


def widest_word(text: str, size: float, face: Face) -> float:
    """Pixels of the widest word, as pitfall 13 asks: times 1.15."""
    return max((text_width(word, size, face) for word in text.split()), default=0.0) * 1.15


def shorten(text: str, size: float, face: Face, room: float, lines: int = 1) -> str:
    """The text, cut at a word with '...' when it takes more than `lines` lines of this room."""
    if len(wrap(text, size, face, room)) <= lines:
        return text
    words = text.split()
    for count in range(len(words) - 1, 0, -1):
        trial = " ".join(words[:count]).rstrip(" ,;:.-('\"") + _CUT
        if len(wrap(trial, size, face, room)) <= lines:
            return trial
    raise LayoutError(
        f"the text {text[:60]!r} does not fit in {math.floor(room)} pixels, "
        "not even its first word; give the question a shorter text"
    )


_SENTENCE = re.compile(r"(?<=[.!?]) +(?=[^a-z])")


def split_rows(text: str, size: float, face: Face, room: float, most: int = 2) -> tuple[str, ...]:
    """The text over at most `most` rows of a sheet: at sentences where possible, else at words.

    Raises `LayoutError` when it takes more rows.
    """
    if fits(text, size, face, room):
        return (text,)
    rows: list[str] = []
    for sentence in _SENTENCE.split(text):
        if rows and fits(f"{rows[-1]} {sentence}", size, face, room):
            rows[-1] = f"{rows[-1]} {sentence}"
        else:
            rows.append(sentence)
    if not all(fits(row, size, face, room) for row in rows) or len(rows) > most:
        rows = wrap(text, size, face, room)
    if len(rows) > most:
        raise LayoutError(
            f"the text {text[:60]!r} takes {len(rows)} rows of its sheet and at most {most} are "
            "allowed; make it shorter"
        )
    return tuple(rows)
