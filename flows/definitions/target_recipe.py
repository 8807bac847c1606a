"""How a target table is made of files of Statistics Netherlands: a recipe in YAML."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from flows.definitions.load import read_model
from flows.definitions.models import Code, Labelled, Model, Text
from flows.errors import Refusal

COUNTRY = "country"
OWN = {"municipality": "GM", "district": "WK", "neighbourhood": "BU"}
"""Areas that files name themselves; any other `by` is a division of the file with areas."""


class Files(Model):
    """Names of the files in the folder, by what they hold.

    `population`: by age and sex, of postcodes or municipalities. `postcodes`: the municipality
    of each postcode. `split`: the population of postcodes, where `population` is of
    municipalities of which one was split. `areas`: municipalities and their regions.
    """

    population: str | None = None
    postcodes: str | None = None
    split: str | None = None
    areas: str | None = None
    key_figures: str | None = None


class AgeBand(Labelled):
    """People of `low` to and with `high` years; without `high` there is no end."""

    low: int = Field(ge=0)
    high: int | None = None


class Sex(Labelled):
    """A level of the survey's own, and which people of the file it stands for."""

    of: Literal["men", "women"]


class Part(Labelled):
    """A level that is a share of the people: a column with percentages, or what is left."""

    column: str | None = None


class TargetRecipe(Model):
    """A recipe of a target table.

    `by`: the areas of the table: country, municipality, district (wijk), neighbourhood, or a
    division of the file with areas (province, corop, nielsen5, ...). The levels are one of:

    - `ages`, `sexes` or both crossed (`a1_m`), of the population;
    - `division`: a level for every area of a division, counting `people`;
    - `parts`: shares of key figures, of `base`, a column with numbers (population) or, where
      there is none, of the `people` of the population file.

    `people`: the ages that count (where `ages` does not say so). `whole`: numbers are rounded
    to whole people per area, by largest remainder. `redivision`: how the population's areas
    became those of the file with areas. `period`: which one of an export with several.
    `unknown`: whether an area without a figure is refused or left out.
    """

    table: Code
    title: Text
    source: Text
    reference_date: date
    files: Files
    by: Code = COUNTRY
    redivision: Code | None = None
    period: str | None = None
    ages: tuple[AgeBand, ...] = ()
    sexes: tuple[Sex, ...] = ()
    division: Code | None = None
    labels: dict[str, Text] = Field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    base: str | None = None
    people: AgeBand | None = None
    whole: bool = True
    approximate: bool = False
    unknown: Literal["refuse", "leave_out"] = "refuse"

    @model_validator(mode="after")
    def _is_one_thing(self) -> TargetRecipe:
        kinds = [bool(self.ages or self.sexes), bool(self.division), bool(self.parts)]
        if sum(kinds) != 1:
            raise ValueError("give ages and sexes, or division, or parts")
        if self.ages and self.people is not None:
            raise ValueError("the ages say who counts; remove people")
        if kinds[0] and self.files.population is None:
            raise ValueError("ages and sexes need files.population")
        if self.parts and self.files.key_figures is None:
            raise ValueError("parts need files.key_figures")
        if self.parts and (self.base is None) == (self.files.population is None):
            raise ValueError("parts need base, or files.population with people; not both")
        if self.division and self.files.areas is None:
            raise ValueError("a division needs files.areas")
        if sum(part.column is None for part in self.parts) > 1:
            raise ValueError("only one part can be what is left")
        for levels in (self.ages, self.sexes, self.parts):
            codes = [level.code for level in levels]
            if len(set(codes)) < len(codes):
                raise ValueError("two levels have the same code")
        last = -1
        for band in self.ages:
            if band.high is not None and band.high < band.low:
                raise ValueError(f"age band {band.code} ends before it begins")
            if band.low <= last:
                raise ValueError(f"age band {band.code} begins before the one above it has ended")
            last = 10**6 if band.high is None else band.high
        return self


def read_recipe(path: Path) -> TargetRecipe:
    """Read a recipe; raises `DefinitionError` with file, line and remedy for every fault."""
    if not Path(path).is_file():
        raise Refusal(f"{path}: there is no such recipe. Name a file such as recipes/<table>.yaml.")
    return read_model(Path(path), TargetRecipe)
