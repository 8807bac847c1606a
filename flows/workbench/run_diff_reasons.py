"""Why two editions or table runs differ: what they were made of, side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from flows.store import Trace
from flows.workbench.explain_editions import CODEBOOK

Kind = Literal["answers", "weights", "profiles", "definitions", "code", "none"]


@dataclass(frozen=True)
class Reason:
    """Something in which the making of the two differs."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Side:
    """One of the two. `source`: where its numbers come from; `stored`: its run is in the store."""

    name: str
    wave: str
    source: str
    stored: bool


@dataclass(frozen=True, eq=False)
class Read:
    """What is known of one side.

    `folder`: of its files, None of a run. `batches`: per file its hashes `source` and `data`;
    `weighting`, `typing`: hashes. `trace`: None where its run is not in this store.
    """

    side: Side
    survey: str
    theme: str
    numbers: pd.DataFrame
    folder: Path | None
    batches: Mapping[str, Mapping[str, str]]
    weighting: str
    typing: str
    model: str
    code_version: str
    trace: Trace | None


def reasons_of(before: Read, after: Read) -> Iterator[Reason]:
    """What differs in how the two were made, in the order of the line."""
    yield from _answers(before, after)
    yield from _weights(before, after)
    yield from _profiles(before, after)
    yield from _definitions(before, after)
    if before.code_version != after.code_version:
        yield Reason("code", f"Code version {before.code_version}, then {after.code_version}.")


def _answers(before: Read, after: Read) -> Iterator[Reason]:
    old, new = before.batches, after.batches
    if before.side.wave != after.side.wave:
        yield Reason("answers", f"Another wave: {before.side.wave}, then {after.side.wave}.")
    told = [f"{name} is new" for name in new if name not in old]
    told += [f"{name} is gone" for name in old if name not in new]
    for name in (name for name in new if name in old):
        if old[name].get("data") != new[name].get("data"):
            same = old[name].get("source") == new[name].get("source")
            told.append(
                f"{name} is the same file, read otherwise" if same else f"{name} is another file"
            )
    if told:
        yield Reason("answers", f"Files with answers: {'; '.join(told)}.")
    traces = _traces(before, after)
    if traces is not None:
        kept = [int(trace.table_run.summary["respondents"]) for trace in traces]
        if kept[0] != kept[1]:
            yield Reason("answers", f"Respondents kept: {kept[0]:,}, then {kept[1]:,}.")


def _traces(before: Read, after: Read) -> tuple[Trace, Trace] | None:
    """Both runs, if this store has them."""
    if before.trace is None or after.trace is None:
        return None
    return before.trace, after.trace


def _weights(before: Read, after: Read) -> Iterator[Reason]:
    if before.weighting == after.weighting:
        return
    traces = _traces(before, after)
    if traces is None:
        yield Reason("weights", "The weights differ.")
        return
    old, new = (trace.weighting.summary for trace in traces)
    numbers = (
        f"efficiency {old['efficiency']:.1%}, then {new['efficiency']:.1%}; weights to "
        f"{old['weights']['max']:.2f}, then {new['weights']['max']:.2f}"
    )
    if old.get("scheme") == new.get("scheme"):
        yield Reason("weights", f"The weights differ, by the same scheme: {numbers}.")
        return
    margins = [[margin["margin"] for margin in made["margins"]] for made in (old, new)]
    which = (
        f"margins {', '.join(margins[0])}, then {', '.join(margins[1])}"
        if margins[0] != margins[1]
        else f"targets or rules, with margins {', '.join(margins[0])}"
    )
    yield Reason("weights", f"The weighting scheme differs: {which}; {numbers}.")


def _profiles(before: Read, after: Read) -> Iterator[Reason]:
    traces = _traces(before, after)
    if before.model != after.model:
        yield Reason("profiles", f"Profile model {before.model}, then {after.model}.")
    elif traces is not None and traces[0].model.inputs_sha256 != traces[1].model.inputs_sha256:
        yield Reason("profiles", f"Profile model {after.model} was fitted anew.")
    if before.typing == after.typing:
        return
    moved: list[str] = []
    if traces is not None:
        old, new = (dict(trace.typing.summary.get("sizes") or {}) for trace in traces)
        moved = list(_moved(old, new))
    told = f": {'; '.join(moved)}" if moved else ""
    yield Reason("profiles", f"The profiles assigned differ{told}.")


def _moved(old: Mapping[str, int], new: Mapping[str, int]) -> Iterator[str]:
    for code in new:
        if old.get(code) != new[code]:
            yield f"{code} {old.get(code, 0):,}, then {new[code]:,}"


def _definitions(before: Read, after: Read) -> Iterator[Reason]:
    """Definitions: by their recorded hashes, else by what all other inputs leave over."""
    yield from _codebooks(before, after)
    traces = _traces(before, after)
    if traces is None:
        return
    old, new = (trace.table_run for trace in traces)
    hashes = [dict(run.summary.get("definitions") or {}) for run in (old, new)]
    if all(hashes):
        changed = [name for name, sha256 in hashes[1].items() if hashes[0].get(name) != sha256]
        if changed:
            yield Reason("definitions", f"The definitions differ: {', '.join(changed)}.")
        return
    others = [
        (
            sorted(batch.data_sha256 for batch in trace.batches),
            trace.weighting.inputs_sha256,
            trace.typing.inputs_sha256,
            trace.table_run.code_version,
        )
        for trace in traces
    ]
    if others[0] == others[1] and old.inputs_sha256 != new.inputs_sha256:
        yield Reason(
            "definitions", "The definitions differ: questionnaire.yaml or the theme's dossier.yaml."
        )


def _codebooks(before: Read, after: Read) -> Iterator[Reason]:
    """The rules of publication as the two editions print them."""
    rules = [_rules(each.folder) for each in (before, after)]
    if rules[0] is None or rules[1] is None:
        return
    told = [
        f"{name} {rules[0].get(name)}, then {value}"
        for name, value in rules[1].items()
        if rules[0].get(name) != value
    ]
    if told:
        yield Reason("definitions", f"The rules of publication differ: {'; '.join(told)}.")


def _rules(folder: Path | None) -> dict[str, Any] | None:
    if folder is None or not (folder / CODEBOOK).exists():
        return None
    entries = json.loads((folder / CODEBOOK).read_text(encoding="utf-8"))
    return dict(entries.get("publication") or {})
