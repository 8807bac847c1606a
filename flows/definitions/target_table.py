"""A target table, `surveys/targets/<table>.yaml`: the numbers of one margin, per area.

A long table keeps its numbers in a CSV file beside it, and that file's SHA-256 in itself.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal

from pydantic import Field
from ruamel.yaml import YAML

from flows.definitions.errors import DefinitionError, Fault
from flows.definitions.load import line_of, read_lines, read_model
from flows.definitions.models import Code, Model, Text
from flows.errors import Refusal

NUMBERS_COLUMNS = ("area", "name")
"""The first columns of a file with numbers; the others are the levels."""

Place = tuple[str | int, ...]


class TableArea(Model):
    """The targets of one area, per level."""

    name: str = ""
    targets: dict[Code, float]


class TargetTable(Model):
    """`surveys/targets/<table>.yaml`.

    `levels`: code and label of every level, in order. `unit`: whether the numbers are people
    (areas may then be added up), shares (each area adding up to 1) or percentages. `areas`:
    the numbers, or `numbers`: the name of a CSV file beside it (columns area, name and one per
    level) with its `numbers_sha256`. `rule`: how the numbers were made of the source's, and
    `rounding`: by how much parts and published totals differ. `made_from`: file names with
    their SHA-256.
    """

    title: Text
    source: Text
    reference_date: date
    unit: Literal["people", "shares", "percentages"] = "people"
    approximate: bool = False
    levels: dict[Code, Text]
    areas: dict[Code, TableArea] = Field(default_factory=dict)
    numbers: str | None = None
    numbers_sha256: str | None = None
    rule: Text | None = None
    rounding: Text | None = None
    made_from: dict[str, str] = Field(default_factory=dict)


def read_table(path: Path) -> TargetTable:
    """Read a table and, where it names one, its file with numbers.

    Raises `DefinitionError` with file, line and remedy: no areas, a number that is no number
    of zero or more, levels that differ from those of the table, shares that do not add up, or
    a file with numbers that is not the one the table was made with.
    """
    table = read_model(path, TargetTable)
    if table.numbers is not None:
        if table.areas:
            raise _fault(path, ("numbers",), "both areas and numbers are given.", "Keep one.")
        table = table.model_copy(update={"areas": _numbers(path, table)})
    if not table.areas:
        raise _fault(path, (), "the table has no areas.", "Give areas, or numbers: a CSV file.")
    faults = [
        Fault(str(place_file), line, message, remedy)
        for place_file, line, message, remedy in _table_faults(path, table)
    ]
    if faults:
        raise DefinitionError(faults)
    return table


def _numbers(path: Path, table: TargetTable) -> dict[str, TableArea]:
    file = path.parent / str(table.numbers)
    if file.parent != path.parent:
        raise _fault(path, ("numbers",), "the file must stand beside the table.", "Move it.")
    try:
        data = file.read_bytes()
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except FileNotFoundError:
        raise _fault(
            path, ("numbers",), f"{file.name} is missing.", "Put it beside the table."
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise _line(file, 1, f"this is no CSV file in UTF-8 ({error}).", "Save it so.") from None
    if table.numbers_sha256 is not None and sha256(data).hexdigest() != table.numbers_sha256:
        raise _fault(
            path,
            ("numbers_sha256",),
            f"{file.name} is not the file this table was made with.",
            "Make the table again; or, if the numbers were changed on purpose, remove this line.",
        )
    header = rows[0] if rows else []
    wanted = [*NUMBERS_COLUMNS, *table.levels]
    if header != wanted:
        raise _line(
            file,
            1,
            f"the columns are {', '.join(header) or 'none'}.",
            f"They must be {', '.join(wanted)}.",
        )
    areas: dict[str, TableArea] = {}
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(wanted):
            raise _line(
                file, line, f"{len(row)} cells, the header has {len(wanted)}.", "Correct it."
            )
        code, name, *cells = row
        if code in areas:
            raise _line(file, line, f"area {code} occurs twice.", "Keep one.")
        targets = {}
        for level, cell in zip(table.levels, cells, strict=True):
            try:
                targets[level] = float(cell)
            except ValueError:
                raise _line(
                    file, line, f"{level} is {cell!r}, which is no number.", "Correct it."
                ) from None
            if not 0 <= targets[level] < math.inf:
                raise _line(file, line, f"{level} is {cell}.", "Targets are zero or more.")
        areas[code] = TableArea.model_construct(name=name, targets=targets)
    return areas


def _table_faults(path: Path, table: TargetTable) -> Iterator[tuple[Path, int, str, str]]:
    def at(area: str) -> tuple[Path, int]:
        if table.numbers is None:
            return path, line_of(read_lines(path), ("areas", area))
        return path.parent / str(table.numbers), list(table.areas).index(area) + 2

    whole = {"shares": 1.0, "percentages": 100.0}.get(table.unit)
    for code, area in table.areas.items():
        for level in [level for level in table.levels if level not in area.targets]:
            yield *at(code), f"area {code} has no number for {level}.", "Add it."
        for level, number in area.targets.items():
            if level not in table.levels:
                yield *at(code), f"area {code} has a number for {level}, no level.", "Correct it."
            if not 0 <= number < math.inf:
                yield *at(code), f"area {code}, {level}: {number:g} is no target.", "Correct it."
        total = sum(area.targets.values())
        if whole is not None and abs(total - whole) > whole / 100:
            yield (
                *at(code),
                f"the {table.unit} of area {code} add up to {total:.4g}.",
                f"They must add up to {whole:g}.",
            )
        elif total <= 0:
            yield *at(code), f"area {code} has no people in any level.", "Leave it out."


LONG = 12
"""A table of more areas keeps its numbers in a CSV file."""

HEADING = """\
# Made by `themadossier targets` of recipes/{recipe}. Change the recipe, not this file.
# Figures of Statistics Netherlands (bron: CBS), CC BY 4.0.
"""


def table_files(name: str, table: TargetTable, recipe: str) -> dict[str, str]:
    """The files of a table, by name: the YAML, and for a long one its numbers as CSV.

    `recipe`: the name of the recipe it was made by.
    """
    content = table.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    content["reference_date"] = table.reference_date
    content["unit"] = table.unit
    files: dict[str, str] = {}
    areas = content.pop("areas")
    if len(areas) > LONG:
        rows = [[*NUMBERS_COLUMNS, *table.levels]]
        for code, area in areas.items():
            numbers = [_plain(area["targets"][level]) for level in table.levels]
            rows.append([code, area.get("name", ""), *map(str, numbers)])
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        files[f"{name}.csv"] = text.getvalue()
        content["numbers"] = f"{name}.csv"
        content["numbers_sha256"] = sha256(text.getvalue().encode()).hexdigest()
    else:
        for area in areas.values():
            area["targets"] = {key: _plain(value) for key, value in area["targets"].items()}
        content["areas"] = areas
    order = [key for key in TargetTable.model_fields if key in content]
    yaml = YAML()
    yaml.width = 96
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump({key: content[key] for key in order}, out)
    files[f"{name}.yaml"] = HEADING.format(recipe=recipe) + out.getvalue()
    return files


def write_table(folder: Path, files: dict[str, str], *, replace: bool = False) -> bool:
    """Write the files of a table, whole or not at all; False where they are there already.

    Raises `Refusal` where the library has another table of this name, unless `replace`. Every
    file is written aside first; the numbers go before the YAML that holds their hash, so that a
    table that was interrupted halfway is refused, never read with the wrong numbers.
    """
    folder = Path(folder)
    if all(_same(folder / name, text) for name, text in files.items()):
        return False
    there = [name for name in files if (folder / name).exists()]
    if there and not replace:
        raise Refusal(
            f"{folder / there[-1]} is there already and differs. Give the recipe another table "
            "name, or add --replace."
        )
    aside: list[tuple[str, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            with NamedTemporaryFile("wb", dir=folder, prefix=f".{name}.", delete=False) as file:
                aside.append((file.name, folder / name))
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            os.chmod(file.name, 0o644)
        for written, target in sorted(aside, key=lambda pair: pair[1].suffix != ".csv"):
            os.replace(written, target)
    except OSError as error:
        raise Refusal(
            f"{folder}: the table cannot be written there ({error.strerror}). Choose a folder "
            "you may write in."
        ) from None
    finally:
        for written, _ in aside:
            Path(written).unlink(missing_ok=True)
    return True


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _plain(number: float) -> int | float:
    """A whole number without decimals."""
    return int(number) if float(number).is_integer() else float(number)


def _fault(path: Path, place: Place, message: str, remedy: str) -> DefinitionError:
    line = line_of(read_lines(path), place) if place else 0
    return DefinitionError([Fault(str(path), line, message, remedy)])


def _line(path: Path, line: int, message: str, remedy: str) -> DefinitionError:
    return DefinitionError([Fault(str(path), line, message, remedy)])
