"""The targets of a weighting plan, as shares."""

from __future__ import annotations

from flows.definitions.weighting_plan import Margin, WeightingPlan
from flows.errors import Refusal


def plan_targets(plan: WeightingPlan) -> dict[str, dict[str, float]]:
    """Per margin of the plan the target share of every level; shares add up to 1.

    Targets may be written as shares, percentages or totals. Shares and percentages may miss
    1 or 100 by rounding; a sum further off is refused as a slip.
    """
    targets: dict[str, dict[str, float]] = {}
    for margin in plan.margins:
        if margin.variable in targets:
            raise Refusal(f"weighting.yaml: margin {margin.variable!r} occurs twice; keep one.")
        targets[margin.variable] = _shares(margin)
    if not targets:
        raise Refusal("weighting.yaml: there are no margins to weight on.")
    return targets


def _shares(margin: Margin) -> dict[str, float]:
    where = f"weighting.yaml: margin {margin.variable!r}"
    for level, target in margin.targets.items():
        if not 0 <= target < float("inf"):
            raise Refusal(f"{where}, level {level!r}: the target {target:g} is not a number >= 0.")
    total = sum(margin.targets.values())
    if total <= 0:
        raise Refusal(f"{where}: the targets are missing or all zero.")
    for whole in (1, 100):
        if 0.01 < abs(total / whole - 1) <= 0.1:
            raise Refusal(
                f"{where}: the targets add up to {total:.4g}, close to {whole} but not equal to "
                "it; correct them."
            )
    return {level: target / total for level, target in margin.targets.items()}
