"""The auxiliary variables of a calibration: levels of margins, and numbers, in groups.

The matrix of these variables is never made. A row (a respondent, or a cell of respondents who
are alike) has one level per margin, so that a product with the matrix is a look-up, a product
with its transpose is a sum by level, and X'WX is the two-way tables of all pairs of margins.
Groups do not share variables: everything comes per group, X'WX as (G, K, K).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from flows.statistics.raking import DENSE_CELLS, Summary, level_totals, summarise

Floats = NDArray[np.float64]
Ints = NDArray[np.integer]

CROSSED = 16
"""A table of all combinations may have so many times more cells than there are rows."""


@dataclass(frozen=True, eq=False)
class Auxiliaries:
    """K variables of C rows in G groups; K counts the levels of all margins, then the numbers.

    `codes`: per margin (C,) the level. `shares`: per margin None, or (G, levels): a row whose
    code is the number of levels has no known level, and counts for all by these shares.
    `sizes`: per margin the number of levels. `numeric`: (C, q). `group`: (C,) ascending, None
    where G is 1.
    """

    codes: Sequence[Ints]
    sizes: Sequence[int]
    shares: Sequence[Floats | None]
    numeric: Floats
    group: Ints | None
    groups: int
    starts: Ints = field(init=False)
    places: list[Ints] = field(init=False)
    summary: Summary | None = field(init=False)

    def __post_init__(self) -> None:
        first = (
            np.zeros(1, dtype=np.intp)
            if self.group is None
            else np.searchsorted(self.group, np.arange(self.groups))
        )
        object.__setattr__(self, "starts", first)
        wide = [
            code.astype(np.intp) if self.group is None else self.group * width + code
            for code, width in zip(self.codes, self.widths, strict=True)
        ]
        object.__setattr__(self, "places", wide)
        # With combinations enough in common, all pairs come out of one table.
        table, found = prod(self.widths) * self.groups, None
        if len(self.sizes) > 2 and table <= min(DENSE_CELLS, CROSSED * len(self.numeric)):
            ones = np.ones(len(self.numeric))
            found = summarise(self.codes, self.widths, ones, self.group, self.groups)
        object.__setattr__(self, "summary", found)

    @property
    def widths(self) -> list[int]:
        """Levels per margin, with one more where a level may be unknown."""
        return [
            size + (share is not None) for size, share in zip(self.sizes, self.shares, strict=True)
        ]

    @property
    def count(self) -> int:
        """K, the number of variables."""
        return sum(self.sizes) + int(self.numeric.shape[1])

    def per_group(self, values: Floats) -> Floats:
        """Sums of values (C,) by group: (G,)."""
        return np.add.reduceat(values, self.starts)

    def largest(self, values: Floats) -> Floats:
        """The largest of values (C,) in each group: (G,)."""
        return np.maximum.reduceat(values, self.starts)

    def rows(self, values: Floats) -> Floats:
        """Values per group (G,) as values of the rows (C,), or one that holds for all."""
        result: Floats = values[0] if self.group is None else values[self.group]
        return result

    def product(self, coefficients: Floats) -> Floats:
        """X b: coefficients (G, K) to one number a row (C,)."""
        result = np.zeros(len(self.numeric))
        start = 0
        for place, size, shares in zip(self.places, self.sizes, self.shares, strict=True):
            own = coefficients[:, start : start + size]
            if shares is not None:
                own = np.column_stack([own, (own * shares).sum(axis=1)])
            result += own.ravel()[place]
            start += size
        for j in range(self.numeric.shape[1]):
            result += self.numeric[:, j] * self.rows(coefficients[:, start + j])
        return result

    def totals(self, weights: Floats) -> Floats:
        """X'w: sums of weights (C,) by level and of weights times the numbers: (G, K)."""
        folded = [
            total if shares is None else total[:, :-1] + shares * total[:, -1:]
            for total, shares in zip(self._by_level(weights), self.shares, strict=True)
        ]
        numbers = [self.per_group(weights * column)[:, None] for column in self.numeric.T]
        return np.concatenate([*folded, *numbers], axis=1)

    def gram(self, weights: Floats) -> Floats:
        """X'WX for weights (C,): (G, K, K)."""
        ends = np.cumsum([0, *self.widths])
        q = self.numeric.shape[1]
        gram = cross_products(self._by_level(weights), self.pairs(weights), q)
        for j in range(q):
            sums = np.concatenate(self._by_level(weights * self.numeric[:, j]), axis=1)
            gram[:, : ends[-1], ends[-1] + j] = gram[:, ends[-1] + j, : ends[-1]] = sums
        for i in range(q):
            for j in range(i, q):
                sums = self.per_group(weights * self.numeric[:, i] * self.numeric[:, j])
                gram[:, ends[-1] + i, ends[-1] + j] = gram[:, ends[-1] + j, ends[-1] + i] = sums
        if all(shares is None for shares in self.shares):
            return gram
        once = fold(gram, self.sizes, self.shares)
        return fold(once.transpose(0, 2, 1), self.sizes, self.shares)

    def quadratic(self, form: Floats) -> Floats:
        """x' Q x of every row (C,), for symmetric forms Q (G, K, K)."""
        once = unfold(form, self.sizes, self.shares)
        spread = unfold(once.transpose(0, 2, 1), self.sizes, self.shares)
        wide = spread.shape[1]
        ends = np.cumsum([0, *self.widths])
        first = 0 if self.group is None else self.group * wide
        flat, numbers = spread.ravel(), range(int(ends[-1]), wide)
        result = np.zeros(len(self.numeric))
        for i, code in enumerate(self.codes):
            row = (first + ends[i] + code) * wide
            result += flat[row + ends[i] + code]
            for j in range(i + 1, len(self.codes)):
                result += 2 * flat[row + ends[j] + self.codes[j]]
            for column, values in zip(numbers, self.numeric.T, strict=True):
                result += 2 * values * flat[row + column]
        for i, a in zip(numbers, self.numeric.T, strict=True):
            for j, b in zip(numbers, self.numeric.T, strict=True):
                result += a * b * self.rows(spread[:, i, j])
        return result

    def pairs(self, weights: Floats) -> Iterator[tuple[int, int, Floats]]:
        """Sums of weights (C,) by the codes of every two margins: i, j, (G, of i, of j)."""
        if self.summary is not None:
            yield from self.summary.weighted(weights).pairs()
            return
        for i, j in combinations(range(len(self.sizes)), 2):
            shape = self.groups, self.widths[i], self.widths[j]
            place = self.places[i] * shape[2] + self.codes[j]
            yield i, j, level_totals(place, weights, prod(shape)).reshape(shape)

    def matrix(self) -> sparse.csr_array:
        """X itself (C, K), for one group only."""
        if self.groups > 1:
            raise ValueError("the matrix of several groups is not made")
        blocks = []
        for code, size, shares in zip(self.codes, self.sizes, self.shares, strict=True):
            rows = sparse.eye_array(size, format="csr")
            if shares is not None:
                rows = sparse.vstack([rows, sparse.csr_array(shares)], format="csr")
            blocks.append(rows[code])
        return sparse.csr_array(sparse.hstack([*blocks, sparse.csr_array(self.numeric)]))

    def _by_level(self, weights: Floats) -> list[Floats]:
        """Sums of weights (C,) by the codes of every margin: (G, codes)."""
        if self.summary is not None:
            return self.summary.weighted(weights).level_totals()
        return [
            level_totals(place, weights, self.groups * width).reshape(self.groups, width)
            for place, width in zip(self.places, self.widths, strict=True)
        ]


def cross_products(
    totals: Sequence[Floats], pairs: Iterable[tuple[int, int, Floats]], more: int = 0
) -> Floats:
    """X'WX (G, K, K) of levels, from sums by level (G, levels) and by two margins.

    With `more` rows and columns of zeros behind them.
    """
    ends = np.cumsum([0, *(total.shape[1] for total in totals)])
    gram = np.zeros((len(totals[0]), ends[-1] + more, ends[-1] + more))
    for m, total in enumerate(totals):
        own = np.arange(ends[m], ends[m + 1])
        gram[:, own, own] = total
    for i, j, table in pairs:
        gram[:, ends[i] : ends[i + 1], ends[j] : ends[j + 1]] = table
        gram[:, ends[j] : ends[j + 1], ends[i] : ends[i + 1]] = table.transpose(0, 2, 1)
    return gram


def fold(gram: Floats, sizes: Sequence[int], shares: Sequence[Floats | None]) -> Floats:
    """Add the rows of missing levels (G, codes, ...) to all levels, by their shares."""
    folded, start = [], 0
    for size, own in zip(sizes, shares, strict=True):
        block = gram[:, start : start + size]
        if own is not None:
            block = block + own[:, :, None] * gram[:, start + size, None, :]
        folded.append(block)
        start += size + (own is not None)
    return np.concatenate([*folded, gram[:, start:]], axis=1)


def unfold(form: Floats, sizes: Sequence[int], shares: Sequence[Floats | None]) -> Floats:
    """Rows (G, levels, ...) with one more for missing levels: the others', by their shares."""
    unfolded, start = [], 0
    for size, own in zip(sizes, shares, strict=True):
        block = form[:, start : start + size]
        unfolded.append(block)
        if own is not None:
            unfolded.append(own[:, None, :] @ block)
        start += size
    return np.concatenate([*unfolded, form[:, start:]], axis=1)
