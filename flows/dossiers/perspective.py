"""The seed of the action perspective: what each profile wants, does, and is held back by.

Read from published cells only; which question stands for what is the theme plan's choice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flows.crosstabs.tables import TOTAL, Cell, PublishedTable, Row, Verdict
from flows.dossiers.errors import DossierError
from flows.dossiers.experiments import is_experiment
from flows.dossiers.reading import Context, lead_row, ranked_answers, resolve

MOST_CHANNELS = 3


@dataclass(frozen=True)
class Measure:
    """One row of one table, shown as a number per profile."""

    table: PublishedTable
    row: Row

    def cell(self, column: str) -> Cell:
        return self.table.cell(self.row.code, column)


@dataclass(frozen=True)
class Entry:
    """An answer or grid item with its published number for one column.

    `times`: how many times as many as in the Netherlands, written, where that is told.
    """

    label: str
    row: Row
    cell: Cell
    times: str | None = None


@dataclass(frozen=True)
class Tops:
    """Answers of a question, or items of a grid, to be ranked within a profile."""

    number: str
    question: str
    tables: tuple[PublishedTable, ...]

    def ranked(self, context: Context, column: str) -> list[Entry]:
        """Shown entries of a column, highest first."""
        if len(self.tables) == 1:
            return [
                Entry(context.label(row), row, cell, context.multiple(self.tables[0], row, column))
                for row, cell in ranked_answers(self.tables[0], column)
            ]
        entries = [
            Entry(
                context.question(table),
                row,
                table.cell(row.code, column),
                context.multiple(table, row, column),
            )
            for table in self.tables
            if (row := lead_row(table)) is not None and table.cell(row.code, column).shown
        ]
        return sorted(entries, key=lambda entry: -(entry.cell.value or 0.0))

    def hidden(self, column: str) -> Cell:
        """A cell that says why there is nothing to rank in a column."""
        return next(
            cell
            for table in self.tables
            for line in table.cells
            if not (cell := line[table.columns.index(column)]).shown
        )


def measure(context: Context, code: str | None) -> Measure | None:
    """The headline of the question a plan names; None where there is none to show."""
    for table in resolve(context.tables, code) if code else ():
        row = lead_row(table)
        if row is not None:
            return Measure(table, row)
    return None


def tops(context: Context, code: str | None) -> Measure | Tops | None:
    """What to rank for the question a plan names; a single scale has one number to show."""
    found = resolve(context.tables, code) if code else ()
    if not found or is_experiment(found[0]):
        return None
    first = found[0]
    if len(found) == 1 and lead_row(first) is not None:
        return measure(context, code)
    if len(found) == 1:
        return Tops(first.identity.number, context.question(first), found)
    question = first.identity.question_text[context.language]
    return Tops(first.identity.question, question, found)


def main_answer(context: Context, ranked: Sequence[Entry]) -> str:
    """The top answer; and the one this profile gives more often than all others, if another."""
    if ranked[0].cell.verdict is Verdict.HIGHER:
        return said(context, ranked[0], compared=True)
    text, distinct = said(context, ranked[0]), distinctive(ranked)
    if distinct is None:
        return text
    more = said(context, distinct, compared=True)
    return f"{text}\n{context.words('profiles.more_often', answer=more)}"


def distinctive(ranked: Sequence[Entry]) -> Entry | None:
    """The first answer that this profile gives more often than all others."""
    return next((e for e in ranked if e.cell.verdict is Verdict.HIGHER), None)


def used_channels(context: Context, ranked: Sequence[Entry]) -> str:
    """The channels used most."""
    return ", ".join(said(context, entry) for entry in ranked[:MOST_CHANNELS])


def said(context: Context, entry: Entry, *, compared: bool = False) -> str:
    """An answer with its number between brackets, and how many times that of the Netherlands."""
    label = entry.label.rstrip(" .")
    figure = context.figure(entry.cell, entry.row)
    if compared and entry.times is not None:
        figure = f"{figure}, {context.words('data.times', times=entry.times)}"
    return context.words("profiles.answer", answer=label, value=figure)


_REFERENCE = re.compile(r"\{([^{}.]+)\.([^{}.]+)\.([^{}.]+)\}")


def interpretation(context: Context, text: str) -> str:
    """The analyst's own words, with `{table.column.row}` replaced by published numbers.

    A sentence that refers to a hidden number is left out whole. Raises `DossierError` for a
    reference to a table, column or row that does not exist.
    """
    kept = []
    for sentence in re.split(r"(?<=[.!?])\s+", text.strip()):
        shown = True

        def fill(match: re.Match[str]) -> str:
            nonlocal shown
            cell, row = _referred(context, *match.groups())
            shown = shown and cell.shown
            return context.figure(cell, row) if cell.shown else ""

        filled = _REFERENCE.sub(fill, sentence)
        if shown:
            kept.append(filled)
    return " ".join(kept)


def _referred(context: Context, number: str, column: str, code: str) -> tuple[Cell, Row]:
    column = TOTAL if column in ("total", "totaal") else column
    table = context.tables.table(number)
    reference = f"{{{number}.{column}.{code}}}"
    if table is None:
        raise DossierError(
            f"the interpretation of theme {context.facts.theme!r} refers to {reference}, but there "
            f"is no table {number}"
        )
    if column not in table.columns or all(row.code != code for row in table.rows):
        rows = ", ".join(row.code for row in table.rows)
        raise DossierError(
            f"the interpretation of theme {context.facts.theme!r} refers to {reference}; table "
            f"{number} has the columns {', '.join(table.columns)} and the rows {rows}"
        )
    return table.cell(code, column), table.row(code)
