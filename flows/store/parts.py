"""What a store consists of, put together once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flows.store import shapes
from flows.store.batches import Batches
from flows.store.catalogue import Catalogue
from flows.store.derived import Derived
from flows.store.editions import Editions
from flows.store.exports import Exports
from flows.store.files import Files
from flows.store.identities import Identities
from flows.store.models import Models
from flows.store.records import (
    AreaRunRecord,
    EstimateRun,
    TableRun,
    TypingRecord,
    WeightingRecord,
)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The catalogue and the files, and what keeps each subject in them."""

    catalogue: Catalogue
    files: Files
    identities: Identities
    batches: Batches
    models: Models
    typings: Derived[TypingRecord]
    weightings: Derived[WeightingRecord]
    table_runs: Derived[TableRun]
    area_runs: Derived[AreaRunRecord]
    estimate_runs: Derived[EstimateRun]
    exports: Exports
    editions: Editions

    @classmethod
    def of(cls, folder: Path, catalogue: Catalogue, key: bytes, code_version: str) -> Parts:
        """The parts of a store in this folder; `code_version` is kept with every record."""
        files = Files(folder)
        kept = (catalogue, files, code_version)
        return cls(
            catalogue=catalogue,
            files=files,
            identities=Identities(folder, key, wait=catalogue.wait),
            batches=Batches(*kept),
            models=Models(catalogue, code_version),
            typings=Derived(shapes.TYPING, *kept),
            weightings=Derived(shapes.WEIGHTING, *kept),
            table_runs=Derived(shapes.TABLE_RUN, *kept),
            area_runs=Derived(shapes.AREA_RUN, *kept),
            estimate_runs=Derived(shapes.ESTIMATE_RUN, *kept),
            exports=Exports(catalogue, code_version),
            editions=Editions(catalogue, code_version),
        )
