"""What a weighting did, in numbers: the content of weighting.json and of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.weighting_plan import WeightingPlan
from flows.fingerprint import of_json
from flows.weighting.grouped import all_groups, groups_of, margins_of, part_of
from flows.weighting.influence import influential, leverages
from flows.weighting.scheme import PlanWeighting

Floats = NDArray[np.float64]

BINS = 25


def weighting_summary(
    weighting: PlanWeighting,
    plan: WeightingPlan,
    frame: pd.DataFrame,
    *,
    profiles: Sequence[str] | NDArray[Any] | pd.Series | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Everything about a weighting that can be published, as JSON-able values.

    `frame`: what was weighted (see `weigh`). `profiles`: the profile of each respondent (n,),
    for the effective number per profile. `seconds`: how long weighting took. Holds nothing
    about a respondent but row numbers.
    """
    weights = weighting.weights
    relative = weights / weights.mean()
    g = weighting.g_weights
    groups = [] if weighting.groups is None else groups_of(weighting)
    summary = {
        "respondents": len(weights),
        "method": weighting.method,
        "scheme": scheme_sha256(plan),
        "sum": float(weights.sum()),
        "margins": _margins(weighting, plan, frame),
        "groups": groups,
        "joined": [asdict(joined) for joined in weighting.joined],
        "collapsed": [asdict(collapsed) for collapsed in weighting.collapsed],
        "weights": _spread(relative),
        "g_weights": _spread(g),
        "histogram": _histogram(relative),
        "g_histogram": _histogram(g),
        "design_effect": weighting.design_effect,
        "efficiency": weighting.efficiency,
        "effective_n": weighting.effective_n,
        "profiles": [],
        **influential(weights, leverages(weighting)),
        "trimming": None if weighting.trimming is None else asdict(weighting.trimming),
        "note_above": plan.note_above,
        "above_note": int((weighting.relative > plan.note_above).sum()),
        "refuse_from": plan.refuse_from,
        "negative": int((weights < 0).sum()),
        "iterations": weighting.iterations,
        "max_error": weighting.max_error,
        "tolerance": plan.tolerance,
        "seconds": None if seconds is None else round(seconds, 3),
        "notes": list(weighting.notes),
    }
    return summary if profiles is None else with_profiles(summary, weights, profiles)


def scheme_sha256(plan: WeightingPlan) -> str:
    """Hash of a plan: whether stored weights were made by it."""
    return of_json(plan.model_dump(mode="json"))


def with_profiles(
    summary: Mapping[str, Any],
    weights: Floats,
    profiles: Sequence[str] | NDArray[Any] | pd.Series,
) -> dict[str, Any]:
    """The summary with the effective number of respondents per profile.

    `profiles`: (n,) the profile of each respondent, missing or empty where there is none.
    """
    codes, names = pd.factorize(pd.Series(np.asarray(profiles, dtype=object)), sort=True)
    return {
        **summary,
        "profiles": [
            {"profile": str(name), **part_of(weights, codes == i)}
            for i, name in enumerate(names)
            if name != ""
        ],
    }


def _margins(
    weighting: PlanWeighting, plan: WeightingPlan, frame: pd.DataFrame
) -> list[dict[str, Any]]:
    """Per margin its levels as shares of all respondents, with where the targets come from."""
    table = weighting.margins
    if weighting.groups is not None and weighting.groups_of is not None:
        table = all_groups(weighting, plan, frame)
    described = {margin.variable: margin for margin in plan.margins}
    margins = []
    for name, levels in margins_of(table):
        margin = described.get(name)
        margins.append(
            {
                "margin": name,
                "source": None if margin is None else margin.source.model_dump(),
                "reference_date": None if margin is None else margin.reference_date.isoformat(),
                "approximate": None if margin is None else margin.approximate,
                "levels": levels,
            }
        )
    return margins


def _spread(values: Floats) -> dict[str, float]:
    low, q1, median, q3, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    return {
        "min": float(low),
        "quartile_1": float(q1),
        "median": float(median),
        "quartile_3": float(q3),
        "max": float(high),
    }


def _histogram(values: Floats) -> dict[str, list[float] | list[int]]:
    """Respondents by weight (relative to the mean) or by g, in bins of a round width."""
    low, high = float(values.min()), float(values.max())
    widths = (scale * step for scale in 10.0 ** np.arange(-2, 9) for step in (1, 2, 5))
    width = float(next((w for w in widths if (high - low) / w <= BINS), (high - low) / BINS))
    first, last = np.floor(low / width + 1e-6), np.floor(high / width + 1e-6) + 1
    edges = np.arange(first, last + 1) * width
    bins = (values * (1 / width) - (first - 1e-6)).astype(np.intp)  # none is below zero
    np.minimum(bins, int(last - first) - 1, out=bins)
    counts = np.bincount(bins, minlength=int(last - first))
    return {
        "edges": [round(float(edge), 6) for edge in edges],
        "counts": [int(count) for count in counts],
    }
