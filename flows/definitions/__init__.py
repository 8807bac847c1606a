"""Reads `surveys/<survey>/` into frozen, validated objects."""

from flows.definitions.check import check_survey
from flows.definitions.errors import DefinitionError, Fault
from flows.definitions.load import load_survey
from flows.definitions.models import (
    MISSING_CODES,
    AnswerColumn,
    Language,
    Missing,
    Question,
    Questionnaire,
    QuestionType,
    Survey,
    Text,
)

__all__ = [
    "MISSING_CODES",
    "AnswerColumn",
    "DefinitionError",
    "Fault",
    "Language",
    "Missing",
    "Question",
    "QuestionType",
    "Questionnaire",
    "Survey",
    "Text",
    "check_survey",
    "load_survey",
]
