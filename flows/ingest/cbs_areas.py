"""The same people in other areas: postcodes and old municipalities to those of a later year.

Names of municipalities become codes; merged ones are added up; a municipality that was split
goes by its postcodes. Nobody gets lost: every inhabitant is in a municipality of the later year
or in the account of those who could not be placed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd

from flows.definitions.areas import Redivision
from flows.ingest.cbs_population import Floats, Population
from flows.ingest.errors import UnreadableFile, listed


@dataclass(frozen=True, eq=False)
class Redivided:
    """Population by municipality code of the later year, and the account of everyone.

    `names`: of the codes. `account`: one row a way in which people were placed (`way`, `areas`,
    `people`); the ways add up to everyone in the file. `unplaced`: uninhabited areas without a
    municipality.
    """

    population: Population
    names: Mapping[str, str]
    account: pd.DataFrame
    unplaced: tuple[str, ...]


def municipality_codes(areas: pd.DataFrame) -> dict[str, str]:
    """Code per name, of the frame of kind `areas`; refuses a name that two codes share."""
    twice = areas.loc[areas["name"].duplicated(), "name"]
    if len(twice):
        raise UnreadableFile(
            f"The file with areas names {listed(sorted(set(twice)))} more than once, so names "
            "cannot become codes. Correct it."
        )
    return dict(zip(areas["name"], areas["code"], strict=True))


def check_postcodes(population: Population, postcodes: pd.DataFrame) -> None:
    """Refuse a population and a file of postcodes that are not of the same postcodes.

    Only inhabited ones count. A population that was exported without some of the country would
    otherwise pass for the whole.
    """
    listed_there = set(postcodes["postcode"])
    peopled = zip(population.areas, population.per_area, strict=True)
    unlisted = [area for area, people in peopled if people > 0 and area not in listed_there]
    if unlisted:
        raise UnreadableFile(
            f"The file with postcodes lacks {listed(unlisted)}, which the population has. Take "
            "two files of the same year."
        )
    have = set(population.areas)
    inhabited = postcodes.loc[postcodes["total"] > 0, "postcode"]
    absent = [code for code in inhabited if code not in have]
    if absent:
        raise UnreadableFile(
            f"The population lacks {listed(absent)}, where people live by the file with "
            "postcodes. Export it again with all postcodes."
        )


def place_postcodes(
    population: Population,
    postcodes: pd.DataFrame,
    areas: pd.DataFrame,
    redivision: Redivision,
) -> Redivided:
    """Population of postcodes by municipality of the later year.

    `postcodes`: frame of kind `postcodes` (a municipality of the earlier year per postcode,
    NaN where there is none); `areas`: frame of kind `areas` of the later year. A postcode goes,
    in this order, where `split` or `postcodes` of the redivision says, else where its
    municipality went. A postcode without a municipality that has no inhabitants is unplaced;
    one with inhabitants is refused, as is a name or a code nobody knows.
    """
    codes = municipality_codes(areas)
    _check_codes(redivision, codes)
    named = dict(zip(postcodes["postcode"], postcodes["municipality"], strict=True))
    inhabited = dict(zip(population.areas, population.per_area > 0, strict=True))
    check_postcodes(population, postcodes)
    to = _names_to_codes(
        {str(name) for name in named.values() if isinstance(name, str)}, codes, redivision
    )
    by_postcode = {code: c for parts in redivision.split.values() for code, c in parts.items()}
    placed: dict[str, str] = {}
    ways: dict[str, str] = {}
    for postcode in population.areas:
        name = named.get(postcode)
        if postcode in by_postcode:
            if name is not None and isinstance(name, str) and name not in redivision.split:
                raise UnreadableFile(
                    f"Postcode {postcode} is in {name}, but the redivision splits it off another "
                    "municipality. Correct the redivision."
                )
            placed[postcode], ways[postcode] = by_postcode[postcode], "split"
        elif not isinstance(name, str):
            if postcode in redivision.postcodes:
                placed[postcode], ways[postcode] = redivision.postcodes[postcode], "no name"
        elif name in to:
            placed[postcode] = to[name]
            ways[postcode] = "merged" if name in redivision.merged else "kept"
        else:
            raise UnreadableFile(
                f"Postcode {postcode} is in {name}, which was split, but the redivision does "
                "not say where it went. Add it under split."
            )
    homeless = [area for area in population.areas if area not in placed]
    lost = [area for area in homeless if inhabited[area]]
    if lost:
        raise UnreadableFile(
            f"The file with postcodes names no municipality for {listed(lost)}, where people "
            "live. Add them under postcodes of the redivision."
        )
    return _redivided(population, placed, ways, areas, tuple(homeless))


def place_municipalities(
    population: Population,
    areas: pd.DataFrame,
    redivision: Redivision,
    of_postcodes: Population | None = None,
) -> Redivided:
    """Population of municipalities of the earlier year (by name) by those of the later year.

    `of_postcodes`: the population of postcodes, needed where a municipality was split: each
    figure of it is divided as the same figure of its postcodes (where those are all zero, as
    their inhabitants). Raises `UnreadableFile` for an unknown name, with near ones.
    """
    codes = municipality_codes(areas)
    _check_codes(redivision, codes)
    to = _names_to_codes(set(population.areas), codes, redivision)
    parts: dict[str, Population] = {}
    for name in population.areas:
        if name not in redivision.split:
            continue
        if of_postcodes is None:
            raise UnreadableFile(
                f"{name} was split, and only its postcodes say who went where. Give the "
                "population of postcodes as well."
            )
        parts[name] = _divided(population, name, redivision.split[name], of_postcodes)
    areas_in, people, totals, ways, placed = [], [], [], {}, {}
    for i, name in enumerate(population.areas):
        if name in parts:
            for j, label in enumerate(parts[name].areas):
                areas_in.append(label)
                people.append(parts[name].people[j])
                totals.append(parts[name].totals[j])
                placed[label], ways[label] = redivision.split[name][label], "split"
        else:
            areas_in.append(name)
            people.append(population.people[i])
            totals.append(population.totals[i])
            placed[name] = to[name]
            ways[name] = "merged" if name in redivision.merged else "kept"
    whole = Population(tuple(areas_in), population.ages, np.array(people), np.array(totals))
    return _redivided(whole, placed, ways, areas, ())


def _divided(
    population: Population, name: str, split: Mapping[str, str], of_postcodes: Population
) -> Population:
    """The parts of one municipality, by postcode, adding up to it figure by figure."""
    if of_postcodes.ages != population.ages:
        raise UnreadableFile(
            f"{name} was split, but the population of postcodes has other age classes than that "
            "of municipalities. Take two files with the same classes."
        )
    place = {area: i for i, area in enumerate(of_postcodes.areas)}
    lacking = [code for code in split if code not in place]
    if lacking:
        raise UnreadableFile(
            f"{name} was split, but the population of postcodes lacks {listed(lacking)}. Take "
            "the file of the same year."
        )
    at = [place[code] for code in split]
    i = population.areas.index(name)

    def parts(whole: Floats, weights: Floats) -> Floats:
        sums = weights.sum(axis=0)
        everyone = of_postcodes.per_area[at]
        shares = np.divide(
            weights,
            sums,
            out=np.broadcast_to(
                (everyone / everyone.sum()).reshape(-1, *[1] * (weights.ndim - 1)), weights.shape
            ).copy(),
            where=sums > 0,
        )
        divided: Floats = shares * whole
        return divided

    return Population(
        tuple(split),
        population.ages,
        parts(population.people[i], of_postcodes.people[at]),
        parts(population.totals[i], of_postcodes.totals[at]),
    )


def _names_to_codes(
    names: set[str], codes: Mapping[str, str], redivision: Redivision
) -> dict[str, str]:
    """Code of the later year per name of the earlier; split municipalities have none."""
    to: dict[str, str] = {}
    unknown = []
    for name in sorted(names):
        if name in redivision.merged:
            to[name] = redivision.merged[name]
        elif name in codes:
            to[name] = codes[name]
        elif name in redivision.spelled:
            to[name] = redivision.spelled[name]
        elif name not in redivision.split:
            unknown.append(name)
    if unknown:
        known = [*codes, *redivision.merged, *redivision.split, *redivision.spelled]
        near = get_close_matches(unknown[0], known, 3, 0.6)
        hint = f" (near: {listed(near)})" if near else ""
        raise UnreadableFile(
            f"{listed(unknown)}: no municipality of {redivision.to_year} has this name{hint}, and "
            "the redivision does not say what became of it. Correct the name, or add it under "
            "merged, split or spelled."
        )
    return to


def _check_codes(redivision: Redivision, codes: Mapping[str, str]) -> None:
    used = {
        *redivision.merged.values(),
        *redivision.spelled.values(),
        *redivision.postcodes.values(),
        *(code for parts in redivision.split.values() for code in parts.values()),
    }
    unknown = sorted(used - set(codes.values()))
    if unknown:
        raise UnreadableFile(
            f"The redivision sends people to {listed(unknown)}, which the file with areas of "
            f"{redivision.to_year} lacks. Correct the code, or take the file of that year."
        )


WAYS = {
    "kept": "in a municipality that kept its name",
    "merged": "in a municipality that became part of another",
    "split": "in a municipality that was split, placed by postcode",
    "no name": "in a postcode without a municipality, placed by the redivision",
    "unplaced": "in a postcode without a municipality, uninhabited",
}


def _redivided(
    population: Population,
    placed: Mapping[str, str],
    ways: Mapping[str, str],
    areas: pd.DataFrame,
    unplaced: tuple[str, ...],
) -> Redivided:
    keep = [i for i, area in enumerate(population.areas) if area in placed]
    kept = Population(
        tuple(population.areas[i] for i in keep),
        population.ages,
        population.people[keep],
        population.totals[keep],
    )
    everyone = pd.Series(population.per_area, index=list(population.areas))
    way = pd.Series({area: ways.get(area, "unplaced") for area in population.areas})
    grouped = everyone.groupby(way.reindex(everyone.index).to_numpy())
    account = (
        pd.DataFrame({"areas": grouped.size(), "people": grouped.sum()})
        .reindex([key for key in WAYS if key in set(way)])
        .rename_axis("way")
        .reset_index()
    )
    names = dict(zip(areas["code"], areas["name"], strict=True))
    return Redivided(kept.of(placed), names, account, unplaced)


def against(population: Population, published: pd.DataFrame) -> pd.DataFrame:
    """Sums per municipality beside published inhabitants: code, name, people, published, ratio.

    `published`: frame of kind `areas`. Sorted by how far apart the two are.
    """
    sums = pd.Series(population.per_area, index=list(population.areas), name="people")
    beside = published.set_index("code")[["name", "population"]].join(sums, how="outer")
    beside = beside.rename(columns={"population": "published"})
    beside["ratio"] = beside["published"] / beside["people"]
    order = (np.log(beside["ratio"])).abs().sort_values(ascending=False, na_position="first").index
    farthest_first: pd.DataFrame = beside.loc[order].rename_axis("code").reset_index()
    return farthest_first
