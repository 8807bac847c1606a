"""The codebook: structure for re-users, and no number of a table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from dossier_samples import CODES

from flows.crosstabs.audit.published import LINE
from flows.crosstabs.tables import TOTAL, PublishedTable, Row, ThemeTables
from flows.crosstabs.tidy import COLUMNS
from flows.definitions.models import Text
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Dimension, Question, QuestionType
from flows.dossiers.codebook import codebook, nests, write_codebook
from flows.dossiers.errors import DossierError
from flows.dossiers.facts import DossierFacts


def question(code: str, kind: QuestionType, **more: object) -> Question:
    about = {"code": code, "type": kind, "dimension": Dimension.ATTITUDE, "text": code}
    return Question.model_validate(about | more)


QUESTIONNAIRE = Questionnaire(
    questions=(
        question(
            "E15",
            QuestionType.MULTIPLE,
            options=[
                {"code": "geld", "nl": "geld"},
                {"code": "geen", "nl": "geen", "exclusive": True},
            ],
            maximum=3,
            base={"question": "E07", "options": ["eens"], "nl": "wie wil"},
        ),
        question(
            "R01",
            QuestionType.RANKING,
            options=[{"code": "a", "nl": "a"}, {"code": "b", "nl": "b"}],
            top=2,
        ),
        question("age2", QuestionType.SINGLE, options=[{"code": "y", "nl": "jong"}]),
        question(
            "vote",
            QuestionType.SINGLE,
            options=[{"code": "x", "nl": "partij x"}],
            special="political",
        ),
    )
)


def test_the_auditor_reads_what_the_tidy_table_writes() -> None:
    assert LINE == COLUMNS


def test_every_hidden_cell_has_its_row_and_column(tables: ThemeTables, facts: DossierFacts) -> None:
    book = codebook(tables, QUESTIONNAIRE, facts)
    found = {table["number"]: table for table in book["tables"]}
    for table in tables.tables:
        rows = [row["code"] for row in found[table.identity.number]["rows"]]
        assert rows == [*(row.code for row in table.rows), "dont_know"]
        assert found[table.identity.number]["columns"] == list(table.columns)
    assert [column["code"] for column in book["columns"]] == [*CODES, TOTAL]
    assert book["columns"][0]["parts"] == [["profile", CODES[0]]]
    assert book["columns"][0]["label"]["en"] == "Idealistic Globalists"


def test_no_number_of_a_table_stands_in_it(tables: ThemeTables, facts: DossierFacts) -> None:
    book = codebook(tables, QUESTIONNAIRE, facts)
    numbers = [cell.value for t in tables.tables for line in t.cells for cell in line]
    assert any(numbers)
    blank = [
        replace(
            t,
            cells=tuple(
                tuple(replace(c, value=None, low=None, high=None) for c in line) for line in t.cells
            ),
            n=(0,) * len(t.n),
        )
        for t in tables.tables
    ]
    assert codebook(replace(tables, tables=tuple(blank)), QUESTIONNAIRE, facts) == book


def test_filters_choices_and_sizes(tables: ThemeTables, facts: DossierFacts) -> None:
    book = codebook(tables, QUESTIONNAIRE, facts, "consultation")
    table = next(t for t in book["tables"] if t["number"] == "E15")
    assert table["filter"] == {"question": "E07", "options": ["eens"]}
    assert (table["some"], table["most"]) == (True, 3)
    assert [row["code"] for row in table["rows"] if row.get("exclusive")] == ["geen"]
    assert book["role"] == "consultation"
    assert book["sizes"][CODES[0]] == tables.sizes[0].share
    assert book["publication"]["minimum_base"] == 30
    hidden = replace(tables, sizes=(replace(tables.sizes[0], share=None), *tables.sizes[1:]))
    assert CODES[0] not in codebook(hidden, QUESTIONNAIRE, facts)["sizes"]


def test_scores_and_rankings(tables: ThemeTables, facts: DossierFacts) -> None:
    label = Text(nl="x", en="x")
    first = tables.tables[0]
    rows = (
        Row("a", label, "answer"),
        Row("a-top2", label, "net"),
        Row("saldo", label, "score", members=("a", "a-top2")),
    )
    made = PublishedTable(
        replace(first.identity, number="R01", question="R01", type="ranking", multiple=False),
        rows,
        first.columns,
        first.cells[:1] * 3,
        first.n,
        first.n_eff,
        first.dont_know,
    )
    book = codebook(replace(tables, tables=(made,)), QUESTIONNAIRE, facts)
    _, top, score, _ = book["tables"][0]["rows"]
    assert top["includes"] == "a"
    assert book["tables"][0]["most"] == 2
    assert (score["plus"], score["minus"]) == ("a", "a-top2")
    left_out = replace(made, identity=replace(made.identity, dont_know="leave_out"))
    book = codebook(replace(tables, tables=(left_out,)), QUESTIONNAIRE, facts)
    assert "dont_know" not in [row["code"] for row in book["tables"][0]["rows"]]


def test_columns_of_other_variables(tables: ThemeTables, facts: DossierFacts) -> None:
    table = next(t for t in tables.tables if t.identity.number == "E07")
    codes = ("vote:x", f"{CODES[0]}*age2:y", TOTAL)
    few = replace(
        table,
        columns=codes,
        cells=tuple(line[:3] for line in table.cells),
        n=table.n[:3],
        n_eff=table.n_eff[:3],
        dont_know=table.dont_know[:3],
    )
    levels = ((("vote", "x"), Text(nl="partij x")), (("age2", "y"), Text(nl="jong", en="young")))
    book = codebook(replace(tables, tables=(few,)), QUESTIONNAIRE, replace(facts, levels=levels))
    vote, nested, _ = book["columns"]
    assert (vote["axis"], vote["special"]) == ("vote", "political")
    assert (nested["axis"], nested["special"]) == ("profile*age2", "none")
    assert nested["label"] == {
        "nl": "Idealistische Globalisten, jong",
        "en": "Idealistic Globalists, young",
    }
    assert nested["parts"] == [["profile", CODES[0]], ["age2", "y"]]


def test_which_columns_add_up_to_which() -> None:
    columns = ["p1", "p2", "age:y", "age:o", "p1*age:y", "p1*age:o", "p2*age:y", "total"]
    found = {(nest["whole"], nest["axis"]): nest["parts"] for nest in nests(columns)}
    assert found == {
        ("total", "profile"): ["p1", "p2"],
        ("total", "age"): ["age:y", "age:o"],
        ("total", "profile*age"): ["p1*age:y", "p1*age:o", "p2*age:y"],
        ("p1", "profile*age"): ["p1*age:y", "p1*age:o"],
        ("p2", "profile*age"): ["p2*age:y"],
        ("age:y", "profile*age"): ["p1*age:y", "p2*age:y"],
        ("age:o", "profile*age"): ["p1*age:o"],
    }


def test_the_same_entries_give_the_same_bytes(
    tables: ThemeTables, facts: DossierFacts, tmp_path: Path
) -> None:
    book = codebook(tables, QUESTIONNAIRE, facts)
    first = write_codebook(book, tmp_path).read_bytes()
    assert write_codebook(book, tmp_path).read_bytes() == first
    assert json.loads(first) == json.loads(json.dumps(book))
    with pytest.raises(DossierError, match="cannot write"):
        write_codebook(book, tmp_path / "nowhere")
