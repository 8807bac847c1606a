"""The command `tabulate`: a table nobody declared, under the rules of publication."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands.options import JsonOption, SurveyArgument, WaveOption, print_rows
from flows.commands.tabulate_screen import INTERNAL, show
from flows.errors import Refusal

if TYPE_CHECKING:
    import pandas as pd

    from flows.definitions.models import Language
    from flows.workbench.tabulate import Tabulation

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
    to: Annotated[
        Path | None,
        typer.Option("--to", help="write FILE.csv, FILE.xlsx, or FOLDER: both, with a codebook"),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="marked shares also as so many times the total")
    ] = False,
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
    if to is not None and to.suffix.lower() not in ("", *SUFFIXES):
        raise Refusal(f"{to}: a table is written as .csv or .xlsx; give the file such a name.")
    if to is not None and not to.suffix and (internal or corrected):
        raise Refusal(f"{to}: internal figures are written as .csv or .xlsx, not as a folder.")
    if compare and (internal or corrected or test not in (None, "versus_rest")):
        raise Refusal(
            "--compare tells of published figures where they are marked against all others; "
            "leave out --internal, --corrected and --test."
        )
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
    if compare and found.publication.test != "versus_rest":
        raise Refusal(
            f"--compare follows the marks against all others, and this survey compares by "
            f"{found.publication.test}; add --test versus_rest."
        )
    if not internal:
        for note in found.published.notes:
            print(f"LOOK: {note}", file=sys.stderr)
    if to is not None:
        _write(found, to, _How(internal, compare, tongue, replace))
        hidden = found.published.hidden_cells
        told = INTERNAL if internal else f"{hidden:,} of {found.published.cells:,} cells hidden"
        if internal:
            to.chmod(0o600)
        print(f"{_tables(len(found.tables))}, {told}: {to}")
        return
    if as_json:
        print(json.dumps(_lines(found, internal, compare), indent=2, ensure_ascii=False))
        return
    show(found, internal=internal, compare=compare, language=tongue)


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
    from flows.definitions.dossier_plan import Publication

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


@dataclass(frozen=True)
class _How:
    """How a file is to be written."""

    internal: bool
    compare: bool
    language: Language
    replace: bool


def _lines(found: Tabulation, internal: bool, compare: bool) -> list[dict[str, object]]:
    """The tidy rows of the published tables, or every unrounded cell."""
    frame = _frame(found, internal, compare)
    values = frame.astype(object).where(frame.notna(), None)
    return [{str(k): v for k, v in row.items()} for row in values.to_dict("records")]


def _frame(found: Tabulation, internal: bool, compare: bool) -> pd.DataFrame:
    from flows.crosstabs.cells import cells_frame

    if internal:
        frame = cells_frame(found.tables)
        frame.insert(0, "status", INTERNAL)
        return frame
    return found.tidy(compare=compare)


def _write(found: Tabulation, to: Path, how: _How) -> None:
    if to.suffix.lower() == ".csv":
        from flows.dossiers.tidy_csv import write_tables_csv

        write_tables_csv(_frame(found, how.internal, how.compare), to)
    elif to.suffix:
        _write_book(found, to, how)
    else:
        from flows.dossiers.tabulate_files import write_folder

        write_folder(
            to,
            _frame(found, how.internal, how.compare),
            _codebook(found),
            lambda path: _write_book(found, path, how),
            replace=how.replace,
        )


def _codebook(found: Tabulation) -> dict[str, Any]:
    from flows.dossiers.codebook import About, book_of

    about = About(
        survey=found.survey.code,
        wave=found.wave.code,
        theme="",
        role=found.survey.info.role,
        title=found.wave.title,
        publication=found.publication,
        lowest_weight=found.weights[0],
        highest_weight=found.weights[1],
    )
    names = {column.code: column.label for column in found.columns}
    return book_of(found.published, found.survey.questionnaire, about, names)


def _write_book(found: Tabulation, to: Path, how: _How) -> None:
    from flows.dossiers.tabulate_book import TabulationFacts, write_tabulation

    write_tabulation(
        to,
        found.tables if how.internal else (),
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
            internal=how.internal,
            compare=how.compare,
            national=found.national,
        ),
        how.language,
    )
