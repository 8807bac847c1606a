"""Trimming: limits of the weight itself.

`calibrate(trim=...)` keeps the margins: weights are cut while calibrating, and what is cut off
goes to the others in such a way that limits and margins hold together (docs/decisions/0006).
`trim_weights` is the plain rule of R survey's `trimWeights`, for weights that have no margins to
keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from flows.errors import Refusal
from flows.weighting.errors import CalibrationError
from flows.weighting.groups import Groups

Floats = NDArray[np.float64]
Reference = Literal["weight", "mean", "median", "quantile"]


@dataclass(frozen=True)
class Trim:
    """The lowest and highest weight, not negative; either may be None (lowest: zero).

    `of`: what the numbers are: weights; multiples of the mean weight; multiples of the median
    weight, or quantiles (0 to 1) of the weights, both as they would be without trimming. With
    groups the mean, median and quantiles are those of each group.
    """

    lower: float | None = None
    upper: float | None = None
    of: Reference = "weight"


def read_trim(trim: Any) -> Trim | None:
    """The limits as a `Trim`; a pair of numbers are weights."""
    if trim is None:
        return None
    of = trim.of if isinstance(trim, Trim) else "weight"
    try:
        lower, upper = (trim.lower, trim.upper) if isinstance(trim, Trim) else trim
        low = 0.0 if lower is None else float(lower)
        high = np.inf if upper is None else float(upper)
    except (TypeError, ValueError):
        raise CalibrationError(f"trim={trim!r} must be a pair (lowest, highest).") from None
    shown = (lower, upper)
    if of not in get_args(Reference):
        raise CalibrationError(
            f"trim of {of!r} is unknown; choose {', '.join(get_args(Reference))}."
        )
    if not 0 <= low < high:
        raise CalibrationError(
            f"trim={shown!r} must be (lowest weight, highest weight), not negative; "
            "either may be None."
        )
    if of == "mean" and not low < 1 < high:
        raise CalibrationError(
            f"trim={shown!r}, relative to the mean weight, must leave room on both sides of 1."
        )
    if of == "quantile" and (low > 1 or (upper is not None and high > 1)):
        raise CalibrationError(f"trim={shown!r} are quantiles, which lie between 0 and 1.")
    return Trim(None if lower is None else low, None if upper is None else high, of)


def caps(trim: Trim, weights: Floats, base: Floats, groups: Groups) -> tuple[Floats, Floats]:
    """The lowest and the highest weight of each group (G,).

    `weights`: (n,) the weights without trimming, which mean, median and quantiles are taken of;
    respondents with base weight zero, whose weight is always zero, do not count.
    """
    count = len(groups.names)
    low, high = np.zeros(count), np.full(count, np.inf)
    for limit, into in ((trim.lower, low), (trim.upper, high)):
        if limit is None:
            continue
        if trim.of == "weight":
            into[:] = limit
        elif trim.of == "mean":
            into[:] = limit * groups.sums(weights) / groups.sums((base > 0).astype(np.float64))
        else:
            for g, own in enumerate(_by_group(weights, base > 0, groups)):
                into[g] = (
                    limit * float(np.median(own))
                    if trim.of == "median"
                    else float(np.quantile(own, limit))
                )
    return low, high


def _by_group(weights: Floats, counting: NDArray[np.bool_], groups: Groups) -> list[Floats]:
    if groups.of is None:
        return [weights[counting]]
    of = groups.of[counting]
    order = np.argsort(of, kind="stable")
    ends = np.cumsum(np.bincount(of, minlength=len(groups.names)))
    return np.split(weights[counting][order], ends[:-1])


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
