"""Redivision: everybody of the old areas is in a new one, or accounted for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import cbs_samples as cbs

from flows.definitions import DefinitionError
from flows.definitions.areas import Redivision, load_redivision
from flows.errors import Refusal
from flows.ingest.cbs import read_cbs
from flows.ingest.cbs_areas import against, place_municipalities, place_postcodes
from flows.ingest.cbs_population import Population, population

FILES = {
    "population": cbs.POPULATION,
    "postcodes": cbs.POSTCODES,
    "areas": cbs.AREAS,
    "municipalities": cbs.MUNICIPALITIES,
}


def read(tmp_path: Path, name: str, *changes: tuple[str, str]) -> pd.DataFrame:
    text = FILES[name]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read_cbs(cbs.write(tmp_path, f"{name}.csv", text)).frame


def redivision(tmp_path: Path, *changes: tuple[str, str]) -> Redivision:
    (tmp_path / "areas").mkdir(exist_ok=True)
    text = cbs.REDIVISION
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    cbs.write(tmp_path / "areas", "nieuw.yaml", text)
    return load_redivision(tmp_path, "nieuw")


def people(tmp_path: Path) -> Population:
    return population(read(tmp_path, "population"), "postcode")


def test_postcodes_go_where_their_municipality_went(tmp_path: Path) -> None:
    before = people(tmp_path)
    after = place_postcodes(
        before, read(tmp_path, "postcodes"), read(tmp_path, "areas"), redivision(tmp_path)
    )
    assert after.population.areas == ("GM0001", "GM0002")
    # Adorp and postcode 1005; Bedorp (merged) and the postcode of Cedorp (split)
    assert after.population.per_area.tolist() == [150 + 45, 55 + 60]
    assert after.names["GM0002"] == "Nieuwstad"
    assert after.account.values.tolist() == [
        ["kept", 1, 150.0],
        ["merged", 1, 55.0],
        ["split", 1, 60.0],
        ["no name", 1, 45.0],
        ["unplaced", 1, 0.0],
    ]
    assert after.unplaced == ("1003",)
    assert after.account["people"].sum() == before.per_area.sum()


def test_municipalities_need_postcodes_only_where_one_was_split(tmp_path: Path) -> None:
    old = population(read(tmp_path, "municipalities"), "municipality")
    areas, plan = read(tmp_path, "areas"), redivision(tmp_path)
    with pytest.raises(Refusal, match="Cedorp was split, and only its postcodes say"):
        place_municipalities(old, areas, plan)
    after = place_municipalities(old, areas, plan, people(tmp_path))
    assert after.population.per_area.tolist() == [150, 55 + 60]
    assert after.account["people"].sum() == old.per_area.sum()


def test_a_split_municipality_is_divided_as_its_postcodes_figure_by_figure() -> None:
    plan = Redivision(
        title="x",
        source="x",
        from_year=2021,
        to_year=2022,
        split={"Oud": {"1001": "GM0001", "1002": "GM0002"}},
    )
    areas = pd.DataFrame({"code": ["GM0001", "GM0002"], "name": ["Een", "Twee"]})
    ages = ((0, 17), (18, None))
    whole = Population(("Oud",), ages, np.array([[[40.0, 0], [60, 10]]]), np.array([[40.0, 70]]))
    parts = Population(
        ("1001", "1002"),
        ages,
        np.array([[[30.0, 0], [15, 0]], [[10, 0], [45, 0]]]),
        np.zeros((2, 2)),
    )
    after = place_municipalities(whole, areas, plan, parts).population
    assert after.people[:, 0, 0].tolist() == [30, 10]
    assert after.people[:, 1, 0].tolist() == [15, 45]
    assert after.people[:, 1, 1].tolist() == [4.5, 5.5]  # none in the postcodes: as everyone
    assert after.people.sum() == whole.people.sum()


@pytest.mark.parametrize(
    ("file", "change", "plan", "told"),
    [
        ("postcodes", ('"Bedorp"', '"Bedrop"'), None, r"Bedrop: no municipality .*near: Bedorp"),
        ("postcodes", ("1002,55", "1012,55"), None, "the file with postcodes lacks 1002"),
        ("postcodes", ("1005,45", "1006,45"), None, "the file with postcodes lacks 1005"),
        ("postcodes", ("1003,NA", "1009,10"), None, "the population lacks 1009, where people"),
        ("postcodes", ('"Cedorp","Cedorp"', '"Adorp","Adorp"'), None, "1004 is in Adorp, but"),
        ("areas", ("GM0002,Nieuwstad", "GM0002,Adorp"), None, "names Adorp more than once"),
        ("areas", ("GM0002", "GM0009"), None, "sends people to GM0002, which the file"),
        (None, None, ('"1005": GM0001', '"1006": GM0001'), "no municipality for 1005, where"),
        (None, None, ('"1004": GM0002', '"1009": GM0002'), "1004 is in Cedorp, which was split"),
    ],
)
def test_nobody_gets_lost(
    tmp_path: Path,
    file: str | None,
    change: tuple[str, str] | None,
    plan: tuple[str, str] | None,
    told: str,
) -> None:
    frames = {
        name: read(tmp_path, name, *([change] if name == file and change else []))
        for name in ("postcodes", "areas")
    }
    chosen = redivision(tmp_path, *([plan] if plan else []))
    with pytest.raises(Refusal, match=f"(?i){told}"):
        place_postcodes(people(tmp_path), frames["postcodes"], frames["areas"], chosen)


def test_a_redivision_says_each_thing_once(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="Cedorp stands in merged and in split"):
        redivision(tmp_path, ("{Bedorp: GM0002}", "{Bedorp: GM0002, Cedorp: GM0001}"))
    with pytest.raises(DefinitionError, match="postcode 1004 is placed twice"):
        redivision(tmp_path, ('{"1005": GM0001}', '{"1005": GM0001, "1004": GM0001}'))
    with pytest.raises(DefinitionError, match=r"nieuw.yaml:5.*'Nieuwstad' is not a code"):
        redivision(tmp_path, ("{Bedorp: GM0002}", "{Bedorp: Nieuwstad}"))
    with pytest.raises(Refusal, match=r"no such redivision. Did you mean nieuw\?"):
        load_redivision(tmp_path, "neuw")


def test_beside_published_inhabitants(tmp_path: Path) -> None:
    areas = read(tmp_path, "areas")
    after = place_postcodes(
        people(tmp_path), read(tmp_path, "postcodes"), areas, redivision(tmp_path)
    )
    table = against(after.population, areas)
    assert table["code"].tolist() == ["GM0001", "GM0002"]
    assert table["ratio"].tolist() == pytest.approx([210 / 195, 110 / 115])


def test_a_larger_area_for_everyone(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="1005 is in no larger area"):
        people(tmp_path).of(dict.fromkeys(("1001", "1002", "1003", "1004"), "A"))
