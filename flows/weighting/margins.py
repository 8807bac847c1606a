"""Margins as the calibration kernels want them: a code per respondent, a target per level.

Levels are compared by their label, so that the target "2" matches the answers 2, 2.0 and "2"
(also in nullable and categorical columns), and never by position.
"""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.statistics.raking import level_totals
from flows.weighting.errors import CalibrationError

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Unit = Literal["share", "percentage", "total"]
MissingPolicy = Literal["error", "own_level", "proportional"]

MISSING_LEVEL = "(missing)"
"""The level that missing values form under the policy `own_level`."""

ROUNDING = 1e-7
"""Relative difference up to which two sums of targets are the same number."""


def label(value: Any) -> str:
    """How a level is written: whole numbers without decimals, crossed levels with ' x '."""
    if isinstance(value, tuple):
        return " x ".join(label(part) for part in value)
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return str(int(value))
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    return str(value)


def same(a: float, b: float) -> bool:
    """Whether two sums of targets are equal but for rounding."""
    return abs(a - b) <= ROUNDING * max(abs(a), abs(b))


@dataclass(frozen=True, eq=False)
class Column:
    """A margin as it stands in the frame: code -1 is missing."""

    name: str
    labels: tuple[str, ...]
    codes: Ints

    def take(self, rows: Ints) -> Column:
        return replace(self, codes=self.codes[rows])


@dataclass(frozen=True, eq=False)
class Margin:
    """A margin with its targets.

    `codes`: (n,) index into `levels`; -1 is a missing value that counts for every level in
    proportion to the targets. `targets`: (levels,) as given, in `unit`, adding up to `sum`.
    `counts`: respondents per level.
    """

    name: str
    levels: tuple[str, ...]
    codes: Ints
    counts: Ints
    targets: Floats
    unit: Unit

    @property
    def sum(self) -> float:
        return float(self.targets.sum())

    @property
    def shares(self) -> Floats:
        return self.targets / self.sum

    @property
    def has_missing(self) -> bool:
        return int(self.counts.sum()) < len(self.codes)

    def totals(self, weights: Floats) -> Floats:
        """Weighted total per level; missing values are spread by the targets."""
        if not self.has_missing:
            return level_totals(self.codes, weights, len(self.levels))
        known = self.codes >= 0
        totals = level_totals(self.codes[known], weights[known], len(self.levels))
        return totals + self.shares * float(weights[~known].sum())

    def show(self, number: float) -> str:
        """A number in this margin's unit, for a message."""
        if self.unit == "share":
            return f"{number:.4f}"
        return f"{number:.2f}%" if self.unit == "percentage" else f"{number:,.6g}"


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
    coded = codes.astype(np.intp)
    if len(distinct) < len(labels):  # such as 1 and "1" in one column
        place = {text: i for i, text in enumerate(distinct)}
        coded = np.array([place[text] for text in labels] + [-1], dtype=np.intp)[coded]
    return Column(label(name), distinct, coded)


def _cross(name: tuple[Hashable, ...], parts: list[Column]) -> Column:
    codes, labels = parts[0].codes, parts[0].labels
    for part in parts[1:]:
        missing = (codes < 0) | (part.codes < 0)
        codes = np.where(missing, -1, codes * len(part.labels) + part.codes)
        labels = tuple(label((a, b)) for a in labels for b in part.labels)
    return Column(label(name), labels, codes)


def match(
    column: Column,
    targets: Mapping[Any, Any],
    unit: Unit,
    base: Floats,
    missing: MissingPolicy,
    where: str = "",
) -> Margin:
    """Put the targets beside the respondents' levels, refusing all that does not fit.

    `where`: words in front of a message, such as the group.
    """
    levels, wanted = read_targets(column.name, targets, where)
    place = {level: i for i, level in enumerate(levels)}
    # The last entry serves code -1: a missing value stays -1.
    lookup = np.array([place.get(text, -2) for text in column.labels] + [-1], dtype=np.intp)
    codes = column.codes
    if not np.array_equal(lookup[:-1], np.arange(len(column.labels))):
        codes = lookup[codes]
    present = np.bincount(codes + 2, minlength=len(levels) + 2)
    counts = present[2:]

    def refuse(reason: str, level: str | None = None, target: float | None = None) -> NoReturn:
        at = f", level {level!r}" if level is not None else ""
        raise CalibrationError(
            f"{where}Margin {column.name!r}{at}: {reason}",
            margin=column.name,
            level=level,
            wanted=target,
            possible=0.0 if target else None,
        )

    if present[0]:
        unknown = column.labels[int(column.codes[np.flatnonzero(codes == -2)[0]])]
        n = int((column.codes == column.labels.index(unknown)).sum())
        refuse(
            f"{_respondents(n)} this level, but there is no target for it; "
            "give one, or recode these respondents.",
            unknown,
        )
    if present[1] and missing == "error":
        refuse(
            f"{_respondents(int(present[1]))} no value; leave them out, or choose "
            "missing='own_level' or missing='proportional'."
        )
    if present[1] == len(codes):
        refuse("no respondent has a value; nothing can be weighted on it.")
    weight = np.bincount(codes + 2, base, len(levels) + 2)[2:] if (base == 0).any() else counts
    for i, level in enumerate(levels):
        target = float(wanted[i])
        if target > 0 and counts[i] == 0:
            refuse(
                f"the target is {target:g}, but no respondent has this level; merge it with "
                "another level, in the answers and in the targets.",
                level,
                target,
            )
        if target > 0 and weight[i] <= 0:
            refuse(
                f"the target is {target:g}, but every respondent with this level has base "
                "weight zero.",
                level,
                target,
            )
        if target == 0 and counts[i] > 0:
            refuse(
                f"the target is zero, but {_respondents(int(counts[i]))} this level; leave "
                "them out, or correct the target.",
                level,
                target,
            )
    margin = Margin(column.name, levels, codes, counts, wanted, unit)
    return _own_level(margin, base) if present[1] and missing == "own_level" else margin


def _respondents(n: int) -> str:
    return "1 respondent has" if n == 1 else f"{n:,} respondents have"


def _own_level(margin: Margin, base: Floats) -> Margin:
    """Missing values as a level that keeps its share; the given targets share the rest."""
    missing = margin.codes < 0
    share = float(base[missing].sum() / base.sum())
    return replace(
        margin,
        levels=(*margin.levels, MISSING_LEVEL),
        codes=np.where(missing, len(margin.levels), margin.codes),
        counts=np.append(margin.counts, missing.sum()),
        targets=np.append(margin.targets * (1 - share), margin.sum * share),
    )


def read_targets(
    name: str, targets: Mapping[Any, Any], where: str
) -> tuple[tuple[str, ...], Floats]:
    """The levels and numbers of a margin's targets; all finite, none negative."""
    if not hasattr(targets, "items") or len(targets) == 0:
        raise CalibrationError(
            f"{where}Margin {name!r} has no targets; give {{level: number}}.", margin=name
        )
    numbers_by_level: dict[str, float] = {}
    for key, value in targets.items():
        level = label(key)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = np.nan
        if level in numbers_by_level:
            problem = "has two targets; keep one"
        elif not np.isfinite(number):
            problem = f"has the target {value!r}, which is not a number"
        elif number < 0:
            problem = f"has the target {number:g}; a target cannot be negative"
        else:
            numbers_by_level[level] = number
            continue
        raise CalibrationError(
            f"{where}Margin {name!r}, level {level!r} {problem}.", margin=name, level=level
        )
    wanted = np.array(list(numbers_by_level.values()))
    if wanted.sum() <= 0:
        raise CalibrationError(f"{where}Margin {name!r}: all targets are zero.", margin=name)
    return tuple(numbers_by_level), wanted


def unit_of(total: float) -> Unit:
    """Shares add up to about 1, percentages to about 100; everything else is a total.

    No population is about 1, so a sum a tenth away from it is a slip in shares, to be refused.
    """
    if abs(total - 1) <= 0.1:
        return "share"
    return "percentage" if abs(total - 100) <= 1 else "total"
