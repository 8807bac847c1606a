"""What came in, what was left out and why: as numbers, and as a page a person can read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from expectations.failure import Failure
from flows.definitions.columns import AnswerColumn
from flows.definitions.options import MISSING_CODES, Missing
from flows.definitions.questions import QuestionType
from flows.definitions.survey import Survey
from flows.definitions.waves import Source, Wave
from flows.ingest.frames import MISSING_SUFFIX, RawResponses, Status
from flows.ingest.quality import speeder_threshold
from flows.ingest.settle import MADE_INVALID, QUARANTINED, quarantined_rows
from flows.pages import page_template

MOST_SHOWN = 200
NOTABLE = 0.2

RULES = {
    "not_null": "a person without an id",
    "unique": "the same person more than once in the file",
    "in_set": "a code that the questionnaire does not know",
    "between": "a number outside its range",
}

KINDS = {
    Missing.DONT_KNOW.value: "don't know",
    Missing.REFUSED.value: "refused",
    Missing.NOT_APPLICABLE.value: "not applicable",
    Missing.NOT_ASKED.value: "not asked",
    Missing.SKIPPED.value: "skipped",
    Missing.BROKEN_OFF.value: "broken off",
    Missing.INVALID.value: "invalid",
}

REASONS = {
    Status.KEPT: "counted in the tables",
    Status.NO_ANSWERS: "left out: none of the required questions answered",
    Status.BROKEN_OFF: "left out: did not finish the interview",
    Status.SPEEDER: "left out: answered too fast",
}


@dataclass(frozen=True)
class ColumnCount:
    """How one answer column came out, over all rows that were not quarantined.

    `answered` counts substantive answers (of an option: chosen or not). `missing` has the
    number of rows per missing kind.
    """

    column: str
    question: str
    text: str
    answered: int
    missing: dict[str, int]

    @property
    def asked(self) -> int:
        """Everybody to whom the question was put."""
        never = (Missing.NOT_ASKED.value, Missing.BROKEN_OFF.value)
        return self.answered + sum(n for kind, n in self.missing.items() if kind not in never)

    @property
    def unanswered(self) -> float:
        """Share of those asked without a substantive answer."""
        return 1 - self.answered / self.asked if self.asked else 0.0


@dataclass(frozen=True)
class ValidationReport:
    """The account of one file. `counts` are respondents, but for `answers_made_invalid`.

    `refused` holds one record per failure, as in the quarantine frame. `threshold`: minutes
    under which an interview was too fast; None without that rule.
    """

    survey: str
    survey_title: str
    wave: str
    wave_title: str
    period: str
    source: str
    file: str
    sha256: str
    counts: dict[str, int]
    by_rule: dict[str, int]
    refused: tuple[dict[str, Any], ...]
    columns: tuple[ColumnCount, ...]
    unused_columns: tuple[str, ...]
    median_minutes: float | None
    threshold: float | None
    completed_from: str | None
    completed_until: str | None
    simulated: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self) | {"refused": list(self.refused)}

    def as_json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=2) + "\n"


def validation_report(
    *,
    survey: Survey,
    wave: Wave,
    source: Source,
    raw: RawResponses,
    answers: pd.DataFrame,
    quarantine: pd.DataFrame,
    failures: Sequence[Failure],
) -> ValidationReport:
    """Count what became of a file.

    `raw` is the file after `pseudonymise`; `answers` come from `mark_quality`, `quarantine`
    and `failures` from the rules. The columns that nobody reads are listed by name.
    """
    statuses = answers["status"].value_counts()
    counts = {"read": len(raw), "quarantined": quarantined_rows(quarantine)}
    counts |= {status: int(statuses.get(status, 0)) for status in REASONS if status != Status.KEPT}
    counts[Status.KEPT] = int(statuses.get(Status.KEPT, 0))
    counts["answers_made_invalid"] = int((quarantine["outcome"] == MADE_INVALID).sum())
    columns = survey.questionnaire.columns(wave.code)
    used = {name for column in columns for name in column.sources(wave.code)}
    used |= {source.duration or "", source.progress or "", source.completed or ""}
    counted = answers["status"].isin([Status.KEPT, Status.SPEEDER])
    median = answers.loc[counted, "duration"].median()
    dates = answers["completed"].dropna()
    return ValidationReport(
        survey=survey.code,
        survey_title=survey.info.title["en"],
        wave=wave.code,
        wave_title=wave.title["en"],
        period=wave.period["en"],
        source=source.code,
        file=raw.name,
        sha256=raw.sha256,
        counts=counts,
        by_rule=dict(Counter(failure.rule for failure in failures)),
        refused=tuple(
            {str(name): value for name, value in record.items()}
            for record in quarantine.to_dict("records")
        ),
        columns=tuple(_counted(answers, column) for column in columns),
        unused_columns=tuple(name for name in raw.columns if name not in used),
        median_minutes=None if np.isnan(median) else float(median),
        threshold=speeder_threshold(answers, wave.quality.speeder),
        completed_from=str(dates.min()) if len(dates) else None,
        completed_until=str(dates.max()) if len(dates) else None,
        simulated=survey.info.simulated,
    )


def _counted(answers: pd.DataFrame, column: AnswerColumn) -> ColumnCount:
    text = column.text["en"]
    if column.option is not None:
        text = f"{column.question.label['en']}: {column.option.label['en']}"
    elif column.item is None:
        text = column.question.label["en"]
    if column.is_text:
        filled = int(answers[column.name].notna().sum())
        kinds = {Missing.SKIPPED.value: len(answers) - filled} if filled < len(answers) else {}
    else:
        number = column.question.type is QuestionType.NUMBER
        found = answers[column.name + (MISSING_SUFFIX if number else "")].value_counts()
        kinds = {code[1:]: int(found[code]) for code in MISSING_CODES if found[code]}
        filled = len(answers) - sum(kinds.values())
    return ColumnCount(column.name, column.question.code, text, filled, kinds)


def validation_page(report: ValidationReport) -> str:
    """The report as one HTML page that needs nothing else and works without a network."""
    found = {kind for column in report.columns for kind in column.missing}
    return page_template("flows.ingest", "validation.html").render(
        report=report,
        kinds={kind: words for kind, words in KINDS.items() if kind in found},
        rules=RULES,
        reasons=REASONS,
        shown=report.refused[:MOST_SHOWN],
        outcomes={
            QUARANTINED: "person set apart",
            MADE_INVALID: "answer made invalid",
            "kept": "this row was kept",
        },
        notable=NOTABLE,
        notes=_notes(report),
    )


def _notes(report: ValidationReport) -> list[str]:
    """What needs a person's look, in sentences."""
    notes = []
    apart, read = report.counts["quarantined"], report.counts["read"]
    if apart:
        notes.append(
            f"{apart:,} of {read:,} rows {'was' if apart == 1 else 'were'} set apart. Correct "
            "them in the file and take it in again, or leave it so."
        )
    invalid = report.counts["answers_made_invalid"]
    if invalid:
        notes.append(
            f"{invalid:,} {'answer was' if invalid == 1 else 'answers were'} made invalid; what "
            "else these people answered counts."
        )
    silent = [c for c in report.columns if c.asked and c.unanswered > NOTABLE]
    if silent:
        worst = max(silent, key=lambda c: c.unanswered)
        what = "question or item has" if len(silent) == 1 else "questions or items have"
        notes.append(
            f"{len(silent)} {what} no answer from more than {NOTABLE:.0%} of those who were "
            f"asked; most: {worst.column} ({worst.unanswered:.0%})."
        )
    return notes
