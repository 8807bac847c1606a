"""What flows do at their edges: open the store, load a wave, write a report.

Everything between these edges is pure.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions import Survey
from flows.definitions.waves import Wave
from flows.errors import Refusal
from flows.fingerprint import code_version, of_json
from flows.ingest.background import with_background
from flows.ingest.frames import Status
from flows.progress import console
from flows.settings import Settings
from flows.store import Batch, Store
from flows.store.errors import CatalogueUnavailable

Floats = NDArray[np.float64]


_told: set[str] = set()


def catalogue_away(task: object, run: object, state: Any) -> bool:
    """Whether a task failed because the catalogue could not be reached: worth another try.

    Any other refusal would be the same again.
    """
    return isinstance(state.result(raise_on_failure=False, _sync=True), CatalogueUnavailable)


# Options of every task that works with the store; what it does twice, it stores once.
RETRIED: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": 5,
    "retry_condition_fn": catalogue_away,
}


def open_store(settings: Settings | None = None) -> Store:
    """The store that the settings name; what it has to say about itself is told once."""
    settings = settings or Settings()
    key = settings.pseudonym_key
    store = Store.open(
        settings.store,
        settings.catalogue_url,
        key.get_secret_value() if key else None,
        code_version=code_version(),
    )
    for note in store.notes:
        if note not in _told:
            _told.add(note)
            console.print(note)
    return store


def existing_store() -> Store:
    """The store that the settings name, for commands that only look: nothing is made."""
    settings = Settings()
    if not settings.database_url and not (settings.store / "catalogue.db").exists():
        raise Refusal(
            f"{settings.store.resolve()}: there is no store yet. Process a survey first, run "
            "from the folder where that was done, or set THEMADOSSIER_STORE."
        )
    return open_store(settings)


def find_wave(survey: Survey, code: str) -> Wave:
    """The wave with this code, or a refusal that lists the survey's waves."""
    try:
        return survey.wave(code)
    except KeyError:
        waves = ", ".join(wave.code for wave in survey.info.waves)
        raise Refusal(f"{survey.code} has no wave {code}. Its waves are: {waves}.") from None


def batches_of(store: Store, survey: Survey, wave: Wave) -> list[Batch]:
    """The current batches that this wave's numbers rest on, its background included."""
    batches = store.current_batches(survey.code, wave.code)
    if not batches:
        raise Refusal(
            f"{survey.code} {wave.code}: there are no answers in the store. "
            f"Run 'themadossier ingest' with --wave {wave.code} and --responses FILE first."
        )
    if wave.background_from is not None:
        background = store.current_batches(survey.code, wave.background_from)
        if not background:
            raise Refusal(
                f"{survey.code} {wave.code}: its background comes from wave "
                f"{wave.background_from}, which is not in the store. Ingest that wave first."
            )
        batches = batches + background
    return batches


def all_answers(store: Store, survey: Survey, wave: Wave) -> pd.DataFrame:
    """Everybody stored for the wave, left out or not, with the background of their own."""
    batches_of(store, survey, wave)
    answers = store.read_answers(survey.code, wave.code)
    if wave.background_from is None:
        return answers
    return with_background(answers, store.read_answers(survey.code, wave.background_from))


def without_background(store: Store, survey: Survey, wave: Wave) -> int:
    """Number of people whose answers are kept but whose background is not in the store."""
    status = all_answers(store, survey, wave)["status"]
    return int((status == Status.NOT_IN_BACKGROUND).sum())


def kept_answers(store: Store, survey: Survey, wave: Wave) -> pd.DataFrame:
    """The respondents that count, in the order they are stored."""
    answers = all_answers(store, survey, wave)
    kept = answers.loc[answers["status"] == "kept"].reset_index(drop=True)
    minimum = wave.quality.minimum_respondents
    if len(kept) < minimum:
        people = "1 respondent remains" if len(kept) == 1 else f"{len(kept)} respondents remain"
        raise Refusal(
            f"{survey.code} {wave.code}: {people}, at least {minimum} are "
            "needed for weighted tables. Wait for more answers, or lower "
            "quality.minimum_respondents in survey.yaml."
        )
    return kept


def weights_of(store: Store, survey: Survey, wave: Wave, answers: pd.DataFrame) -> Floats:
    """The current weight of each respondent in `answers`."""
    record = store.current_weighting(survey.code, wave.code)
    frame = None if record is None else store.read_weighting(record.id)
    return _of_people(frame, "weight", answers, "weigh", survey, wave).astype(np.float64)


def profiles_of_people(
    store: Store, survey: Survey, wave: Wave, answers: pd.DataFrame
) -> NDArray[np.object_]:
    """The current profile of each respondent in `answers`; '' for who could not be typed."""
    record = store.current_typing(survey.code, wave.code)
    frame = None if record is None else store.read_typing(record.id)
    return _of_people(frame, "profile", answers, "type", survey, wave)


def _of_people(
    frame: pd.DataFrame | None,
    column: str,
    answers: pd.DataFrame,
    step: str,
    survey: Survey,
    wave: Wave,
) -> NDArray[Any]:
    command = f"Run 'themadossier {step} surveys/{survey.code} --wave {wave.code}' first."
    if frame is None:
        raise Refusal(f"{survey.code} {wave.code}: there is no {column} per person yet. {command}")
    values = frame.set_index("respondent")[column].reindex(answers["respondent"])
    if values.isna().any():
        raise Refusal(
            f"{survey.code} {wave.code}: the answers are newer than the {column}s. {command}"
        )
    return values.to_numpy()


def inputs_sha256(batches: list[Batch], *parts: Any) -> str:
    """Hash of everything a derived thing is made of: data, definitions, earlier results."""
    return of_json([sorted(batch.data_sha256 for batch in batches), *parts])


def survey_outputs(survey: str) -> Path:
    """`outputs/<survey>`, made if need be; refuses a folder that cannot be written."""
    folder = Settings().outputs / survey
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Refusal(
            f"{folder}: the outputs folder cannot be written ({error.strerror}). "
            "Give yourself write access, or set THEMADOSSIER_OUTPUTS to another folder."
        ) from None
    return folder


def reports_folder(survey: str, wave: str) -> Path:
    """`outputs/<survey>/reports/<wave>`, made if need be."""
    folder = survey_outputs(survey) / "reports" / wave
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_whole(path: Path, text: str) -> Path:
    """Write a text file so that a reader sees the old one or the new one, never a half."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, delete=False, encoding="utf-8", prefix=f".{path.name}."
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
    return path


def write_json(path: Path, value: Any) -> Path:
    """Write a value as readable JSON, whole or not at all."""
    return write_whole(path, json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def artifact_key(*parts: str) -> str:
    """A key as Prefect wants it: lower case, digits and dashes."""
    return "-".join(parts).lower().replace("_", "-")


@dataclass(frozen=True)
class Done:
    """What a flow leaves: ids of what it stored, lines for the reader, files to open."""

    ids: tuple[int, ...] = ()
    lines: tuple[str, ...] = ()
    dossiers: tuple[str, ...] = ()
