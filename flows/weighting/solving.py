"""Newton's method on cells of respondents that the calibration cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.statistics.auxiliaries import Auxiliaries
from flows.statistics.calibration import Distance, linear, logit, newton, raking
from flows.statistics.raking import level_totals
from flows.weighting.columns import Ints
from flows.weighting.errors import CalibrationError
from flows.weighting.feasible import check_pairs
from flows.weighting.limits import Limits
from flows.weighting.problem import Problem

Floats = NDArray[np.float64]

NEWTON_STEPS = 100
"""Newton's method is quadratic near the solution: more steps never help."""

LARGEST_EQUATIONS = 20_000_000
"""Numbers in the Newton equations of all groups that are solved at once (160 MB)."""

MOST_LEVELS = 10_000
"""Newton's equations of one group have a row and a column for each level: this is 800 MB."""

NUMBERED_CELLS = 4_000_000
"""Up to so many possible cells they are numbered by a list of all of them."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The sample in cells, ordered by group: `of_row` (n,) and the auxiliary variables.

    `base`, `lowest`, `highest`: sums over the cell of base weights and of the limits of the
    weights. `totals`, `scale`: (G, variables), the levels of all margins first.
    """

    of_row: Ints
    x: Auxiliaries
    base: Floats
    lowest: Floats
    highest: Floats
    totals: Floats
    scale: Floats


def cells_of(problem: Problem, limits: Limits) -> Cells:
    """Collapse respondents with equal margins (and, with caps on the weight, base weights).

    With continuous variables every respondent is a cell.
    """
    n, group = len(problem.base), problem.groups.of
    if problem.continuous:
        order = np.arange(n) if group is None else np.argsort(group, kind="stable")
        of_row: Ints = np.empty(n, dtype=np.intp)
        of_row[order] = np.arange(n)
    else:
        codings = [(m.codes, m.size + m.spread) for m in problem.margins]
        if limits.caps is not None:
            codes, values = pd.factorize(problem.base)
            codings.append((codes, len(values)))
        if group is not None:
            codings.insert(0, (group, len(problem.groups.names)))
        of_row = _number_cells(codings, n)
    count = int(of_row.max()) + 1
    example = np.empty(count, dtype=np.intp)
    example[of_row] = np.arange(n)

    lowest, highest = limits.of_weights(problem)
    wanted = [problem.wanted(margin) for margin in problem.margins]
    numbers = [variable.wanted[:, None] for variable in problem.continuous]
    scales = [problem.scale(variable)[:, None] for variable in problem.continuous]
    return Cells(
        of_row,
        auxiliaries(problem, example),
        level_totals(of_row, problem.base, count),
        level_totals(of_row, lowest, count),
        level_totals(of_row, highest, count),
        np.hstack([*wanted, *numbers]),
        np.hstack([*wanted, *scales]),
    )


def auxiliaries(problem: Problem, rows: Ints) -> Auxiliaries:
    """The variables of some of the respondents, one of each cell."""
    numeric = [variable.values[rows] for variable in problem.continuous]
    group = problem.groups.of
    return Auxiliaries(
        codes=[margin.codes[rows] for margin in problem.margins],
        sizes=[margin.size for margin in problem.margins],
        shares=[margin.shares if margin.spread else None for margin in problem.margins],
        numeric=np.column_stack(numeric) if numeric else np.empty((len(rows), 0)),
        group=None if group is None else group[rows],
        groups=len(problem.groups.names),
    )


def solve(
    problem: Problem, method: str, limits: Limits, tolerance: float, max_iterations: int
) -> tuple[Floats, Ints]:
    """The g-weights (n,) by Newton's method, and per group (G,) the number of steps.

    Groups are solved side by side, as many at once as their equations fit in memory.
    """
    parts = _parts(problem)
    if len(parts) == 1:
        return _solve(problem, method, limits, tolerance, max_iterations)
    g, iterations = np.empty(len(problem.base)), np.zeros(len(problem.total), dtype=np.intp)
    for part in parts:
        some, rows = problem.only(part)
        g[rows], iterations[part] = _solve(
            some, method, limits.only(part), tolerance, max_iterations
        )
    return g, iterations


def _parts(problem: Problem) -> list[list[int]]:
    """The groups in parts, those with as many levels together."""
    levels = sum((margin.targets > 0).sum(axis=1) for margin in problem.margins)
    order = np.argsort(levels, kind="stable").tolist()
    if levels[order[-1]] > MOST_LEVELS:
        raise CalibrationError(
            f"{problem.groups.where(order[-1])}The margins have {int(levels[order[-1]]):,} levels "
            f"together; only raking without bounds, trim, missing values and numeric columns takes "
            f"more than {MOST_LEVELS:,}. Merge levels, or leave those out."
        )
    parts: list[list[int]] = [[]]
    for g in order:
        if (len(parts[-1]) + 1) * int(levels[g]) ** 2 > LARGEST_EQUATIONS and parts[-1]:
            parts.append([])
        parts[-1].append(g)
    return parts


def _solve(
    problem: Problem, method: str, limits: Limits, tolerance: float, max_iterations: int
) -> tuple[Floats, Ints]:
    """`solve` for groups that fit in memory together.

    The weights by raking and linear distances do not depend on the scale of the base weights,
    as long as the limits are the same limits of the weight; on the scale of the totals the
    search starts nearer.
    """
    cells = cells_of(problem, limits)
    if not limits.allow_negative(method):
        check_pairs(problem, _highest(problem, cells))
    scale = np.ones(len(problem.total))
    if method != "logit":
        scale = problem.total / cells.x.per_group(cells.base)
    base = cells.base * cells.x.rows(scale)
    solution = newton(
        cells.x,
        cells.totals,
        base,
        _distance(method, limits, cells, base),
        scale=cells.scale,
        tolerance=tolerance,
        max_iterations=min(max_iterations, NEWTON_STEPS),
    )
    return (cells.x.rows(scale) * solution.g)[cells.of_row], solution.iterations


def _highest(problem: Problem, cells: Cells) -> Iterator[tuple[int, int, Floats]]:
    """The highest total weight of those with both of two levels; without limits infinite."""
    # A respondent with a missing value counts for every level: such margins exclude nothing.
    for i, j, most in cells.x.pairs(cells.highest):
        if not (problem.margins[i].spread or problem.margins[j].spread):
            yield i, j, most


def _distance(method: str, limits: Limits, cells: Cells, base: Floats) -> Distance:
    if method == "logit" and limits.bounds is not None:
        return logit(*limits.bounds)
    if not limits:
        return linear() if method == "linear" else raking()
    # Cells with base weight zero stay as they are, whatever the limits.
    lowest = np.divide(cells.lowest, base, out=np.ones_like(base), where=base > 0)
    highest = np.divide(cells.highest, base, out=np.ones_like(base), where=base > 0)
    if method == "linear":
        return linear(lowest, highest)
    return raking(np.maximum(lowest, 0.0), highest)


def _number_cells(codings: list[tuple[Ints, int]], n: int) -> Ints:
    """Number the combinations of codes that occur, in the order of the codes."""
    key, size = np.zeros(n, dtype=np.int64), 1
    for codes, levels in codings:
        if size > 2**62 // levels:
            occurring, key = np.unique(key, return_inverse=True)
            size = len(occurring)
        key *= levels
        key += codes
        size *= levels
    if size > NUMBERED_CELLS:
        return np.unique(key, return_inverse=True)[1]
    occurs = np.zeros(size, dtype=bool)
    occurs[key] = True
    return (np.cumsum(occurs) - 1)[key]
