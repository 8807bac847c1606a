"""The tidy CSV and the manifest beside the workbooks."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows import fingerprint
from flows.dossiers.errors import DossierError
from flows.dossiers.facts import DossierFacts
from flows.dossiers.manifest import changed_files, manifest, write_manifest
from flows.dossiers.tidy_csv import guarded, write_tables_csv


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "table": ["E07", "E07", "E15"],
            "answer": ["eens", '=cmd|"/c calc"!A1', "twee, met komma"],
            "value": [0.07, np.nan, 0.56],
            "n": [214, 24, 3398],
            "flag": ["", "too_few", None],
        }
    )


def test_the_csv_is_plain_and_guarded(frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "tables.csv"
    write_tables_csv(frame, path)
    assert path.read_bytes().decode("utf-8") == (
        "table,answer,value,n,flag\n"
        "E07,eens,0.07,214,\n"
        'E07,"\'=cmd|""/c calc""!A1",,24,too_few\n'
        'E15,"twee, met komma",0.56,3398,\n'
    )
    again = tmp_path / "again.csv"
    write_tables_csv(frame, again)
    assert again.read_bytes() == path.read_bytes()


def test_negative_numbers_stay_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    write_tables_csv(pd.DataFrame({"value": [-0.5]}), path)
    assert pd.read_csv(path)["value"].tolist() == [-0.5]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\x01=1"])
def test_no_text_is_a_formula(text: str) -> None:
    assert guarded(text).startswith("'")


def test_an_infinite_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DossierError, match="infinite"):
        write_tables_csv(pd.DataFrame({"value": [float("inf")]}), tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(frame: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(DossierError, match="cannot write"):
        write_tables_csv(frame, tmp_path / "nowhere" / "tables.csv")


def test_the_manifest_names_every_file(
    frame: pd.DataFrame, facts: DossierFacts, tmp_path: Path
) -> None:
    write_tables_csv(frame, tmp_path / "tables.csv")
    entries = manifest(
        tmp_path,
        facts,
        content_sha256="c" * 64,
        inputs={"batch": "a" * 64},
        code_version="v",
        run_at="2026-11-02T10:00:00+00:00",
    )
    path = write_manifest(tmp_path, entries)
    read = json.loads(path.read_text(encoding="utf-8"))
    assert read["files"] == {
        "tables.csv": {
            "sha256": fingerprint.of_file(tmp_path / "tables.csv"),
            "bytes": (tmp_path / "tables.csv").stat().st_size,
        }
    }
    assert (read["edition"], read["theme"], read["inputs"]["batch"]) == (3, "energie", "a" * 64)
    assert changed_files(tmp_path) == []
    (tmp_path / "tables.csv").write_text("anders", encoding="utf-8")
    assert changed_files(tmp_path) == ["tables.csv is not the file that was published"]
    (tmp_path / "tables.csv").unlink()
    assert changed_files(tmp_path) == ["tables.csv is missing"]


def test_a_folder_without_manifest_is_told(tmp_path: Path) -> None:
    assert changed_files(tmp_path) == ["manifest.json is missing"]
