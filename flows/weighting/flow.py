"""Flow `weigh-wave`: the kept respondents of a wave get calibrated weights, and a report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from prefect import flow, task
from prefect.artifacts import create_table_artifact

from flows.definitions import Survey, load_survey
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.waves import Wave
from flows.definitions.weighting_plan import WeightingPlan
from flows.edges import (
    RETRIED,
    Done,
    artifact_key,
    batches_of,
    find_wave,
    inputs_sha256,
    kept_answers,
    open_store,
    profiles_of_people,
    reports_folder,
    without_background,
    write_json,
    write_whole,
)
from flows.errors import Refusal
from flows.fingerprint import code_version
from flows.profiles.model import ProfileModel
from flows.store import ModelRecord, Store
from flows.weighting.consultation import (
    consultation_summary,
    named_profiles,
    weigh_consultation,
)
from flows.weighting.diagnostics import weighting_summary, with_profiles
from flows.weighting.report import named_levels, variable_name, weighting_page
from flows.weighting.scheme import weigh, weighting_frame


@flow(name="weigh-wave", flow_run_name="{wave}")
def weigh_wave(survey: str, wave: str) -> Done:
    """Weight the wave by its scheme; store the weights; write weighting.html and .json.

    A local consultation that is typed is then weighted with the area's profile composition too.
    """
    done = weigh_respondents(survey, wave)
    added = weigh_with_composition(survey, wave)
    return Done((*done.ids, *added.ids), (*done.lines, *added.lines))


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
        frame = weighting_frame(answers, definition.questionnaire, plan)
        weighting = weigh(frame, plan)
        seconds = time.perf_counter() - began
        summary = weighting_summary(weighting, plan, frame, seconds=seconds)
        record = store.add_weighting(
            definition.code,
            defined.code,
            inputs,
            pd.DataFrame({"respondent": answers["respondent"], "weight": weighting.weights}),
            summary,
            batches=[batch.id for batch in batches],
        )
        page = write_report(store, definition, defined)
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
    changed = [
        f"{name}: {len(what):,}"
        for name, what in (
            ("groups that joined another", weighting.joined),
            ("sparse levels merged", weighting.collapsed),
        )
        if what
    ]
    if changed:
        lines.insert(1, f"LOOK: {', '.join(changed)}; the report says which")
    return Done((record.id,), tuple(lines))


@task(name="weigh-with-composition", task_run_name="{wave}", **RETRIED)
def weigh_with_composition(survey: str, wave: str) -> Done:
    """Weight a local consultation with the area's profile composition as one more margin.

    Its weights are kept beside those by demographics, with a report of their own. Does nothing
    for a survey without a composition, or as long as the present answers are not typed.
    """
    definition = load_survey(Path(survey))
    defined = find_wave(definition, wave)
    plan = definition.weighting
    if plan.composition is None:
        return Done()
    if definition.info.role != "consultation":
        raise Refusal(
            f"{definition.code}: weighting.yaml has a composition, but survey.yaml says role: "
            f"{definition.info.role}. Only a consultation is weighted to the profiles of its area; "
            "remove the composition, or make it role: consultation."
        )
    with open_store() as store:
        batches = batches_of(store, definition, defined)
        typing = store.current_typing(definition.code, defined.code)
        if typing is None or typing.inputs_sha256 != inputs_sha256(
            batches, store.model_by_id(typing.model_id).inputs_sha256
        ):
            return Done((), ("the profile composition is added once these answers are typed",))
        answers = kept_answers(store, definition, defined)
        profiles = profiles_of_people(store, definition, defined, answers)
        inputs = inputs_sha256(
            batches,
            code_version(),
            plan.model_dump(mode="json"),
            typing.model_id,
            typing.data_sha256,
        )
        began = time.perf_counter()
        frame = weighting_frame(answers, definition.questionnaire, plan)
        done = weigh_consultation(frame, plan, profiles)
        summary = consultation_summary(done, seconds=time.perf_counter() - began)
        weighting = done.composition
        record = store.add_weighting(
            definition.code,
            defined.code,
            inputs,
            pd.DataFrame({"respondent": answers["respondent"], "weight": weighting.weights}),
            summary,
            batches=[batch.id for batch in batches],
            scheme="composition",
        )
        names = profile_names(store.model_by_id(typing.model_id))
    page = _write_pages(
        definition,
        defined,
        "weighting-composition",
        done.plan,
        named_profiles(definition.questionnaire, names),
        record.summary,
        names,
    )
    w, distance = weighting.weights, done.comparison.distance_demographics
    return Done(
        (record.id,),
        (
            f"with the profile composition: {w.min():.2f} to {w.max():.2f}; efficiency "
            f"{weighting.efficiency:.2f}, effective number {weighting.effective_n:,.0f}; by "
            f"demographics alone {100 * distance:.0f}% would have to be of another profile",
            f"Weighting with the profile composition: {page}",
        ),
    )


@task(name="report-weights", task_run_name="{wave}", **RETRIED)
def report_weights(survey: str, wave: str) -> Done:
    """Write the weighting report again: once a wave is typed, it also tells about the profiles."""
    definition = load_survey(Path(survey))
    defined = find_wave(definition, wave)
    with open_store() as store:
        record = store.current_weighting(definition.code, defined.code)
        if record is None or "scheme" not in record.summary:  # none yet, or of an older version
            return Done()
        return Done((record.id,), (f"Weighting: {write_report(store, definition, defined)}",))


def write_report(store: Store, survey: Survey, wave: Wave) -> Path:
    """Write weighting.html and .json from what the store holds; the path of the page."""
    record = store.current_weighting(survey.code, wave.code)
    assert record is not None
    summary, names = dict(record.summary), dict[str, str]()
    typing = store.current_typing(survey.code, wave.code)
    if typing is not None:
        stored = store.read_weighting(record.id)
        of_person = store.read_typing(typing.id).set_index("respondent")["profile"]
        profiles = of_person.reindex(stored["respondent"])
        # A typing of earlier answers lacks people; its time is over when this wave is typed.
        if profiles.notna().all():
            summary = with_profiles(summary, stored["weight"].to_numpy(float), profiles)
            names = profile_names(store.model_by_id(typing.model_id))
    return _write_pages(
        survey, wave, "weighting", survey.weighting, survey.questionnaire, summary, names
    )


def _write_pages(
    survey: Survey,
    wave: Wave,
    name: str,
    plan: WeightingPlan,
    questionnaire: Questionnaire,
    summary: Mapping[str, Any],
    names: Mapping[str, str],
) -> Path:
    """Write `<name>.html` and `<name>.json` about a weighting by a plan; the path of the page."""
    folder = reports_folder(survey.code, wave.code)
    page = weighting_page(
        plan,
        questionnaire,
        summary,
        title=survey.info.title["en"],
        wave=wave.title["en"],
        profile_names=names,
        simulated=survey.info.simulated,
    )
    write_json(folder / f"{name}.json", summary)
    return write_whole(folder / f"{name}.html", page)


def profile_names(model: ModelRecord) -> dict[str, str]:
    """The English names of the profiles, by code, as the model has them."""
    fitted = ProfileModel.from_dict(model.parameters["model"])
    return {code: name["en"] for code, name in zip(fitted.codes, fitted.names, strict=True)}


def margin_rows(survey: Survey, margins: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The margins of a weighting's summary in words, for the run's page on the server."""
    return [
        {
            "margin": variable_name(survey.questionnaire, margin["margin"]),
            "level": level["label"],
            "respondents": f"{level['n']:,}",
            **{name: f"{100 * level[name]:.1f}%" for name in ("before", "target", "after")},
        }
        for margin in margins
        for level in named_levels(survey.questionnaire, margin["margin"], margin["levels"])
    ]
