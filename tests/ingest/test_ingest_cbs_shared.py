"""The real CBS files: read whole, redivided, and beside CBS's own numbers of a year later."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from flows.definitions.areas import load_redivision
from flows.ingest.cbs import CbsTable, read_cbs
from flows.ingest.cbs_areas import Redivided, against, place_municipalities, place_postcodes
from flows.ingest.cbs_population import population

pytestmark = pytest.mark.shared

FILES = {
    "cbs_gemeente_leeftijd_geslacht_2021_uit_pc4.csv": ("population", 7060),
    "cbs_gemeenten_gebieden_2022.csv": ("areas", 345),
    "cbs_gemeenten_kerncijfers_2022_tmap.csv": ("key_figures", 345),
    "cbs_pc4_inwoners_gemeente_2021.csv": ("postcodes", 4074),
    "cbs_pc4_leeftijd_geslacht_2021.csv": ("population", 81480),
    "cbs_pc4_stedelijkheid_woz_2022.csv": ("postcode_figures", 4053),
    "cbs_wijken_kerncijfers_2022_tmap.csv": ("key_figures", 3340),
    "pc4_centroiden_wgs84.csv": ("postcode_places", 4068),
}


@pytest.fixture(scope="module")
def tables(shared_dir: Path) -> dict[str, CbsTable]:
    folder = shared_dir / "data" / "cbs"
    assert sorted(path.name for path in folder.glob("*.csv")) == sorted(FILES)
    return {name: read_cbs(folder / name) for name in FILES}


@pytest.fixture(scope="module")
def redivided(tables: dict[str, CbsTable], surveys: Path) -> Redivided:
    people = tables["cbs_pc4_leeftijd_geslacht_2021.csv"]
    return place_postcodes(
        population(people.frame, people.by),
        tables["cbs_pc4_inwoners_gemeente_2021.csv"].frame,
        tables["cbs_gemeenten_gebieden_2022.csv"].frame,
        load_redivision(surveys, "herindeling_2021_2022"),
    )


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_read_whole(name: str, tables: dict[str, CbsTable], shared_dir: Path) -> None:
    kind, rows = FILES[name]
    table = tables[name]
    assert (table.kind, len(table.frame)) == (kind, rows)
    raw = pd.read_csv(shared_dir / "data" / "cbs" / name)
    for column in raw.select_dtypes("number"):
        if column in table.frame and table.frame[column].dtype == float:
            pd.testing.assert_series_equal(table.frame[column], raw[column].astype(float))


def test_sums_are_those_of_an_independent_reading(
    tables: dict[str, CbsTable], shared_dir: Path
) -> None:
    raw = pd.read_csv(shared_dir / "data" / "cbs" / "cbs_pc4_leeftijd_geslacht_2021.csv")
    table = tables["cbs_pc4_leeftijd_geslacht_2021.csv"]
    people = population(table.frame, table.by)
    assert people.people[:, :, 0].sum() == raw["inwoners_man"].sum() == 8_684_870
    assert people.people[:, :, 1].sum() == raw["inwoners_vrouw"].sum() == 8_787_995
    assert people.totals.sum() == raw["inwoners"].sum() == 17_472_870
    unknown = raw[raw["inwoners"].isna()]["postcode"].astype(str).unique()
    assert people.unknown == tuple(sorted(unknown))


def test_everyone_of_2021_is_in_a_municipality_of_2022(redivided: Redivided) -> None:
    assert len(redivided.population.areas) == 345
    account = redivided.account.set_index("way")
    assert account["people"].to_dict() == {
        "kept": 17_207_705.0,
        "merged": 245_125.0,
        "split": 14_315.0,
        "no name": 5_720.0,
        "unplaced": 0.0,
    }
    assert account["areas"].to_dict() == {
        "kept": 3987, "merged": 62, "split": 4, "no name": 11, "unplaced": 10
    }  # fmt: skip
    assert redivided.population.people.sum() == account["people"].sum() == 17_472_865


def test_by_postcode_and_by_municipality_are_the_same(
    redivided: Redivided, tables: dict[str, CbsTable], surveys: Path
) -> None:
    """But for the postcodes without a municipality, which the other file leaves out."""
    by_name, by_postcode = (
        population(tables[name].frame, tables[name].by)
        for name in (
            "cbs_gemeente_leeftijd_geslacht_2021_uit_pc4.csv",
            "cbs_pc4_leeftijd_geslacht_2021.csv",
        )
    )
    assert len(by_name.areas) == 353
    other = place_municipalities(
        by_name,
        tables["cbs_gemeenten_gebieden_2022.csv"].frame,
        load_redivision(surveys, "herindeling_2021_2022"),
        by_postcode,
    )
    assert other.population.areas == redivided.population.areas
    gap = redivided.population.people - other.population.people
    differing = {
        redivided.names[area]
        for area, part in zip(redivided.population.areas, gap, strict=True)
        if part.any()
    }
    assert differing == {
        "Leeuwarden", "Haarlem", "Heiloo", "Katwijk", "Asten", "Heusden", "Heerlen"
    }  # fmt: skip
    assert gap.sum() == 5_720


def test_a_year_later(redivided: Redivided, tables: dict[str, CbsTable]) -> None:
    """All municipalities within 5.2% of CBS's number of 1 January 2022.

    The country grew by 0.7%; what is left is growth of the place itself, or a postcode that
    crosses a border. The redivision is what makes it so: without it Oisterwijk, Vught,
    Heusden and Boxtel would be 7 to 22% off.
    """
    table = against(redivided.population, tables["cbs_gemeenten_gebieden_2022.csv"].frame)
    assert not table["ratio"].isna().any()
    print(table.head(8).to_string())
    farthest = table.iloc[0]
    assert farthest["name"] == "Zoeterwoude"
    assert farthest["ratio"] == pytest.approx(1.0511, abs=1e-4)
    assert ((table["ratio"] - 1).abs() > 0.03).sum() == 4
    named = table.set_index("name")["ratio"]
    for name in ("Oisterwijk", "Vught", "Boxtel", "Tilburg", "Heusden", "Heiloo"):
        assert 1.0 < named[name] < 1.0125, name
    for name in ("Purmerend", "Dijk en Waard", "Land van Cuijk", "Maashorst"):
        assert 0.995 < named[name] < 1.0125, name
