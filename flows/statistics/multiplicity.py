"""Adjustment of p-values for the number of tests made together.

Each function takes p-values of any shape, ignores NaN (a test that was not made does not
count), and gives adjusted p-values of the same shape. `families`, which broadcasts to that
shape, numbers the families of tests from 0; each is adjusted by itself. Without it all tests
are made together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def benjamini_hochberg(p_values: ArrayLike, families: ArrayLike | None = None) -> Floats:
    """Adjusted p-values that control the false discovery rate (Benjamini and Hochberg 1995)."""

    def scaled_up(ascending: Floats, m: Floats, rank: Floats) -> Floats:
        return np.fmin.accumulate((ascending * m / rank)[:, ::-1], axis=1)[:, ::-1]

    return _adjusted(p_values, families, scaled_up)


def holm(p_values: ArrayLike, families: ArrayLike | None = None) -> Floats:
    """Adjusted p-values that control the family-wise error, step down (Holm 1979)."""

    def scaled_up(ascending: Floats, m: Floats, rank: Floats) -> Floats:
        return np.maximum.accumulate(ascending * (m - rank + 1), axis=1)

    return _adjusted(p_values, families, scaled_up)


def bonferroni(p_values: ArrayLike, families: ArrayLike | None = None) -> Floats:
    """Adjusted p-values: each times the number of tests."""
    return _adjusted(p_values, families, lambda ascending, m, rank: ascending * m)


def adjust(p_values: ArrayLike, correction: str, families: ArrayLike | None = None) -> Floats:
    """Adjusted p-values by a correction named in a definition; `none` leaves them as they are."""
    return CORRECTIONS[correction](p_values, families)


def _as_they_are(p_values: ArrayLike, families: ArrayLike | None = None) -> Floats:
    return np.array(p_values, dtype=np.float64)


CORRECTIONS: dict[str, Callable[[ArrayLike, ArrayLike | None], Floats]] = {
    "benjamini_hochberg": benjamini_hochberg,
    "holm": holm,
    "bonferroni": bonferroni,
    "none": _as_they_are,
}


def _adjusted(
    p_values: ArrayLike,
    families: ArrayLike | None,
    scaled_up: Callable[[Floats, Floats, Floats], Floats],
) -> Floats:
    """Scale up the p-values of each family (a row, ascending, NaN at the end)."""
    p = np.asarray(p_values, dtype=np.float64)
    result = np.full(p.shape, np.nan)
    made = np.isfinite(p)
    values = p[made]
    if not values.size:
        return result
    family = np.broadcast_to(0 if families is None else np.asarray(families), p.shape)[made]
    order = np.lexsort((values, family))
    family, sizes = family[order], np.bincount(family)
    rank = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[family]
    ascending = np.full((len(sizes), sizes.max()), np.nan)
    ascending[family, rank] = values[order]
    ranks = np.arange(1.0, sizes.max() + 1)
    scaled = scaled_up(ascending, sizes[:, None].astype(np.float64), ranks)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(scaled[family, rank], 1.0)
    result[made] = adjusted
    return result
