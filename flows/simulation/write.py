"""Writes a simulation as files: what an agency delivers, and the truth beside it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd

from flows.definitions.columns import AnswerColumn
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import QuestionType
from flows.simulation.errors import SimulationError
from flows.simulation.simulate import Fieldwork, Simulation

SAV_DATE_AT = 92  # bytes before the creation date and time in the header of a .sav file
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LABEL_BYTES = 250


def write_simulation(simulation: Simulation, folder: Path) -> list[Path]:
    """Write all files into `folder`, replacing it whole, and return their paths.

    Per fieldwork `<survey>/<wave>.csv` and beside it `truth-<wave>.csv` (profile and places
    of everyone), `planted-<wave>.csv` (faults put in on purpose), `margins-<wave>.csv` and
    `profiles-<wave>.csv` (the population as it is). The last wave of the model survey also as
    a labelled `<wave>.sav` where pyreadstat is installed. `world.csv` and `world.json`.

    Written aside and renamed at the end: an interrupted run leaves the old folder as it was.
    Raises `SimulationError` when the folder cannot be written.
    """
    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise SimulationError(
            f"{folder}: the simulated files cannot be written there ({error.strerror}). "
            "Choose a folder you may write in."
        ) from None
    try:
        written = [path.relative_to(aside) for path in _write_all(simulation, aside)]
        aside.chmod(0o755)
        swap(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return [folder / path for path in written]


def swap(aside: Path, folder: Path) -> None:
    """Put a folder that was written aside in the place of `folder`, whole."""
    if not folder.exists():
        aside.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old / "old")
    aside.rename(folder)
    shutil.rmtree(old)


def _write_all(simulation: Simulation, folder: Path) -> Iterator[Path]:
    model_waves = [f for f in simulation.fieldworks if f.survey.info.role == "model"]
    for fieldwork in simulation.fieldworks:
        place = folder / fieldwork.survey.code
        place.mkdir(exist_ok=True)
        wave = fieldwork.wave.code
        yield _csv(fieldwork.file, place / f"{wave}.csv")
        yield _csv(fieldwork.truth, place / f"truth-{wave}.csv")
        yield _csv(fieldwork.delivery.planted, place / f"planted-{wave}.csv")
        yield _csv(fieldwork.margins, place / f"margins-{wave}.csv")
        yield _csv(fieldwork.profiles, place / f"profiles-{wave}.csv")
    if model_waves:
        last = model_waves[-1]
        path = folder / last.survey.code / f"{last.wave.code}.sav"
        if write_sav(last, path):
            yield path
    yield _csv(simulation.world.composition, folder / "world.csv")
    about = folder / "world.json"
    about.write_text(
        json.dumps(simulation.world.about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    yield about


def _csv(frame: pd.DataFrame, path: Path) -> Path:
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
    return path


def write_sav(fieldwork: Fieldwork, path: Path) -> bool:
    """Write a labelled SPSS file; False where pyreadstat is not installed.

    Columns whose codes are all numbers are numeric with value labels, others are text. The
    creation date in the header is the last day of the field period, so that equal data give
    equal bytes.
    """
    try:
        import pyreadstat
    except ImportError:
        return False
    wave = fieldwork.wave.code
    frame = fieldwork.file.copy()
    labels: dict[str, str] = {name: name for name in frame.columns}
    value_labels: dict[str, dict[float | str, str]] = {}
    measures: dict[str, str] = {}
    source = fieldwork.wave.sources[0]
    for name in (source.duration, source.progress):
        if name is not None:
            frame[name] = pd.to_numeric(frame[name])
    for column, name in _variables(fieldwork.survey.questionnaire, wave):
        labels[name] = _cut(_variable_label(column))
        numeric = pd.to_numeric(frame[name].replace("", pd.NA), errors="coerce")
        if numeric.notna().sum() == (frame[name] != "").sum() and numeric.notna().any():
            frame[name] = numeric.astype("float64")
        own = _value_labels(column, numeric=frame[name].dtype == "float64")
        if own:
            value_labels[name] = own
            measures[name] = "nominal" if column.question.direction == "none" else "ordinal"
    pyreadstat.write_sav(
        frame,
        str(path),
        file_label=_cut(fieldwork.wave.title.nl)[:60],
        column_labels=labels,
        variable_value_labels=value_labels,
        variable_measure=measures,
        row_compress=True,
    )
    _stamp(path, fieldwork.wave.field.end)
    return True


def _variables(questionnaire: Questionnaire, wave: str) -> Iterator[tuple[AnswerColumn, str]]:
    """The columns of the file, each with an answer column that it is read for."""
    done: set[str] = set()
    for column in questionnaire.columns(wave):
        for name in column.sources(wave):
            if name not in done:
                done.add(name)
                yield column, name


def _variable_label(column: AnswerColumn) -> str:
    if column.option is not None and not column.question.coded:
        return f"{column.question.label.nl}: {column.option.nl}"
    return column.text.nl


def _cut(label: str) -> str:
    """The label in as many bytes as the format holds."""
    return label.encode("utf-8")[:LABEL_BYTES].decode("utf-8", errors="ignore")


def _value_labels(column: AnswerColumn, *, numeric: bool) -> dict[float | str, str]:
    ranked = column.question.type is QuestionType.RANKING and not column.question.coded
    if column.is_text or ranked:
        return {}
    if column.option is not None and not column.question.coded:
        return {1.0: "gekozen", 0.0: "niet gekozen"} if numeric else {}
    codes = [
        (code, option.nl) for option in column.question.options for code in option.source_codes
    ]
    if not numeric:
        return dict(codes)
    return {float(code): label for code, label in codes}


def _stamp(path: Path, day: date) -> None:
    """Overwrite the creation date and time that the library took from the clock."""
    stamp = f"{day.day:02d} {MONTHS[day.month - 1]} {day.year % 100:02d}" + "12:00:00"
    with path.open("r+b") as file:
        file.seek(SAV_DATE_AT)
        file.write(stamp.encode("ascii"))
