"""Weighting a wave by its plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from flows.definitions.models import WeightingPlan
from flows.weighting.calibration import calibrate
from flows.weighting.errors import WeightTooLarge
from flows.weighting.margins import Floats
from flows.weighting.result import Weighting
from flows.weighting.targets import plan_targets

ROWS_NAMED = 10
"""So many row numbers stand in a message; never anything else about a respondent."""


def weigh(frame: pd.DataFrame, plan: WeightingPlan) -> Weighting:
    """Weight respondents by the plan; the weights average 1.

    `frame`: one row a respondent, one column of level codes per margin of the plan (and the
    base weight, where the plan names one). Weights above `plan.note_above` times the mean are
    noted; from `plan.refuse_from` times the mean the weighting is refused. Raises
    `CalibrationError` when the margins cannot be met and `WeightTooLarge` for large weights.
    """
    trim = plan.trim
    weighting = calibrate(
        frame,
        plan_targets(plan),
        base_weight=plan.base_weight,
        method=plan.method,
        bounds=plan.bounds,
        # The weights average 1, so caps relative to the mean weight are caps on the weight.
        trim=(trim.lower, trim.upper) if trim is not None else None,
        missing=plan.missing,
        tolerance=plan.tolerance,
    )
    relative = weighting.weights / weighting.weights.mean()
    if plan.refuse_from is not None and (relative >= plan.refuse_from).any():
        raise WeightTooLarge(
            f"{_rows(relative >= plan.refuse_from, relative)} a weight of {plan.refuse_from:g} "
            f"times the mean or more, up to {relative.max():.2f}; merge sparse levels in "
            "weighting.yaml, set trim, or raise refuse_from."
        )
    notes = weighting.notes
    if (relative > plan.note_above).any():
        notes += (
            f"{_rows(relative > plan.note_above, relative)} a weight above {plan.note_above:g} "
            "times the mean.",
        )
    return replace(weighting, notes=notes)


def _rows(chosen: np.ndarray, relative: Floats) -> str:
    """Such as "2 respondents (rows 4, 12) have", the largest weights first."""
    rows = np.flatnonzero(chosen)
    named = rows[np.argsort(-relative[rows], kind="stable")][:ROWS_NAMED] + 1
    more = ", ..." if len(rows) > len(named) else ""
    listed = ", ".join(map(str, named))
    if len(rows) == 1:
        return f"1 respondent (row {listed}) has"
    return f"{len(rows):,} respondents (rows {listed}{more}) have"
