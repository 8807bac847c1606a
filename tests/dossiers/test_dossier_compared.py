"""'1,2 keer zo veel als in Nederland': only of what a reader sees, and sees to differ."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import openpyxl
import pytest
from dossier_samples import scale_table

from flows.crosstabs.tables import TOTAL, Cell, Finding, Flag, PublishedTable, ThemeTables, Verdict
from flows.definitions.dossier_plan import ThemePlan
from flows.definitions.models import Language, Text
from flows.dossiers.build import build_content
from flows.dossiers.content import DossierContent
from flows.dossiers.facts import DossierFacts
from flows.dossiers.findings import sentences
from flows.dossiers.perspective import Tops, main_answer, tops
from flows.dossiers.reading import Context
from flows.dossiers.texts import words


@pytest.fixture
def context(tables: ThemeTables, facts: DossierFacts) -> Context:
    return Context(tables, facts, words("nl"))


def found(context: Context, number: str) -> PublishedTable:
    table = context.tables.table(number)
    assert table is not None
    return table


def hidden(table: PublishedTable, row: str, column: str, cell: Cell) -> PublishedTable:
    cells = [list(line) for line in table.cells]
    r = [each.code for each in table.rows].index(row)
    cells[r][table.columns.index(column)] = cell
    return replace(table, cells=tuple(map(tuple, cells)))


@pytest.mark.parametrize(
    ("language", "said"),
    [("nl", "1,4 keer zo veel als in Nederland"), ("en", "1.4 times as many as in the Nether")],
)
def test_the_highest_profile_is_compared_in_the_sentence(
    tables: ThemeTables, facts: DossierFacts, language: Language, said: str
) -> None:
    reading = Context(tables, facts, words(language))
    assert said in sentences(reading, found(reading, "E07"))[0]
    assert all(said not in way for way in sentences(reading, found(reading, "E07"))[1:])


def test_with_a_hidden_number_goes_its_comparison(context: Context) -> None:
    table = found(context, "E07")
    row = table.row("eens")
    assert context.times(table, row, "globalisten") == "1,4 keer zo veel als in Nederland"
    gone = Cell(None, flag=Flag.PROTECTED)
    for column in ("globalisten", TOTAL):
        assert context.times(hidden(table, "eens", column, gone), row, "globalisten") is None
    unmarked = Cell(table.cell("eens", "globalisten").value)
    assert context.times(hidden(table, "eens", "globalisten", unmarked), row, "globalisten") is None


def test_the_profile_sheet_compares_what_a_profile_says_more_often(context: Context) -> None:
    asked = tops(context, "E15")
    assert isinstance(asked, Tops)
    told = {code: asked.ranked(context, code) for code in context.tables.tables[0].columns}
    compared = 0
    for column, ranked in told.items():
        text = main_answer(context, ranked) if ranked else ""
        for entry in ranked:
            if entry.times is not None:
                assert entry.cell.verdict is not Verdict.NONE
        first = next((e for e in ranked if e.cell.verdict is Verdict.HIGHER), None)
        assert (" keer)" in text) is (first is not None and first.times is not None), column
        compared += " keer)" in text
    assert compared > 0


def number(text: str) -> int:
    return round(float(text) * 100)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_comparison_in_the_list_follows_from_the_list(
    files: dict[str, Path], language: Language
) -> None:
    """Of each line of the written list: whole per cents divided, and only where it is marked."""
    wording = words(language)
    sheet = openpyxl.load_workbook(files[language])[wording("sheet.data")]
    lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(i for i, line in enumerate(lines) if line[0] == wording("data.table"))
    body = lines[head + 1 :]
    whole = {(line[0], line[1], line[2]): line[5] for line in body if line[3] == wording("total")}
    shares = {wording(f"data.kind.{kind}") for kind in ("answer", "net")}
    told = 0
    for table, answer, kind, group, _, value, *_, remark in body:
        parts = str(remark).split(", ")
        times = [part for part in parts if part.endswith(wording("data.times", times="").strip())]
        national = whole.get((table, answer, kind))
        marked = wording("data.higher") in parts or wording("data.lower") in parts
        expected = None
        numbers = isinstance(value, float) and isinstance(national, float)
        if kind in shares and marked and numbers and national >= 0.05:
            ratio = Decimal(round(value * 100)) / Decimal(round(national * 100))
            expected = ratio.quantize(Decimal("0.1"), ROUND_HALF_UP)
            if expected in (0, 1):
                expected = None
        if expected is None:
            assert times == [], (table, answer, group)
            continue
        told += 1
        assert times == [wording("data.times", times=wording.decimal(float(expected)))]
    assert told > 20


def test_the_guide_explains_it_where_it_occurs(
    contents: dict[str, DossierContent], facts: DossierFacts, plan: ThemePlan
) -> None:
    def texts(content: DossierContent) -> set[str]:
        return {str(c.value) for row in content.sheet("guide").rows for c in row.cells}

    assert "Keer zo veel" in texts(contents["nl"])
    table = scale_table("E07", Text(nl="Stelling.", en="Statement."), 0.0)
    quiet = ThemeTables("energie", (table,), (), (), 0, 0)
    empty = ThemePlan(code="energie", title=plan.title)
    assert "Keer zo veel" not in texts(build_content(quiet, facts, empty, "nl"))


def test_a_lower_share_is_compared_in_the_list_but_not_in_a_sentence(context: Context) -> None:
    finding = Finding("E07", "eens", "kijkers", Verdict.LOWER, 0.2)
    other = replace(context, tables=replace(context.tables, findings=(finding,)))
    table = found(other, "E07")
    assert other.multiple(table, table.row("eens"), "kijkers") == "0,5"
    assert sentences(other, table)[0].endswith("Bij de Kritische Kijkers is dat 22%.")
