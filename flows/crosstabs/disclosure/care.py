"""Which columns of a table take more care than their size asks.

Design section 7: what is measured below a province tells no answer of a few persons, and a group
that a special question makes is itself special, whatever it is asked about. Both follow from the
variables that a group of people is made of, in columns, in filters and in who was asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.crosstabs.disclosure.people import Group, asked_of, column_group
from flows.crosstabs.disclosure.rules import Bools, of_area
from flows.crosstabs.tables import Table
from flows.definitions.dossier_plan import Publication


@dataclass(frozen=True)
class Care:
    """What of a survey takes more care.

    `everywhere`: a consultation, so that every number is local. `local`: variables that tell
    where people live, below a province; `special`: those that are special themselves. Both with
    all that is derived from them.
    """

    everywhere: bool = False
    local: frozenset[str] = frozenset()
    special: frozenset[str] = frozenset()

    def is_local(self, table: Table, group: Group) -> bool:
        """Whether the answers of a group of people in a table are measured below a province."""
        return self.everywhere or bool(self.local & {table.identity.question, *_made(table, group)})

    def is_special(self, table: Table, group: Group) -> bool:
        """Whether a table is about something special, or about people who are."""
        asked = table.identity.special != "none"
        return asked or bool(self.special & _made(table, group))

    def columns(self, table: Table) -> tuple[Bools, Bools]:
        """Of each column (C) of a table whether it is local, and whether it is special."""
        among, _ = asked_of(table.identity)
        groups = [column_group(column, among) for column in table.columns]
        return (
            np.array([self.is_local(table, group) for group in groups], dtype=bool),
            np.array([self.is_special(table, group) for group in groups], dtype=bool),
        )

    def rules(self, table: Table, group: Group, publication: Publication) -> Publication:
        """The rules of publication for a group of people in a table."""
        return of_area(publication) if self.is_local(table, group) else publication


def _made(table: Table, group: Group) -> set[str]:
    """The variables that decide who is in a group of a table."""
    base = table.identity.base
    return {name for name, _ in group} | ({base.question} if base else set())
