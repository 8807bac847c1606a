"""How many profiles: known numbers, scikit-learn beside ours, and an honest sentence."""

from __future__ import annotations

import json

import numpy as np
import pytest
from profiles_world import World, plan, questionnaire, world
from scipy.stats import sem
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from flows.errors import Refusal
from flows.profiles.answers import score_matrix, scored_columns
from flows.profiles.factors import fit_factors
from flows.profiles.numbers import Numbers, compare_numbers, weighted_mean


def few(world_: World, kept: tuple[int, ...]) -> World:
    """Only the people of some profiles."""
    rows = np.flatnonzero(np.isin(world_.profile, kept))
    return World(
        world_.frame.iloc[rows].reset_index(drop=True), world_.profile[rows], world_.style[rows]
    )


@pytest.fixture(scope="module")
def four() -> Numbers:
    people = few(world(4000, seed=3), (0, 2, 4, 7))
    return compare_numbers(people.frame, questionnaire(), plan(), numbers=(2, 3, 4, 5, 8))


def test_the_true_number_is_found(four: Numbers) -> None:
    assert [row.k for row in four.rows] == [2, 3, 4, 5, 8]
    assert four.by_bic == 4
    assert four.by_held_out == 4
    by = {row.k: row for row in four.rows}
    assert by[4].split_half > 0.7
    assert by[4].split_half > by[5].split_half
    assert by[4].held_out_gain > 5 * by[4].held_out_se
    assert by[5].held_out_gain < by[5].held_out_se
    assert by[2].held_out_gain is None
    assert by[4].smallest > 0.1


def test_the_sentence_says_that_the_plan_is_not_supported(four: Numbers) -> None:
    assert four.planned == 8
    assert not four.supported
    assert "BIC is lowest with 4 profiles;" in four.sentence
    assert "The plan's 8 profiles are not supported: 4 predict held-out people" in four.sentence
    plain = four.to_dict()
    assert json.loads(json.dumps(plain))["rows"][2]["k"] == 4
    assert set(plain["rows"][0]) == {
        "k", "bic", "held_out", "held_out_gain", "held_out_se", "split_half", "smallest",
    }  # fmt: skip


def test_one_cloud_holds_no_profiles() -> None:
    people = few(world(6000, seed=4), (0,))
    found = compare_numbers(
        people.frame, questionnaire(), plan(profiles=plan().profiles[:3]), numbers=(2, 3, 4)
    )
    assert not found.supported
    assert found.planned == 3
    assert "3 profiles are not supported" in found.sentence


def test_the_plan_is_supported_where_it_is_right() -> None:
    people = few(world(3000, seed=5), (1, 2, 4, 7))
    found = compare_numbers(
        people.frame, questionnaire(), plan(profiles=plan().profiles[:4]), numbers=(3, 4, 5)
    )
    assert found.supported
    assert found.sentence.endswith(".")
    assert "The plan's 4 profiles are supported (agreement of the halves 0." in found.sentence


def test_figures_are_those_of_scikit_learn() -> None:
    """Without demographics our mixture is scikit-learn's tied one."""
    people = few(world(3000, seed=6), (0, 4, 7))
    bare = plan(concomitants=(), seed=5)
    (row,) = compare_numbers(people.frame, questionnaire(), bare, numbers=(3,)).rows
    items = score_matrix(people.frame, questionnaire(), scored_columns(questionnaire(), bare.items))
    n = len(items)
    shuffled = np.random.default_rng([5, 5]).permutation(n)
    halves = [np.sort(shuffled[: n // 2]), np.sort(shuffled[n // 2 :])]

    def fitted(rows: np.ndarray) -> tuple[np.ndarray, GaussianMixture]:
        factors = fit_factors(items[rows], np.full(len(rows), 1 / len(rows)), bare.factors)
        scores = factors.scores(items)
        mixture = GaussianMixture(
            3, covariance_type="tied", n_init=5, tol=1e-6, max_iter=500, random_state=1
        )
        return scores, mixture.fit(scores[rows])

    scores, mixture = fitted(np.arange(n))
    assert row.bic == pytest.approx(mixture.bic(scores), abs=2)
    assert row.smallest == pytest.approx(mixture.weights_.min(), abs=0.01)
    out, labels = np.empty(n), []
    for own, other in (halves, halves[::-1]):
        scores, mixture = fitted(own)
        out[other] = mixture.score_samples(scores[other])
        labels.append(mixture.predict(scores))
    assert row.held_out == pytest.approx(out.mean(), abs=2e-3)
    assert row.split_half == pytest.approx(adjusted_rand_score(*labels), abs=0.03)


def test_the_error_of_a_gain_is_that_of_a_weighted_mean() -> None:
    rng = np.random.default_rng(0)
    values, times = rng.normal(size=200), rng.uniform(0.5, 2, 200)
    mean, error = weighted_mean(values, np.full(200, 1 / 200))
    assert (mean, error) == pytest.approx((values.mean(), sem(values)))
    w = times / times.sum()
    mean, error = weighted_mean(values, w)
    drawn = [np.average(values[r], weights=times[r]) for r in rng.integers(0, 200, (2000, 200))]
    assert mean == pytest.approx(np.average(values, weights=times))
    assert error == pytest.approx(np.std(drawn), rel=0.08)


def test_too_few_people_and_odd_numbers_are_refused() -> None:
    few_people = world(100, seed=9).frame
    with pytest.raises(Refusal, match="160 are needed"):
        compare_numbers(few_people, questionnaire(), plan())
    with pytest.raises(Refusal, match="1 profiles cannot be compared"):
        compare_numbers(few_people, questionnaire(), plan(), numbers=(1, 2))
    with pytest.raises(Refusal, match="weights do not fit"):
        compare_numbers(few_people, questionnaire(), plan(), weights=np.ones(3))
