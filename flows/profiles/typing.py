"""The typing model: profiles of people who answered the golden questions only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.models import ProfilePlan, Questionnaire
from flows.profiles.answers import Concomitants, ScoredColumn, score_matrix, scored_columns
from flows.profiles.assign import Typing, enough_answers, labelled
from flows.profiles.errors import ProfileError
from flows.profiles.fit import checked_weights
from flows.profiles.golden import (
    GoldenScorer,
    best_temperature,
    expected_calibration_error,
    fit_scorer,
    tempered,
)
from flows.profiles.logit import Cells, log_prior
from flows.profiles.model import ProfileModel

Floats = NDArray[np.float64]

FOLDS = 5
FEWEST_TO_FIT = 100


@dataclass(frozen=True)
class TypingQuality:
    """How well the golden questions do, measured on people held out (5 folds).

    `accuracy`: share given the same label as by the full model. `hit_rate`: mean probability
    that the full model gives to the profile assigned.
    `confidence`: mean probability that the typing gives it. `calibration_error`: distance
    between the last two over ten bins; `calibration_error_label`: the same against the labels.
    `shares_error`: half the summed difference between profile shares by typing and by the
    full model. All are 0-1.
    """

    accuracy: float
    hit_rate: float
    confidence: float
    calibration_error: float
    calibration_error_label: float
    shares_error: float
    n: int


@dataclass(frozen=True, eq=False)
class TypingModel:
    """Everything needed to type somebody by the golden questions; fixed once fitted."""

    version: str
    codes: tuple[str, ...]
    columns: tuple[ScoredColumn, ...]
    concomitants: Concomitants
    scorer: GoldenScorer
    quality: TypingQuality

    def to_dict(self) -> dict[str, Any]:
        """The whole model as plain values for JSON."""
        return {
            "version": self.version,
            "codes": list(self.codes),
            "columns": [column.to_dict() for column in self.columns],
            "concomitants": self.concomitants.to_dict(),
            "scorer": self.scorer.to_dict(),
            "quality": asdict(self.quality),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TypingModel:
        return cls(
            data["version"],
            tuple(data["codes"]),
            tuple(ScoredColumn.from_dict(column) for column in data["columns"]),
            Concomitants.from_dict(data["concomitants"]),
            GoldenScorer.from_dict(data["scorer"]),
            TypingQuality(**data["quality"]),
        )


def fit_typing(
    model: ProfileModel,
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    weights: ArrayLike | None = None,
    seed: int | None = None,
) -> TypingModel:
    """Learn to type by the plan's golden questions from people whom `model` can place.

    What is learnt are the full model's probabilities, not its labels. Everybody is scored
    once by a fit on the others; the temperature that calibrates those held-out scores and
    their quality are kept, the means and covariance come from all.
    Raises `ProfileError` without golden questions or with fewer than 100 such people.
    """
    columns = scored_columns(questionnaire, plan.golden)
    if not columns:
        raise ProfileError(
            "profiles.yaml names no golden questions; list them under golden to type by them."
        )
    w = checked_weights(weights, len(frame))
    items = model.read(frame, questionnaire)[0]
    golden = score_matrix(frame, questionnaire, columns)
    used = enough_answers(items) & enough_answers(golden) & (w > 0)
    if int(used.sum()) < FEWEST_TO_FIT:
        raise ProfileError(
            f"{int(used.sum())} respondents answered both the profile items and the golden "
            f"questions; typing needs at least {FEWEST_TO_FIT}."
        )
    frame, items, golden, w = frame.loc[used], items[used], golden[used], w[used] / w[used].sum()
    cells = model.read(frame, questionnaire)[1]
    seed = model.seed if seed is None else seed
    full = model.probabilities(items, cells)
    labels = full.argmax(axis=1)
    logit = model.mixture.logit
    priors = log_prior(logit, cells.design)[cells.of]
    rng = np.random.default_rng([seed, 3])
    fold = rng.permutation(len(golden)) % FOLDS
    held_out = np.empty_like(full)
    for index in range(FOLDS):
        out = fold == index
        scorer = fit_scorer(golden[~out], full[~out], w[~out], logit)
        held_out[out] = scorer.log_densities(golden[out])
    temperature = best_temperature(priors, held_out, full, w)
    return TypingModel(
        model.version,
        model.codes,
        columns,
        model.concomitants,
        replace(fit_scorer(golden, full, w, logit), temperature=temperature),
        _quality(tempered(priors, held_out, temperature), full, labels, w),
    )


def _quality(p: Floats, full: Floats, label: NDArray[np.int64], weights: Floats) -> TypingQuality:
    people = np.arange(len(p))
    given = p.argmax(axis=1)
    confidence, hit = p[people, given], full[people, given]
    right = (given == label).astype(float)
    k = p.shape[1]
    shares = np.bincount(given, weights, k) - np.bincount(label, weights, k)
    total = weights.sum()
    return TypingQuality(
        accuracy=float(weights @ right / total),
        hit_rate=float(weights @ hit / total),
        confidence=float(weights @ confidence / total),
        calibration_error=expected_calibration_error(confidence, hit, weights),
        calibration_error_label=expected_calibration_error(confidence, right, weights),
        shares_error=float(np.abs(shares).sum() / 2 / total),
        n=len(p),
    )


def type_respondents_by(
    typing: TypingModel, frame: pd.DataFrame, questionnaire: Questionnaire
) -> Typing:
    """Profile and probabilities of every row of the answer frame, of this survey or another.

    Questions are recognised by their codes. Who answered less than a third of the golden
    questions gets probabilities and no label. Raises `ProfileError` when a golden question
    is absent or holds codes the model does not know.
    """
    golden = score_matrix(frame, questionnaire, typing.columns)
    cells = Cells.of_rows(typing.concomitants.design(frame, questionnaire))
    probabilities = typing.scorer.probabilities(golden, cells)
    absent = typing.concomitants.absent(frame, questionnaire)
    return labelled(probabilities, enough_answers(golden), typing.codes, absent)
