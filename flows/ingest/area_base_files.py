"""The files of a base of areas: as text tables, and their cells as counts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.area_base import AreaBaseDefinition
from flows.ingest.area_base_model import Floats, UnusableBase
from flows.ingest.cbs_text import EMPTY
from flows.ingest.csv_text import decode, parse_rows, read_header
from flows.ingest.errors import listed
from flows.ingest.read import content_of

UNKNOWN = ("", ".", "x", "X", "NA")
"""How a cell says that there is no figure."""

MOST = 1e9
"""No count of people or addresses is larger."""

_NUMBER = re.compile(r"^-?\d+([.,]\d+)?$")
_THOUSANDS = re.compile(r"^-?[1-9]\d{0,2}[.,]\d{3}$")


@dataclass(frozen=True, eq=False)
class Figures:
    """A column of numbers: `values` (n,), NaN where there is none, and which are `secret`."""

    values: Floats
    secret: NDArray[np.bool_]


@dataclass(eq=False)
class Folder:
    """The files of one vintage; each is read once.

    `hashes`: SHA-256 per name of a file that was read. `left_out`: finest areas that lie in no
    known area and are no part of the base.
    """

    definition: AreaBaseDefinition
    year: int
    path: Path
    hashes: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    _tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    _decimals: dict[str, str] = field(default_factory=dict)

    def name(self, file: str) -> str:
        return self.definition.file_name(file, self.year)

    def table(self, file: str) -> pd.DataFrame:
        """The rows of a file that count: text columns, or numbers as a Parquet file has them.

        Raises `UnusableBase` (or `UnreadableFile`) for a missing, empty or damaged file, one
        of another year, and a column its definition names and it lacks.
        """
        if file not in self._tables:
            self._tables[file] = self._read(file)
        return self._tables[file]

    def forget(self, file: str) -> None:
        """Let go of a table that is not needed any more."""
        self._tables.pop(file, None)

    def _read(self, file: str) -> pd.DataFrame:
        name = self.name(file)
        path = self.path / name
        if not path.is_file():
            there = sorted(p.name for p in self.path.iterdir() if p.is_file())
            raise UnusableBase(
                f"{path}: the file is missing; the base {self.definition.base} of {self.year} "
                f"needs it (the folder holds {listed(there, 5) or 'no files'}). Put it there, or "
                "correct its name in the definition of the base."
            )
        frame, self._decimals[file], self.hashes[name] = _content(path)
        if frame.empty:
            raise UnusableBase(f"{name} has no rows. Export it again.")
        about = self.definition.files[file]
        for column, texts in about.where.items():
            cells = self.column(name, frame, column).astype("str").str.strip()
            frame = frame[cells.isin(texts).to_numpy()]
            if frame.empty:
                raise UnusableBase(
                    f"{name}: no row has {listed(list(texts))} in the column {column}. Correct "
                    "where in the definition of the base, or take the right file."
                )
        if about.year is not None:
            years = self.column(name, frame, about.year).astype("str")
            other = ~years.str.startswith(str(self.year)).to_numpy(dtype=bool)
            if other.any():
                row = int(np.argmax(other))
                raise UnusableBase(
                    f"{name}, row {row + 1}: the column {about.year} is {years.iloc[row]}, where "
                    f"{self.year} is expected. Put the files of {self.year} in the folder."
                )
        return frame.reset_index(drop=True)

    @staticmethod
    def column(name: str, frame: pd.DataFrame, column: str) -> pd.Series:
        """A column of a file; refuses one that it lacks."""
        if column not in frame:
            columns = [str(c) for c in frame.columns]
            near = get_close_matches(column, columns, 1, 0.6)
            hint = f"did you mean {near[0]}?" if near else f"it has {listed(columns, 12)}."
            raise UnusableBase(
                f"{name} has no column {column}; {hint} Correct the file, or the definition of "
                "the base."
            )
        found: pd.Series = frame[column]
        return found

    def codes(self, file: str, column: str) -> pd.Series:
        """A text column, stripped; NaN where empty (or NA, as R writes it)."""
        cells = self.column(self.name(file), self.table(file), column)
        if pd.api.types.is_integer_dtype(cells.dtype):
            return cells.astype("str")
        texts = cells.astype("str").str.strip()
        blank: pd.Series = texts.mask(texts.isin(EMPTY))
        return blank

    def figures(
        self, file: str, column: str, areas: pd.Series, *, percentage: bool = False
    ) -> Figures:
        """A column as numbers of zero or more; `areas` names the rows in refusals.

        Codes the definition calls secret or missing become NaN. Raises `UnusableBase` for a
        text, another negative number, and a percentage over 100.
        """
        name = self.name(file)
        cells = self.column(name, self.table(file), column)
        values, wrong = _numbers(cells, self._decimals[file], not percentage)
        secret = np.isin(values, self.definition.secret)
        values[secret | np.isin(values, self.definition.missing)] = np.nan
        if wrong.any():
            row = int(np.argmax(wrong))
            raise UnusableBase(
                f"{name}, {areas.iloc[row]}: the column {column} holds {cells.iloc[row]!r}, "
                "which is no number. Correct the file."
            )
        negative = values < 0
        if negative.any():
            row = int(np.argmax(negative))
            raise UnusableBase(
                f"{name}, {areas.iloc[row]}: the column {column} is {values[row]:g}, a negative "
                "number that is no code for secret or missing. Correct the file, or add the code "
                "to the definition of the base."
            )
        if (values > MOST).any():
            row = int(np.nanargmax(values))
            raise UnusableBase(
                f"{name}, {areas.iloc[row]}: the column {column} is {values[row]:g}, more than "
                "there are people. Correct the file."
            )
        if percentage and (values > 100.5).any():
            row = int(np.nanargmax(values))
            raise UnusableBase(
                f"{name}, {areas.iloc[row]}: the column {column} is {values[row]:g}, and a share "
                "cannot be over 100%. Correct the file."
            )
        return Figures(values, secret)


def open_folder(definition: AreaBaseDefinition, year: int, path: Path) -> Folder:
    """The folder of a vintage; refuses a year the base has not and a folder that is not there."""
    if year not in definition.vintages:
        raise UnusableBase(
            f"The base {definition.base} has no vintage {year}; it has "
            f"{listed([str(y) for y in sorted(definition.vintages)])}. Add it to "
            f"surveys/bases/{definition.base}.yaml, with its reference date."
        )
    if not path.is_dir():
        raise UnusableBase(
            f"{path}: there is no such folder. Put the files of the base {definition.base} of "
            f"{year} there, or name their folder with --files."
        )
    return Folder(definition, year, path)


def _content(path: Path) -> tuple[pd.DataFrame, str, str]:
    """The frame in a file, its decimal sign, and the SHA-256 of its bytes."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnusableBase(
            f"{path}: the file cannot be read ({error.strerror}). Check its permissions."
        ) from None
    digest = hashlib.sha256(data).hexdigest()
    if path.suffix.lower() == ".parquet":
        return _parquet(path, data), ".", digest
    if not data.strip():
        raise UnusableBase(f"{path.name} is empty. Export it again.")
    found = content_of(data)
    if found is not None:
        raise UnusableBase(
            f"{path.name} holds {found}, where CSV or .parquet is expected. Export it again."
        )
    text = decode(path.name, data)
    delimiter, header, lines = read_header(path.name, text)
    frame = parse_rows(path.name, text, delimiter, header, lines).to_pandas()
    frame.columns = pd.Index(header)
    return frame, "." if delimiter == "," else ",", digest


def _parquet(path: Path, data: bytes) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame: pd.DataFrame = pq.read_table(pa.BufferReader(data)).to_pandas()
    except (pa.ArrowInvalid, OSError):
        raise UnusableBase(
            f"{path.name} is named .parquet but cannot be read as such. Export it again, or give "
            "the file the name that fits."
        ) from None
    return frame


def _numbers(cells: pd.Series, decimal: str, count: bool) -> tuple[Floats, NDArray[np.bool_]]:
    """Cells as numbers (NaN where unknown), and which are no numbers."""
    if pd.api.types.is_numeric_dtype(cells.dtype):
        values = cells.to_numpy(dtype=float, na_value=np.nan).copy()
        return values, np.isinf(values)
    codes, texts = pd.factorize(cells.astype("str"))  # -1, the last place, where empty
    parsed = [_number(str(text).strip(), decimal, count) for text in texts]
    values = np.array([*parsed, np.nan])[codes]
    wrong = np.isinf(values)
    return np.where(wrong, np.nan, values), wrong


def _number(text: str, decimal: str, count: bool) -> float:
    """A number; NaN where it says there is none, infinity for what is no number.

    A count of 1.000 or 1,000 is refused: it may be one, and it may be a thousand.
    """
    if text in UNKNOWN:
        return np.nan
    other = "," if decimal == "." else "."
    if not _NUMBER.match(text) or other in text or (count and _THOUSANDS.match(text)):
        return np.inf
    return float(text.replace(decimal, "."))


def first_twice(texts: Iterable[str]) -> str | None:
    """The first text that occurs more than once."""
    series = pd.Series(list(texts) if not isinstance(texts, pd.Series) else texts)
    twice = series[series.duplicated()]
    return str(twice.iloc[0]) if len(twice) else None
