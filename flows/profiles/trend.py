"""Profile sizes of a later wave, with everything measured as before.

Counting labels, or averaging posteriors that start from the old sizes, draws every change
towards none: the old sizes speak in everybody's posterior. A model fitted anew calls something
else a profile, and its noise is taken for change. So the measurement, how answers hang together
with profiles, stays as it was, and only how many people of each kind of demographics have each
profile is estimated again, by maximum likelihood of the new answers (EM). The sizes are then
those of the wave itself. Refitted profiles are another version of the model, never a trend.

Sizes come with the influence of every respondent on them (linearisation: Binder 1983,
International Statistical Review 51, 279-292): what the weighted estimating equations of sizes
and logit give away. Their sum of squares is the design-based variance, what is not known about
people's profiles included; the measurement counts as given, since waves share it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import score_matrix
from flows.profiles.assign import enough_answers
from flows.profiles.errors import ProfileError
from flows.profiles.fit import checked_weights
from flows.profiles.golden import tempered
from flows.profiles.logit import RIDGE, Cells, log_prior
from flows.profiles.model import ProfileModel
from flows.profiles.sizes import resized_logit
from flows.profiles.typing import TypingModel
from flows.statistics.linearisation import calibration_residual
from flows.statistics.variance import margin_dummies

Floats = NDArray[np.float64]

FEWEST = 100


@dataclass(frozen=True, eq=False)
class Resized:
    """Profile sizes of a wave.

    `sizes` (K,): weighted shares, in the order of `codes`, adding up to one. `logit`
    (D + 1, K): P(profile | demographics) of this wave. `probabilities` (n, K): posteriors of
    everybody by that; NaN where somebody answered too little to count. `influence` (n, K): how
    far each respondent moves the sizes; columns add up to zero. `n`: who counted.
    """

    codes: tuple[str, ...]
    sizes: Floats
    logit: Floats
    probabilities: Floats
    influence: Floats
    n: int
    iterations: int
    converged: bool


def resize(
    model: ProfileModel | TypingModel,
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    weights: ArrayLike | None = None,
    *,
    margins: pd.DataFrame | None = None,
    without: Collection[str] = (),
) -> Resized:
    """Sizes of the profiles of `model` among the respondents of an answer frame.

    `margins`: (n rows) level codes of the margins that the weights were calibrated on, NaN
    unknown; what these explain is then no source of error. `without`: items that count as
    unanswered, in every wave that is compared.

    By all items or by golden questions, as the model does, at the model's own temperature: a
    model too sure of itself would shrink change (simulated: slope .95-.97 without it, 1.00-1.02
    with it).

    Compare sizes of waves only when they come from the same model, and both from this
    function. Raises `ProfileError` when the answers lack a question or hold codes the model
    does not know, when fewer than 100 people answered at least a third of the questions, and
    for weights that do not fit.
    """
    w = checked_weights(weights, len(frame))
    columns = model.columns if isinstance(model, TypingModel) else model.items
    answers = score_matrix(frame, questionnaire, columns)
    answers[:, [column.name in without for column in columns]] = np.nan
    if isinstance(model, TypingModel):
        densities = model.scorer.log_densities(answers) / model.scorer.temperature
        start = model.scorer.logit
    else:
        densities = model.log_densities(answers)
        start = model.mixture.logit
    used = enough_answers(answers) & (w > 0)
    if int(used.sum()) < FEWEST:
        raise ProfileError(
            f"{int(used.sum())} respondents answered enough questions to estimate profile sizes, "
            f"at least {FEWEST} are needed; wait for more answers."
        )
    cells = Cells.of_rows(model.concomitants.design(frame.loc[used], questionnaire))
    share = w[used] / w[used].sum()
    logit, iterations, converged = resized_logit(densities[used], cells, share, start)
    posteriors = tempered(log_prior(logit, cells.design)[cells.of], densities[used], 1.0)
    probabilities = np.full(densities.shape, np.nan)
    probabilities[used] = posteriors
    influence = np.zeros(densities.shape)
    influence[used] = size_influence(posteriors, cells, share, logit)
    if margins is not None:
        dummies = margin_dummies(margins.loc[used].reset_index(drop=True), share)
        per_weight = influence[used] / share[:, None]
        influence[used] = calibration_residual(per_weight, dummies, share) * share[:, None]
    return Resized(
        codes=model.codes,
        sizes=share @ posteriors,
        logit=logit,
        probabilities=probabilities,
        influence=influence,
        n=int(used.sum()),
        iterations=iterations,
        converged=converged,
    )


def size_influence(posteriors: Floats, cells: Cells, weights: Floats, logit: Floats) -> Floats:
    """Influence (n, K) of each respondent on the sizes sum_i w_i P(k | answers_i, x_i).

    The sizes depend on the respondents directly and through the logit, which solves
    sum_i w_i x_i (posterior_i - prior_i) = 0. With A the derivative of these equations and B
    that of the sizes, both by the logit, the influence is w (posterior - size) + B A^-1 w x
    (posterior - prior). `posteriors` (n, K) by `logit` (D + 1, K); `weights` (n,) add up to one.
    """
    k, d = posteriors.shape[1], cells.design.shape[1]
    prior = np.exp(log_prior(logit, cells.design))
    weighted = posteriors * weights[:, None]
    spread = np.zeros((len(cells.design), k, k))  # sum of w (diag(post) - post post') by cell
    known = np.zeros_like(spread)  # the same of the prior
    mass = np.bincount(cells.of, weights, len(cells.design))
    for a in range(k):
        for b in range(k):
            both = np.bincount(cells.of, weighted[:, a] * posteriors[:, b], len(cells.design))
            spread[:, a, b] = -both
            known[:, a, b] = -mass * prior[:, a] * prior[:, b]
        spread[:, a, a] += np.bincount(cells.of, weighted[:, a], len(cells.design))
        known[:, a, a] += mass * prior[:, a]
    x = cells.design
    information = np.einsum("ci,cj,ckl->ikjl", x, x, known - spread, optimize=True)
    information = information.reshape(d * k, d * k)
    ridge = np.full((d, k), RIDGE)
    ridge[0] = 0.0
    information[np.diag_indices(d * k)] += ridge.reshape(-1)
    by_logit = np.einsum("ci,ckl->kil", x, spread, optimize=True).reshape(k, d * k)
    through = by_logit @ np.linalg.pinv(information, rcond=1e-9, hermitian=True)
    score = (x[cells.of][:, :, None] * (posteriors - prior[cells.of])[:, None, :]).reshape(
        -1, d * k
    )
    sizes = weights @ posteriors
    influence = weights[:, None] * (posteriors - sizes + score @ through.T)
    return np.asarray(influence - weights[:, None] * influence.sum(axis=0))
