"""Cells of CBS tables as values: postcodes, codes, age classes, counts; totals left out."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from flows.ingest.cbs_layouts import Column, Layout
from flows.ingest.cbs_text import UNKNOWN
from flows.ingest.errors import UnreadableFile, listed

TOTAL = "total"
"""What a class of totals is called: its rows are left out, their parts stay."""

SEXES = {
    "totaal mannen en vrouwen": "total",
    "total male and female": "total",
    "totaal": "total",
    "t001038": "total",
    "1100": "total",
    "mannen": "men",
    "man": "men",
    "men": "men",
    "m": "men",
    "3000": "men",
    "vrouwen": "women",
    "vrouw": "women",
    "women": "women",
    "v": "women",
    "4000": "women",
}
_TOTAL_AGE = re.compile(r"^(totaal|total|alle leeftijden|all ages|10000$)", re.IGNORECASE)
_CLASS = re.compile(r"^(\d{1,3})\s*(?:-|–|tot en met|t/m|to)\s*(\d{1,3})(?: jaar| years)?$", re.I)
_UNDER = re.compile(r"^(\d{1,3})\s*(?:tot)\s*(\d{1,3})(?: jaar)?$", re.IGNORECASE)
_OPEN = re.compile(
    r"^(\d{1,3})\s*(?:\+|jaar (?:of|en) ouder|jaar e\.o\.|years or older)$", re.IGNORECASE
)
_YEAR = re.compile(r"^(\d{1,3})(?: jaar| years?)?$", re.IGNORECASE)
_LARGER = re.compile(
    r"^(nl|pv|ld|cr|lg|np)\d{2}$|^(nederland|the netherlands|totaal|total)\b", re.I
)
_REGION = re.compile(r"\((pv|ld|cr|landsdeel|provincie|corop)\)$", re.IGNORECASE)
_WHOLE = re.compile(r"^\d+$")


def age_class(text: str) -> tuple[int, int | None] | str | None:
    """First and last year of an age class, `total`, or None for what is no age class.

    `0-4`, `0 tot 5 jaar` and `0 tot en met 4 jaar` are the same; the last year of an open
    class is None.
    """
    text = text.strip()
    if _TOTAL_AGE.match(text):
        return TOTAL
    if found := _CLASS.match(text):
        low, high = int(found[1]), int(found[2])
        return (low, high) if low <= high else None
    if found := _UNDER.match(text):
        low, high = int(found[1]), int(found[2]) - 1
        return (low, high) if low <= high else None
    if found := _OPEN.match(text):
        return int(found[1]), None
    if found := _YEAR.match(text):
        return int(found[1]), int(found[1])
    return None


def age_label(low: int, high: int | None) -> str:
    """`0-4`, `18` or `95+`."""
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}-{high}"


def without_totals(
    name: str, layout: Layout, frame: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows of parts: the country, provinces and all ages together are left out.

    Postcodes and municipalities are never totals; of key figures the country is.
    """
    area = layout.key[0]
    cells = frame[area].fillna("").str.strip()
    larger = [cell for cell in cells.unique() if _LARGER.search(cell) or _REGION.search(cell)]
    drop = cells.isin(larger)
    notes = []
    if drop.any():
        notes.append(
            f"{int(drop.sum()):,} rows of totals ({listed(larger, 3)}) were left out: "
            "their parts are in the table"
        )
    if "age" in frame:
        ages = frame["age"].fillna("")
        totals = [text for text in ages.unique() if age_class(text) == TOTAL]
        if totals:
            rows = ages.isin(totals)
            notes.append(
                f"{int(rows.sum()):,} rows of all ages together ({listed(totals)}) were left out"
            )
            drop |= rows
    rest = frame[~drop].reset_index(drop=True)
    if rest.empty:
        raise UnreadableFile(
            f"{name} holds only totals. Export it again with the areas and age classes."
        )
    return rest, tuple(notes)


def cleaned(name: str, layout: Layout, frame: pd.DataFrame, decimal: str) -> pd.DataFrame:
    """Every column as what it holds; keys complete and unique. Refuses with the place."""
    place = _Place(name, layout, frame)
    done: dict[str, pd.Series] = {}
    for column in layout.columns:
        if column.name not in frame:
            continue
        cells = frame[column.name]
        if not column.empty and cells.isna().any():
            raise UnreadableFile(
                f"{place(int(np.argmax(cells.isna())))}: {_titled(column)} is empty. "
                "Export the table again."
            )
        done[column.name] = _column(place, column, cells, decimal)
    tidy = pd.DataFrame(done)
    twice = tidy.duplicated(list(layout.key))
    if twice.any():
        row = int(np.argmax(twice))
        raise UnreadableFile(
            f"{place(row)}: this combination of {listed(list(layout.key))} occurs "
            "more than once. Remove the copies, or export one period and one total of every "
            "other dimension."
        )
    return tidy


class _Place:
    """Words for a row of the file: its key, which a person can search for."""

    def __init__(self, name: str, layout: Layout, frame: pd.DataFrame) -> None:
        self.name, self.frame = name, frame
        self.key = [part for part in layout.key if part in frame]

    def __call__(self, row: int) -> str:
        cells = [str(cell) for cell in self.frame[self.key].iloc[row] if isinstance(cell, str)]
        return f"{self.name}, {' '.join(cells) or f'row {row + 1}'}"


def _titled(column: Column) -> str:
    return f"the column {column.known_as[0] if column.known_as else column.name}"


def _column(place: _Place, column: Column, cells: pd.Series, decimal: str) -> pd.Series:
    match column.content:
        case "count" | "number":
            return _numbers(place, column, cells, decimal)
        case "age":
            return _looked_up(place, column, cells, _age, "no age class that is known")
        case "sex":
            return _looked_up(
                place, column, cells, lambda text: SEXES.get(text.lower()), "no sex that is known"
            )
        case "postcode":
            return _looked_up(place, column, cells, _postcode, "no postcode of four digits")
        case "area":
            return cells.str.replace(r"\s*\((gemeente|municipality)\)$", "", regex=True)
        case "code":
            return cells.str.replace(r"\s+", "", regex=True)
        case _:
            return cells


def _age(text: str) -> str | None:
    found = age_class(text)
    return age_label(*found) if isinstance(found, tuple) else None


def _postcode(text: str) -> str | None:
    text = text.upper().removeprefix("PC").strip()
    return text if re.fullmatch(r"[1-9]\d{3}", text) else None


def _looked_up(
    place: _Place,
    column: Column,
    cells: pd.Series,
    of: Callable[[str], str | None],
    problem: str,
) -> pd.Series:
    found = {text: of(text) for text in cells.dropna().unique()}
    wrong = [text for text, value in found.items() if value is None]
    if wrong:
        row = int(np.argmax(cells.isin(wrong)))
        raise UnreadableFile(
            f"{place(row)}: {wrong[0]!r} is {problem}. Correct it, or export the table with "
            "titles instead of keys."
        )
    return cells.map(found).astype("str")


def _numbers(place: _Place, column: Column, cells: pd.Series, decimal: str) -> pd.Series:
    """Numbers of zero or more; NaN where CBS gives no figure."""
    texts = cells.fillna("")
    values: dict[str, float] = {}
    for text in texts.unique():
        if text in UNKNOWN:
            values[text] = np.nan
            continue
        # Not 1.000, which somebody may have meant as a thousand.
        whole = re.sub(rf"{re.escape(decimal)}00?$", "", text)
        plain = text.replace(decimal, ".")
        if column.content == "count" and _WHOLE.match(whole):
            values[text] = float(whole)
        elif (
            column.content == "number"
            and re.fullmatch(r"\d+(\.\d+)?", plain)
            and (decimal == "." or "." not in text)
        ):
            values[text] = float(plain)
        else:
            row = int(np.argmax(texts == text))
            problem = (
                "a negative number"
                if re.fullmatch(r"-\d+([.,]\d+)?", text)
                else "no whole number"
                if column.content == "count"
                else f"no number (decimals after a {'comma' if decimal == ',' else 'point'})"
            )
            raise UnreadableFile(
                f"{place(row)}: {_titled(column)} holds {text!r}, {problem}. Correct the file."
            )
    numbers = texts.map(values).astype(float)
    if column.between is not None:
        low, high = column.between
        outside = (numbers < low) | (numbers > high)
        if outside.any():
            row = int(np.argmax(outside))
            raise UnreadableFile(
                f"{place(row)}: {_titled(column)} is {numbers.iloc[row]:g}, not between {low:g} "
                f"and {high:g}. Correct the file."
            )
    if not column.empty and numbers.isna().any():
        row = int(np.argmax(numbers.isna()))
        raise UnreadableFile(
            f"{place(row)}: {_titled(column)} gives no figure. Take a table in which it is known."
        )
    return numbers
