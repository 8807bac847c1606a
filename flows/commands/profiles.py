"""The commands under `themadossier profiles`."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands.options import SurveyArgument, WaveOption

profiles_app = typer.Typer(
    help="Make, use and look into versions of the profile model.", no_args_is_help=True
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
