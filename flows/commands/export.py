"""The command `themadossier export`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.commands.options import JsonOption, SurveyArgument, WaveOption


def export(
    survey: SurveyArgument,
    wave: WaveOption,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="the file: .sav or .csv")],
    language: Annotated[
        Literal["nl", "en"], typer.Option("--language", help="language of the labels")
    ] = "nl",
    replace: Annotated[bool, typer.Option("--replace", help="over a file that is there")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the answers of a wave with labels, weights and profiles, for the analyst."""
    from flows.workbench.analysis_file import INTERNAL, export_answers

    done = export_answers(survey, wave, to, language=language, replace=replace)
    record = done.record
    if as_json:
        told = {
            "path": str(done.path),
            "codebook": str(done.codebook) if done.codebook else None,
            "sha256": record.sha256,
            "rows": record.rows,
            "columns": list(record.columns),
            "logged_as": record.id,
        }
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return
    print(f"{done.path}: {record.rows:,} respondents, {len(record.columns)} variables.")
    if done.codebook:
        print(f"What the values mean: {done.codebook}")
    print(f"Logged in the catalogue as export {record.id} (SHA-256 {record.sha256[:12]}).")
    print(INTERNAL)
