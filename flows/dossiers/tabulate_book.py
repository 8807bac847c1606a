"""The workbook of an ad hoc tabulation: a sheet for every table and axis of its columns.

It has the look of a dossier and the same published figures. An internal one has all columns side
by side, for the analyst: unrounded figures, and INTERN on every sheet.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path

from flows.crosstabs.banner import Column, axis_of_column
from flows.crosstabs.cells import cells_frame
from flows.crosstabs.overview import compared
from flows.crosstabs.pairwise import column_letters
from flows.crosstabs.tables import SHARES, TOTAL, Cell, PublishedTable, Row, Table
from flows.definitions.dossier_plan import Publication
from flows.definitions.models import Language, Text
from flows.dossiers.axes import views_of
from flows.dossiers.content import Cell as SheetCell
from flows.dossiers.content import DossierContent, Edge, Sheet, Style, TableArea
from flows.dossiers.experiments import is_experiment
from flows.dossiers.layout import text_width
from flows.dossiers.reading import sheet_value, sorted_rows, tells_unknown, unit_of, word_for
from flows.dossiers.sheets.common import (
    FINDING_HEIGHT,
    SMALL_HEIGHT,
    SPACER_HEIGHT,
    TITLE_HEIGHT,
    Page,
    cell,
    column_for,
    people_cell,
    rows_of,
)
from flows.dossiers.sheets.table import identifier
from flows.dossiers.texts import Words, words
from flows.dossiers.theme import (
    COUNT,
    COUNT_ROOM,
    FREEZE_FROM_ROWS,
    PROFILE_COLUMN,
    ROLES,
    TOTAL_COLUMN,
    displayed,
    number_format,
)
from flows.dossiers.workbook import write_workbook

LABEL = 46.0
NARROWEST_SHEET = 4
"""A sheet is laid out as if it had at least so many columns, so that its head has room."""
PRECISE = "0.00"
PRECISE_SHARE = "0.00%"
CELLS_WIDTH = 14.0


@dataclass(frozen=True)
class TabulationFacts:
    """What the workbook says besides figures. `day` is the end of the fieldwork.

    `compare`: shares that are marked also as a multiple of those in the total column;
    `national`: that column is the whole country.
    """

    survey: Text
    wave: Text
    period: Text
    publisher: Text
    day: date
    publication: Publication
    simulated: bool
    concept: bool
    internal: bool
    compare: bool = False
    national: bool = True


def title_number(number: str) -> str:
    """The number of a table without the codes of its filter, which its head tells in words."""
    return number.partition("[")[0]


def compared_note(words: Words, *, national: bool) -> str:
    """What '1,2 keer' behind a figure means."""
    return words(f"tabulation.compared_{'national' if national else 'total'}")


def write_tabulation(
    path: Path,
    full: Sequence[Table],
    published: Sequence[PublishedTable],
    columns: Sequence[Column],
    facts: TabulationFacts,
    language: Language,
) -> None:
    """Write the workbook; `full` tables only for an internal one. Same input, same bytes."""
    write_workbook(tabulation_content(full, published, columns, facts, language), path)


def tabulation_content(
    full: Sequence[Table],
    published: Sequence[PublishedTable],
    columns: Sequence[Column],
    facts: TabulationFacts,
    language: Language,
) -> DossierContent:
    """The contents of the workbook: a sheet a table and axis; internal, all cells as a list."""
    book = _Book(words(language), facts, {column.code: column for column in columns})
    if facts.internal:
        names = _names([book.sheet_name(table) for table in full])
        sheets = [book.internal(table, name) for table, name in zip(full, names, strict=True)]
        sheets.append(book.cells(full))
    else:
        views = [view for table in published for view in views_of(table)]
        wide = len({(view.axis, view.part) for view in views}) > 1
        names = _names(
            [
                f"{book.sheet_name(v.table)} {v.axis}" if wide else book.sheet_name(v.table)
                for v in views
            ]
        )
        sheets = [book.published(view.table, name) for view, name in zip(views, names, strict=True)]
    return DossierContent(
        language=language,
        title=f"{facts.survey[language]}, {facts.wave[language]}",
        subject=book.status,
        creator=facts.publisher[language],
        day=facts.day.isoformat(),
        status=book.status,
        sheets=tuple(sheets),
        simulated=facts.simulated,
        concept=facts.concept,
    )


@dataclass(frozen=True)
class _Book:
    words: Words
    facts: TabulationFacts
    columns: dict[str, Column]

    @property
    def status(self) -> str:
        facts, wording = self.facts, self.words
        keys = {
            "tabulation.internal": facts.internal,
            "status.simulated": facts.simulated,
            "status.concept": facts.concept,
        }
        told = [wording(key) for key, holds in keys.items() if holds]
        return " ".join([*told, wording("tabulation.status")])

    def sheet_name(self, table: PublishedTable | Table) -> str:
        """Its number; of a filtered one that it is of a part of the people."""
        number = title_number(table.identity.number)
        if number == table.identity.number:
            return number
        return self.words("tabulation.part", number=number)

    def published(self, table: PublishedTable, name: str) -> Sheet:
        heads = self._heads(table.columns)
        times = compared(table) if self.facts.compare else None
        experiment, grid = is_experiment(table), []
        for row in sorted_rows(table):
            place = table.rows.index(row)
            told = times[place] if times is not None else (None,) * len(table.columns)
            grid.append(
                [
                    self._number(table.cells[place][c], row, code, told[c], arm=experiment)
                    for c, code in _of(table)
                ]
            )
        page = Page(self._widths(heads, grid))
        self._head(page, table)
        header = page.header(heads, ["header_left"] + ["header_right"] * len(table.columns))
        previous = "answer"
        for row, numbers in zip(sorted_rows(table), grid, strict=True):
            net = row.kind == "net" and not experiment
            label = cell(row.label[self.words.language], "label_bold" if net else "label")
            rule = row.kind != previous if experiment else previous == "answer"
            rule = rule and row.kind != "answer"
            page.body([label, *numbers], rule=rule)
            previous = row.kind
        counts = [people_cell(self.words, n, COUNT_ROOM) for n in table.n]
        page.body([cell(self.words("table.n"), "label_small"), *counts], rule=True)
        if tells_unknown(table):
            share = Row("dont_know", table.rows[0].label, "answer")
            unknown = [self._number(table.dont_know[c], share, code) for c, code in _of(table)]
            page.body([cell(self.words("table.dont_know"), "label_small"), *unknown])
        area = page.close_table(f"tbl_{identifier(name)}", header, heads)
        notes = [self._rule(), *self._letters(table)]
        if experiment:
            notes += [self.words(f"experiment.note_{key}") for key in ("marks", "n")]
        if times is not None and any(each is not None for line in times for each in line):
            notes.append(compared_note(self.words, national=self.facts.national))
        page.notes(notes)
        return self._sheet(page, name, header, area)

    def internal(self, table: Table, name: str) -> Sheet:
        heads = self._heads(table.columns)
        grid = []
        for r, row in enumerate(table.rows):
            form = PRECISE_SHARE if row.kind in (*SHARES, "score") else PRECISE
            known = [math.isfinite(value) for value in table.estimate[r]]
            grid.append(
                [
                    cell(float(value), "number", form) if there else cell("-", "word")
                    for value, there in zip(table.estimate[r], known, strict=True)
                ]
            )
        page = Page(self._widths(heads, grid))
        self._head(page, table)
        header = page.header(heads, ["header_left"] + ["header_right"] * len(table.columns))
        for row, numbers in zip(table.rows, grid, strict=True):
            page.body([cell(row.label[self.words.language], "label"), *numbers])
        page.body([cell("n", "label_small"), *(cell(int(n), "number", COUNT) for n in table.n)])
        for label, values in (("n_eff", table.n_eff), ("n weighted", table.weighted_base)):
            numbers = [cell(round(float(n), 1), "number", "#,##0.0") for n in values]
            page.body([cell(label, "label_small"), *numbers])
        area = page.close_table(f"tbl_{identifier(name)}", header, heads)
        return self._sheet(page, name, header, area)

    def cells(self, tables: Sequence[Table]) -> Sheet:
        """Every cell with all its statistics, as a list."""
        frame = cells_frame(tables)
        frame.insert(0, "status", "INTERN")
        heads = [str(name) for name in frame.columns]
        page = Page(tuple(CELLS_WIDTH for _ in heads))
        page.add(TITLE_HEIGHT, cell(self.words("tabulation.cells"), "title"))
        page.add(SMALL_HEIGHT, cell(self.status, "status"))
        page.add(SPACER_HEIGHT)
        header = page.header(heads, ["header_left"] * len(heads))
        for values in frame.itertuples(index=False):
            page.body([_plain(value) for value in values])
        area = page.close_table("tbl_cells", header, heads)
        return replace(self._sheet(page, self.words("tabulation.cells"), header, area), prose=False)

    def _head(self, page: Page, table: PublishedTable | Table) -> None:
        identity, wording, language = table.identity, self.words, self.words.language
        number = title_number(identity.number)
        title = wording("table.title", number=number, text=identity.text[language])
        edge: Edge = "ink_thick"
        for place, line in enumerate(rows_of(title, "title", page.room, most=6)):
            first = SheetCell(line, Style("title", above=edge if place == 0 else ""))
            rest = [SheetCell(None, Style("title", above=edge)) for _ in page.widths[1:]]
            page.add(TITLE_HEIGHT, first, *(rest if place == 0 else ()))
        if identity.base_text is not None:
            about = wording("tabulation.about", whom=identity.base_text[language])
            for line in rows_of(about, "finding", page.room, most=6):
                page.add(FINDING_HEIGHT, cell(line, "finding"))
        period = f"{self.facts.survey[language]}, {self.facts.period[language]}."
        asked = identity.question_text[language] if identity.item is not None else ""
        for text in (asked, period):
            for line in rows_of(text, "basis", page.room, most=6) if text else ():
                page.add(SMALL_HEIGHT, cell(line, "basis"))
        for line in rows_of(self.status, "status", page.room, most=6):
            page.add(SMALL_HEIGHT, cell(line, "status"))
        page.add(SPACER_HEIGHT)

    def _heads(self, codes: Sequence[str]) -> list[str]:
        """Column heads; where two axes share a name, with the axis before it."""
        language = self.words.language
        labels = [
            self.words("tabulation.total") if code == TOTAL else self.columns[code].label[language]
            for code in codes
        ]
        first = self.words("table.answer")
        twice = {label for label in labels if [first, *labels].count(label) > 1}
        heads = [
            f"{label} ({self.columns[code].axis})" if label in twice else label
            for label, code in zip(labels, codes, strict=True)
        ]
        return [first, *heads]

    def _widths(
        self, heads: Sequence[str], grid: Sequence[Sequence[SheetCell]]
    ) -> tuple[float, ...]:
        widths = []
        for place, head in enumerate(heads[1:]):
            least = TOTAL_COLUMN if place == len(heads) - 2 else PROFILE_COLUMN
            width = column_for(head, "header_right", least)
            for row in grid:
                item = row[place]
                if isinstance(item.value, float):
                    text = displayed(item.value, item.style.format)
                    taken = text_width(text, 11, ROLES[item.style.role].face)
                    width = max(width, math.ceil((taken + 10) / 7 * 10) / 10)
            widths.append(width)
        missing = max(NARROWEST_SHEET - len(widths), 0)
        return (LABEL + missing * PROFILE_COLUMN, *widths)

    def _number(
        self,
        published: Cell,
        row: Row,
        column: str,
        times: float | None = None,
        *,
        arm: bool = False,
    ) -> SheetCell:
        if not published.shown:
            return cell(word_for(self.words, published), "word")
        form = number_format(
            unit=unit_of(row),
            mark=published.verdict.value,
            indicative=published.flag.value == "indicative",
            total=column == TOTAL,
            language=self.words.language,
        )
        behind = published.letters
        if times is not None:
            behind = self.words("data.times", times=self.words.decimal(times))
        if behind:
            form = ";".join(f'{part}" {behind}"' for part in form.split(";"))
        marked = published.verdict.value or published.letters
        # A net takes answers together; the arm of an experiment does not.
        net = row.kind == "net" and not arm
        bold = "number_bold" if marked or net else "number"
        return cell(sheet_value(published, row), bold, form)

    def _rule(self) -> str:
        rules = self.facts.publication
        return self.words(
            "tabulation.rule",
            test=self.words(f"tabulation.test.{rules.test}"),
            correction=self.words(f"tabulation.correction.{rules.corrected_by}"),
            minimum=rules.minimum_base,
        )

    def _letters(self, table: PublishedTable) -> list[str]:
        """Which letter is which column, where columns are compared in pairs."""
        if self.facts.publication.test == "versus_rest":
            return []
        language = self.words.language
        told = []
        for axis, same in groupby(table.columns, axis_of_column):
            codes = list(same)
            if axis:
                told += [
                    f"{letter} {self.columns[code].label[language]}"
                    for code, letter in zip(codes, column_letters(len(codes)), strict=True)
                ]
        return [self.words("tabulation.letters", letters=", ".join(told))]

    def _sheet(self, page: Page, name: str, header: int, area: TableArea) -> Sheet:
        return Sheet(
            key=name,
            name=name,
            widths=page.widths,
            rows=tuple(page.rows),
            tables=(area,),
            last_row=len(page.rows),
            repeat=header if area.last_row - area.first_row > FREEZE_FROM_ROWS else None,
        )


def _of(table: PublishedTable) -> list[tuple[int, str]]:
    return list(enumerate(table.columns))


def _plain(value: object) -> SheetCell:
    if isinstance(value, str):
        return cell(value or "-", "label")
    number = float(str(value))
    return cell(number, "number", "General") if math.isfinite(number) else cell("-", "word")


def _names(numbers: Sequence[str]) -> list[str]:
    """Sheet names: the numbers of the tables, within Excel's rules and unique."""
    taken: set[str] = set()
    names = []
    for number in numbers:
        stem = re.sub(r"[\[\]:*?/\\']", "-", number)[:28]
        name, attempt = stem, 2
        while name.lower() in taken:
            name, attempt = f"{stem} {attempt}", attempt + 1
        taken.add(name.lower())
        names.append(name)
    return names
