"""How many people of each kind of demographics have each profile, with the measurement fixed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flows.profiles.golden import tempered
from flows.profiles.logit import Cells, fit_logit, log_prior

Floats = NDArray[np.float64]

ITERATIONS, TOLERANCE = 500, 1e-6


def resized_logit(
    log_densities: Floats, cells: Cells, weights: Floats, start: Floats
) -> tuple[Floats, int, bool]:
    """P(profile | demographics) as a logit (D + 1, K) that makes the answers most likely.

    `log_densities` (n, K) stay as they are; `weights` (n,) add up to one. Returns the logit,
    the number of EM steps and whether the sizes stood still (to one in a million) at the end.
    """
    logit = start
    sizes = np.zeros(log_densities.shape[1])
    for iteration in range(1, ITERATIONS + 1):
        posteriors = tempered(log_prior(logit, cells.design)[cells.of], log_densities, 1.0)
        new = weights @ posteriors
        change = float(np.abs(new - sizes).max())
        sizes = new
        if change < TOLERANCE:
            return logit, iteration, True
        logit = fit_logit(cells, posteriors * weights[:, None], logit, steps=2)
    return logit, ITERATIONS, False
