"""When a difference with all others is marked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.tables import Table
from flows.definitions.models import Publication

_TOLERANCE = 1e-9


def large_enough(table: Table, publication: Publication) -> NDArray[np.bool_]:
    """Cells (R, C) that differ enough to matter: 5 points, or 0.2 standard deviations."""
    is_mean = np.array([row.kind == "mean" for row in table.rows])[:, None]
    needed = np.where(
        is_mean,
        publication.minimum_sd * table.standard_deviation[:, -1:],
        publication.minimum_points / 100,
    )
    with np.errstate(invalid="ignore"):
        enough: NDArray[np.bool_] = np.abs(table.difference) >= needed - _TOLERANCE
    return enough


def marked(table: Table, publication: Publication) -> NDArray[np.bool_]:
    """Cells (R, C) that get a mark: beyond chance within the table, and large enough."""
    with np.errstate(invalid="ignore"):
        beyond_chance = table.p_adjusted < publication.alpha
    if table.identity.model_item:
        return np.zeros(beyond_chance.shape, dtype=bool)
    return beyond_chance & large_enough(table, publication)
