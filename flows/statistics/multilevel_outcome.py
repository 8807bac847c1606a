"""One answer of the people of a multilevel regression, on the scale on which it is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flows.statistics.multilevel_sample import MultilevelError, Sample

Floats = NDArray[np.float64]
Kind = Literal["share", "mean"]

LOGISTIC_SD = float(np.pi / np.sqrt(3))
"""Standard deviation of a standard logistic variable, the residual of a latent log-odds."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """One answer of the n people of a sample, ready to be fitted.

    `y` (n,): of a share 0-1; of a mean (answer - `centre`) / `unit`, where `centre` is the mean of
    the answers in their own unit and `unit` makes the standard deviation of what profile and
    demographics leave `LOGISTIC_SD`.
    """

    sample: Sample
    y: Floats
    kind: Kind
    centre: float = 0.0
    unit: float = 1.0


def outcome_of(sample: Sample, answer: ArrayLike, kind: Kind) -> Outcome:
    """An answer (n,) of every person of the sample: 0-1 for a share, in its own unit for a mean.

    Raises `MultilevelError` for an answer that everybody gives, that is missing, that is no 0-1
    for a share, or that profile and demographics tell exactly.
    """
    y = np.asarray(answer, dtype=np.float64)
    if y.shape != sample.region.shape or not np.isfinite(y).all():
        raise MultilevelError("an answer is missing; fit those who answered only.")
    if y.min() == y.max():
        raise MultilevelError("everybody gives the same answer, so nothing can be estimated of it.")
    if kind == "share":
        if y.min() < 0 or y.max() > 1:
            raise MultilevelError("the answers of a share are 0 or 1.")
        return Outcome(sample, y, kind)
    w = sample.weight
    centre = float(w @ y / w.sum())
    # Weighted least squares on demographics and profile; the ridge is there because profile
    # probabilities add up to one, as does the constant.
    x = np.hstack([sample.design, sample.profile])
    normal = x.T @ (w[:, None] * x) + 1e-6 * w.sum() * np.eye(x.shape[1])
    left = y - x @ np.linalg.solve(normal, x.T @ (w * y))
    unit = float(np.sqrt(w @ left**2 / w.sum())) / LOGISTIC_SD
    if unit <= 0:
        raise MultilevelError("profile and demographics tell this answer exactly; nothing is left.")
    return Outcome(sample, (y - centre) / unit, kind, centre, unit)
