"""The whole product as a table of contents: answers in, theme dossiers out.

`process_wave` reads top to bottom as the line a wave goes through. `refresh_theme` does the
same for one theme. Ids go from stage to stage, never frames.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, cast
from zoneinfo import ZoneInfo

from prefect import flow, get_run_logger, runtime
from prefect.states import Cancelled, Failed

from flows.crosstabs.flow import tabulate_wave
from flows.definitions import Survey, load_survey
from flows.dossiers.flow import publish_dossiers
from flows.edges import Done, find_wave, open_store
from flows.errors import Refusal, Waiting
from flows.ingest.flow import files_of, ingest_responses, new_in_inbox
from flows.profiles.flow import project_areas_of_base, type_respondents
from flows.progress import stage, without_tracebacks
from flows.weighting.flow import report_weights, weigh_wave, weigh_with_composition

STAGES = 5
LIMIT = 6 * 3600  # seconds; the largest wave takes minutes, and a run that hangs blocks the next
P = ParamSpec("P")


def told(work: Callable[P, Done]) -> Callable[P, Done]:
    """End a run that is refused, or has to wait, in a state that says why in one sentence.

    Called in a program the flow still raises; on a server no traceback stands in its log.
    """

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> Done:
        without_tracebacks("prefect.flow_runs", "prefect.task_runs", "prefect.engine")
        try:
            return work(*args, **kwargs)
        except Waiting as waiting:
            ended: Any = Cancelled(name="Waiting", message=str(waiting), data=waiting)
        except Refusal as refusal:
            ended = Failed(name="Refused", message=str(refusal), data=refusal)
        get_run_logger().warning("%s: %s", ended.name, ended.message)
        return cast(Done, ended)

    return run


def run_name() -> str:
    """Theme or wave, and the survey: how a run is called in the lists of the server."""
    given = runtime.flow_run.parameters
    what = given.get("theme") or given.get("wave") or "next wave"
    return f"{what} ({Path(given['survey']).name})"


@flow(name="process-wave", flow_run_name=run_name, timeout_seconds=LIMIT)
@told
def process_wave(
    survey: str,
    wave: str | None = None,
    responses: list[str] | None = None,
    on: date | None = None,
) -> Done:
    """Take one wave from answers to dossiers.

    Args:
        survey: Folder of the survey's definition, e.g. surveys/staat_van_betrokkenheid.
        wave: Code of the wave, e.g. w2026. Left empty: the latest wave whose field period has
            closed and that has no dossier yet.
        responses: Files with answers (.csv or .sav), as paths on the machine that runs the
            work. Left empty: new files in the inbox, or else the answers stored before.
        on: Date that the edition bears. Left empty: today.
    """
    definition = load_survey(Path(survey))
    day = on or date.today()
    code = wave or unprocessed_wave(definition, day)
    return _whole_line(definition, survey, code, responses, None, day)


@flow(name="refresh-theme", flow_run_name=run_name, timeout_seconds=LIMIT)
@told
def refresh_theme(
    theme: str,
    survey: str,
    responses: list[str] | None = None,
    on: date | None = None,
) -> Done:
    """Refresh the dossier of one theme from its latest wave; the model is never refitted.

    Args:
        theme: Code of the theme as in dossier.yaml, e.g. energie.
        survey: Folder of the survey's definition, e.g. surveys/themapanel.
        responses: Files with answers (.csv or .sav), as paths on the machine that runs the
            work. Left empty: new files in the inbox, or else the answers stored before.
        on: Date that the edition bears. Left empty: today.
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
    defined, tell = find_wave(survey, wave), _tell()
    with stage(1, STAGES, "Answers", tell) as answers:
        with open_store() as store:
            stored = store.current_batches(survey.code, wave)
        files = responses or new_in_inbox(survey, defined, stored)
        if files or not stored:
            files_of(survey, defined, files)
            for line in ingest_responses(folder, wave, files).lines:
                answers.say(line)
        else:
            answers.say("no new file: the answers in the store are used")
    with stage(2, STAGES, "Weights", tell) as weights:
        for line in weigh_wave(folder, wave).lines:
            weights.say(line)
    with stage(3, STAGES, "Profiles", tell) as profiles:
        for line in type_and_report(folder, wave).lines:
            profiles.say(line)
    return tabulate_and_publish(folder, wave, [theme] if theme else None, day)


def type_and_report(folder: str, wave: str) -> Done:
    """Type a wave; its weighting report then tells what each profile counts for.

    A local consultation is then weighted with the area's profile composition as well.
    """
    done = type_respondents(folder, wave)
    report_weights(folder, wave)
    added = weigh_with_composition(folder, wave)
    return Done(done.ids, (*done.lines, *added.lines))


def tabulate_and_publish(folder: str, wave: str, themes: list[str] | None, day: date) -> Done:
    """The last two stages: tables per theme, then their dossiers."""
    tell = _tell()
    with stage(4, STAGES, "Tables", tell) as tables:
        tabulated = tabulate_wave(folder, wave, themes)
        for line in tabulated.lines:
            tables.say(line)
    with stage(5, STAGES, "Dossiers", tell) as dossiers:
        done = publish_dossiers(folder, wave, list(tabulated.ids), day)
        for line in done.lines:
            dossiers.say(line)
    return Done(ids=done.ids, dossiers=done.dossiers)


def _tell() -> Callable[[str], object] | None:
    """The log of a run on a server; None where somebody looks at a terminal."""
    return get_run_logger().info if runtime.deployment.id else None


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


@flow(name="project-profiles", flow_run_name="{base} {year}", timeout_seconds=LIMIT)
@told
def project_profiles(
    survey: str,
    base: str,
    year: int,
    files: str | None = None,
    panel: str | None = None,
    panel_wave: str | None = None,
) -> Done:
    """Make the postcode base of a year: the profile composition of every area, with intervals.

    Args:
        survey: Folder of the survey whose model is projected, e.g. surveys/staat_van_betrokkenheid.
        base: Name of the base of areas, as in surveys/bases.
        year: Vintage of the base, e.g. 2026.
        files: Folder with the files of that vintage, on the machine that runs the work. Left
            empty: areas/<base>/<year> in the inbox.
        panel: Folder of a survey typed by this model, whose members tell how areas differ.
        panel_wave: Wave of that survey which holds its members.
    """
    return project_areas_of_base(survey, base, year, files, panel, panel_wave)


def deployments() -> list[dict[str, Any]]:
    """What prefect.yaml of this folder deploys."""
    from ruamel.yaml import YAML

    file = Path("prefect.yaml")
    if not file.exists():
        raise Refusal(f"{file} is not here. Run this in the folder of the repository.")
    return list(YAML(typ="safe").load(file)["deployments"])


def next_runs(schedule: dict[str, Any], after: datetime, count: int) -> list[datetime]:
    """The first `count` times at which a schedule starts a run after `after` (its own zone)."""
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    zone = ZoneInfo(schedule["timezone"])
    times = rrulestr(schedule["rrule"]).xafter(after.astimezone(zone).replace(tzinfo=None), count)
    return [time.replace(tzinfo=zone) for time in times]


def deploy_deployments() -> list[str]:
    """Register what prefect.yaml deploys, with its work pool; a line about each."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    found = deployments()
    with get_client(sync_client=True) as client:
        for pool in sorted({deployment["work_pool"]["name"] for deployment in found}):
            template = ProcessWorker.get_default_base_job_template()
            with suppress(ObjectAlreadyExists):  # an adapted pool stays as it is
                client.create_work_pool(
                    WorkPoolCreate(name=pool, type="process", base_job_template=template)
                )
    done = subprocess.run(
        [Path(sys.executable).with_name("prefect"), "--no-prompt", "deploy", "--all"],
        env=os.environ | {"COLUMNS": "1000"},  # its messages come unbroken
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise Refusal(f"prefect.yaml could not be deployed: {said[-1] if said else 'no reason'}")
    lines = []
    for deployment in found:
        name = f"{deployment['entrypoint'].rpartition(':')[2].replace('_', '-')}"
        dates = [
            f"{time:%a %d %b %Y %H:%M}"
            for schedule in deployment.get("schedules", ())
            for time in next_runs(schedule, datetime.now(UTC), 3)
        ]
        lines.append(f"{name}/{deployment['name']}: {', '.join(dates) or 'on demand'}")
    return lines


def serve_deployments() -> None:
    """Run what prefect.yaml deploys from this process, until stopped."""
    from prefect.client.schemas.schedules import RRuleSchedule
    from prefect.runner import Runner

    class Served(Runner):
        def handle_sigterm(self, *_: Any, **__: Any) -> None:
            # As Ctrl-C does; Prefect's own way leaves its clean-up undone.
            signal.raise_signal(signal.SIGINT)

    flows: dict[str, Any] = {
        "process_wave": process_wave,
        "refresh_theme": refresh_theme,
        "project_profiles": project_profiles,
    }
    runner = Served(pause_on_shutdown=True)
    for deployment in deployments():
        work = flows[deployment["entrypoint"].rpartition(":")[2]]
        _take_from_worker(f"{work.name}/{deployment['name']}")
        runner.add_deployment(
            work.to_deployment(
                name=deployment["name"],
                description=deployment["description"],
                parameters=deployment["parameters"],
                concurrency_limit=deployment["concurrency_limit"],
                schedules=[
                    RRuleSchedule(rrule=schedule["rrule"], timezone=schedule["timezone"])
                    for schedule in deployment.get("schedules", ())
                ],
            )
        )
    # A shell that starts this in the background has SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        asyncio.run(runner.start())
    _end_cut_off_runs()


def _take_from_worker(name: str) -> None:
    """Remove a deployment meant for a worker; Prefect would keep half of it when it is served."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        known = client.read_deployment_by_name(name)
        if known.work_queue_id is not None or known.path is None:
            client.delete_deployment(known.id)


def _end_cut_off_runs() -> None:
    """Tell the server that what was under way has ended; it would show as running for ever."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterName,
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    names = DeploymentFilterName(any_=[deployment["name"] for deployment in deployments()])
    under_way = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING])
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(
            deployment_filter=DeploymentFilter(name=names),
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=under_way)),
        ):
            why = (
                "'themadossier serve' was stopped during this run. Start it again: nothing doubles."
            )
            client.set_flow_run_state(run.id, Crashed(message=why), force=True)
