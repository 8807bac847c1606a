"""Profile sizes of a later wave, with everything measured as before.

Counting labels, or averaging posteriors that start from the old sizes, draws every change
towards none: the old sizes speak in everybody's posterior. A model fitted anew calls something
else a profile, and its noise is taken for change. So the measurement, how answers hang together
with profiles, stays as it was, and only how many people of each kind of demographics have each
profile is estimated again, by maximum likelihood of the new answers (EM). The sizes are then
those of the wave itself. Refitted profiles are another version of the model, never a trend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.models import Questionnaire
from flows.profiles.answers import score_matrix
from flows.profiles.assign import enough_answers
from flows.profiles.errors import ProfileError
from flows.profiles.fit import checked_weights
from flows.profiles.golden import tempered
from flows.profiles.logit import Cells, fit_logit, log_prior
from flows.profiles.model import ProfileModel
from flows.profiles.typing import TypingModel

Floats = NDArray[np.float64]

ITERATIONS, TOLERANCE = 500, 1e-6
FEWEST = 100


@dataclass(frozen=True, eq=False)
class Resized:
    """Profile sizes of a wave.

    `sizes` (K,): weighted shares, in the order of `codes`, adding up to one. `logit`
    (D + 1, K): P(profile | demographics) of this wave. `probabilities` (n, K): posteriors of
    everybody by that; NaN where somebody answered too little to count. `n`: who counted.
    """

    codes: tuple[str, ...]
    sizes: Floats
    logit: Floats
    probabilities: Floats
    n: int
    iterations: int
    converged: bool


def resize(
    model: ProfileModel | TypingModel,
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    weights: ArrayLike | None = None,
) -> Resized:
    """Sizes of the profiles of `model` among the respondents of an answer frame.

    By all items or by golden questions, as the model does, at the model's own temperature: a
    model too sure of itself would shrink change (simulated: slope .95-.97 without it, 1.00-1.02
    with it).

    Compare sizes of waves only when they come from the same model, and both from this
    function. Raises `ProfileError` when the answers lack a question or hold codes the model
    does not know, when fewer than 100 people answered at least a third of the questions, and
    for weights that do not fit.
    """
    w = checked_weights(weights, len(frame))
    if isinstance(model, TypingModel):
        answers = score_matrix(frame, questionnaire, model.columns)
        densities = model.scorer.log_densities(answers) / model.scorer.temperature
        start = model.scorer.logit
    else:
        answers = score_matrix(frame, questionnaire, model.items)
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
    return Resized(
        codes=model.codes,
        sizes=share @ posteriors,
        logit=logit,
        probabilities=probabilities,
        n=int(used.sum()),
        iterations=iterations,
        converged=converged,
    )


def resized_logit(
    log_densities: Floats, cells: Cells, weights: Floats, start: Floats
) -> tuple[Floats, int, bool]:
    """P(profile | demographics) as a logit (D + 1, K) that makes the answers most likely.

    `log_densities` (n, K) stay as they are; `weights` (n,) add up to one. Returns the logit,
    the number of EM steps and whether the sizes stood still (to one in a million) at the end.
    """
    logit = start
    sizes = np.zeros(log_densities.shape[1])
    for iteration in range(1, ITERATIONS + 1):
        posteriors = tempered(log_prior(logit, cells.design)[cells.of], log_densities, 1.0)
        new = weights @ posteriors
        change = float(np.abs(new - sizes).max())
        sizes = new
        if change < TOLERANCE:
            return logit, iteration, True
        logit = fit_logit(cells, posteriors * weights[:, None], logit, steps=2)
    return logit, ITERATIONS, False
