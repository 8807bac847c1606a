"""The base on real figures of Statistics Netherlands, against plain pandas on its files."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.definitions.area_base import load_area_base
from flows.definitions.areas import load_redivision
from flows.definitions.load import read_survey
from flows.ingest.area_base import AreaBase, margin_of, read_area_base
from flows.ingest.cbs import read_cbs
from flows.ingest.cbs_areas import place_postcodes
from flows.ingest.cbs_population import population

OLDER = ["20-24", "25-29", "30-34", "35-39", "40-44", "45-49", "50-54", "55-59", "60-64"]
OLDER += ["65-69", "70-74", "75-79", "80-84", "85-89", "90-94", "95+"]


@pytest.fixture(scope="module")
def folder(shared_dir: Path) -> Path:
    return shared_dir / "data" / "cbs"


@pytest.fixture(scope="module")
def base(surveys: Path, folder: Path) -> AreaBase:
    return read_area_base(load_area_base(surveys, "cbs"), 2021, folder)


@pytest.fixture(scope="module")
def adults(folder: Path) -> pd.DataFrame:
    """Men and women of 18 and over per postcode, by plain pandas."""
    table = pd.read_csv(folder / "cbs_pc4_leeftijd_geslacht_2021.csv")
    factor = table["leeftijd"].map({"15-19": 0.4, **dict.fromkeys(OLDER, 1.0)}).fillna(0.0)
    sexes = ["inwoners_man", "inwoners_vrouw"]
    table[sexes] = table[sexes].mul(factor, axis=0)
    summed: pd.DataFrame = table.groupby("postcode")[sexes].sum()
    return summed


def test_residents_of_the_netherlands(base: AreaBase, adults: pd.DataFrame) -> None:
    total = adults.to_numpy().sum()
    assert total == 14_142_339
    # Every postcode is rounded to whole people, and none has more residents than inhabitants.
    assert base.areas["residents"].sum() == pytest.approx(total, abs=100)
    assert base.areas["inhabitants"].sum() == 17_472_870
    assert len(base.areas) == 4064
    assert (base.areas["addresses"] == -1).all()


def test_residents_per_province(base: AreaBase, adults: pd.DataFrame, folder: Path) -> None:
    """The province that the postcode file itself names; no municipality changed province."""
    places = pd.read_csv(folder / "cbs_pc4_inwoners_gemeente_2021.csv", index_col="postcode")
    provinces = places["provincie"].replace("Friesland", "Fryslân")
    plain = adults.sum(axis=1).groupby(provinces).sum()
    codes = pd.read_csv(folder / "cbs_gemeenten_gebieden_2022.csv")
    name_of = dict(zip(codes["provincie_code"], codes["provincie"], strict=True))
    sums = base.areas.groupby("province")["residents"].sum()
    sums.index = sums.index.map(name_of)
    assert len(sums) == 12
    assert base.names["province"] == name_of
    shares, expected = sums / sums.sum(), plain / plain.sum()
    np.testing.assert_allclose(shares[expected.index], expected, atol=1e-5)
    assert shares["Zuid-Holland"] == pytest.approx(0.2125, abs=5e-3)


def test_municipalities_are_those_of_the_existing_reader(
    base: AreaBase, folder: Path, surveys: Path
) -> None:
    areas = read_cbs(folder / "cbs_gemeenten_gebieden_2022.csv", "areas").frame
    people = read_cbs(folder / "cbs_pc4_leeftijd_geslacht_2021.csv", "population").frame
    postcodes = read_cbs(folder / "cbs_pc4_inwoners_gemeente_2021.csv", "postcodes").frame
    placed = place_postcodes(
        population(people, "postcode"),
        postcodes,
        areas,
        load_redivision(surveys, "herindeling_2021_2022"),
    )
    everyone = dict(zip(placed.population.areas, placed.population.per_area, strict=True))
    own = pd.Series(
        population(people, "postcode").per_area, index=population(people, "postcode").areas
    )
    mine = own[base.areas["pc4"]].groupby(base.areas["municipality"].to_numpy()).sum()
    assert mine.to_dict() == everyone
    assert len(everyone) == 345
    assert len(placed.unplaced) == 10
    assert base.names["municipality"] == placed.names


def test_age_by_municipality_is_that_of_the_target_table(base: AreaBase, surveys: Path) -> None:
    with (surveys / "targets" / "agesex_gemeente_2022.csv").open(encoding="utf-8") as file:
        rows = {row["area"]: row for row in csv.DictReader(file)}
    for variable, at in (("age6", 0), ("gender2", 1)):
        margin = base.margins[variable]
        counts = pd.DataFrame(margin.counts, columns=list(margin.levels)).fillna(0.0)
        sums = counts.groupby(base.areas["municipality"].to_numpy()).sum()
        assert set(sums.index) == set(rows)
        for level in margin.levels:
            cells = [key for key in next(iter(rows.values())) if key.split("_")[at:][:1] == [level]]
            expected = [sum(float(rows[area][cell]) for cell in cells) for area in sums.index]
            np.testing.assert_allclose(sums[level], expected, atol=6)  # whole people per cell


def test_education_is_the_municipal_share(base: AreaBase, folder: Path) -> None:
    margin = base.margins["edu3"]
    assert np.isnan(margin.counts).all()
    ((level, frame),) = margin.coarser
    assert level == "municipality"
    assert frame.notna().all(axis=None)
    published = pd.read_csv(folder / "cbs_gemeenten_kerncijfers_2022_tmap.csv", index_col="code")
    shares = frame.div(frame.sum(axis=1), axis=0)
    np.testing.assert_allclose(shares["high"], published.loc[frame.index, "edu_appl_sci"] / 100)
    np.testing.assert_allclose(shares["low"] / shares["middle"], 0.26 / 0.38)
    residents = base.areas.groupby("municipality")["residents"].sum()
    np.testing.assert_allclose(frame.sum(axis=1), residents[frame.index])
    assert set(margin.assumed) == {"municipality"}


def test_variables_have_the_levels_of_the_real_survey(base: AreaBase, surveys: Path) -> None:
    survey = read_survey(surveys / "vu2021")
    for variable in survey.profiles.concomitants:
        levels = [level.code for level in survey.questionnaire.levels(variable)]
        assert margin_of(base, variable, levels).levels == tuple(levels)


def test_notes_tell_what_was_left_out(base: AreaBase) -> None:
    told = "\n".join(base.notes)
    assert "10 areas without inhabitants lie in no known area" in told
    assert "do not add up" not in told
