"""The parts of a base of areas: its vintages, files, areas and published margins."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from flows.definitions.areas import Redivision
from flows.definitions.models import Code, Model, Text

Level = Literal["pc6", "pc5", "pc4", "buurt", "wijk", "municipality", "province", "country"]
LEVELS: tuple[Level, ...] = (
    "pc6", "pc5", "pc4", "buurt", "wijk", "municipality", "province", "country",
)  # fmt: skip
"""Geographic levels, finest first."""

NESTED: tuple[tuple[Level, ...], ...] = (
    ("pc6", "pc5", "pc4", "country"),
    ("pc6", "buurt", "wijk", "municipality", "province", "country"),
)
"""The two branches in which areas lie in each other; they cross."""

COUNTRY = "NL"
"""The code of the one country."""

CODE = "{code}"
YEAR = "{year}"


class Vintage(Model):
    """The files of one year. `boundaries`: the year of the areas, where it is another.

    `files`: names of files of this vintage that differ from those of the base. `redivision`:
    how areas that a file gives by the names of an earlier year became those of this vintage.
    """

    reference_date: date
    boundaries: int | None = None
    files: dict[Code, str] = Field(default_factory=dict)
    redivision: Redivision | None = None
    remark: Text | None = None


class BaseFile(Model):
    """A CSV or Parquet file; `{year}` in its `name` stands for the year of the vintage.

    `year`: a column that must hold that year, alone or in front (`2021JJ00`). `where`: only
    rows that have (one of) these texts in these columns count. `wider`: it holds areas that the
    base has not, such as the whole country for a base of one province.
    """

    name: str
    wider: bool = False
    year: str | None = None
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("where", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {k: (v,) if isinstance(v, str) else v for k, v in value.items()}


class AreaList(Model):
    """The file with one row per finest area.

    `codes`: the column with the code of the area at each level it gives; the finest is what a
    row is about. PC5 and PC4 follow from a PC6, the country from nothing, so they may be left
    out. `by_name`: levels whose column holds names; `parents` and the redivision of the vintage
    make codes of them. `names`: columns with names. `residents`: a column with those the survey
    is about (18 and over), or `residents_of`: the variable whose finest counts add up to them.
    """

    file: Code
    codes: dict[Level, str]
    by_name: tuple[Level, ...] = ()
    names: dict[Level, str] = Field(default_factory=dict)
    inhabitants: str
    residents: str | None = None
    residents_of: Code | None = None
    addresses: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> AreaList:
        if not self.codes:
            raise ValueError("codes names no level; give the column of the finest areas")
        if (self.residents is None) == (self.residents_of is None):
            raise ValueError("give residents (a column) or residents_of (a variable), one of them")
        stray = [level for level in self.by_name if level not in self.codes]
        if stray:
            raise ValueError(f"by_name: codes has no {stray[0]}; add its column there")
        if self.finest in self.by_name:
            raise ValueError(f"by_name: the finest areas ({self.finest}) need codes, not names")
        return self

    @property
    def finest(self) -> Level:
        return next(level for level in LEVELS if level in self.codes)


class ParentList(Model):
    """A file with one row per area of `level`: codes of it and of the areas it lies in, names."""

    file: Code
    level: Level
    codes: dict[Level, str]
    names: dict[Level, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_itself(self) -> ParentList:
        if self.level not in self.codes:
            raise ValueError(f"codes has no column for {self.level}, which the file is about")
        return self


class NameList(Model):
    """A file with a row per name: columns with the level, the area and its name."""

    file: Code
    level: str = "level"
    area: str = "area"
    name: str = "name"


class Published(Model):
    """Figures of a variable at one geographic level, in one file.

    `area`: the column with area codes (default: named as the level). Which columns make which
    level of the variable, by `columns`:

    - a text with `{code}` (`age6_{code}`): one column per level, by the level's code;
    - a text without, or a list: the same columns for every level, added up;
    - per level a column or a list of columns that are added up.

    `rows` (a file with several rows per area): the column `by` tells the rows apart, and each
    level adds up the rows in its list (`of`), or so much of each as its number says
    (`{"15-19": 0.4, "20-24": 1}`).

    `shares_of`: the figures are shares of the area's `residents` or `inhabitants`, in
    percentages (or in parts of one by `unit: parts`). `rest`: levels that no column gives get
    what the others leave, in this ratio; `{table: <target table>, area: NL}` takes the ratio
    from the library of targets. `rounding`: the unit of the single figures in the file.
    `assumption`: what is assumed to come from the figures to the levels, for readers.
    """

    level: Level
    file: Code
    area: str | None = None
    columns: dict[Code, tuple[str, ...]] | tuple[str, ...]
    by: str | None = None
    of: dict[Code, dict[str, float]] = Field(default_factory=dict)
    shares_of: Literal["residents", "inhabitants"] | None = None
    unit: Literal["percentages", "parts"] = "percentages"
    rest: dict[Code, float] = Field(default_factory=dict)
    rounding: float | None = Field(default=None, ge=0)
    assumption: Text | None = None

    @field_validator("columns", mode="before")
    @classmethod
    def _columns(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: (v,) if isinstance(v, str) else v for k, v in value.items()}
        return (value,) if isinstance(value, str) else value

    @field_validator("of", mode="before")
    @classmethod
    def _rows(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            k: dict.fromkeys(v, 1.0) if isinstance(v, list | tuple) else v for k, v in value.items()
        }

    @model_validator(mode="after")
    def _whole(self) -> Published:
        if (self.by is None) != (not self.of):
            raise ValueError("rows of a variable need both by (a column) and of (rows per level)")
        if self.rest and self.shares_of is None:
            raise ValueError("rest needs shares_of: numbers of people leave nothing")
        if any(part <= 0 for part in self.rest.values()):
            raise ValueError("the ratio in rest must be of numbers above zero")
        if any(factor <= 0 for rows in self.of.values() for factor in rows.values()):
            raise ValueError("the factors in of must be above zero")
        return self

    @property
    def percentages(self) -> bool:
        return self.shares_of is not None and self.unit == "percentages"

    @property
    def area_column(self) -> str:
        return self.area or self.level

    def columns_of(self, code: str) -> tuple[str, ...]:
        """The columns that are added up for a level of the variable; none where it gets a rest."""
        if code in self.rest:
            return ()
        if isinstance(self.columns, dict):
            return self.columns.get(code, ())
        return tuple(column.replace(CODE, code) for column in self.columns)


class VariableMargin(Model):
    """A variable as the questionnaires name it, its levels, and where each level is published."""

    levels: tuple[Code, ...] = Field(min_length=2)
    published: tuple[Published, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _agree(self) -> VariableMargin:
        if len(set(self.levels)) < len(self.levels):
            raise ValueError("levels names a level twice; keep one")
        seen: set[Level] = set()
        for part in self.published:
            if part.level in seen:
                raise ValueError(f"the level {part.level} is published twice; keep one")
            seen.add(part.level)
            given = {*part.of, *part.rest}
            if isinstance(part.columns, dict):
                given |= set(part.columns)
            unknown = sorted(given - set(self.levels))
            if unknown:
                near = get_close_matches(unknown[0], self.levels, 1, 0.4) or self.levels
                raise ValueError(
                    f"{part.level}: {unknown[0]} is no level of the variable; did you mean "
                    f"{near[0]}?"
                )
            for code in self.levels:
                if code in part.rest:
                    continue
                if not part.columns_of(code) or (part.of and code not in part.of):
                    raise ValueError(f"{part.level}: nothing makes the level {code}; add it")
        return self
