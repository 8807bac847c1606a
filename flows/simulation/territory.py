"""The fictional world down to postcodes: who lives where, and which profile they have there.

A person of demographics d in PC6 a of municipality m has profile k with probability

    Q(k | d, a)  proportional to  P(k | d, m) exp(r[a, k]),

r the sum of residuals of the municipality, the PC4 and the PC6. Counts of people by
demographics are drawn per PC6, from the municipality's table with log-odds of its own per wijk,
PC4 and PC6, for single variables and for pairs of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from flows.definitions.survey import Survey
from flows.simulation.belonging import belonging
from flows.simulation.census import Census, take_census
from flows.simulation.chance import BoolArray, FloatArray, IntArray, softmax, stream
from flows.simulation.errors import SimulationError
from flows.simulation.layout import Layout, lay_out
from flows.simulation.parameters import SimulationParameters
from flows.simulation.place_parameters import Geography

Counts = NDArray[np.int64]

SWEEPS = 12  # of fitting the streets of a municipality to its table
SAMPLED = 20_000  # PC6 on which the residuals are centred
MOVING_SIZE = 0.5  # sd of the change in a year of a number of residents, in roots of it


@dataclass(frozen=True, eq=False)
class Territory:
    """`residual` (A, K): of every PC6 with all it lies in.

    `wijk_tilt` (W, single and paired levels), `pc4_tilt` (P, single levels): log-odds of the
    demographics. `given` (G, D, K): P(profile | demographics) per municipality, last wave.
    """

    seed: int
    geography: Geography
    layout: Layout
    census: Census
    residual: FloatArray
    wijk_tilt: FloatArray
    pc4_tilt: FloatArray
    given: FloatArray

    @property
    def last(self) -> int:
        return self.geography.years[-1]

    def rows(self, municipality: int) -> IntArray:
        """The PC6 of a municipality."""
        return np.flatnonzero(self.layout.municipality == municipality)

    def there(self, year: int) -> BoolArray:
        """(A,) which PC6 there are in `year`."""
        return ~self.layout.gone if year == self.last else ~self.layout.new

    def population(self, year: int) -> tuple[IntArray, IntArray]:
        """(A,) residents the survey is about, and all inhabitants, in `year`."""
        adults = self.layout.adults
        minors = self.layout.inhabitants - adults
        back = self.last - year
        if back:
            rng = stream(self.seed, "population", str(year))
            adults, minors = (
                np.maximum(size + np.round(_drift(size, back, rng)), 0).astype(np.intp)
                for size in (adults, minors)
            )
        adults, minors = (np.where(self.there(year), size, 0) for size in (adults, minors))
        return adults, adults + minors

    def counts(self, municipality: int, year: int, adults: IntArray) -> Counts:
        """(A of the municipality, C) people by demographics in `year`, `adults` in every row.

        The years share the people who stayed: a part `staying` of every count per year.
        """
        rows = self.rows(municipality)
        code = self.layout.municipalities[municipality].code
        rng = stream(self.seed, "residents", code)
        shares = self._shares(municipality, rows, rng)
        now: Counts = rng.multinomial(self.layout.adults[rows], shares)
        if year == self.last:
            now[self.layout.gone[rows]] = 0
            return now
        rng = stream(self.seed, "residents", code, str(year))
        kept = np.zeros_like(now)
        some = now > 0
        kept[some] = rng.binomial(now[some], self.geography.staying ** (self.last - year))
        kept[kept.sum(axis=1) > adults] = 0
        return kept + rng.multinomial(adults - kept.sum(axis=1), shares)

    def _shares(self, municipality: int, rows: IntArray, rng: np.random.Generator) -> FloatArray:
        """(A of the municipality, C) shares of the cells; over all streets, those of its table."""
        layout, cells, spread = self.layout, self.census.cells, self.geography.spread
        mains, pairs = _level_columns(cells.codes, cells.sizes)
        sway = _sway(self.geography, self.census)
        own = np.hstack(
            [
                _singles(cells.sizes, sway, spread.pc6, len(rows), rng),
                _pairs(cells.sizes, sway, spread.pc6_pairs, len(rows), rng),
            ]
        )
        log_odds = np.log(self.census.table[municipality])
        log_odds = log_odds + (own + self.wijk_tilt[layout.wijk[rows]]) @ np.vstack([mains, pairs])
        log_odds += self.pc4_tilt[layout.pc4[rows]] @ mains
        log_odds += _kind_tilts(self.geography, self.census)[layout.kind[rows]]
        shares = softmax(log_odds)
        weight = np.where(layout.gone[rows], 0, layout.adults[rows]).astype(float)
        if weight.sum() == 0:
            return shares
        wanted = self.census.table[municipality] * weight.sum()
        for _ in range(SWEEPS):
            shares *= wanted / (weight @ shares)
            shares /= shares.sum(axis=1, keepdims=True)
        return shares

    def profile_shares(self, municipality: int, counts: Counts) -> FloatArray:
        """(A of the municipality, K) expected shares of the profiles; missing where nobody is."""
        p = self.given[municipality]
        cells = self.census.cells
        table = np.stack(
            [counts[:, cells.concomitant == d].sum(axis=1) for d in range(len(p))], axis=1
        )
        tilt = np.exp(self.residual[self.rows(municipality)])
        people = table.sum(axis=1, keepdims=True).astype(float)
        people[people == 0] = np.nan
        shares: FloatArray = ((table / (tilt @ p.T)) @ p) * tilt / people
        return shares


def _drift(size: IntArray, years: int, rng: np.random.Generator) -> FloatArray:
    drift: FloatArray = MOVING_SIZE * np.sqrt(years * size) * rng.standard_normal(len(size))
    return drift


def found_territory(
    survey: Survey, parameters: SimulationParameters, prototypes: FloatArray, sizes: FloatArray
) -> Territory:
    """The world of `parameters.geography`, its profiles of `sizes` (K,) as in the last wave.

    `prototypes` (K, 3): the profiles' places on age, education and affluence.
    """
    geography = parameters.geography
    if geography is None or not parameters.municipalities:
        raise SimulationError(
            f"surveys/{survey.code}/simulation.yaml: a world down to postcodes needs geography "
            "and municipalities. Add both."
        )
    seed, spread = parameters.seed, geography.spread
    layout = lay_out(seed, geography, parameters.municipalities)
    census = take_census(survey, parameters)
    levels, sway = census.cells.sizes, _sway(geography, census)
    rng = stream(seed, "tilts")
    wijken = len(layout.wijk_name)
    wijk_tilt = np.hstack(
        [
            _singles(levels, sway, spread.wijk, wijken, rng),
            _pairs(levels, sway, spread.wijk_pairs, wijken, rng),
        ]
    )
    pc4_tilt = _singles(levels, sway, spread.pc4, len(layout.pc4_code), rng)
    given = census.profiles(belonging(census.places, prototypes, parameters.overlap, sizes))
    residual = _residuals(seed, geography, layout, census, given, len(prototypes))
    return Territory(seed, geography, layout, census, residual, wijk_tilt, pc4_tilt, given)


def _residuals(
    seed: int,
    geography: Geography,
    layout: Layout,
    census: Census,
    given: FloatArray,
    profiles: int,
) -> FloatArray:
    """(A, K) residuals, centred so that the profiles keep their sizes in the whole country."""
    spread, rng = geography.spread, stream(seed, "residuals")
    residual: FloatArray = rng.normal(
        scale=spread.profile_municipality, size=(len(layout.municipalities), profiles)
    )[layout.municipality]
    residual += rng.normal(scale=spread.profile_pc4, size=(len(layout.pc4_code), profiles))[
        layout.pc4
    ]
    residual += rng.normal(scale=spread.profile_pc6, size=residual.shape)
    some = slice(None, None, max(len(layout) // SAMPLED, 1))
    at = layout.municipality[some]
    weight = np.where(layout.gone, 0, layout.adults)[some].astype(float)
    d = given.shape[1]
    table = np.stack(
        [census.table[:, census.cells.concomitant == i].sum(axis=1) for i in range(d)], axis=1
    )
    weight /= weight.sum()
    wanted = weight @ np.einsum("gd,gdk->gk", table, given)[at]
    for _ in range(4):
        tilt = np.exp(residual[some])
        reached = np.zeros(profiles)
        for m in np.unique(at):
            here, p = at == m, given[m]
            share = ((table[m] / (tilt[here] @ p.T)) @ p) * tilt[here]
            reached += weight[here] @ share
        residual += np.log(wanted / reached)
    return residual


def _sway(geography: Geography, census: Census) -> list[float]:
    """By how much every variable takes part in what areas differ."""
    return [geography.sway.get(variable, 1.0) for variable in census.cells.variables]


def _singles(
    sizes: tuple[int, ...], sway: list[float], spread: float, areas: int, rng: np.random.Generator
) -> FloatArray:
    """(areas, levels) log-odds of the levels of single variables."""
    drawn: FloatArray = rng.normal(scale=spread, size=(areas, sum(sizes)))
    drawn *= np.repeat(sway, sizes)
    return drawn


def _pairs(
    sizes: tuple[int, ...], sway: list[float], spread: float, areas: int, rng: np.random.Generator
) -> FloatArray:
    """(areas, paired levels) log-odds of two variables' levels together.

    They add up to nothing over the levels of either, so that they are association alone.
    """
    parts = []
    for i, j in combinations(range(len(sizes)), 2):
        scale = spread * min(sway[i], sway[j])
        both = rng.normal(scale=scale, size=(areas, sizes[i], sizes[j]))
        both -= both.mean(axis=1, keepdims=True)
        both -= both.mean(axis=2, keepdims=True)
        parts.append(both.reshape(areas, -1))
    return np.hstack(parts) if parts else np.zeros((areas, 0))


def _level_columns(codes: IntArray, sizes: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    """0/1 rows (levels, C) of single variables' levels, and of every two variables' levels."""
    mains = np.vstack([np.eye(size)[:, codes[i]] for i, size in enumerate(sizes)])
    pairs = [
        np.eye(sizes[i] * sizes[j])[:, codes[i] * sizes[j] + codes[j]]
        for i, j in combinations(range(len(sizes)), 2)
    ]
    return mains, np.vstack([np.zeros((0, codes.shape[1])), *pairs])


def _kind_tilts(geography: Geography, census: Census) -> FloatArray:
    """(kinds, C) log-odds of the cells in every kind of street."""
    cells = census.cells
    tilts = np.zeros((len(geography.kinds), cells.count))
    for i, kind in enumerate(geography.kinds):
        for variable, levels in kind.tilt.items():
            at = cells.variables.index(variable)
            for level, tilt in levels.items():
                tilts[i, cells.codes[at] == cells.levels[at].index(level)] += tilt
    return tilts
