"""The row of those without an opinion, of one question with all its tables.

It is a share of all who were asked, so it has groups of its own, whose sizes are taken from the
numbers of people who were asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.disclosure.goals import Goal, Key
from flows.crosstabs.disclosure.knowledge import Knowledge
from flows.crosstabs.disclosure.linked import TOTAL_LOSS, Linked
from flows.crosstabs.disclosure.people import EVERYBODY, Group, divisions
from flows.crosstabs.disclosure.placed import Placed
from flows.crosstabs.disclosure.rules import needed_range, size_rule
from flows.crosstabs.disclosure.shares import People
from flows.definitions.dossier_plan import Publication


def dont_know_of(
    tables: Sequence[Placed],
    publication: Publication,
    care: Care = Care(),  # noqa: B008
    stands: Collection[Key] = (),
) -> Linked:
    """The same for the row of those without an opinion, a share of all who were asked.

    `stands`: what another file shows, which nothing done here hides.
    """
    people: dict[Group, People] = {}
    where: dict[Group, tuple[Placed, int]] = {}
    for placed in tables:
        table = placed.table
        for c, group in enumerate(placed.groups):
            if table.asked[c] > 0 and group not in people:
                asked = int(table.asked[c])
                share, count = float(table.dont_know[c]), float(table.dont_know_count[c])
                people[group] = People(
                    group, asked, float(asked), np.array([share]), np.array([count]), len(people)
                )
                where[group] = placed, c
    groups = list(people)
    mixes: list[tuple[People, list[People]]] = []
    rests: list[tuple[People, People, Group]] = []
    for division in divisions(tuple(groups)):
        whole = people[groups[division.whole]]
        parts = [people[groups[p]] for p in division.parts]
        left = whole.n - sum(part.n for part in parts)
        if left > 0:
            counts = whole.counts - sum((part.counts for part in parts), np.zeros(1))
            sums = whole.n * whole.shares - sum((p.n * p.shares for p in parts), np.zeros(1))
            shares = np.clip(sums / left, 0.0, 1.0)
            place = len(people) + len(rests)
            rest = People(EVERYBODY, left, float(left), shares, counts, place)
            rests.append((whole, rest, EVERYBODY.union(whole.group, *(p.group for p in parts))))
            parts = [*parts, rest]
        if left >= 0:
            mixes.append((whole, parts))
    everyone = [*people.values(), *(rest for _, rest, _ in rests)]
    knowledge = Knowledge(
        [float(each.shares[0]) for each in everyone], [0.0] * len(everyone), [1.0] * len(everyone)
    )
    for whole, parts in mixes:
        factors = [-1.0, *(part.n / whole.n for part in parts)]
        knowledge.equal([whole.start, *(part.start for part in parts)], factors, 0.0)
    linked = Linked(knowledge, [])
    largest = max((each.n for each in everyone), default=1)
    for group, (placed, c) in where.items():
        each, row = people[group], placed.sized.dont_know
        key = placed.dont_know_key(c)
        low, high = float(row.low[c]), float(row.high[c])
        knowledge.between(
            [each.start], [1.0], low, high, None if key in stands else key, largest / each.n
        )
        linked.losses[key] = TOTAL_LOSS if group == EVERYBODY else 1.0 + each.n / largest
        linked.cells[key] = [Goal((each.start,), (1.0,), needed_range(each.n), key)]
    first = tables[0].table
    for whole, rest, made in rests:
        rules, special = care.rules(first, made, publication), care.is_special(first, made)
        share, count = float(rest.shares[0]), int(rest.counts[0])
        if size_rule(share, count, rest.n, rules, special) is not None:
            goal_key = ("rest", whole.group, "dont_know")
            linked.goals.append(Goal((rest.start,), (1.0,), needed_range(rest.n), goal_key))
    return linked
