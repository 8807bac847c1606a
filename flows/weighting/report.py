"""The weighting page: what was weighted to what, and what it cost. One HTML file."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from flows.definitions.models import Questionnaire, WeightingPlan
from flows.weighting.charts import histogram_chart, margin_chart
from flows.weighting.margins import MISSING_LEVEL
from flows.weighting.result import Weighting

METHODS = {
    "raking": "raking (iterative proportional fitting)",
    "linear": "linear calibration (the regression estimator)",
    "logit": "logit calibration between bounds",
    "poststratify": "poststratification",
}


def weighting_page(
    weighting: Weighting,
    plan: WeightingPlan,
    questionnaire: Questionnaire,
    summary: dict[str, Any],
    *,
    title: str,
    wave: str = "",
    profile_names: dict[str, str] | None = None,
    simulated: bool = False,
) -> str:
    """A self-contained English page about a weighting; works offline and without colour.

    `summary`: of `weighting_summary`. `title`: the survey's; `wave`: the fieldwork's.
    `profile_names`: labels of the profile codes in the summary. `simulated`: the page says
    that these people do not exist.
    """
    margins = []
    for margin in summary["margins"]:
        names = level_names(questionnaire, margin["margin"])
        levels = [
            {**level, "label": names.get(level["level"], level["level"])}
            for level in margin["levels"]
        ]
        margins.append(
            {
                **margin,
                "label": variable_name(questionnaire, margin["margin"]),
                "levels": levels,
                "chart": margin_chart(levels),
            }
        )
    return _environment().get_template("weighting.html.j2").render(
        title=title,
        wave=wave,
        method=METHODS[weighting.method],
        plan=plan,
        summary=summary,
        margins=margins,
        histogram=histogram_chart(**summary["histogram"]),
        profile_names=profile_names or {},
        simulated=simulated,
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("flows.weighting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share: f"{share:.1%}"
    environment.filters["number"] = lambda value, decimals=0: f"{value:,.{decimals}f}"
    environment.filters["day"] = _day
    return environment


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def variable_name(questionnaire: Questionnaire, variable: str) -> str:
    """English name of a margin; its code where the questionnaire has no such variable."""
    try:
        return questionnaire.label(variable)["en"]
    except KeyError:
        return variable


def level_names(questionnaire: Questionnaire, variable: str) -> dict[str, str]:
    """English names of a margin's levels, by code."""
    try:
        levels = questionnaire.levels(variable)
    except KeyError:
        levels = ()
    return {level.code: level.label["en"] for level in levels} | {MISSING_LEVEL: "No answer"}
