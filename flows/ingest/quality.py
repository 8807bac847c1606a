"""Who is left out of the tables, by rule; they stay in the store, with the reason."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flows.definitions.columns import columns_of
from flows.definitions.options import Missing
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.definitions.waves import Wave
from flows.ingest.errors import TooFewRespondents
from flows.ingest.frames import MISSING_SUFFIX, Bools, Status, any_of

_SILENT = (
    Missing.SKIPPED.code,
    Missing.BROKEN_OFF.code,
    Missing.NOT_ASKED.code,
    Missing.INVALID.code,
)


def mark_quality(answers: pd.DataFrame, questionnaire: Questionnaire, wave: Wave) -> pd.DataFrame:
    """Set `status` by the wave's rules, in this order: no answers, broken off, speeder.

    A speeder took less than `quality.speeder` times the median duration of those whom the
    first two rules leave. People without a known duration are no speeders.

    Raises `TooFewRespondents` when fewer remain than `quality.minimum_respondents`, unless
    files add up: then only all of them together can tell.
    """
    quality = wave.quality
    status = np.full(len(answers), Status.KEPT, dtype=object)
    if quality.require_any:
        required = [
            has_answer(answers, questionnaire, code)
            for code in quality.require_any
            if questionnaire.question(code).asked_in(wave.code)
        ]
        answered = any_of(required or [np.ones(len(answers), dtype=bool)])
        status[~answered] = Status.NO_ANSWERS
    if quality.break_off == "leave_out":
        status[(status == Status.KEPT) & unfinished(answers)] = Status.BROKEN_OFF
    threshold = speeder_threshold(answers.assign(status=status), quality.speeder)
    if threshold is not None:
        fast = answers["duration"].to_numpy() < threshold
        status[(status == Status.KEPT) & fast] = Status.SPEEDER
    kept = int((status == Status.KEPT).sum())
    cumulative = len(wave.sources) == 1 and wave.sources[0].files == "cumulative"
    if cumulative and kept < quality.minimum_respondents:
        people = "1 respondent remains" if kept == 1 else f"{kept} respondents remain"
        raise TooFewRespondents(
            f"Wave {wave.code}: {people} of {len(answers)}, at least "
            f"{quality.minimum_respondents} are needed for weighted tables. Wait for more "
            "answers, or lower quality.minimum_respondents in survey.yaml."
        )
    return answers.assign(status=pd.array(status, dtype="str"))


def speeder_threshold(answers: pd.DataFrame, fraction: float | None) -> float | None:
    """Minutes under which an interview is too fast; None without a rule or durations.

    The median is of those kept or marked as speeders, so marking twice changes nothing.
    """
    if fraction is None:
        return None
    counted = answers["status"].isin([Status.KEPT, Status.SPEEDER])
    median = answers.loc[counted, "duration"].median()
    return None if np.isnan(median) else float(fraction * median)


def has_answer(answers: pd.DataFrame, questionnaire: Questionnaire, code: str) -> Bools:
    """Who answered the question, or any item or option of it; "don't know" is an answer."""
    question = questionnaire.question(code)
    found = np.zeros(len(answers), dtype=bool)
    for column in columns_of(question):
        if column.is_text:
            found |= answers[column.name].notna().to_numpy()
        elif question.is_marked:
            found |= answers[column.name].isin(column.chosen).to_numpy()
        else:
            number = question.type is QuestionType.NUMBER
            values = answers[column.name + (MISSING_SUFFIX if number else "")]
            found |= ~values.isin(_SILENT).to_numpy()
    return found


def unfinished(answers: pd.DataFrame) -> Bools:
    """Who did not come to the end: progress under 100, or no date where others have one."""
    progress = answers["progress"]
    if progress.notna().any():
        return progress.lt(100).to_numpy()
    undated = answers["completed"].isna().to_numpy()
    return undated & bool((~undated).any())
