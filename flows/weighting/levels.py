"""The levels of a margin and their targets, and merging the sparse ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from flows.weighting.columns import Column, Ints, label
from flows.weighting.errors import CalibrationError
from flows.weighting.groups import Groups

Floats = NDArray[np.float64]
Unit = Literal["share", "percentage", "total"]

LARGEST_TARGET = 1e100

MINIMUM = 5
"""Respondents below which a level that has somewhere to go is merged."""


@dataclass(frozen=True)
class Collapse:
    """Which sparse levels are merged, and with which.

    `into`: per margin pairs (level, the level it joins), tried in this order. A level joins when
    it has fewer than `minimum` respondents (those that joined it before included), or when it has
    no target; the targets add up.
    """

    into: Mapping[Any, Sequence[tuple[Any, Any]]]
    minimum: int = MINIMUM


@dataclass(frozen=True)
class Collapsed:
    """A level that was merged: with `n` respondents of its own group, into `into`."""

    group: str | None
    margin: str
    level: str
    into: str
    n: int

    def __str__(self) -> str:
        at = "" if self.group is None else f"group {self.group!r}, "
        people = "1 respondent" if self.n == 1 else f"{self.n:,} respondents"
        return f"{at}margin {self.margin!r}: level {self.level!r} ({people}) joined {self.into!r}"


@dataclass(frozen=True, eq=False)
class LevelTargets:
    """The targets of one margin in one group.

    `levels` as they are matched with the answers, `shown` as they are written (merged levels
    under both their names), `numbers` (levels,) with their `total`, and `place`: the index of
    every level, including levels merged into another.
    """

    levels: tuple[str, ...]
    shown: tuple[str, ...]
    numbers: Floats
    total: float
    place: Mapping[str, int]


def read_targets(
    name: str, targets: Mapping[Any, Any], where: str, like: LevelTargets | None = None
) -> LevelTargets:
    """The levels and numbers of a margin's targets; all finite, none negative.

    `like`: targets of another group, of which the levels are used again where they are equal.
    """
    if not hasattr(targets, "items") or len(targets) == 0:
        raise CalibrationError(
            f"{where}Margin {name!r} has no targets; give {{level: number}}.", margin=name
        )
    targets = dict(targets.items())
    levels = tuple(map(label, targets))
    numbers = [_number(value) for value in targets.values()]
    total = sum(numbers)
    if len(set(levels)) < len(levels) or not (min(numbers) >= 0 and total < LARGEST_TARGET):
        _refuse_number(name, levels, numbers, targets, where)
    if total <= 0:
        raise CalibrationError(f"{where}Margin {name!r}: all targets are zero.", margin=name)
    if like is not None and like.levels == levels:
        return LevelTargets(like.levels, like.shown, np.array(numbers), total, like.place)
    place = {level: i for i, level in enumerate(levels)}
    return LevelTargets(levels, levels, np.array(numbers), total, place)


def _refuse_number(
    name: str, levels: tuple[str, ...], numbers: list[float], targets: Mapping[Any, Any], where: str
) -> None:
    for level, number, value in zip(levels, numbers, targets.values(), strict=True):
        if levels.count(level) > 1:
            problem = "has two targets; keep one"
        elif np.isfinite(number) and number > LARGEST_TARGET:
            problem = f"has the target {number:g}, which is too large to count with"
        elif not np.isfinite(number):
            problem = f"has the target {value!r}, which is not a number"
        elif number < 0:
            problem = f"has the target {number:g}; a target cannot be negative"
        else:
            continue
        raise CalibrationError(
            f"{where}Margin {name!r}, level {level!r} {problem}.", margin=name, level=level
        )


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def collapse_levels(
    name: str,
    targets: Sequence[LevelTargets],
    column: Column,
    groups: Groups,
    order: Sequence[tuple[Any, Any]],
    minimum: int,
) -> tuple[list[LevelTargets], list[Collapsed]]:
    """Merge the sparse levels of a margin in every group, in the declared order."""
    pairs = [(label(level), label(into)) for level, into in order]
    known = {level for own in targets for level in own.levels}
    for level, into in pairs:
        for text, possible in ((level, known | set(column.labels)), (into, known)):
            if text not in possible:
                raise CalibrationError(
                    f"collapse= of margin {name!r} names level {text!r}, which has no target; "
                    "correct the name.",
                    margin=name,
                    level=text,
                )
    by_label = respondents_by_label(column, groups)[:, 1:]
    merged, done = [], []
    for g, own in enumerate(targets):
        people = {
            text: int(by_label[g, i]) for i, text in enumerate(column.labels) if by_label[g, i]
        }
        own, joined = _collapse(own, people, pairs, minimum)
        merged.append(own)
        done += [Collapsed(groups.names[g], name, *what) for what in joined]
    return merged, done


def _collapse(
    own: LevelTargets, people: dict[str, int], pairs: list[tuple[str, str]], minimum: int
) -> tuple[LevelTargets, list[tuple[str, str, int]]]:
    """One group: the targets after merging, and (level, level joined, respondents)."""
    numbers = dict(zip(own.levels, own.numbers.tolist(), strict=True))
    home = {level: level for level in own.levels}
    n = {level: people.get(level, 0) for level in own.levels}
    members = {level: [level] for level in own.levels}
    joined = []
    for level, wanted in pairs:
        into = home.get(wanted)
        present = level in n or level in people
        if into is None or into == level or not present or home.get(level, level) != level:
            continue
        count = n.get(level, people.get(level, 0))
        if level in numbers and count >= minimum:
            continue
        joined.append((level, into, count))
        numbers[into] += numbers.pop(level, 0.0)
        n[into] += count
        n.pop(level, None)
        members[into] += members.pop(level, [level])
        for text in members[into]:
            home[text] = into
    if not joined:
        return own, []
    place = {level: i for i, level in enumerate(numbers)}
    rank = {level: i for i, level in enumerate(own.levels)}
    shown = tuple(
        " + ".join(sorted((m for m in members[level]), key=lambda m: rank.get(m, len(rank))))
        for level in numbers
    )
    values = np.array(list(numbers.values()))
    everyone = {text: place[into] for text, into in home.items()}
    return LevelTargets(tuple(numbers), shown, values, own.total, everyone), joined


def respondents_by_label(column: Column, groups: Groups) -> Ints:
    """Respondents (G, 1 + labels) of each group without a value, and with each label."""
    width = len(column.labels) + 1
    place = column.codes.astype(np.intp)
    place += 1
    if groups.of is not None:
        place += groups.of * width
    count = len(groups.names)
    return np.bincount(place, minlength=count * width).reshape(count, width)


def unit_of(total: float, n: float) -> Unit:
    """Shares add up to about 1, percentages to about 100; everything else is a total.

    No population is about 1, so a sum a tenth away from it is a slip in shares, to be refused;
    so is a sum a tenth away from 100 when that is less than the `n` respondents.
    """
    if abs(total - 1) <= 0.1:
        return "share"
    slip = 10 if total < n else 1
    return "percentage" if abs(total - 100) <= slip else "total"
