"""What a calibration came to, in tables and words: the parts of a `Weighting`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.weighting.columns import Ints, label
from flows.weighting.limits import Limits
from flows.weighting.problem import Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Solution:
    """How a batch of G groups went: weights (n,), iterations and error (G,).

    `after`: per margin the weighted totals (G, levels), per numeric variable (G, 1).
    """

    problem: Problem
    limits: Limits
    weights: Floats
    g_weights: Floats
    after: list[Floats]
    iterations: Ints
    error: Floats


def margins_table(solution: Solution) -> pd.DataFrame:
    """Every level of every margin, before and after, in the unit of its targets."""
    problem, weights = solution.problem, solution.weights
    total, base_total = problem.total[:, None], problem.groups.sums(problem.base)[:, None]
    count = len(problem.groups.names)
    names, shown, numbers = [], [], []
    after = iter(solution.after)
    for margin, before in zip(problem.margins, problem.totals(), strict=True):
        # Totals are told as the weights add up, also where a margin was scaled to another.
        scale = total if margin.unit == "total" else margin.sum[:, None]
        names += [margin.name] * margin.size
        shown.append([(*own, *[None] * (margin.size - len(own))) for own in margin.levels])
        numbers.append(
            np.stack(
                [
                    margin.counts,
                    before / base_total * scale,
                    margin.targets * (scale / margin.sum[:, None]),
                    next(after) / total * scale,
                ]
            )
        )
    people = problem.groups.sums(np.ones(len(weights)))
    for variable in problem.continuous:
        unit = 1 / problem.total if variable.unit == "mean" else np.ones(count)
        base_sum = problem.reached(variable, problem.base) / base_total[:, 0] * problem.total
        reached = next(after)[:, 0]
        names.append(variable.name)
        shown.append([(variable.unit,)] * count)
        numbers.append(
            np.stack([people, base_sum * unit, variable.wanted * unit, reached * unit])[:, :, None]
        )
    n, before, target, finished = np.concatenate(numbers, axis=2).reshape(4, -1)
    level = [text for g in range(count) for own in shown for text in own[g]]
    table = pd.DataFrame(
        {
            "group": np.repeat(np.array(problem.groups.names, dtype=object), len(names)),
            "margin": names * count,
            "level": level,
            "n": n.astype(np.int64),
            "before": before,
            "target": target,
            "after": finished,
        }
    )
    return table[[text is not None for text in level]] if None in level else table


def groups_table(solution: Solution) -> pd.DataFrame:
    """One row a group: how many, the sum and the efficiency of its weights, how it went."""
    sums, weights = solution.problem.groups.sums, solution.weights
    n, total = sums(np.ones(len(weights))), sums(weights)
    deff = n * sums(np.square(weights)) / np.square(total)
    return pd.DataFrame(
        {
            "group": solution.problem.groups.names,
            "n": n.astype(np.int64),
            "sum": total,
            "design_effect": deff,
            "effective_n": n / deff,
            "iterations": solution.iterations,
            "max_error": solution.error,
        }
    )


def in_order(tables: list[pd.DataFrame], targets: Mapping[Any, Any]) -> pd.DataFrame:
    """The tables of several batches as one, with the groups in the order of the targets."""
    if len(tables) == 1:
        return tables[0].reset_index(drop=True)
    rank = {label(group): place for place, group in enumerate(targets)}
    table = pd.concat(tables)
    return table.sort_values("group", key=lambda g: g.map(rank), kind="stable", ignore_index=True)


def notes_on(weights: Floats) -> tuple[str, ...]:
    """What a user should know about finished weights (n,), in words."""
    notes = []
    negative = int((weights < 0).sum())
    if negative:
        notes.append(
            f"{negative:,} weights are negative, as linear calibration without bounds allows; "
            "choose bounds, raking or logit where that is not acceptable."
        )
    tiny = int((np.abs(weights) < 0.001 * weights.mean()).sum())
    if tiny:
        notes.append(f"{tiny:,} weights are below a thousandth of the mean weight.")
    return tuple(notes)
