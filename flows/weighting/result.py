"""The result of a weighting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Weighting:
    """Calibrated weights, in the row order of the frame, and what explains them.

    `weights`: (n,). `g_weights`: (n,) weight / base weight. `margins`: one row a margin level
    with columns `margin, level, n, before, target, after` (with `by` also `group` in front);
    the three are in the unit the margin's targets were given in: shares, percentages or
    totals. `design_effect`: Kish's n sum w2 / (sum w)2; `efficiency` = 1 / design_effect;
    `effective_n` = n * efficiency. `max_error`: the largest |after / target - 1|, computed
    from the finished weights. `notes`: what a user should know, in words.
    """

    weights: Floats
    g_weights: Floats
    margins: pd.DataFrame
    efficiency: float
    design_effect: float
    effective_n: float
    iterations: int
    max_error: float
    method: str
    notes: tuple[str, ...] = ()


def design_effect(weights: Floats) -> float:
    """Kish's design effect of unequal weights: n sum w2 / (sum w)2."""
    return float(len(weights) * np.square(weights).sum() / weights.sum() ** 2)
