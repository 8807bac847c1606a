"""A grid in one table, and figures beside the national one: read off published tables alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, world

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.overview import compared, overview_of, overviews
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import TOTAL, Cell, Flag, PublishedTable, ThemeTables, Verdict
from flows.definitions.dossier_plan import Publication
from flows.definitions.questionnaire import Questionnaire

GRID = QUESTIONNAIRE.question("G").model_copy(update={"overview": True})


@pytest.fixture(scope="module")
def published() -> ThemeTables:
    made = world(400)
    banner = profile_banner(made.profile, PROFILES, len(made.frame))
    tables = crosstab(made.frame, QUESTIONNAIRE, ["S1", "G", "M", "N"], banner, made.weights)
    return publish(tables, Publication())


@pytest.fixture(scope="module")
def items(published: ThemeTables) -> list[PublishedTable]:
    return [table for table in published.tables if table.identity.item]


def test_an_overview_holds_the_cells_of_its_items(items: list[PublishedTable]) -> None:
    made = overview_of(GRID, items)
    assert made.identity.number == "G"
    assert [row.code for row in made.rows] == ["Ga", "Gb"]
    assert [row.label.nl for row in made.rows] == ["stelling a", "stelling b"]
    for row, item in zip(made.cells, items, strict=True):
        headline = [r.code for r in item.rows].index("eens")
        assert row == item.cells[headline]
    assert made.identity.question_text.nl == "(helemaal) eens"
    assert made.n == tuple(map(min, zip(*(item.n for item in items), strict=True)))


def test_what_is_hidden_in_an_item_is_hidden_in_the_overview(items: list[PublishedTable]) -> None:
    gone = Cell(None, flag=Flag.PROTECTED)
    place = [row.code for row in items[0].rows].index("eens")
    cells = [list(row) for row in items[0].cells]
    cells[place][1] = gone
    n = (*items[0].n[:1], None, *items[0].n[2:])
    hidden = replace(items[0], cells=tuple(map(tuple, cells)), n=n)
    made = overview_of(GRID, [hidden, items[1]])
    assert made.cells[0][1] == gone
    assert made.n[1] is None


def test_only_grids_that_ask_for_it_have_one(published: ThemeTables) -> None:
    assert overviews(published.tables, QUESTIONNAIRE) == ()
    questions = tuple(GRID if q.code == "G" else q for q in QUESTIONNAIRE.questions)
    made = overviews(published.tables, Questionnaire(questions=questions))
    assert [table.identity.number for table in made] == ["G"]


def test_items_with_other_columns_have_no_overview(items: list[PublishedTable]) -> None:
    other = replace(items[1], columns=("x", *items[1].columns[1:]))
    with pytest.raises(CrosstabError, match="tabulate all items together"):
        overview_of(GRID, [items[0], other])


def test_marked_shares_are_compared_with_the_published_national_one() -> None:
    made = world(2000)
    banner = profile_banner(made.profile, PROFILES, len(made.frame))
    tables = crosstab(made.frame, QUESTIONNAIRE, ["S1", "G", "M", "N"], banner, made.weights)
    told = 0
    for table in publish(tables, Publication()).tables:
        found = compared(table)
        total = len(table.columns) - 1
        for r, row in enumerate(table.rows):
            national = table.cells[r][total].value
            for c, cell in enumerate(table.cells[r]):
                if found[r][c] is None:
                    continue
                told += 1
                assert cell.verdict is not Verdict.NONE
                assert row.kind in ("answer", "net")
                # By whole per cents, as a reader would divide them.
                times = Decimal(round(cell.value * 100)) / Decimal(round(national * 100))
                assert Decimal(str(found[r][c])) == times.quantize(Decimal("0.1"), ROUND_HALF_UP)
                assert (found[r][c] > 1) is (cell.verdict is Verdict.HIGHER)
    assert told > 3


UP, DOWN = Verdict.HIGHER, Verdict.LOWER


@pytest.mark.parametrize(
    ("cell", "total", "expected"),
    [
        (Cell(0.36, verdict=UP), Cell(0.30), 1.2),
        (Cell(0.12, verdict=DOWN), Cell(0.30), 0.4),
        (Cell(0.25, verdict=UP), Cell(0.20), 1.3),
        (Cell(0.36), Cell(0.30), None),  # no clear difference
        (Cell(None, flag=Flag.TOO_FEW), Cell(0.30), None),
        (Cell(None, flag=Flag.BELOW, bound=0.01), Cell(0.30), None),
        (Cell(0.36, verdict=UP), Cell(None, flag=Flag.PROTECTED), None),
        (Cell(0.12, verdict=UP), Cell(0.04), None),
        (Cell(0.10, verdict=UP), Cell(0.05), 2.0),
        (Cell(0.90, verdict=UP), Cell(0.87), None),  # 'as many' beside an arrow
        (Cell(0.01, verdict=DOWN), Cell(0.30), None),  # 'none at all' beside 1%
    ],
)
def test_what_is_hidden_tiny_or_unmarked_is_not_compared(
    items: list[PublishedTable], cell: Cell, total: Cell, expected: float | None
) -> None:
    table = replace(items[0], rows=items[0].rows[:1], cells=((cell, total),), columns=("a", TOTAL))
    assert compared(table) == ((expected, None),)


def test_a_mean_or_a_net_score_is_no_share_to_compare(items: list[PublishedTable]) -> None:
    cells = ((Cell(0.4, verdict=UP), Cell(0.2)),)
    for kind in ("mean", "score", "effect", "median", "sd"):
        rows = (replace(items[0].rows[0], kind=kind),)
        table = replace(items[0], rows=rows, cells=cells, columns=("a", TOTAL))
        assert compared(table) == ((None, None),)
