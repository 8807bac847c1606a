"""Whether an own area can be published beside all that is: no difference may isolate a few.

An own area that is a sum of published areas tells nothing that they do not. Any other one, of
parts below PC4 or of areas that overlap, cuts published areas into pieces that had no figure, and
differences with published areas and other own areas must not give a small piece one. Looked at
are the remainder of the area after the published areas inside it, what published areas have
outside it, differences of own areas of which one lies in the other, and, by linear algebra over
the pieces that all boundaries together make, whether any piece or two can be worked out from all
sums together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.errors import CrosstabError

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_PIECES = 1_500
"""Sums are solved over as much of the territory around an own area as makes so many pieces."""
SOLVED = 1e-6


@dataclass(frozen=True, eq=False)
class Territory:
    """All finest areas (A) and the published areas they lie in.

    `residents` (A,). `inside`: per published level the number (A,) of the published area that
    each lies in, -1 where that is withheld.
    """

    residents: Floats
    inside: Mapping[str, Ints]

    @classmethod
    def of(
        cls, areas: pd.DataFrame, published: Mapping[str, Sequence[str]], residents: str
    ) -> Territory:
        """From a row per finest area with a code per level. `published`: codes per level."""
        numbers = {
            level: pd.Index(list(codes)).get_indexer(pd.Index(areas[level])).astype(np.int64)
            for level, codes in published.items()
        }
        return cls(areas[residents].to_numpy(dtype=np.float64), numbers)

    def whole(self, level: str, rows: Bools) -> Bools:
        """The finest areas (A,) in published areas of a level that lie in `rows` entirely."""
        number = self.inside[level]
        cut = np.unique(number[(number >= 0) & ~rows])
        return rows & (number >= 0) & ~np.isin(number, cut)

    def is_sum(self, rows: Bools, parts: Sequence[Bools] = ()) -> bool:
        """Whether an area is a sum of published ones: of one level, or of these parts."""
        if any((self.whole(level, rows) == rows).all() for level in self.inside):
            return True
        if not parts or (np.sum(parts, axis=0) > 1).any():
            return False
        return all(
            any((self.whole(level, part) == part).all() for level in self.inside) for part in parts
        )

    def people(self, rows: Bools) -> float:
        """The residents of some of the finest areas."""
        return float(self.residents[rows].sum())


@dataclass(frozen=True, eq=False)
class Named:
    """An own area: its name in a message, its finest areas (A,), and those of its parts."""

    name: str
    rows: Bools
    parts: tuple[Bools, ...] = ()


def check_safe(area: Named, others: Sequence[Named], territory: Territory, fewest: int) -> None:
    """Refuse an own area that is too small, or that gives a few residents away.

    `others`: own areas that are, or will be, published too. Raises `CrosstabError` with one
    sentence that names what would be isolated.
    """
    problem = next(problems(area, others, territory, fewest), None)
    if problem is not None:
        raise CrosstabError(problem)


def problems(
    area: Named, others: Sequence[Named], territory: Territory, fewest: int
) -> Iterator[str]:
    """Why an own area cannot be published, if it cannot; a sentence each."""
    plain = territory.is_sum(area.rows, area.parts)
    if not plain and territory.people(area.rows) < fewest:
        yield (
            f"{area.name} has parts below PC4 and fewer than {fewest} residents of 18 and over; "
            "add areas until it has at least so many."
        )
        return

    def few(rows: Bools) -> bool:
        return 0 < territory.people(rows) < fewest

    if not plain:
        covered = np.zeros_like(area.rows)
        for level in territory.inside:
            whole = territory.whole(level, area.rows)
            covered |= whole
            if few(area.rows & ~whole):
                yield _told(area.name, f"the areas of level {level} inside it", fewest)
            if few(_outside(territory, level, area.rows)):
                yield _told(f"the areas of level {level} around it", area.name, fewest)
        if few(area.rows & ~covered):
            yield _told(area.name, "the published areas inside it", fewest)
    for other in others:
        if (other.rows == area.rows).all() or (plain and territory.is_sum(other.rows, other.parts)):
            continue
        for big, small in ((area, other), (other, area)):
            if not (small.rows & ~big.rows).any() and few(big.rows & ~small.rows):
                yield _told(big.name, small.name, fewest)
    if not plain and _solvable(area, others, territory, fewest):
        yield (
            f"{area.name} together with published areas"
            f"{' and other own areas' if others else ''} would give figures of fewer than {fewest} "
            "residents away; choose its parts along the boundaries of PC4 areas or wijken."
        )


def _told(whole: str, part: str, fewest: int) -> str:
    return (
        f"{whole} less {part} would leave fewer than {fewest} residents, whose figures could then "
        "be worked out; add or leave out areas so that at least so many remain."
    )


def _outside(territory: Territory, level: str, rows: Bools) -> Bools:
    """What the published areas of a level that `rows` cuts have outside it."""
    number = territory.inside[level]
    touched = np.unique(number[rows & (number >= 0)])
    return ~rows & np.isin(number, touched)


def _solvable(area: Named, others: Sequence[Named], territory: Territory, fewest: int) -> bool:
    """Whether all published sums together give a piece, or two, that no one had a figure of.

    Pieces are what the boundaries of all areas make of the territory; a sum over pieces can be
    worked out when it is orthogonal to every change of the pieces that no published sum sees.
    """
    levels = list(territory.inside.values())
    near, near_keys, of = area.rows, np.empty((0, 0), dtype=np.int64), np.empty(0, dtype=np.int64)
    for number in levels:
        both = np.intersect1d(number[area.rows], number[~area.rows])
        wider = near | np.isin(number, both[both >= 0])
        own = [area, *(other for other in others if (other.rows & wider).any())]
        keys = np.column_stack([*levels, *(one.rows.astype(np.int64) for one in own)])[wider]
        pieces = np.asarray(pd.DataFrame(keys).groupby(list(range(keys.shape[1]))).ngroup())
        if pieces.max() >= MOST_PIECES:
            break
        near, near_keys, of = wider, keys, pieces
    if not len(of):
        return False
    keys, count = near_keys, int(of.max()) + 1
    people = np.bincount(of, territory.residents[near], count)
    first = np.unique(of, return_index=True)[1]
    piece = keys[first]
    sums = [
        piece[:, column] == number
        for column in range(len(levels))
        for number in np.unique(piece[:, column])
        if number >= 0
    ]
    before = _unseen(np.array(sums, dtype=float).reshape(-1, count))
    after = _unseen(np.array([*sums, *(piece[:, len(levels) :] == 1).T], dtype=float))
    small = np.flatnonzero((people > 0) & (people < fewest))
    for size in (1, 2):
        for chosen in combinations(small, size):
            which = list(chosen)
            if people[which].sum() >= fewest:
                continue
            now = np.abs(after[which].sum(axis=0)).max(initial=0) < SOLVED
            if now and np.abs(before[which].sum(axis=0)).max(initial=0) >= SOLVED:
                return True
    return False


def _unseen(sums: Floats) -> Floats:
    """Changes (pieces, d) of the pieces that leave all sums as they are: the null space."""
    _, values, right = np.linalg.svd(sums, full_matrices=True)
    rank = int((values > SOLVED * max(values.max(initial=0), 1)).sum())
    return np.asarray(right[rank:].T)
