"""How large the profiles are among the respondents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from flows.crosstabs.banner import profile_groups
from flows.crosstabs.crosstab import checked_weights
from flows.crosstabs.rounding import whole_percent
from flows.crosstabs.tables import ProfileSize
from flows.definitions.dossier_plan import Publication
from flows.statistics.design import SampleDesign
from flows.statistics.estimated_margins import EstimatedMargin
from flows.statistics.intervals import logit_interval, proportion_interval
from flows.statistics.variance import (
    COUNT,
    SQUARE,
    WEIGHT,
    linearise,
    sampling_variance,
    variance,
    weighted_sample,
)


def profile_sizes(
    profile: ArrayLike,
    profile_codes: Sequence[str],
    weights: ArrayLike,
    margins: pd.DataFrame | None = None,
    *,
    publication: Publication = Publication(),  # noqa: B008
    base_weights: ArrayLike | None = None,
    estimated_margin: EstimatedMargin | None = None,
    design: SampleDesign | None = None,
) -> tuple[ProfileSize, ...]:
    """Weighted shares of the profiles among the typed, as whole per cents with an interval.

    Arguments as in `crosstab`. A size says how many people there are and nothing of what
    they think, and follows from the numbers of participants that are always shown, so it is
    hidden only where there is nobody, or fewer than `minimum_base` typed people in all. Sizes
    that were themselves calibrated on have the error of their estimate, and no other.
    """
    codes = tuple(profile_codes)
    w = checked_weights(weights, len(np.asarray(weights)))
    groups = profile_groups(profile, codes, len(w))
    everybody = np.zeros(len(w), dtype=np.int64)
    sample = weighted_sample(
        w, everybody, 1, margins, base_weights, estimated_margin, design=design
    )
    rows = np.array([groups == i for i in range(len(codes))] + [groups >= 0], dtype=np.float64)
    sums = sample.sums(rows[:, sample.grouping.order])[:, :1]
    base = np.broadcast_to(sums[-1:], sums[:-1].shape)
    linear = linearise(sample, sums[:-1], base, sums[:-1])
    share = linear.estimate[:, 0]
    error = np.sqrt(variance(sample, linear))[:, 0]
    typed = base[:, 0, COUNT]
    squares = np.maximum(base[:, 0, SQUARE], np.finfo(float).tiny)
    n_eff = base[:, 0, WEIGHT] ** 2 / squares
    low, high = proportion_interval(
        share, error, typed, n_eff, sample.degrees_of_freedom, publication.alpha
    )
    # Where the sample adds no error, its size says nothing about the interval either.
    given = (sampling_variance(sample, linear)[:, 0] == 0) & (error > 0)
    bounds = logit_interval(share, error, sample.degrees_of_freedom, publication.alpha)
    low, high = (np.where(given, *pair) for pair in zip(bounds, (low, high), strict=True))
    counts = np.rint(sums[:-1, 0, COUNT]).astype(np.int64)
    result = []
    for i, code in enumerate(codes):
        shown = counts[i] > 0 and typed[i] >= publication.minimum_base
        numbers = [whole_percent(x[i]) if shown else None for x in (share, low, high)]
        result.append(ProfileSize(code, int(counts[i]), *numbers))
    return tuple(result)
