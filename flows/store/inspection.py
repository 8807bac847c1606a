"""Looking at the store as a whole: is it sound, how far is each wave, where is it from."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Table, select

from flows.store.batch_records import Batch
from flows.store.batches import current_batches, load_batches
from flows.store.editions import Editions
from flows.store.files import Kind, is_named_by_content, sha256_of
from flows.store.identities import IDENTITIES_FILE
from flows.store.parts import Parts
from flows.store.records import EstimateRun, Trace, WaveStatus
from flows.store.rows import linked
from flows.store.schema import batch, model_batch, typing_batch, weighting_batch
from flows.store.swaps import listing


def find_faults(parts: Parts) -> list[str]:
    """Missing and damaged files, and files that no record knows; one sentence each."""
    files = parts.files
    with parts.catalogue.reading() as connection:
        owners = _owners(parts, connection)
    faults = []
    for (kind, sha256), owner in owners.items():
        path = files.path(kind, sha256)
        if not path.exists():
            faults.append(f"{path} of {owner} is missing: put it back from a backup.")
        elif sha256_of(path) != sha256:
            faults.append(
                f"{path} of {owner} is damaged (its content is not what was stored): put it "
                "back from a backup."
            )
    for kind, path in files.stored():
        if not is_named_by_content(path):
            faults.append(f"{path} is left over from an interrupted write: it can be deleted.")
        elif (kind, path.stem) not in owners:
            faults.append(
                f"{path} belongs to no record, as after an interrupted run: run it again, or "
                "delete the file."
            )
    if not (files.store / IDENTITIES_FILE).exists():
        faults.append(
            f"{files.store / IDENTITIES_FILE} is missing: put it back from a backup, or "
            "pseudonyms can no longer be led back to the people of the panel."
        )
    return faults


def find_edition_faults(editions: Editions, outputs: Path) -> list[str]:
    """Editions whose files are not as they were published. `outputs`: above the surveys."""
    faults = []
    for each in editions.all():
        name = f"edition {each.number} of {each.survey} {each.theme}"
        path = each.path(outputs / each.survey)
        if path is None or not path.exists():
            faults.append(f"The folder of {name} is missing: {path or 'it was replaced'}.")
            continue
        found = listing(path)
        if gone := sorted(set(each.files) - set(found)):
            faults.append(f"{path} of {name} lacks {', '.join(gone)}.")
        if altered := [n for n, sha in each.files.items() if found.get(n, sha) != sha]:
            faults.append(f"{path} of {name} was altered after publication: {', '.join(altered)}.")
    return faults


def wave_status(parts: Parts, survey: str) -> tuple[WaveStatus, ...]:
    """How far each wave with answers is, in the order in which the waves came in."""
    with parts.catalogue.reading() as connection:
        batches = current_batches(connection, survey)
    current = frozenset(each.data_sha256 for each in batches)
    made = parts.editions.all(survey)
    projected = [
        (run, *parts.area_runs.rests_on(run.id))
        for run in parts.area_runs.all(only_current=True, survey=survey)
    ]
    statuses = []
    for wave in dict.fromkeys(each.wave for each in batches):
        own = tuple(each for each in batches if each.wave == wave)
        typed = parts.typings.current(survey=survey, wave=wave)
        weighted = parts.weightings.current(survey=survey, wave=wave, scheme="demographics")
        runs = tuple(parts.table_runs.all(only_current=True, survey=survey, wave=wave))
        outdated = []
        with parts.catalogue.reading() as connection:
            for name, record, links in (
                ("typing", typed, typing_batch),
                ("weighting", weighted, weighting_batch),
            ):
                if record is not None and not _up_to_date(
                    connection, links, record.id, own, current
                ):
                    outdated.append(name)
        outdated += [
            f"tables of {run.theme}"
            for run in runs
            if outdated
            or (typed is not None and run.typing_id != typed.id)
            or (weighted is not None and run.weighting_id != weighted.id)
        ]
        areas = [(run, sound) for run, waves, sound in projected if (survey, wave) in waves]
        outdated += [f"areas of {run.base} {run.year}" for run, sound in areas if not sound]
        estimated = parts.estimate_runs.all(only_current=True, survey=survey, wave=wave)
        outdated += [
            f"estimates for {run.base} {run.year}"
            for run in estimated
            if not estimates_up_to_date(parts, run)
        ]
        newest = {each.theme: each for each in made if each.wave == wave}
        statuses.append(
            WaveStatus(
                wave=wave,
                batches=own,
                model=None if typed is None else parts.models.by_id(typed.model_id),
                typing=typed,
                weighting=weighted,
                table_runs=runs,
                editions=tuple(newest.values()),
                area_runs=tuple(run for run, _ in areas),
                estimate_runs=tuple(estimated),
                outdated=tuple(outdated),
            )
        )
    return tuple(statuses)


def estimates_up_to_date(parts: Parts, run: EstimateRun) -> bool:
    """Whether area estimates stand on current answers and the current composition of their year."""
    composition_is_current = parts.area_runs.current(id=run.area_run_id) is not None
    _, answers_are_current = parts.estimate_runs.rests_on(run.id)
    return composition_is_current and answers_are_current


def trace(parts: Parts, run_id: int) -> Trace:
    """Everything a table run hangs on."""
    run = parts.table_runs.get(run_id)
    typed = parts.typings.get(run.typing_id)
    with parts.catalogue.reading() as connection:
        ids = (
            linked(connection, weighting_batch, run.weighting_id)
            | linked(connection, typing_batch, typed.id)
            | linked(connection, model_batch, typed.model_id)
        )
        batches = load_batches(connection, batch.c.id.in_(ids))
    return Trace(
        table_run=run,
        weighting=parts.weightings.get(run.weighting_id),
        typing=typed,
        model=parts.models.by_id(typed.model_id),
        batches=tuple(batches),
    )


def _owners(parts: Parts, connection: Connection) -> dict[tuple[Kind, str], str]:
    """Which record each stored file belongs to."""
    owners: dict[tuple[Kind, str], str] = {}
    for row in connection.execute(
        select(batch.c.id, batch.c.data_sha256, batch.c.quarantine_sha256).order_by(batch.c.id)
    ):
        owners[Kind.ANSWERS, row.data_sha256] = f"batch {row.id}"
        owners[Kind.QUARANTINE, row.quarantine_sha256] = f"batch {row.id}"
    for derived in (
        parts.typings,
        parts.weightings,
        parts.table_runs,
        parts.area_runs,
        parts.estimate_runs,
    ):
        owners |= derived.owned_files(connection)
    return owners


def _up_to_date(
    connection: Connection,
    links: Table,
    record_id: int,
    own: tuple[Batch, ...],
    current: frozenset[str],
) -> bool:
    """Whether a record was made from the answers that are current now.

    Answers are compared, not batches: another file with the same answers changes nothing.
    """
    made_from = linked(connection, links, record_id)
    answers = set(connection.scalars(select(batch.c.data_sha256).where(batch.c.id.in_(made_from))))
    return {each.data_sha256 for each in own} <= answers <= current
