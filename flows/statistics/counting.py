"""Counting by matrix products: every row against every column of a cross-tab at once.

People are put in order of their group once. A row is a vector over people (an indicator of
an answer, or a score); the sums of all rows in all groups are then one small matrix product
a group, in which each value is touched once.

For banners of several axes (`sums_over_axes`) axes are crossed with one another as long as the
cells of the crossing keep enough people to make a matrix product worth its while: a product
costs the same for 8 groups as for 500, and the sums of an axis are those of its cells together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from flows.statistics.threads import in_threads

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Grouping:
    """People in order of group.

    `order`: positions of the people, group by group (n). `starts`: where each group begins
    in that order, and the end (G + 2). The last group holds those without a group.
    """

    order: Ints
    starts: Ints

    @property
    def groups(self) -> int:
        """The number of named groups, G."""
        return len(self.starts) - 2


def group_people(groups: NDArray[np.integer], count: int) -> Grouping:
    """Put people in order of their group: codes 0 .. `count` - 1, and -1 for none."""
    codes = np.asarray(groups, dtype=np.int64)
    if codes.size and (codes.min() < -1 or codes.max() >= count):
        raise ValueError(f"group codes must lie between -1 and {count - 1}")
    codes = np.where(codes < 0, count, codes)
    starts = np.zeros(count + 2, dtype=np.int64)
    np.cumsum(np.bincount(codes, minlength=count + 1), out=starts[1:])
    return Grouping(order=_in_order(codes, count + 1), starts=starts)


def _in_order(codes: Ints, count: int) -> Ints:
    """Positions by code; of few codes numpy sorts two bytes much faster than eight."""
    small = codes.astype(np.int16) if count < 2**15 else codes
    return np.argsort(small, kind="stable")


def grouped_sums(rows: Floats, values: Floats, starts: Ints) -> Floats:
    """Sums of row x value in every group.

    `rows` (R, n) and `values` (n, M) stand in the order of a `Grouping` whose `starts` are
    given. Returns (R, groups, M).
    """
    groups = len(starts) - 1
    sums = np.empty((rows.shape[0], groups, values.shape[1]))
    for g in range(groups):
        here = slice(starts[g], starts[g + 1])
        sums[:, g] = rows[:, here] @ values[here]
    return sums


# ------------------------------------------------------------------- banners of several axes

PEOPLE_IN_CELL = 96
"""Axes are crossed while their cells hold this many people on average.

Below it a matrix product takes longer over its result than over the people.
"""

_PIECE = 4096
"""So many values below 2^12 add up exactly in single precision (24 bits)."""

_PARTS = 5
"""Parts of 12 bits that a double is cut into: 60 bits, more than it has."""

_BYTES, _PIECES = 24, 32
"""So many bytes of indicators, and so many pieces, at a time."""


@dataclass
class Rows:
    """Rows over n people to be counted: indicators, packed eight to a byte, and numbers."""

    n: int
    packed: list[Bytes] = field(default_factory=list)
    numbers: list[Floats] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    _indicators: int = 0

    def add(self, row: NDArray[np.generic]) -> None:
        """Add a row (n): booleans are indicators, anything else numbers."""
        if row.dtype != np.bool_:
            self.places.append(-1 - len(self.numbers))
            self.numbers.append(row.astype(np.float64))
            return
        bit = self._indicators % 8
        if bit == 0:
            self.packed.append(np.zeros(self.n, dtype=np.uint8))
        byte = self.packed[-1]
        np.bitwise_or(byte, np.left_shift(row.view(np.uint8), np.uint8(bit)), out=byte)
        self.places.append(self._indicators)
        self._indicators += 1

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True, eq=False)
class Crossing:
    """Several axes crossed: people in order of the cell they are in, in pieces of a cell.

    `order`: positions of the people, cell by cell. `starts`: where each piece begins, and the
    end. `levels` (L, pieces): 1 where the piece is within a level of one of the axes; the
    levels of `axes` (numbers of the axes) after each other, each axis with a last level for
    those in none of its groups.
    """

    axes: tuple[int, ...]
    order: Ints
    starts: Ints
    levels: Floats


def crossings(
    axes: Sequence[tuple[NDArray[np.integer], int]], domain: Bools | None = None
) -> tuple[Crossing, ...]:
    """Cross axes (codes per person, -1 for none, and the number of groups) where that pays.

    `domain` (n): who counts at all.
    """
    people = None if domain is None else np.flatnonzero(domain)
    codes = []
    for values, count in axes:
        each = np.asarray(values, dtype=np.int64)
        if each.size and (each.min() < -1 or each.max() >= count):
            raise ValueError(f"group codes must lie between -1 and {count - 1}")
        each = np.where(each < 0, count, each)
        codes.append(each if people is None else each[people])
    n = len(codes[0])
    sizes = [len(np.unique(each)) for each in codes]
    together: list[list[int]] = []
    for axis in sorted(range(len(axes)), key=lambda a: -sizes[a]):
        for crossed in together:
            cells = np.prod([sizes[a] for a in crossed])
            if cells * sizes[axis] * PEOPLE_IN_CELL <= n:
                crossed.append(axis)
                break
        else:
            together.append([axis])
    return tuple(_crossing(crossed, codes, axes, people) for crossed in together)


def _crossing(
    crossed: list[int],
    codes: list[Ints],
    axes: Sequence[tuple[NDArray[np.integer], int]],
    people: Ints | None,
) -> Crossing:
    cell = np.zeros(len(codes[0]), dtype=np.int64)
    for axis in crossed:
        cell = cell * (axes[axis][1] + 1) + codes[axis]
    order = _in_order(cell, int(cell.max(initial=0)) + 1)
    ordered = cell[order]
    edges = [0, *(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1).tolist(), len(cell)]
    starts = [at for pair in pairwise(edges) for at in range(*pair, _PIECE)]
    first = order[np.array(starts, dtype=np.int64)]
    levels = [np.equal.outer(np.arange(axes[a][1] + 1), codes[a][first]) for a in crossed]
    return Crossing(
        axes=tuple(crossed),
        order=order if people is None else people[order],
        starts=np.array([*starts, len(cell)], dtype=np.int64),
        levels=np.concatenate(levels).astype(np.float64),
    )


def sums_over_axes(
    rows: Rows,
    exact: Floats,
    others: Floats,
    axes: Sequence[tuple[NDArray[np.integer], int]],
    crossed: Sequence[Crossing] | None = None,
    *,
    single: bool = False,
) -> Floats:
    """Sums of row x value in every group of every axis.

    `exact` (n, E) and `others` (n, Q): values per person; `exact` must not be negative.
    `axes`: codes per person (n; -1 for none) and the number of groups. `crossed`: these axes
    crossed, which also says who counts (default: everybody). `single`: indicators
    times `others` are added up in single precision; those with `exact` are as exact as ever,
    being cut into parts of 12 bits that add up without rounding.

    Returns (L, R, E + Q); L: the groups of every axis, each axis with a last one for those in
    no group.
    """
    lengths = [count + 1 for _, count in axes]
    begins = np.concatenate([[0], np.cumsum(lengths)])
    result = np.zeros((int(begins[-1]), len(rows), exact.shape[1] + others.shape[1]))
    places = np.array(rows.places, dtype=np.int64)
    bits, numbers = np.flatnonzero(places >= 0), np.flatnonzero(places < 0)
    people = np.stack(rows.packed, axis=1) if rows.packed else np.empty((rows.n, 0), np.uint8)
    values = _Values.cut(exact, others) if single else _Values.whole(exact, others)
    for crossing in crossings(axes) if crossed is None else crossed:
        ends = np.cumsum([lengths[a] for a in crossing.axes]).tolist()
        levels = [slice(a, b) for a, b in pairwise([0, *ends])]
        into = [slice(begins[a], begins[a] + lengths[a]) for a in crossing.axes]
        if len(bits):
            for chunk, sums in _of_bits(people, values, crossing):
                here = _as_slice(bits[chunk])
                for to, of in zip(into, levels, strict=True):
                    result[to, here] = sums[of, : len(bits[chunk])]
        if len(numbers):
            block = np.array(rows.numbers)[:, crossing.order]
            sums = grouped_sums(block, np.hstack([exact, others])[crossing.order], crossing.starts)
            added = np.einsum("lp,apm->lam", crossing.levels, sums)
            for to, of in zip(into, levels, strict=True):
                result[to, numbers] = added[of]
    return result


def _as_slice(places: Ints) -> slice | Ints:
    """Places in a row as a slice, which numpy copies much faster."""
    if len(places) and places[-1] - places[0] == len(places) - 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


@dataclass(frozen=True, eq=False)
class _Values:
    """Values per person (n, V); the first come in parts that add up to a column (E, parts)."""

    values: NDArray[np.floating]
    together: Floats

    @classmethod
    def whole(cls, exact: Floats, others: Floats) -> _Values:
        return cls(np.hstack([exact, others]), np.empty((0, 0)))

    @classmethod
    def cut(cls, exact: Floats, others: Floats) -> _Values:
        """In single precision, `exact` in parts of 12 bits (as many as it takes, at most 5)."""
        parts: list[NDArray[np.float32]] = []
        column_of: list[int] = []
        for column in range(exact.shape[1]):
            rest = exact[:, column].copy()
            unit = 2.0 ** np.ceil(np.log2(max(float(rest.max(initial=0.0)), 1e-300)) + 1)
            for _ in range(_PARTS):
                unit /= 4096.0
                whole = np.floor(rest / unit) * unit
                rest -= whole
                parts.append(whole.astype(np.float32))
                column_of.append(column)
                if not rest.any():
                    break
        together = np.equal.outer(np.arange(exact.shape[1]), column_of).astype(np.float64)
        return cls(np.column_stack([*parts, others.astype(np.float32)]), together)


def _of_bits(people: Bytes, given: _Values, crossing: Crossing) -> Iterator[tuple[slice, Floats]]:
    """The sums (L, A, E + Q) of eight times so many indicators as there are bytes, in chunks.

    `people` (n, bytes): the indicators of each person.
    """
    ordered = people[crossing.order]
    values = given.values[crossing.order]
    begins = range(0, people.shape[1], _BYTES)
    chunks = (np.ascontiguousarray(ordered[:, begin : begin + _BYTES]) for begin in begins)
    found = in_threads(lambda chunk: _of_chunk(chunk, values, given.together, crossing), chunks)
    for begin, sums in zip(begins, found, strict=True):
        yield slice(begin * 8, begin * 8 + sums.shape[1]), sums


def _of_chunk(
    chunk: Bytes, values: NDArray[np.floating], together: Floats, crossing: Crossing
) -> Floats:
    """The sums of some bytes of indicators; people (n) in the order of the crossing."""
    (v, kind), cut, a = (values.shape[1], values.dtype), together.shape[1], chunk.shape[1] * 8
    pieces = list(pairwise(crossing.starts.tolist()))
    longest = max((stop - start for start, stop in pieces), default=0)
    eight = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    eight = eight.astype(kind)
    # Memory is taken once, and little of it: what stays near the processor is not fetched again.
    row_space = np.empty(longest * a, dtype=kind)
    sum_space = np.empty(_PIECES * a * v, dtype=kind)
    total = np.zeros((len(crossing.levels), a * v), dtype=kind)
    exact = np.zeros((len(crossing.levels), a * cut))
    for first in range(0, len(pieces), _PIECES):
        some = pieces[first : first + _PIECES]
        levels = crossing.levels[:, first : first + _PIECES]
        sums = sum_space[: len(some) * a * v].reshape(-1, a, v)
        for of_piece, (start, stop) in zip(sums, some, strict=True):
            rows = row_space[: (stop - start) * a].reshape(stop - start, -1, 8)
            np.take(eight, chunk[start:stop], axis=0, out=rows, mode="clip")
            np.matmul(rows.reshape(-1, a).T, values[start:stop], out=of_piece)
        total += levels.astype(kind) @ sums.reshape(-1, a * v)
        if cut:
            exact += levels @ sums[..., :cut].astype(np.float64).reshape(-1, a * cut)
    of_levels = total.reshape(-1, a, v)
    if cut:
        columns = exact.reshape(-1, a, cut) @ together.T
        of_levels = np.concatenate([columns, of_levels[..., cut:]], axis=-1)
    return of_levels
