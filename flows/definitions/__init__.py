"""Reads `surveys/<survey>/` into frozen, validated objects."""

from flows.definitions.check import check_survey
from flows.definitions.columns import AnswerColumn
from flows.definitions.errors import DefinitionError, Fault
from flows.definitions.load import load_survey
from flows.definitions.models import Language, Text
from flows.definitions.options import MISSING_CODES, Missing
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question, QuestionType
from flows.definitions.survey import Survey

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
