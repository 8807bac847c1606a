"""Where people and profiles stand on the axes of the plan (trust, engagement, age ...)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.profile_plan import Axis
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import ScoredColumn, score_matrix, scored_columns

Floats = NDArray[np.float64]


def axis_columns(questionnaire: Questionnaire, axis: Axis) -> tuple[list[ScoredColumn], Floats]:
    """The columns of an axis, and for each +1 or -1: whether it counts the other way round.

    A grid item that is worded the other way round is turned, and so is every variable under
    the axis' `reverse`.
    """
    turned = set(axis.reverse)
    columns: list[ScoredColumn] = []
    signs: list[float] = []
    for code in dict.fromkeys((*axis.of, *axis.reverse)):
        for column in scored_columns(questionnaire, [code]):
            columns.append(column)
            signs.append((-1.0 if code in turned else 1.0) * (-1.0 if column.reverse else 1.0))
    return columns, np.array(signs)


def axis_values(
    frame: pd.DataFrame, questionnaire: Questionnaire, axes: dict[str, Axis], weights: Floats
) -> Floats:
    """Everybody's place on each axis (n, A) in standard deviations from the mean.

    A place is the mean of the standardised variables that somebody answered, standardised
    again, so that axes of one question and of ten have the same spread. NaN without answers.
    """
    places = np.full((len(frame), len(axes)), np.nan)
    for a, axis in enumerate(axes.values()):
        columns, signs = axis_columns(questionnaire, axis)
        if not columns:
            continue
        z = standardised(score_matrix(frame, questionnaire, columns) * signs, weights)
        answered = ~np.isnan(z)
        count = answered.sum(axis=1)
        mean = np.where(answered, z, 0.0).sum(axis=1) / np.maximum(count, 1)
        mean[count == 0] = np.nan
        places[:, a] = standardised(mean[:, None], weights)[:, 0]
    return places


def standardised(values: Floats, weights: Floats) -> Floats:
    """Columns of (n, p) with weighted mean 0 and sd 1; a constant one becomes all NaN."""
    mean, spread = weighted_moments(values, weights)
    return np.asarray((values - mean) / np.where(spread > 1e-12, spread, np.nan))


def weighted_moments(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted means and standard deviations (p,) of columns with NaN; NaN where empty."""
    answered = ~np.isnan(values)
    mass = weights @ answered
    mass = np.where(mass > 0, mass, np.nan)
    mean = (weights @ np.where(answered, values, 0.0)) / mass
    spread = np.sqrt((weights @ np.where(answered, (values - mean) ** 2, 0.0)) / mass)
    return mean, spread


def mean_places(values: Floats, memberships: Floats) -> Floats:
    """Mean place of each of K groups: values (n, p) and weights (n, K) give (K, p).

    NaN values are left out; a group without values has NaN.
    """
    answered = ~np.isnan(values)
    mass = memberships.T @ answered
    total = memberships.T @ np.where(answered, values, 0.0)
    return np.asarray(np.divide(total, mass, out=np.full(total.shape, np.nan), where=mass > 1e-12))
