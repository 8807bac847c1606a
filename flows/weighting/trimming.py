"""Trimming finished weights, without calibrating again.

`calibrate(trim=...)` is what a survey normally wants: it keeps the margins. This is the plain
rule of R survey's `trimWeights`, for weights that have no margins to keep.
"""

from __future__ import annotations

import numpy as np

from flows.errors import Refusal
from flows.weighting.margins import Floats


def trim_weights(
    weights: Floats, lower: float = -np.inf, upper: float = np.inf, *, strict: bool = True
) -> Floats:
    """Cut weights (n,) to [lower, upper], keeping their sum.

    What is cut off is spread equally (added, not scaled) over the respondents that were
    inside the limits. That may push some out again: `strict` repeats until none is.
    """
    weights = np.asarray(weights, dtype=float)
    total = float(weights.sum())
    if strict and not lower * len(weights) <= total <= upper * len(weights):
        raise Refusal(
            f"Weights between {lower:g} and {upper:g} cannot add up to {total:,.6g} for "
            f"{len(weights):,} respondents; widen the limits."
        )
    while True:
        outside = (weights < lower) | (weights > upper)
        if not outside.any():
            return weights
        if outside.all():
            raise Refusal(
                f"No weight lies between {lower:g} and {upper:g}, so there is nobody to take what "
                "is cut off; widen the limits."
            )
        cut = np.clip(weights, lower, upper)
        cut[~outside] += (weights - cut).sum() / (~outside).sum()
        weights = cut
        if not strict:
            return weights
