"""The hash of what a reading depends on: change a label and nothing is read anew."""

from __future__ import annotations

from typing import Any

from flows.definitions.columns import AnswerColumn
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question, QuestionType
from flows.definitions.waves import Source, Wave
from flows.fingerprint import of_json

READING_VERSION = 1
"""Raised when the code reads the same file differently."""


def reading_sha256(questionnaire: Questionnaire, wave: Wave, source: Source) -> str:
    """SHA-256 of everything that decides how a file of this wave and source is read.

    Codes, source codes, source columns, types, missing kinds, order, bases, ranges, severity
    and quality rules count; labels, texts, nets, themes and field dates do not.
    """
    return of_json(
        {
            "version": READING_VERSION,
            "source": source.model_dump(mode="json"),
            "quality": wave.quality.model_dump(mode="json", exclude={"minimum_respondents"}),
            "questions": [
                _question(question)
                for question in questionnaire.questions
                if question.asked_in(wave.code)
            ],
            "columns": [_column(column, wave.code) for column in questionnaire.columns(wave.code)],
        }
    )


def _question(question: Question) -> dict[str, Any]:
    base = question.base
    # Only of a ranking, so that nothing else is read anew.
    ranking = {"places": question.places} if question.type is QuestionType.RANKING else {}
    return ranking | {
        "code": question.code,
        "type": question.type.value,
        "background": question.dimension.value == "demographic",
        "severity": question.severity,
        "range": [question.minimum, question.maximum],
        "base": [base.question, list(base.options)] if base else None,
        "options": [
            [
                option.code,
                list(option.source_codes),
                option.missing.value if option.missing else None,
                option.exclusive,
            ]
            for option in question.options
        ],
    }


def _column(column: AnswerColumn, wave: str) -> list[str]:
    return [column.name, *column.sources(wave)]
