"""The headline of every table as a number per person: what areas are estimated for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.layout.layouts import Layout
from flows.crosstabs.tables import RowKind
from flows.statistics.multilevel_outcome import Kind

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STATISTIC: dict[RowKind, Kind] = {
    "answer": "share",
    "net": "share",
    "mean": "mean",
    "score": "mean",
}
"""Rows that areas can be estimated for, and how they are regressed."""
FEWEST = 100
"""With fewer answers nothing is estimated for areas."""
FEWEST_OF_EACH = 10
"""People who give, and who do not give, an answer."""


@dataclass(frozen=True, eq=False)
class Headline:
    """The row that stands for a table. `answer` (n,): 0-1 for a share, else a number; 0 outside
    the `base` (n,). `national`: the measured figure; `deviation` of the answers."""

    theme: str
    table: str
    question: str
    item: str
    row: str
    row_kind: RowKind
    answer: Floats
    base: Bools
    national: float
    deviation: float

    @property
    def kind(self) -> Kind:
        return STATISTIC[self.row_kind]

    @property
    def name(self) -> str:
        return f"{self.table}.{self.row}"


def headlines_of(layouts: Iterable[Layout], weights: Floats) -> Iterator[Headline]:
    """The headlines that areas can be estimated for; `weights` (n,) of the people.

    Left out are tables without a headline, of questions that make the profiles (the profile
    would be told by the answer itself), and headlines that too few people give.
    """
    for layout in layouts:
        identity = layout.identity
        place = next((i for i, r in enumerate(layout.rows) if r.code == identity.headline), None)
        if place is None or identity.model_item:
            continue
        row = layout.rows[place]
        if row.kind not in STATISTIC:
            continue
        base = _sum(layout, layout.denominator[place]) > 0.5
        answer = _sum(layout, layout.numerator[place]) + layout.shift[place]
        told = answer[base]
        if len(told) < FEWEST or told.min() == told.max():
            continue
        if STATISTIC[row.kind] == "share" and min(told.sum(), len(told) - told.sum()) < (
            FEWEST_OF_EACH
        ):
            continue
        w = weights[base] / weights[base].sum()
        mean = float(w @ told)
        yield Headline(
            theme=identity.theme,
            table=identity.number,
            question=identity.question,
            item=identity.item or "",
            row=row.code,
            row_kind=row.kind,
            answer=np.where(base, answer, 0.0),
            base=base,
            national=mean,
            deviation=float(np.sqrt(w @ (told - mean) ** 2)),
        )


def _sum(layout: Layout, coefficients: Floats) -> Floats:
    """A linear combination (n,) of the atoms of a layout."""
    total = np.zeros(len(layout.atoms[0]))
    for atom, coefficient in zip(layout.atoms, coefficients, strict=True):
        if coefficient:
            total += coefficient * atom.astype(np.float64)
    return total
