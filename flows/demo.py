"""The demonstration: a fictional world, one model survey, a panel and four theme fieldworks."""

from __future__ import annotations

from pathlib import Path

from flows.definitions import Survey, load_survey
from flows.definitions.models import Wave
from flows.errors import Refusal
from flows.progress import console, stage
from flows.settings import Settings

SURVEYS = Path("surveys")
MODEL, PANEL = "staat_van_betrokkenheid", "themapanel"


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
    return [
        "",
        f"{len(dossiers)} dossiers are ready. All of it is simulated: nobody in it exists.",
        *(f"  {path}" for path in dossiers),
        f"Open first: {dossiers[1]}",
    ]


def demonstrated(survey: Survey) -> list[Wave]:
    """The latest wave of every theme, after the waves that only hold background."""
    latest: dict[tuple[str, ...], Wave] = {}
    for wave in sorted(survey.info.waves, key=lambda wave: wave.field.end):
        latest[wave.themes] = wave
    return sorted(latest.values(), key=lambda wave: (bool(wave.themes), wave.field.end))
