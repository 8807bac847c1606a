"""Fits on samples of the respondents, and the error they add to areas."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from profiles_world import World, plan, questionnaire, world
from sklearn.linear_model import LogisticRegression

from flows.errors import Refusal
from flows.profiles.errors import ProfileError
from flows.profiles.model import ProfileModel
from flows.profiles.projection.ingredients import FEWEST_REPLICATES, membership_of
from flows.profiles.projection.membership import cell_design, fit_membership
from flows.profiles.projection.places import cells_of
from flows.profiles.replicates import Replicates, replicates_of, shared_order
from flows.profiles.stability import adjusted_rand_index, stability_of

SIZES = (3, 3, 3)


@pytest.fixture(scope="module")
def made(known: World, model: ProfileModel) -> Replicates:
    return replicates_of(known.frame, questionnaire(), plan(), model, replicates=6, seed=3)


def test_replicates_are_near_the_model_and_not_the_same(
    known: World, model: ProfileModel, made: Replicates
) -> None:
    assert (made.sizes.shape, made.cells.shape, made.agreement.shape, made.failed) == (
        (6, 8), (6, 27, 8), (6, 8, 8), 0,
    )  # fmt: skip
    np.testing.assert_allclose(made.sizes.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(made.cells.sum(axis=(1, 2)), 1, atol=1e-9)
    # Profiles keep the place they have in the model.
    assert (made.agreement.argmax(axis=2) == np.arange(8)).all()
    assert np.abs(made.sizes.mean(axis=0) - model.sizes).max() < 0.02
    assert (made.sizes_sd > 0.001).all()
    # Everybody has known demographics here, so cells and sizes tell of the same people.
    np.testing.assert_allclose(made.cells.sum(axis=1), made.sizes, atol=1e-9)
    people = np.bincount(cells_of(known.frame, questionnaire(), model.concomitants), minlength=27)
    np.testing.assert_allclose(made.cells.sum(axis=2), np.tile(people / 3000, (6, 1)), atol=1e-9)


def test_sizes_err_as_much_as_replicates_differ(
    known: World, model: ProfileModel, made: Replicates
) -> None:
    """Against the true profiles of the same people, so that only the fit can be wrong."""
    truth = np.eye(8)[known.profile]
    items, cells = model.read(known.frame, questionnaire())
    order = shared_order(truth, model.probabilities(items, cells))
    away = (model.sizes[order] - truth.mean(axis=0)) / made.sizes_sd[order]
    assert 0.3 < np.sqrt((away**2).mean()) < 2.5


def test_stability_is_that_of_the_same_replicates(
    known: World, model: ProfileModel, made: Replicates
) -> None:
    found = stability_of(made)
    assert found.replicates == 6
    one = made.agreement[0]
    a, b = np.nonzero(one)
    pairs = np.repeat(np.stack([a, b]), one[a, b], axis=1)
    alone = stability_of(replace(made, agreement=made.agreement[:1], failed=0))
    assert alone.median_ari == pytest.approx(adjusted_rand_index(*pairs), abs=1e-12)
    spoilt = stability_of(replace(made, failed=6))
    assert spoilt.median_ari < found.p10_ari
    assert spoilt.replicates == 12


def test_replicates_come_back_from_the_store(model: ProfileModel, made: Replicates) -> None:
    again = Replicates.from_dict(json.loads(json.dumps(made.to_dict())), model)
    np.testing.assert_allclose(again.cells, made.cells, atol=1e-8)
    np.testing.assert_allclose(again.sizes, made.sizes, atol=1e-8)
    assert stability_of(again) == stability_of(made)
    with pytest.raises(Refusal, match="another version of themadossier"):
        Replicates.from_dict({**made.to_dict(), "format": 0}, model)


def test_people_without_weight_and_chance_play_no_part(model: ProfileModel) -> None:
    few = world(900, seed=8)
    weights = np.ones(900)
    weights[600:] = 0
    given = questionnaire(), plan(), model
    whole = replicates_of(few.frame, *given, weights, replicates=1, seed=4)
    part = replicates_of(few.frame.iloc[:600], *given, replicates=1, seed=4)
    np.testing.assert_allclose(whole.sizes, part.sizes, atol=1e-9)
    other = replicates_of(few.frame.iloc[:600], *given, replicates=1, seed=5)
    assert np.abs(other.sizes - part.sizes).max() > 1e-4
    with pytest.raises(Refusal, match="at least 1 bootstrap replicate"):
        replicates_of(few.frame, *given, replicates=0)


def test_too_few_people_for_the_profiles_are_told_as_failures(model: ProfileModel) -> None:
    few = world(12, seed=8)
    found = replicates_of(few.frame, questionnaire(), plan(), model, replicates=2, seed=4)
    assert found.failed == 2
    assert found.sizes.shape == (0, 8)
    assert np.isnan(found.sizes_sd).all()
    assert stability_of(found).median_ari == 0


def test_profiles_are_named_after_those_they_share_people_with() -> None:
    rng = np.random.default_rng(1)
    # One profile has most people: plain overlap would let it take two names.
    own = rng.dirichlet(np.full(5, 0.2) * [9, 1, 1, 1, 1], 4000)
    turned = rng.permutation(5)
    blurred = 0.7 * own + 0.3 * rng.dirichlet(np.ones(5), 4000)
    assert (turned[shared_order(own, blurred[:, turned])] == np.arange(5)).all()


# ------------------------------------------------------------------- the error of the fit, in P


def counts(rng: np.random.Generator, fits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells and memberships of 4,000 people, and memberships per cell under other fits."""
    cell = rng.integers(0, 27, 4000)
    memberships = rng.dirichlet([3.0, 2.0, 1.0], 4000)
    totals = []
    for _ in range(fits):
        tilted = memberships * np.exp(rng.normal(0, 0.2, 3))
        tilted /= tilted.sum(axis=1, keepdims=True)
        each = [np.bincount(cell, column, 27) for column in tilted.T]
        totals.append(np.stack(each, axis=1) / 4000)
    return cell, memberships, np.array(totals)


def test_the_error_of_the_fit_is_the_covariance_of_the_logits_of_replicates() -> None:
    cell, memberships, totals = counts(np.random.default_rng(2), 6)
    bare = fit_membership(SIZES, cell, memberships)
    added = bare.with_fit_error(totals).spread - bare.spread
    # By scikit-learn: a multinomial logit of each replicate's weighted cells on the same design.
    design = cell_design(SIZES)
    rows = np.repeat(design, 3, axis=0)
    logits = []
    for each in totals:
        fit = LogisticRegression(C=1e6, tol=1e-10, max_iter=5000)
        fit.fit(rows[:, 1:], np.tile(np.arange(3), 27), sample_weight=1e4 * each.ravel())
        logits.append(np.vstack([fit.intercept_, fit.coef_.T]).ravel())
    np.testing.assert_allclose(added, np.cov(np.array(logits), rowvar=False), atol=2e-4)
    assert np.array_equal(bare.with_fit_error(totals).logit, bare.logit)
    # Fits that agree add nothing.
    same = bare.with_fit_error(np.repeat(totals[:1], 3, axis=0)).spread
    np.testing.assert_allclose(same, bare.spread, atol=1e-12)


def test_replicates_of_other_cells_or_too_few_are_refused_or_left_out() -> None:
    cell, memberships, totals = counts(np.random.default_rng(2), FEWEST_REPLICATES)
    bare = fit_membership(SIZES, cell, memberships)
    for wrong in (totals[:1], totals[:, :26], totals[0]):
        with pytest.raises(ProfileError, match="give two or more"):
            bare.with_fit_error(wrong)
    few = membership_of(SIZES, cell, memberships, replicates=totals[:-1])
    enough = membership_of(SIZES, cell, memberships, replicates=totals)
    none = membership_of(SIZES, cell, memberships)
    assert np.array_equal(few.spread, none.spread)
    assert np.trace(enough.spread) > np.trace(none.spread)
