"""Which tables tell about the same people, and what one says of the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.crosstabs.audit.blocks import Block
from flows.crosstabs.audit.program import Sum, combined, scaled
from flows.crosstabs.audit.published import CellKey, PublishedFile, RowKey

Member = tuple[int, str]
"""Place of a file, and number of one of its tables."""

_Key = tuple[str, str, str, str]

REPLACED = 2.0
"""People who came or went between two editions count for at most so many of mean weight."""


@dataclass(frozen=True)
class Elsewhere:
    """A number of a table that another file prints: its interval, and the file."""

    survey: str
    wave: str
    table: str
    row: RowKey
    column: str
    low: float
    high: float
    file: str


@dataclass(frozen=True)
class Change:
    """A printed change between two waves: `low` to `high`, after less before."""

    survey: str
    before: str
    after: str
    table: str
    row: RowKey
    column: str
    low: float
    high: float
    file: str


def overview_rows(file: PublishedFile) -> dict[tuple[str, RowKey], tuple[str, RowKey]]:
    """Rows that repeat another row: in the overview of a grid, the headline of each item."""
    items = {
        (table.question, table.item): table
        for table in file.tables.values()
        if table.item is not None
    }
    found = {}
    for table in file.tables.values():
        if table.item is not None:
            continue
        for row in table.rows:
            of = items.get((table.question, row.code))
            head = of.named(of.headline) if of is not None and of.headline is not None else None
            if of is not None and row.kind == "mean":
                head = next((one for one in of.rows if one.kind == "mean"), head)
            if of is not None and head is not None:
                found[table.number, row.key] = (of.number, head.key)
    return found


def repeated(file: PublishedFile) -> dict[CellKey, tuple[CellKey, ...]]:
    """Per cell of an item's table, the cells of overviews that show the same number."""
    found: dict[CellKey, tuple[CellKey, ...]] = {}
    for (table, row), (of, head) in overview_rows(file).items():
        for column in file.tables[table].columns:
            key = (of, head, column)
            found[key] = (*found.get(key, ()), (table, row, column))
    return found


def components(files: Sequence[PublishedFile]) -> list[list[Member]]:
    """Tables that have to be looked at together: the same one in several files, and tables
    of which one asks only those who gave some answer to the other.
    """
    parent: dict[_Key, _Key] = {}

    def root(key: _Key) -> _Key:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    members: dict[_Key, list[Member]] = {}
    for place, file in enumerate(files):
        for table in file.tables.values():
            key = (file.survey, file.wave, file.area, table.number)
            members.setdefault(key, []).append((place, table.number))
            root(key)
            if table.filter is not None and table.filter[0] in file.tables:
                parent[root(key)] = root((*key[:3], table.filter[0]))
    groups: dict[_Key, list[Member]] = {}
    for key, found in members.items():
        groups.setdefault(root(key), []).extend(found)
    return list(groups.values())


def link(blocks: Sequence[Block]) -> None:
    """Adds what tables say of each other to their program."""
    for place, first in enumerate(blocks):
        for second in blocks[place + 1 :]:
            if first.table.number == second.table.number:
                _same(first, second)
    for asked in blocks:
        if asked.table.filter is None:
            continue
        question, options = asked.table.filter
        for parent in blocks:
            if parent.table.number == question and parent.file is asked.file:
                _routed(asked, parent, options)


def _same(first: Block, second: Block) -> None:
    """One table in two files: equal masses for columns with equal numbers of participants."""
    reason = f"the same table in {second.file.name}"
    back = f"the same table in {first.file.name}"
    both = f"{reason} and {back}"
    known = {row.key: row for row in second.table.rows if row.kind == "answer"}
    pairs = [(row, known[row.key]) for row in first.table.answers if row.key in known]
    for column in first.table.columns:
        if column not in second.table.columns:
            continue
        n = [b.file.n.get((b.table.number, column)) for b in (first, second)]
        if None in n:
            continue
        apart = abs(int(n[0] or 0) - int(n[1] or 0))
        most = max(int(n[0] or 0), int(n[1] or 0), 1)
        room = REPLACED * apart / most + first.slack.files
        if room > 0.5:
            continue
        whole = scaled(first.base(column), room)
        _near(first, first.base(column), second.base(column), whole, both)
        for one, other in pairs:
            _near(first, first.mass(one, column), second.mass(other, column), whole, both)


def _near(block: Block, first: Sum, second: Sum, room: Sum, reason: str) -> None:
    if not any(room.values()):
        block.program.equal(first, second, reason)
        return
    block.program.less(first, combined(second, room), reason)
    block.program.less(second, combined(first, room), reason)


def _routed(asked: Block, parent: Block, options: tuple[str, ...]) -> None:
    """Those who were asked a question are those who gave the answers that lead to it."""
    chosen = [answer for answer in parent.table.answers if answer.code in options]
    if not chosen:
        return
    room = parent.slack.routing
    reason = f"table {asked.table.number} asks only who answered {', '.join(options)}"
    for column in parent.table.columns:
        if column not in asked.table.columns:
            continue
        together: Sum = {}
        for answer in chosen:
            together = combined(together, parent.mass(answer, column))
        people = asked.asked(column) if asked.has_unsure else asked.base(column)
        parent.program.less(scaled(people, 1 - room), together, reason)
        if not parent.table.multiple or len(chosen) == 1:
            parent.program.less(together, scaled(people, 1 + room), reason)
