"""`calibrate`: weights by which a sample agrees with known population figures.

Everything that can be known to fail is refused before iterating (margins.py, problem.py,
checks.py). Success is judged on the finished weights, never on the size of the last step.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from flows.statistics.raking import rake, relative_errors
from flows.weighting.checks import (
    Bounds,
    Method,
    TrimLimits,
    check_arguments,
    check_reach,
    read_base_weight,
)
from flows.weighting.errors import CalibrationError
from flows.weighting.failing import not_met
from flows.weighting.margins import Floats, MissingPolicy, read_column
from flows.weighting.problem import (
    DisagreeingPolicy,
    Problem,
    read_continuous,
    set_up,
    split,
    units,
)
from flows.weighting.result import Weighting, design_effect
from flows.weighting.solving import solve

RAKING_SWEEPS = 200
"""Cyclic raking that is not there by now crawls; Newton's method then takes over."""


def calibrate(
    frame: pd.DataFrame,
    targets: Mapping[Any, Mapping[Any, Any]],
    *,
    base_weight: Hashable | Sequence[float] | Floats | pd.Series | None = None,
    method: Method = "raking",
    bounds: Bounds = None,
    continuous: Mapping[Any, float] | None = None,
    population: float | None = None,
    trim: TrimLimits = None,
    collapse: Any = None,
    by: Hashable | None = None,
    missing: MissingPolicy = "error",
    disagreeing: DisagreeingPolicy = "error",
    tolerance: float = 1e-6,
    max_iterations: int = 1000,
) -> Weighting:
    """Calibrate base weights to the targets of one or more margins.

    `targets`: `{margin: {level: number}}`; a margin is a column of the frame, or a tuple of
    columns with tuples as levels. Numbers adding up to 1 are shares, to 100 percentages,
    otherwise population totals. Totals give weights adding up to the population; shares give
    weights averaging 1, or adding up to `population`. With `by`, a column name, every group
    is weighted apart and `targets` is `{group: {margin: {level: number}}}`; under shares a
    group then keeps its share of the base weights.

    `base_weight`: column name or numbers per row; default equal. `method`: `raking` (Deming
    and Stephan), `poststratify` (one margin), `linear` (the regression estimator; may give
    negative weights), `logit` (needs `bounds`); Deville and Särndal (1992). `bounds`: lowest
    and highest g = weight / base weight (base weights given with shares first get the same
    sum as the weights). `trim`: lowest and highest weight itself, either may be None; weights
    are cut while calibrating, so that the margins still hold (raking and linear).
    `continuous`: `{column: number}`, the population total of a numeric column, or its mean
    when all margins are shares or percentages. `missing`: refuse missing values in a margin
    (`error`), make them a level that keeps its share (`own_level`), or spread them over the
    levels by the targets (`proportional`). `disagreeing`: refuse margins with unequal sums
    (`error`), or scale them to the first (`scale`). `max_iterations`: sweeps of raking plus
    steps of Newton's method. `collapse` is refused.

    Returns a `Weighting` whose weights meet every target to a relative `tolerance`; raises
    `CalibrationError` otherwise, naming margin and level where there is one.
    """
    check_arguments(
        frame,
        targets,
        method=method,
        bounds=bounds,
        population=population,
        trim=trim,
        collapse=collapse,
        missing=missing,
        disagreeing=disagreeing,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    if by is not None and continuous:
        raise CalibrationError("continuous= cannot go with by=; weight each group by itself.")
    base, base_is_given = read_base_weight(frame, base_weight)
    parts = split(targets, read_column(frame, by) if by is not None else None)
    unit = units(parts)
    columns = {name: read_column(frame, name) for name in unit}
    numeric = read_continuous(frame, continuous)

    weights, g_weights = np.empty(len(frame)), np.empty(len(frame))
    solutions = []
    for part in parts:
        problem = set_up(
            part,
            columns,
            unit,
            base,
            base_is_given,
            numeric,
            missing=missing,
            disagreeing=disagreeing,
            population=population,
        )
        check_reach(problem, method, bounds, trim)
        g, iterations = _solve(problem, method, bounds, trim, tolerance / 2, max_iterations)
        solution = _judge(problem, g, iterations, method, bounds, trim, tolerance)
        weights[part.rows], g_weights[part.rows] = problem.base * g, g
        solutions.append(solution)

    deff = design_effect(weights)
    return Weighting(
        weights=weights,
        g_weights=g_weights,
        margins=_margins_table(solutions),
        efficiency=1 / deff,
        design_effect=deff,
        effective_n=len(weights) / deff,
        iterations=max(s.iterations for s in solutions),
        max_error=max(s.error for s in solutions),
        method=method,
        notes=_notes(weights),
    )


@dataclass(frozen=True, eq=False)
class _Solution:
    """How one part went; `tables` holds per variable the columns of the margins table."""

    tables: list[dict[str, Any]]
    iterations: int
    error: float


def _solve(
    problem: Problem,
    method: Method,
    bounds: Bounds,
    trim: TrimLimits,
    tolerance: float,
    max_iterations: int,
) -> tuple[Floats, int]:
    """The g-weights (n,) and the number of iterations they took."""
    if method == "poststratify":
        margin = problem.margins[0]
        before = margin.totals(problem.base)
        ratio = np.divide(
            problem.wanted(margin), before, out=np.ones_like(before), where=before > 0
        )
        return ratio[margin.codes], 1
    spread = any(margin.has_missing for margin in problem.margins)
    if method != "raking" or bounds or trim or problem.continuous or spread:
        return solve(problem, method, bounds, trim, tolerance, max_iterations)
    raked = rake(
        [margin.codes for margin in problem.margins],
        [problem.wanted(margin) for margin in problem.margins],
        problem.base,
        tolerance=tolerance,
        max_iterations=min(RAKING_SWEEPS, max_iterations),
    )
    left = max_iterations - raked.iterations
    if raked.converged or left == 0:
        return raked.factors, raked.iterations
    g, steps = solve(problem, method, None, None, tolerance, left)
    return g, raked.iterations + steps


def _judge(
    problem: Problem,
    g: Floats,
    iterations: int,
    method: Method,
    bounds: Bounds,
    trim: TrimLimits,
    tolerance: float,
) -> _Solution:
    """Recompute every margin from the finished weights; refuse when one misses its target."""
    weights = problem.base * g
    tables, errors, reached = [], [], []
    for margin in problem.margins:
        before, after = margin.totals(problem.base), margin.totals(weights)
        errors.append(relative_errors(after, problem.wanted(margin)))
        reached.append(after)
        tables.append(
            {
                "margin": [margin.name] * len(margin.levels),
                "level": margin.levels,
                "n": margin.counts,
                "before": before / problem.base.sum() * margin.sum,
                "target": margin.targets,
                "after": after / problem.total * margin.sum,
            }
        )
    for variable in problem.continuous:
        total = variable.total(weights)
        errors.append(np.array([abs(total - variable.wanted) / variable.scale(problem.base)]))
        reached.append(np.array([total]))
        unit = 1 / problem.total if variable.unit == "mean" else 1.0
        before_mean = variable.total(problem.base) / problem.base.sum()
        tables.append(
            {
                "margin": [variable.name],
                "level": [variable.unit],
                "n": [len(weights)],
                "before": [before_mean * problem.total * unit],
                "target": [variable.wanted * unit],
                "after": [total * unit],
            }
        )
    error = float(np.max(np.concatenate(errors)))
    if not error <= tolerance:  # also when it is not a number
        raise not_met(problem, np.concatenate(reached), iterations, method, bounds, trim)
    if problem.group is not None:
        tables = [{"group": [problem.group] * len(t["level"]), **t} for t in tables]
    return _Solution(tables, iterations, error)


def _margins_table(solutions: list[_Solution]) -> pd.DataFrame:
    tables = [table for solution in solutions for table in solution.tables]
    return pd.DataFrame({name: np.concatenate([t[name] for t in tables]) for name in tables[0]})


def _notes(weights: Floats) -> tuple[str, ...]:
    notes = []
    negative = int((weights < 0).sum())
    if negative:
        notes.append(
            f"{negative:,} weights are negative, as linear calibration without bounds allows; "
            "choose bounds, raking or logit where that is not acceptable."
        )
    tiny = int((np.abs(weights) < 0.001 * weights.mean()).sum())
    if tiny:
        notes.append(f"{tiny:,} weights are below a thousandth of the mean weight.")
    return tuple(notes)
