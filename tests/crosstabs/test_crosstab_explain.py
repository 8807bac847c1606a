"""What made a cell of a stored table: interval rule, verdict, hiding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rows_world import PROFILES, QUESTIONNAIRE, rows_world

from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.dry_run import dry_run
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.explain.hiding import why_hidden
from flows.crosstabs.explain.number import CellExplained, Hidden, explain_cell, withheld
from flows.crosstabs.tables import TOTAL, Table
from flows.crosstabs.verdicts import marked
from flows.definitions.dossier_plan import Publication

PEOPLE = 900


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    return rows_world(PEOPLE).tables()


def explained(
    table: Table,
    row: str,
    column: str,
    publication: Publication = Publication(),  # noqa: B008
    *,
    freedom: int = PEOPLE - 1,
) -> CellExplained:
    question = QUESTIONNAIRE.question(table.identity.question)
    return explain_cell(table, question, row, column, publication, freedom)


@pytest.mark.parametrize("number", ["S", "A", "L", "M", "O"])
def test_shares_have_the_interval_their_expected_number_asks_for(
    number: str, tables: dict[str, Table]
) -> None:
    table = tables[number]
    found = set()
    for row in table.rows:
        if row.kind not in ("answer", "net"):
            continue
        for c, column in enumerate(table.columns):
            told = explained(table, row.code, column).estimate
            assert told is not None
            share = table.estimate[table.row(row.code), c]
            few = table.n_eff[c] * min(share, 1 - share) < 10
            assert told.interval == ("korn_graubard" if few else "logit")
            assert ("fewer than 10" in told.why_interval) == few
            found.add(told.interval)
    assert "logit" in found


def test_small_groups_have_korn_graubard() -> None:
    table = rows_world(60).tables("S")["S"]
    told = explained(table, "1", "pc", freedom=59).estimate
    assert told is not None
    assert told.interval == "korn_graubard"


def test_means_have_a_t_interval_and_an_unknown_rule_is_called_that(
    tables: dict[str, Table],
) -> None:
    told = explained(tables["S"], "mean", TOTAL).estimate
    assert told is not None
    assert told.interval == "t"
    other = replace(tables["S"], low=tables["S"].low - 0.01)
    again = explained(other, "mean", TOTAL).estimate
    assert again is not None
    assert again.interval == "other"


def test_the_verdict_is_that_of_the_tables(tables: dict[str, Table]) -> None:
    publication = Publication()
    seen = set()
    for table in tables.values():
        marks = marked(table, publication)
        for r, row in enumerate(table.rows):
            for c, column in enumerate(table.columns):
                told = explained(table, row.code, column).compared
                assert told is not None
                assert bool(told.verdict) == bool(marks[r, c])
                if told.verdict:
                    assert (told.difference or 0) * (1 if told.verdict == "higher" else -1) > 0
                seen.add(told.why.split(":")[0].split(" (")[0])
    assert {
        "beyond chance", "not beyond chance", "everybody together is compared with nobody",
        "a row of this kind is not tested",
    } <= seen  # fmt: skip


def test_why_there_is_no_test(tables: dict[str, Table]) -> None:
    table = tables["S"]
    item = replace(table, identity=replace(table.identity, model_item=True))
    told = explained(item, "eens", "pa").compared
    assert told is not None
    assert told.why.startswith("the question helps define the profiles")
    small = rows_world(60).tables("S")["S"]
    told = explained(small, "eens", "pc", freedom=59).compared
    assert told is not None
    assert told.why == "not tested: fewer than 30 people in this column answered"
    told = explained(table, "eens", "pa", Publication(test="dimensions")).compared
    assert told is not None
    assert told.why == "columns are compared in pairs (dimensions), by letters"


def test_beyond_chance_but_too_small_is_told(tables: dict[str, Table]) -> None:
    table = tables["S"]
    publication = Publication(minimum_points=60)
    c = int(np.nanargmin(table.p_adjusted[table.row("eens"), :-1]))
    assert table.p_adjusted[table.row("eens"), c] < 0.05
    told = explained(table, "eens", PROFILES[c], publication).compared
    assert told is not None
    assert told.verdict == ""
    assert told.threshold == 0.6
    assert "smaller than the difference that is marked" in told.why
    mean = explained(table, "mean", "pa").compared
    assert mean is not None
    deviation = table.standard_deviation[table.row("mean"), -1]
    assert mean.threshold == pytest.approx(0.2 * deviation)


def hidden(
    table: Table,
    row: str,
    column: str,
    care: Care = Care(),  # noqa: B008
    **changes: float,
) -> Hidden:
    """Why a cell of a table is hidden by today's rules, with some numbers in it changed."""
    r, c = table.row(row), table.columns.index(column)
    for name, value in changes.items():
        values = getattr(table, name).copy()
        values[c if name == "n" else (r, c)] = value
        table = replace(table, **{name: values})
    recorded = dry_run([table], Publication(), care=care).hidden
    return why_hidden(table, row, column, Publication(), care, recorded)


LOCAL, SPECIAL = Care(everywhere=True), Care(special=frozenset({"profile"}))


@pytest.mark.parametrize(
    ("special", "care", "changes", "rule", "says"),
    [
        ("none", Care(), {"n": 12}, "too_few", "fewer than 30 people"),
        ("none", Care(), {"n": 0}, "no_base", "nobody in this column"),
        ("none", Care(), {"n": 500, "estimate": np.nan}, "no_base", "nobody in this column"),
        ("none", Care(), {"n": 80, "count": 3}, "small_answer", "in a base under 100"),
        ("none", LOCAL, {"n": 500, "count": 3}, "small_answer", "below a province"),
        ("health", Care(), {"n": 80, "count": 80, "estimate": 1.0}, "special",
         "0% or 100% of a special question"),
        ("none", SPECIAL, {"n": 80, "count": 80, "estimate": 1.0}, "special",
         "among people whom a special question makes"),
        ("none", Care(), {}, "unknown", "the present definitions and code would show it"),
    ],
)  # fmt: skip
def test_why_a_number_is_hidden(
    special: str,
    care: Care,
    changes: dict[str, float],
    rule: str,
    says: str,
    tables: dict[str, Table],
) -> None:
    table = replace(tables["S"], identity=replace(tables["S"].identity, special=special))
    told = hidden(table, "2", "pc", care, **changes)
    assert told.rule == rule
    assert says in told.reason


def test_a_complement_names_what_it_protects(tables: dict[str, Table]) -> None:
    table = tables["S"]
    n = table.n.copy()
    n[table.columns.index("pb")] = 12
    recorded = dry_run([replace(table, n=n)], Publication()).hidden
    others = [cell for cell in recorded if cell.column != "pb" and cell.row != "dont_know"]
    assert others
    for cell in others:
        told = why_hidden(table, cell.row, cell.column, Publication(), Care(), recorded)
        assert told.rule == "complement"
        assert cell.protects in told.reason
        assert "protects another number: S" in told.reason


def test_withheld_leaves_nothing_of_the_number(tables: dict[str, Table]) -> None:
    cell = replace(explained(tables["S"], "2", "pc"), hidden=Hidden("small_answer", "1 to 4"))
    told = withheld(cell, people=True, opinions=True)
    assert (told.estimate, told.compared, told.bases.behind) == (None, None, None)
    assert told.bases.answered == tables["S"].n[tables["S"].columns.index("pc")]
    alone = withheld(explained(tables["S"], "2", "pc"), people=False, opinions=False)
    assert alone.estimate is not None
    assert (alone.bases.answered, alone.bases.weighted, alone.bases.asked) == (None, None, None)
    whole = explained(tables["S"], "2", "pc")
    assert withheld(whole, people=True, opinions=True) == whole


@pytest.mark.parametrize(
    ("number", "row", "says"),
    [
        ("S", "eens", "is counted apart"),
        ("A", "eens", "who does not know included"),
        ("L", "eens", "who does not know, refused, or skipped it is out"),
        ("M", "a", "who does not know included"),
        ("R", "a", "put an option first"),
        ("X", "S-geld", "given the arm by chance"),
    ],
)
def test_the_missing_rule_is_that_of_the_question(
    number: str, row: str, says: str, tables: dict[str, Table]
) -> None:
    assert says in explained(tables[number], row, TOTAL).counted.missing


def test_what_a_row_counts(tables: dict[str, Table]) -> None:
    assert [o[0] for o in explained(tables["S"], "eens", TOTAL).counted.options] == ["1", "2"]
    assert [o[0] for o in explained(tables["S"], "saldo", TOTAL).counted.options] == [
        "eens", "oneens",
    ]  # fmt: skip
    scores = {
        code: score for code, _, score in explained(tables["S"], "mean", TOTAL).counted.options
    }
    assert scores == {"1": 5, "2": 4, "3": 3, "4": 2, "5": 1}


def test_a_row_or_column_that_is_not_there_is_refused(tables: dict[str, Table]) -> None:
    with pytest.raises(CrosstabError, match="Its rows are: 1, 2"):
        explained(tables["S"], "nee", TOTAL)
    with pytest.raises(CrosstabError, match="Its columns are: pa, pb, pc, total"):
        explained(tables["S"], "eens", "px")


def test_a_rule_with_its_own_correction_is_told_with_that(tables: dict[str, Table]) -> None:
    told = explained(tables["S"], "eens", "pa", Publication(test="spss")).compared
    assert told is not None
    assert told.correction == "bonferroni"
