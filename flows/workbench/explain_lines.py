"""How to make a number again from the analysis file, in pandas and in SPSS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from flows.crosstabs.explain.number import CellExplained
from flows.crosstabs.explain.recipe import recipe
from flows.crosstabs.explain.syntax import pandas_line, reading_line, spss_syntax
from flows.crosstabs.tables import Table
from flows.definitions import Survey
from flows.edges import find_wave
from flows.store import Store
from flows.workbench.analysis_file import file_of


@dataclass(frozen=True)
class Lines:
    """How to make the number again from an analysis file."""

    export: str
    reading: str
    pandas: str
    spss: str


def lines_of(
    store: Store, survey: Survey, folder: Path, table: Table, cell: CellExplained, wave: str
) -> Lines:
    """The lines for a cell of a stored table; refuses a number that no such line makes.

    `folder`: of the definition of the survey, to export by.
    """
    file, _ = file_of(store, survey, find_wave(survey, wave))
    row = next((row for row in table.rows if row.code == cell.row), None)
    identity = table.identity
    made = recipe(
        file,
        survey.questionnaire,
        identity.question,
        identity.item,
        row,
        cell.column,
        dict(identity.filter),
    )
    name = f"{survey.code}-{wave}"
    return Lines(
        export=f"themadossier export {quote(str(folder))} --wave {wave} --to {name}.sav",
        reading=reading_line(f"{name}.sav"),
        pandas=pandas_line(made),
        spss=spss_syntax(made, f"{name}.sav"),
    )
