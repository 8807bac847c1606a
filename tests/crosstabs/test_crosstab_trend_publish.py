"""What of a trend may be shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, world

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import Cell, Flag, PublishedTable
from flows.crosstabs.trend.changes import Trend, TrendFlag, TrendWave, compare_waves
from flows.crosstabs.trend.publish import (
    ChangeCell,
    Direction,
    PublishedChange,
    hidden_cells,
    publish_trend,
)
from flows.definitions.dossier_plan import Publication

CODES = ["S1", "G", "M", "N"]
RULES = Publication()
Shown = dict[str, PublishedTable]


@pytest.fixture(scope="module")
def waves() -> tuple[Trend, Shown, Shown]:
    """Two waves of which the second asks older people, with what is published of each."""
    sides, shown = [], []
    for code, n, seed in (("w1", 700, 1), ("w2", 650, 2)):
        made = world(n, seed)
        banner = profile_banner(made.profile, PROFILES, n)
        people = [f"{code}{i}" for i in range(n)]
        side = TrendWave(
            code, made.frame, QUESTIONNAIRE, banner, made.weights, people, made.margins
        )
        tables = crosstab(made.frame, QUESTIONNAIRE, CODES, banner, made.weights, made.margins)
        sides.append(side)
        shown.append({t.identity.number: t for t in publish(tables, RULES).tables})
    trend = compare_waves(sides[0], sides[1], CODES, defining=["G"])
    return trend, shown[0], shown[1]


def table_of(found: tuple[PublishedChange, ...], number: str) -> PublishedChange:
    return next(table for table in found if table.identity.number == number)


def with_cell(shown: Shown, number: str, row: str, column: str, cell: Cell) -> Shown:
    """The same published tables with one cell in another state."""
    table = shown[number]
    r = next(i for i, each in enumerate(table.rows) if each.code == row)
    c = table.columns.index(column)
    cells = [list(line) for line in table.cells]
    cells[r][c] = cell
    return shown | {number: replace(table, cells=tuple(tuple(line) for line in cells))}


def cell_of(table: PublishedChange, row: str, column: str) -> ChangeCell:
    r = next(i for i, each in enumerate(table.rows) if each.code == row)
    return table.cells[r][table.columns.index(column)]


def test_the_change_is_that_of_the_published_numbers(waves: tuple[Trend, Shown, Shown]) -> None:
    trend, before, after = waves
    found = publish_trend(trend, before, after, RULES)
    seen = 0
    for number in ("S1", "G", "N"):
        exact = trend.table(number)
        assert exact is not None
        table = table_of(found.tables, number)
        for r, row in enumerate(table.rows):
            step = 0.1 if row.kind == "mean" else 0.01
            for c, cell in enumerate(table.cells[r]):
                if cell.change is None or cell.low is None or cell.high is None:
                    continue
                assert cell.before.value is not None
                assert cell.after.value is not None
                between = cell.after.value - cell.before.value
                assert cell.change == pytest.approx(between, abs=1e-12)
                assert abs(cell.change - exact.change[r, c]) <= step + 1e-9
                wide = cell.high - cell.low
                real = exact.high[r, c] - exact.low[r, c]
                assert real - 1e-9 <= wide <= real + 2 * step + 1e-9
                if number == "S1":
                    assert cell.before == before["S1"].cell(row.code, table.columns[c])
                seen += 1
    assert seen > 30


@pytest.mark.parametrize("wave", [0, 1])
@pytest.mark.parametrize(
    "cell",
    [
        Cell(None, flag=Flag.TOO_FEW),
        Cell(None, flag=Flag.PROTECTED),
        Cell(None, flag=Flag.BELOW, bound=0.01),
    ],
)
def test_hidden_when_either_side_is(
    waves: tuple[Trend, Shown, Shown], wave: int, cell: Cell
) -> None:
    trend, *sides = waves
    sides[wave] = with_cell(sides[wave], "S1", "eens", "pa", cell)
    found = publish_trend(trend, sides[0], sides[1], RULES)
    gone = cell_of(table_of(found.tables, "S1"), "eens", "pa")
    assert not gone.shown
    assert gone.flag is cell.flag
    assert (gone.low, gone.high, gone.direction) == (None, None, Direction.NONE)
    beside = cell_of(table_of(found.tables, "S1"), "eens", "pb")
    assert beside.shown
    all_open = publish_trend(trend, *waves[1:], RULES)
    assert hidden_cells(found.tables) == hidden_cells(all_open.tables) + 1


def test_nothing_within_profiles_of_what_makes_them(waves: tuple[Trend, Shown, Shown]) -> None:
    found = publish_trend(*waves, RULES)
    for number in ("G", "Ga", "Gb"):
        table = table_of(found.tables, number)
        for line in table.cells:
            assert all(not cell.shown and cell.defines_columns for cell in line[:-1])
            assert all(cell.before.value is None and cell.after.value is None for cell in line[:-1])
            assert not line[-1].defines_columns
        assert any(line[-1].shown for line in table.cells)


def test_a_battery_is_shown_where_the_means_of_all_its_items_are(
    waves: tuple[Trend, Shown, Shown],
) -> None:
    trend, before, after = waves
    battery = trend.table("G")
    assert battery is not None
    assert TrendFlag.BATTERY in battery.flags
    shown = table_of(publish_trend(trend, before, after, RULES).tables, "G").cells[0][-1]
    assert shown.before.value == pytest.approx(round(battery.before[0, -1], 1))
    closed = with_cell(after, "Gb", "mean", "total", Cell(None, flag=Flag.PROTECTED))
    hidden = table_of(publish_trend(trend, before, closed, RULES).tables, "G").cells[0][-1]
    assert not hidden.shown
    assert hidden.after.value is None


def test_marked_beyond_chance_and_large_enough(waves: tuple[Trend, Shown, Shown]) -> None:
    trend, before, after = waves
    table = trend.table("S1")
    assert table is not None
    r, c = table.row("eens"), 0
    for change, p, expected in (
        (0.08, 0.01, Direction.UP),
        (-0.08, 0.01, Direction.DOWN),
        (0.08, 0.2, Direction.NONE),
        (0.03, 0.001, Direction.NONE),
    ):
        moved, adjusted = table.change.copy(), np.full_like(table.p_adjusted, np.nan)
        moved[r, c], adjusted[r, c] = change, p
        made = replace(table, change=moved, p_adjusted=adjusted)
        found = publish_trend(replace(trend, tables=(made,)), before, after, RULES)
        assert found.tables[0].cells[r][c].direction is expected


def test_a_table_that_a_wave_does_not_publish_is_hidden(waves: tuple[Trend, Shown, Shown]) -> None:
    trend, before, after = waves
    lacking = {number: table for number, table in after.items() if number != "M"}
    found = table_of(publish_trend(trend, before, lacking, RULES).tables, "M")
    assert not any(cell.shown for line in found.cells for cell in line)


def test_people_who_are_not_told_are_not_told_here(waves: tuple[Trend, Shown, Shown]) -> None:
    trend, before, after = waves
    table = before["S1"]
    closed = replace(table, n=(None, *table.n[1:]))
    found = table_of(publish_trend(trend, before | {"S1": closed}, after, RULES).tables, "S1")
    assert found.n_before[0] is None
    assert found.n_before[1:] == table.n[1:]
    assert found.n_after == after["S1"].n


def test_columns_are_found_by_their_code(waves: tuple[Trend, Shown, Shown]) -> None:
    """A dossier may hold more columns than the profiles, and in another order."""
    trend, before, after = waves
    table = before["S1"]
    turned = replace(
        table,
        columns=("age:a", *reversed(table.columns)),
        cells=tuple((Cell(0.5), *reversed(line)) for line in table.cells),
        n=(40, *reversed(table.n)),
    )
    plain = publish_trend(trend, before, after, RULES)
    moved = publish_trend(trend, before | {"S1": turned}, after, RULES)
    assert moved == plain
    lacking = replace(turned, columns=("age:a", "total", "x", "pc", "pb", "pa"))
    gone = table_of(publish_trend(trend, before | {"S1": lacking}, after, RULES).tables, "S1")
    assert not any(line[3].shown for line in gone.cells)
    assert gone.n_before[3] is None
    assert gone.cells[0][0].shown
