"""What area estimates stand on: who lives in the areas of a run, and the people who answered.

The cells are those of the postcode base: combinations of the demographics that the profile model
and the base share, by profile. A profile's part of a cell follows from the demographics and from
what the typed people of the municipality and postcode told, as in the run itself, so that the
mixes of the run and those used here are the same.

Of a municipality the regression also knows its size (log of its residents) and, where it is
known everywhere, the addresses per resident: together they stand for how urban it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from flows.crosstabs.errors import CrosstabError
from flows.profiles.projection.engine import AreaEngine
from flows.profiles.projection.places import Places
from flows.statistics.area_fitting import AreaMargin, fit_areas, level_of_cells
from flows.statistics.multilevel_sample import (
    AREA_PRIOR_SD,
    PRIOR_SD,
    Sample,
    checked_sample,
    resized,
)
from flows.statistics.poststratify import Cells, share_covariance

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Respondents:
    """n people of one wave. `profile` (n, K): probabilities, 0 for who is not typed; `levels`
    (n, V): their demographics in the order of the engine, -1 unknown; `at`: their place (n,) in
    the surroundings of the engine, coarsest first, -1 unknown; `weight` (n,)."""

    profile: Floats
    levels: Ints
    at: tuple[Ints, ...]
    weight: Floats

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Who (n,) has a profile."""
        return np.asarray(self.profile.sum(axis=1) > 0.5)


@dataclass(frozen=True, eq=False)
class Ground:
    """What holds for all areas of an engine. `design` (C, P1): constant and levels of the cells;
    `covariates` (M, P2) of the regions, standardised, with their `names`; `probabilities` of the
    profiles (C, K) by demographics."""

    engine: AreaEngine
    design: Floats
    covariates: Floats
    names: tuple[str, ...]
    probabilities: Floats

    @classmethod
    def of(cls, engine: AreaEngine) -> Ground:
        sizes = engine.membership.sizes
        cells = engine.membership.design.shape[0]
        design = np.hstack([np.ones((cells, 1)), *level_of_cells(sizes)])
        names, covariates = _covariates(engine)
        return cls(engine, design, covariates, names, engine.membership.probabilities)

    @property
    def regions(self) -> int:
        return len(self.covariates)

    @cached_property
    def places(self) -> Places:
        """The surroundings of all finest areas."""
        return self.engine.places

    @cached_property
    def region_of(self) -> Ints:
        """The region that every finest place of the surroundings lies in."""
        return _region_of(self.places)

    @property
    def prior(self) -> Floats:
        """Prior standard deviations of the columns of the design."""
        levels = self.design.shape[1] - 1
        return np.array([np.inf, *[PRIOR_SD] * levels, *[AREA_PRIOR_SD] * len(self.names)])

    def sample(self, people: Respondents) -> tuple[Sample, NDArray[np.bool_]]:
        """The people as the regression wants them, and who (n,) of all they are.

        Somebody of whom a demographic is not known counts as the average of those who are alike
        in the others. Everybody counts once: what the weights are made of is in the design, and
        where they live is in the areas. Typing probabilities are brought in line with the mix of
        profiles among those who answered (`multilevel_sample.resized`).
        """
        who = people.usable
        levels = people.levels[who]
        patterns, of = np.unique(levels, axis=0, return_inverse=True)
        of = of.reshape(-1)
        mixes = np.array([self._cells_of(pattern) for pattern in patterns])
        region = people.at[0][who]
        covariates = np.zeros((len(region), len(self.names)))
        covariates[region >= 0] = self.covariates[region[region >= 0]]
        profile = people.profile[who]
        profile = profile / profile.sum(axis=1, keepdims=True)
        profile = resized(profile, (mixes @ self.probabilities)[of])
        design = np.hstack([(mixes @ self.design)[of], covariates])
        place, home = None, np.empty(0, dtype=np.int64)
        if len(people.at) > 1:
            place, home = people.at[-1][who], self.region_of
        sample = checked_sample(
            design, profile, region, self.regions, place, home, prior=self.prior
        )
        return sample, who

    def _cells_of(self, pattern: Ints) -> Floats:
        """The cells (C,) that people with these levels, -1 unknown, are spread over."""
        table = self.engine.seed
        at = tuple(slice(None) if level < 0 else slice(level, level + 1) for level in pattern)
        found = np.zeros_like(table)
        found[at] = table[at]
        return np.asarray(found.ravel() / found.sum())

    # ---------------------------------------------------------------------- who lives where

    def areas(
        self, groups: Sequence[ArrayLike], profile_variance: ArrayLike, blurred: ArrayLike
    ) -> Areas:
        """Who lives in areas, each a set of finest areas, and after them in the whole country.

        `groups`: per grouping, such as a level, the number (F,) of the area that every finest
        area is in, -1 for none; numbers run on over groupings to A. `profile_variance` (A, K) of
        the areas' profile shares; `blurred` (A, V): which margins are not the area's own.
        Raises `CrosstabError` for an area without residents whose demographics are known.
        """
        engine = self.engine
        variance = np.vstack([profile_variance, np.zeros((1, len(engine.profiles)))])
        apart = np.vstack([blurred, np.zeros((1, len(engine.margins)), dtype=bool)])
        a = len(variance)
        numbers = [np.asarray(group, dtype=np.int64) for group in groups]
        numbers.append(np.full(len(engine.areas), a - 1))
        needed = np.flatnonzero(np.any([group >= 0 for group in numbers], axis=0))
        places = self.places
        residents = engine.areas["residents"].to_numpy(dtype=np.float64)
        pairs = [_Pairs.of(group, places.of, len(places.parents[-1])) for group in numbers]
        c = len(self.design)
        tables = [np.zeros((pair.size, c)) for pair in pairs]
        squares = np.zeros(a)
        margins = [_taken(margin, needed) for margin in engine.margins]
        for fitted in fit_areas(engine.seed, margins, tolerance=1e-4):
            rows = needed[fitted.start : fitted.stop]
            weight = np.where(fitted.empty, 0.0, residents[rows])
            for pair, table, group in zip(pairs, tables, numbers, strict=True):
                inside = group[rows] >= 0
                own = pair.number[rows[inside]]
                onto = csr_matrix(
                    (weight[inside], (own, np.flatnonzero(inside))), shape=(pair.size, len(rows))
                )
                table += onto @ fitted.shares
                np.add.at(squares, group[rows[inside]], weight[inside] ** 2)
        return self._assembled(pairs, tables, variance, apart, squares)

    def _assembled(
        self, pairs: Sequence[_Pairs], tables: Sequence[Floats], variance: Floats,
        blurred: NDArray[np.bool_], squares: Floats,
    ) -> Areas:  # fmt: skip
        engine = self.engine
        a = len(variance)
        region_of = self.region_of
        area = np.concatenate([pair.area for pair in pairs])
        place = np.concatenate([pair.place for pair in pairs])
        table = np.vstack(tables)
        total = np.bincount(area, table.sum(axis=1), a)
        if (total <= 0).any():
            raise CrosstabError(
                "an area has no residents whose demographics are known; leave it out."
            )
        lived = np.bincount(place[area == a - 1], table[area == a - 1].sum(axis=1), len(region_of))
        reach = csr_matrix(
            (table.sum(axis=1) / np.maximum(lived[place], 1e-300), (area, place)),
            shape=(a, len(region_of)),
        )
        table = table / total[area, None]
        parts, part = np.unique(
            area * np.int64(self.regions) + region_of[place], return_inverse=True
        )
        part = part.reshape(-1)
        tilt = np.exp(engine.residuals.mean[-1])
        people = np.zeros((len(parts), len(self.design), len(engine.profiles)), dtype=np.float32)
        order = np.argsort(part, kind="stable")
        for j in order:
            mix = self.probabilities * tilt[place[j]]
            people[part[j]] += (table[j][:, None] * (mix / mix.sum(axis=1, keepdims=True))).astype(
                np.float32
            )
        rho = np.array([engine.dispersions.get(margin.name, 0.0) for margin in engine.margins])
        blur = np.where(blurred, rho * (squares / total**2)[:, None] + 1 / total[:, None], 0.0)
        there = np.bincount(part, table.sum(axis=1))
        inside = csr_matrix(
            (table.sum(axis=1) / np.maximum(there[part], 1e-300), (part, place)),
            shape=(len(parts), len(region_of)),
        )
        if len(self.places.levels) == 1:
            inside = csr_matrix((len(parts), 0))
        cells = Cells(
            self.design,
            self.covariates,
            people,
            (parts // self.regions).astype(np.int64),
            (parts % self.regions).astype(np.int64),
            inside,
            share_covariance(variance),
            blur,
            tuple(level_of_cells(engine.membership.sizes)),
        )
        return Areas(cells, reach)

    def people_in(self, at: Sequence[Ints], counted: NDArray[np.bool_]) -> Floats:
        """People (Z,) per finest place of the surroundings, of those who count.

        Of somebody who only gave a coarser place every finer one has the part that its residents
        are of it.
        """
        places = self.places
        residents = places.residents
        known = at[-1][counted]
        found = np.bincount(known[known >= 0], minlength=len(residents)).astype(np.float64)
        if len(at) > 1:
            region_of = self.region_of
            coarse = at[0][counted & (at[-1] < 0) & (at[0] >= 0)]
            people = np.bincount(coarse, minlength=self.regions)
            lived = np.bincount(region_of, residents, self.regions)
            found += people[region_of] * residents / np.maximum(lived[region_of], 1e-300)
        return found


@dataclass(frozen=True, eq=False)
class Areas:
    """A areas and, last, the country: their `cells`, and `reach` (A + 1, Z): the part of the
    residents of every finest place of the surroundings that lives in them."""

    cells: Cells
    reach: csr_matrix


@dataclass(frozen=True, eq=False)
class _Pairs:
    """The combinations of an area and a finest place of surroundings in one grouping.

    `number` (F,): of every finest area, -1 outside; `area`, `place` of each combination."""

    number: Ints
    area: Ints
    place: Ints

    @property
    def size(self) -> int:
        return len(self.area)

    @classmethod
    def of(cls, group: Ints, place: Ints, places: int) -> _Pairs:
        key = np.where(group >= 0, group * np.int64(places) + place, -1)
        kept, number = np.unique(key[key >= 0], return_inverse=True)
        whole = np.full(len(key), -1, dtype=np.int64)
        whole[key >= 0] = number.reshape(-1)
        return cls(whole, kept // places, kept % places)


def _taken(margin: AreaMargin, rows: Ints) -> AreaMargin:
    return AreaMargin(margin.name, margin.shares[rows], margin.source[rows])


def _region_of(places: Places) -> Ints:
    """The coarsest place that every finest place of the surroundings lies in."""
    of = np.arange(len(places.parents[-1]))
    for parent in reversed(places.parents[1:]):
        of = parent[of]
    return of


def _covariates(engine: AreaEngine) -> tuple[tuple[str, ...], Floats]:
    """Covariates of the regions: size and, where known everywhere, addresses per resident."""
    places = engine.places
    region = _region_of(places)[places.of]
    size = int(region.max()) + 1
    residents = np.bincount(region, engine.areas["residents"].to_numpy(dtype=float), size)
    columns: dict[str, Floats] = {"size": np.log(np.maximum(residents, 1.0))}
    addresses = engine.areas["addresses"].to_numpy(dtype=float)
    if (addresses >= 0).all() and (residents > 0).all():
        columns["addresses"] = np.bincount(region, addresses, size) / residents
    found = {}
    for name, values in columns.items():
        spread = float(np.std(values))
        if spread > 1e-9:
            found[name] = (values - values.mean()) / spread
    table = np.column_stack(list(found.values())) if found else np.empty((size, 0))
    return tuple(found), table
