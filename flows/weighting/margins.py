"""Margins as the calibration kernels want them: a code per respondent, a target per level.

Every margin holds for one or more groups that are weighted apart; numbers per level have a row
per group, (G, levels), and groups with fewer levels are filled up with zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flows.statistics.raking import level_totals
from flows.weighting.columns import Column, Ints
from flows.weighting.errors import CalibrationError
from flows.weighting.groups import Groups
from flows.weighting.levels import LevelTargets, Unit, respondents_by_label

Floats = NDArray[np.float64]
MissingPolicy = Literal["error", "own_level", "proportional"]

MISSING_LEVEL = "(missing)"
"""The level that missing values form under the policy `own_level`."""


@dataclass(frozen=True, eq=False)
class Margin:
    """A margin with its targets in G groups.

    `levels`: per group its levels (None is no level of this group). `codes`: (n,) index into the
    levels of one's own group; where `spread`, the number of levels stands for a missing value,
    which counts for every level in proportion to the targets. `group`: (n,) the group, None where
    G is 1. `targets`: (G, levels) as given, in `unit`. `counts`: (G, levels) respondents.
    """

    name: str
    levels: tuple[tuple[str | None, ...], ...]
    codes: Ints
    group: Ints | None
    counts: Ints
    targets: Floats
    unit: Unit
    spread: bool = False

    @property
    def size(self) -> int:
        """The number of levels, in the group that has most."""
        return int(self.targets.shape[1])

    @property
    def sum(self) -> Floats:
        """The sum of the targets (G,)."""
        return np.asarray(self.targets.sum(axis=1))

    @property
    def shares(self) -> Floats:
        """The targets as shares (G, levels)."""
        return self.targets / self.sum[:, None]

    def totals(self, weights: Floats) -> Floats:
        """Weighted total per level (G, levels); missing values are spread by the targets."""
        return self.spread_out(self._totals(weights))

    def spread_out(self, totals: Floats) -> Floats:
        """Totals per code (G, codes) as totals per level: missing values spread by the targets."""
        return totals[:, :-1] + self.shares * totals[:, -1:] if self.spread else totals

    def known_totals(self, weights: Floats) -> Floats:
        """Weighted total per level (G, levels) of the respondents who have a value."""
        return self._totals(weights)[:, : self.size]

    def _totals(self, weights: Floats) -> Floats:
        width = self.size + self.spread
        place = self.codes if self.group is None else self.group * width + self.codes
        groups = len(self.targets)
        return level_totals(place, weights, groups * width).reshape(groups, width)

    def only(self, groups: Sequence[int], of: Ints | None, rows: NDArray[np.bool_]) -> Margin:
        """The margin in some of the groups: `of` (rows,) numbers them anew."""
        chosen = list(groups)
        size = max(len(self.levels[g]) for g in chosen)
        codes = self.codes[rows]
        return replace(
            self,
            levels=tuple(self.levels[g] for g in chosen),
            codes=np.where(codes == self.size, size, codes) if self.spread else codes,
            group=of,
            counts=self.counts[chosen][:, :size],
            targets=self.targets[chosen][:, :size],
        )

    def show(self, number: float) -> str:
        """A number in this margin's unit, for a message."""
        if self.unit == "total":
            return f"{number:,.6g}"
        digits = 4 if self.unit == "share" else 2
        small = 0 < abs(number) < 10**-digits
        shown = f"{number:.1e}" if small else f"{number:.{digits}f}"
        return shown if self.unit == "share" else f"{shown}%"


def match(
    column: Column,
    targets: Sequence[LevelTargets],
    unit: Unit,
    base: Floats,
    missing: MissingPolicy,
    groups: Groups,
) -> Margin:
    """Put the targets beside the respondents' levels, refusing all that does not fit.

    `targets`: per group its levels, as read by `read_targets` and merged by `collapse_levels`.
    """
    count = len(targets)
    size = max(len(own.levels) for own in targets)
    wanted = np.zeros((count, size))
    for g, own in enumerate(targets):
        wanted[g, : len(own.levels)] = own.numbers
    by_label = respondents_by_label(column, groups)
    codes, lookups, kind = _recode(column, targets, groups.of, size)

    def refuse(g: int, reason: str, level: str | None = None, target: float | None = None) -> None:
        at = f", level {level!r}" if level is not None else ""
        raise CalibrationError(
            f"{groups.where(g)}Margin {column.name!r}{at}: {reason}",
            margin=column.name,
            level=level,
            wanted=target,
            possible=0.0 if target else None,
        )

    counts = np.zeros((count, size), dtype=np.intp)
    for k, lookup in enumerate(lookups):
        alike = np.flatnonzero(kind == k)
        people = by_label[alike, 1:]
        for g, i in np.argwhere((lookup < 0) & (people > 0)):
            refuse(
                int(alike[g]),
                f"{_respondents(int(people[g, i]))} this level, but there is no target for it; "
                "give one, or recode these respondents.",
                column.labels[i],
            )
        for i in np.flatnonzero(lookup >= 0):
            counts[alike, lookup[i]] += people[:, i]
    without = by_label[:, 0]
    if without.any():
        g = int(without.argmax())
        if missing == "error":
            refuse(
                g,
                f"{_respondents(int(without[g]))} no value; leave them out, or choose "
                "missing='own_level' or missing='proportional'.",
            )
        for empty in np.flatnonzero(counts.sum(axis=1) == 0):
            refuse(int(empty), "no respondent has a value; nothing can be weighted on it.")
    margin = Margin(
        column.name,
        tuple(own.shown for own in targets),
        codes,
        groups.of,
        counts,
        wanted,
        unit,
        spread=bool(without.any()),
    )
    usable = counts > 0
    if (base == 0).any():
        usable = margin.known_totals(base) > 0
    for g, i in np.argwhere(((wanted > 0) & ~usable) | ((wanted == 0) & (counts > 0))):
        target, level = float(wanted[g, i]), targets[g].shown[i]
        if target == 0:
            refuse(
                g,
                f"the target is zero, but {_respondents(int(counts[g, i]))} this level; leave "
                "them out, or correct the target.",
                level,
                target,
            )
        refuse(
            g,
            f"the target is {target:g}, but no respondent has this level; merge it with "
            "another level, in the answers and in the targets."
            if counts[g, i] == 0
            else f"the target is {target:g}, but every respondent with this level has base "
            "weight zero.",
            level,
            target,
        )
    return _own_level(margin, base) if margin.spread and missing == "own_level" else margin


def _recode(
    column: Column, targets: Sequence[LevelTargets], group: Ints | None, size: int
) -> tuple[Ints, list[Ints], Ints]:
    """Codes (n,) into the levels of one's own group; a missing value gets the code `size`.

    Also the look-ups (labels,) from label to level, -1 without a target, and which of them each
    group uses (G,): groups that share their levels share one.
    """
    index = {text: i for i, text in enumerate(column.labels)}
    kinds: dict[int, int] = {}
    lookups: list[Ints] = []
    kind: Ints = np.zeros(len(targets), dtype=np.intp)
    for g, own in enumerate(targets):
        if id(own.place) not in kinds:
            kinds[id(own.place)] = len(lookups)
            lookup = np.full(len(column.labels), -1, dtype=np.intp)
            for text, i in own.place.items():
                if text in index:
                    lookup[index[text]] = i
            lookups.append(lookup)
        kind[g] = kinds[id(own.place)]
    tables = [np.append(lookup, size) for lookup in lookups]  # the last serves code -1
    codes: Ints = column.codes
    if len(tables) > 1 and group is not None:
        codes = np.stack(tables)[kind[group], codes]
    elif codes.min(initial=0) < 0 or not np.array_equal(lookups[0], np.arange(len(index))):
        codes = tables[0][codes]
    return codes, lookups, kind


def _respondents(n: int) -> str:
    return "1 respondent has" if n == 1 else f"{n:,} respondents have"


def _own_level(margin: Margin, base: Floats) -> Margin:
    """Missing values as a level that keeps its share; the given targets share the rest."""
    width, groups = margin.size + 1, len(margin.targets)
    place = margin.codes if margin.group is None else margin.group * width + margin.codes
    weight = level_totals(place, base, groups * width).reshape(groups, width)
    share = weight[:, -1:] / weight.sum(axis=1, keepdims=True)
    people = np.bincount(place, minlength=groups * width).reshape(groups, width)
    return replace(
        margin,
        levels=tuple(
            (*levels, *[None] * (margin.size - len(levels)), MISSING_LEVEL if own else None)
            for levels, own in zip(margin.levels, share[:, 0].tolist(), strict=True)
        ),
        counts=people,
        targets=np.hstack([margin.targets * (1 - share), margin.sum[:, None] * share]),
        spread=False,
    )
