"""A mix from a file: right on a known truth, and nothing about single people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from profiles_world import World, questionnaire, world
from scipy.optimize import linear_sum_assignment

from flows.errors import Refusal
from flows.profiles.assign import assign
from flows.profiles.composition_answers import answers_in_file, names_in_file
from flows.profiles.composition_file import (
    Usable,
    composition_of_people,
    estimated_shares,
    rounded,
    rows_apart,
    sketch_of,
    usable_people,
)
from flows.profiles.model import ProfileModel
from flows.profiles.typing import TypingModel, type_respondents_by


@pytest.fixture(scope="module")
def fresh() -> World:
    return world(6000, seed=91)


def taken(people: Usable, rows: np.ndarray) -> Usable:
    return replace(
        people,
        log_densities=people.log_densities[rows],
        log_priors=people.log_priors[rows],
        rows=people.rows[rows],
    )


def test_a_mix_unlike_the_nation_is_found(
    model: ProfileModel, typing_model: TypingModel, fresh: World
) -> None:
    """Areas where one profile is far more common: nearer than labels, and inside intervals."""
    full = assign(model, fresh.frame, questionnaire()).probabilities
    agree = np.array([full[fresh.profile == k].sum(axis=0) for k in range(8)])
    profile = linear_sum_assignment(-agree)[1][fresh.profile]  # numbered as the model does
    typing = type_respondents_by(typing_model, fresh.frame, questionnaire())
    people = usable_people(typing_model, fresh.frame, questionnaire())
    profile, label = profile[typing.typed], typing.labels[typing.typed]
    rng = np.random.default_rng(5)
    ours, counted, inside = [], [], []
    for _ in range(8):
        chance = np.exp(rng.normal(scale=0.6, size=8))[profile]
        rows = rng.choice(len(profile), 300, p=chance / chance.sum())
        truth = np.bincount(profile, chance / chance.sum(), 8)
        mix = composition_of_people(typing_model, taken(people, rows), replicates=50)
        here = np.bincount(profile[rows], minlength=8) / 300
        ours.append(mix.shares - here)
        counted.append([np.mean(label[rows] == code) for code in mix.codes] - here)
        inside.append((mix.low <= truth) & (truth <= mix.high))
        assert mix.shares.sum() == pytest.approx(1)
    error, by_counting = (np.sqrt(np.mean(np.square(each))) for each in (ours, counted))
    assert error < 0.03
    assert error < 0.9 * by_counting
    assert np.mean(inside) > 0.85


def test_the_estimate_is_where_no_small_change_is_better(
    typing_model: TypingModel, fresh: World
) -> None:
    people = usable_people(typing_model, fresh.frame.head(200), questionnaire())
    n = len(people.log_densities)
    shares, shift = estimated_shares(people, np.full((1, n), 1 / n))

    def likelihood(at: np.ndarray) -> float:
        prior = np.exp(people.log_priors + at)
        prior /= prior.sum(axis=1, keepdims=True)
        fit = np.log((prior * np.exp(people.log_densities)).sum(axis=1)).sum()
        return float(fit - at @ at / 2)

    best = likelihood(shift[0])
    for k in range(8):
        for step in (-0.01, 0.01):
            assert likelihood(shift[0] + step * np.eye(8)[k]) < best
    assert shares.sum() == pytest.approx(1)


def test_whole_percents_add_up_and_keep_their_interval(
    typing_model: TypingModel, fresh: World
) -> None:
    people = usable_people(typing_model, fresh.frame.head(60), questionnaire())
    mix = composition_of_people(typing_model, people, replicates=40)
    again = composition_of_people(typing_model, people, replicates=40)
    np.testing.assert_array_equal(mix.low, again.low)
    whole = rounded(mix)
    assert (whole.shares * 100).sum() == pytest.approx(100)
    np.testing.assert_allclose(whole.shares * 100, np.round(whole.shares * 100))
    assert np.abs(whole.shares - mix.shares).max() < 0.01
    assert (whole.low <= mix.low + 1e-12).all()
    assert (whole.high >= mix.high - 1e-12).all()


def test_few_people_are_refused(typing_model: TypingModel, fresh: World) -> None:
    with pytest.raises(Refusal, match="29 people in the file answered"):
        usable_people(typing_model, fresh.frame.head(29), questionnaire())


def test_a_sketch_tells_how_many_rows_differ(typing_model: TypingModel, fresh: World) -> None:
    people = usable_people(typing_model, fresh.frame.head(900), questionnaire())
    rows = np.arange(len(people.rows))
    key = b"k" * 32
    whole = sketch_of(people, key)
    assert rows_apart(whole, sketch_of(taken(people, rows[::-1]), key)) == 0
    for gone in (1, 4, 40):
        apart = rows_apart(whole, sketch_of(taken(people, rows[gone:]), key))
        assert 0.6 * gone <= apart <= 1.5 * gone
    other = rows_apart(sketch_of(taken(people, rows[:400]), key), sketch_of(people, b"l" * 32))
    assert other > 300


def as_sent(frame: pd.DataFrame, typing: TypingModel) -> pd.DataFrame:
    """The file of a municipality: texts, and columns that are nobody's business."""
    cells = {
        c.name: frame[c.name].astype(str).replace({".dont_know": "9", ".skipped": np.nan, ".": ""})
        for c in typing.columns
    }
    cells |= {
        "E-mail": pd.Series("a@b.nl", frame.index),
        "age": frame["age"].astype(int).astype(str),
    }
    cells["edu"] = frame["edu"].astype(str)
    return pd.DataFrame(cells).astype(object)


def test_a_file_is_read_by_question_codes_and_nothing_else_is(
    typing_model: TypingModel, fresh: World
) -> None:
    cells = as_sent(fresh.frame.head(400), typing_model)
    answers, survey = answers_in_file(cells, "f.csv", typing_model, questionnaire())
    assert "E-mail" not in answers.columns
    assert "e-mail" not in names_in_file(typing_model, questionnaire())
    ours = type_respondents_by(typing_model, answers, survey)
    told = fresh.frame.head(400).drop(columns="income")
    theirs = type_respondents_by(typing_model, told, questionnaire())
    kept = ~cells[[c.name for c in typing_model.columns]].isna().all(axis=1).to_numpy()
    np.testing.assert_allclose(ours.probabilities, theirs.probabilities[kept])
    assert "income" in ours.notes[0]


def test_levels_may_stand_in_the_file_by_code_or_label(
    typing_model: TypingModel, fresh: World
) -> None:
    frame = fresh.frame.head(100)
    cells = as_sent(frame, typing_model)
    bands = pd.cut(frame["age"], [17, 34, 54, 90], labels=["a1", "a2", "a3"]).astype(object)
    given = cells.drop(columns="age").assign(AGE3=bands)
    by_age = answers_in_file(cells, "f.csv", typing_model, questionnaire())
    by_level = answers_in_file(given, "f.csv", typing_model, questionnaire())
    first, second = (type_respondents_by(typing_model, *read) for read in (by_age, by_level))
    np.testing.assert_allclose(first.probabilities, second.probabilities)


def test_what_a_file_cannot_be_read_by_is_refused(typing_model: TypingModel, fresh: World) -> None:
    cells = as_sent(fresh.frame.head(50), typing_model)
    with pytest.raises(Refusal, match="lacks D1_b"):
        answers_in_file(cells.drop(columns="D1_b"), "f.csv", typing_model, questionnaire())
    cells.loc[4, "D1_b"] = "7"
    with pytest.raises(Refusal, match="line 6: column D1_b holds '7'"):
        answers_in_file(cells, "f.csv", typing_model, questionnaire())
