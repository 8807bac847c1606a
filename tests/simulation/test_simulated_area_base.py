"""The files of a vintage: same bytes, whole or not at all, small and full, refused where wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from territory_world import GEOGRAPHY, with_geography, with_places

from flows.definitions.survey import Survey
from flows.simulation.area_base import write_area_base
from flows.simulation.checks import check_request
from flows.simulation.errors import SimulationError
from flows.simulation.full_world import full_world
from flows.simulation.parameters import SimulationParameters
from flows.simulation.simulate import simulate


@pytest.fixture(scope="module")
def placed(model_survey: Survey) -> Survey:
    questions = (
        *model_survey.questionnaire.questions,
        model_survey.questionnaire.question("years").model_copy(
            update={"code": "pc4", "minimum": 1000.0, "maximum": 9999.0}
        ),
    )
    questionnaire = model_survey.questionnaire.model_copy(update={"questions": questions})
    return with_places(model_survey.model_copy(update={"questionnaire": questionnaire}))


@pytest.fixture(scope="module")
def parameters(model_parameters: SimulationParameters) -> SimulationParameters:
    return with_geography(model_parameters)


@pytest.fixture(scope="module")
def written(
    placed: Survey, parameters: SimulationParameters, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("inbox") / "areas" / "fictief" / "2026"
    paths = write_area_base(folder, placed, parameters, 2026)
    assert all(path.is_file() for path in paths)
    assert {path.name for path in folder.iterdir()} == {path.name for path in paths}
    return folder


def test_same_seed_same_bytes(
    placed: Survey, parameters: SimulationParameters, written: Path, tmp_path: Path
) -> None:
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "old.csv").write_text("old")
    paths = write_area_base(tmp_path / "again", placed, parameters, 2026)
    assert {path.name for path in paths} == {path.name for path in (tmp_path / "again").iterdir()}
    for path in paths:
        assert path.read_bytes() == (written / path.name).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again"]
    other = parameters.model_copy(update={"seed": 5})
    write_area_base(tmp_path / "other", placed, other, 2026)
    assert (tmp_path / "other" / "areas.csv").read_bytes() != (written / "areas.csv").read_bytes()


def test_the_files_hold_what_is_agreed(written: Path) -> None:
    areas = pd.read_csv(written / "areas.csv", dtype={"pc6": str})
    assert list(areas) == [
        "pc6", "buurt", "wijk", "municipality", "province", "inhabitants", "residents", "addresses",
    ]  # fmt: skip
    assert areas.notna().all(axis=None)
    levels = {
        "pc6": ["age2_jong", "age2_oud", "sex2_m", "sex2_v"],
        "pc4": ["age2_jong", "age2_oud"],
        "wijk": ["age2_jong", "age2_oud", "school3_laag", "school3_midden", "school3_hoog"],
    }
    for level, columns in levels.items():
        margins = pd.read_csv(written / f"margins-{level}.csv", dtype={level: str})
        assert list(margins) == [level, *columns]
        assert margins[level].is_unique
    truth = pd.read_parquet(written / "truth-pc6.parquet")
    assert list(truth) == ["pc6", "residents", "share_p1", "share_p2", "share_p3", "share_p4"]
    assert (truth["pc6"] == areas["pc6"]).all()
    town = pd.read_csv(written / "truth-municipality.csv").set_index("municipality")
    assert (town["residents"] == areas.groupby("municipality")["residents"].sum()).all()
    names = pd.read_csv(written / "names.csv")
    assert list(names) == ["level", "area", "name"]
    assert not names.duplicated(["level", "area"]).any()


def test_respondents_live_in_the_written_world(
    placed: Survey,
    theme_survey: Survey,
    parameters: SimulationParameters,
    theme_parameters: SimulationParameters,
    written: Path,
) -> None:
    entry = {**parameters.model_dump(), "respondents": {"w2026": 3000}}
    entry["questions"]["pc4"] = {"skip": 0.2}
    fieldwork = simulate(
        placed, theme_survey, SimulationParameters.model_validate(entry), theme_parameters, 1.0
    ).fieldworks[0]
    areas = pd.read_csv(written / "areas.csv", dtype={"pc6": str}).set_index("pc6")
    truth = fieldwork.truth
    assert (areas.loc[truth["pc6"], "municipality"].to_numpy() == truth["municipality"]).all()
    assert (truth["pc4"] == truth["pc6"].str[:4]).all()
    whole = ~(truth["broken_off"] | truth["speeder"])
    told = fieldwork.file.loc[whole, "pc4"]
    assert (told == "").mean() == pytest.approx(0.2, abs=0.03)
    given = told != ""
    wrong = (told[given] != truth.loc[whole, "pc4"][given]).mean()
    assert wrong == pytest.approx(0.05, abs=0.02)


def test_the_full_world_is_generated(
    placed: Survey, parameters: SimulationParameters, tmp_path: Path
) -> None:
    world = full_world(parameters).municipalities
    assert len(world) == 9
    assert len({place.code for place in world}) == len({place.nl for place in world}) == 9
    assert sum(place.residents for place in world) == pytest.approx(110_000, rel=0.02)
    west = sum(place.residents for place in world if place.region == "1")
    own = sum(p.residents for p in parameters.municipalities if p.region == "1") / 90_000
    assert west / 110_000 == pytest.approx(own, abs=0.05)
    assert sum(bool(place.before) for place in world) == 1
    write_area_base(tmp_path / "full", placed, parameters, 2025, "full")
    areas = pd.read_csv(tmp_path / "full" / "areas.csv")
    assert areas["municipality"].nunique() == 10
    assert areas["inhabitants"].sum() == pytest.approx(110_000, rel=0.05)
    truth = pd.read_csv(tmp_path / "full" / "truth-municipality.csv").set_index("municipality")
    spread = truth.iloc[:, 1:].std().to_numpy()
    assert (spread > 0.01).all()
    counts = pd.read_csv(tmp_path / "full" / "margins-municipality.csv").iloc[:, 1:]
    assert not (counts < 0).any(axis=None)
    assert np.isin(counts % 5, 0).all()


@pytest.mark.parametrize(
    ("year", "size", "message"),
    [
        (2019, "small", "no figures of 2019. Its years are 2025, 2026"),
        (2026, "huge", "there is no huge world"),
    ],
)
def test_what_there_is_not_is_refused(
    placed: Survey,
    parameters: SimulationParameters,
    tmp_path: Path,
    year: int,
    size: Any,
    message: str,
) -> None:
    with pytest.raises(SimulationError, match=message):
        write_area_base(tmp_path / "x", placed, parameters, year, size)
    assert list(tmp_path.iterdir()) == []


def test_a_survey_without_geography_or_a_folder_in_the_way_is_refused(
    placed: Survey, parameters: SimulationParameters, tmp_path: Path
) -> None:
    plain = parameters.model_copy(update={"geography": None})
    with pytest.raises(SimulationError, match="there is no geography"):
        write_area_base(tmp_path / "x", placed, plain, 2026)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SimulationError, match="cannot be written"):
        write_area_base(tmp_path / "file" / "2026", placed, parameters, 2026)


def test_a_postcode_question_needs_a_geography(
    placed: Survey, parameters: SimulationParameters
) -> None:
    with pytest.raises(SimulationError, match="a postcode needs a geography"):
        check_request(placed, parameters.model_copy(update={"geography": None}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"published": {"age2": ["pc6"]}}, "published lacks school3"),
        ({"published": {**GEOGRAPHY["published"], "nope": ["pc6"]}}, "unknown variable nope"),
        ({"provinces": [{"code": "pa", "nl": "W", "region": "1"}]}, "no province lies in region 2"),
        ({"sway": {"nope": 1}}, "sway names nope"),
        (
            {"kinds": [{"code": "a", "share": 1, "tilt": {"age2": {"kind": 1}}}]},
            "a names age2 kind",
        ),
    ],
)
def test_a_geography_that_does_not_fit_the_survey_is_refused(
    placed: Survey, model_parameters: SimulationParameters, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SimulationError, match=message):
        check_request(placed, with_geography(model_parameters, **changes))


def test_districts_of_a_merger_and_years_are_checked(parameters: SimulationParameters) -> None:
    plain = parameters.model_dump()
    plain["municipalities"][0]["before"][0]["districts"] = ("Elders",)
    with pytest.raises(ValueError, match="must be its own"):
        SimulationParameters.model_validate(plain)
    plain = parameters.model_dump()
    plain["geography"]["years"] = [2026, 2025]
    with pytest.raises(ValueError, match="years must ascend"):
        SimulationParameters.model_validate(plain)
