"""`explain`: what made one published number, from the cell back to the files as delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from flows.crosstabs.cells import STATISTICS
from flows.crosstabs.explain.hiding import why_hidden
from flows.crosstabs.explain.number import CellExplained, explain_cell, withheld
from flows.crosstabs.margins import design_of
from flows.crosstabs.tables import TOTAL
from flows.crosstabs.theme_tables import care_of, stored_tables
from flows.crosstabs.tidy import DONT_KNOW
from flows.definitions import Survey
from flows.edges import existing_store, find_wave, kept_answers
from flows.errors import Refusal
from flows.statistics.design import units_of
from flows.store import Store, Trace
from flows.workbench.analysis_file import profile_names
from flows.workbench.explain_editions import (
    FoundEdition,
    answers_are_current,
    definition_of,
    find_edition,
    published_numbers,
    run_of,
)
from flows.workbench.explain_hidden import all_hidden, rules_of
from flows.workbench.explain_lines import Lines, lines_of
from flows.workbench.explain_lookup import (
    EVERYBODY,
    Published,
    column_code,
    out_of_overview,
    published_of,
    row_code,
)
from flows.workbench.explain_records import (
    Rows,
    chain_of,
    chain_of_files,
    rows_of,
    typing_of,
    weighting_of,
)


@dataclass(frozen=True)
class Explanation:
    """All that is known of one number; `cell` and what follows only where the store has it."""

    edition: str
    folder: str
    state: str
    code_version: str
    table: str
    row: str
    column: str
    column_name: str
    published: Published
    cell: CellExplained | None = None
    rows: Rows | None = None
    weighting: Mapping[str, Any] | None = None
    typing: Mapping[str, Any] | None = None
    chain: tuple[tuple[str, str], ...] = ()
    lines: Lines | None = None
    notes: tuple[str, ...] = ()


def explain_number(
    edition: str,
    number: str,
    cell: str,
    survey: Path | None = None,
    *,
    internal: bool = False,
) -> Explanation:
    """Explain a published number.

    `edition`: folder of an edition, or `<survey>/<theme>[/<number>]`. `number`: of the table.
    `cell`: `row:column` by code or name. `survey`: folder of the definition (default
    surveys/<survey>). `internal`: tell hidden numbers too.

    What this store does not have is said in a note, and the published file explained alone.
    Raises `Refusal` for an edition, table, row or column that does not exist.
    """
    row, colon, column = cell.partition(":")
    if not colon or not row or not column:
        raise Refusal(f"{cell}: this is no cell. Write it as row:column, such as mean:total.")
    store = _store()
    try:
        found = find_edition(edition, store)
        numbers = published_numbers(found.folder)
        run = None if store is None else run_of(store, found)
        if store is None or run is None:
            return _by_file(found, numbers, number, row, column)
        trace = store.trace(run.id)
        folder = survey or Path("surveys") / found.survey
        place = (number, row, column)
        return _by_store(store, folder, found, numbers, trace, place, internal)
    finally:
        if store is not None:
            store.close()


def _store() -> Store | None:
    """The store, if there is one: an edition can be read without."""
    try:
        return existing_store()
    except Refusal:
        return None


# ------------------------------------------------------------------------------ by the store


def _by_store(
    store: Store,
    folder: Path,
    found: FoundEdition,
    numbers: pd.DataFrame,
    trace: Trace,
    place: tuple[str, str, str],
    internal: bool,
) -> Explanation:
    survey = definition_of(found.survey, folder)
    run = trace.table_run
    tables = stored_tables(store.read_table_run(run.id), survey, run.theme)
    place, redirected = out_of_overview(tables, place)
    table = next((t for t in tables if t.identity.number == place[0]), None)
    if table is None:
        raise _no_table(found, place[0], [t.identity.number for t in tables])
    names = profile_names(survey, trace.model)
    row = row_code(table, place[1])
    column, heard = column_code(table, place[2], survey, dict(names))
    kind = next((r.kind for r in table.rows if r.code == row), None)
    statistic = STATISTICS[kind] if kind is not None else DONT_KNOW
    published = published_of(numbers, table.identity.number, row, statistic, column)
    current = answers_are_current(store, survey, trace)
    rules = rules_of(found, survey)
    cell = explain_cell(
        table,
        survey.questionnaire.question(table.identity.question),
        row,
        column,
        rules,
        _freedom(store, survey, trace, current),
        verdict=None if published.flag in ("below", "hidden") else published.verdict,
    )
    if published.flag == "hidden":
        recorded = all_hidden(store, survey, found, run, tables, rules)
        why = why_hidden(table, row, column, rules, care_of(survey), recorded)
        cell = replace(cell, hidden=why)
    notes = [*redirected, *_notes(store, trace, current)]
    if rules != survey.dossier.publication:
        notes.append(
            "The rules of publication have changed since this edition; it is explained by its own."
        )
    lines = None
    try:
        lines = lines_of(store, survey, folder, table, cell, run.wave)
    except Refusal as refusal:
        notes.append(f"There are no lines to make it again: {refusal}")
    if not internal:
        shown = numbers.loc[numbers["table"].eq(table.identity.number)]
        shown = shown.loc[shown["column"].eq(column)]
        cell = withheld(
            cell,
            people=bool(shown["n"].notna().any()),
            opinions=bool(shown["answer"].eq(DONT_KNOW).any()),
            bound=published.flag == "below",
        )
        if published.flag == "below":
            notes.append("The edition only says 'less than', so no more is told; --internal does.")
        if cell.hidden is not None:
            notes.append("The number is hidden, so it is not told; --internal tells it.")
    return Explanation(
        edition=found.name,
        folder=str(found.folder),
        state=found.state,
        code_version=run.code_version,
        table=table.identity.number,
        row=row,
        column=column,
        column_name=heard,
        published=published,
        cell=cell,
        rows=rows_of(store, survey, trace, current),
        weighting=weighting_of(trace, survey),
        typing=typing_of(trace, survey),
        chain=chain_of(found, trace, table, row, column),
        lines=lines,
        notes=tuple(notes),
    )


def _freedom(store: Store, survey: Survey, trace: Trace, current: bool) -> int:
    """Degrees of freedom of the sample that the run was made of."""
    run = trace.table_run
    people = int(run.summary["respondents"])
    wave = find_wave(survey, run.wave)
    if wave.design == type(wave.design)() or not current:
        return people - 1
    design = design_of(wave, survey.questionnaire, kept_answers(store, survey, wave))
    return units_of(design, people).degrees_of_freedom


def _notes(store: Store, trace: Trace, current: bool) -> list[str]:
    """What is no longer as it was when the edition was made."""
    run, notes = trace.table_run, []
    if not current:
        notes.append(
            "The answers of this wave have been replaced since this edition, so an export made "
            "now gives other numbers."
        )
    weighting = store.current_weighting(run.survey, run.wave)
    typing = store.current_typing(run.survey, run.wave)
    for what, now, then in (
        ("weights", weighting, trace.weighting),
        ("profiles", typing, trace.typing),
    ):
        if now is None or now.data_sha256 != then.data_sha256:
            notes.append(
                f"The {what} have been made again since this edition, so an export made now "
                "gives other numbers."
            )
    return notes


# ------------------------------------------------------------------------------- by the file


def _by_file(
    found: FoundEdition, numbers: pd.DataFrame, table: str, row: str, column: str
) -> Explanation:
    """What the published files alone tell."""
    lines = numbers.loc[numbers["table"] == table]
    if lines.empty:
        raise _no_table(found, table, list(dict.fromkeys(numbers["table"])))
    if column.casefold() in EVERYBODY:
        column = TOTAL
    for name, code in (("answer", row), ("column", column)):
        known = list(dict.fromkeys(lines[name]))
        if code not in known:
            what = "row" if name == "answer" else "column"
            raise Refusal(
                f"Table {table} of {found.name} shows no {what} {code}. Those it shows are: "
                f"{', '.join(known)}."
            )
    statistic = str(lines.loc[lines["answer"] == row, "statistic"].iloc[0])
    return Explanation(
        edition=found.name,
        folder=str(found.folder),
        state=found.state,
        code_version=found.code_version,
        table=table,
        row=row,
        column=column,
        column_name=column,
        published=published_of(numbers, table, row, statistic, column),
        chain=chain_of_files(found),
        notes=(
            f"The table run of {found.name} is not in this store (the edition was made on another "
            "machine, or the store was begun anew), so only its own files are explained.",
        ),
    )


def _no_table(found: FoundEdition, number: str, known: Sequence[str]) -> Refusal:
    return Refusal(
        f"{found.name} has no table {number}. Its tables are: {', '.join(sorted(set(known)))}."
    )
