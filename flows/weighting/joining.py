"""Groups of a weighting plan: their targets, and which are too small and join another.

A group (a municipality, a region) is weighted to targets of its own. They are numbers of
people, so that the targets of groups that are weighted as one can be added up, and so that
every group gets its share of the population.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flows.definitions.check_groups import in_circle
from flows.definitions.weighting_plan import Groups, Margin, WeightingPlan
from flows.errors import Refusal
from flows.weighting.columns import Column, read_column

Numbers = dict[str, dict[str, float]]
"""Per margin, per level a number of people."""

NAMED = 10
"""So many groups stand in a message."""


@dataclass(frozen=True)
class Joined:
    """A group that is weighted together with another: its respondents, and into which."""

    group: str
    n: int
    into: str


@dataclass(frozen=True, eq=False)
class Settled:
    """The groups as they are weighted.

    `of`: (n,) the group in which each respondent is weighted. `targets`: of these groups;
    within a group all margins have the same sum. `joined`: the groups that were too small to
    stand alone.
    """

    of: pd.Categorical[str]
    targets: dict[str, Numbers]
    joined: tuple[Joined, ...]


def settle_groups(frame: pd.DataFrame, plan: WeightingPlan) -> Settled:
    """Join the groups that are too small, by the plan's declared order.

    `frame`: has a column (n,) with the group of each respondent. A group is too small with
    fewer respondents than `groups.minimum` or than `groups.per_level` for every level of its
    margins, or when it lacks targets. The pairs of `groups.join` are gone through in their
    order, again and again until nothing changes: the first group of a pair joins the second
    while what it is weighted with is still too small. Raises `Refusal` naming the groups that
    stay too small.
    """
    rules = plan.groups
    if rules is None:
        raise ValueError("the plan has no groups")
    targets = group_totals(plan)
    column = _group_column(frame, rules)
    people = np.bincount(column.codes, minlength=len(column.labels)).tolist()
    counts = {group: n for group, n in zip(column.labels, people, strict=True) if n}
    together = _Together(rules, targets, counts)
    # A pair may name a group of which this wave has nobody: `check` knows all codes.
    pairs = [pair for pair in rules.join if set(pair) <= set(together.whole)]
    circle = in_circle(pairs)
    if circle is not None:
        raise Refusal(
            f"weighting.yaml: groups.join goes round in a circle through group {circle!r}; "
            "remove one of its pairs."
        )
    changed = True
    while changed:
        changed = False
        for small, other in pairs:
            here, there = together.whole[small], together.whole[other]
            if here != there and together.lacking(here):
                together.join(here, there)
                changed = True
    heads = list(together.parts)
    failing = {head: lacking for head in heads if (lacking := together.lacking(head))}
    if failing:
        raise _refused(rules, failing)
    place = {head: i for i, head in enumerate(heads)}
    head_of = np.array([place.get(together.whole.get(g, ""), -1) for g in column.labels])
    return Settled(
        of=pd.Categorical.from_codes(head_of[column.codes], pd.Index(heads)),
        targets={head: together.targets_of(head) for head in heads},
        joined=tuple(
            Joined(group, counts.get(group, 0), head)
            for group, head in together.whole.items()
            if group != head
        ),
    )


class _Together:
    """Which groups are weighted as one: `whole` tells under which name, `parts` the reverse."""

    def __init__(
        self, rules: Groups, targets: Mapping[str, Numbers], people: Mapping[str, int]
    ) -> None:
        self.rules, self.targets, self.people = rules, targets, people
        self.whole = {group: group for group in [*targets, *sorted(set(people) - set(targets))]}
        self.parts = {group: [group] for group in self.whole}

    def join(self, here: str, there: str) -> None:
        moved = self.parts.pop(here)
        self.whole |= dict.fromkeys(moved, there)
        self.parts[there] += moved

    def targets_of(self, head: str) -> Numbers:
        members = self.parts[head]
        if len(members) == 1:
            return self.targets.get(head, {})
        total: Numbers = {}
        for group in members:
            for margin, numbers in self.targets.get(group, {}).items():
                added = total.setdefault(margin, {})
                for level, number in numbers.items():
                    added[level] = added.get(level, 0.0) + number
        return total

    def lacking(self, head: str) -> str:
        """What a group lacks to be weighted alone, in words; empty where it can be."""
        n = sum(self.people.get(group, 0) for group in self.parts[head])
        margins = self.targets_of(head)
        if not margins:
            return f"has {_respondents(n)} but no targets"
        levels = sum(number > 0 for numbers in margins.values() for number in numbers.values())
        needed = max(self.rules.minimum, self.rules.per_level * levels, 1)
        if n >= needed:
            return ""
        return f"has {_respondents(n) if n else 'targets but no respondents'}, {needed:,} needed"


def group_totals(plan: WeightingPlan) -> dict[str, Numbers]:
    """The targets of every group as numbers of people, in the order of the first margin.

    The first margin with totals says how many people a group has; the others are scaled to
    that, since their own totals may be of other people (of all ages, households).
    """
    if not plan.margins:
        raise Refusal("weighting.yaml: there are no margins to weight on.")
    named = Counter(margin.variable for margin in plan.margins)
    for margin in plan.margins:
        if named[margin.variable] > 1:
            raise Refusal(f"weighting.yaml: margin {margin.variable!r} occurs twice; keep one.")
        if not margin.targets_by:
            raise Refusal(
                f"weighting.yaml: margin {margin.variable!r} has no targets per group; give "
                "targets_by, or remove groups."
            )
    sums = {margin.variable: _sums(margin) for margin in plan.margins}
    leading = [m.variable for m in plan.margins if _are_totals(m.variable, sums[m.variable])]
    if not leading:
        raise Refusal(
            "weighting.yaml: all targets of the groups are shares, so how many people each group "
            "has is unknown; give the targets of one margin as numbers of people."
        )
    people = sums[leading[0]]
    totals: dict[str, Numbers] = {group: {} for group in people}
    for margin in plan.margins:
        for group in [*people, *margin.targets_by]:
            if group not in margin.targets_by or group not in people:
                lacking = leading[0] if group in margin.targets_by else margin.variable
                raise Refusal(
                    f"weighting.yaml: margin {lacking!r} has no targets for group {group!r}; "
                    "give them, or remove the group from the other margins."
                )
        for group, numbers in margin.targets_by.items():
            scale = people[group] / sums[margin.variable][group]
            totals[group][margin.variable] = {k: v * scale for k, v in numbers.items()}
    return totals


def _sums(margin: Margin) -> dict[str, float]:
    """Per group the sum of a margin's targets, all of them numbers that can be."""
    sums = {}
    for group, numbers in margin.targets_by.items():
        where = f"weighting.yaml: margin {margin.variable!r}, group {group!r}"
        for level, number in numbers.items():
            if not 0 <= number < float("inf"):
                raise Refusal(
                    f"{where}, level {level!r}: the target {number:g} is not a number >= 0."
                )
        sums[group] = sum(numbers.values())
        if sums[group] <= 0:
            raise Refusal(f"{where}: the targets are missing or all zero.")
    return sums


def _are_totals(variable: str, sums: Mapping[str, float]) -> bool:
    """Whether a margin's targets are numbers of people, and not shares or percentages.

    A small group may happen to have 100 inhabitants: percentages add up to about 100 in every
    group. No group has one inhabitant: a sum near 1 means shares, in all groups.
    """
    for whole, slack in ((1.0, 0.1), (100.0, 10.0)):
        near = [abs(total - whole) <= slack for total in sums.values()]
        if all(near) or (whole == 1 and any(near)):
            for group, total in sums.items():
                if abs(total - whole) > 0.01 * whole:
                    raise Refusal(
                        f"weighting.yaml: margin {variable!r}, group {group!r}: the targets add "
                        f"up to {total:.4g}, not to {whole:g} as shares should; correct them."
                    )
            return False
    return True


def _group_column(frame: pd.DataFrame, rules: Groups) -> Column:
    """The group of each respondent, as its targets name it."""
    column = read_column(frame, rules.variable)
    without = int((column.codes < 0).sum())
    if without:
        raise Refusal(
            f"Group {rules.variable!r}: {_respondents(without)} without a value; leave them out, "
            "or recode them to a group of their own that joins another under groups.join in "
            "weighting.yaml."
        )
    return column


def _refused(rules: Groups, failing: Mapping[str, str]) -> Refusal:
    named = [f"{group!r} {lacking}" for group, lacking in list(failing.items())[:NAMED]]
    more = f"; and {len(failing) - NAMED} more" if len(failing) > NAMED else ""
    first = next(iter(failing))
    return Refusal(
        f"weighting.yaml: groups of {rules.variable!r} that cannot be weighted apart: "
        f"{'; '.join(named)}{more}. Add pairs such as [{first}, <group it joins>] to groups.join, "
        f"or change groups.minimum ({rules.minimum}) or groups.per_level ({rules.per_level})."
    )


def _respondents(n: int) -> str:
    return "1 respondent" if n == 1 else f"{n:,} respondents"


def as_pairs(joined: Sequence[Joined]) -> str:
    """Such as "a (12) to b, c (40) to b"; long lists are cut."""
    named = [f"{j.group} ({j.n:,}) to {j.into}" for j in joined[:NAMED]]
    more = f", and {len(joined) - NAMED} more" if len(joined) > NAMED else ""
    return ", ".join(named) + more
