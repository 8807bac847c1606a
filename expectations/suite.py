"""The rules of a wave, as a Great Expectations suite.

One rule per coded column: GX costs about 7 ms an expectation, hardly anything per row. GX is
imported inside the functions, since its import takes seconds.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.definitions.columns import AnswerColumn
from flows.definitions.options import MISSING_CODES
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.definitions.survey import Survey
from flows.definitions.waves import Wave

RESPONDENT = "respondent"
ROW = "row"
MISSING_SUFFIX = "__missing"

SNAPSHOTS = Path(__file__).parent / "snapshots"


def great_expectations() -> Any:
    """The library, without usage statistics and without its warnings about itself."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ.setdefault("DO_NOT_TRACK", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
    return gx


def build_suite(questionnaire: Questionnaire, wave: Wave) -> Any:
    """The `ExpectationSuite` of a wave, in questionnaire order.

    Everybody has an id, nobody is in the file twice (both critical); every coded column holds
    codes of the questionnaire, every number lies in its range (severity of the question).
    """
    gx = great_expectations()
    gxe = gx.expectations
    rules = [
        gxe.ExpectColumnValuesToNotBeNull(column=RESPONDENT, severity="critical"),
        gxe.ExpectColumnValuesToBeUnique(column=RESPONDENT, severity="critical"),
    ]
    for column in questionnaire.columns(wave.code):
        rules.extend(_rules(gxe, column))
    return gx.ExpectationSuite(name=wave.code, expectations=rules)


def _rules(gxe: Any, column: AnswerColumn) -> Iterator[Any]:
    question = column.question
    severity = question.severity
    if column.is_text:
        return
    if question.type is not QuestionType.NUMBER:
        yield gxe.ExpectColumnValuesToBeInSet(
            column=column.name, value_set=list(column.categories), severity=severity
        )
        return
    yield gxe.ExpectColumnValuesToBeInSet(
        column=column.name + MISSING_SUFFIX, value_set=["", *MISSING_CODES], severity=severity
    )
    if question.minimum is not None or question.maximum is not None:
        yield gxe.ExpectColumnValuesToBeBetween(
            column=column.name,
            min_value=question.minimum,
            max_value=question.maximum,
            severity=severity,
        )


def suite_snapshot(survey: Survey) -> dict[str, Any]:
    """The suites of all waves of a survey, without the random ids that GX gives."""
    return {
        wave.code: [
            {"type": rule["type"], "severity": rule["severity"], **rule["kwargs"]}
            for rule in build_suite(survey.questionnaire, wave).to_json_dict()["expectations"]
        ]
        for wave in survey.info.waves
    }


def snapshot_text(survey: Survey) -> str:
    """The snapshot as JSON with one rule on each line, so that a change can be read."""
    waves = [
        f"  {json.dumps(wave)}: [\n"
        + ",\n".join(f"    {json.dumps(rule, ensure_ascii=False)}" for rule in rules)
        + "\n  ]"
        for wave, rules in suite_snapshot(survey).items()
    ]
    return "{\n" + ",\n".join(waves) + "\n}\n"
