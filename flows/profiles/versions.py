"""Versions of a survey's profile model: fitted as a draft, accepted by name, then fixed.

A draft hangs on what it was fitted on: answers, weights and definition. Only while these are
what they were can it be accepted; afterwards nothing changes it, and its readable file is kept
in the catalogue byte for byte, from which it is put back when it is lost or altered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from flows.definitions import Survey, load_survey
from flows.definitions.waves import Wave
from flows.edges import (
    Done,
    batches_of,
    existing_store,
    find_wave,
    inputs_sha256,
    kept_answers,
    weights_of,
)
from flows.errors import Refusal
from flows.fingerprint import of_json
from flows.profiles.answers import scored_columns
from flows.profiles.fit import WAY_OF_FITTING, fit_profiles
from flows.profiles.numbers import compare_numbers
from flows.profiles.replicates import replicates_of
from flows.profiles.reports import document_of, write_reports
from flows.profiles.stability import stability_of
from flows.profiles.summary import model_summary
from flows.profiles.typing import fit_typing
from flows.store import ModelRecord, Store

MOST_WARNINGS = 2
"""The page of the model has them all."""
LONGEST_NAME = 100


@dataclass(frozen=True)
class Basis:
    """What a model is fitted on, each part as a hash; `weights` is None for equal ones.

    `imported`: the file with the typology, where the profiles were given and not found.

    The weights themselves count, not how they were made: the same weights made again, by a
    newer version of this software for example, change nothing.
    """

    wave: str
    answers: str
    definition: str
    weights: str | None
    batches: tuple[int, ...]
    imported: str | None = None

    @property
    def inputs_sha256(self) -> str:
        """The hash by which the store knows a model again."""
        given = [self.imported] if self.imported else []
        return of_json([WAY_OF_FITTING, self.answers, self.definition, self.weights, *given])

    @property
    def argued_sha256(self) -> str:
        """The same hash of a draft whose page also argues the number of profiles."""
        return of_json([self.inputs_sha256, "numbers"])

    def is_of(self, record: ModelRecord) -> bool:
        """Whether a model was made of this."""
        return record.inputs_sha256 in (self.inputs_sha256, self.argued_sha256)

    @property
    def parts(self) -> dict[str, str | None]:
        """The parts by what the user calls them."""
        parts = {"answers": self.answers, "definition": self.definition, "weights": self.weights}
        return parts | ({"typology": self.imported} if self.imported else {})


def basis_of(store: Store, survey: Survey, wave: Wave) -> Basis:
    """What a model of this wave would be fitted on now. Refuses a wave without answers."""
    batches = batches_of(store, survey, wave)
    weighting = store.current_weighting(survey.code, wave.code)
    return Basis(
        wave.code,
        inputs_sha256(batches),
        _definition_sha256(survey),
        weighting.data_sha256 if weighting is not None else None,
        tuple(batch.id for batch in batches),
    )


def _definition_sha256(survey: Survey) -> str:
    """Hash of profiles.yaml and of how the questions it names count.

    Texts of questions do not count; the profiles' own names do, since a version carries them.
    """
    plan, questionnaire = survey.profiles, survey.questionnaire
    placed = [code for axis in plan.axes.values() for code in (*axis.of, *axis.reverse)]
    named = dict.fromkeys((*plan.items, *plan.concomitants, *plan.golden, *placed))
    columns = scored_columns(questionnaire, named)
    derived = [
        (
            code,
            made.kind,
            made.of,
            [level.model_dump(exclude={"nl", "en"}) for level in made.levels],
        )
        for code in named
        if (made := questionnaire.derived_variable(code)) is not None
    ]
    return of_json(
        [plan.model_dump(mode="json"), [column.to_dict() for column in columns], derived]
    )


# ----------------------------------------------------------------------------------- fitting


def draft_on(
    store: Store, survey: Survey, wave: Wave, answers: pd.DataFrame, *, argue: bool = False
) -> ModelRecord:
    """The draft of the version in profiles.yaml, fitted on this wave with the fixed seed.

    The draft that stands is kept when nothing it was fitted on has changed. `argue`: compare
    other numbers of profiles too (half a minute for 10,000 people), for who has to accept it.
    Refuses when the version is accepted already, since a draft never takes its place.
    """
    plan = survey.profiles
    known = open_version(store, survey)
    imported = _typology(known)
    basis = replace(basis_of(store, survey, wave), imported=imported)
    enough = imported or not argue or (known and known.inputs_sha256 == basis.argued_sha256)
    if known is not None and basis.is_of(known) and enough:
        return known
    if imported:
        raise Refusal(
            f"{survey.code}: profile model {plan.version} was imported, and its answers, weights "
            "or definition changed since. Import it again with 'themadossier profiles import "
            f"surveys/{survey.code} FILE --wave {wave.code}'."
        )
    weights = weights_of(store, survey, wave, answers) if basis.weights is not None else None
    data = (answers, survey.questionnaire, plan)
    model = fit_profiles(*data, weights=weights)
    fits = replicates_of(*data, model, weights=weights)
    steady = stability_of(fits)
    typing = fit_typing(model, *data, weights=weights) if plan.golden else None
    numbers = compare_numbers(*data, weights=weights) if argue else None
    return store.add_model(
        survey.code,
        plan.version,
        "draft",
        basis.argued_sha256 if argue else basis.inputs_sha256,
        {
            "model": model.to_dict(),
            "typing": typing.to_dict() if typing else None,
            "replicates": fits.to_dict(),
            "fitted_on": {"wave": wave.code, **basis.parts},
        },
        model_summary(
            model, *data, steady, typing, weights=weights, numbers=numbers, fit_error=fits.sizes_sd
        ),
        batches=basis.batches,
    )


def open_version(store: Store, survey: Survey) -> ModelRecord | None:
    """The draft there is of the version in profiles.yaml. Refuses when it is accepted already."""
    plan = survey.profiles
    if Path(plan.version).name != plan.version:
        raise Refusal(
            f"{survey.code}: the version {plan.version!r} in profiles.yaml cannot be part of a "
            "file name; leave out slashes."
        )
    known = store.model(survey.code, plan.version)
    if known is not None and known.state == "accepted":
        raise Refusal(
            f"{survey.code}: profile model {plan.version} is accepted{by_whom(known)} and does "
            "not change; give the new one a 'version' of its own in profiles.yaml."
        )
    return known


def _typology(record: ModelRecord | None) -> str | None:
    """Hash of the file that a model was imported from; None for a model of our own."""
    fitted_on = record.parameters.get("fitted_on") if record is not None else None
    return None if fitted_on is None else fitted_on.get("typology")


def fit_draft(folder: Path, wave: str) -> Done:
    """Fit or refit the draft of a survey's model on the stored answers of a wave.

    Writes the page and the readable file of the model. Lines: what it is, what to look at,
    where the page is. Refuses a survey that is typed by another survey's model, a wave that
    names another version, and a version that is accepted already.
    """
    survey = load_survey(folder)
    defined = wave_to_fit(survey, wave)
    plan = survey.profiles
    with existing_store() as store:
        before = store.model(survey.code, plan.version)
        answers = kept_answers(store, survey, defined)
        record = draft_on(store, survey, defined, answers, argue=True)
    what = "as it was" if before is not None and before.id == record.id else "fitted"
    _, page = write_reports(survey, record)
    lines = [f"Profile model {record.version}, a draft, {what}: {record.summary['lines'][0]}"]
    looks = list(record.summary["attention"])
    if record.parameters["fitted_on"]["weights"] is None:
        looks.insert(0, f"Fitted without weights: run 'themadossier weigh {folder}' first.")
    more = f" ({len(looks) - MOST_WARNINGS} more on the page)" if looks[MOST_WARNINGS:] else ""
    shown = [f"LOOK: {line}" for line in looks[:MOST_WARNINGS]]
    if shown:
        shown[-1] += more
    told = (*lines, *record.summary["lines"][1:2], *shown, f"Page: {page}")
    return Done(
        (record.id,),
        (*told, f"Next: themadossier profiles accept {folder} {record.version} --by NAME"),
    )


# --------------------------------------------------------------------------------- accepting


def accept_draft(folder: Path, version: str, by: str) -> Done:
    """Make the draft of a version the accepted one: by whom, when, and fixed from then on.

    Refuses when there is no such draft, when what it was fitted on has changed, and when the
    version is accepted already (its files are then put back if they were lost or altered).
    """
    survey = load_survey(folder)
    name = " ".join(by.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refusal(
            f"--by: a name of 1 to {LONGEST_NAME} characters is needed. Name who accepts the model."
        )
    needs_own_profiles(survey)
    with existing_store() as store:
        draft = store.model(survey.code, version)
        if draft is None:
            have = ", ".join(dict.fromkeys(each.version for each in store.models(survey.code)))
            raise Refusal(
                f"{survey.code}: there is no draft of profile model {version} in the store "
                f"({f'it has {have}' if have else 'it has none'}). Fit one with 'themadossier "
                f"profiles fit {folder} --wave W'."
            )
        if draft.state == "accepted":
            write_reports(survey, draft)
            raise Refusal(
                f"{survey.code}: profile model {version} is accepted already{by_whom(draft)}; "
                "to renew it, give profiles.yaml another 'version' and fit that."
            )
        wave = _unchanged(store, survey, folder, draft)
        at = datetime.now(UTC).replace(microsecond=0)
        document = document_of(survey, draft, accepted_by=name, accepted_at=at)
        record = store.accept_model(draft.id, name, at, document)
    readable, page = write_reports(survey, record)
    lines = [
        f"Profile model {version} of {survey.code} is accepted{by_whom(record)}: it is used from "
        "now on and does not change.",
        *[f"LOOK: {line}" for line in record.summary["attention"][:1]],
        f"Readable without this software: {readable}",
        f"Page: {page}",
        f"Next: themadossier process {folder} --wave {wave}",
    ]
    return Done((record.id,), tuple(lines))


def _unchanged(store: Store, survey: Survey, folder: Path, draft: ModelRecord) -> str:
    """The wave a draft was fitted on; refuses when what it was fitted on has changed."""
    version, again = draft.version, f"Fit it again with 'themadossier profiles fit {folder}"
    if survey.profiles.version != version:
        raise Refusal(
            f"{survey.code}: profiles.yaml now defines profile model {survey.profiles.version}, "
            f"so the draft of {version} cannot be accepted; accept {survey.profiles.version} or "
            "set 'version' back."
        )
    fitted_on = draft.parameters.get("fitted_on")
    if fitted_on is None:
        raise Refusal(
            f"{survey.code}: the draft of profile model {version} was fitted by an earlier version "
            f"of themadossier. {again} --wave W' and look at it."
        )
    wave = str(fitted_on["wave"])
    basis = replace(basis_of(store, survey, find_wave(survey, wave)), imported=_typology(draft))
    if basis.is_of(draft):
        return wave
    changed = [part for part, value in basis.parts.items() if value != fitted_on[part]]
    what = " and ".join(changed) or "way of fitting"
    raise Refusal(
        f"{survey.code}: the {what} of {wave} changed since the draft of profile model {version} "
        f"was fitted. {again} --wave {wave}' and look at it before accepting."
    )


def wave_to_fit(survey: Survey, wave: str) -> Wave:
    """The wave to make a model of.

    Refuses a survey that is typed by another survey's model, and a wave that names another
    version than profiles.yaml defines.
    """
    defined = find_wave(survey, wave)
    needs_own_profiles(survey)
    plan = survey.profiles
    if defined.model and defined.model != plan.version:
        raise Refusal(
            f"{survey.code} {wave}: survey.yaml gives this wave model {defined.model}, but "
            f"profiles.yaml defines {plan.version}; fit another wave or make the two agree."
        )
    return defined


def needs_own_profiles(survey: Survey) -> None:
    """Refuse a survey that is typed by the model of another one."""
    if survey.info.profiles != "own_answers":
        source = survey.info.model_survey or "another survey"
        raise Refusal(
            f"{survey.code} has no profile model of its own: its people are typed by the model of "
            f"{source}. Name that survey instead."
        )


def by_whom(record: ModelRecord) -> str:
    """` by Ans on 2026-03-01` of an accepted version; nothing of a draft."""
    if record.accepted_at is None:
        return ""
    return f" by {record.accepted_by} on {record.accepted_at.date().isoformat()}"
