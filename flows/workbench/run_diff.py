"""`diff`: what differs between two editions, or two table runs, of a theme, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.crosstabs.diff.editions import TableDiff, compare
from flows.definitions.models import Text
from flows.errors import Refusal
from flows.store import Store, TableRun
from flows.store.errors import UnknownRecord
from flows.workbench.explain_editions import (
    CODEBOOK,
    FoundEdition,
    definition_of,
    find_edition,
    published_numbers,
    run_of,
    texts_of,
)
from flows.workbench.run_diff_reasons import Read, Reason, Side, reasons_of


@dataclass(frozen=True)
class RunDiff:
    """Two editions or runs compared."""

    before: Side
    after: Side
    reasons: tuple[Reason, ...]
    tables: TableDiff
    notes: tuple[str, ...]


def diff_of(first: str, second: str, survey: Path | None = None) -> RunDiff:
    """Compare two editions or table runs of a theme, the older one first.

    `first`, `second`: folder of an edition, `<survey>/<theme>/<number>`, or the id of a table
    run; or a survey (its folder or code) and a theme, for its latest two editions. After
    `<survey>/<theme>/<number>` a number alone is another edition of that theme. `survey`:
    folder of the definition, for runs (default surveys/<survey>).

    Raises `Refusal` for what is neither, and for two of different themes.
    """
    store = _store()
    try:
        names = _named(first, second, store)
        before, after = (_read(name, store, survey) for name in names)
    finally:
        if store is not None:
            store.close()
    if (before.survey, before.theme) != (after.survey, after.theme):
        raise Refusal(
            f"{before.side.name} is of {before.survey} {before.theme} and {after.side.name} of "
            f"{after.survey} {after.theme}. Compare two of the same theme."
        )
    texts = None
    notes = list(_basis(before, after))
    if before.folder is not None and after.folder is not None:
        old, new = texts_of(before.folder), texts_of(after.folder)
        if old is not None and new is not None:
            texts = (old, new)
    if texts is None:
        notes.append(
            f"Texts are not compared: that takes two editions that both have a {CODEBOOK}."
        )
    tables = compare(
        before.numbers, after.numbers, texts=texts, labels=_labels(after.folder or before.folder)
    )
    reasons = tuple(reasons_of(before, after))
    if not reasons and tables.changed:
        reasons = (Reason("none", "Nothing that is recorded of their making differs."),)
    return RunDiff(before.side, after.side, reasons, tables, tuple(notes))


def _store() -> Store | None:
    from flows.edges import existing_store

    try:
        return existing_store()
    except Refusal:
        return None


def _named(first: str, second: str, store: Store | None) -> tuple[str, str]:
    """The two as they can be looked up."""
    if second.isdigit() and first.count("/") == 2 and not Path(first).is_dir():
        return first, f"{first.rpartition('/')[0]}/{second}"
    simple = "/" not in second and not second.isdigit() and not Path(second).is_dir()
    is_survey = (Path(first) / "survey.yaml").exists() or "/" not in first
    if not (simple and is_survey) or (Path(first) / "manifest.json").exists():
        return first, second
    code = Path(first).name
    if store is None:
        raise Refusal(
            f"{first} {second}: there is no store here to look its editions up in. Name the "
            "folders of two editions, or set THEMADOSSIER_STORE."
        )
    numbers = [edition.number for edition in store.editions(code) if edition.theme == second]
    if len(numbers) < 2:
        have = "no edition" if not numbers else "one edition"
        raise Refusal(f"{code} {second} has {have} in the store: there is nothing to compare.")
    before, after = sorted(numbers)[-2:]
    return f"{code}/{second}/{before}", f"{code}/{second}/{after}"


def _read(name: str, store: Store | None, survey: Path | None) -> Read:
    if name.isdigit():
        return _read_run(int(name), store, survey)
    found = find_edition(name, store)
    run = None if store is None else run_of(store, found)
    trace = None if store is None or run is None else store.trace(run.id)
    return Read(
        side=Side(found.name, found.wave, f"the published files in {found.folder}", bool(trace)),
        survey=found.survey,
        theme=found.theme,
        numbers=published_numbers(found.folder),
        folder=found.folder,
        trace=trace,
        **_made_of(found),
    )


def _made_of(found: FoundEdition) -> dict[str, Any]:
    """What the manifest, or the catalogue, says an edition was made of."""
    inputs = found.inputs
    model = inputs.get("model")
    return {
        "batches": dict(inputs.get("batches") or {}),
        "weighting": str(inputs.get("weighting", "")),
        "typing": str(inputs.get("typing", "")),
        "model": str(model.get("version", "")) if isinstance(model, Mapping) else "",
        "code_version": found.code_version,
    }


def _read_run(number: int, store: Store | None, survey: Path | None) -> Read:
    """A table run of the store, published anew by the present rules."""
    from flows.crosstabs.publish import publish
    from flows.crosstabs.tables import ProfileSize
    from flows.crosstabs.theme_tables import care_of, stored_tables
    from flows.crosstabs.tidy import tidy

    if store is None:
        raise Refusal(f"{number}: there is no store here with table runs.")
    try:
        run: TableRun = store.table_run(number)
    except UnknownRecord:
        raise Refusal(f"{number}: there is no table run with this id in the store.") from None
    trace = store.trace(run.id)
    definition = definition_of(run.survey, survey)
    published = publish(
        stored_tables(store.read_table_run(run.id), definition, run.theme),
        definition.dossier.publication,
        theme=run.theme,
        sizes=[ProfileSize(**size) for size in run.summary["sizes"]],
        care=care_of(definition),
    )
    numbers = tidy(published, run.survey, run.wave, f"run {run.id}")
    return Read(
        side=Side(
            f"table run {run.id}", run.wave, "the stored run, published by today's rules", True
        ),
        survey=run.survey,
        theme=run.theme,
        numbers=numbers.astype(dict.fromkeys(("table", "answer", "column"), str)),
        folder=None,
        batches={
            batch.source_name: {"source": batch.source_sha256, "data": batch.data_sha256}
            for batch in trace.batches
        },
        weighting=trace.weighting.data_sha256,
        typing=trace.typing.data_sha256,
        model=trace.model.version,
        code_version=run.code_version,
        trace=trace,
    )


# --------------------------------------------------------------------------------- why


def _basis(before: Read, after: Read) -> Iterator[str]:
    yield f"Numbers: {before.side.source}, and {after.side.source}."
    absent = [each.side.name for each in (before, after) if each.trace is None]
    if absent:
        yield (
            f"The table run of {' and '.join(absent)} is not in this store, so why they differ "
            "is told from the hashes in the manifests alone."
        )


def _labels(folder: Path | None) -> dict[tuple[str, ...], Text]:
    """What rows and columns are called, by an edition's codebook."""
    if folder is None or not (folder / CODEBOOK).exists():
        return {}
    entries = json.loads((folder / CODEBOOK).read_text(encoding="utf-8"))
    found: dict[tuple[str, ...], Text] = {
        (column["code"],): Text(**column["label"]) for column in entries.get("columns", ())
    }
    for table in entries.get("tables", ()):
        for row in table.get("rows", ()):
            found[table["number"], row["code"]] = Text(**row["label"])
    return found
