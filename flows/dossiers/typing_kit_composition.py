"""A municipality sends answers and gets back a profile mix of at least 30 people, never labels."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from openpyxl import load_workbook

from flows.definitions import Survey, load_survey
from flows.definitions.models import Language, Text
from flows.dossiers.layout import row_height
from flows.dossiers.package import clean
from flows.dossiers.tidy_csv import guarded
from flows.dossiers.typing_kit import status_of, typing_record
from flows.dossiers.typing_kit_book import KitBook
from flows.dossiers.typing_kit_texts import KitWords
from flows.edges import Done, existing_store, survey_outputs, write_whole
from flows.errors import Refusal
from flows.ingest.read import read_responses
from flows.profiles.composition_answers import answers_in_file, names_in_file
from flows.profiles.composition_file import (
    FEWEST_DIFFERENT,
    FileComposition,
    Usable,
    composition_of_people,
    rounded,
    rows_apart,
    sketch_of,
    usable_people,
)
from flows.profiles.model import ProfileModel
from flows.profiles.typing import TypingModel
from flows.settings import Settings
from flows.store import ModelRecord

LANGUAGES: tuple[Language, ...] = ("nl", "en")
WIDTHS = (44.0, 24.0, 28.0, 60.0)
HEADER_WITHIN = 30
LEDGER = "compositions.json"


def composition_of_file(folder: Path, file: Path, version: str | None = None) -> Done:
    """Estimate the profile mix of the people in a file; write it as CSV and as one sheet.

    `file`: CSV, XLSX (also a filled typing kit) or SAV. Nobody's profile is kept or shown; of
    the file only a summary stays, by which a file of nearly the same people is known again.
    Refuses fewer than 30 usable people, unknown codes, and a file that differs in few rows from
    one that got a composition before.
    """
    survey = load_survey(folder)
    with existing_store() as store:
        record = typing_record(store, survey, version)
    typing = TypingModel.from_dict(record.parameters["typing"])
    model = ProfileModel.from_dict(record.parameters["model"])
    questionnaire = survey.questionnaire
    cells, first_line = _cells(Path(file), names_in_file(typing, questionnaire))
    name = Path(file).name
    answers, questionnaire = answers_in_file(cells, name, typing, questionnaire, first_line)
    people = usable_people(typing, answers, questionnaire)
    ledger = Ledger(Settings().store / LEDGER, f"{record.survey}/{record.version}")
    ledger.check(name, people)
    mix = rounded(composition_of_people(typing, people, seed=model.seed))
    names = dict(zip(model.codes, model.names, strict=True))
    place = survey_outputs(survey.code) / "typing"
    place.mkdir(exist_ok=True)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(file).stem).strip("-").lower() or "file"
    stem = f"samenstelling-{stem}{'-concept' if record.state == 'draft' else ''}"
    ledger.keep()
    table = write_whole(place / f"{stem}.csv", _csv(survey, record, mix, names))
    sheets = [
        _sheet(survey, record, mix, names, language).save(
            place / f"{stem}{'' if language == 'nl' else '.en'}.xlsx"
        )
        for language in LANGUAGES
    ]
    looks = []
    if mix.same:
        looks.append(f"LOOK: {mix.same} rows are equal to another row; is somebody in it twice?")
    if mix.absent:
        looks.append(f"LOOK: the file lacks {', '.join(mix.absent)}: intervals are wider.")
    return Done(
        (record.id,),
        (
            f"Profile mix of {mix.n} people in {name}, by model {record.version}, {record.state}; "
            f"{mix.left_out} answered too little to count.",
            *(" ".join(looks),) * bool(looks),
            f"Mix: {sheets[0]} and {table.name}; nobody's profile is in it or was kept.",
            f"Not protected: a file that differs in {FEWEST_DIFFERENT} rows or more from an "
            "earlier one, or was processed by another model or store.",
            f"Next: themadossier status {folder}",
        ),
    )


# ------------------------------------------------------------------------------------- reading


def _cells(path: Path, names: frozenset[str]) -> tuple[pd.DataFrame, int]:
    """The file as text cells, and the line its first row stands on."""
    if path.suffix.lower() != ".xlsx":
        return read_responses(path).frame, 2
    try:
        workbook = load_workbook(path, read_only=True, data_only=True)
        sheets = [[list(row) for row in ws.iter_rows(values_only=True)] for ws in workbook]
        workbook.close()
    except FileNotFoundError:
        raise Refusal(f"{path} does not exist. Check the path of the file.") from None
    except Exception:  # openpyxl raises whatever its parts raise on a damaged file
        raise Refusal(
            f"{path.name} cannot be read as an Excel workbook. Save it again as .xlsx or as CSV."
        ) from None
    best: tuple[int, int, list[list[Any]]] = (0, 0, [])
    for rows in sheets:
        for at, row in enumerate(rows[:HEADER_WITHIN]):
            known = sum(_told(cell).lower() in names for cell in row)
            if known > best[0]:
                best = (known, at, rows)
    known, at, rows = best
    if not known:
        raise Refusal(
            f"{path.name}: no sheet has a row with question codes in its first {HEADER_WITHIN} "
            "rows. Name the columns by the codes of the golden questions."
        )
    header = [_told(cell) for cell in rows[at]]
    used = [i for i, title in enumerate(header) if title.lower() in names]
    twice = {header[i] for i in used if header.count(header[i]) > 1}
    if twice:
        raise Refusal(
            f"{path.name}: the header names {min(twice)} more than once. Remove the extra column."
        )
    body = [[_told(row[i]) or None for i in used] for row in rows[at + 1 :]]
    frame = pd.DataFrame(body, columns=[header[i] for i in used], dtype=object)
    return frame.where(frame.notna(), np.nan), at + 2


def _told(cell: Any) -> str:
    """A cell as text; whole numbers without decimals."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())


# -------------------------------------------------------------------------------------- ledger


class Ledger:
    """Summaries of the files that got a composition, in the store folder (mode 600).

    It holds a key of its own and per file a sketch (`flows.profiles.composition_file.sketch_of`).
    """

    def __init__(self, path: Path, model: str) -> None:
        self._path, self._model = path, model
        self._new: list[int] | None = None
        try:
            self._kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._kept = {"key": secrets.token_hex(32), "files": {}}
        except (OSError, ValueError):
            raise Refusal(
                f"{path}: the list of earlier compositions cannot be read, so that a file of "
                "nearly the same people cannot be known again. Put it back from a backup, or "
                "delete it if no composition was ever handed over."
            ) from None

    def check(self, name: str, people: Usable) -> None:
        """Refuse a file that differs in a few rows from an earlier one; the same one may."""
        sketch = sketch_of(people, bytes.fromhex(self._kept["key"]))
        for earlier in self._kept["files"].get(self._model, []):
            apart = rows_apart(sketch, np.array(earlier, dtype=np.int64))
            if apart == 0:
                return
            if apart < FEWEST_DIFFERENT:
                raise Refusal(
                    f"{name} differs in only a few rows from a file that got a composition before; "
                    "the two together would tell something about those few people. Send a file "
                    f"with at least {FEWEST_DIFFERENT} other people."
                )
        self._new = sketch.tolist()

    def keep(self) -> None:
        """Remember the file that was checked, before anything of it is written."""
        if self._new is None:
            return
        self._kept["files"].setdefault(self._model, []).append(self._new)
        write_whole(self._path, json.dumps(self._kept))
        os.chmod(self._path, 0o600)


# ------------------------------------------------------------------------------------- writing


def _csv(survey: Survey, record: ModelRecord, mix: FileComposition, names: dict[str, Text]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["profile", "name", "share", "low", "high", "n", "basis", "model", "state", "simulated"]
    )
    for k, code in enumerate(mix.codes):
        figures = [f"{value:.2f}" for value in (mix.shares[k], mix.low[k], mix.high[k])]
        about = ["estimated", record.version, record.state, str(survey.info.simulated).lower()]
        writer.writerow([code, guarded(names[code]["nl"]), *figures, mix.n, *about])
    return text.getvalue()


def _sheet(
    survey: Survey,
    record: ModelRecord,
    mix: FileComposition,
    names: dict[str, Text],
    language: Language,
) -> KitBook:
    words = KitWords(language)
    book = KitBook(
        words("mix.title"),
        survey.info.title[language],
        survey.dossier.publisher[language],
        language,
        survey.profiles.valid_from,
    )
    sheet = book.sheet(words("mix.sheet"), WIDTHS)
    sheet.head(
        words("mix.title"),
        words("mix.finding", n=mix.n),
        words("mix.basis", version=record.version),
        status_of(survey, record, words),
    )
    sheet.height(6, 8)
    for i, key in enumerate(("profile", "share", "between"), start=1):
        sheet.header(7, i, words(f"mix.{key}"), "header_left" if i == 1 else "header_right")
    sheet.height(7, 22)
    for k, code in enumerate(mix.codes):
        row = 8 + k
        sheet.text(row, 1, clean(names[code][language]), "label")
        sheet.number(row, 2, float(mix.shares[k]), form="0%")
        between = words("mix.range", low=words.percent(mix.low[k]), high=words.percent(mix.high[k]))
        sheet.text(row, 3, between, "number")
        sheet.height(row, row_height(1, 11))
        sheet.rule(row, 3)
    row = 8 + len(mix.codes)
    notes = [
        words("mix.note_n", n=mix.n, out=mix.left_out),
        words("mix.note_interval"),
        words("mix.note_who"),
        words("mix.note_labels"),
    ]
    if mix.absent:
        labels = [survey.questionnaire.label(code)[language] for code in mix.absent]
        notes.append(words("mix.note_absent", absent=", ".join(labels)))
    for i, note in enumerate(notes):
        sheet.text(row, 1, note, "note")
        sheet.height(row, 20 if i == 0 else 15)
        row += 1
    sheet.print_on_a4(row - 1, words("footer"), one_page=True)
    return book
