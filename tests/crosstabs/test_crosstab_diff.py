"""Comparing the published numbers of two editions."""

from __future__ import annotations

import pandas as pd
import pytest

from flows.crosstabs.diff.editions import TableDiff, compare
from flows.crosstabs.diff.lines import changes_frame
from flows.crosstabs.tidy import COLUMNS
from flows.definitions.models import Text

LABELS = {("E1", "eens"): Text(nl="(helemaal) eens", en="(strongly) agree"),
          ("rood",): Text(nl="Rood", en="Red")}  # fmt: skip


def line(
    table: str = "E1",
    answer: str = "eens",
    column: str = "rood",
    value: float | None = 0.4,
    *,
    statistic: str = "net",
    reach: float = 0.05,
    n: float | None = 200,
    verdict: str = "",
    flag: str = "",
) -> dict[str, object]:
    ends = {"low": None, "high": None}
    if value is not None:
        ends = {"low": round(value - reach, 2), "high": round(value + reach, 2)}  # type: ignore[dict-item]
    return {
        "survey": "s", "wave": "w", "edition": 1, "theme": "t", "area": "NL", "table": table,
        "question": table, "item": "", "answer": answer, "statistic": statistic, "column": column,
        "basis": "measured", "value": value, **ends, "n": n, "n_eff": n, "verdict": verdict,
        "flag": flag,
    }  # fmt: skip


def edition(*lines: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(lines), columns=list(COLUMNS))


BASE = (
    line(),
    line(column="total", value=0.42),
    line(answer="oneens", value=0.3),
    line(answer="oneens", column="total", value=0.31),
    line("E2", "mean", "rood", 6.4, statistic="mean", reach=0.2),
    line("E2", "mean", "total", 6.6, statistic="mean", reach=0.2),
)


def changed(*replaced: dict[str, object]) -> pd.DataFrame:
    """The base edition with some lines put in the place of those with the same keys."""
    keys = ("table", "answer", "column")
    lines = {tuple(str(x[key]) for key in keys): x for x in (*BASE, *replaced)}
    return edition(*lines.values())


def sentences(found: TableDiff) -> dict[str, str]:
    return {table.table: table.summary["nl"] for table in found.tables}


def test_the_same_numbers_differ_in_nothing() -> None:
    found = compare(edition(*BASE), edition(*BASE))
    assert found.cells == ()
    assert found.changed == ()
    assert sentences(found) == {"E1": "Niets veranderd.", "E2": "Niets veranderd."}


def test_a_number_that_changed_is_told_with_both_values() -> None:
    found = compare(edition(*BASE), changed(line(value=0.46)), labels=LABELS)
    (cell,) = found.cells
    assert (cell.table, cell.row, cell.column) == ("E1", "eens", "rood")
    assert cell.what == ("number", "interval")
    assert cell.change == pytest.approx(0.06)
    assert cell.size == pytest.approx(0.06)
    table = found.changed[0]
    assert table.summary["nl"] == (
        "1 van de 4 cijfers is veranderd, het meest '(helemaal) eens' bij 'Rood': van 40% naar 46%."
    )
    assert table.summary["en"] == (
        "1 of 4 numbers changed, '(strongly) agree' of 'Red' most: from 40% to 46%."
    )


def test_the_largest_change_comes_first_whatever_its_scale() -> None:
    """0.4 on a scale with a standard deviation of 1.4 counts as about 7 points."""
    after = changed(
        line(value=0.45),
        line(answer="oneens", value=0.2),
        line("E2", "mean", "rood", 6.8, statistic="mean", reach=0.2),
    )
    found = compare(edition(*BASE), after)
    assert [(c.table, c.row) for c in found.cells] == [
        ("E1", "oneens"), ("E2", "mean"), ("E1", "eens"),
    ]  # fmt: skip
    deviation = 0.4 / (2 * 1.959964) * 200**0.5
    assert found.cells[1].size == pytest.approx(0.25 * 0.4 / deviation)
    assert sentences(found)["E2"].endswith("mean bij rood: van 6,4 naar 6,8.")


def test_marks_flags_and_hidden_numbers_are_changes_too() -> None:
    before = changed(line(answer="oneens", verdict="higher"))
    after = changed(
        line(answer="oneens", verdict=""),
        line(answer="oneens", column="total", value=0.31, flag="indicative"),
    )
    after = after[~((after["answer"] == "eens") & (after["column"] == "rood"))]
    found = compare(before, after)
    assert {(c.row, c.column): c.what for c in found.cells} == {
        ("oneens", "rood"): ("verdict",),
        ("oneens", "total"): ("flag",),
        ("eens", "rood"): ("hidden",),
    }
    hidden = found.cells[0]
    assert hidden.after is None
    assert hidden.change is None
    assert sentences(found)["E1"] == "1 teken is anders; 1 cijfer is verborgen."
    back = compare(after, before)
    assert back.cells[0].what == ("shown",)
    assert back.changed[0].summary["en"] == "1 mark differs; 1 now shown."


def test_less_than_a_bound_is_a_number() -> None:
    below = line(value=None, flag="below") | {"low": 0.0, "high": 0.01}
    found = compare(changed(line(value=0.02)), changed(below))
    (cell,) = found.cells
    assert "number" in cell.what
    assert cell.change == pytest.approx(0.005 - 0.02)
    assert "van 2% naar < 1%" in sentences(found)["E1"]
    assert compare(changed(below), changed(below)).cells == ()
    higher = below | {"high": 0.03}
    assert compare(changed(below), changed(higher)).cells[0].what == ("number",)


def test_tables_rows_and_columns_that_come_and_go() -> None:
    before = changed(line("E3", "ja"), line(answer="weg", value=0.1))
    after = changed(line("E4", "ja"), line(column="blauw", value=0.5), line(column="groen"))
    found = compare(before, after)
    states = {table.table: table.state for table in found.tables}
    assert states == {"E1": "changed", "E2": "same", "E4": "added", "E3": "removed"}
    table = found.tables[0]
    assert (table.rows_added, table.rows_removed) == ((), ("weg",))
    assert (table.columns_added, table.columns_removed) == (("blauw", "groen"), ())
    assert table.cells == ()
    assert sentences(found)["E1"] == (
        "2 rijen of kolommen hebben nu cijfers; 1 rij of kolom heeft geen cijfers meer."
    )
    assert sentences(found)["E3"] == "Staat niet meer in deze editie."
    assert sentences(found)["E4"] == "Nieuw in deze editie."


def test_texts_are_compared_where_both_are_known() -> None:
    before = {"title (nl)": "Energie", "tables E1 text (nl)": "Eens?", "tables E9 text (nl)": "x"}
    after = {"title (nl)": "Energie!", "tables E1 text (nl)": "Mee eens?"}
    found = compare(edition(*BASE), edition(*BASE), texts=(before, after))
    assert [(t.table, t.before, t.after) for t in found.texts] == [
        ("", "Energie", "Energie!"), ("E1", "Eens?", "Mee eens?"),
    ]  # fmt: skip
    assert found.changed[0].summary["nl"] == "1 tekst is anders."
    assert found.changed[0].cells == ()


def test_every_change_is_a_line() -> None:
    before = changed(line("E3", "ja"), line(answer="weg", value=0.1))
    after = changed(line("E4", "ja", n=80), line(column="blauw"), line(answer="oneens", value=0.2))
    texts = {"title (nl)": "Energie"}, {"title (nl)": "=Energie", "tables E1 text (nl)": "Eens?"}
    found = compare(before, after, texts=texts)
    lines = changes_frame(found)
    assert list(zip(lines["what"], lines["table"], strict=True)) == [
        ("row removed", "E1"), ("column added", "E1"), ("table added", "E4"),
        ("table removed", "E3"), ("number interval", "E1"), ("text", ""), ("text", "E1"),
    ]  # fmt: skip
    gone, came, added, removed, cell, text, new = lines.to_dict("records")
    assert (gone["answer"], came["column"]) == ("weg", "blauw")
    assert (added["n_after"], removed["n_before"]) == (80, 200)
    assert pd.isna(added["n_before"])
    assert (cell["answer"], cell["column"]) == ("oneens", "rood")
    assert (cell["value_before"], cell["value_after"], cell["n_after"]) == (0.3, 0.2, 200)
    assert cell["change"] == pytest.approx(-0.1)
    assert (text["text"], text["text_before"], text["text_after"]) == (
        "title (nl)", "Energie", "=Energie",
    )  # fmt: skip
    assert pd.isna(new["text_before"])


def test_two_equal_editions_have_heads_and_no_lines() -> None:
    lines = changes_frame(compare(edition(*BASE), edition(*BASE)))
    assert len(lines) == 0
    assert {"table", "what", "value_before", "text_after"} <= set(lines.columns)


def test_only_wider_margins_are_told_as_that() -> None:
    found = compare(edition(*BASE), changed(line(reach=0.06, n=150)))
    assert found.cells[0].what == ("interval",)
    assert sentences(found)["E1"] == "Alleen de marges zijn veranderd."


def test_hidden_numbers_of_people_stay_hidden() -> None:
    before, after = changed(line(n=None)), changed(line(n=None, value=0.5))
    found = compare(before, after)
    assert found.cells[0].after is not None
    assert found.cells[0].after.n is None
    assert found.tables[0].n == (200, 200)


def test_scores_and_no_opinion_read_as_they_are_printed() -> None:
    before = edition(line(answer="saldo", value=-0.12, statistic="score"),
                     line(answer="dont_know", value=0.05, statistic="dont_know"))  # fmt: skip
    after = edition(line(answer="saldo", value=0.08, statistic="score"),
                    line(answer="dont_know", value=0.05, statistic="dont_know"))  # fmt: skip
    assert "saldo bij rood: van -12 naar +8" in sentences(compare(before, after))["E1"]
    unsure = after.assign(value=[0.08, 0.09])
    assert "'geen mening' bij rood: van 5% naar 9%" in sentences(compare(after, unsure))["E1"]


def test_an_empty_edition_has_nothing_in_common() -> None:
    found = compare(edition(), edition(*BASE))
    assert {table.state for table in found.tables} == {"added"}
    assert compare(edition(), edition()).tables == ()
