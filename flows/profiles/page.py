"""The report of a profile model as one page that works offline, for who accepts the model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from flows.definitions.models import Questionnaire


def model_page(
    summary: Mapping[str, Any],
    questionnaire: Questionnaire,
    title: str,
    state: str = "draft",
    *,
    simulated: bool = False,
) -> str:
    """Self-contained HTML of a `model_summary` (also one read back from the store).

    `title`: the survey's; `state`: draft or accepted; `simulated`: the page says that it is.
    """
    axes = list(summary["profiles"][0]["places"]) if summary["profiles"] else []
    variables = list(summary["profiles"][0]["demographics"]) if summary["profiles"] else []
    levels = [
        {
            "variable": questionnaire.label(code)["en"],
            "code": code,
            "levels": [(level.code, level.label["en"]) for level in questionnaire.levels(code)],
        }
        for code in variables
    ]
    return (
        _environment()
        .get_template("model.html.j2")
        .render(
            summary=summary,
            title=title,
            state=state,
            axes=axes,
            demographics=levels,
            simulated=simulated,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("flows.profiles", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: "–" if share is None else f"{share:.0%}"
    environment.filters["number"] = _number
    environment.filters["signed"] = _signed
    return environment


def _number(value: float | None, decimals: int = 0) -> str:
    return "–" if value is None else f"{value:,.{decimals}f}"


def _signed(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:+.1f}" if abs(value) >= 0.05 else "0.0"
