"""Rounding of what is published: in the data, never by number format."""

from __future__ import annotations

import math


def whole_percent(share: float) -> float:
    """A share rounded to whole per cents, halves upward: 0.125 -> 0.13."""
    return math.floor(share * 100 + 0.5 + 1e-9) / 100


def one_decimal(mean: float) -> float:
    """A mean rounded to one decimal, halves away from zero."""
    size = math.floor(abs(mean) * 10 + 0.5 + 1e-9) / 10
    return math.copysign(size, mean) if size else 0.0
