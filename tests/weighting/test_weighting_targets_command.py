"""`themadossier targets`: makes a table or lists them, says what it did, refuses in a line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import cbs_samples as cbs
from support.line import command

RECIPE = """\
table: proef
title: {nl: Inwoners, en: Residents}
source: CBS
reference_date: 2021-01-01
files: {population: pc4.csv}
ages:
  - {code: jong, nl: jong, low: 0, high: 17}
  - {code: oud, nl: oud, low: 18}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cbs.write(tmp_path, "pc4.csv", cbs.POPULATION)
    cbs.write(tmp_path, "recipe.yaml", RECIPE)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = command("targets", *map(str, arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_a_table_is_made_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = (folder / "recipe.yaml", "--from", folder, "--library", folder / "targets")
    code, out, _ = run(capsys, *asked)
    assert code == 0
    assert "proef: 310 people in 1 area and 2 levels" in out
    assert f"Written: {folder / 'targets' / 'proef.yaml'}" in out
    assert out.splitlines()[-1].startswith("Next: ")
    code, out, _ = run(capsys, *asked)
    assert "Unchanged: " in out
    code, out, _ = run(capsys, "--library", folder / "targets", "--json")
    assert json.loads(out)[0]["levels"] == 2


def test_a_table_that_differs_is_replaced_only_when_asked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (folder / "recipe.yaml", "--from", folder, "--library", folder / "targets")
    run(capsys, *asked)
    before = (folder / "targets" / "proef.yaml").read_bytes()
    cbs.write(folder, "pc4.csv", cbs.POPULATION.replace("100,50,55", "100,50,50"))
    code, _, err = run(capsys, *asked)
    assert (code, len(err.splitlines())) == (1, 1)
    assert "differs" in err
    assert (folder / "targets" / "proef.yaml").read_bytes() == before
    code, out, _ = run(capsys, *asked, "--replace", "--json")
    assert code == 0
    assert json.loads(out)["total"] == 305


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("recipe.yaml",), "--from is missing"),
        (("elders.yaml", "--from", "."), "there is no such recipe"),
        (("recipe.yaml", "--from", "elders"), "there is no such folder"),
        (("pc4.csv", "--from", "."), "pc4.csv:0|pc4.csv"),
        (("--library", "elders"), "there are no target tables"),
    ],
)
def test_refusals_are_one_line_and_write_nothing(
    folder: Path,
    arguments: tuple[str, ...],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (1, "")
    assert told.split("|")[-1] in err
    assert "Traceback" not in err
    assert sorted(path.name for path in folder.iterdir()) == ["pc4.csv", "recipe.yaml"]


def test_it_starts_no_prefect(folder: Path, surveys: Path) -> None:
    script = (
        "import sys; from flows import cli; sys.argv = ['themadossier', *sys.argv[1:]]; cli.main()"
        "; sys.exit(any(m.split('.')[0] == 'prefect' for m in sys.modules))"
    )
    asked = ["targets", folder / "recipe.yaml", "--from", folder, "--library", folder / "t"]
    subprocess.run([sys.executable, "-c", script, *map(str, asked)], check=True)
    shutil.rmtree(folder / "t")
