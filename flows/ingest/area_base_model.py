"""A base of areas as read: who lives where, in which larger areas, and published margins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.models import Text
from flows.errors import Refusal
from flows.ingest.errors import listed

Floats = NDArray[np.float64]


class UnusableBase(Refusal):
    """Files of a base of areas that are not what its definition says, or contradict it."""


@dataclass(frozen=True, eq=False)
class BaseMargin:
    """Published counts of one variable: finest level and coarser ones.

    `levels`: its L level codes. `counts` (A, L): at the finest level, NaN rows where nothing is
    published. `coarser`: geographic level and a frame indexed by area code with the L level
    codes as columns, finest first. `rounding`: the unit to which the finest counts are rounded,
    0 where they are not; a count that is a sum of rounded figures has the unit of the same
    variance (unit x the root of the sum of squared factors, the mean over the levels).
    `assumed`: per geographic level (the finest one too) what was assumed to get its counts.
    """

    variable: str
    levels: tuple[str, ...]
    counts: Floats
    coarser: tuple[tuple[str, pd.DataFrame], ...]
    rounding: float
    assumed: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class AreaBase:
    """The areas of one vintage of a base.

    `levels`: geographic levels there are, finest first. `areas`: one row per finest area, with
    a text column per level (its code), `residents` (int, those the survey is about),
    `inhabitants` (int, of all ages) and `addresses` (int, -1 where unknown). `names`: level ->
    code -> name, where known. `files_sha256`: of every file that was read. `notes`: what a
    person should know of the files, one sentence each.
    """

    code: str
    title: Text
    year: int
    day: date
    simulated: bool
    source: Text
    levels: tuple[str, ...]
    areas: pd.DataFrame
    names: Mapping[str, Mapping[str, str]]
    margins: Mapping[str, BaseMargin]
    files_sha256: str
    notes: tuple[str, ...] = ()

    @property
    def finest(self) -> str:
        return self.levels[0]


def margin_of(base: AreaBase, variable: str, levels: Sequence[str]) -> BaseMargin:
    """The margin of a variable with its levels in this order.

    Raises `UnusableBase` where the base lacks the variable, or its levels are others than those
    the variable has.
    """
    margin = base.margins.get(variable)
    if margin is None:
        raise UnusableBase(
            f"The base {base.code} of {base.year} has no margin of {variable}; it has "
            f"{listed(sorted(base.margins))}. Add it to surveys/bases/{base.code}.yaml, or leave "
            f"{variable} out of the concomitants."
        )
    if set(margin.levels) != set(levels):
        lacking = [code for code in levels if code not in margin.levels]
        extra = [code for code in margin.levels if code not in levels]
        parts = [f"has no level {listed(lacking)}"] if lacking else []
        parts += [f"has the level {listed(extra)}, which the variable lacks"] if extra else []
        raise UnusableBase(
            f"The margin of {variable} in the base {base.code} of {base.year} "
            f"{' and '.join(parts)}. Give both the same levels, in "
            f"surveys/bases/{base.code}.yaml or in the questionnaire."
        )
    if tuple(levels) == margin.levels:
        return margin
    order = [margin.levels.index(code) for code in levels]
    return BaseMargin(
        variable=variable,
        levels=tuple(levels),
        counts=margin.counts[:, order],
        coarser=tuple((level, frame[list(levels)]) for level, frame in margin.coarser),
        rounding=margin.rounding,
        assumed=margin.assumed,
    )
