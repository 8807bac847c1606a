"""Writes the typing kits of a survey's model: for the bureau, and as an anonymous self-test."""

from __future__ import annotations

from pathlib import Path

from flows.definitions import Survey, load_survey
from flows.definitions.models import Language
from flows.dossiers.typing_kit_book import KitBook
from flows.dossiers.typing_kit_bureau import PEOPLE, write_bureau
from flows.dossiers.typing_kit_parts import KitParts, kit_parts
from flows.dossiers.typing_kit_selftest import write_selftest
from flows.dossiers.typing_kit_texts import KitWords
from flows.edges import Done, existing_store, survey_outputs
from flows.errors import Refusal
from flows.profiles.model import ProfileModel
from flows.profiles.typing import TypingModel
from flows.profiles.typing_quality import TypingQuality
from flows.store import ModelRecord, Store

LANGUAGES: tuple[Language, ...] = ("nl", "en")
_STEM = {"bureau": "typeerhulp", "test": "zelftest"}


def write_typing_kit(folder: Path, version: str | None = None) -> Done:
    """Write the bureau's kit and the self-test of a version, in Dutch and English.

    `version`: default the one in profiles.yaml. They stand in `outputs/<survey>/typing/`; those
    of a draft have `-concept` in their name and say so on every sheet. Refuses a version that
    is not in the store or has no typing by golden questions.
    """
    survey = load_survey(folder)
    with existing_store() as store:
        record = typing_record(store, survey, version)
    typing = TypingModel.from_dict(record.parameters["typing"])
    model = ProfileModel.from_dict(record.parameters["model"])
    plan = survey.profiles
    parts = kit_parts(typing, survey.questionnaire, plan.profiles, model.names, model.named)
    place = survey_outputs(survey.code) / "typing"
    place.mkdir(exist_ok=True)
    draft = record.state == "draft"
    written = []
    for kind, stem in _STEM.items():
        for language in LANGUAGES:
            book = _book(survey, record, parts, typing.quality, kind, language)
            name = f"{stem}-{record.version}{'-concept' if draft else ''}"
            ending = ".xlsx" if language == "nl" else f".{language}.xlsx"
            written.append(book.save(place / f"{name}{ending}"))
    looks = [f"LOOK: model {record.version} is a draft; every sheet says so."] if draft else []
    return Done(
        (record.id,),
        (
            f"Typing kit of profile model {record.version}, {record.state}: "
            f"{len(parts.questions)} questions, {len(parts.profiles)} profiles, no macros.",
            f"For the bureau: {written[0]}",
            f"Anonymous self-test: {written[2]}",
            *looks,
            f"Next: themadossier profiles composition {folder} FILE",
        ),
    )


def typing_record(store: Store, survey: Survey, version: str | None) -> ModelRecord:
    """The stored model, of this survey or the one it names, that types by golden questions.

    Refuses when there is none, or when it has no golden questions.
    """
    own = survey.info.profiles == "own_answers"
    source = survey.code if own else survey.info.model_survey or survey.code
    version = version or survey.profiles.version
    record = store.model(source, version)
    if record is None:
        have = ", ".join(dict.fromkeys(each.version for each in store.models(source)))
        raise Refusal(
            f"{source}: there is no profile model {version} in the store "
            f"({f'it has {have}' if have else 'it has none'}). Fit one with 'themadossier "
            "profiles fit'."
        )
    if record.parameters.get("typing") is None:
        raise Refusal(
            f"{source}: profile model {version} has no typing by golden questions. List them "
            "under 'golden' in profiles.yaml and fit it again."
        )
    return record


def status_of(survey: Survey, record: ModelRecord, words: KitWords) -> str:
    """The status line of every sheet: simulated, draft, and the version."""
    parts = [words("status.simulated")] if survey.info.simulated else []
    if record.state == "draft":
        parts.append(words("status.concept"))
    return " ".join([*parts, words("status.model", version=record.version)])


def _book(
    survey: Survey,
    record: ModelRecord,
    parts: KitParts,
    quality: TypingQuality,
    kind: str,
    language: Language,
) -> KitBook:
    words = KitWords(language)
    status = status_of(survey, record, words)
    title = words("bureau.property" if kind == "bureau" else "test.property", version=parts.version)
    publisher = survey.dossier.publisher[language]
    subject = survey.info.title[language]
    book = KitBook(title, subject, publisher, language, survey.profiles.valid_from)
    if kind == "bureau":
        write_bureau(book, parts, quality, words, status, PEOPLE)
    else:
        write_selftest(book, parts, words, status)
    return book
