"""A grid in one table, and figures beside the national one: read off published tables alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, world

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.overview import compared, compared_words, overview_of, overviews
from flows.crosstabs.publish import publish
from flows.crosstabs.tables import Cell, Flag, PublishedTable, ThemeTables
from flows.definitions.models import Publication, Questionnaire

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


def test_shares_are_compared_with_the_published_national_one(published: ThemeTables) -> None:
    table = published.table("S1")
    assert table is not None
    found = compared(table)
    total = len(table.columns) - 1
    for r, row in enumerate(table.rows):
        for c, cell in enumerate(table.cells[r]):
            national = table.cells[r][total].value
            if c == total or row.kind == "mean" or cell.value is None or not national:
                assert found[r][c] is None
            elif national >= 0.05:
                assert found[r][c] == pytest.approx(cell.value / national, abs=0.0500001)


def test_hidden_and_tiny_figures_are_not_compared(items: list[PublishedTable]) -> None:
    rows = items[0].rows[:2]
    cells = (
        (Cell(None, flag=Flag.TOO_FEW), Cell(0.36), Cell(0.30)),
        (Cell(0.06), Cell(0.03), Cell(0.04)),
    )
    table = replace(items[0], rows=rows, cells=cells, columns=("a", "b", "total"))
    assert compared(table) == ((None, 1.2, None), (None, None, None))


@pytest.mark.parametrize(
    ("multiple", "nl", "en"),
    [
        (1.2, "1,2 keer zo veel als in Nederland", "1.2 times as many as in the Netherlands"),
        (0.8, "0,8 keer zo veel als in Nederland", "0.8 times as many as in the Netherlands"),
        (1.0, "evenveel als in Nederland", "as many as in the Netherlands"),
    ],
)
def test_the_words(multiple: float, nl: str, en: str) -> None:
    words = compared_words(multiple)
    assert (words.nl, words.en) == (nl, en)
