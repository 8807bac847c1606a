"""The `themadossier` command: parses, calls, prints.

Exit codes: 0 done, 1 refused (one clear message), 2 usage, 3 waiting.
Prefect is imported only by the commands that run a flow.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.errors import Refusal, Waiting

app = typer.Typer(
    name="themadossier",
    help="Panel answers in; weighted, tested, safe theme dossiers out.",
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="print the version and stop")
    ] = False,
) -> None:
    if version:
        from flows.fingerprint import code_version

        print(f"themadossier {code_version()}")
        raise typer.Exit


store_app = typer.Typer(help="Look after the store.", no_args_is_help=True)
app.add_typer(store_app, name="store")
profiles_app = typer.Typer(help="Make versions of the profile model.", no_args_is_help=True)
app.add_typer(profiles_app, name="profiles")

SurveyArgument = Annotated[
    Path, typer.Argument(metavar="SURVEY", help="folder of the survey, e.g. surveys/themapanel")
]
WaveOption = Annotated[str, typer.Option("--wave", help="code of the wave, e.g. w2026")]
ResponsesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--responses", help="file with answers (.csv or .sav); source=FILE for one of several"
    ),
]
DateOption = Annotated[
    str | None, typer.Option("--date", help="date of the edition, YYYY-MM-DD; default today")
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON for a program")]


# ------------------------------------------------------------------------- looking commands


@app.command()
def check(survey: SurveyArgument, as_json: JsonOption = False) -> None:
    """Check a survey's definition; report every fault with file, line and remedy."""
    from flows.definitions import check_survey

    faults = check_survey(survey)
    if as_json:
        print(json.dumps([vars(fault) for fault in faults], indent=2, ensure_ascii=False))
    elif faults:
        print("\n".join(str(fault) for fault in faults), file=sys.stderr)
        many = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        print(f"{many} in {survey}.", file=sys.stderr)
    else:
        print(
            f"{survey}: no faults. Next: themadossier process {survey} --wave ... --responses FILE"
        )
    if faults:
        raise typer.Exit(1)


@app.command()
def status(survey: SurveyArgument, as_json: JsonOption = False) -> None:
    """Show what the store holds of a survey: answers, models, weights, editions."""
    from flows.definitions import load_survey
    from flows.edges import existing_store

    code = load_survey(survey).code
    with existing_store() as store:
        waves = store.status(code)
    rows = [
        {
            "wave": wave.wave,
            "people": wave.rows,
            "set_apart": wave.quarantined,
            "weights": wave.weighting.created_at.date().isoformat() if wave.weighting else None,
            "model": f"{wave.model.version} ({wave.model.state})" if wave.model else None,
            "editions": ", ".join(f"{e.theme} {e.number} ({e.state})" for e in wave.editions),
            "outdated": ", ".join(wave.outdated),
        }
        for wave in waves
    ]
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    elif not rows:
        print(f"Nothing stored of {survey} yet. Next: themadossier process {survey} --wave ...")
    else:
        _print_rows(rows)
        if any(wave.outdated for wave in waves):
            print("What is outdated was made from earlier answers: process that wave again.")


@app.command()
def quarantine(
    survey: SurveyArgument,
    wave: WaveOption,
    as_json: JsonOption = False,
) -> None:
    """List the people set apart and the answers made invalid, with rule, column and value."""
    from flows.definitions import load_survey
    from flows.edges import existing_store, find_wave

    definition = load_survey(survey)
    find_wave(definition, wave)
    with existing_store() as store:
        found = store.read_quarantine(definition.code, wave)
    rows = [{str(name): value for name, value in row.items()} for row in found.to_dict("records")]
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
    elif not rows:
        print(f"Nobody is in quarantine for {definition.code} {wave}.")
    else:
        _print_rows(rows)


@app.command()
def targets(
    recipe: Annotated[
        Path | None, typer.Argument(metavar="RECIPE", help="recipe of a table; none lists them")
    ] = None,
    files: Annotated[
        Path | None, typer.Option("--from", metavar="FOLDER", help="folder with the CBS files")
    ] = None,
    library: Annotated[
        Path, typer.Option("--library", help="folder with the target tables")
    ] = Path("surveys/targets"),
    replace: Annotated[bool, typer.Option("--replace", help="over a table that differs")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a table of weighting targets from CBS files; without a recipe, list the tables."""
    if recipe is None:
        from flows.definitions.library import listed_tables

        rows = listed_tables(library)
        print(json.dumps(rows, indent=2, ensure_ascii=False)) if as_json else _print_rows(rows)
        return
    if files is None:
        raise Refusal("--from is missing. Name the folder with the CBS files of the recipe.")
    from flows.weighting.target_library import made_table

    made = made_table(recipe, files, library, replace=replace)
    print(json.dumps(made.summary, indent=2, ensure_ascii=False) if as_json else made.told)


@store_app.command("check")
def store_check() -> None:
    """Check every stored file, and every edition's files, against the catalogue."""
    from flows.edges import existing_store
    from flows.settings import Settings

    with existing_store() as store:
        problems = store.check(Settings().outputs)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise typer.Exit(1)
    print("The store is whole: every file is in the catalogue and has the bytes it should have.")


# ------------------------------------------------------------------------- running commands


@app.command()
def process(
    survey: SurveyArgument,
    wave: WaveOption,
    responses: ResponsesOption = None,
    on: DateOption = None,
) -> None:
    """Take a wave from answers to dossiers: the whole line."""
    from flows.definitions import load_survey
    from flows.edges import find_wave, survey_outputs

    definition = load_survey(survey)
    find_wave(definition, wave)
    _readable(responses)
    survey_outputs(definition.code)

    def run() -> Any:
        from flows.survey_wave import process_wave

        return process_wave(str(survey), wave, responses, _day(on))

    _print_dossiers(_flow(run), survey, wave)


@app.command()
def ingest(survey: SurveyArgument, wave: WaveOption, responses: ResponsesOption = None) -> None:
    """Read, pseudonymise, validate and store answers."""
    from flows.definitions import load_survey
    from flows.edges import find_wave, survey_outputs

    definition = load_survey(survey)
    find_wave(definition, wave)
    _readable(responses)
    survey_outputs(definition.code)

    def run() -> Any:
        from flows.ingest.flow import ingest_responses

        return ingest_responses(str(survey), wave, responses)

    for line in _flow(run, "Answers").lines:
        print(line)
    print(f"Next: themadossier weigh {survey} --wave {wave}")


@app.command()
def weigh(
    survey: SurveyArgument,
    wave: WaveOption,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="SCHEME SCHEME",
            help="compare two schemes (weighting, or NAME of weighting.NAME.yaml); stores nothing",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Weight the respondents of a wave by demographics."""
    if compare is not None:
        _compare(survey, wave, *compare, as_json=as_json)
        return
    if as_json:
        raise typer.BadParameter("--json goes with --compare; a weighting's is weighting.json.")

    def run() -> Any:
        from flows.weighting.flow import weigh_wave

        return weigh_wave(str(survey), wave)

    for line in _flow(run, "Weights").lines:
        print(line)
    print(f"Next: themadossier type {survey} --wave {wave}")


@app.command(name="type")
def type_(survey: SurveyArgument, wave: WaveOption) -> None:
    """Give every respondent a profile, by the wave's profile model."""

    def run() -> Any:
        from flows.survey_wave import type_and_report

        return type_and_report(str(survey), wave)

    for line in _flow(run, "Profiles").lines:
        print(line)
    print(f"Next: themadossier dossiers {survey} --wave {wave}")


@app.command()
def dossiers(
    survey: SurveyArgument,
    wave: WaveOption,
    theme: Annotated[list[str] | None, typer.Option("--theme", help="only these themes")] = None,
    on: DateOption = None,
) -> None:
    """Tabulate the wave and write its dossiers, from the stored weights and profiles."""

    def run() -> Any:
        from flows.survey_wave import tabulate_and_publish

        return tabulate_and_publish(str(survey), wave, theme, _day(on))

    _print_dossiers(_flow(run), survey, wave)


@app.command()
def refresh(
    theme: Annotated[str, typer.Argument(help="code of the theme, e.g. energie")],
    survey: Annotated[Path, typer.Option("--survey", help="folder of the survey")],
    responses: ResponsesOption = None,
    on: DateOption = None,
) -> None:
    """Refresh one theme's dossier, with new answers if a file is named."""
    from flows.definitions import load_survey
    from flows.edges import survey_outputs

    definition = load_survey(survey)
    _readable(responses)
    survey_outputs(definition.code)

    def run() -> Any:
        from flows.survey_wave import refresh_theme

        return refresh_theme(theme, str(survey), responses, _day(on))

    _print_dossiers(_flow(run), survey, theme)


@app.command()
def demo(
    scale: Annotated[
        float, typer.Option(help="size of the demonstration, 1 = 10,000 people")
    ] = 1.0,
) -> None:
    """Simulate a survey and a panel in a fictional world and make all their dossiers."""
    from flows.demo import run_demo

    for line in _flow(lambda: run_demo(scale)):
        print(line)


@app.command()
def deploy() -> None:
    """Register the schedules and the on-demand refresh with the Prefect server."""
    url = _needs_server()
    from flows.survey_wave import deploy_deployments

    os.environ.setdefault("THEMADOSSIER_HOME", str(Path.cwd()))
    lines = deploy_deployments()
    print("\n  ".join([f"Deployed on {url}:", *lines]))
    print("Next: prefect worker start --pool themadossier")


@app.command()
def serve() -> None:
    """Run scheduled and requested flows here, until stopped (needs a Prefect server)."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO")  # what its runs say shows on the server
    url = _needs_server()
    from flows.survey_wave import serve_deployments

    print(f"Serving {url}: runs asked for there are done here. Stop with Ctrl-C.", flush=True)
    serve_deployments()
    print(
        "Stopped. Schedules are paused until this command or 'themadossier deploy' is given again."
    )


@profiles_app.command("fit")
def profiles_fit(survey: SurveyArgument, wave: WaveOption) -> None:
    """Fit the draft of the survey's profile model on the stored answers of a wave."""
    from flows.profiles.versions import fit_draft
    from flows.progress import busy

    with busy("Profile model"):
        done = fit_draft(survey, wave)
    print("\n".join(done.lines))


@profiles_app.command("accept")
def profiles_accept(
    survey: SurveyArgument,
    version: Annotated[str, typer.Argument(help="version of the model, as in profiles.yaml")],
    by: Annotated[str, typer.Option("--by", help="name of who accepts it")],
) -> None:
    """Accept the draft of a profile model: it is used from then on and never changes."""
    from flows.profiles.versions import accept_draft

    print("\n".join(accept_draft(survey, version, by).lines))


# ----------------------------------------------------------------------------------- helpers


def _readable(responses: Sequence[str] | None) -> None:
    """Refuse a path that cannot be read before anything slow starts."""
    for entry in responses or ():
        path = Path(entry.split("=", 1)[-1])
        if not path.exists():
            raise Refusal(f"{path}: there is no such file. Name the file with the answers.")


def _day(value: str | None) -> date:
    try:
        return date.fromisoformat(value) if value else date.today()
    except ValueError:
        raise Refusal(f"--date {value}: this is no date. Write it as YYYY-MM-DD.") from None


def _needs_server() -> str:
    """Address of the Prefect server that is set, once it has answered."""
    _quiet_prefect()
    from prefect.settings import Settings

    url = Settings().api.url  # of the environment, prefect.toml or the profile
    if not url:
        raise Refusal(
            "No Prefect server is named. Start one with 'prefect server start' and set "
            "PREFECT_API_URL, for example to http://127.0.0.1:4200/api."
        )
    _answers(url)
    return url


def _answers(url: str) -> None:
    """Refuse at once where no Prefect server answers, instead of after minutes of trying."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True, httpx_settings={"base_url": url, "timeout": 5}) as client:
        error = client.api_healthcheck()
    if error is not None:
        raise Refusal(
            f"PREFECT_API_URL is {url}, but no Prefect server answers there. Start it with "
            "'prefect server start', or unset PREFECT_API_URL to run without one."
        )


def _start_server(home: Path) -> None:
    """Start the temporary Prefect server, or refuse where it could not keep its files."""
    from tempfile import TemporaryFile

    from prefect.client.orchestration import get_client

    from flows.progress import busy

    try:
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise Refusal(
            f"{home}: Prefect cannot keep its files there ({error.strerror}). Give yourself "
            "write access, or set PREFECT_HOME to another folder."
        ) from None
    try:
        with busy("Starting"), get_client(sync_client=True):
            pass
    except RuntimeError as error:
        raise Refusal(
            f"Prefect could not start its temporary server ({str(error).rstrip('.')}). Try "
            f"again, or set PREFECT_HOME to another folder than {home}."
        ) from None


def _quiet_prefect() -> None:
    """Settings Prefect reads when it is imported; what the user set stays."""
    for name, value in {
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }.items():
        os.environ.setdefault(name, value)
    if not os.environ.get("PREFECT_API_URL", "set"):
        del os.environ["PREFECT_API_URL"]  # Prefect takes an empty one for an address
    # `_start_server` says it in a sentence.
    warnings.filterwarnings("ignore", message="Failed to create the Prefect home")


STOP_SECONDS = 2.0
_stopped = threading.Event()
STOPPED = "Stopped. Nothing is half-written: give the same command again to go on."

ALARMING = (
    "prefect.flow_runs",
    "prefect.task_runs",
    "prefect.engine",
    # A temporary server that goes can leave these with events nobody takes any more.
    "prefect.events.utilities",
    "prefect._internal.concurrency",
    "prefect.events.clients",
)


def _is_no_alarm(record: logging.LogRecord) -> bool:
    return record.levelno < logging.WARNING


def _flow(run: Callable[[], Any], title: str | None = None) -> Any:
    """Run flows in this process, with Prefect quiet and everything flushed at the end.

    `title`: what a terminal shows meanwhile, for a run that does not show its own stages.
    """
    _quiet_prefect()
    from prefect.settings import (
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        get_current_settings,
        temporary_settings,
    )

    from flows.progress import busy

    settings = get_current_settings()
    if settings.api.url:
        _answers(settings.api.url)
    else:
        _start_server(settings.home)
    for name in ALARMING:
        # What ends a run is told once, in one line, by `main`. A filter, since Prefect sets
        # the levels of its loggers anew when the first run starts.
        logging.getLogger(name).addFilter(_is_no_alarm)
    try:
        # Heartbeats make every flow run wait for a thread that sleeps whole seconds.
        with (
            temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
            busy(title) if title else nullcontext(),
            _stoppable(),
        ):
            return run()
    except KeyboardInterrupt:
        _say_stopped()
        raise SystemExit(130) from None
    except RuntimeError as error:
        if "API" not in str(error):
            raise
        raise Refusal(
            f"The Prefect server could not be reached ({str(error).rstrip('.')}). Nothing was "
            "half-written: give the same command again once it can."
        ) from None
    finally:
        _flush_prefect()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let Ctrl-C end the run within seconds.

    On a terminal Ctrl-C also ends Prefect's temporary server, and Prefect would then try for
    minutes to tell that server. What the stages have to tidy up is done at once, before that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: object) -> None:
        patience = threading.Timer(STOP_SECONDS, _leave)
        patience.daemon = True
        patience.start()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _leave() -> None:
    """End this process and the temporary server it started."""
    from prefect.server.api.server import SubprocessASGIServer

    for server in list(SubprocessASGIServer._instances.values()):
        if server.server_process is not None:
            server.server_process.kill()
    _say_stopped()
    os._exit(130)


def _say_stopped() -> None:
    """Say it once: the run itself and the timer behind it may both come here."""
    if not _stopped.is_set():
        _stopped.set()
        print(STOPPED, file=sys.stderr, flush=True)


def _flush_prefect() -> None:
    """Deliver what Prefect still queues before its temporary server goes.

    Left alone, a good run can end in pages of tracebacks of events that find no server.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        try:
            worker.drain_all(timeout=5)
        except Exception:
            logging.getLogger(__name__).debug("%s: nothing to flush", worker, exc_info=True)


def _compare(survey: Path, wave: str, first: str, second: str, *, as_json: bool) -> None:
    from flows.compare_schemes import compare_schemes
    from flows.weighting.compare_report import compare_json, cost_rows, margin_rows, result_rows

    comparison, page = compare_schemes(survey, wave, first, second)
    if as_json:
        print(json.dumps(compare_json(comparison), indent=2, ensure_ascii=False))
        return
    for title, rows in (
        ("What they cost", cost_rows(comparison)),
        ("Key results (standard error)", result_rows(comparison)),
        ("Levels that one of them controls", margin_rows(comparison)),
    ):
        if rows:
            print(f"{title}:")
            _print_rows(rows)
            print()
    print(f"Nothing was stored. Comparison: {page}")


def _print_dossiers(done: Any, survey: Path, wave: str) -> None:
    for line in done.lines:
        print(line)
    if done.dossiers:
        print(f"Open first: {done.dossiers[0]}")
    else:
        print(f"Next: themadossier status {survey}")


def _print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """Print records as aligned columns, nothing cut: a long line is better than half a code."""
    names = list(rows[0])
    lines = [[name.replace("_", " ") for name in names]]
    lines += [["" if row[name] is None else str(row[name]) for name in names] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    for line in lines:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def _unexpected(error: Exception) -> str:
    """One sentence about a fault of our own; its details go to a file for the developers."""
    import traceback
    from tempfile import NamedTemporaryFile

    with NamedTemporaryFile(
        "w", prefix="themadossier-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write("".join(traceback.format_exception(error)))
    return (
        f"This is a fault of the software, not of your data ({type(error).__name__}: {error}). "
        f"Nothing was half-written; please send {log.name} to the developers."
    )


def main() -> None:
    """Run the command line; refusals become one message and exit code 1."""
    try:
        app()
    except Refusal as refusal:
        print(str(refusal), file=sys.stderr)
        sys.exit(1)
    except Waiting as waiting:
        print(str(waiting))
        sys.exit(3)
    except Exception as error:
        print(_unexpected(error), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
