"""Degrees of freedom of cells: columns in a few clusters, and means of a few people."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from counted_world import IDENTITY, TEXT, counted_world, experiment
from rows_world import rows_world
from scipy import stats

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.corrected import corrected_tables
from flows.crosstabs.counts import count_tables
from flows.crosstabs.crosstab import crosstab, tables_of
from flows.crosstabs.explain.error import estimate_of
from flows.crosstabs.layout.layouts import Layout
from flows.crosstabs.pairwise import compare
from flows.crosstabs.tables import Row
from flows.definitions.dossier_plan import Publication
from flows.definitions.questionnaire import Questionnaire
from flows.statistics.design import SampleDesign
from flows.statistics.misclassification import known_classification
from flows.statistics.variance import weighted_sample

CLUSTERS, EACH, SAMPLES = 60, 25, 600
HOME = np.repeat(np.arange(CLUSTERS), EACH)
DESIGN = SampleDesign(HOME // 15, HOME)
TRUTH = 0.4


def shares(answers: np.ndarray) -> Layout:
    """One table with a share per row of answers (R, n), asked of everybody."""
    r = len(answers)
    units = np.eye(r + 1)
    return Layout(
        identity=IDENTITY,
        rows=tuple(Row(f"r{i}", TEXT, "answer") for i in range(r)),
        atoms=(*answers, np.ones(answers.shape[1], dtype=bool)),
        numerator=units[:r],
        denominator=np.tile(units[r], (r, 1)),
        square=units[:r],
        behind=units[:r],
        shift=np.zeros(r),
        base=units[r],
        no_opinion=np.zeros(r + 1),
        asked=units[r],
    )


@cache
def sampled(few: int, mean: float = TRUTH):
    """Many samples in one: every row answers anew, with clusters that differ by .12."""
    rng = np.random.default_rng(few)
    chance = np.clip(mean + rng.normal(0, 0.12, (SAMPLES, CLUSTERS)), 0.02, 0.98)
    answers = rng.random((SAMPLES, len(HOME))) < chance[:, HOME]
    column = np.where(few > HOME, "pa", "pb")
    sample = weighted_sample(np.ones(len(HOME)), np.zeros(len(HOME), int), 1, design=DESIGN)
    banner = profile_banner(column, ("pa", "pb"), len(HOME))
    return count_tables(sample, [shares(answers)], banner)


@pytest.mark.parametrize("few", [3, 4, 6])
def test_the_interval_of_a_column_in_few_clusters_holds_the_truth(few):
    # By the degrees of freedom of the design: 79, 81 and 87 in a hundred.
    (table,) = tables_of(sampled(few), Publication())
    held = (table.low <= TRUTH) & (table.high >= TRUTH)
    assert 0.915 < held[:, 0].mean() < 0.98
    assert 0.915 < held[:, 1].mean() < 0.98


@pytest.mark.parametrize("few", [3, 4, 6])
def test_columns_in_few_clusters_are_seldom_found_different_by_chance(few):
    # By the degrees of freedom of the design: 11 to 16 in a hundred.
    (table,) = tables_of(sampled(few), Publication())
    assert (table.p_value[:, 0] < 0.05).mean() < 0.09
    assert table.degrees_of_freedom[:, 0].max() < 56
    # Two columns in pairs are the same two.
    pairs = compare(sampled(few), 0, Publication(), "pairwise")
    assert (pairs.p_value[:, 0] < 0.05).mean() < 0.09
    typed = corrected_tables(sampled(few), known_classification(np.eye(2)), Publication())[0]
    np.testing.assert_allclose(typed.low, table.low, rtol=1e-9)
    # Without the floor under the error of small groups: 11 to 22 by the design.
    assert (typed.p_value[:, 0] < 0.05).mean() < 0.115


def test_the_numbers_are_those_of_satterthwaite():
    (table,) = tables_of(sampled(4), Publication())
    assert (table.degrees_of_freedom[:, 0] >= 3).all()
    larger = tables_of(sampled(15, 0.5), Publication())[0]
    v1, rest = larger.standard_error[:, 0] ** 2, larger.standard_error[:, 1] ** 2
    expected = (v1 + rest) ** 2 / (v1**2 / 14 + rest**2 / (45 - 3))
    np.testing.assert_allclose(larger.degrees_of_freedom[:, 0], np.minimum(expected, 56), rtol=1e-9)


def test_a_rare_answer_in_few_clusters_has_a_wider_interval_too():
    (table,) = tables_of(sampled(3, 0.03), Publication())
    inside = (table.estimate[:, 0] > 0) & (table.n_eff[0] * table.estimate[:, 0] < 10)
    assert inside.sum() > 300
    told = [estimate_of(table, r, 0, Publication(), 56) for r in np.flatnonzero(inside)[:5]]
    assert {each.interval for each in told} == {"korn_graubard"}
    p, n = table.estimate[inside, 0], 3 * EACH
    # Korn and Graubard's, with the error widened from the base's own 74 to 3 - 1.
    error, plain = table.standard_error[inside, 0], np.sqrt(p * (1 - p) / n)
    # Three clusters with as many each, by chance, are no certainty.
    assert (error == 0).any()
    error = np.where(error == 0, plain, error)
    error *= stats.t.ppf(0.975, 2) / stats.t.ppf(0.975, n - 1)
    size = p * (1 - p) / np.fmax(error, plain) ** 2
    expected = stats.beta.ppf(0.975, p * size + 1, (1 - p) * size)
    np.testing.assert_allclose(table.high[inside, 0], expected, rtol=1e-9)
    expected = stats.beta.ppf(0.025, p * size, (1 - p) * size + 1)
    np.testing.assert_allclose(table.low[inside, 0], expected, rtol=1e-9)


def test_a_column_in_one_cluster_has_no_interval_and_no_test():
    # Its own spread is nought by arithmetic: nothing tells how far clusters differ.
    (table,) = tables_of(sampled(1), Publication(minimum_base=10))
    assert np.isfinite(table.estimate).all()
    assert np.isnan(table.low[:, 0]).all()
    assert np.isnan(table.high[:, 0]).all()
    assert np.isnan(table.p_value[:, 0]).all()
    pairs = compare(sampled(1), 0, Publication(minimum_base=10), "pairwise")
    assert np.isnan(pairs.p_value).all()


def test_explained_intervals_of_a_column_in_few_clusters_are_known():
    (table,) = tables_of(sampled(4), Publication())
    assert estimate_of(table, 0, 0, Publication(), 56).interval == "logit"
    assert estimate_of(table, 0, 2, Publication(), 56).interval == "logit"


def numbers(values: np.ndarray, design: SampleDesign, column: np.ndarray):
    questionnaire = Questionnaire.model_validate(
        {
            "questions": [
                {
                    "code": "N",
                    "dimension": "attitude",
                    "type": "number",
                    "text": {"nl": "N"},
                    "statistics": ["mean", "median", "sd"],
                }
            ]
        }
    )
    n = len(values)
    missing = pd.Categorical.from_codes(np.full(n, -1), ["dont_know"])
    frame = pd.DataFrame({"N": values, "N__missing": missing})
    banner = profile_banner(column, ("pa", "pb"), n)
    (table,) = crosstab(frame, questionnaire, ["N"], banner, np.ones(n), design=design)
    return table


def test_means_medians_and_deviations_in_few_clusters():
    rng = np.random.default_rng(3)
    values = rng.normal(50, 10, len(HOME))
    column = np.where(HOME < 4, "pa", "pb")
    table = numbers(values, DESIGN, column)
    wide = np.array([3, 52, 56])
    mean, sd, median = (table.row(code) for code in ("mean", "sd", "median"))
    reach = (table.high - table.low)[mean] / 2 / table.standard_error[mean]
    np.testing.assert_allclose(reach, stats.t.ppf(0.975, wide), rtol=1e-9)
    reach = np.log(table.high[sd] / table.estimate[sd])
    reach *= table.estimate[sd] / table.standard_error[sd]
    np.testing.assert_allclose(reach, stats.t.ppf(0.975, wide), rtol=1e-9)
    reach = (table.high - table.low)[median] / 2 / table.standard_error[median]
    np.testing.assert_allclose(reach, stats.t.ppf(0.975, wide), rtol=1e-9)
    told = estimate_of(table, mean, 0, Publication(), 56)
    assert (told.interval, told.why_interval[:8]) == ("t", "t with 3")


def test_a_mean_of_thirty_people_has_twenty_nine_degrees_of_freedom():
    rng = np.random.default_rng(3)
    n, few = 900, 30
    column = np.where(np.arange(n) < few, "pa", "pb")
    table = numbers(rng.normal(50, 10, n), SampleDesign(), column)
    mean = table.row("mean")
    reach = (table.high - table.low)[mean] / 2 / table.standard_error[mean]
    expected = stats.t.ppf(0.975, [few - 1, n - few - 1, n - 1])
    np.testing.assert_allclose(reach, expected, rtol=1e-9)


def test_the_net_score_of_a_small_base_is_as_wide_as_its_mean():
    table = rows_world(200).tables("S")["S"]
    kinds = [row.kind for row in table.rows]
    for kind in ("mean", "score"):
        r = kinds.index(kind)
        inside = (table.low[r] > -1) & (table.high[r] < 1) if kind == "score" else table.n > 0
        reach = ((table.high - table.low)[r] / 2 / table.standard_error[r])[inside]
        assert (reach > stats.t.ppf(0.975, table.n[inside] - 1) * (1 - 1e-9)).all()
        assert (reach < stats.t.ppf(0.975, 0.3 * table.n[inside])).all()


def test_the_effect_of_an_arm_has_the_freedom_of_both_arms():
    rng = np.random.default_rng(5)
    made = counted_world("none", extra=(experiment(rng.random(800) < 0.4, np.arange(800) % 2),))
    table = tables_of(made.counted, Publication())[-1]
    group, w = made.groups[0], made.weights
    for c in range(4):
        arms = [(group == c) & (np.arange(800) % 2 == a) for a in (1, 0)]
        e1, e2 = (w[x].sum() ** 2 / (w[x] ** 2).sum() for x in arms)
        welch = (1 / e1 + 1 / e2) ** 2 / (e1**-2 / (e1 - 1) + e2**-2 / (e2 - 1))
        reach = (table.high - table.low)[2, c] / 2 / table.standard_error[2, c]
        assert reach == pytest.approx(stats.t.ppf(0.975, welch), rel=1e-9)
