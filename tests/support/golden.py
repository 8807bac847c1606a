"""The folder with reference results (GOLDEN_DIR, by default ../shared/golden)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("GOLDEN_DIR", REPOSITORY.parent / "shared" / "golden"))

Case = dict[str, Any]


def load_golden(wanted: Callable[[str], bool]) -> tuple[list[Case], dict[str, Any]]:
    """The cases whose kind is wanted, and the data sets they are about.

    Skips the calling module where the folder is absent; fails where it must be there.
    """
    if not (FOLDER / "cases.json").is_file():
        reason = f"no golden results in {FOLDER.name}/ (GOLDEN_DIR moves it)"
        if os.environ.get("THEMADOSSIER_REQUIRE_SHARED"):
            raise FileNotFoundError(reason)
        pytest.skip(reason, allow_module_level=True)
    cases = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))["cases"]
    datasets = json.loads((FOLDER / "datasets.json").read_text(encoding="utf-8"))["datasets"]
    return [case for case in cases if wanted(case["kind"])], datasets


def case_id(case: Case) -> str:
    return f"{case['kind']}/{case['id']}"
