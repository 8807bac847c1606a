"""Columns in pairs: against quantipy3 on the same data, and against plain numpy and statsmodels."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from counted_world import DESIGNS, counted_world, experiment
from letters_panel import COLUMNS, MEANS, SHARES, fingerprint, panel
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportions_ztest

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.counts import count_tables
from flows.crosstabs.crosstab import checked_weights, tables_of
from flows.crosstabs.layout.layouts import layouts
from flows.crosstabs.pairwise import all_letters, column_letters, compare, letters
from flows.definitions.dossier_plan import Publication
from flows.definitions.options import MISSING_CODES, Option
from flows.definitions.questions import Dimension, Question, QuestionType
from flows.statistics.linearisation import degrees_of_freedom
from flows.statistics.variance import weighted_sample

REFERENCE = Path(__file__).with_name("letters_by_quantipy.csv")


@pytest.fixture(scope="module")
def people():
    frame = panel()
    written = REFERENCE.read_text(encoding="utf-8").partition("\n")[0]
    assert written == f"# {fingerprint(frame)}", "not the panel that quantipy3 was given"
    return frame


@pytest.fixture(scope="module")
def counted(people):
    questions, frame = [], {}
    for name, count in {**SHARES, **MEANS}.items():
        options = tuple(Option(code=str(i), nl=str(i)) for i in range(1, count + 1))
        questions.append(
            Question(
                code=name,
                type=QuestionType.SINGLE,
                dimension=Dimension.ATTITUDE,
                text=name,
                options=options,
                mean=name in MEANS,
            )
        )
        codes = people[name].fillna(0).astype(int).to_numpy() - 1
        codes = np.where(codes < 0, count, codes)
        frame[name] = pd.Categorical.from_codes(
            codes, [*(option.code for option in options), *MISSING_CODES]
        )
    n = len(people)
    sample = weighted_sample(checked_weights(people["w"], n), np.zeros(n, dtype=int), 1)
    banner = profile_banner(people["b"].astype(int).astype(str), COLUMNS, n)
    tables = layouts(pd.DataFrame(frame), tuple(questions), "w", "t", frozenset())
    return count_tables(sample, tables, banner)


@pytest.mark.parametrize("level", ["0.05", "0.01"])
def test_letters_equal_the_dimensions_test_of_quantipy3(counted, level):
    found = all_letters(counted, Publication(alpha=float(level)), "dimensions")
    names = dict(zip(column_letters(len(COLUMNS)), COLUMNS, strict=True))
    reference = pd.read_csv(REFERENCE, comment="#", dtype=str).fillna("")
    reference = reference[reference["level"] == level]
    compared = agreed = lettered = 0
    for layout, rows in zip(counted.layouts, counted.rows, strict=True):
        for r, row in enumerate(layout.rows):
            statistic = "mean" if row.kind == "mean" else "share"
            lines = reference[
                (reference["question"] == layout.identity.question)
                & (reference["statistic"] == statistic)
                & ((reference["answer"] == row.code) | (statistic == "mean"))
            ].set_index("column")["above"]
            for c, column in enumerate(COLUMNS):
                if column not in lines:
                    continue
                ours = {names[letter] for letter in found[rows.start + r, c].split()}
                theirs = set(lines[column].split())
                compared += 1
                agreed += ours == theirs
                lettered += bool(theirs)
    assert compared == len(reference) > 180
    assert lettered > 40
    assert agreed == compared


def people_of(made, name):
    answers, group = made.codes(name), made.groups[0]
    return answers, group, made.weights


@pytest.mark.parametrize("design", DESIGNS)
def test_pairs_are_design_based_and_corrected_over_the_table(design):
    made = counted_world(design)
    pairs = compare(made.counted, 0, Publication(), "pairwise")
    answers, group, w = people_of(made, "S1")
    rows, design_of = made.counted.rows[0], made.design
    freedom = made.counted.degrees_of_freedom
    p_values = []
    for answer in range(5):
        u = []
        for g in range(4):
            inside = (group == g) & (answers >= 0)
            share = w[inside] @ (answers[inside] == answer) / w[inside].sum()
            u.append(inside * ((answers == answer) - share) / w[inside].sum())
        joint = made.covariance(np.array(u).T)
        for p, (i, j) in enumerate(zip(pairs.first, pairs.second, strict=True)):
            ni, nj = ((group == g) & (answers >= 0) for g in (i, j))
            ei, ej = (w[x].sum() ** 2 / (w[x] ** 2).sum() for x in (ni, nj))
            both = ni | nj
            pooled = w[both] @ (answers[both] == answer) / w[both].sum()
            error = np.sqrt(joint[i, i] + joint[j, j] - 2 * joint[i, j])
            if min(ei, ej) * min(pooled, 1 - pooled) < 50:
                error = max(error, np.sqrt(pooled * (1 - pooled) * (1 / ei + 1 / ej)))
            means = [w[x] @ (answers[x] == answer) / w[x].sum() for x in (ni, nj)]
            welch = (1 / ei + 1 / ej) ** 2 / (ei**-2 / (ei - 1) + ej**-2 / (ej - 1))
            t = (means[0] - means[1]) / error
            own = []
            for x, e, m in zip((ni, nj), (ei, ej), (joint[i, i], joint[j, j]), strict=True):
                few = min(ei, ej) * min(pooled, 1 - pooled) < 50
                v = max(m, pooled * (1 - pooled) / e) if few else m
                own.append((v, degrees_of_freedom(len(w), design_of.strata, design_of.clusters, x)))
            (v1, f1), (v2, f2) = own
            by_cluster = (v1 + v2) ** 2 / (v1**2 / f1 + v2**2 / f2)
            if design_of.clusters is None:
                by_cluster = np.inf
            expected = 2 * stats.t.sf(abs(t), min(welch, freedom, by_cluster))
            assert pairs.p_value[rows.start + answer, p] == pytest.approx(expected, rel=1e-8)
            assert pairs.difference[rows.start + answer, p] == pytest.approx(means[0] - means[1])
            p_values.append(expected)
    family = pairs.p_value[rows]
    expected = multipletests(family.ravel(), method="fdr_bh")[1].reshape(family.shape)
    np.testing.assert_allclose(pairs.p_adjusted[rows], expected, rtol=1e-12)


def test_effects_of_an_arm_are_compared_design_based_and_not_by_plain_rules():
    n = 8000
    rng = np.random.default_rng(8)
    arm, y = rng.integers(0, 2, n), rng.random(n) < 0.5
    made = counted_world("strata", n, extra=(experiment(y, arm),))
    pairs = compare(made.counted, 0, Publication(), "pairwise")
    group, w = made.groups[0], made.weights
    u, effects, behind = [], [], []
    for g in range(4):
        one, two = (group == g) & (arm == 1), (group == g) & (arm == 0)
        behind.append(1 / sum((w[x] ** 2).sum() / w[x].sum() ** 2 for x in (one, two)))
        shares = w @ (one & y) / w[one].sum(), w @ (two & y) / w[two].sum()
        effects.append(shares[0] - shares[1])
        u.append(one * (y - shares[0]) / w[one].sum() - two * (y - shares[1]) / w[two].sum())
    joint = made.covariance(np.array(u).T)
    row = made.counted.rows[-1].stop - 1
    for p, (i, j) in enumerate(zip(pairs.first, pairs.second, strict=True)):
        error = np.sqrt(joint[i, i] + joint[j, j] - 2 * joint[i, j])
        e, f = behind[i], behind[j]
        welch = (1 / e + 1 / f) ** 2 / (e**-2 / (e - 1) + f**-2 / (f - 1))
        t = (effects[i] - effects[j]) / error
        assert pairs.p_value[row, p] == pytest.approx(2 * stats.t.sf(abs(t), welch), rel=1e-6)
    for rule in ("dimensions", "spss"):
        plain = compare(made.counted, 0, Publication(), rule)
        assert np.isnan(plain.p_value[row]).all()
        assert np.isfinite(plain.p_value[row - 1]).all()


@pytest.mark.parametrize(("correction", "method"), [("holm", "holm"), ("bonferroni", "bonferroni")])
def test_other_corrections_of_pairs(correction, method):
    made = counted_world()
    pairs = compare(made.counted, 1, Publication(correction=correction), "pairwise")
    for rows in made.counted.rows:
        family = pairs.p_value[rows].ravel()
        expected = multipletests(family, method=method)[1]
        np.testing.assert_allclose(pairs.p_adjusted[rows].ravel(), expected, rtol=1e-12)
    plain = compare(made.counted, 1, Publication(correction="none"), "pairwise")
    np.testing.assert_array_equal(plain.p_adjusted, plain.p_value)


def test_spss_counts_weights_as_whole_people_and_corrects_within_the_row():
    made = counted_world()
    pairs = compare(made.counted, 0, Publication(), "spss")
    answers, group, w = people_of(made, "S1")
    for answer in range(5):
        count = [round(w[(group == g) & (answers == answer)].sum()) for g in range(4)]
        base = [round(w[(group == g) & (answers >= 0)].sum()) for g in range(4)]
        used = [
            p
            for p, ij in enumerate(zip(pairs.first, pairs.second, strict=True))
            if all(0 < count[g] < base[g] for g in ij)
        ]
        expected = [
            proportions_ztest(
                [count[pairs.first[p]], count[pairs.second[p]]],
                [base[pairs.first[p]], base[pairs.second[p]]],
            )[1]
            for p in used
        ]
        np.testing.assert_allclose(pairs.p_value[answer, used], expected, rtol=1e-9)
        np.testing.assert_allclose(
            pairs.p_adjusted[answer, used],
            multipletests(expected, method="bonferroni")[1],
            rtol=1e-9,
        )
        unused = np.setdiff1d(np.arange(6), used)
        assert np.isnan(pairs.p_value[answer, unused]).all()


def test_spss_pools_the_variance_of_means_over_all_columns():
    made = counted_world()
    rows = made.counted.rows[0]
    kinds = [row.kind for row in made.counted.layouts[0].rows]
    pairs = compare(made.counted, 0, Publication(), "spss")
    answers, group, w = people_of(made, "S1")
    parts = [(answers[g], w[g]) for g in ((group == k) & (answers >= 0) for k in range(4))]
    mean = [np.average(x + 1, weights=v) for x, v in parts]
    total = sum(v.sum() for _, v in parts)
    within = sum(v @ (x + 1 - m) ** 2 for (x, v), m in zip(parts, mean, strict=True))
    for p, (i, j) in enumerate(zip(pairs.first, pairs.second, strict=True)):
        error = np.sqrt(within / (total - 4) * (1 / parts[i][1].sum() + 1 / parts[j][1].sum()))
        expected = 2 * stats.t.sf(abs(mean[i] - mean[j]) / error, total - 4)
        found = pairs.p_value[rows.start + kinds.index("mean"), p]
        assert found == pytest.approx(expected, rel=1e-9)


def test_a_letter_stands_with_the_higher_column_and_only_from_the_threshold():
    made = counted_world(n=3000)
    strict = Publication(minimum_points=0)
    for rule in ("pairwise", "dimensions", "spss"):
        pairs = compare(made.counted, 0, strict, rule)
        found = all_letters(made.counted, strict, rule)
        assert pairs.higher.any()
        for r, p in np.argwhere(pairs.higher):
            i, j = pairs.first[p], pairs.second[p]
            above, below = (i, j) if pairs.difference[r, p] > 0 else (j, i)
            assert "ABCD"[below] in found[r, above].split()
            assert "ABCD"[above] not in found[r, below].split()
        assert sum(len(cell.split()) for cell in found[:, :4].ravel()) == pairs.higher.sum()
    far = compare(made.counted, 0, Publication(minimum_points=100, minimum_sd=100), "pairwise")
    assert not far.higher.any()


def test_items_of_the_model_and_small_columns_are_not_compared():
    made = counted_world(model_items=("S1",))
    for rule in ("pairwise", "dimensions", "spss"):
        pairs = compare(made.counted, 0, Publication(), rule)
        assert np.isnan(pairs.p_value[made.counted.rows[0]]).all()
        assert np.isfinite(pairs.p_value[made.counted.rows[2]]).any()
    pairs = compare(made.counted, 0, Publication(minimum_base=10_000), "pairwise")
    assert np.isnan(pairs.p_value).all()


def test_letters_of_many_columns():
    names = column_letters(60)
    assert names[:3] == ("A", "B", "C")
    assert names[25:28] == ("Z", "AA", "AB")
    assert len(set(names)) == 60


def test_tables_have_letters_where_the_rule_asks_for_them():
    made = counted_world()
    tables = tables_of(made.counted, Publication())
    assert letters(made.counted, tables, Publication()) == tables
    rule = Publication(test="dimensions")
    lettered = letters(made.counted, tables, rule)
    found = all_letters(made.counted, rule)
    for table, rows in zip(lettered, made.counted.rows, strict=True):
        assert table.letters == tuple(map(tuple, found[rows]))
        assert all(cell == "" for *_, cell in table.letters)
    assert any(cell for table in lettered for line in table.letters for cell in line)
