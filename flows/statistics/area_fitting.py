"""Iterative proportional fitting of one seed table to the margins of very many areas at once.

Formula source: Deming and Stephan (1940). The axes of the seed are split in two blocks, and the
table of area a is at all times

    shares[a, r, c] = left[a, r] * seed[r, c] * right[a, c]

with r the combinations of the first block and c those of the second. So the table itself is
never touched while iterating: a sweep is two products with the seed and small products that add
up and spread out the levels, in single precision; the result is checked in double precision.
A crossed margin (age by sex) is one axis of the seed with all its pairs as levels.

Fitting works on shares: margins of one area that add up to different totals, as rounded counts
do, are each brought to one first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flows.errors import Refusal

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CHUNK = 20_000
"""Areas fitted together: at 126 cells a table of 10 MB."""

NOWHERE = -1
"""Source level of a margin that no area, however coarse, has."""

TINY = np.float32(1e-30)
LARGEST = np.float32(1e15)
"""Margins that contradict each other drive factors up without end; this is far enough."""


class AreaFittingError(Refusal):
    """A seed or margins of areas that cannot be fitted."""


@dataclass(frozen=True, eq=False)
class AreaMargin:
    """One margin of A areas: `shares` (A, L) and `source` (A,), where they come from.

    Source 0 is the area itself, 1 the first coarser area, and so on; `NOWHERE` (-1): no area
    has it, and the shares are missing (NaN). `variance` (A, L): of the error of the shares of
    areas that are their own source, where counts were rounded.
    """

    name: str
    shares: Floats
    source: NDArray[np.int8]
    variance: Floats | None = None


@dataclass(frozen=True, eq=False)
class FittedAreas:
    """Tables of a run of n areas, from the place `start` among all.

    `shares` (n, cells) add up to one per area; zero where the area has `empty` margins.
    `error` (n,): largest difference between a fitted and a given share, NaN where empty.
    `iterations` (n,): sweeps taken. `converged` (n,): the error is within the tolerance.
    """

    start: int
    shares: Singles
    error: Floats
    iterations: NDArray[np.int16]
    converged: Bools
    empty: Bools

    @property
    def stop(self) -> int:
        return self.start + len(self.shares)


def margin_of_areas(
    name: str, own: ArrayLike, coarser: Sequence[tuple[ArrayLike, ArrayLike]] = ()
) -> AreaMargin:
    """A margin per area, from the area itself or the first coarser area that has it.

    `own` (A, L): counts or shares, NaN where unpublished. `coarser`, finest first: pairs of the
    place (A,) of every area's coarser area and the counts (P, L) of those. A row counts as
    published when all its levels are there and they do not add up to zero.
    Raises `AreaFittingError` for negative or infinite numbers and for tables that do not agree
    in levels.
    """
    first = _numbers(name, own)
    a, levels = first.shape
    shares = np.full((a, levels), np.nan)
    source = np.full(a, NOWHERE, dtype=np.int8)
    tables = [(np.arange(a), first)]
    tables += [(np.asarray(of, dtype=np.int64), _numbers(name, rows)) for of, rows in coarser]
    for level, (of, rows) in enumerate(tables):
        if rows.shape[1] != levels or of.shape != (a,):
            raise AreaFittingError(
                f"margin {name}: table {level} of its areas has {rows.shape[1]} levels for "
                f"{len(of)} areas, not {levels} for {a}; give every table the same levels."
            )
        total = rows.sum(axis=1)
        there = np.isfinite(total) & (total > 0)
        taken = (source == NOWHERE) & there[of]
        shares[taken] = (rows[of[taken]].T / total[of[taken]]).T
        source[taken] = level
    return AreaMargin(name, shares, source)


def dispersion(
    own: ArrayLike, coarse: ArrayLike, residents: ArrayLike, rounding: float = 0.0
) -> float:
    """How much areas differ from their coarser area in one margin, beyond the luck of the draw.

    The intra-area correlation rho of Var(share) = q (1 - q) (1 / n + (1 - 1 / n) rho), by
    moments weighted with n. `own`, `coarse` (A, L): shares of areas and of their coarser areas;
    `residents` (A,): n; `rounding`: the unit counts were rounded to, whose error of variance
    unit^2 / 12 a level is taken off. At least 0; 0 where nothing can be compared.
    """
    p, q = np.asarray(own, dtype=float), np.asarray(coarse, dtype=float)
    n = np.asarray(residents, dtype=float)
    spread = 1 - (q**2).sum(axis=1)
    usable = np.isfinite(p).all(axis=1) & np.isfinite(q).all(axis=1) & (n > 1) & (spread > 1e-9)
    if not usable.any():
        return 0.0
    p, q, n, spread = p[usable], q[usable], n[usable], spread[usable]
    squared = ((p - q) ** 2).sum(axis=1) - p.shape[1] * rounding**2 / 12 / n**2
    rho = (squared / spread - 1 / n) / (1 - 1 / n)
    return float(np.clip(n @ rho / n.sum(), 0.0, 1.0))


def steadied(
    margin: AreaMargin, coarse: ArrayLike, residents: ArrayLike, rho: float, unit: float
) -> AreaMargin:
    """The margin with rounded counts drawn towards the coarser area as far as rounding blurs them.

    A count rounded to `unit` has an error of variance R = unit^2 / 12; the true count varies
    around the coarser share q with V = n q (1 - q) (1 + (n - 1) rho). The best linear guess
    gives the count V / (V + R) of the say, with an error of V R / (V + R): in an area of 15
    people seven age groups rounded to 5 say little. `coarse` (A, L): shares of coarser areas;
    `residents` (A,): n; `rho`: `dispersion`. Margins from coarser areas stay as they are.
    """
    q, n = np.asarray(coarse, dtype=float), np.maximum(np.asarray(residents, dtype=float), 1.0)
    n = n[:, None]
    varies = np.maximum(n * q * (1 - q) * (1 + (n - 1) * rho), 1e-9)
    blurs = unit**2 / 12
    say = varies / (varies + blurs)
    shares = say * margin.shares + (1 - say) * q
    shares /= shares.sum(axis=1, keepdims=True)
    own = (margin.source == 0)[:, None] & np.isfinite(shares)
    variance = np.where(own, say * blurs / n**2, 0.0)
    return AreaMargin(margin.name, np.where(own, shares, margin.shares), margin.source, variance)


def level_of_cells(sizes: Sequence[int]) -> list[Floats]:
    """Per axis the matrix (cells, levels) of 0 and 1 that says which level a cell has."""
    codes = np.unravel_index(np.arange(prod(sizes)), tuple(sizes))
    return [np.eye(size)[code] for size, code in zip(sizes, codes, strict=True)]


def fit_areas(
    seed: ArrayLike,
    margins: Sequence[AreaMargin],
    *,
    tolerance: float = 1e-4,
    max_iterations: int = 100,
    chunk: int = CHUNK,
) -> Iterator[FittedAreas]:
    """Fit the seed to the margins of all areas, `chunk` areas at a time.

    `seed`: a table with one axis per margin, none negative; `tolerance`: largest difference
    allowed between a fitted and a given level, as a share of the area's total. An area that is
    not there after `max_iterations` sweeps is given as far as it came and marked. Raises
    `AreaFittingError` for a seed that is not such a table or without people in a level, and for
    margins that do not fit it.
    """
    table = _checked_seed(seed, margins)
    return _chunks(table, margins, tolerance, max_iterations, chunk)


def _chunks(
    table: Floats, margins: Sequence[AreaMargin], tolerance: float, most: int, chunk: int
) -> Iterator[FittedAreas]:
    sizes = table.shape
    sweeper = _Sweeper(table)
    levels = np.hstack(level_of_cells(sizes))
    for start in range(0, len(margins[0].shares), chunk):
        rows = slice(start, start + chunk)
        targets = [margin.shares[rows] for margin in margins]
        empty = np.any([~np.isfinite(t).all(axis=1) for t in targets], axis=0)
        given = [np.where(empty[:, None], 0.0, t) for t in targets]
        left, right, iterations = sweeper.fit(
            [t.astype(np.float32) for t in given], ~empty, tolerance / 4, most
        )
        shares = (left[:, :, None] * right[:, None, :]).reshape(len(empty), -1)
        shares *= sweeper.seed.ravel()
        total = shares.sum(axis=1, keepdims=True)  # not one where margins contradict each other
        empty |= ~(total[:, 0] > 0)
        shares /= np.where(total > 0, total, 1)
        fitted = shares.astype(np.float64) @ levels
        error = np.abs(fitted - np.hstack(given)).max(axis=1)
        error[empty] = np.nan
        yield FittedAreas(start, shares, error, iterations, error <= tolerance, empty)


class _Sweeper:
    """The seed as a matrix between two blocks of axes, and their levels."""

    def __init__(self, seed: Floats) -> None:
        sizes = seed.shape
        split = min(
            range(1, len(sizes)) if len(sizes) > 1 else (1,),
            key=lambda i: prod(sizes[:i]) + prod(sizes[i:]),
        )
        matrix = seed.reshape(prod(sizes[:split]), -1) / seed.sum()
        self.seed: Singles = matrix.astype(np.float32)
        self.split = split
        self.left = [m.astype(np.float32) for m in level_of_cells(sizes[:split])]
        self.right = [m.astype(np.float32) for m in level_of_cells(sizes[split:])]

    def fit(
        self, targets: Sequence[Singles], wanted: Bools, tolerance: float, most: int
    ) -> tuple[Singles, Singles, NDArray[np.int16]]:
        """Factors (n, R) and (n, C) and the sweeps taken; zero for areas not `wanted`."""
        n = len(wanted)
        left = np.zeros((n, self.seed.shape[0]), dtype=np.float32)
        right = np.zeros((n, self.seed.shape[1]), dtype=np.float32)
        sweeps = np.zeros(n, dtype=np.int16)
        rows = np.flatnonzero(wanted)
        a, b = np.ones((len(rows), left.shape[1]), "f4"), np.ones((len(rows), right.shape[1]), "f4")
        own = [t[rows] for t in targets]
        for sweep in range(1, most + 1):
            error = np.zeros(len(rows), dtype=np.float32)
            self._scale(a, b @ self.seed.T, self.left, own[: self.split], error)
            self._scale(b, a @ self.seed, self.right, own[self.split :], error)
            done = error <= tolerance
            # Areas that are there leave, unless too few do to be worth the copying.
            if sweep == most or done.all() or done.sum() * 4 > len(rows):
                left[rows], right[rows] = a, b
                sweeps[rows] = sweep
                if sweep == most or done.all():
                    break
                stay = ~done
                rows, a, b = rows[stay], a[stay], b[stay]
                own = [t[stay] for t in own]
        return left, right, sweeps

    @staticmethod
    def _scale(
        factor: Singles, other: Singles, levels: list[Singles], targets: Sequence[Singles],
        error: Singles,
    ) -> None:  # fmt: skip
        """Bring the margins of one block to their targets, in place; note the largest miss."""
        for of_level, target in zip(levels, targets, strict=True):
            current = (factor * other) @ of_level
            np.maximum(error, np.abs(current - target).max(axis=1), out=error)
            ratio = np.where(current > TINY, target / np.maximum(current, TINY), np.float32(0))
            factor *= np.minimum(ratio, LARGEST) @ of_level.T
            np.minimum(factor, LARGEST, out=factor)


def _numbers(name: str, values: ArrayLike) -> Floats:
    rows = np.asarray(values, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise AreaFittingError(
            f"margin {name} has shape {rows.shape}; give one row per area, one column per level."
        )
    if np.isinf(rows).any() or (rows < 0).any():
        place = int(np.flatnonzero((np.isinf(rows) | (rows < 0)).any(axis=1))[0])
        raise AreaFittingError(
            f"margin {name} holds a negative or infinite number in row {place + 1}; write NaN "
            "where a number is not published."
        )
    return rows


def _checked_seed(seed: ArrayLike, margins: Sequence[AreaMargin]) -> Floats:
    table = np.asarray(seed, dtype=np.float64)
    sizes = tuple(margin.shares.shape[1] for margin in margins)
    if not margins or table.shape != sizes:
        raise AreaFittingError(
            f"the seed table has shape {table.shape} and its margins have {sizes} levels; "
            "give the seed one axis per margin, in the same order."
        )
    if len({len(margin.shares) for margin in margins}) > 1:
        raise AreaFittingError(
            "the margins are of different numbers of areas; give each a row for every area."
        )
    if not np.isfinite(table).all() or (table < 0).any():
        raise AreaFittingError("the seed table holds a negative or missing number; count again.")
    for axis, margin in enumerate(margins):
        others = tuple(i for i in range(table.ndim) if i != axis)
        unseen = np.flatnonzero(table.sum(axis=others) == 0)
        if len(unseen):
            raise AreaFittingError(
                f"the seed table has nobody in level {unseen[0] + 1} of margin {margin.name}; "
                "add a small number to its cells or merge the level."
            )
    return table
