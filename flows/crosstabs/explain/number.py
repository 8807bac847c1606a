"""What made one number of a table: its definition, bases, error, test and suppression."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.explain.error import Compared, Estimate, compared_of, estimate_of
from flows.crosstabs.tables import Row, Table, Verdict
from flows.crosstabs.tidy import DONT_KNOW
from flows.definitions.dossier_plan import Publication
from flows.definitions.questions import Question, QuestionType


@dataclass(frozen=True)
class Counted:
    """What the row counts: per option its code and label, with its score in a mean.

    `base`: who was asked, None for everybody. `missing`: what becomes of who gave no answer.
    """

    kind: str
    label: str
    options: tuple[tuple[str, str, float | None], ...]
    base: str | None
    missing: str


@dataclass(frozen=True)
class Bases:
    """People in the column: asked, answered, without an opinion, and no answer otherwise.

    `weighted`: those who answered, on weights with a mean of 1; `effective`: by Kish.
    `behind`: who gave the answer of the row. None: withheld.
    """

    asked: int | None
    answered: int | None
    no_opinion: int | None
    no_answer: int | None
    weighted: float | None
    effective: float | None
    behind: int | None = None


@dataclass(frozen=True)
class Hidden:
    """Why a number is not shown: a `Rule` of publication, `no_base`, or `unknown`."""

    rule: str
    reason: str


@dataclass(frozen=True)
class CellExplained:
    """Everything about one cell of a stored table. `hidden`: None for a cell that is shown."""

    table: str
    question: str
    item: str | None
    row: str
    column: str
    text: str
    counted: Counted
    bases: Bases
    estimate: Estimate | None
    compared: Compared | None
    hidden: Hidden | None = None


def explain_cell(
    table: Table,
    question: Question,
    row: str,
    column: str,
    publication: Publication,
    freedom: int,
    *,
    verdict: str | None = None,
) -> CellExplained:
    """Explain the number in `row` and `column` of a stored table.

    `question`: of the table, for what its options are called. `freedom`: degrees of freedom of
    the sample, its people (or clusters) less its strata. `verdict`: the mark it was published
    with, None where it could have none. `row` may be `dont_know`. Why a number is hidden is for
    the whole edition to tell (`hiding.why_hidden`).

    Raises CrosstabError for a row or column that the table does not have.
    """
    c = _column(table, column)
    identity = table.identity
    about: dict[str, Any] = {
        "table": identity.number,
        "question": identity.question,
        "item": identity.item,
        "row": row,
        "column": column,
        "text": identity.text["en"],
    }
    if row == DONT_KNOW:
        return CellExplained(
            **about,
            counted=_no_opinion_counted(table, question),
            bases=_bases(table, c, int(table.dont_know_count[c])),
            estimate=Estimate(
                float(table.dont_know[c]), None, None, None, "none", "no interval is made of it"
            ),
            compared=None,
        )
    r = _row(table, row)
    return CellExplained(
        **about,
        counted=_counted(table, question, table.rows[r]),
        bases=_bases(table, c, int(table.count[r, c])),
        estimate=estimate_of(table, r, c, publication, freedom),
        compared=compared_of(table, r, c, publication, verdict),
    )


def withheld(
    cell: CellExplained, *, people: bool, opinions: bool, bound: bool = False
) -> CellExplained:
    """The same without what the edition does not show.

    Of a hidden number what it is and why, and nothing of the number; of a mark that is kept
    out nothing of the test. `people`: whether the number of people in the column is shown;
    `opinions`: whether the share without an opinion is; `bound`: whether all that is shown of
    the number is that it is less than something.
    """
    bases = cell.bases
    if not opinions or cell.hidden is not None:
        bases = replace(bases, asked=None, no_opinion=None, no_answer=None)
    if not people:
        bases = replace(bases, answered=None, weighted=None, effective=None, behind=None)
    if cell.hidden is not None or bound:
        return replace(cell, estimate=None, compared=None, bases=replace(bases, behind=None))
    compared = cell.compared
    if compared is not None and not compared.printed:
        compared = replace(
            compared,
            difference=None,
            standard_error=None,
            degrees_of_freedom=None,
            p=None,
            p_adjusted=None,
            verdict=Verdict.NONE,
            why=compared.why.split("; ")[-1],
        )
    return replace(cell, bases=bases, compared=compared)


def _row(table: Table, code: str) -> int:
    codes = [row.code for row in table.rows]
    if code not in codes:
        raise CrosstabError(
            f"Table {table.identity.number} has no row {code}. Its rows are: "
            f"{', '.join([*codes, DONT_KNOW])}."
        )
    return codes.index(code)


def _column(table: Table, code: str) -> int:
    if code not in table.columns:
        raise CrosstabError(
            f"Table {table.identity.number} has no column {code}. Its columns are: "
            f"{', '.join(table.columns)}."
        )
    return table.columns.index(code)


# ------------------------------------------------------------------------------ definition


def _counted(table: Table, question: Question, row: Row) -> Counted:
    labels = {option.code: option.label["en"] for option in question.options}
    rows = {each.code: each for each in table.rows}
    if row.kind == "answer":
        codes: tuple[str, ...] = (row.code,)
    elif row.members:
        codes = row.members
    else:
        codes = tuple(code for code, each in rows.items() if each.score is not None)
    options = tuple(
        (
            code,
            labels.get(code, rows[code].label["en"] if code in rows else code),
            rows[code].score if row.kind == "mean" and code in rows else None,
        )
        for code in codes
    )
    base = table.identity.base_text
    return Counted(
        kind=row.kind,
        label=row.label["en"],
        options=options,
        base=None if base is None else base["en"],
        missing=_missing_rule(question),
    )


def _missing_rule(question: Question) -> str:
    if question.dont_know == "leave_out":
        return "of all who gave an answer; who does not know, refused, or skipped it is out"
    if question.dont_know == "answer":
        return (
            "of all who gave an answer, who does not know included; who refused, skipped the "
            "question or was not asked is out"
        )
    if question.type is QuestionType.RANKING:
        return (
            "of all who put an option first; in a mean place who gave the option none counts "
            "for the middle of the places left"
        )
    if question.type is QuestionType.EXPERIMENT and question.outcomes:
        return "of all who were given the arm by chance and answered the question it may change"
    if question.is_marked:
        return (
            "of all who chose something, or could say that nothing applies and did; who has no "
            "opinion, skipped the question or was not asked is out"
        )
    return (
        "of all who gave an answer; who does not know or refused is counted apart, as a share "
        "of all who were asked, and who skipped the question or was not asked is out"
    )


def _no_opinion_counted(table: Table, question: Question) -> Counted:
    base = table.identity.base_text
    options = tuple(
        (option.missing.code, option.label["en"], None)
        for option in question.options
        if option.missing is not None and option.missing.value in ("dont_know", "refused")
    )
    return Counted(
        kind=DONT_KNOW,
        label="No opinion",
        options=options,
        base=None if base is None else base["en"],
        missing="of all who were asked: with an answer, without an opinion, or skipped",
    )


def _bases(table: Table, c: int, behind: int) -> Bases:
    asked, answered = int(table.asked[c]), int(table.n[c])
    no_opinion = int(table.dont_know_count[c])
    return Bases(
        asked=asked,
        answered=answered,
        no_opinion=no_opinion,
        no_answer=asked - answered - no_opinion,
        weighted=float(table.weighted_base[c]),
        effective=float(table.n_eff[c]),
        behind=behind,
    )
