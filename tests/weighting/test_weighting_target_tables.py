"""Target tables from recipes: of small files, and of the real ones beside pandas alone."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import cbs_samples as cbs

from flows.definitions import check_survey, load_survey
from flows.definitions.library import Library
from flows.definitions.target_recipe import TargetRecipe, read_recipe
from flows.definitions.target_table import TargetTable, table_files
from flows.errors import Refusal
from flows.ingest.cbs_sources import read_sources
from flows.weighting.make_targets import Made, make_table
from flows.weighting.target_library import made_table

HEAD = """\
table: proef
title: Inwoners
source: CBS
reference_date: 2021-01-01
"""
BY_MUNICIPALITY = """\
files: {population: pc4.csv, postcodes: postcodes.csv, areas: areas.csv, key_figures: kern.csv}
by: municipality
redivision: nieuw
"""
AGE_SEX = """\
ages:
  - {code: jong, nl: jong, low: 18, high: 19}
  - {code: oud, nl: oud, low: 20}
sexes:
  - {code: m, nl: man, of: men}
  - {code: v, nl: vrouw, of: women}
"""
RECIPES = Path("targets") / "recipes"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    for name, text in {
        "pc4.csv": cbs.POPULATION,
        "postcodes.csv": cbs.POSTCODES,
        "areas.csv": cbs.AREAS,
        "gemeenten.csv": cbs.MUNICIPALITIES,
        "kern.csv": cbs.KEY_FIGURES,
    }.items():
        cbs.write(tmp_path, name, text)
    (tmp_path / "surveys" / "areas").mkdir(parents=True)
    cbs.write(tmp_path / "surveys" / "areas", "nieuw.yaml", cbs.REDIVISION)
    return tmp_path


def made(folder: Path, *parts: str) -> Made:
    recipe = read_recipe(cbs.write(folder, "recipe.yaml", "".join(parts)))
    return make_table(recipe, read_sources(recipe, folder), folder / "surveys")


def numbers(table: TargetTable) -> dict[str, list[float]]:
    return {code: list(area.targets.values()) for code, area in table.areas.items()}


def test_age_and_sex_by_municipality(small: Path) -> None:
    result = made(small, HEAD, BY_MUNICIPALITY, AGE_SEX)
    table = result.table
    assert list(table.levels) == ["jong_m", "jong_v", "oud_m", "oud_v"]
    # 2/5 of the class 15-19; GM0002 is Bedorp (merged) and postcode 1004 (split off Cedorp)
    assert numbers(table) == {"GM0001": [4, 6, 65, 70], "GM0002": [4, 2, 45, 50]}
    assert table.areas["GM0002"].name == "Nieuwstad"
    assert result.targets.published.tolist() == [0.4 * 25 + 130, 0.4 * 15 + 100]
    assert result.targets.difference.tolist() == [5, -5]
    assert table.rounding is not None
    assert "5 people" in table.rounding.en
    assert table.rule is not None
    assert "postcodes without a municipality" in table.rule.en
    assert set(table.made_from) == {"pc4.csv", "postcodes.csv", "areas.csv", "kern.csv"}


def test_larger_areas_are_sums_of_smaller(small: Path) -> None:
    by_municipality = numbers(made(small, HEAD, BY_MUNICIPALITY, AGE_SEX).table)
    larger = BY_MUNICIPALITY.replace("by: municipality", "by: province")
    by_province = made(small, HEAD, larger, AGE_SEX).table
    assert numbers(by_province) == {
        "PV20": by_municipality["GM0001"], "PV21": by_municipality["GM0002"]
    }  # fmt: skip
    assert by_province.areas["PV21"].name == "Zuid"
    nation = made(small, HEAD, "files: {population: pc4.csv}\n", AGE_SEX).table
    assert numbers(nation) == {"NL": np.sum(list(by_municipality.values()), axis=0).tolist()}


def test_one_sex_or_age_alone(small: Path) -> None:
    files = "files: {population: pc4.csv}\n"
    ages, sexes = AGE_SEX.split("sexes:")
    by_age = made(small, HEAD, files, ages).table
    assert numbers(by_age) == {"NL": [16, 230]}
    adults = "people: {code: adults, nl: volwassenen, low: 18}\n"
    by_sex = made(small, HEAD, files, adults, "sexes:", sexes)
    assert numbers(by_sex.table) == {"NL": [118, 128]}
    assert by_sex.table.rounding is not None
    men = made(small, HEAD, files, adults, "sexes:", sexes.split("  - {code: v")[0])
    assert men.table.rounding is None  # the source gives no total of men alone


def test_a_level_for_every_region(small: Path) -> None:
    files = "files: {areas: areas.csv}\n"
    assert numbers(made(small, HEAD, files, "division: nielsen5\n").table) == {"NL": [210, 110]}
    adults = "people: {code: adults, nl: volwassenen, low: 20}\ndivision: province\n"
    by_country = BY_MUNICIPALITY.replace("by: municipality", "by: country")
    table = made(small, HEAD, by_country, adults).table
    assert numbers(table) == {"NL": [135, 95]}
    assert table.levels["PV21"].nl == "Zuid"


PARTS = """\
parts:
  - {code: hoog, nl: hbo of wo, column: edu_appl_sci}
  - {code: rest, nl: ander onderwijs}
"""


def test_shares_of_key_figures(small: Path) -> None:
    files = "files: {key_figures: kern.csv, areas: areas.csv}\nbase: population\n"
    by_area = made(small, HEAD, files, "by: municipality\n", PARTS).table
    assert numbers(by_area) == {"GM0001": [63, 147], "GM0002": [50, 60]}  # of 49.5 and 60.5
    assert numbers(made(small, HEAD, files, PARTS).table) == {"NL": [113, 207]}
    adults = "people: {code: adults, nl: volwassenen, low: 20}\n"
    of_adults = made(small, HEAD, BY_MUNICIPALITY, adults, PARTS).table
    assert numbers(of_adults) == {"GM0001": [41, 94], "GM0002": [43, 52]}


def test_key_figures_that_are_unknown(small: Path) -> None:
    cbs.write(small, "kern.csv", cbs.KEY_FIGURES.replace("110,5,45", "110,5,NA"))
    files = "files: {key_figures: kern.csv}\nbase: population\nby: municipality\n"
    with pytest.raises(Refusal, match=r"kern.csv gives no figure for GM0002"):
        made(small, HEAD, files, PARTS)
    table = made(small, HEAD, files, "unknown: leave_out\n", PARTS).table
    assert list(table.areas) == ["GM0001"]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("files: {population: pc4.csv}\n",), "give ages and sexes, or division, or parts"),
        (("files: {areas: areas.csv}\n", AGE_SEX), "ages and sexes need files.population"),
        (("files: {population: pc4.csv}\nby: municipality\n", AGE_SEX), "recipe needs redivision"),
        (
            ("files: {population: pc4.csv}\nby: municipality\nredivision: nieuw\n", AGE_SEX),
            "recipe needs files.areas",
        ),
        ((BY_MUNICIPALITY.replace("municipality", "streek"), AGE_SEX), "no division streek"),
        ((BY_MUNICIPALITY.replace("nieuw", "oud"), AGE_SEX), "no such redivision"),
        ((BY_MUNICIPALITY.replace("pc4.csv", "weg.csv"), AGE_SEX), "weg.csv does not exist"),
        ((BY_MUNICIPALITY.replace("pc4.csv", "areas.csv"), AGE_SEX), "areas.csv is a table of"),
        (("files: {key_figures: kern.csv}\nbase: inwoners\n", PARTS), "no column inwoners"),
        (
            ("files: {key_figures: kern.csv}\nby: district\nbase: population\n", PARTS),
            "no areas with codes that begin with WK",
        ),
        (("files: {population: pc4.csv}\n", AGE_SEX.replace("low: 20", "low: 19")), "before the"),
        (("files: {population: pc4.csv}\nperiode: x\n", AGE_SEX), "periode: this key is unknown"),
    ],
)  # fmt: skip
def test_a_recipe_that_cannot_be_made(small: Path, parts: tuple[str, ...], told: str) -> None:
    with pytest.raises(Refusal, match=told):
        made(small, HEAD, *parts)


def test_a_municipality_file_with_its_split(small: Path) -> None:
    files = BY_MUNICIPALITY.replace("population: pc4.csv", "population: gemeenten.csv").replace(
        "postcodes: postcodes.csv", "split: pc4.csv"
    )
    table = made(small, HEAD, files, AGE_SEX).table
    assert numbers(table) == {"GM0001": [4, 4, 50, 55], "GM0002": [4, 2, 45, 50]}


# ------------------------------------------------------------------------- the real files


@pytest.fixture(scope="module")
def cbs_files(shared_dir: Path) -> Path:
    return shared_dir / "data" / "cbs"


@pytest.mark.shared
@pytest.mark.parametrize("name", ["agesex_nl_2021", "agesex_gemeente_2022", "nielsen5_nl_2022"])
def test_the_shipped_tables_are_what_their_recipes_make(
    name: str, surveys: Path, cbs_files: Path
) -> None:
    path = surveys / RECIPES / f"{name}.yaml"
    recipe = read_recipe(path)
    result = make_table(recipe, read_sources(recipe, cbs_files), surveys)
    for file, text in table_files(name, result.table, path.name).items():
        assert (surveys / "targets" / file).read_text(encoding="utf-8") == text


@pytest.mark.shared
def test_the_national_table_by_pandas_alone(surveys: Path, cbs_files: Path) -> None:
    raw = pd.read_csv(cbs_files / "cbs_pc4_leeftijd_geslacht_2021.csv")
    raw["low"] = raw["leeftijd"].str.extract(r"(\d+)").astype(int)
    sums = raw.groupby("low")[["inwoners_man", "inwoners_vrouw"]].sum()
    expected = {}
    for code, low, high in (
        ("a1", 20, 20), ("a2", 25, 30), ("a3", 35, 40), ("a4", 45, 50), ("a5", 55, 60),
        ("a6", 65, 95),
    ):  # fmt: skip
        for sex, column in (("m", "inwoners_man"), ("v", "inwoners_vrouw")):
            expected[f"{code}_{sex}"] = sums.loc[low:high, column].sum()
    expected["a1_m"] += 2 / 5 * sums.loc[15, "inwoners_man"]
    expected["a1_v"] += 2 / 5 * sums.loc[15, "inwoners_vrouw"]
    table = Library(surveys / "targets").table("agesex_nl_2021")
    assert table.areas["NL"].targets == pytest.approx(expected, abs=1e-9)
    assert expected["a1_m"] == 774_112
    for survey in ("vu2021", "themapanel", "staat_van_betrokkenheid"):
        margin = load_survey(surveys / survey).weighting.margins[0]
        assert margin.table == "agesex_nl_2021"
        assert margin.targets == pytest.approx(expected, abs=1e-9)


@pytest.mark.shared
def test_the_municipal_table_by_pandas_alone(surveys: Path, cbs_files: Path) -> None:
    """A municipality that kept its borders, one that was merged, one that got a village."""
    raw = pd.read_csv(cbs_files / "cbs_pc4_leeftijd_geslacht_2021.csv")
    places = pd.read_csv(cbs_files / "cbs_pc4_inwoners_gemeente_2021.csv")
    raw = raw.merge(places[["postcode", "gemeente"]], on="postcode")
    table = Library(surveys / "targets").table("agesex_gemeente_2022")

    def women_65(rows: pd.DataFrame) -> float:
        old = rows["leeftijd"].isin(["65-69", "70-74", "75-79", "80-84", "85-89", "90-94", "95+"])
        return float(rows.loc[old, "inwoners_vrouw"].sum())

    assert table.areas["GM0363"].targets["a6_v"] == women_65(raw[raw["gemeente"] == "Amsterdam"])
    merged = raw[raw["gemeente"].isin(["Landerd", "Uden"])]
    assert table.areas["GM1991"].targets["a6_v"] == women_65(merged)
    vught = raw[(raw["gemeente"] == "Vught") | (raw["postcode"] == 5268)]
    assert table.areas["GM0865"].targets["a6_v"] == women_65(vught)
    total = sum(sum(area.targets.values()) for area in table.areas.values())
    nation = Library(surveys / "targets").table("agesex_nl_2021").areas["NL"]
    assert total == sum(nation.targets.values())


@pytest.mark.shared
def test_all_municipalities_in_well_under_a_second(surveys: Path, cbs_files: Path) -> None:
    recipe = read_recipe(surveys / RECIPES / "agesex_gemeente_2022.yaml")
    sources = read_sources(recipe, cbs_files)
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        make_table(recipe, sources, surveys)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 1


@pytest.mark.shared
def test_higher_education_by_municipality(surveys: Path, cbs_files: Path) -> None:
    municipal = read_recipe(surveys / RECIPES / "agesex_gemeente_2022.yaml")
    recipe = TargetRecipe.model_validate(
        municipal.model_dump(exclude={"ages", "sexes", "table"})
        | {
            "table": "hbo_wo",
            "people": {"code": "adults", "nl": "18 jaar en ouder", "low": 18},
            "parts": [
                {"code": "hoog", "nl": "hbo of wo", "column": "edu_appl_sci"},
                {"code": "rest", "nl": "ander onderwijs"},
            ],
            "files": municipal.files.model_dump()
            | {"key_figures": "cbs_gemeenten_kerncijfers_2022_tmap.csv"},
        }
    )
    table = make_table(recipe, read_sources(recipe, cbs_files), surveys).table
    shares = pd.read_csv(cbs_files / "cbs_gemeenten_kerncijfers_2022_tmap.csv").set_index("code")
    people = Library(surveys / "targets").table("agesex_gemeente_2022")
    for code, area in table.areas.items():
        adults = sum(people.areas[code].targets.values())
        assert sum(area.targets.values()) == adults
        assert abs(area.targets["hoog"] - shares.at[code, "edu_appl_sci"] / 100 * adults) <= 1


@pytest.mark.shared
def test_the_documented_recipe(
    repository: Path, surveys: Path, cbs_files: Path, tmp_path: Path
) -> None:
    text = (repository / "docs" / "targets.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(# age3_provincie_2022.*?)```", text, re.DOTALL)
    recipe = read_recipe(cbs.write(tmp_path, "age3_provincie_2022.yaml", block))
    table = make_table(recipe, read_sources(recipe, cbs_files), surveys).table
    assert len(table.areas) == 12
    nation = sum(sum(area.targets.values()) for area in table.areas.values())
    people = pd.read_csv(cbs_files / "cbs_pc4_leeftijd_geslacht_2021.csv")
    people["both"] = people["inwoners_man"] + people["inwoners_vrouw"]
    by_age = people.groupby("leeftijd")["both"].sum()
    younger = by_age[["0-4", "5-9", "10-14"]].sum() + by_age["15-19"] / 5
    assert nation == pytest.approx(by_age.sum() - younger)


@pytest.mark.shared
def test_an_analyst_makes_a_table_and_a_survey_takes_it(
    surveys: Path, cbs_files: Path, tmp_path: Path
) -> None:
    shutil.copytree(surveys, tmp_path / "surveys")
    library = tmp_path / "surveys" / "targets"
    recipe = tmp_path / "regio.yaml"
    text = (surveys / RECIPES / "agesex_gemeente_2022.yaml").read_text(encoding="utf-8")
    recipe.write_text(
        text.replace("table: agesex_gemeente_2022", "table: agesex_regio_2022").replace(
            "by: municipality", "by: nielsen5"
        ),
        encoding="utf-8",
    )
    done = made_table(recipe, cbs_files, library)
    assert done.summary["areas"] == 5
    assert json.loads(json.dumps(done.summary)) == done.summary
    assert "17,207,705 in a municipality that kept its name" in done.told
    weighting = tmp_path / "surveys" / "vu2021" / "weighting.yaml"
    weighting.write_text(
        "groups: {variable: region}\nmissing: own_level\nmargins:\n"
        "  - {variable: agesex, table: agesex_regio_2022}\n",
        encoding="utf-8",
    )
    folder = tmp_path / "surveys" / "vu2021"
    assert check_survey(folder) == []
    (margin,) = load_survey(folder).weighting.margins
    assert sorted(margin.targets_by) == ["1", "2", "3", "4", "5"]
    assert margin.targets_by["3"]["a1_m"] > 50_000
