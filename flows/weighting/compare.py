"""Two weighting schemes side by side: margins, what they cost, and what they do to results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.weighting_plan import WeightingPlan
from flows.weighting.calibrated import auxiliaries
from flows.weighting.columns import read_column
from flows.weighting.joining import group_totals
from flows.weighting.key_results import KeyResult
from flows.weighting.scheme import PlanWeighting
from flows.weighting.targets import plan_targets

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scheme:
    """A scheme that was applied: its plan, the frame it weighted, the weighting."""

    name: str
    plan: WeightingPlan
    frame: pd.DataFrame
    weighting: PlanWeighting


@dataclass(frozen=True)
class SchemeFigures:
    """What a scheme is and costs. Weights in multiples of the mean weight."""

    name: str
    method: str
    margins: tuple[str, ...]
    groups: int
    respondents: int
    effective_n: float
    efficiency: float
    design_effect: float
    lowest: float
    highest: float
    lowest_g: float
    highest_g: float
    iterations: int
    joined: int
    merged: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class LevelFigures:
    """Shares of one level among those with a value: unweighted, and under each scheme.

    A target is None where that scheme does not control the margin.
    """

    margin: str
    level: str
    n: int
    unweighted: float
    first: float
    second: float
    first_target: float | None
    second_target: float | None

    @property
    def controlled(self) -> Literal["both", "first", "second"]:
        if self.first_target is None:
            return "second"
        return "first" if self.second_target is None else "both"


@dataclass(frozen=True)
class ResultFigures:
    """A key result under each scheme, with its standard error; shares between 0 and 1.

    `difference`: second less first; its standard error takes into account that the same
    people answered.
    """

    number: str
    text: str
    headline: str
    is_mean: bool
    n: int
    first: float
    first_error: float
    second: float
    second_error: float
    difference: float
    difference_error: float


@dataclass(frozen=True)
class Comparison:
    """Two schemes on the same respondents."""

    first: SchemeFigures
    second: SchemeFigures
    margins: tuple[LevelFigures, ...]
    results: tuple[ResultFigures, ...]


def compare(first: Scheme, second: Scheme, results: Sequence[KeyResult]) -> Comparison:
    """What each of two schemes does to margins, efficiency and key results.

    Both weight the same respondents, in the same order.
    """
    if len(first.frame) != len(second.frame):
        raise ValueError("the schemes weight different respondents")
    return Comparison(
        _figures(first), _figures(second), _margins(first, second), _results(first, second, results)
    )


def _figures(scheme: Scheme) -> SchemeFigures:
    weighting = scheme.weighting
    relative = weighting.weights / weighting.weights.mean()
    g = weighting.g_weights
    return SchemeFigures(
        name=scheme.name,
        method=weighting.method,
        margins=tuple(margin.variable for margin in scheme.plan.margins),
        groups=0 if weighting.groups is None else len(weighting.groups),
        respondents=len(relative),
        effective_n=weighting.effective_n,
        efficiency=weighting.efficiency,
        design_effect=weighting.design_effect,
        lowest=float(relative.min()),
        highest=float(relative.max()),
        lowest_g=float(g.min()),
        highest_g=float(g.max()),
        iterations=weighting.iterations,
        joined=len(weighting.joined),
        merged=len(weighting.collapsed),
        notes=weighting.notes,
    )


def _margins(first: Scheme, second: Scheme) -> tuple[LevelFigures, ...]:
    targets = [_targets(scheme.plan) for scheme in (first, second)]
    rows = []
    for margin in dict.fromkeys([*targets[0], *targets[1]]):
        source = first if margin in targets[0] else second
        column = read_column(source.frame, margin)
        known = column.codes >= 0
        codes, count = column.codes[known], len(column.labels)
        shares = [
            _shares(codes, weights[known], count)
            for weights in (np.ones(len(known)), first.weighting.weights, second.weighting.weights)
        ]
        place = {label: i for i, label in enumerate(column.labels)}
        n = np.bincount(codes, minlength=count)
        levels = dict.fromkeys([k for own in targets for k in own.get(margin, {})])
        for level in dict.fromkeys([*levels, *(k for k in column.labels if n[place[k]])]):
            at = place.get(level)
            rows.append(
                LevelFigures(
                    margin,
                    level,
                    0 if at is None else int(n[at]),
                    *(0.0 if at is None else float(share[at]) for share in shares),
                    *(own[margin].get(level, 0.0) if margin in own else None for own in targets),
                )
            )
    return tuple(rows)


def _shares(codes: NDArray[np.integer], weights: Floats, count: int) -> Floats:
    totals = np.bincount(codes, weights, count)
    shares: Floats = totals / totals.sum()
    return shares


def _targets(plan: WeightingPlan) -> Mapping[str, Mapping[str, float]]:
    """The shares a plan asks for: per margin, all groups together, and of the groups."""
    if plan.groups is None:
        return plan_targets(plan)
    totals = group_totals(plan)
    people = {group: sum(next(iter(own.values())).values()) for group, own in totals.items()}
    everyone = sum(people.values())
    targets = {plan.groups.variable: {group: n / everyone for group, n in people.items()}}
    for margins in totals.values():
        for margin, numbers in margins.items():
            added = targets.setdefault(margin, {})
            for level, number in numbers.items():
                added[level] = added.get(level, 0.0) + number / everyone
    return targets


def _results(
    first: Scheme, second: Scheme, results: Sequence[KeyResult]
) -> tuple[ResultFigures, ...]:
    if not results:
        return ()
    one, its = _estimates(first, results)
    other, others = _estimates(second, results)
    errors = [np.sqrt(_variance(parts)) for parts in (its, others, others - its)]
    return tuple(
        ResultFigures(
            number=result.number,
            text=result.text["en"],
            headline=result.headline["en"],
            is_mean=result.is_mean,
            n=int(result.base.sum()),
            first=float(one[k]),
            first_error=float(errors[0][k]),
            second=float(other[k]),
            second_error=float(errors[1][k]),
            difference=float(other[k] - one[k]),
            difference_error=float(errors[2][k]),
        )
        for k, result in enumerate(results)
    )


def _estimates(scheme: Scheme, results: Sequence[KeyResult]) -> tuple[Floats, Floats]:
    """Estimates (K,) and the weighted contribution of each respondent to their error (n, K).

    p = sum(w y) / sum(w b) has u = (y - p b) / sum(w b); calibration leaves of it the residual
    of the regression on the margins with the base weights (Deville and Särndal 1992).
    """
    w = scheme.weighting.weights
    y = np.column_stack([result.values for result in results])
    b = np.column_stack([result.base for result in results]).astype(float)
    size = w @ b
    p = (w @ y) / size
    u = (y - p * b) / size
    # As in the tables, base weights count as they were given.
    d = np.ones(len(w))
    if scheme.plan.base_weight is not None:
        d = pd.to_numeric(scheme.frame[scheme.plan.base_weight]).to_numpy(float)
    parts = np.empty_like(u)
    for rows, x in auxiliaries(scheme.frame, scheme.plan, scheme.weighting, as_in_tables=True):
        dx = d[rows, None] * x
        beta = np.linalg.pinv(x.T @ dx, rcond=1e-10, hermitian=True) @ (dx.T @ u[rows])
        parts[rows] = w[rows, None] * (u[rows] - x @ beta)
    return p, parts


def _variance(parts: Floats) -> Floats:
    """Variance (K,) of totals of contributions (n, K), people drawn with replacement."""
    n = len(parts)
    centred = parts - parts.mean(axis=0)
    variance: Floats = n / (n - 1) * np.square(centred).sum(axis=0)
    return variance
