"""Bring an existing typology into the store: a draft whose profiles are given, not found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions import Survey, load_survey
from flows.definitions.waves import Wave
from flows.edges import Done, existing_store, kept_answers, weights_of
from flows.fingerprint import of_json
from flows.ingest.frames import RawResponses
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.read import read_responses
from flows.profiles.assign import NOT_TYPED, Typing
from flows.profiles.errors import ProfileError
from flows.profiles.fit import checked_weights
from flows.profiles.imported import Kind, ScoringTable, kind_of, memberships_of, scoring_table
from flows.profiles.measured import fit_given
from flows.profiles.reports import write_reports
from flows.profiles.summary import model_summary
from flows.profiles.typing import fit_typing
from flows.profiles.versions import MOST_WARNINGS, basis_of, open_version, wave_to_fit
from flows.store import ModelRecord, Store

Floats = NDArray[np.float64]

FEWEST_FOUND = 0.5
"""Share of the people in a file that must be in the wave, or it is another survey's file."""

LOOSE = 1.3
"""With exact labels a temperature of 1.08 to 1.15 was found, with a fifth of them wrong 1.55."""

WHAT: dict[Kind, str] = {
    "labels": "labels",
    "probabilities": "probabilities",
    "scoring": "a scoring table",
}


def import_typology(folder: Path, file: Path, wave: str) -> Done:
    """Make a typology from elsewhere the draft of the version in profiles.yaml.

    `file`: labels or probabilities per person (the people of `wave`, by the id that its source
    names), or a scoring table (see `flows.profiles.imported`). Refuses a file of another kind,
    people who are not in the wave, and a version that is accepted already.
    """
    survey = load_survey(folder)
    defined = wave_to_fit(survey, wave)
    plan, questionnaire = survey.profiles, survey.questionnaire
    raw = read_responses(file)
    kind = kind_of(raw.name, list(raw.frame.columns), plan)
    with existing_store() as store:
        open_version(store, survey)
        answers = kept_answers(store, survey, defined)
        basis = replace(basis_of(store, survey, defined), imported=raw.sha256)
        weights = weights_of(store, survey, defined, answers) if basis.weights else None
        table = None
        if kind == "scoring":
            table = scoring_table(raw.name, raw.frame, plan)
            table = table.averaged(answers, checked_weights(weights, len(answers)))
            memberships, enough = table.probabilities(answers)
            memberships = np.where(enough[:, None], memberships, np.nan)
        else:
            memberships = _of_people(store, survey, defined, raw, kind, answers)
        model = fit_given(answers, questionnaire, plan, memberships, weights)
        data = (answers, questionnaire, plan)
        typing = (
            fit_typing(model, *data, weights=weights, memberships=memberships)
            if plan.golden
            else None
        )
        record = store.add_model(
            survey.code,
            plan.version,
            "draft",
            basis.inputs_sha256,
            {
                "model": model.to_dict(),
                "typing": typing.to_dict() if typing else None,
                "fitted_on": {"wave": defined.code, **basis.parts},
                "imported": {
                    "file": raw.name,
                    "kind": kind,
                    "table": table.to_dict() if table else None,
                },
            },
            model_summary(model, *data, None, typing, weights=weights),
            batches=basis.batches,
        )
        if kind != "scoring":
            keep_given(store, survey, defined, record, answers, memberships)
    _, page = write_reports(survey, record)
    n = int((~np.isnan(memberships[:, 0])).sum())
    attention = list(record.summary["attention"])
    if model.temperature > LOOSE:
        attention.insert(
            0,
            "the answers go with the given profiles loosely (temperature "
            f"{model.temperature:.2f}): many may be wrong, and changes between waves measured by "
            "this version are then too large",
        )
    looks = [f"LOOK: {line}" for line in attention[:MOST_WARNINGS]]
    return Done(
        (record.id,),
        (
            f"Profile model {plan.version}, a draft, imported from {raw.name} ({WHAT[kind]}): "
            f"{n:,} of {len(answers):,} respondents of {defined.code} have a profile by it",
            *looks,
            f"Page: {page}",
            f"Next: themadossier profiles accept {folder} {plan.version} --by NAME",
        ),
    )


def _of_people(
    store: Store,
    survey: Survey,
    wave: Wave,
    raw: RawResponses,
    kind: Kind,
    answers: pd.DataFrame,
) -> Floats:
    """Memberships (n, K) of the respondents; NaN for who is not in the file."""
    sources = {source.id: source for source in wave.sources}
    known = next((s for name, s in sources.items() if name in raw.frame.columns), wave.sources[0])
    people = pseudonymise(
        raw, known, lambda ids: store.pseudonyms(survey.code, ids, remember=False)
    )
    given = memberships_of(raw.name, people.frame, kind, survey.profiles)
    ids = pd.Series(people.respondents)
    twice = ids[ids.notna() & ids.duplicated()]
    if len(twice):
        raise ProfileError(
            f"{raw.name}, row {int(twice.index[0]) + 2}: this person stands in the file twice; "
            "keep one row for each."
        )
    place = pd.Index(ids).get_indexer(pd.Index(answers["respondent"]))
    found = int((place >= 0).sum())
    if found < FEWEST_FOUND * min(len(ids), len(answers)):
        raise ProfileError(
            f"{raw.name}: {found:,} of its {len(ids):,} people are among the {len(answers):,} "
            f"respondents of {survey.code} {wave.code}; take the file of this wave, with the ids "
            f"of its column {known.id}."
        )
    memberships: Floats = np.where((place >= 0)[:, None], given[place], np.nan)
    return memberships


# ---------------------------------------------------------------------- typing by what is given


def keep_given(
    store: Store,
    survey: Survey,
    wave: Wave,
    model: ModelRecord,
    answers: pd.DataFrame,
    memberships: Floats,
) -> None:
    """Keep who was given which profile, as a typing of the wave by this model."""
    there = np.flatnonzero(~np.isnan(memberships).any(axis=1))
    frame = pd.DataFrame({"respondent": answers["respondent"].to_numpy()[there]})
    codes = np.array(survey.profiles.codes, dtype=object)
    frame["profile"] = codes[memberships[there].argmax(axis=1)]
    for k, code in enumerate(survey.profiles.codes):
        frame[f"p_{code}"] = memberships[there, k]
    store.add_typing(
        survey.code,
        wave.code,
        model.id,
        of_json([model.inputs_sha256, "given"]),
        frame,
        {"model": model.version, "given": True},
    )


def with_given(
    store: Store,
    survey: Survey,
    wave: Wave,
    model: ModelRecord,
    answers: pd.DataFrame,
    typing: Typing,
) -> Typing:
    """The typing of a wave's respondents, by the typology itself where it speaks of them.

    `typing`: by the measurement, for all others. Nothing changes for a model of our own.
    """
    imported = model.parameters.get("imported")
    if imported is None:
        return typing
    n, k = typing.probabilities.shape
    given = np.full((n, k), np.nan)
    if imported["table"] is not None:
        table = ScoringTable.from_dict(imported["table"])
        p, enough = table.probabilities(answers)
        given[enough] = p[enough]
    else:
        for record in store.typings(survey.code, wave.code, model.id):
            if record.summary.get("given"):
                frame = store.read_typing(record.id).set_index("respondent")
                columns = [f"p_{code}" for code in typing.codes]
                given = frame.reindex(answers["respondent"])[columns].to_numpy(float)
    known = ~np.isnan(given).any(axis=1)
    labels = typing.labels.copy()
    labels[known] = np.array(typing.codes, dtype=object)[given[known].argmax(axis=1)]
    probabilities = np.where(known[:, None], given, typing.probabilities)
    kept = tuple(note for note in typing.notes if "have no profile" not in note)
    without = int((labels == NOT_TYPED).sum())
    notes = (
        f"{int(known.sum()):,} of {n:,} respondents have the profile that {imported['file']} gives "
        "them; the others are typed by their answers.",
        *((f"{without} respondents have no profile.",) if without else ()),
    )
    return Typing(labels, probabilities, typing.codes, (*kept, *notes))
