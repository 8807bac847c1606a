"""What prefect.yaml deploys: entrypoints, parameters, schedule, and runs that wait or refuse."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ruamel.yaml import YAML

from flows.definitions import load_survey
from flows.ingest.flow import new_in_inbox
from flows.survey_wave import next_runs


@pytest.fixture(scope="module")
def prefect_yaml(repository: Path) -> Path:
    return repository / "prefect.yaml"


@pytest.fixture(scope="module")
def deployed(prefect_yaml: Path) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in YAML(typ="safe").load(prefect_yaml)["deployments"]}


def flow_of(deployment: dict[str, Any], repository: Path) -> Any:
    from prefect.flows import load_flow_from_entrypoint

    path, _, name = deployment["entrypoint"].partition(":")
    return load_flow_from_entrypoint(f"{repository / path}:{name}")


def test_no_place_of_one_machine_is_committed(prefect_yaml: Path) -> None:
    text = prefect_yaml.read_text(encoding="utf-8")
    assert "{{ $THEMADOSSIER_HOME }}" in text
    assert not re.search(r"(?<![\w$}])/(home|root|work|usr|tmp|srv|opt)\b|://", text)


@pytest.mark.parametrize("name", ["staat-van-betrokkenheid", "theme-refresh", "postcode-base"])
def test_a_deployment_runs_one_flow_at_a_time(
    name: str, deployed: dict[str, dict[str, Any]], repository: Path, surveys: Path
) -> None:
    deployment = deployed[name]
    assert deployment["concurrency_limit"] == 1
    flow = flow_of(deployment, repository)
    assert flow.timeout_seconds is not None
    assert not flow.persist_result
    load_survey(repository / deployment["parameters"]["survey"])


GOOD: dict[str, list[dict[str, Any]]] = {
    "staat-van-betrokkenheid": [{}, {"wave": "w2026", "responses": ["a.csv"], "on": "2026-06-01"}],
    "theme-refresh": [{"theme": "energie"}, {"theme": "energie", "responses": ["panel=a.csv"]}],
    "postcode-base": [{"year": 2026}, {"year": 2025, "files": "somewhere", "panel": None}],
}
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("staat-van-betrokkenheid", {"wave": 2026}, "2026"),
    ("staat-van-betrokkenheid", {"responses": "a.csv"}, "a.csv"),
    ("theme-refresh", {}, "theme"),
    ("theme-refresh", {"theme": 7}, "7"),
    ("postcode-base", {}, "year"),
    ("postcode-base", {"year": "soon"}, "soon"),
]


def checked(deployment: dict[str, Any], given: dict[str, Any], repository: Path) -> None:
    """Hold parameters against the schema as the server does before a run exists."""
    from prefect.utilities.schema_tools.validation import validate

    schema = flow_of(deployment, repository).parameters.model_dump()
    validate(deployment["parameters"] | given, schema, raise_on_error=True)


@pytest.mark.parametrize("name", GOOD)
def test_the_run_form_takes_good_values(
    name: str, deployed: dict[str, dict[str, Any]], repository: Path
) -> None:
    for given in GOOD[name]:
        checked(deployed[name], given, repository)


@pytest.mark.parametrize(("name", "given", "told"), BAD)
def test_the_run_form_refuses_bad_values(
    name: str,
    given: dict[str, Any],
    told: str,
    deployed: dict[str, dict[str, Any]],
    repository: Path,
) -> None:
    from prefect.utilities.schema_tools.validation import ValidationError

    with pytest.raises(ValidationError, match=told):
        checked(deployed[name], given, repository)


@pytest.mark.parametrize("name", GOOD)
def test_every_parameter_is_explained_in_the_run_form(
    name: str, deployed: dict[str, dict[str, Any]], repository: Path
) -> None:
    for field in flow_of(deployed[name], repository).parameters.properties.values():
        assert len(field["description"]) > 20


def test_the_survey_is_processed_in_june_of_even_years(
    deployed: dict[str, dict[str, Any]],
) -> None:
    (schedule,) = deployed["staat-van-betrokkenheid"]["schedules"]
    assert schedule["active"]
    assert not deployed["theme-refresh"].get("schedules")
    times = next_runs(schedule, datetime(2026, 11, 21, tzinfo=UTC), 6)
    assert [time.year for time in times] == [2028, 2030, 2032, 2034, 2036, 2038]
    for time in times:
        assert (time.month, time.strftime("%a"), time.hour) == (6, "Mon", 6)
        assert time.day <= 7
        assert str(time.tzinfo) == "Europe/Amsterdam"


def test_only_files_that_came_since_are_taken_from_the_inbox(surveys: Path, home: Path) -> None:
    survey = load_survey(surveys / "themapanel")
    wave = survey.wave("w2026_energie")
    inbox = home / "inbox" / survey.code / wave.code
    inbox.mkdir(parents=True)
    (inbox / "answers.csv").write_text("lid_id\n1\n", encoding="utf-8")
    (inbox / "notes.txt").write_text("not answers", encoding="utf-8")
    stored = [SimpleNamespace(part="", created_at=datetime(2020, 1, 1, tzinfo=UTC))]
    later = [SimpleNamespace(part="", created_at=datetime(2999, 1, 1, tzinfo=UTC))]
    assert new_in_inbox(survey, wave) == [str(inbox / "answers.csv")]
    assert new_in_inbox(survey, wave, stored) == [str(inbox / "answers.csv")]  # type: ignore[arg-type]
    assert new_in_inbox(survey, wave, later) == []  # type: ignore[arg-type]


@pytest.mark.flow
@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_run_without_files_ends_as_waiting(
    surveys: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from flows.survey_wave import process_wave

    state = process_wave(str(surveys / "staat_van_betrokkenheid"), return_state=True)
    assert state.name == "Waiting"
    assert state.type.value == "CANCELLED"
    inbox = home / "inbox" / "staat_van_betrokkenheid" / "w2026"
    assert f"Put the .csv or .sav file in {inbox}" in state.message
    assert "Traceback" not in caplog.text


@pytest.mark.flow
@pytest.mark.slow
@pytest.mark.usefixtures("prefect_server")
def test_a_refused_run_says_why_in_one_sentence(
    surveys: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from flows.survey_wave import project_profiles, refresh_theme

    state = refresh_theme("energy", str(surveys / "themapanel"), return_state=True)
    assert (state.name, state.type.value) == ("Refused", "FAILED")
    assert state.message.startswith("themapanel has no theme energy in any wave. Themes: energie")
    answers = home / "inbox" / "themapanel" / "w2026_energie" / "answers.csv"
    answers.parent.mkdir(parents=True)
    answers.write_text("", encoding="utf-8")
    state = refresh_theme("energie", str(surveys / "themapanel"), return_state=True)
    assert state.name == "Refused"
    assert "answers.csv" in state.message
    state = project_profiles(str(surveys / "themapanel"), "fictief", 2026, return_state=True)
    assert state.name == "Refused"
    assert "themapanel has no profile model of its own" in state.message
    assert "Traceback" not in caplog.text


def test_deploy_and_serve_need_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.errors import Refusal
    from flows.survey_wave import deployments

    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refusal, match=r"prefect\.yaml is not here"):
        deployments()


def weigh(surveys: Path, **environment: str) -> tuple[int, str]:
    """Exit code and standard error of the command line, run as a user runs it."""
    inherited = {k: v for k, v in os.environ.items() if k != "PREFECT_API_URL"}
    done = subprocess.run(
        [
            sys.executable, "-m", "flows.cli", "weigh", str(surveys / "themapanel"),
            "--wave", "w2026_energie",
        ],
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )  # fmt: skip
    return done.returncode, done.stderr.strip()


def test_a_server_that_does_not_answer_is_told_in_one_line(surveys: Path, home: Path) -> None:
    code, told = weigh(
        surveys, PREFECT_API_URL="http://127.0.0.1:1/api", PREFECT_HOME=str(home / "prefect")
    )
    assert code == 1
    assert "no Prefect server answers there" in told
    assert len(told.splitlines()) == 1


def test_a_server_that_cannot_start_is_told_in_one_line(surveys: Path, home: Path) -> None:
    in_the_way = home / "file"
    in_the_way.write_text("", encoding="utf-8")
    code, told = weigh(surveys, PREFECT_HOME=str(in_the_way / "prefect"))
    assert code == 1
    assert "Prefect cannot keep its files there" in told
    assert len(told.splitlines()) == 1
