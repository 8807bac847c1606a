"""The `themadossier` command: parses, calls, prints.

Exit codes: 0 done, 1 refused (one clear message), 2 usage, 3 waiting.
Prefect is imported only by the commands that run a flow.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.audit import audit
from flows.commands.diff import diff
from flows.commands.estimates import estimates
from flows.commands.explain import explain
from flows.commands.export import export
from flows.commands.options import (
    DateOption,
    JsonOption,
    ResponsesOption,
    SurveyArgument,
    WaveOption,
    print_rows,
)
from flows.commands.plan import plan
from flows.commands.profiles import profiles_app
from flows.commands.running import needs_server, run_quietly
from flows.commands.tabulate import tabulate
from flows.commands.trend import trend
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
app.add_typer(profiles_app, name="profiles")
for _command in (tabulate, plan, trend, estimates, explain, export, diff, audit):
    app.command()(_command)


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
            "areas": ", ".join(f"{run.base} {run.year}" for run in wave.area_runs),
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
        print_rows(rows)
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
        print_rows(rows)


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
        print(json.dumps(rows, indent=2, ensure_ascii=False)) if as_json else print_rows(rows)
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

    _print_dossiers(run_quietly(run), survey, wave)


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

    for line in run_quietly(run, "Answers").lines:
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

    for line in run_quietly(run, "Weights").lines:
        print(line)
    print(f"Next: themadossier type {survey} --wave {wave}")


@app.command(name="type")
def type_(survey: SurveyArgument, wave: WaveOption) -> None:
    """Give every respondent a profile, by the wave's profile model."""

    def run() -> Any:
        from flows.survey_wave import type_and_report

        return type_and_report(str(survey), wave)

    for line in run_quietly(run, "Profiles").lines:
        print(line)
    print(f"Next: themadossier dossiers {survey} --wave {wave}")


@app.command()
def dossiers(
    survey: SurveyArgument,
    wave: WaveOption,
    theme: Annotated[list[str] | None, typer.Option("--theme", help="only these themes")] = None,
    on: DateOption = None,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="only list what would be hidden; write nothing")
    ] = False,
) -> None:
    """Tabulate the wave and write its dossiers, from the stored weights and profiles."""
    if dry:
        from flows.workbench.tabulate import dry_runs

        for name, found in dry_runs(survey, wave, theme).items():
            print(f"{name}:")
            print("\n".join(f"  {line}" for line in found.lines()))
        return

    def run() -> Any:
        from flows.survey_wave import tabulate_and_publish

        return tabulate_and_publish(str(survey), wave, theme, _day(on))

    _print_dossiers(run_quietly(run), survey, wave)


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

    _print_dossiers(run_quietly(run), survey, theme)


@app.command()
def demo(
    scale: Annotated[
        float, typer.Option(help="size of the demonstration, 1 = 10,000 people")
    ] = 1.0,
) -> None:
    """Simulate a survey and a panel in a fictional world and make all their dossiers."""
    from flows.demo import run_demo

    for line in run_quietly(lambda: run_demo(scale)):
        print(line)


@app.command()
def deploy() -> None:
    """Register the schedules and the on-demand refresh with the Prefect server."""
    url = needs_server()
    from flows.survey_wave import deploy_deployments

    os.environ.setdefault("THEMADOSSIER_HOME", str(Path.cwd()))
    lines = deploy_deployments()
    print("\n  ".join([f"Deployed on {url}:", *lines]))
    print("Next: prefect worker start --pool themadossier")


@app.command()
def serve() -> None:
    """Run scheduled and requested flows here, until stopped (needs a Prefect server)."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "INFO")  # what its runs say shows on the server
    url = needs_server()
    from flows.survey_wave import serve_deployments

    print(f"Serving {url}: runs asked for there are done here. Stop with Ctrl-C.", flush=True)
    serve_deployments()
    print(
        "Stopped. Schedules are paused until this command or 'themadossier deploy' is given again."
    )


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


def _compare(survey: Path, wave: str, first: str, second: str, *, as_json: bool) -> None:
    from flows.weighting.compare_report import compare_json, cost_rows, margin_rows, result_rows
    from flows.workbench.compare_schemes import compare_schemes

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
            print_rows(rows)
            print()
    print(f"Nothing was stored. Comparison: {page}")


def _print_dossiers(done: Any, survey: Path, wave: str) -> None:
    for line in done.lines:
        print(line)
    if done.dossiers:
        print(f"Open first: {done.dossiers[0]}")
    else:
        print(f"Next: themadossier status {survey}")


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
