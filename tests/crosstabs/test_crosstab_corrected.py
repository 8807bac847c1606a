"""Tables corrected for misclassification: against plain numpy, and where the truth is known."""

import numpy as np
import pytest
from counted_world import DESIGNS, counted_world, experiment
from crosstab_world import PROFILES

from flows.crosstabs.banner import Banner, profile_banner
from flows.crosstabs.corrected import (
    USELESS,
    corrected_frame,
    corrected_tables,
    correction_of,
)
from flows.crosstabs.counts import Counted, count_tables
from flows.crosstabs.crosstab import tables_of
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.layout.layouts import Layout
from flows.crosstabs.tables import Identity, Row
from flows.definitions.dossier_plan import Publication
from flows.definitions.models import Text
from flows.statistics.misclassification import known_classification
from flows.statistics.variance import weighted_sample

RATES = np.array(
    [[0.78, 0.12, 0.06, 0.04], [0.1, 0.7, 0.12, 0.08], [0.05, 0.1, 0.75, 0.1], [0, 0.1, 0.1, 0.8]]
)


@pytest.mark.parametrize("design", DESIGNS)
def test_estimates_and_errors_equal_those_person_by_person(design):
    made = counted_world(design)
    tables = corrected_tables(made.counted, known_classification(RATES), Publication())
    table = next(each for each in tables if each.identity.number == "Ga")
    answers, group, w = made.codes("G_a"), made.groups[0], made.weights
    b = np.vstack([np.linalg.inv(RATES), np.zeros(4)])[group]  # -1: nobody's
    valid, y = (answers >= 0).astype(float), (answers == 3).astype(float)
    r = table.row("4")
    u = []
    for s in range(4):
        base, rest = w @ (b[:, s] * valid), w @ ((b.sum(axis=1) - b[:, s]) * valid)
        share = w @ (b[:, s] * y) / base
        other = w @ ((b.sum(axis=1) - b[:, s]) * y) / rest
        one = b[:, s] * (y - share * valid) / base
        two = (b.sum(axis=1) - b[:, s]) * (y - other * valid) / rest
        u += [one, one - two]
        assert table.estimate[r, s] == pytest.approx(share, rel=1e-10)
        assert table.difference[r, s] == pytest.approx(share - other, rel=1e-9)
        assert table.weighted_base[s] == pytest.approx(base, rel=1e-10)
    errors = np.sqrt(np.diag(made.covariance(np.array(u).T)))
    np.testing.assert_allclose(table.standard_error[r, :4], errors[0::2], rtol=1e-8)
    np.testing.assert_allclose(table.difference_error[r, :4], errors[1::2], rtol=1e-8)


@pytest.mark.parametrize("design", DESIGNS)
def test_the_effect_of_an_arm_is_corrected_too(design):
    rng = np.random.default_rng(8)
    arm, y = rng.integers(0, 2, 800), rng.random(800) < 0.4
    made = counted_world(design, extra=(experiment(y, arm),))
    found = corrected_tables(made.counted, known_classification(RATES), Publication())[-1]
    group, w = made.groups[0], made.weights
    b = np.vstack([np.linalg.inv(RATES), np.zeros(4)])[group]
    u = []
    for s in range(4):
        one, two = b[:, s] * (arm == 1), b[:, s] * (arm == 0)
        shares = w @ (one * y) / (w @ one), w @ (two * y) / (w @ two)
        u.append(one * (y - shares[0]) / (w @ one) - two * (y - shares[1]) / (w @ two))
        assert found.estimate[2, s] == pytest.approx(shares[0] - shares[1], rel=1e-9)
    errors = np.sqrt(np.diag(made.covariance(np.array(u).T)))
    np.testing.assert_allclose(found.standard_error[2, :4], errors, rtol=1e-8)


def test_without_errors_of_typing_the_tables_are_as_assigned():
    made = counted_world()
    table = corrected_tables(made.counted, known_classification(np.eye(4)), Publication())[0]
    answers, group, w = made.codes("S1"), made.groups[0], made.weights
    for g in range(4):
        inside = (group == g) & (answers >= 0)
        assert table.n[g] == inside.sum()
        share = w[inside] @ (answers[inside] == 1) / w[inside].sum()
        assert table.estimate[1, g] == pytest.approx(share)
    everybody = answers >= 0
    assert table.estimate[1, -1] == pytest.approx(
        w[everybody] @ (answers[everybody] == 1) / w[everybody].sum()
    )


def test_standard_errors_grow_as_is_said():
    made = counted_world(n=4000)
    group, w = made.groups[0], made.weights
    sizes = np.bincount(group[group >= 0], w[group >= 0], 4)
    said = correction_of(known_classification(RATES), PROFILES, sizes / sizes.sum()).inflation
    plain = tables_of(made.counted, Publication())[2].standard_error[:5, :4]
    tables = corrected_tables(made.counted, known_classification(RATES), Publication())
    found = np.median(tables[2].standard_error[:5, :4] / plain, axis=0)
    np.testing.assert_allclose(found, said, rtol=0.15)


def test_items_that_people_are_typed_by_are_left_out():
    made = counted_world(model_items=("S1",))
    tables = corrected_tables(made.counted, known_classification(RATES), Publication())
    assert np.isnan(tables[0].estimate[:, :-1]).all()
    assert np.isfinite(tables[0].estimate[:, -1]).all()
    assert np.isfinite(tables[2].estimate).all()


def test_the_frame_says_what_its_numbers_rest_on():
    made = counted_world()
    frame = corrected_frame(
        corrected_tables(made.counted, known_classification(RATES), Publication())
    )
    assert set(frame.loc[frame["column"] == "total", "basis"]) == {"measured"}
    assert set(frame.loc[frame["column"] != "total", "basis"]) == {"corrected"}
    assert {"estimate", "standard_error", "low", "high", "difference", "p_value"} <= set(frame)


def test_a_typing_that_tells_nothing_is_refused_and_a_weak_one_is_said():
    made = counted_world()
    nothing = known_classification(np.full((4, 4), 0.25))
    with pytest.raises(CrosstabError, match="tells the profiles apart too poorly"):
        corrected_tables(made.counted, nothing, Publication())
    with pytest.raises(CrosstabError, match="too poorly"):
        correction_of(nothing, PROFILES)
    weak = known_classification(0.2 * np.eye(4) + 0.2)
    assert 4 < weak.condition < USELESS
    said = correction_of(weak, PROFILES)
    assert "weak" in said.notes[0]["en"]
    assert min(said.inflation) > 2
    assert correction_of(known_classification(RATES), PROFILES).notes == ()
    with pytest.raises(CrosstabError, match="is of 3 profiles and the tables have 4"):
        corrected_tables(made.counted, known_classification(np.eye(3)), Publication())
    unbannered = Counted(made.counted.layouts, Banner(()), made.counted.samples, made.counted.sums)
    with pytest.raises(CrosstabError, match="no columns of profiles"):
        corrected_tables(unbannered, weak, Publication())


def test_a_profile_that_correction_leaves_empty_has_no_numbers_and_a_sentence():
    sizes = np.array([0.5, 0.3, 0.19, 0.01])
    said = correction_of(known_classification(RATES), PROFILES, sizes)
    assert [note["en"] for note in said.notes] == ["After correction nobody is left of profile pd."]
    made = counted_world()
    rates = np.eye(4)
    rates[0] = [0.5, 0, 0, 0.5]
    table = corrected_tables(made.counted, known_classification(rates), Publication())[2]
    assert table.weighted_base[3] < 0
    assert np.isnan(table.estimate[:, 3]).all()
    assert np.isfinite(table.estimate[:, [0, 1, 2, 4]]).all()


TEXT = Text(nl="x")
IDENTITY = Identity(
    "T", "T", None, "t", "attitude", "single", TEXT, TEXT, None, "none", False, None, False
)


def share_and_mean(y, score):
    """A table of a share and of a mean over the same people."""
    numerator = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0]])
    square = np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0]])
    base = np.array([0, 0, 0, 1.0])
    rows = (Row("y", TEXT, "net"), Row("mean", TEXT, "mean"))
    return Layout(
        identity=IDENTITY,
        rows=rows,
        atoms=(y, score, score**2, np.ones(len(y), dtype=bool)),
        numerator=numerator,
        denominator=np.tile(base, (2, 1)),
        square=square,
        behind=numerator,
        shift=np.zeros(2),
        base=base,
        no_opinion=np.zeros(4),
        asked=base,
    )


def test_where_the_truth_is_known_the_bias_goes_and_intervals_hold():
    """A sample per round, and people of another study whose true profile is seen."""
    rng = np.random.default_rng(11)
    sizes = np.array([0.4, 0.3, 0.2, 0.1])
    shares, means = np.array([0.1, 0.35, 0.6, 0.85]), np.array([2.0, 2.5, 3.2, 4.0])
    truth = np.vstack([shares, means])
    n, judged, rounds = 2500, 2000, 200
    limits = RATES.cumsum(axis=1)[:, :3]
    found, assigned, covered = [], [], []
    for _ in range(rounds):
        true = rng.choice(4, n, p=sizes)
        typed = (rng.random(n)[:, None] > limits[true]).sum(axis=1)
        y = rng.random(n) < shares[true]
        score = means[true] + rng.normal(0, 1, n)
        weights = rng.gamma(4, 0.25, n)
        other = rng.choice(4, judged, p=sizes)
        seen = (rng.random(judged)[:, None] > limits[other]).sum(axis=1)
        counts = np.zeros((4, 4))
        np.add.at(counts, (other, seen), 1)
        rates = counts / counts.sum(axis=1, keepdims=True)
        errors = np.sqrt(rates * (1 - rates) / counts.sum(axis=1, keepdims=True))
        sample = weighted_sample(weights / weights.mean(), np.zeros(n, dtype=int), 1)
        banner = profile_banner(np.array(PROFILES, dtype=object)[typed], PROFILES, n)
        counted = count_tables(sample, [share_and_mean(y, score)], banner)
        table = corrected_tables(counted, known_classification(rates, errors), Publication())[0]
        found.append(table.estimate[:, :4])
        covered.append((table.low[:, :4] <= truth) & (truth <= table.high[:, :4]))
        plain = counted.linear(0, counted.sums[0]).estimate[:, :4]
        assigned.append(plain)
    bias, before = (np.abs(np.mean(each, axis=0) - truth) for each in (found, assigned))
    assert before.max(axis=1).min() > 0.09
    assert (bias.max(axis=1) < before.max(axis=1) / 8).all(), bias
    coverage = np.mean(covered, axis=0)
    assert 0.935 <= coverage.mean() <= 0.965
    assert ((coverage >= 0.90) & (coverage <= 0.98)).all(), coverage
