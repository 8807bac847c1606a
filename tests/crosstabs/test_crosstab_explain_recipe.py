"""The pandas line and the SPSS syntax of every kind of row give the number of its table."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from rows_world import PROFILES, QUESTIONNAIRE, RowsWorld, rows_world

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.explain.recipe import recipe
from flows.crosstabs.explain.syntax import (
    Averaged,
    Has,
    Recipe,
    pandas_line,
    reading_line,
    spss_syntax,
)
from flows.crosstabs.tables import TOTAL, Table
from flows.definitions.models import Text
from flows.ingest.analysis_file import AnalysisFile, write_sav
from flows.ingest.analysis_variables import Results, analysis_file

PSPP = shutil.which("pspp")


@pytest.fixture(scope="module")
def world() -> RowsWorld:
    made = rows_world()
    assert made.frame["N"].between(9.05, 9.95).any()  # numbers that lie between two bands
    return made


@pytest.fixture(scope="module")
def tables(world: RowsWorld) -> dict[str, Table]:
    return world.tables()


@pytest.fixture(scope="module")
def file(world: RowsWorld) -> AnalysisFile:
    n = len(world.frame)
    answers = world.frame.assign(respondent=[f"r{i:05}" for i in range(n)])
    results = Results(
        weight=world.weights,
        base_weight=np.ones(n),
        profile=world.profile,
        probabilities={code: np.full(n, 1 / 3) for code in PROFILES},
        profiles=[(code, Text(nl=code, en=code)) for code in PROFILES],
    )
    return analysis_file(answers, QUESTIONNAIRE, results)


@pytest.fixture(scope="module")
def folder(file: AnalysisFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the analysis file stands in both forms."""
    folder = tmp_path_factory.mktemp("export")
    write_sav(file, folder / "x.sav", "title", "note", "nl")
    file.frame.to_csv(folder / "x.csv", index=False)
    return folder


@pytest.fixture(scope="module", params=["x.csv", "x.sav"])
def df(request: pytest.FixtureRequest, folder: Path) -> pd.DataFrame:
    """What the line that reads the file makes of it."""
    found: dict[str, object] = {"pd": pd, "pyreadstat": pyreadstat}
    exec(reading_line(str(folder / request.param)), found)
    df = found["df"]
    assert isinstance(df, pd.DataFrame)
    return df


def made_again(df: pd.DataFrame, found: Recipe) -> float:
    return float(eval(pandas_line(found), {"df": df, "np": np}))


@pytest.mark.parametrize("number", ["S", "A", "L", "N", "R", "M", "O", "X"])
def test_every_cell_is_made_again(
    number: str, df: pd.DataFrame, file: AnalysisFile, tables: dict[str, Table]
) -> None:
    table = tables[number]
    for r, row in enumerate(table.rows):
        for c, column in enumerate(table.columns):
            found = recipe(file, QUESTIONNAIRE, table.identity.question, None, row, column)
            again = made_again(df, found)
            assert again == pytest.approx(table.estimate[r, c], rel=1e-12, abs=1e-12), row.code


@pytest.mark.parametrize("number", ["S", "A", "N"])
def test_so_is_the_row_of_those_without_an_opinion(
    number: str, df: pd.DataFrame, file: AnalysisFile, tables: dict[str, Table]
) -> None:
    table = tables[number]
    for c, column in enumerate(table.columns):
        again = made_again(df, recipe(file, QUESTIONNAIRE, number, None, None, column))
        assert again == pytest.approx(table.dont_know[c], rel=1e-12)


def test_a_filter_says_whom_the_table_is_about(
    df: pd.DataFrame, file: AnalysisFile, world: RowsWorld
) -> None:
    arms = world.frame["X"].isin(["geld", "warmte"]).to_numpy()
    table = world.tables("S", domain=arms)["S"]
    found = recipe(file, QUESTIONNAIRE, "S", None, table.rows[0], TOTAL, {"X": ["geld", "warmte"]})
    assert made_again(df, found) == pytest.approx(table.estimate[0, -1], rel=1e-12)


def test_nested_columns_are_found_by_their_parts(
    df: pd.DataFrame, file: AnalysisFile, world: RowsWorld
) -> None:
    row = next(row for row in world.tables("S")["S"].rows if row.code == "eens")
    inside = (world.profile == "pb") & (world.frame["X"] == "geld").to_numpy()
    answer = world.frame["S"].astype(str).to_numpy()
    base = inside & np.isin(answer, ["1", "2", "3", "4", "5"])
    expected = np.average(np.isin(answer, ["1", "2"])[base], weights=world.weights[base])
    found = recipe(file, QUESTIONNAIRE, "S", None, row, "pb*X:geld")
    assert made_again(df, found) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("number", ["L", "M", "R"])
def test_no_line_is_invented_for_those_without_an_opinion(number: str, file: AnalysisFile) -> None:
    with pytest.raises(CrosstabError):
        recipe(file, QUESTIONNAIRE, number, None, None, TOTAL)


def test_a_question_of_another_wave_has_no_line(file: AnalysisFile) -> None:
    bare = AnalysisFile(tuple(v for v in file.variables if v.source != "S"), file.frame)
    row = rows_world(50).tables("S")["S"].rows[0]
    with pytest.raises(CrosstabError, match="no variable S"):
        recipe(bare, QUESTIONNAIRE, "S", None, row, TOTAL)


# --------------------------------------------------------------------------------- SPSS


def spss_cases(file: AnalysisFile, tables: dict[str, Table]) -> list[tuple[Recipe, float]]:
    """A recipe of every kind, with its number."""
    cases = []
    for number, code in [
        ("S", "1"), ("S", "eens"), ("S", "saldo"), ("S", "mean"), ("S", "median"), ("S", "sd"),
        ("A", "6"), ("N", "laag"), ("N", "midden"), ("N", "tien"), ("N", "verschil"),
        ("N", "mean"), ("N", "median"), ("N", "sd"), ("R", "a"), ("R", "a-top2"), ("R", "b-rank"),
        ("M", "c"), ("M", "wn"), ("O", "a"), ("X", "S-geld"), ("X", "S-geld-effect"),
    ]:  # fmt: skip
        table = tables[number]
        r = table.row(code)
        for column in ("pb", TOTAL):
            found = recipe(file, QUESTIONNAIRE, number, None, table.rows[r], column)
            cases.append((found, float(table.estimate[r, table.columns.index(column)])))
    found = recipe(file, QUESTIONNAIRE, "S", None, None, "pa")
    cases.append((found, float(tables["S"].dont_know[0])))
    return cases


@pytest.mark.skipif(PSPP is None, reason="PSPP is not installed (apt: pspp)")
def test_the_syntax_gives_the_number_in_pspp(
    file: AnalysisFile, tables: dict[str, Table], folder: Path
) -> None:
    cases = spss_cases(file, tables)
    syntax = "\n\n".join(spss_syntax(found, str(folder / "x.sav")) for found, _ in cases)
    (folder / "x.sps").write_text(syntax, encoding="utf-8")
    done = subprocess.run(
        [str(PSPP), "-O", "format=csv", str(folder / "x.sps")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    told = [line for line in csv.reader(io.StringIO(done.stdout)) if len(line) == 1]
    numbers = [float(line[0]) for line in told if line[0].lstrip("-.").replace(".", "").isdigit()]
    assert numbers == pytest.approx([number for _, number in cases], rel=1e-12, abs=1e-12)


def test_the_syntax_is_well_formed(file: AnalysisFile, tables: dict[str, Table]) -> None:
    for found, _ in spss_cases(file, tables):
        commands: list[str] = []
        for line in spss_syntax(found, "it's here.sav").splitlines():
            assert len(line) <= 250
            if line.startswith(" "):
                commands[-1] += line
            else:
                commands.append(line)
        assert commands[0] == "GET FILE='it''s here.sav'."
        assert commands[-1] == "LIST VARIABLES=estimate."
        assert all(command.endswith(".") for command in commands)
        assert all(command.count("(") == command.count(")") for command in commands)


def test_no_variable_of_the_survey_is_overwritten(
    file: AnalysisFile, tables: dict[str, Table]
) -> None:
    names = {variable.name.lower() for variable in file.variables}
    for found, _ in spss_cases(file, tables):
        for line in spss_syntax(found, "x.sav").splitlines():
            if line.startswith(("COMPUTE ", "COUNT ", "IF ")):
                assert line.split(" = ")[0].split()[-1].lower() not in names


def test_open_ended_bands_and_opposites() -> None:
    df = pd.DataFrame({"weight": [1.0, 1.0, 2.0], "x": [1.0, 5.0, 9.0]})
    but_nine = ((Has(("x",), (9.0,), not_=True),),)
    low = Averaged(hit=(Has(("x",), between=(None, 4)),))
    assert made_again(df, Recipe(but_nine, low)) == 0.5
    all_three = ((Has(("x",), (1.0, 5.0, 9.0)),),)
    high = Averaged(hit=(Has(("x",), between=(5, None)),))
    assert made_again(df, Recipe(all_three, high)) == 0.75
