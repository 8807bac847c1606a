"""Raking: iterative proportional fitting of weights to several margins at once.

Formula source: Deming and Stephan (1940); Deville, Särndal and Sautory (1993). Cyclic raking
multiplies the weights, margin by margin, by target / weighted total of the level, until all
margins hold together.

Speed comes from never touching the respondents while iterating. The margins are split in two
blocks, A and B; a respondent is a pair (combination of A's levels, combination of B's levels).
The sample is summarised once in the table T[a, b] of base weights, and the weight of everyone
in that cell is at all times T[a, b] * factor_a[a] * factor_b[b]. A sweep is then two products
of T with a vector, and updates of vectors as long as a block has combinations. This is the
same iteration as raking respondent by respondent, in the order block A, block B.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

DENSE_CELLS = 4_000_000
"""Up to this many cells the table of the two blocks is an ordinary matrix (32 MB)."""

OBSERVED_ONLY = 65_536
"""A block with more possible combinations than this keeps only those that occur."""


@dataclass(frozen=True, eq=False)
class Raked:
    """The factors (n,) by which to multiply the base weights, and how raking went.

    `error`: largest relative difference between a level's weighted total and its target.
    """

    factors: Floats
    iterations: int
    error: float
    converged: bool


def rake(
    codes: Sequence[Ints],
    targets: Sequence[Floats],
    base: Floats,
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 1000,
) -> Raked:
    """Rake base weights to the targets of every margin.

    `codes`: per margin (n,), the level of each respondent as an index into that margin's
    targets. `targets`: per margin (levels,), weighted totals; all margins have the same sum.
    `base`: (n,) weights, none negative. A result that has not converged is returned as such:
    the caller decides what that means.
    """
    sizes = [len(target) for target in targets]
    chosen = _split(sizes)
    a = _block(codes, targets, [m for m in range(len(sizes)) if m in chosen])
    b = _block(codes, targets, [m for m in range(len(sizes)) if m not in chosen])
    table, transposed = _two_way_table(a, b, base)

    factor_a, factor_b = np.ones(a.size), np.ones(b.size)
    sweep = 0
    with np.errstate(over="ignore", invalid="ignore"):  # contradictory targets: factors explode
        total_b = factor_b * (transposed @ factor_a)
        while True:
            total_a = factor_a * (table @ factor_b)
            # Both blocks are judged at the same moment: total_b still holds for these factors.
            error = float(np.max([a.error(total_a), b.error(total_b)]))
            if error <= tolerance or sweep == max_iterations or not np.isfinite(error):
                break
            sweep += 1
            a.fit(total_a, factor_a)
            total_b = factor_b * (transposed @ factor_a)
            b.fit(total_b, factor_b)
        factors = factor_a[a.key] * factor_b[b.key]
    return Raked(factors, sweep, error, error <= tolerance)


def level_totals(codes: Ints, weights: Floats, levels: int) -> Floats:
    """The sum of the weights per level: (levels,)."""
    totals: Floats = np.bincount(codes, weights, levels).astype(np.float64, copy=False)
    return totals


def relative_errors(totals: Floats, targets: Floats) -> Floats:
    """|total - target| / target per level; where the target is zero, the total itself."""
    errors: Floats = np.abs(totals - targets)
    np.divide(errors, targets, out=errors, where=targets > 0)
    return errors


def combine(codes: Sequence[Ints], sizes: Sequence[int], n: int) -> tuple[Ints, list[Ints]]:
    """Number the combinations of several codings.

    Returns the combination of each of the n rows, and per coding its code in each
    combination. With few possible combinations all are numbered, otherwise those that occur.
    """
    key: Ints = np.zeros(n, dtype=np.intp)
    seen: list[Ints] = []
    size = 1
    for code, levels in zip(codes, sizes, strict=True):
        key = key * levels + code
        if size * levels <= OBSERVED_ONLY:
            kept = np.arange(size * levels)
        else:
            kept, key = np.unique(key, return_inverse=True)
        seen = [*(column[kept // levels] for column in seen), kept % levels]
        size = len(kept)
    return key, seen


@dataclass(frozen=True, eq=False)
class _Block:
    """Some of the margins: `codes[m][c]` is the level of margin m in combination c."""

    key: Ints
    size: int
    codes: list[Ints]
    targets: list[Floats]

    def error(self, totals: Floats) -> float:
        errors = [
            relative_errors(level_totals(code, totals, len(target)), target)
            for code, target in zip(self.codes, self.targets, strict=True)
        ]
        return float(np.concatenate(errors).max()) if errors else 0.0

    def fit(self, totals: Floats, factors: Floats) -> None:
        """Scale each margin in turn to its targets, in place."""
        for code, target in zip(self.codes, self.targets, strict=True):
            reached = level_totals(code, totals, len(target))
            ratio = np.divide(target, reached, out=np.zeros_like(target), where=reached > 0)[code]
            totals *= ratio
            factors *= ratio


def _block(codes: Sequence[Ints], targets: Sequence[Floats], members: list[int]) -> _Block:
    n = len(codes[0])
    sizes = [len(targets[m]) for m in members]
    key, seen = combine([codes[m] for m in members], sizes, n)
    size = len(seen[0]) if seen else 1
    return _Block(key, size, seen, [targets[m] for m in members])


def _split(sizes: Sequence[int]) -> set[int]:
    """The margins of block A: the split that keeps the larger block as small as it can be."""
    margins = range(len(sizes))
    if len(sizes) > 14:
        return set(sorted(margins, key=lambda m: -sizes[m])[::2])
    choices = (set(c) for k in range(1, len(sizes) + 1) for c in combinations(margins, k))

    def larger(chosen: set[int]) -> int:
        return max(
            prod(sizes[m] for m in margins if m in chosen),
            prod(sizes[m] for m in margins if m not in chosen),
        )

    return min(choices, key=larger)


def _two_way_table(a: _Block, b: _Block, base: Floats) -> tuple[sparse.csr_array | Floats, ...]:
    """Base weights by combination of A (rows) and of B (columns), and the same transposed."""
    if a.size * b.size <= DENSE_CELLS:
        cells = level_totals(a.key * b.size + b.key, base, a.size * b.size)
        table = cells.reshape(a.size, b.size)
        return table, table.T
    table = sparse.coo_array((base, (a.key, b.key)), shape=(a.size, b.size)).tocsr()
    return table, table.T.tocsr()
