"""The tables of an edition as protection sees them, and what stands beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flows.crosstabs.disclosure.goals import Key
from flows.crosstabs.disclosure.people import Condition, Group
from flows.crosstabs.disclosure.rules import Rule, Sized
from flows.crosstabs.tables import SHARES, Row, Table

APART = (*SHARES, "score", "effect")
"""Kinds of rows of which each is hidden by itself."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A table among those of an edition: `groups` are the people of each column (C).

    `base`: who is asked, where that follows from another question.
    """

    place: int
    sized: Sized
    groups: tuple[Group, ...]
    base: Condition | None

    @property
    def table(self) -> Table:
        return self.sized.table

    @property
    def question(self) -> str:
        return self.table.identity.question

    @property
    def item(self) -> str | None:
        return self.table.identity.item

    def key(self, row: int, column: int) -> Key:
        """What is hidden together with this cell: itself, in whatever table it stands.

        Means, median and deviation of a column go together.
        """
        each = self.table.rows[row]
        name = f"{each.kind}:{each.code}" if each.kind in APART else "number"
        return "row", self.question, self.item, self.groups[column], name

    def dont_know_key(self, column: int) -> Key:
        return "dont_know", self.question, self.item, self.groups[column]


@dataclass(frozen=True)
class KnownNumber:
    """A number of people that tells a share: so many of `group` gave one of `answers`.

    Of `conditions` and a column, `n` is printed; `key` hides it, None where it always stands.
    `at_most`: what is still known of the share when it is hidden.
    """

    group: Group
    answers: frozenset[str]
    key: Key | None
    at_most: float


@dataclass(frozen=True, eq=False)
class EarlierFigures:
    """What an earlier file shows of this question in one group of `n` people.

    `figures`: rows with the lowest and highest value that each tells. `name`: of the file.
    """

    name: str
    group: Group
    n: int
    figures: tuple[tuple[Row, float, float], ...]


def hidden_by_size(tables: Iterable[Placed]) -> dict[Key, Rule]:
    """What the rules of size hide by themselves."""
    found: dict[Key, Rule] = {}
    for placed in tables:
        for r, rules in enumerate(placed.sized.rules):
            for c, rule in enumerate(rules):
                if rule is not None:
                    found.setdefault(placed.key(r, c), rule)
        for c, rule in enumerate(placed.sized.dont_know.rules):
            if rule is not None:
                found.setdefault(placed.dont_know_key(c), rule)
    return found
