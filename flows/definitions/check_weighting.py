"""Checks of a weighting plan: its margins, limits and composition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from flows.definitions.check_groups import (
    Found,
    group_faults,
    in_circle,
    listed,
    no_levels,
    variables_of,
)
from flows.definitions.errors import Finding, Place
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.survey import Survey
from flows.definitions.weighting_plan import Margin, WeightingPlan


def weighting_faults(survey: Survey, file: str = "weighting") -> Iterator[Finding]:
    """Faults in the survey's weighting plan, which stands in `<file>.yaml`."""
    plan = survey.weighting
    variables = variables_of(survey.questionnaire)
    found = [
        *_margin_faults(plan, survey.questionnaire, variables),
        *group_faults(plan, survey.questionnaire, variables),
        *_limit_faults(plan, survey.questionnaire),
        *_composition_faults(survey),
    ]
    for place, message, remedy in found:
        yield file, place, message, remedy


def _margin_faults(
    plan: WeightingPlan, questionnaire: Questionnaire, variables: set[str]
) -> Iterator[Found]:
    if not plan.margins:
        yield ("margins",), "there are no margins to weight on.", "List at least one."
    counts = Counter(margin.variable for margin in plan.margins)
    for i, margin in enumerate(plan.margins):
        place: Place = ("margins", i)
        name = margin.variable
        if name not in variables:
            yield place, f"the margin {name} is no question or derived variable.", "Correct it."
            continue
        unfit = no_levels(name, questionnaire)
        if unfit is not None:
            yield place, unfit, "Derive a variable from it, and weight on that."
            continue
        if counts[name] > 1:
            yield place, f"the margin {name} is given {counts[name]} times.", "Keep one."
        levels = [level.code for level in questionnaire.levels(name)]
        yield from _target_faults(plan, margin, place, levels)
        at = (*place, "collapse")
        for level in sorted({code for pair in margin.collapse for code in pair} - set(levels)):
            yield (
                at,
                f"{name}: collapse names level {level}, which it does not have.",
                f"Its levels are {listed(levels)}.",
            )
        circle = in_circle(margin.collapse)
        if circle is not None:
            yield (
                at,
                f"{name}: collapse goes round in a circle through level {circle}.",
                "Let every level join one that does not come back to it.",
            )


def _target_faults(
    plan: WeightingPlan, margin: Margin, place: Place, levels: list[str]
) -> Iterator[Found]:
    """Reading has already told where there are no targets, or for nobody."""
    name = margin.variable
    if plan.groups is None:
        at = (*place, "targets")
        yield from _numbers(name, margin.targets, levels, at, people=margin.table is not None)
        return
    if margin.targets:
        yield (
            (*place, "targets"),
            f"{name}: beside targets per group these targets count for nothing.",
            "Remove targets, or remove groups.",
        )
    for group, targets in margin.targets_by.items():
        at = (*place, "targets_by", group)
        yield from _numbers(f"{name}, group {group}", targets, levels, at, people=True)
    sums = {group: sum(targets.values()) for group, targets in margin.targets_by.items()}
    shares = [group for group, total in sums.items() if abs(total - 1) <= 0.01]
    others = [group for group in sums if group not in shares]
    if shares and others:
        yield (
            (*place, "targets_by"),
            f"{name}: group {shares[0]} has shares, group {others[0]} has not.",
            "Give numbers of people, or shares, in every group.",
        )


def _numbers(
    name: str, targets: Mapping[str, float], levels: list[str], place: Place, people: bool = False
) -> Iterator[Found]:
    """Targets of one margin, in one group: their sum and their levels.

    `people`: whether they are known to be numbers of people, of which there may be few.
    """
    wrong = [level for level, number in targets.items() if not 0 <= number < float("inf")]
    for level in wrong:
        yield (
            (*place, level),
            f"{name}: the target of level {level} is {targets[level]:g}.",
            "A target is a number, 0 or more.",
        )
    total = sum(targets.values())
    if not (wrong or _adds_up(total) or (people and total > 1.1)):
        yield (
            place,
            f"{name}: its targets add up to {total:g}.",
            "Shares add up to 1, percentages to 100; totals are numbers of people, 1,000 or "
            "more together.",
        )
    apart = {
        "no target": [level for level in levels if level not in targets],
        "a target but no such level": sorted(set(targets) - set(levels)),
    }
    for problem, codes in apart.items():
        for level in codes:
            yield (
                place,
                f"{name}: level {level} has {problem}.",
                "Levels and targets must be the same codes.",
            )


def _adds_up(total: float) -> bool:
    """Whether targets are shares, percentages (both may be rounded) or totals."""
    return abs(total - 1) <= 0.01 or abs(total - 100) <= 1 or total >= 1000


def _limit_faults(plan: WeightingPlan, questionnaire: Questionnaire) -> Iterator[Found]:
    limits = {"bounds": plan.bounds, "trim": plan.trim}
    if plan.method == "poststratify":
        if len(plan.margins) > 1:
            yield ("method",), "poststratify takes one margin.", "Cross them, or take raking."
        for name, given in limits.items():
            if given is not None:
                yield (name,), f"{name} cannot go with poststratify.", "Take raking."
        if plan.missing == "proportional":
            yield ("missing",), "proportional cannot go with poststratify.", "Take raking."
    if plan.method == "logit" and plan.bounds is None:
        yield ("method",), "logit needs bounds.", "Give bounds: [lowest g, highest g]."
    if plan.method == "logit" and plan.trim is not None:
        yield (
            ("trim",),
            "trim cannot go with logit, whose bounds limit the weights.",
            "Take raking.",
        )
    if plan.bounds is not None:
        low, high = plan.bounds
        if not low < 1 < high or (low < 0 and plan.method != "linear"):
            yield (
                ("bounds",),
                f"bounds are {low:g} and {high:g}.",
                "Give the lowest and the highest g = weight / base weight, on both sides of 1, "
                "not negative.",
            )
    yield from _trim_faults(plan)
    if not 0 < plan.tolerance <= 0.01:
        yield (
            ("tolerance",),
            f"tolerance is {plan.tolerance:g}.",
            "Give a relative difference such as 1.0e-6, at most 0.01.",
        )
    if plan.minimum_per_level < 0:
        yield ("minimum_per_level",), "it is a number of respondents.", "Give 0 or more."
    if plan.note_above <= 1:
        yield (
            ("note_above",),
            f"note_above is {plan.note_above:g}, in multiples of the mean weight.",
            "Give more than 1.",
        )
    if plan.refuse_from is not None and plan.refuse_from < max(plan.note_above, 1):
        yield (
            ("refuse_from",),
            f"refuse_from is {plan.refuse_from:g}, under note_above.",
            f"Give {plan.note_above:g} or more.",
        )
    if plan.base_weight is not None:
        numbers = [q.code for q in questionnaire.questions if q.type == "number"]
        if plan.base_weight not in numbers:
            yield (
                ("base_weight",),
                f"the base weight {plan.base_weight} is no question of type number.",
                f"Such questions are {listed(numbers) or 'none'}.",
            )


def _trim_faults(plan: WeightingPlan) -> Iterator[Found]:
    trim = plan.trim
    if trim is None:
        return
    if trim.lower is None and trim.upper is None:
        yield ("trim",), "trim has neither upper nor lower.", "Give one of them, or remove it."
        return
    low = 0.0 if trim.lower is None else trim.lower
    high = float("inf") if trim.upper is None else trim.upper
    shown = " and ".join(f"{x:g}" for x in (trim.lower, trim.upper) if x is not None)
    sensible = {
        "mean": (0 <= low < 1 < high, "multiples of the mean weight, lower below 1 < upper"),
        "median": (0 <= low < 1 < high, "multiples of the median weight, lower below 1 < upper"),
        "quantile": (
            0 <= low < high and (trim.upper is None or high <= 1) and low < 1,
            "quantiles of the weights, between 0 and 1",
        ),
    }
    good, meant = sensible[trim.of]
    if not good:
        yield ("trim",), f"trim is {shown}, of {trim.of}.", f"Give {meant}."


def _composition_faults(survey: Survey) -> Iterator[Found]:
    composition = survey.weighting.composition
    if composition is None:
        return
    if survey.info.role != "consultation":
        yield (
            ("composition",),
            f"composition: survey.yaml says role: {survey.info.role}.",
            "Only a consultation is weighted to the profiles of its area: remove the "
            "composition, or make it role: consultation.",
        )
    codes = survey.profiles.codes
    for name, numbers in (
        ("shares", composition.shares),
        ("standard_errors", composition.standard_errors),
    ):
        at: Place = ("composition", name)
        for code in sorted(set(codes) ^ set(numbers)):
            problem = "no number" if code in codes else "a number but is no profile"
            yield (
                at,
                f"composition: {code} has {problem} under {name}.",
                f"The profiles are {listed(codes)}.",
            )
        for code, number in numbers.items():
            if not 0 <= number <= 1:
                yield (
                    (*at, code),
                    f"composition: {code} is {number:g} under {name}.",
                    "Give shares between 0 and 1.",
                )
    total = sum(composition.shares.values())
    if abs(total - 1) > 0.005:
        yield (
            ("composition", "shares"),
            f"composition: the shares add up to {total:g}.",
            "Shares of the profiles add up to 1.",
        )
