"""The command `trend`: what it passes on, and what it prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from flows.commands.trend import trend
from flows.edges import Done


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    seen: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def take(*given: Any, **named: Any) -> Done:
        seen.append((given, named))
        return Done((), ("two waves compared", "Page: x.html"))

    monkeypatch.setattr("flows.workbench.theme_trend.theme_trend", take)
    return seen


def run(*words: str) -> str:
    app = typer.Typer()
    app.command()(trend)
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_it_passes_on(calls: list[tuple[tuple[Any, ...], dict[str, Any]]]) -> None:
    said = run(
        "surveys/one", "--from", "w1", "--to", "w2", "--profiles-from", "F1, I1", "--internal"
    )
    assert said.splitlines() == ["two waves compared", "Page: x.html"]
    run(
        "surveys/one",
        "--from",
        "w1",
        "--to",
        "w2",
        "--theme",
        "safe",
        "--same-people",
        "--language",
        "en",
    )
    (first, options), (second, others) = calls
    assert first == (Path("surveys/one"), "w1", "w2", None)
    assert options["profiles_from"] == ("F1", "I1")
    assert options["internal"]
    assert (options["language"], others["language"]) == ("nl", "en")
    assert not options["same_people"]
    assert not options["test_reworded"]
    assert second[3] == "safe"
    assert others["profiles_from"] == ()
    assert others["same_people"]
    assert not others["internal"]
