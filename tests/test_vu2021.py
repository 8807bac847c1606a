"""The real panel through the whole line, from its SPSS file and from its CSV."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.line import at_home, command

from flows.definitions import load_survey
from flows.edges import kept_answers, open_store, profiles_of_people, weights_of
from flows.fingerprint import of_file

pytestmark = [pytest.mark.flow, pytest.mark.slow, pytest.mark.shared]


@pytest.fixture(scope="module")
def told(
    shared_dir: Path,
    surveys: Path,
    prefect_server: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Path, str]]:
    """Per file kind: the home in which wave a was processed, and what the terminal said."""
    done = {}
    for kind in ("sav", "csv"):
        home = tmp_path_factory.mktemp(kind)
        file = shared_dir / "data" / "vu2021" / f"vu2021_panel_wave0.{kind}"
        said = home / "said.txt"
        with pytest.MonkeyPatch.context() as patch, said.open("w", encoding="utf-8") as stream:
            at_home(home, patch)
            patch.setattr("flows.progress.console.file", stream)
            assert (
                command(
                    "process", surveys / "vu2021", "--wave", "w2021a",
                    "--responses", file, "--date", "2021-03-01",
                )
                == 0
            )  # fmt: skip
        done[kind] = (home, said.read_text(encoding="utf-8"))
    return done


def test_it_says_who_was_left_out_and_how_steady_the_profiles_are(
    told: dict[str, tuple[Path, str]], shared_dir: Path
) -> None:
    raw = pd.read_csv(shared_dir / "data" / "vu2021" / "vu2021_panel_wave0.csv")
    items = raw.filter(regex=r"^F[12]_\d+$").drop(columns="F1_11", errors="ignore")
    answered = raw[items.notna().any(axis=1)]
    speeders = answered["duration_min"] < answered["duration_min"].median() / 3
    assert (len(raw), len(answered)) == (2171, 1931)
    for _, said in told.values():
        assert f"{len(raw):,} read" in said
        assert f"{len(raw) - len(answered)} no answers" in said
        assert f"{speeders.sum()} speeder" in said
        assert f"{len(answered) - speeders.sum():,} kept" in said
        assert re.search(r"bootstrap ARI median 0\.\d\d", said)


def test_csv_and_sav_give_the_same_dossier(told: dict[str, tuple[Path, str]]) -> None:
    folders = [home / "outputs/vu2021/dossiers/politiek" for home, _ in told.values()]
    for name in ("tables.csv", "nederland.xlsx", "nederland.en.xlsx"):
        first, second = (of_file(folder / name) for folder in folders)
        assert first == second, name


def test_weights_meet_every_margin(told: dict[str, tuple[Path, str]], surveys: Path) -> None:
    home, _ = told["sav"]
    report = home / "outputs/vu2021/reports/w2021a/weighting.json"
    weighting = json.loads(report.read_text(encoding="utf-8"))
    assert {margin["margin"] for margin in weighting["margins"]} == {"agesex", "edu3", "region"}
    for margin in weighting["margins"]:
        for level in margin["levels"]:
            assert level["after"] == pytest.approx(level["target"], rel=1e-6)


def test_profiles_are_ordered_by_trust(
    told: dict[str, tuple[Path, str]], surveys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = told["sav"]
    at_home(home, monkeypatch)
    survey = load_survey(surveys / "vu2021")
    wave = survey.wave("w2021a")
    with open_store() as store:
        answers = kept_answers(store, survey, wave)
        weights = weights_of(store, survey, wave, answers)
        profiles = profiles_of_people(store, survey, wave, answers)
    columns = [c.name for c in survey.questionnaire.columns("w2021a") if c.question.code == "F2"]
    trust = answers[columns].apply(lambda c: pd.to_numeric(c.astype(str), errors="coerce"))
    place = trust.sub(trust.mean()).div(trust.std()).mean(axis=1)
    known = place.notna().to_numpy()
    means = [
        np.average(place[known & (profiles == code)], weights=weights[known & (profiles == code)])
        for code in survey.profiles.codes
    ]
    assert len(means) == 8
    assert np.all(np.diff(means) > 0), means
