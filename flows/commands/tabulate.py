"""The command `tabulate`: a table nobody declared, under the rules of publication."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.options import JsonOption, SurveyArgument, WaveOption, print_rows
from flows.errors import Refusal

if TYPE_CHECKING:
    import pandas as pd

    from flows.crosstabs.tables import Cell, PublishedTable, Row, Table
    from flows.definitions.models import Language
    from flows.dossiers.texts import Words
    from flows.workbench.tabulate import Tabulation

INTERNAL = "INTERN"
SUFFIXES = (".csv", ".xlsx")


def tabulate(
    survey: SurveyArgument,
    wave: WaveOption,
    rows: Annotated[
        list[str], typer.Option("--rows", help="questions or grid items, by comma: E07,E03_b")
    ],
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", help="by comma; nested with *: profile,age6,profile*age6"),
    ] = None,
    conditions: Annotated[
        list[str] | None,
        typer.Option("--filter", help="only these people: age6=1,2; several must all hold"),
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="write FILE.csv or FILE.xlsx")] = None,
    internal: Annotated[
        bool, typer.Option("--internal", help="everything, unrounded; never leaves the bureau")
    ] = False,
    corrected: Annotated[
        bool, typer.Option("--corrected", help="by profile, corrected for errors in typing; INTERN")
    ] = False,
    test: Annotated[
        str | None, typer.Option("--test", help="versus_rest, pairwise, dimensions or spss")
    ] = None,
    correction: Annotated[
        str | None,
        typer.Option("--correction", help="benjamini_hochberg, holm, bonferroni or none"),
    ] = None,
    language: Annotated[str, typer.Option("--language", help="nl or en")] = "nl",
    replace: Annotated[bool, typer.Option("--replace", help="over a file that is there")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tabulate questions of a processed wave, to the terminal, a CSV or an Excel file."""
    if to is not None and to.suffix.lower() not in SUFFIXES:
        raise Refusal(f"{to}: a table is written as .csv or .xlsx; give the file such a name.")
    if to is not None and to.exists() and not replace:
        raise Refusal(f"{to} is there already; name another file, or add --replace.")
    if to is not None and not to.parent.is_dir():
        raise Refusal(f"{to.parent}: there is no such folder; make it, or name another file.")
    tongue = _language(language)
    if to is not None and (internal or corrected):
        _refuse_outputs(to)
    if corrected:
        if columns not in (None, ["profile"]) or test or correction:
            raise Refusal(
                "--corrected gives the profiles as columns, tested as versus_rest; leave out "
                "--columns, --test and --correction."
            )
        _correct(survey, wave, _listed(rows), _conditions(conditions or ()), to, as_json)
        return
    from flows.workbench.tabulate import tabulate as made_of

    changes = _changes(test, correction)
    found = made_of(
        survey,
        wave,
        _listed(rows),
        [axis.split("*") for axis in _listed(columns or ["profile"])],
        _conditions(conditions or ()),
        changes,
    )
    if not internal:
        for note in found.published.notes:
            print(f"LOOK: {note}", file=sys.stderr)
    if to is not None:
        _write(found, to, internal, tongue)
        hidden = found.published.hidden_cells
        told = INTERNAL if internal else f"{hidden:,} of {found.published.cells:,} cells hidden"
        if internal:
            to.chmod(0o600)
        print(f"{_tables(len(found.tables))}, {told}: {to}")
        return
    if as_json:
        print(json.dumps(_lines(found, internal), indent=2, ensure_ascii=False))
        return
    _show(found, internal, tongue)


def _correct(
    survey: Path,
    wave: str,
    rows: Sequence[str],
    conditions: dict[str, tuple[str, ...]],
    to: Path | None,
    as_json: bool,
) -> None:
    """What people of each true profile answer, beside who was assigned; always internal."""
    from flows.dossiers.tidy_csv import write_tables_csv
    from flows.workbench.corrected_estimates import corrected_estimates

    if to is not None and to.suffix.lower() != ".csv":
        raise Refusal(f"{to}: corrected estimates are written as .csv; give the file such a name.")
    found = corrected_estimates(survey, wave, rows, conditions)
    frame = found.frame()
    frame.insert(0, "status", INTERNAL)
    if to is not None:
        write_tables_csv(frame, to)
        to.chmod(0o600)
        print(f"{_tables(len(found.corrected))}, {INTERNAL}: {to}")
    elif as_json:
        values = frame.astype(object).where(frame.notna(), None)
        print(json.dumps(values.to_dict("records"), indent=2, ensure_ascii=False))
        return
    else:
        wide = frame.pivot_table(
            index=["table", "answer", "statistic", "basis"],
            columns="column",
            values=["estimate"],
            sort=False,
        )["estimate"]
        print_rows(
            [
                dict(zip(map(str, wide.index.names), map(str, key), strict=True))
                | {str(c): f"{v:.3f}" if v == v else "-" for c, v in values.items()}
                for key, values in wide.iterrows()
            ]
        )
    print(f"Errors of typing from: {found.source}")
    for note in found.correction.notes:
        print(note["en"])
    print(f"{INTERNAL}: unrounded, nothing hidden. Do not pass on.")


def _refuse_outputs(to: Path) -> None:
    """Internal figures never stand between what goes to clients."""
    from flows.settings import Settings

    outputs = Settings().outputs.resolve()
    if to.resolve().is_relative_to(outputs):
        raise Refusal(
            f"{to} is in {outputs}, whose files go to clients; write internal figures elsewhere."
        )


def _tables(count: int) -> str:
    return "1 table" if count == 1 else f"{count} tables"


def _listed(values: Sequence[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _language(language: str) -> Language:
    if language == "nl":
        return "nl"
    if language == "en":
        return "en"
    raise Refusal(f"--language {language}: the languages are nl and en.")


def _changes(test: str | None, correction: str | None) -> dict[str, object]:
    from flows.definitions.models import Publication

    given = {"test": test, "correction": correction}
    changes: dict[str, object] = {name: value for name, value in given.items() if value}
    fields = Publication.model_fields
    for name, value in changes.items():
        known = getattr(fields[name].annotation, "__args__", ())
        if value not in known:
            raise Refusal(f"--{name} {value}: choose one of {', '.join(known)}.")
    return changes


def _conditions(filters: Sequence[str]) -> dict[str, tuple[str, ...]]:
    conditions = {}
    for each in filters:
        name, equals, codes = each.partition("=")
        if not equals or not name.strip():
            raise Refusal(f"--filter {each}: write it as VARIABLE=CODE,CODE, such as age6=1,2.")
        if name.strip() in conditions:
            raise Refusal(f"--filter {each}: {name.strip()} is filtered twice; name it once.")
        conditions[name.strip()] = tuple(_listed([codes]))
    return conditions


def _lines(found: Tabulation, internal: bool) -> list[dict[str, object]]:
    """The tidy rows of the published tables, or every unrounded cell."""
    frame = _frame(found, internal)
    values = frame.astype(object).where(frame.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in values.to_dict("records")]


def _frame(found: Tabulation, internal: bool) -> pd.DataFrame:
    from flows.crosstabs.cells import cells_frame
    from flows.crosstabs.tidy import tidy

    if internal:
        frame = cells_frame(found.tables)
        frame.insert(0, "status", INTERNAL)
        return frame
    return tidy(found.published, found.survey.code, found.wave.code, "")


def _write(found: Tabulation, to: Path, internal: bool, language: Language) -> None:
    if to.suffix.lower() == ".csv":
        from flows.dossiers.tidy_csv import write_tables_csv

        write_tables_csv(_frame(found, internal), to)
        return
    from flows.dossiers.tabulate_book import TabulationFacts, write_tabulation

    write_tabulation(
        to,
        found.tables if internal else (),
        found.published.tables,
        found.columns,
        TabulationFacts(
            survey=found.survey.info.title,
            wave=found.wave.title,
            period=found.wave.period,
            publisher=found.survey.dossier.publisher,
            day=found.wave.field.end,
            publication=found.publication,
            simulated=found.survey.info.simulated,
            concept=found.concept,
            internal=internal,
        ),
        language,
    )


# ------------------------------------------------------------------------------- terminal


def _show(found: Tabulation, internal: bool, language: Language) -> None:
    """Every table, an axis at a time with the total: a screen is not as wide as a banner."""
    from flows.crosstabs.pairwise import column_letters
    from flows.dossiers.texts import words

    wording = words(language)
    names = {column.code: column.label[language] for column in found.columns}
    for full, table in zip(found.tables, found.published.tables, strict=True):
        identity = table.identity
        print(f"{identity.number}. {identity.text[language]}")
        if identity.base_text is not None:
            print(f"   {identity.base_text[language]}")
        lines = list(
            _internal_lines(full, language) if internal else _published_lines(table, wording)
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
    print(_ending(found, internal))


def _published_lines(table: PublishedTable, wording: Words) -> Iterator[tuple[str, list[str]]]:
    from flows.dossiers.reading import sorted_rows

    for row in sorted_rows(table):
        cells = table.cells[table.rows.index(row)]
        yield row.label[wording.language], [_written(cell, row, wording) for cell in cells]
    hidden = wording("word.protected")
    yield wording("table.n"), [hidden if n is None else wording.integer(n) for n in table.n]
    if any(cell.shown and cell.value for cell in table.dont_know):
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
