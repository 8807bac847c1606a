"""Reads published tables: which row stands for a table, who is high and who is low in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from flows.crosstabs.banner import parts_of_column
from flows.crosstabs.overview import multiple
from flows.crosstabs.tables import (
    SHARES,
    TOTAL,
    Cell,
    Finding,
    Flag,
    PublishedTable,
    Row,
    ThemeTables,
    Verdict,
)
from flows.definitions.dossier_plan import PROFILE
from flows.definitions.models import Language
from flows.dossiers.facts import DossierFacts
from flows.dossiers.texts import Words
from flows.dossiers.theme import Unit

_FACTS = ("behaviour", "channel", "demographic")
"""Dimensions in which people say what they do or are, not what they think."""


@dataclass(frozen=True)
class Context:
    """What every sheet needs: the numbers, the facts, the wording."""

    tables: ThemeTables
    facts: DossierFacts
    words: Words

    @property
    def language(self) -> Language:
        return self.words.language

    @cached_property
    def findings(self) -> dict[str, list[Finding]]:
        """The findings by the number of their table, strongest first."""
        found: dict[str, list[Finding]] = {}
        for finding in self.tables.findings:
            found.setdefault(finding.table, []).append(finding)
        return found

    def name(self, column: str) -> str:
        """The name of a column: a profile, another group, or everybody."""
        if column == TOTAL:
            return self.words("total")
        parts = (
            self.facts.profile(level).label
            if variable == PROFILE
            else self.facts.level(variable, level)
            for variable, level in parts_of_column(column)
        )
        return ", ".join(part[self.language] for part in parts)

    def group(self, column: str) -> str:
        """A profile inside a sentence: 'de Bescheiden Grijzen', but 'Profiel 3'."""
        name = self.name(column)
        return name if name[-1:].isdigit() else self.words("group", name=name)

    def base(self, table: PublishedTable) -> str:
        """Who the percentages are of."""
        text = table.identity.base_text
        return text[self.language] if text is not None else self.words("everyone")

    def answering(self, table: PublishedTable) -> str:
        """Who the percentages are of, without 'don't know': opinions differ from facts."""
        identity = table.identity
        fact = identity.dimension in _FACTS or identity.type == "number"
        return self.words(f"base.{'answered' if fact else 'opinion'}", base=self.base(table))

    def label(self, row: Row) -> str:
        return row.label[self.language]

    def figure(self, cell: Cell, row: Row) -> str:
        """A shown number as it is written in a sentence."""
        assert cell.value is not None
        unit = unit_of(row)
        if unit == "points":
            text = self.words("figure.points", points=round(cell.value * 100))
        else:
            write = self.words.percent if unit == "share" else self.words.decimal
            text = write(cell.value)
        return f"{self.words('word.about')} {text}" if cell.flag is Flag.INDICATIVE else text

    def times(self, table: PublishedTable, row: Row, column: str) -> str | None:
        """'1,2 keer zo veel als in Nederland'; None where that is not told (`compared`)."""
        number = self.multiple(table, row, column)
        return None if number is None else self.words("compared.netherlands", times=number)

    def multiple(self, table: PublishedTable, row: Row, column: str) -> str | None:
        """The number of that comparison, written: '1,2'."""
        if row.kind not in SHARES or column == TOTAL:
            return None
        found = multiple(table.cell(row.code, column), table.cell(row.code, TOTAL))
        return None if found is None else self.words.decimal(found)

    def bound(self, cell: Cell) -> str:
        """The bound of a small answer: at most this."""
        return bound_of(self.words, cell)

    def word(self, cell: Cell) -> str:
        """The word that stands in place of a hidden number."""
        return word_for(self.words, cell)

    def question(self, table: PublishedTable) -> str:
        """The title of a table without its number."""
        return table.identity.text[self.language].strip()

    def topic(self, table: PublishedTable) -> str:
        """The short title where the question has one, else the question."""
        short = self.facts.short_title(table.identity.number)
        return short[self.language] if short is not None else asked(self.question(table))

    def agreed(self, table: PublishedTable, row: Row) -> str | None:
        """'(helemaal) eens' where the row says that people agree, or not, with a statement."""
        if "?" in self.question(table) or row.kind not in SHARES:
            return None
        return self.words.agreed(self.label(row))


def unit_of(row: Row) -> Unit:
    """What the numbers of a row count."""
    if row.kind in SHARES:
        return "share"
    # The effect of an arm is one of shares or of means, as the row tells by its score.
    return "points" if row.kind in ("score", "effect") else "number"


def sheet_value(cell: Cell, row: Row) -> float:
    """A shown number as it stands in a cell: points as whole numbers."""
    assert cell.value is not None
    return float(round(cell.value * 100)) if unit_of(row) == "points" else cell.value


def bound_of(words: Words, cell: Cell) -> str:
    """The bound of a small answer, in words."""
    return words.percent(cell.bound if cell.bound is not None else 0.01)


def word_for(words: Words, cell: Cell) -> str:
    """The word that stands in place of a hidden number."""
    if cell.flag is Flag.PROTECTED:
        return words("word.protected")
    if cell.flag is Flag.BELOW:
        return words("word.below", bound=bound_of(words, cell))
    return words("word.few")


_ASKED = re.compile(r".*\?", re.DOTALL)


def asked(question: str) -> str:
    """A question without what follows it ('Choose at most three.'); a statement whole."""
    found = _ASKED.match(question)
    return found.group() if found else question


def profiles(table: PublishedTable) -> tuple[str, ...]:
    """The profile columns in their fixed order."""
    return tuple(column for column in table.columns if column != TOTAL)


def lead_row(table: PublishedTable) -> Row | None:
    """The row that stands for the table; None where no single row does.

    A number without a headline has its mean. A net score stands for no table of its own: the
    sentences and charts of a dossier are about shares and means.
    """
    identity = table.identity
    if identity.multiple:
        return None
    if identity.headline is None and identity.type == "number":
        return next((row for row in table.rows if row.kind == "mean"), None)
    lead = next((row for row in table.rows if row.code == identity.headline), None)
    return lead if lead is not None and lead.kind in (*SHARES, "mean") else None


def ranked_answers(table: PublishedTable, column: str = TOTAL) -> list[tuple[Row, Cell]]:
    """Shown answers from high to low; without 'other' and 'none of these'."""
    shown = [
        (row, table.cell(row.code, column))
        for row in table.rows
        if row.kind == "answer" and not row.last and table.cell(row.code, column).shown
    ]
    return sorted(shown, key=lambda pair: -_value(pair[1]))


def sorted_rows(table: PublishedTable) -> tuple[Row, ...]:
    """Rows as the sheet shows them.

    Where the question asks for it, answers stand from high to low; a hidden total tells
    nothing by its place, so it comes after the shown ones, and 'other' and 'none of these'
    close the list.
    """
    answers = [row for row in table.rows if row.kind == "answer"]
    if table.identity.sort == "descending":
        places = {row.code: place for place, row in enumerate(answers)}

        def rank(row: Row) -> tuple[bool, bool, float, int]:
            cell = table.cell(row.code, TOTAL)
            value = _value(cell) if cell.shown else 0.0
            if row.last:
                return True, True, 0.0, places[row.code]
            return False, not cell.shown, -value, places[row.code]

        answers.sort(key=rank)
    nets = [row for row in table.rows if row.kind == "net"]
    others = [row for row in table.rows if row.kind not in SHARES]
    return (*answers, *nets, *others)


def findings_of(context: Context, table: PublishedTable) -> list[Finding]:
    """The findings in this table that may be told, strongest first.

    Their numbers are shown and carry an arrow: findings are tested over the whole dossier and
    arrows per table, so one can be without the other, and a sentence about a number without
    an arrow would contradict the table under it.
    """
    return [
        finding
        for finding in context.findings.get(table.identity.number, ())
        if (cell := table.cell(finding.row, finding.column)).shown
        and cell.verdict is finding.direction
        and table.cell(finding.row, TOTAL).shown
    ]


def marked(table: PublishedTable, row: Row) -> tuple[list[str], list[str]]:
    """Profiles marked higher (highest first) and lower (lowest first) in a row."""
    cells = [(column, table.cell(row.code, column)) for column in profiles(table)]
    up = [(c, cell) for c, cell in cells if cell.shown and cell.verdict is Verdict.HIGHER]
    down = [(c, cell) for c, cell in cells if cell.shown and cell.verdict is Verdict.LOWER]
    return (
        [column for column, _ in sorted(up, key=lambda pair: -_value(pair[1]))],
        [column for column, _ in sorted(down, key=lambda pair: _value(pair[1]))],
    )


def most_marked(table: PublishedTable) -> list[str]:
    """Profiles with a marked number in any row, those with most marks first."""
    marks = {
        column: sum(
            line[place].shown and line[place].verdict is not Verdict.NONE for line in table.cells
        )
        for place, column in enumerate(table.columns)
    }
    return sorted((c for c in profiles(table) if marks[c]), key=lambda c: -marks[c])


def tells_unknown(table: PublishedTable) -> bool:
    """Whether a table has a row of those without an opinion, and any of them."""
    if table.identity.dont_know == "leave_out":
        return False
    return any(cell.shown and cell.value for cell in table.dont_know)


def any_shown(table: PublishedTable) -> bool:
    """Whether a profile has any number in the table."""
    return any(
        cell.shown
        for line in table.cells
        for column, cell in zip(table.columns, line, strict=True)
        if column != TOTAL
    )


def has_marks(table: PublishedTable) -> bool:
    """Whether any shown number in the table is marked."""
    return any(
        cell.shown and cell.verdict is not Verdict.NONE for line in table.cells for cell in line
    )


def resolve(tables: ThemeTables, code: str) -> tuple[PublishedTable, ...]:
    """The tables a plan's code stands for: `E07`, a grid item `E03_b`, or all items of `E03`."""
    direct = [
        table
        for table in tables.tables
        if code in (table.identity.number, f"{table.identity.question}_{table.identity.item}")
    ]
    if direct:
        return tuple(direct[:1])
    return tuple(table for table in tables.tables if table.identity.question == code)


def _value(cell: Cell) -> float:
    return cell.value if cell.value is not None else 0.0
