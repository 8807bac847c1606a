"""The shipped fictional world: its files are read by the definition of its base."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.definitions.area_base import AreaBaseDefinition, load_area_base
from flows.definitions.load import load_survey
from flows.definitions.survey import Survey
from flows.ingest.area_base import read_area_base
from flows.ingest.area_changes import compare_areas
from flows.simulation.area_base import write_area_base
from flows.simulation.parameters import SimulationParameters, load_parameters

MODEL = "staat_van_betrokkenheid"


@pytest.fixture(scope="module")
def survey(surveys: Path) -> Survey:
    return load_survey(surveys / MODEL)


@pytest.fixture(scope="module")
def parameters(surveys: Path) -> SimulationParameters:
    return load_parameters(surveys / MODEL)


@pytest.fixture(scope="module")
def definition(surveys: Path) -> AreaBaseDefinition:
    return load_area_base(surveys, "fictief")


@pytest.fixture(scope="module")
def written(
    survey: Survey, parameters: SimulationParameters, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("fictief")
    began = time.process_time()
    for year in (2025, 2026):
        write_area_base(folder / str(year), survey, parameters, year)
    assert time.process_time() - began < 20
    return folder


def test_the_definition_names_what_is_written(
    survey: Survey, parameters: SimulationParameters, definition: AreaBaseDefinition
) -> None:
    geography = parameters.geography
    assert geography is not None
    assert definition.simulated
    assert tuple(definition.vintages) == geography.years
    stated = {
        variable: tuple(published.level for published in margin.published)
        for variable, margin in definition.margins.items()
    }
    assert stated == geography.published
    for variable, margin in definition.margins.items():
        levels = survey.questionnaire.levels(variable)
        assert margin.levels == tuple(level.code for level in levels)


@pytest.mark.parametrize("year", [2025, 2026])
def test_the_base_is_read_as_it_was_written(
    definition: AreaBaseDefinition, parameters: SimulationParameters, written: Path, year: int
) -> None:
    base = read_area_base(definition, year, written / str(year))
    areas = pd.read_csv(written / str(year) / "areas.csv").set_index("pc6")
    read = base.areas.set_index("pc6")
    assert len(read) == len(areas) == pytest.approx(26_300, rel=0.01)
    for column in ("residents", "inhabitants", "addresses", "municipality", "wijk"):
        assert (read[column] == areas.loc[read.index, column]).all()
    towns = {place.code: place.nl for place in parameters.municipalities}
    if year == 2026:
        assert dict(base.names["municipality"]) == towns
    else:
        assert set(towns) - set(base.names["municipality"]) == {"g05"}
        assert len(base.names["municipality"]) == 13
    counts = base.margins["age6"].counts
    known = ~np.isnan(counts).any(axis=1) & (read["residents"].to_numpy() >= 20)
    assert known.mean() > 0.6
    error = counts[known].sum(axis=1) / read["residents"].to_numpy()[known]
    assert error.mean() == pytest.approx(1, abs=0.05)


def test_the_merger_is_found_from_the_postcodes(
    definition: AreaBaseDefinition, parameters: SimulationParameters, written: Path
) -> None:
    first, second = (
        read_area_base(definition, year, written / str(year)).areas for year in (2025, 2026)
    )
    merged = compare_areas(first, second).of_kind("merged", "municipality")
    meant = {
        (before.code, place.code) for place in parameters.municipalities for before in place.before
    }
    assert len(meant) == 2
    assert set(zip(merged["before"], merged["after"], strict=True)) == meant


def test_shares_differ_between_places_as_areas_do(written: Path) -> None:
    """Profiles differ more between streets than between municipalities."""
    spreads = []
    for level in ("municipality", "pc4", "pc6"):
        name = f"truth-{level}" + (".parquet" if level == "pc6" else ".csv")
        read = pd.read_parquet if level == "pc6" else pd.read_csv
        truth = read(written / "2026" / name)
        truth = truth[truth["residents"] >= 20]
        spreads.append(float(truth.iloc[:, 2:].std().mean()))
    assert 0.015 < spreads[0] < spreads[1] < spreads[2] < 0.12
