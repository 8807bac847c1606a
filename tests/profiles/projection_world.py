"""Areas with a known composition: demographics that interact, differently in every area.

Nothing here is a log-linear tilt of one table: the association of age and education differs by
district, profiles depend on products of demographics, and areas have residuals of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.statistics.area_fitting import AreaMargin, dispersion, margin_of_areas, steadied

SIZES = (7, 2, 3, 3)
NAMES = ("age", "sex", "education", "income")
CELLS = 126
PROFILES = 8
BLOCK = 10_000


@dataclass(frozen=True)
class Sample:
    """Typed people: `cell`, `area` (finest), `r` (n, K) memberships, `weight`."""

    cell: np.ndarray
    area: np.ndarray
    r: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class AreaWorld:
    """`residents` (A, cells) counts; `eta` (cells, K), `residual` (A, K): log-odds of profiles;
    `expected`, `realised` (A, K): true shares; `base` (cells, K): of everybody in a cell."""

    residents: np.ndarray
    district: np.ndarray
    municipality: np.ndarray  # of every district
    eta: np.ndarray
    residual: np.ndarray
    expected: np.ndarray
    realised: np.ndarray
    base: np.ndarray
    tau: tuple[float, float, float]

    @property
    def n(self) -> np.ndarray:
        return self.residents.sum(axis=1)

    @property
    def town(self) -> np.ndarray:
        return self.municipality[self.district]

    @property
    def parents(self) -> list[np.ndarray]:
        zeros = np.zeros(self.municipality.max() + 1, dtype=int)
        return [zeros, self.municipality, self.district]

    @property
    def seed(self) -> np.ndarray:
        return self.residents.sum(axis=0).reshape(SIZES) + 0.5

    def true_shares(self, of: np.ndarray) -> np.ndarray:
        """Expected shares of coarser areas: residents-weighted means over their parts."""
        totals = np.zeros((of.max() + 1, PROFILES))
        np.add.at(totals, of, self.expected * self.n[:, None])
        return totals / np.bincount(of, self.n)[:, None]

    def sample(
        self, n: int, rng: np.random.Generator, softness: float = 0.0, selection: float = 0.0
    ) -> Sample:
        """People at random; typed exactly, or by an instrument that leaves doubt.

        `selection`: standard deviation of the log-odds of joining, over profiles and over
        cells; weights then repair the cells, not the profiles.
        """
        candidates = n if not selection else 6 * n
        weight = self.residents.ravel() / self.residents.sum()
        place = rng.choice(self.residents.size, candidates, p=weight)
        area, cell = np.divmod(place, CELLS)
        p = _softmax(self.eta[cell] + self.residual[area])
        label = (p.cumsum(axis=1) > rng.random((candidates, 1))).argmax(axis=1)
        if selection:
            pull = rng.normal(0, selection, PROFILES)[label] + rng.normal(0, selection, CELLS)[cell]
            kept = np.argsort(rng.gumbel(size=candidates) + pull)[-n:]
            kept = np.sort(kept)
            area, cell, label = area[kept], cell[kept], label[kept]
        r = np.eye(PROFILES)[label]
        if softness:
            seen = rng.normal(r / softness, 1.0)
            r = self.base[cell] * np.exp(seen / softness)
            r /= r.sum(axis=1, keepdims=True)
        there = np.bincount(cell, minlength=CELLS)
        wanted = self.residents.sum(axis=0) / self.residents.sum()
        weight = (wanted * n / np.maximum(there, 1))[cell] if selection else np.ones(n)
        return Sample(cell, area, r, weight)

    def margins(self, rounded: bool = True) -> tuple[list[AreaMargin], dict[str, float]]:
        """Age, sex and income per area, rounded to 5; education per district only."""
        table = self.residents.reshape(-1, *SIZES)
        districts = np.zeros((len(self.municipality), CELLS))
        np.add.at(districts, self.district, self.residents)
        towns = np.zeros((self.municipality.max() + 1, CELLS))
        np.add.at(towns, self.municipality, districts)
        margins, rho = [], {}
        for i, name in enumerate(NAMES):
            others = tuple(j + 1 for j in range(4) if j != i)
            own = table.sum(axis=others).astype(float)
            by_district = districts.reshape(-1, *SIZES).sum(axis=others)
            by_town = towns.reshape(-1, *SIZES).sum(axis=others)
            if rounded:
                own = 5 * np.round(own / 5)
            if name == "education":
                own = np.full_like(own, np.nan)
                q = by_town[self.municipality] / by_town[self.municipality].sum(1)[:, None]
                p = by_district / by_district.sum(1)[:, None]
                rho[name] = dispersion(p, q, by_district.sum(1))
            margin = margin_of_areas(name, own, [(self.district, by_district)])
            if name != "education":
                q = by_district / by_district.sum(1)[:, None]
                p = np.where((margin.source == 0)[:, None], margin.shares, np.nan)
                rho[name] = dispersion(p, q[self.district], self.n, 5.0 * rounded)
                if rounded:
                    margin = steadied(margin, q[self.district], self.n, rho[name], 5.0)
            margins.append(margin)
        return margins, rho


def area_world(
    towns: int, districts: int, areas: int, seed: int, tau: tuple[float, float, float],
    size: float = 29, mixing: float = 0.5, skewed: float = 0.0,
) -> AreaWorld:  # fmt: skip
    """`districts` per town, `areas` per district; tau of town, district and area.

    `skewed`: standard deviation of the logarithm of how many districts a town has, and areas a
    district; the means stay as told.
    """
    rng = np.random.default_rng(seed)
    municipality = _divided(towns * districts, towns, skewed, rng)
    z = len(municipality)
    district = _divided(z * areas, z, skewed, rng)
    a = len(district)
    codes = np.stack(np.unravel_index(np.arange(CELLS), SIZES))
    log = rng.normal(0, 0.3, CELLS)
    shifts = []
    for code, levels_of in zip(codes, SIZES, strict=True):
        of_levels = 0.0
        for shape, of, sd in ((towns, municipality[district], 0.25), (z, district, 0.25),
                              (a, np.arange(a), 0.3)):  # fmt: skip
            of_levels = of_levels + rng.normal(0, sd, (shape, levels_of))[of]
        shifts.append((code, of_levels))
    cross = rng.normal(0, mixing, (z, SIZES[0], SIZES[2]))[:, codes[0], codes[2]]
    cross = cross + rng.normal(0, mixing, (z, 3, 3))[:, codes[2], codes[3]]
    people = rng.poisson(rng.gamma(3, size / 3, a)) + 8
    residents = np.empty((a, CELLS), dtype=np.int32)
    for rows in _blocks(a):
        p = log + cross[district[rows]]
        for code, of_levels in shifts:
            p += of_levels[rows][:, code]
        residents[rows] = rng.multinomial(people[rows], _softmax(p))
    eta = np.zeros((CELLS, PROFILES))
    for code, levels_of in zip(codes, SIZES, strict=True):
        eta += rng.normal(0, 0.45, (levels_of, PROFILES))[code]
    eta += rng.normal(0, 0.25, (SIZES[0], SIZES[2], PROFILES))[codes[0], codes[2]]
    eta += rng.normal(0, 0.35, PROFILES)
    residual = rng.normal(0, tau[0], (towns, PROFILES))[municipality][district]
    residual = residual + rng.normal(0, tau[1], (z, PROFILES))[district]
    residual = residual + rng.normal(0, tau[2], (a, PROFILES))
    expected, realised = np.empty((a, PROFILES)), np.empty((a, PROFILES))
    base = np.zeros((CELLS, PROFILES))
    for rows in _blocks(a):
        truth = _softmax(eta[None] + residual[rows, None])
        counts = residents[rows, :, None]
        base += (counts * truth).sum(axis=0)
        expected[rows] = (counts * truth).sum(axis=1) / people[rows, None]
        drawn = rng.multinomial(residents[rows], truth)
        realised[rows] = drawn.sum(axis=1) / people[rows, None]
    base /= np.maximum(residents.sum(axis=0)[:, None], 1)
    return AreaWorld(
        residents, district, municipality, eta, residual, expected, realised, base, tau
    )


def _divided(parts: int, whole: int, skewed: float, rng: np.random.Generator) -> np.ndarray:
    """The place of every part in the whole, at least one each; equal numbers unless skewed."""
    if not skewed:
        return np.arange(parts) // (parts // whole)
    weight = np.exp(rng.normal(0, skewed, whole))
    extra = rng.multinomial(parts - whole, weight / weight.sum())
    return np.repeat(np.arange(whole), extra + 1)


def _blocks(number: int) -> list[slice]:
    return [slice(i, min(i + BLOCK, number)) for i in range(0, number, BLOCK)]


def _softmax(log: np.ndarray) -> np.ndarray:
    p = np.exp(log - log.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    return p
