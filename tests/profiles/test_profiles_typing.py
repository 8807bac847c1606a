from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from profiles_world import World, plan, questionnaire, world

from flows.definitions.options import MISSING_CODES
from flows.errors import Refusal
from flows.profiles.assign import assign
from flows.profiles.golden import (
    GoldenScorer,
    best_temperature,
    expected_calibration_error,
    tempered,
)
from flows.profiles.model import ProfileModel
from flows.profiles.typing import TypingModel, fit_typing, type_respondents_by


@pytest.fixture(scope="module")
def fresh() -> World:
    return world(6000, seed=77)


def without(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    gone = {
        name: pd.Categorical([".not_asked"] * len(frame), categories=frame[name].cat.categories)
        for name in names
    }
    return frame.assign(**gone)


def right_profile(model: ProfileModel, fresh: World) -> np.ndarray:
    """The full model's posteriors of people it was not fitted on: the judge of the typing."""
    return assign(model, fresh.frame, questionnaire()).probabilities


def test_confidence_is_what_fresh_people_show(
    model: ProfileModel, typing_model: TypingModel, fresh: World
) -> None:
    typing = type_respondents_by(typing_model, fresh.frame, questionnaire())
    full = right_profile(model, fresh)
    given = typing.probabilities.argmax(axis=1)
    hit = full[np.arange(len(full)), given]
    assert abs(typing.confidence.mean() - hit.mean()) < 0.02
    assert expected_calibration_error(typing.confidence, hit, np.ones(len(hit))) < 0.03
    accuracy = (given == full.argmax(axis=1)).mean()
    quality = typing_model.quality
    assert accuracy > 0.6
    assert abs(accuracy - quality.accuracy) < 0.03
    assert abs(typing.confidence.mean() - quality.confidence) < 0.02
    assert quality.calibration_error < 0.03
    shares = full.mean(axis=0)
    assert np.abs(typing.probabilities.mean(axis=0) - shares).sum() / 2 < 0.03


def test_missing_answers_make_it_less_sure_and_not_less_honest(
    model: ProfileModel, typing_model: TypingModel, fresh: World
) -> None:
    half = [column.name for column in typing_model.columns][::2]
    all_ten = type_respondents_by(typing_model, fresh.frame, questionnaire())
    five = type_respondents_by(typing_model, without(fresh.frame, half), questionnaire())
    assert five.confidence.mean() < all_ten.confidence.mean() - 0.05
    hit = right_profile(model, fresh)[np.arange(6000), five.probabilities.argmax(axis=1)]
    assert abs(five.confidence.mean() - hit.mean()) < 0.03
    assert five.typed.mean() > 0.9


def test_demographics_alone_give_probabilities_and_never_a_label(
    model: ProfileModel, typing_model: TypingModel, fresh: World
) -> None:
    golden = [column.name for column in typing_model.columns]
    typing = type_respondents_by(typing_model, without(fresh.frame, golden), questionnaire())
    assert not typing.typed.any()
    prior = typing.probabilities
    np.testing.assert_allclose(prior.sum(axis=1), 1)
    assert prior.std(axis=0).max() > 0.02
    full = right_profile(model, fresh)
    np.testing.assert_allclose(prior.mean(axis=0), full.mean(axis=0), atol=0.02)


def test_another_survey_that_asks_golden_questions_only(
    model: ProfileModel, typing_model: TypingModel, fresh: World
) -> None:
    other = questionnaire()
    golden = [column.name for column in typing_model.columns]
    here = fresh.frame[[*golden, "age", "edu", "income"]]
    same = type_respondents_by(typing_model, fresh.frame, questionnaire())
    there = type_respondents_by(typing_model, here, other)
    np.testing.assert_array_equal(same.labels, there.labels)
    bare = type_respondents_by(typing_model, fresh.frame[golden], other)
    assert bare.typed.mean() > 0.9
    assert "without age3, edu, income" in bare.notes[0]
    with pytest.raises(Refusal, match="answers lack D1_b"):
        type_respondents_by(typing_model, here.drop(columns="D1_b"), other)
    strange = here.assign(D1_a=pd.Categorical(["7"] * 6000, categories=["7", *MISSING_CODES]))
    with pytest.raises(Refusal, match="D1_a holds the code 7"):
        type_respondents_by(typing_model, strange, other)


def test_a_stored_typing_gives_the_same(typing_model: TypingModel, fresh: World) -> None:
    back = TypingModel.from_dict(json.loads(json.dumps(typing_model.to_dict())))
    ours = type_respondents_by(typing_model, fresh.frame, questionnaire())
    theirs = type_respondents_by(back, fresh.frame, questionnaire())
    np.testing.assert_array_equal(ours.probabilities, theirs.probabilities)
    assert back.to_dict() == typing_model.to_dict()


def test_a_missing_answer_is_integrated_out() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 3))
    covariance = root @ root.T + np.eye(3)
    means = rng.normal(size=(2, 3))
    scorer = GoldenScorer(np.zeros(3), np.ones(3), means, covariance, np.zeros((1, 2)))
    grid = np.linspace(-40, 40, 8001)
    points = np.column_stack([np.full(8001, 0.4), grid, np.full(8001, -1.0)])
    by_hand = np.exp(scorer.log_densities(points)).sum(axis=0) * (grid[1] - grid[0])
    ours = np.exp(scorer.log_densities(np.array([[0.4, np.nan, -1.0]])))[0]
    np.testing.assert_allclose(ours, by_hand, rtol=1e-8)
    np.testing.assert_array_equal(scorer.log_densities(np.full((1, 3), np.nan)), 0)


def test_the_temperature_that_made_the_probabilities_is_found() -> None:
    rng = np.random.default_rng(1)
    prior = np.log(rng.dirichlet(np.ones(4), 3000))
    density = rng.normal(scale=3, size=(3000, 4))
    truth = tempered(prior, density, 2.5)
    weights = np.full(3000, 1 / 3000)
    assert best_temperature(prior, density, truth, weights) == pytest.approx(2.5, rel=0.01)


def test_typing_without_golden_questions_or_people_is_refused(
    known: World, model: ProfileModel
) -> None:
    with pytest.raises(Refusal, match="names no golden questions"):
        fit_typing(model, known.frame, questionnaire(), plan(golden=()))
    with pytest.raises(Refusal, match="typing needs at least 100"):
        fit_typing(model, known.frame.head(99), questionnaire(), plan())
