"""Flow `type-respondents`: everybody a profile, by a stored model version; and the work of
`project-profiles`: every area of a base its composition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from prefect import flow, task
from prefect.artifacts import create_table_artifact

from flows.definitions import Survey, load_survey
from flows.definitions.waves import Wave
from flows.edges import (
    RETRIED,
    Done,
    artifact_key,
    batches_of,
    find_wave,
    inputs_sha256,
    kept_answers,
    open_store,
)
from flows.errors import Refusal
from flows.profiles.assign import Typing, assign
from flows.profiles.importing import with_given
from flows.profiles.model import ProfileModel
from flows.profiles.projection.base import project_base
from flows.profiles.reports import write_reports
from flows.profiles.typing import TypingModel, type_respondents_by
from flows.profiles.versions import MOST_WARNINGS, draft_on
from flows.store import ModelRecord, Store


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
            measured = assign(
                ProfileModel.from_dict(model.parameters["model"]),
                answers,
                definition.questionnaire,
            )
            typing = with_given(store, definition, defined, model, answers, measured)
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
            {"model": model.version, "sizes": _sizes(typing)},
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


@task(name="project-areas", task_run_name="{base} {year}", **RETRIED)
def project_areas_of_base(
    survey: str,
    base: str,
    year: int,
    files: str | None,
    panel: str | None,
    panel_wave: str | None,
) -> Done:
    """The composition of every area of a base (see `flows.survey_wave.project_profiles`)."""
    return project_base(
        Path(survey),
        base,
        year,
        files=Path(files) if files else None,
        panel=Path(panel) if panel else None,
        panel_wave=panel_wave,
    )


def own_model(
    store: Store, survey: Survey, wave: Wave, answers: pd.DataFrame
) -> tuple[ModelRecord, tuple[str, ...]]:
    """The model the wave names if it is accepted, else a draft fitted on this wave."""
    version = wave.model or survey.profiles.version
    known = store.model(survey.code, version)
    if known is not None and known.state == "accepted":
        write_reports(survey, known)
        return known, (f"profile model {version}, accepted",)
    if version != survey.profiles.version:
        raise Refusal(
            f"{survey.code} {wave.code}: nobody accepted the profile model {version} that "
            f"survey.yaml names, and profiles.yaml defines {survey.profiles.version}. Correct "
            "'model' of the wave, or leave it out."
        )
    fitted_on = None if known is None else known.parameters.get("fitted_on")
    if known is not None and fitted_on is not None and fitted_on["wave"] != wave.code:
        # The draft of another wave is the model all the same; `profiles fit` replaces it.
        write_reports(survey, known)
        return known, (f"profile model {version}, a draft fitted on {fitted_on['wave']}",)
    draft = draft_on(store, survey, wave, answers)
    _, page = write_reports(survey, draft)
    warnings = [f"LOOK: {line}" for line in draft.summary["attention"][:MOST_WARNINGS]]
    return draft, (*draft.summary["lines"], *warnings, f"Profile model (concept): {page}")


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
