"""A calibration in numbers: from a frame and targets to codes, totals and base weights."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.statistics.raking import Summary, can_be_swept, summarise
from flows.weighting.columns import Column, label, numbers_of
from flows.weighting.errors import CalibrationError
from flows.weighting.groups import Batch, Groups
from flows.weighting.levels import (
    Collapse,
    Collapsed,
    LevelTargets,
    Unit,
    collapse_levels,
    read_targets,
    unit_of,
)
from flows.weighting.margins import Floats, Margin, MissingPolicy, match

DisagreeingPolicy = Literal["error", "scale"]

ROUNDING = 1e-7
"""Relative difference up to which two sums of targets are the same number."""


@dataclass(frozen=True, eq=False)
class Continuous:
    """A numeric auxiliary variable: its values (n,) and the totals it must reach (G,).

    `unit`: whether the numbers were given as means (beside shares) or as totals.
    """

    name: str
    values: Floats
    wanted: Floats
    unit: Literal["mean", "total"]


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be solved for a batch of G groups.

    `base`: (n,) base weights. `total`: (G,) the sums of the finished weights.
    """

    groups: Groups
    margins: list[Margin]
    continuous: list[Continuous]
    base: Floats
    total: Floats

    @cached_property
    def sample(self) -> Summary | None:
        """The sample by combinations of levels, missing ones included; None when too many."""
        sizes = [margin.size + margin.spread for margin in self.margins]
        groups = len(self.groups.names)
        if not can_be_swept(sizes, groups):
            return None
        codes = [margin.codes for margin in self.margins]
        return summarise(codes, sizes, self.base, self.groups.of, groups)

    def totals(self, weights: Floats | None = None) -> list[Floats]:
        """Weighted total per margin and level (G, levels); without weights of the base weights.

        Recomputed from the weight of every respondent, in one pass where the combinations allow.
        """
        sample = self.sample
        if sample is None or not sample.is_dense:
            own = self.base if weights is None else weights
            return [margin.totals(own) for margin in self.margins]
        found = sample if weights is None else sample.weighted(weights)
        return [
            margin.spread_out(totals)
            for margin, totals in zip(self.margins, found.level_totals(), strict=True)
        ]

    def wanted(self, margin: Margin) -> Floats:
        """The weighted totals a margin asks for (G, levels)."""
        return margin.shares * self.total[:, None]

    def reached(self, variable: Continuous, weights: Floats) -> Floats:
        """The weighted total of a numeric variable (G,)."""
        return self.groups.sums(variable.values * weights)

    def scale(self, variable: Continuous) -> Floats:
        """What an error is relative to: the total, or near zero the sum of absolute values."""
        before = self.groups.sums(np.abs(variable.values) * self.base)
        size = 1e-6 * before * self.total / self.groups.sums(self.base)
        largest = np.maximum(np.abs(variable.wanted), size)
        return np.where(largest > 0, largest, 1.0)

    def rows_of(self, g: int) -> NDArray[np.bool_]:
        """Which respondents belong to a group (n,)."""
        if self.groups.of is None:
            return np.ones(len(self.base), dtype=bool)
        return np.asarray(self.groups.of == g)

    def only(self, chosen: Sequence[int]) -> tuple[Problem, NDArray[np.bool_]]:
        """The problem of some of the groups, and which respondents (n,) belong to it."""
        if self.groups.of is None:
            return self, np.ones(len(self.base), dtype=bool)
        number = np.full(len(self.groups.names), -1)
        number[list(chosen)] = np.arange(len(chosen))
        rows = number[self.groups.of] >= 0
        of = None if len(chosen) == 1 else number[self.groups.of[rows]]
        names = tuple(self.groups.names[g] for g in chosen)
        return Problem(
            Groups(names, of),
            [margin.only(chosen, of, rows) for margin in self.margins],
            [
                replace(variable, values=variable.values[rows], wanted=variable.wanted[chosen])
                for variable in self.continuous
            ],
            self.base[rows],
            self.total[chosen],
        ), rows


def differ(a: Floats, b: Floats | float) -> NDArray[np.bool_]:
    """Whether sums of targets differ by more than rounding."""
    apart: NDArray[np.bool_] = np.abs(a - b) > ROUNDING * np.maximum(np.abs(a), np.abs(b))
    return apart


def read_batch(batch: Batch) -> dict[Any, list[LevelTargets]]:
    """Per margin the targets of each group of the batch."""
    read: dict[Any, list[LevelTargets]] = {}
    for name in batch.margins:
        like: LevelTargets | None = None
        own = read[name] = []
        for g, margins in enumerate(batch.targets):
            like = read_targets(label(name), margins[name], batch.groups.where(g), like)
            own.append(like)
    return read


def units(
    batches: Sequence[Batch], targets: Sequence[Mapping[Any, list[LevelTargets]]]
) -> dict[Any, Unit]:
    """Per margin the unit of its targets, the same in every group.

    A small group may happen to have 100 inhabitants: when any group's targets are totals,
    all are. And margins that agree on a sum near 100, such as 99.6, are totals; a single one
    may be percentages that were rounded badly, which `common_total` refuses.
    """
    found: dict[Any, set[Unit]] = {}
    fractions: set[Any] = set()
    for batch, read in zip(batches, targets, strict=True):
        people = batch.people.tolist()
        sums = np.array([[own.total for own in groups] for groups in read.values()])
        agreed = (len(sums) > 1) & ~differ(sums, sums[0]).any(axis=0)
        near_100 = agreed & differ(sums[0], 100.0)
        for name, groups, own_sums in zip(read, read.values(), sums, strict=True):
            for own, total, near, n in zip(
                groups, own_sums.tolist(), near_100, people, strict=True
            ):
                unit = unit_of(total, n)
                found.setdefault(name, set()).add(
                    "total" if near and unit == "percentage" else unit
                )
                if unit == "share" and name not in fractions and (own.numbers % 1 != 0).any():
                    fractions.add(name)
    for name, kinds in found.items():
        other = "totals" if "total" in kinds and name in fractions else "percentages"
        if other == "totals" or kinds == {"share", "percentage"}:
            raise CalibrationError(
                f"Margin {label(name)!r}: some groups have shares, others {other}; choose one.",
                margin=label(name),
            )
    chosen: dict[Any, Unit] = {
        name: "total" if "total" in kinds else min(kinds) for name, kinds in found.items()
    }
    _check_one_kind(batches, chosen)
    return chosen


def _check_one_kind(batches: Sequence[Batch], unit: Mapping[Any, Unit]) -> None:
    """Weights of groups with totals and of groups with shares only are not on one scale."""
    totals = ["total" in {unit[margin] for margin in batch.margins} for batch in batches]
    if any(totals) and not all(totals):
        group = batches[totals.index(False)].groups.names[0]
        raise CalibrationError(
            f"Group {group!r} has only shares, other groups have totals; give every group at least "
            "one margin with totals, or none.",
            level=group,
        )


def set_up(
    batch: Batch,
    targets: Mapping[Any, list[LevelTargets]],
    columns: Mapping[Any, Column],
    unit: Mapping[Any, Unit],
    base: Floats,
    base_is_given: bool,
    continuous: Mapping[Any, tuple[Floats, Mapping[str | None, float]]],
    *,
    collapse: Collapse | None,
    missing: MissingPolicy,
    disagreeing: DisagreeingPolicy,
    population: float | None,
) -> tuple[Problem, list[Collapsed]]:
    """Match levels, settle the sum of the weights, scale base weights that are only relative.

    Base weights given together with totals keep their size, so that g-weights and bounds mean
    what they mean in the literature. With shares only their proportions count.
    """
    own, groups = base[batch.rows], batch.groups
    sums = groups.sums(own)
    for g in np.flatnonzero(~(sums > 0)):
        raise CalibrationError(f"{groups.where(int(g))}All base weights are zero.")
    margins, collapsed = [], []
    order = {label(name): pairs for name, pairs in (collapse.into if collapse else {}).items()}
    for name, levels in targets.items():
        column = columns[name].take(batch.rows)
        if collapse is not None and column.name in order:
            levels, merged = collapse_levels(
                column.name, levels, column, groups, order[column.name], collapse.minimum
            )
            collapsed += merged
        margins.append(match(column, levels, unit[name], own, missing, groups))
    total = common_total(margins, population, disagreeing, groups)
    as_mean = total is None
    if total is None:
        total = (population or len(base)) * sums / base.sum()
    if as_mean or not base_is_given:
        own = own * groups.rows(total / sums)
    problem = Problem(
        groups,
        margins,
        [
            Continuous(
                label(name),
                values[batch.rows],
                np.array([numbers[group] for group in groups.names]) * (total if as_mean else 1.0),
                "mean" if as_mean else "total",
            )
            for name, (values, numbers) in continuous.items()
        ],
        own,
        total,
    )
    return problem, collapsed


def common_total(
    margins: list[Margin], population: float | None, disagreeing: DisagreeingPolicy, groups: Groups
) -> Floats | None:
    """The sum (G,) all margins of totals agree on; None when there are only shares."""

    def refuse(margin: Margin, wanted: Floats, words: str) -> None:
        for g in np.flatnonzero(differ(margin.sum, wanted)):
            found, should = float(margin.sum[g]), float(wanted[g])
            raise CalibrationError(
                f"{groups.where(int(g))}Margin {margin.name!r}: the targets add up to "
                + words.format(found=found, should=should),
                margin=margin.name,
                wanted=should,
                possible=found,
            )

    first: Margin | None = None
    for margin in margins:
        if margin.unit != "total":
            whole = np.full(len(margin.targets), 1.0 if margin.unit == "share" else 100.0)
            if disagreeing == "error":
                refuse(
                    margin,
                    whole,
                    "{found:.6g}, not to {should:.0f}; correct them, or pass disagreeing='scale'.",
                )
            continue
        first = first or margin
        if disagreeing == "error":
            refuse(
                margin,
                first.sum,
                "{found:,.10g}, but those of " + repr(first.name) + " to {should:,.10g}; correct "
                "them, or pass disagreeing='scale' to follow the first margin.",
            )
    if first is None:
        return None
    if population is None:
        return first.sum
    if groups.of is not None:
        raise CalibrationError(
            "population= cannot go with by= and totals: the totals of the groups are their "
            "populations; leave it out."
        )
    if disagreeing == "error":
        refuse(
            first,
            np.array([float(population)]),
            "{found:,.10g}, but population is {should:,.10g}; correct one, or pass "
            "disagreeing='scale'.",
        )
    return np.array([float(population)])


def read_continuous(
    frame: pd.DataFrame, continuous: Mapping[Any, Any] | None, batches: Sequence[Batch]
) -> dict[Hashable, tuple[Floats, dict[str | None, float]]]:
    """The values of every numeric auxiliary variable, and the wanted number of every group."""
    if continuous is None:
        return {}
    names = [name for batch in batches for name in batch.groups.names]
    if not isinstance(continuous, Mapping):
        raise CalibrationError(f"continuous={continuous!r} must be {{column: number}}.")
    wanted: dict[str | None, Mapping[Any, Any]] = {None: continuous}
    if names != [None] and continuous:
        wanted = {label(group): numbers for group, numbers in continuous.items()}
        if len(wanted) < len(continuous) or set(wanted) - set(names):
            strange = sorted(map(str, set(wanted) - set(names)))
            raise CalibrationError(
                f"continuous= has numbers for group {strange[0]!r}, which has no targets."
                if strange
                else "continuous= names a group twice; keep one."
            )
        first = next((own for own in wanted.values() if isinstance(own, Mapping)), {})
        for name in names:
            own = wanted.get(name)
            if not isinstance(own, Mapping) or set(own) != set(first):
                raise CalibrationError(
                    f"Group {name!r} has no number for every continuous variable; with by=, give "
                    "continuous={group: {column: number}}."
                )
    read: dict[Hashable, tuple[Floats, dict[str | None, float]]] = {}
    for column in next(iter(wanted.values())):
        if column not in frame.columns:
            raise CalibrationError(f"There is no column {label(column)!r} for continuous=.")
        values = numbers_of(frame[column], f"Continuous column {label(column)!r}")
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise CalibrationError(
                f"Continuous column {label(column)!r}: {bad:,} respondents have no number; leave "
                "them out.",
                margin=label(column),
            )
        numbers: dict[str | None, float] = {}
        for name in names:
            number = wanted.get(name, {}).get(column)
            try:
                numbers[name] = float(number)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                numbers[name] = np.nan
            if not np.isfinite(numbers[name]):
                raise CalibrationError(
                    f"Continuous column {label(column)!r}: the target {number!r} is not a number.",
                    margin=label(column),
                )
        read[column] = (values, numbers)
    return read
