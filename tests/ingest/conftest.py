"""A small survey with every type of question, and files of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from expectations.failure import Failure
from flows.definitions.models import Text
from flows.definitions.options import Item, Missing, Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Base, Question
from flows.definitions.waves import FieldPeriod, Quality, Source, Wave
from flows.ingest.frames import RawResponses, Standardised
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.read import read_responses
from flows.ingest.settle import categories_of
from flows.ingest.standardise import standardise


def text(words: str) -> Text:
    return Text(nl=words, en=words)


def option(code: str, **more: object) -> Option:
    return Option(code=code, nl=f"antwoord {code}", **more)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def questionnaire() -> Questionnaire:
    agree = tuple(option(str(i)) for i in range(1, 6))
    return Questionnaire(
        questions=(
            Question(
                code="B1",
                dimension="demographic",
                type="single",
                text=text("sex"),
                severity="critical",
                options=(option("m", source=("1",)), option("v", source=("2",))),
            ),
            Question(
                code="B2",
                dimension="demographic",
                type="number",
                text=text("age"),
                minimum=18,
                maximum=110,
            ),
            Question(
                code="Q1",
                dimension="attitude",
                type="single",
                text=text("agree"),
                options=(*agree, option("9", source=("99", "98"), missing=Missing.DONT_KNOW)),
            ),
            Question(
                code="Q2",
                dimension="attitude",
                type="grid",
                text=text("statements"),
                options=agree,
                items=(Item(code="a", nl="a"), Item(code="b", nl="b", column="Q2bb")),
            ),
            Question(
                code="Q3",
                dimension="motive",
                type="multiple",
                text=text("why"),
                options=(
                    option("1"),
                    option("2"),
                    option("3", exclusive=True),
                    option("4", missing=Missing.DONT_KNOW),
                ),
            ),
            Question(
                code="Q4",
                dimension="channel",
                type="multiple",
                text=text("where"),
                options=(option("1"), option("2")),
            ),
            Question(
                code="Q5",
                dimension="behaviour",
                type="single",
                text=text("of those who agree"),
                base=Base(question="Q1", options=("4", "5"), nl="wie het eens is"),
                options=(option("1"), option("2")),
            ),
            Question(
                code="Q6",
                dimension="channel",
                type="ranking",
                text=text("rank"),
                options=tuple(option(str(i)) for i in range(1, 4)),
            ),
            Question(code="Q7", dimension="motive", type="open", text=text("in own words")),
            Question(
                code="Q8",
                dimension="attitude",
                type="single",
                text=text("last"),
                options=(option("1"), option("2")),
            ),
        )
    )


@pytest.fixture(scope="session")
def wave() -> Wave:
    return Wave(
        code="w1",
        title=text("wave"),
        period=text("2026"),
        field=FieldPeriod(start=date(2026, 1, 1), end=date(2026, 2, 1)),
        mode=text("online"),
        population=text("all"),
        frame=text("panel"),
        selection=text("all"),
        sources=(Source(id="id", duration="minutes", progress="progress", completed="when"),),
        quality=Quality(minimum_respondents=1),
    )


SOURCE_COLUMNS = (
    *("id", "minutes", "progress", "when", "B1", "B2", "Q1", "Q2_a", "Q2bb"),
    *("Q3_1", "Q3_2", "Q3_3", "Q3_4", "Q4_1", "Q4_2", "Q5", "Q6_1", "Q6_2", "Q6_3"),
    *("Q7", "Q8", "extra"),
)

FULL = {
    "id": "p1",
    "minutes": "10",
    "progress": "100",
    "when": "2026-01-05",
    "B1": "1",
    "B2": "44",
    "Q1": "4",
    "Q2_a": "1",
    "Q2bb": "2",
    "Q3_1": "1",
    "Q4_1": "1",
    "Q5": "2",
    "Q6_1": "2",
    "Q6_2": "1",
    "Q7": "omdat",
    "Q8": "1",
}


def made_raw(rows: list[dict[str, str]]) -> RawResponses:
    frame = pd.DataFrame(
        [{column: row.get(column) or None for column in SOURCE_COLUMNS} for row in rows],
        dtype="str",
    )
    return RawResponses(name="test.csv", sha256="0" * 64, kind="csv", frame=frame)


Rows = list[dict[str, str]]


@pytest.fixture
def raw_of() -> Callable[[Rows], RawResponses]:
    """Rows of source cells as a file that was read."""
    return made_raw


@pytest.fixture
def person() -> Callable[..., dict[str, str]]:
    """A row of the file: somebody who answered everything, with some cells changed."""
    return lambda **changes: FULL | changes


@pytest.fixture
def take_in(
    questionnaire: Questionnaire, wave: Wave
) -> Callable[[list[dict[str, str]]], Standardised]:
    """Rows of source cells, pseudonymised and standardised."""

    def run(rows: list[dict[str, str]]) -> Standardised:
        raw = pseudonymise(made_raw(rows), wave.sources[0], lambda ids: [f"r{i}" for i in ids])
        return standardise(raw, questionnaire, wave, wave.sources[0])

    return run


@pytest.fixture
def fails() -> Callable[[Standardised], list[Failure]]:
    """The rules of the suite written out in pandas: what Great Expectations should find."""
    return plain_failures


def plain_failures(standardised: Standardised) -> list[Failure]:
    frame = standardised.frame
    found = []
    twice = frame["respondent"].duplicated(keep=False) & frame["respondent"].notna()
    for i, row in frame.iterrows():
        person = "" if pd.isna(row["respondent"]) else row["respondent"]
        number = int(row["row"])
        if not person:
            found.append(Failure("", "not_null", "respondent", "", "critical", number))
        if twice[i]:
            found.append(Failure(person, "unique", "respondent", person, "critical", number))
        for column in standardised.columns:
            question = column.question
            if question.type == "open":
                continue
            name = column.name + ("__missing" if question.type == "number" else "")
            if row[name] not in categories_of(column):
                found.append(
                    Failure(
                        person, "in_set", column.name, str(row[name]), question.severity, number
                    )
                )
            elif question.type == "number" and not pd.isna(row[column.name]):
                low, high = question.minimum or -1e99, question.maximum or 1e99
                if not low <= row[column.name] <= high:
                    value = f"{row[column.name]:g}"
                    found.append(
                        Failure(person, "between", column.name, value, question.severity, number)
                    )
    return found


@pytest.fixture
def read_text(tmp_path: Path) -> Callable[..., RawResponses]:
    """Write bytes or text to a file and read it."""

    def run(content: str | bytes, name: str = "answers.csv") -> RawResponses:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_responses(path)

    return run
