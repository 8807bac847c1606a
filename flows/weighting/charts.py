"""Geometry of the weighting page's charts; the template draws what these say.

Across, everything is in per cents of the width, so that a chart fits a telephone as well as a
screen while its texts keep their size; down, in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

ROW = 50
LABEL = 15
FIRST_BAR = 21
BAR = 10
TOP = 8
AXIS = 24
LONGEST_LABEL = 34
VISIBLE = 0.0005
"""A share this far off its target shows in whole tenths of a per cent."""


@dataclass(frozen=True)
class Tick:
    """A place on an axis; `anchor` keeps its text within the chart."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Bar:
    """One row: a label above a light and a dark bar, and a tick at the target if there is one."""

    label: str
    text: str
    y: float
    light: float
    dark: float
    target: float | None = None


@dataclass(frozen=True)
class BarChart:
    """Horizontal bars, a pair a row."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    bottom: int
    height: int
    description: str


@dataclass(frozen=True)
class Column:
    """One bar of a histogram."""

    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Histogram:
    """Respondents by weight; `line` stands at 1, None where that is outside."""

    columns: tuple[Column, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    line: float | None
    bottom: int
    height: int
    description: str


def margin_chart(levels: list[dict[str, Any]]) -> BarChart:
    """Chart of a margin; `levels` hold label, before, target and after as shares."""
    top = float(max(max(v["before"], v["target"], v["after"]) for v in levels))
    step = _step(top)
    end = ceil(top / step - 1e-9) * step

    def across(share: float) -> float:
        return round(max(share, 0.0) / end * 100, 2)

    bars = tuple(
        Bar(
            label=_short(v["label"]),
            text=f"{v['before']:.1%} → {v['after']:.1%}",
            y=TOP + i * ROW,
            light=across(v["before"]),
            dark=across(v["after"]),
            target=across(v["target"]),
        )
        for i, v in enumerate(levels)
    )
    farthest = max(levels, key=lambda v: abs(v["target"] - v["before"]))
    off = max(levels, key=lambda v: abs(v["target"] - v["after"]))
    after = "all levels are at their target"
    if abs(off["target"] - off["after"]) >= VISIBLE:
        after = f"{off['label']} is at {off['after']:.1%}, having been merged in some groups"
    description = (
        f"{len(levels)} levels. Farthest from its target before weighting: {farthest['label']}, "
        f"{farthest['before']:.1%} against a target of {farthest['target']:.1%}. After weighting "
        f"{after}. The table below holds every number."
    )
    ticks = [(across(k * step), f"{k * step:.0%}") for k in range(round(end / step) + 1)]
    return _bar_chart(bars, ticks, description)


def people_chart(parts: list[dict[str, Any]], what: str) -> BarChart:
    """Chart of numbers of respondents; `parts` hold label, n and effective_n.

    `what`: what the parts are called, such as "profiles".
    """
    most: int = max(part["n"] for part in parts)
    step = _count_step(most)
    end = ceil(most / step) * step

    def across(people: float) -> float:
        return round(people / end * 100, 2)

    bars = tuple(
        Bar(
            label=_short(part["label"]),
            text=f"{part['n']:,} → {part['effective_n']:,.0f}",
            y=TOP + i * ROW,
            light=across(part["n"]),
            dark=across(part["effective_n"]),
        )
        for i, part in enumerate(parts)
    )
    least = min(parts, key=lambda part: float(part["effective_n"]))
    description = (
        f"{len(parts)} {what}. The smallest effective number is that of {least['label']}: "
        f"{least['effective_n']:,.0f} of {least['n']:,} respondents. The table below holds every "
        "number."
    )
    ticks = [(across(k * step), f"{k * step:,}") for k in range(end // step + 1)]
    return _bar_chart(bars, ticks, description)


def _bar_chart(bars: tuple[Bar, ...], ticks: list[tuple[float, str]], description: str) -> BarChart:
    bottom = TOP + len(bars) * ROW
    return BarChart(bars, _anchored(ticks), bottom, bottom + AXIS, description)


def histogram_chart(
    edges: list[float],
    counts: list[int],
    what: str = "Weights",
    unit: str = " times the mean weight",
) -> Histogram:
    """Chart of the weights; `edges` in multiples of the mean weight.

    `what`, `unit`: what is counted, where it is something else.
    """
    bottom = 215
    low, high = edges[0], edges[-1]
    step = _count_step(max(counts))
    tallest = ceil(max(counts) / step) * step

    def across(weight: float) -> float:
        return round((weight - low) / (high - low) * 100, 2)

    def up(count: float) -> float:
        return round(bottom - count / tallest * (bottom - TOP - LABEL), 1)

    columns = tuple(
        Column(across(a), round((across(b) - across(a)) * 0.94, 2), up(count), bottom - up(count))
        for a, b, count in zip(edges, edges[1:], counts, strict=False)
    )
    middle = max(range(len(counts)), key=counts.__getitem__)
    description = (
        f"{what} lie between {low:.4g} and {high:.4g}{unit}; most respondents, "
        f"{counts[middle]:,}, between {edges[middle]:.4g} and {edges[middle + 1]:.4g}."
    )
    every = ceil(len(edges) / 7)
    first = next((i for i, edge in enumerate(edges) if abs(edge - 1) < 1e-6), 0) % every
    return Histogram(
        columns=columns,
        x_ticks=_anchored([(across(edge), f"{edge:.4g}") for edge in edges[first::every]]),
        y_ticks=tuple(Tick(up(k * step), f"{k * step:,}") for k in range(1, tallest // step + 1)),
        line=across(1.0) if low <= 1 <= high else None,
        bottom=bottom,
        height=bottom + 2 * AXIS,
        description=description,
    )


def _anchored(ticks: list[tuple[float, str]]) -> tuple[Tick, ...]:
    """Ticks whose texts do not stick out at either side."""
    anchors = {0.0: "start", 100.0: "end"}
    return tuple(Tick(at, text, anchors.get(at, "middle")) for at, text in ticks)


def _step(top: float) -> float:
    """The distance between gridlines that gives two to six of them."""
    return next((step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if top / step <= 5), 0.25)


def _count_step(top: int) -> int:
    step = 1
    while top / step > 5:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1].rstrip() + "…"
