"""Areas of all levels, what lies in what, and who lives there.

The finest areas lie in each other's coarser ones in two branches: postcodes, and neighbourhoods
up to the country.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.profiles.errors import ProfileError

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SMALL, DIFFERENCE = "small", "difference"
OUTSIDE = -1


class NestedAreas:
    """All areas of all levels, numbered through; the finest ones first, 0 to A - 1."""

    def __init__(
        self, areas: pd.DataFrame, levels: Sequence[str], fewest: int,
        branches: Sequence[Sequence[str]],
    ) -> None:  # fmt: skip
        self.levels, self.fewest, self.size = tuple(levels), fewest, len(areas)
        people = _whole(areas, "inhabitants", 0)
        homes = _whole(areas, "addresses", -1)
        # With addresses unknown, inhabitants alone decide: as if there were enough. Addresses
        # where nobody lives hide nobody.
        self.people = people
        self.homes = np.where(people == 0, 0, np.where(homes < 0, fewest, homes))
        self.at: dict[str, Ints] = {}
        self.codes: dict[str, NDArray[np.object_]] = {}
        inhabitants, addresses, homes_of = [], [], []
        start = 0
        for level in self.levels:
            place, codes = self._numbered(areas, level)
            count, there = len(codes), place >= 0
            inhabitants.append(sums(place[there], people[there], count))
            addresses.append(sums(place[there], self.homes[there], count))
            unknown = sums(place[there], (homes < 0)[there], count) > 0
            homes_of.append(np.where(unknown, -1, sums(place[there], homes[there], count)))
            self.at[level] = np.where(there, place + start, OUTSIDE)
            self.codes[level] = codes
            start += count
        self.inhabitants, self.addresses = np.concatenate(inhabitants), np.concatenate(addresses)
        self.told = np.concatenate(homes_of)
        self.enough = (self.inhabitants >= fewest) & (self.addresses >= fewest)
        if len(branches) != 2 or set(self.levels[1:]) - {x for b in branches for x in b}:
            raise ProfileError(
                f"levels {', '.join(self.levels)} do not lie in two branches; name two chains "
                "of levels that lie in each other and together hold all."
            )
        self.parents = [self._parents(branch) for branch in branches]
        self.within = [
            [level for level in self.levels[1:] if level in branch] for branch in branches
        ]

    def _numbered(self, areas: pd.DataFrame, level: str) -> tuple[Ints, NDArray[np.object_]]:
        if level not in areas:
            raise ProfileError(f"the areas have no column {level}; give the code of every level.")
        text = areas[level].astype("str")
        place, codes = pd.factorize(text.mask(text == ""), sort=True)
        numbers = np.asarray(place, dtype=np.int64)
        if level == self.levels[0]:
            if len(codes) < self.size:
                twice = text[text.duplicated() | (text == "")].iloc[0]
                raise ProfileError(
                    f"{level} {twice or '(empty)'} does not stand for one row; give every finest "
                    "area one row and a code."
                )
            # The finest areas keep the order of their rows, so that a row is its number.
            return np.arange(self.size), text.to_numpy(dtype=object)
        return numbers, np.asarray(codes, dtype=object)

    def _parents(self, branch: Sequence[str]) -> Ints:
        """The next area around every area in one branch, or OUTSIDE; also of the finest areas."""
        inner = [level for level in branch if level in self.levels and level != self.levels[0]]
        parent = np.full(len(self.enough), OUTSIDE)
        for level in reversed(inner):
            parent[: self.size] = np.where(self.at[level] >= 0, self.at[level], parent[: self.size])
        for fine, coarse in pairwise(inner):
            inside, first = self._inside(fine, coarse), self._start(fine)
            if (inside == OUTSIDE).any():
                lost = self.codes[fine][int(np.flatnonzero(inside == OUTSIDE)[0])]
                raise ProfileError(
                    f"{fine} {lost} does not lie within one {coarse}; give each of its areas the "
                    f"same {coarse}."
                )
            parent[first : first + len(inside)] = inside
        return parent

    def _inside(self, fine: str, coarse: str) -> Ints:
        """Per area of a level the area of the other level around the whole of it, or OUTSIDE."""
        own, around = self.at[fine], self.at[coarse]
        first = self._start(fine)
        there = own >= 0
        found = np.full(len(self.codes[fine]), OUTSIDE)
        found[own[there] - first] = around[there]
        apart = own[there][around[there] != found[own[there] - first]]
        found[apart - first] = OUTSIDE
        return found

    def _start(self, level: str) -> int:
        return sum(len(self.codes[finer]) for finer in self.levels[: self.levels.index(level)])

    def frame(self, published: Bools) -> pd.DataFrame:
        """The answer: a row per area."""
        parts = []
        for i, level in enumerate(self.levels):
            first, codes = self._start(level), self.codes[level]
            own = slice(first, first + len(codes))
            into = np.full(len(codes), OUTSIDE)
            within = np.full(len(codes), "", dtype=object)
            waiting = ~published[own]
            for coarse in self.levels[i + 1 :]:
                if not waiting.any():
                    break
                around = self._inside(level, coarse)
                taken = waiting & (around >= 0) & published[around]
                into[taken], within[taken] = around[taken], coarse
                waiting &= ~taken
            why = np.where(self.enough[own], DIFFERENCE, SMALL)
            parts.append(
                pd.DataFrame(
                    {
                        "level": level,
                        "area": codes,
                        "inhabitants": self.inhabitants[own],
                        "addresses": self.told[own],
                        "suppressed": np.where(published[own], "", why),
                        "merged_into": into,
                        "merged_level": within,
                    }
                ).sort_values("area", kind="stable")
            )
        found = pd.concat(parts, ignore_index=True)
        names = np.append(np.concatenate([self.codes[level] for level in self.levels]), "")
        return found.assign(merged_into=names[found["merged_into"].to_numpy()])


def sums(of: Ints, values: NDArray[np.generic], size: int) -> Ints:
    """Whole numbers added up per place."""
    return np.rint(np.bincount(of, np.asarray(values, dtype=np.float64), size)).astype(np.int64)


def _whole(areas: pd.DataFrame, column: str, least: int) -> Ints:
    if column not in areas:
        raise ProfileError(f"the areas have no column {column}; give it for every finest area.")
    values = areas[column].to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~np.isfinite(values) | (values < least) | (values != np.rint(values))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ProfileError(
            f"row {row + 1} of the areas has {column} {values[row]}; give a whole number of at "
            f"least {least}."
        )
    return values.astype(np.int64)
