"""The store: everything the product remembers, behind one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from flows.store.area_runs import AreaRuns
from flows.store.batches import Batches
from flows.store.catalogue import WAIT_SECONDS, Catalogue, is_sqlite, parse_url, shown
from flows.store.derived import Derived
from flows.store.editions import Editions
from flows.store.errors import KeyRefused
from flows.store.estimate_runs import EstimateRuns
from flows.store.exports import Exports
from flows.store.files import Files, Kind
from flows.store.identities import Identities
from flows.store.inspection import find_edition_faults, find_faults, trace, wave_status
from flows.store.keys import settle_key
from flows.store.models import Models
from flows.store.records import (
    AreaPart,
    AreaRunRecord,
    Batch,
    Edition,
    EditionState,
    EstimatePart,
    EstimateRun,
    ExportRecord,
    ModelRecord,
    ModelState,
    NewBatch,
    Scheme,
    TableRun,
    Trace,
    TypingRecord,
    WaveStatus,
    WeightingRecord,
)

if TYPE_CHECKING:
    import pandas as pd


class Store:
    """Answers in files, facts about them in a catalogue, identities apart.

    Open it with `Store.open`; use it as a context manager, or `close` it. Safe to use from
    several threads, and several processes may have the same store open.
    `notes`: what opening it has to tell the user, one line each.
    """

    def __init__(
        self, folder: Path, catalogue: Catalogue, key: bytes, notes: list[str], code_version: str
    ) -> None:
        self.folder = folder
        self.notes: tuple[str, ...] = tuple(notes)
        self._catalogue = catalogue
        self._files = Files(folder)
        self._identities = Identities(folder, key, wait=catalogue.wait)
        self._batches = Batches(catalogue, self._files, code_version)
        self._models = Models(catalogue, code_version)
        self._derived = Derived(catalogue, self._files, code_version)
        self._area_runs = AreaRuns(catalogue, self._files, code_version)
        self._estimate_runs = EstimateRuns(catalogue, self._files, code_version)
        self._exports = Exports(catalogue, code_version)
        self._editions = Editions(catalogue, code_version)

    @classmethod
    def open(
        cls,
        store: Path,
        database_url: str,
        pseudonym_key: str | None,
        *,
        code_version: str | None = None,
        wait: float = WAIT_SECONDS,
    ) -> Store:
        """Open a store, making whatever is not there yet.

        Creates the folders, brings the catalogue's schema up to date, makes a random key when
        none is given (SQLite only; told in `notes`), and finishes or undoes edition swaps that
        were interrupted. `code_version` is kept with every record (default: the version of
        the package); `wait`: seconds to wait for another run that is writing.

        Refuses: a store folder that cannot be written, a database that cannot be reached or is
        not ours, PostgreSQL without a key, and another key than the store was made with.
        """
        store = store.resolve()
        url = parse_url(database_url)
        if not pseudonym_key and not is_sqlite(url):
            raise KeyRefused(
                f"A catalogue in PostgreSQL ({shown(url)}) needs a pseudonym key of your own: set "
                "THEMADOSSIER_PSEUDONYM_KEY to a long random text and keep a copy of it."
            )
        Files(store).create_folders()
        catalogue = Catalogue.open(database_url, wait=wait)
        try:
            key, notes = settle_key(catalogue, store, pseudonym_key)
            opened = cls(store, catalogue, key, notes, code_version or _package_version())
            opened.notes += tuple(opened._editions.repair())
        except BaseException:
            catalogue.close()
            raise
        return opened

    def close(self) -> None:
        """Let go of the database."""
        self._catalogue.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # ------------------------------------------------------------------------- identities

    def pseudonyms(
        self, survey_scope: str, external_ids: Sequence[str], *, remember: bool = True
    ) -> list[str]:
        """The pseudonym of each external id: `r` and 20 hexadecimals; '' for an empty id.

        The same id in the same scope always gives the same pseudonym; another scope gives
        another, so that surveys that may not be linked cannot be. `remember=False` only looks
        them up: no id is kept.
        """
        return self._identities.pseudonyms(survey_scope, external_ids, remember)

    def external_ids(self, pseudonyms: Sequence[str]) -> dict[str, str]:
        """The external id behind each pseudonym that this store made."""
        return self._identities.external_ids(pseudonyms)

    # ---------------------------------------------------------------------------- batches

    def find_batch(
        self,
        survey: str,
        wave: str,
        source: str,
        part: str,
        source_sha256: str,
        reading_sha256: str,
    ) -> Batch | None:
        """The current batch of this file under this reading definition.

        None means: read the file and call `add_batch`. That is so for a new file, for one
        that was superseded and is to be put back, and when the stored file was lost.
        """
        return self._batches.find(
            NewBatch(
                survey=survey,
                wave=wave,
                source=source,
                part=part,
                source_sha256=source_sha256,
                reading_sha256=reading_sha256,
            )
        )

    def add_batch(
        self,
        new: NewBatch,
        answers: pd.DataFrame,
        quarantine: pd.DataFrame,
        report: Mapping[str, Any],
    ) -> Batch:
        """Store a file as read; `change` in the result says what that did.

        `new`: the first of its wave, source and part. `unchanged`: this file, read in this
        way, is current already, and nothing is written. `superseded`: it takes the place of
        another batch, and `what_changed` says how they differ. `restored`: it was superseded
        before and is current again; `what_changed` compares with the one that gives way.

        `answers`: one row per respondent (each once), the columns of the answer frame;
        `quarantine`: a frame of what was set apart, any columns; `report`: JSON-able.
        """
        return self._batches.add(new, answers, quarantine, report)

    def batch(self, batch_id: int) -> Batch:
        return self._batches.get(batch_id)

    def batch_report(self, batch_id: int) -> dict[str, Any]:
        """The validation report that came with a batch."""
        return self._batches.report(batch_id)

    def current_batches(self, survey: str, wave: str) -> list[Batch]:
        """The batches that make up a wave now, oldest first."""
        return self._batches.current(survey, wave)

    def read_answers(
        self, survey: str, wave: str, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """The current answers of a wave, each person once (RangeIndex).

        Of a person in more than one file the latest complete interview counts. `columns`
        limits and orders the columns. Refuses a wave without answers or an unknown column.
        """
        return self._batches.read_answers(survey, wave, columns)

    def read_quarantine(self, survey: str, wave: str) -> pd.DataFrame:
        """What was set apart in the current batches of a wave."""
        return self._batches.read_quarantine(survey, wave)

    # ----------------------------------------------------------------------------- models

    def add_model(
        self,
        survey: str,
        version: str,
        state: ModelState,
        inputs_sha256: str,
        parameters: Mapping[str, Any],
        summary: Mapping[str, Any],
        *,
        batches: Sequence[int] = (),
    ) -> ModelRecord:
        """Keep a model version; the same inputs give the record that is there.

        `state="accepted"` accepts a draft of the same inputs. Refuses a second accepted model
        of one version. `batches`: ids of the batches it was fitted on.
        """
        return self._models.add(survey, version, state, inputs_sha256, parameters, summary, batches)

    def accept_model(self, model_id: int, by: str, at: datetime, document: str) -> ModelRecord:
        """Make a draft the accepted version: it never changes after this.

        `by`, `at`: who accepted it and when; `document`: its readable file, kept byte for
        byte. Refuses when the version was accepted before (a draft never takes its place) and
        when the draft is not the current one of its version.
        """
        return self._models.accept(model_id, by, at, document)

    def model(self, survey: str, version: str | None = None) -> ModelRecord | None:
        """The accepted model (of a version), else the newest draft, else None."""
        return self._models.get(survey, version)

    def model_by_id(self, model_id: int) -> ModelRecord:
        return self._models.by_id(model_id)

    def models(self, survey: str) -> list[ModelRecord]:
        """Every model of a survey, oldest first."""
        return self._models.all(survey)

    # ------------------------------------------------------------ typing, weighting, tables

    def add_typing(
        self,
        survey: str,
        wave: str,
        model_id: int,
        inputs_sha256: str,
        frame: pd.DataFrame,
        summary: Mapping[str, Any],
        *,
        batches: Sequence[int] | None = None,
    ) -> TypingRecord:
        """Keep a typing (`respondent`, `profile`, `p_<code>`...) and make it the current one.

        The same model and inputs give the record that is there. `batches`: ids of the batches
        it was made from (default: the current ones of the wave).
        """
        return self._derived.add_typing(
            survey, wave, model_id, inputs_sha256, frame, summary, batches
        )

    def typing(self, typing_id: int) -> TypingRecord:
        return self._derived.typing(typing_id)

    def current_typing(self, survey: str, wave: str) -> TypingRecord | None:
        """The typing made last for a wave."""
        return self._derived.current_typing(survey, wave)

    def typings(self, survey: str, wave: str, model_id: int) -> list[TypingRecord]:
        """Every typing of a wave by one model, oldest first."""
        return self._derived.typings(survey, wave, model_id)

    def read_typing(self, typing_id: int) -> pd.DataFrame:
        return self._derived.read(Kind.TYPING, typing_id)

    def add_weighting(
        self,
        survey: str,
        wave: str,
        inputs_sha256: str,
        frame: pd.DataFrame,
        summary: Mapping[str, Any],
        *,
        batches: Sequence[int] | None = None,
        scheme: Scheme = "demographics",
    ) -> WeightingRecord:
        """Keep weights (`respondent`, `weight`) and make them the current ones of their scheme.

        The same inputs, of which the scheme is one, give the record that is there. `batches` as
        for `add_typing`.
        """
        return self._derived.add_weighting(
            survey, wave, inputs_sha256, frame, summary, batches, scheme
        )

    def weighting(self, weighting_id: int) -> WeightingRecord:
        return self._derived.weighting(weighting_id)

    def current_weighting(
        self, survey: str, wave: str, scheme: Scheme = "demographics"
    ) -> WeightingRecord | None:
        """The weighting made last for a wave, by a scheme."""
        return self._derived.current_weighting(survey, wave, scheme)

    def read_weighting(self, weighting_id: int) -> pd.DataFrame:
        return self._derived.read(Kind.WEIGHTING, weighting_id)

    def add_table_run(
        self,
        survey: str,
        wave: str,
        theme: str,
        weighting_id: int,
        typing_id: int,
        inputs_sha256: str,
        frame: pd.DataFrame,
        summary: Mapping[str, Any],
    ) -> TableRun:
        """Keep the unrounded cells of a theme; the same inputs give the record that is there."""
        return self._derived.add_table_run(
            survey, wave, theme, weighting_id, typing_id, inputs_sha256, frame, summary
        )

    def table_run(self, run_id: int) -> TableRun:
        return self._derived.table_run(run_id)

    def current_table_runs(self, survey: str, wave: str) -> list[TableRun]:
        """The table run made last for each theme of a wave."""
        return self._derived.current_table_runs(survey, wave)

    def read_table_run(self, run_id: int) -> pd.DataFrame:
        return self._derived.read(Kind.TABLES, run_id)

    def trace(self, run_id: int) -> Trace:
        """Where the numbers of a table run come from, back to the delivered files."""
        return trace(self._catalogue, self._models, self._derived, run_id)

    # -------------------------------------------------------------------------- area runs

    def add_area_run(
        self,
        survey: str,
        base: str,
        year: int,
        model_id: int,
        inputs_sha256: str,
        composition: pd.DataFrame,
        inputs: pd.DataFrame,
        surroundings: pd.DataFrame,
        summary: Mapping[str, Any],
        *,
        batches: Sequence[int] = (),
    ) -> AreaRunRecord:
        """Keep the composition of the areas of a base in a year; it becomes the current run.

        The same model and inputs give the run that is there. `composition`: a row per level and
        area, with `residents` and `suppressed`; `inputs`: a row per finest area, what it was
        projected from; `surroundings`: what holds for all areas. `batches`: ids of the batches
        whose answers it rests on. Refuses a model that is not in the store.
        """
        return self._area_runs.add(
            _area_key(survey, base, year, model_id, inputs_sha256),
            {"composition": composition, "inputs": inputs, "surroundings": surroundings},
            summary,
            batches,
        )

    def restore_area_run(
        self, survey: str, base: str, year: int, model_id: int, inputs_sha256: str
    ) -> AreaRunRecord | None:
        """The run of these inputs if it is there with all its files; it is then the current one.

        None means: make it and call `add_area_run`.
        """
        return self._area_runs.restore(_area_key(survey, base, year, model_id, inputs_sha256))

    def area_run(self, run_id: int) -> AreaRunRecord:
        return self._area_runs.get(run_id)

    def area_runs(self, survey: str, base: str | None = None) -> list[AreaRunRecord]:
        """Every run of a survey (and base), by base and year, oldest first."""
        return self._area_runs.all(survey, base)

    def current_area_run(
        self, survey: str, base: str, year: int | None = None
    ) -> AreaRunRecord | None:
        """The run made last for a year of a base; without a year, for the newest year."""
        return self._area_runs.current(survey, base, year)

    def read_area_run(self, run_id: int, part: AreaPart = "composition") -> pd.DataFrame:
        return self._area_runs.read(run_id, part)

    # ----------------------------------------------------------------- area estimates

    def add_estimate_run(
        self,
        survey: str,
        wave: str,
        base: str,
        year: int,
        area_run_id: int,
        inputs_sha256: str,
        estimates: pd.DataFrame,
        parameters: pd.DataFrame,
        summary: Mapping[str, Any],
        *,
        batches: Sequence[int] = (),
    ) -> EstimateRun:
        """Keep what the areas of a base are estimated to answer in a wave; it becomes current.

        The same area run and inputs give the run that is there. `estimates`: a row per row of a
        table, level and area, with `theme`, `table`, `row`, `level`, `area`, `value`, `low`,
        `high` and `adds`; `parameters`: the fitted models, any columns. `batches`: ids of the
        batches whose answers it rests on. Refuses an area run that is not in the store.
        """
        key = _estimate_key(survey, wave, base, year, area_run_id, inputs_sha256)
        parts: dict[EstimatePart, pd.DataFrame] = {
            "estimates": estimates,
            "parameters": parameters,
        }
        return self._estimate_runs.add(key, parts, summary, batches)

    def restore_estimate_run(
        self, survey: str, wave: str, base: str, year: int, area_run_id: int, inputs_sha256: str
    ) -> EstimateRun | None:
        """The run of these inputs if it is there with both its files; it is then the current one.

        None means: make it and call `add_estimate_run`.
        """
        return self._estimate_runs.restore(
            _estimate_key(survey, wave, base, year, area_run_id, inputs_sha256)
        )

    def estimate_run(self, run_id: int) -> EstimateRun:
        return self._estimate_runs.get(run_id)

    def estimate_runs(self, survey: str, wave: str | None = None) -> list[EstimateRun]:
        """Every run of a survey (and wave), by base and year, oldest first."""
        return self._estimate_runs.all(survey, wave, current=False)

    def current_estimate_run(
        self, survey: str, wave: str, base: str, year: int | None = None
    ) -> EstimateRun | None:
        """The run made last for a wave and a year of a base; without a year, for the newest."""
        return self._estimate_runs.current(survey, wave, base, year)

    def estimate_run_is_up_to_date(self, run_id: int) -> bool:
        """Whether a run still stands on current answers and the current area run of its year."""
        return self._estimate_runs.up_to_date(self._estimate_runs.get(run_id))

    def read_estimate_run(self, run_id: int, part: EstimatePart = "estimates") -> pd.DataFrame:
        return self._estimate_runs.read(run_id, part)

    # ---------------------------------------------------------------------------- exports

    def add_export(
        self,
        survey: str,
        wave: str,
        path: str | Path,
        sha256: str,
        rows: int,
        columns: Sequence[str],
        inputs_sha256: str,
    ) -> ExportRecord:
        """Log an analysis file that was written: answers of people left the store.

        `path`: where it was written; `sha256`: of its bytes; `rows`: people; `columns`: what of
        them. Every call is a new line of the log, also for the same file.
        """
        return self._exports.add(
            {
                "survey": survey,
                "wave": wave,
                "path": str(path),
                "sha256": sha256,
                "rows": rows,
                "columns": columns,
                "inputs_sha256": inputs_sha256,
            }
        )

    def exports(self, survey: str) -> list[ExportRecord]:
        """The log of analysis files of a survey, oldest first."""
        return self._exports.all(survey)

    # --------------------------------------------------------------------------- editions

    def publish_edition(
        self,
        survey: str,
        theme: str,
        wave: str,
        content_sha256: str,
        built: Path,
        outputs: Path,
        state: EditionState = "draft",
        inputs: Mapping[str, Any] | None = None,
        *,
        number: int | None = None,
    ) -> Edition:
        """Put a built folder in its place as the next edition of a theme.

        `built`: a finished folder on the file system of `outputs`; it is used up either way.
        `outputs`: the survey's outputs folder. When the newest edition has the same content
        and wave, is at least as far as `state`, and its files stand as published, nothing is
        replaced (`change` is `unchanged`). A draft made beside a published edition goes to
        `editions/<theme>/<nr>/`.
        `number`: the number printed in the files; refused when it is no longer the next one.

        Refuses a folder without files or that cannot be moved; everything then stands as it
        stood.
        """
        return self._editions.publish(
            survey, theme, wave, content_sha256, built, outputs, state, inputs or {}, number
        )

    def next_edition_number(self, survey: str, theme: str) -> int:
        return self._editions.next_number(survey, theme)

    def latest_edition(self, survey: str, theme: str) -> Edition | None:
        """The edition with the highest number; `Edition.path` says where its files are."""
        return self._editions.latest(survey, theme)

    def editions(self, survey: str) -> list[Edition]:
        """All editions of a survey, by theme and number."""
        return self._editions.all(survey)

    # ------------------------------------------------------------------------------ whole

    def check(self, outputs: Path | None = None) -> list[str]:
        """What is wrong with the store: missing, damaged and orphan files; empty when sound.

        With the outputs folder (above the surveys), the editions' files too.
        """
        faults = find_faults(self._catalogue, self._files)
        if outputs is not None:
            faults += find_edition_faults(self._editions, outputs)
        return faults

    def status(self, survey: str) -> tuple[WaveStatus, ...]:
        """How far each wave of a survey is."""
        return wave_status(
            self._catalogue,
            self._models,
            self._derived,
            self._area_runs,
            self._estimate_runs,
            self._editions,
            survey,
        )


def _area_key(
    survey: str, base: str, year: int, model_id: int, inputs_sha256: str
) -> dict[str, Any]:
    return {
        "survey": survey,
        "base": base,
        "year": year,
        "model_id": model_id,
        "inputs_sha256": inputs_sha256,
    }


def _estimate_key(
    survey: str, wave: str, base: str, year: int, area_run_id: int, inputs_sha256: str
) -> dict[str, Any]:
    return {
        "survey": survey,
        "wave": wave,
        "base": base,
        "year": year,
        "area_run_id": area_run_id,
        "inputs_sha256": inputs_sha256,
    }


def _package_version() -> str:
    try:
        return version("themadossier")
    except PackageNotFoundError:
        return "unknown"
