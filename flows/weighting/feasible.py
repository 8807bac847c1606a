"""Targets of two margins that no weights can meet together, found before anything is iterated.

Whoever is in level k of one margin is somewhere in another margin. So the target of k cannot be
more than what the levels of the other margin, and the limits of the weights, leave for them:

    target(k) <= sum over l of min(target(l), highest weight of all in k and l)

which for levels that nobody of k has is 0. That is necessary for every two margins, not
sufficient for all together; what it misses is found when the weights do not get there, and
explained in failing.py.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from flows.weighting.errors import CalibrationError
from flows.weighting.margins import Margin
from flows.weighting.problem import Problem

Floats = NDArray[np.float64]

SLACK = 1e-6
"""Relative difference up to which nothing is refused: margins need not be met more exactly."""


def check_pairs(problem: Problem, highest: Iterable[tuple[int, int, Floats]]) -> None:
    """Refuse a level whose target another margin, or the limits, leave no room for.

    `highest`: for every two margins i, j the highest total weight (G, levels of i, levels of j)
    of those who have both levels; infinite where there are people and no limit.
    """
    wanted = [problem.wanted(margin) for margin in problem.margins]
    for i, j, most in highest:
        for one, other, room in ((i, j, most), (j, i, most.transpose(0, 2, 1))):
            possible = np.minimum(room, wanted[other][:, None, :]).sum(axis=2)
            short = wanted[one] > possible * (1 + SLACK) + SLACK * problem.total[:, None]
            if short.any():
                g, level = (int(place) for place in np.argwhere(short)[0])
                raise _no_room(problem, one, other, g, level, room[g, level], possible[g, level])


def _no_room(
    problem: Problem, one: int, other: int, g: int, level: int, room: Floats, possible: float
) -> CalibrationError:
    margin, beside = problem.margins[one], problem.margins[other]
    unit = float(margin.sum[g] / problem.total[g])
    target, most = float(margin.targets[g, level]), float(possible) * unit
    return CalibrationError(
        f"{problem.groups.where(g)}Margin {margin.name!r}, level {margin.levels[g][level]!r}: the "
        f"target is {margin.show(target)}, but its respondents are all in "
        f"{_levels(beside, g, room)} of margin {beside.name!r}, which leaves room for "
        f"{margin.show(most)}; merge sparse levels, or correct the targets.",
        margin=margin.name,
        level=margin.levels[g][level],
        wanted=target,
        possible=most,
    )


def _levels(margin: Margin, g: int, room: Floats) -> str:
    occur = [text for text, most in zip(margin.levels[g], room, strict=False) if most > 0]
    shown = ", ".join(map(repr, occur[:4])) + (", ..." if len(occur) > 4 else "")
    return f"level {shown}" if len(occur) == 1 else f"levels {shown}"
