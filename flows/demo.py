"""The demonstration: a fictional world, one model survey, a panel and four theme fieldworks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.definitions import Survey, load_survey
from flows.definitions.waves import Wave
from flows.errors import Refusal
from flows.progress import console, stage
from flows.settings import Settings

if TYPE_CHECKING:
    from flows.simulation.parameters import SimulationParameters

SURVEYS = Path("surveys")
MODEL, PANEL, BASE = "staat_van_betrokkenheid", "themapanel", "fictief"


def run_demo(scale: float) -> list[str]:
    """Simulate, process everything, and return the lines that say what to open first."""
    from flows.simulation.parameters import load_parameters
    from flows.simulation.simulate import simulate
    from flows.simulation.write import write_simulation

    if not (SURVEYS / MODEL).is_dir():
        raise Refusal(f"{SURVEYS / MODEL} is not here. Run the demonstration from the repository.")
    surveys = {name: load_survey(SURVEYS / name) for name in (MODEL, PANEL)}
    folder = Settings().outputs / "simulation"
    with stage(1, 1, "Simulation") as simulation:
        simulated = simulate(
            surveys[MODEL],
            surveys[PANEL],
            load_parameters(SURVEYS / MODEL),
            load_parameters(SURVEYS / PANEL),
            scale,
        )
        written = write_simulation(simulated, folder)
        simulation.say(f"{len(written)} files in {folder}, the truth beside them")
        years = write_bases(surveys[MODEL], load_parameters(SURVEYS / MODEL))
        simulation.say(f"areas down to PC6 of {' and '.join(map(str, years))}")

    from flows.ingest.flow import ingest_responses
    from flows.survey_wave import process_wave

    dossiers: list[str] = []
    for name, survey in surveys.items():
        for wave in demonstrated(survey):
            console.print(f"\n[bold]{survey.info.title.nl}: {wave.title.nl}[/bold]")
            responses = [str(folder / name / f"{wave.code}.csv")]
            if wave.themes:
                done = process_wave(str(SURVEYS / name), wave.code, responses, wave.field.end)
                dossiers += done.dossiers
            else:
                with stage(1, 1, "Answers") as answers:
                    for line in ingest_responses(str(SURVEYS / name), wave.code, responses).lines:
                        answers.say(line)
    members = next(wave.code for wave in surveys[PANEL].info.waves if not wave.themes)
    areas = project_years(members, years)
    return [
        "",
        f"{len(dossiers)} dossiers are ready. All of it is simulated: nobody in it exists.",
        *(f"  {path}" for path in dossiers),
        *areas,
        f"Open first: {dossiers[1]}",
    ]


def write_bases(survey: Survey, parameters: SimulationParameters) -> tuple[int, ...]:
    """Put the files of the fictional areas in the inbox, a folder a year; the years."""
    from flows.simulation.area_base import write_area_base

    years = parameters.geography.years if parameters.geography else ()
    for year in years:
        folder = Settings().inbox / "areas" / BASE / str(year)
        write_area_base(folder, survey, parameters, year)
    return tuple(years)


def project_years(members: str, years: Sequence[int]) -> list[str]:
    """Type the members of the panel and project the profiles on the areas of every year."""
    from flows.survey_wave import project_profiles, type_and_report
    from flows.weighting.flow import weigh_wave

    console.print("\n[bold]Profielen per gebied[/bold]")
    model, panel = str(SURVEYS / MODEL), str(SURVEYS / PANEL)
    with stage(1, 1, "Areas") as projected:
        for line in (*weigh_wave(panel, members).lines, *type_and_report(panel, members).lines):
            projected.say(line)
        for year in years:
            done = project_profiles(model, BASE, year, panel=panel, panel_wave=members)
            for line in done.lines[:-1]:
                projected.say(line)
    return [f"Areas: {Settings().outputs / MODEL / 'areas'}"]


def demonstrated(survey: Survey) -> list[Wave]:
    """The latest wave of every theme, after the waves that only hold background."""
    latest: dict[tuple[str, ...], Wave] = {}
    for wave in sorted(survey.info.waves, key=lambda wave: wave.field.end):
        latest[wave.themes] = wave
    return sorted(latest.values(), key=lambda wave: (bool(wave.themes), wave.field.end))
