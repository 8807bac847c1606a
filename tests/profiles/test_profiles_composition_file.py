"""A mix from a file: right on a known truth, and nothing about single people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd
import pytest
from profiles_world import World, questionnaire, world
from scipy.optimize import linear_sum_assignment, minimize
from scipy.stats import beta

from flows.errors import Refusal
from flows.profiles import composition_file
from flows.profiles.assign import assign
from flows.profiles.composition_answers import answers_in_file, names_in_file
from flows.profiles.composition_file import (
    PRIOR_SD,
    FileComposition,
    Usable,
    composition_of_people,
    estimated_shares,
    log_likelihood,
    may_be_absent,
    posterior_shares,
    rounded,
    rows_apart,
    sketch_of,
    tempered,
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
        mix = composition_of_people(typing_model, taken(people, rows), draws=1000)
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
    mix = composition_of_people(typing_model, people, draws=500)
    again = composition_of_people(typing_model, people, draws=500)
    np.testing.assert_array_equal(mix.low, again.low)
    whole = rounded(mix)
    assert (whole.shares * 100).sum() == pytest.approx(100)
    np.testing.assert_allclose(whole.shares * 100, np.round(whole.shares * 100))
    assert np.abs(whole.shares - mix.shares).max() < 0.01
    assert (whole.low <= mix.low + 1e-12).all()
    assert (whole.high >= mix.high - 1e-12).all()


# ------------------------------------------------------------ posterior and its intervals


SIZES = np.array([0.06, 0.18, 0.16, 0.17, 0.06, 0.12, 0.15, 0.10])
ABSENT = [3, 5]
MIXES = {
    "far": np.array([2.2, 0.0, 0.0, -1.0, 1.0, -1.5, 0.0, -0.5]),
    "absent": np.where(np.isin(np.arange(8), ABSENT), -5.0, 0.0),
}


@dataclass(frozen=True)
class Codes:
    """What an estimate needs of a typing model once people are given."""

    codes: tuple[str, ...]


def mixed(people: Usable, seed: int, draws: int = 1000) -> FileComposition:
    codes = tuple(f"p{k}" for k in range(people.log_priors.shape[1]))
    return composition_of_people(cast(TypingModel, Codes(codes)), people, seed, draws)


def asked(
    rng: np.random.Generator, log_priors: np.ndarray, shift: np.ndarray, mean: np.ndarray
) -> Usable:
    """People with these priors whose answers are normal around the mean of their profile."""
    p = np.exp(log_priors + shift)
    p /= p.sum(axis=1, keepdims=True)
    profile = (p.cumsum(axis=1) < rng.random((len(p), 1))).sum(axis=1)
    answers = mean[profile] + rng.normal(size=(len(p), mean.shape[1]))
    log_densities = -((answers[:, None, :] - mean) ** 2).sum(axis=2) / 2
    return Usable(log_densities, log_priors, answers, 0, ())


def by_demographics(sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Log shares (18, K) by level of three variables."""
    levels = [[a, b, c] for a in (-1, 0, 1) for b in (-1, 1) for c in (-1, 0, 1)]
    log_p = np.log(sizes) + np.array(levels) @ rng.normal(scale=0.5, size=(3, len(sizes)))
    return np.asarray(log_p - np.log(np.exp(log_p).sum(axis=1, keepdims=True)))


def test_two_profiles_give_the_posterior_that_a_grid_gives() -> None:
    """Alike demographics: the share is one number, and its posterior an integral over it."""
    rng = np.random.default_rng(4)
    log_priors = np.log(np.tile([0.3, 0.7], (45, 1)))
    people = asked(rng, log_priors, np.array([0.5, 0.0]), rng.normal(scale=0.8, size=(2, 6)))
    away = np.linspace(-12, 12, 20_001)
    share = 1 / (1 + 0.7 / 0.3 * np.exp(-away))
    f = np.exp(people.log_densities)
    log_p = np.log(share[:, None] * f[:, 0] + (1 - share[:, None]) * f[:, 1]).sum(axis=1)
    log_p -= away**2 / (2 * 2 * PRIOR_SD**2)  # the difference of two shifts
    p = np.exp(log_p - log_p.max())
    p /= p.sum()
    exact = [p @ share, *(share[np.searchsorted(p.cumsum(), q)] for q in (0.025, 0.975))]
    mix = mixed(people, seed=3, draws=20_000)
    np.testing.assert_allclose([mix.shares[0], mix.low[0], mix.high[0]], exact, atol=0.006)
    assert exact[2] - exact[1] > 0.2  # a tolerance far below what is measured


def test_who_took_part_is_chance_even_when_every_profile_is_certain() -> None:
    """20 of 50 have the first profile by their demographics: Beta(20, 30) by draws of people."""
    log_priors = np.where(np.arange(50)[:, None] < 20, [0.0, -40.0], [-40.0, 0.0])
    people = Usable(np.zeros((50, 2)), log_priors, np.zeros((50, 1)), 0, ())
    drawn, weights = posterior_shares(people, np.zeros(2), 20_000, seed=2)
    exact = beta(20, 30)
    assert weights @ drawn[:, 0] == pytest.approx(exact.mean(), abs=0.003)
    assert weights @ (drawn[:, 0] - 0.4) ** 2 == pytest.approx(exact.var(), rel=0.05)


def test_intervals_cover_at_thirty_people_also_a_profile_that_nobody_has() -> None:
    """The bootstrap before covered .67 of the shares when two profiles were absent."""
    rng = np.random.default_rng(11)
    mean = rng.normal(scale=0.55, size=(8, 10))
    table = by_demographics(SIZES, rng)
    for name, shift in MIXES.items():
        p = np.exp(table + shift)
        truth = (p / p.sum(axis=1, keepdims=True)).mean(axis=0)
        files = [
            asked(rng, table[rng.integers(len(table), size=30)], shift, mean) for _ in range(120)
        ]
        found = [mixed(people, seed) for seed, people in enumerate(files)]
        inside = np.array([(mix.low <= truth) & (truth <= mix.high) for mix in found])
        assert 0.93 < inside.mean() < 0.995, name
        assert inside.mean(axis=0).min() > 0.82, name
        if name == "absent":
            assert (truth[ABSENT] < 0.005).all()
            at_zero = np.mean([mix.low[ABSENT] == 0 for mix in found])
            common = np.mean([mix.low[[1, 2]] == 0 for mix in found])
            assert at_zero > 0.9
            assert common < 0.5


def test_a_profile_that_people_have_for_certain_is_not_absent() -> None:
    rng = np.random.default_rng(8)
    mean = 5 * np.eye(4)
    log_priors = np.log(np.full((40, 4), 0.25))
    people = asked(rng, log_priors, np.array([0.0, 0.0, 0.0, -40.0]), mean)
    _, shift = estimated_shares(people, np.full((1, 40), 1 / 40), spread=PRIOR_SD)
    np.testing.assert_array_equal(may_be_absent(people, shift[0]), [False, False, False, True])


def test_absence_is_excluded_by_the_profile_likelihood() -> None:
    """Against a general optimiser, without the profile in the likelihood at all."""
    rng = np.random.default_rng(21)
    mean = rng.normal(scale=0.7, size=(4, 5))
    table = by_demographics(np.array([0.1, 0.3, 0.2, 0.4]), rng)

    def best(people: Usable, kept: list[int]) -> float:
        prior, f = np.exp(people.log_priors[:, kept]), np.exp(people.log_densities[:, kept])

        def likelihood(at: np.ndarray) -> float:
            p = prior * np.exp(at)
            return float(np.log((p * f).sum(axis=1) / p.sum(axis=1)).sum())

        def lost(at: np.ndarray) -> float:
            return float(at @ at) / (2 * PRIOR_SD**2) - likelihood(at)

        return likelihood(minimize(lost, np.zeros(len(kept)), tol=1e-10).x)

    told = []
    for _ in range(6):
        log_priors = table[rng.integers(len(table), size=35)]
        people = asked(rng, log_priors, rng.normal(size=4), mean)
        _, shift = estimated_shares(people, np.full((1, 35), 1 / 35), spread=PRIOR_SD)
        lost = [
            best(people, [0, 1, 2, 3]) - best(people, [j for j in range(4) if j != k])
            for k in range(4)
        ]
        assert (np.abs(np.array(lost) - 1.92) > 0.005).all()  # none so near that rounding decides
        told += may_be_absent(people, shift[0]).tolist()
        assert told[-4:] == [one <= 1.92 for one in lost]
    assert len(set(told)) == 2


def test_the_likelihood_is_the_sum_over_people(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    people = asked(rng, by_demographics(SIZES, rng), np.zeros(8), rng.normal(size=(8, 3)))
    shifts = rng.normal(size=(7, 8))
    expected = []
    for at in shifts:
        p = np.exp(people.log_priors + at)
        p /= p.sum(axis=1, keepdims=True)
        expected.append(np.log((p * np.exp(people.log_densities)).sum(axis=1)).sum())
    np.testing.assert_allclose(log_likelihood(people, shifts), expected)
    monkeypatch.setattr(composition_file, "MOST_AT_ONCE", 40)
    np.testing.assert_allclose(log_likelihood(people, shifts), expected)


def test_few_draws_never_decide() -> None:
    """Weights of which few count are flattened until a tenth of the draws does."""
    rng = np.random.default_rng(6)
    calm, wild = rng.normal(scale=0.3, size=1000), rng.normal(scale=30, size=1000)
    weights, power = tempered(calm)
    assert power == 1
    np.testing.assert_allclose(weights, np.exp(calm) / np.exp(calm).sum())
    weights, power = tempered(wild)
    assert 0 < power < 1
    assert 1 / (weights**2).sum() == pytest.approx(100, rel=0.01)
    assert weights.argmax() == wild.argmax()


def test_a_prior_that_is_far_off_still_gives_an_interval_with_enough_draws() -> None:
    """A profile of one in a million that nearly everybody has: the first draws are all off."""
    rng = np.random.default_rng(3)
    sizes = np.array([1e-6, *[0.1] * 6, 0.399999])
    log_priors = np.log(np.tile(sizes, (100, 1)))
    people = asked(rng, log_priors, np.array([20.0, *[0.0] * 7]), rng.normal(scale=5, size=(8, 10)))
    _, shift = estimated_shares(people, np.full((1, 100), 1 / 100), spread=PRIOR_SD)
    drawn, weights = posterior_shares(people, shift[0], 1000, seed=1)
    assert 1 / (weights**2).sum() > 99
    np.testing.assert_allclose(drawn.sum(axis=1), 1)
    mix = mixed(people, seed=1)
    assert mix.shares.argmax() == 0
    assert mix.high[0] > 0.9
    assert (mix.low[1:] < 0.01).all()


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
