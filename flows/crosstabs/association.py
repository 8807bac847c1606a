"""Whether the answers to a question and the columns of an axis go together, for all tables.

The Rao-Scott F of `flows.statistics.rao_scott`, from the sums that were counted: of a cell with
the share p, all who answered and have a column of the axis being the base, the contributions of
its people are (1 - p) / base and of all others -p / base.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from flows.crosstabs.counts import Counted, Sums
from flows.crosstabs.tables import Association, Floats, Ints, Table
from flows.statistics.covariance import covariance
from flows.statistics.rao_scott import (
    TableTests,
    contrasted_diagonal,
    contrasts_of,
    rao_scott,
    rao_scott_contrasted,
)
from flows.statistics.threads import in_threads
from flows.statistics.variance import WEIGHT, Linear, Sample

_BLOCK = 1_000_000
"""So many numbers at a time."""


def with_associations(counted: Counted, tables: tuple[Table, ...]) -> tuple[Table, ...]:
    """The tables with their tests of association, one per axis where there is one."""
    found = associations(counted)
    return tuple(
        replace(table, association=each) for table, each in zip(tables, found, strict=True)
    )


def associations(counted: Counted) -> tuple[tuple[Association, ...], ...]:
    """The tests of every table (T), one per axis of the banner.

    None for questions with several answers, whose rows overlap, for tables without answers (a
    number), and for items of the model. An axis with fewer than two columns in use has none.
    """
    made: list[list[Association]] = [[] for _ in counted.layouts]
    parts = [part for axis in range(len(counted.banner.axes)) for part in _parts(counted, axis)]
    for part, test in zip(parts, in_threads(lambda part: part.test(counted), parts), strict=True):
        code = counted.banner.axes[part.axis].code
        numbers = np.array([test.statistic, test.df1, test.df2, test.p]).T.tolist()
        for t, found in zip(part.tables, numbers, strict=True):
            if np.isfinite(found[0]):
                made[t].append(Association(code, *found))
    return tuple(tuple(each) for each in made)


@dataclass(frozen=True, eq=False)
class _Part:
    """Tables (T) with as many answers, by an axis: their numbers, and where their rows are."""

    axis: int
    tables: Sequence[int]
    rows: Ints

    def test(self, counted: Counted) -> TableTests:
        sample, sums = counted.samples[self.axis], counted.sums[self.axis]
        return _tests(sample, sums, self.rows, counted.degrees_of_freedom)


def _parts(counted: Counted, axis: int) -> Iterator[_Part]:
    """The tables to test by an axis, so many at a time that they fit in memory."""
    sums = counted.sums[axis]
    columns = sums.numerator.shape[1] - 1
    if columns < 2:
        return
    by_size: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
    for t, rows in enumerate(_answers(counted, sums)):
        if rows:
            by_size[len(rows)].append((t, rows))
    for answers, tables in by_size.items():
        cells = answers * columns
        size = max(1, _BLOCK // (cells * (cells + sums.numerator.shape[2])))
        for start in range(0, len(tables), size):
            some = tables[start : start + size]
            yield _Part(axis, [t for t, _ in some], np.array([rows for _, rows in some]))


def _answers(counted: Counted, sums: Sums) -> list[list[int]]:
    """The rows of each table that divide its people; none where answers overlap."""
    found = []
    weights, bases = sums.numerator[..., WEIGHT], sums.denominator[..., WEIGHT]
    for layout, rows in zip(counted.layouts, counted.rows, strict=True):
        answers = [rows.start + r for r, row in enumerate(layout.rows) if row.kind == "answer"]
        divide = len(answers) > 1 and not (layout.identity.multiple or layout.identity.model_item)
        if divide:
            together = weights[answers].sum(axis=0)
            divide = bool(np.abs(bases[answers] - together).max() <= 1e-9 * together.sum())
        found.append(answers if divide else [])
    return found


def _tests(sample: Sample, sums: Sums, rows: Ints, nu: float) -> TableTests:
    """The F tests of tables with these rows (T, A) against the columns of the axis."""
    cells = sums.numerator[rows, :-1]
    whole = cells.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = cells[..., WEIGHT] / whole[:, None, None, WEIGHT]
    known, full = np.isfinite(shares).all(axis=(1, 2)), (shares != 0).all(axis=(1, 2))
    parts = np.full((4, len(rows)), np.nan)
    for which, test in ((known & full, _quick), (known & ~full, _general)):
        if which.any():
            found = test(sample, shares[which], cells[which], whole[which], nu)
            parts[:, which] = found.statistic, found.df1, found.df2, found.p
    return TableTests(*parts)


def _quick(sample: Sample, shares: Floats, cells: Floats, whole: Floats, nu: float) -> TableTests:
    """Tables without an empty cell, by contrasts: what all cells share drops out of these."""
    places = sample.places
    base = whole[:, None, None, WEIGHT]
    parts = contrasts_of(shares, cells[..., places.plain :] / base[..., None])
    squares = cells[..., places.spread] / base**2
    spread = contrasted_diagonal(shares, squares)
    estimate = np.zeros(parts.shape[:2])
    linear = _linear(sample, estimate, parts, spread)
    scale = sample.units.factor.max() * (squares / shares).sum(axis=(1, 2))
    return rao_scott_contrasted(shares, covariance(sample, linear, spread), scale, nu)


def _general(sample: Sample, shares: Floats, cells: Floats, whole: Floats, nu: float) -> TableTests:
    """Any tables, by the covariance of all their cells."""
    places = sample.places
    t, a, g, m = cells.shape
    flat, together, p = cells.reshape(t, a * g, m), whole[:, None, :], shares.reshape(t, a * g)
    with np.errstate(divide="ignore", invalid="ignore"):
        base = together[..., WEIGHT]
        parts = (flat - p[..., None] * together)[..., places.plain :] / base[..., None]
        squares = flat[..., places.spread]
        mixed = p[:, :, None] * squares[:, None, :]
        spread: Floats = p[:, :, None] * p[:, None, :] * together[..., places.spread, None]
        spread = spread - mixed - np.swapaxes(mixed, 1, 2)
        np.einsum("tkk->tk", spread)[...] += squares
        spread = spread / base[..., None] ** 2
    linear = _linear(sample, p, parts, spread)
    return rao_scott(shares, covariance(sample, linear, spread), nu)


def _linear(sample: Sample, estimate: Floats, parts: Floats, spread: Floats) -> Linear:
    """Contributions (T, K) from their places after the plain ones."""
    places = sample.places
    k = places.margins.stop - places.margins.start
    crossed = parts[..., k : places.crossed.stop - places.plain]
    nothing = np.empty((*estimate.shape, 0))
    return Linear(
        estimate=estimate,
        spread=np.einsum("tkk->tk", spread),
        scale=estimate,
        beta=parts[..., :k] @ sample.basis,
        cross=crossed @ sample.basis if crossed.shape[-1] == k else nothing,
        units=parts[..., places.units.start - places.plain :],
    )
