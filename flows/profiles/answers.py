"""Answers as numbers: which columns a plan's codes stand for, and how each answer counts.

A `ScoredColumn` carries all it needs to read the same question in another survey, so a
model made in one survey can type the respondents of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.options import MISSING_CODES
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question, QuestionType
from flows.ingest.derive import derive
from flows.ingest.errors import NotInWave
from flows.profiles.errors import ProfileError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoredColumn:
    """One answer column and the number each code stands for.

    Scores are oriented as asked: higher is more agreement, more of it, more positive by the
    scale's `direction`. `reverse`: the wording turns the meaning round (a grid item's
    `reverse`). Numbers have no scores; `sign` orients them. `derived`: computed, not asked.
    """

    name: str
    variable: str
    scores: dict[str, float]
    sign: int = 1
    reverse: bool = False
    derived: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The column as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ScoredColumn:
        return cls(**data)


def scored_columns(questionnaire: Questionnaire, codes: Iterable[str]) -> tuple[ScoredColumn, ...]:
    """The columns that question codes, column names or derived variables stand for.

    A grid stands for all its items, a multiple question for its options (but for those that
    rule the others out), each once. Raises `ProfileError` for a code that is none of these
    and for a question without answers that count.
    """
    by_name = {column.name: column for column in questionnaire.columns()}
    found: dict[str, ScoredColumn] = {}
    for code in codes:
        if questionnaire.derived_variable(code) is not None:
            levels = questionnaire.levels(code)
            scores = {level.code: float(i) for i, level in enumerate(levels, start=1)}
            found.setdefault(code, ScoredColumn(code, code, scores, derived=True))
            continue
        if questionnaire.has(code):
            columns: tuple[AnswerColumn, ...] = columns_of(questionnaire.question(code))
        elif code in by_name:
            columns = (by_name[code],)
        else:
            raise ProfileError(
                f"profiles.yaml names {code}, which is no question or derived variable of this "
                "questionnaire; correct the code."
            )
        for column in columns:
            if column.option is not None and column.option.exclusive:
                continue
            found.setdefault(column.name, _scored(column))
    return tuple(found.values())


def _scored(column: AnswerColumn) -> ScoredColumn:
    question = column.question
    sign = -1 if question.direction == "lower" else 1
    if column.is_text:
        raise ProfileError(
            f"profiles.yaml names {question.code}, an open question; take one whose answers have "
            "codes or numbers."
        )
    if question.type is QuestionType.NUMBER:
        return ScoredColumn(column.name, question.code, {}, sign)
    reverse = column.item is not None and column.item.reverse
    if question.is_marked:
        return ScoredColumn(
            column.name, question.code, {code: float(code != "0") for code in column.codes}
        )
    return ScoredColumn(column.name, question.code, _option_scores(question, sign), sign, reverse)


def _option_scores(question: Question, sign: int) -> dict[str, float]:
    """Values of the options where all have one, else their place in the list."""
    options = question.substantive
    values = [option.score for option in options]
    if any(value is None for value in values):
        values = [float(place) for place in range(1, len(options) + 1)]
    return {o.code: sign * float(v or 0.0) for o, v in zip(options, values, strict=True)}


def score_matrix(
    frame: pd.DataFrame, questionnaire: Questionnaire, columns: Sequence[ScoredColumn]
) -> Floats:
    """Scores of everybody: (n, p), NaN where there is no substantive answer.

    Raises `ProfileError` when a column is absent or holds a code the model does not know.
    """
    absent = [column.name for column in columns if not _present(frame, questionnaire, column)]
    if absent:
        raise ProfileError(
            f"The answers lack {', '.join(absent[:8])}{' and more' if len(absent) > 8 else ''}, "
            "by which profiles are assigned; take a wave that asked them, or join the wave that "
            "did by background_from in survey.yaml."
        )
    values = [_values(frame, questionnaire, column) for column in columns]
    return np.column_stack(values) if values else np.empty((len(frame), 0))


def _present(frame: pd.DataFrame, questionnaire: Questionnaire, column: ScoredColumn) -> bool:
    if not column.derived:
        return column.name in frame.columns
    return questionnaire.derived_variable(column.name) is not None


def _values(frame: pd.DataFrame, questionnaire: Questionnaire, column: ScoredColumn) -> Floats:
    if column.derived:
        series = derive(frame, questionnaire, [column.name])[column.name]
    else:
        series = frame[column.name]
    if not column.scores:
        return column.sign * series.to_numpy(dtype=float)
    coded = pd.Categorical(series)
    categories = [str(category) for category in coded.categories]
    lookup = np.array([*(column.scores.get(code, np.nan) for code in categories), np.nan])
    codes = coded.codes.astype(np.int64)
    unknown = [
        code
        for i, code in enumerate(categories)
        if code not in column.scores and code not in MISSING_CODES and bool((codes == i).any())
    ]
    if unknown:
        raise ProfileError(
            f"{column.name} holds the code {unknown[0]}, which the profile model does not know; "
            "give the question the same codes as in the survey that made the model."
        )
    scores: Floats = lookup[codes]
    return scores


@dataclass(frozen=True)
class Concomitants:
    """Demographics as columns of a design: level codes, and centre and spread of each dummy.

    The first level of a variable has no column. Somebody whose level is unknown counts as
    the average person of the survey that made the model.
    """

    variables: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    centre: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The design as plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Concomitants:
        return cls(
            tuple(data["variables"]),
            tuple(tuple(levels) for levels in data["levels"]),
            tuple(data["centre"]),
            tuple(data["spread"]),
        )

    @classmethod
    def fitted(
        cls,
        frame: pd.DataFrame,
        questionnaire: Questionnaire,
        variables: Sequence[str],
        weights: Floats,
    ) -> Concomitants:
        """The design of these variables; a level nobody has gets a column of zeros."""
        for code in variables:
            try:
                derive(frame, questionnaire, [code])
            except (KeyError, ValueError):
                raise ProfileError(
                    f"profiles.yaml names the concomitant {code}, which has no levels; take a "
                    "question with answer codes or a derived variable."
                ) from None
        levels = tuple(
            tuple(level.code for level in questionnaire.levels(code)) for code in variables
        )
        bare = cls(tuple(variables), levels)
        dummies, known = bare._dummies(frame, questionnaire)
        mass = np.maximum(weights @ known, 1e-12)
        centre = weights @ np.where(known, dummies, 0.0) / mass
        spread = np.sqrt(np.maximum(centre * (1 - centre), 0.0))
        return cls(tuple(variables), levels, tuple(centre.tolist()), tuple(spread.tolist()))

    def design(self, frame: pd.DataFrame, questionnaire: Questionnaire) -> Floats:
        """Standardised dummies (n, D); zero, the average, where the level is unknown."""
        dummies, known = self._dummies(frame, questionnaire)
        centre, spread = np.array(self.centre), np.array(self.spread)
        scaled = (dummies - centre) / np.where(spread > 0, spread, np.inf)
        return np.where(known, scaled, 0.0)

    def absent(self, frame: pd.DataFrame, questionnaire: Questionnaire) -> tuple[str, ...]:
        """The variables that these answers do not hold."""
        return tuple(
            code for code in self.variables if self._codes(frame, questionnaire, code) is None
        )

    def _dummies(
        self, frame: pd.DataFrame, questionnaire: Questionnaire
    ) -> tuple[Floats, NDArray[np.bool_]]:
        width = sum(max(len(levels) - 1, 0) for levels in self.levels)
        dummies = np.zeros((len(frame), width))
        known = np.zeros((len(frame), width), dtype=bool)
        at = 0
        for code, levels in zip(self.variables, self.levels, strict=True):
            step = max(len(levels) - 1, 0)
            codes = self._codes(frame, questionnaire, code)
            if codes is not None:
                known[:, at : at + step] = (codes >= 0)[:, None]
                dummies[:, at : at + step] = codes[:, None] == np.arange(1, step + 1)
            at += step
        return dummies, known

    def _codes(
        self, frame: pd.DataFrame, questionnaire: Questionnaire, code: str
    ) -> NDArray[np.int64] | None:
        """Index of everybody's level, -1 unknown; None when the answers do not hold it."""
        levels = self.levels[self.variables.index(code)]
        try:
            values = derive(frame, questionnaire, [code])[code]
        except (NotInWave, KeyError):
            return None
        place = {level: i for i, level in enumerate(levels)}
        strange = [str(c) for c in values.cat.categories if str(c) not in place]
        if strange:
            raise ProfileError(
                f"{code} has the level {strange[0]}, which the profile model does not know; give "
                "it the same levels as in the survey that made the model."
            )
        lookup = np.array([*(place[str(c)] for c in values.cat.categories), -1], dtype=np.int64)
        codes: NDArray[np.int64] = lookup[values.cat.codes.to_numpy()]
        return codes
