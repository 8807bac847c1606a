"""Runs the suite of a wave over standardised answers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pandas as pd

from expectations.failure import Failure
from expectations.suite import MISSING_SUFFIX, RESPONDENT, ROW, build_suite, great_expectations
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.waves import Wave

RULES = {
    "expect_column_values_to_not_be_null": "not_null",
    "expect_column_values_to_be_unique": "unique",
    "expect_column_values_to_be_in_set": "in_set",
    "expect_column_values_to_be_between": "between",
}
"""Short names of the rules, as reports show them."""


def validate(frame: pd.DataFrame, questionnaire: Questionnaire, wave: Wave) -> list[Failure]:
    """Every value that fails a rule of the wave's suite, in order of row and questionnaire.

    `frame` is that of `Standardised`: `row`, `respondent`, and the answer columns.
    """
    result = run_suite(frame, build_suite(questionnaire, wave))
    people = dict(zip(frame[ROW], frame[RESPONDENT], strict=True))
    failures = [
        Failure(
            respondent="" if pd.isna(people[row]) else str(people[row]),
            rule=rule,
            column=column,
            value=value,
            severity=severity,
            row=int(row),
        )
        for rule, column, severity, row, value in _failing(result)
    ]
    return sorted(failures, key=lambda failure: failure.row)


def run_suite(frame: pd.DataFrame, suite: Any) -> Any:
    """The raw result of Great Expectations, with the row of each failing value.

    The context lives in memory only; nothing is written, sent or drawn on the terminal.
    """
    gx = great_expectations()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    for name in [n for n in logging.root.manager.loggerDict if n.startswith("great_expectations")]:
        logging.getLogger(name).setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    batch = (
        context.data_sources.add_pandas("answers")
        .add_dataframe_asset("wave")
        .add_batch_definition_whole_dataframe("file")
        .get_batch(batch_parameters={"dataframe": frame})
    )
    return batch.validate(
        suite,
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": [ROW],
        },
    )


def _failing(result: Any) -> Iterator[tuple[str, str, Any, int, str]]:
    for outcome in result.results:
        if outcome.success:
            continue
        config = outcome.expectation_config
        name = config.kwargs["column"]
        if "unexpected_index_list" not in outcome.result:
            raise RuntimeError(f"{name}: the rule could not be run: {outcome.exception_info}")
        for found in outcome.result["unexpected_index_list"] or []:
            value = found.get(name)
            yield (
                RULES[config.type],
                name.removesuffix(MISSING_SUFFIX),
                str(getattr(config.severity, "value", config.severity)),
                int(found[ROW]),
                "" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value),
            )
