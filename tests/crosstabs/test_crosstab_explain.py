"""What made a cell of a stored table: interval rule, verdict, hiding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rows_world import PROFILES, QUESTIONNAIRE, rows_world

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.explain.number import CellExplained, explain_cell, withheld
from flows.crosstabs.tables import TOTAL, Table
from flows.crosstabs.verdicts import marked
from flows.definitions.models import Publication

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
    shown: bool = True,
    verdict: str | None = None,
    freedom: int = PEOPLE - 1,
) -> CellExplained:
    question = QUESTIONNAIRE.question(table.identity.question)
    return explain_cell(
        table, question, row, column, publication, freedom, shown=shown, verdict=verdict
    )


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


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"n": 12}, "too_few"),
        ({"n": 0}, "no_base"),
        ({"n": 80, "count": 3}, "small_answer"),
        ({"n": 80, "count": 80, "estimate": 1.0}, "special"),
        ({}, "complement"),
    ],
)
def test_why_a_number_is_hidden(
    changes: dict[str, float], rule: str, tables: dict[str, Table]
) -> None:
    table = tables["S"]
    table = replace(table, identity=replace(table.identity, special="health"))
    r, c = table.row("2"), table.columns.index("pc")
    for name, value in changes.items():
        values = getattr(table, name).copy()
        values[c if name == "n" else (r, c)] = value
        table = replace(table, **{name: values})
    told = explained(table, "2", "pc", shown=False)
    assert told.hidden is not None
    assert told.hidden.rule == rule


def test_a_complement_names_what_it_protects(tables: dict[str, Table]) -> None:
    table = tables["S"]
    n = table.n.copy()
    n[table.columns.index("pb")] = 12
    told = explained(replace(table, n=n), "2", "pc", shown=False)
    assert told.hidden is not None
    assert "2:pb" in told.hidden.reason


def test_withheld_leaves_nothing_of_the_number(tables: dict[str, Table]) -> None:
    told = withheld(explained(tables["S"], "2", "pc", shown=False), people=True, opinions=True)
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
