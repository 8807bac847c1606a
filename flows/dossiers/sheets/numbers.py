"""Sheets of numbers alone: by something else than the profiles, or a whole grid in one table.

No chart and no sentence of findings: these are about the profiles, question by question.
"""

from __future__ import annotations

from dataclasses import dataclass

from flows.crosstabs.tables import PublishedTable
from flows.dossiers.axes import AxisView
from flows.dossiers.content import Sheet
from flows.dossiers.reading import Context
from flows.dossiers.sheets.common import NOTE_HEIGHT, Page
from flows.dossiers.sheets.table import (
    basis_of,
    first_header,
    identifier,
    notes_of,
    table_body,
    table_widths,
    title_of,
)
from flows.dossiers.theme import FREEZE_FROM_ROWS


@dataclass(frozen=True)
class Numbers:
    """A sheet to be: its table, what it says in one sentence, and the name it would have."""

    table: PublishedTable
    sentence: str
    wish: str


def of_axis(context: Context, view: AxisView) -> Numbers:
    """A table by one axis: 'Dezelfde vraag naar leeftijd', and which part of it."""
    words = context.words
    axis = context.facts.axis(view.axis)[context.language].lower()
    key = "axis.by" if view.parts == 1 else "axis.by_part"
    sentence = words(key, axis=axis, part=view.part, parts=view.parts)
    return Numbers(view.table, sentence, f"{view.table.identity.number} {axis}")


def of_overview(context: Context, table: PublishedTable) -> Numbers:
    """A grid in one table: of every item the row that stands for it."""
    answer = table.identity.question_text[context.language]
    sentence = context.words("overview.finding", answer=answer)
    return Numbers(table, sentence, table.identity.number)


def numbers_sheet(context: Context, numbers: Numbers, name: str) -> Sheet:
    """The sheet of one such table."""
    table = numbers.table
    headers = [first_header(context, table), *(context.name(c) for c in table.columns)]
    page = Page(table_widths(context, table, headers))
    page.head(
        context,
        title=title_of(context, table, page.widths),
        findings=[numbers.sentence],
        basis=basis_of(context, table, page.widths),
    )
    header_row = page.header(headers, ["header_left"] + ["header_right"] * len(table.columns))
    table_body(page, context, table)
    area = page.close_table(f"tbl_{identifier(name)}", header_row, headers)
    page.notes(notes_of(context, table))
    page.add(NOTE_HEIGHT)
    long = area.last_row - area.first_row > FREEZE_FROM_ROWS
    return Sheet(
        key=f"numbers/{name}",
        name=name,
        widths=page.widths,
        rows=tuple(page.rows),
        tables=(area,),
        last_row=len(page.rows),
        repeat=header_row if long else None,
    )
