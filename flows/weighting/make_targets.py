"""A target table made of CBS files by a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from flows.definitions.areas import load_redivision
from flows.definitions.models import Text
from flows.definitions.target_recipe import COUNTRY, OWN, AgeBand, TargetRecipe
from flows.definitions.target_table import TableArea, TargetTable
from flows.errors import Refusal
from flows.ingest.cbs import CbsTable
from flows.ingest.cbs_areas import (
    Redivided,
    check_postcodes,
    place_municipalities,
    place_postcodes,
)
from flows.ingest.cbs_population import Floats, Population, population
from flows.ingest.cbs_sources import Sources
from flows.ingest.errors import listed
from flows.weighting import target_texts
from flows.weighting.area_targets import (
    AreaTargets,
    age_sex_numbers,
    band_shares,
    grouped,
    part_numbers,
    whole_numbers,
)

NATION = "NL"
NATION_NAME = "Nederland"
EVERYONE = AgeBand(code="all", nl="", low=0)


@dataclass(frozen=True, eq=False)
class Made:
    """A table and what a person should know of how it came about."""

    table: TargetTable
    targets: AreaTargets
    redivided: Redivided | None
    notes: tuple[str, ...]


def make_table(recipe: TargetRecipe, sources: Sources, surveys: Path) -> Made:
    """The table of a recipe. `surveys`: the folder in which redivisions are looked for.

    Raises `Refusal` for anything in the files that does not fit the recipe; nobody is counted
    twice or lost without being told.
    """
    redivided = None
    people = None
    if recipe.files.population is not None:
        people, redivided = _population(recipe, sources, surveys)
    if recipe.parts:
        targets, names = _parts(recipe, sources, people)
    elif recipe.division is not None:
        targets, names = _division(recipe, sources, people)
    else:
        assert people is not None
        targets, names = _ages_and_sexes(recipe, sources, people)
    if recipe.whole:
        targets = AreaTargets(
            targets.areas, targets.levels, whole_numbers(targets.numbers), targets.published
        )
    notes = [note for table in sources.tables.values() for note in _told(table)]
    peopled = targets.numbers.sum(axis=1) > 0
    if not peopled.all():
        areas = np.array(targets.areas, dtype=object)
        notes.append(
            f"{int((~peopled).sum())} areas without people were left out: "
            f"{listed(list(areas[~peopled]))}"
        )
        targets = AreaTargets(
            tuple(areas[peopled]),
            targets.levels,
            targets.numbers[peopled],
            targets.published[peopled],
        )
    if redivided is not None:
        without = [code for code in redivided.names if code not in redivided.population.areas]
        if without:
            notes.append(f"no people of the file are in {listed(without)}: is it whole?")
    table = TargetTable(
        title=recipe.title,
        source=recipe.source,
        reference_date=recipe.reference_date,
        approximate=recipe.approximate,
        levels=_labels(recipe, targets.levels, sources),
        areas={
            area: TableArea(
                name=names.get(area, area), targets=dict(zip(targets.levels, row, strict=True))
            )
            for area, row in zip(targets.areas, targets.numbers.tolist(), strict=True)
        },
        rule=target_texts.rule(recipe, redivided),
        rounding=target_texts.rounding(targets),
        made_from={table.name: table.sha256 for table in sources.tables.values()},
    )
    return Made(table, targets, redivided, tuple(notes))


def _told(table: CbsTable) -> list[str]:
    return [f"{table.name}: {note}" for note in table.notes]


def _population(
    recipe: TargetRecipe, sources: Sources, surveys: Path
) -> tuple[Population, Redivided | None]:
    """The population by the areas that the recipe needs: as published, or redivided."""
    table = sources.tables["population"]
    people = population(table.frame, table.by)
    if recipe.by == COUNTRY and recipe.division is None:
        if table.by == "postcode" and "postcodes" in sources.tables:
            check_postcodes(people, sources.frame("postcodes"))
        return people, None
    if recipe.redivision is None:
        raise Refusal(
            f"{table.name} is by {table.by}. To make targets by {recipe.by} the recipe needs "
            "redivision: the name of a file in surveys/areas."
        )
    redivision = load_redivision(surveys, recipe.redivision)
    areas = sources.frame("areas")
    if table.by == "postcode":
        redivided = place_postcodes(people, sources.frame("postcodes"), areas, redivision)
    else:
        split = sources.tables.get("split")
        by_postcode = population(split.frame, split.by) if split is not None else None
        if split is not None and split.by != "postcode":
            raise Refusal(f"{split.name} is by {split.by}; files.split must be by postcode.")
        redivided = place_municipalities(people, areas, redivision, by_postcode)
    return redivided.population, redivided


def _larger(by: str, sources: Sources, codes: tuple[str, ...]) -> tuple[list[str], dict[str, str]]:
    """Per municipality the code of the area of `by` it is in, and the names of those areas."""
    if by == COUNTRY:
        return [NATION] * len(codes), {NATION: NATION_NAME}
    areas = sources.frame("areas").set_index("code")
    if by in OWN:
        return list(codes), {str(code): str(name) for code, name in areas["name"].items()}
    column = f"{by}_code"
    if column not in areas:
        columns = [str(name) for name in areas]
        known = sorted(n.removesuffix("_code") for n in columns if n.endswith("_code"))
        raise Refusal(
            f"The file with areas has no division {by}. It has {listed(known, 12)}, and there "
            "are country and municipality."
        )
    lacking = [code for code in codes if code not in areas.index]
    if lacking:
        raise Refusal(f"The file with areas lacks {listed(lacking)}. Take files of the same year.")
    named = areas.groupby(column)[by].first().to_dict() if by in areas else {}
    return [str(areas.at[code, column]) for code in codes], {str(k): v for k, v in named.items()}


def _ages_and_sexes(
    recipe: TargetRecipe, sources: Sources, people: Population
) -> tuple[AreaTargets, dict[str, str]]:
    bands = recipe.ages or (recipe.people or EVERYONE,)
    shares = band_shares(people.ages, bands)
    sexes = [("men", "women").index(sex.of) for sex in recipe.sexes]
    numbers = age_sex_numbers(people.people, shares, sexes or [0, 1])
    if not sexes:
        numbers = numbers.reshape(len(numbers), -1, 2).sum(axis=2)
    both = not sexes or sorted(sexes) == [0, 1]
    published = people.totals @ shares.sum(axis=1)
    if recipe.by == COUNTRY:
        of, names = [NATION] * len(people.areas), {NATION: NATION_NAME}
    else:
        of, names = _larger(recipe.by, sources, people.areas)
    areas, sums = grouped(np.column_stack([numbers, published]), of)
    levels = tuple(
        "_".join(part.code for part in (band, sex) if part is not None)
        for band in recipe.ages or (None,)
        for sex in recipe.sexes or (None,)
    )
    published = sums[:, -1] if both else np.full(len(areas), np.nan)
    return AreaTargets(areas, levels, sums[:, :-1], published), names


def _division(
    recipe: TargetRecipe, sources: Sources, people: Population | None
) -> tuple[AreaTargets, dict[str, str]]:
    """A level per area of a division; the numbers are inhabitants, or `people` of an age."""
    frame = sources.frame("areas")
    if people is not None:
        shares = band_shares(people.ages, (recipe.people or EVERYONE,))[:, 0]
        codes = people.areas
        counts = people.people.sum(axis=2) @ shares
        published = people.totals @ shares
    else:
        if recipe.people is not None:
            raise Refusal("To count people of an age the recipe needs files.population.")
        codes = tuple(frame["code"])
        counts = published = frame["population"].to_numpy(dtype=float)
    level_of, _ = _larger(str(recipe.division), sources, codes)
    of, names = _larger(recipe.by, sources, codes)
    levels = tuple(sorted(set(level_of)))
    spread = np.zeros((len(codes), len(levels) + 1))
    spread[np.arange(len(codes)), [levels.index(level) for level in level_of]] = counts
    spread[:, -1] = published
    areas, sums = grouped(spread, of)
    return AreaTargets(areas, levels, sums[:, :-1], sums[:, -1]), names


def _parts(
    recipe: TargetRecipe, sources: Sources, people: Population | None
) -> tuple[AreaTargets, dict[str, str]]:
    """Shares of key figures times the people they are shares of."""
    frame = sources.frame("key_figures")
    level = OWN.get(recipe.by, "GM")
    frame = frame[frame["level"] == level].reset_index(drop=True)
    if frame.empty:
        raise Refusal(
            f"{sources.tables['key_figures'].name} has no areas with codes that begin with "
            f"{level}, which a table by {recipe.by} needs. Name the right file."
        )
    columns = [part.column for part in recipe.parts if part.column is not None]
    base_columns = [recipe.base] if recipe.base is not None else []
    lacking = [name for name in [*columns, *base_columns] if name not in frame]
    if lacking:
        known = [str(name) for name in frame if frame[name].dtype == float]
        raise Refusal(
            f"{sources.tables['key_figures'].name} has no column {listed(lacking)}. It has "
            f"{listed(known, 20)}."
        )
    unknown = frame[[*columns, *base_columns]].isna().any(axis=1)
    if unknown.any():
        missing = list(frame.loc[unknown, "code"])
        if recipe.unknown == "refuse" or recipe.by not in OWN:
            raise Refusal(
                f"{sources.tables['key_figures'].name} gives no figure for {listed(missing)}. "
                "Set unknown: leave_out to make a table without them"
                + ("." if recipe.by in OWN else " (by areas of the file itself).")
            )
        frame = frame[~unknown].reset_index(drop=True)
    base = _base(recipe, frame, people)
    shares = np.column_stack(
        [
            frame[part.column].to_numpy(dtype=float) if part.column else np.zeros(len(frame))
            for part in recipe.parts
        ]
    )
    rest = next((i for i, part in enumerate(recipe.parts) if part.column is None), None)
    numbers = part_numbers(shares, base, rest)
    codes = tuple(frame["code"])
    if recipe.by in OWN:
        of = list(codes)
        names = dict(zip(frame["code"], frame.get("name", frame["code"]), strict=True))
    else:
        of, names = _larger(recipe.by, sources, codes)
    areas, sums = grouped(np.column_stack([numbers, base]), of)
    levels = tuple(part.code for part in recipe.parts)
    return AreaTargets(areas, levels, sums[:, :-1], sums[:, -1]), names


def _base(recipe: TargetRecipe, frame: pd.DataFrame, people: Population | None) -> Floats:
    if recipe.base is not None:
        return frame[recipe.base].to_numpy(dtype=float)
    assert people is not None
    shares = band_shares(people.ages, (recipe.people or EVERYONE,))[:, 0]
    counts = people.people.sum(axis=2) @ shares
    by_code = pd.Series(counts, index=list(people.areas)).reindex(frame["code"])
    if by_code.isna().any():
        raise Refusal(
            f"The population lacks {listed(list(by_code.index[by_code.isna()]))}, which the key "
            "figures have. Take files of the same year, or give a redivision."
        )
    return by_code.to_numpy(dtype=float)


def _labels(recipe: TargetRecipe, levels: tuple[str, ...], sources: Sources) -> dict[str, Text]:
    if recipe.parts:
        return {part.code: part.label for part in recipe.parts}
    if recipe.division is not None:
        names = _larger(recipe.division, sources, tuple(sources.frame("areas")["code"]))[1]
        return {
            level: recipe.labels.get(level) or Text(nl=names.get(level, level)) for level in levels
        }
    return {
        level: Text(
            nl=", ".join(part.nl for part in parts if part is not None),
            en=", ".join(part.label["en"] for part in parts if part is not None),
        )
        for level, parts in zip(
            levels,
            [(band, sex) for band in recipe.ages or (None,) for sex in recipe.sexes or (None,)],
            strict=True,
        )
    }
