"""The command line: what it prints, how it ends, and what it starts."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.line import command

from flows.edges import open_store


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run the command in this process; its exit code, standard output and error."""
    code = command(*arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("survey", ["staat_van_betrokkenheid", "themapanel", "vu2021"])
def test_check_finds_no_fault_in_the_shipped_surveys(
    survey: str, surveys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run("check", str(surveys / survey), capsys=capsys)
    assert (code, err) == (0, "")
    assert "no faults" in out


def test_check_as_json_lists_faults(
    tmp_path: Path, surveys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("themapanel", "targets"):  # a survey and the library it takes its targets from
        shutil.copytree(surveys / part, tmp_path / part)
    weighting = tmp_path / "themapanel" / "weighting.yaml"
    text = weighting.read_text(encoding="utf-8")
    weighting.write_text(text.replace("variable: agesex", "variable: agesexx"), encoding="utf-8")
    code, out, _ = run("check", str(tmp_path / "themapanel"), "--json", capsys=capsys)
    assert code == 1
    (fault,) = json.loads(out)
    assert fault["line"] > 0
    assert "agesexx" in fault["message"]


def test_looking_commands_start_no_prefect_and_check_is_quick(surveys: Path) -> None:
    script = (
        "import sys; sys.argv = ['themadossier', 'check', sys.argv[1]]\n"
        "from flows.cli import main\n"
        "main()\n"
        "heavy = {'prefect', 'great_expectations', 'sqlalchemy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    command = [sys.executable, "-c", script, str(surveys / "themapanel")]
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    # Guards against a heavy import slipping in; the goal itself (2 s) is for a quiet machine.
    assert time.monotonic() - began < 10


def test_usage_errors_end_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("process", capsys=capsys)[0] == 2
    assert run("nonsense", capsys=capsys)[0] == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("check", "surveys/elders"), "there is no such survey folder"),
        (("process", "{s}", "--wave", "w1999", "--responses", "x.csv"), "has no wave w1999"),
        (("process", "{s}", "--wave", "register", "--responses", "x.csv"), "no such file"),
        (("refresh", "water", "--survey", "{s}", "--date", "31-12-2026"), "this is no date"),
        (("deploy",), "No Prefect server is named"),
    ],
)
def test_refusals_are_one_line_and_exit_one(
    arguments: tuple[str, ...],
    told: str,
    surveys: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    panel = str(surveys / "themapanel")
    code, _, err = run(*(a.replace("{s}", panel) for a in arguments), capsys=capsys)
    assert code == 1
    assert told in err
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err


def test_an_outputs_folder_that_cannot_be_written(
    surveys: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "outputs").write_text("a file in the way", encoding="utf-8")
    answers = home / "answers.csv"
    answers.write_text("member\n1\n", encoding="utf-8")
    code, _, err = run(
        "process", str(surveys / "themapanel"), "--wave", "register",
        "--responses", str(answers), capsys=capsys,
    )  # fmt: skip
    assert code == 1
    assert "outputs folder cannot be written" in err
    assert not (home / "store").exists()


@pytest.mark.parametrize("looking", ["status", "quarantine", "store check"])
def test_looking_makes_no_store(
    looking: str, surveys: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = str(surveys / "themapanel")
    arguments = {
        "status": ("status", panel),
        "quarantine": ("quarantine", panel, "--wave", "register"),
        "store check": ("store", "check"),
    }[looking]
    code, _, err = run(*arguments, capsys=capsys)
    assert code == 1
    assert "there is no store yet" in err
    assert not (home / "store").exists()


def test_status_of_an_empty_store(
    surveys: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_store().close()
    code, out, _ = run("status", str(surveys / "themapanel"), capsys=capsys)
    assert code == 0
    assert "Nothing stored" in out
    code, out, _ = run("status", str(surveys / "themapanel"), "--json", capsys=capsys)
    assert json.loads(out) == []


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("--version", capsys=capsys)
    assert code == 0
    assert out.startswith("themadossier 0.")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--compare", "weighting"), 2, "requires 2 arguments"),
        (("--json",), 2, "--json goes with --compare"),
        (("--compare", "weighting", "smal"), 1, "no such weighting scheme"),
        (("--compare", "weighting", "weighting"), 1, "are the same scheme"),
        (("--compare", "weighting", "other"), 1, "there is no store yet"),
    ],
)
def test_comparing_schemes_refuses_what_is_not_there(
    arguments: tuple[str, ...],
    code: int,
    told: str,
    surveys: Path,
    home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(surveys, home / "surveys")
    panel = home / "surveys" / "themapanel"
    shutil.copy(panel / "weighting.yaml", panel / "weighting.other.yaml")
    done = run("weigh", str(panel), "--wave", "register", *arguments, capsys=capsys)
    assert done[0] == code
    assert told in done[2]
    assert "Traceback" not in done[2]
    assert not (home / "store").exists()
