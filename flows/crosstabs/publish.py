"""From tables with every statistic to tables that may leave the bureau.

The rules of design section 7 for size and precision: too few people, indicative, answers of
a few persons, special questions, complementary suppression inside a table, rounding in the
data, and marks only beyond chance and large enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.findings import find
from flows.crosstabs.protect import Readings, needed_range, protect, protect_row
from flows.crosstabs.rounding import one_decimal, whole_percent
from flows.crosstabs.tables import (
    Cell,
    Flag,
    ProfileSize,
    PublishedTable,
    Table,
    ThemeTables,
    Verdict,
)
from flows.crosstabs.verdicts import marked
from flows.definitions.models import Publication

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

HIDDEN = (Flag.TOO_FEW, Flag.PROTECTED)


def publish(
    tables: Sequence[Table],
    publication: Publication,
    *,
    theme: str = "",
    sizes: Sequence[ProfileSize] = (),
) -> ThemeTables:
    """Everything that is published of one theme in one wave.

    `tables` of one theme from `crosstab` (made under the same `publication`), `sizes` from
    `profile_sizes`. `hidden_cells` counts the cells too few or protected, among `cells`.
    """
    published = tuple(publish_table(table, publication) for table in tables)
    cells = [cell for table in published for row in table.cells for cell in row]
    return ThemeTables(
        theme=theme or (tables[0].identity.theme if tables else ""),
        tables=published,
        findings=find(tables, published, publication),
        sizes=tuple(sizes),
        hidden_cells=sum(cell.flag in HIDDEN for cell in cells),
        cells=len(cells),
    )


def publish_table(table: Table, publication: Publication) -> PublishedTable:
    """One table, rounded, suppressed and marked."""
    columns = _Columns.of(table, publication)
    is_share = np.array([row.kind != "mean" for row in table.rows])[:, None]
    below = _below(table, publication, is_share)
    sensitive = _sensitive(table, publication, columns, is_share)
    readings = _readings(table, below, is_share)
    hidden = protect(table, sensitive, readings)
    marks = marked(table, publication)
    cells = tuple(
        tuple(
            _cell(table, r, c, bool(hidden[r, c]), below[r, c], bool(marks[r, c]), columns)
            for c in range(len(table.columns))
        )
        for r in range(len(table.rows))
    )
    return PublishedTable(
        identity=table.identity,
        rows=table.rows,
        columns=table.columns,
        cells=cells,
        n=tuple(int(n) for n in table.n),
        n_eff=tuple(round(float(n)) for n in table.n_eff),
        dont_know=_dont_know(table, publication, columns),
    )


@dataclass(frozen=True, eq=False)
class _Columns:
    """What the size of each column's base allows (C)."""

    empty: Bools
    too_few: Bools
    indicative: Bools

    @classmethod
    def of(cls, table: Table, publication: Publication) -> _Columns:
        n = table.n
        too_few = n < publication.minimum_base
        weak = (n < publication.indicative_base) | (table.n_eff < publication.minimum_effective)
        return cls(empty=n == 0, too_few=too_few, indicative=weak & ~too_few)

    def absent(self, c: int) -> Flag:
        """Why a hidden number of this column is hidden."""
        if self.empty[c]:
            return Flag.NO_BASE
        return Flag.TOO_FEW if self.too_few[c] else Flag.PROTECTED


def _small(table: Table, publication: Publication, is_share: Bools) -> Bools:
    return is_share & (table.count >= 1) & (table.count <= publication.small_count)


def _below(table: Table, publication: Publication, is_share: Bools) -> Floats:
    """The bound (R, C) of answers shown as "less than"; NaN for all others.

    Those of 1-4 persons in a base of at least 100, and any that would round to 0% although
    somebody gave them.
    """
    bounds = np.full(table.estimate.shape, np.nan)
    small = _small(table, publication, is_share)
    for r, c in np.argwhere(small & (table.n >= publication.small_base)):
        bounds[r, c] = less_than(
            float(table.estimate[r, c]), int(table.n[c]), publication.small_count
        )
    vanishing = is_share & ~small & (table.count > 0) & (table.estimate < 0.005)
    bounds[vanishing] = 0.01
    return bounds


def less_than(share: float, n: int, small_count: int) -> float:
    """The bound the base allows: the smallest whole per cent above `small_count` in `n` people.

    It is the same for every answer of so few persons, unless their weights take the share
    above it: 0.01 from 401 people, 0.03 with 150.
    """
    bound = (math.floor(100 * small_count / n) + 1) / 100
    return bound if share < bound else (math.floor(100 * share) + 1) / 100


def _sensitive(table: Table, publication: Publication, columns: _Columns, is_share: Bools) -> Bools:
    """Cells (R, C) that a rule of size hides by itself."""
    n = table.n
    sensitive = np.broadcast_to(columns.too_few, table.estimate.shape).copy()
    sensitive |= ~np.isfinite(table.estimate)
    sensitive |= _small(table, publication, is_share) & (n < publication.small_base)
    if table.identity.special != "none":
        with np.errstate(invalid="ignore"):
            extreme = (table.estimate < 0.005) | (table.estimate >= 0.995)
        sensitive |= is_share & extreme & (n < publication.special_base)
    return sensitive


def _readings(table: Table, below: Floats, is_share: Bools) -> Readings:
    """What each cell would tell a reader: its rounded value with half a unit on both sides."""
    half = np.where(is_share, 0.005, 0.05)
    rounded = np.where(is_share, np.floor(table.estimate * 100 + 0.5 + 1e-9) / 100, table.estimate)
    rounded = np.where(is_share, rounded, np.round(table.estimate, 1))
    low, high = rounded - half, rounded + half
    low = np.where(is_share, np.maximum(low, 0.0), low)
    high = np.where(is_share, np.minimum(high, 1.0), high)
    bounded = np.isfinite(below)
    return Readings(low=np.where(bounded, 0.0, low), high=np.where(bounded, below, high))


def _cell(
    table: Table, r: int, c: int, hidden: bool, bound: float, mark: bool, columns: _Columns
) -> Cell:
    if hidden:
        nobody = not np.isfinite(table.estimate[r, c])
        return Cell(None, flag=Flag.NO_BASE if nobody else columns.absent(c))
    if np.isfinite(bound):
        return Cell(None, flag=Flag.BELOW, bound=float(bound))
    rounded = one_decimal if table.rows[r].kind == "mean" else whole_percent
    verdict = Verdict.NONE
    if mark:
        verdict = Verdict.HIGHER if table.difference[r, c] > 0 else Verdict.LOWER
    return Cell(
        value=rounded(float(table.estimate[r, c])),
        low=rounded(float(table.low[r, c])),
        high=rounded(float(table.high[r, c])),
        verdict=verdict,
        flag=Flag.INDICATIVE if columns.indicative[c] else Flag.NONE,
    )


def _dont_know(table: Table, publication: Publication, columns: _Columns) -> tuple[Cell, ...]:
    """The row of those without an opinion, as a share of all who were asked."""
    count, asked, share = table.dont_know_count, table.asked, table.dont_know
    small = (count >= 1) & (count <= publication.small_count)
    sensitive = columns.too_few | (small & (asked < publication.small_base))
    if table.identity.special != "none":
        with np.errstate(invalid="ignore"):
            extreme = (share < 0.005) | (share >= 0.995)
        sensitive |= extreme & (asked < publication.special_base)
    below = np.full(len(asked), np.nan)
    for place in np.flatnonzero(small & (asked >= publication.small_base)):
        c = int(place)
        below[c] = less_than(float(share[c]), int(asked[c]), publication.small_count)
    below[(count > publication.small_count) & (share < 0.005)] = 0.01
    low = np.clip(share - 0.01, 0.0, 1.0)
    high = np.clip(share + 0.01, 0.0, 1.0)
    low = np.where(sensitive | np.isfinite(below), 0.0, low)
    high = np.where(sensitive, 1.0, np.where(np.isfinite(below), below, high))
    smallest = min((int(a) for a in asked[:-1][sensitive[:-1]] if a), default=1)
    hidden = protect_row(asked, sensitive, low, high, needed_range(smallest))
    cells = []
    for c in range(len(table.columns)):
        if hidden[c] or not np.isfinite(share[c]):
            cells.append(Cell(None, flag=columns.absent(c) if asked[c] else Flag.NO_BASE))
        elif np.isfinite(below[c]):
            cells.append(Cell(None, flag=Flag.BELOW, bound=float(below[c])))
        else:
            flag = Flag.INDICATIVE if columns.indicative[c] else Flag.NONE
            cells.append(Cell(whole_percent(float(share[c])), flag=flag))
    return tuple(cells)
