"""The typing model: profiles of people who answered the golden questions only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import Concomitants, ScoredColumn, score_matrix, scored_columns
from flows.profiles.assign import Typing, enough_answers, labelled
from flows.profiles.errors import ProfileError
from flows.profiles.fit import checked_weights
from flows.profiles.golden import (
    GoldenScorer,
    best_temperature,
    fit_scorer,
    tempered,
)
from flows.profiles.logit import Cells, fit_logit, log_prior
from flows.profiles.model import ProfileModel
from flows.profiles.typing_quality import TypingQuality, half_of_answers, typing_quality

Floats = NDArray[np.float64]

FOLDS = 5
FEWEST_TO_FIT = 100


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
            TypingQuality.from_dict(data["quality"]),
        )


def fit_typing(
    model: ProfileModel,
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    weights: ArrayLike | None = None,
    seed: int | None = None,
    memberships: ArrayLike | None = None,
) -> TypingModel:
    """Learn to type by the plan's golden questions from people whom `model` can place.

    What is learnt are the full model's probabilities, not its labels; or `memberships` (N, K)
    where somebody's are given (NaN: not). Everybody is scored once by a fit on the others; the
    temperature that calibrates those held-out scores and their quality are kept, the means and
    covariance come from all.
    Raises `ProfileError` without golden questions, for one that is no item of the model (unless
    memberships are given), and with fewer than 100 such people.
    """
    columns = scored_columns(questionnaire, plan.golden)
    if not columns:
        raise ProfileError(
            "profiles.yaml names no golden questions; list them under golden to type by them."
        )
    measured = {column.name for column in model.items} | set(model.left_out)
    strange = [column.name for column in columns if column.name not in measured]
    if strange and memberships is None:
        raise ProfileError(
            f"The golden question {strange[0]} is no item of the profile model, which can then not "
            "judge how well it types; add it to the items in profiles.yaml."
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
    if memberships is not None:
        given = np.asarray(memberships, dtype=np.float64)[used]
        full = np.where(np.isnan(given), full, given)
    logit = model.mixture.logit
    priors = log_prior(logit, cells.design)[cells.of]
    rng = np.random.default_rng([seed, 3])
    fold = rng.permutation(len(golden)) % FOLDS
    fewer = half_of_answers(golden, rng)
    held_out, by_half, bare = np.empty_like(full), np.empty_like(full), np.empty_like(full)
    for index in range(FOLDS):
        out = fold == index
        scorer = fit_scorer(golden[~out], full[~out], w[~out], logit)
        held_out[out] = scorer.log_densities(golden[out])
        by_half[out] = scorer.log_densities(fewer[out])
        mass = full[~out] * (w[~out] / w[~out].sum())[:, None]
        others = fit_logit(cells.taken(np.flatnonzero(~out)), mass, logit)
        bare[out] = np.exp(log_prior(others, cells.design)[cells.of[out]])
    temperature = best_temperature(priors, held_out, full, w)
    return TypingModel(
        model.version,
        model.codes,
        columns,
        model.concomitants,
        replace(fit_scorer(golden, full, w, logit), temperature=temperature),
        typing_quality(
            tempered(priors, held_out, temperature),
            tempered(priors, by_half, temperature),
            bare,
            full,
            w,
        ),
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
