"""A weighting in groups, in numbers: each group, and all groups together."""

from __future__ import annotations

from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.weighting_plan import WeightingPlan
from flows.weighting.columns import read_column
from flows.weighting.joining import group_totals
from flows.weighting.result import design_effect
from flows.weighting.scheme import PlanWeighting

Floats = NDArray[np.float64]

NUMBERS = ["n", "before", "target", "after"]
MERGED = " + "
"""What stands between the names of merged levels."""


def part_of(weights: Floats, members: NDArray[Any]) -> dict[str, float]:
    """How many a part of the respondents (rows, or a mask) is, and counts for."""
    own = weights[members]
    deff = design_effect(own)
    return {
        "n": len(own),
        "share_before": len(own) / len(weights),
        "share_after": float(own.sum() / weights.sum()),
        "design_effect": deff,
        "effective_n": len(own) / deff,
    }


def margins_of(table: pd.DataFrame) -> list[tuple[str, list[dict[str, Any]]]]:
    """The margins of one group or of all together, each with its levels as shares."""
    return _margins_of_rows(_rows(table))


def _rows(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Margin, level and numbers of every row."""
    lists = [table[name].tolist() for name in ("margin", "level", *NUMBERS)]
    return list(zip(*lists, strict=True))


def _margins_of_rows(rows: list[tuple[Any, ...]]) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        (str(margin), _levels([row[1:] for row in own]))
        for margin, own in groupby(rows, key=itemgetter(0))
    ]


def _levels(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    total = sum(target for _, _, _, target, _ in rows)
    return [
        {
            "level": str(level),
            "n": int(n),
            "before": before / total,
            "target": target / total,
            "after": after / total,
        }
        for level, n, before, target, after in rows
    ]


def groups_of(weighting: PlanWeighting) -> list[dict[str, Any]]:
    """Per group how it went, and its margins as shares of its own respondents."""
    assert weighting.groups is not None
    assert weighting.groups_of is not None
    joined: dict[str, list[str]] = {}
    for each in weighting.joined:
        joined.setdefault(each.into, []).append(each.group)
    people, everyone = _people(weighting)
    starts = np.flatnonzero(_first_of_group(weighting.margins)).tolist()
    names = weighting.margins["group"].iloc[starts].tolist()
    table = _rows(weighting.margins)
    slices = pairwise([*starts, len(table)])
    tables = {name: table[a:b] for name, (a, b) in zip(names, slices, strict=True)}
    order = np.argsort(weighting.groups_of, kind="stable")
    ends = np.cumsum(np.bincount(weighting.groups_of, minlength=len(weighting.groups)))
    rows_of = np.split(order, ends[:-1])
    result = []
    for rows, row in zip(rows_of, weighting.groups.to_dict("records"), strict=True):
        name, own = row["group"], weighting.relative[rows]
        result.append(
            {
                "group": str(name),
                "joined": joined.get(str(name), []),
                **part_of(weighting.weights, rows),
                "target": people[name] / everyone,
                "lowest": float(own.min()),
                "highest": float(own.max()),
                "iterations": int(row["iterations"]),
                "max_error": float(row["max_error"]),
                "margins": [
                    {"margin": margin, "levels": _rounded(levels)}
                    for margin, levels in _margins_of_rows(tables[name])
                ],
            }
        )
    return result


def _first_of_group(margins: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether a row is the first of its group; the groups stand together."""
    return (margins["group"] != margins["group"].shift()).to_numpy()


def _people(weighting: PlanWeighting) -> tuple[dict[str, float], float]:
    """The number of people of each group, the sum of its first margin, and of all."""
    table = weighting.margins
    firsts = table[_first_of_group(table)]
    first_margin = table["group"].map(dict(zip(firsts["group"], firsts["margin"], strict=True)))
    own = table[table["margin"] == first_margin]
    sums = own.groupby("group", sort=False)["target"].sum()
    people = dict(zip(sums.index.astype(str), sums.tolist(), strict=True))
    return people, float(sum(people.values()))


def _rounded(levels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Shares to six decimals: there may be many groups."""
    return [
        {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in row.items()
        }
        for row in levels
    ]


def all_groups(weighting: PlanWeighting, plan: WeightingPlan, frame: pd.DataFrame) -> pd.DataFrame:
    """The margins of all groups together: margin, level, n, before, target, after in people.

    Before weighting a group has the share it has in the sample, by the base weights given. Where
    a level is merged in some groups, it is told apart again here, and may be off its target.
    """
    assert weighting.groups is not None
    names = list(weighting.groups["group"])
    base = np.ones(len(frame))
    if plan.base_weight is not None:
        base = pd.to_numeric(frame[plan.base_weight]).to_numpy(float)
    sizes = np.bincount(np.asarray(weighting.groups_of), base, len(names)) / base.sum()
    table = weighting.margins
    _, everyone = _people(weighting)
    own = table.groupby(["group", "margin"], sort=False)["target"].transform("sum")
    share = table["group"].map(dict(zip(names, sizes, strict=True))).astype(float)
    table = table.assign(before=table["before"] / own * share * everyone)
    table = _told_apart(table, weighting, plan, frame, base)
    table = table.groupby(["margin", "level"], sort=False)[NUMBERS].sum().reset_index()
    order = {
        (margin.variable, level): (i, j)
        for i, margin in enumerate(plan.margins)
        for j, level in enumerate(
            dict.fromkeys(level for own in margin.targets_by.values() for level in own)
        )
    }
    last = {margin.variable: (i, len(order)) for i, margin in enumerate(plan.margins)}
    places = [
        order.get((margin, level), last.get(margin, (0, 0)))
        for margin, level in zip(table["margin"], table["level"], strict=True)
    ]
    return table.iloc[sorted(range(len(table)), key=places.__getitem__)]


def _told_apart(
    table: pd.DataFrame,
    weighting: PlanWeighting,
    plan: WeightingPlan,
    frame: pd.DataFrame,
    base: Floats,
) -> pd.DataFrame:
    """The table with a row for every level, also of those that are merged."""
    merged = table["level"].str.contains(MERGED, regex=False)
    if not merged.any() or weighting.groups is None:
        return table
    wanted = _wanted(weighting, plan)
    rows: list[dict[str, Any]] = []
    for margin, own in table[merged].groupby("margin", sort=False):
        # What those with a value are, before and after, per group and level.
        known = {
            name: _by_level(frame, str(margin), weighting, values)
            for name, values in (
                ("n", np.ones(len(frame))),
                ("before", base),
                ("after", weighting.weights),
            )
        }
        for found in own.to_dict("records"):
            row = {str(name): value for name, value in found.items()}
            members = row["level"].split(MERGED)
            at = [(row["group"], member) for member in members]
            parts = {name: [sums.get(key, 0.0) for key in at] for name, sums in known.items()}
            parts["target"] = [wanted[row["group"], str(margin)].get(m, 0.0) for m in members]
            for i, member in enumerate(members):
                # Missing values, spread over the levels, follow those who have one.
                split = {
                    name: row[name] * part[i] / sum(part) if sum(part) > 0 else 0.0
                    for name, part in parts.items()
                }
                rows.append({**row, "level": member, **split})
    return pd.concat([table[~merged], pd.DataFrame(rows)], ignore_index=True)


def _by_level(
    frame: pd.DataFrame, margin: str, weighting: PlanWeighting, values: Floats
) -> dict[tuple[str, str], float]:
    """Sums of values (n,) per group and level."""
    assert weighting.groups is not None
    column = read_column(frame, margin)
    names, width = list(weighting.groups["group"]), len(column.labels)
    known = column.codes >= 0
    place = np.asarray(weighting.groups_of)[known] * width + column.codes[known]
    sums = np.bincount(place, values[known], len(names) * width).reshape(len(names), width)
    return {
        (name, level): float(sums[g, i])
        for g, name in enumerate(names)
        for i, level in enumerate(column.labels)
    }


def _wanted(
    weighting: PlanWeighting, plan: WeightingPlan
) -> dict[tuple[str, str], dict[str, float]]:
    """Per group as weighted and margin the number of people of each level."""
    into = {each.group: each.into for each in weighting.joined}
    wanted: dict[tuple[str, str], dict[str, float]] = {}
    for group, margins in group_totals(plan).items():
        for margin, numbers in margins.items():
            added = wanted.setdefault((into.get(group, group), margin), {})
            for level, number in numbers.items():
                added[level] = added.get(level, 0.0) + number
    return wanted
