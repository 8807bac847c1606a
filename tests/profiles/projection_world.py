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


@dataclass(frozen=True)
class Sample:
    """Typed people: `cell`, `area` (finest), `r` (n, K) memberships."""

    cell: np.ndarray
    area: np.ndarray
    r: np.ndarray


@dataclass(frozen=True)
class AreaWorld:
    """`residents` (A, cells) counts; `expected`, `realised` (A, K): true shares."""

    residents: np.ndarray
    district: np.ndarray
    municipality: np.ndarray  # of every district
    truth: np.ndarray  # (A, cells, K), probabilities
    expected: np.ndarray
    realised: np.ndarray
    tau: tuple[float, float, float]

    @property
    def n(self) -> np.ndarray:
        return self.residents.sum(axis=1)

    @property
    def parents(self) -> list[np.ndarray]:
        zeros = np.zeros(self.municipality.max() + 1, dtype=int)
        return [zeros, self.municipality, self.district]

    @property
    def seed(self) -> np.ndarray:
        return self.residents.sum(axis=0).reshape(SIZES) + 0.5

    def sample(self, n: int, rng: np.random.Generator, softness: float = 0.0) -> Sample:
        """People at random; typed exactly, or by an instrument that leaves doubt."""
        place = rng.choice(self.residents.size, n, p=self.residents.ravel() / self.residents.sum())
        area, cell = np.divmod(place, CELLS)
        p = self.truth[area, cell]
        label = (p.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
        r = np.eye(PROFILES)[label]
        if softness:
            seen = rng.normal(r / softness, 1.0)
            prior = self.base[cell]
            r = prior * np.exp(seen / softness)
            r /= r.sum(axis=1, keepdims=True)
        return Sample(cell, area, r)

    @property
    def base(self) -> np.ndarray:
        weight = self.residents[:, :, None]
        return (weight * self.truth).sum(axis=0) / np.maximum(weight.sum(axis=0), 1)

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
    size: float = 29, mixing: float = 0.5,
) -> AreaWorld:  # fmt: skip
    """`districts` per town, `areas` per district; tau of town, district and area."""
    rng = np.random.default_rng(seed)
    z, a = towns * districts, towns * districts * areas
    municipality, district = np.arange(z) // districts, np.arange(a) // areas
    codes = np.stack(np.unravel_index(np.arange(CELLS), SIZES))
    log = rng.normal(0, 0.3, CELLS)
    levels = np.zeros((a, CELLS))
    for code, levels_of in zip(codes, SIZES, strict=True):
        for shape, of, sd in ((towns, municipality[district], 0.25), (z, district, 0.25),
                              (a, np.arange(a), 0.3)):  # fmt: skip
            levels += rng.normal(0, sd, (shape, levels_of))[of][:, code]
    cross = rng.normal(0, mixing, (z, SIZES[0], SIZES[2]))[:, codes[0], codes[2]]
    levels += cross[district] + rng.normal(0, mixing, (z, 3, 3))[:, codes[2], codes[3]][district]
    p = np.exp(levels + log)
    p /= p.sum(axis=1, keepdims=True)
    residents = rng.multinomial(rng.poisson(rng.gamma(3, size / 3, a)) + 8, p)
    eta = np.zeros((CELLS, PROFILES))
    for code, levels_of in zip(codes, SIZES, strict=True):
        eta += rng.normal(0, 0.45, (levels_of, PROFILES))[code]
    eta += rng.normal(0, 0.25, (SIZES[0], SIZES[2], PROFILES))[codes[0], codes[2]]
    eta += rng.normal(0, 0.35, PROFILES)
    residual = rng.normal(0, tau[0], (towns, PROFILES))[municipality][district]
    residual = residual + rng.normal(0, tau[1], (z, PROFILES))[district]
    residual = residual + rng.normal(0, tau[2], (a, PROFILES))
    truth = np.exp(eta[None] + residual[:, None])
    truth /= truth.sum(axis=2, keepdims=True)
    n = residents.sum(axis=1)[:, None]
    expected = np.einsum("ac,ack->ak", residents, truth) / n
    realised = np.stack([rng.multinomial(residents[i], truth[i]).sum(axis=0) for i in range(a)]) / n
    return AreaWorld(residents, district, municipality, truth, expected, realised, tau)
