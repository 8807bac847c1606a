"""Where people live among the areas of a base, and the nested surroundings that differ.

Surroundings are nested even where the levels are not: a postcode that lies in two municipalities
is two places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.ingest.derive import derive
from flows.ingest.errors import NotInWave
from flows.profiles.answers import Concomitants

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

UNKNOWN = ""
SURROUNDINGS = ("municipality", "pc4")
"""Levels, coarse to fine, of the surroundings that differ beyond their demographics."""
ENOUGH = 0.5
"""Residuals are taken a level finer only when so many of the people are known there."""


@dataclass(frozen=True, eq=False)
class Places:
    """Nested surroundings of A finest areas.

    `levels`: coarse to fine. `codes`: a row per finest place, a column per level. `parents`,
    coarsest first: per level the place of each among those one level coarser (zeros at the
    coarsest). `of` (A,): the finest place of every area. `residents` (Z,): of every place.
    """

    levels: tuple[str, ...]
    codes: pd.DataFrame
    parents: tuple[Ints, ...]
    of: Ints
    residents: Floats

    def located(self, people: pd.DataFrame) -> Ints:
        """The finest place (n,) of people by their codes, a column per level; -1 unknown.

        The finest code decides: a coarser one that contradicts it is of an older division. Of
        several places with that code the one with most residents is taken.
        """
        finest = self.levels[-1]
        known = self.codes.assign(place=np.arange(len(self.codes)), residents=self.residents)
        exact = pd.Index(pd.MultiIndex.from_frame(self.codes[list(self.levels)]))
        wanted = pd.MultiIndex.from_frame(people[list(self.levels)])
        place = exact.get_indexer(wanted).astype(np.int64)
        largest = known.sort_values("residents", kind="stable").drop_duplicates(finest, keep="last")
        by_code = largest.set_index(finest)["place"].reindex(people[finest]).fillna(-1)
        return np.where(place >= 0, place, by_code.to_numpy(dtype=np.int64))

    def at_all_levels(self, people: pd.DataFrame) -> tuple[Ints, ...]:
        """The place (n,) of people at every level, coarsest first; -1 unknown."""
        lacking = [level for level in self.levels if level not in people]
        people = people.assign(**dict.fromkeys(lacking, UNKNOWN))
        finest = self.located(people)
        found, above = [finest], finest
        for depth in range(len(self.levels) - 1, 0, -1):
            above = np.where(above >= 0, self.parents[depth][above], -1)
            own = self.coarser(depth).located(people)
            found.insert(0, np.where(above >= 0, above, own))
        return tuple(found)

    def coarser(self, depth: int) -> Places:
        """The same areas with the first `depth` levels only."""
        of, place = self.of, np.arange(len(self.codes))
        for parent in reversed(self.parents[depth:]):
            of, place = parent[of], parent[place]
        size = len(self.parents[depth - 1])
        first = np.unique(place, return_index=True)[1]
        codes = self.codes.iloc[first][list(self.levels[:depth])].reset_index(drop=True)
        return Places(
            self.levels[:depth],
            codes,
            self.parents[:depth],
            of,
            np.bincount(place, self.residents, size).astype(np.float64),
        )


def places_of(areas: pd.DataFrame, residents: ArrayLike, levels: Sequence[str]) -> Places:
    """The nested places of areas: a row per area, a column with its code per level."""
    of_level: list[Ints] = [
        np.asarray(areas.groupby(list(levels[: depth + 1]), sort=True).ngroup(), dtype=np.int64)
        for depth in range(len(levels))
    ]
    parents: list[Ints] = []
    for depth, of in enumerate(of_level):
        parent = np.zeros(int(of.max()) + 1, dtype=np.int64)
        if depth:
            parent[of] = of_level[depth - 1]
        parents.append(parent)
    finest: Ints = of_level[-1]
    first = np.unique(finest, return_index=True)[1]
    codes = areas.iloc[first][list(levels)].reset_index(drop=True)
    people = np.bincount(finest, np.asarray(residents, dtype=np.float64), len(parents[-1]))
    return Places(tuple(levels), codes, tuple(parents), finest, people.astype(np.float64))


def surroundings(levels: Sequence[str]) -> tuple[str, ...]:
    """The levels at which residuals are taken in a base with these levels (finest first)."""
    return tuple(level for level in SURROUNDINGS if level in levels) or (levels[0],)


def area_codes(
    answers: pd.DataFrame, questionnaire: Questionnaire, places: Mapping[Any, str]
) -> pd.DataFrame:
    """Codes of the areas people live in by their answers: a text column per level.

    `places`: per level the question that asks it. '' where there is no answer; levels whose
    question was not asked are left out.
    """
    found = {}
    for level, code in places.items():
        if code not in answers.columns:
            continue
        if questionnaire.question(code).type is QuestionType.NUMBER:
            numbers = answers[code]
            codes = numbers.map(lambda value: f"{value:.0f}", na_action="ignore")
        else:
            try:
                codes = derive(answers, questionnaire, [code])[code].astype(object)
            except (NotInWave, ValueError):
                continue
        found[level] = codes.where(codes.notna(), UNKNOWN).astype(str)
    return pd.DataFrame(found, index=answers.index).reset_index(drop=True)


def cells_of(
    answers: pd.DataFrame, questionnaire: Questionnaire, demographics: Concomitants
) -> Ints:
    """Everybody's combination of levels (n,), the last variable running fastest; -1 unknown.

    Raises `NotInWave` when the answers lack a variable, `ProfileError` as the model does.
    """
    cell = np.zeros(len(answers), dtype=np.int64)
    known = np.ones(len(answers), dtype=bool)
    variables = zip(demographics.variables, demographics.levels, strict=True)
    for code, levels in variables:
        values = derive(answers, questionnaire, [code])[code]
        place = {level: i for i, level in enumerate(levels)}
        lookup = np.array([*(place.get(str(c), -1) for c in values.cat.categories), -1])
        codes = lookup[values.cat.codes.to_numpy()]
        known &= codes >= 0
        cell = cell * len(levels) + codes
    return np.where(known, cell, -1)
