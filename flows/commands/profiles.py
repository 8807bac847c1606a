"""The commands under `themadossier profiles`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import SurveyArgument, WaveOption
from flows.commands.running import run_quietly

if TYPE_CHECKING:
    from flows.edges import Done

VersionOption = Annotated[
    str | None,
    typer.Option("--version", help="version of the model; default that of profiles.yaml"),
]
CodesArgument = Annotated[
    list[str], typer.Argument(metavar="CODE...", help="an area, an own area, or several as one")
]
BaseOption = Annotated[str | None, typer.Option("--base", help="base of areas; default the newest")]
YearOption = Annotated[int | None, typer.Option("--year", help="its vintage; default the newest")]
profiles_app = typer.Typer(
    help="Make, use and look into versions of the profile model.", no_args_is_help=True
)


@profiles_app.command("fit")
def profiles_fit(survey: SurveyArgument, wave: WaveOption) -> None:
    """Fit the draft of the survey's profile model on the stored answers of a wave."""
    from flows.profiles.versions import fit_draft

    _tell("Profile model", lambda: fit_draft(survey, wave))


@profiles_app.command("import")
def profiles_import(
    survey: SurveyArgument,
    file: Annotated[Path, typer.Argument(help="labels, probabilities or a scoring table (.csv)")],
    wave: WaveOption,
) -> None:
    """Bring in an existing typology as the draft of the profile model."""
    from flows.profiles.importing import import_typology

    _tell("Typology", lambda: import_typology(survey, file, wave))


@profiles_app.command("accept")
def profiles_accept(
    survey: SurveyArgument,
    version: Annotated[str, typer.Argument(help="version of the model, as in profiles.yaml")],
    by: Annotated[str, typer.Option("--by", help="name of who accepts it")],
) -> None:
    """Accept the draft of a profile model: it is used from then on and never changes."""
    from flows.profiles.versions import accept_draft

    print("\n".join(accept_draft(survey, version, by).lines))


@profiles_app.command("portraits")
def profiles_portraits(survey: SurveyArgument, wave: WaveOption) -> None:
    """Write a card per profile: what it is made of, and in what else it differs."""
    from flows.workbench.profile_portraits import write_portraits

    _tell("Portraits", lambda: write_portraits(survey, wave))


@profiles_app.command("number")
def profiles_number(survey: SurveyArgument, wave: WaveOption) -> None:
    """Compare how well other numbers of profiles fit the answers of a wave."""
    from flows.profiles.between import argue_number

    _tell("Numbers of profiles", lambda: argue_number(survey, wave))


@profiles_app.command("trend")
def profiles_trend(survey: SurveyArgument, version: VersionOption = None) -> None:
    """Compare the sizes of the profiles between waves, measured in the same way."""
    from flows.profiles.between import profile_trend

    _tell("Trend", lambda: profile_trend(survey, version))


@profiles_app.command("crosswalk")
def profiles_crosswalk(
    survey: SurveyArgument,
    first: Annotated[str, typer.Argument(help="version of the model")],
    second: Annotated[str, typer.Argument(help="another version")],
    wave: WaveOption,
) -> None:
    """Say which profile of one version is which of another, on the same respondents."""
    from flows.profiles.between import crosswalk

    _tell("Crosswalk", lambda: crosswalk(survey, first, second, wave))


@profiles_app.command("questions")
def profiles_questions(
    survey: SurveyArgument,
    wave: WaveOption,
    number: Annotated[int, typer.Option("--number", help="how many questions")] = 10,
) -> None:
    """Suggest the golden questions that type best."""
    from flows.profiles.suggest import suggest_questions

    _tell("Questions", lambda: suggest_questions(survey, wave, number))


@profiles_app.command("kit")
def profiles_kit(survey: SurveyArgument, version: VersionOption = None) -> None:
    """Write the typing kit: workbooks that type people by formulas, for bureau and self-test."""
    from flows.dossiers.typing_kit import write_typing_kit

    _tell("Typing kit", lambda: write_typing_kit(survey, version))


@profiles_app.command("composition")
def profiles_composition(
    survey: SurveyArgument,
    file: Annotated[Path, typer.Argument(help="answers of at least 30 people (.csv, .xlsx, .sav)")],
    version: VersionOption = None,
) -> None:
    """Tell the profile mix of the people in a file, and nothing of any of them."""
    from flows.dossiers.typing_kit_composition import composition_of_file

    _tell("Composition", lambda: composition_of_file(survey, file, version))


@profiles_app.command("project")
def profiles_project(
    survey: SurveyArgument,
    base: Annotated[str, typer.Option("--base", help="base of areas, of surveys/bases")],
    year: Annotated[int, typer.Option("--year", help="its vintage")],
    files: Annotated[
        Path | None, typer.Option("--files", help="folder with its files; default the inbox")
    ] = None,
    panel: Annotated[
        Path | None, typer.Option("--panel", help="survey typed by this model, e.g. a panel")
    ] = None,
    wave: Annotated[
        str | None, typer.Option("--wave", help="wave with the panel's members")
    ] = None,
) -> None:
    """Estimate the profile composition of every area of a base, with intervals."""

    def run() -> Done:
        from flows.survey_wave import project_profiles

        done: Done = project_profiles(
            str(survey),
            base,
            year,
            str(files) if files else None,
            str(panel) if panel else None,
            wave,
        )
        return done

    print("\n".join(run_quietly(run, "Areas").lines))


@profiles_app.command("vintages")
def profiles_vintages(
    survey: SurveyArgument,
    base: Annotated[str, typer.Option("--base", help="base of areas, of surveys/bases")],
    before: Annotated[int, typer.Argument(help="a year of the base")],
    after: Annotated[int, typer.Argument(help="a later year")],
) -> None:
    """Put the composition of areas in two years side by side, with what changed."""
    from flows.profiles.vintages import compare_vintages

    _tell("Vintages", lambda: compare_vintages(survey, base, before, after))


@profiles_app.command("area")
def profiles_area(
    survey: SurveyArgument,
    codes: CodesArgument,
    base: BaseOption = None,
    year: YearOption = None,
    name: Annotated[str | None, typer.Option("--name", help="what a list is called")] = None,
) -> None:
    """Write the area analysis of an area, an own area of areas.yaml, or a list of postcodes."""
    from flows.workbench.area_reports import write_area_analysis

    _tell("Area", lambda: write_area_analysis(survey, codes, base, year, name=name))


@profiles_app.command("respondents")
def profiles_respondents(
    survey: SurveyArgument,
    wave: WaveOption,
    area: Annotated[str, typer.Option("--area", help="code of the area they live in")],
    base: BaseOption = None,
    year: YearOption = None,
) -> None:
    """Compare the profiles of a wave's respondents with those of the residents of their area."""
    from flows.workbench.area_reports import respondents_against_area

    _tell("Respondents", lambda: respondents_against_area(survey, wave, area, base, year))


@profiles_app.command("margin")
def profiles_margin(
    survey: SurveyArgument,
    codes: CodesArgument,
    base: BaseOption = None,
    year: YearOption = None,
) -> None:
    """Write the composition of an area as the margin that weights a consultation."""
    from flows.workbench.area_reports import write_area_composition

    _tell("Margin", lambda: write_area_composition(survey, codes, base, year))


def _tell(title: str, work: Callable[[], Done]) -> None:
    """Do the work, with `title` on a terminal meanwhile, and print what it says."""
    from flows.progress import busy

    with busy(title):
        done = work()
    print("\n".join(done.lines))
