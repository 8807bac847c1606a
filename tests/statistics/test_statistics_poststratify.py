"""Poststratification against draws from the posterior, written out plainly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import expit

from flows.statistics.multilevel import Fit, fits_of
from flows.statistics.multilevel_outcome import outcome_of
from flows.statistics.multilevel_sample import MultilevelError, checked_sample
from flows.statistics.poststratify import Cells, among, intervals, poststratify, share_covariance

REGIONS, EACH, C, K = 12, 3, 4, 3
HOME = np.repeat(np.arange(REGIONS), EACH)
DESIGN = np.column_stack([np.ones(C), np.eye(C)])


@pytest.fixture(scope="module")
def fits() -> tuple[Fit, ...]:
    rng = np.random.default_rng(1)
    n = 900
    place = rng.integers(0, len(HOME) - 2, n)  # nobody answered in the last two places
    cell, r = rng.integers(0, C, n), rng.dirichlet(np.ones(K) * 0.5, n)
    z = covariates()[HOME[place]]
    eta = -0.5 + 0.4 * (cell == 1) + r @ [0.6, 0.0, -0.6] + rng.normal(0, 0.5, REGIONS)[HOME[place]]
    y = (rng.random(n) < expit(eta)) * 1.0
    sample = checked_sample(
        np.hstack([DESIGN[cell], z]), r, HOME[place], REGIONS, place, HOME,
        prior=[np.inf, *[1.5] * C, 0.5],
    )  # fmt: skip
    return fits_of(outcome_of(sample, y, "share"), [0.3, 0.5, 0.8], 0.6)


def covariates() -> np.ndarray:
    return np.linspace(-1.5, 1.5, REGIONS)[:, None]


def cells() -> Cells:
    """Three areas: a region, a place, parts of two regions; and the country."""
    rng = np.random.default_rng(2)
    regions = [3, HOME[-1], 0, 5, *range(REGIONS)]
    area = np.array([0, 1, 2, 2, *[3] * REGIONS])
    within = np.zeros((len(area), len(HOME)))
    within[0, 9:12] = [0.5, 0.3, 0.2]
    within[1, len(HOME) - 1] = 1.0
    within[2, 0], within[3, 15:18] = 1.0, 1 / 3
    for m in range(REGIONS):
        within[4 + m, m * EACH : (m + 1) * EACH] = 1 / 3
    part = np.array([1, 1, 0.4, 0.6, *[1 / REGIONS] * REGIONS])
    people = rng.dirichlet(np.ones(C * K), len(area)).reshape(-1, C, K) * part[:, None, None]
    return Cells(
        DESIGN, covariates(), people.astype(np.float32), area, np.array(regions),
        csr_matrix(within), np.zeros((4, K, K)), np.zeros((4, 0)),
    )  # fmt: skip


def drawn(fit: Fit, where: Cells, number: int, rng: np.random.Generator) -> np.ndarray:
    """theta (number, A) under draws of everything in the fit."""
    d = len(fit.coefficients)
    b = rng.multivariate_normal(fit.coefficients, fit.covariance, number)
    u = fit.region - (b - fit.coefficients) @ fit.follows.T
    u = u + rng.normal(size=u.shape) / np.sqrt(fit.precision)
    v = fit.place - fit.place_follows * (u - fit.region)[:, HOME]
    v = v + rng.normal(size=v.shape) / np.sqrt(fit.place_precision)
    found = np.zeros((number, where.areas))
    within = where.places.toarray()
    for j, (a, m) in enumerate(zip(where.area, where.region, strict=True)):
        base = b[:, : C + 1] @ where.design.T + (b[:, C + 1] * where.covariates[m, 0])[:, None]
        eta = base[:, :, None] + b[:, None, d - K :] + (u[:, m] + v @ within[j])[:, None, None]
        found[:, a] += (where.people[j] * expit(eta)).sum(axis=(1, 2))
    return found


def test_values_and_errors_are_those_of_draws(fits: tuple[Fit, ...]) -> None:
    where, rng = cells(), np.random.default_rng(3)
    ours = poststratify(fits[1:2], [1.0], where, "share", 3)
    theta = drawn(fits[1], where, 20_000, rng)
    np.testing.assert_allclose(ours.value, theta.mean(axis=0), atol=0.003)
    np.testing.assert_allclose(ours.error, theta.std(axis=0), rtol=0.08)
    apart = theta - theta[:, [3]]
    np.testing.assert_allclose(ours.difference[:3], apart.mean(axis=0)[:3], atol=0.003)
    np.testing.assert_allclose(ours.difference_error[:3], apart.std(axis=0)[:3], rtol=0.08)
    assert ours.difference[3] == ours.difference_error[3] == 0


def test_spreads_are_averaged(fits: tuple[Fit, ...]) -> None:
    where, weights = cells(), np.array([1 / 6, 2 / 3, 1 / 6])
    each = [poststratify([fit], [1.0], where, "share", 3) for fit in fits]
    both = poststratify(fits, weights, where, "share", 3)
    middle = np.array([one.middle for one in each])
    np.testing.assert_allclose(both.middle, weights @ middle)
    between = weights @ (middle - weights @ middle) ** 2
    inside = weights @ np.array([one.error**2 for one in each])
    np.testing.assert_allclose(both.error**2, inside + between, rtol=1e-9)
    np.testing.assert_allclose(both.variance["spread"], between)


def test_a_place_without_people_is_less_sure(fits: tuple[Fit, ...]) -> None:
    where = cells()
    found = poststratify(fits, [0.2, 0.6, 0.2], where, "share", 3)
    assert found.error[1] > found.error[0] > found.error[3]


def test_doubt_about_who_lives_there_enters(fits: tuple[Fit, ...]) -> None:
    where = cells()
    sd = np.array([0.03, 0.02, 0.025])
    covariance = np.repeat(share_covariance(sd[None] ** 2), 4, axis=0)
    of_level = np.eye(C)[:, :2] @ np.eye(2)
    of_level[2:, 1] = 1.0
    blurred = replace(
        where, profile_covariance=covariance, blur=np.full((4, 1), 0.002), levels=(of_level,)
    )
    plain = poststratify(fits[:1], [1.0], where, "share", 3)
    ours = poststratify(fits[:1], [1.0], blurred, "share", 3)
    fit = fits[0]
    eta = (DESIGN @ fit.coefficients[: C + 1])[:, None] + fit.coefficients[-K:]
    eta = eta + fit.coefficients[C + 1] * covariates()[3] + fit.region[3]
    eta = eta + np.array([0.5, 0.3, 0.2]) @ fit.place[9:12]
    told, people = expit(eta), where.people[0].astype(float)
    means = (people * told).sum(axis=0) / people.sum(axis=0)
    expected = means @ covariance[0] @ means
    by_cell = (people * told).sum(axis=1)
    for level in of_level.T:
        size = people.sum(axis=1) @ level
        expected += 0.002 * size * (by_cell @ level / size - by_cell.sum()) ** 2
    extra = ours.variance["composition"][0] - plain.variance["composition"][0]
    assert extra == pytest.approx(expected, rel=1e-3)
    assert ours.error[0] ** 2 == pytest.approx(plain.error[0] ** 2 + expected, rel=1e-3)


def test_means_are_added_up(fits: tuple[Fit, ...]) -> None:
    where = cells()
    found = poststratify(fits[:1], [1.0], where, "mean", 3)
    fit = fits[0]
    cell = (DESIGN @ fit.coefficients[: C + 1])[:, None] + fit.coefficients[-K:]
    offset = fit.coefficients[C + 1] * covariates()[:, 0] + fit.region
    offset = offset[where.region] + where.places @ fit.place
    values = (where.people * (cell + offset[:, None, None])).sum(axis=(1, 2))
    np.testing.assert_allclose(found.value, np.bincount(where.area, values), atol=1e-5)


def test_only_those_who_are_asked_count(fits: tuple[Fit, ...]) -> None:
    where = cells()
    asked = among(where, fits[1])
    sums = np.bincount(asked.area, asked.people.sum(axis=(1, 2)))
    np.testing.assert_allclose(sums, 1, atol=1e-5)
    eta = (DESIGN @ fits[1].coefficients[: C + 1])[:, None] + fits[1].coefficients[-K:]
    ratio = asked.people[0] / where.people[0] / expit(
        eta + fits[1].coefficients[C + 1] * covariates()[3] + fits[1].region[3]
        + np.array([0.5, 0.3, 0.2]) @ fits[1].place[9:12]
    )  # fmt: skip
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-4)


def test_covariances_have_the_variances_given_and_rows_of_zero() -> None:
    variance = np.array([[1, 2, 3, 2.5], [1, 1, 1, 1], [0.1, 0.2, 0.15, 0.3]]) * 1e-4
    found = share_covariance(variance)
    np.testing.assert_allclose(np.diagonal(found, axis1=1, axis2=2), variance, rtol=1e-4)
    np.testing.assert_allclose(found.sum(axis=2), 0, atol=1e-9)
    assert (np.linalg.eigvalsh(found) > -1e-12).all()
    # One variance larger than the others can make up for is met as far as it can be.
    lopsided = share_covariance([[9e-4, 1e-4, 1e-4]])[0]
    assert np.linalg.eigvalsh(lopsided).min() > -1e-12
    assert not share_covariance(np.zeros((1, 3))).any()


def test_bounds_stay_between_0_and_1() -> None:
    low, high = intervals([0.01, 0.5, 0.99], [0.02, 0.05, 0.02], "share")
    assert (low > 0).all()
    assert (high < 1).all()
    assert low[1] + high[1] == pytest.approx(1)
    low, high = intervals([6.0], [0.5], "mean", 0.9)
    assert (low[0], high[0]) == (pytest.approx(5.178, abs=1e-3), pytest.approx(6.822, abs=1e-3))


def test_other_variables_than_those_fitted_are_refused(fits: tuple[Fit, ...]) -> None:
    where = cells()
    with pytest.raises(MultilevelError, match="same variables"):
        poststratify(fits, [1, 1, 1], replace(where, design=DESIGN[:, :3]), "share", 3)
