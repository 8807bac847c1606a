"""The unknowns of a table: weighted numbers of people, per row and column.

A share is a ratio of two of them; so is a mean, with its numerator weighted by the scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from flows.crosstabs.audit.bases import Weighing, known_n, nobody_left
from flows.crosstabs.audit.figures import printed_interval
from flows.crosstabs.audit.program import Program, Sum, combined
from flows.crosstabs.audit.published import (
    DONT_KNOW,
    TOTAL,
    BookRow,
    BookTable,
    CellKey,
    Nest,
    PublishedFile,
)

Ratio = tuple[Sum, Sum]

Known = tuple[float, float, str]
"""What other files say of a number: from, to, and where."""


@dataclass(frozen=True)
class Slack:
    """How exactly the reader takes things to hold. Tried from strict to loose.

    `weights`: factor on the room around mean weights. `rounding`: added to every printed
    interval, as a part of its unit. `files`: room between editions of one wave, as a share.
    `routing`: room between an answer and the number of people asked because of it.
    """

    weights: float
    rounding: float
    files: float
    routing: float
    linked: bool = True


SLACKS = (
    Slack(1.0, 0.0, 0.0, 0.01),
    Slack(2.0, 0.0, 0.005, 0.02),
    Slack(5.0, 0.02, 0.02, 0.05),
    Slack(20.0, 0.1, 0.0, 0.0, linked=False),
)


@dataclass
class Block:
    """One table of one file in a program.

    `weighings`: what is known of the mean weight of a column. `repeats`: the cells of overviews
    that show the same number. `known`: what other files say. `rest`: columns of people who are
    in a column but in none of those that divide it, with that division.
    """

    file: PublishedFile
    table: BookTable
    program: Program
    weighings: Mapping[str, Weighing]
    slack: Slack
    repeats: Mapping[CellKey, tuple[CellKey, ...]] = field(default_factory=dict)
    known: Mapping[CellKey, Sequence[Known]] = field(default_factory=dict)
    rest: dict[str, Nest] = field(default_factory=dict)

    # ------------------------------------------------------------------------- unknowns

    def _variable(self, what: object, column: str, *, free: bool = False) -> Sum:
        name = (self.file.name, self.table.number, what, column)
        return {self.program.variable(name, free=free): 1.0}

    def base(self, column: str) -> Sum:
        """Weight of those who gave an answer."""
        return self._variable("base", column)

    def asked(self, column: str) -> Sum:
        """Weight of those who were asked."""
        return self._variable("asked", column)

    def unsure(self, column: str) -> Sum:
        """Weight of those without an opinion."""
        return self._variable((DONT_KNOW, DONT_KNOW), column)

    @property
    def has_unsure(self) -> bool:
        return any(row.kind == DONT_KNOW for row in self.table.rows)

    @property
    def scored(self) -> tuple[BookRow, ...]:
        """The answers that count in the mean."""
        if self.table.multiple:
            return ()
        return tuple(row for row in self.table.answers if row.score is not None)

    def answers(self, codes: Sequence[str], column: str) -> Sum:
        """Weight of those in these answers together."""
        result: Sum = {}
        for answer in self.table.answers:
            if answer.code in codes:
                result = combined(result, self.mass(answer, column))
        return result

    def mass(self, row: BookRow, column: str) -> Sum:
        """Weight of those in an answer or a net; of a mean, the sum of what it is the mean of."""
        if row.kind == "net" and not self.table.multiple and row.members:
            return self.answers(row.members, column)
        if row.kind == "score" and row.plus and row.minus:
            first, second = self.table.named(row.plus), self.table.named(row.minus)
            if first is not None and second is not None:
                return combined(self.mass(first, column), self.mass(second, column), -1.0)
        if row.kind == "mean" and self.scored:
            total: Sum = {}
            for answer in self.scored:
                total = combined(total, self.mass(answer, column), answer.score or 0.0)
            return total
        return self._variable(row.key, column, free=row.kind == "mean")

    def of(self, row: BookRow, column: str) -> Sum:
        """The people a row is of: everybody, save in an experiment and of a mean rank."""
        if row.kind == DONT_KNOW:
            return self.asked(column)
        if row.kind == "mean" and self.scored:
            return self.answers([answer.code for answer in self.scored], column)
        return self._variable(("people", row.key), column) if self.apart(row) else self.base(column)

    def apart(self, row: BookRow) -> bool:
        """Whether a row has a base of its own: in an experiment, and of a mean rank."""
        mean_rank = self.table.type == "ranking" and row.kind == "mean"
        return mean_rank or self.table.type == "experiment"

    def ratio(self, row: BookRow, column: str) -> Ratio | None:
        """What a cell is; None for a statistic that is no ratio."""
        if row.kind == "score" and not (row.plus and row.minus):
            return None
        if row.kind not in ("answer", "net", "score", "mean", DONT_KNOW):
            return None
        return self.mass(row, column), self.of(row, column)

    def additive(self) -> Iterator[Callable[[str], Sum]]:
        """All that adds up over columns that divide people, as functions of a column."""
        yield self.base
        if self.has_unsure:
            yield self.asked
        for row in self.table.rows:
            if row.kind not in ("answer", DONT_KNOW, "net", "mean"):
                continue
            if row.kind == "net" and not self.table.multiple and row.members:
                continue
            if row.kind == "mean" and self.scored:
                continue
            yield partial(self.mass, row)
            if self.apart(row):
                yield partial(self.of, row)

    # --------------------------------------------------------------------- what is printed

    def interval(self, row: BookRow, column: str) -> tuple[float, float] | None:
        """Between which values a shown number lies."""
        return self.interval_in(self.table.number, row, column)

    def interval_in(self, table: str, row: BookRow, column: str) -> tuple[float, float] | None:
        """Between which values a number of a table of the same file lies, where it is shown."""
        figure = self.file.figure(table, row.key, column)
        if figure is None or not figure.shown:
            return None
        low, high = printed_interval(figure, row.kind, self.file.units)
        room = self.slack.rounding * self.file.units.get(row.kind, 0.01)
        return low - room, high + room

    def people(self, column: str) -> tuple[int, int]:
        """Between which numbers the participants of a column lie."""
        number = self.table.number
        whole = self.file.n.get((number, TOTAL), 10**9)
        if column in self.rest:
            nest = self.rest[column]
            known = [self.file.n.get((number, code), 0) for code in nest.parts]
            return 0, max(self.file.n.get((number, nest.whole), whole) - sum(known), 0)
        n = self.file.n.get((number, column))
        if n is not None:
            return n, n
        least = self.file.rules.minimum_base if self._any_shown(column) else 0
        for nest in self.file.nests:
            if nest.whole == TOTAL and column in nest.parts:
                found = known_n(self.file, self.table, nest)
                if column in found:
                    return found[column], found[column]
                return least, max(whole - sum(found.values()), least)
        return least, whole

    def _any_shown(self, column: str) -> bool:
        """Whether any number of a column is shown: then there are enough people in it."""
        figures = (self.file.figure(self.table.number, r.key, column) for r in self.table.rows)
        return any(figure is not None and figure.shown for figure in figures)

    def divisions(self) -> Iterator[tuple[str, list[str]]]:
        """Columns with those that divide their people; `rest` holds people who are in none."""
        inside = set(self.table.columns)
        for nest in self.file.nests:
            if nest.whole not in inside or not inside.issuperset(nest.parts):
                continue
            members = list(nest.parts)
            if not nobody_left(self.file, self.table, nest):
                name = f"~{nest.whole}~{nest.axis}"
                self.rest[name] = nest
                members.append(name)
            yield nest.whole, members
