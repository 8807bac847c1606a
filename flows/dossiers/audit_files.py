"""Finds and reads published files for the auditor: tidy tables, codebooks, workbooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from flows.crosstabs.audit.auditor import audit
from flows.crosstabs.audit.figures import printed_interval
from flows.crosstabs.audit.leaks import Audit, Leak
from flows.crosstabs.audit.links import Change, Elsewhere
from flows.crosstabs.audit.opening import published_file
from flows.crosstabs.audit.published import (
    BOOK,
    BOOK_FORMAT,
    LINE,
    UNITS,
    Figure,
    PublishedFile,
    RowKey,
)
from flows.dossiers import manifest
from flows.dossiers.audit_reading import read_audit_book
from flows.dossiers.audit_traces import Traces
from flows.errors import Refusal

TABLES = "tables.csv"
_TREND_COLUMNS = (
    "survey",
    "before",
    "after",
    "table",
    "answer",
    "statistic",
    "column",
    "value_before",
    "value_after",
    "change",
)
_PORTRAIT_COLUMNS = (
    "survey",
    "wave",
    "profile",
    "table",
    "answer",
    "statistic",
    "value",
    "everybody",
)


def audit_path(path: Path, progress: Callable[[int, int], None] | None = None) -> Audit:
    """Audit a tidy table, an edition's folder, a survey's outputs or all outputs.

    Refuses a path where nothing published is found, and files that cannot be read.
    """
    found = tidy_tables(path)
    if not found:
        raise Refusal(
            f"{path}: there is no {TABLES} in it to audit. Name the folder of an edition, of a "
            "survey's outputs, or all outputs."
        )
    root = path if path.is_dir() else path.parent
    files: list[PublishedFile] = []
    leaks: list[Leak] = []
    notes: list[str] = []
    for place in found:
        file, left, told = _read(place, root)
        files.append(file)
        leaks += left
        notes += told
    changes, numbers = _printed_changes(path)
    numbers += _portraits(path)
    return audit(files, changes, numbers, leaks, notes, progress)


def tidy_tables(path: Path) -> list[Path]:
    """The tidy tables in a path; folders that are still being built are left alone."""
    if not path.exists():
        raise Refusal(f"{path}: there is no such file or folder.")
    if path.is_file():
        if path.suffix != ".csv":
            raise Refusal(f"{path}: this is no tidy table (.csv). Name {TABLES} or its folder.")
        return [path]
    return sorted(
        file
        for file in path.rglob(TABLES)
        if not any(part.startswith(".") for part in file.relative_to(path).parts)
    )


def _read(place: Path, root: Path) -> tuple[PublishedFile, list[Leak], list[str]]:
    frame = read_tidy(place)
    book = read_codebook(place.parent / BOOK)
    name = _named(place, root)
    file = published_file(name, frame, book)
    leaks: list[Leak] = []
    more: dict[tuple[str, str], int] = {}
    for workbook in sorted(place.parent.glob("*.xlsx")):
        if book is None or workbook.name.startswith("~"):
            continue
        traces = Traces(file, _named(workbook, root), read_audit_book(workbook))
        leaks += list(traces.leaks())
        more = traces.n | more
    file = replace(file, n=more | dict(file.n))
    notes = []
    if (place.parent / manifest.NAME).is_file():
        notes = [f"{name}: {fault}" for fault in manifest.changed_files(place.parent)]
    return file, leaks, notes


def read_tidy(path: Path) -> pd.DataFrame:
    """A tidy table as text. Refuses another layout, and a table without lines."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        raise Refusal(f"{path}: this tidy table cannot be read ({error}).") from None
    absent = [column for column in LINE if column not in frame]
    if absent:
        raise Refusal(
            f"{path}: there is no column {absent[0]}, so this is no tidy table of an edition."
        )
    for column in ("value", "low", "high", "n", "n_eff"):
        numbers = pd.to_numeric(frame[column].where(frame[column] != ""), errors="coerce")
        wrong = numbers.isna() & (frame[column] != "")
        if wrong.any():
            line = int(wrong.to_numpy().argmax())
            raise Refusal(
                f"{path}: line {line + 2} has '{frame[column].iloc[line]}' under {column}, which "
                "is no number; restore the file or publish the edition again."
            )
    if frame.empty:
        raise Refusal(f"{path}: this tidy table has no lines, so there is nothing to audit.")
    return frame


def read_codebook(path: Path) -> dict[str, Any] | None:
    """A codebook; None where there is none. Refuses one that cannot be read."""
    if not path.is_file():
        return None
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
        if book["format"] != BOOK_FORMAT:
            raise Refusal(
                f"{path}: its format is {book['format']}, and this version reads format "
                f"{BOOK_FORMAT}; publish the edition again."
            )
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise Refusal(f"{path}: this codebook cannot be read ({error}).") from None
    return dict(book)


def _named(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _printed_changes(path: Path) -> tuple[list[Change], list[Elsewhere]]:
    """Changes between waves in the tables of trends, and the numbers they lie between.

    Trends within other groups or among the same people tell of other people than editions do.
    """
    changes: list[Change] = []
    numbers: list[Elsewhere] = []
    for place in sorted(path.rglob("trend-*.csv")) if path.is_dir() else ():
        words = place.stem.split("-")
        if "intern" in words or "by" in words or "same" in words:
            continue
        name = _named(place, path)
        for line in _rows_of(place, _TREND_COLUMNS):
            row = (_kind(line.statistic), line.answer)
            unit = UNITS.get(row[0], 0.01)
            if line.change:
                low, high = float(line.change) - unit / 2, float(line.change) + unit / 2
                key = (line.survey, line.before, line.after, line.table, row, line.column)
                changes.append(Change(*key, low, high, name))
            for wave, value in ((line.before, line.value_before), (line.after, line.value_after)):
                if value:
                    numbers.append(_elsewhere(line, wave, row, line.column, value, name))
    return changes, numbers


def _portraits(path: Path) -> list[Elsewhere]:
    """Numbers of tables that the portraits of profiles print."""
    numbers = []
    for place in sorted(path.rglob("portraits.csv")) if path.is_dir() else ():
        name = _named(place, path)
        for line in _rows_of(place, _PORTRAIT_COLUMNS):
            row = (_kind(line.statistic), line.answer)
            for column, value in ((line.profile, line.value), ("total", line.everybody)):
                if value and line.table:
                    numbers.append(_elsewhere(line, line.wave, row, column, value, name))
    return numbers


def _rows_of(place: Path, columns: tuple[str, ...]) -> Iterator[Any]:
    try:
        frame = pd.read_csv(place, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        raise Refusal(f"{place}: this table cannot be read ({error}).") from None
    if set(columns) <= set(frame.columns):
        yield from frame.itertuples(index=False)


def _elsewhere(line: Any, wave: str, row: RowKey, column: str, value: str, name: str) -> Elsewhere:
    figure = Figure(float(value), None, None, None, None, "", "")
    low, high = printed_interval(figure, row[0], UNITS)
    return Elsewhere(line.survey, wave, line.table, row, column, low, high, name)


def _kind(statistic: str) -> str:
    return "answer" if statistic == "share" else statistic
