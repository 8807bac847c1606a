"""A base of areas: what its files hold, `surveys/bases/<base>.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import Field

from flows.definitions.area_base_parts import (
    LEVELS,
    YEAR,
    AreaList,
    BaseFile,
    Level,
    NameList,
    ParentList,
    VariableMargin,
    Vintage,
)
from flows.definitions.areas import load_redivision
from flows.definitions.errors import DefinitionError
from flows.definitions.load import Finding, read_model
from flows.definitions.models import Code, Model, Text
from flows.errors import Refusal

__all__ = ["FOLDER", "LEVELS", "AreaBaseDefinition", "Level", "base_names", "load_area_base"]

FOLDER = "bases"


class AreaBaseDefinition(Model):
    """`surveys/bases/<base>.yaml`.

    `simulated`: the areas are made up. `survey_population`: whom `residents` counts. `files`:
    every file by a short name. `secret`: codes that stand for a count that is kept secret,
    which is less than `secret_below`; `missing`: codes that stand for no count. `rounding`: the
    unit to which counts are rounded, 0 where they are not. `margins`: per variable where its
    levels are published.
    """

    base: Code
    title: Text
    source: Text
    simulated: bool
    vintages: dict[int, Vintage] = Field(min_length=1)
    files: dict[Code, BaseFile]
    areas: AreaList
    parents: tuple[ParentList, ...] = ()
    names: NameList | None = None
    secret: tuple[int, ...] = ()
    secret_below: int = Field(default=5, gt=1)
    missing: tuple[int, ...] = ()
    rounding: float = Field(default=0.0, ge=0)
    margins: dict[Code, VariableMargin] = Field(min_length=1)

    @property
    def levels(self) -> tuple[Level, ...]:
        """Geographic levels the base has, finest first."""
        has: set[Level] = {*self.areas.codes, "country"}
        for parent in self.parents:
            has |= set(parent.codes)
        if "pc6" in has:
            has |= {"pc5", "pc4"}
        if "pc5" in has:
            has.add("pc4")
        return tuple(level for level in LEVELS if level in has)

    @property
    def assumptions(self) -> dict[str, tuple[tuple[str, Text], ...]]:
        """Per variable: geographic level and what is assumed there."""
        return {
            variable: tuple((p.level, p.assumption) for p in margin.published if p.assumption)
            for variable, margin in self.margins.items()
        }

    def file_name(self, file: str, year: int) -> str:
        """The name of a file in a vintage."""
        own = self.vintages[year].files.get(file) if year in self.vintages else None
        return (own or self.files[file].name).replace(YEAR, str(year))


def base_names(surveys: Path) -> list[str]:
    """The bases there are definitions of."""
    return sorted(path.stem for path in (Path(surveys) / FOLDER).glob("*.yaml"))


def load_area_base(surveys: Path, name: str) -> AreaBaseDefinition:
    """Read `<surveys>/bases/<name>.yaml`, with the redivisions and target tables it names.

    Raises `DefinitionError` with file, line and remedy for every fault, `Refusal` with near
    names where there is no such base.
    """
    surveys = Path(surveys)
    path = surveys / FOLDER / f"{name}.yaml"
    if not path.is_file():
        known = base_names(surveys)
        near = get_close_matches(name, known, 1, 0.4) or known
        raise Refusal(
            f"{path}: there is no such base of areas. "
            + (f"Did you mean {near[0]}?" if near else "Put its definition there.")
        )
    return read_model(path, AreaBaseDefinition, lambda data: _prepared(data, surveys, name))


def _prepared(data: Any, surveys: Path, name: str) -> list[Finding]:
    """Fill what other definition files give, in place; the faults met in doing so."""
    if not isinstance(data, dict):
        return []
    given = data.setdefault("base", name)
    findings: list[Finding] = []
    if given != name:
        findings.append(
            (("base",), f"base: {given!r} is not the name of the file.", f"Write {name}.")
        )
    findings += _redivisions(data, surveys)
    findings += _ratios(data, surveys)
    findings += _references(data)
    return findings


def _redivisions(data: dict[str, Any], surveys: Path) -> Iterator[Finding]:
    for year, vintage in _items(data.get("vintages")):
        named = vintage.get("redivision") if isinstance(vintage, dict) else None
        if not isinstance(named, str):
            continue
        try:
            vintage["redivision"] = load_redivision(surveys, named)
        except (Refusal, DefinitionError) as error:
            vintage["redivision"] = None
            yield ("vintages", year, "redivision"), f"redivision {named}: {error}", ""


def _ratios(data: dict[str, Any], surveys: Path) -> Iterator[Finding]:
    """Ratios that are the targets of a table become numbers."""
    from flows.definitions.library import FOLDER as TARGETS
    from flows.definitions.target_table import read_table

    for place, published in _published(data):
        rest = published.get("rest")
        if not isinstance(rest, dict) or not isinstance(rest.get("table"), str):
            continue
        table, area = rest["table"], rest.get("area")
        published["rest"] = {}
        try:
            areas = read_table(surveys / TARGETS / f"{table}.yaml").areas
        except (Refusal, DefinitionError) as error:
            yield (*place, "rest"), f"the target table {table} cannot be used: {error}", ""
            continue
        if not isinstance(area, str) or area not in areas:
            yield (
                (*place, "rest"),
                f"the target table {table} has no area {area}.",
                f"Name one of {', '.join(list(areas)[:5])} with area.",
            )
            continue
        columns = published.get("columns")
        given = set(columns) if isinstance(columns, dict) else set()
        targets = areas[area].targets
        published["rest"] = {code: part for code, part in targets.items() if code not in given}


def _references(data: dict[str, Any]) -> Iterator[Finding]:
    """Files and variables that are named and not defined."""
    files = data.get("files")
    if not isinstance(files, dict):
        return
    places: list[tuple[tuple[str | int, ...], Any]] = [
        (place, published.get("file")) for place, published in _published(data)
    ]
    for key in ("areas", "names"):
        if isinstance(data.get(key), dict):
            places.append(((key,), data[key].get("file")))
    if isinstance(data.get("parents"), list):
        places += [
            (("parents", i), part.get("file"))
            for i, part in enumerate(data["parents"])
            if isinstance(part, dict)
        ]
    for place, name in places:
        if isinstance(name, str) and name not in files:
            near = get_close_matches(name, [str(file) for file in files], 1, 0.4)
            yield (
                (*place, "file"),
                f"{'.'.join(map(str, place))}: files has no {name}.",
                f"Did you mean {near[0]}?" if near else "Add it to files.",
            )
    for year, vintage in _items(data.get("vintages")):
        for name, _ in _items(vintage.get("files") if isinstance(vintage, dict) else None):
            if name not in files:
                yield (
                    ("vintages", year, "files", name),
                    f"vintages.{year}: files of the base has no {name}.",
                    "Add it there first.",
                )
    areas = data.get("areas")
    variable = areas.get("residents_of") if isinstance(areas, dict) else None
    margins = data.get("margins")
    if isinstance(variable, str) and isinstance(margins, dict) and variable not in margins:
        yield (
            ("areas", "residents_of"),
            f"areas.residents_of: margins has no variable {variable}.",
            "Name a variable whose counts add up to the residents.",
        )


def _published(data: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    for variable, margin in _items(data.get("margins")):
        parts = margin.get("published") if isinstance(margin, dict) else None
        for i, part in enumerate(parts if isinstance(parts, list) else ()):
            if isinstance(part, dict):
                yield ("margins", variable, "published", i), part


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else []
