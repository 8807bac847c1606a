"""Columns of codes: coded open answers, rankings by place, multiple questions stored that way."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from flows.definitions.columns import columns_of
from flows.definitions.models import Text
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.waves import FieldPeriod, Source, Wave
from flows.ingest.errors import MissingColumns, UnknownCodes
from flows.ingest.fingerprint import reading_sha256
from flows.ingest.frames import RawResponses, Standardised
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.settle import categories_of, settled_categories
from flows.ingest.standardise import standardise

SOURCE = Source(id="id", progress="progress")
SEEN = Text(nl="x")
WAVE = Wave(
    code="w1",
    title=SEEN,
    period=SEEN,
    field=FieldPeriod(start=date(2026, 1, 1), end=date(2026, 2, 1)),
    mode=SEEN,
    population=SEEN,
    frame=SEEN,
    selection=SEEN,
    sources=(SOURCE,),
)
OPTIONS = [
    {"code": "geld", "nl": "geld", "source": ["11"]},
    {"code": "gemak", "nl": "gemak", "source": ["12"]},
    {"code": "klimaat", "nl": "klimaat", "source": ["13"]},
    {"code": "wn", "nl": "weet niet", "source": ["99"], "missing": "dont_know"},
]


def asked(kind: str, **more: Any) -> Questionnaire:
    base = {"dimension": "motive", "text": "waarom"}
    question = base | {"code": "Q", "type": kind, "options": OPTIONS[:3], **more}
    last = base | {"code": "Z", "type": "single", "options": OPTIONS[:3]}
    return Questionnaire.model_validate({"questions": [question, last]})


def take_in(questionnaire: Questionnaire, rows: list[dict[str, str]]) -> Standardised:
    names = sorted({name for row in rows for name in row})
    cells = [{"id": f"p{i}", "progress": "100", "Z": "11"} | row for i, row in enumerate(rows)]
    frame = pd.DataFrame(
        [
            {name: row.get(name) or None for name in ["id", "progress", "Z", *names]}
            for row in cells
        ],
        dtype="str",
    )
    raw = RawResponses(name="f.csv", sha256="0" * 64, kind="csv", frame=frame)
    return standardise(pseudonymise(raw, SOURCE, list), questionnaire, WAVE, SOURCE)


def marks(found: Standardised, row: int) -> dict[str, str]:
    return {name[2:]: str(found.frame[name][row]) for name in found.frame if name.startswith("Q_")}


CODED = ("Q_eerste", "Q_tweede")


def test_coded_open_answers() -> None:
    questionnaire = asked("open", coded=CODED, options=OPTIONS)
    found = take_in(
        questionnaire,
        [
            {"Q_eerste": "13", "Q_tweede": "11"},
            {"Q_eerste": "12", "Q_tweede": "0"},
            {"Q_eerste": "99", "Q_tweede": ""},
            {"Q_eerste": "", "Q_tweede": ""},
        ],
    )
    assert marks(found, 0) == {"geld": "1", "gemak": "0", "klimaat": "1", "wn": "0"}
    assert marks(found, 1) == {"geld": "0", "gemak": "1", "klimaat": "0", "wn": "0"}
    assert set(marks(found, 2).values()) == {".dont_know"}
    # Nothing was written, so there was nothing to code.
    assert set(marks(found, 3).values()) == {".skipped"}
    # The words are not even read where the codes stand for them.
    assert [column.name for column in found.columns if column.is_text] == []


def test_the_words_are_kept_where_they_are_named() -> None:
    questionnaire = asked("open", coded=CODED, column="Q_tekst")
    rows = [{"Q_eerste": "11", "Q_tweede": "", "Q_tekst": "omdat het goedkoper is"}]
    found = take_in(questionnaire, rows)
    assert found.frame["Q"][0] == "omdat het goedkoper is"
    assert marks(found, 0)["geld"] == "1"


def test_a_ranking_by_place() -> None:
    questionnaire = asked("ranking", coded=CODED)
    rows = [{"Q_eerste": "13", "Q_tweede": "11"}, {"Q_eerste": "12", "Q_tweede": ""}]
    found = take_in(questionnaire, rows)
    assert marks(found, 0) == {"geld": "2", "gemak": "0", "klimaat": "1"}
    assert marks(found, 1) == {"geld": "0", "gemak": "1", "klimaat": "0"}
    assert columns_of(questionnaire.question("Q"))[0].codes == ("1", "2", "0")


def test_both_styles_of_ranking_give_the_same_answers() -> None:
    by_place = take_in(asked("ranking", coded=CODED), [{"Q_eerste": "12", "Q_tweede": "11"}])
    by_option = take_in(
        asked("ranking", maximum=2), [{"Q_geld": "2", "Q_gemak": "1", "Q_klimaat": ""}]
    )
    assert marks(by_place, 0) == marks(by_option, 0)


def test_an_option_ranked_twice_is_told() -> None:
    found = take_in(asked("ranking", coded=CODED), [{"Q_eerste": "12", "Q_tweede": "12"}])
    assert marks(found, 0)["gemak"] == "1 (ranked twice)"
    column = next(c for c in found.columns if c.name == "Q_gemak")
    settled = settled_categories(found.frame["Q_gemak"], categories_of(column), pd.array([0]))
    assert settled[0] == ".invalid"


def test_a_multiple_question_stored_as_codes() -> None:
    rows = [{"Q_eerste": "12", "Q_tweede": "12"}, {"Q_eerste": "", "Q_tweede": ""}]
    found = take_in(asked("multiple", coded=CODED), rows)
    assert marks(found, 0) == {"geld": "0", "gemak": "1", "klimaat": "0"}
    # Who went past it and mentioned nothing chose none.
    assert set(marks(found, 1).values()) == {"0"}


def test_an_unknown_code_leaves_the_other_answers_alone() -> None:
    rows = [{"Q_eerste": "11", "Q_tweede": "12"}] * 30 + [{"Q_eerste": "11", "Q_tweede": "77"}]
    found = take_in(asked("multiple", coded=CODED), rows)
    assert marks(found, 30) == {"geld": "1", "gemak": "77 (no source code)", "klimaat": "0"}


def test_a_file_with_other_codes_is_refused() -> None:
    rows = [{"Q_eerste": str(i), "Q_tweede": ""} for i in range(1, 41)]
    with pytest.raises(UnknownCodes, match="Q_eerste holds"):
        take_in(asked("multiple", coded=CODED), rows)


def test_an_absent_column_of_codes_is_named() -> None:
    with pytest.raises(MissingColumns, match="Q_tweede"):
        take_in(asked("ranking", coded=CODED), [{"Q_eerste": "11"}])


def test_the_columns_of_a_wave_may_have_other_names() -> None:
    questionnaire = asked("ranking", coded=CODED, columns={"w1": "V7"})
    column = columns_of(questionnaire.question("Q"))[0]
    assert column.sources("w1") == ("V7_1", "V7_2")
    assert column.sources("w2") == CODED


def test_what_decides_how_a_ranking_is_read_is_in_the_hash() -> None:
    def sha(**more: Any) -> str:
        return reading_sha256(asked("ranking", **more), WAVE, SOURCE)

    usual = sha(coded=CODED)
    assert sha(coded=("a", "b")) != usual
    assert sha() != usual
    assert sha(maximum=2) != sha()
    assert sha(coded=CODED, top=2, sort="none") == usual
