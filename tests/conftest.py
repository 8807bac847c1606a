"""Fixtures every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def surveys(repository: Path) -> Path:
    """The folder with the survey definitions."""
    return repository / "surveys"


@pytest.fixture(scope="session")
def shared_dir(repository: Path) -> Path:
    """The folder with real panel data and reference results.

    Skips where it is absent (a user's machine); fails where it must be there
    (`THEMADOSSIER_REQUIRE_SHARED`, set by .ci/run).
    """
    folder = Path(os.environ.get("SHARED_DIR", repository.parent / "shared"))
    if not (folder / "data").is_dir():
        reason = f"no shared data in {folder.name}/ beside the repository (SHARED_DIR moves it)"
        if os.environ.get("THEMADOSSIER_REQUIRE_SHARED"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
