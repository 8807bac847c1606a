"""The suites of the shipped surveys are those in version control."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from expectations.suite import SNAPSHOTS, snapshot_text
from flows.definitions import load_survey

SURVEYS = sorted(
    path.parent.name
    for path in (Path(__file__).resolve().parents[2] / "surveys").glob("*/survey.yaml")
)


@pytest.mark.parametrize("survey", SURVEYS)
def test_snapshot_is_current(survey: str, surveys: Path) -> None:
    snapshot = SNAPSHOTS / f"{survey}.json"
    current = snapshot_text(load_survey(surveys / survey))
    known = snapshot.read_text(encoding="utf-8") if snapshot.is_file() else ""
    assert known == current, f"on purpose? then run: python -m expectations surveys/{survey}"


def test_no_snapshot_without_a_survey() -> None:
    assert {path.stem for path in SNAPSHOTS.glob("*.json")} <= set(SURVEYS)


def test_importing_starts_no_great_expectations(repository: Path) -> None:
    """Its import takes seconds, which a command that only looks must not pay."""
    code = (
        "import sys, expectations.suite, expectations.validate, flows.ingest.standardise, "
        "flows.ingest.report; sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=repository).returncode == 0
