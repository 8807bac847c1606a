"""The result of a weighting."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.weighting.levels import Collapsed
from flows.weighting.problem import Problem

Floats = NDArray[np.float64]
Rows = NDArray[np.integer] | slice


@dataclass(frozen=True, eq=False)
class Weighting:
    """Calibrated weights, in the row order of the frame, and what explains them.

    `weights`: (n,). `g_weights`: (n,) weight / base weight. `base_weights`: (n,) as they were
    used, with shares on the scale of the weights. `margins`: one row a margin level with columns
    `margin, level, n, before, target, after` (with `by` also `group` in front); the three are in
    the unit the margin's targets were given in: shares, percentages or totals.
    `design_effect`: Kish's n sum w2 / (sum w)2; `efficiency` = 1 / design_effect; `effective_n` =
    n * efficiency. `iterations`: of the group that took most. `max_error`: the largest
    |after / target - 1|, computed from the finished weights. `caps`: the lowest and highest
    weight that `trim` came to, when it is the same for all. `collapsed`: levels that were merged.
    `groups`: with `by`, one row a group with columns `group, n, sum, design_effect, effective_n,
    iterations, max_error`. `notes`: what a user should know, in words.
    `parts`: the rows that were solved together and how their problem was put, for leverages.
    """

    weights: Floats
    g_weights: Floats
    base_weights: Floats
    margins: pd.DataFrame
    efficiency: float
    design_effect: float
    effective_n: float
    iterations: int
    max_error: float
    method: str
    caps: tuple[float, float] | None = None
    collapsed: tuple[Collapsed, ...] = ()
    groups: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    parts: tuple[tuple[Rows, Problem], ...] = field(default=(), repr=False)


def design_effect(weights: Floats) -> float:
    """Kish's design effect of unequal weights: n sum w2 / (sum w)2."""
    return float(len(weights) * np.square(weights).sum() / weights.sum() ** 2)
