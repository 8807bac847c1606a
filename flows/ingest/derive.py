"""Variables made from answers: recodes, bands of a number, crossings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from flows.definitions.questionnaire import Derived, Questionnaire
from flows.definitions.questions import QuestionType
from flows.ingest.errors import NotInWave
from flows.ingest.frames import Positions, categorical


def derive(frame: pd.DataFrame, questionnaire: Questionnaire, codes: Iterable[str]) -> pd.DataFrame:
    """The variables `codes`, one column each, in the order given and with `frame`'s index.

    Each is a pandas categorical whose categories are the codes of `questionnaire.levels(code)`
    and NaN where there is no substantive answer. A code may name a derived variable or a
    question with one coded column.

    Raises `NotInWave` when the answers lack what a variable is made of, `ValueError` for a
    question that has no levels.
    """
    return pd.DataFrame(
        {code: variable(frame, questionnaire, code) for code in codes}, index=frame.index
    )


def variable(frame: pd.DataFrame, questionnaire: Questionnaire, code: str) -> pd.Series:
    """One variable as a categorical; see `derive`."""
    derived = questionnaire.derived_variable(code)
    if derived is None:
        return _question(frame, questionnaire, code)
    levels = [level.code for level in questionnaire.levels(code)]
    if derived.kind == "recode":
        codes = _recoded(variable(frame, questionnaire, derived.of[0]), derived)
    elif derived.kind == "bands":
        codes = _banded(_number(frame, questionnaire, derived.of[0]), derived)
    else:
        first, second = (variable(frame, questionnaire, part) for part in derived.of)
        a, b = first.cat.codes.to_numpy(), second.cat.codes.to_numpy()
        pairs = a.astype(np.int64) * len(second.cat.categories) + b
        codes = np.where((a < 0) | (b < 0), -1, pairs)
    return categorical(codes, levels, frame.index)


def _question(frame: pd.DataFrame, questionnaire: Questionnaire, code: str) -> pd.Series:
    question = questionnaire.question(code)
    if not question.is_coded or question.type is QuestionType.GRID:
        raise ValueError(f"{code} is a {question.type} question, which has no levels of its own")
    values = _column(frame, code)
    levels = [option.code for option in question.substantive]
    position = {level: i for i, level in enumerate(levels)}
    lookup = np.array([*(position.get(str(c), -1) for c in values.cat.categories), -1])
    return categorical(lookup[values.cat.codes.to_numpy()], levels, frame.index)


def _recoded(values: pd.Series, derived: Derived) -> Positions:
    position = {code: i for i, level in enumerate(derived.levels) for code in level.options}
    lookup = np.array([*(position.get(str(c), -1) for c in values.cat.categories), -1])
    codes: Positions = lookup[values.cat.codes.to_numpy()]
    return codes


def _banded(numbers: pd.Series, derived: Derived) -> Positions:
    """The first band with low <= number <= high; -1 outside all."""
    values = numbers.to_numpy(dtype=float)
    codes = np.full(len(values), -1)
    for i, level in reversed(list(enumerate(derived.levels))):
        low = -np.inf if level.low is None else level.low
        high = np.inf if level.high is None else level.high
        codes[(values >= low) & (values <= high)] = i
    return codes


def _number(frame: pd.DataFrame, questionnaire: Questionnaire, code: str) -> pd.Series:
    """A number, or the values that the options of a coded question count for."""
    question = questionnaire.question(code)
    if question.type is QuestionType.NUMBER:
        return _column(frame, code)
    scores = {option.code: option.score for option in question.substantive}
    return variable(frame, questionnaire, code).map(scores).astype(float)


def _column(frame: pd.DataFrame, code: str) -> pd.Series:
    if code not in frame.columns:
        raise NotInWave(
            f"{code} is not among the answers: this wave did not ask it. Name a wave under "
            "'background_from' that did, or take another variable."
        )
    return frame[code]
