"""A calibration in numbers: from a frame and targets to codes, totals and base weights."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from flows.weighting.errors import CalibrationError
from flows.weighting.margins import (
    Column,
    Floats,
    Ints,
    Margin,
    MissingPolicy,
    Unit,
    label,
    match,
    read_targets,
    same,
    unit_of,
)

DisagreeingPolicy = Literal["error", "scale"]


@dataclass(frozen=True, eq=False)
class Part:
    """The respondents that are weighted together: one group, or all."""

    group: str | None
    rows: Ints | slice
    targets: Mapping[Any, Mapping[Any, Any]]

    @property
    def where(self) -> str:
        return "" if self.group is None else f"Group {self.group!r}: "


@dataclass(frozen=True, eq=False)
class Continuous:
    """A numeric auxiliary variable: its values (n,) and the total it must reach.

    `unit`: whether the number was given as a mean (beside shares) or as a total.
    """

    name: str
    values: Floats
    wanted: float
    unit: Literal["mean", "total"]

    def total(self, weights: Floats) -> float:
        return float(self.values @ weights)

    def scale(self, base: Floats) -> float:
        """What an error is relative to: the total, or near zero the sum of absolute values."""
        return max(abs(self.wanted), 1e-6 * float(np.abs(self.values) @ base)) or 1.0


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be solved for one part.

    `base`: (n,) base weights. `total`: the sum of the finished weights.
    """

    where: str
    group: str | None
    margins: list[Margin]
    continuous: list[Continuous]
    base: Floats
    total: float

    def wanted(self, margin: Margin) -> Floats:
        """The weighted totals a margin asks for, per level."""
        return margin.shares * self.total


def split(targets: Mapping[Any, Any], groups: Column | None) -> list[Part]:
    """The parts to weight apart, each with its own targets."""
    if groups is None:
        return [Part(None, slice(None), targets)]

    def refuse(group: str | None, reason: str) -> CalibrationError:
        at = "" if group is None else f", group {group!r}"
        return CalibrationError(
            f"Group column {groups.name!r}{at}: {reason}", margin=groups.name, level=group
        )

    without = int((groups.codes < 0).sum())
    if without:
        raise refuse(None, f"{without:,} respondents have no group; leave them out.")
    order = np.argsort(groups.codes, kind="stable")
    ends = np.cumsum(np.bincount(groups.codes, minlength=len(groups.labels)))
    rows = dict(zip(groups.labels, np.split(order, ends[:-1]), strict=True))
    wanted = {label(group): margins for group, margins in targets.items()}
    for group, members in rows.items():
        if len(members) and group not in wanted:
            raise refuse(group, f"{len(members):,} respondents, but no targets.")
    for group, margins in wanted.items():
        if not len(rows.get(group, ())):
            raise refuse(group, "targets, but no respondents.")
        if not isinstance(margins, Mapping) or not margins:
            raise refuse(group, "targets must be {group: {margin: {level: number}}}.")
    return [Part(group, rows[group], margins) for group, margins in wanted.items()]


def units(parts: list[Part]) -> dict[Any, Unit]:
    """Per margin the unit of its targets, the same in every group.

    A small group may happen to have 100 inhabitants: when any group's targets are totals,
    all are. And margins that agree on a sum near 100, such as 99.6, are totals; a single one
    may be percentages that were rounded badly, which `common_total` refuses.
    """
    found: dict[Any, set[Unit]] = {}
    fractions: set[Any] = set()
    for part in parts:
        read = {
            name: read_targets(label(name), targets, part.where)[1]
            for name, targets in part.targets.items()
        }
        sums = {name: float(numbers.sum()) for name, numbers in read.items()}
        first = next(iter(sums.values()))
        agreed = len(sums) > 1 and all(same(total, first) for total in sums.values())
        near_100 = agreed and unit_of(first) == "percentage" and not same(first, 100)
        for name, total in sums.items():
            found.setdefault(name, set()).add("total" if near_100 else unit_of(total))
            if same(total, 1) and (read[name] % 1 != 0).any():
                fractions.add(name)
    for name, kinds in found.items():
        other = "totals" if "total" in kinds and name in fractions else "percentages"
        if other == "totals" or kinds == {"share", "percentage"}:
            raise CalibrationError(
                f"Margin {label(name)!r}: some groups have shares, others {other}; choose one.",
                margin=label(name),
            )
    return {name: "total" if "total" in kinds else min(kinds) for name, kinds in found.items()}


def set_up(
    part: Part,
    columns: Mapping[Any, Column],
    unit: Mapping[Any, Unit],
    base: Floats,
    base_is_given: bool,
    continuous: Mapping[Any, tuple[Floats, float]],
    *,
    missing: MissingPolicy,
    disagreeing: DisagreeingPolicy,
    population: float | None,
) -> Problem:
    """Match levels, settle the sum of the weights, scale base weights that are only relative.

    Base weights given together with totals keep their size, so that g-weights and bounds mean
    what they mean in the literature. With shares only their proportions count.
    """
    own = base[part.rows]
    if not own.sum() > 0:
        raise CalibrationError(f"{part.where}All base weights are zero.")
    margins = []
    for name, targets in part.targets.items():
        column = columns[name]
        if not isinstance(part.rows, slice):
            column = column.take(part.rows)
        margins.append(match(column, targets, unit[name], own, missing, part.where))
    total = common_total(margins, population, disagreeing, part.where)
    as_mean = total is None
    if total is None:
        total = (population or len(base)) * float(own.sum() / base.sum())
    if as_mean or not base_is_given:
        own = own * (total / own.sum())
    return Problem(
        part.where,
        part.group,
        margins,
        [
            Continuous(label(name), values, number * total if as_mean else number,
                       "mean" if as_mean else "total")
            for name, (values, number) in continuous.items()
        ],
        own,
        total,
    )  # fmt: skip


def common_total(
    margins: list[Margin], population: float | None, disagreeing: DisagreeingPolicy, where: str
) -> float | None:
    """The sum all margins of totals agree on; None when there are only shares."""
    first: Margin | None = None
    for margin in margins:
        if margin.unit != "total":
            should = 1 if margin.unit == "share" else 100
            if disagreeing == "error" and not same(margin.sum, should):
                raise CalibrationError(
                    f"{where}Margin {margin.name!r}: the targets add up to {margin.sum:.6g}, "
                    f"not to {should}; correct them, or pass disagreeing='scale'.",
                    margin=margin.name,
                    wanted=float(should),
                    possible=margin.sum,
                )
            continue
        first = first or margin
        if disagreeing == "error" and not same(margin.sum, first.sum):
            raise CalibrationError(
                f"{where}Margin {margin.name!r}: the targets add up to {margin.sum:,.10g}, but "
                f"those of {first.name!r} to {first.sum:,.10g}; correct them, or pass "
                "disagreeing='scale' to follow the first margin.",
                margin=margin.name,
                wanted=first.sum,
                possible=margin.sum,
            )
    if first is None:
        return None
    if population is not None and disagreeing == "error" and not same(first.sum, population):
        raise CalibrationError(
            f"{where}Margin {first.name!r}: the targets add up to {first.sum:,.10g}, but "
            f"population is {population:,.10g}; correct one, or pass disagreeing='scale'.",
            margin=first.name,
            wanted=population,
            possible=first.sum,
        )
    return population if population is not None else first.sum


def read_continuous(
    frame: pd.DataFrame, continuous: Mapping[Any, Any] | None
) -> dict[Hashable, tuple[Floats, float]]:
    """The values and the wanted number of every numeric auxiliary variable."""
    read: dict[Hashable, tuple[Floats, float]] = {}
    for name, number in (continuous or {}).items():
        if name not in frame.columns:
            raise CalibrationError(f"There is no column {label(name)!r} for continuous=.")
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(float, na_value=np.nan)
        bad = int((~np.isfinite(values)).sum())
        if bad:
            raise CalibrationError(
                f"Continuous column {label(name)!r}: {bad:,} respondents have no number; leave "
                "them out.",
                margin=label(name),
            )
        wanted = float(number)
        if not np.isfinite(wanted):
            raise CalibrationError(
                f"Continuous column {label(name)!r}: the target {number!r} is not a number.",
                margin=label(name),
            )
        read[name] = (values, wanted)
    return read
