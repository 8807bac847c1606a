"""Rows that are no linear combination of counts: medians and standard deviations.

Both get their error from the same crosstab algebra as everything else: of a median the share
of people at or below it, carried back by Woodruff's method (`flows.statistics.quantiles`), of
a standard deviation the mean of squared distances. Neither is compared between columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.counts import Counted, kish
from flows.crosstabs.layout.layouts import Layout
from flows.crosstabs.tables import Floats, Table
from flows.definitions.dossier_plan import Publication
from flows.definitions.questions import QuestionType
from flows.statistics.freedom import own_freedom
from flows.statistics.intervals import proportion_interval, t_quantile
from flows.statistics.quantiles import Distribution, woodruff
from flows.statistics.variance import COUNT, SQUARE, WEIGHT, Sample, linearise, variance

HALF = 0.5
_UNTESTED = (
    "difference",
    "difference_error",
    "degrees_of_freedom",
    "p_value",
    "p_adjusted",
    "standard_deviation",
)


def derive_rows(
    counted: Counted, tables: Sequence[Table], publication: Publication
) -> tuple[Table, ...]:
    """The same tables with their medians and standard deviations, and intervals that can be.

    `counted`: what `tables` were made from. A median has a Woodruff interval, a standard
    deviation one on the scale of its logarithm; neither has tests. The interval of a net score
    and of an effect ends at -1 and 1. The table of an experiment gets the number of people of
    its smallest arm.
    """
    return tuple(
        _derived(counted, layout, _of_arms(counted, t, table), publication.alpha)
        for t, (layout, table) in enumerate(zip(counted.layouts, tables, strict=True))
    )


def _of_arms(counted: Counted, t: int, table: Table) -> Table:
    """The table of an experiment with the people of its smallest arm as its number of people.

    Each row is of one arm, so that is what decides whether its numbers may be shown.
    """
    if table.identity.type != QuestionType.EXPERIMENT or not table.identity.multiple:
        return table
    arms = [i for i, row in enumerate(table.rows) if row.kind != "effect"]
    place = counted.rows[t]
    bases = [sums.denominator[place][arms][..., : SQUARE + 1] for sums in counted.sums]
    everybody = bases[0].sum(axis=1, keepdims=True)
    columns = np.concatenate([*(each[:, :-1] for each in bases), everybody], axis=1)
    n, n_eff = columns[..., COUNT].min(axis=0), kish(columns).min(axis=0)
    return replace(table, n=np.rint(n).astype(np.int64), n_eff=n_eff)


def _derived(counted: Counted, layout: Layout, table: Table, alpha: float) -> Table:
    cut = [i for i, row in enumerate(table.rows) if row.kind in ("score", "effect")]
    makers = {"median": _medians, "sd": _deviations}
    made = [i for i, row in enumerate(table.rows) if row.kind in makers]
    if not cut and not made:
        return table
    arrays: dict[str, Any] = {
        name: np.array(getattr(table, name), dtype=np.float64)
        for name in ("estimate", "standard_error", "low", "high", *_UNTESTED)
    }
    for name in ("low", "high"):
        arrays[name][cut] = np.clip(arrays[name][cut], -1.0, 1.0)
    for i in made:
        assert layout.values is not None
        parts = [
            makers[table.rows[i].kind](column, alpha)
            for column in _columns(counted, layout.values, len(counted.samples))
        ]
        found = [np.concatenate([getattr(part, name) for part in parts]) for name in _PARTS]
        for name, values in zip(_PARTS, found, strict=True):
            arrays[name][i] = values
        for name in _UNTESTED:
            arrays[name][i] = np.nan
    return replace(table, **arrays)


_PARTS = ("estimate", "standard_error", "low", "high")


@dataclass(frozen=True, eq=False)
class _Estimate:
    """Of the columns (C) of an axis."""

    estimate: Floats
    standard_error: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class _Columns:
    """The people (n) with a value, and the columns of one axis they are in.

    `values`: 0 where there is none. `members` (C, n): who is in each column and has a value.
    `columns`: their places among the sums of `sample`, with everybody as the last.
    """

    sample: Sample
    values: Floats
    known: NDArray[np.bool_]
    members: tuple[NDArray[np.bool_], ...]
    columns: slice

    def sums(self, rows: Floats) -> Floats:
        """Sums (R, C, M) of rows (R, n)."""
        sums = self.sample.sums(rows[:, self.sample.grouping.order])
        everybody = sums.sum(axis=1, keepdims=True)
        return np.concatenate([sums[:, :-1], everybody], axis=1)[:, self.columns]


def _columns(counted: Counted, values: Floats, axes: int) -> list[_Columns]:
    """Per axis its columns; the total goes with the last."""
    known = np.isfinite(values)
    if counted.domain is not None:
        known = known & counted.domain
    filled = np.where(known, values, 0.0)
    result = []
    for i, sample in enumerate(counted.samples):
        axis = counted.banner.axes[i] if counted.banner.axes else None
        count = len(axis.columns) if axis is not None else 0
        members = [known & (axis.groups == c) for c in range(count)] if axis is not None else []
        last = i == axes - 1
        result.append(
            _Columns(
                sample=sample,
                values=filled,
                known=known,
                members=tuple([*members, known] if last else members),
                columns=slice(0, count + 1 if last else count),
            )
        )
    return result


def _medians(at: _Columns, alpha: float) -> _Estimate:
    """Medians of the columns with their Woodruff intervals.

    The standard error of the share at or below the median is that of exactly half of the
    people: where many share one value far more than half are at or below it, and the error of
    that share would be too small for the ends of the interval.
    """
    weights = at.sample.people[:, WEIGHT]
    spread = [Distribution.of(at.values[who], weights[who]) for who in at.members]
    found = np.array([float(each.quantiles(HALF)) for each in spread])
    distinct, place = np.unique(found, return_inverse=True)
    below = (at.values <= np.nan_to_num(distinct)[:, None]) & at.known
    rows = np.vstack([below, at.known[None]]).astype(np.float64)
    sums = at.sums(rows)
    numerator = sums[:-1]
    denominator = np.broadcast_to(sums[-1], numerator.shape)
    linear = linearise(at.sample, numerator, denominator, numerator)
    pick = place, np.arange(len(found))
    share, error = linear.estimate[pick], np.sqrt(variance(at.sample, linear))[pick]
    n, n_eff = sums[-1, :, COUNT], kish(sums[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        carried = error * np.sqrt(HALF * (1 - HALF) / (share * (1 - share)))
        plain = np.sqrt(HALF * (1 - HALF) / n_eff)
    error = np.where(np.isfinite(carried) & (carried > 0), np.minimum(carried, HALF), plain)
    freedom = np.minimum(own_freedom(at.sample, sums[-1]), n - 1)
    ends = proportion_interval(np.full(len(found), HALF), error, n, n_eff, freedom, alpha)
    low, high = (np.full(len(found), np.nan) for _ in range(2))
    for c, (each, some) in enumerate(zip(spread, n, strict=True)):
        if some > 1:
            low[c], high[c] = (float(end) for end in woodruff(each, ends[0][c], ends[1][c]))
    error = (high - low) / (2 * t_quantile(freedom, alpha))
    return _Estimate(found, error, low, high)


def _deviations(at: _Columns, alpha: float) -> _Estimate:
    """Standard deviations, with n / (n - 1), of the columns."""
    centre = float(at.values[at.known].mean()) if at.known.any() else 0.0
    centred = np.where(at.known, at.values - centre, 0.0)
    powers = np.array([at.known.astype(np.float64), *(centred**k for k in range(1, 5))])
    s0, s1, s2, s3, s4 = at.sums(powers)
    with np.errstate(divide="ignore", invalid="ignore"):
        m = (s1[:, WEIGHT] / s0[:, WEIGHT])[:, None]
        squares = s2 - 2 * m * s1 + m**2 * s0
        fourth = s4 - 4 * m * s3 + 6 * m**2 * s2 - 4 * m**3 * s1 + m**4 * s0
    linear = linearise(at.sample, squares[None], s0[None], fourth[None])
    n = s0[:, COUNT]
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(np.maximum(linear.estimate[0], 0.0) * n / (n - 1))
        error = np.sqrt(variance(at.sample, linear)[0]) * n / (n - 1) / (2 * deviation)
        freedom = np.minimum(own_freedom(at.sample, s0), n - 1)
        reach = np.exp(t_quantile(freedom, alpha) * error / deviation)
        low, high = deviation / reach, deviation * reach
    alike = deviation == 0
    deviation = np.where(n > 1, deviation, np.nan)
    error = np.where(alike, 0.0, error)
    return _Estimate(
        deviation, error, np.where(alike, deviation, low), np.where(alike, deviation, high)
    )
