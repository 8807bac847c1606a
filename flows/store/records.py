"""What the store hands back: frozen records, each explaining where it came from.

Those of batches stand in `batch_records`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from flows.store.batch_records import Batch

ModelState = Literal["draft", "accepted"]
EditionState = Literal["draft", "approved", "published", "withdrawn"]
RecordChange = Literal["new", "unchanged"]
Scheme = Literal["demographics", "composition"]
"""How a wave is weighted: by its margins, or with the area's profile composition added."""
AreaPart = Literal["composition", "inputs", "surroundings"]
"""What an area run keeps: shares of all areas; what every finest area was projected from; and
what holds for all of them (parameters, residuals, seed table)."""
EstimatePart = Literal["estimates", "parameters"]
"""What an estimate run keeps: the estimates of all areas, and the fitted models."""


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """A version of the profile model; `parameters` holds all that is needed to apply it.

    `accepted_by`, `accepted_at` and `document` (the readable file, as text) are of a version
    that somebody accepted by name.
    """

    id: int
    survey: str
    version: str
    state: ModelState
    inputs_sha256: str
    parameters: Mapping[str, Any]
    summary: Mapping[str, Any]
    code_version: str
    created_at: datetime
    accepted_by: str | None = None
    accepted_at: datetime | None = None
    document: str | None = None
    change: RecordChange = "unchanged"


@dataclass(frozen=True, kw_only=True)
class TypingRecord:
    """The profiles of the people of one wave."""

    id: int
    survey: str
    wave: str
    model_id: int
    inputs_sha256: str
    data_sha256: str
    rows: int
    summary: Mapping[str, Any]
    code_version: str
    created_at: datetime
    change: RecordChange = "unchanged"


@dataclass(frozen=True, kw_only=True)
class WeightingRecord:
    """The weights of the people of one wave, by one scheme."""

    id: int
    survey: str
    wave: str
    scheme: Scheme
    inputs_sha256: str
    data_sha256: str
    rows: int
    summary: Mapping[str, Any]
    code_version: str
    created_at: datetime
    change: RecordChange = "unchanged"


@dataclass(frozen=True, kw_only=True)
class TableRun:
    """All unrounded cells of one theme in one wave."""

    id: int
    survey: str
    wave: str
    theme: str
    weighting_id: int
    typing_id: int
    inputs_sha256: str
    data_sha256: str
    rows: int
    summary: Mapping[str, Any]
    code_version: str
    created_at: datetime
    change: RecordChange = "unchanged"


@dataclass(frozen=True, kw_only=True)
class AreaRunRecord:
    """The profile composition of all areas of a base in one year, by one model version.

    `year`: the vintage of the base. `rows`: areas of all levels in the composition. `estimand`:
    the shares are of what residents are expected to be, not of what they happen to be.
    """

    id: int
    survey: str
    base: str
    year: int
    model_id: int
    model_version: str
    inputs_sha256: str
    composition_sha256: str
    areas_sha256: str
    surroundings_sha256: str
    rows: int
    summary: Mapping[str, Any]
    code_version: str
    created_at: datetime
    change: RecordChange = "unchanged"
    estimand: Literal["expected"] = "expected"


@dataclass(frozen=True, kw_only=True)
class EstimateRun:
    """What the areas of a base are estimated to answer, from one wave of a survey.

    `estimates_sha256`: of the estimates of all areas; `parameters_sha256`: of the fitted models.
    """

    id: int
    survey: str
    wave: str
    base: str
    year: int
    area_run_id: int
    inputs_sha256: str
    estimates_sha256: str
    parameters_sha256: str
    rows: int
    summary: Mapping[str, Any]
    code_version: str
    created_at: datetime
    change: RecordChange = "unchanged"


@dataclass(frozen=True, kw_only=True)
class ExportRecord:
    """One analysis file that left the store: where to, its SHA-256, how many people, what of."""

    id: int
    survey: str
    wave: str
    path: str
    sha256: str
    rows: int
    columns: tuple[str, ...]
    inputs_sha256: str
    code_version: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One theme's files. `folder` is relative to the survey's outputs folder.

    `files`: SHA-256 per file name, as published. `change`: `unchanged` when the newest
    edition already had this content, so that nothing was replaced.
    """

    id: int
    survey: str
    theme: str
    wave: str
    number: int
    state: EditionState
    content_sha256: str
    folder: str | None
    files: Mapping[str, str]
    inputs: Mapping[str, Any]
    code_version: str
    created_at: datetime
    change: RecordChange = "unchanged"

    def path(self, outputs: Path) -> Path | None:
        """Where its files are under `outputs/<survey>`; None when they are not there."""
        return None if self.folder is None else outputs / self.folder


@dataclass(frozen=True, kw_only=True)
class WaveStatus:
    """How far one wave is. `outdated` names what was made from batches no longer current.

    `area_runs`: the current ones that rest on answers of this wave. `estimate_runs`: the
    current area estimates of this wave.
    """

    wave: str
    batches: tuple[Batch, ...]
    model: ModelRecord | None
    typing: TypingRecord | None
    weighting: WeightingRecord | None
    table_runs: tuple[TableRun, ...]
    editions: tuple[Edition, ...]
    area_runs: tuple[AreaRunRecord, ...] = ()
    estimate_runs: tuple[EstimateRun, ...] = ()
    outdated: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(batch.rows for batch in self.batches)

    @property
    def quarantined(self) -> int:
        return sum(batch.quarantined for batch in self.batches)


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Everything one table run hangs on, back to the files as delivered."""

    table_run: TableRun
    weighting: WeightingRecord
    typing: TypingRecord
    model: ModelRecord
    batches: tuple[Batch, ...]
