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
    if isinstance(name, tuple) and name not in frame.columns:
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
        codes, values = pd.factorize(series)
    labels = [label(value) for value in values]
    distinct = tuple(dict.fromkeys(labels))
    if len(distinct) < len(labels):  # such as 1 and "1" in one column
        place = {text: i for i, text in enumerate(distinct)}
        codes = np.array([place[text] for text in labels] + [-1], dtype=np.intp)[codes]
    return Column(label(name), distinct, codes)


def _cross(name: tuple[Hashable, ...], parts: list[Column]) -> Column:
    codes, labels = parts[0].codes.astype(np.intp), parts[0].labels
    for part in parts[1:]:
        missing = (codes < 0) | (part.codes < 0)
        codes = np.where(missing, -1, codes * len(part.labels) + part.codes)
        labels = tuple(label((a, b)) for a in labels for b in part.labels)
    return Column(label(name), labels, codes)
