from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from profiles_world import World, plan, questionnaire, with_prototypes, world
from scipy.optimize import linear_sum_assignment

from flows.errors import Refusal
from flows.profiles.assign import assign
from flows.profiles.fit import fit_profiles
from flows.profiles.matching import match
from flows.profiles.model import ProfileModel
from flows.profiles.stability import adjusted_rand_index


def hit_rate(labels: np.ndarray, truth: np.ndarray) -> float:
    codes, found = np.unique(labels, return_inverse=True)
    table = np.zeros((len(codes), 8))
    np.add.at(table, (found, truth), 1)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / len(labels))


def test_the_true_profiles_are_found_and_confidence_is_honest(model: ProfileModel) -> None:
    fresh = world(4000, seed=99)
    typing = assign(model, fresh.frame, questionnaire())
    assert typing.typed.all()
    assert adjusted_rand_index(typing.labels, fresh.profile) >= 0.5
    hit = hit_rate(typing.labels, fresh.profile)
    assert hit >= 0.75
    assert abs(typing.confidence.mean() - hit) < 0.05
    np.testing.assert_allclose(typing.probabilities.sum(axis=1), 1)


def test_profiles_without_prototypes_run_along_the_axis(model: ProfileModel) -> None:
    trust = model.places[:, model.axes.index("trust")]
    assert (np.diff(trust) > 0).all()
    assert model.codes == tuple(f"p{k}" for k in range(1, 9))
    assert model.distances == (None,) * 8
    assert all(model.named)
    assert model.name("p3").nl == "Naam 3"
    assert model.sizes.sum() == pytest.approx(1)


def test_a_stored_model_gives_the_same_assignments(known: World, model: ProfileModel) -> None:
    back = ProfileModel.from_dict(json.loads(json.dumps(model.to_dict())))
    ours = assign(model, known.frame, questionnaire())
    theirs = assign(back, known.frame, questionnaire())
    np.testing.assert_array_equal(ours.probabilities, theirs.probabilities)
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    assert back.to_dict() == model.to_dict()
    assert back.bic == model.bic
    with pytest.raises(Refusal, match="another version of themadossier"):
        ProfileModel.from_dict({"format": 0})


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_nobody_depends_on_who_else_is_there(
    known: World, model: ProfileModel, seed: int, n: int
) -> None:
    everybody = assign(model, known.frame, questionnaire())
    rows = np.random.default_rng(seed).choice(len(known.frame), n, replace=False)
    some = assign(model, known.frame.iloc[rows], questionnaire())
    np.testing.assert_array_equal(some.labels, everybody.labels[rows])
    np.testing.assert_allclose(some.probabilities, everybody.probabilities[rows], atol=1e-12)


def test_integer_weights_are_repeated_rows() -> None:
    few = world(500, seed=4)
    times = np.random.default_rng(0).integers(1, 4, 500)
    by_weight = fit_profiles(few.frame, questionnaire(), plan(), weights=times, starts=2)
    repeated = few.frame.loc[np.repeat(np.arange(500), times)].reset_index(drop=True)
    by_rows = fit_profiles(repeated, questionnaire(), plan(), starts=2)
    np.testing.assert_allclose(by_weight.places, by_rows.places, atol=1e-5)
    np.testing.assert_allclose(by_weight.mixture.means, by_rows.mixture.means, atol=1e-5)
    np.testing.assert_allclose(by_weight.mixture.covariance, by_rows.mixture.covariance, atol=1e-5)
    # A rehearsal draws as many people as there are rows: what comes of it differs by chance.
    assert by_weight.temperature == pytest.approx(by_rows.temperature, rel=0.3)
    np.testing.assert_allclose(by_weight.sizes, by_rows.sizes, atol=0.05)


def test_components_get_the_profile_whose_prototype_is_nearest(known: World) -> None:
    names = ("trust", "engagement")
    first = fit_profiles(known.frame, questionnaire(), plan(starts=2))
    wanted = first.places[::-1].copy()
    wanted[2] += 5.0
    prototypes = with_prototypes(wanted, names)
    second = fit_profiles(known.frame, questionnaire(), plan(starts=2, profiles=prototypes))
    near = [k for k in range(8) if k != 2]
    np.testing.assert_allclose(second.places[near], wanted[near], atol=1e-6)
    assert [second.named[k] for k in near] == [True] * 7
    assert not second.named[2]
    assert second.distances[2] == pytest.approx(5 * np.sqrt(2), abs=1e-6)
    assert second.name("p3").nl == "Profiel 3"
    assert second.name("p3").en == "Profile 3"
    assert second.name("p4").nl == "Naam 4"


def test_profiles_with_and_without_a_prototype_go_together() -> None:
    places = np.array([[0.9], [0.2], [-1.0]])
    mixed = plan().model_copy(
        update={
            "profiles": (
                plan().profiles[0],
                with_prototypes(np.array([[0.3]]), ("trust",))[0].model_copy(update={"code": "x"}),
                plan().profiles[2],
            )
        }
    )
    found = match(places, ("trust",), mixed)
    assert found.order == (2, 1, 0)
    assert found.distances == (None, pytest.approx(0.1), None)


def test_an_unknown_axis_to_order_by_is_refused(known: World) -> None:
    with pytest.raises(Refusal, match="orders profiles without a prototype by trust"):
        fit_profiles(known.frame, questionnaire(), plan(axes={}, starts=1))


def test_who_hardly_answered_gets_probabilities_and_no_label(
    known: World, model: ProfileModel
) -> None:
    frame = known.frame.head(4).copy()
    items = [column.name for column in model.items]
    for name in items[8:]:
        frame[name] = pd.Categorical([".skipped"] * 4, categories=frame[name].cat.categories)
    typing = assign(model, frame, questionnaire())
    assert list(typing.labels) == [""] * 4
    assert not typing.typed.any()
    np.testing.assert_allclose(typing.probabilities.sum(axis=1), 1)
    assert "less than a third" in typing.notes[0]


def test_a_constant_item_is_left_out_and_named(known: World) -> None:
    frame = known.frame.head(600).copy()
    categories = frame["D1_a"].cat.categories
    frame["D1_a"] = pd.Categorical(["2"] * 600, categories=categories)
    found = fit_profiles(frame, questionnaire(), plan(starts=1))
    assert found.left_out == ("D1_a",)
    assert len(found.items) == 24


def test_collinear_demographics_are_fitted(known: World) -> None:
    frame = known.frame.head(600).assign(income=lambda d: d["edu"])
    found = fit_profiles(frame, questionnaire(), plan(starts=1))
    assert np.isfinite(found.mixture.logit).all()


@pytest.mark.parametrize(
    ("changes", "rows", "says"),
    [
        ({}, 159, "159 respondents answered enough items .* at least 160"),
        ({}, 0, "0 respondents answered enough items"),
        ({"items": ()}, 500, "add items"),
        ({"items": ("D9",)}, 500, "names D9"),
        ({"items": ("D1_a", "D1_b")}, 500, "Only 2 of the profile items"),
        ({"concomitants": ("nope",)}, 500, "the concomitant nope"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_sentence(
    known: World, changes: dict[str, object], rows: int, says: str
) -> None:
    with pytest.raises(Refusal, match=says) as error:
        fit_profiles(known.frame.head(rows), questionnaire(), plan(**changes, starts=1))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("bad", [[1.0], [-1.0] * 500, [np.nan] * 500, [0.0] * 500])
def test_weights_that_are_none_are_refused(known: World, bad: list[float]) -> None:
    with pytest.raises(Refusal, match="The weights do not fit 500 respondents"):
        fit_profiles(known.frame.head(500), questionnaire(), plan(), weights=bad)


def test_identical_respondents_are_refused(known: World) -> None:
    same = known.frame.iloc[[0] * 400].reset_index(drop=True)
    with pytest.raises(Refusal):
        fit_profiles(same, questionnaire(), plan(starts=2))
