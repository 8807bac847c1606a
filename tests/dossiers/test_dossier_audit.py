"""The auditor on the files of an edition: a clean one passes, and every spoiled one is caught."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import typer
from audit_edition import LANGUAGES, build_edition, change_part, change_tables
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.workbook.defined_name import DefinedName
from typer.testing import CliRunner

from flows.commands.audit import audit as audit_command
from flows.crosstabs.audit.leaks import Audit
from flows.dossiers.audit_files import audit_path, read_tidy
from flows.dossiers.facts import DossierFacts
from flows.errors import Refusal

HIDDEN = "starters"
"""The profile with 22 participants: too few to show."""


@pytest.fixture(scope="module")
def made(facts: DossierFacts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_edition(tmp_path_factory.mktemp("audit") / "energie", facts)


@pytest.fixture
def edition(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "energie"))


@pytest.fixture
def dutch(edition: Path) -> Path:
    """The edition with its Dutch workbook only."""
    (edition / "nederland.en.xlsx").unlink()
    return edition


def left(result: Audit) -> list[str]:
    assert {leak.kind for leak in result.leaks} <= {"left"}
    return [str(leak) for leak in result.leaks]


def place_of(workbook: Path, sheet: str, label: str, column: str) -> str:
    """The address of the cell of a table in a row and a column."""
    cells = openpyxl.load_workbook(workbook)[sheet]
    head = next(c for row in cells.iter_rows() for c in row if c.value == column)
    row = next(c.row for c in cells["A"] if c.value == label)
    return f"{head.column_letter}{row}"


# ------------------------------------------------------------------------------- clean editions


def test_a_clean_edition_passes(edition: Path) -> None:
    result = audit_path(edition)
    assert result.leaks == ()
    assert result.notes == ()
    assert result.tables == 4
    assert result.hidden >= 17
    lines = pd.read_csv(edition / "tables.csv")
    assert HIDDEN not in set(lines["column"])


def test_the_codebook_tells_of_hidden_cells_and_gives_no_number(edition: Path) -> None:
    book = json.loads((edition / "codebook.json").read_text())
    assert HIDDEN in [column["code"] for column in book["columns"]]
    table = {t["number"]: t for t in book["tables"]}["E01"]
    rows = {row["code"]: row for row in table["rows"]}
    assert rows["eens"]["members"] == ["4", "5"]
    assert rows["5"]["score"] == 5
    assert rows["eens"]["label"] == {"nl": "(Helemaal) eens", "en": "(Totally) agree"}
    assert "dont_know" in rows
    asked = {t["number"]: t["filter"] for t in book["tables"]}
    assert asked["E03"] == {"question": "E02", "options": ["1"]}
    assert not any({"value", "n", "estimate"} & set(row) for row in rows.values())
    (nest,) = book["nests"]
    assert nest["whole"] == "total"
    assert len(nest["parts"]) == 8


def test_two_editions_in_a_tree(edition: Path, tmp_path: Path) -> None:
    shutil.copytree(edition, tmp_path / "editions" / "energie" / "1")
    result = audit_path(tmp_path)
    assert (result.files, result.leaks) == (2, ())


# --------------------------------------------------------------------------------- tidy tables


def test_a_hidden_answer_whose_net_and_other_answers_are_shown(edition: Path) -> None:
    change_tables(
        edition,
        lambda f: f[(f["table"] != "E01") | (f["column"] != "gezinnen") | (f["answer"] != "4")],
    )
    result = audit_path(edition / "tables.csv")
    (leak,) = (leak for leak in result.leaks if leak.kind == "solved")
    assert leak.cell == "table E01, row 'Eens (E)' (4), column 'Hurried Families' (gezinnen)"
    assert leak.low is not None
    assert leak.high is not None
    assert leak.high - leak.low <= 0.03
    assert leak.through


def test_an_earlier_edition_shows_what_a_later_hides(edition: Path, tmp_path: Path) -> None:
    old = tmp_path / "editions" / "energie" / "1"
    shutil.copytree(edition, old)

    def hide(f: pd.DataFrame) -> pd.DataFrame:
        hidden = f["column"].isin(["gezinnen", "buren", "grijzen"]) & (f["table"] == "E02")
        return f[~(hidden & (f["statistic"] != "dont_know"))]

    change_tables(edition, hide)
    for workbook in edition.glob("*.xlsx"):
        workbook.unlink()
    result = audit_path(tmp_path)
    assert len(result.leaks) >= 6
    assert all(leak.file == "energie/tables.csv" for leak in result.leaks)
    assert any("editions/energie/1/tables.csv" in str(leak) for leak in result.leaks)


# ----------------------------------------------------------------------------------- workbooks


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_number_left_in_one_language(edition: Path, language: str) -> None:
    workbook = edition / LANGUAGES[language]
    label, column = {
        "nl": ("Eens", "Drukke Starters"),
        "en": ("Eens (E)", "Busy Starters"),
    }[language]
    place = place_of(workbook, "E01", label, column)
    change_part(
        workbook,
        sheet_part(workbook, "E01"),
        lambda xml: re.sub(
            rf'<c r="{place}" s="(\d+)" t="inlineStr">.*?</c>',
            rf'<c r="{place}" s="\1"><v>0.41</v></c>',
            xml,
        ),
    )
    (told,) = left(audit_path(edition))
    assert told.startswith(
        f"{workbook.name}: table E01, row 'Eens (E)' (4), column 'Busy Starters'"
    )
    assert f"cell {place} holds 0.41" in told


def sheet_part(workbook: Path, name: str) -> str:
    book = openpyxl.load_workbook(workbook)
    return f"xl/worksheets/sheet{book.sheetnames.index(name) + 1}.xml"


def test_a_point_left_in_a_chart(dutch: Path) -> None:
    workbook = dutch / "nederland.xlsx"
    change_part(
        workbook,
        "xl/charts/chart1.xml",
        lambda xml: add_point(xml, "Drukke Starters", "0.37"),
    )
    told = left(audit_path(dutch))
    assert any("the chart on sheet E01 holds 0.37" in line for line in told)
    assert all("(starters)" in line for line in told)


def add_point(xml: str, category: str, value: str) -> str:
    """A number for one category in the cache of a chart, with the category where it is absent."""
    for tag in ("cat", "val"):
        block = re.search(rf"<(c:)?{tag}>.*?</(c:)?{tag}>", xml, re.DOTALL)
        assert block is not None
        prefix = block[1] or ""
        text = category if tag == "cat" else value
        point = f'<{prefix}pt idx="40"><{prefix}v>{text}</{prefix}v></{prefix}pt>'
        cache = f"</{prefix}strCache>" if tag == "cat" else f"</{prefix}numCache>"
        xml = xml.replace(block[0], block[0].replace(cache, point + cache), 1)
    return xml


def test_a_sentence_about_a_hidden_group(dutch: Path) -> None:
    workbook = dutch / "nederland.xlsx"
    change_part(
        workbook,
        sheet_part(workbook, "E01"),
        lambda xml: re.sub(
            r"(Bij de [^<]*?)\d+%", r"Bij de Drukke Starters is dat 37%", xml, count=1
        ),
    )
    told = left(audit_path(dutch))
    assert any("a sentence says 37%" in line and "column starters" in line for line in told)


def test_numbers_left_in_the_long_list(dutch: Path) -> None:
    workbook = dutch / "nederland.xlsx"
    book = openpyxl.load_workbook(workbook)
    sheet = book["Gegevens"]
    row = next(
        r for r in sheet.iter_rows() if r[3].value == "Drukke Starters" and r[0].value == "E02"
    )
    row[5].value = 0.44
    row[6].value = 0.31
    book.save(workbook)
    told = left(audit_path(dutch))
    assert any("of sheet Gegevens holds 0.44" in line for line in told)
    assert any("has its margin 0.31" in line for line in told)


def test_the_dress_of_a_hidden_number(dutch: Path) -> None:
    workbook = dutch / "nederland.xlsx"
    place = place_of(workbook, "E02", "Ja, een plan", "Drukke Starters")
    book = openpyxl.load_workbook(workbook)
    cell = book["E02"][place]
    cell.number_format = '0%" ▲"'
    cell.fill = PatternFill("solid", fgColor="C6EFCE")
    book.save(workbook)
    (told,) = left(audit_path(dutch))
    assert 'still has the number format 0%" ▲" and a fill' in told


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("comment", "a comment says 'Was 12%'"),
        ("name", "defined name starters: stands for 0.12"),
        ("hidden row", "a hidden row or column holds the number 0.12"),
        ("hidden sheet", "a hidden sheet holds the number 0.12"),
        ("property", "document property: says 'Starters: 12%'"),
        ("beside", "the number 0.12 belongs to no cell of the table"),
    ],
)
def test_other_places_to_forget_a_number(dutch: Path, where: str, told: str) -> None:
    workbook = dutch / "nederland.xlsx"
    book = openpyxl.load_workbook(workbook)
    sheet = book["E02"]
    if where == "comment":
        sheet["A1"].comment = Comment("Was 12%", "")
    elif where == "name":
        book.defined_names["starters"] = DefinedName("starters", attr_text="0.12")
    elif where == "hidden row":
        sheet["B60"] = 0.12
        sheet.row_dimensions[60].hidden = True
    elif where == "hidden sheet":
        more = book.create_sheet("Kladblad")
        more["A1"] = 0.12
        more.sheet_state = "hidden"
    elif where == "property":
        book.properties.description = "Starters: 12%"
    else:
        sheet["B60"] = 0.12
    book.save(workbook)
    assert any(told in line for line in left(audit_path(dutch)))


# ------------------------------------------------------------------- command line and refusals

app = typer.Typer()
app.command()(audit_command)


def test_the_command_passes_and_fails(edition: Path) -> None:
    passed = CliRunner().invoke(app, [str(edition)])
    assert passed.exit_code == 0, passed.output
    assert "No hidden number can be solved" in passed.output
    change_tables(edition, lambda f: f.assign(n=f["n"].where(f["column"] != "volgers", "12")))
    failed = CliRunner().invoke(app, [str(edition)])
    assert failed.exit_code == 1
    assert "shown for 12 participants" in failed.output
    assert "FAILED" in failed.output
    told = CliRunner().invoke(app, [str(edition), "--json"])
    result = json.loads(told.stdout)
    assert told.exit_code == 1
    assert result["leaks"][0]["kind"] == "rule"
    assert set(result) >= {"hidden", "tightest", "seconds", "files"}


def test_an_edition_without_a_codebook(edition: Path) -> None:
    (edition / "codebook.json").unlink()
    result = audit_path(edition)
    assert result.leaks == ()
    assert any("no codebook.json beside it" in note for note in result.notes)
    assert result.guessed == ("tables.csv",)


def test_what_cannot_be_audited_fully_is_not_called_clean(edition: Path) -> None:
    app = typer.Typer()
    app.command()(audit_command)
    (edition / "codebook.json").unlink()
    said = CliRunner().invoke(app, [str(edition)])
    assert said.exit_code == 1
    assert "cannot be audited fully, because there is no codebook.json" in said.output
    assert "No hidden number can be solved" not in said.output


def test_a_file_that_is_not_what_was_published(edition: Path) -> None:
    (edition / "nederland.en.xlsx").unlink()
    assert audit_path(edition).notes == ("tables.csv: nederland.en.xlsx is missing",)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda f: f / "nowhere", "there is no such file or folder"),
        (lambda f: f / "nederland.xlsx", "this is no tidy table"),
        (lambda f: (f / "empty").mkdir() or f / "empty", "there is no tables.csv in it"),
        (lambda f: ((f / "codebook.json").write_text("{"), f)[1], "cannot be read"),
        (lambda f: ((f / "codebook.json").write_text('{"format": 9}'), f)[1], "its format is 9"),
        (lambda f: ((f / "nederland.xlsx").write_bytes(b"no zip"), f)[1], "cannot be read"),
        (
            lambda f: ((f / "tables.csv").write_text("a,b\n1,2\n"), f)[1],
            "there is no column survey",
        ),
        (lambda f: ((f / "tables.csv").write_text(""), f)[1], "cannot be read"),
    ],
)
def test_refusals(edition: Path, spoil, told: str) -> None:
    with pytest.raises(Refusal, match=re.escape(told)):
        audit_path(spoil(edition))


def test_a_word_where_a_number_belongs(edition: Path) -> None:
    change_tables(edition, lambda f: f.assign(value=f["value"].replace("0.5", "half")))
    change_tables(edition, lambda f: f.assign(value=["half", *f["value"][1:]]))
    with pytest.raises(Refusal, match="line 2 has 'half' under value"):
        read_tidy(edition / "tables.csv")
