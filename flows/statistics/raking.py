"""Raking: iterative proportional fitting of weights to several margins, in many groups at once.

Formula source: Deming and Stephan (1940); Deville, Särndal and Sautory (1993). Cyclic raking
multiplies the weights, margin by margin, by target / weighted total of the level, until all
margins hold together.

Speed comes from never touching the respondents while iterating. The margins are split in two
blocks, A and B; a respondent is a triple (group, combination of A's levels, combination of B's
levels). The sample is summarised once in the table T[g, a, b] of base weights, and the weight
of everyone in that cell is at all times T[g, a, b] * factor_a[g, a] * factor_b[g, b]. A sweep
is then two products of T with a vector per group, and updates of arrays as long as a block has
combinations. This is the same iteration as raking respondent by respondent, in the order block
A, block B. Groups do not touch each other, so all are swept together, and those that are there
leave the computation. So: `summarise` once, then `rake`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]

DENSE_CELLS = 4_000_000
"""Up to this many cells the table of the two blocks is an ordinary array (32 MB)."""

LARGEST_BLOCK = 4_000_000
"""Combinations of one block, over all groups, that can still be swept."""

LEAVING = 8
"""Groups that are there leave when they are one in this many: making the tables smaller costs."""


@dataclass(frozen=True, eq=False)
class Summary:
    """A sample of n people in G groups, as much of it as raking needs.

    `sizes`: levels per margin. `of_a`, `of_b`: the margins of the two blocks. `table`: the base
    weights by group, combination of A and combination of B. `cell`: (n,) everybody's place in the
    table, all groups after each other; where the table is sparse, as two numbers: the place among
    groups and combinations of A, and among groups and combinations of B.
    """

    sizes: tuple[int, ...]
    groups: int
    of_a: tuple[int, ...]
    of_b: tuple[int, ...]
    table: _Table
    cell: Ints | tuple[Ints, Ints]

    @property
    def is_dense(self) -> bool:
        """Whether all combinations are held, and not only those that occur."""
        return isinstance(self.cell, np.ndarray)

    def of_people(self, factor_a: Floats, factor_b: Floats) -> Floats:
        """The product (n,) of the factors of everybody's combinations (G, ...)."""
        groups, rows, columns = self.table.shape
        if isinstance(self.cell, np.ndarray):
            both = factor_a.reshape(groups, rows, 1) * factor_b.reshape(groups, 1, columns)
            return np.asarray(both.ravel()[self.cell])
        in_a, in_b = self.cell
        return np.asarray(factor_a.ravel()[in_a] * factor_b.ravel()[in_b])

    def weighted(self, weights: Floats) -> Summary:
        """The same sample with other weights (n,) in a table that is not sparse."""
        assert isinstance(self.cell, np.ndarray)
        cells = level_totals(self.cell, weights, prod(self.table.shape))
        return replace(self, table=_Table(cells.reshape(self.table.shape), self.table.shape))

    def level_totals(self) -> list[Floats]:
        """The weights by level of every margin (G, levels), of a table that is not sparse."""
        cells = self.table.cells
        assert isinstance(cells, np.ndarray)
        totals: dict[int, Floats] = {}
        for block, axis in ((self.of_a, 2), (self.of_b, 1)):
            own = cells.sum(axis=axis).reshape(self.groups, *self._shape(block))
            for i, margin in enumerate(block):
                totals[margin] = own.sum(axis=_others(block, 1, i))
        return [totals[margin] for margin in range(len(self.sizes))]

    def pairs(self) -> Iterator[tuple[int, int, Floats]]:
        """Base weights by the levels of two margins: i, j and (G, levels of i, of j).

        Of every two margins, but for those with more pairs than `DENSE_CELLS`.
        """
        if not isinstance(self.table.cells, np.ndarray):
            yield from self._pairs_of_sparse()
            return
        for block, axis in ((self.of_a, 2), (self.of_b, 1)):
            own = self.table.cells.sum(axis=axis).reshape(self.groups, *self._shape(block))
            for i, j in combinations(range(len(block)), 2):
                yield block[i], block[j], own.sum(axis=_others(block, 1, i, j))
        for i, margin in enumerate(self.of_a):
            by_b = self.table.cells.reshape(self.groups, *self._shape(self.of_a), -1)
            by_b = by_b.sum(axis=_others(self.of_a, 1, i))
            by_b = by_b.reshape(self.groups, self.sizes[margin], *self._shape(self.of_b))
            for j, other in enumerate(self.of_b):
                yield margin, other, by_b.sum(axis=_others(self.of_b, 2, j))

    def _pairs_of_sparse(self) -> Iterator[tuple[int, int, Floats]]:
        _, rows, columns = self.table.shape
        cells = sparse.coo_array(self.table.cells)
        group, in_a = np.divmod(cells.row, rows)
        codes = dict(zip(self.of_a, np.unravel_index(in_a, self._shape(self.of_a)), strict=True))
        in_b = np.unravel_index(cells.col % columns, self._shape(self.of_b) or (1,))
        codes |= dict(zip(self.of_b, in_b, strict=False))
        for i, j in combinations(range(len(self.sizes)), 2):
            shape = self.groups, self.sizes[i], self.sizes[j]
            if prod(shape) > DENSE_CELLS:
                continue
            place = (group * shape[1] + codes[i]) * shape[2] + codes[j]
            yield i, j, level_totals(place, cells.data, prod(shape)).reshape(shape)

    def _shape(self, block: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(self.sizes[m] for m in block)


def summarise(
    codes: Sequence[Ints], sizes: Sequence[int], base: Floats, group: Ints | None, groups: int
) -> Summary:
    """Sum base weights (n,), none negative, by group and combination of levels.

    `codes`: per margin (n,) the level, below the number in `sizes`. `group`: (n,), None where
    there is one. Only for margins that `can_be_swept`.
    """
    of_a, of_b = _split(tuple(sizes))
    shape = groups, prod(sizes[m] for m in of_a), prod(sizes[m] for m in of_b)
    if prod(shape) > DENSE_CELLS:
        key_a, key_b = _key(group, codes, sizes, of_a), _key(group, codes, sizes, of_b)
        table = _Table.sparse(key_a, key_b, base, shape)
        return Summary(tuple(sizes), groups, of_a, of_b, table, (key_a, key_b))
    cell = _key(group, codes, sizes, (*of_a, *of_b))
    empty = _Table(np.empty(0), shape)
    return Summary(tuple(sizes), groups, of_a, of_b, empty, cell).weighted(base)


@dataclass(frozen=True, eq=False)
class Raked:
    """The factors (n,) by which to multiply the base weights, and how raking went.

    Per group (G,): `iterations`, the sweeps it took; `error`, the largest relative difference
    between a level's weighted total and its target; `converged`.
    """

    factors: Floats
    iterations: Ints
    error: Floats
    converged: NDArray[np.bool_]


def rake(
    sample: Summary,
    targets: Sequence[Floats],
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 1000,
) -> Raked:
    """Rake base weights to the targets of every margin, in every group apart.

    `targets`: per margin (G, levels), weighted totals; in a group all margins have the same sum,
    and a level the group does not have has target 0. A result that has not converged is returned
    as such: the caller decides what that means.
    """
    a = _Block([targets[m] for m in sample.of_a])
    b = _Block([targets[m] for m in sample.of_b])
    table, groups = sample.table, sample.groups
    factors_a, factors_b = np.ones((groups, *a.sizes)), np.ones((groups, *b.sizes))
    iterations, errors = np.zeros(groups, dtype=np.intp), np.full(groups, np.inf)
    active, factor_a, factor_b = np.arange(groups), factors_a.copy(), factors_b.copy()
    sweep = 0
    with np.errstate(over="ignore", invalid="ignore"):  # contradictory targets: factors explode
        total_b = factor_b * table.over_a(factor_a).reshape(factor_b.shape)
        while True:
            total_a = factor_a * table.over_b(factor_b).reshape(factor_a.shape)
            # The margin that is fitted first is met last: only then are all of them judged. Both
            # blocks at the same moment: total_b still holds for these factors.
            error = a.first_error(total_a)
            if sweep == max_iterations or not (error > tolerance).all():
                error = np.maximum(a.error(total_a), b.error(total_b))
            errors[active], iterations[active] = error, sweep
            unmet = (error > tolerance) & np.isfinite(error)
            if not unmet.any() or sweep == max_iterations:
                factors_a[active], factors_b[active] = factor_a, factor_b
                break
            if (len(unmet) - unmet.sum()) * LEAVING >= len(unmet):
                factors_a[active], factors_b[active] = factor_a, factor_b
                active, factor_a, factor_b = active[unmet], factor_a[unmet], factor_b[unmet]
                total_a = total_a[unmet]
                table, a, b = table.only(unmet), a.only(unmet), b.only(unmet)
            sweep += 1
            a.fit(total_a, factor_a)
            total_b = factor_b * table.over_a(factor_a).reshape(factor_b.shape)
            b.fit(total_b, factor_b)
        factors = sample.of_people(factors_a, factors_b)
    return Raked(factors, iterations, errors, errors <= tolerance)


def can_be_swept(sizes: Sequence[int], groups: int) -> bool:
    """Whether the combinations of the two blocks are few enough to hold them all."""
    return all(
        groups * prod(sizes[m] for m in block) <= LARGEST_BLOCK for block in _split(tuple(sizes))
    )


def level_totals(codes: Ints, weights: Floats, levels: int) -> Floats:
    """The sum of the weights per level: (levels,)."""
    totals: Floats = np.bincount(codes, weights, levels).astype(np.float64, copy=False)
    return totals


def relative_errors(totals: Floats, targets: Floats) -> Floats:
    """|total - target| / target per level; where the target is zero, the total itself."""
    errors: Floats = np.abs(totals - targets)
    np.divide(errors, targets, out=errors, where=targets > 0)
    return errors


class _Block:
    """Some of the margins; arrays over its combinations have an axis per margin, after groups."""

    def __init__(self, targets: list[Floats]) -> None:
        self.targets = targets
        self.sizes = tuple(target.shape[1] for target in targets)
        axes = range(1, len(targets) + 1)
        self.others = [tuple(axis for axis in axes if axis != own) for own in axes]
        self.wide = [
            (len(target), *(size if axis == own else 1 for axis, size in enumerate(self.sizes)))
            for own, target in enumerate(targets)
        ]

    def first_error(self, totals: Floats) -> Floats:
        """The largest relative error of each group (G,) in the first margin."""
        errors = relative_errors(totals.sum(axis=self.others[0]), self.targets[0])
        return np.asarray(errors.max(axis=1))

    def error(self, totals: Floats) -> Floats:
        """The largest relative error of each group (G,)."""
        error = np.zeros(len(totals))
        for target, others in zip(self.targets, self.others, strict=True):
            error = np.maximum(error, relative_errors(totals.sum(axis=others), target).max(axis=1))
        return error

    def fit(self, totals: Floats, factors: Floats) -> None:
        """Scale each margin in turn to its targets, in place."""
        for target, others, wide in zip(self.targets, self.others, self.wide, strict=True):
            reached = totals.sum(axis=others)
            ratio = np.divide(target, reached, out=np.zeros_like(target), where=reached > 0)
            ratio = ratio.reshape(wide)
            totals *= ratio
            factors *= ratio

    def only(self, groups: NDArray[np.bool_]) -> _Block:
        return _Block([target[groups] for target in self.targets])


@dataclass(frozen=True, eq=False)
class _Table:
    """Base weights by group, combination of A and combination of B.

    `cells`: (G, A, B), or when that is large a sparse matrix (G * A, G * B) of which each group
    fills a block on the diagonal.
    """

    cells: Floats | sparse.csr_array
    shape: tuple[int, int, int]

    @classmethod
    def sparse(cls, a: Ints, b: Ints, base: Floats, shape: tuple[int, int, int]) -> _Table:
        """`a` (n,) numbers group and combination of A together, `b` those of B."""
        groups, rows, columns = shape
        wide = groups * rows, groups * columns
        return cls(sparse.coo_array((base, (a, b)), shape=wide).tocsr(), shape)

    def over_b(self, factor: Floats) -> Floats:
        """Sums of the cells times a factor (G, ...) per combination of B: (G, A)."""
        groups, _, columns = self.shape
        if isinstance(self.cells, np.ndarray):
            return self.cells @ factor.reshape(groups, columns, 1)
        return np.asarray(self.cells @ factor.ravel())

    def over_a(self, factor: Floats) -> Floats:
        """Sums of the cells times a factor (G, ...) per combination of A: (G, B)."""
        groups, rows, _ = self.shape
        if isinstance(self.cells, np.ndarray):
            return factor.reshape(groups, 1, rows) @ self.cells
        return np.asarray(self.cells.T @ factor.ravel())

    def only(self, groups: NDArray[np.bool_]) -> _Table:
        _, rows, columns = self.shape
        shape = int(groups.sum()), rows, columns
        if isinstance(self.cells, np.ndarray):
            return _Table(self.cells[groups], shape)
        kept = self.cells[np.repeat(groups, rows)][:, np.repeat(groups, columns)]
        return _Table(kept.tocsr(), shape)


def _others(block: tuple[int, ...], first: int, *kept: int) -> tuple[int, ...]:
    """The axes of the margins of a block, the first of which is axis `first`, but for some."""
    return tuple(first + k for k in range(len(block)) if k not in kept)


def _key(
    group: Ints | None, codes: Sequence[Ints], sizes: Sequence[int], margins: tuple[int, ...]
) -> Ints:
    """The group and the combination of levels of each respondent as one number (n,)."""
    key: Ints = np.zeros(len(codes[0]), dtype=np.intp)
    if group is not None:
        key += group
    for m in margins:
        key *= sizes[m]
        key += codes[m]
    return key


@lru_cache(maxsize=256)
def _split(sizes: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The margins of blocks A and B: the split with the smallest larger block."""
    margins = range(len(sizes))
    if len(sizes) > 14:  # too many splits to try them all
        by_size = sorted(margins, key=lambda m: -sizes[m])
        return tuple(sorted(by_size[::2])), tuple(sorted(by_size[1::2]))
    choices = (c for k in range(1, len(sizes) + 1) for c in combinations(margins, k))

    def larger(chosen: tuple[int, ...]) -> int:
        return max(
            prod(sizes[m] for m in chosen), prod(sizes[m] for m in margins if m not in chosen)
        )

    chosen = min(choices, key=larger)
    return chosen, tuple(m for m in margins if m not in chosen)
