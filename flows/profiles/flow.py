"""Flow `type-respondents`: every respondent gets a profile, by a stored model version."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from prefect import flow, task
from prefect.artifacts import create_table_artifact

from flows.definitions import Survey, load_survey
from flows.definitions.models import Wave
from flows.edges import (
    RETRIED,
    Done,
    artifact_key,
    batches_of,
    find_wave,
    inputs_sha256,
    kept_answers,
    open_store,
    survey_outputs,
    weights_of,
    write_json,
    write_whole,
)
from flows.errors import Refusal
from flows.profiles.assign import Typing, assign
from flows.profiles.fit import fit_profiles
from flows.profiles.model import ProfileModel
from flows.profiles.page import model_page
from flows.profiles.stability import stability
from flows.profiles.summary import model_summary
from flows.profiles.typing import TypingModel, fit_typing, type_respondents_by
from flows.store import ModelRecord, Store

MOST_WARNINGS = 2
"""The page of the model has them all."""


@flow(name="type-respondents", flow_run_name="{wave}")
def type_respondents(survey: str, wave: str) -> Done:
    """Give the kept respondents of a wave their profile; store label and probabilities."""
    return type_wave(survey, wave)


@task(name="type-wave", task_run_name="{wave}", **RETRIED)
def type_wave(survey: str, wave: str) -> Done:
    """The work of `type-respondents`.

    A survey whose profiles come from its own answers is assigned by its own model: the
    accepted version the wave names, or else a draft fitted here with a fixed seed. Others
    are typed by the golden questions, with the model of the survey they name.
    """
    definition = load_survey(Path(survey))
    defined = find_wave(definition, wave)
    with open_store() as store:
        answers = kept_answers(store, definition, defined)
        if definition.info.profiles == "own_answers":
            model, said = own_model(store, definition, defined, answers)
            typing = assign(
                ProfileModel.from_dict(model.parameters["model"]),
                answers,
                definition.questionnaire,
            )
        else:
            model, said = model_of_other(store, definition, defined)
            typing = type_respondents_by(
                TypingModel.from_dict(model.parameters["typing"]),
                answers,
                definition.questionnaire,
            )
        batches = batches_of(store, definition, defined)
        inputs = inputs_sha256(batches, model.inputs_sha256)
        record = store.add_typing(
            definition.code,
            defined.code,
            model.id,
            inputs,
            _frame(answers, typing),
            {"model": model.version, "state": model.state, "sizes": _sizes(typing)},
            batches=[batch.id for batch in batches],
        )
    names = ProfileModel.from_dict(model.parameters["model"])
    named = dict(zip(names.codes, names.names, strict=True))
    create_table_artifact(
        key=artifact_key("profiles", definition.code, defined.code),
        table=[
            {
                "profile": named[code].en if code in named else code,
                "respondents": f"{n:,}",
                "share, unweighted": f"{100 * n / len(answers):.1f}%",
            }
            for code, n in _sizes(typing).items()
        ],
        description=f"**Respondents per profile, {defined.title['en']}.** Profile model "
        f"{model.version} ({model.state}), {len(answers):,} respondents.",
    )
    return Done((record.id,), (*said, *typing.notes))


def own_model(
    store: Store, survey: Survey, wave: Wave, answers: pd.DataFrame
) -> tuple[ModelRecord, tuple[str, ...]]:
    """The model the wave names if it is accepted, else a draft fitted on this wave."""
    version = wave.model or survey.profiles.version
    known = store.model(survey.code, version)
    if known is not None and known.state == "accepted":
        return known, (f"profile model {version}, accepted",)
    plan = survey.profiles
    batches = batches_of(store, survey, wave)
    weighting = store.current_weighting(survey.code, wave.code)
    weights = weights_of(store, survey, wave, answers) if weighting is not None else None
    inputs = inputs_sha256(
        batches, plan.model_dump(mode="json"), weighting.inputs_sha256 if weighting else None
    )
    if known is None or known.inputs_sha256 != inputs:
        data = (answers, survey.questionnaire, plan)
        model = fit_profiles(*data, weights=weights)
        steady = stability(*data, model, weights=weights)
        typing = fit_typing(model, *data, weights=weights) if plan.golden else None
        summary = model_summary(model, *data, steady, typing, weights=weights)
        known = store.add_model(
            survey.code,
            version,
            "draft",
            inputs,
            {"model": model.to_dict(), "typing": typing.to_dict() if typing else None},
            summary,
            batches=[batch.id for batch in batches],
        )
    folder = survey_outputs(survey.code) / "reports"
    folder.mkdir(exist_ok=True)
    write_json(folder / f"model-{version}.json", known.summary)
    page = model_page(
        known.summary,
        survey.questionnaire,
        survey.info.title["en"],
        known.state,
        simulated=survey.info.simulated,
    )
    report = write_whole(folder / f"model-{version}.html", page)
    warnings = [f"LOOK: {line}" for line in known.summary["attention"][:MOST_WARNINGS]]
    return known, (*known.summary["lines"], *warnings, f"Profile model (concept): {report}")


def model_of_other(store: Store, survey: Survey, wave: Wave) -> tuple[ModelRecord, tuple[str, ...]]:
    """The model of the survey that made the profiles, with its typing by golden questions."""
    source = survey.info.model_survey or survey.code
    version = wave.model or survey.profiles.version
    model = store.model(source, version)
    if model is None:
        raise Refusal(
            f"{survey.code} {wave.code}: there is no profile model {version} of {source} in the "
            f"store. Process {source} first, or name another version under 'model' in survey.yaml."
        )
    if model.parameters.get("typing") is None:
        raise Refusal(
            f"{survey.code} {wave.code}: model {version} of {source} has no typing by golden "
            f"questions. List them under 'golden' in the profiles.yaml of {source}."
        )
    return model, (f"profile model {version} of {source}, {model.state}",)


def _frame(answers: pd.DataFrame, typing: Typing) -> pd.DataFrame:
    frame = pd.DataFrame({"respondent": answers["respondent"], "profile": typing.labels})
    for k, code in enumerate(typing.codes):
        frame[f"p_{code}"] = typing.probabilities[:, k]
    return frame


def _sizes(typing: Typing) -> dict[str, int]:
    labels = np.asarray(typing.labels)
    return {code: int((labels == code).sum()) for code in typing.codes}
