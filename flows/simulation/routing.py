"""Who is asked what: base filters, the arms of experiments, and answers given before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Base, Question, QuestionType
from flows.simulation.chance import BoolArray, FloatArray, IntArray, stream
from flows.simulation.errors import SimulationError
from flows.simulation.measures import entry_of
from flows.simulation.parameters import SimulationParameters

EMPTY = -1


@dataclass(frozen=True)
class Drawn:
    """The answers to one column: `labels[index]` per person, nothing where index is -1.

    `labels` are the codes as the questionnaire has them, `sources` as the files write them.
    """

    column: AnswerColumn
    labels: tuple[str, ...]
    sources: tuple[str, ...]
    index: IntArray


Given = dict[str, Drawn]
"""Answers people gave so far, by column name; of panel members the register's too."""


def arms_of(questions: list[Question], n: int, seed: int, scope: str) -> dict[str, IntArray]:
    """The randomly assigned arm of every experiment, by position among its options."""
    return {
        question.code: stream(seed, scope, question.code).integers(
            len(question.substantive), size=n
        )
        for question in questions
        if question.type is QuestionType.EXPERIMENT
    }


def shifts_of(
    questions: list[Question], parameters: SimulationParameters, arms: dict[str, IntArray]
) -> Iterator[tuple[str, FloatArray]]:
    """What the arms do to the follow-up questions, per person."""
    for question in questions:
        effect = entry_of(parameters, question).arms_effect
        if effect is not None and question.code in arms:
            sizes = [effect.effects.get(option.code, 0.0) for option in question.substantive]
            yield effect.question, np.array(sizes)[arms[question.code]]


def asked_of(base: Base | None, given: Given, questionnaire: Questionnaire, n: int) -> BoolArray:
    """Who is asked a question with this base, by the answers given so far."""
    if base is None:
        return np.ones(n, dtype=bool)
    source = questionnaire.question(base.question)
    asked = np.zeros(n, dtype=bool)
    for column in columns_of(source):
        answer = given.get(column.name)
        if answer is None:
            raise SimulationError(
                f"{base.question}: a question has it as its base but it is not asked before. "
                "Put it earlier in the questionnaire, or in the register."
            )
        if column.option is not None:
            if column.option.code in base.options:
                asked |= (answer.index >= 0) & (np.array(answer.labels) != "0")[answer.index]
        else:
            wanted = np.array([label in base.options for label in answer.labels] + [False])
            asked |= wanted[answer.index]
    return asked
