"""Fitting the profile model of a survey."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import Concomitants, ScoredColumn, score_matrix, scored_columns
from flows.profiles.assign import enough_answers
from flows.profiles.axes import axis_values, mean_places
from flows.profiles.errors import ProfileError
from flows.profiles.factors import FactorModel, fit_factors, usable_items
from flows.profiles.logit import Cells
from flows.profiles.matching import Matching, match, names_of
from flows.profiles.mixture import Mixture, fit_mixture, posterior
from flows.profiles.model import ProfileModel
from flows.profiles.rehearsal import honest_temperature
from flows.profiles.sizes import resized_logit

Floats = NDArray[np.float64]

FEWEST_PER_PROFILE = 20
WAY_OF_FITTING = 3
"""Raised when the same answers, weights and plan would give another model: drafts are refitted."""


@dataclass(frozen=True, eq=False)
class Respondents:
    """Who takes part in a fit (n people), and what is known of them.

    `used` (N,): which rows of the answer frame they are. `items` (n, p) scores; `weights` (n,)
    add up to one; `scores` (n, q): their factor scores.
    """

    used: NDArray[np.bool_]
    frame: pd.DataFrame
    items: Floats
    weights: Floats
    columns: tuple[ScoredColumn, ...]
    left_out: tuple[str, ...]
    factors: FactorModel
    scores: Floats
    concomitants: Concomitants
    cells: Cells


def respondents_of(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    weights: ArrayLike | None = None,
    take: NDArray[np.bool_] | None = None,
) -> Respondents:
    """The respondents (of those in `take`) that answered enough, with their factor scores.

    Raises `ProfileError` when the plan or the answers cannot carry the profiles.
    """
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
    if take is not None:
        used &= take
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
    concomitants = Concomitants.fitted(frame, questionnaire, plan.concomitants, w)
    return Respondents(
        used=used,
        frame=frame,
        items=items,
        weights=w,
        columns=tuple(column for column, keep in zip(columns, usable, strict=True) if keep),
        left_out=tuple(c.name for c, keep in zip(columns, usable, strict=True) if not keep),
        factors=factors,
        scores=factors.scores(items),
        concomitants=concomitants,
        cells=Cells.of_rows(concomitants.design(frame, questionnaire)),
    )


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
    of the items take no part. `weights` (n,), `seed` and `starts` default to equal weights
    and the plan's own.

    Raises `ProfileError` when the plan or the answers cannot carry the profiles.
    """
    seed = plan.seed if seed is None else seed
    starts = plan.starts if starts is None else starts
    here = respondents_of(frame, questionnaire, plan, weights)
    k, w = len(plan.profiles), here.weights
    mixture = fit_mixture(here.scores, here.cells, w, k, seed=seed, starts=max(starts, 1))
    if not np.isfinite(mixture.log_likelihood):
        raise ProfileError(
            f"The answers do not hold {k} different profiles: every attempt left one without "
            "people; define fewer profiles or more items in profiles.yaml."
        )
    memberships = posterior(mixture, here.scores, here.cells) * w[:, None]
    places = mean_places(axis_values(here.frame, questionnaire, plan.axes, w), memberships)
    matching = match(places, tuple(plan.axes), plan)
    order = list(matching.order)
    model = model_of(
        here, plan, mixture.ordered(order), memberships[:, order], places[order], matching
    )
    model = replace(model, seed=seed, starts=starts)
    temperature = honest_temperature(model, here.items, here.cells, w, seed)
    return _resized(replace(model, temperature=temperature), here)


def _resized(model: ProfileModel, here: Respondents) -> ProfileModel:
    """The model with P(profile | demographics) estimated again at its honest temperature.

    Posteriors that are too sure of themselves make demographics seem to tell less than they do
    (simulated: by demographics alone, probabilities were 1 to 2 points too low).
    """
    densities = model.log_densities(here.items)
    logit, _, _ = resized_logit(densities, here.cells, here.weights, model.mixture.logit)
    model = replace(model, mixture=replace(model.mixture, logit=logit))
    return replace(model, sizes=here.weights @ model.probabilities(here.items, here.cells))


def model_of(
    here: Respondents,
    plan: ProfilePlan,
    mixture: Mixture,
    memberships: Floats,
    places: Floats,
    matching: Matching,
) -> ProfileModel:
    """The model of these respondents; everything (K, ...) in the order of the plan.

    `memberships` (n, K) are weighted: they add up to one in all.
    """
    return ProfileModel(
        version=plan.version,
        codes=plan.codes,
        names=names_of(plan, matching),
        named=matching.named,
        distances=matching.distances,
        axes=tuple(plan.axes),
        places=places,
        sizes=memberships.sum(axis=0),
        items=here.columns,
        left_out=here.left_out,
        factors=here.factors,
        concomitants=here.concomitants,
        mixture=mixture,
        n=len(here.frame),
        seed=plan.seed,
        starts=0,
    )


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
