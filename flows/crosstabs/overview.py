"""What is read off published tables: a grid in one table, and figures beside the national one.

Nothing here counts anybody. An overview holds the very cells of the items' tables, with what
is hidden there hidden here; the comparison divides published, rounded figures. So neither
tells more than a reader had already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.tables import SHARES, TOTAL, Cell, PublishedTable, Row, Verdict
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question

OVERVIEW = "overview"
"""The type of such a table, in its identity."""

ENOUGH_TO_COMPARE = 0.05
"""A national share below this is too coarsely rounded to compare others with."""


def overviews(
    tables: Sequence[PublishedTable], questionnaire: Questionnaire
) -> tuple[PublishedTable, ...]:
    """The overviews of the grids that are to have one, of which `tables` hold the items."""
    return tuple(_overviews(tables, questionnaire))


def _overviews(
    tables: Sequence[PublishedTable], questionnaire: Questionnaire
) -> Iterator[PublishedTable]:
    for question in questionnaire.questions:
        items = [t for t in tables if t.identity.question == question.code and t.identity.item]
        if question.overview and items:
            yield overview_of(question, items)


def overview_of(question: Question, items: Sequence[PublishedTable]) -> PublishedTable:
    """A grid in one table: a row per item with the headline of its own table.

    The code of a row is the number of the item's table, and `identity.headline` the row in it
    that is shown; `identity.question_text` says what that row counts. `n` is the smallest of
    the items', and where one of them hides it there is none. Raises CrosstabError where an
    item lacks the headline or has other columns.
    """
    first = items[0]
    headline = question.headline or ""
    for table in items:
        if table.columns != first.columns or headline not in {row.code for row in table.rows}:
            raise CrosstabError(
                f"Table {table.identity.number} cannot stand in the overview of {question.code}: "
                "it has no headline, or other columns; tabulate all items together."
            )
    shown = [_headline(table, headline) for table in items]
    rows = tuple(
        Row(
            code=table.identity.number,
            label=table.identity.text,
            kind="answer" if row.kind in SHARES else row.kind,
        )
        for table, (row, _) in zip(items, shown, strict=True)
    )
    identity = replace(
        first.identity,
        number=question.code,
        item=None,
        type=OVERVIEW,
        text=question.text,
        question_text=shown[0][0].label,
        multiple=True,
        headline=headline,
        sort=question.sort or "none",
        dont_know="leave_out",
    )
    return PublishedTable(
        identity=identity,
        rows=rows,
        columns=first.columns,
        cells=tuple(cells for _, cells in shown),
        n=_smallest([table.n for table in items]),
        n_eff=_smallest([table.n_eff for table in items]),
        dont_know=(),
    )


def _headline(table: PublishedTable, code: str) -> tuple[Row, tuple[Cell, ...]]:
    place = next(i for i, row in enumerate(table.rows) if row.code == code)
    return table.rows[place], table.cells[place]


def _smallest(numbers: Sequence[tuple[int | None, ...]]) -> tuple[int | None, ...]:
    """Per column the smallest number; None where one of them is hidden."""
    known = ([n for n in each if n is not None] for each in zip(*numbers, strict=True))
    return tuple(min(each) if len(each) == len(numbers) else None for each in known)


def compared(table: PublishedTable) -> tuple[tuple[float | None, ...], ...]:
    """Shares as a multiple of that in the total column, R x C, to one decimal.

    1.2: in that column 1.2 times as many as among everybody. Only where the difference is marked,
    as the words say that there is one. None also where either figure is not shown, that of
    everybody is under 5%, the multiple would be 0.0 or 1.0, or the row is no share of people. It
    divides the whole per cents that stand in the same table, so it tells nothing that these do
    not.
    """
    total = table.columns.index(TOTAL)
    return tuple(
        tuple(
            None if c == total or row.kind not in SHARES else multiple(cell, cells[total])
            for c, cell in enumerate(cells)
        )
        for row, cells in zip(table.rows, table.cells, strict=True)
    )


def multiple(cell: Cell, total: Cell) -> float | None:
    """A share as a multiple of everybody's, as `compared` gives it; both of one row."""
    if cell.value is None or total.value is None or total.value < ENOUGH_TO_COMPARE:
        return None
    if cell.verdict is Verdict.NONE:
        return None
    times = round(cell.value / total.value + 1e-9, 1)
    return times if times not in (0, 1) else None
