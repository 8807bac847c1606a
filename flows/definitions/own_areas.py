"""Areas of a bureau's own: neighbourhoods, regions, municipalities together; `areas.yaml`.

An own area is a list of areas of a base, of any level. Which codes a base has is known when the
file is used, not when it is read: `checked_parts` then tells of every code that is unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from flows.definitions.area_base_parts import LEVELS
from flows.definitions.errors import DefinitionError, Fault, Place
from flows.definitions.load import line_of, read_lines, read_model
from flows.definitions.models import Code, Labelled, Model, Text

FILE = "areas.yaml"
MOST_NEAR = 3

Part = Annotated[str, StringConstraints(strict=True, pattern=r"^([a-z0-9]+:)?[A-Za-z0-9_\-]+$")]
"""A code of an area of the base, or `level:code` where areas of two levels have that code."""


class AreaRules(Model):
    """Rules of an area analysis.

    `minimum_points`: a difference is marked from so many percentage points. `fewest_residents`:
    an own area made of parts below PC4, and a difference with one, has at least so many.
    `most_similar`: areas listed as alike. `size_classes`: bounds of residents of 18 and over.
    `most_parts`: an area with more wijken is shown by municipality. `fewest_respondents`,
    `respondents_points` and `alpha`: of a comparison with people who took part.
    """

    minimum_points: float = Field(default=2.0, ge=0)
    fewest_residents: int = Field(default=500, ge=5)
    most_similar: int = Field(default=5, ge=1)
    size_classes: tuple[int, ...] = (20_000, 50_000, 100_000)
    most_parts: int = Field(default=150, ge=1)
    fewest_respondents: int = Field(default=30, ge=30)
    respondents_points: float = Field(default=5.0, ge=0)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    confidence: float = Field(default=0.95, gt=0, lt=1)


class OwnArea(Labelled):
    """One own area: its own code, its name in nl and en, and the areas it consists of."""

    of: tuple[Part, ...] = Field(min_length=1)
    remark: Text | None = None


class OwnAreas(Model):
    """`surveys/<survey>/areas.yaml`. `base`: the base whose codes it names; empty: any.

    `rules`: of the analyses of all areas of this survey, own or not.
    """

    base: Code | None = None
    rules: AreaRules = AreaRules()
    areas: tuple[OwnArea, ...] = ()

    def find(self, code: str) -> OwnArea | None:
        """The own area with this code, if there is one."""
        return next((area for area in self.areas if area.code == code), None)

    def of_base(self, base: str) -> tuple[OwnArea, ...]:
        """The own areas that are made of areas of this base."""
        return self.areas if self.base in (None, base) else ()


def load_own_areas(folder: Path) -> OwnAreas:
    """The own areas of the survey in `folder`; none where it has no `areas.yaml`.

    Raises `DefinitionError` with file, line and remedy for every fault.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return OwnAreas()
    own = read_model(path, OwnAreas)
    faults = list(_faults(own))
    if faults:
        _refuse(path, faults)
    return own


def checked_parts(
    folder: Path, own: Sequence[OwnArea], known: Mapping[str, Collection[str]]
) -> None:
    """Refuse own areas with parts that the base does not have.

    `known`: per geographic level of the base the codes of its areas. Raises `DefinitionError`
    with file, line and near codes for every part that is unknown, of an unknown level, or of
    two levels at once.
    """
    path = Path(folder) / FILE
    places = {area.code: number for number, area in enumerate(load_own_areas(folder).areas)}
    faults = [
        (("areas", places[area.code], "of", number), *told)
        for area in own
        for number, part in enumerate(area.of)
        if (told := part_fault(part, known)) is not None
    ]
    if faults:
        _refuse(path, faults)


def part_fault(part: str, known: Mapping[str, Collection[str]]) -> tuple[str, str] | None:
    """What is wrong with the code of a part, and the remedy; None where it is one known area."""
    level, _, code = part.rpartition(":")
    if level and level not in known:
        if level not in LEVELS:
            what = f"{part}: {level} is no level of areas."
        else:
            what = f"{part}: this base has no areas of level {level}."
        return what, f"It has {', '.join(known)}."
    levels = [level] if level else list(known)
    found = [name for name in levels if code in known[name]]
    if len(found) == 1:
        return None
    if found:
        return (
            f"{part} is an area of the levels {' and '.join(found)}.",
            f"Write {' or '.join(f'{name}:{code}' for name in found)}.",
        )
    return f"{part} is no area of this base.", _near(code, {n: known[n] for n in levels})


def _near(code: str, known: Mapping[str, Collection[str]]) -> str:
    """The codes of the base most like this one, those as long as it first."""
    every = {each for codes in known.values() for each in codes}
    alike = [each for each in every if abs(len(each) - len(code)) <= 1]
    near = get_close_matches(code, sorted(alike), MOST_NEAR, 0.6)
    if not near:
        return "Check the code, and the year of the base."
    return f"Did you mean {' or '.join(near)}?"


def _faults(own: OwnAreas) -> Iterator[tuple[Place, str, str]]:
    codes = [area.code for area in own.areas]
    for number, area in enumerate(own.areas):
        if codes.index(area.code) < number:
            yield (
                ("areas", number, "code"),
                f"{area.code}: this code is used twice.",
                "Give every own area a code of its own.",
            )
        for place, part in enumerate(area.of):
            if area.of.index(part) < place:
                yield (
                    ("areas", number, "of", place),
                    f"{area.code}: {part} is named twice.",
                    "Name it once.",
                )


def _refuse(path: Path, faults: Sequence[tuple[Place, str, str]]) -> None:
    lines: Any = read_lines(path)
    raise DefinitionError(
        [Fault(str(path), line_of(lines, place), what, remedy) for place, what, remedy in faults]
    )
