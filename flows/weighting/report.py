"""The weighting page: what was weighted to what, and what it cost. One HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from jinja2 import Template

from flows.definitions.questionnaire import Questionnaire
from flows.definitions.weighting_plan import WeightingPlan
from flows.pages import page_template
from flows.weighting.charts import histogram_chart, margin_chart, people_chart
from flows.weighting.margins import MISSING_LEVEL

METHODS = {
    "raking": "raking (iterative proportional fitting)",
    "linear": "linear calibration (the regression estimator)",
    "logit": "logit calibration between bounds",
    "poststratify": "poststratification",
}

MOST_BARS = 40
"""So many groups are drawn; more stand in the table only."""

MOST_ROWS = 1500
"""So many levels of groups stand in the page; more in weighting.json only."""


def weighting_page(
    plan: WeightingPlan,
    questionnaire: Questionnaire,
    summary: Mapping[str, Any],
    *,
    title: str,
    wave: str = "",
    profile_names: Mapping[str, str] | None = None,
    simulated: bool = False,
) -> str:
    """A self-contained English page about a weighting; works offline and without colour.

    `summary`: of `weighting_summary`. `title`: the survey's; `wave`: the fieldwork's.
    `profile_names`: labels of the profile codes in the summary. `simulated`: the page says
    that these people do not exist.
    """
    margins = []
    for margin in summary["margins"]:
        levels = named_levels(questionnaire, margin["margin"], margin["levels"])
        label = variable_name(questionnaire, margin["margin"])
        margins.append({**margin, "label": label, "levels": levels, "chart": margin_chart(levels)})
    names = profile_names or {}
    profiles = [{**p, "label": names.get(p["profile"], p["profile"])} for p in summary["profiles"]]
    groups = _groups(plan, questionnaire, summary)
    return template("weighting.html.j2").render(
        title=title,
        wave=wave,
        method=METHODS[summary["method"]],
        plan=plan,
        summary=summary,
        margins=margins,
        group_label=variable_name(questionnaire, plan.groups.variable) if plan.groups else "",
        groups=groups,
        group_chart=people_chart(groups, "groups") if 0 < len(groups) <= MOST_BARS else None,
        group_levels=_group_levels(questionnaire, groups),
        merged=_merged(plan, questionnaire, summary),
        histogram=histogram_chart(**summary["histogram"]),
        g_histogram=histogram_chart(**summary["g_histogram"], what="g-weights", unit=""),
        profiles=profiles,
        profile_names=names,
        profile_chart=people_chart(profiles, "profiles") if profiles else None,
        simulated=simulated,
    )  # fmt: skip


def _groups(
    plan: WeightingPlan, questionnaire: Questionnaire, summary: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The groups by name, with the level that was farthest from its target before weighting."""
    if plan.groups is None:
        return []
    names = level_names(questionnaire, plan.groups.variable)
    result = []
    for group in summary["groups"]:
        gap, where = max(
            (
                (abs(level["target"] - level["before"]), (margin["margin"], level))
                for margin in group["margins"]
                for level in margin["levels"]
            ),
            key=lambda pair: pair[0],
        )
        farthest = named_levels(questionnaire, where[0], [where[1]])[0]
        joined = [names.get(code, code) for code in group["joined"]]
        result.append(
            {
                **group,
                "label": names.get(group["group"], group["group"]),
                "joined": joined,
                "gap": gap,
                "farthest": farthest,
            }
        )
    return result


def _group_levels(
    questionnaire: Questionnaire, groups: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Every level of every group; empty where that is more than a page should hold."""
    rows = [
        {**level, "group": group["label"], "margin": variable_name(questionnaire, name["margin"])}
        for group in groups
        for name in group["margins"]
        for level in named_levels(questionnaire, name["margin"], name["levels"])
    ]
    return rows if len(rows) <= MOST_ROWS else []


def _merged(
    plan: WeightingPlan, questionnaire: Questionnaire, summary: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The joined groups and the merged levels, by name."""
    places = level_names(questionnaire, plan.groups.variable) if plan.groups else {}
    rows = [
        {
            "what": variable_name(questionnaire, plan.groups.variable) if plan.groups else "",
            "group": "",
            "level": places.get(joined["group"], joined["group"]),
            "into": places.get(joined["into"], joined["into"]),
            "n": joined["n"],
        }
        for joined in summary["joined"]
    ]
    for collapsed in summary["collapsed"]:
        names = level_names(questionnaire, collapsed["margin"])
        rows.append(
            {
                "what": variable_name(questionnaire, collapsed["margin"]),
                "group": places.get(collapsed["group"], collapsed["group"] or ""),
                "level": names.get(collapsed["level"], collapsed["level"]),
                "into": names.get(collapsed["into"], collapsed["into"]),
                "n": collapsed["n"],
            }
        )
    return rows


def template(name: str) -> Template:
    """One of the stage's page templates."""
    return page_template("flows.weighting", name, percent=_percent, day=_day)


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def variable_name(questionnaire: Questionnaire, variable: str) -> str:
    """English name of a margin; its code where the questionnaire has no such variable."""
    try:
        return questionnaire.label(variable)["en"]
    except KeyError:
        return variable


def named_levels(
    questionnaire: Questionnaire, variable: str, levels: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The levels with a label; a merged level has the names of both."""
    names = level_names(questionnaire, variable)
    return [
        {
            **level,
            "label": " + ".join(names.get(code, code) for code in level["level"].split(" + ")),
        }
        for level in levels
    ]


def level_names(questionnaire: Questionnaire, variable: str) -> dict[str, str]:
    """English names of a margin's levels, by code."""
    try:
        levels = questionnaire.levels(variable)
    except KeyError:
        levels = ()
    return {level.code: level.label["en"] for level in levels} | {MISSING_LEVEL: "No answer"}
