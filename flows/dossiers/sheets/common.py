"""What all sheets share: the head, the rows of a table, the notes, measured row heights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from flows.dossiers.content import Cell, Edge, Scalar, SheetRow, Style, TableArea
from flows.dossiers.layout import (
    cell_room,
    head_room,
    lines_needed,
    row_height,
    shorten,
    split_rows,
    text_width,
    widest_word,
)
from flows.dossiers.reading import Context
from flows.dossiers.texts import Words
from flows.dossiers.theme import FREEZE_FROM_ROWS, PAGE_POINTS, ROLES, SMALLEST_SCALE

TITLE_HEIGHT = 30.0
FINDING_HEIGHT = 22.0
SMALL_HEIGHT = 16.0
LINK_HEIGHT = 18.0
SPACER_HEIGHT = 8.0
HEADER_HEIGHT = 22.0
BODY_HEIGHT = 20.0
NOTE_HEIGHT = 15.0
_HEADER_GAP = 18.0
FIRST_NOTE_HEIGHT = 20.0


def cell(value: Scalar | None, role: str, form: str = "General") -> Cell:
    """A cell in a role of the theme."""
    return Cell(value, Style(role, form))


def people_cell(words: Words, n: int | None, form: str) -> Cell:
    """A number of participants; hidden where it would tell how many gave a hidden answer."""
    return cell(words("word.protected"), "word") if n is None else cell(n, "number", form)


def status_line(context: Context) -> str:
    """The line under the basis of every sheet: what kind of figures these are, which edition."""
    facts, words = context.facts, context.words
    parts = []
    if facts.simulated:
        parts.append(words("status.simulated"))
    if facts.research_exercise:
        parts.append(words("status.exercise"))
    if facts.edition.state == "withdrawn":
        parts.append(words("status.withdrawn"))
    elif facts.concept:
        parts.append(words("status.concept"))
    parts.append(
        words(
            "status.edition",
            number=facts.edition.number,
            day=words.day(facts.edition.day),
        )
    )
    return " ".join(parts)


@dataclass
class Page:
    """Rows of one sheet as they are laid down; the cursor is the number of rows so far."""

    widths: tuple[float, ...]
    rows: list[SheetRow] = field(default_factory=list)

    @property
    def next_row(self) -> int:
        return len(self.rows) + 1

    @property
    def room(self) -> float:
        return head_room(self.widths)

    def add(self, height: float, *cells: Cell) -> None:
        self.rows.append(SheetRow(height, cells))

    def head(
        self,
        context: Context,
        *,
        title: str,
        findings: Sequence[str],
        basis: Sequence[str],
        back: str = "sheet.contents",
    ) -> None:
        """Title, finding, basis, status, link back and spacer.

        The title takes two rows at most and is then cut at a word; `findings` are ways to
        say it, from full to brief, of which the first that fits on two rows is taken.
        """
        role = ROLES["title"]
        cut = shorten(title, role.size, role.face, self.room, lines=2)
        for place, line in enumerate(split_rows(cut, role.size, role.face, self.room)):
            edge: Edge = "ink_thick" if place == 0 else ""
            first = Cell(line, Style("title", above=edge))
            rest = Cell(None, Style("title", above=edge))
            self.add(TITLE_HEIGHT, first, *(rest for _ in self.widths[1:]) if edge else ())
        for line in best_rows(findings, "finding", self.room):
            self.add(FINDING_HEIGHT, cell(line, "finding"))
        for text in basis:
            for line in rows_of(text, "basis", self.room, most=3):
                self.add(SMALL_HEIGHT, cell(line, "basis"))
        for line in rows_of(status_line(context), "status", self.room):
            self.add(SMALL_HEIGHT, cell(line, "status"))
        target = context.words(back)
        self.add(
            LINK_HEIGHT,
            Cell(
                context.words("link.back", sheet=target),
                Style("link"),
                link=target,
                tip=context.words("link.tip", sheet=target),
            ),
        )
        self.add(SPACER_HEIGHT)

    def header(self, texts: Sequence[str], roles: Sequence[str]) -> int:
        """The header of a table; returns its row."""
        height = HEADER_HEIGHT
        for text, role, width in zip(texts, roles, self.widths, strict=False):
            lines = measured(text, role, width)
            height = max(height, row_height(lines, ROLES[role].size) + 1.0)
        self.add(
            height,
            *(
                Cell(text, Style(role, below="ink_medium"))
                for text, role in zip(texts, roles, strict=True)
            ),
        )
        return len(self.rows)

    def body(
        self, cells: Sequence[Cell], *, least: float = BODY_HEIGHT, rule: bool = False
    ) -> None:
        """A row of a table, as high as its text needs; `rule` puts a grey line above it."""
        height = least
        for item, width in zip(cells, self.widths, strict=False):
            role = ROLES[item.style.role]
            if role.wrap and isinstance(item.value, str):
                lines = measured(item.value, item.style.role, width)
                height = max(height, row_height(lines, role.size))
        self.rows.append(
            SheetRow(
                height,
                tuple(
                    replace(
                        item,
                        style=item.style._replace(above="grey" if rule else "", below="hair"),
                    )
                    for item in cells
                ),
            )
        )

    def close_table(self, name: str, header_row: int, columns: Sequence[str]) -> TableArea:
        """Ends a table with an ink line and returns its area."""
        last = self.rows[-1]
        self.rows[-1] = replace(
            last,
            cells=tuple(replace(c, style=c.style._replace(below="ink")) for c in last.cells),
        )
        return TableArea(name, header_row, len(self.rows), tuple(columns))

    def notes(self, texts: Sequence[str]) -> None:
        """Notes under a table: one sentence or two short ones a row."""
        height = FIRST_NOTE_HEIGHT
        for text in texts:
            for line in rows_of(text, "note", self.room, most=4):
                self.add(height, cell(line, "note"))
                height = NOTE_HEIGHT


def runs_on(page: Page, area: TableArea) -> bool:
    """Whether a list is too long for one screen or one page: its header is then repeated."""
    rows = area.last_row - area.first_row
    height = sum(row.height for row in page.rows)
    return rows > FREEZE_FROM_ROWS or PAGE_POINTS / height < SMALLEST_SCALE


def measured(text: str, role: str, width: float) -> int:
    """Lines a text takes in a wrapped cell of this role and width."""
    style = ROLES[role]
    return lines_needed(text, style.size, style.face, width, style.indent)


def rows_of(text: str, role: str, room: float, most: int = 2) -> tuple[str, ...]:
    """The text over the rows of the sheet it needs."""
    style = ROLES[role]
    return split_rows(text, style.size, style.face, room, most=most)


def best_rows(ways: Sequence[str], role: str, room: float) -> tuple[str, ...]:
    """The fullest way that fits on two rows; else a cut one."""
    style = ROLES[role]
    for way in ways:
        lines = split_rows(way, style.size, style.face, room, most=99)
        if len(lines) <= 2:
            return lines
    cut = shorten(ways[-1], style.size, style.face, room, lines=2)
    return split_rows(cut, style.size, style.face, room, most=2)


def cut_to_cell(text: str, role: str, width: float, lines: int) -> str:
    """A question text cut at a word so that it takes at most `lines` lines of a cell."""
    style = ROLES[role]
    return shorten(text, style.size, style.face, cell_room(width, style.indent), lines)


def column_for(text: str, role: str, least: float) -> float:
    """A column width in which no word of a header is broken, and no two headers touch.

    A header that just fits on one line would touch its neighbour, so it gets more room.
    """
    style = ROLES[role]
    needed = widest_word(text, style.size, style.face) + 3
    line, room = text_width(text, style.size, style.face), cell_room(least, style.indent)
    if room - _HEADER_GAP < line <= room:
        needed = max(needed, line + _HEADER_GAP + 3)
    return max(least, round(needed / 7 + 0.05, 1))
