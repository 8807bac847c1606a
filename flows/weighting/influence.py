"""Which respondents a weighting leans on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.statistics.leverage import inverse
from flows.statistics.leverage import leverages as leverages_by_combination
from flows.weighting.problem import Problem
from flows.weighting.result import Weighting
from flows.weighting.solving import auxiliaries

Floats = NDArray[np.float64]

MOST = 10
"""So many respondents are listed."""


def leverages(weighting: Weighting) -> Floats:
    """How far the margins lean on each respondent (n,): h = w x' (sum w x x')^-1 x, 0 to 1.

    x are the levels of the margins as calibrated (and the numeric variables), in the respondent's
    own group. At 1 nobody else can take the respondent's place in some level; the sum is the number
    of free levels.
    """
    # Linear calibration may give negative weights; a leverage is about their size.
    size, result = np.abs(weighting.weights), np.empty(len(weighting.weights))
    for rows, problem in weighting.parts:
        result[rows] = _of_part(problem, size[rows])
    return np.clip(result, 0.0, 1.0)


def _of_part(problem: Problem, size: Floats) -> Floats:
    sample = problem.sample
    if sample is not None and sample.is_dense and not problem.continuous:
        shares = [margin.shares if margin.spread else None for margin in problem.margins]
        return leverages_by_combination(sample, shares, size)
    result = np.empty(len(size))
    for g in range(len(problem.total)):  # one by one: each may have many levels
        own, chosen = problem.only([g])
        x = auxiliaries(own, np.arange(int(chosen.sum())))
        result[chosen] = size[chosen] * x.quadratic(inverse(x.gram(size[chosen])))
    return result


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
