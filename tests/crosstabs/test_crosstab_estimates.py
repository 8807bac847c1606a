"""Tables against an independent calculation in pandas."""

import numpy as np
import pandas as pd
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, QUESTIONS, question, tables_by_number, world

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.tables import TOTAL
from flows.definitions.options import MISSING_CODES, Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType


@pytest.fixture(scope="module")
def made():
    return world()


@pytest.fixture(scope="module")
def tables(made):
    return tables_by_number(
        crosstab(
            made.frame,
            QUESTIONNAIRE,
            QUESTIONS,
            profile_banner(made.profile, PROFILES, len(made.frame)),
            made.weights,
            made.margins,
            theme="t",
            wave="w1",
        )
    )


def members(made, column):
    return np.ones(len(made.frame), bool) if column == TOTAL else made.profile == column


def share(made, table, row, column):
    index = table.row(row), table.columns.index(column)
    return table.estimate[index], table.count[index]


def test_one_table_per_question_and_grid_item_but_none_of_open_ones(tables):
    assert list(tables) == ["S1", "S2", "Ga", "Gb", "M", "N"]
    assert tables["S1"].columns == (*PROFILES, TOTAL)
    assert [row.code for row in tables["S1"].rows] == [*"12345", "eens", "oneens", "mean"]
    assert [row.last for row in tables["S2"].rows] == [False, False, True]
    assert [row.code for row in tables["M"].rows] == ["brief", "app", "krant", "geen", "papier"]
    assert [row.code for row in tables["N"].rows] == ["mean"]
    identity = tables["Ga"].identity
    assert (identity.text.nl, identity.question_text.nl, identity.item) == ("stelling a", "G", "a")
    assert tables["S2"].identity.base_text.nl == "wie het eens is"
    assert tables["M"].identity.multiple


@pytest.mark.parametrize("column", [*PROFILES, TOTAL])
@pytest.mark.parametrize(("number", "name"), [("S1", "S1"), ("Gb", "G_b"), ("S2", "S2")])
def test_shares_of_single_answers(made, tables, number, name, column):
    table = tables[number]
    c = table.columns.index(column)
    people = pd.DataFrame({"answer": made.frame[name].astype(str), "w": made.weights})
    people = people[members(made, column)]
    opinion = people[~people["answer"].isin(MISSING_CODES)]
    expected = opinion.groupby("answer")["w"].sum() / opinion["w"].sum()
    for row in table.rows:
        if row.kind == "answer":
            value, count = share(made, table, row.code, column)
            assert value == pytest.approx(expected.get(row.code, 0.0), abs=1e-12)
            assert count == (opinion["answer"] == row.code).sum()
    assert table.n[c] == len(opinion)
    kish = opinion["w"].sum() ** 2 / (opinion["w"] ** 2).sum()
    assert table.n_eff[c] == pytest.approx(kish)
    not_asked = [".not_applicable", ".not_asked", ".broken_off"]
    asked = people[~people["answer"].isin(not_asked)]
    unsure = asked[asked["answer"].isin([".dont_know", ".refused"])]
    assert table.asked[c] == len(asked)
    assert table.dont_know_count[c] == len(unsure)
    assert table.dont_know[c] == pytest.approx(unsure["w"].sum() / asked["w"].sum())


@pytest.mark.parametrize("column", [*PROFILES, TOTAL])
def test_nets_and_means(made, tables, column):
    table = tables["S1"]
    answers = made.frame["S1"].astype(str)
    known = members(made, column) & ~answers.isin(MISSING_CODES).to_numpy()
    y, w = answers[known].astype(float), made.weights[known]
    assert share(made, table, "eens", column)[0] == pytest.approx(np.average(y >= 4, weights=w))
    assert share(made, table, "oneens", column)[1] == (y <= 2).sum()
    mean, count = share(made, table, "mean", column)
    assert mean == pytest.approx(np.average(y, weights=w))
    assert count == len(y)
    deviation = np.sqrt(np.average((y - mean) ** 2, weights=w) * len(y) / (len(y) - 1))
    place = table.row("mean"), table.columns.index(column)
    assert table.standard_deviation[place] == pytest.approx(deviation)


@pytest.mark.parametrize("column", [*PROFILES, TOTAL])
def test_multiple_answers_count_people_who_answered(made, tables, column):
    table = tables["M"]
    marks = made.frame[["M_brief", "M_app", "M_krant", "M_geen"]].astype(str)
    known = members(made, column) & marks.isin(["1"]).any(axis=1).to_numpy()
    w = made.weights[known]
    for code in ("brief", "app", "krant", "geen"):
        ticked = (marks[f"M_{code}"] == "1")[known]
        assert share(made, table, code, column)[0] == pytest.approx(np.average(ticked, weights=w))
    paper = marks[known][["M_brief", "M_krant"]].eq("1").any(axis=1)
    assert share(made, table, "papier", column)[0] == pytest.approx(np.average(paper, weights=w))
    assert table.n[table.columns.index(column)] == known.sum()


@pytest.mark.parametrize("column", [*PROFILES, TOTAL])
def test_numbers_have_a_mean(made, tables, column):
    values = made.frame["N"].to_numpy()
    known = members(made, column) & np.isfinite(values)
    mean, count = share(made, tables["N"], "mean", column)
    assert mean == pytest.approx(np.average(values[known], weights=made.weights[known]))
    assert count == known.sum()


def marks_frame(rows, codes):
    categories = ["1", "0", *MISSING_CODES]
    return pd.DataFrame(
        {
            f"M_{code}": pd.Categorical([row[i] for row in rows], categories=categories)
            for i, code in enumerate(codes)
        }
    )


def test_who_ticks_nothing_answered_only_where_none_cannot_be_said():
    rows = [("1", "0"), ("0", "0"), ("0", "1"), (".skipped", ".skipped")]
    frame = marks_frame(rows, ["a", "b"])
    for last, base, asked in (({}, 3, 4), ({"exclusive": True}, 2, 4)):
        options = (Option(code="a", nl="a"), Option(code="b", nl="b", **last))
        q = question("M", QuestionType.MULTIPLE, options=options)
        table = crosstab(
            frame,
            Questionnaire(questions=(q,)),
            ["M"],
            profile_banner([None] * 4, PROFILES, 4),
            np.ones(4),
        )[0]
        assert (table.n[-1], table.asked[-1]) == (base, asked)


def test_an_option_dont_know_of_a_multiple_question_is_no_answer():
    rows = [("1", "0"), ("0", "1"), ("0", "1"), (".not_asked", ".not_asked")]
    frame = marks_frame(rows, ["a", "dk"])
    options = (Option(code="a", nl="a"), Option(code="dk", nl="?", missing="dont_know"))
    q = question("M", QuestionType.MULTIPLE, options=options)
    table = crosstab(
        frame, Questionnaire(questions=(q,)), [q], profile_banner([None] * 4, (), 4), np.ones(4)
    )[0]
    assert [row.code for row in table.rows] == ["a"]
    assert (table.n[0], table.asked[0], table.dont_know_count[0]) == (1, 3, 2)
    assert table.estimate[0, 0] == 1.0


def test_an_answer_without_value_stays_out_of_the_mean():
    options = (
        Option(code="1", nl="nooit"),
        Option(code="4", nl="vaak"),
        Option(code="anders", nl="anders"),
    )
    q = question("Q", QuestionType.SINGLE, options=options, mean=True)
    values = pd.Categorical(
        ["1", "4", "4", "anders"], categories=["1", "4", "anders", *MISSING_CODES]
    )
    frame = pd.DataFrame({"Q": values})
    table = crosstab(
        frame, Questionnaire(questions=(q,)), ["Q"], profile_banner([None] * 4, (), 4), np.ones(4)
    )[0]
    assert table.estimate[table.row("mean"), 0] == pytest.approx(3.0)
    assert table.count[table.row("mean"), 0] == 3
    assert table.n[0] == 4
