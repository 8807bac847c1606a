"""The library of target tables, filled into weighting plans.

A margin of a weighting.yaml that says `table:` (and perhaps `area:`) gets its targets from
`surveys/targets/<table>.yaml` before the plan is validated, so that everything behind it sees a
plan with numbers in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from flows.definitions.errors import DefinitionError
from flows.definitions.load import Finding
from flows.definitions.target_table import TargetTable, read_table
from flows.errors import Refusal

FOLDER = "targets"


@dataclass(frozen=True)
class Library:
    """The target tables in a folder; each is read when it is asked for."""

    folder: Path

    def names(self) -> list[str]:
        return sorted(path.stem for path in self.folder.glob("*.yaml"))

    def table(self, name: str) -> TargetTable:
        """A table with its numbers; raises `DefinitionError` for every fault in its files."""
        return read_table(self.folder / f"{name}.yaml")


def listed_tables(library: Path) -> list[dict[str, Any]]:
    """One row a table of the library: name, date, areas, levels, people or shares, title."""
    tables = Library(Path(library))
    names = tables.names()
    if not names:
        raise Refusal(f"{library}: there are no target tables. Name the folder with --library.")
    return [
        {
            "table": name,
            "date": table.reference_date.isoformat(),
            "areas": len(table.areas),
            "levels": len(table.levels),
            "unit": table.unit,
            "title": table.title["en"],
        }
        for name in names
        for table in [tables.table(name)]
    ]


def fill_targets(
    data: Any, surveys: Path, levels: Mapping[str, Sequence[str]] | None = None
) -> list[Finding]:
    """Fill, in the raw content of a weighting.yaml, what its margins take from the library.

    `data` is changed in place: `targets` (with groups: `targets_by`, of the areas whose code is
    a level of the groups' variable), `source`, `reference_date` and `approximate`. A `source`
    in the margin stays: it is the same source in other words. `surveys`: the folder with the
    library. `levels`: the levels of the variables that are known, which a table must have
    exactly.

    Returns every fault found, with its place in the file.
    """
    if not isinstance(data, dict) or not isinstance(data.get("margins"), list):
        return []  # the model tells what is wrong with it
    library = Library(Path(surveys) / FOLDER)
    groups = _groups(data.get("groups"), levels or {})
    findings: list[Finding] = []
    for i, margin in enumerate(data["margins"]):
        if isinstance(margin, dict):
            found = _fill_margin(margin, groups, library, levels or {})
            findings += [
                (("margins", i, *where), message, remedy) for where, message, remedy in found
            ]
    return findings


def _groups(plan: Any, levels: Mapping[str, Sequence[str]]) -> Sequence[str] | None:
    """The codes of the plan's groups; empty where they cannot be known, None without groups."""
    if not plan:
        return None
    variable = plan.get("variable") if isinstance(plan, dict) else None
    return levels.get(variable, ()) if isinstance(variable, str) else ()


def _fill_margin(
    margin: dict[str, Any],
    groups: Sequence[str] | None,
    library: Library,
    levels: Mapping[str, Sequence[str]],
) -> list[Finding]:
    variable, name = margin.get("variable"), margin.get("table")
    own = [key for key in ("targets", "targets_by") if margin.get(key)]
    if name is None:
        return _without_table(margin, groups is not None)
    if own:
        return [
            (
                (own[0],),
                f"{variable}: its targets are given twice, here and by the table {name}.",
                f"Remove {own[0]} or table.",
            )
        ]
    if margin.get("reference_date") is not None:
        return [
            (
                ("reference_date",),
                f"{variable}: the table {name} gives the reference date.",
                "Remove reference_date.",
            )
        ]
    if not isinstance(name, str) or name not in library.names():
        return [(("table",), f"{variable}: there is no target table {name}.", _near(name, library))]
    try:
        table = library.table(name)
    except DefinitionError as error:
        return [(("table",), f"the table {name} has a fault: {error}", "")]
    wrong = _levels_differ(variable, name, table, levels)
    if wrong is not None:
        return [(("table",), *wrong)]
    margin.setdefault("source", table.source.model_dump())
    margin["reference_date"] = table.reference_date
    margin.setdefault("approximate", table.approximate)
    area = margin.get("area")
    if groups is not None:
        if area is not None:
            return [
                (
                    ("area",),
                    f"{variable}: with groups, every group takes the area of its own code.",
                    "Remove area.",
                )
            ]
        margin["targets_by"] = {
            code: dict(part.targets)
            for code, part in table.areas.items()
            if code in groups or not groups
        }
        if not margin["targets_by"]:
            return [
                (
                    ("table",),
                    f"{variable}: none of the groups ({_some(list(groups), 3)}) is an area of the "
                    f"table {name} ({_some(list(table.areas), 3)}).",
                    "The codes of groups and areas must be the same.",
                )
            ]
        return []
    return _fill_area(margin, variable, name, table, area)


def _fill_area(
    margin: dict[str, Any], variable: Any, name: str, table: TargetTable, area: Any
) -> list[Finding]:
    if area is not None:
        if not isinstance(area, str) or area not in table.areas:
            near = get_close_matches(str(area), list(table.areas), 3, 0.5)
            by_name = [code for code, part in table.areas.items() if part.name == str(area)]
            return [
                (
                    ("area",),
                    f"{variable}: the table {name} has no area {area}.",
                    f"Did you mean {', '.join(by_name or near)}?"
                    if by_name or near
                    else f"It has {_some(list(table.areas))}.",
                )
            ]
        margin["targets"] = dict(table.areas[area].targets)
        return []
    if len(table.areas) > 1 and table.unit != "people":
        return [
            (
                ("table",),
                f"{variable}: the {table.unit} of the {len(table.areas)} areas of {name} cannot "
                "be added up.",
                "Name one with area.",
            )
        ]
    # Sums of whole numbers stay whole, whatever the order.
    margin["targets"] = {
        level: math.fsum(part.targets[level] for part in table.areas.values())
        for level in table.levels
    }
    return []


def _without_table(margin: dict[str, Any], groups: bool) -> list[Finding]:
    variable = margin.get("variable")
    if "area" in margin:
        return [(("area",), f"{variable}: area without a table.", "Add table, or remove area.")]
    if groups and not margin.get("targets_by"):
        return [
            (
                (),
                f"{variable}: the plan has groups, but nothing says the targets of each.",
                "Add table (with an area per group) or targets_by.",
            )
        ]
    if not groups and margin.get("targets_by"):
        return [
            (("targets_by",), f"{variable}: targets_by without groups.", "Add groups, or targets.")
        ]
    if not groups and not margin.get("targets"):
        return [((), f"{variable}: it has no targets.", "Add targets, or table.")]
    return []


def _levels_differ(
    variable: Any, name: str, table: TargetTable, levels: Mapping[str, Sequence[str]]
) -> tuple[str, str] | None:
    wanted = levels.get(variable) if isinstance(variable, str) else None
    if wanted is None or set(wanted) == set(table.levels):
        return None
    lacking = [level for level in wanted if level not in table.levels]
    extra = [level for level in table.levels if level not in wanted]
    parts = []
    if lacking:
        parts.append(f"has no level {_some(lacking)}")
    if extra:
        parts.append(f"has the level {_some(extra)}, which {variable} has not")
    return (
        f"{variable}: the table {name} {' and '.join(parts)}.",
        "Table and variable must have the same levels: make a table for them.",
    )


def _near(name: Any, library: Library) -> str:
    names = library.names()
    if not names:
        return f"The library {library.folder} has no tables."
    near = get_close_matches(str(name), names, 3, 0.4)
    return f"Did you mean {', '.join(near)}?" if near else f"There are {_some(names)}."


def _some(items: list[str], most: int = 8) -> str:
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" and {rest} more" if rest > 0 else "")
