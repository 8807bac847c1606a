"""Ad hoc tables by the command line: terminal, CSV and Excel, published and internal."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from support import explained
from support.line import command

from flows.crosstabs.tables import Flag
from flows.definitions import load_survey
from flows.dossiers.audit_files import audit_path
from flows.edges import open_store
from flows.published_tables import dossier_tables
from flows.workbench.tabulate import tabulate


@pytest.fixture
def survey(klein: Path) -> Path:
    """The folder of the survey; the settings point to a store where it is processed."""
    return klein / "surveys" / explained.SURVEY


@pytest.fixture
def people(survey: Path) -> pd.DataFrame:
    """The kept people with their weight and profile."""
    answers, profile = explained.answers()
    kept = answers[answers["status"] == "kept"]
    with open_store() as store:
        weighting = store.current_weighting("klein", "w1")
        assert weighting is not None
        weights = store.read_weighting(weighting.id)["weight"].to_numpy()
    own = np.array(profile[: len(kept)], dtype=object)
    own[0] = ""
    return kept.assign(weight=weights, profile=own, jong=np.where(kept["L"] < 45, "ja", "nee"))


def share(people: pd.DataFrame, inside: pd.Series) -> float:
    """The weighted share of `(helemaal) eens` with W01 among the people inside."""
    own = people[inside & people["W01"].isin(list("12345"))]
    return float(np.average(own["W01"].isin(["1", "2"]), weights=own["weight"]))


def test_columns_nest_and_filters_hold(survey: Path, people: pd.DataFrame) -> None:
    found = tabulate(survey, "w1", ["W01"], [["profile"], ["profile", "jong"]], {"G": ("2",)})
    (table,) = found.tables
    assert table.columns[:4] == ("rood", "groen", "blauw", "rood*jong:ja")
    row = table.row("eens")
    women = people["G"] == "2"
    expected = {
        "rood": women & (people["profile"] == "rood"),
        "groen*jong:nee": women & (people["profile"] == "groen") & (people["jong"] == "nee"),
        "total": women,
    }
    for column, inside in expected.items():
        value = table.estimate[row, table.columns.index(column)]
        assert value == pytest.approx(share(people, inside), rel=1e-12)
    assert found.filter_text is not None
    assert found.filter_text["en"] == "Gender: Woman"


def test_the_terminal_shows_what_may_be_shown(
    survey: Path, people: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("tabulate", survey, "--wave", "w1", "--rows", "W01,W02") == 0
    said = capsys.readouterr().out
    percent = round(100 * share(people, pd.Series(True, index=people.index)))
    line = next(line for line in said.splitlines() if line.startswith("(Helemaal) eens"))
    assert line.rstrip().endswith(f"{percent}%")
    assert "[te weinig]" in said  # the smallest profile has fewer than 30 people
    assert "INTERN" not in said


def test_internal_figures_are_whole_and_say_so(
    survey: Path, people: pd.DataFrame, tmp_path: Path
) -> None:
    file = tmp_path / "x.csv"
    asked = ("tabulate", survey, "--wave", "w1", "--rows", "W01", "--internal", "--to", file)
    assert command(*asked) == 0
    cells = pd.read_csv(file)
    assert set(cells["status"]) == {"INTERN"}
    own = cells.set_index(["statistic", "answer", "column"])["estimate"]
    for code in explained.PROFILES:
        expected = share(people, people["profile"] == code)
        assert own["net", "eens", code] == pytest.approx(expected, rel=1e-9)
    assert command(*asked) == 1  # a file is not overwritten
    assert command(*asked, "--replace") == 0


def test_the_published_csv_holds_no_hidden_number(survey: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    assert command("tabulate", survey, "--wave", "w1", "--rows", "W01", "--to", file) == 0
    published = pd.read_csv(file)
    assert "blauw" not in set(published["column"])
    shares = published.loc[published["statistic"] == "share", "value"].dropna()
    np.testing.assert_allclose(shares * 100, (shares * 100).round(), atol=1e-9)


@pytest.mark.parametrize("internal", [False, True])
def test_the_workbook_says_what_it_is(survey: Path, tmp_path: Path, internal: bool) -> None:
    file = tmp_path / "x.xlsx"
    extra = ["--internal"] if internal else []
    columns = ["--columns", "profile,jong*G", "--test", "dimensions"]
    asked = ("tabulate", survey, "--wave", "w1", "--rows", "W01,W03", *columns, *extra)
    assert command(*asked, "--to", file) == 0
    book = openpyxl.load_workbook(file)
    expected = ["W01", "W03", "INTERN cellen"]
    if not internal:
        expected = ["W01 profile", "W01 jong-G", "W03 profile", "W03 jong-G"]
    assert book.sheetnames == expected
    texts = [
        [str(cell.value) for row in book[name].iter_rows() for cell in row if cell.value]
        for name in book.sheetnames
    ]
    for words in texts:
        assert any(word.startswith("INTERN") for word in words) is internal
    values = [
        cell.value
        for row in book[expected[0]].iter_rows()
        for cell in row
        if isinstance(cell.value, float) and cell.value < 1
    ]
    rounded = all(abs(value * 100 - round(value * 100)) < 1e-9 for value in values)
    assert rounded is not internal
    again = tmp_path / "y.xlsx"
    assert command(*asked, "--to", again) == 0
    assert file.read_bytes() == again.read_bytes()


def test_a_filtered_csv_says_whom_it_is_about(survey: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    asked = ("tabulate", survey, "--wave", "w1", "--rows", "W01", "--filter", "G=2", "--to", file)
    assert command(*asked) == 0
    assert set(pd.read_csv(file)["table"]) == {"W01[G=2]"}


def test_heads_tell_a_filter_in_words(
    survey: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.xlsx"
    asked = ("tabulate", survey, "--wave", "w1", "--rows", "W01", "--filter", "G=2")
    assert command(*asked) == 0
    said = capsys.readouterr().out
    assert command(*asked, "--to", file, "--language", "en") == 0
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["W01 part"]
    texts = [str(cell.value) for row in book.active.iter_rows() for cell in row if cell.value]
    assert texts[0].startswith("W01. ")
    assert "Only: Gender: Woman" in texts
    assert "   Alleen: Geslacht: Vrouw" in said.splitlines()
    assert not any("G=2" in text for text in [*texts, said, *book.sheetnames])


def compared(survey: Path) -> dict[tuple[str, str, str, str], float]:
    """By hand: marked shares over those of everybody, by (table, statistic, answer, column)."""
    asked = tabulate(survey, "w1", ["W01", "W02", "W03"], [["profile"], ["jong"]], {})
    found = {}
    places = (
        (t, *line) for t in asked.published.tables for line in zip(t.rows, t.cells, strict=True)
    )
    for table, row, cells in places:
        for column, cell in zip(table.columns, cells, strict=True):
            shown = cell.value is not None and cells[-1].value is not None
            if row.kind not in ("answer", "net") or cell.verdict.value == "" or not shown:
                continue
            times = round(round(100 * cell.value) / round(100 * cells[-1].value) + 1e-9, 1)
            if round(100 * cells[-1].value) >= 5 and times not in (0, 1):
                statistic = "share" if row.kind == "answer" else "net"
                found[table.identity.number, statistic, row.code, column] = times
    return found


def test_marked_shares_are_compared_with_everybody(
    survey: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = compared(survey)
    assert expected
    rows = ("--rows", "W01,W02,W03", "--columns", "profile,jong")
    asked = ("tabulate", survey, "--wave", "w1", *rows)
    assert command(*asked, "--compare") == 0
    said = capsys.readouterr().out
    assert said.count(" keer  ") + said.count(" keer\n") == len(expected)
    assert "zo veel keer zo veel als in Nederland" in said
    csv, book = tmp_path / "x.csv", tmp_path / "x.xlsx"
    assert command(*asked, "--compare", "--to", csv) == 0
    assert command(*asked, "--compare", "--to", book) == 0
    frame = pd.read_csv(csv)
    assert frame.columns[-1] == "times_total"
    told = frame.dropna(subset="times_total").set_index(["table", "statistic", "answer", "column"])
    assert told["times_total"].to_dict() == pytest.approx(expected)
    formats = [
        cell.number_format
        for sheet in openpyxl.load_workbook(book)
        for row in sheet.iter_rows()
        for cell in row
        if " keer" in cell.number_format
    ]
    written = sorted(f"{times:.1f}".replace(".", ",") for times in expected.values())
    assert sorted(form.split('"')[-2].split()[0] for form in formats) == written
    capsys.readouterr()
    assert command(*asked, "--compare", "--json") == 0
    lines = json.loads(capsys.readouterr().out)
    assert sum(line["times_total"] is not None for line in lines) == len(expected)
    assert command(*asked, "--json") == 0
    assert "times_total" not in json.loads(capsys.readouterr().out)[0]


def test_a_part_of_the_people_is_not_compared_with_the_country(
    survey: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("tabulate", survey, "--wave", "w1", "--rows", "W01", "--compare")
    assert command(*asked, "--filter", "G=2") == 0
    said = capsys.readouterr().out
    assert "zo veel als in de kolom Totaal" in said
    assert "in Nederland" not in said


def test_a_folder_has_a_codebook_that_the_auditor_reads(survey: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deel"
    columns = ["--columns", "profile,jong", "--compare"]
    asked = ("tabulate", survey, "--wave", "w1", "--rows", "W01,W02", *columns)
    assert command(*asked, "--to", folder) == 0
    assert {file.name for file in folder.iterdir()} == {
        "tables.csv",
        "codebook.json",
        "tables.xlsx",
    }
    book = json.loads((folder / "codebook.json").read_text())
    assert [table["number"] for table in book["tables"]] == ["W01", "W02"]
    labels = {column["code"]: column["label"]["nl"] for column in book["columns"]}
    assert labels["total"] == "Totaal"
    assert set(labels) >= {*explained.PROFILES, "jong:ja", "jong:nee"}
    found = audit_path(folder)
    assert [str(leak) for leak in found.leaks] == []
    assert (found.tables, found.hidden > 0) == (2, True)
    # The auditor sees the workbook: a number in the place of a hidden one is a leak.
    spoiled = openpyxl.load_workbook(folder / "tables.xlsx")
    cell = next(
        cell
        for row in spoiled["W01 profile"].iter_rows()
        for cell in row
        if cell.value == "[te weinig]"
    )
    cell.value = 0.31
    spoiled.save(folder / "tables.xlsx")
    assert [leak.kind for leak in audit_path(folder).leaks] == ["left"]


def test_a_folder_is_replaced_whole_and_only_when_it_is_a_tabulation(
    survey: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "deel"
    asked = ("tabulate", survey, "--wave", "w1", "--rows", "W01", "--to", folder)
    assert command(*asked) == 0
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert command(*asked) == 1
    assert command(*asked, "--replace") == 0
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    (folder / "manifest.json").write_text("{}")
    capsys.readouterr()
    assert command(*asked, "--replace") == 1
    assert "manifest.json" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["deel"]


def test_internal_figures_are_kept_from_clients(survey: Path, klein: Path, tmp_path: Path) -> None:
    asked = ("tabulate", survey, "--wave", "w1", "--rows", "W01", "--internal", "--to")
    inside = klein / "outputs" / "klein" / "intern.csv"
    assert command(*asked, inside) == 1
    assert not inside.exists()
    assert command(*asked, tmp_path / "x.csv") == 0
    assert (tmp_path / "x.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("rule", "said"), [("dimensions", "none"), ("spss", "bonferroni"), ("pairwise", "benjamini")]
)
def test_the_correction_named_is_the_one_made(
    survey: Path, rule: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("tabulate", survey, "--wave", "w1", "--rows", "W01", "--test", rule) == 0
    assert f"Test: {rule}, {said}" in capsys.readouterr().out


def test_json_is_the_tidy_table(survey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("tabulate", survey, "--wave", "w1", "--rows", "W01", "--json") == 0
    lines = pd.DataFrame(json.load(StringIO(capsys.readouterr().out)))
    assert set(lines["basis"]) == {"measured"}
    assert {"share", "net", "mean"} <= set(lines["statistic"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rows", "W99"], "W99"),
        (["--rows", "W01", "--columns", "W02"], "W02"),
        (["--rows", "W01", "--columns", "profile,profile"], "twice"),
        (["--rows", "W01", "--filter", "G=7"], "1, 2"),
        (["--rows", "W01", "--filter", "G"], "VARIABLE=CODE"),
        (["--rows", "W01", "--filter", "G=1", "--filter", "G=2"], "twice"),
        (["--rows", "W01", "--test", "anova"], "versus_rest, pairwise, dimensions, spss"),
        (["--rows", "W01", "--language", "fr"], "nl and en"),
        (["--rows", "W01", "--to", "x.docx"], ".csv or .xlsx"),
        (["--rows", "W01", "--corrected", "--columns", "jong"], "--columns"),
        (["--rows", "W01", "--to", "nowhere/x.csv"], "no such folder"),
        (["--rows", "W01", "--to", "folder", "--internal"], "not as a folder"),
        (["--rows", "W01", "--compare", "--internal"], "--internal"),
        (["--rows", "W01", "--compare", "--test", "dimensions"], "--test"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    survey: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("tabulate", survey, "--wave", "w1", *arguments) == 1
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_a_table_keeps_what_the_dossier_of_its_wave_hides(survey: Path) -> None:
    """The dossier is told to `publish`: whatever it hides in a column stays hidden here."""
    with open_store() as store:
        beside = dossier_tables(store, load_survey(survey), "w1", ["W01"])
    assert {table.identity.question for table, _ in beside} == {"W01"}
    found = tabulate(survey, "w1", ["W01"], [["profile"], ["profile", "jong"]], {})
    (_, told), (table,) = beside[0], found.published.tables
    both = [column for column in told.columns if column in table.columns]
    assert "blauw" in both
    for row in told.rows:
        for column in both:
            if told.cell(row.code, column).flag in (Flag.PROTECTED, Flag.TOO_FEW):
                assert not table.cell(row.code, column).shown
    assert found.published.cells == len(table.rows) * len(table.columns)
