"""Reads a file with answers into text cells, or refuses it by its content.

A name is a promise: what is in the file decides. Nothing here knows a questionnaire.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from flows.ingest.csv_text import csv_frame
from flows.ingest.errors import UnreadableFile
from flows.ingest.frames import RawResponses
from flows.ingest.spss import sav_frame

READERS = (".csv", ".sav")

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"$FL2", "an SPSS file"),
    (b"$FL3", "a compressed SPSS file"),
    (b"PK\x03\x04", "a zip or Excel file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip file"),
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"SQLite format 3", "a database"),
)


def read_responses(path: Path) -> RawResponses:
    """Read a .csv or labelled SPSS .sav file.

    Returns cells as stripped text, whole numbers without decimals (`1.0` becomes `1`), NaN
    where empty; rows without any content are passed over. Values, not labels, are read from
    a .sav file, and user-missing values are kept as values.

    Raises `UnreadableFile` with one sentence that names the file, the place and the remedy.
    """
    path = Path(path)
    data = _bytes_of(path)
    kind = path.suffix.lower()
    found = content_of(data)
    if kind == ".csv" and found is not None:
        raise UnreadableFile(
            f"{path.name} is named .csv but holds {found}. Export the answers as CSV, "
            "or give the file the name that fits."
        )
    if kind == ".sav" and found not in ("an SPSS file", "a compressed SPSS file"):
        raise UnreadableFile(
            f"{path.name} is named .sav but holds {found or 'something else'}. "
            "Export the answers as SPSS .sav again, or give the file the name that fits."
        )
    frame = csv_frame(path.name, data) if kind == ".csv" else sav_frame(path, data)
    if frame.shape[0] == 0:
        raise UnreadableFile(
            f"{path.name} has a header but no answers under it. Export the file again, "
            "with the respondents."
        )
    return RawResponses(
        name=path.name, sha256=hashlib.sha256(data).hexdigest(), kind=kind[1:], frame=frame
    )


def content_of(data: bytes) -> str | None:
    """What kind of file these bytes are, in words; None for what may be delimited text."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    start = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page or XML"
    if start.startswith((b'{"', b"[{", b"{\n", b"{\r")):
        return "JSON"
    return None


def _bytes_of(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UnreadableFile(f"{path} is a folder. Name a .csv or .sav file in it.")
        if not path.exists():
            raise UnreadableFile(f"{path} does not exist. Check the path of the file.")
        if path.suffix.lower() not in READERS:
            raise UnreadableFile(
                f"{path.name} is neither .csv nor .sav. Export the answers as one of these."
            )
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"{path!s:.200} cannot be read ({error.strerror}). Check its path and its permissions."
        ) from None
    except ValueError:
        raise UnreadableFile(f"{path!s:.200} is no path of a file. Check what you typed.") from None
    if not data.strip():
        raise UnreadableFile(f"{path.name} is empty. Export the file again.")
    return data
