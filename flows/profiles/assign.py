"""Assigning people to the profiles of a fitted model by their own answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.questionnaire import Questionnaire
from flows.profiles.model import ProfileModel

Floats = NDArray[np.float64]
Labels = NDArray[np.object_]

FEWEST_ANSWERED = 1 / 3
NOT_TYPED = ""


@dataclass(frozen=True, eq=False)
class Typing:
    """Everybody's profile.

    `labels` (n,): profile codes; empty for who answered less than a third of the questions:
    demographics alone give probabilities, never a label. `probabilities` (n, K), columns as
    `codes`. `notes`: what the reader of the result should know.
    """

    labels: Labels
    probabilities: Floats
    codes: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def typed(self) -> NDArray[np.bool_]:
        """Who has a label: (n,)."""
        return np.asarray(self.labels != NOT_TYPED, dtype=bool)

    @property
    def confidence(self) -> Floats:
        """Probability of the most likely profile: (n,)."""
        return np.asarray(self.probabilities.max(axis=1))


def assign(model: ProfileModel, frame: pd.DataFrame, questionnaire: Questionnaire) -> Typing:
    """Profile and probabilities of every row of the answer frame, by stored parameters only.

    Somebody's result does not depend on who else is in the frame. Raises `ProfileError` when
    the answers lack an item of the model or hold codes it does not know.
    """
    items, cells = model.read(frame, questionnaire)
    probabilities = model.probabilities(items, cells)
    absent = model.concomitants.absent(frame, questionnaire)
    return labelled(probabilities, enough_answers(items), model.codes, absent)


def enough_answers(scores: Floats) -> NDArray[np.bool_]:
    """Who answered at least a third of the columns of (n, p), NaN being no answer."""
    needed = max(np.ceil(FEWEST_ANSWERED * scores.shape[1]), 1)
    return np.asarray((~np.isnan(scores)).sum(axis=1) >= needed)


def labelled(
    probabilities: Floats,
    enough: NDArray[np.bool_],
    codes: tuple[str, ...],
    absent: Sequence[str] = (),
) -> Typing:
    """The most likely profile of those with enough answers."""
    labels = np.array(codes, dtype=object)[probabilities.argmax(axis=1)]
    labels[~enough] = NOT_TYPED
    notes = []
    if absent:
        notes.append(
            f"Typed without {', '.join(absent)}: these answers do not hold it, so everybody "
            "counts as average on it and probabilities are less sharp."
        )
    if not enough.all():
        notes.append(
            f"{int((~enough).sum())} of {len(enough)} respondents answered less than a third of "
            "the questions that make the profiles and have no profile."
        )
    return Typing(labels, probabilities, codes, tuple(notes))
