"""The whole product as a table of contents: answers in, theme dossiers out.

`process_wave` reads top to bottom as the line a wave goes through. `refresh_theme` does the
same for one theme. Ids go from stage to stage, never frames.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow

from flows.crosstabs.flow import tabulate_wave
from flows.definitions import Survey, load_survey
from flows.dossiers.flow import publish_dossiers
from flows.edges import Done, find_wave, open_store
from flows.errors import Refusal, Waiting
from flows.ingest.flow import ingest_responses
from flows.profiles.flow import type_respondents
from flows.progress import stage
from flows.weighting.flow import weigh_wave

STAGES = 5


@flow(name="process-wave", flow_run_name="{survey}-{wave}")
def process_wave(
    survey: str,
    wave: str | None = None,
    responses: list[str] | None = None,
    on: date | None = None,
) -> Done:
    """Take one wave from answers to dossiers.

    Args:
        survey: folder of the survey's definition.
        wave: code of the wave; without it (a scheduled run) the latest wave whose field
            period has closed and that has no dossier yet.
        responses: files with answers; without them, those in the inbox.
        on: date of the editions; default today.
    """
    definition = load_survey(Path(survey))
    day = on or date.today()
    code = wave or unprocessed_wave(definition, day)
    return _whole_line(definition, survey, code, responses, None, day)


@flow(name="refresh-theme", flow_run_name="{theme}")
def refresh_theme(
    theme: str,
    survey: str,
    responses: list[str] | None = None,
    on: date | None = None,
) -> Done:
    """Refresh the dossier of one theme from its latest wave; the model is never refitted.

    Args:
        theme: code of the theme.
        survey: folder of the survey's definition.
        responses: files with answers; without them, those stored before.
        on: date of the edition; default today.
    """
    definition = load_survey(Path(survey))
    waves = [w for w in definition.info.waves if theme in w.themes]
    if not waves:
        themes = ", ".join(plan.code for plan in definition.dossier.themes)
        raise Refusal(f"{definition.code} has no theme {theme} in any wave. Themes: {themes}.")
    latest = max(waves, key=lambda w: w.field.end)
    return _whole_line(definition, survey, latest.code, responses, theme, on or date.today())


def _whole_line(
    survey: Survey,
    folder: str,
    wave: str,
    responses: list[str] | None,
    theme: str | None,
    day: date,
) -> Done:
    find_wave(survey, wave)
    with stage(1, STAGES, "Answers") as answers:
        if responses or not _is_stored(survey, wave):
            for line in ingest_responses(folder, wave, responses).lines:
                answers.say(line)
        else:
            answers.say("no new file: the answers in the store are used")
    with stage(2, STAGES, "Weights") as weights:
        for line in weigh_wave(folder, wave).lines:
            weights.say(line)
    with stage(3, STAGES, "Profiles") as profiles:
        for line in type_respondents(folder, wave).lines:
            profiles.say(line)
    return tabulate_and_publish(folder, wave, [theme] if theme else None, day)


def tabulate_and_publish(folder: str, wave: str, themes: list[str] | None, day: date) -> Done:
    """The last two stages: tables per theme, then their dossiers."""
    with stage(4, STAGES, "Tables") as tables:
        tabulated = tabulate_wave(folder, wave, themes)
        for line in tabulated.lines:
            tables.say(line)
    with stage(5, STAGES, "Dossiers") as dossiers:
        done = publish_dossiers(folder, wave, list(tabulated.ids), day)
        for line in done.lines:
            dossiers.say(line)
    return Done(ids=done.ids, dossiers=done.dossiers)


def unprocessed_wave(survey: Survey, day: date) -> str:
    """The latest closed wave with a theme of which no edition is as new as that wave."""
    ends = {wave.code: wave.field.end for wave in survey.info.waves}
    with open_store() as store:
        for wave in sorted(survey.info.waves, key=lambda w: w.field.end, reverse=True):
            editions = [store.latest_edition(survey.code, theme) for theme in wave.themes]
            if wave.field.end < day and any(
                edition is None or ends.get(edition.wave, wave.field.end) < wave.field.end
                for edition in editions
            ):
                return wave.code
    raise Waiting(
        f"{survey.code}: every wave whose field period has closed is processed. "
        "Add the next wave to survey.yaml, or name one with --wave."
    )


def _is_stored(survey: Survey, wave: str) -> bool:
    with open_store() as store:
        return bool(store.current_batches(survey.code, wave))


def serve_deployments() -> None:
    """Run what prefect.yaml deploys from this process, until stopped."""
    from prefect import serve
    from prefect.client.schemas.schedules import RRuleSchedule
    from ruamel.yaml import YAML

    flows: dict[str, Any] = {"process_wave": process_wave, "refresh_theme": refresh_theme}
    served = []
    for deployment in YAML(typ="safe").load(Path("prefect.yaml"))["deployments"]:
        work = flows[deployment["entrypoint"].rpartition(":")[2]]
        served.append(
            work.to_deployment(
                name=deployment["name"],
                description=deployment["description"],
                parameters=deployment["parameters"],
                schedules=[
                    RRuleSchedule(rrule=schedule["rrule"], timezone=schedule["timezone"])
                    for schedule in deployment.get("schedules", ())
                ],
            )
        )
    serve(*served)
