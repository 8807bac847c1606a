"""The results a reader looks at first: the headline questions of a wave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.models import Text
from flows.definitions.questions import Dimension, QuestionType
from flows.definitions.survey import Survey

Floats = NDArray[np.float64]

MOST = 10
MEAN = "mean"


@dataclass(frozen=True, eq=False)
class KeyResult:
    """A share or mean that stands for a question.

    `number`: of its table. `headline`: the answer, net or mean that is shown. `values`: (n,) 1
    or 0, or the score, and 0 outside the base; `base`: (n,) whether somebody counts.
    """

    number: str
    text: Text
    headline: Text
    is_mean: bool
    values: Floats
    base: NDArray[np.bool_]


def key_results(
    answers: pd.DataFrame, survey: Survey, wave: str, most: int = MOST
) -> tuple[KeyResult, ...]:
    """At most `most` headlines of a wave, the most important first.

    First the questions that dossier.yaml names under `stance` and `willingness`, theme by
    theme; then one headline of every other question, in the order of the dossiers; then the
    other items of its grids. `answers`: (n rows) the respondents.
    """
    found: dict[str, KeyResult] = {}
    for column in _candidates(survey, wave):
        if len(found) == most:
            break
        if column.number not in found and column.name in answers:
            result = _result(answers, column)
            if result is not None:
                found[column.number] = result
    return tuple(found.values())


def _candidates(survey: Survey, wave: str) -> Iterator[AnswerColumn]:
    themes = survey.wave(wave).themes
    columns = {column.name: column for column in survey.questionnaire.columns(wave)}
    for theme in themes:
        plan = survey.dossier.theme(theme)
        for code in (plan.stance, plan.willingness):
            column = columns.get(code or "")
            if column is not None:
                yield column
    asked = [
        question
        for theme in themes
        for question in survey.theme_questions(theme, wave)
        if question.dimension is not Dimension.DEMOGRAPHIC
    ] or [
        question
        for question in survey.questionnaire.questions
        if question.asked_in(wave) and question.dimension is not Dimension.DEMOGRAPHIC
    ]
    for question in asked:
        yield columns_of(question)[0]
    for question in asked:
        yield from columns_of(question)[1:]


def _result(answers: pd.DataFrame, column: AnswerColumn) -> KeyResult | None:
    """The headline of a column; None where it has none, or where hardly anybody answered."""
    question = column.question
    code = question.headline
    if question.is_marked or question.type is QuestionType.OPEN:
        return None
    if question.type is QuestionType.NUMBER:
        code, label = MEAN, Text(nl="Gemiddelde", en="Mean")
        values = pd.to_numeric(answers[column.name]).to_numpy(float, na_value=np.nan)
    elif code is None:
        return None
    else:
        members, label = _members(column, code)
        given = answers[column.name].astype(object).map(members)
        values = given.to_numpy(float, na_value=np.nan)
    base = np.isfinite(values)
    if base.sum() < 2:
        return None
    return KeyResult(
        number=column.number,
        text=column.text,
        headline=label,
        is_mean=code == MEAN,
        values=np.where(base, values, 0.0),
        base=base,
    )


def _members(column: AnswerColumn, code: str) -> tuple[dict[str, float | None], Text]:
    """What every answer counts for in a headline, and the headline's label."""
    options = column.question.substantive
    if code == MEAN:
        return {o.code: o.score for o in options}, Text(nl="Gemiddelde", en="Mean")
    for net in column.question.nets:
        if net.code == code:
            return {o.code: float(o.code in net.options) for o in options}, net.label
    label = next(o.label for o in options if o.code == code)
    return {o.code: float(o.code == code) for o in options}, label
