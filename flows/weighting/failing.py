"""Why weights that meet the targets were not found: which margin and level, by how much."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from flows.weighting.errors import CalibrationError
from flows.weighting.limits import Limits
from flows.weighting.margins import Floats, Margin
from flows.weighting.problem import Problem
from flows.weighting.solving import Cells, cells_of

LARGEST_PROGRAMME = 200_000
"""Cells up to which the nearest reachable margins are looked for."""


def not_met(
    problem: Problem,
    reached: Floats,
    iterations: int,
    cut_short: bool,
    method: str,
    limits: Limits,
) -> CalibrationError:
    """The error for weights that miss their targets, in a problem of one group.

    `reached`: weighted totals per variable, in the order of the margins' levels and then the
    continuous variables. `cut_short`: whether more iterations were not allowed. First asks by
    linear programming whether any weights within the limits meet all targets; if none do, the
    targets contradict the sample.
    """
    cells = cells_of(problem, limits)
    wanted, scale = cells.totals[0], cells.scale[0]
    nearest = (
        None
        if len(cells.base) > LARGEST_PROGRAMME
        else _nearest(cells, method, float(problem.total[0]))
    )
    possible = nearest is not None and _worst(nearest, wanted, scale)[1] <= 1e-7
    totals = reached if nearest is None or possible else nearest
    worst, _ = _worst(totals, wanted, scale)
    name, level, margin = _named(problem, worst)
    unit = float(margin.sum[0] / problem.total[0]) if margin else 1.0
    target, got = float(wanted[worst] * unit), float(totals[worst] * unit)

    def show(number: float) -> str:
        return margin.show(number) if margin else f"{number:,.6g}"

    at = f"Margin {name!r}, level {level!r}" if margin else f"Continuous column {name!r}"
    if nearest is not None and not possible:
        limited = f" within the limits of {limits.name}" if limits else ""
        message = (
            f"{at}: the target is {show(target)}, but no weights{limited} meet all targets "
            f"together; those nearest to all of them give {show(got)}. Merge sparse levels, drop a "
            "margin, or correct the targets."
        )
    else:
        message = (
            f"{at}: the target is {show(target)}, but after {iterations:,} iterations "
            f"the weights give {show(got)}; "
            f"{'raise max_iterations, ' if cut_short else ''}merge sparse levels, or drop a margin."
        )
    return CalibrationError(
        problem.groups.where(0) + message, margin=name, level=level, wanted=target, possible=got
    )


def _named(problem: Problem, variable: int) -> tuple[str, str | None, Margin | None]:
    for margin in problem.margins:
        if variable < margin.size:
            return margin.name, margin.levels[0][variable], margin
        variable -= margin.size
    return problem.continuous[variable].name, None, None


def _worst(totals: Floats, wanted: Floats, scale: Floats) -> tuple[int, float]:
    relative_to = np.where(scale > 0, scale, 1.0)
    errors = np.abs(np.nan_to_num(totals, nan=np.inf) - wanted) / relative_to
    return int(errors.argmax()), float(errors.max())


def _nearest(cells: Cells, method: str, total: float) -> Floats | None:
    """The weighted totals nearest to the targets that weights within their limits can give.

    Minimises the sum of relative misses, each split in a shortage and an excess; exact.
    """
    from scipy.optimize import linprog  # its import is slow, and only needed here

    x, wanted = cells.x.matrix(), cells.totals[0]
    count, variables = x.shape
    relative_to = np.where(cells.scale[0] > 0, cells.scale[0], 1.0)
    # In units of the base weight (cells) and of the target (misses), so that all is near 1.
    scale = total / float(cells.base.sum())
    columns = sparse.diags_array(1 / relative_to) @ (x.T @ sparse.diags_array(cells.base * scale))
    eye = sparse.eye_array(variables)
    base = np.where(cells.base > 0, cells.base, 1.0) * scale
    lowest = cells.lowest / base if method == "linear" else np.maximum(cells.lowest / base, 0)
    solution = linprog(
        np.concatenate([np.zeros(count), np.ones(2 * variables)]),
        A_eq=sparse.hstack([columns, eye, -eye]).tocsc(),
        b_eq=wanted / relative_to,
        bounds=np.concatenate(
            [
                np.column_stack([lowest, cells.highest / base]),
                np.tile([0.0, np.inf], (2 * variables, 1)),
            ]
        ),
        method="highs",
    )
    if solution.status != 0:
        return None
    return np.asarray(columns @ solution.x[:count]) * relative_to
