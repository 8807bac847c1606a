"""The arguments of `calibrate`, read and refused when they are wrong in themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.weighting.columns import label, numbers_of
from flows.weighting.errors import CalibrationError
from flows.weighting.levels import Collapse
from flows.weighting.limits import Bounds
from flows.weighting.margins import MissingPolicy
from flows.weighting.problem import DisagreeingPolicy
from flows.weighting.trimming import Trim

Floats = NDArray[np.float64]
Method = Literal["raking", "linear", "logit", "poststratify"]


def check_arguments(
    frame: Any,
    targets: Any,
    *,
    method: Any,
    population: Any,
    missing: Any,
    disagreeing: Any,
    tolerance: Any,
    max_iterations: Any,
) -> None:
    """Refuse arguments that are no such thing, or nothing to work with."""
    if not isinstance(frame, pd.DataFrame):
        raise CalibrationError(f"The respondents must be a pandas DataFrame, not {_type(frame)}.")
    for name, value, allowed in (
        ("method", method, get_args(Method)),
        ("missing", missing, get_args(MissingPolicy)),
        ("disagreeing", disagreeing, get_args(DisagreeingPolicy)),
    ):
        if not isinstance(value, str) or value not in allowed:
            raise CalibrationError(f"{name}={value!r} is unknown; choose {', '.join(allowed)}.")
    if len(frame) == 0:
        raise CalibrationError("There are no respondents to weight.")
    if not isinstance(targets, Mapping) or not targets:
        raise CalibrationError("There are no targets; give {margin: {level: number}}.")
    if not _is_number(tolerance) or not 0 < tolerance < 1:
        raise CalibrationError(f"tolerance={tolerance!r} must lie between 0 and 1.")
    if not _is_number(max_iterations) or not max_iterations >= 1 or max_iterations % 1:
        raise CalibrationError(f"max_iterations={max_iterations!r} must be a whole number from 1.")
    if population is not None and not (_is_number(population) and 0 < population < np.inf):
        raise CalibrationError(f"population={population!r} must be a positive number.")


def read_bounds(bounds: Any, method: Method, trim: Trim | None) -> Bounds:
    """The lowest and highest g as numbers, when they suit the method."""
    if method == "poststratify" and (bounds is not None or trim is not None):
        name = "bounds" if bounds is not None else "trim"
        raise CalibrationError(
            f"{name}= cannot go with method='poststratify', which leaves no choice of weights; "
            "use method='raking'."
        )
    if method == "logit" and bounds is None:
        raise CalibrationError("method='logit' needs bounds=(lowest g, highest g).")
    if method == "logit" and trim is not None:
        raise CalibrationError(
            "trim= cannot go with method='logit', whose bounds already limit the weights; "
            "use method='raking'."
        )
    if bounds is None:
        return None
    try:
        low, high = (float(number) for number in bounds)
    except (TypeError, ValueError):
        raise CalibrationError(f"bounds={bounds!r} must be a pair (lowest, highest).") from None
    if not (0 <= low < 1 < high) and not (method == "linear" and low < 1 < high):
        raise CalibrationError(
            f"bounds={bounds!r} must be (lowest g, highest g) with 0 <= lowest < 1 < highest."
        )
    if method == "logit" and not np.isfinite(high):
        raise CalibrationError("method='logit' needs a finite highest g in bounds=.")
    return low, high


def read_collapse(collapse: Any, margins: Iterable[Any]) -> Collapse | None:
    """What to merge as a `Collapse`; a mapping alone takes the default minimum."""
    if isinstance(collapse, Mapping):
        collapse = Collapse(collapse)
    if collapse is None:
        return None
    if not isinstance(collapse, Collapse) or not isinstance(collapse.into, Mapping):
        raise CalibrationError(
            f"collapse={collapse!r} must be {{margin: [(level, level it joins), ...]}}."
        )
    if not _is_number(collapse.minimum) or not collapse.minimum >= 0:
        raise CalibrationError(
            f"The minimum of collapse= is {collapse.minimum!r}; it must be a number of respondents."
        )
    known = {label(margin) for margin in margins}
    if len({label(margin) for margin in collapse.into}) < len(collapse.into):
        raise CalibrationError("collapse= names a margin twice; put its pairs together.")
    for margin, pairs in collapse.into.items():
        if label(margin) not in known:
            raise CalibrationError(
                f"collapse= names margin {label(margin)!r}, which has no targets; the margins are "
                f"{', '.join(sorted(known))}.",
                margin=label(margin),
            )
        for pair in pairs if isinstance(pairs, list | tuple) else [pairs]:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise CalibrationError(
                    f"collapse= of margin {label(margin)!r}: {pair!r} must be a pair (level, "
                    "level it joins)."
                )
    return collapse


def read_base_weight(frame: pd.DataFrame, base_weight: Any) -> tuple[Floats, bool]:
    """The base weights (n,) as numbers, and whether they were given.

    Numbers go by place. A Series with the labels of the frame in another order is refused.
    """
    if base_weight is None:
        return np.ones(len(frame)), False
    named = "base_weight"
    crossing = isinstance(base_weight, tuple) and base_weight in frame.columns
    if isinstance(base_weight, str) or np.isscalar(base_weight) or crossing:
        named = f"Base weight {label(base_weight)!r}"
        if base_weight not in frame.columns:
            raise CalibrationError(f"There is no base weight column {label(base_weight)!r}.")
        base_weight = frame[base_weight]
    elif isinstance(base_weight, pd.Series) and _in_another_order(base_weight.index, frame.index):
        raise CalibrationError(
            "base_weight has the rows of the frame in another order; sort it like the frame, "
            "or give the name of a column."
        )
    base = numbers_of(base_weight, named)
    if len(base) != len(frame):
        raise CalibrationError(f"{named} has {len(base):,} values for {len(frame):,} respondents.")
    for bad, what in ((~np.isfinite(base), "is not a number"), (base < 0, "is negative")):
        if bad.any():
            raise CalibrationError(
                f"{named} {what} for {int(bad.sum()):,} respondents, first in row "
                f"{int(np.flatnonzero(bad)[0]) + 1:,}; leave them out or correct it."
            )
    with np.errstate(over="ignore"):
        total = float(base.sum())
    if not 0 < total < np.inf:
        found = "zero for all respondents" if total == 0 else "too large to add up"
        raise CalibrationError(f"{named} is {found}.")
    return base, True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _type(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def _in_another_order(given: pd.Index, rows: pd.Index) -> bool:
    """Whether the labels of a series are those of the frame, shuffled: numbers go by place."""
    return (
        len(given) == len(rows)
        and not given.equals(rows)
        and given.is_unique
        and bool(given.isin(rows).all())
    )
