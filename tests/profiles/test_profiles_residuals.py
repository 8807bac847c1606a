"""Residuals of areas beside exact integrals and repeated samples of a known world."""

from __future__ import annotations

import numpy as np
import pytest

from flows.profiles.errors import ProfileError
from flows.profiles.projection.evidence import attenuated, typed_people
from flows.profiles.projection.residual import Residuals, estimate_tau, fit_residuals, posterior

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


def softmax(log: np.ndarray) -> np.ndarray:
    p = np.exp(log - log.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def typed(eta: np.ndarray, p: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Memberships of people with log-odds `eta`: labels, or by an instrument with noise."""
    k = eta.shape[1]
    label = (softmax(eta).cumsum(axis=1) > rng.random((len(eta), 1))).argmax(axis=1)
    r = np.eye(k)[label]
    if not noise:
        return r
    r = p * np.exp(rng.normal(r / noise, 1.0) / noise)
    return r / r.sum(axis=1, keepdims=True)


def nested(
    tau: tuple[float, float], towns: int, districts: int, people: float, noise: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray], np.ndarray]:
    """r, expected, area, parents and the true sums of residuals of districts in towns."""
    rng = np.random.default_rng(seed)
    k, z = 5, towns * districts
    town = np.arange(z) // districts
    u = rng.normal(0, tau[0], (towns, k))[town] + rng.normal(0, tau[1], (z, k))
    area = np.repeat(np.arange(z), rng.poisson(rng.gamma(2, people / 2, z)))
    eta, kind = rng.normal(0, 0.5, (12, k)), rng.integers(0, 12, len(area))
    # What demographics say is the average over areas, not what holds in the middle one.
    away = rng.normal(0, np.hypot(*tau), (400, k))
    p = softmax(eta[:, None] + away).mean(axis=1)[kind]
    return typed(eta[kind] + u[area], p, noise, rng), p, area, [np.zeros(towns, int), town], u


def integrals(
    r: np.ndarray, p: np.ndarray, area: np.ndarray, z: int, tau: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-likelihood, and posterior mean and variance of u_1 - u_2 per area: two profiles."""
    u = np.sqrt(2) * tau * NODES
    odds = np.exp(u)
    ratio = (r[:, :1] / p[:, :1] * p[:, :1] * odds + r[:, 1:]) / (p[:, :1] * odds + p[:, 1:])
    log = np.zeros((z, len(u)))
    np.add.at(log, area, np.log(ratio))
    top = log.max(axis=1, keepdims=True)
    weight = WEIGHTS / WEIGHTS.sum() * np.exp(log - top)
    total = weight.sum(axis=1)
    mean = weight @ u / total
    return float((np.log(total) + top[:, 0]).sum()), mean, weight @ u**2 / total - mean**2


@pytest.mark.parametrize("noise", [0.0, 0.7])
def test_residuals_and_tau_agree_with_exact_integrals(noise):
    rng = np.random.default_rng(1)
    z, tau = 400, 0.35
    area = np.repeat(np.arange(z), rng.choice([1, 2, 6, 20], z))
    p = np.array([[0.5, 0.5], [0.3, 0.7], [0.6, 0.4]])[rng.integers(0, 3, len(area))]
    eta = np.log(p) + rng.normal(0, tau, (z, 2))[area]
    r = typed(eta, p, noise, rng)
    parents = [np.zeros(z, dtype=int)]
    people = typed_people(r, p, area, parents).centred()
    found = posterior(people, parents, np.full((1, 2), tau))
    own = found.mean[0] @ [1, -1]
    own -= own.mean()
    _, mean, variance = integrals(people.r, people.p, area, z, tau)
    mean -= mean.mean()
    spread = np.array([1, -1]) @ found.given[0] @ [1, -1]
    assert abs(own - mean).max() < 0.15 * mean.std() + 0.02
    assert np.corrcoef(own, mean)[0, 1] > 0.995
    np.testing.assert_allclose(np.sqrt(spread), np.sqrt(variance), rtol=0.12)

    grid = np.exp(np.linspace(np.log(0.1), np.log(1.0), 40))
    log = np.array([integrals(people.r, people.p, area, z, t)[0] for t in grid])
    weight = np.exp(log - log.max())
    exact = (weight @ grid) / weight.sum()
    common = np.sqrt((estimate_tau(people, parents) ** 2).mean())
    assert common == pytest.approx(exact, rel=0.07)


@pytest.mark.parametrize(("noise", "slack"), [(0.0, 0.1), (0.6, 0.15)])
def test_tau_of_a_sparse_panel_has_no_bias_to_speak_of(noise, slack):
    tau = (0.25, 0.3)
    found = []
    for seed in range(4):
        r, p, area, parents, _ = nested(tau, 120, 8, 3.0, noise, seed)
        found.append(fit_residuals(r, p, area, parents).tau ** 2)
    np.testing.assert_allclose(np.sqrt(np.mean(found, axis=(0, 2))), tau, rtol=slack)


@pytest.mark.parametrize(
    ("tau", "people", "noise"), [((0.2, 0.2), 7.0, 0.5), ((0.4, 0.1), 3.0, 0.0),
                                 ((0.3, 0.3), 14.0, 0.6)]
)  # fmt: skip
def test_intervals_of_residuals_hold(tau, people, noise):
    held = []
    for seed in range(3):
        r, p, area, parents, u = nested(tau, 100, 8, people, noise, 20 + seed)
        found = fit_residuals(r, p, area, parents)
        # Adding the same to all profiles changes nothing; what all areas share is taken out.
        truth = u - u.mean(axis=0)
        truth -= truth.mean(axis=1, keepdims=True)
        centre = np.eye(5) - 1 / 5
        own = found.mean[1] @ centre
        own -= own.mean(axis=0)
        variance = np.diagonal(centre @ found.covariance[1] @ centre, axis1=1, axis2=2)
        held.append((abs(own - truth) < 1.96 * np.sqrt(variance)).mean())
    assert 0.93 <= np.mean(held) <= 0.97


def test_people_who_live_alone_say_nothing_of_tau():
    rng = np.random.default_rng(3)
    area = np.arange(1500)
    p = rng.dirichlet(np.full(4, 5.0), 10)[rng.integers(0, 10, 1500)]
    parents = [np.zeros(1500, dtype=int)]
    close, wide = (
        estimate_tau(
            typed_people(
                typed(np.log(p) + rng.normal(0, sd, p.shape), p, 0, rng), p, area, parents
            ),
            parents,
        )
        for sd in (0.0, 1.0)
    )
    np.testing.assert_allclose(close, wide, rtol=0.15)


def test_weights_without_meaning_change_tau_little_and_their_unit_nothing():
    r, p, area, parents, _ = nested((0.3, 0.3), 80, 6, 6.0, 0.0, 5)
    weights = np.random.default_rng(6).choice([0.5, 1.0, 1.5, 2.0], len(area))
    plain: Residuals = fit_residuals(r, p, area, parents)
    once, twice = (fit_residuals(r, p, area, parents, c * weights) for c in (1.0, 1000.0))
    np.testing.assert_allclose(once.tau, twice.tau, rtol=1e-3)
    np.testing.assert_allclose(once.mean[1], twice.mean[1], atol=1e-3)
    np.testing.assert_allclose(once.tau.mean(axis=1), plain.tau.mean(axis=1), rtol=0.2)


def test_information_left_when_the_area_is_not_known():
    rng = np.random.default_rng(7)
    eta, sd = np.array([0.6, 0.0, -0.4]), np.array([0.3, 0.5, 0.2])
    p = softmax(eta + rng.normal(0, 1, (200_000, 3)) * sd)
    within = np.diag(p.mean(axis=0)) - p.T @ p / len(p)
    middle = p.mean(axis=0)
    found = attenuated((np.diag(middle) - np.outer(middle, middle))[None], np.diag(sd**2))[0]
    np.testing.assert_allclose(found, within, atol=0.002)


def test_what_cannot_be_used_is_refused():
    r, p, area, parents, _ = nested((0.1, 0.1), 4, 2, 5.0, 0.0, 8)
    with pytest.raises(ProfileError, match="weights must be one number"):
        fit_residuals(r, p, area, parents, np.full(len(r), -1.0))
    with pytest.raises(ProfileError, match="above zero per typed person"):
        fit_residuals(r, p[:, :3], area, parents)
    with pytest.raises(ProfileError, match="none of the 8 areas"):
        fit_residuals(r, p, area + 8, parents)
