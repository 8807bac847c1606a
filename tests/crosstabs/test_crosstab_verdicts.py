"""Marks per table and axis, findings over the whole dossier about profiles, and named rules."""

from dataclasses import replace

import numpy as np
import pytest
from counted_world import counted_world
from statsmodels.stats.multitest import multipletests

from flows.crosstabs.crosstab import tables_of
from flows.crosstabs.findings import find, main_rows
from flows.crosstabs.publish import publish_table
from flows.crosstabs.tables import Cell, Flag, Row
from flows.crosstabs.verdicts import adjusted, in_points, large_enough, marked
from flows.definitions.dossier_plan import Publication
from flows.definitions.models import Text

TEXT = Text(nl="x")
LOW = Publication(minimum_points=1, minimum_sd=0.01)


@pytest.fixture(scope="module")
def tables():
    return tables_of(counted_world(n=2500).counted, LOW)


def published(tables, publication=LOW):
    return [publish_table(table, publication) for table in tables]


@pytest.mark.parametrize(
    ("correction", "method"),
    [("benjamini_hochberg", "fdr_bh"), ("holm", "holm"), ("bonferroni", "bonferroni")],
)
def test_the_tests_of_each_axis_are_corrected_together(tables, correction, method):
    table = tables[0]
    found = adjusted(table.p_value, [table.rows], table.columns, correction)
    for places in (slice(0, 4), slice(4, 7)):
        family = table.p_value[:, places]
        expected = multipletests(family.ravel(), method=method)[1].reshape(family.shape)
        np.testing.assert_allclose(found[:, places], expected, rtol=1e-12)
    assert np.isnan(found[:, -1]).all()


def test_without_correction_the_tests_stand_as_they_are(tables):
    table = tables[0]
    found = adjusted(table.p_value, [table.rows], table.columns, "none")
    np.testing.assert_array_equal(found[:, :-1], table.p_value[:, :-1])


def test_medians_and_deviations_carry_no_tests():
    rows = (Row("a", TEXT, "answer"), Row("median", TEXT, "median"), Row("sd", TEXT, "sd"))
    p = np.full((3, 3), 0.01)
    found = adjusted(p, [rows], ("pa", "pb", "total"), "bonferroni")
    np.testing.assert_allclose(found[0, :2], 0.02)
    assert np.isnan(found[1:]).all()


def test_scores_and_effects_count_as_shares_but_an_effect_on_a_mean_as_a_mean():
    rows = (
        Row("a", TEXT, "answer"),
        Row("net", TEXT, "net"),
        Row("score", TEXT, "score"),
        Row("mean", TEXT, "mean"),
        Row("e1", TEXT, "effect", members=("a", "net")),
        Row("e2", TEXT, "effect", members=("mean", "mean")),
        Row("median", TEXT, "median"),
    )
    assert in_points(rows).tolist() == [True, True, True, False, True, False, False]


def test_items_of_the_model_and_rules_in_pairs_mark_nothing(tables):
    table = tables[0]
    assert marked(table, LOW).any()
    item = replace(table, identity=replace(table.identity, model_item=True))
    assert not marked(item, LOW).any()
    for test in ("dimensions", "spss"):
        assert not marked(table, LOW.model_copy(update={"test": test})).any()
    assert not marked(table, LOW.model_copy(update={"minimum_points": 90, "minimum_sd": 9})).any()


def test_findings_are_about_profiles_and_corrected_over_the_whole_dossier(tables):
    # A difference between regions that no reader could miss.
    strong = replace(tables[2], p_value=np.where(np.isnan(tables[2].p_value), np.nan, 1e-9))
    dossier = [tables[0], strong, tables[3]]
    shown = published(dossier)
    found = find(dossier, shown, LOW)
    assert found
    assert {finding.column for finding in found} <= {"pa", "pb", "pc", "pd"}
    family = [
        (t, r, c)
        for t, table in enumerate(dossier)
        for r in main_rows(table)
        for c in range(4)
        if np.isfinite(table.p_value[r, c]) and shown[t].cells[r][c].shown
    ]
    p = [dossier[t].p_value[r, c] for t, r, c in family]
    beyond = multipletests(p, method="fdr_bh")[0]
    allowed = {
        (dossier[t].identity.number, dossier[t].rows[r].code, dossier[t].columns[c])
        for (t, r, c), good in zip(family, beyond, strict=True)
        if good and large_enough(dossier[t], LOW)[r, c]
    }
    assert {(f.table, f.row, f.column) for f in found} <= allowed


def test_a_table_beside_two_banners_counts_once(tables):
    once = find(tables[:1], published(tables[:1]), LOW)
    twice = find([tables[0], tables[0]], published([tables[0], tables[0]]), LOW)
    assert once == twice
    assert once


def test_tables_of_part_of_the_people_give_no_findings(tables):
    part = replace(tables[0], identity=replace(tables[0].identity, filter=(("age", ("1",)),)))
    assert find([part], published([part]), LOW) == ()


def test_where_columns_have_letters_findings_need_no_mark(tables):
    letters = LOW.model_copy(update={"test": "dimensions"})
    dossier = list(tables[:1])
    shown = published(dossier, letters)
    assert not any(cell.verdict for row in shown[0].cells for cell in row)
    found = find(dossier, shown, letters)
    assert found == find(dossier, published(dossier), LOW)
    r = next(i for i, row in enumerate(dossier[0].rows) if row.code == found[0].row)
    hidden = Cell(None, flag=Flag.PROTECTED)
    for gone in ([7], [c for c in range(4) if dossier[0].columns[c] != found[0].column]):
        cells = [list(line) for line in shown[0].cells]
        for c in gone:
            cells[r][c] = hidden
        without = replace(shown[0], cells=tuple(map(tuple, cells)))
        assert found[0] not in find(dossier, [without], letters)


def test_a_headline_without_tests_gives_no_findings(tables):
    table = tables[0]
    rows = tuple(replace(row, kind="median") if row.code == "mean" else row for row in table.rows)
    odd = replace(table, rows=rows, identity=replace(table.identity, headline="mean"))
    assert main_rows(odd) == ()
    effect = (Row("a", TEXT, "net"), Row("e", TEXT, "effect", members=("a", "a")))
    experiment = replace(table, rows=effect, identity=replace(table.identity, headline=None))
    assert main_rows(experiment) == (1,)
