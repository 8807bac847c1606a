"""The crosstab algebra against the plain n x K residual matrix."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.statistics.counting import group_people, grouped_sums
from flows.statistics.linearisation import calibration_residual, linearised_covariance
from flows.statistics.variance import linearise, margin_dummies, variance, weighted_sample


def made(n, seed, groups=4, base=False, crossed=False):
    rng = np.random.default_rng(seed)
    margins = pd.DataFrame(
        {
            "age": pd.Categorical.from_codes(rng.integers(-1, 4, n), list("abcd")),
            "region": pd.Categorical.from_codes(rng.integers(0, 3, n), list("xyz")),
        }
    )
    if crossed:  # a margin that adds nothing: the dummies are dependent
        margins["again"] = margins["region"].cat.rename_categories(str.upper)
    d = rng.uniform(0.5, 3, n) if base else np.ones(n)
    w = d * np.exp(0.3 * rng.normal(size=n))
    group = rng.integers(-1, groups, n)
    answered = rng.random(n) < 0.9
    y = np.where(answered, rng.integers(0, 2, n), 0).astype(float)
    score = np.where(answered, rng.normal(3, 1, n), 0.0)
    return margins, d, w, group, answered.astype(float), y, score


def brute_force(y, b, inside, w, d, margins):
    """V of sum(w y) / sum(w b) over the people inside, with the n x 1 residual."""
    base = (w * b * inside).sum()
    p = (w * y * inside).sum() / base
    u = (inside * (y - p * b) / base)[:, None]
    if margins is not None:
        u = calibration_residual(u, margin_dummies(margins, w), d)
    z = w[:, None] * u
    n = len(w)
    assert linearised_covariance(z)[0, 0] == pytest.approx(
        n / (n - 1) * ((z - z.mean()) ** 2).sum(), rel=1e-12
    )
    return p, n / (n - 1) * ((z - z.mean()) ** 2).sum()


@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("calibrated", [False, True])
@pytest.mark.parametrize("crossed", [False, True])
def test_agrees_with_the_residual_matrix(base, calibrated, crossed):
    margins, d, w, group, b, y, score = made(700, 5, base=base, crossed=crossed)
    used = margins if calibrated else None
    sample = weighted_sample(w, group, 4, used, d)
    rows = np.array([y, score, score**2, b])[:, sample.grouping.order]
    sums = sample.sums(rows)
    denominator = np.stack([sums[3], sums[3]])
    linear = linearise(sample, sums[:2], denominator, sums[[0, 2]])
    v = variance(sample, linear)
    for r, values in enumerate((y, score)):
        for g in range(4):
            p, expected = brute_force(values, b, group == g, w, d, used)
            assert linear.estimate[r, g] == pytest.approx(p, rel=1e-12)
            assert v[r, g] == pytest.approx(expected, rel=1e-10)


def test_a_missing_margin_counts_as_the_mix_of_the_others():
    margins = pd.DataFrame({"sex": ["m", "v", None, "v"], "region": ["x", "x", "y", "y"]})
    dummies = margin_dummies(margins, [3.0, 1.0, 5.0, 2.0])
    # Sex m, sex v, region y (of region the first level is left out).
    assert dummies.tolist() == [[1, 0, 0], [0, 1, 0], [0.5, 0.5, 1], [0, 1, 1]]
    assert margin_dummies(pd.DataFrame({"sex": [None, None]})).shape == (2, 0)


def test_standard_error_with_many_missing_margins_as_under_repeated_sampling():
    """Three in ten do not tell sex and answer otherwise; the error has to cover their number."""
    rng = np.random.default_rng(11)
    n, estimates, errors = 300, [], []
    for _ in range(800):
        sex = rng.choice(3, n, p=[0.45, 0.25, 0.3])
        y = (rng.random(n) < np.array([0.7, 0.3, 0.1])[sex]).astype(float)
        shares = np.bincount(sex, minlength=3) / n
        # Known sexes to equal parts of what is left; the third is missing and keeps its share.
        w = np.array([*((1 - shares[2]) / 2 / shares[:2]), 1.0])[sex]
        margins = pd.DataFrame(
            {"sex": pd.Categorical.from_codes(np.where(sex < 2, sex, -1), list("mv"))}
        )
        sample = weighted_sample(w, np.zeros(n, dtype=int), 1, margins)
        sums = sample.sums(np.array([y, np.ones(n)]))[:, :1]
        linear = linearise(sample, sums[:1], sums[1:], sums[:1])
        estimates.append(linear.estimate[0, 0])
        errors.append(variance(sample, linear)[0, 0] ** 0.5)
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.06)


def test_difference_of_two_groups():
    margins, d, w, group, b, y, _ = made(500, 9)
    sample = weighted_sample(w, group, 4, margins)
    sums = sample.sums(np.array([y, b])[:, sample.grouping.order])
    one, other = (linearise(sample, sums[:1, [g]], sums[1:, [g]], sums[:1, [g]]) for g in (0, 2))
    v = variance(sample, one.minus(other))
    u = np.zeros(len(w))
    for g, sign in ((0, 1), (2, -1)):
        inside = group == g
        base = (w * b * inside).sum()
        p = (w * y * inside).sum() / base
        u += sign * inside * (y - p * b) / base
    z = w[:, None] * calibration_residual(u[:, None], margin_dummies(margins, w), d)
    assert v[0, 0] == pytest.approx(linearised_covariance(z)[0, 0], rel=1e-10)


def test_a_calibrated_share_has_no_variance():
    margins = made(400, 3)[0]
    w = np.ones(400)
    sample = weighted_sample(w, np.zeros(400, dtype=int), 1, margins)
    y = (margins["region"] == "x").to_numpy(dtype=float)
    sums = sample.sums(np.array([y, np.ones(400)])[:, sample.grouping.order])[:, :1]
    linear = linearise(sample, sums[:1], sums[1:], sums[:1])
    assert variance(sample, linear)[0, 0] == 0.0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_grouped_sums_are_plain_sums(seed, n):
    rng = np.random.default_rng(seed)
    group = rng.integers(-1, 3, n)
    rows, values = rng.normal(size=(4, n)), rng.normal(size=(n, 5))
    grouping = group_people(group, 3)
    sums = grouped_sums(rows[:, grouping.order], values[grouping.order], grouping.starts)
    assert grouping.groups == 3
    for g in (0, 1, 2, -1):
        expected = rows[:, group == g] @ values[group == g]
        np.testing.assert_allclose(sums[:, g], expected, atol=1e-12)


def test_group_codes_out_of_range_are_an_error():
    with pytest.raises(ValueError, match="between -1 and 1"):
        group_people(np.array([0, 2]), 2)
    with pytest.raises(ValueError, match="differ in length"):
        weighted_sample(np.ones(3), np.zeros(2, dtype=int), 1)
