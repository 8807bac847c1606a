"""What may leave the bureau: size, precision, marks."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, QUESTIONS, world
from disclosure_world import edition, people
from hypothesis import given, settings
from hypothesis import strategies as st
from published_tables import counted

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.disclosure.change import publish_change
from flows.crosstabs.disclosure.rules import Rule, less_than
from flows.crosstabs.dry_run import dry_run
from flows.crosstabs.publish import publish, publish_table
from flows.crosstabs.rounding import one_decimal, whole_percent
from flows.crosstabs.tables import TOTAL, Flag, Verdict
from flows.definitions.dossier_plan import Publication

RULES = Publication()


def flags(published, row):
    return [cell.flag for cell in published.cells[[r.code for r in published.rows].index(row)]]


def test_values_are_rounded_in_the_data():
    made = world(2000)
    table = crosstab(
        made.frame,
        QUESTIONNAIRE,
        QUESTIONS,
        profile_banner(made.profile, PROFILES, len(made.frame)),
        made.weights,
        made.margins,
    )[0]
    published = publish_table(table, RULES)
    for r, row in enumerate(published.rows):
        for c in range(len(published.columns)):
            cell = published.cells[r][c]
            if cell.flag is Flag.BELOW:
                assert table.estimate[r, c] < cell.bound == pytest.approx(0.04, abs=0.03)
                continue
            unit = 10 if row.kind == "mean" else 100
            for value, full in (
                (cell.value, table.estimate),
                (cell.low, table.low),
                (cell.high, table.high),
            ):
                assert value == round(value * unit) / unit
                assert value == pytest.approx(full[r, c], abs=0.5 / unit + 1e-9)
            assert cell.low <= cell.value <= cell.high
    assert all(isinstance(n, int) for n in (*published.n, *published.n_eff))


@given(st.floats(0, 1), st.floats(-50, 50))
def test_rounding(share, mean):
    assert abs(whole_percent(share) - share) <= 0.005 + 1e-9
    assert abs(one_decimal(mean) - mean) <= 0.05 + 1e-9


def test_halves_go_up():
    assert [whole_percent(x) for x in (0.125, 0.005, 0.0049, 0.285)] == [0.13, 0.01, 0.0, 0.29]
    assert [one_decimal(x) for x in (3.25, -3.25, -0.01)] == [3.3, -3.3, 0.0]


def test_too_few_and_indicative():
    table = counted([[20, 24, 60, 200], [9, 11, 60, 200]])
    published = publish_table(table, RULES)
    assert flags(published, "a1")[:3] == [Flag.TOO_FEW, Flag.INDICATIVE, Flag.NONE]
    hidden = published.cells[0][0]
    assert (hidden.value, hidden.low, hidden.high, hidden.verdict) == (None, None, None, "")
    assert published.n == (29, 35, 120, 400, 584)
    assert published.dont_know[0].flag is Flag.TOO_FEW


def test_a_small_effective_base_is_indicative():
    table = counted([[100, 300], [100, 300]], spread=2.2)
    assert table.n_eff[0] < 30 < 50 < table.n[0]
    assert flags(publish_table(table, RULES), "a1")[0] is Flag.INDICATIVE


def test_nobody_was_asked():
    published = publish_table(counted([[0, 300], [0, 300]]), RULES)
    assert flags(published, "a1")[0] is Flag.NO_BASE
    assert published.dont_know[0].flag is Flag.NO_BASE


@pytest.mark.parametrize(
    ("share", "n", "bound"),
    [
        (0.002, 500, 0.01),
        (0.002, 401, 0.01),
        (0.01, 400, 0.02),
        (0.026, 150, 0.03),
        (0.017, 600, 0.02),
    ],
)
def test_the_bound_a_base_allows(share, n, bound):
    assert less_than(share, n, 4) == bound


def test_answers_of_a_few_persons_are_shown_as_less_than():
    published = publish_table(counted([[3, 300], [147, 300], [500, 300]]), RULES)
    cell = published.cells[0][0]
    assert (cell.value, cell.flag, cell.bound) == (None, Flag.BELOW, 0.01)
    published = publish_table(counted([[1, 300], [74, 300], [75, 300]]), RULES)
    assert published.cells[0][0].bound == 0.03


def test_somebody_is_not_nobody():
    published = publish_table(counted([[0, 8, 100], [4000, 4000, 5000]]), RULES)
    assert published.cells[0][0].value == 0.0
    assert (published.cells[0][1].flag, published.cells[0][1].bound) == (Flag.BELOW, 0.01)


def test_marks_need_chance_and_size():
    table = counted([[520, 480, 480], [480, 520, 520]])
    assert not any(c.verdict for row in publish_table(table, RULES).cells for c in row)
    table = counted([[600, 480, 480], [400, 520, 520]])
    published = publish_table(table, RULES)
    assert published.cell("a1", "p0").verdict is Verdict.HIGHER
    assert published.cell("a2", "p0").verdict is Verdict.LOWER
    assert published.cell("a1", TOTAL).verdict is Verdict.NONE
    # Twenty points among a handful is no more than chance.
    table = counted([[20, 150, 150], [15, 150, 150]])
    assert not any(c.verdict for row in publish_table(table, RULES).cells for c in row)


def test_model_items_carry_no_mark_and_no_finding():
    table = counted([[700, 300, 300], [300, 700, 700]], model_item=True)
    published = publish([table], RULES)
    assert not any(c.verdict for row in published.tables[0].cells for c in row)
    assert published.findings == ()


def test_special_questions_show_no_0_or_100_percent_in_small_groups():
    counts = [[0, 200, 200], [30, 200, 200], [40, 200, 200]]
    plain = publish_table(counted(counts), RULES)
    assert plain.cells[0][0].value == 0.0
    special = publish_table(counted(counts, special="political"), RULES)
    assert special.cells[0][0].flag is Flag.PROTECTED
    assert [row[0].flag for row in special.cells].count(Flag.PROTECTED) >= 2


def test_findings_are_ranked_and_marked_ones():
    tables = [
        counted([[600, 450, 450], [400, 550, 550]], number="Q1", headline="a1"),
        counted([[900, 450, 450], [100, 550, 550]], number="Q2", headline="a1"),
        counted([[500, 500, 500], [500, 500, 500]], number="Q3", headline="a1"),
        counted([[420, 300], [300, 420], [280, 280]], number="Q4", last=3),
    ]
    result = publish(tables, RULES, theme="t")
    assert [f.table for f in result.findings][:1] == ["Q2"]
    assert {f.table for f in result.findings} == {"Q1", "Q2", "Q4"}
    assert {f.row for f in result.findings if f.table == "Q4"} == {"a1", "a2"}
    strengths = [f.strength for f in result.findings]
    assert strengths == sorted(strengths, reverse=True)
    assert all(s > 0 for s in strengths)
    for f in result.findings:
        assert result.table(f.table).cell(f.row, f.column).verdict is f.direction
    assert result.hidden_cells == 0
    assert result.cells == 3 * 2 * 4 + 3 * 3


def test_of_two_answers_one_is_a_finding():
    result = publish([counted([[700, 400], [300, 600]])], RULES)
    assert {f.row for f in result.findings} == {"a1"} or {f.row for f in result.findings} == {"a2"}


def test_a_mean_is_marked_from_a_fifth_of_a_deviation():
    made = world(4000, untyped=0.0)
    table = crosstab(
        made.frame,
        QUESTIONNAIRE,
        ["N"],
        profile_banner(made.profile, PROFILES, 4000),
        made.weights,
        made.margins,
    )[0]
    assert not any(c.verdict for c in publish_table(table, RULES).cells[0])
    shifted = made.frame.assign(N=made.frame["N"] + np.where(made.profile == "pa", 8.0, 0.0))
    table = crosstab(
        shifted,
        QUESTIONNAIRE,
        ["N"],
        profile_banner(made.profile, PROFILES, 4000),
        made.weights,
        made.margins,
    )[0]
    result = publish([table], RULES)
    assert result.tables[0].cells[0][0].verdict is Verdict.HIGHER
    assert result.findings[0].column == "pa"
    assert result.findings[0].strength < 8 / table.standard_deviation[0, -1]


@settings(max_examples=3, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n=st.integers(200, 500))
def test_a_hidden_cell_loses_everything(seed, n):
    made = world(n, seed)
    tables = crosstab(
        made.frame,
        QUESTIONNAIRE,
        QUESTIONS,
        profile_banner(made.profile, PROFILES, len(made.frame)),
        made.weights,
        made.margins,
    )
    result = publish(tables, RULES)
    for published, table in zip(result.tables, tables, strict=True):
        for r, row in enumerate(published.cells):
            for c, cell in enumerate(row):
                if not cell.shown:
                    assert cell.flag in (Flag.TOO_FEW, Flag.PROTECTED, Flag.BELOW, Flag.NO_BASE)
                    assert (cell.low, cell.high, cell.verdict) == (None, None, Verdict.NONE)
                elif published.rows[r].kind != "mean":
                    assert table.n[c] >= 30
                    assert table.count[r, c] == 0 or table.count[r, c] > 4
    for finding in result.findings:
        assert result.table(finding.table).cell(finding.row, finding.column).shown


def test_in_one_area_an_answer_of_a_few_persons_is_never_told():
    table = counted([[3, 300], [147, 300], [500, 300]])
    assert publish([table], RULES).tables[0].cells[0][0].flag is Flag.BELOW
    local = publish([table], RULES, care=Care(everywhere=True)).tables[0]
    assert local.cells[0][0].flag is Flag.PROTECTED
    assert sum(row[0].flag is Flag.PROTECTED for row in local.cells) >= 2
    assert dry_run([table], RULES, care=Care(everywhere=True)).by_rule[Rule.SMALL] == 1


# ------------------------------------------------------------------ suppression is whole


def lettered(table, letters):
    return replace(table, letters=tuple(tuple(line) for line in letters))


def test_no_letter_names_a_hidden_column():
    table = counted([[300, 10, 100], [100, 14, 300]])
    assert table.n[1] == 24
    letters = [["B C", "", "", ""], ["", "A", "A B", ""]]
    published = publish_table(lettered(table, letters), RULES)
    assert published.cells[0][0].letters == "C"
    assert published.cells[1][2].letters == "A"
    assert published.cells[1][1].letters == ""  # hidden itself
    shown = publish_table(lettered(counted([[300, 100, 100], [100, 140, 300]]), letters), RULES)
    assert [cell.letters for cell in shown.cells[0]] == letters[0]


def test_letters_of_a_second_axis_name_its_own_columns():
    frame = people(900, 4, 0.2)
    table = edition(frame, (("age",), ("profile",)))[0]
    letters = [[""] * 6 for _ in table.rows]
    letters[0][4] = "A C"  # p1 above p0 and p2
    published = publish_table(lettered(table, letters), RULES)
    assert published.cells[0][4].letters == "A C"


def test_a_mark_that_only_a_hidden_column_gives_meaning_is_taken_away():
    # Of two profiles one is too few: that p1 is higher than all others says how p0 answered.
    table = counted([[5, 500], [20, 300]])
    marked_table = replace(
        table, p_adjusted=np.where(np.arange(3) < 2, 0.001, np.nan)[None].repeat(2, 0)
    )
    assert abs(marked_table.difference[0, 1]) > 0.05
    published = publish([marked_table], RULES)
    assert published.tables[0].cells[0][0].flag is Flag.TOO_FEW
    assert not any(c.verdict for row in published.tables[0].cells for c in row)
    assert published.findings == ()


def test_rows_of_other_kinds_are_rounded_in_their_units():
    table = edition(people(600, 2), (("profile",),))[0]
    published = publish_table(table, RULES)
    score = next(r for r, row in enumerate(published.rows) if row.kind == "score")
    for c, cell in enumerate(published.cells[score]):
        assert cell.value == pytest.approx(table.estimate[score, c], abs=0.005 + 1e-9)
        assert round(cell.value * 100) == pytest.approx(cell.value * 100)


# ------------------------------------------------------------------ a dry run


def test_a_dry_run_tells_what_publishing_hides():
    tables = [
        counted([[2, 250, 200], [8, 150, 200], [50, 200, 200]], number="Q1", headline="a1"),
        counted([[20, 300, 100], [4, 100, 300]], number="Q2", headline="a1"),
    ]
    result, published = dry_run(tables, RULES), publish(tables, RULES)
    assert (result.hidden_cells, result.cells) == (published.hidden_cells, published.cells)
    gone = {(c.table, c.row, c.column) for c in result.hidden if c.row != "dont_know"}
    assert gone == {
        (table.identity.number, row.code, column)
        for table in published.tables
        for row, cells in zip(table.rows, table.cells, strict=True)
        for column, cell in zip(table.columns, cells, strict=True)
        if cell.flag in (Flag.TOO_FEW, Flag.PROTECTED)
    }
    rules = {(c.table, c.row, c.column): c.rule for c in result.hidden}
    assert rules["Q1", "a1", "p0"] is Rule.SMALL
    assert rules["Q1", "a2", "p0"] is Rule.COMPLEMENT
    assert rules["Q2", "a1", "p0"] is Rule.TOO_FEW
    assert sum(result.by_rule.values()) == result.hidden_cells
    partner = next(c for c in result.hidden if c.rule is Rule.COMPLEMENT)
    assert partner.protects == "Q1 a1 in p0"
    text = "\n".join(result.lines())
    assert f"{published.hidden_cells} of {published.cells} cells would be hidden" in text
    assert "p0, a2: so that Q1 a1 in p0 does not follow" in text


def test_a_dry_run_names_the_findings_that_vanish():
    # 35 people of whom 4 say a1: the finding of p0 goes with the cell that is hidden.
    table = counted([[4, 400, 400], [50, 100, 100], [6, 100, 100]], headline="a1")
    lost = dry_run([table], RULES).lost
    assert [(f.table, f.row, f.column) for f in lost] == [("Q", "a1", "p0")]
    assert not any(f.column == "p0" for f in publish([table], RULES).findings)


def test_a_dry_run_of_what_hides_nothing():
    result = dry_run([counted([[100, 200], [200, 100]])], RULES)
    assert (result.hidden, result.lost, result.by_rule) == ((), (), {})
    assert next(iter(result.lines())).startswith("0 of 6 cells")


# ------------------------------------------------------------------ a change


def test_a_change_is_that_of_the_published_figures():
    before = publish_table(counted([[210, 300], [190, 100]]), RULES)
    after = publish_table(counted([[245, 300], [155, 100]]), RULES)
    change = SimpleNamespace(
        rows=before.rows,
        columns=before.columns,
        low=np.full((2, 3), 0.021),
        high=np.full((2, 3), 0.1534),
    )
    cells = publish_change(before, after, change)
    # 52.5% and 61.25% are shown as 53% and 61%, so the change is 8 points.
    assert cells[0][0].value == pytest.approx(0.08)
    assert (cells[0][0].low, cells[0][0].high) == (pytest.approx(0.01), pytest.approx(0.15))
    assert cells[0][0].high - cells[0][0].low >= 0.1534 - 0.021


def test_a_change_is_hidden_when_either_side_is():
    before = publish_table(counted([[20, 300, 300], [5, 100, 200]]), RULES)
    after = publish_table(counted([[100, 300, 3], [100, 100, 497]]), RULES)
    change = SimpleNamespace(
        rows=before.rows, columns=before.columns, low=np.zeros((2, 4)), high=np.ones((2, 4))
    )
    cells = publish_change(before, after, change)
    assert cells[0][0].flag is Flag.TOO_FEW
    assert after.cells[0][2].flag is Flag.BELOW
    assert (cells[0][2].value, cells[0][2].low, cells[0][2].flag) == (None, None, Flag.PROTECTED)
    assert cells[0][1].value is not None
    assert publish_change(before, None, change)[0][1].value is None
