"""The multilevel regression against integration by brute force, statsmodels and known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit, logsumexp
from scipy.stats import norm
from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

from flows.statistics.multilevel import GRID, Fitter, fits_of, likelihood_of, residuals_of
from flows.statistics.multilevel_outcome import LOGISTIC_SD, outcome_of
from flows.statistics.multilevel_sample import PRIOR_SD, MultilevelError, checked_sample, resized


def one_profile(n: int) -> np.ndarray:
    return np.ones((n, 1))


def test_the_likelihood_of_tau_is_that_of_brute_force_integration() -> None:
    rng = np.random.default_rng(1)
    sizes = [9, 14, 20, 6]
    region = np.repeat(np.arange(4), sizes)
    y = (rng.random(len(region)) < expit(0.3 + np.array([0.8, -0.6, 0.1, -0.4])[region])) * 1.0
    sample = checked_sample(np.ones((len(y), 1)), one_profile(len(y)), region, 4)
    grid = np.array([0.1, 0.3, 0.6, 1.0])
    ours = likelihood_of(outcome_of(sample, y, "share"), 0.0, grid)
    # Intercept b flat, profile c ~ N(0, PRIOR_SD): together one flat constant.
    b = np.linspace(-4, 4, 161)
    u = np.linspace(-6, 6, 601)
    brute = []
    for tau in grid:
        value = np.zeros(len(b))
        for m in range(4):
            eta = b[:, None] + u[None, :]
            yes, n = y[region == m].sum(), sizes[m]
            log = yes * np.log(expit(eta)) + (n - yes) * np.log(expit(-eta))
            value += logsumexp(log + norm.logpdf(u, 0, tau), axis=1)
        brute.append(logsumexp(value))
    expected = np.array(brute) - max(brute)
    np.testing.assert_allclose(ours, expected, atol=0.05)


def test_the_posterior_is_that_of_brute_force_integration() -> None:
    """One region and two profiles that are not certain: the composite link."""
    rng = np.random.default_rng(2)
    n = 400
    true = rng.integers(0, 2, n)
    r = np.where(true[:, None] == np.arange(2), 0.8, 0.2)
    y = (rng.random(n) < expit(np.array([-0.7, 0.9])[true])) * 1.0
    sample = checked_sample(np.ones((n, 1)), r, np.full(n, -1), 1)
    (fit,) = fits_of(outcome_of(sample, y, "share"), [0.3])
    axis = np.linspace(-3, 3, 241)
    first, second = np.meshgrid(axis, axis, indexing="ij")
    log = np.zeros_like(first)
    for kind in (0, 1):
        for answer in (0.0, 1.0):
            count = ((r[:, 0] > 0.5) == (kind == 0)) & (y == answer)
            p = r[np.flatnonzero((r[:, 0] > 0.5) == (kind == 0))[0]]
            q = p[0] * expit(first) + p[1] * expit(second)
            log += count.sum() * np.log(q if answer else 1 - q)
    # Flat in the mean of the two, N(0, 2 PRIOR_SD^2) in their difference.
    log += norm.logpdf(first - second, 0, np.sqrt(2) * PRIOR_SD)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    gap = (weight * (second - first)).sum()
    error = np.sqrt((weight * (second - first - gap) ** 2).sum())
    ours = fit.coefficients[2] - fit.coefficients[1]
    contrast = np.array([0.0, -1.0, 1.0])
    at = np.unravel_index(log.argmax(), log.shape)
    assert ours == pytest.approx((second - first)[at], abs=0.03)
    assert np.sqrt(contrast @ fit.covariance @ contrast) == pytest.approx(error, rel=0.12)


def test_means_are_fitted_as_a_linear_mixed_model() -> None:
    rng = np.random.default_rng(3)
    n, regions = 900, 30
    region = rng.integers(0, regions, n)
    x = rng.normal(size=n)
    y = 6 + 0.8 * x + rng.normal(0, 0.7, regions)[region] + rng.normal(0, 2.0, n)
    frame = pd.DataFrame({"y": y, "x": x, "region": region})
    peer = sm.MixedLM.from_formula("y ~ x", frame, groups="region").fit(reml=True)
    sd = float(np.sqrt(peer.cov_re.iloc[0, 0]))
    sample = checked_sample(np.column_stack([np.ones(n), x]), one_profile(n), region, regions)
    outcome = outcome_of(sample, y, "mean")
    (fit,) = fits_of(outcome, [sd / outcome.unit])
    # The unit is the deviation of residuals with the areas in it; the peer's is without.
    assert outcome.unit * LOGISTIC_SD == pytest.approx(np.hypot(sd, np.sqrt(peer.scale)), rel=0.02)
    assert outcome.unit * fit.coefficients[1] == pytest.approx(peer.params["x"], abs=0.01)
    theirs = np.array([peer.random_effects[m].iloc[0] for m in range(regions)])
    np.testing.assert_allclose(outcome.unit * fit.region, theirs, atol=0.08)
    assert np.corrcoef(fit.region, theirs)[0, 1] > 0.999
    likelihood = likelihood_of(outcome)
    at_most = float(GRID[likelihood.argmax()])
    assert at_most == pytest.approx(sd / outcome.unit, rel=0.4)  # the step of the grid


def test_shares_are_fitted_as_by_statsmodels() -> None:
    rng = np.random.default_rng(4)
    n, regions = 1200, 25
    region = rng.integers(0, regions, n)
    x = rng.normal(size=n)
    true = rng.normal(0, 0.6, regions)
    y = (rng.random(n) < expit(-0.4 + 0.5 * x + true[region])) * 1.0
    design = np.column_stack([np.ones(n), x])
    dummies = np.eye(regions)[region]
    peer = BinomialBayesMixedGLM(
        y, design, dummies, np.zeros(regions, dtype=int), vcp_p=2, fe_p=2
    ).fit_vb()
    tau = float(np.exp(peer.vcp_mean[0]))
    outcome = outcome_of(checked_sample(design, one_profile(n), region, regions), y, "share")
    (fit,) = fits_of(outcome, [tau])
    np.testing.assert_allclose(fit.region, peer.vc_mean, atol=0.06)
    assert fit.coefficients[1] == pytest.approx(peer.fe_mean[1], abs=0.02)
    at_most = float(GRID[likelihood_of(outcome).argmax()])
    assert abs(np.log(at_most / tau)) < 0.45  # a step of the grid is .37
    # Variational inference leaves out what regions share with the intercept.
    ours = 1 / np.sqrt(fit.precision)
    np.testing.assert_allclose(ours, peer.vc_sd, rtol=0.1)


def test_typing_that_is_in_doubt_does_not_shrink_profiles() -> None:
    rng = np.random.default_rng(5)
    n, k = 12_000, 4
    true = rng.integers(0, k, n)
    scores = rng.normal(size=(n, k))
    scores[np.arange(n), true] += 1.5
    r = np.exp(1.5 * scores)
    r /= r.sum(axis=1, keepdims=True)
    assert 0.6 < (r.argmax(axis=1) == true).mean() < 0.8
    effect = np.array([-1.0, -0.3, 0.4, 0.9])
    y = (rng.random(n) < expit(effect[true])) * 1.0
    region = rng.integers(0, 5, n)

    def slope(probabilities: np.ndarray) -> float:
        sample = checked_sample(np.ones((n, 1)), probabilities, region, 5)
        (fit,) = fits_of(outcome_of(sample, y, "share"), [0.1])
        return float(np.polyfit(effect, fit.coefficients[1:], 1)[0])

    assert slope(r) == pytest.approx(1.0, abs=0.08)
    assert slope(np.eye(k)[r.argmax(axis=1)]) < 0.8


def test_typing_is_brought_in_line_with_who_answered() -> None:
    rng = np.random.default_rng(6)
    n, k = 20_000, 3
    expected = rng.dirichlet(np.ones(k) * 3, 6)[rng.integers(0, 6, n)]
    size = np.array([1.0, 3.0, 0.5])
    mix = expected * size
    mix /= mix.sum(axis=1, keepdims=True)
    true = (mix.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    scores = rng.normal(size=(n, k))
    scores[np.arange(n), true] += 1.2
    as_usual = expected * np.exp(1.2 * scores)
    as_usual /= as_usual.sum(axis=1, keepdims=True)
    right = np.bincount(true, minlength=k) / n
    assert abs(as_usual.mean(axis=0) - right).max() > 0.05
    found = resized(as_usual, expected)
    np.testing.assert_allclose(found.mean(axis=0), right, atol=0.02)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    labels = np.eye(k)[true]
    np.testing.assert_allclose(resized(labels, expected), labels)


def test_places_within_regions_have_effects_of_their_own() -> None:
    rng = np.random.default_rng(7)
    regions, each, n = 40, 4, 6000
    home = np.repeat(np.arange(regions), each)
    place = rng.integers(0, regions * each, n)
    u, v = rng.normal(0, 0.4, regions), rng.normal(0, 0.4, regions * each)
    y = (rng.random(n) < expit((u[home] + v)[place])) * 1.0
    unknown = rng.random(n) < 0.1
    sample = checked_sample(
        np.ones((n, 1)), one_profile(n), home[place], regions,
        np.where(unknown, -1, place), home,
    )  # fmt: skip
    outcome = outcome_of(sample, y, "share")
    with_places, without = (likelihood_of(outcome, ratio) for ratio in (1.0, 0.0))
    fit = fits_of(outcome, [0.4], 1.0)[0]
    assert np.corrcoef(fit.region[home] + fit.place, u[home] + v)[0, 1] > 0.8
    assert GRID[with_places.argmax()] == pytest.approx(0.4, rel=0.35)
    # Without places a region's effect holds what its places have on average.
    assert GRID[without.argmax()] == pytest.approx(0.4 * np.sqrt(1 + 1 / each), rel=0.35)
    plain = Fitter(outcome).fit(0.4)
    assert (plain.place == 0).all()
    assert np.isinf(plain.place_precision).all()


def test_steps_lead_to_the_top() -> None:
    """At the mode no small change of any parameter raises the penalised likelihood."""
    rng = np.random.default_rng(8)
    n, regions = 300, 6
    home = np.repeat(np.arange(regions), 2)
    place = rng.integers(0, 12, n)
    r = rng.dirichlet(np.ones(3), n)
    x = np.column_stack([np.ones(n), rng.normal(size=n)])
    sample = checked_sample(x, r, home[place], regions, place, home)
    y = (rng.random(n) < 0.4) * 1.0
    fitter = Fitter(outcome_of(sample, y, "share"), 0.5)
    fit = fitter.fit(0.5)
    prior = (1 / 0.25, 1 / 0.125)
    parts = (fit.coefficients, fit.region, fit.place)
    top, _ = fitter._value(*parts, prior)
    for which, part in enumerate(parts):
        for i in range(len(part)):
            for step in (-0.02, 0.02):
                moved = [each.copy() for each in parts]
                moved[which][i] += step
                assert fitter._value(*moved, prior)[0] <= top + 1e-6


def test_residuals_are_what_profile_and_demographics_leave() -> None:
    rng = np.random.default_rng(9)
    n = 500
    sample = checked_sample(np.ones((n, 1)), rng.dirichlet([1, 1], n), rng.integers(0, 5, n), 5)
    for kind in ("share", "mean"):
        y = (rng.random(n) < 0.3) * 1.0
        outcome = outcome_of(sample, y, kind)  # type: ignore[arg-type]
        (fit,) = fits_of(outcome, [0.2])
        left, slope = residuals_of(outcome, fit)
        # u is not taken out: its part is in the residual.
        moved = fit.region[sample.region]
        assert abs((left - slope * moved).mean()) < 0.02
        assert (slope > 0).all()


def test_what_cannot_be_fitted_is_refused() -> None:
    ones, r, region = np.ones((4, 1)), one_profile(4), np.array([0, 0, 1, -1])
    sample = checked_sample(ones, r, region, 2)
    with pytest.raises(MultilevelError, match="same answer"):
        outcome_of(sample, [1, 1, 1, 1], "share")
    with pytest.raises(MultilevelError, match="0 or 1"):
        outcome_of(sample, [0, 1, 2, 1], "share")
    with pytest.raises(MultilevelError, match="missing"):
        outcome_of(sample, [0, 1, np.nan, 1], "share")
    with pytest.raises(MultilevelError, match="none of the 2 regions"):
        checked_sample(ones, r, [0, 1, 2, 0], 2)
    with pytest.raises(MultilevelError, match="add up to one"):
        checked_sample(ones, r * 0.5, region, 2)
    with pytest.raises(MultilevelError, match="another region"):
        checked_sample(ones, r, region, 2, [1, 0, 1, -1], [0, 1])
    with pytest.raises(MultilevelError, match="none negative"):
        checked_sample(ones, r, region, 2, weight=[-1, 1, 1, 1])
    with pytest.raises(MultilevelError, match="row per person"):
        checked_sample(ones[:3], r, region, 2)
