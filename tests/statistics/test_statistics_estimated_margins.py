"""Shares with standard errors: a covariance that fits them, and what it adds to a variance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.errors import Refusal
from flows.statistics.estimated_margins import (
    EstimatedMargin,
    checked_covariance,
    estimated_totals_covariance,
    shares_covariance,
    square_root,
)
from flows.statistics.linearisation import calibration_residual, linearised_covariance
from flows.statistics.variance import (
    linearise,
    margin_dummies,
    sampling_variance,
    variance,
    weighted_sample,
)


def named(values):
    return {f"p{i}": float(value) for i, value in enumerate(values, 1)}


def multinomial(shares, n):
    p = np.asarray(shares)
    return (np.diag(p) - np.outer(p, p)) / n


@pytest.mark.parametrize("shares", [[0.5, 0.5], [0.6, 0.3, 0.1], [0.97, 0.02, 0.01], [0.125] * 8])
def test_errors_of_a_simple_random_sample_give_its_covariance(shares):
    S = multinomial(shares, 800)
    made = shares_covariance(named(shares), named(np.sqrt(np.diag(S))))
    np.testing.assert_allclose(made, S, rtol=1e-6, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, 0.1), min_size=2, max_size=10))
def test_any_possible_errors_are_met_exactly(errors):
    s = np.array(errors)
    shares = named(np.full(len(s), 1 / len(s)))
    if 2 * s.max() > s.sum() * (1 + 1e-9):
        with pytest.raises(Refusal):
            shares_covariance(shares, named(s))
        return
    S = shares_covariance(shares, named(s))
    np.testing.assert_allclose(np.diag(S), s**2, rtol=1e-6, atol=1e-14)
    np.testing.assert_allclose(S.sum(axis=1), 0, atol=1e-15)
    np.testing.assert_array_equal(S, S.T)
    assert np.linalg.eigvalsh(S)[0] >= -1e-9 * max(S.max(), 1e-30)


def test_one_large_error_mirrors_the_others():
    errors = [0.05, 0.02, 0.02, 0.02]  # 0.05^2 > 3 x 0.02^2, and 0.05 < 0.06
    S = shares_covariance(named([0.4, 0.2, 0.2, 0.2]), named(errors))
    np.testing.assert_allclose(np.diag(S), np.square(errors))
    np.testing.assert_allclose(S[0, 1:], -(0.05**2) / 3)
    correlation = S[1, 2] / 0.02**2
    np.testing.assert_allclose([S[1, 3], S[2, 3]], S[1, 2])
    assert 0 < correlation < 1
    # Where one rule ends and the other begins they say the same.
    at = [np.sqrt(3) * 0.02, 0.02, 0.02, 0.02]
    for slightly in (1 - 1e-7, 1 + 1e-7):
        near = shares_covariance(named([0.25] * 4), named([at[0] * slightly, *at[1:]]))
        assert abs(near[1, 2]) < 1e-9


def test_a_share_that_is_exact_stays_so():
    S = shares_covariance(named([0.5, 0.3, 0.2]), named([0.02, 0.02, 0]))
    np.testing.assert_allclose(S, [[4e-4, -4e-4, 0], [-4e-4, 4e-4, 0], [0, 0, 0]], atol=1e-18)
    assert not shares_covariance(named([0.5, 0.5]), named([0, 0])).any()


@pytest.mark.parametrize(
    ("shares", "errors", "message"),
    [
        ([0.5, 0.3, 0.2], [0.02, 0, 0], "only 'p1' has a standard error above zero"),
        ([0.5, 0.3, 0.2], [0.02, 0.2, 0.03], "'p2' .0.2. is larger than all others together"),
        ([0.5, 0.45, 0.05], [0.3, 0.3, 0.25], "0.05 cannot have one above 0.218"),
        ([0.5, 0.3, 0.2], [2, 2, 1], "in the same unit"),
        ([0.5, 0.3, 0.2], [0.02, -0.1, 0.1], "-0.1; it must be a number of 0 or more"),
        ([0.5, 0.3, 0.2], [0.02, np.nan, 0.1], "nan; it must be a number"),
        ([1.5, -0.5], [0.1, 0.1], "it must lie between 0 and 1"),
        ([1.0, 0.0], [0.1, 0.1], "cannot have one above 0"),
    ],
)
def test_impossible_errors_are_refused_by_name(shares, errors, message):
    with pytest.raises(Refusal, match=message):
        shares_covariance(named(shares), named(errors))


def test_every_level_has_both():
    with pytest.raises(Refusal, match="'b' has no standard error"):
        shares_covariance({"a": 0.5, "b": 0.5}, {"a": 0.1})
    with pytest.raises(Refusal, match="'c' has a standard error but no share"):
        shares_covariance({"a": 1.0}, {"a": 0.0, "c": 0.1})


def test_a_full_covariance_is_checked():
    shares = named([0.5, 0.3, 0.2])
    S = multinomial([0.5, 0.3, 0.2], 500)
    np.testing.assert_allclose(checked_covariance(shares, S), S)
    for wrong, message in (
        (S[:2, :2], "3 rows of 3 numbers"),
        (np.where(np.eye(3), np.nan, S), "3 rows of 3 numbers"),
        (S + np.triu(S, 1), "not symmetric"),
        (-S, "negative variance"),
        (np.diag(np.diag(S)), "of 'p1' do not add up to zero"),
        (1000 * S, "cannot have one above"),
    ):
        with pytest.raises(Refusal, match=message):
            checked_covariance(shares, wrong)


def test_merged_levels_are_added():
    S = multinomial([0.5, 0.3, 0.15, 0.05], 100)
    margin = EstimatedMargin("p", ("a", "b", "c", "d"), S)
    merged = margin.merged({"d": "c", "c": "b"})
    assert merged.levels == ("a", "b")
    np.testing.assert_allclose(merged.covariance, multinomial([0.5, 0.5], 100), atol=1e-15)
    np.testing.assert_allclose(margin.standard_errors, np.sqrt(np.diag(S)))


def test_square_root():
    S = multinomial([0.5, 0.3, 0.2], 100)
    root = square_root(S)
    assert root.shape == (3, 2)
    np.testing.assert_allclose(root @ root.T, S, atol=1e-15)
    assert square_root(np.zeros((3, 3))).shape == (3, 0)


# ------------------------------------------------------------------- what is added to a variance


def made(n=900, seed=2, untyped=0.1):
    rng = np.random.default_rng(seed)
    margins = pd.DataFrame(
        {
            "age": pd.Categorical.from_codes(rng.integers(0, 4, n), list("abcd")),
            "type": pd.Categorical.from_codes(
                np.where(rng.random(n) < untyped, -1, rng.choice(3, n, p=[0.5, 0.3, 0.2])),
                ["x", "y", "z"],
            ),
        }
    )
    d = rng.uniform(0.5, 2, n)
    w = d * np.exp(0.3 * rng.normal(size=n))
    type_ = margins["type"].cat.codes.to_numpy()
    y = (rng.random(n) < 0.3 + 0.2 * type_.clip(0)).astype(float)
    asked = (rng.random(n) < 0.8).astype(float)
    return margins, d, w, y * asked, asked, rng.integers(-1, 2, n)


S3 = multinomial([0.5, 0.3, 0.2], 300)
ESTIMATED = EstimatedMargin("type", ("x", "y", "z"), S3)


@pytest.mark.parametrize("order", [["age", "type"], ["type", "age"], ["type"]])
def test_added_for_all_cells_at_once_as_in_the_plain_form(order):
    margins, d, w, y, asked, group = made()
    margins = margins[order]
    known = margins["type"].notna().to_numpy()
    sample = weighted_sample(w, group, 2, margins, d, ESTIMATED)
    sums = sample.sums(np.array([y, asked])[:, sample.grouping.order])
    linear = linearise(sample, sums[:1], sums[1:], sums[:1])
    one, other = (linearise(sample, sums[:1, [g]], sums[1:, [g]], sums[:1, [g]]) for g in (0, 1))
    contrast = one.minus(other)
    u = []
    for g in (0, 1, -1):
        inside = (group == g) * 1.0
        base = (w * asked * inside).sum()
        u.append(inside * (y - (w * y * inside).sum() / base * asked) / base)
    u.append(u[0] - u[1])
    u = np.array(u).T
    # All levels of all margins: the plain form copes with their dependence.
    x = [np.array(pd.get_dummies(margins[name]), dtype=float) for name in order]
    place = order.index("type")
    x[place][~known] = (w @ x[place]) / w[known].sum()
    start = sum(block.shape[1] for block in x[:place])
    x = np.hstack(x)
    T = np.zeros((x.shape[1], x.shape[1]))
    T[start : start + 3, start : start + 3] = S3 * w[known].sum() ** 2
    residual = calibration_residual(u, margin_dummies(margins, w), d)
    plain = linearised_covariance(w[:, None] * residual)
    added = estimated_totals_covariance(u, x, d, T)
    expected = np.diag(plain + added)
    np.testing.assert_allclose(variance(sample, linear)[0], expected[:3], rtol=1e-9)
    np.testing.assert_allclose(variance(sample, contrast)[0, 0], expected[3], rtol=1e-9)
    np.testing.assert_allclose(sampling_variance(sample, linear)[0], np.diag(plain)[:3], rtol=1e-9)


def test_without_it_nothing_changes():
    margins, d, w, y, asked, group = made()
    results = []
    for estimated in (None, EstimatedMargin("type", ("x", "y", "z"), np.zeros((3, 3)))):
        sample = weighted_sample(w, group, 2, margins, d, estimated)
        sums = sample.sums(np.array([y, asked])[:, sample.grouping.order])
        results.append(variance(sample, linearise(sample, sums[:1], sums[1:], sums[:1])))
    np.testing.assert_array_equal(*results)


def test_calibrated_shares_have_the_error_of_their_estimate():
    """Also with people without a level; and another margin's shares stay exact."""
    margins, d, w, *_ = made()
    sample = weighted_sample(w, np.zeros(len(w), dtype=int), 1, margins, d, ESTIMATED)
    known = margins["type"].notna().to_numpy(dtype=float)
    rows = [(margins["type"] == level).to_numpy(dtype=float) for level in "xyz"]
    rows += [known, (margins["age"] == "b").to_numpy(dtype=float), np.ones(len(w))]
    sums = sample.sums(np.array(rows)[:, sample.grouping.order])[:, :1]
    base = np.concatenate([sums[[3, 3, 3]], sums[[5]]])
    linear = linearise(sample, sums[[0, 1, 2, 4]], base, sums[[0, 1, 2, 4]])
    v = variance(sample, linear)[:, 0]
    np.testing.assert_allclose(v[:3], np.diag(S3), rtol=1e-9)
    assert v[3] == 0.0


def test_an_estimated_margin_that_is_not_there_is_a_fault():
    margins, d, w, *_ = made()
    everybody = np.zeros(len(w), dtype=int)
    for used, estimated in (
        (None, ESTIMATED),
        (margins[["age"]], ESTIMATED),
        (margins, EstimatedMargin("type", ("x", "y"), S3[:2, :2])),
        (margins, EstimatedMargin("type", ("x", "y", "z", "q"), multinomial([0.25] * 4, 50))),
    ):
        with pytest.raises(ValueError, match="estimate"):
            weighted_sample(w, everybody, 1, used, d, estimated)
