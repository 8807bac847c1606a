"""Groups that are weighted apart, each to its own targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.statistics.raking import level_totals
from flows.weighting.columns import Column, Ints, label
from flows.weighting.errors import CalibrationError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups that are weighted apart: `names`, and per respondent (n,) which one.

    Without groups there is one, named None, and `of` is None.
    """

    names: tuple[str | None, ...]
    of: Ints | None

    def where(self, g: int) -> str:
        """Words in front of a message about a group."""
        return "" if self.names[g] is None else f"Group {self.names[g]!r}: "

    def sums(self, values: Floats) -> Floats:
        """Sums of values (n,) by group (G,)."""
        if self.of is None:
            return np.array([values.sum()])
        return level_totals(self.of, values, len(self.names))

    def rows(self, values: Floats) -> Floats:
        """Values per group (G,) as values per respondent (n,), or one that holds for all."""
        result: Floats = values[0] if self.of is None else values[self.of]
        return result


@dataclass(frozen=True, eq=False)
class Batch:
    """Groups with the same margins, solved together.

    `rows`: their `n` respondents. `targets`: per group its margins.
    """

    rows: Ints | slice
    n: int
    groups: Groups
    targets: tuple[Mapping[Any, Mapping[Any, Any]], ...]

    @property
    def people(self) -> Floats:
        """Respondents per group (G,)."""
        if self.groups.of is None:
            return np.array([float(self.n)])
        return np.bincount(self.groups.of, minlength=len(self.groups.names)).astype(np.float64)

    @property
    def margins(self) -> tuple[Any, ...]:
        return tuple(self.targets[0])


def split(targets: Mapping[Any, Any], column: Column | None, n: int) -> list[Batch]:
    """The groups with their respondents and targets, those with the same margins together."""
    if column is None:
        return [Batch(slice(None), n, Groups((None,), None), (targets,))]
    name = column.name

    def refuse(group: str | None, reason: str) -> CalibrationError:
        at = "" if group is None else f", group {group!r}"
        return CalibrationError(f"Group column {name!r}{at}: {reason}", margin=name, level=group)

    without = int((column.codes < 0).sum())
    if without:
        raise refuse(None, f"{without:,} respondents have no group; leave them out.")
    members = np.bincount(column.codes, minlength=len(column.labels))
    wanted = {label(group): margins for group, margins in targets.items()}
    if len(wanted) < len(targets):
        doubled = next(g for g in wanted if sum(label(other) == g for other in targets) > 1)
        raise refuse(doubled, "two sets of targets; keep one.")
    people = dict(zip(column.labels, members.tolist(), strict=True))
    for group, n in people.items():
        if n and group not in wanted:
            raise refuse(group, f"{n:,} respondents, but no targets.")
    for group, margins in wanted.items():
        if not people.get(group):
            raise refuse(group, "targets, but no respondents.")
        if not isinstance(margins, Mapping) or not margins:
            raise refuse(group, "targets must be {group: {margin: {level: number}}}.")

    alike: dict[frozenset[Any], list[str]] = {}
    for group, margins in wanted.items():
        alike.setdefault(frozenset(margins), []).append(group)
    batches = []
    for names in alike.values():
        number = {group: g for g, group in enumerate(names)}
        of_label = np.array([number.get(text, -1) for text in column.labels], dtype=np.intp)
        of = of_label[column.codes]
        rows: Ints | slice = slice(None)
        if len(alike) > 1:
            rows = np.flatnonzero(of >= 0)
            of = of[rows]
        order = tuple(wanted[names[0]])
        chosen = tuple({margin: wanted[group][margin] for margin in order} for group in names)
        batches.append(Batch(rows, len(of), Groups(tuple(names), of), chosen))
    return batches
