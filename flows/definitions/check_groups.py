"""Checks of the groups of a weighting plan, and what other checks of a plan use too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flows.definitions.errors import Place
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.definitions.weighting_plan import Groups, Margin, WeightingPlan

Found = tuple[Place, str, str]
"""Place in the file, message, remedy."""

TEN = 10
"""So many codes stand in a message."""


def group_faults(
    plan: WeightingPlan, questionnaire: Questionnaire, variables: set[str]
) -> Iterator[Found]:
    """Faults in the groups: their variable, their targets, and which joins which."""
    groups = plan.groups
    if groups is None:
        return
    at: Place = ("groups", "variable")
    if groups.variable not in variables:
        yield (
            at,
            f"the groups' variable {groups.variable} is no question or derived variable.",
            "Correct it.",
        )
        return
    unfit = no_levels(groups.variable, questionnaire)
    if unfit is not None:
        yield at, unfit, "Derive a variable from it."
        return
    if any(margin.variable == groups.variable for margin in plan.margins):
        yield (
            at,
            f"{groups.variable} is both the groups' variable and a margin.",
            "Remove the margin: every group has its own targets already.",
        )
    if groups.minimum < 1 or groups.per_level < 0:
        yield ("groups",), "minimum and per_level are numbers of respondents.", "Correct them."
    levels = [level.code for level in questionnaire.levels(groups.variable)]
    targeted = {margin.variable: set(margin.targets_by) for margin in plan.margins}
    for i, margin in enumerate(plan.margins):
        yield from _groups_of_margin(groups, margin, ("margins", i), levels, targeted)
    if targeted and not any(map(_has_totals, plan.margins)) and all(targeted.values()):
        yield (
            ("margins",),
            "all targets of the groups are shares, so their numbers of people are unknown.",
            "Give the targets of one margin as numbers of people.",
        )
    join: Place = ("groups", "join")
    known = set(levels).union(*targeted.values())
    for group in sorted({code for pair in groups.join for code in pair} - known):
        yield (
            join,
            f"join names group {group}, which {groups.variable} does not have.",
            f"Its codes are {listed(levels)}.",
        )
    circle = in_circle(groups.join)
    if circle is not None:
        yield (
            join,
            f"join goes round in a circle through group {circle}.",
            "Let every group join one that does not come back to it.",
        )


def _groups_of_margin(
    groups: Groups,
    margin: Margin,
    place: Place,
    levels: list[str],
    targeted: Mapping[str, set[str]],
) -> Iterator[Found]:
    own = targeted[margin.variable]
    if not own:
        return  # told already
    at = (*place, "targets_by")
    strange = sorted(own - set(levels))
    if strange:
        yield (
            at,
            f"{margin.variable}: targets for {listed(strange)}, but {groups.variable} has no "
            "such group.",
            f"Its codes are {listed(levels)}.",
        )
    joining = {small for small, _ in groups.join}
    elsewhere = set().union(*targeted.values())
    lacking = [g for g in levels if g not in own and (g in elsewhere or g not in joining)]
    if lacking:
        yield (
            at,
            f"{margin.variable}: no targets for group {listed(lacking)}.",
            "Give them, or let the group join another under groups.join.",
        )


def _has_totals(margin: Margin) -> bool:
    sums = [sum(targets.values()) for targets in margin.targets_by.values()]
    return any(abs(total - 1) > 0.1 for total in sums) and not all(
        abs(total - 100) <= 10 for total in sums
    )


def variables_of(questionnaire: Questionnaire) -> set[str]:
    """Questions, and derived variables that are made of something that exists."""
    known = {q.code for q in questionnaire.questions}
    for derived in questionnaire.derived:
        if set(derived.of) <= known:
            known.add(derived.code)
    return known


def no_levels(variable: str, questionnaire: Questionnaire) -> str | None:
    """Why a variable cannot be weighted on, if it cannot."""
    if not questionnaire.has(variable):
        return None
    question = questionnaire.question(variable)
    if question.is_coded and question.type is not QuestionType.GRID:
        return None
    return f"{variable} is a {question.type} question, which has no levels of its own."


def in_circle(pairs: Iterable[tuple[str, str]]) -> str | None:
    """A code from which the pairs (what, what it joins) lead back to itself, if there is one."""
    into: dict[str, list[str]] = {}
    for small, other in pairs:
        into.setdefault(small, []).append(other)
    for start in into:
        seen: set[str] = set()
        ahead = list(into[start])
        while ahead:
            code = ahead.pop()
            if code == start:
                return start
            if code not in seen:
                seen.add(code)
                ahead.extend(into.get(code, ()))
    return None


def listed(codes: Iterable[str]) -> str:
    """Codes for a message; long lists are cut."""
    every = list(codes)
    return ", ".join(every[:TEN]) + (f" and {len(every) - TEN} more" if len(every) > TEN else "")
