"""Which few questions type best: chosen one by one on people held out.

Starting from demographics alone, the question is added by which the held-out people's log loss
falls most: the mean of minus log P, over their own posteriors by the full model. A question
that repeats what is known already adds little and is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.questionnaire import Questionnaire
from flows.profiles.assign import enough_answers
from flows.profiles.errors import ProfileError
from flows.profiles.fit import checked_weights
from flows.profiles.golden import GoldenScorer, fit_scorer, tempered
from flows.profiles.logit import log_prior
from flows.profiles.model import ProfileModel

Floats = NDArray[np.float64]

FOLDS, MOST_PEOPLE = 3, 4_000
FEWEST = 100


@dataclass(frozen=True)
class Selection:
    """`columns`: answer columns, the most telling first.

    `losses`: held-out log loss without questions and with the first one, two, ... of them.
    """

    columns: tuple[str, ...]
    losses: tuple[float, ...]


def choose_golden(
    model: ProfileModel,
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    weights: ArrayLike | None = None,
    questions: int = 10,
    seed: int | None = None,
) -> Selection:
    """The golden questions among the items of `model`, by cross-validated log loss.

    At most 4,000 respondents, drawn at random, are used. Raises `ProfileError` when more
    questions are asked for than the model has, or fewer than 100 respondents can be used.
    """
    if not 1 <= questions <= len(model.items):
        raise ProfileError(
            f"{questions} golden questions cannot be chosen from {len(model.items)} items; ask "
            f"for 1 to {len(model.items)}."
        )
    seed = model.seed if seed is None else seed
    rng = np.random.default_rng([seed, 6])
    w = checked_weights(weights, len(frame))
    items, cells = model.read(frame, questionnaire)
    used = np.flatnonzero(enough_answers(items) & (w > 0))
    if len(used) < FEWEST:
        raise ProfileError(
            f"{len(used)} respondents answered the profile items; choosing golden questions needs "
            f"at least {FEWEST}."
        )
    used = np.sort(rng.permutation(used)[:MOST_PEOPLE])
    items, cells, w = items[used], cells.taken(used), w[used] / w[used].sum()
    full = model.probabilities(items, cells)
    priors = log_prior(model.mixture.logit, cells.design)[cells.of]
    fold = rng.permutation(len(items)) % FOLDS
    folds = [fold == f for f in range(FOLDS)]
    scorers = [fit_scorer(items[~out], full[~out], w[~out], model.mixture.logit) for out in folds]

    def loss(p: Floats, out: NDArray[np.bool_]) -> float:
        return -float(w[out] @ (full[out] * np.log(np.maximum(p, 1e-300))).sum(axis=1))

    so_far = [np.zeros((int(out.sum()), len(model.codes))) for out in folds]
    chosen: list[int] = []
    losses = [
        sum(loss(tempered(priors[out], d, 1.0), out) for out, d in zip(folds, so_far, strict=True))
    ]
    for _ in range(questions):
        left = [j for j in range(items.shape[1]) if j not in chosen]
        more = [
            _added(scorer, items[out], chosen, left)
            for scorer, out in zip(scorers, folds, strict=True)
        ]
        tried = [
            sum(
                loss(tempered(priors[out], so_far[f] + more[f][i], 1.0), out)
                for f, out in enumerate(folds)
            )
            for i in range(len(left))
        ]
        best = int(np.argmin(tried))
        chosen.append(left[best])
        losses.append(tried[best])
        so_far = [d + extra[best] for d, extra in zip(so_far, more, strict=True)]
    return Selection(tuple(model.items[j].name for j in chosen), tuple(losses))


def _added(scorer: GoldenScorer, items: Floats, chosen: list[int], left: list[int]) -> Floats:
    """Log densities (J, n, K) of each answer `left` given the answers `chosen`.

    But for a constant that all profiles share. Summed along a row of choices they are
    `GoldenScorer.log_densities`. What is missing gets variance one, no covariance and no
    distance from any profile, so that all people are done at once.
    """
    z = (items - scorer.centre) / scorer.spread
    there = ~np.isnan(z)
    distance = np.where(there, z, 0.0)[:, :, None] - there[:, :, None] * scorer.means.T
    known = there[:, chosen]
    both = known[:, :, None] & known[:, None, :]
    among = np.where(both, scorer.covariance[np.ix_(chosen, chosen)], np.eye(len(chosen)))
    towards = known[:, :, None] * scorer.covariance[np.ix_(chosen, left)]
    slopes = np.linalg.solve(among, towards) if chosen else towards
    out = np.empty((len(left), len(items), len(scorer.means)))
    for i, j in enumerate(left):
        expected = (slopes[:, :, i, None] * distance[:, chosen]).sum(axis=1)
        variance = scorer.covariance[j, j] - (slopes[:, :, i] * towards[:, :, i]).sum(axis=1)
        square = (distance[:, j] - expected) ** 2 / variance[:, None]
        out[i] = -0.5 * square * there[:, j, None]
    return out
