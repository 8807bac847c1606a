"""Writes the tidy table: one published figure a row, for people and programs."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path
from typing import Any

import pandas as pd

from flows.dossiers.errors import DossierError
from flows.dossiers.package import clean

_FORMULA_START = ("=", "+", "-", "@", "\t", "\r")


def write_tables_csv(frame: pd.DataFrame, path: Path) -> None:
    """Writes UTF-8 with commas and line feeds; the same frame gives the same bytes.

    A missing value is an empty field. A text that a spreadsheet would run as a formula gets
    an apostrophe before it. Raises `DossierError` for an infinite number or a folder that
    cannot be written.
    """
    beside = path.with_name(path.name + ".part")
    columns = [frame[name].tolist() for name in frame.columns]
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([guarded(str(name)) for name in frame.columns])
            for number, values in enumerate(zip(*columns, strict=True), start=2):
                writer.writerow([_field(value, path, number) for value in values])
        os.replace(beside, path)
    except OSError as error:
        raise DossierError(
            f"cannot write {path}: {error.strerror}; check that the folder exists and may be "
            "written"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula, without control characters."""
    guard = text.startswith(_FORMULA_START)
    text = clean(text)
    return f"'{text}" if guard or text.startswith(_FORMULA_START) else text


def _field(value: Any, path: Path, line: int) -> str:
    if value is None or value is pd.NA:
        return ""
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    number = float(value)
    if math.isnan(number):
        return ""
    if math.isinf(number):
        raise DossierError(
            f"line {line} of {path.name} would hold an infinite number; this is a fault in the "
            "tables, not in the data"
        )
    return format(number, ".10g")
