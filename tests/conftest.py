"""Fixtures every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from support import postgres

import flows  # first: sets the number of BLAS threads before numpy is imported

# Prefect and Great Expectations read these when they are imported.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

# How long an example takes says something of the machine, and nothing of the property.
settings.register_profile("themadossier", deadline=None)
settings.load_profile("themadossier")

REPOSITORY = Path(flows.__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with real flows first: two processes then end at about the same time."""
    slow = {item.path for item in items if "flow" in item.keywords}
    items.sort(key=lambda item: item.path not in slow)


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


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One temporary Prefect server for every test that runs a flow (12-20 s, paid once)."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    with (
        prefect_test_harness(server_startup_timeout=120),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One private PostgreSQL server for the whole session."""
    programs = postgres.find_programs()
    if programs is None:
        if postgres.is_required():
            pytest.fail(f"{postgres.ABSENT}; {postgres.REQUIRED}=1 forbids that")
        pytest.skip(postgres.ABSENT)
    with postgres.private_server(programs) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place with its own store, outputs and inbox; the settings point there."""
    for name in ("STORE", "OUTPUTS", "INBOX"):
        monkeypatch.setenv(f"THEMADOSSIER_{name}", str(tmp_path / name.lower()))
    monkeypatch.delenv("THEMADOSSIER_DATABASE_URL", raising=False)
    monkeypatch.delenv("THEMADOSSIER_PSEUDONYM_KEY", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def klein_processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a small survey has one edition; to be copied, never changed."""
    from support import explained  # imports most of the product

    return explained.processed(tmp_path_factory.mktemp("klein"))


@pytest.fixture
def klein(
    klein_processed: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home of the test's own in which the small survey has one edition."""
    from support import explained

    return explained.copied(klein_processed, tmp_path_factory.mktemp("home"), monkeypatch)
