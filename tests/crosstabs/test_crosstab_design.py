"""Whole tables of a sample with strata, clusters and a finite population, by brute force."""

import numpy as np
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, QUESTIONS, tables_by_number, world
from rows_world import PROFILES as ROW_PROFILES
from rows_world import rows_world
from scipy import stats

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.sizes import profile_sizes
from flows.definitions.options import MISSING_CODES
from flows.statistics.design import SampleDesign
from flows.statistics.linearisation import calibration_residual, linearised_covariance
from flows.statistics.variance import margin_dummies

N = 1500


def drawn(kind):
    rng = np.random.default_rng(8)
    strata = rng.integers(0, 9, N)
    clusters = strata * 100 + rng.integers(0, 8, N)
    sizes = np.array([400.0, 700, 250, 900, 310, 5000, 260, 333, 500])
    return {
        "strata": SampleDesign(strata, None, sizes[strata]),
        "clusters": SampleDesign(None, clusters, np.full(N, 200.0)),
        "both": SampleDesign(strata, clusters),
    }[kind]


@pytest.fixture(scope="module")
def made():
    return world(N, seed=5)


def tabulate(made, design, **more):
    banner = profile_banner(made.profile, PROFILES, len(made.frame))
    tables = crosstab(
        made.frame,
        QUESTIONNAIRE,
        QUESTIONS,
        banner,
        made.weights,
        made.margins,
        wave="w1",
        design=design,
        **more,
    )
    return tables_by_number(tables)


@pytest.mark.parametrize("kind", ["strata", "clusters", "both"])
def test_errors_of_columns_and_differences(made, kind):
    design = drawn(kind)
    base_weights = np.random.default_rng(2).uniform(0.5, 2, N)
    table = tabulate(made, design, base_weights=base_weights)["S1"]
    w = made.weights / made.weights.mean()
    x = margin_dummies(made.margins, w)
    answers = made.frame["S1"].astype(str)
    b = (~answers.isin(MISSING_CODES)).to_numpy(float)

    def error(u):
        z = w[:, None] * calibration_residual(u[:, None], x, base_weights)
        parts = design.strata, design.clusters, design.population
        return linearised_covariance(z, *parts)[0, 0] ** 0.5

    def contribution(y, of):
        base = (w * b * of).sum()
        return of * (y - (w * y * of).sum() / base * b) / base

    for r, row in enumerate(table.rows):
        if row.kind == "mean":
            y = np.where(b > 0, answers.where(b > 0, "0").astype(float), 0.0)
        else:
            y = answers.isin(row.members or (row.code,)).to_numpy(float)
        for c, code in enumerate(table.columns):
            of = np.ones(N) if code == "total" else (made.profile == code).astype(float)
            u = contribution(y, of)
            assert table.standard_error[r, c] == pytest.approx(error(u), rel=1e-9)
            if code != "total":
                expected = error(u - contribution(y, 1 - of))
                assert table.difference_error[r, c] >= expected * (1 - 1e-9)
                if min(table.count[r, c], table.n[c] - table.count[r, c]) > 150:
                    assert table.difference_error[r, c] == pytest.approx(expected, rel=1e-9)


def test_clusters_leave_few_degrees_of_freedom(made):
    design = SampleDesign(clusters=np.random.default_rng(1).integers(0, 12, N))
    table, plain = tabulate(made, design)["S1"], tabulate(made, None)["S1"]
    assert table.degrees_of_freedom[:, :-1].max() == 11
    r = table.row("mean")
    reach = (table.high - table.low)[r] / 2 / table.standard_error[r]
    np.testing.assert_allclose(reach, stats.t.ppf(0.975, 11), rtol=1e-9)
    wider = (table.high - table.low)[: r - 2, -1] / table.standard_error[: r - 2, -1]
    other = (plain.high - plain.low)[: r - 2, -1] / plain.standard_error[: r - 2, -1]
    assert (wider > 1.08 * other).all()
    p = 2 * stats.t.sf(np.abs(table.difference / table.difference_error), 11)
    known = np.isfinite(table.p_value)
    np.testing.assert_allclose(table.p_value[known], p[known])


def test_sizes_of_profiles_have_the_error_of_the_design():
    rng = np.random.default_rng(3)
    home = rng.integers(0, 30, N)
    profile = np.where(home < 10, "pa", np.where(rng.random(N) < 0.5, "pb", "pc"))
    weights = np.ones(N)
    plain = profile_sizes(profile, PROFILES[:3], weights)
    by_cluster = profile_sizes(profile, PROFILES[:3], weights, design=SampleDesign(clusters=home))
    # Who lives together is alike in this one, so the sample tells as much as thirty people do.
    assert by_cluster[0].high - by_cluster[0].low > 4 * (plain[0].high - plain[0].low)
    assert by_cluster[0].share == plain[0].share


def test_the_effect_of_an_arm_is_compared_with_that_among_all_others():
    made = rows_world(2400, seed=2)
    table = made.tables("X")["X"]
    effect, arm, reference = (table.row(code) for code in ("S-geld-effect", "S-geld", "S-geen"))
    for c in range(len(ROW_PROFILES)):
        both = table.difference[arm, c] - table.difference[reference, c]
        assert table.difference[effect, c] == pytest.approx(both, rel=1e-9)
        parts = table.difference_error[[arm, reference], c]
        # People of two arms are different people, but for what calibration has in common.
        assert table.difference_error[effect, c] == pytest.approx(np.hypot(*parts), rel=0.03)
        assert 0 < table.p_value[effect, c] <= 1
    assert np.isnan(table.p_value[effect, -1])


def test_a_design_that_cannot_be_is_refused_in_one_sentence(made):
    with pytest.raises(CrosstabError, match="cannot be tabulated: there are 3 labels of strata"):
        tabulate(made, SampleDesign(strata=["a"] * 3))
