"""How steady the profiles are: the same fit on resampled respondents.

The adjusted Rand index compares the likeliest profiles by each replicate
(`flows.profiles.replicates`) with the model's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.model import ProfileModel
from flows.profiles.replicates import Replicates, replicates_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stability:
    """Adjusted Rand index over bootstrap replicates: its median and tenth percentile."""

    median_ari: float
    p10_ari: float
    replicates: int


def stability(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    model: ProfileModel,
    weights: ArrayLike | None = None,
    replicates: int | None = None,
    seed: int | None = None,
) -> Stability:
    """Bootstrap stability of `model` on the respondents it was fitted on.

    `replicates` and `seed` default to the plan's `bootstrap` and `seed`. Raises `ProfileError`
    for fewer than one replicate.
    """
    return stability_of(replicates_of(frame, questionnaire, plan, model, weights, replicates, seed))


def stability_of(replicates: Replicates) -> Stability:
    """The stability that these replicates show; one that failed agrees with nothing."""
    found = [rand_index_of(table) for table in replicates.agreement]
    found += [0.0] * replicates.failed
    return Stability(float(np.median(found)), float(np.quantile(found, 0.1)), len(found))


def adjusted_rand_index(a: ArrayLike, b: ArrayLike) -> float:
    """Agreement of two labellings, corrected for chance (Hubert & Arabie 1985).

    1 when they are the same but for names, 0 on average for labels at random.
    """
    first = np.unique(np.asarray(a), return_inverse=True)[1].reshape(-1)
    second = np.unique(np.asarray(b), return_inverse=True)[1].reshape(-1)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} labels cannot be compared")
    if len(first) < 2:
        return 1.0
    width = int(second.max()) + 1
    together = np.bincount(first * width + second, minlength=(int(first.max()) + 1) * width)
    return rand_index_of(together.reshape(-1, width))


def rand_index_of(together: ArrayLike) -> float:
    """The same of a table (first, second) of the number of people with each two labels."""
    table = np.asarray(together, dtype=np.float64)
    pairs = _pairs(table).sum()
    rows, columns = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    expected = rows * columns / _pairs(np.array(table.sum()))
    most = (rows + columns) / 2
    return 1.0 if most == expected else float((pairs - expected) / (most - expected))


def _pairs(counts: Floats) -> Floats:
    return np.asarray(counts * (counts - 1) / 2)
