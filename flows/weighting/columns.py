"""Columns of the frame as codes and labels.

Levels are compared by their label, so that the target "2" matches the answers 2, 2.0 and "2"
(also in nullable and categorical columns), and never by position.
"""

from __future__ import annotations

import numbers
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.weighting.errors import CalibrationError

Ints = NDArray[np.integer]


def label(value: Any) -> str:
    """How a level is written: whole numbers without decimals, crossed levels with ' x '."""
    if type(value) is str:
        return value
    if isinstance(value, tuple):
        return " x ".join(label(part) for part in value)
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return str(value)


@dataclass(frozen=True, eq=False)
class Column:
    """A margin as it stands in the frame: codes (n,) into labels, of any width; -1 is missing."""

    name: str
    labels: tuple[str, ...]
    codes: Ints

    def take(self, rows: Ints | slice) -> Column:
        return self if isinstance(rows, slice) else replace(self, codes=self.codes[rows])


def read_column(frame: pd.DataFrame, name: Hashable) -> Column:
    """Code a column of the frame, or the crossing of several (a tuple of column names)."""
    if isinstance(name, list):
        name = tuple(name)
    if isinstance(name, tuple) and name and name not in frame.columns:
        return _cross(name, [read_column(frame, part) for part in name])
    if name not in frame.columns:
        raise CalibrationError(
            f"There is no column {label(name)!r} in the frame to weight on; "
            f"it has: {', '.join(map(str, frame.columns))}.",
            margin=label(name),
        )
    series = frame[name]
    if isinstance(series, pd.DataFrame):
        raise CalibrationError(
            f"The frame has more than one column {label(name)!r}; rename one.", margin=label(name)
        )
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, values = series.cat.codes.to_numpy(), series.cat.categories
    else:
        try:
            codes, values = pd.factorize(series)
        except TypeError:
            raise CalibrationError(
                f"Column {label(name)!r} holds lists or the like; a margin has one level a "
                "respondent.",
                margin=label(name),
            ) from None
    labels = [label(value) for value in values]
    # A NaN may be a value of its own, as in an Arrow column.
    absent = [bool(pd.isna(v)) or (isinstance(v, float) and v != v) for v in values]
    distinct = tuple(dict.fromkeys(t for t, no in zip(labels, absent, strict=True) if not no))
    if len(distinct) < len(labels):  # or 1 and "1" in one column
        place = {text: i for i, text in enumerate(distinct)}
        known = [-1 if no else place[t] for t, no in zip(labels, absent, strict=True)]
        codes = np.array([*known, -1], dtype=np.intp)[codes]
    return Column(label(name), distinct, codes)


def _cross(name: tuple[Hashable, ...], parts: list[Column]) -> Column:
    """The combinations of levels that occur."""
    codes, labels = parts[0].codes.astype(np.intp), [(text,) for text in parts[0].labels]
    for part in parts[1:]:
        missing = (codes < 0) | (part.codes < 0)
        pair = np.where(missing, -1, codes * len(part.labels) + part.codes)
        occurring, codes = np.unique(pair, return_inverse=True)
        if occurring[0] < 0:
            occurring, codes = occurring[1:], codes - 1
        first, second = np.divmod(occurring, len(part.labels))
        labels = [
            (*labels[i], part.labels[j])
            for i, j in zip(first.tolist(), second.tolist(), strict=True)
        ]
    written = tuple(label(levels) for levels in labels)
    if len(set(written)) < len(written):
        raise CalibrationError(
            f"Crossing {label(name)!r} gives two combinations the same name; leave ' x ' out of "
            "the levels.",
            margin=label(name),
        )
    return Column(label(name), written, codes)


def numbers_of(values: Any, named: str) -> NDArray[np.float64]:
    """One column of values (n,) as numbers; what is none becomes NaN."""
    if isinstance(values, pd.DataFrame) or np.ndim(values) != 1:
        raise CalibrationError(f"{named} must be one column of numbers; rename or choose one.")
    found = pd.to_numeric(pd.Series(values).reset_index(drop=True), errors="coerce")
    return found.to_numpy(float, na_value=np.nan)
