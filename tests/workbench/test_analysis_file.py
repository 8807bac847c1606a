"""Exporting a wave: what is in the file, where it may go, and that it is logged."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
from support import explained

from flows.commands.export import export
from flows.edges import open_store
from flows.errors import Refusal
from flows.fingerprint import of_file
from flows.store import Store
from flows.workbench.analysis_file import INTERNAL, export_answers
from flows.workbench.explain_editions import published_numbers


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return explained.processed(tmp_path_factory.mktemp("klein"))


@pytest.fixture
def klein(
    processed: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home of the test's own in which the small survey has one edition."""
    return explained.copied(processed, tmp_path_factory.mktemp("home"), monkeypatch)


@pytest.fixture
def survey(klein: Path) -> Path:
    """The folder of the survey; the settings point to a store where it is processed."""
    return klein / "surveys" / explained.SURVEY


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_holds_who_counts_with_weight_and_profile(survey: Path, tmp_path: Path) -> None:
    done = export_answers(survey, "w1", tmp_path / "x.sav")
    frame, meta = pyreadstat.read_sav(str(tmp_path / "x.sav"), user_missing=True)
    answers, profile = explained.answers()
    kept = answers[answers["status"] == "kept"]
    assert list(frame["respondent"]) == list(kept["respondent"])
    with open_store() as store:
        weighting = store.current_weighting("klein", "w1")
        assert weighting is not None
        weights = store.read_weighting(weighting.id)["weight"]
        (logged,) = store.exports("klein")
    np.testing.assert_array_equal(frame["weight"], weights)
    assert set(frame["base_weight"]) == {1.0}
    known = pd.Series(profile[: len(kept)]).map({"rood": 1.0, "groen": 2.0, "blauw": 3.0})
    known[0] = -91.0
    assert list(frame["profile"]) == list(known)
    assert meta.variable_value_labels["profile"][1.0] == "Profiel rood"
    assert frame["p_rood"].isin([0.7, 0.15]).all()
    assert list(frame["jong"]) == list(np.where(kept["L"] < 45, 1.0, 2.0))
    assert (logged.sha256, logged.rows) == (of_file(tmp_path / "x.sav"), len(kept))
    assert logged.path == str((tmp_path / "x.sav").resolve())
    assert {"W01", "W02_tuin", "weight", "profile", "p_blauw", "jong"} <= set(logged.columns)
    assert done.record == logged
    assert mode(tmp_path / "x.sav") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["x.sav"]


def test_a_published_table_follows_from_the_file(survey: Path, klein: Path, tmp_path: Path) -> None:
    export_answers(survey, "w1", tmp_path / "x.sav")
    frame, _ = pyreadstat.read_sav(str(tmp_path / "x.sav"), user_missing=True)
    numbers = published_numbers(klein / "outputs" / "klein" / "dossiers" / "wijk")
    table = numbers[(numbers["table"] == "W01") & (numbers["statistic"] == "share")]
    assert len(table) > 2
    of = {"rood": [1], "groen": [2], "blauw": [3], "total": [1, 2, 3, -91]}
    for line in table.itertuples():
        base = frame[frame["profile"].isin(of[str(line.column)]) & frame["W01"].between(1, 5)]
        share = base.loc[base["W01"] == float(str(line.answer)), "weight"].sum()
        share /= base["weight"].sum()
        assert line.n == len(base)
        if line.flag != "below":
            assert np.floor(share * 100 + 0.5) / 100 == line.value


def test_a_csv_has_its_codebook_beside_it_and_runs_no_formula(survey: Path, tmp_path: Path) -> None:
    done = export_answers(survey, "w1", tmp_path / "x.csv", language="en")
    assert done.codebook == tmp_path / "x.codebook.csv"
    assert mode(tmp_path / "x.csv") == mode(tmp_path / "x.codebook.csv") == 0o600
    text = (tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()
    assert "'=1+1" in text[1]
    assert "'-" in text[2]
    book = pd.read_csv(tmp_path / "x.codebook.csv", keep_default_na=False)
    assert "Strongly agree" in set(book["value_label"])
    frame = pd.read_csv(tmp_path / "x.csv")
    with open_store() as store:
        weighting = store.current_weighting("klein", "w1")
        assert weighting is not None
        weights = store.read_weighting(weighting.id)["weight"].to_numpy()
    np.testing.assert_allclose(frame["weight"], weights, rtol=1e-15)


def test_the_two_files_hold_the_same(survey: Path, tmp_path: Path) -> None:
    export_answers(survey, "w1", tmp_path / "x.sav")
    export_answers(survey, "w1", tmp_path / "x.csv")
    sav, _ = pyreadstat.read_sav(str(tmp_path / "x.sav"), user_missing=True)
    csv = pd.read_csv(tmp_path / "x.csv")
    assert list(sav.columns) == list(csv.columns)
    for name in sav.columns.drop(["respondent", "W05"]):
        np.testing.assert_allclose(sav[name], csv[name].astype(float), rtol=1e-15)


@pytest.mark.parametrize("folder", ["outputs", "store", "inbox", "outputs/klein/dossiers/wijk"])
def test_it_never_goes_where_the_product_keeps_things(
    folder: str, survey: Path, klein: Path
) -> None:
    place = klein / folder
    place.mkdir(parents=True, exist_ok=True)
    before = sorted(place.iterdir())
    with pytest.raises(Refusal, match=f"lies in the {folder.split('/')[0]} folder"):
        export_answers(survey, "w1", place / "x.sav")
    assert sorted(place.iterdir()) == before


def test_not_by_way_of_a_link_either(survey: Path, klein: Path, tmp_path: Path) -> None:
    (tmp_path / "elders").symlink_to(klein / "outputs")
    with pytest.raises(Refusal, match="lies in the outputs folder"):
        export_answers(survey, "w1", tmp_path / "elders" / "x.sav")


@pytest.mark.parametrize("name", ["x.sav", "x.csv"])
def test_a_file_that_is_there_stays_unless_asked(name: str, survey: Path, tmp_path: Path) -> None:
    there = tmp_path / ("x.sav" if name == "x.sav" else "x.codebook.csv")
    there.write_text("mine", encoding="utf-8")
    with pytest.raises(Refusal, match="is there already"):
        export_answers(survey, "w1", tmp_path / name)
    assert there.read_text(encoding="utf-8") == "mine"
    with open_store() as store:
        assert store.exports("klein") == []
    export_answers(survey, "w1", tmp_path / name, replace=True)
    assert mode(there) == 0o600
    assert there.read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x.xlsx", "a .sav or a .csv"),
        ("x", "a .sav or a .csv"),
        ("nergens/x.sav", "no such folder"),
    ],
)
def test_a_place_that_cannot_be_is_refused(
    name: str, told: str, survey: Path, tmp_path: Path
) -> None:
    with pytest.raises(Refusal, match=told):
        export_answers(survey, "w1", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_wave_that_is_not_there_is_refused(survey: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="has no wave w9"):
        export_answers(survey, "w9", tmp_path / "x.sav")


def test_nothing_half_written_stays_when_writing_fails(
    survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flows.workbench.analysis_file.write_sav", full)
    with pytest.raises(Refusal, match="No space left"):
        export_answers(survey, "w1", tmp_path / "x.sav")
    assert list(tmp_path.iterdir()) == []
    with open_store() as store:
        assert store.exports("klein") == []


def test_a_log_that_cannot_be_written_leaves_no_file(
    survey: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise Refusal("the catalogue is away")

    monkeypatch.setattr(Store, "add_export", away)
    with pytest.raises(Refusal, match="is away"):
        export_answers(survey, "w1", tmp_path / "x.sav")
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_where_it_is_and_that_it_is_internal(
    survey: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(survey, "w1", tmp_path / "x.csv")
    told = capsys.readouterr().out
    assert INTERNAL in told
    assert "392 respondents" in told
    export(survey, "w1", tmp_path / "y.sav", as_json=True)
    entries = json.loads(capsys.readouterr().out)
    assert entries["rows"] == 392
    assert entries["sha256"] == of_file(tmp_path / "y.sav")
