"""SPSS .sav files, read as values (not labels), user-missing values kept as values."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows.ingest.csv_text import spread
from flows.ingest.errors import UnreadableFile


def sav_frame(path: Path, data: bytes) -> pd.DataFrame:
    """Read a .sav file to text cells, NaN where system-missing.

    `data` are the file's bytes, by which is checked that all its cases were read: a file cut
    off in transport otherwise loses its last respondents silently.
    """
    try:
        import pyreadstat
    except ImportError:
        raise UnreadableFile(
            f"{path.name}: reading .sav files needs the extra 'spss'. "
            "Install themadossier[spss], or export the answers as CSV."
        ) from None
    try:
        frame, _ = pyreadstat.read_sav(str(path), user_missing=True, apply_value_formats=False)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, MemoryError) as error:
        raise _damaged(path, str(error).rstrip(".")) from None
    expected = cases_of(data)
    if expected is not None and expected != len(frame):
        raise _damaged(path, f"{expected} respondents announced, {len(frame)} found")
    return pd.DataFrame({str(name): as_text(frame[name]) for name in frame.columns})


def cases_of(data: bytes) -> int | None:
    """The number of cases that the header of a .sav file announces; None where it does not.

    The 32-bit count stands at byte 80, in the byte order of the layout code (2 or 3) at 64.
    """
    if len(data) < 84:
        return None
    order = "<" if struct.unpack("<i", data[64:68])[0] in (2, 3) else ">"
    count: int = struct.unpack(f"{order}i", data[80:84])[0]
    return count if count >= 0 else None


def as_text(values: pd.Series) -> pd.Series:
    """A column as text: `3.0` as `3`, dates in ISO form, NaN where empty."""
    codes, found = pd.factorize(values, sort=False)
    return spread([_told(value) for value in found], codes.astype(np.intp))


def _told(value: Any) -> str:
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value).strip()


def _damaged(path: Path, what: str) -> UnreadableFile:
    return UnreadableFile(
        f"{path.name} is damaged or cut off ({what}). Copy or export the file again."
    )
