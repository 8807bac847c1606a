"""One year of the fictional world as figures of its areas, and the truth beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flows.simulation.chance import BoolArray, FloatArray, IntArray, TextArray, stream
from flows.simulation.errors import SimulationError
from flows.simulation.layout import Layout
from flows.simulation.place_parameters import PUBLISHED, Geography
from flows.simulation.territory import Territory

COUNTRY = "NL"
LEVELS = ("pc6", "pc5", "pc4", "buurt", "wijk", "municipality", "province", "country")
ROUNDING, SECRET_BELOW = 5, 5
SECRET, MISSING = -99997, -99995


@dataclass(frozen=True, eq=False)
class Vintage:
    """The areas of one year.

    `areas`: one row per PC6 (`pc6, buurt, wijk, municipality, province, inhabitants, residents,
    addresses`). `counts` per published level: a row per area, a column `<variable>_<level>` of
    true counts. `margins`: the same as published, rounded, with the codes of what is secret or
    missing. `names`: `level, area, name`. `truth` per level: expected shares of the profiles
    among the residents, `<level>, residents, share_<profile>`; missing where nobody lives.
    """

    year: int
    areas: pd.DataFrame
    counts: Mapping[str, pd.DataFrame]
    margins: Mapping[str, pd.DataFrame]
    names: pd.DataFrame
    truth: Mapping[str, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class AreaCodes:
    """Codes per PC6 at every level, and names of the areas that have one."""

    of: Mapping[str, TextArray]
    names: pd.DataFrame


def area_vintage(territory: Territory, profiles: tuple[str, ...], year: int) -> Vintage:
    """The figures of `year`; `profiles`: the codes of the profiles, in order.

    Raises `SimulationError` for a year the geography does not have.
    """
    geography, layout = territory.geography, territory.layout
    codes = area_codes(territory, year)
    adults, inhabitants = territory.population(year)
    cells = territory.census.cells
    columns = [f"{v}_{c}" for v, levels in zip(cells.variables, cells.levels, strict=True)
               for c in levels]  # fmt: skip
    of_level = np.vstack([np.eye(s)[:, c] for s, c in zip(cells.sizes, cells.codes, strict=True)])
    counted = np.zeros((len(layout), len(columns)), dtype=np.int64)
    share = np.full((len(layout), len(profiles)), np.nan)
    for m in range(len(layout.municipalities)):
        rows = territory.rows(m)
        counts = territory.counts(m, year, adults[rows])
        counted[rows] = np.rint(counts @ of_level.T).astype(np.int64)
        share[rows] = territory.profile_shares(m, counts)
    there = territory.there(year)
    of = {level: codes.of[level][there] for level in LEVELS}
    areas = pd.DataFrame(
        {level: of[level] for level in ("pc6", "buurt", "wijk", "municipality", "province")}
        | {
            "inhabitants": inhabitants[there],
            "residents": adults[there],
            "addresses": layout.addresses[there],
        }
    )
    published: dict[str, list[str]] = {
        level: [
            f"{variable}_{code}"
            for variable, at in geography.published.items()
            if level in at
            for code in cells.levels[cells.variables.index(variable)]
        ]
        for level in PUBLISHED
    }
    figures = pd.DataFrame(counted[there], columns=columns)
    counts_of = {
        level: _summed(figures[names], level, of[level])
        for level, names in published.items()
        if names
    }
    rng = stream(territory.seed, "missing", str(year))
    margins = {level: _as_published(frame) for level, frame in counts_of.items()}
    if "pc6" in margins:
        lost = rng.random(len(areas)) < geography.missing
        margins["pc6"].loc[lost, published["pc6"]] = MISSING
    existing = {(level, code) for level in LEVELS for code in np.unique(of[level].astype(str))}
    named = list(zip(codes.names["level"], codes.names["area"], strict=True))
    names_there = codes.names[[one in existing for one in named]].reset_index(drop=True)
    truth = {
        level: _truth(level, of[level], adults[there], share[there], profiles) for level in LEVELS
    }
    return Vintage(year, areas, counts_of, margins, names_there, truth)


def _summed(figures: pd.DataFrame, level: str, code: TextArray) -> pd.DataFrame:
    """Sums per area, in the order of their codes."""
    summed = figures.groupby(code.astype(str), sort=True).sum()
    summed.index.name = level
    return summed.reset_index()


def _as_published(counts: pd.DataFrame) -> pd.DataFrame:
    """Counts rounded to the unit; those that are too small are secret."""
    frame = counts.copy()
    for column in frame.columns[1:]:
        values = frame[column].to_numpy()
        rounded = ROUNDING * ((2 * values + ROUNDING) // (2 * ROUNDING))
        frame[column] = np.where(values < SECRET_BELOW, SECRET, rounded)
    return frame


def _truth(
    level: str, code: TextArray, adults: IntArray, share: FloatArray, profiles: tuple[str, ...]
) -> pd.DataFrame:
    """The mean of the PC6 in every area, by their residents."""
    people = np.nan_to_num(share) * adults[:, None]
    frame = pd.DataFrame(people, columns=[f"share_{profile}" for profile in profiles])
    frame.insert(0, "residents", adults)
    summed = _summed(frame, level, code)
    size = summed["residents"].to_numpy(dtype=float)
    size[size == 0] = np.nan
    for column in summed.columns[2:]:
        summed[column] = (summed[column].to_numpy() / size).round(6)
    return summed


def check_year(geography: Geography, year: int) -> None:
    """Refuse a year the geography does not have."""
    if year not in geography.years:
        raise SimulationError(
            f"the fictional world has no figures of {year}. Its years are "
            f"{', '.join(map(str, geography.years))}."
        )


def area_codes(territory: Territory, year: int) -> AreaCodes:
    """Codes and names of every PC6's areas in `year`: those of mergers from the last year on.

    Raises `SimulationError` for a year the geography does not have.
    """
    layout, geography = territory.layout, territory.geography
    check_year(geography, year)
    towns, names = _towns(layout, year == territory.last)
    number = _number_within(towns)
    wijk = np.array([f"{t}{i + 1:02d}" for t, i in zip(towns, number, strict=True)], dtype=object)
    inside = _number_within(wijk[layout.buurt_wijk])
    buurt = np.array(
        [f"{wijk[w]}{i + 1:02d}" for w, i in zip(layout.buurt_wijk, inside, strict=True)],
        dtype=object,
    )
    provinces = np.array([one.code for one in geography.provinces], dtype=object)
    used = np.unique(layout.province)
    rows: list[tuple[str, str, str]] = [
        ("buurt", code, name) for code, name in zip(buurt, layout.buurt_name, strict=True)
    ]
    rows += [("wijk", code, name) for code, name in zip(wijk, layout.wijk_name, strict=True)]
    rows += [("municipality", code, name) for code, name in names.items()]
    rows += [("province", geography.provinces[i].code, geography.provinces[i].nl) for i in used]
    rows.append(("country", COUNTRY, "Nederland"))
    pc6 = layout.pc6
    return AreaCodes(
        of={
            "pc6": pc6,
            "pc5": pc6.astype("U5").astype(object),
            "pc4": pc6.astype("U4").astype(object),
            "buurt": buurt[layout.buurt],
            "wijk": wijk[layout.wijk],
            "municipality": towns[layout.wijk],
            "province": provinces[layout.province][layout.municipality],
            "country": np.full(len(layout), COUNTRY, dtype=object),
        },
        names=pd.DataFrame(rows, columns=["level", "area", "name"]),
    )


def _towns(layout: Layout, last: bool) -> tuple[TextArray, dict[str, str]]:
    """(W,) the municipality of every wijk, and all names by code."""
    codes: list[str] = []
    names: dict[str, str] = {}
    position = _number_within(layout.wijk_municipality)
    for at, i in zip(layout.wijk_municipality, position, strict=True):
        place = layout.municipalities[at]
        code, name = place.code, place.nl
        if place.before and not last:
            ends = np.cumsum([len(one.districts) for one in place.before])
            one = place.before[int(np.searchsorted(ends, i, side="right"))]
            code, name = one.code, one.nl
        codes.append(code)
        names[code] = name
    return np.array(codes, dtype=object), names


def _number_within(groups: TextArray | IntArray) -> IntArray:
    """0, 1, 2, ... within every run of equal values."""
    first: BoolArray = np.append(True, groups[1:] != groups[:-1])
    starts = np.flatnonzero(first)
    number: IntArray = np.arange(len(groups)) - starts[np.cumsum(first) - 1]
    return number.astype(np.intp)
