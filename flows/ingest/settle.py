"""Failures are acted upon: an answer made invalid, a person set apart; no row is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from expectations.failure import Failure
from flows.definitions.columns import AnswerColumn
from flows.definitions.options import MISSING_CODES, Missing
from flows.definitions.questions import QuestionType
from flows.ingest.frames import (
    MISSING_SUFFIX,
    Bools,
    Settled,
    Standardised,
    Status,
    categorical,
)

QUARANTINED = "quarantined"
MADE_INVALID = "made_invalid"
KEPT = "kept"
UNIQUE = "unique"

QUARANTINE_COLUMNS = (
    "row",
    "respondent",
    "rule",
    "column",
    "value",
    "severity",
    "outcome",
)


def settle(standardised: Standardised, failures: Sequence[Failure]) -> Settled:
    """Answers as they are stored, and a line for each failure.

    An answer that fails becomes `.invalid`. A row that fails critically is quarantined whole.
    Of rows with the same person one stays: the only latest complete one, or one of rows that
    are equal in every answer; when nothing tells which is the latest, all are quarantined. So
    the rows of `answers` and the distinct quarantined rows add up to the rows read.
    """
    frame = standardised.frame
    rows = {int(row): i for i, row in enumerate(frame["row"])}
    out = np.zeros(len(frame), dtype=bool)
    outcomes: list[str] = []
    staying = _staying(standardised, failures, rows)
    for failure in failures:
        position = rows[failure.row]
        critical = failure.severity == "critical"
        if failure.rule == UNIQUE and staying[position]:
            outcomes.append(KEPT)
            continue
        outcomes.append(QUARANTINED if critical else MADE_INVALID)
        out[position] |= critical
    answers = _answers(standardised, failures, rows)[~out].reset_index(drop=True)
    quarantine = pd.DataFrame(
        [asdict(f) | {"outcome": o} for f, o in zip(failures, outcomes, strict=True)],
        columns=list(QUARANTINE_COLUMNS),
    )
    quarantine = quarantine.astype({name: "str" for name in QUARANTINE_COLUMNS if name != "row"})
    return Settled(answers, quarantine.astype({"row": "int64"}))


def quarantined_rows(quarantine: pd.DataFrame) -> int:
    """How many rows of the file are not among the answers."""
    apart: int = quarantine.loc[quarantine["outcome"] == QUARANTINED, "row"].nunique()
    return apart


def _staying(
    standardised: Standardised, failures: Iterable[Failure], rows: dict[int, int]
) -> Bools:
    """Which rows that share their person with others may stay; all other rows are False."""
    frame = standardised.frame
    staying = np.zeros(len(frame), dtype=bool)
    positions = sorted({rows[f.row] for f in failures if f.rule == UNIQUE})
    barred = {rows[f.row] for f in failures if f.severity == "critical" and f.rule != UNIQUE}
    if not positions:
        return staying
    shared = frame.iloc[[p for p in positions if p not in barred]]
    content = [name for name in frame.columns if name not in ("row", "respondent")]
    for _, group in shared.groupby("respondent", sort=False):
        rank = list(
            zip(
                group["progress"].fillna(-1.0),
                group["completed"].fillna(""),
                strict=True,
            )
        )
        best = [i for i, value in enumerate(rank) if value == max(rank)]
        latest = group.iloc[best]
        if len(latest[content].astype(str).drop_duplicates()) == 1:
            staying[rows[int(latest["row"].iloc[0])]] = True
    return staying


def _answers(
    standardised: Standardised, failures: Sequence[Failure], rows: dict[int, int]
) -> pd.DataFrame:
    """The answer frame, whatever a rule refused being invalid."""
    frame = standardised.frame
    refused: dict[str, list[int]] = {}
    for failure in failures:
        refused.setdefault(failure.column, []).append(rows[failure.row])
    done: dict[str, pd.Series] = {
        "respondent": frame["respondent"],
        "status": pd.Series([Status.KEPT] * len(frame), dtype="str"),
        "duration": frame["duration"],
        "progress": frame["progress"],
        "completed": frame["completed"].map(_day, na_action="ignore"),
    }
    for column in standardised.columns:
        if column.is_text:
            done[column.name] = frame[column.name]
            continue
        number = column.question.type is QuestionType.NUMBER
        name = column.name + (MISSING_SUFFIX if number else "")
        bad = np.array(refused.get(column.name, []) + refused.get(name, []), dtype=np.intp)
        values = settled_categories(frame[name], categories_of(column), bad)
        if number:
            answered = values.cat.codes.to_numpy() == 0
            done[column.name] = frame[column.name].where(answered)
        done[name] = values
    return pd.DataFrame(done)


def categories_of(column: AnswerColumn) -> tuple[str, ...]:
    """The categories of a column of the answer frame (of a number: of its missing kinds)."""
    number = column.question.type is QuestionType.NUMBER
    return ("", *MISSING_CODES) if number else column.categories


def settled_categories(
    values: pd.Series, categories: tuple[str, ...], bad: NDArray[np.intp]
) -> pd.Series:
    """The column with exactly `categories`; `bad` rows and unknown values become invalid."""
    position = {name: i for i, name in enumerate(categories)}
    invalid = position[Missing.INVALID.code]
    lookup = np.array([position.get(str(name), invalid) for name in values.cat.categories])
    codes = lookup[values.cat.codes.to_numpy()]
    codes[bad] = invalid
    return categorical(codes, categories)


def _day(when: str) -> str:
    return when[:10]
