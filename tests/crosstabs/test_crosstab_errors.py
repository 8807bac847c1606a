"""Standard errors and tests of whole tables, by brute force and by other software."""

import numpy as np
import pandas as pd
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, QUESTIONS, question, tables_by_number, world
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import test_proportions_2indep as two_proportions

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.definitions.options import MISSING_CODES, Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.statistics.linearisation import calibration_residual, linearised_covariance
from flows.statistics.variance import margin_dummies


def tabulate(made, margins=True, **more):
    tables = crosstab(
        made.frame,
        QUESTIONNAIRE,
        QUESTIONS,
        profile_banner(made.profile, PROFILES, len(made.frame)),
        made.weights,
        made.margins if margins else None,
        wave="w1",
        **more,
    )
    return tables_by_number(tables)


def values_and_base(frame, name, row):
    answers = frame[name].astype(str)
    base = ~answers.isin(MISSING_CODES)
    if row == "mean":
        return answers.where(base, "0").astype(float).to_numpy(), base.to_numpy(dtype=float)
    nets = {"eens": ["4", "5"], "oneens": ["1", "2"]}
    chosen = answers.isin(nets.get(row, [row]))
    return chosen.to_numpy(dtype=float), base.to_numpy(dtype=float)


def contribution(y, b, inside, w):
    base = (w * b * inside).sum()
    return inside * (y - (w * y * inside).sum() / base * b) / base


@pytest.mark.parametrize("calibrated", [False, True])
def test_standard_errors_by_brute_force(calibrated):
    made = world(1200, seed=4)
    w = made.weights / made.weights.mean()
    table = tabulate(made, calibrated)["S1"]
    contributions, rest, places = [], [], []
    for r, row in enumerate(table.rows):
        y, b = values_and_base(made.frame, "S1", row.code)
        for c, column in enumerate(table.columns):
            inside = made.profile == column if column in PROFILES else np.ones(len(w), bool)
            contributions.append(contribution(y, b, inside, w))
            rest.append(contribution(y, b, ~inside, w) if column in PROFILES else 0 * y)
            places.append((r, c))
    dummies = margin_dummies(made.margins, w)

    def errors(u):
        u = np.array(u).T
        u = calibration_residual(u, dummies, np.ones(len(w))) if calibrated else u
        return np.sqrt(np.diag(linearised_covariance(w[:, None] * u)))

    np.testing.assert_allclose(table.standard_error.ravel(), errors(contributions), rtol=1e-10)
    differences = errors(np.array(contributions) - np.array(rest))
    for (r, c), error in zip(places, differences, strict=True):
        kept = table.difference_error[r, c]
        expected = table.n_eff[c] * min(table.estimate[r, -1], 1 - table.estimate[r, -1])
        if c == len(PROFILES):
            assert np.isnan(kept)
        elif table.rows[r].kind != "mean" and expected >= 60:
            assert kept == pytest.approx(error, rel=1e-10)
        else:
            assert kept >= error * (1 - 1e-10)


def test_unweighted_difference_is_the_two_sample_z_of_statsmodels():
    made = world(900, seed=3, untyped=0.0)
    made = type(made)(made.frame, made.profile, np.ones(900), made.margins)
    table = tabulate(made, margins=False)["S1"]
    r, n = table.row("eens"), 900
    for c in range(3):
        x, base = table.count[r, c], table.n[c]
        other, other_base = table.count[r, -1] - x, table.n[-1] - base
        oracle = two_proportions(x, base, other, other_base, method="wald")
        assert table.difference[r, c] == pytest.approx(oracle.diff, rel=1e-12)
        t = table.difference[r, c] / table.difference_error[r, c]
        # With-replacement linearisation divides by n - 1 where the z test divides by n.
        assert t * np.sqrt(n / (n - 1)) == pytest.approx(oracle.statistic, rel=1e-12)
        # With equal weights the degrees of freedom are Welch's for equal spread.
        a, b = 1 / base, 1 / other_base
        freedom = (a + b) ** 2 / (a**2 / (base - 1) + b**2 / (other_base - 1))
        assert table.degrees_of_freedom[r, c] == pytest.approx(freedom)
        assert table.p_value[r, c] == pytest.approx(2 * stats.t.sf(abs(t), freedom))


def test_adjusted_within_the_table_by_benjamini_hochberg():
    table = tabulate(world())["Ga"]
    made = np.isfinite(table.p_value)
    expected = multipletests(table.p_value[made], method="fdr_bh")[1]
    np.testing.assert_allclose(table.p_adjusted[made], expected)
    assert np.isnan(table.p_adjusted[:, -1]).all()


def test_model_items_are_not_tested():
    tables = tabulate(world(), model_items={"G", "S2"})
    for number in ("Ga", "Gb", "S2"):
        assert tables[number].identity.model_item
        assert np.isnan(tables[number].p_value).all()
        assert np.isnan(tables[number].p_adjusted).all()
    assert not tables["S1"].identity.model_item
    by_column = tabulate(world(), model_items={"G_b"})
    assert by_column["Gb"].identity.model_item
    assert not by_column["Ga"].identity.model_item


def test_small_profiles_are_not_tested():
    made = world(200, seed=2)
    table = tabulate(made)["S1"]
    assert table.n[3] < 30
    assert np.isnan(table.p_value[:, 3]).all()
    assert np.isfinite(table.p_value[:, 0]).all()


def test_nobody_in_a_profile_is_no_proof_of_a_difference():
    # 0 of 30 against 6% of 600: chance gives that once in six times, but the linearised
    # variance of a share of 0% is zero.
    options = (Option(code="ja", nl="ja"), Option(code="nee", nl="nee"))
    q = question("Q", QuestionType.SINGLE, options=options)
    answers = ["nee"] * 30 + ["ja"] * 36 + ["nee"] * 564
    frame = pd.DataFrame({"Q": pd.Categorical(answers, categories=["ja", "nee", *MISSING_CODES])})
    profile = ["pa"] * 30 + ["pb"] * 600
    table = crosstab(
        frame,
        Questionnaire(questions=(q,)),
        ["Q"],
        profile_banner(profile, PROFILES[:2], 630),
        np.ones(630),
    )[0]
    assert table.estimate[0, 0] == 0.0
    assert table.p_value[0, 0] > 0.1
    assert table.high[0, 0] == pytest.approx(1 - 0.025 ** (1 / 30))
