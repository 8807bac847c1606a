"""Geometry of the weighting page's charts; the template draws what these say."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

WIDTH = 760
LABELS = 230
NUMBERS = 130
ROW = 34
TOP = 8
BOTTOM = 30
LONGEST_LABEL = 34


@dataclass(frozen=True)
class MarginBar:
    """One level: a bar before, a bar after and a tick at the target, in SVG units."""

    label: str
    y: float
    before: float
    after: float
    target: float
    before_text: str
    after_text: str


@dataclass(frozen=True)
class Tick:
    """A place on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class MarginChart:
    """Horizontal bars, one pair a level."""

    bars: tuple[MarginBar, ...]
    ticks: tuple[Tick, ...]
    left: int
    height: int
    width: int
    bottom: int
    description: str


@dataclass(frozen=True)
class Column:
    """One bar of the histogram."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class HistogramChart:
    """Respondents by weight."""

    columns: tuple[Column, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    mean: float
    left: int
    right: int
    height: int
    width: int
    bottom: int
    description: str


def margin_chart(levels: list[dict[str, Any]]) -> MarginChart:
    """Chart of a margin; `levels` hold label, before, target and after as shares."""
    room = WIDTH - LABELS - NUMBERS
    top = float(max(max(v["before"], v["target"], v["after"]) for v in levels))
    step = _step(top)
    end = ceil(top / step - 1e-9) * step

    def across(share: float) -> float:
        return round(max(share, 0.0) / end * room, 1)

    bars = tuple(
        MarginBar(
            label=_short(v["label"]),
            y=TOP + i * ROW,
            before=across(v["before"]),
            after=across(v["after"]),
            target=LABELS + across(v["target"]),
            before_text=f"{v['before']:.1%}",
            after_text=f"{v['after']:.1%}",
        )
        for i, v in enumerate(levels)
    )
    ticks = tuple(
        Tick(LABELS + across(k * step), f"{k * step:.0%}") for k in range(round(end / step) + 1)
    )
    farthest = max(levels, key=lambda v: abs(v["target"] - v["before"]))
    description = (
        f"{len(levels)} levels. Farthest from its target before weighting: {farthest['label']}, "
        f"{farthest['before']:.1%} against a target of {farthest['target']:.1%}. After weighting "
        "all levels are at their target. The table below holds every number."
    )
    bottom = TOP + len(levels) * ROW
    return MarginChart(bars, ticks, LABELS, bottom + BOTTOM, WIDTH, bottom, description)


def histogram_chart(edges: list[float], counts: list[int]) -> HistogramChart:
    """Chart of the weights; `edges` in multiples of the mean weight."""
    left, right, height, bottom = 60, WIDTH - 20, 260, 215
    low, high = edges[0], edges[-1]
    step = _count_step(max(counts))
    tallest = ceil(max(counts) / step) * step

    def across(weight: float) -> float:
        return round(left + (weight - low) / (high - low) * (right - left), 1)

    def up(count: float) -> float:
        return round(bottom - count / tallest * (bottom - TOP), 1)

    columns = tuple(
        Column(
            across(a), up(count), round(across(b) - across(a) - 1, 1), round(bottom - up(count), 1)
        )
        for a, b, count in zip(edges, edges[1:], counts, strict=False)
    )
    middle = max(range(len(counts)), key=counts.__getitem__)
    description = (
        f"Weights lie between {low:.4g} and {high:.4g} times the mean weight; most respondents, "
        f"{counts[middle]:,}, between {edges[middle]:.4g} and {edges[middle + 1]:.4g}."
    )
    every = ceil(len(edges) / 10)
    return HistogramChart(
        columns=columns,
        x_ticks=tuple(Tick(across(edge), f"{edge:.4g}") for edge in edges[::every]),
        y_ticks=tuple(Tick(up(k * step), f"{k * step:,}") for k in range(tallest // step + 1)),
        mean=across(1.0),
        left=left,
        right=right,
        height=height,
        width=WIDTH,
        bottom=bottom,
        description=description,
    )


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
