"""What each kind of derived record is: where it stands, what it was made from, what is current."""

from __future__ import annotations

from flows.store.combine import PERSON
from flows.store.derived import Shape
from flows.store.files import Kind
from flows.store.records import (
    AreaRunRecord,
    EstimateRun,
    TableRun,
    TypingRecord,
    WeightingRecord,
)
from flows.store.schema import (
    area_run,
    area_run_batch,
    estimate_run,
    estimate_run_batch,
    model,
    table_run,
    typing,
    typing_batch,
    weighting,
    weighting_batch,
)

TYPING = Shape(
    table=typing,
    record=TypingRecord,
    scope=("survey", "wave"),
    made_from=("model_id", "inputs_sha256"),
    kind=Kind.TYPING,
    parts={"typing": "data_sha256"},
    needed=(PERSON, "profile"),
    once=(PERSON,),
    batches=typing_batch,
)
"""The profiles of a wave's people."""

WEIGHTING = Shape(
    table=weighting,
    record=WeightingRecord,
    scope=("survey", "wave", "scheme"),
    made_from=("inputs_sha256",),
    kind=Kind.WEIGHTING,
    parts={"weighting": "data_sha256"},
    needed=(PERSON, "weight"),
    once=(PERSON,),
    batches=weighting_batch,
)
"""The weights of a wave's people, by one scheme."""

TABLE_RUN = Shape(
    table=table_run,
    record=TableRun,
    scope=("survey", "wave", "theme"),
    made_from=("weighting_id", "typing_id", "inputs_sha256"),
    kind=Kind.TABLES,
    parts={"cells": "data_sha256"},
)
"""The unrounded cells of a theme; it hangs on batches by its weighting and its typing."""

AREA_RUN = Shape(
    table=area_run,
    record=AreaRunRecord,
    scope=("survey", "base", "year"),
    made_from=("model_id", "inputs_sha256"),
    kind=Kind.AREAS,
    parts={
        "composition": "composition_sha256",
        "inputs": "areas_sha256",
        "surroundings": "surroundings_sha256",
    },
    needed=("level", "area", "residents", "suppressed"),
    once=("level", "area"),
    batches=area_run_batch,
    order=("base", "year", "id"),
    joined={"model_version": model.c.version},
)
"""The profile composition of all areas of a base in one year."""

ESTIMATE_RUN = Shape(
    table=estimate_run,
    record=EstimateRun,
    scope=("survey", "wave", "base", "year"),
    made_from=("area_run_id", "inputs_sha256"),
    kind=Kind.ESTIMATES,
    parts={"estimates": "estimates_sha256", "parameters": "parameters_sha256"},
    needed=("theme", "table", "row", "level", "area", "value", "low", "high", "adds"),
    once=("table", "row", "level", "area"),
    batches=estimate_run_batch,
    order=("base", "year", "id"),
)
"""What the areas of a base are estimated to answer, from one wave."""
