"""What can be known to fail before anything is iterated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from flows.weighting.columns import label
from flows.weighting.errors import CalibrationError
from flows.weighting.levels import Collapse
from flows.weighting.limits import Limits
from flows.weighting.margins import Floats, MissingPolicy
from flows.weighting.problem import DisagreeingPolicy, Problem
from flows.weighting.trimming import Trim

Method = Literal["raking", "linear", "logit", "poststratify"]


def check_arguments(
    frame: pd.DataFrame,
    targets: Any,
    *,
    method: str,
    bounds: Any,
    population: Any,
    trim: Trim | None,
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
    known = {label(margin) for margin in margins}
    for margin, pairs in collapse.into.items():
        if label(margin) not in known:
            raise CalibrationError(
                f"collapse= names margin {label(margin)!r}, which has no targets; the margins are "
                f"{', '.join(sorted(known))}.",
                margin=label(margin),
            )
        for pair in pairs:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise CalibrationError(
                    f"collapse= of margin {label(margin)!r}: {pair!r} must be a pair (level, "
                    "level it joins)."
                )
    return collapse


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


def check_method(problem: Problem, method: Method) -> None:
    """Refuse a method that these margins do not allow."""
    if method != "poststratify":
        return
    if len(problem.margins) != 1 or problem.continuous:
        raise CalibrationError(
            "method='poststratify' takes one margin; cross them by a tuple of columns, or use "
            "method='raking'."
        )
    if problem.margins[0].spread:
        raise CalibrationError(
            "missing='proportional' cannot go with method='poststratify'; use method='raking'."
        )


def check_reach(problem: Problem, method: Method, limits: Limits) -> None:
    """Refuse what one margin alone, or the limits of the weights, already exclude."""
    where = problem.groups.where
    if method != "linear" or limits:
        for variable in problem.continuous:
            mean = variable.wanted / problem.total
            for g in range(len(mean)):
                values = variable.values[problem.rows_of(g)]
                low, high = values.min(), values.max()
                if not low <= mean[g] <= high:
                    raise CalibrationError(
                        f"{where(g)}Continuous column {variable.name!r}: the target means an "
                        f"average of {mean[g]:.6g}, outside the {low:.6g} to {high:.6g} that "
                        "occur.",
                        margin=variable.name,
                        wanted=float(mean[g]),
                        possible=float(np.clip(mean[g], low, high)),
                    )
    if not limits:
        return
    lowest, highest = limits.of_weights(problem)
    if (lowest > highest).any():
        raise CalibrationError(
            f"bounds and trim exclude each other for {int((lowest > highest).sum()):,} "
            "respondents; widen one."
        )
    low_sum, high_sum = problem.groups.sums(lowest), problem.groups.sums(highest)
    slack = 1e-9 * problem.total
    outside = (problem.total < low_sum - slack) | (problem.total > high_sum + slack)
    for g in np.flatnonzero(outside).tolist():
        raise CalibrationError(
            f"{where(g)}{limits.name} allows weights adding up to {low_sum[g]:,.6g} to "
            f"{high_sum[g]:,.6g}, but they must add up to {problem.total[g]:,.6g}; widen it, or "
            "give base weights on the scale of the population.",
            wanted=float(problem.total[g]),
            possible=float(low_sum[g] if problem.total[g] < low_sum[g] else high_sum[g]),
        )
    for margin in problem.margins:
        wanted = problem.wanted(margin)
        low, high = margin.totals(lowest), margin.totals(highest)
        outside = (wanted < low - slack[:, None]) | (wanted > high + slack[:, None])
        for g, i in np.argwhere(outside).tolist():
            unit = margin.sum[g] / problem.total[g]
            nearest = low[g, i] if wanted[g, i] < low[g, i] else high[g, i]
            level = margin.levels[g][i]
            raise CalibrationError(
                f"{where(g)}Margin {margin.name!r}, level {level!r}: the target is "
                f"{margin.show(wanted[g, i] * unit)}, but {limits.name} allows "
                f"{margin.show(low[g, i] * unit)} to {margin.show(high[g, i] * unit)}; widen it, "
                "or merge the level.",
                margin=margin.name,
                level=level,
                wanted=float(wanted[g, i] * unit),
                possible=float(nearest * unit),
            )
