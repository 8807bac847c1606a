"""Correction for misclassification: plain numpy, finite differences, the typing report."""

import numpy as np
import pytest

from flows.profiles.typing_quality import classification_errors
from flows.statistics.misclassification import (
    Classification,
    added_variance,
    classification,
    corrected_sums,
    known_classification,
)

RATES = np.array([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.05, 0.05, 0.9]])


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(5)
    posterior = rng.dirichlet([0.4, 0.5, 0.3], 900)
    assigned = np.array([rng.choice(3, p=0.8 * p + 0.2 / 3) for p in posterior])
    return assigned, posterior, rng.uniform(0.3, 2.5, 900)


def test_rates_and_errors_are_those_of_the_typing_report(people):
    assigned, posterior, weights = people
    found = classification(assigned, posterior, weights)
    rates, errors = classification_errors(assigned, posterior, weights)
    np.testing.assert_allclose(found.rates, rates, rtol=1e-12)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)).reshape(3, 3), errors, rtol=1e-10)


def test_a_class_that_nobody_can_have_is_assigned_without_error(people):
    assigned, posterior, _ = people
    wider = np.hstack([posterior, np.zeros((len(posterior), 1))])
    found = classification(assigned, wider)
    np.testing.assert_array_equal(found.rates[3], [0, 0, 0, 1])
    assert not found.covariance[12:].any()


def test_the_covariance_of_estimated_rates_is_that_of_a_bootstrap(people):
    assigned, posterior, weights = people
    rng = np.random.default_rng(6)
    drawn = []
    for _ in range(600):
        who = rng.integers(0, len(assigned), len(assigned))
        drawn.append(classification(assigned[who], posterior[who], weights[who]).rates.ravel())
    expected = np.cov(np.array(drawn).T)
    found = classification(assigned, posterior, weights).covariance
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((found - expected) / scale).max() < 0.2


def test_only_errors_told_each_row_keeps_adding_up_to_one():
    people = np.array([400, 250, 900])
    errors = np.sqrt(RATES * (1 - RATES) / people[:, None])
    found = known_classification(RATES, errors)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)).reshape(3, 3), errors)
    rows = found.covariance.reshape(3, 3, 3, 3)
    np.testing.assert_allclose(rows.sum(axis=3), 0, atol=1e-15)
    assert rows[0, 0, 0, 1] == pytest.approx(-0.8 * 0.15 / 400)


@pytest.mark.parametrize(
    ("rates", "errors"),
    [
        (RATES[:2], None),
        (RATES + 0.1, None),
        (RATES - [1, 0, 0], None),
        (RATES, np.full((2, 2), 0.1)),
        (RATES, np.full((3, 3), np.nan)),
    ],
)
def test_what_is_no_classification_is_refused(rates, errors):
    with pytest.raises(ValueError, match="classification"):
        known_classification(rates, errors)


def test_sums_of_the_true_classes_come_back():
    rng = np.random.default_rng(1)
    true = rng.uniform(1, 5, (4, 3, 2))
    assigned = np.einsum("rsm,st->rtm", true, RATES)
    found = known_classification(RATES)
    np.testing.assert_allclose(corrected_sums(assigned, found.inverse), true, rtol=1e-12)
    squares = corrected_sums(assigned, found.inverse, 1)
    np.testing.assert_allclose(squares[..., 0], true[..., 0], rtol=1e-12)
    b = np.linalg.inv(RATES)
    np.testing.assert_allclose(squares[:, 2, 1], assigned[..., 1] @ b[:, 2] ** 2, rtol=1e-12)


@pytest.mark.parametrize("versus_rest", [False, True])
def test_the_variance_added_by_the_rates_follows_from_finite_differences(versus_rest):
    rng = np.random.default_rng(2)
    counts, bases = rng.uniform(20, 80, (5, 3)), rng.uniform(100, 300, (5, 3))
    root = rng.normal(0, 0.01, (9, 9))
    made = Classification(RATES, root @ root.T)

    def ratios(rates):
        b = np.linalg.inv(rates)
        y, n = counts @ b, bases @ b
        if not versus_rest:
            return y / n
        return y / n - (counts.sum(axis=1, keepdims=True) - y) / (
            bases.sum(axis=1, keepdims=True) - n
        )

    step = 1e-6
    gradient = np.stack(
        [
            (ratios(RATES + step * e) - ratios(RATES - step * e)) / (2 * step)
            for e in np.eye(9).reshape(9, 3, 3)
        ],
        axis=-1,
    )
    expected = np.einsum("rsi,ij,rsj->rs", gradient, made.covariance, gradient)
    true = counts @ made.inverse, bases @ made.inverse
    found = added_variance(made, *true, versus_rest=versus_rest)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    gradient[4] = gradient[1] - gradient[3]
    expected = np.einsum("rsi,ij,rsj->rs", gradient, made.covariance, gradient)
    found = added_variance(made, *true, versus_rest=versus_rest, minus=[(4, 1, 3)])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_assignment_without_error_changes_nothing():
    made = known_classification(np.eye(3))
    sums = np.random.default_rng(3).uniform(1, 2, (2, 3, 4))
    np.testing.assert_array_equal(corrected_sums(sums, made.inverse, slice(2, 3)), sums)
    assert made.condition == pytest.approx(1)
    assert not added_variance(made, sums[..., 0], sums[..., 1]).any()
