"""What can be known to fail before anything is iterated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from flows.weighting.errors import CalibrationError
from flows.weighting.margins import Floats, MissingPolicy, label
from flows.weighting.problem import DisagreeingPolicy, Problem

Method = Literal["raking", "linear", "logit", "poststratify"]
Bounds = tuple[float, float] | None
TrimLimits = tuple[float | None, float | None] | None


def check_arguments(
    frame: pd.DataFrame,
    targets: Any,
    *,
    method: str,
    bounds: Any,
    population: Any,
    trim: Any,
    collapse: Any,
    missing: str,
    disagreeing: str,
    tolerance: float,
    max_iterations: int,
) -> None:
    """Refuse arguments that are wrong in themselves, or that do not go together."""
    for name, value, allowed in (
        ("method", method, get_args(Method)),
        ("missing", missing, get_args(MissingPolicy)),
        ("disagreeing", disagreeing, get_args(DisagreeingPolicy)),
    ):
        if value not in allowed:
            raise CalibrationError(f"{name}={value!r} is unknown; choose {', '.join(allowed)}.")
    if len(frame) == 0:
        raise CalibrationError("There are no respondents to weight.")
    if not isinstance(targets, Mapping) or not targets:
        raise CalibrationError("There are no targets; give {margin: {level: number}}.")
    if collapse is not None:
        raise CalibrationError(
            "collapse= is not offered: merge the levels in the answers and add up their targets."
        )
    if not 0 < tolerance < 1:
        raise CalibrationError(f"tolerance={tolerance!r} must lie between 0 and 1.")
    if not max_iterations >= 1:
        raise CalibrationError(f"max_iterations={max_iterations!r} must be at least 1.")
    if population is not None and not (np.isfinite(population) and population > 0):
        raise CalibrationError(f"population={population!r} must be a positive number.")
    _check_limits(method, bounds, trim)


def _check_limits(method: str, bounds: Any, trim: Any) -> None:
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
    if bounds is not None:
        low, high = _pair("bounds", bounds)
        if not (0 <= low < 1 < high) and not (method == "linear" and low < 1 < high):
            raise CalibrationError(
                f"bounds={bounds!r} must be (lowest g, highest g) with 0 <= lowest < 1 < highest."
            )
        if method == "logit" and not np.isfinite(high):
            raise CalibrationError("method='logit' needs a finite highest g in bounds=.")
    if trim is not None:
        low, high = _pair("trim", trim)
        if not 0 <= max(low, 0) < high or low < 0:
            raise CalibrationError(
                f"trim={trim!r} must be (lowest weight, highest weight), not negative; "
                "either may be None."
            )


def _pair(name: str, value: Any) -> tuple[float, float]:
    try:
        low, high = value
        return (0.0 if low is None else float(low)), (np.inf if high is None else float(high))
    except (TypeError, ValueError):
        raise CalibrationError(f"{name}={value!r} must be a pair (lowest, highest).") from None


def read_base_weight(frame: pd.DataFrame, base_weight: Any) -> tuple[Floats, bool]:
    """The base weights (n,) as numbers, and whether they were given."""
    if base_weight is None:
        return np.ones(len(frame)), False
    if isinstance(base_weight, str | tuple) or np.isscalar(base_weight):
        if base_weight not in frame.columns:
            raise CalibrationError(f"There is no base weight column {label(base_weight)!r}.")
        named, values = f"Base weight {label(base_weight)!r}", frame[base_weight]
    else:
        named, values = "base_weight", pd.Series(base_weight)
        if _in_another_order(values.index, frame.index):
            raise CalibrationError(
                "base_weight has the rows of the frame in another order; sort it like the frame, "
                "or give the name of a column."
            )
    if len(values) != len(frame):
        raise CalibrationError(
            f"{named} has {len(values):,} values for {len(frame):,} respondents."
        )
    base = pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
    for bad, what in ((~np.isfinite(base), "is not a number"), (base < 0, "is negative")):
        if bad.any():
            raise CalibrationError(
                f"{named} {what} for {int(bad.sum()):,} respondents, first in row "
                f"{int(np.flatnonzero(bad)[0]) + 1:,}; leave them out or correct it."
            )
    if not base.sum() > 0:
        raise CalibrationError(f"{named} is zero for all respondents.")
    return base, True


def _in_another_order(given: pd.Index, rows: pd.Index) -> bool:
    """Whether the labels of a series are those of the frame, shuffled: numbers go by place."""
    return (
        len(given) == len(rows)
        and not given.equals(rows)
        and given.is_unique
        and bool(given.isin(rows).all())
    )


def weight_limits(problem: Problem, bounds: Bounds, trim: TrimLimits) -> tuple[Floats, Floats]:
    """Lowest and highest weight per respondent by bounds on g and by trimming."""
    base = problem.base
    low, high = np.full(len(base), -np.inf), np.full(len(base), np.inf)
    if bounds is not None:
        low, high = base * bounds[0], np.where(base > 0, base, 1) * bounds[1]
    if trim is not None:
        lowest, highest = _pair("trim", trim)
        # A base weight of zero stays zero whatever the lowest weight.
        low = np.where(base > 0, np.maximum(low, lowest), 0.0)
        high = np.minimum(high, highest)
    return low, high


def check_reach(problem: Problem, method: Method, bounds: Bounds, trim: TrimLimits) -> None:
    """Refuse what the limits of the weights, or one margin alone, already exclude."""
    if method == "poststratify" and (len(problem.margins) != 1 or problem.continuous):
        raise CalibrationError(
            f"{problem.where}method='poststratify' takes one margin; cross them by a tuple of "
            "columns, or use method='raking'."
        )
    if method == "poststratify" and problem.margins[0].has_missing:
        raise CalibrationError(
            f"{problem.where}missing='proportional' cannot go with method='poststratify'; use "
            "method='raking'."
        )
    if method != "linear" or bounds is not None or trim is not None:
        for variable in problem.continuous:
            mean = variable.wanted / problem.total
            low, high = variable.values.min(), variable.values.max()
            if not low <= mean <= high:
                raise CalibrationError(
                    f"{problem.where}Continuous column {variable.name!r}: the target means an "
                    f"average of {mean:.6g}, outside the {low:.6g} to {high:.6g} that occur.",
                    margin=variable.name,
                    wanted=mean,
                    possible=float(np.clip(mean, low, high)),
                )
    if bounds is None and trim is None:
        return
    lowest, highest = weight_limits(problem, bounds, trim)
    if (lowest > highest).any():
        raise CalibrationError(
            f"{problem.where}bounds and trim exclude each other for "
            f"{int((lowest > highest).sum()):,} respondents; widen one."
        )
    named = "bounds" if bounds is not None else "trim"
    low_sum, high_sum = float(lowest.sum()), float(highest.sum())
    slack = 1e-9 * problem.total
    if not low_sum - slack <= problem.total <= high_sum + slack:
        raise CalibrationError(
            f"{problem.where}{named}= allows weights adding up to {low_sum:,.6g} to "
            f"{high_sum:,.6g}, but they must add up to {problem.total:,.6g}; widen it, or give "
            "base weights on the scale of the population.",
            wanted=problem.total,
            possible=low_sum if problem.total < low_sum else high_sum,
        )
    for margin in problem.margins:
        wanted = problem.wanted(margin)
        low, high = margin.totals(lowest), margin.totals(highest)
        unit = margin.sum / problem.total
        for i in np.flatnonzero((wanted < low - slack) | (wanted > high + slack)):
            nearest = low[i] if wanted[i] < low[i] else high[i]
            raise CalibrationError(
                f"{problem.where}Margin {margin.name!r}, level {margin.levels[i]!r}: the target is "
                f"{margin.show(wanted[i] * unit)}, but {named}= allows "
                f"{margin.show(low[i] * unit)} to {margin.show(high[i] * unit)}; widen it, or "
                "merge the level.",
                margin=margin.name,
                level=margin.levels[i],
                wanted=float(wanted[i] * unit),
                possible=float(nearest * unit),
            )
