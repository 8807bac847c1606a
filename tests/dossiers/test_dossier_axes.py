"""Columns of other axes than the profiles: sheets of their own, nothing lost, nothing doubled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flows.crosstabs.tables import TOTAL, Cell, Flag, PublishedTable, ThemeTables
from flows.definitions.dossier_plan import ThemePlan
from flows.definitions.models import Text
from flows.dossiers.axes import MOST_COLUMNS, by_profile, columns_of, other_axes
from flows.dossiers.build import build_content
from flows.dossiers.facts import DossierFacts
from flows.dossiers.lint import lint
from flows.dossiers.workbook import write_workbook

AGES = ("a1", "a2", "a3", "a4")


def with_ages(table: PublishedTable) -> PublishedTable:
    """The table with age columns and profiles within age groups, of made-up numbers."""
    profiles = [code for code in table.columns if code != TOTAL]
    extra = [f"age:{age}" for age in AGES]
    extra += [f"age:{age}*{profile}" for age in AGES for profile in profiles]
    cells = []
    for row, line in zip(table.rows, table.cells, strict=True):
        made = [
            Cell(round(0.01 * (place % 90), 2)) if row.kind != "mean" else Cell(2.5)
            for place in range(len(extra))
        ]
        made[0] = Cell(None, flag=Flag.TOO_FEW)
        cells.append((*line[:-1], *made, line[-1]))
    return replace(
        table,
        columns=(*profiles, *extra, TOTAL),
        cells=tuple(cells),
        n=(*table.n[:-1], *(100 + place for place in range(len(extra))), table.n[-1]),
        n_eff=(*table.n_eff[:-1], *([90] * len(extra)), table.n_eff[-1]),
        dont_know=(
            *table.dont_know[:-1],
            *([table.dont_know[0]] * len(extra)),
            table.dont_know[-1],
        ),
    )


@pytest.fixture
def wide(tables: ThemeTables) -> ThemeTables:
    first, *others = tables.tables
    return replace(tables, tables=(with_ages(first), *others))


@pytest.fixture
def known(facts: DossierFacts) -> DossierFacts:
    return replace(
        facts,
        axes=(
            ("profile", Text(nl="Profiel", en="Profile")),
            ("age", Text(nl="Leeftijd", en="Age")),
        ),
        levels=tuple((("age", age), Text(nl=f"leeftijd {age}", en=f"age {age}")) for age in AGES),
    )


def test_every_column_stands_in_one_view(wide: ThemeTables, tables: ThemeTables) -> None:
    assert by_profile(wide) == tables
    views = list(other_axes(wide))
    seen = [column for view in views for column in view.table.columns if column != TOTAL]
    assert sorted(seen) == sorted(set(wide.tables[0].columns) - set(tables.tables[0].columns))
    assert all(len(view.table.columns) <= MOST_COLUMNS + 1 for view in views)
    assert [view.axis for view in views][:2] == ["age", "age*profile"]
    parts = [view for view in views if view.axis == "age*profile"]
    assert [view.part for view in parts] == list(range(1, parts[0].parts + 1))


def test_a_view_keeps_the_cells_of_its_columns(wide: ThemeTables) -> None:
    table = wide.tables[0]
    codes = ["age:a2", TOTAL]
    view = columns_of(table, codes)
    for row in table.rows:
        assert [view.cell(row.code, c) for c in codes] == [table.cell(row.code, c) for c in codes]
    assert view.n == tuple(table.n[table.columns.index(c)] for c in codes)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_workbook_has_a_sheet_for_every_view(
    wide: ThemeTables, known: DossierFacts, plan: ThemePlan, tmp_path: Path, language: str
) -> None:
    content = build_content(wide, known, plan, language)  # type: ignore[arg-type]
    number = wide.tables[0].identity.number
    word = "leeftijd" if language == "nl" else "age"
    names = [sheet.name for sheet in content.sheets if sheet.name.startswith(f"{number} {word}")]
    assert len(names) == len(list(other_axes(wide)))
    write_workbook(content, tmp_path / "x.xlsx")
    assert lint(tmp_path / "x.xlsx", content) == []


def test_the_list_of_figures_has_each_once(
    wide: ThemeTables, known: DossierFacts, plan: ThemePlan
) -> None:
    sheet = build_content(wide, known, plan, "nl").sheet("data")
    number = wide.tables[0].identity.number
    lines = [
        tuple(cell.value for cell in row.cells[:4])
        for row in sheet.rows
        if row.cells and row.cells[0].value == number
    ]
    assert len(lines) == len(set(lines))
    table = wide.tables[0]
    assert not any(cell.value for cell in table.dont_know)  # a row of its own otherwise
    assert len(lines) == len(table.rows) * len(table.columns)
