"""What makes a reading another reading."""

from __future__ import annotations

from typing import Any

import pytest

from flows.definitions.models import Text
from flows.definitions.options import Band, Missing, Net, Option, Score
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.definitions.waves import Source, Wave
from flows.ingest.fingerprint import reading_sha256


def changed(questionnaire: Questionnaire, code: str, **update: Any) -> Questionnaire:
    questions = tuple(
        q.model_copy(update=update) if q.code == code else q for q in questionnaire.questions
    )
    return questionnaire.model_copy(update={"questions": questions})


def sha(questionnaire: Questionnaire, wave: Wave) -> str:
    return reading_sha256(questionnaire, wave, wave.sources[0])


@pytest.mark.parametrize(
    ("code", "update"),
    [
        ("Q1", {"text": Text(nl="anders gevraagd")}),
        ("Q1", {"short": Text(nl="kort")}),
        ("Q1", {"theme": "t", "headline": "mean", "mean": True}),
        ("Q1", {"nets": (Net(code="top", nl="top", top=2),), "sort": "descending"}),
        ("Q1", {"scores": (Score(code="s", nl="s", plus="1", minus="2"),)}),
        ("Q1", {"statistics": ("median", "sd"), "dont_know": "answer", "experiment": "Q3"}),
        ("B2", {"bands": (Band(code="all", nl="all"),), "statistics": ("median",)}),
        ("Q2", {"overview": True, "dont_know": "leave_out"}),
        ("Q6", {"top": 2, "sort": "none"}),
    ],
)
def test_words_and_rows_of_tables_do_not_count(
    questionnaire: Questionnaire, wave: Wave, code: str, update: dict[str, Any]
) -> None:
    assert sha(changed(questionnaire, code, **update), wave) == sha(questionnaire, wave)


def test_labels_and_field_dates_do_not_count(questionnaire: Questionnaire, wave: Wave) -> None:
    options = tuple(
        option.model_copy(update={"nl": "ander label"})
        for option in questionnaire.question("Q1").options
    )
    same = changed(questionnaire, "Q1", options=options)
    assert sha(same, wave) == sha(questionnaire, wave)
    later = wave.model_copy(update={"title": Text(nl="later")})
    assert sha(questionnaire, later) == sha(questionnaire, wave)


@pytest.mark.parametrize(
    ("code", "update"),
    [
        ("Q1", {"column": "vraag1"}),
        ("Q1", {"columns": {"w1": "vraag1"}}),
        ("Q1", {"waves": ("w0",)}),
        ("Q1", {"severity": "critical"}),
        ("Q1", {"options": (Option(code="1", nl="a"), Option(code="2", nl="b"))}),
        ("Q1", {"type": QuestionType.SCALE}),
        ("Q5", {"base": None}),
        ("B2", {"maximum": 120.0}),
        ("Q3", {"options": (Option(code="1", nl="a"), Option(code="3", nl="c"))}),
        ("Q3", {"coded": ("Q3_code1", "Q3_code2")}),
        ("Q6", {"maximum": 2.0}),
    ],
)
def test_what_changes_the_reading_counts(
    questionnaire: Questionnaire, wave: Wave, code: str, update: dict[str, Any]
) -> None:
    assert sha(changed(questionnaire, code, **update), wave) != sha(questionnaire, wave)


def test_missing_kinds_source_and_quality_count(questionnaire: Questionnaire, wave: Wave) -> None:
    options = tuple(
        o.model_copy(update={"missing": Missing.REFUSED}) if o.missing else o
        for o in questionnaire.question("Q1").options
    )
    hashes = {
        sha(questionnaire, wave),
        sha(changed(questionnaire, "Q1", options=options), wave),
        reading_sha256(questionnaire, wave, Source(id="nr")),
        sha(
            questionnaire,
            wave.model_copy(update={"quality": wave.quality.model_copy(update={"speeder": 0.4})}),
        ),
    }
    assert len(hashes) == 4
