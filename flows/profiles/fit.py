"""Fitting the profile model of a survey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.models import ProfilePlan, Questionnaire
from flows.profiles.answers import Concomitants, score_matrix, scored_columns
from flows.profiles.assign import enough_answers
from flows.profiles.axes import axis_values, mean_places
from flows.profiles.errors import ProfileError
from flows.profiles.factors import fit_factors, usable_items
from flows.profiles.logit import Cells
from flows.profiles.matching import match, names_of
from flows.profiles.mixture import fit_mixture, posterior
from flows.profiles.model import ProfileModel
from flows.profiles.rehearsal import honest_temperature

Floats = NDArray[np.float64]

FEWEST_PER_PROFILE = 20
WAY_OF_FITTING = 2
"""Raised when the same answers, weights and plan would give another model: drafts are refitted."""


def fit_profiles(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    weights: ArrayLike | None = None,
    seed: int | None = None,
    starts: int | None = None,
) -> ProfileModel:
    """Fit the plan's profiles on the respondents of an answer frame.

    Factor scores of the items without response style, then a mixture with one covariance
    and the plan's demographics as concomitants, then matched to the prototypes; last, a
    rehearsal tells how sure of itself it may be. Respondents who answered less than a third
    of the items take no part. `weights` (n,), `seed` and
    `starts` default to equal weights and the plan's own.

    Raises `ProfileError` when the plan or the answers cannot carry the profiles.
    """
    seed = plan.seed if seed is None else seed
    starts = plan.starts if starts is None else starts
    k = len(plan.profiles)
    if k < 2 or not plan.items:
        raise ProfileError(
            "profiles.yaml needs at least two profiles and the items that define them; add "
            f"{'items' if k >= 2 else 'profiles'}."
        )
    w = checked_weights(weights, len(frame))
    columns = scored_columns(questionnaire, plan.items)
    items = score_matrix(frame, questionnaire, columns)
    used = enough_answers(items) & (w > 0)
    if int(used.sum()) < FEWEST_PER_PROFILE * k:
        raise ProfileError(
            f"{int(used.sum())} respondents answered enough items to make profiles; {k} profiles "
            f"need at least {FEWEST_PER_PROFILE * k}: wait for more answers or define fewer "
            "profiles in profiles.yaml."
        )
    frame, items, w = frame.loc[used], items[used], w[used] / w[used].sum()
    usable = usable_items(items)
    items = items[:, usable]
    factors = fit_factors(items, w, plan.factors)
    scores = factors.scores(items)
    concomitants = Concomitants.fitted(frame, questionnaire, plan.concomitants, w)
    cells = Cells.of_rows(concomitants.design(frame, questionnaire))
    mixture = fit_mixture(scores, cells, w, k, seed=seed, starts=max(starts, 1))
    if not np.isfinite(mixture.log_likelihood):
        raise ProfileError(
            f"The answers do not hold {k} different profiles: every attempt left one without "
            "people; define fewer profiles or more items in profiles.yaml."
        )
    axes = tuple(plan.axes)
    memberships = posterior(mixture, scores, cells) * w[:, None]
    places = mean_places(axis_values(frame, questionnaire, plan.axes, w), memberships)
    matching = match(places, axes, plan)
    order = list(matching.order)
    model = ProfileModel(
        version=plan.version,
        codes=plan.codes,
        names=names_of(plan, matching),
        named=matching.named,
        distances=matching.distances,
        axes=axes,
        places=places[order],
        sizes=memberships.sum(axis=0)[order],
        items=tuple(column for column, keep in zip(columns, usable, strict=True) if keep),
        left_out=tuple(c.name for c, keep in zip(columns, usable, strict=True) if not keep),
        factors=factors,
        concomitants=concomitants,
        mixture=mixture.ordered(order),
        n=len(frame),
        seed=seed,
        starts=starts,
    )
    return replace(model, temperature=honest_temperature(model, items, cells, w, seed))


def checked_weights(weights: ArrayLike | None, n: int) -> Floats:
    """Weights (n,) that are finite and not negative; equal ones when none are given."""
    if weights is None:
        return np.ones(n)
    w = np.asarray(weights, dtype=float)
    if w.shape != (n,) or not np.isfinite(w).all() or (w < 0).any() or not w.sum() > 0:
        raise ProfileError(
            f"The weights do not fit {n} respondents: one finite number of at least 0 is needed "
            "for each; weigh this wave again."
        )
    return w
