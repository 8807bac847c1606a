"""Adjustment of p-values for the number of tests made together.

Each function takes p-values of any shape, ignores NaN (a test that was not made does not
count), and gives adjusted p-values of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjusted p-values that control the false discovery rate (Benjamini and Hochberg 1995)."""

    def scaled_up(ascending: Floats) -> Floats:
        m = ascending.size
        scaled = ascending * m / np.arange(1, m + 1)
        return np.minimum.accumulate(scaled[::-1])[::-1]

    return _adjusted(p_values, scaled_up)


def holm(p_values: ArrayLike) -> Floats:
    """Adjusted p-values that control the family-wise error, step down (Holm 1979)."""

    def scaled_up(ascending: Floats) -> Floats:
        m = ascending.size
        return np.maximum.accumulate(ascending * np.arange(m, 0, -1))

    return _adjusted(p_values, scaled_up)


def bonferroni(p_values: ArrayLike) -> Floats:
    """Adjusted p-values: each times the number of tests."""
    return _adjusted(p_values, lambda ascending: ascending * ascending.size)


def adjust(p_values: ArrayLike, correction: str) -> Floats:
    """Adjusted p-values by a correction named in a definition; `none` leaves them as they are."""
    return CORRECTIONS[correction](p_values)


def _as_they_are(p_values: ArrayLike) -> Floats:
    return np.array(p_values, dtype=np.float64)


CORRECTIONS: dict[str, Callable[[ArrayLike], Floats]] = {
    "benjamini_hochberg": benjamini_hochberg,
    "holm": holm,
    "bonferroni": bonferroni,
    "none": _as_they_are,
}


def _adjusted(p_values: ArrayLike, scaled_up: Callable[[Floats], Floats]) -> Floats:
    p = np.asarray(p_values, dtype=np.float64)
    result = np.full(p.shape, np.nan)
    made = np.isfinite(p)
    values = p[made]
    if values.size:
        order = np.argsort(values, kind="stable")
        adjusted = np.empty_like(values)
        adjusted[order] = np.minimum(scaled_up(values[order]), 1.0)
        result[made] = adjusted
    return result
