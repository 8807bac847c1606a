"""The auditor on small editions: planted leaks are found and named, clean ones pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from audit_world import Edition, with_total

from flows.crosstabs.audit.auditor import audit
from flows.crosstabs.audit.leaks import Audit
from flows.crosstabs.audit.links import Change
from flows.crosstabs.audit.program import Program

GROUPS = {"profile": ("p1", "p2")}
FIVE = with_total(p1=[80, 120, 60, 60, 80], p2=[200, 120, 90, 90, 100])


def five(wave: str = "w1") -> Edition:
    return Edition(GROUPS, wave=wave).add("Q1", FIVE)


def found(*editions: Edition, changes: tuple[Change, ...] = ()) -> Audit:
    names = [f"{edition.theme}/{edition.wave}.csv" for edition in editions]
    files = [edition.file(name) for edition, name in zip(editions, names, strict=True)]
    return audit(files, changes)


def solved(result: Audit) -> dict[str, tuple[float, float]]:
    """The bounds of every solved cell, by table, row and column."""
    return {
        leak.cell.replace("row ", "").replace("column ", ""): (leak.low or 0.0, leak.high or 0.0)
        for leak in result.leaks
        if leak.kind == "solved"
    }


def through(result: Audit) -> str:
    return " | ".join(reason for leak in result.leaks for reason in leak.through)


# ------------------------------------------------------------------------------ clean editions


def test_nothing_hidden_is_no_leak():
    result = found(five())
    assert result.leaks == ()
    assert (result.files, result.tables, result.shown, result.hidden) == (1, 1, 15, 0)


def test_a_square_of_hidden_cells_cannot_be_solved():
    edition = Edition({"profile": ("p1", "p2", "p3")})
    people = with_total(p1=[80, 120, 60, 140], p2=[200, 120, 90, 90], p3=[60, 70, 80, 90])
    edition.add("Q1", people)
    edition.hide("Q1", "p1", "a1", "a2").hide("Q1", "p2", "a1", "a2")
    result = found(edition)
    assert result.leaks == ()
    assert result.hidden == 4
    assert result.tightest is not None
    assert result.tightest.high - result.tightest.low > 0.10


def test_bounds_hold_the_truth():
    """Over random tables with random holes, no bound leaves the exact share out."""
    random = np.random.default_rng(5)
    for _ in range(8):
        counts = {
            c: random.multinomial(n, random.dirichlet([2] * 4))
            for c, n in (("p1", 300), ("p2", 180), ("p3", 90))
        }
        people = with_total(**{k: v.tolist() for k, v in counts.items()})
        edition = Edition({"profile": ("p1", "p2", "p3")})
        edition.add("Q1", people, nets={"top": ("a1", "a2")}, scores=(1, 2, 3, 4))
        for column in ("p1", "p2"):
            hidden = random.choice(["a1", "a2", "a3", "a4", "top", "mean"], size=2, replace=False)
            edition.hide("Q1", column, *hidden)
        result = found(edition)
        for leak in result.leaks:
            if leak.kind != "solved":
                continue
            column = leak.cell.rsplit("(", 1)[1].rstrip(")")
            code = leak.cell.split("(")[1].split(")")[0]
            shares = counts[column] / counts[column].sum()
            truth = {f"a{i + 1}": s for i, s in enumerate(shares)}
            truth |= {"top": shares[0] + shares[1], "mean": shares @ [1, 2, 3, 4]}
            assert leak.low is not None
            assert leak.high is not None
            assert leak.low - 1e-9 <= truth[code] <= leak.high + 1e-9


# ------------------------------------------------------------------------------- planted leaks


def test_total_less_the_others():
    result = found(five().hide("Q1", "p1", "a1", "a2"))
    bounds = solved(result)
    low, high = bounds["table Q1, 'answer a1' (a1), 'group p1' (p1)"]
    assert low <= 0.20 <= high
    assert high - low <= 0.10
    assert "column total less the other columns" in through(result)
    start = "t/w1.csv: table Q1, row 'answer a1' (a1), column 'group p1' (p1): hidden, but between"
    assert any(str(leak).startswith(start) for leak in result.leaks)


def test_one_hidden_answer_is_what_is_left_of_100():
    groups = {"profile": ("p1", "p2", "p3")}
    people = with_total(p1=[20, 30, 50], p2=[300, 300, 400], p3=[200, 300, 400])
    result = found(Edition(groups).add("Q1", people).hide("Q1", "p1", "a1"))
    assert list(solved(result)) == ["table Q1, 'answer a1' (a1), 'group p1' (p1)"]
    assert "the answers add up to 100%" in through(result)


def test_net_less_its_member():
    groups = {"profile": ("p1", "p2", "p3")}
    people = with_total(p1=[20, 30, 30, 20], p2=[200, 200, 200, 400], p3=[200, 300, 200, 200])
    edition = Edition(groups).add("Q1", people, nets={"top": ("a1", "a2")})
    bare = edition.hide("Q1", "p1", "a2", "a3")
    assert "net 'top'" in through(found(bare))
    assert found(bare.hide("Q1", "p1", "top")).leaks == ()


def test_a_net_of_more_answers_holds_its_members():
    groups = {"profile": ("p1", "p2")}
    people = {"p1": [2, 2], "p2": [900, 500], "total": [902, 502]}
    base = {"p1": 100, "p2": 1900, "total": 2000}
    edition = Edition(groups).add("Q1", people, base=base, nets={"any": ("a1", "a2")})
    edition.change("Q1", "p1", "any", value="0.02", low="", high="", flag="")
    result = found(edition.hide("Q1", "p1", "a1", "a2"))
    assert "net 'any' and its members" in through(result)
    assert all(high <= 0.025 + 1e-9 for _, high in solved(result).values())


def test_wave_difference():
    people = with_total(p1=[20, 30, 50], p2=[60, 70, 70], p3=[300, 330, 270], p4=[40, 50, 60])
    groups = {"profile": ("p1", "p2", "p3", "p4")}
    before, after = (Edition(groups, wave=wave).add("Q1", people) for wave in ("w1", "w2"))
    after.hide("Q1", "p1", "a1", "a2").hide("Q1", "p2", "a1", "a2")
    assert found(before, after).leaks == ()
    change = Change("s", "w1", "w2", "Q1", ("answer", "a1"), "p1", -0.005, 0.005, "trend.csv")
    result = found(before, after, changes=(change,))
    low, high = solved(result)["table Q1, 'answer a1' (a1), 'group p1' (p1)"]
    assert (low, high) == pytest.approx((0.19, 0.21), abs=1e-6)
    assert "the change from w1 to w2 in trend.csv" in through(result)
    backwards = replace(change, before="w2", after="w3")
    assert found(before, after, changes=(backwards,)).leaks == ()


def test_two_files_of_one_wave():
    people = with_total(p1=[20, 30, 50], p2=[60, 70, 70], p3=[300, 330, 270], p4=[40, 50, 60])
    groups = {"profile": ("p1", "p2", "p3", "p4")}
    shown, hidden = (Edition(groups, theme=theme).add("Q1", people) for theme in ("u", "t"))
    hidden.hide("Q1", "p1", "a1", "a2").hide("Q1", "p2", "a1", "a2")
    assert found(hidden).leaks == ()
    result = found(shown, hidden)
    assert {leak.file for leak in result.leaks} == {"t/w1.csv"}
    assert "the same table in u/w1.csv" in through(result) or "u/w1.csv" in through(result)
    other = Edition(groups, theme="u", wave="w9").add("Q1", people)
    assert found(other, hidden).leaks == ()


def test_an_earlier_edition_with_one_participant_less():
    groups = {"profile": ("p1", "p2", "p3", "p4")}
    people = {"p1": [20, 30, 50], "p2": [60, 70, 70], "p3": [300, 330, 270], "p4": [40, 50, 60]}
    new = Edition(groups).add("Q1", with_total(**people))
    old = Edition(groups, theme="old").add("Q1", with_total(**people | {"p1": [20, 30, 49]}))
    new.hide("Q1", "p1", "a1", "a2").hide("Q1", "p2", "a1", "a2")
    result = found(old, new)
    assert len(solved(result)) == 4
    assert "old/w1.csv" in through(result)


def test_the_mean_of_two_options():
    groups = {"profile": ("p1", "p2", "p3")}
    people = with_total(p1=[30, 70], p2=[50, 60], p3=[300, 700])
    edition = Edition(groups).add("Q1", people, scores=(1, 2))
    edition.hide("Q1", "p1", "a1", "a2").hide("Q1", "p2", "a1", "a2", "mean")
    result = found(edition)
    low, high = solved(result)["table Q1, 'answer a1' (a1), 'group p1' (p1)"]
    assert (low, high) == pytest.approx((0.25, 0.35), abs=1e-6)
    assert "mean 'mean' in column p1" in through(result)
    assert found(edition.hide("Q1", "p1", "mean")).leaks == ()


def test_nobody_and_everybody():
    groups = {"profile": ("p1", "p2", "p3")}
    people = with_total(p1=[60, 0, 0], p2=[150, 30, 20], p3=[400, 300, 200])
    edition = Edition(groups).add("Q1", people).hide("Q1", "p1", "a2", "a3")
    result = found(edition)
    assert all(high <= 0.01 for _, high in solved(result).values())
    assert len(solved(result)) == 2
    special = Edition(groups).add("Q1", people, special="political")
    told = [leak.told for leak in found(special).leaks if leak.kind == "rule"]
    assert len(told) == 3
    assert told[0].startswith("100% of 60 participants is shown of a special question")
    assert found(Edition(groups).add("Q1", people)).leaks == ()


def test_rounding_that_pins_a_cell():
    groups = {"profile": ("p1", "p2", "p3")}
    people = with_total(p1=[124, 74, 1, 1], p2=[300, 250, 200, 150], p3=[40, 50, 100, 90])
    edition = Edition(groups).add("Q1", people).hide("Q1", "p1", "a3", "a4")
    bounds = solved(found(edition))
    assert set(bounds) == {
        f"table Q1, 'answer {code}' ({code}), 'group p1' (p1)" for code in ("a3", "a4")
    }
    assert all(high <= 0.02 + 1e-9 for _, high in bounds.values())


def test_a_number_printed_too_exactly():
    edition = five().change("Q1", "p2", "a1", value="0.3333")
    result = found(edition)
    assert [leak.kind for leak in result.leaks] == ["rule"]
    assert "0.3333 is finer than the unit of 0.01" in result.leaks[0].told


def test_how_many_were_asked_the_next_question():
    groups = {"profile": ("p1", "p2", "p3")}
    people = with_total(p1=[96, 4], p2=[70, 30], p3=[500, 400])
    edition = Edition(groups).add("Q1", people)
    edition.hide("Q1", "p1", "a1", "a2").hide("Q1", "p2", "a1", "a2")
    assert found(edition).leaks == ()
    child = with_total(p1=[40, 56], p2=[40, 30], p3=[200, 300])
    edition.add("Q2", child, filter={"question": "Q1", "options": ["a1"]})
    result = found(edition)
    low, high = solved(result)["table Q1, 'answer a1' (a1), 'group p1' (p1)"]
    assert low <= 0.96 <= high
    assert "table Q2 asks only who answered a1" in through(result)


def test_nested_columns():
    groups = {"age": ("y", "o"), "y>age*sex": ("ym", "yf"), "o>age*sex": ("om", "of")}
    people = {
        "y": [110, 120, 70],
        "o": [150, 200, 250],
        "ym": [60, 40, 50],
        "yf": [50, 80, 20],
        "om": [70, 120, 110],
        "of": [80, 80, 140],
        "total": [260, 320, 320],
    }
    edition = Edition(groups).add("Q1", people).hide("Q1", "yf", "a1", "a2")
    result = found(edition)
    assert len(solved(result)) == 2
    assert "column y less the other columns" in through(result)
    edition.hide("Q1", "ym", "a1", "a2").hide("Q1", "y", "a1", "a2").hide("Q1", "o", "a1", "a2")
    assert "column o less the other columns" in through(found(edition))
    assert found(edition.hide("Q1", "om", "a1", "a2")).leaks == ()


def test_a_net_score_and_one_of_its_nets():
    groups = {"profile": ("p1", "p2")}
    people = with_total(p1=[20, 30, 30, 20], p2=[500, 600, 500, 400])
    nets = {"top": ("a1",), "low": ("a4",)}
    edition = Edition(groups).add("Q1", people, nets=nets, net_score=("top", "low"))
    edition.hide("Q1", "p1", "a1", "a2", "a3", "a4", "low")
    result = found(edition)
    assert "score 'nps' in column p1" in through(result)
    assert any("'net low' (low)" in cell for cell in solved(result))


def test_the_overview_of_a_grid():
    groups = {"profile": ("p1", "p2", "p3")}
    people = with_total(p1=[20, 30, 50], p2=[60, 70, 70], p3=[300, 330, 270])
    edition = Edition(groups)
    for item in ("a", "b"):
        edition.add(f"G{item}", people, question="G", item=item, headline="a1")
    edition.add(
        "G",
        with_total(p1=[20, 20], p2=[60, 60], p3=[300, 300]),
        codes=("a", "b"),
        base={"p1": 100, "p2": 200, "p3": 900, "total": 1200},
        type="grid",
    )
    edition.hide("Ga", "p1", "a1", "a2").hide("Ga", "p2", "a1", "a2")
    result = found(edition)
    assert "row a of overview G" in through(result)
    edition.hide("G", "p1", "a").hide("G", "p2", "a")
    assert found(edition).leaks == ()


def test_those_without_an_opinion():
    groups = {"profile": ("p1", "p2")}
    people = with_total(p1=[100, 100], p2=[120, 80])
    edition = Edition(groups).add("Q1", people, unsure={"p1": 50, "p2": 10, "total": 60})
    result = found(edition.hide("Q1", "p1", "dont_know"))
    low, high = solved(result)["table Q1, 'unsure' (dont_know), 'group p1' (p1)"]
    assert low <= 0.20 <= high


def test_a_small_count_of_a_small_group():
    """Twelve points wide, but of 20 people that is fewer than three."""
    groups = {"profile": ("p1", "p2")}
    people = with_total(p1=[8, 12], p2=[60, 40])
    edition = Edition(groups).add("Q1", people).hide("Q1", "p1")
    result = found(edition)
    (low, high), *_ = solved(result).values()
    assert high - low > 0.10
    assert "of 20 participants" in result.leaks[0].told


def test_nobody_anywhere_tells_of_nobody():
    groups = {"profile": ("p1", "p2")}
    people = with_total(p1=[9, 11, 0], p2=[900, 800, 0])
    result = found(Edition(groups).add("Q1", people).hide("Q1", "p1"))
    assert result.leaks == ()
    assert result.hidden == 3


def test_numbers_that_cannot_all_be_true():
    edition = five().hide("Q1", "p1", "a1", "a2").change("Q1", "total", "a3", value="0.9")
    result = found(edition)
    assert [leak.kind for leak in result.leaks] == ["contradiction"]
    assert "cannot all be true" in str(result.leaks[0])


# -------------------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"n": "29"}, "shown for 29 participants, and at least 30 are needed"),
        ({"n": "40"}, "shown for 40 participants without being called indicative"),
        ({"n_eff": "12"}, "without being called indicative"),
        ({"value": "0.01", "n": "120"}, "1% of 120 participants is at most 4 persons"),
        ({"value": "", "low": "0", "high": "0.05", "n": "80", "flag": "below"}, "fewer than 100"),
        ({"value": "", "low": "0.1", "flag": "too_few"}, "its margin or mark is left"),
        ({"value": "", "verdict": "higher", "flag": "too_few"}, "its margin or mark is left"),
        ({"low": "0.123"}, "0.123 is finer than the unit of 0.01"),
    ],
)
def test_shown_numbers_keep_the_rules(fields, told):
    result = found(five().change("Q1", "p1", "a1", **fields))
    assert told in "\n".join(leak.told for leak in result.leaks if leak.kind == "rule")


def test_below_province_small_answers_are_hidden():
    people = with_total(p1=[3, 150], p2=[80, 90])
    assert found(Edition(GROUPS).add("Q1", people)).leaks == ()
    result = found(Edition(GROUPS, area="GM0001").add("Q1", people))
    assert "has to be hidden below province" in result.leaks[0].told


# ------------------------------------------------------------------------------------- program


def test_a_share_is_bounded_exactly():
    """x / w with 0.2 w <= x <= 0.3 w, whatever w is."""
    program = Program()
    x, w = program.variable("x"), program.variable("w")
    program.between(({x: 1.0}, {w: 1.0}), 0.2, 0.3, "said")
    bounds = program.bounds(({x: 1.0}, {w: 1.0}))
    assert bounds is not None
    assert (bounds.low, bounds.high, bounds.through) == (
        pytest.approx(0.2),
        pytest.approx(0.3),
        ("said",),
    )
    program = Program()
    x, w = program.variable("x"), program.variable("w")
    program.between(({x: 1.0}, {w: 1.0}), 0.2, 0.3, "said")
    program.less({w: 1.0}, {x: 1.0}, "no")
    assert program.bounds(({x: 1.0}, {w: 1.0})) is None
