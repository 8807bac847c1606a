"""`calibrate`: weights by which a sample agrees with known population figures.

Everything that can be known to fail is refused before iterating (margins.py, problem.py,
checks.py). Success is judged on the finished weights, never on the size of the last step. All
groups of `by` go through every step together.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from flows.statistics.raking import rake, relative_errors
from flows.weighting.arguments import (
    Method,
    check_arguments,
    read_base_weight,
    read_bounds,
    read_collapse,
)
from flows.weighting.checks import check_method, check_reach
from flows.weighting.columns import Ints, read_column
from flows.weighting.failing import not_met
from flows.weighting.feasible import check_pairs
from flows.weighting.groups import split
from flows.weighting.levels import Collapse, Collapsed
from flows.weighting.limits import Bounds, Limits
from flows.weighting.margins import Floats, MissingPolicy
from flows.weighting.outcome import Solution, groups_table, in_order, margins_table, notes_on
from flows.weighting.problem import (
    DisagreeingPolicy,
    Problem,
    read_batch,
    read_continuous,
    set_up,
    units,
)
from flows.weighting.result import Weighting, design_effect
from flows.weighting.solving import solve
from flows.weighting.trimming import Trim, caps, read_trim

RAKING_SWEEPS = 200
"""Cyclic raking that is not there by now crawls; Newton's method then takes over."""


def calibrate(
    frame: pd.DataFrame,
    targets: Mapping[Any, Mapping[Any, Any]],
    *,
    base_weight: Hashable | Sequence[float] | Floats | pd.Series | None = None,
    method: Method = "raking",
    bounds: Bounds = None,
    continuous: Mapping[Any, Any] | None = None,
    population: float | None = None,
    trim: Trim | tuple[float | None, float | None] | None = None,
    collapse: Collapse | Mapping[Any, Sequence[tuple[Any, Any]]] | None = None,
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
    and Stephan 1940), `poststratify` (one margin), `linear` (the regression estimator; may give
    negative weights), `logit` (needs `bounds`); Deville and Särndal (1992). `bounds`: lowest
    and highest g = weight / base weight (base weights given with shares first get the same
    sum as the weights). `trim`: lowest and highest weight itself, or a `Trim` with limits
    relative to the mean, the median or by quantile; weights are cut while calibrating, so that
    the margins still hold (raking and linear). `collapse`: which levels with few respondents
    are merged with which, in order. `continuous`: `{column: number}`, the population total of a
    numeric column, or its mean when all margins are shares or percentages; with `by`,
    `{group: {column: number}}`. `missing`: refuse missing values in a margin (`error`), make
    them a level that keeps its share (`own_level`), or spread them over the levels by the
    targets (`proportional`). `disagreeing`: refuse margins with unequal sums (`error`), or scale
    them to the first (`scale`). `max_iterations`: sweeps of raking plus steps of Newton's method.

    Returns a `Weighting` whose weights meet every target to a relative `tolerance`; raises
    `CalibrationError` otherwise, naming margin and level where there is one.
    """
    check_arguments(
        frame,
        targets,
        method=method,
        population=population,
        missing=missing,
        disagreeing=disagreeing,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    cut = read_trim(trim)
    between = read_bounds(bounds, method, cut)
    base, base_is_given = read_base_weight(frame, base_weight)
    groups = read_column(frame, by) if by is not None else None
    batches = split(targets, groups, len(frame))
    levels = [read_batch(batch) for batch in batches]
    unit = units(batches, levels)
    merging = read_collapse(collapse, unit)
    columns = {name: read_column(frame, name) for name in unit}
    numeric = read_continuous(frame, continuous, batches)

    weights, g_weights, used = np.empty(len(frame)), np.empty(len(frame)), np.empty(len(frame))
    solutions: list[Solution] = []
    collapsed: list[Collapsed] = []
    for batch, own in zip(batches, levels, strict=True):
        problem, merged = set_up(
            batch,
            own,
            columns,
            unit,
            base,
            base_is_given,
            numeric,
            collapse=merging,
            missing=missing,
            disagreeing=disagreeing,
            population=population,
        )
        check_method(problem, method)
        solution = _solution(problem, method, between, cut, tolerance, max_iterations)
        weights[batch.rows] = solution.weights
        g_weights[batch.rows], used[batch.rows] = solution.g_weights, problem.base
        solutions.append(solution)
        collapsed += merged

    deff = design_effect(weights)
    margins = in_order([margins_table(s) for s in solutions], targets)
    limited = solutions[0].limits.caps
    return Weighting(
        weights=weights,
        g_weights=g_weights,
        base_weights=used,
        margins=margins if by is not None else margins.drop(columns="group"),
        efficiency=1 / deff,
        design_effect=deff,
        effective_n=len(weights) / deff,
        iterations=max(int(s.iterations.max()) for s in solutions),
        max_error=max(float(s.error.max()) for s in solutions),
        method=method,
        caps=None if limited is None or by is not None else (limited[0][0], limited[1][0]),
        collapsed=tuple(collapsed),
        groups=None if by is None else in_order([groups_table(s) for s in solutions], targets),
        notes=(*map(str, collapsed), *notes_on(weights)),
        parts=tuple((b.rows, s.problem) for b, s in zip(batches, solutions, strict=True)),
    )


def _solution(
    problem: Problem,
    method: Method,
    bounds: Bounds,
    trim: Trim | None,
    tolerance: float,
    max_iterations: int,
) -> Solution:
    """The finished weights of a batch, every margin of every group recomputed from them."""
    limits = Limits(bounds)
    if trim is not None:
        untrimmed = problem.base * problem.groups.rows(
            problem.total / problem.groups.sums(problem.base)
        )
        if trim.of in ("median", "quantile"):
            untrimmed = _solution(problem, method, bounds, None, tolerance, max_iterations).weights
        limits = Limits(bounds, caps(trim, untrimmed, problem.base, problem.groups))
    check_reach(problem, method, limits)
    g, iterations = _solve(problem, method, limits, tolerance / 2, max_iterations)
    weights = problem.base * g
    after = problem.totals(weights)
    after += [problem.reached(variable, weights)[:, None] for variable in problem.continuous]
    errors = [
        relative_errors(totals, problem.wanted(margin)).max(axis=1)
        for totals, margin in zip(after, problem.margins, strict=False)
    ]
    errors += [
        np.abs(total[:, 0] - variable.wanted) / problem.scale(variable)
        for total, variable in zip(after[len(errors) :], problem.continuous, strict=True)
    ]
    error = np.max(errors, axis=0)
    if limits:  # the kernels keep them; that they did is seen on the weights themselves
        low, high = limits.of_weights(problem)
        slack = 1e-9 * (np.abs(weights) + problem.base)
        beyond = (weights < low - slack) | (weights > high + slack)
        error = np.where(problem.groups.sums(beyond.astype(np.float64)) > 0, np.inf, error)
    for failed in np.flatnonzero(~(error <= tolerance)):  # also when it is not a number
        alone, _ = problem.only([int(failed)])
        reached = np.concatenate([totals[failed] for totals in after])
        steps = int(iterations[failed])
        within = limits.only([int(failed)])
        raise not_met(alone, reached, steps, steps >= max_iterations, method, within)
    return Solution(problem, limits, weights, g, after, iterations, error)


def _solve(
    problem: Problem, method: Method, limits: Limits, tolerance: float, max_iterations: int
) -> tuple[Floats, Ints]:
    """The g-weights (n,) and per group the number of iterations they took."""
    count = len(problem.groups.names)
    if method == "poststratify":
        margin = problem.margins[0]
        before = margin.totals(problem.base)
        ratio = np.divide(
            problem.wanted(margin), before, out=np.ones_like(before), where=before > 0
        )
        place = margin.codes
        if margin.group is not None:
            place = margin.group * margin.size + margin.codes
        return ratio.ravel()[place], np.ones(count, dtype=np.intp)
    spread = any(margin.spread for margin in problem.margins)
    swept = method == "raking" and not (limits or problem.continuous or spread)
    if not swept or problem.sample is None:
        return solve(problem, method, limits, tolerance, max_iterations)
    sample = problem.sample
    assert sample is not None
    check_pairs(problem, ((i, j, np.where(t > 0, np.inf, 0.0)) for i, j, t in sample.pairs()))
    raked = rake(
        sample,
        [problem.wanted(margin) for margin in problem.margins],
        tolerance=tolerance,
        max_iterations=min(RAKING_SWEEPS, max_iterations),
    )
    g, iterations = raked.factors, raked.iterations
    left = max_iterations - RAKING_SWEEPS
    slow = np.flatnonzero(~raked.converged)
    if len(slow) and left > 0:
        part, rows = problem.only(slow.tolist())
        g[rows], steps = solve(part, method, limits, tolerance, left)
        iterations[slow] += steps
    return g, iterations
