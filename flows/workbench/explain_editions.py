"""Finding an edition, its published numbers, and the table run it was made of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from flows.definitions import Survey, load_survey
from flows.errors import Refusal
from flows.settings import Settings
from flows.store import Store, TableRun, Trace
from flows.store.errors import UnknownRecord

MANIFEST, NUMBERS, CODEBOOK = "manifest.json", "tables.csv", "codebook.json"
_TEXTS = ("survey", "wave", "theme", "area", "table", "question", "item", "answer", "statistic")
_WORDS = ("column", "basis", "verdict", "flag")
_GAP = 20
"""So many ids after each other without a record: there are no more."""


@dataclass(frozen=True)
class FoundEdition:
    """One edition: `folder` has its files; `inputs` are hashes of all it was made of."""

    survey: str
    theme: str
    wave: str
    number: int
    state: str
    folder: Path
    inputs: Mapping[str, Any]
    code_version: str
    made_at: datetime | None = None

    @property
    def name(self) -> str:
        return f"{self.survey}/{self.theme}/{self.number}"


def find_edition(named: str, store: Store | None) -> FoundEdition:
    """The edition in a folder, or `<survey>/<theme>[/<nr>]` of the store (the newest).

    `store`: None where there is none. Raises `Refusal` for anything that is no edition.
    """
    folder = Path(named)
    if folder.is_dir():
        return _of_folder(folder)
    parts = [part for part in named.split("/") if part]
    if len(parts) not in (2, 3) or (len(parts) == 3 and not parts[2].isdigit()):
        raise Refusal(
            f"{named}: there is no such folder, and it is not <survey>/<theme> or "
            "<survey>/<theme>/<number>. Name an edition in one of these ways."
        )
    if store is None:
        raise Refusal(
            f"{named}: there is no store here to look it up in. Name the folder of the edition, "
            "or set THEMADOSSIER_STORE."
        )
    survey, theme = parts[:2]
    known = [each for each in store.editions(survey) if each.theme == theme]
    wanted = [each for each in known if len(parts) == 2 or each.number == int(parts[2])]
    if not wanted:
        others = store.editions(survey)
        have = ", ".join(f"{each.theme}/{each.number}" for each in others) or "none"
        raise Refusal(f"{named}: there is no such edition. Those of {survey} are: {have}.")
    record = max(wanted, key=lambda each: each.number)
    path = record.path(Settings().outputs / survey)
    if path is None or not (path / NUMBERS).exists():
        raise Refusal(
            f"{named}: its files are not in {path or 'the outputs'} any more. Put them back from "
            "a backup, or name another edition."
        )
    return FoundEdition(
        survey=record.survey,
        theme=record.theme,
        wave=record.wave,
        number=record.number,
        state=record.state,
        folder=path,
        inputs=record.inputs,
        code_version=record.code_version,
        made_at=record.created_at,
    )


def _of_folder(folder: Path) -> FoundEdition:
    """An edition by its own manifest."""
    path = folder / MANIFEST
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        found = FoundEdition(
            survey=entries["survey"],
            theme=entries["theme"],
            wave=entries["wave"],
            number=int(entries["edition"]),
            state=entries["state"],
            folder=folder,
            inputs=entries["inputs"],
            code_version=entries["code_version"],
            made_at=_moment(entries.get("run_at")),
        )
    except FileNotFoundError:
        raise Refusal(
            f"{folder} has no {MANIFEST}, so it is no edition. Name the folder of a theme, such "
            "as outputs/<survey>/dossiers/<theme>."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise Refusal(
            f"{path} is damaged: it is not the manifest of an edition. Put the edition back from "
            "a backup."
        ) from None
    if not (folder / NUMBERS).exists():
        raise Refusal(f"{folder} has no {NUMBERS}. Put the edition back from a backup.")
    return found


def _moment(text: str | None) -> datetime | None:
    """A time of a manifest, to the end of its second."""
    return None if not text else datetime.fromisoformat(text) + timedelta(seconds=1)


def published_numbers(folder: Path) -> pd.DataFrame:
    """`tables.csv` of an edition: codes as text, numbers as numbers, empty where none."""
    path = folder / NUMBERS
    try:
        frame = pd.read_csv(
            path,
            dtype=dict.fromkeys((*_TEXTS, *_WORDS), str) | {"edition": str},
            keep_default_na=False,
            na_values={name: [""] for name in ("value", "low", "high", "n", "n_eff")},
        )
        frame = frame.astype(dict.fromkeys(("value", "low", "high", "n", "n_eff"), float))
    except (ValueError, KeyError, pd.errors.ParserError):
        raise Refusal(f"{path} is damaged. Put the edition back from a backup.") from None
    if absent := sorted({*_TEXTS, *_WORDS} - set(frame.columns)):
        raise Refusal(f"{path} has no column {absent[0]}, so it is not the table of an edition.")
    # A text that a spreadsheet would run has an apostrophe before it in the file.
    for name in ("answer", "column", "item"):
        frame[name] = frame[name].str.removeprefix("'")
    return frame


def texts_of(folder: Path) -> dict[str, str] | None:
    """Every text in an edition's codebook by its place; None where there is no codebook."""
    path = folder / CODEBOOK
    if not path.exists():
        return None
    try:
        return dict(_texts(json.loads(path.read_text(encoding="utf-8")), ""))
    except ValueError:
        raise Refusal(f"{path} is damaged. Put the edition back from a backup.") from None


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Texts under the codes of what they belong to, so that a line put in between moves none."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str) and key in ("nl", "en"):
                yield f"{place} ({key})", inner
            else:
                yield from _texts(inner, f"{place} {key}" if place else str(key))
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, Mapping):
                code = next((str(inner[k]) for k in ("number", "code") if k in inner), "")
                yield from _texts(inner, f"{place} {code}")


def run_of(store: Store, edition: FoundEdition) -> TableRun | None:
    """The stored table run that an edition was made of; None where it is not in this store.

    Editions say which by `table_run` and by the hash of its numbers. Of those that do not,
    several runs may have the same numbers, under other definitions: the last one before the
    edition was made is its own.
    """
    known = edition.inputs.get("table_run")
    if isinstance(known, int):
        try:
            run = store.table_run(known)
        except UnknownRecord:
            return None
        return run if run.data_sha256 == edition.inputs.get("tables") else None
    same = [run for run in _runs(store) if _is_of(store, run, edition)]
    made = edition.made_at
    before = [run for run in same if made is None or run.created_at <= made]
    return max(before or same, key=lambda run: run.id, default=None)


def _is_of(store: Store, run: TableRun, edition: FoundEdition) -> bool:
    """Whether a run has the numbers of an edition, by the same weights and profiles."""
    place = (edition.survey, edition.wave, edition.theme, edition.inputs.get("tables"))
    if (run.survey, run.wave, run.theme, run.data_sha256) != place:
        return False
    trace = store.trace(run.id)
    return (trace.weighting.data_sha256, trace.typing.data_sha256) == (
        edition.inputs.get("weighting"),
        edition.inputs.get("typing"),
    )


def _runs(store: Store) -> Iterator[TableRun]:
    """Every table run in the store, oldest first."""
    number, absent = 1, 0
    while absent < _GAP:
        try:
            yield store.table_run(number)
            absent = 0
        except UnknownRecord:
            absent += 1
        number += 1


def definition_of(survey: str, folder: Path | None) -> Survey:
    """The definition of a survey: in `folder`, or in `surveys/<survey>`."""
    definition = load_survey(folder or Path("surveys") / survey)
    if definition.code != survey:
        raise Refusal(
            f"{folder} defines {definition.code}, and this edition is of {survey}. "
            f"Name the folder of {survey} with --survey."
        )
    return definition


def answers_are_current(store: Store, survey: Survey, trace: Trace) -> bool:
    """Whether the wave's answers, and its background, are those the run was made of."""
    wave = survey.wave(trace.table_run.wave)
    waves = {wave.code, wave.background_from}
    used = {b.id for b in trace.batches if b.survey == survey.code and b.wave in waves}
    now = {b.id for code in waves if code for b in store.current_batches(survey.code, code)}
    return used == now
