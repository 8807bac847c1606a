"""The command `trend`: what changed in the answers from one wave to another."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from flows.commands.options import SurveyArgument


def trend(
    survey: SurveyArgument,
    before: Annotated[str, typer.Option("--from", help="code of the earlier wave")],
    after: Annotated[str, typer.Option("--to", help="code of the later wave")],
    theme: Annotated[
        str | None,
        typer.Option("--theme", help="only this theme; default all that both waves fill"),
    ] = None,
    profiles_from: Annotated[
        str | None,
        typer.Option(
            "--profiles-from",
            help="questions, with commas: groups made of these in place of the profiles, among "
            "the people in both waves, so that all other questions can be compared within them",
        ),
    ] = None,
    same_people: Annotated[
        bool, typer.Option("--same-people", help="only who is in both waves, weighted anew")
    ] = False,
    test_reworded: Annotated[
        bool, typer.Option("--test-reworded", help="test reworded questions too; they stay apart")
    ] = False,
    internal: Annotated[
        bool,
        typer.Option("--internal", help="everything, unrounded, for the analyst; says INTERN"),
    ] = False,
    language: Annotated[
        Literal["nl", "en"], typer.Option("--language", help="language of the page and figures")
    ] = "nl",
) -> None:
    """Compare the answers of two waves, with their people in both taken into account."""
    from flows.progress import busy
    from flows.workbench.theme_trend import theme_trend

    codes = tuple(code.strip() for code in (profiles_from or "").split(",") if code.strip())
    with busy("Trend"):
        done = theme_trend(
            survey,
            before,
            after,
            theme,
            internal=internal,
            profiles_from=codes,
            same_people=same_people,
            test_reworded=test_reworded,
            language=language,
        )
    print("\n".join(done.lines))
