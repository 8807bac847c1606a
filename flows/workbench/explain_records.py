"""What the store and the manifest keep of how a number was made, for an explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows.crosstabs.tables import Table
from flows.definitions import Survey
from flows.edges import all_answers, find_wave
from flows.store import Batch, Store, Trace
from flows.workbench.explain_editions import FoundEdition


@dataclass(frozen=True)
class Rows:
    """The people of the wave: kept, and left out by reason; with the files they came in.

    `files`: name, survey, wave, SHA-256 as delivered and as stored, rows, whether current.
    """

    kept: int
    left_out: Mapping[str, int]
    files: tuple[Mapping[str, Any], ...]
    current: bool


def rows_of(store: Store, survey: Survey, trace: Trace, current: bool) -> Rows:
    """The people of a run; `current`: its answers are those of now, so that all are counted."""
    run = trace.table_run
    kept = int(run.summary["respondents"])
    files = tuple(_file(batch) for batch in trace.batches)
    own = [b for b in trace.batches if (b.survey, b.wave) == (run.survey, run.wave)]
    reports = [store.batch_report(batch.id)["counts"] for batch in own]
    quarantined = sum(int(counts.get("quarantined", 0)) for counts in reports)
    if current:
        statuses = all_answers(store, survey, find_wave(survey, run.wave))["status"].value_counts()
        left_out = {str(status): int(n) for status, n in statuses.items() if status != "kept"}
    else:
        told = ("read", "kept", "quarantined", "answers_made_invalid")
        left_out = {}
        for counts in reports:
            for reason, n in counts.items():
                if reason not in told and n:
                    left_out[reason] = left_out.get(reason, 0) + int(n)
    if quarantined:
        left_out["quarantined"] = quarantined
    return Rows(kept, left_out, files, current)


def _file(batch: Batch) -> dict[str, Any]:
    return {
        "file": batch.source_name,
        "survey": batch.survey,
        "wave": batch.wave,
        "source_sha256": batch.source_sha256,
        "data_sha256": batch.data_sha256,
        "rows": batch.rows,
        "current": batch.current,
    }


def weighting_of(trace: Trace, survey: Survey) -> dict[str, Any]:
    """What is told of the weights: margins, ranges of weight and g, efficiency."""
    record, made = trace.weighting, trace.weighting.summary
    trimming = made.get("trimming") or {}
    return {
        "id": record.id,
        "sha256": record.data_sha256,
        "method": made["method"],
        "scheme": record.scheme,
        "scheme_sha256": made["scheme"],
        "margins": [
            {
                "margin": margin["margin"],
                "source": margin["source"]["en"] or margin["source"]["nl"],
                "reference_date": margin["reference_date"],
                "levels": len(margin["levels"]),
            }
            for margin in made["margins"]
        ],
        "base_weight": survey.weighting.base_weight,
        "efficiency": made["efficiency"],
        "design_effect": made["design_effect"],
        "effective_n": made["effective_n"],
        "weights": _ends(made["weights"]),
        "g_weights": _ends(made["g_weights"]),
        "trimmed_at": trimming.get("highest"),
    }


def _ends(spread: Mapping[str, float]) -> list[float]:
    return [spread["min"], spread["max"]]


def typing_of(trace: Trace, survey: Survey) -> dict[str, Any]:
    """What is told of the profiles: version and state of the model, and what it used."""
    return {
        "id": trace.typing.id,
        "sha256": trace.typing.data_sha256,
        "model": trace.model.version,
        "model_state": trace.model.state,
        "model_id": trace.model.id,
        "assigned_from": survey.info.profiles,
    }


def chain_of(
    found: FoundEdition, trace: Trace, table: Table, row: str, column: str
) -> tuple[tuple[str, str], ...]:
    """From the cell to the files: what, and by which id or hash it is known."""
    run = trace.table_run
    links = [
        ("edition", found.name),
        ("cell", f"{table.identity.number} {row}:{column}"),
        ("table run", f"{run.id} ({run.data_sha256[:12]})"),
        ("weighting", f"{trace.weighting.id} ({trace.weighting.data_sha256[:12]})"),
        ("typing", f"{trace.typing.id} ({trace.typing.data_sha256[:12]})"),
        ("model", f"{trace.model.version}, {trace.model.state} ({trace.model.inputs_sha256[:12]})"),
    ]
    links += [
        ("file", f"{b.source_name} as delivered {b.source_sha256}, batch {b.id}")
        for b in trace.batches
    ]
    return (*links, ("code", run.code_version))


def chain_of_files(found: FoundEdition) -> tuple[tuple[str, str], ...]:
    """What the manifest says an edition was made of."""
    inputs = found.inputs
    links = [("edition", found.name)]
    links += [
        (name, str(inputs[key])[:12])
        for name, key in (("table run", "tables"), ("weighting", "weighting"), ("typing", "typing"))
        if key in inputs
    ]
    if isinstance(inputs.get("model"), Mapping):
        links.append(("model", str(inputs["model"].get("version", ""))))
    batches = inputs.get("batches")
    if isinstance(batches, Mapping):
        links += [
            ("file", f"{name} as delivered {hashes.get('source', '')}")
            for name, hashes in batches.items()
        ]
    return (*links, ("code", found.code_version))
