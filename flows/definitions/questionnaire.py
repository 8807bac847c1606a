"""questionnaire.yaml: all questions of a survey, and the variables derived from them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.models import Code, Labelled, Model, Text
from flows.definitions.options import Scale
from flows.definitions.questions import Question


class Level(Labelled):
    """A level of a derived variable.

    For `recode`: the codes taken together. For `bands`: `low` <= number <= `high`.
    """

    options: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


class Derived(Model):
    """A variable made from answers: a recode, bands of a number, or a crossing of two.

    A crossing's levels are all pairs `a.b`; its labels are joined with a comma.
    """

    code: Code
    text: Text
    kind: Literal["recode", "bands", "cross"]
    of: tuple[Code, ...]
    levels: tuple[Level, ...] = ()
    special: Literal["none", "political", "origin", "health"] = "none"


class Questionnaire(Model):
    """All questions of a survey, and what is derived from them."""

    scales: dict[Code, Scale] = Field(default_factory=dict)
    questions: tuple[Question, ...]
    derived: tuple[Derived, ...] = ()

    def question(self, code: str) -> Question:
        for question in self.questions:
            if question.code == code:
                return question
        raise KeyError(code)

    def has(self, code: str) -> bool:
        return any(question.code == code for question in self.questions)

    def of_theme(self, theme: str) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if question.theme == theme)

    def columns(self, wave: str | None = None) -> tuple[AnswerColumn, ...]:
        """Every answer column, in questionnaire order; of one wave if given."""
        return tuple(
            column
            for question in self.questions
            if wave is None or question.asked_in(wave)
            for column in columns_of(question)
        )

    def derived_variable(self, code: str) -> Derived | None:
        return next((derived for derived in self.derived if derived.code == code), None)

    def levels(self, variable: str) -> tuple[Labelled, ...]:
        """The levels of a question or derived variable, as used for margins and banners."""
        derived = self.derived_variable(variable)
        if derived is None:
            return self.question(variable).substantive
        if derived.kind != "cross":
            return derived.levels
        first, second = (self.levels(code) for code in derived.of)
        return tuple(
            Labelled(
                code=f"{a.code}_{b.code}",
                nl=f"{a.nl}, {b.nl}",
                en=f"{a.label['en']}, {b.label['en']}",
            )
            for a in first
            for b in second
        )

    def label(self, variable: str) -> Text:
        derived = self.derived_variable(variable)
        return derived.text if derived is not None else self.question(variable).label
