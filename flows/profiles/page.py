"""The report of a profile model as one page that works offline, for who accepts the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flows.definitions.questionnaire import Questionnaire
from flows.pages import page_template
from flows.profiles.numbers import STEADY as STEADY_HALVES
from flows.profiles.page_charts import (
    STEP_OF_SHADE,
    DotChart,
    calibration_chart,
    places_chart,
    shade,
    sizes_chart,
    steadiness_chart,
)
from flows.profiles.summary import STEADY_MEDIAN, STEADY_P10


def model_page(
    summary: Mapping[str, Any],
    questionnaire: Questionnaire,
    title: str,
    state: str = "draft",
    *,
    simulated: bool = False,
    research_exercise: bool = False,
    accepted_by: str | None = None,
    accepted_at: datetime | None = None,
    imported: bool = False,
) -> str:
    """Self-contained HTML of a `model_summary` (also one read back from the store).

    `title`: the survey's; `state`: draft or accepted, `accepted_by` and `accepted_at` tell by
    whom and when; `simulated`, `research_exercise`: the page says that it is; `imported`: the
    profiles come from elsewhere. What an earlier version did not put in its summary is left out.
    """
    profiles = summary["profiles"]
    names = [profile["name"]["en"] or profile["name"]["nl"] for profile in profiles]
    axes = list(profiles[0]["places"]) if profiles else []
    variables = list(profiles[0]["demographics"]) if profiles else []
    levels = [
        {
            "variable": questionnaire.label(code)["en"],
            "code": code,
            "levels": [(level.code, level.label["en"]) for level in questionnaire.levels(code)],
        }
        for code in variables
    ]
    typing, numbers = summary.get("typing"), summary.get("numbers")
    return page_template(
        "flows.profiles", "model.html.j2", percent=_percent, signed=_signed
    ).render(
        summary=summary,
        title=title,
        state=state,
        names=names,
        axes=axes,
        demographics=levels,
        simulated=simulated,
        research_exercise=research_exercise,
        imported=imported,
        accepted_by=accepted_by,
        accepted_on=None if accepted_at is None else accepted_at.date().isoformat(),
        unsteady=is_unsteady(summary),
        wanted=STEADY_MEDIAN,
        sizes=sizes_chart(
            names,
            [profile["share"] or 0.0 for profile in profiles],
            [profile.get("low") for profile in profiles],
            [profile.get("high") for profile in profiles],
        )
        if profiles
        else None,
        places=[
            (axis, places_chart(axis, names, [profile["places"][axis] for profile in profiles]))
            for axis in axes
        ],
        heat=_heat(summary),
        shades=STEP_OF_SHADE,
        steadiness=_steadiness(summary),
        numbers=numbers,
        overlap=summary.get("overlap"),
        otherwise=summary.get("otherwise"),
        typing=typing,
        curve=calibration_chart(typing["curve"]) if typing and typing.get("curve") else None,
        confusion=_confusion(typing),
        errors=_errors(typing),
    )


def is_unsteady(summary: Mapping[str, Any]) -> bool:
    """Whether the summary of a model tells that other people would give other profiles."""
    steady = summary.get("steady")
    if steady is not None:
        return not steady
    found = summary.get("stability")
    return found is not None and (
        found["median_ari"] < STEADY_MEDIAN or found["p10_ari"] < STEADY_P10
    )


def _steadiness(summary: Mapping[str, Any]) -> DotChart | None:
    found: list[tuple[str, float, float | None]] = []
    if (steady := summary.get("stability")) is not None:
        drawn = f"{steady['replicates']} resamples"
        found += [
            (f"Bootstrap, median of {drawn}", steady["median_ari"], STEADY_MEDIAN),
            ("Bootstrap, tenth percentile", steady["p10_ari"], STEADY_P10),
        ]
    rows = (summary.get("numbers") or {}).get("rows", ())
    own = next((row for row in rows if row["k"] == len(summary["profiles"])), None)
    if own is not None:
        found.append(("Two halves of the people", own["split_half"], STEADY_HALVES))
    return steadiness_chart(found) if found else None


def _heat(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows of the heat map: text, and per profile the difference and its shade."""
    codes = [profile["code"] for profile in summary["profiles"]]
    return [
        {
            "item": row["item"],
            "text": row["text"]["en"] or row["text"]["nl"],
            "cells": [
                (row["differences"][code], shade(row["differences"][code])) for code in codes
            ],
        }
        for row in summary.get("heat", ())
    ]


def _confusion(typing: Mapping[str, Any] | None) -> list[list[float | None]]:
    """Shares by the full model among who was typed as each row's profile."""
    rows = (typing or {}).get("confusion") or []
    return [[cell / sum(row) if sum(row) > 0 else None for cell in row] for row in rows]


def _errors(typing: Mapping[str, Any] | None) -> list[list[tuple[float, float | None]]]:
    """The classification matrix with its standard errors; empty where it was not kept."""
    if not typing or not typing.get("classification"):
        return []
    errors: Sequence[Sequence[float | None]] = typing.get("classification_se") or [
        [None] * len(row) for row in typing["classification"]
    ]
    return [
        list(zip(row, se, strict=True))
        for row, se in zip(typing["classification"], errors, strict=True)
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _signed(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:+.1f}" if abs(value) >= 0.05 else "0.0"
