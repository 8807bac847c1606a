"""Writes the suites of surveys to `expectations/snapshots/`: `python -m expectations SURVEY ...`.

Run it when a questionnaire changed on purpose; a test compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

from expectations.suite import SNAPSHOTS, snapshot_text
from flows.definitions import load_survey
from flows.errors import Refusal


def main(folders: list[str]) -> int:
    """Write one snapshot per survey folder; 1 when a survey cannot be used."""
    for folder in folders:
        try:
            survey = load_survey(Path(folder))
        except Refusal as refusal:
            print(refusal, file=sys.stderr)
            return 1
        SNAPSHOTS.mkdir(exist_ok=True)
        target = SNAPSHOTS / f"{survey.code}.json"
        target.write_text(snapshot_text(survey), encoding="utf-8")
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
