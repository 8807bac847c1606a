"""The composition of areas, in a world whose demographics interact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from projection_world import CELLS, NAMES, PROFILES, SIZES, AreaWorld, area_world

from flows.profiles.errors import ProfileError
from flows.profiles.logit import log_prior
from flows.profiles.projection.areas import (
    AreaResidual,
    Projection,
    ProjectionSettings,
    project_areas,
)
from flows.profiles.projection.membership import Membership, cell_design, fit_membership
from flows.profiles.projection.residual import Residuals, fit_residuals, over_parents
from flows.statistics.area_fitting import margin_of_areas


@pytest.fixture(scope="module")
def world() -> AreaWorld:
    return area_world(60, 8, 8, seed=21, tau=(0.25, 0.2, 0.15))


@pytest.fixture(scope="module")
def membership(world: AreaWorld) -> Membership:
    survey = world.sample(10_000, np.random.default_rng(1))
    town = world.municipality[world.district[survey.area]]
    return fit_membership(SIZES, survey.cell, survey.r, clusters=town, crossed=True)


@pytest.fixture(scope="module")
def residuals(world: AreaWorld, membership: Membership) -> Residuals:
    panel = world.sample(9_000, np.random.default_rng(2))
    expected = membership.probabilities[panel.cell]
    return fit_residuals(panel.r, expected, panel.area, world.parents)


def around(world: AreaWorld, residuals: Residuals) -> AreaResidual:
    return AreaResidual(
        residuals.mean[1], residuals.covariance[1], world.district, residuals.tau[2]
    )


def projected(world, membership, residual, **settings) -> Projection:
    margins, rho = world.margins()
    codes = [f"a{i:05d}" for i in range(len(world.n))]
    plan = ProjectionSettings(**settings)
    return project_areas(
        codes, world.seed, margins, world.n, membership, residual, rho, settings=plan
    )


def points(world: AreaWorld, estimate: np.ndarray) -> float:
    squared = np.average((estimate - world.expected) ** 2, weights=world.n, axis=0)
    return 100 * float(np.sqrt(squared.mean()))


def coverage(world: AreaWorld, p: Projection, truth: np.ndarray) -> float:
    held = (p.low <= truth) & (truth <= p.high)
    return float(held[world.n >= 10].mean())


def test_demographics_beat_the_nation_and_residuals_beat_demographics(world, membership, residuals):
    nation = np.average(world.expected, weights=world.n, axis=0)
    plain = projected(world, membership, None)
    both = projected(world, membership, around(world, residuals))
    np.testing.assert_allclose(both.estimate.sum(axis=1), 1, atol=1e-5)
    assert points(world, both.estimate) < 0.97 * points(world, plain.estimate)
    assert points(world, plain.estimate) < 0.95 * points(world, np.tile(nation, (len(world.n), 1)))
    assert both.margins == NAMES
    assert set(both.source[:, 2]) == {1}
    assert (both.source[:, 0] == 0).mean() > 0.95


def test_intervals_hold_for_expected_and_realised_shares(world, membership, residuals):
    residual = around(world, residuals)
    assert 0.91 <= coverage(world, projected(world, membership, residual), world.expected) <= 0.98
    drawn = projected(world, membership, residual, realised=True)
    assert 0.93 <= coverage(world, drawn, world.realised) <= 0.985
    assert "residents" in drawn.variance


def test_parameters_alone_are_no_interval(world, membership, residuals):
    p = projected(world, membership, around(world, residuals))
    reach = 1.96 * np.sqrt(p.variance["parameters"])
    assert (abs(p.estimate - world.expected) <= reach)[world.n >= 10].mean() < 0.35


@pytest.mark.parametrize(("softness", "slack"), [(0.0, 0.2), (0.5, 0.3)])
def test_tau_is_recovered_from_labels_and_from_soft_typing(softness, slack):
    tau = (0.3, 0.2, 0.2)
    dense = area_world(60, 6, 3, seed=22, tau=tau)
    panel = dense.sample(24_000, np.random.default_rng(3), softness)
    membership = fit_membership(SIZES, panel.cell, panel.r, crossed=True)
    found = fit_residuals(panel.r, membership.probabilities[panel.cell], panel.area, dense.parents)
    np.testing.assert_allclose(found.tau.mean(axis=1), tau, rtol=slack)


def test_without_differences_between_areas_residuals_vanish():
    same = area_world(50, 6, 3, seed=23, tau=(0.0, 0.0, 0.0))
    panel = same.sample(12_000, np.random.default_rng(4))
    p = same.base[panel.cell]
    found = fit_residuals(panel.r, p, panel.area, same.parents)
    assert found.tau.max() < 0.1
    assert abs(found.mean[1]).max() < 0.1


def test_municipal_shares_from_their_parts(world, membership, residuals):
    towns = len(world.parents[0])
    town = world.municipality[world.district]
    tables, shares = np.zeros((towns, CELLS)), np.zeros((towns, PROFILES))
    np.add.at(tables, town, world.residents)
    np.add.at(shares, town, world.expected * world.n[:, None])
    shares /= tables.sum(axis=1, keepdims=True)
    people = np.bincount(world.district, world.n)
    mean, spread = over_parents(residuals, 1, world.municipality, people)
    margins = [
        margin_of_areas(name, tables.reshape(-1, *SIZES).sum(
            axis=tuple(j + 1 for j in range(4) if j != i)))
        for i, name in enumerate(NAMES)
    ]  # fmt: skip
    itself = AreaResidual(mean, spread, np.arange(towns), np.zeros(PROFILES))
    codes = [f"t{i}" for i in range(towns)]
    p = project_areas(codes, world.seed, margins, tables.sum(axis=1), membership, itself)
    plain = project_areas(codes, world.seed, margins, tables.sum(axis=1), membership)
    assert 0.9 <= ((p.low <= shares) & (shares <= p.high)).mean() <= 0.985
    assert np.sqrt(((p.estimate - shares) ** 2).mean()) < 0.8 * np.sqrt(
        ((plain.estimate - shares) ** 2).mean()
    )


def test_a_sample_that_is_off_everywhere_moves_no_area(world, membership):
    panel = world.sample(3_000, np.random.default_rng(5))
    p = membership.probabilities[panel.cell]
    biased = np.exp(
        log_prior(
            membership.logit + np.eye(1, 8) * 0.8 * np.eye(len(membership.logit), 1),
            membership.design,
        )
    )
    straight = fit_residuals(panel.r, p, panel.area, world.parents)
    skewed = fit_residuals(panel.r, biased[panel.cell], panel.area, world.parents)
    away = skewed.mean[0] - straight.mean[0]
    assert abs(away.mean(axis=0)).max() < 0.05


def test_the_error_of_the_logit_is_that_of_repeated_samples():
    rng = np.random.default_rng(6)
    sizes, n = (3, 2), 1500
    design = cell_design(sizes)
    logit = rng.normal(0, 0.6, (design.shape[1], 3))
    truth = np.exp(log_prior(logit, design))
    found, claimed = [], []
    for _ in range(60):
        cell = rng.integers(0, 6, n)
        label = (truth[cell].cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
        fitted = fit_membership(sizes, cell, np.eye(3)[label], rng.gamma(4, 1, n))
        found.append(fitted.probabilities)
        claimed.append(fitted.draws(20, rng).std(axis=0))
    np.testing.assert_allclose(np.mean(claimed, axis=0), np.std(found, axis=0), rtol=0.35)
    np.testing.assert_allclose(np.mean(found, axis=0), truth, atol=0.006)


def test_areas_without_margins_are_named_and_empty(membership):
    margins = [margin_of_areas(name, np.ones((3, size))) for name, size in
               zip(NAMES, SIZES, strict=True)]  # fmt: skip
    holes = np.array([[1.0, 1.0], [0, 0], [np.nan, 1]])
    margins[1] = margin_of_areas("sex", holes)
    p = project_areas(["x", "y", "z"], np.ones(SIZES), margins, [30, 30, 0], membership)
    assert p.without_margins == ("y", "z")
    assert np.isnan(p.estimate[1:]).all()
    assert np.isfinite(p.estimate[0]).all()
    assert p.not_converged == ()


def test_what_does_not_fit_together_is_refused(world, membership):
    margins, _ = world.margins()
    codes = [str(i) for i in range(len(world.n))]
    with pytest.raises(ProfileError, match="occurs twice"):
        project_areas(["1", *codes[1:-1], "1"], world.seed, margins, world.n, membership)
    with pytest.raises(ProfileError, match=r"has -1\.0 residents"):
        project_areas(codes, world.seed, margins, [-1, *world.n[1:]], membership)
    with pytest.raises(ProfileError, match="one row per area"):
        project_areas(codes[:5], world.seed, margins, world.n, membership)
    smaller = replace(membership, sizes=(7, 2, 3))
    with pytest.raises(ProfileError, match="same variables in the same order"):
        project_areas(codes, world.seed, margins, world.n, smaller)
    with pytest.raises(ProfileError, match="do not add up to one"):
        fit_membership((2,), [0, 1], [[0.5, 0.5], [0.5, 0.1]])
    with pytest.raises(ProfileError, match="demographic cell"):
        fit_membership((2,), [0, 2], [[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(ProfileError, match="none of the"):
        fit_residuals([[0.5, 0.5]], [[0.5, 0.5]], [4], [[0, 0]])
