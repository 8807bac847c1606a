"""The command `plan`: what a fieldwork of a given size will be able to tell."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import JsonOption, SurveyArgument, print_rows
from flows.errors import Refusal

if TYPE_CHECKING:
    from flows.crosstabs.plan import FieldPlan
    from flows.definitions import Survey


def plan(
    survey: SurveyArgument,
    respondents: Annotated[
        int, typer.Option("--respondents", min=1, help="people who will answer and count")
    ],
    wave: Annotated[
        str | None,
        typer.Option("--wave", help="wave to plan by; default the latest with tables"),
    ] = None,
    theme: Annotated[str | None, typer.Option("--theme", help="only this theme's tables")] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how many people of each profile a fieldwork gives, and what differences it finds."""
    from flows.crosstabs.plan import plan_fieldwork
    from flows.definitions import load_survey
    from flows.edges import existing_store, find_wave

    definition = load_survey(survey)
    waves = [find_wave(definition, wave).code] if wave else _newest_first(definition)
    with existing_store() as store:
        for code in waves:
            runs = [
                run
                for run in store.current_table_runs(definition.code, code)
                if theme in (None, run.theme)
            ]
            if runs:
                break
        else:
            raise Refusal(
                f"{definition.code}{''.join(f' {each}' for each in (wave, theme) if each)} has no "
                "tables yet to plan by. Process a wave first: themadossier process "
                f"{survey} --wave {waves[0] if waves else 'W'} --responses FILE"
            )
        found = [
            plan_fieldwork(
                store.read_table_run(run.id),
                int(run.summary["respondents"]),
                respondents,
                definition.dossier.publication,
            )
            for run in runs
        ]
    themes = [run.theme for run in runs]
    if as_json:
        result = [
            {"wave": code, "theme": name} | asdict(one)
            for name, one in zip(themes, found, strict=True)
        ]
        print(json.dumps(_without_nan(result), indent=2, ensure_ascii=False))
        return
    for name, one in zip(themes, found, strict=True):
        _print(definition, code, name, one)
    print(
        "Differences: with all others, about a share of a half, found 4 times in 5; corrected: "
        "among all tests of a table.\nMarks also need "
        f"{definition.dossier.publication.minimum_points:g} points. Chance only, as if the same "
        "kind of people answer as before."
    )


_MOST = 0.5
"""A share of a half cannot be further off."""


def _newest_first(survey: Survey) -> list[str]:
    waves = sorted(survey.info.waves, key=lambda each: each.field.end, reverse=True)
    return [each.code for each in waves if each.themes]


def _print(survey: Survey, wave: str, theme: str, one: FieldPlan) -> None:
    names = {profile.code: profile.nl for profile in survey.profiles.profiles}
    print(f"{theme}, {one.respondents:,} respondents, as {wave} ({one.like:,} people):")
    print_rows(
        [
            {
                "profile": names.get(each.profile, each.profile),
                "n": f"{each.n:,.0f}",
                "range": f"{each.n_low:,}-{each.n_high:,}",
                "n_eff": f"{each.n_eff:,.0f}",
                "margin_(points)": _points(each.margin),
                "difference": _points(each.difference),
                "corrected": _points(each.difference_corrected),
                "tables_shown": f"{each.tables:.0%}",
                "not_indicative": f"{each.firm:.0%}",
            }
            for each in one.profiles
        ]
    )
    print(
        f"{one.whole_tables:.0%} of {one.tables} tables show every profile; {one.cells:.1%} of the "
        "cells are hidden for their size, before complements."
    )
    if one.enough is not None:
        print(f"Every profile in every table: from about {one.enough:,} respondents.")
    print()


def _points(share: float) -> str | None:
    if not math.isfinite(share):
        return None
    return f"{share * 100:.1f}" if share < _MOST else f"over {_MOST * 100:.0f}"


def _without_nan(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return value
