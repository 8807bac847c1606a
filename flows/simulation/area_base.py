"""Writes the fictional world's figures of areas as the files of a vintage."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pandas as pd

from flows.definitions.survey import Survey
from flows.simulation.checks import check_request
from flows.simulation.errors import SimulationError
from flows.simulation.full_world import full_world
from flows.simulation.parameters import SimulationParameters
from flows.simulation.people import found_society
from flows.simulation.vintage import Vintage, area_vintage, check_year
from flows.simulation.write import swap

Size = Literal["small", "full"]


def write_area_base(
    folder: Path,
    survey: Survey,
    parameters: SimulationParameters,
    year: int,
    size: Size = "small",
) -> list[Path]:
    """Write all files of the vintage `year` into `folder`, replacing it whole; their paths.

    `areas.csv`, `margins-<level>.csv` per published level, `names.csv`, and the truth that no
    reader opens: `truth-pc6.parquet`, `truth-<level>.csv`. `size`: the municipalities of the
    survey, or the generated ones of the full world. Equal arguments give equal bytes. Raises
    `SimulationError` for a year there is not, and a folder that cannot be written.
    """
    if size not in ("small", "full"):
        raise SimulationError(f"there is no {size} world. Ask for the small or the full one.")
    if parameters.geography is None:
        raise SimulationError(
            f"surveys/{survey.code}/simulation.yaml: there is no geography, so there are no "
            "areas to write. Add it."
        )
    check_request(survey, parameters)
    check_year(parameters.geography, year)
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise SimulationError(
            f"{folder}: the files of areas cannot be written there ({error.strerror}). "
            "Choose a folder you may write in."
        ) from None
    try:
        wanted = full_world(parameters) if size == "full" else parameters
        territory = found_society(survey, wanted).territory
        assert territory is not None
        vintage = area_vintage(territory, survey.profiles.codes, year)
        names = [path.name for path in _files(vintage, aside)]
        aside.chmod(0o755)
        swap(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return [folder / name for name in names]


def _files(vintage: Vintage, folder: Path) -> Iterator[Path]:
    yield _csv(vintage.areas, folder / "areas.csv")
    for level, margins in vintage.margins.items():
        yield _csv(margins, folder / f"margins-{level}.csv")
    yield _csv(vintage.names, folder / "names.csv")
    for level, truth in vintage.truth.items():
        if level == "pc6":
            path = folder / f"truth-{level}.parquet"
            truth.to_parquet(path, index=False)
            yield path
        else:
            yield _csv(truth, folder / f"truth-{level}.csv")


def _csv(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
    return path
