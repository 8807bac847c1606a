"""The full model is too sure of itself; a rehearsal tells by how much, and typing learns it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from profiles_world import World, questionnaire, world
from scipy.optimize import linear_sum_assignment

from flows.profiles.mixture import Mixture
from flows.profiles.model import ProfileModel
from flows.profiles.rehearsal import (
    _margin,
    _step_correlation,
    honest_temperature,
    rehearse,
)
from flows.profiles.typing import TypingModel, type_respondents_by


def true_places(model: ProfileModel, known: World) -> np.ndarray:
    """The true profile that each profile of the model stands for."""
    items, cells = model.read(known.frame, questionnaire())
    labels = model.probabilities(items, cells).argmax(axis=1)
    together = np.zeros((8, 8))
    np.add.at(together, (labels, known.profile), 1)
    return np.asarray(linear_sum_assignment(-together)[1])


@pytest.fixture(scope="module")
def fresh() -> World:
    return world(6000, seed=78)


def test_confidence_is_about_the_person_and_not_about_the_model(
    model: ProfileModel, typing_model: TypingModel, known: World, fresh: World
) -> None:
    place = true_places(model, known)
    items, cells = model.read(known.frame, questionnaire())
    assert 1.05 < model.temperature < 1.6
    once, again = (
        honest_temperature(replace(model, temperature=t), items, cells, np.ones(3000), model.seed)
        for t in (1.0, 9.0)
    )
    assert once == again == pytest.approx(model.temperature, rel=0.05)

    items, cells = model.read(fresh.frame, questionnaire())
    gaps = []
    for t in (1.0, model.temperature):
        p = replace(model, temperature=t).probabilities(items, cells)
        right = place[p.argmax(axis=1)] == fresh.profile
        gaps.append(p.max(axis=1).mean() - right.mean())
    assert gaps[0] > 0.02  # as it stands the model is too sure
    assert abs(gaps[1]) < 0.6 * gaps[0]

    p = type_respondents_by(typing_model, fresh.frame, questionnaire()).probabilities
    right = place[p.argmax(axis=1)] == fresh.profile
    assert abs(p.max(axis=1).mean() - right.mean()) < 0.03


def test_a_rehearsal_looks_like_the_survey(model: ProfileModel, known: World) -> None:
    items, cells = model.read(known.frame, questionnaire())
    weights = np.random.default_rng(0).uniform(0.5, 1.5, len(items))
    weights /= weights.sum()
    profiles, answers = rehearse(model, items, cells, weights, np.random.default_rng(3))
    again = rehearse(model, items, cells, weights, np.random.default_rng(3))
    np.testing.assert_array_equal(answers, again[1])
    np.testing.assert_array_equal(np.isnan(answers), np.isnan(items))
    for j in (0, 7, 24):
        values, shares = _margin(items[:, j], weights)
        rehearsed, found = _margin(answers[:, j], weights)
        np.testing.assert_array_equal(values, rehearsed)
        np.testing.assert_allclose(shares, found, atol=0.02)
    np.testing.assert_allclose(np.bincount(profiles) / len(items), model.sizes, atol=0.04)

    def correlations(scores: np.ndarray) -> np.ndarray:
        there = np.where(np.isnan(scores), np.nanmean(scores, axis=0), scores)
        return np.corrcoef(there.T)[np.triu_indices(25, 1)]

    np.testing.assert_allclose(correlations(items), correlations(answers), atol=0.1)


def test_steps_lower_correlations_as_formula_and_draws_agree() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=200_000)
    cut = np.searchsorted([-0.5, 0.1, 1.2], x).astype(float)
    values, shares = _margin(cut, np.ones(len(x)))
    assert _step_correlation(values, shares) == pytest.approx(np.corrcoef(x, cut)[0, 1], abs=0.004)


def test_a_model_that_cannot_be_rehearsed_stays_as_it_is(model: ProfileModel, known: World) -> None:
    items, cells = model.read(known.frame.head(300), questionnaire())
    logit = model.mixture.logit.copy()
    logit[0] = [500.0] + [-500.0 / 7] * 7
    one = Mixture(model.mixture.means, model.mixture.covariance, logit)
    assert honest_temperature(replace(model, mixture=one), items, cells, np.ones(300), 1) == 1.0
