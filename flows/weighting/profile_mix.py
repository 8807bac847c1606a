"""How far the profiles of the respondents are from the area's, and what weighting to it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from flows.statistics.estimated_margins import EstimatedMargin
from flows.statistics.linearisation import calibration_residual, linearised_covariance
from flows.statistics.variance import margin_dummies
from flows.weighting.result import Weighting


@dataclass(frozen=True)
class ProfileMix:
    """A profile among the respondents who have one, and in the area; all shares 0-1.

    `unweighted`, `demographics`: share among the typed, by these weights. `area`: of the
    composition, with its `standard_error`. `difference` of `demographics` with `area`;
    `difference_error` has the errors of both.
    """

    profile: str
    n: int
    unweighted: float
    demographics: float
    area: float
    standard_error: float
    difference: float
    difference_error: float


@dataclass(frozen=True)
class Comparison:
    """What the composition changes.

    `mix`: per profile. `distance_unweighted`, `distance_demographics`: index of dissimilarity,
    half the sum of the absolute differences with the area: the part of the respondents that
    would have to be of another profile. `p_value`: of the differences by demographics together
    (Wald's chi-squared test), when the area's true mix is that of the respondents.
    `efficiency`, `effective_n`, `lowest`, `highest` (weights, the mean being 1): by demographics
    alone, and with the composition.
    """

    mix: tuple[ProfileMix, ...]
    distance_unweighted: float
    distance_demographics: float
    p_value: float
    efficiency: tuple[float, float]
    effective_n: tuple[float, float]
    lowest: tuple[float, float]
    highest: tuple[float, float]


def compare(
    profile: NDArray[np.integer],
    shares: Mapping[str, float],
    estimated: EstimatedMargin,
    weightings: tuple[Weighting, Weighting],
    margins: pd.DataFrame,
) -> Comparison:
    """Compare the profiles of the respondents with the area's, and the two weightings.

    `profile` (n): number of everybody's profile among `shares` of the area, -1 where there is
    none. `weightings`: by demographics, and with the profiles. `margins` (n rows): what the
    former was calibrated on.
    """
    demographics = weightings[0]
    w = demographics.weights / demographics.weights.mean()
    area = np.array(list(shares.values()))
    inside = profile[:, None] == np.arange(len(area))
    typed = profile >= 0
    counts = inside.sum(axis=0)
    mix = (w @ inside) / w[typed].sum()
    contributions = (inside - mix * typed[:, None]) / w[typed].sum()
    residual = calibration_residual(
        contributions, margin_dummies(margins, w), demographics.base_weights
    )
    covariance = linearised_covariance(w[:, None] * residual) + estimated.covariance
    errors = np.sqrt(np.maximum(np.diag(covariance), 0))
    difference = mix - area
    wald = float(difference @ np.linalg.pinv(covariance, rcond=1e-10) @ difference)
    freedom = max(int(np.linalg.matrix_rank(covariance, tol=1e-10 * covariance.max())), 1)
    unweighted = counts / counts.sum()
    return Comparison(
        mix=tuple(
            ProfileMix(
                code,
                int(counts[k]),
                float(unweighted[k]),
                float(mix[k]),
                float(area[k]),
                float(estimated.standard_errors[k]),
                float(difference[k]),
                float(errors[k]),
            )
            for k, code in enumerate(shares)
        ),
        distance_unweighted=float(np.abs(unweighted - area).sum() / 2),
        distance_demographics=float(np.abs(difference).sum() / 2),
        p_value=float(chdtrc(freedom, wald)),
        efficiency=_pair(each.efficiency for each in weightings),
        effective_n=_pair(each.effective_n for each in weightings),
        lowest=_pair(each.weights.min() / each.weights.mean() for each in weightings),
        highest=_pair(each.weights.max() / each.weights.mean() for each in weightings),
    )


def _pair(values: Iterable[float]) -> tuple[float, float]:
    first, second = values
    return float(first), float(second)
