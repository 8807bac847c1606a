"""Newton's method on cells of respondents that the margins cannot tell apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from flows.statistics.calibration import Distance, linear, logit, newton, raking
from flows.statistics.raking import level_totals
from flows.weighting.checks import Bounds, Method, TrimLimits, weight_limits
from flows.weighting.margins import Floats, Ints
from flows.weighting.problem import Problem

NEWTON_STEPS = 100
"""Newton's method is quadratic near the solution: more steps never help."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The sample in cells: `of_row` (n,), auxiliary matrix `x` (cells, variables).

    `base`, `lowest`, `highest`: sums over the cell of base weights and of the limits of the
    weights. `totals`, `scale`: per variable, the levels of all margins first.
    """

    of_row: Ints
    x: sparse.csr_array
    base: Floats
    lowest: Floats
    highest: Floats
    totals: Floats
    scale: Floats


def cells_of(problem: Problem, bounds: Bounds, trim: TrimLimits) -> Cells:
    """Collapse respondents with equal margins (and, when trimming, equal base weights).

    With continuous variables every respondent is a cell.
    """
    n = len(problem.base)
    codings = [(m.codes, len(m.levels)) for m in problem.margins]
    if trim is not None:
        codes, values = pd.factorize(problem.base)
        codings.append((codes, len(values)))
    of_row = np.arange(n) if problem.continuous else _number_cells(codings, n)
    count = int(of_row.max()) + 1
    example = np.empty(count, dtype=np.intp)
    example[of_row[::-1]] = np.arange(n)[::-1]

    lowest, highest = weight_limits(problem, bounds, trim)
    wanted = [problem.wanted(margin) for margin in problem.margins]
    return Cells(
        of_row,
        _auxiliaries(problem, example),
        level_totals(of_row, problem.base, count),
        level_totals(of_row, lowest, count),
        level_totals(of_row, highest, count),
        np.concatenate([*wanted, [c.wanted for c in problem.continuous]]),
        np.concatenate([*wanted, [c.scale(problem.base) for c in problem.continuous]]),
    )


def _auxiliaries(problem: Problem, rows: Ints) -> sparse.csr_array:
    """The matrix of the given rows: a 0/1 column per level, a column per numeric variable.

    A missing value has the target shares of its margin instead of one 1.
    """
    offsets = np.cumsum([0, *(len(margin.levels) for margin in problem.margins)])
    codes = np.column_stack([margin.codes[rows] for margin in problem.margins])
    known = codes >= 0
    row_ends = np.concatenate([[0], np.cumsum(known.sum(axis=1))])
    x = sparse.csr_array(
        (np.ones(row_ends[-1]), (codes + offsets[:-1])[known], row_ends),
        shape=(len(rows), offsets[-1]),
    )
    if not known.all():
        shares = sparse.block_diag([margin.shares[None, :] for margin in problem.margins])
        x = x + sparse.csr_array((~known).astype(float)) @ shares
    if problem.continuous:
        values = np.column_stack([variable.values[rows] for variable in problem.continuous])
        x = sparse.hstack([x, values])
    return sparse.csr_array(x)


def solve(
    problem: Problem,
    method: Method,
    bounds: Bounds,
    trim: TrimLimits,
    tolerance: float,
    max_iterations: int,
) -> tuple[Floats, int]:
    """The g-weights (n,) by Newton's method, and the number of steps.

    The weights by raking and linear distances do not depend on the scale of the base weights,
    as long as the limits are the same limits of the weight; on the scale of the totals the
    search starts nearer.
    """
    cells = cells_of(problem, bounds, trim)
    scale = 1.0 if method == "logit" else problem.total / float(cells.base.sum())
    base = cells.base * scale
    solution = newton(
        cells.x,
        cells.totals,
        base,
        _distance(method, bounds, cells, base),
        scale=cells.scale,
        tolerance=tolerance,
        max_iterations=min(max_iterations, NEWTON_STEPS),
    )
    return scale * solution.g[cells.of_row], solution.iterations


def _distance(method: Method, bounds: Bounds, cells: Cells, base: Floats) -> Distance:
    if method == "logit" and bounds is not None:
        return logit(*bounds)
    divisor = np.where(base > 0, base, 1.0)
    lowest, highest = cells.lowest / divisor, cells.highest / divisor
    if method == "linear":
        return linear(lowest, highest)
    return raking(np.maximum(lowest, 0.0), highest)


def _number_cells(codings: list[tuple[Ints, int]], n: int) -> Ints:
    key, size = np.zeros(n, dtype=np.int64), 1
    for codes, levels in codings:
        if size > 2**62 // (levels + 1):
            key, occurring = pd.factorize(key)
            size = len(occurring)
        key = key * (levels + 1) + (codes + 1)
        size *= levels + 1
    return pd.factorize(key)[0].astype(np.intp)
