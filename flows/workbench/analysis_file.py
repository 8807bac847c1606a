"""`export`: the answers of a wave as a file for the analyst, outside all that is published."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from flows.definitions import Survey, load_survey
from flows.definitions.models import Language, Text
from flows.definitions.waves import Wave
from flows.edges import (
    batches_of,
    existing_store,
    find_wave,
    inputs_sha256,
    kept_answers,
    profiles_of_people,
    weights_of,
)
from flows.errors import Refusal
from flows.fingerprint import of_file
from flows.ingest.analysis_file import AnalysisFile, codebook, write_sav
from flows.ingest.analysis_variables import PROBABILITY, Results, analysis_file
from flows.settings import Settings
from flows.store import ExportRecord, ModelRecord, Store

INTERNAL = (
    "Internal: answers of people under a pseudonym. Keep it where only analysts come, "
    "never send or publish it, and delete it when done."
)
_INTERNAL_WORD: dict[Language, str] = {"nl": "INTERN", "en": "INTERNAL"}
_KINDS = (".sav", ".csv")


@dataclass(frozen=True)
class Exported:
    """What was written: the file, its codebook (of a .csv) and its line in the catalogue."""

    path: Path
    codebook: Path | None
    record: ExportRecord


def export_answers(
    folder: Path, wave: str, to: Path, *, language: Language = "nl", replace: bool = False
) -> Exported:
    """Write the kept respondents of a wave with their weights and profiles, for analysis.

    `folder`: of the survey's definition. `to`: a .sav, or a .csv beside which
    `<name>.codebook.csv` comes; readable by its owner only, written aside and renamed, and
    logged in the catalogue. Refuses a path in the outputs, the store or the inbox, a file that
    is there (but with `replace`), and a wave that is not weighted and typed.
    """
    survey = load_survey(folder)
    defined = find_wave(survey, wave)
    places = _places(to, replace)
    with existing_store() as store:
        file, inputs = file_of(store, survey, defined)
        aside = _aside(to)
        try:
            _write(file, aside, to, survey, defined, language)
            for path in aside.iterdir():
                _settle(path)
            # Logged before it is there: an export that is nowhere is better than one unknown.
            record = store.add_export(
                survey.code,
                wave,
                str(to.resolve()),
                of_file(aside / to.name),
                len(file.frame),
                [variable.source for variable in file.variables],
                inputs,
            )
            for path in reversed(places):
                os.replace(aside / path.name, path)
        except OSError as error:
            raise _unwritable(to, error) from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return Exported(to, places[1] if len(places) > 1 else None, record)


def file_of(store: Store, survey: Survey, wave: Wave) -> tuple[AnalysisFile, str]:
    """The analysis file of a wave as the store has it now, and the hash of what is in it."""
    answers = kept_answers(store, survey, wave)
    results = results_of(store, survey, wave, answers)
    weighting = store.current_weighting(survey.code, wave.code)
    typing = store.current_typing(survey.code, wave.code)
    assert weighting is not None
    assert typing is not None
    batches = batches_of(store, survey, wave)
    inputs = inputs_sha256(batches, weighting.data_sha256, typing.data_sha256)
    return analysis_file(answers, survey.questionnaire, results), inputs


def results_of(store: Store, survey: Survey, wave: Wave, answers: pd.DataFrame) -> Results:
    """Weights and profiles of the people in `answers`, as the tables use them."""
    weight = weights_of(store, survey, wave, answers)
    profile = profiles_of_people(store, survey, wave, answers)
    typing = store.current_typing(survey.code, wave.code)
    assert typing is not None
    typed = store.read_typing(typing.id).set_index("respondent").reindex(answers["respondent"])
    base = survey.weighting.base_weight
    names = profile_names(survey, store.model_by_id(typing.model_id))
    return Results(
        weight=weight,
        base_weight=np.ones(len(answers)) if base is None else answers[base].to_numpy(float),
        profile=profile,
        probabilities={
            code: typed[f"{PROBABILITY}{code}"].to_numpy(float)
            for code, _ in names
            if f"{PROBABILITY}{code}" in typed
        },
        profiles=names,
    )


def profile_names(survey: Survey, model: ModelRecord) -> list[tuple[str, Text]]:
    """The profiles in their order, by the names that the model found for them."""
    fitted = model.parameters.get("model", {})
    found = {
        code: Text(**name)
        for code, name in zip(fitted.get("codes", ()), fitted.get("names", ()), strict=True)
    }
    return [(p.code, found.get(p.code, p.label)) for p in survey.profiles.profiles]


def _places(to: Path, replace: bool) -> list[Path]:
    """The files that come: the file itself and, of a .csv, its codebook."""
    if to.suffix.lower() not in _KINDS:
        raise Refusal(f"{to}: an analysis file is a .sav or a .csv. Give it one of these names.")
    if not to.parent.is_dir():
        raise Refusal(f"{to.parent}: there is no such folder. Make it, or name another.")
    settings = Settings()
    real = to.resolve()
    for name in ("outputs", "store", "inbox"):
        kept = Path(getattr(settings, name)).resolve()
        if real.is_relative_to(kept):
            raise Refusal(
                f"{to} lies in the {name} folder, where answers of people never go as a file. "
                "Name a place outside it that only analysts can read."
            )
    places = [to]
    if to.suffix.lower() == ".csv":
        places.append(_codebook(to))
    for place in places:
        if place.is_dir():
            raise Refusal(f"{place} is a folder. Name a file in it.")
        if (place.exists() or place.is_symlink()) and not replace:
            raise Refusal(f"{place} is there already. Name another file, or add --replace.")
    return places


def _codebook(to: Path) -> Path:
    return to.with_name(f"{to.stem}.codebook.csv")


def _aside(to: Path) -> Path:
    """A folder beside the file, closed to others, in which it is written."""
    try:
        return Path(tempfile.mkdtemp(prefix=f".{to.name}.", dir=to.parent))
    except OSError as error:
        raise _unwritable(to, error) from None


def _write(
    file: AnalysisFile, aside: Path, to: Path, survey: Survey, wave: Wave, language: Language
) -> None:
    """Write the file, and the codebook of a .csv, into `aside`."""
    if to.suffix.lower() == ".sav":
        title = f"{_INTERNAL_WORD[language]} {survey.code} {wave.code}"
        write_sav(file, aside / to.name, title, INTERNAL, language)
        return
    _csv(file.frame, aside / to.name)
    _csv(codebook(file, language), aside / _codebook(to).name)


def _csv(frame: pd.DataFrame, path: Path) -> None:
    """Numbers in full, whole ones without a point, empty where there is none."""
    from flows.dossiers.tidy_csv import guarded

    columns = {}
    for name, values in frame.items():
        if pd.api.types.is_numeric_dtype(values):
            whole = (values.dropna() % 1 == 0).all()
            columns[name] = values.astype("Int64") if whole else values
        else:  # what somebody wrote must not run as a formula
            columns[name] = values.map(lambda text: guarded(str(text)))
    pd.DataFrame(columns).to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _settle(path: Path) -> None:
    """For its owner only, and on the disk."""
    path.chmod(0o600)
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _unwritable(to: Path, error: OSError) -> Refusal:
    return Refusal(
        f"{to} cannot be written ({error.strerror}). Name a file in a folder you may write in."
    )
