"""Which respondents a weighting leans on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.models import WeightingPlan
from flows.statistics.auxiliaries import Auxiliaries
from flows.weighting.calibrated import auxiliaries, margins_of
from flows.weighting.scheme import PlanWeighting
from flows.weighting.solving import LARGEST_EQUATIONS

Floats = NDArray[np.float64]

MOST = 10
"""So many respondents are listed."""


def leverages(frame: pd.DataFrame, plan: WeightingPlan, weighting: PlanWeighting) -> Floats:
    """How far the margins lean on each respondent (n,): h = w x' (sum w x x')^-1 x, 0 to 1.

    x are the levels of the margins as calibrated, in the respondent's own group. At 1 nobody
    else can take the respondent's place in some level; the sum is the number of free levels.
    """
    # Linear calibration may give negative weights; a leverage is about their size.
    size = np.abs(weighting.weights)
    of = weighting.groups_of
    order = np.arange(len(frame)) if of is None else np.argsort(of, kind="stable")
    margins = margins_of(frame, plan, weighting)
    levels_of_all = sum(len(margins[name].cat.categories) for name in margins.columns)
    if of is not None and (int(of.max()) + 1) * levels_of_all**2 > LARGEST_EQUATIONS:
        return _group_by_group(frame, plan, weighting)
    codes, shares = [], []
    for name in margins.columns:
        code = margins[name].cat.codes.to_numpy().astype(np.intp)
        levels = len(margins[name].cat.categories)
        codes.append(np.where(code < 0, levels, code)[order])
        shares.append(_known_shares(code, levels, size, of) if (code < 0).any() else None)
    x = Auxiliaries(
        codes,
        [len(margins[name].cat.categories) for name in margins.columns],
        shares,
        np.empty((len(frame), 0)),
        None if of is None else np.asarray(of)[order],
        1 if of is None else int(of.max()) + 1,
    )
    gram = x.gram(size[order])
    scale = np.sqrt(np.maximum(np.diagonal(gram, axis1=1, axis2=2), 1e-300))
    unit = scale[:, :, None] * scale[:, None, :]
    inverse = np.linalg.pinv(gram / unit, rcond=1e-10, hermitian=True) / unit
    result = np.empty(len(frame))
    result[order] = size[order] * x.quadratic(inverse)
    return np.clip(result, 0.0, 1.0)


def _group_by_group(frame: pd.DataFrame, plan: WeightingPlan, weighting: PlanWeighting) -> Floats:
    """The same where groups have levels of their own, too many for all groups at once."""
    size, result = np.abs(weighting.weights), np.empty(len(frame))
    for rows, x in auxiliaries(frame, plan, weighting):
        gram = (x * size[rows, None]).T @ x
        inverse = np.linalg.pinv(gram, rcond=1e-10, hermitian=True)
        result[rows] = size[rows] * ((x @ inverse) * x).sum(axis=1)
    return np.clip(result, 0.0, 1.0)


def _known_shares(
    code: NDArray[np.intp], levels: int, size: Floats, of: NDArray[np.integer] | None
) -> Floats:
    """The weight of each level among those who have a value, per group (G, levels)."""
    known = code >= 0
    group = np.zeros(len(code), dtype=np.intp) if of is None else np.asarray(of)
    groups = int(group.max()) + 1
    place = group[known] * levels + code[known]
    sums = np.bincount(place, size[known], groups * levels).reshape(groups, levels)
    shares: Floats = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-300)
    return shares


def influential(weights: Floats, leverage: Floats) -> dict[str, Any]:
    """The respondents that estimates depend on most, by row number (from 1).

    In the order of weight / (1 - leverage): what one person can add to a standard error. Per
    person the weight relative to the mean; `share` of all weight, by which a percentage moves
    when this one answer turns; the leverage; and the effective n without this person.
    `influential_together`: the same for all those listed.
    """
    total, squares = float(weights.sum()), float(np.square(weights).sum())
    reach = np.abs(weights) / np.maximum(1 - leverage, 1e-9)
    most = np.partition(reach, -MOST)[-MOST] if len(reach) > MOST else 0.0
    above = np.flatnonzero(reach >= most)
    rows = above[np.argsort(-reach[above], kind="stable")][:MOST]

    def without(chosen: NDArray[np.intp]) -> float | None:
        left = squares - float(np.square(weights[chosen]).sum())
        return (total - float(weights[chosen].sum())) ** 2 / left if left > 0 else None

    return {
        "influential": [
            {
                "row": int(row) + 1,
                "weight": float(weights[row] / weights.mean()),
                "share": float(weights[row] / total),
                "leverage": float(leverage[row]),
                "effective_n_without": without(np.array([row])),
            }
            for row in rows
        ],
        "influential_together": {
            "n": len(rows),
            "share": float(weights[rows].sum() / total),
            "effective_n_without": without(rows),
        },
    }
