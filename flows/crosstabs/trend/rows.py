"""The mean of a battery: what somebody answered on average over the items of a grid."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from flows.crosstabs.layout.layouts import Layout, answer_codes
from flows.crosstabs.tables import Floats, Identity, Row
from flows.definitions.columns import columns_of
from flows.definitions.models import Text
from flows.definitions.questions import Question, QuestionType

FEWEST_ANSWERED = 0.5
"""Who answered fewer of the items has no mean."""


def battery_layouts(frame: pd.DataFrame, question: Question, theme: str) -> Iterator[Layout]:
    """One layout with the battery's mean as only row; none where items have no mean.

    Items worded the other way round (`reverse`) are turned, so that the mean has one direction.
    """
    values = battery_mean(frame, question)
    if values is None:
        return
    answered = np.isfinite(values)
    centre = float(values[answered].mean()) if answered.any() else 0.0
    scores = [option.score for option in question.substantive if option.score is not None]
    low, high = f"{min(scores):g}", f"{max(scores):g}"
    items = len(question.items)
    label = Text(
        nl=f"Gemiddelde van {items} onderdelen, van {low} tot {high}",
        en=f"Mean of {items} items, from {low} to {high}",
    )
    base = question.base
    identity = Identity(
        number=question.code,
        question=question.code,
        item=None,
        theme=theme,
        dimension=question.dimension.value,
        type=question.type.value,
        text=question.label,
        question_text=question.text,
        base_text=Text(nl=base.nl, en=base.en) if base else None,
        special=question.special,
        multiple=False,
        headline="mean",
        model_item=False,
    )
    first, second = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    yield Layout(
        identity=identity,
        rows=(Row("mean", label, "mean"),),
        atoms=(np.where(answered, values - centre, 0.0), answered),
        numerator=first,
        denominator=second,
        square=first,
        behind=second,
        shift=np.array([centre]),
        base=second[0],
        no_opinion=np.zeros(2),
        asked=second[0],
    )


def has_battery(question: Question) -> bool:
    """Whether a question is a grid whose items have a mean."""
    return question.type is QuestionType.GRID and "mean" in question.shown_statistics


def battery_mean(frame: pd.DataFrame, question: Question) -> Floats | None:
    """Everybody's mean over the items (n), NaN with fewer than half answered.

    None where the question is no grid of at least two items with a mean.
    """
    if not has_battery(question):
        return None
    columns = [column for column in columns_of(question) if column.name in frame]
    scores = [option.score for option in question.substantive]
    known = [score for score in scores if score is not None]
    if len(columns) < 2 or not known:
        return None
    values = np.array([np.nan if score is None else score for score in scores])
    turned = min(known) + max(known) - values
    answers = np.full((len(columns), len(frame)), np.nan)
    for i, column in enumerate(columns):
        assert column.item is not None
        codes = answer_codes(frame, column.name, column.categories)
        given = (codes >= 0) & (codes < len(scores))
        of_item = turned if column.item.reverse else values
        answers[i, given] = of_item[codes[given]]
    count = np.isfinite(answers).sum(axis=0)
    enough = count >= max(FEWEST_ANSWERED * len(columns), 1)
    total = np.nansum(answers, axis=0)
    return np.where(enough, total / np.maximum(count, 1), np.nan)
