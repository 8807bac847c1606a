"""What a weighting did, in numbers: the content of weighting.json and of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.models import WeightingPlan
from flows.weighting.margins import Floats
from flows.weighting.result import Weighting, design_effect

INFLUENTIAL = 10
BINS = 25


def weighting_summary(
    weighting: Weighting,
    plan: WeightingPlan,
    *,
    profiles: Sequence[str] | NDArray[Any] | pd.Series | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Everything about a weighting that can be published, as JSON-able values.

    `profiles`: the profile of each respondent (n,), for the effective number per profile.
    `seconds`: how long weighting took. Holds nothing about a respondent but row numbers.
    """
    weights = weighting.weights
    relative = weights / weights.mean()
    g = weighting.g_weights
    above = relative > plan.note_above
    return {
        "respondents": len(weights),
        "method": weighting.method,
        "sum": float(weights.sum()),
        "margins": _margins(weighting, plan),
        "weights": _spread(weights),
        "g_weights": _spread(g),
        "histogram": _histogram(relative),
        "design_effect": weighting.design_effect,
        "efficiency": weighting.efficiency,
        "effective_n": weighting.effective_n,
        "profiles": [] if profiles is None else _per_group(weights, np.asarray(profiles)),
        "influential": _influential(relative),
        "note_above": plan.note_above,
        "above_note": int(above.sum()),
        "refuse_from": plan.refuse_from,
        "negative": int((weights < 0).sum()),
        "iterations": weighting.iterations,
        "max_error": weighting.max_error,
        "tolerance": plan.tolerance,
        "seconds": None if seconds is None else round(seconds, 3),
        "notes": list(weighting.notes),
    }


def _margins(weighting: Weighting, plan: WeightingPlan) -> list[dict[str, Any]]:
    """Per margin its levels as shares, with where the targets come from."""
    described = {margin.variable: margin for margin in plan.margins}
    margins = []
    for name, table in weighting.margins.groupby("margin", sort=False):
        target_sum = float(table["target"].sum())
        margin = described.get(str(name))
        margins.append(
            {
                "margin": str(name),
                "source": None if margin is None else margin.source.model_dump(),
                "reference_date": None if margin is None else margin.reference_date.isoformat(),
                "approximate": None if margin is None else margin.approximate,
                "levels": [
                    {
                        "level": str(row["level"]),
                        "n": int(row["n"]),
                        "before": float(row["before"]) / target_sum,
                        "target": float(row["target"]) / target_sum,
                        "after": float(row["after"]) / target_sum,
                    }
                    for row in table.to_dict("records")
                ],
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


def _histogram(relative: Floats) -> dict[str, list[float] | list[int]]:
    """Respondents by weight relative to the mean weight, in bins of a round width."""
    low, high = float(relative.min()), float(relative.max())
    widths = (scale * step for scale in 10.0 ** np.arange(-2, 9) for step in (1, 2, 5))
    width = float(next((w for w in widths if (high - low) / w <= BINS), (high - low) / BINS))
    first, last = np.floor(low / width + 1e-9), np.floor(high / width + 1e-9) + 1
    edges = np.arange(first, last + 1) * width
    bins = np.clip(np.floor(relative / width + 1e-9) - first, 0, last - first - 1).astype(int)
    counts = np.bincount(bins, minlength=int(last - first))
    return {
        "edges": [round(float(edge), 6) for edge in edges],
        "counts": [int(count) for count in counts],
    }


def _per_group(weights: Floats, labels: NDArray[Any]) -> list[dict[str, Any]]:
    groups = []
    for code in dict.fromkeys(sorted(str(label) for label in labels if not pd.isna(label))):
        own = weights[labels.astype(str) == code]
        deff = design_effect(own)
        groups.append(
            {
                "profile": code,
                "n": len(own),
                "share_before": len(own) / len(weights),
                "share_after": float(own.sum() / weights.sum()),
                "design_effect": deff,
                "effective_n": len(own) / deff,
            }
        )
    return groups


def _influential(relative: Floats) -> list[dict[str, float]]:
    """The respondents whose weight counts most: row number (from 1) and relative weight.

    `loss`: their part in the sum of squared weights, which is what lowers the effective n.
    """
    rows = np.argsort(-np.abs(relative), kind="stable")[:INFLUENTIAL]
    squares = float(np.square(relative).sum())
    return [
        {"row": int(r) + 1, "weight": float(relative[r]), "loss": float(relative[r] ** 2 / squares)}
        for r in rows
    ]
