"""Geometry of the model page's charts; the template draws what these say.

Across, everything is in per cents of the width, so that a chart fits a telephone as well as a
screen while its texts keep their size; down, in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

ROW = 38
TOP = 8
AXIS = 24
STEP_OF_SHADE = (0.2, 0.5, 0.8)
"""From so many standard deviations a difference is small, clear and large."""


@dataclass(frozen=True)
class Tick:
    """A place on an axis; `anchor` keeps its text within the chart."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Dot:
    """One row: a label and a figure above a dot, with its interval if there is one."""

    label: str
    text: str
    y: float
    at: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class DotChart:
    """Dots, one a row. `line`: a place to compare with, None where there is none."""

    dots: tuple[Dot, ...]
    ticks: tuple[Tick, ...]
    line: float | None
    bottom: int
    height: int
    description: str


@dataclass(frozen=True)
class Curve:
    """Points (x in per cents, y in pixels, what they say) beside the line of equality."""

    points: tuple[tuple[float, float, str], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    top: int
    bottom: int
    height: int
    description: str


def sizes_chart(
    names: Sequence[str],
    shares: Sequence[float],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
) -> DotChart:
    """Shares (0-1) of the profiles with their intervals."""
    top = max((*shares, *(high for high in highs if high is not None)))
    step = next((s for s in (0.02, 0.05, 0.1, 0.2) if top / s <= 6), 0.25)
    end = ceil(top / step - 1e-9) * step

    def across(share: float) -> float:
        return round(share / end * 100, 2)

    dots = tuple(
        Dot(
            label=name,
            text=f"{share:.0%}"
            if low is None or high is None
            else f"{share:.0%}, between {low:.0%} and {high:.0%}",
            y=TOP + i * ROW,
            at=across(share),
            low=None if low is None else across(low),
            high=None if high is None else across(high),
        )
        for i, (name, share, low, high) in enumerate(zip(names, shares, lows, highs, strict=True))
    )
    largest = max(range(len(shares)), key=shares.__getitem__)
    smallest = min(range(len(shares)), key=shares.__getitem__)
    ticks = [(across(k * step), f"{k * step:.0%}") for k in range(round(end / step) + 1)]
    return _dots(
        dots,
        ticks,
        None,
        f"The largest profile is {names[largest]} with {shares[largest]:.0%}, the smallest "
        f"{names[smallest]} with {shares[smallest]:.0%}.",
    )


def places_chart(axis: str, names: Sequence[str], places: Sequence[float | None]) -> DotChart:
    """Places of the profiles on one axis, in standard deviations from everybody's mean."""
    known = [(name, place) for name, place in zip(names, places, strict=True) if place is not None]
    reach = max(1.0, *(ceil(abs(place) * 2) / 2 for _, place in known)) if known else 1.0

    def across(place: float) -> float:
        return round((place + reach) / (2 * reach) * 100, 2)

    dots = tuple(
        Dot(name, f"{place:+.1f}" if abs(place) >= 0.05 else "0.0", TOP + i * ROW, across(place))
        for i, (name, place) in enumerate(known)
    )
    ticks = [(0.0, f"{-reach:g}"), (50.0, "0: everybody"), (100.0, f"+{reach:g}")]
    if not known:
        return _dots(dots, ticks, 50.0, f"No profile has a place on {axis}.")
    lowest, highest = (pick(known, key=lambda pair: pair[1]) for pick in (min, max))
    return _dots(
        dots,
        ticks,
        50.0,
        f"{axis}: lowest is {lowest[0]} ({lowest[1]:+.1f}), highest {highest[0]} "
        f"({highest[1]:+.1f}).",
    )


def steadiness_chart(found: Sequence[tuple[str, float, float | None]]) -> DotChart:
    """Agreements between 0 and 1: what, how much, and how much was wanted."""
    dots = tuple(
        Dot(
            what,
            f"{value:.2f}" + (f", wanted {wanted:.2f}" if wanted is not None else ""),
            TOP + i * ROW,
            round(100 * min(max(value, 0.0), 1.0), 2),
        )
        for i, (what, value, wanted) in enumerate(found)
    )
    told = "; ".join(f"{what} {value:.2f}" for what, value, _ in found)
    ticks = [(0.0, "0: chance"), (50.0, "0.5"), (100.0, "1: the same")]
    return _dots(dots, ticks, None, f"{told}.")


def calibration_chart(points: Sequence[Sequence[float]]) -> Curve:
    """Points (confidence, hit rate, people) of a calibration curve."""
    top, bottom = 22, 242

    def up(rate: float) -> float:
        return round(bottom - rate * (bottom - top), 1)

    drawn = tuple(
        (
            round(100 * point[0], 2),
            up(point[1]),
            f"says {point[0]:.0%}, right {point[1]:.0%} ({int(point[2]):,} people)",
        )
        for point in points
    )
    worst = max(points, key=lambda point: abs(point[0] - point[1]))
    x_ticks = [(100 * k / 4, f"{k / 4:.0%}") for k in range(5)]
    return Curve(
        points=drawn,
        x_ticks=_anchored(x_ticks),
        y_ticks=tuple(Tick(up(k / 4), f"{k / 4:.0%}") for k in range(1, 5)),
        top=top,
        bottom=bottom,
        height=bottom + 2 * AXIS,
        description=f"{len(drawn)} groups by confidence. Farthest from the line of equality: "
        f"says {worst[0]:.0%}, is right {worst[1]:.0%}.",
    )


def shade(difference: float | None) -> str:
    """Class of a heat map cell: `up` or `down` with 1 to 3, or `level`."""
    if difference is None:
        return "level"
    steps = sum(abs(difference) >= step for step in STEP_OF_SHADE)
    if steps == 0:
        return "level"
    return f"{'up' if difference > 0 else 'down'}{steps}"


def _dots(
    dots: tuple[Dot, ...], ticks: list[tuple[float, str]], line: float | None, description: str
) -> DotChart:
    bottom = TOP + len(dots) * ROW
    return DotChart(dots, _anchored(ticks), line, bottom, bottom + AXIS, description)


def _anchored(ticks: list[tuple[float, str]]) -> tuple[Tick, ...]:
    """Ticks whose texts do not stick out at either side."""
    anchors = {0.0: "start", 100.0: "end"}
    return tuple(Tick(at, text, anchors.get(at, "middle")) for at, text in ticks)
