"""A tabulation on the screen: what is published, or for the analyst every unrounded figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from flows.commands.options import print_rows

if TYPE_CHECKING:
    from flows.crosstabs.tables import Cell, PublishedTable, Row, Table
    from flows.definitions.models import Language
    from flows.dossiers.texts import Words
    from flows.workbench.tabulate import Tabulation

INTERNAL = "INTERN"


def show(found: Tabulation, *, internal: bool, compare: bool, language: Language) -> None:
    """Every table, an axis at a time with the total: a screen is not as wide as a banner."""
    from flows.crosstabs.pairwise import column_letters
    from flows.dossiers.experiments import is_experiment
    from flows.dossiers.tabulate_book import compared_note, title_number
    from flows.dossiers.texts import words

    wording = words(language)
    names = {column.code: column.label[language] for column in found.columns}
    for full, table in zip(found.tables, found.published.tables, strict=True):
        identity = table.identity
        print(f"{title_number(identity.number)}. {identity.text[language]}")
        if identity.base_text is not None:
            print(f"   {wording('tabulation.about', whom=identity.base_text[language])}")
        if is_experiment(table):
            print(f"   {wording('experiment.note_n')}")
        lines = list(
            _internal_lines(full, language)
            if internal
            else _published_lines(table, wording, compare)
        )
        last = len(table.columns) - 1
        for axis in found.axes:
            codes = [column.code for column in axis.columns]
            places = [table.columns.index(code) for code in codes]
            letters: Sequence[str] = [""] * len(codes)
            if found.publication.test != "versus_rest":
                letters = column_letters(len(codes))
            heads = [f"{names[c]} {x}".rstrip() for c, x in zip(codes, letters, strict=True)]
            print_rows(
                [
                    {axis.label[language]: label}
                    | {head: values[p] for head, p in zip(heads, places, strict=True)}
                    | {wording("tabulation.total"): values[last]}
                    for label, values in lines
                ]
            )
            print()
    if compare:
        print(compared_note(wording, national=found.national))
    print(_ending(found, internal))


def _published_lines(
    table: PublishedTable, wording: Words, compare: bool
) -> Iterator[tuple[str, list[str]]]:
    from flows.crosstabs.overview import compared
    from flows.dossiers.reading import sorted_rows, tells_unknown

    times = compared(table)
    for row in sorted_rows(table):
        place = table.rows.index(row)
        said = [_written(cell, row, wording) for cell in table.cells[place]]
        if compare:
            behind = [
                "" if each is None else f" {wording('data.times', times=wording.decimal(each))}"
                for each in times[place]
            ]
            said = [f"{one}{more}" for one, more in zip(said, behind, strict=True)]
        yield row.label[wording.language], said
    hidden = wording("word.protected")
    yield wording("table.n"), [hidden if n is None else wording.integer(n) for n in table.n]
    if tells_unknown(table):
        answer = table.rows[0]
        values = [_written(cell, answer, wording, share=True) for cell in table.dont_know]
        yield wording("data.dont_know"), values


def _written(cell: Cell, row: Row, wording: Words, *, share: bool = False) -> str:
    from flows.crosstabs.tables import Flag, Verdict
    from flows.dossiers.reading import sheet_value, unit_of, word_for

    if not cell.shown or cell.value is None:
        return word_for(wording, cell)
    unit = "share" if share else unit_of(row)
    if unit == "share":
        text = wording.percent(cell.value)
    elif unit == "points":
        text = f"{sheet_value(cell, row):+.0f}"
    else:
        text = wording.decimal(cell.value)
    marks = {Verdict.HIGHER: " ▲", Verdict.LOWER: " ▼", Verdict.NONE: ""}
    about = f"{wording('word.about')} " if cell.flag is Flag.INDICATIVE else ""
    letters = f" {cell.letters}" if cell.letters else ""
    return f"{about}{text}{marks[cell.verdict]}{letters}"


def _internal_lines(table: Table, language: Language) -> Iterator[tuple[str, list[str]]]:
    for r, row in enumerate(table.rows):
        values = [_unrounded(table, r, c) for c in range(len(table.columns))]
        yield row.label[language], values
    yield "n", [f"{n:,}" for n in table.n]
    yield "n_eff", [f"{n:,.1f}" for n in table.n_eff]
    yield "n weighted", [f"{n:,.1f}" for n in table.weighted_base]


def _unrounded(table: Table, r: int, c: int) -> str:
    """An estimate with its standard error, adjusted p-value and letters, where it has them."""
    from math import isfinite

    from flows.crosstabs.tables import SHARES

    kind = table.rows[r].kind
    scale = 100.0 if kind in (*SHARES, "score") else 1.0
    value, error = float(table.estimate[r, c]) * scale, float(table.standard_error[r, c]) * scale
    if not isfinite(value):
        return "-"
    p = float(table.p_adjusted[r, c])
    parts = [f"{value:.2f}{'%' if kind in SHARES else ''}"]
    parts += [f"({error:.2f})"] if isfinite(error) else []
    parts += [f"p={p:.3f}"] if isfinite(p) else []
    parts += [table.letters[r][c]] if table.letters else []
    return " ".join(part for part in parts if part)


def _ending(found: Tabulation, internal: bool) -> str:
    rule = found.publication.test.replace("_", " ")
    if internal:
        return (
            f"{INTERNAL}: unrounded, standard errors in brackets, nothing hidden. Do not pass on. "
            f"Test: {rule}, {found.publication.corrected_by.replace('_', ' ')}."
        )
    hidden = found.published.hidden_cells
    return (
        f"{hidden:,} of {found.published.cells:,} cells hidden. Test: {rule}, "
        f"{found.publication.corrected_by.replace('_', ' ')}. Protected beside the dossiers of "
        "this wave; do not hand it out with another tabulation of the same question."
    )
