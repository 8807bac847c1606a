"""What can be known to fail before anything is iterated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flows.weighting.arguments import Method
from flows.weighting.errors import CalibrationError
from flows.weighting.limits import Limits
from flows.weighting.problem import Problem

Floats = NDArray[np.float64]


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
    if not limits.allow_negative(method):
        for variable in problem.continuous:
            mean = variable.wanted / problem.total
            for g in range(len(mean)):
                values = variable.values[problem.rows_of(g)]
                least, most = float(values.min()), float(values.max())
                rounding = 1e-9 * max(abs(least), abs(most))
                if not least - rounding <= mean[g] <= most + rounding:
                    raise CalibrationError(
                        f"{where(g)}Continuous column {variable.name!r}: the target means an "
                        f"average of {mean[g]:.6g}, outside the {least:.6g} to {most:.6g} that "
                        "occur.",
                        margin=variable.name,
                        wanted=float(mean[g]),
                        possible=float(np.clip(mean[g], least, most)),
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
