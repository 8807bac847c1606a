"""The hidden numbers that are attacked, and when bounds give one away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.crosstabs.audit.blocks import Block, Ratio
from flows.crosstabs.audit.leaks import Leak
from flows.crosstabs.audit.program import Bounds
from flows.crosstabs.audit.published import TOTAL, BookRow, PublishedFile, cell_name

POINTS = 0.10
"""A hidden share that is bounded this narrowly is solved (design: 10 points)."""

PERSONS = 3.0
"""A hidden count that is bounded this narrowly is solved."""

EXACT = 1.0
"""A small answer that is bounded more narrowly than this, in persons, is pinned."""

_LEAST = 1e-6


@dataclass(frozen=True)
class Target:
    """A hidden number: where it stands, what it is, and how narrow a bound solves it.

    `scale`: the unit of its threshold (1 for shares, the length of the scale for means).
    `least`, `most`: participants of its column. `below`: printed as "less than".
    """

    block: Block
    row: BookRow
    column: str
    ratio: Ratio
    scale: float
    least: int
    most: int
    below: bool

    @property
    def counted(self) -> bool:
        """Whether it is a share of people, so that a count stands behind it."""
        return self.row.kind in ("answer", "net", "dont_know")

    def solved(self, low: float, high: float) -> bool:
        """Whether bounds this narrow give it away.

        The mean or score of a group that is large enough is hidden only for the shares it would
        tell, and these are judged themselves.
        """
        if self.below:
            return self.most * (high - low) < EXACT - _LEAST
        if not self.counted and self.least >= self.block.file.rules.minimum_base:
            return False
        if (high - low) / self.scale <= POINTS + _LEAST:
            return True
        says_something = low > 0.005 or high < 0.995
        persons = high * self.most - low * self.least
        return self.counted and says_something and persons <= PERSONS + _LEAST


def attacked(file: PublishedFile, number: str) -> list[tuple[BookRow, str]]:
    """Hidden cells, and those printed as "less than"."""
    table = file.tables[number]
    cells = list(file.hidden(table))
    for row in table.rows:
        for column in table.columns:
            figure = file.figure(number, row.key, column)
            if figure is not None and figure.is_bound:
                cells.append((row, column))
    return cells


def target_of(block: Block, row: BookRow, column: str) -> Target | None:
    """The number in this cell as something to bound; None where there are no equations for it."""
    ratio = block.ratio(row, column)
    if ratio is None or not ratio[0]:
        return None
    least, most = block.people(column)
    if most == 0:
        return None
    figure = block.file.figure(block.table.number, row.key, column)
    below = figure is not None and figure.is_bound
    return Target(block, row, column, ratio, _scale(block, row), least, most, below)


def _scale(block: Block, row: BookRow) -> float:
    if row.kind != "mean":
        return 1.0
    scores = [a.score for a in block.table.answers if a.score is not None]
    if len(scores) > 1 and max(scores) > min(scores):
        return max(scores) - min(scores)
    whole = block.file.figure(block.table.number, row.key, TOTAL)
    return abs(whole.value) if whole is not None and whole.value else 1.0


def nobody_anywhere(target: Target, bounds: Bounds) -> bool:
    """Whether nobody at all gave the answer: then nobody in the column did, which tells of no
    person.
    """
    whole = target.block.file.figure(target.block.table.number, target.row.key, TOTAL)
    return bounds.high < _LEAST and whole is not None and whole.value == 0


def name_of(target: Target) -> str:
    """The cell of a target in words."""
    return cell_name(target.block.file, target.block.table.number, target.row, target.column)


def leak_of(target: Target, bounds: Bounds) -> Leak:
    """What the bounds give away, and through what."""
    people = f"{target.most}" if target.least == target.most else f"at most {target.most}"
    if target.row.kind == "mean":
        told = f"hidden, but between {bounds.low:.2f} and {bounds.high:.2f}"
    else:
        told = f"hidden, but between {bounds.low:.1%} and {bounds.high:.1%}"
    if target.counted:
        first, last = bounds.low * target.least, bounds.high * target.most
        told += f" ({first:.1f} to {last:.1f} of {people} participants)"
    if target.below:
        told = told.replace("hidden, but", "a small answer, but known to be")
    return Leak(
        target.block.file.name,
        "solved",
        name_of(target),
        told,
        bounds.low,
        bounds.high,
        _shortened(bounds.through),
    )


def _shortened(through: Sequence[str]) -> tuple[str, ...]:
    """The reasons that matter: how numbers hang together, before the numbers themselves."""
    structure = [reason for reason in through if not reason.startswith(("'", "n of column"))]
    plain = [reason for reason in through if reason.startswith("'")]
    if structure:
        return tuple(structure[:4])
    return tuple(plain[:4])
