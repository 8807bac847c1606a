from __future__ import annotations

import numpy as np
import pytest
from profiles_world import World, questionnaire, world
from test_profiles_rehearsal import true_places

from flows.errors import Refusal
from flows.profiles.assign import assign
from flows.profiles.logit import Cells
from flows.profiles.model import ProfileModel
from flows.profiles.trend import Resized, resize, resized_logit
from flows.profiles.typing import TypingModel


@pytest.fixture(scope="module")
def later() -> tuple[World, np.ndarray]:
    """Another wave, and weights that change the true sizes of the profiles."""
    wave = world(6000, seed=79)
    factor = np.array([2.0, 0.5, 1.5, 0.7, 1.0, 1.3, 0.6, 1.2])
    return wave, factor[wave.profile]


def change(wave: World, weights: np.ndarray, place: np.ndarray) -> np.ndarray:
    after = np.bincount(wave.profile, weights) / weights.sum()
    before = np.bincount(wave.profile) / len(weights)
    return np.asarray((after - before)[place])


def test_change_is_found_whole_where_counting_labels_loses_part_of_it(
    model: ProfileModel,
    typing_model: TypingModel,
    known: World,
    later: tuple[World, np.ndarray],
) -> None:
    wave, weights = later
    true = change(wave, weights, true_places(model, known))

    def slope(found: np.ndarray) -> float:
        return float(found @ true / (true @ true))

    for by in (model, typing_model):
        before = resize(by, wave.frame, questionnaire())
        after = resize(by, wave.frame, questionnaire(), weights)
        assert before.converged
        assert after.converged
        assert slope(after.sizes - before.sizes) == pytest.approx(1, abs=0.15)
    labels = assign(model, wave.frame, questionnaire()).probabilities.argmax(axis=1)
    counted = np.bincount(labels, weights) / weights.sum() - np.bincount(labels) / len(labels)
    assert slope(counted) < 0.9


def test_sizes_are_shares_and_the_measurement_stays(
    model: ProfileModel, later: tuple[World, np.ndarray]
) -> None:
    wave, weights = later
    before = model.to_dict()
    found = resize(model, wave.frame, questionnaire(), weights)
    assert isinstance(found, Resized)
    assert model.to_dict() == before
    assert found.codes == model.codes
    assert found.sizes.sum() == pytest.approx(1)
    counted = ~np.isnan(found.probabilities[:, 0])
    assert found.n == counted.sum()
    w = weights[counted] / weights[counted].sum()
    np.testing.assert_allclose(w @ found.probabilities[counted], found.sizes)
    twice = resize(model, wave.frame, questionnaire(), 2 * weights)
    np.testing.assert_allclose(twice.sizes, found.sizes, atol=1e-9)


def test_whole_weights_are_repeated_rows_and_the_likelihood_is_highest() -> None:
    rng = np.random.default_rng(4)
    densities = rng.normal(scale=2, size=(400, 3))
    cells = Cells.of_rows(rng.integers(0, 2, (400, 1)).astype(float))
    times = rng.integers(1, 4, 400)
    start = np.zeros((2, 3))
    weighted, _, converged = resized_logit(densities, cells, times / times.sum(), start)
    rows = np.repeat(np.arange(400), times)
    repeated, _, _ = resized_logit(
        densities[rows], cells.taken(rows), np.full(len(rows), 1 / len(rows)), start
    )
    np.testing.assert_allclose(weighted, repeated, atol=1e-8)
    assert converged

    def likelihood(logit: np.ndarray) -> float:
        chance = np.exp(cells.design @ logit)
        chance /= chance.sum(axis=1, keepdims=True)
        return float(times @ np.log((chance[cells.of] * np.exp(densities)).sum(axis=1)))

    best = likelihood(weighted)
    for _ in range(50):
        assert likelihood(weighted + rng.normal(scale=0.2, size=weighted.shape)) < best


def test_too_few_answers_are_refused(model: ProfileModel, later: tuple[World, np.ndarray]) -> None:
    wave, weights = later
    with pytest.raises(Refusal, match="at least 100 are needed"):
        resize(model, wave.frame.head(99), questionnaire())
    with pytest.raises(Refusal, match="weights do not fit"):
        resize(model, wave.frame, questionnaire(), weights[:-1])
    with pytest.raises(Refusal, match="lack D1_a"):
        resize(model, wave.frame.drop(columns="D1_a"), questionnaire())
