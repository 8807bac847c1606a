"""Flow `weigh-wave`: the kept respondents of a wave get calibrated weights."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import flow, task
from prefect.artifacts import create_table_artifact

from flows.definitions import Survey, load_survey
from flows.edges import (
    RETRIED,
    Done,
    artifact_key,
    batches_of,
    find_wave,
    inputs_sha256,
    kept_answers,
    open_store,
    reports_folder,
    without_background,
    write_json,
    write_whole,
)
from flows.fingerprint import code_version
from flows.ingest.derive import derive
from flows.weighting.diagnostics import weighting_summary
from flows.weighting.report import level_names, variable_name, weighting_page
from flows.weighting.scheme import weigh


@flow(name="weigh-wave", flow_run_name="{wave}")
def weigh_wave(survey: str, wave: str) -> Done:
    """Weight the wave by its scheme; store the weights; write weighting.html and .json."""
    return weigh_respondents(survey, wave)


@task(name="weigh-respondents", task_run_name="{wave}", **RETRIED)
def weigh_respondents(survey: str, wave: str) -> Done:
    """The work of `weigh-wave`."""
    definition = load_survey(Path(survey))
    defined = find_wave(definition, wave)
    plan = definition.weighting
    with open_store() as store:
        answers = kept_answers(store, definition, defined)
        lacking = without_background(store, definition, defined)
        batches = batches_of(store, definition, defined)
        inputs = inputs_sha256(batches, code_version(), plan.model_dump(mode="json"))
        began = time.perf_counter()
        margins = derive(
            answers, definition.questionnaire, [margin.variable for margin in plan.margins]
        )
        if plan.base_weight is not None:
            margins[plan.base_weight] = answers[plan.base_weight]
        weighting = weigh(margins, plan)
        summary = weighting_summary(weighting, plan, seconds=time.perf_counter() - began)
        record = store.add_weighting(
            definition.code,
            defined.code,
            inputs,
            pd.DataFrame({"respondent": answers["respondent"], "weight": weighting.weights}),
            summary,
            batches=[batch.id for batch in batches],
        )
    folder = reports_folder(definition.code, defined.code)
    page = write_whole(
        folder / "weighting.html",
        weighting_page(
            weighting,
            plan,
            definition.questionnaire,
            summary,
            title=definition.info.title["en"],
            wave=defined.title["en"],
            simulated=definition.info.simulated,
        ),
    )
    write_json(folder / "weighting.json", summary)
    create_table_artifact(
        key=artifact_key("weights", definition.code, defined.code),
        table=margin_rows(definition, summary["margins"]),
        description=f"**Margins before and after weighting, {defined.title['en']}.** "
        f"Efficiency {weighting.efficiency:.2f}, effective number "
        f"{weighting.effective_n:,.0f}. Full report: `{page.resolve()}`",
    )
    w = weighting.weights
    lines = [
        f"{len(w):,} weights, {w.min():.2f} to {w.max():.2f}; efficiency "
        f"{weighting.efficiency:.2f}, effective number {weighting.effective_n:,.0f}; "
        f"margins met to {weighting.max_error:.0e}",
        f"Weighting: {page}",
    ]
    if lacking:
        lines.insert(
            1,
            f"{lacking:,} of the {len(w) + lacking:,} kept people have no weight: they are not "
            f"in wave {defined.background_from}, which holds the background",
        )
    return Done((record.id,), tuple(lines))


def margin_rows(survey: Survey, margins: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The margins of a weighting's summary in words, for the run's page on the server."""
    return [
        {
            "margin": variable_name(survey.questionnaire, margin["margin"]),
            "level": names.get(level["level"], level["level"]),
            "respondents": f"{level['n']:,}",
            **{name: f"{100 * level[name]:.1f}%" for name in ("before", "target", "after")},
        }
        for margin in margins
        for names in [level_names(survey.questionnaire, margin["margin"])]
        for level in margin["levels"]
    ]
