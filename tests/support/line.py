"""The command line, run inside the test's process, at a home of the test's own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flows import cli


def at_home(home: Path, patch: pytest.MonkeyPatch) -> None:
    """Point store, outputs and inbox to `home`."""
    for name in ("STORE", "OUTPUTS", "INBOX"):
        patch.setenv(f"THEMADOSSIER_{name}", str(home / name.lower()))


def command(*arguments: object) -> int:
    """Run `themadossier` with these arguments; its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["themadossier", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as stop:
            return int(stop.code or 0)
    return 0
