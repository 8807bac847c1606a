"""What a printed number says: the interval its exact value lies in."""

from __future__ import annotations

from collections.abc import Mapping

from flows.crosstabs.audit.published import SHARE_KINDS, Figure

_LEAST = 1e-9


def printed_interval(figure: Figure, kind: str, units: Mapping[str, float]) -> tuple[float, float]:
    """Between which values the exact number lies.

    Rounded to its unit, or finer where more decimals are printed. A share of 0 means nobody,
    since a few people are printed as "less than".
    """
    if figure.value is None:
        return 0.0, figure.high if figure.high is not None else 1.0
    unit = min(units.get(kind, 0.01), 10.0 ** -decimals(figure.value))
    low, high = figure.value - unit / 2, figure.value + unit / 2
    if kind not in SHARE_KINDS:
        return low, high
    if figure.value == 0:
        return 0.0, 0.0
    return max(low, 0.0), min(high, 1.0)


def decimals(value: float) -> int:
    """How many decimals a number is printed with, up to 9."""
    text = f"{value:.9f}".rstrip("0")
    return len(text.partition(".")[2])


def too_precise(value: float, unit: float) -> bool:
    """Whether a number is printed finer than its unit."""
    return abs(round(value / unit) * unit - value) > _LEAST
