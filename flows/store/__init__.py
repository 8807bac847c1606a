"""What the product remembers: answers in Parquet, facts in a catalogue, identities apart."""

from flows.store.batch_records import Batch, Changes, NewBatch
from flows.store.errors import StoreError
from flows.store.records import (
    AreaPart,
    AreaRunRecord,
    Edition,
    EstimatePart,
    EstimateRun,
    ExportRecord,
    ModelRecord,
    TableRun,
    Trace,
    TypingRecord,
    WaveStatus,
    WeightingRecord,
)
from flows.store.store import Store

__all__ = [
    "AreaPart",
    "AreaRunRecord",
    "Batch",
    "Changes",
    "Edition",
    "EstimatePart",
    "EstimateRun",
    "ExportRecord",
    "ModelRecord",
    "NewBatch",
    "Store",
    "StoreError",
    "TableRun",
    "Trace",
    "TypingRecord",
    "WaveStatus",
    "WeightingRecord",
]
