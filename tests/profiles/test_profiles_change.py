"""Changes between waves: variance against a bootstrap, people in both, tests and intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from profiles_world import World, questionnaire, world

from flows.errors import Refusal
from flows.profiles.change import Trend, trend_of
from flows.profiles.logit import Cells, log_prior
from flows.profiles.model import ProfileModel
from flows.profiles.sizes import resized_logit
from flows.profiles.trend import Resized, resize, size_influence
from flows.profiles.typing import TypingModel

SOFT = 1.0


def drawn(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log densities of three overlapping profiles, a demographic and weights."""
    level = rng.integers(0, 3, n)
    chance = np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.3, 0.2, 0.5]])[level]
    profile = (chance.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    place = np.eye(3)[profile] * 1.5 + rng.normal(size=(n, 3)) * SOFT
    density = -0.5 * ((place[:, None, :] - 1.5 * np.eye(3)) ** 2).sum(axis=2) / SOFT**2
    return density, np.eye(3)[level][:, 1:], rng.uniform(0.5, 2, n)


def sized(
    density: np.ndarray, design: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sizes (K,) and the influence of everybody (n, K)."""
    cells, w = Cells.of_rows(design), weights / weights.sum()
    logit, _, _ = resized_logit(density, cells, w, np.zeros((3, 3)))
    p = np.exp(log_prior(logit, cells.design)[cells.of] + density)
    p /= p.sum(axis=1, keepdims=True)
    return w @ p, size_influence(p, cells, w, logit)


def test_the_standard_error_is_that_of_a_bootstrap() -> None:
    rng = np.random.default_rng(3)
    density, design, weights = drawn(600, rng)
    _, influence = sized(density, design, weights)
    np.testing.assert_allclose(influence.sum(axis=0), 0, atol=1e-9)
    found = []
    for _ in range(250):
        rows = rng.integers(0, 600, 600)
        found.append(sized(density[rows], design[rows], weights[rows])[0])
    np.testing.assert_allclose(
        np.sqrt((influence**2).sum(axis=0)), np.std(found, axis=0), rtol=0.15
    )


def test_the_influence_is_what_a_little_more_weight_does() -> None:
    density, design, weights = drawn(400, np.random.default_rng(8))
    sizes, influence = sized(density, design, weights)
    for person in (0, 7, 133):
        more = weights.copy()
        more[person] *= 1.05
        moved = (sized(density, design, more)[0] - sizes) / 0.05
        np.testing.assert_allclose(influence[person], moved, rtol=0.1, atol=3e-5)


def resized(influence: np.ndarray, sizes: np.ndarray) -> Resized:
    n, k = influence.shape
    return Resized(
        codes=tuple(f"p{i}" for i in range(k)),
        sizes=sizes,
        logit=np.zeros((1, k)),
        probabilities=np.full((n, k), 1 / k),
        influence=influence,
        n=n,
        iterations=1,
        converged=True,
    )


def test_people_in_both_waves_enter_the_variance_of_the_change() -> None:
    rng = np.random.default_rng(1)
    base = rng.normal(size=(500, 3)) / 500
    base -= base.mean(axis=0)
    sizes = np.array([0.3, 0.3, 0.4])
    first = resized(base, sizes)
    people = [f"r{i}" for i in range(500)]
    others = [f"s{i}" for i in range(500)]
    same = trend_of(["a", "b"], [first, resized(base, sizes + 0.01)], [people, people])
    np.testing.assert_allclose(same.changes[0].error, 0, atol=1e-9)
    assert same.changes[0].both == 500
    apart = trend_of(["a", "b"], [first, resized(base, sizes + 0.01)], [people, others])
    assert apart.changes[0].both == 0
    np.testing.assert_allclose(
        apart.changes[0].error, np.sqrt(2) * np.sqrt((base**2).sum(axis=0)), rtol=2e-3
    )
    # half of them in both, in another order: the covariance over the people there are twice
    order = rng.permutation(500)
    half = [people[i] if i < 250 else others[i] for i in order]
    mixed = trend_of(["a", "b"], [first, resized(base[order], sizes)], [people, half])
    shared = (base[:250] ** 2).sum(axis=0)
    np.testing.assert_allclose(
        mixed.changes[0].error ** 2, 2 * (base**2).sum(axis=0) - 2 * shared, rtol=5e-3
    )


def test_three_waves_have_changes_from_each_to_the_next_and_over_all() -> None:
    rng = np.random.default_rng(2)
    waves = [
        resized(rng.normal(size=(300, 2)) / 4000, np.array([s, 1 - s])) for s in (0.3, 0.3, 0.5)
    ]
    people = [[f"{w}{i}" for i in range(300)] for w in "abc"]
    found = trend_of(["a", "b", "c"], waves, people)
    assert [(each.before, each.after) for each in found.changes] == [
        ("a", "b"),
        ("b", "c"),
        ("a", "c"),
    ]
    assert found.changes[2].changed.all()
    assert not found.changes[0].changed.any()
    with pytest.raises(Refusal, match="counts twice"):
        trend_of(["a", "b"], waves[:2], [people[0], ["x"] * 300])
    with pytest.raises(Refusal, match="another list of 299"):
        trend_of(["a", "b"], waves[:2], [people[0], people[1][:-1]])


def test_margins_weighted_on_take_their_part_of_the_error(model: ProfileModel) -> None:
    wave = world(1500, seed=31)
    age = pd.cut(wave.frame["age"], [0, 34, 54, 99]).astype(str)
    margins = pd.DataFrame({"age": age, "edu": wave.frame["edu"].astype(str)})
    plain = resize(model, wave.frame, questionnaire())
    less = resize(model, wave.frame, questionnaire(), margins=margins)
    np.testing.assert_array_equal(plain.sizes, less.sizes)
    before, after = (np.sqrt((r.influence**2).sum(axis=0)) for r in (plain, less))
    assert (after < before).all()
    dummies = pd.get_dummies(margins).to_numpy(float)
    np.testing.assert_allclose(dummies.T @ less.influence, 0, atol=1e-9)


def shifted(n: int, seed: int, shift: np.ndarray) -> World:
    """People of whom each profile answers more or less often."""
    made = world(4 * n, seed)
    rng = np.random.default_rng([seed, 9])
    chance = np.exp(shift - shift.max())[made.profile]
    kept = np.flatnonzero(rng.random(len(chance)) < chance)[:n]
    return World(made.frame.iloc[kept].reset_index(drop=True), made.profile[kept], made.style[kept])


def test_changes_are_found_whole_and_the_intervals_hold_them(
    typing_model: TypingModel, model: ProfileModel, known: World
) -> None:
    """A small run of benchmarks/trend.py; change in the people themselves is left out there."""
    from test_profiles_rehearsal import true_places

    place = true_places(model, known)
    rng = np.random.default_rng(12)
    true, found, inside = [], [], []
    for pair in range(4):
        sizes, results = [], []
        for w in range(2):
            shift = rng.normal(0, 0.4, 8)
            wave = shifted(1500, 1000 + 2 * pair + w, shift)
            population = np.bincount(known.profile, minlength=8) * np.exp(shift)
            sizes.append((population / population.sum())[place])
            results.append(resize(model, wave.frame, questionnaire()))
        people = [[f"{pair}{w}{i}" for i in range(1500)] for w in range(2)]
        trend: Trend = trend_of(["a", "b"], results, people)
        change = trend.changes[0]
        true.append(sizes[1] - sizes[0])
        found.append(change.change)
        inside.append((change.low <= true[-1]) & (true[-1] <= change.high))
    x, y = np.concatenate(true), np.concatenate(found)
    assert x @ y / (x @ x) == pytest.approx(1, abs=0.1)
    assert np.mean(inside) >= 0.85
    assert trend.waves[0].error.min() > 0
