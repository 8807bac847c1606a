"""Targets from the library: what a plan gets of it, and what is told when it cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows.definitions import DefinitionError, check_survey, load_survey
from flows.definitions.library import Library, listed_tables
from flows.definitions.target_table import TargetTable, read_table, table_files, write_table
from flows.errors import Refusal
from flows.fingerprint import of_json

TABLE = """\
title: {nl: Inwoners, en: Residents}
source: {nl: CBS, en: Statistics Netherlands}
reference_date: 2021-01-01
unit: people
levels: {jong: jong, oud: oud}
areas:
  g1: {name: Eendorp, targets: {jong: 3000, oud: 5000}}
  g2: {name: Tweestad, targets: {jong: 7000, oud: 5000}}
"""
LONG = """\
title: Inwoners
source: CBS
reference_date: 2021-01-01
levels: {jong: jong, oud: oud}
numbers: long.csv
"""
NUMBERS = "area,name,jong,oud\ng1,Eendorp,3000,5000\ng2,Tweestad,7000,5000\n"


@pytest.fixture
def surveys_folder(tmp_path: Path, surveys: Path) -> Path:
    """A library of two tables beside a survey of which the weighting is ours."""
    shutil.copytree(surveys / "vu2021", tmp_path / "proef")
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets" / "inwoners.yaml").write_text(TABLE, encoding="utf-8")
    (tmp_path / "targets" / "long.yaml").write_text(LONG, encoding="utf-8")
    (tmp_path / "targets" / "long.csv").write_text(NUMBERS, encoding="utf-8")
    questionnaire = tmp_path / "proef" / "questionnaire.yaml"
    text = questionnaire.read_text(encoding="utf-8") + DERIVED
    questionnaire.write_text(text, encoding="utf-8")
    return tmp_path


DERIVED = """
  - code: age2
    text: Leeftijd in twee
    kind: recode
    of: [agegroup]
    levels:
      - {code: jong, nl: jong, options: ["1", "2", "3"]}
      - {code: oud, nl: oud, options: ["4", "5", "6"]}
  - code: place
    text: Plaats
    kind: recode
    of: [gender]
    levels:
      - {code: g1, nl: Eendorp, options: [man]}
      - {code: g2, nl: Tweestad, options: [vrouw]}
"""


def weighting(folder: Path, margin: str, rest: str = "") -> Path:
    text = f"margins:\n  - variable: age2\n{margin}{rest}"
    (folder / "proef" / "weighting.yaml").write_text(text, encoding="utf-8")
    return folder / "proef"


def told(folder: Path) -> str:
    faults = check_survey(folder)
    assert faults
    with pytest.raises(DefinitionError):
        load_survey(folder)
    return "\n".join(map(str, faults))


@pytest.mark.parametrize("table", ["inwoners", "long"])
@pytest.mark.parametrize(
    ("area", "targets"),
    [
        ("", {"jong": 10000.0, "oud": 10000.0}),
        ("    area: g1\n", {"jong": 3000.0, "oud": 5000.0}),
    ],
)
def test_a_plan_takes_its_targets_from_a_table(
    surveys_folder: Path, table: str, area: str, targets: dict[str, float]
) -> None:
    folder = weighting(surveys_folder, f"    table: {table}\n{area}")
    (margin,) = load_survey(folder).weighting.margins
    assert margin.targets == targets
    assert margin.source["nl"] == "CBS"
    assert margin.reference_date.isoformat() == "2021-01-01"
    assert not margin.targets_by


def test_with_groups_every_group_takes_its_own_area(surveys_folder: Path) -> None:
    table = surveys_folder / "targets" / "inwoners.yaml"
    more = TABLE + "  g3: {name: Elders, targets: {jong: 1, oud: 1}}\n"
    table.write_text(more, encoding="utf-8")
    folder = weighting(surveys_folder, "    table: inwoners\n", "groups: {variable: place}\n")
    (margin,) = load_survey(folder).weighting.margins
    assert margin.targets_by == {
        "g1": {"jong": 3000.0, "oud": 5000.0},
        "g2": {"jong": 7000.0, "oud": 5000.0},
    }
    assert not margin.targets


def test_the_numbers_are_part_of_what_a_weighting_hangs_on(surveys_folder: Path) -> None:
    folder = weighting(surveys_folder, "    table: long\n")
    before = of_json(load_survey(folder).weighting.model_dump(mode="json"))
    file = surveys_folder / "targets" / "long.csv"
    file.write_text(NUMBERS.replace("3000", "3001"), encoding="utf-8")
    assert of_json(load_survey(folder).weighting.model_dump(mode="json")) != before


def test_the_same_source_in_other_words(surveys_folder: Path) -> None:
    folder = weighting(surveys_folder, "    table: inwoners\n    source: Het CBS\n")
    assert load_survey(folder).weighting.margins[0].source["nl"] == "Het CBS"


@pytest.mark.parametrize(
    ("margin", "rest", "message"),
    [
        ("    table: inwonres\n", "", "3: age2: there is no target table inwonres. Did you mean"),
        ("    table: 12\n", "", "there is no target table 12"),
        ("    table: ../x\n", "", "there is no target table ../x"),
        ("    table: inwoners\n    area: g9\n", "", "4: age2: the table inwoners has no area g9"),
        ("    table: inwoners\n    area: Tweestad\n", "", "Did you mean g2?"),
        ("    table: inwoners\n    targets: {jong: 1}\n", "", "4: age2: its targets are given tw"),
        ("    table: inwoners\n    reference_date: 2020-01-01\n", "", "gives the reference date"),
        ("    table: inwoners\n    area: [g1]\n", "", "the table inwoners has no area ['g1']"),
        ("    area: g1\n", "", "area without a table"),
        ("    source: CBS\n    reference_date: 2020-01-01\n", "", "2: age2: it has no targets"),
        (
            "    targets: {jong: 1, oud: 1}\n",
            "groups: {variable: place}\n",
            "nothing says the targets of each",
        ),
        ("    table: inwoners\n    area: g1\n", "groups: {variable: place}\n", "Remove area"),
        (
            "    table: inwoners\n",
            "groups: {variable: region}\n",
            "none of the groups (1, 2, 3 and 2 more) is an area of the table inwoners (g1, g2)",
        ),
        ("    targets_by: {g1: {jong: 1, oud: 1}}\n", "", "targets_by without groups"),
    ],
)  # fmt: skip
def test_every_fault_is_named(surveys_folder: Path, margin: str, rest: str, message: str) -> None:
    assert message in told(weighting(surveys_folder, margin, rest))


def test_faults_of_the_file_itself_are_told_at_the_same_time(surveys_folder: Path) -> None:
    folder = weighting(surveys_folder, "    table: inwonres\n", "method: raken\n")
    assert "no target table inwonres" in told(folder)
    assert "method" in told(folder)
    assert "required" not in told(folder)  # what the table would have filled


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{jong: jong, oud: oud}", "{jong: jong}", "inwoners has no level oud"),
        ("levels: {", "levels: {heel_oud: x, ", "has the level heel_oud, which age2 has not"),
    ],
)
def test_table_and_variable_have_the_same_levels(
    surveys_folder: Path, old: str, new: str, message: str
) -> None:
    text = TABLE.replace(old, new)
    if "heel_oud" in new:
        text = text.replace("{jong: ", "{heel_oud: 1, jong: ").replace(
            "heel_oud: 1, jong: jong", "jong: jong"
        )
    else:
        text = text.replace(", oud: 5000", "")
    (surveys_folder / "targets" / "inwoners.yaml").write_text(text, encoding="utf-8")
    assert message in told(weighting(surveys_folder, "    table: inwoners\n"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("jong: 3000", "jong: -3", "inwoners.yaml:7: area g1, jong: -3 is no target"),
        ("jong: 3000", "jong: .nan", "inwoners.yaml:7: area g1, jong: nan is no target"),
        ("jong: 3000", "jong: veel", "inwoners.yaml:7: areas.g1.targets.jong"),
        ("jong: 3000, ", "", "inwoners.yaml:7: area g1 has no number for jong"),
        ("jong: 3000", "jong: 0", None),
        ("jong: 3000, oud: 5000", "jong: 0, oud: 0", "area g1 has no people"),
        ("unit: people", "unit: shares", "inwoners.yaml:7: the shares of area g1 add up to 8000"),
        ("reference_date: 2021-01-01\n", "", "reference_date: this key is required"),
        ("unit: people", "unit: people\nnumbers: x.csv", "both areas and numbers"),
    ],
)  # fmt: skip
def test_a_faulty_table(surveys_folder: Path, old: str, new: str, message: str | None) -> None:
    assert old in TABLE
    path = surveys_folder / "targets" / "inwoners.yaml"
    path.write_text(TABLE.replace(old, new, 1), encoding="utf-8")
    folder = weighting(surveys_folder, "    table: inwoners\n")
    if message is None:
        assert check_survey(folder) == []
    else:
        assert message in told(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("area,name", "code,name", "long.csv:1: the columns are code, name, jong, oud"),
        ("7000", "veel", "long.csv:3: jong is 'veel', which is no number"),
        ("7000", "-7", "long.csv:3: jong is -7"),
        ("7000", "nan", "long.csv:3: jong is nan"),
        ("g2,Tweestad", "g1,Tweestad", "long.csv:3: area g1 occurs twice"),
        (",7000,5000", ",7000", "long.csv:3: 3 cells, the header has 4"),
    ],
)
def test_faulty_numbers(surveys_folder: Path, old: str, new: str, message: str) -> None:
    path = surveys_folder / "targets" / "long.csv"
    path.write_text(NUMBERS.replace(old, new), encoding="utf-8")
    assert message in told(weighting(surveys_folder, "    table: long\n"))


def test_shares_of_several_areas_are_not_added_up(surveys_folder: Path) -> None:
    text = TABLE.replace("people", "shares").replace("3000", "0.4").replace("5000", "0.6")
    text = text.replace("7000", "0.4")
    (surveys_folder / "targets" / "inwoners.yaml").write_text(text, encoding="utf-8")
    assert "cannot be added up" in told(weighting(surveys_folder, "    table: inwoners\n"))
    folder = weighting(surveys_folder, "    table: inwoners\n    area: g2\n")
    assert load_survey(folder).weighting.margins[0].targets == {"jong": 0.4, "oud": 0.6}


def test_a_library_that_is_not_there(surveys_folder: Path) -> None:
    shutil.rmtree(surveys_folder / "targets")
    text = told(weighting(surveys_folder, "    table: inwoners\n"))
    assert f"The library {surveys_folder / 'targets'} has no tables" in text
    with pytest.raises(Refusal, match="there are no target tables"):
        listed_tables(surveys_folder / "targets")


def table(areas: int) -> TargetTable:
    return TargetTable(
        title={"nl": "Inwoners", "en": "Residents"},
        source="CBS",
        reference_date="2021-01-01",
        levels={"jong": "jong", "oud": "oud"},
        areas={
            f"GM{i:04}": {"name": f"Plaats, {i}", "targets": {"jong": i + 0.5, "oud": 2.0 * i}}
            for i in range(1, areas + 1)
        },
    )


@pytest.mark.parametrize("areas", [2, 30])
def test_a_table_is_read_as_it_was_written(tmp_path: Path, areas: int) -> None:
    made = table(areas)
    files = table_files("proef", made, "proef.yaml")
    assert sorted(files) == (["proef.yaml"] if areas == 2 else ["proef.csv", "proef.yaml"])
    assert write_table(tmp_path, files)
    back = read_table(tmp_path / "proef.yaml")
    assert back.areas == made.areas
    assert (back.title, back.levels, back.unit) == (made.title, made.levels, made.unit)
    assert not write_table(tmp_path, files)  # nothing to do


def test_a_table_is_never_overwritten_unasked_and_never_half(tmp_path: Path) -> None:
    write_table(tmp_path, table_files("proef", table(30), "proef.yaml"))
    other = table_files("proef", table(31), "proef.yaml")
    with pytest.raises(Refusal, match="is there already and differs"):
        write_table(tmp_path, other)
    assert len(Library(tmp_path).table("proef").areas) == 30
    (tmp_path / "proef.csv").write_text(other["proef.csv"], encoding="utf-8")
    with pytest.raises(DefinitionError, match=r"proef.csv is not the file this table was made"):
        read_table(tmp_path / "proef.yaml")
    assert write_table(tmp_path, other, replace=True)
    assert len(Library(tmp_path).table("proef").areas) == 31
    assert sorted(path.name for path in tmp_path.iterdir()) == ["proef.csv", "proef.yaml"]


def test_the_shipped_library(surveys: Path) -> None:
    rows = {row["table"]: row for row in listed_tables(surveys / "targets")}
    assert rows["agesex_nl_2021"]["areas"] == 1
    assert rows["agesex_gemeente_2022"]["areas"] == 345
    assert Library(surveys / "targets").table("agesex_gemeente_2022").areas["GM0363"].name == (
        "Amsterdam"
    )
