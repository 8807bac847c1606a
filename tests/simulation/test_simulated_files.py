"""Same seed, same bytes; written whole or not at all; labelled SPSS."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from flows.definitions.survey import Survey
from flows.simulation.errors import SimulationError
from flows.simulation.parameters import SimulationParameters
from flows.simulation.simulate import Simulation, simulate
from flows.simulation.write import write_simulation


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes(
    simulation: Simulation,
    model_survey: Survey,
    theme_survey: Survey,
    model_parameters: SimulationParameters,
    theme_parameters: SimulationParameters,
    tmp_path: Path,
) -> None:
    again = simulate(model_survey, theme_survey, model_parameters, theme_parameters)
    write_simulation(simulation, tmp_path / "a")
    write_simulation(again, tmp_path / "b")
    first, second = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert first.keys() == second.keys()
    assert first == second
    other = model_parameters.model_copy(update={"seed": 99})
    changed = simulate(model_survey, theme_survey, other, theme_parameters, scale=0.2)
    assert not changed.fieldworks[0].file.equals(again.fieldworks[0].file)


def test_the_files_of_a_delivery(simulation: Simulation, tmp_path: Path) -> None:
    paths = write_simulation(simulation, tmp_path / "new" / "inbox")
    assert all(path.is_file() for path in paths)
    names = {path.relative_to(tmp_path / "new" / "inbox").as_posix() for path in paths}
    assert {"state/w2024.csv", "state/w2026.csv", "state/w2026.sav", "panel/register.csv"} <= names
    assert {"panel/truth-w2026_warmte.csv", "world.csv", "world.json"} <= names
    back = pd.read_csv(
        tmp_path / "new" / "inbox" / "state" / "w2026.csv", dtype=str, keep_default_na=False
    )
    assert back.equals(simulation.fieldwork("state", "w2026").file)


def test_an_older_folder_is_replaced_whole(simulation: Simulation, tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "old.csv").write_text("old")
    write_simulation(simulation, folder)
    assert not (folder / "old.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["inbox"]


def test_a_failure_leaves_the_older_folder(
    simulation: Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "old.csv").write_text("old")

    def fails(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.simulation.write.write_sav", fails)
    with pytest.raises(KeyboardInterrupt):
        write_simulation(simulation, folder)
    assert (folder / "old.csv").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["inbox"]


def test_a_folder_that_cannot_be_written_is_refused(simulation: Simulation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SimulationError, match="cannot be written"):
        write_simulation(simulation, tmp_path / "file" / "inbox")


def test_the_sav_has_labels_and_the_same_answers(simulation: Simulation, tmp_path: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat", reason="the extra spss is not installed")
    write_simulation(simulation, tmp_path / "inbox")
    frame, meta = pyreadstat.read_sav(str(tmp_path / "inbox" / "state" / "w2026.sav"))
    file = simulation.fieldwork("state", "w2026").file
    assert list(frame) == list(file)
    assert meta.column_names_to_labels["K01_b"] == "zakkenvullers"
    assert meta.variable_value_labels["school"][7.0] == "niveau 7"
    assert str(meta.creation_time.date()) == "2026-03-22"
    given = pd.to_numeric(file["years"])
    assert frame["years"].to_numpy() == pytest.approx(given.to_numpy(), nan_ok=True)
    assert (frame["nr"] == file["nr"]).all()
