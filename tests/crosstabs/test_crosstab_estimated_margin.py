"""Tables weighted to a profile composition that is itself an estimate."""

import numpy as np
import pandas as pd
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, QUESTIONS, tables_by_number, world

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.sizes import profile_sizes
from flows.statistics.estimated_margins import EstimatedMargin, shares_covariance
from flows.statistics.intervals import logit_interval
from flows.weighting import calibrate

SHARES = {"pa": 0.3, "pb": 0.3, "pc": 0.25, "pd": 0.15}
ERRORS = {"pa": 0.03, "pb": 0.025, "pc": 0.02, "pd": 0.02}
ESTIMATED = EstimatedMargin("profile", PROFILES, shares_covariance(SHARES, ERRORS))


@pytest.fixture(scope="module", params=[0.0, 0.06])
def made(request):
    """A weighted sample of which `request.param` has no profile."""
    made = world(1500, seed=6, untyped=request.param)
    margins = made.margins.assign(profile=made.profile)
    targets = {
        "age": dict(zip("abcd", (0.2, 0.3, 0.3, 0.2), strict=True)),
        "region": dict(zip("xyz", (0.5, 0.3, 0.2), strict=True)),
        "profile": SHARES,
    }
    weights = calibrate(margins, targets, missing="proportional", tolerance=1e-10).weights
    return made, margins, weights


def tabulate(made, margins, weights, estimated):
    tables = crosstab(
        made.frame,
        QUESTIONNAIRE,
        QUESTIONS,
        profile_banner(made.profile, PROFILES, len(made.frame)),
        weights,
        margins,
        wave="w1",
        estimated_margin=estimated,
    )
    return tables_by_number(tables)


def test_profiles_are_hardly_affected_but_the_total_is(made):
    sample, margins, weights = made
    known = tabulate(sample, margins, weights, None)
    with_error = tabulate(sample, margins, weights, ESTIMATED)
    for number, table in with_error.items():
        other = known[number]
        np.testing.assert_array_equal(table.estimate, other.estimate)
        real = other.standard_error > 0
        ratio = table.standard_error[real] / other.standard_error[real]
        assert (ratio >= 1).all()
        inside = (table.standard_error / np.where(real, other.standard_error, 1))[:, :-1]
        assert inside[real[:, :-1]].max() < 1.02
    # Agreement rises with the profile: its total depends on how many of each there are.
    row, other = with_error["S1"], known["S1"]
    r = row.row("mean")
    means = other.estimate[r, :-1]
    typed = weights[margins["profile"].notna()].sum() / weights.sum()
    added = typed**2 * means @ ESTIMATED.covariance @ means
    assert row.standard_error[r, -1] > 1.1 * other.standard_error[r, -1]
    expected = np.sqrt(other.standard_error[r, -1] ** 2 + added)
    assert row.standard_error[r, -1] == pytest.approx(expected, rel=0.02)
    assert row.high[r, -1] - row.low[r, -1] > 1.1 * (other.high[r, -1] - other.low[r, -1])


def test_a_difference_of_a_profile_with_the_rest_has_the_error_of_the_mix_of_the_rest(made):
    sample, margins, weights = made
    known = tabulate(sample, margins, weights, None)["S1"]
    with_error = tabulate(sample, margins, weights, ESTIMATED)["S1"]
    assert (with_error.difference_error[:, :-1] >= known.difference_error[:, :-1]).all()
    r = known.row("mean")
    means, S = known.estimate[r, :-1], ESTIMATED.covariance
    shares = np.array(list(SHARES.values()))
    rest = shares * (np.arange(4) > 0)
    gradient = (np.arange(4) > 0) * (means - (rest @ means) / rest.sum()) / rest.sum()
    added = gradient @ S @ gradient
    expected = np.sqrt(known.difference_error[r, 0] ** 2 + added)
    assert with_error.difference_error[r, 0] == pytest.approx(expected, rel=0.01)


def test_sizes_of_the_profiles_have_the_error_of_the_composition(made):
    sample, margins, weights = made
    sizes = profile_sizes(sample.profile, PROFILES, weights, margins, estimated_margin=ESTIMATED)
    for size in sizes:
        share, error = SHARES[size.profile], ERRORS[size.profile]
        low, high = logit_interval(share, error, len(weights) - 1)
        assert size.share == pytest.approx(share, abs=0.005)
        assert size.low == pytest.approx(float(low), abs=0.0051)
        assert size.high == pytest.approx(float(high), abs=0.0051)
    fixed = profile_sizes(sample.profile, PROFILES, weights, margins)
    assert all(size.low == size.share == size.high for size in fixed)


def test_few_people_of_a_profile_do_not_widen_the_interval_of_its_size():
    """The size comes from the composition; nine people say nothing about it."""
    errors = {"pa": 0.004, "pb": 0.003, "pc": 0.003, "pd": 0.002}
    n = np.array([91, 100, 100, 9])
    profile = np.repeat(PROFILES, n)
    weights = np.repeat(np.array(list(SHARES.values())) / n, n)
    margins = pd.DataFrame({"profile": profile})
    estimated = EstimatedMargin("profile", PROFILES, shares_covariance(SHARES, errors))
    size = profile_sizes(profile, PROFILES, weights, margins, estimated_margin=estimated)[-1]
    assert (size.low, size.share, size.high) == (0.15, 0.15, 0.15)
