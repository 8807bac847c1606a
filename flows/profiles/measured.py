"""A profile model of people whose profiles are given: only the measurement is estimated.

Profiles of a typology made elsewhere stay what they are. Their factors, means, covariance and
demographics are those of the people who have them (the M step of the mixture, once), and the
temperature is the one by which people who were held out get probabilities that are right.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgError

from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.axes import axis_values, mean_places
from flows.profiles.errors import ProfileError
from flows.profiles.fit import FEWEST_PER_PROFILE, Respondents, model_of, respondents_of
from flows.profiles.golden import best_temperature
from flows.profiles.logit import Cells, log_prior
from flows.profiles.matching import Matching
from flows.profiles.mixture import Mixture, log_density, maximise
from flows.profiles.model import ProfileModel

Floats = NDArray[np.float64]

FOLDS = 5
LOGIT_STEPS = 30
ROUNDS = 20


def fit_given(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    memberships: ArrayLike,
    weights: ArrayLike | None = None,
) -> ProfileModel:
    """The model by which others get the profiles that these respondents have.

    `memberships` (n, K) in the order of the plan, rows of NaN for who has none. All profiles
    carry their names; `distances` to the prototypes are told. Raises `ProfileError` when a
    profile has fewer than 20 people with enough answers.
    """
    given = np.asarray(memberships, dtype=np.float64)
    known = np.asarray(~np.isnan(given).any(axis=1))
    here = respondents_of(frame, questionnaire, plan, weights, take=known)
    r = given[here.used]
    people = r.sum(axis=0)
    if people.min() < FEWEST_PER_PROFILE:
        k = int(people.argmin())
        raise ProfileError(
            f"{people[k]:.0f} people of the typology with profile {plan.codes[k]} answered enough "
            f"items; at least {FEWEST_PER_PROFILE} of each profile are needed to measure it."
        )
    soft = r * here.weights[:, None]
    mixture = _measured(here.scores, here.cells, soft)
    places = mean_places(axis_values(here.frame, questionnaire, plan.axes, here.weights), soft)
    model = model_of(here, plan, mixture, soft, places, _as_given(places, plan))
    model = replace(model, temperature=_temperature(here, r, plan.seed))
    return _with_given_sizes(model, here, soft.sum(axis=0))


def _with_given_sizes(model: ProfileModel, here: Respondents, sizes: Floats) -> ProfileModel:
    """The model whose probabilities, at its temperature, add up to the given sizes (K,)."""
    for _ in range(ROUNDS):
        mean = here.weights @ model.probabilities(here.items, here.cells)
        logit = model.mixture.logit.copy()
        logit[0] += np.log(np.maximum(sizes, 1e-12) / np.maximum(mean, 1e-12))
        logit[0] -= logit[0].mean()
        model = replace(model, mixture=replace(model.mixture, logit=logit))
    return model


def _measured(scores: Floats, cells: Cells, soft: Floats) -> Mixture:
    try:
        mixture = maximise(scores, cells, soft, steps=LOGIT_STEPS)
    except LinAlgError:
        raise ProfileError(
            "The answers to the items are too much alike to measure profiles by; list more items "
            "in profiles.yaml."
        ) from None
    joint = log_density(scores, mixture.means, mixture.covariance)
    joint += log_prior(mixture.logit, cells.design)[cells.of]
    top = joint.max(axis=1)
    person = np.log(np.exp(joint - top[:, None]).sum(axis=1)) + top
    value = float(soft.sum(axis=1) @ person)
    return replace(mixture, log_likelihood=value, iterations=1, converged=True)


def _temperature(here: Respondents, r: Floats, seed: int) -> float:
    """The temperature with the smallest log loss on people held out."""
    rng = np.random.default_rng([seed, 8])
    fold = rng.permutation(len(r)) % FOLDS
    densities, priors = np.empty_like(r), np.empty_like(r)
    for index in range(FOLDS):
        out = fold == index
        rest = here.weights * ~out
        soft = r * (rest / rest.sum())[:, None]
        mixture = _measured(here.scores, here.cells, soft)
        densities[out] = log_density(here.scores[out], mixture.means, mixture.covariance)
        priors[out] = log_prior(mixture.logit, here.cells.design)[here.cells.of[out]]
    return best_temperature(priors, densities, r, here.weights)


def _as_given(places: Floats, plan: ProfilePlan) -> Matching:
    """Every profile is its own; distances are told, no name is taken away."""
    axes = tuple(plan.axes)
    distances: list[float | None] = []
    for k, profile in enumerate(plan.profiles):
        if profile.prototype is None or not axes:
            distances.append(None)
            continue
        wanted = profile.prototype.places()
        apart = np.nan_to_num(places[k]) - [wanted.get(axis, 0.0) for axis in axes]
        distances.append(float(np.sqrt(apart @ apart)))
    count = len(plan.profiles)
    return Matching(tuple(range(count)), tuple(distances), (True,) * count)
