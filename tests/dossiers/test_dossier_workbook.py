"""The written workbook: true to what was published, safe, and the same every time."""

import re
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from dossier_samples import COLUMNS

from flows.crosstabs.tables import TOTAL, Cell, Flag, PublishedTable, ThemeTables, Verdict
from flows.definitions.dossier_plan import ThemePlan
from flows.definitions.models import Text
from flows.dossiers.build import build_content, content_sha256
from flows.dossiers.content import Cell as SheetCell
from flows.dossiers.content import DossierContent, SheetRow, Style
from flows.dossiers.errors import DossierError
from flows.dossiers.facts import DossierFacts, EditionFacts
from flows.dossiers.lint import lint
from flows.dossiers.reading import sorted_rows
from flows.dossiers.workbook import write_workbook

HIDDEN_WORDS = {
    "nl": {Flag.TOO_FEW: "[te weinig]", Flag.PROTECTED: "[afgeschermd]", Flag.BELOW: "< 1%"},
    "en": {Flag.TOO_FEW: "[too few]", Flag.PROTECTED: "[protected]", Flag.BELOW: "< 1%"},
}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_lint_finds_nothing(
    language: str, files: dict[str, Path], contents: dict[str, DossierContent]
) -> None:
    assert lint(files[language], contents[language]) == []


def test_the_same_contents_give_the_same_bytes(
    tables: ThemeTables,
    facts: DossierFacts,
    plan: ThemePlan,
    files: dict[str, Path],
    tmp_path: Path,
) -> None:
    again = tmp_path / "again.xlsx"
    write_workbook(build_content(tables, facts, plan, "nl"), again)
    assert again.read_bytes() == files["nl"].read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.xlsx"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_published_cell_reads_back(
    language: str, tables: ThemeTables, files: dict[str, Path]
) -> None:
    book = openpyxl.load_workbook(files[language])
    for table in tables.tables:
        ws = book[table.identity.number]
        (listed,) = ws.tables.values()
        first = int(re.search(r"\d+", listed.ref)[0]) + 1
        for place, row in enumerate(sorted_rows(table)):
            for column in COLUMNS:
                cell = ws.cell(first + place, 2 + table.columns.index(column))
                _check(cell, table.cell(row.code, column), language, row.kind == "mean")
        counts = [ws.cell(first + len(table.rows), 2 + i).value for i in range(len(COLUMNS))]
        assert counts == list(table.n)


def _check(cell, published: Cell, language: str, mean: bool) -> None:
    if not published.shown:
        assert cell.value == HIDDEN_WORDS[language][published.flag]
        assert cell.number_format == "General"
        assert cell.font.b is not True
        assert cell.font.color.rgb == "FF5B666B"
        assert cell.fill.fill_type is None
        return
    assert cell.value == published.value
    about = '"circa "' if language == "nl" else '"about "'
    assert cell.number_format.startswith(about) == (published.flag is Flag.INDICATIVE)
    mark = {Verdict.HIGHER: "▲", Verdict.LOWER: "▼", Verdict.NONE: ""}[published.verdict]
    assert [sign for sign in "▲▼" if sign in cell.number_format] == ([mark] if mark else [])
    assert ("0.0" in cell.number_format) == mean
    if mark:
        assert cell.font.b is True


def test_hidden_numbers_leave_nothing_behind(
    tables: ThemeTables,
    facts: DossierFacts,
    plan: ThemePlan,
    files: dict[str, Path],
    tmp_path: Path,
) -> None:
    """The same file results when hidden cells still carry verdicts and margins."""

    def spoil(cell: Cell) -> Cell:
        return cell if cell.shown else replace(cell, low=0.9, high=0.99, verdict=Verdict.HIGHER)

    spoilt = tuple(
        replace(table, cells=tuple(tuple(map(spoil, line)) for line in table.cells))
        for table in tables.tables
    )
    path = tmp_path / "spoilt.xlsx"
    write_workbook(build_content(replace(tables, tables=spoilt), facts, plan, "nl"), path)
    assert path.read_bytes() == files["nl"].read_bytes()


def test_a_hidden_bar_is_no_zero(contents: dict[str, DossierContent]) -> None:
    chart = contents["nl"].sheet("E07").chart
    assert chart is not None
    place = chart.categories.index("Drukke Starters [te weinig]")
    assert place == len(chart.categories) - 1
    assert chart.series[0].values[place] is None
    assert "Drukke Starters: te weinig deelnemers" in chart.alt
    assert chart.categories[:2] == ("Nederland", "Idealistische Globalisten")
    assert "Rustige Volgers (circa)" in chart.categories


def test_a_table_without_numbers_has_no_chart(contents: dict[str, DossierContent]) -> None:
    assert contents["nl"].sheet("E20").chart is None


def test_no_text_becomes_a_formula(files: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(files["nl"])
    found = [c for ws in book for row in ws.iter_rows() for c in row if c.data_type == "f"]
    assert found == []
    dangerous = [
        c for row in book["E15"].iter_rows() for c in row if str(c.value).startswith("=Ik")
    ]
    assert dangerous
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in dangerous)


def test_control_characters_and_excel_codes_are_made_harmless(
    tables: ThemeTables, facts: DossierFacts, plan: ThemePlan, tmp_path: Path
) -> None:
    table = tables.tables[0]
    text = Text(nl="a\x00b\x0bc _x0041_ <&>", en="x")
    identity = replace(table.identity, text=text, question_text=text)
    one = replace(tables, tables=(replace(table, identity=identity),), findings=())
    plain = plan.model_copy(update={"interpretation": None})
    path = tmp_path / "odd.xlsx"
    write_workbook(build_content(one, facts, plain, "nl"), path)
    with ZipFile(path) as archive:
        xml = archive.read("xl/worksheets/sheet4.xml").decode()
    assert "E02. abc _x005F_x0041_ &lt;&amp;&gt;" in xml


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_refused(
    number: float, contents: dict[str, DossierContent], tmp_path: Path
) -> None:
    sheet = contents["nl"].sheets[0]
    row = SheetRow(20, (SheetCell(number, Style("number")),))
    bad = replace(
        contents["nl"],
        sheets=(replace(sheet, rows=(*sheet.rows, row)), *contents["nl"].sheets[1:]),
    )
    with pytest.raises(DossierError, match="no number"):
        write_workbook(bad, tmp_path / "bad.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(
    contents: dict[str, DossierContent], tmp_path: Path
) -> None:
    with pytest.raises(DossierError, match="cannot write"):
        write_workbook(contents["nl"], tmp_path / "nowhere" / "x.xlsx")


def test_sheets_stand_in_order_and_the_first_is_active(files: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(files["nl"])
    assert book.sheetnames[:3] == ["Voorblad", "Inhoud", "Profielen naast elkaar"]
    assert book.sheetnames[-4:] == [
        "Leeswijzer",
        "Methode en kwaliteit",
        "Gegevens",
        "Grafiekgegevens",
    ]
    assert book.active.title == "Voorblad"
    assert book.properties.language == "nl-NL"
    assert book.properties.title.startswith("VOORBEELD ")


def test_the_header_stands_in_row_7(contents: dict[str, DossierContent]) -> None:
    for sheet in contents["nl"].sheets[1:]:
        if sheet.key not in ("E07", "E11"):  # their sentence or question takes two rows
            assert [area.first_row for area in sheet.tables] == [7], sheet.name


def test_every_sheet_leads_back(contents: dict[str, DossierContent]) -> None:
    for sheet in contents["nl"].sheets[2:]:
        links = {cell.link for row in sheet.rows for cell in row.cells if cell.link}
        assert "Inhoud" in links


def test_status_lines(tables: ThemeTables, facts: DossierFacts, plan: ThemePlan) -> None:
    def status(**changes: object) -> str:
        return build_content(tables, replace(facts, **changes), plan, "nl").status

    draft = replace(facts.edition, state="draft")
    assert status() == (
        "VOORBEELD - gesimuleerd: deze cijfers bestaan niet. Editie 3, 2 november 2026."
    )
    assert status(simulated=False) == "Editie 3, 2 november 2026."
    assert "CONCEPT" in status(edition=draft)
    assert "CONCEPT" in status(model=replace(facts.model, state="draft"))
    assert status(research_exercise=True, simulated=False).startswith("OEFENING")


def test_the_content_hash_ignores_the_edition_only(
    tables: ThemeTables, facts: DossierFacts, plan: ThemePlan
) -> None:
    def said(facts: DossierFacts, tables: ThemeTables = tables) -> str:
        return content_sha256(tables, facts, plan, ("nl", "en"))

    first = said(facts)
    later = EditionFacts(4, facts.edition.day.replace(year=2027), facts.edition.state)
    assert said(replace(facts, edition=later)) == first
    assert said(replace(facts, edition=replace(later, state="draft"))) != first
    assert said(replace(facts, simulated=False)) != first
    table = tables.tables[0]
    other = replace(table, n_eff=tuple(n - 1 for n in table.n_eff))
    assert said(facts, replace(tables, tables=(other, *tables.tables[1:]))) != first


def test_profiles_side_by_side(contents: dict[str, DossierContent]) -> None:
    sheet = contents["nl"].sheet("profiles")
    (area,) = sheet.tables
    assert area.columns[3:5] == ("Houding (E07)", "Wil meedoen (E03b)")
    rows = sheet.rows[area.first_row : area.last_row]
    assert [row.cells[0].value for row in rows][-1] == "Nederland"
    starters = next(row for row in rows if row.cells[0].value == "Drukke Starters")
    assert starters.cells[3].value == "[te weinig]"
    assert starters.cells[3].style.role == "word"
    texts = [str(row.cells[0].value) for row in sheet.rows if row.cells]
    assert "Duiding van de onderzoeker: Van alle huiseigenaren is 48% voor." in texts


def test_the_data_sheet_holds_every_figure(
    tables: ThemeTables, contents: dict[str, DossierContent]
) -> None:
    sheet = contents["nl"].sheet("data")
    (area,) = sheet.tables
    shown = sum(cell.shown for t in tables.tables for line in t.cells for cell in line)
    known = sum(
        c.shown
        for t in tables.tables
        for c in t.dont_know
        if any(d.shown and d.value for d in t.dont_know)
    )
    numbers = [
        row.cells[5].value
        for row in sheet.rows[area.first_row : area.last_row]
        if isinstance(row.cells[5].value, float)
    ]
    assert len(numbers) == shown + known + len(tables.sizes)
    for row in sheet.rows[area.first_row : area.last_row]:
        if not isinstance(row.cells[5].value, float):
            assert {row.cells[6].value, row.cells[7].value} == {"geen marge"}


def test_nothing_to_publish_is_refused(
    tables: ThemeTables, facts: DossierFacts, plan: ThemePlan
) -> None:
    with pytest.raises(DossierError, match="has no tables"):
        build_content(replace(tables, tables=()), facts, plan, "nl")


def test_two_profiles_of_one_name_are_refused(
    tables: ThemeTables, facts: DossierFacts, plan: ThemePlan
) -> None:
    twin = replace(facts.profiles[1], label=facts.profiles[0].label)
    profiles = (facts.profiles[0], twin, *facts.profiles[2:])
    with pytest.raises(DossierError, match="both named"):
        build_content(tables, replace(facts, profiles=profiles), plan, "nl")


def test_a_column_of_no_profile_is_refused(
    tables: ThemeTables, facts: DossierFacts, plan: ThemePlan
) -> None:
    with pytest.raises(DossierError, match="do not name"):
        build_content(tables, replace(facts, profiles=facts.profiles[1:]), plan, "nl")


@pytest.mark.parametrize("count", [2, 5])
def test_fewer_profiles_give_a_sheet_as_wide(
    count: int, tables: ThemeTables, facts: DossierFacts, plan: ThemePlan, tmp_path: Path
) -> None:
    places = [*range(count), len(COLUMNS) - 1]

    def narrow(table: PublishedTable) -> PublishedTable:
        def keep(line: tuple) -> tuple:
            return tuple(line[i] for i in places)

        return replace(
            table,
            columns=keep(table.columns),
            cells=tuple(keep(line) for line in table.cells),
            n=keep(table.n),
            n_eff=keep(table.n_eff),
            dont_know=keep(table.dont_know),
        )

    few = replace(
        tables,
        tables=tuple(map(narrow, tables.tables)),
        sizes=tables.sizes[:count],
        findings=tuple(f for f in tables.findings if f.column in COLUMNS[:count]),
    )
    plain = plan.model_copy(update={"interpretation": None, "channels": None, "motives": None})
    content = build_content(few, replace(facts, profiles=facts.profiles[:count]), plain, "nl")
    path = tmp_path / "few.xlsx"
    write_workbook(content, path)
    assert lint(path, content) == []
    assert TOTAL in few.tables[0].columns
