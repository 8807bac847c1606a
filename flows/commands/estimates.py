"""The command `themadossier estimates`: what areas are estimated to answer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import JsonOption, SurveyArgument, WaveOption

if TYPE_CHECKING:
    from flows.workbench.area_estimates_files import EstimatesDone


def estimates(
    survey: SurveyArgument,
    wave: WaveOption,
    areas: Annotated[
        str | None,
        typer.Option("--areas", help="codes with commas between: one area, or several as one"),
    ] = None,
    list_file: Annotated[
        Path | None,
        typer.Option("--list", help="file with codes, such as postcodes, taken as one area"),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="what a list is called")] = None,
    base: Annotated[
        str | None, typer.Option("--base", help="base of areas; default the only one")
    ] = None,
    year: Annotated[
        int | None, typer.Option("--year", help="its vintage; default the newest")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate the headlines of a wave for all areas of a base, or show those of one area."""
    from flows.errors import Refusal
    from flows.progress import busy
    from flows.workbench.area_estimates import estimates_of_list, make_estimates

    if areas is not None and list_file is not None:
        raise Refusal("--areas and --list both name an area: give one of them.")
    done: EstimatesDone
    with busy("Area estimates"):
        if areas is None and list_file is None:
            done = make_estimates(survey, wave, base, year)
        else:
            codes = _codes(areas or "") if list_file is None else codes_of_file(list_file)
            if not codes:
                raise Refusal(
                    "--areas names no area: give codes with commas between, as 1011,1012."
                )
            called = name or (list_file.stem if list_file is not None else None)
            done = estimates_of_list(survey, wave, codes, called, base, year)
    if as_json:
        print(json.dumps(done.facts, indent=2, ensure_ascii=False))
    else:
        print("\n".join(done.lines))


def codes_of_file(path: Path) -> list[str]:
    """Codes of areas in a text file, each once, in order.

    Between them spaces, new lines, commas or semicolons; what follows a # is a remark. Refuses a
    file that cannot be read or names no area.
    """
    from flows.errors import Refusal

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise Refusal(
            f"{path}: the list of areas cannot be read ({reason}). Give a text file with a code "
            "on every line."
        ) from None
    codes = [code for line in text.splitlines() for code in _codes(line.partition("#")[0])]
    if not codes:
        raise Refusal(f"{path}: this list names no area. Put a code on every line.")
    return list(dict.fromkeys(codes))


def _codes(text: str) -> list[str]:
    return [code for code in re.split(r"[\s,;]+", text) if code]
