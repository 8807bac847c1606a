"""How sure may the model be? Rehearsed on people drawn from it, whose profile is known.

Posteriors are honest only if answers follow the model. They do not: answers are steps on short
scales, so that profiles near the end of a scale are narrower than others and none is quite
normal, and the one covariance that fits best is then too small (on simulated five-point answers
posteriors of .81 were right in .78 of cases, with 30,000 people too).

Nobody's true profile is known in a real survey. So the survey is rehearsed (a parametric
bootstrap: Efron & Tibshirani 1993, chapter 6): as many people as there are, with the same
demographics and unanswered questions, are given a profile and answers by the fitted model, on
the scales of the survey; factors and mixture are fitted on them anew; and the temperature is
found by which the posteriors say what the known profiles show. That mends what the rehearsal
has in common with the survey: steps, missing answers, style, estimated parameters. Of what the
survey has beyond the model, such as profiles that are no normal cloud, or a fit that mistook
the profiles, it cannot know.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError
from scipy.special import ndtri

from flows.profiles.errors import ProfileError
from flows.profiles.factors import FactorModel, fit_factors
from flows.profiles.golden import best_temperature
from flows.profiles.logit import Cells, log_prior
from flows.profiles.mixture import log_density, maximise, posterior, run_em
from flows.profiles.model import ProfileModel

Floats = NDArray[np.float64]

MOST_COMMON = 0.95
"""Largest share of an item's variance that factors may explain in a rehearsal."""

SMALLEST_VARIANCE = 1e-3
ITERATIONS = 200
ENOUGH_PEOPLE, MOST_REHEARSALS = 6_000, 5
"""A small survey is rehearsed more than once: one temperature of few people is a loose guess."""


def honest_temperature(
    model: ProfileModel, items: Floats, cells: Cells, weights: Floats, seed: int
) -> float:
    """The temperature by which the log densities of `model` are to be divided; 1: none needed.

    Whatever temperature `model` has itself plays no part. `items` (n, p), `cells` and
    `weights` (n,) are of the people it was fitted on. A rehearsal whose answers hold no such
    model counts as 1.
    """
    rng = np.random.default_rng([seed, 4])
    weights = weights / weights.sum()
    rehearsals = int(np.clip(ENOUGH_PEOPLE // max(len(items), 1), 1, MOST_REHEARSALS))
    found = [_rehearsed(model, items, cells, weights, rng) for _ in range(rehearsals)]
    return float(np.exp(np.mean(np.log(found))))


def _rehearsed(
    model: ProfileModel, items: Floats, cells: Cells, weights: Floats, rng: np.random.Generator
) -> float:
    """The temperature of one rehearsal."""
    profiles, answers = rehearse(model, items, cells, weights, rng)
    truth = np.eye(len(model.codes))[profiles]
    try:
        factors = fit_factors(answers, weights, model.factors.factors)
        scores = factors.scores(answers)
        first = maximise(scores, cells, truth * weights[:, None], model.mixture.logit, steps=20)
        again = run_em(first, scores, cells, weights, iterations=ITERATIONS, tolerance=1e-6)
    except (LinAlgError, ProfileError):
        return 1.0
    if not np.isfinite(again.log_likelihood):
        return 1.0
    densities = log_density(scores, again.means, again.covariance)
    priors = log_prior(again.logit, cells.design)[cells.of]
    return best_temperature(priors, densities, truth, weights)


def rehearse(
    model: ProfileModel, items: Floats, cells: Cells, weights: Floats, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Profiles (n,) and item scores (n, p) of as many people, drawn from the fitted model.

    Profiles come from everybody's demographics, factors from the profile, and continuous
    answers from the factors; these are cut so that every score is as frequent as in the
    survey, and lost where the survey has no answer.
    """
    n, k = len(items), len(model.codes)
    chance = np.exp(log_prior(model.mixture.logit, cells.design))[cells.of]
    profiles = (chance.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=k - 1)
    means, within = _factors_within(model, items, cells, weights)
    people = means[profiles] + rng.multivariate_normal(np.zeros(len(within)), within, n)
    loadings, uniqueness = _unstepped(model.factors, items, weights)
    continuous = people @ loadings.T + rng.normal(size=items.shape) * np.sqrt(uniqueness)
    answers = np.full(items.shape, np.nan)
    for j in range(items.shape[1]):
        values, shares = _margin(items[:, j], weights)
        order = np.argsort(continuous[:, j])
        rank = np.empty(n)
        rank[order] = np.cumsum(weights[order]) - weights[order] / 2
        place = np.searchsorted(np.cumsum(shares)[:-1], rank)
        answers[:, j] = np.where(np.isnan(items[:, j]), np.nan, values[place])
    return profiles, answers


def _factors_within(
    model: ProfileModel, items: Floats, cells: Cells, weights: Floats
) -> tuple[Floats, Floats]:
    """Mean factors (K, m) per profile and their covariance (m, m) within profiles.

    Factor scores are drawn towards the middle and hold noise: with J the information that
    the answers given carry, a score is (I + J)^-1 J f plus noise of covariance
    (I + J)^-1 J (I + J)^-1. Both are undone at the mean information.
    """
    fitted, m = model.factors, model.factors.loadings.shape[1]
    whole = replace(fitted, projection=np.eye(m), offset=np.zeros(m), farthest=np.inf)
    scores = whole.scores(items)
    memberships = posterior(model.mixture, fitted.scores(items), cells) * weights[:, None]
    size = memberships.sum(axis=0)
    means = (memberships.T @ scores) / np.maximum(size, 1e-12)[:, None]
    within = (scores.T * weights) @ scores - (means.T * size) @ means
    rate = weights @ ~np.isnan(items)
    information = (fitted.loadings.T * (rate / fitted.uniqueness)) @ fitted.loadings
    one = np.eye(len(information))
    shrink = np.linalg.solve(one + information, information)
    noise = shrink @ np.linalg.inv(one + information)
    back = np.linalg.inv(shrink + 1e-9 * one)
    within = back @ (within - noise) @ back.T
    values, vectors = np.linalg.eigh(0.5 * (within + within.T))
    within = (vectors * np.maximum(values, SMALLEST_VARIANCE)) @ vectors.T
    return means @ back.T, within


def _unstepped(fitted: FactorModel, items: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Loadings and uniquenesses of continuous answers behind the steps.

    Cutting a normal variable into steps lowers its correlations by the correlation of the
    steps with the variable; loadings are divided by it, so that cutting them again gives
    the correlations of the survey.
    """
    kept = np.ones(items.shape[1])
    for j in range(items.shape[1]):
        values, shares = _margin(items[:, j], weights)
        kept[j] = _step_correlation(values, shares)
    loadings = fitted.loadings / kept[:, None]
    common = (loadings**2).sum(axis=1)
    loadings *= np.sqrt(np.minimum(1, MOST_COMMON / np.maximum(common, 1e-12)))[:, None]
    return loadings, 1 - (loadings**2).sum(axis=1)


def _margin(column: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The scores that occur in a column (n,), low to high, and their weighted shares."""
    there = ~np.isnan(column)
    values, of = np.unique(column[there], return_inverse=True)
    shares = np.bincount(of.reshape(-1), weights[there], len(values))
    return values, shares / shares.sum()


def _step_correlation(values: Floats, shares: Floats) -> float:
    """Correlation of a normal variable with itself cut into these scores (Olsson 1979)."""
    mean = shares @ values
    sd = float(np.sqrt(shares @ (values - mean) ** 2))
    density = np.exp(-0.5 * ndtri(np.cumsum(shares)[:-1]) ** 2) / np.sqrt(2 * np.pi)
    return float((np.diff(values) @ density) / sd) if sd > 0 else 1.0
