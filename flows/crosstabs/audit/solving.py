"""Attacks the hidden numbers of tables that hang together, by linear programming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.audit.bases import Weighing
from flows.crosstabs.audit.blocks import SLACKS, Block, Known, Slack
from flows.crosstabs.audit.constraints import constrain, constrain_column
from flows.crosstabs.audit.figures import printed_interval
from flows.crosstabs.audit.leaks import Leak, Tightest
from flows.crosstabs.audit.links import Change, Elsewhere, Member, link
from flows.crosstabs.audit.program import Bounds, Program, Sum, value_of
from flows.crosstabs.audit.published import CellKey, PublishedFile
from flows.crosstabs.audit.targets import (
    Target,
    attacked,
    leak_of,
    name_of,
    nobody_anywhere,
    target_of,
)

Floats = NDArray[np.float64]

SAMPLES = 10
MOST_COMPARED = 4
"""So many numbers per group of tables are bounded exactly to name the one known best."""
_LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that was published: files, what they repeat of each other, and what others print.

    `weighings`, `repeats`: per file the mean weights of its columns, and the cells of which
    overviews repeat a number. `changes`: printed changes between waves. `elsewhere`: numbers
    that other files print.
    """

    files: Sequence[PublishedFile]
    weighings: Sequence[Mapping[str, Weighing]]
    repeats: Sequence[Mapping[CellKey, tuple[CellKey, ...]]]
    changes: Sequence[Change] = ()
    elsewhere: Sequence[Elsewhere] = ()


@dataclass(frozen=True)
class Attack:
    """What came of one group of tables."""

    leaks: tuple[Leak, ...] = ()
    hidden: int = 0
    below: int = 0
    unjudged: int = 0
    tightest: tuple[Tightest, ...] = ()


def attack(members: Sequence[Member], evidence: Evidence, seed: int = 1) -> Attack:
    """Bound every hidden number of the tables in `members` (place of the file, table).

    Numbers that are far apart in solutions that fit everything are not solved. Of the others,
    first what their column says by itself, which is quick and finds most; then all tables and
    columns that hang together.
    """
    wanted = [
        (place, number, row, column)
        for place, number in members
        for row, column in attacked(evidence.files[place], number)
    ]
    if not wanted:
        return Attack()
    for slack in SLACKS:
        program = Program()
        blocks = _blocks(program, members, evidence, slack)
        unit: Sum = {program.variable("unit"): 1.0}
        for block in blocks.values():
            constrain(block, unit)
        if slack.linked:
            link(list(blocks.values()))
        targets = [t for item in wanted if (t := target_of(blocks[item[:2]], *item[2:]))]
        observed = _observed(program, targets, unit, seed)
        if observed is None:
            continue
        leaks, tightest, failed = _judge(program, targets, observed)
        below = sum(target.below for target in targets)
        return Attack(
            leaks,
            len(wanted) - below,
            below,
            len(wanted) - len(targets) + failed,
            tightest,
        )
    place, number = members[0]
    told = "its numbers cannot all be true, so what it hides cannot be judged"
    leak = Leak(evidence.files[place].name, "contradiction", f"table {number}", told)
    return Attack((leak,), len(wanted), 0, len(wanted))


def _blocks(
    program: Program, members: Sequence[Member], evidence: Evidence, slack: Slack
) -> dict[Member, Block]:
    return {
        (place, number): Block(
            file,
            file.tables[number],
            program,
            evidence.weighings[place],
            slack,
            evidence.repeats[place],
            _known(evidence, file, number),
        )
        for place, number in members
        for file in [evidence.files[place]]
    }


class _Alone:
    """What columns say by themselves: small programs, made when they are asked for."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, str], tuple[Block, Program]] = {}

    def bounds(self, target: Target) -> Bounds | None:
        key = (id(target.block), target.column)
        if key not in self._made:
            program = Program()
            single = replace(target.block, program=program)
            constrain_column(single, target.column, {program.variable("unit"): 1.0})
            self._made[key] = single, program
        single, program = self._made[key]
        ratio = single.ratio(target.row, target.column)
        return program.bounds(ratio) if ratio is not None else None


def _known(evidence: Evidence, file: PublishedFile, number: str) -> dict[CellKey, list[Known]]:
    """What other files say of cells of this table.

    A number itself, or a change between two waves with the number of the other wave.
    """
    found: dict[CellKey, list[Known]] = {}
    for one in evidence.elsewhere:
        if (one.survey, one.wave, one.table) == (file.survey, file.wave, number):
            key = (number, one.row, one.column)
            found.setdefault(key, []).append((one.low, one.high, one.file))
    for change in evidence.changes:
        if (change.survey, change.table) != (file.survey, number):
            continue
        for other in evidence.files:
            figure = other.figure(number, change.row, change.column)
            if (other.survey, other.area) != (file.survey, file.area):
                continue
            if figure is None or not figure.shown:
                continue
            low, high = printed_interval(figure, change.row[0], other.units)
            if (file.wave, other.wave) == (change.after, change.before):
                low, high = low + change.low, high + change.high
            elif (file.wave, other.wave) == (change.before, change.after):
                low, high = low - change.high, high - change.low
            else:
                continue
            reason = f"the change from {change.before} to {change.after} in {change.file}"
            key = (number, change.row, change.column)
            found.setdefault(key, []).append((low, high, reason))
    return found


def _observed(
    program: Program, targets: Sequence[Target], unit: Sum, seed: int
) -> list[tuple[float, float]] | None:
    """Per target the least and greatest value in some solutions that fit everything published.

    None when nothing fits. A number that is seen far apart is not solved, whatever its bounds,
    so solutions are sought that drive the others apart, at most `SAMPLES` of them.
    """
    random = np.random.default_rng(seed)
    seen = [(np.inf, -np.inf)] * len(targets)
    left = list(range(len(targets)))
    for k in range(SAMPLES):
        signs = (
            random.choice([-1.0, 1.0], size=len(left)) if k > 1 else np.full(len(left), 1 - 2 * k)
        )
        objective = np.zeros(len(program.names))
        for i, sign in zip(left, signs, strict=True):
            for place, value in targets[i].ratio[0].items():
                objective[place] += sign * value / targets[i].scale / targets[i].most
        solution = program.solution(objective, unit)
        if solution is None:
            return None
        for i, target in enumerate(targets):
            whole = value_of(target.ratio[1], solution)
            if whole > _LEAST:
                value = value_of(target.ratio[0], solution) / whole
                seen[i] = (min(seen[i][0], value), max(seen[i][1], value))
        left = [i for i in left if targets[i].solved(*seen[i])]
        if not left:
            break
    return seen


def _judge(
    program: Program, targets: Sequence[Target], observed: Sequence[tuple[float, float]]
) -> tuple[tuple[Leak, ...], tuple[Tightest, ...], int]:
    """Leaks, the number bounded most narrowly, and how many could not be bounded."""
    leaks: list[Leak] = []
    tightest: list[Tightest] = []
    alone, failed, narrowest = _Alone(), 0, np.inf
    order = sorted(range(len(targets)), key=lambda i: _width(observed[i]) / targets[i].scale)
    for i in order:
        target, (low, high) = targets[i], observed[i]
        if not target.solved(low, high):
            wide = _width(observed[i]) / target.scale >= narrowest
            if target.below or wide or len(tightest) >= MOST_COMPARED:
                continue
        bounds = None if target.below else alone.bounds(target)
        if bounds is None or not target.solved(bounds.low, bounds.high):
            bounds = program.bounds(target.ratio)
        if bounds is None:
            failed += 1
        elif target.solved(bounds.low, bounds.high):
            if not nobody_anywhere(target, bounds):
                leaks.append(leak_of(target, bounds))
        elif not target.below:
            narrowest = min(narrowest, bounds.width / target.scale)
            name = target.block.file.name
            tightest.append(Tightest(name, name_of(target), bounds.low, bounds.high))
    tightest.sort(key=lambda t: t.high - t.low)
    return tuple(leaks), tuple(tightest[:1]), failed


def _width(bounds: tuple[float, float]) -> float:
    return max(bounds[1] - bounds[0], 0.0)
