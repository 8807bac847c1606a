"""Groups of people: the columns of tables, within the people a table is about.

A group is named by what its people have in common: levels of variables. `p3*age6:2` is a part
of `p3` and of `age6:2`, and a column of a table about women only is a part of the same column
of the table about everybody. Which groups make up another follows from these names alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from flows.crosstabs.banner import parts_of_column
from flows.crosstabs.tables import Identity

Condition = tuple[str, frozenset[str]]
"""A variable and the levels of it that count."""

Group = frozenset[Condition]
"""Everybody who meets all of these conditions."""

EVERYBODY: Group = frozenset()


@dataclass(frozen=True)
class Division:
    """A group made up of others that share nobody: numbers in a list of groups.

    Together they may be less than the whole: the rest is a group that nobody named.
    """

    whole: int
    parts: tuple[int, ...]


def column_group(column: str, among: Group = EVERYBODY) -> Group:
    """The people of a column of a table about the people `among`."""
    parts = frozenset((name, frozenset((level,))) for name, level in parts_of_column(column))
    return parts | among


def asked_of(identity: Identity) -> tuple[Group, Condition | None]:
    """Whom a table is about: its filter, and what they answered to be asked at all."""
    base = identity.base
    among = frozenset((name, frozenset(levels)) for name, levels in identity.filter)
    return among, (base.question, frozenset(base.options)) if base else None


@lru_cache(maxsize=4096)
def divisions(groups: tuple[Group, ...]) -> tuple[Division, ...]:
    """How the groups of a list are made up of other groups of it.

    Parts that differ from the whole in the same variables and share nobody form one division;
    so the total is divided by every axis, and `p3` by the nested columns that lie in it.
    """
    found = []
    for p, whole in enumerate(groups):
        by_variables: dict[frozenset[str], list[list[int]]] = {}
        for g, group in enumerate(groups):
            if g == p or not inside(group, whole):
                continue
            families = by_variables.setdefault(frozenset(v for v, _ in group - whole), [])
            for family in families:
                if all(_apart(group, groups[other]) for other in family):
                    family.append(g)
                    break
            else:
                families.append([g])
        found += [Division(p, tuple(f)) for families in by_variables.values() for f in families]
    return tuple(found)


def inside(part: Group, whole: Group) -> bool:
    """Whether everybody who is in `part` is in `whole` too."""
    return all(
        any(name == variable and levels <= wanted for name, levels in part)
        for variable, wanted in whole
    )


def _apart(one: Group, other: Group) -> bool:
    """Whether two groups cannot share anybody: they need different levels of a variable."""
    return any(
        name == variable and not levels & wanted
        for name, levels in one
        for variable, wanted in other
    )
