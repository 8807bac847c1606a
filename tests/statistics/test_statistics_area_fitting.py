"""Fitting a seed to the margins of many areas at once."""

from __future__ import annotations

import numpy as np
import pytest

from flows.statistics.area_fitting import (
    NOWHERE,
    AreaFittingError,
    dispersion,
    fit_areas,
    margin_of_areas,
    steadied,
)

SIZES = (4, 2, 3, 3)


def counts(seed: int, areas: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    tables = rng.poisson(rng.gamma(2, 2, (areas, *SIZES))) + 0.1
    return [tables.sum(axis=tuple(j + 1 for j in range(4) if j != i)) for i in range(4)]


def by_hand(seed: np.ndarray, margins: list[np.ndarray]) -> np.ndarray:
    table = seed / seed.sum()
    for _ in range(300):
        for axis, margin in enumerate(margins):
            others = tuple(j for j in range(4) if j != axis)
            ratio = margin / margin.sum() / table.sum(axis=others)
            table = table * np.expand_dims(ratio, others)
    return table.ravel()


def margins_of(tables):
    return [margin_of_areas(f"m{i}", table) for i, table in enumerate(tables)]


@pytest.mark.parametrize("chunk", [7, 1000])
def test_equals_fitting_area_by_area(chunk):
    seed = np.random.default_rng(1).gamma(1, 1, SIZES) + 0.05
    tables = counts(2, 25)
    found = list(fit_areas(seed, margins_of(tables), tolerance=1e-6, chunk=chunk))
    assert [part.start for part in found] == list(range(0, 25, chunk))
    shares = np.vstack([part.shares for part in found])
    expected = [by_hand(seed, [table[i] for table in tables]) for i in range(25)]
    np.testing.assert_allclose(shares, expected, atol=3e-6)
    assert all(part.converged.all() for part in found)
    assert max(part.error.max() for part in found) <= 1e-6


def test_margins_that_contradict_each_other_and_missing_ones_are_marked():
    seed = np.ones((2, 2))
    seed[0, 1] = 0  # so the second level of the second margin needs the second of the first
    first = margin_of_areas("first", [[5, 5], [9, 1], [0, 0], [4, 6]])
    second = margin_of_areas("second", [[7, 3], [2, 8], [1, 1], [10, 0]])
    (fitted,) = fit_areas(seed, [first, second], max_iterations=50)
    assert fitted.converged.tolist() == [True, False, False, True]
    assert fitted.empty.tolist() == [False, False, True, False]
    assert np.isnan(fitted.error[2])
    assert fitted.error[1] > 0.1
    assert fitted.shares[2].sum() == 0
    np.testing.assert_allclose(fitted.shares[3].reshape(2, 2), [[0.4, 0], [0.6, 0]], atol=1e-4)


def test_a_margin_comes_from_the_first_coarser_area_that_has_it():
    nan = np.nan
    own = [[1, 3], [nan, 2], [0, 0], [nan, nan]]
    margin = margin_of_areas("age", own, [([0, 0, 1, 1], [[5, 5], [nan, nan]]),
                                          ([0, 0, 0, 1], [[1, 9], [0, 0]])])  # fmt: skip
    assert margin.source.tolist() == [0, 1, 2, NOWHERE]
    np.testing.assert_allclose(margin.shares[:3], [[0.25, 0.75], [0.5, 0.5], [0.1, 0.9]])
    assert np.isnan(margin.shares[3]).all()


def test_dispersion_is_recovered_from_rounded_counts():
    rng = np.random.default_rng(3)
    q, rho = np.array([0.2, 0.5, 0.3]), 0.04
    n = rng.integers(10, 120, 20_000)
    people = np.array([rng.multinomial(m, p) for m, p in zip(n, rng.dirichlet(q * 24, 20_000),
                                                             strict=True)])  # fmt: skip
    coarse = np.tile(q, (len(n), 1))
    assert dispersion(people / n[:, None], coarse, n) == pytest.approx(rho, abs=0.002)
    rounded = 5 * np.round(people / 5) / n[:, None]
    assert dispersion(rounded, coarse, n, rounding=5) == pytest.approx(rho, abs=0.003)


def test_rounded_counts_are_steadied_as_far_as_rounding_blurs_them():
    rng = np.random.default_rng(4)
    q, n = np.array([0.1, 0.2, 0.3, 0.4]), np.repeat([12, 30, 400], 4000)
    people = np.array([rng.multinomial(m, p) for m, p in zip(n, rng.dirichlet(q * 24, len(n)),
                                                             strict=True)])  # fmt: skip
    margin = margin_of_areas("age", 5 * np.round(people / 5))
    better = steadied(margin, np.tile(q, (len(n), 1)), n, 0.04, 5)
    truth = people / n[:, None]
    for size in (12, 30, 400):
        own = (n == size) & (margin.source == 0)
        before = ((margin.shares - truth)[own] ** 2).mean()
        after = ((better.shares - truth)[own] ** 2).mean()
        assert after < before * 1.001
        assert after == pytest.approx(better.variance[own].mean(), rel=0.35)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: margin_of_areas("age", [[1, -2]]), "negative or infinite number in row 1"),
        (lambda: margin_of_areas("age", [1, 2]), "margin age has shape"),
        (lambda: margin_of_areas("age", [[1, 2]], [([0], [[1, 2, 3]])]), "margin age: table 1"),
        (lambda: fit_areas(np.ones((2, 2)), margins_of([[[1, 2]]])), "one axis per margin"),
        (lambda: fit_areas(np.ones(2), margins_of([[[1, 2, 3]]])), "one axis per margin"),
        (lambda: fit_areas([1, 0], margins_of([[[1, 2]]])), "nobody in level 2 of margin m0"),
        (lambda: fit_areas([1, -1], margins_of([[[1, 2]]])), "negative or missing"),
    ],
)
def test_what_cannot_be_fitted_is_refused(call, words):
    with pytest.raises(AreaFittingError, match=words):
        call()
