"""Batches: one ingested file each, of which exactly one per wave, source and part is current."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from flows.store.batch_records import Batch, BatchChange, Changes, NewBatch
from flows.store.catalogue import Catalogue
from flows.store.combine import ORDERING, PERSON, compare, put_together
from flows.store.errors import StoreDamaged, StoreError, UnknownRecord
from flows.store.files import Files, Kind
from flows.store.jsonable import plain
from flows.store.rows import insert_returning_id
from flows.store.schema import batch, batch_change

if TYPE_CHECKING:
    import pandas as pd


class Batches:
    """Stores files as read, and puts the current ones of a wave together."""

    def __init__(self, catalogue: Catalogue, files: Files, code_version: str) -> None:
        self._catalogue = catalogue
        self._files = files
        self._code_version = code_version

    def find(self, new: NewBatch) -> Batch | None:
        """The current batch of this very file read in this very way, with its files intact.

        None also when that batch was superseded or its files are gone, because then the file
        has to be read again: `add` puts it back.
        """
        with self._catalogue.reading() as connection:
            found = _same_file(connection, new)
        if found is None or not found.current or not self._sound(found):
            return None
        return replace(found, change="unchanged", replaces=None, what_changed=None)

    def add(
        self,
        new: NewBatch,
        answers: pd.DataFrame,
        quarantine: pd.DataFrame,
        report: Mapping[str, Any],
    ) -> Batch:
        """Store a file as read. See `Store.add_batch`."""
        _require_people(answers)
        with self._catalogue.reading() as connection:
            same = _same_file(connection, new)
        if same is not None and self._sound(same):
            hashes = (same.data_sha256, same.quarantine_sha256)
        else:
            hashes = (
                self._files.write(Kind.ANSWERS, answers),
                self._files.write(Kind.QUARANTINE, quarantine),
            )
        with self._catalogue.writing() as connection:
            same = _same_file(connection, new)
            if same is None:
                values = {
                    **_place(new),
                    "source_name": new.source_name,
                    "source_sha256": new.source_sha256,
                    "reading_sha256": new.reading_sha256,
                    "data_sha256": hashes[0],
                    "quarantine_sha256": hashes[1],
                    "rows": len(answers),
                    "quarantined": len(quarantine),
                    "report": plain(report),
                    "code_version": self._code_version,
                    "created_at": datetime.now(UTC),
                }
                return self._insert(connection, values)
            if (same.data_sha256, same.quarantine_sha256) != hashes:
                # Its files were lost and this is what the delivered file gives now.
                connection.execute(
                    update(batch)
                    .where(batch.c.id == same.id)
                    .values(data_sha256=hashes[0], quarantine_sha256=hashes[1])
                )
                same = _get(connection, same.id)
            if same.current:
                return replace(same, change="unchanged", replaces=None, what_changed=None)
            return self._restore(connection, same)

    def current(self, survey: str, wave: str) -> list[Batch]:
        """The current batches of a wave, oldest first."""
        with self._catalogue.reading() as connection:
            return current_batches(connection, survey, wave)

    def get(self, batch_id: int) -> Batch:
        with self._catalogue.reading() as connection:
            return _get(connection, batch_id)

    def report(self, batch_id: int) -> dict[str, Any]:
        """The validation report that was stored with a batch."""
        with self._catalogue.reading() as connection:
            row = connection.execute(select(batch.c.report).where(batch.c.id == batch_id)).first()
        if row is None:
            raise UnknownRecord(f"There is no batch {batch_id} in this store.")
        return dict(row.report)

    def read_answers(self, survey: str, wave: str, columns: Sequence[str] | None) -> pd.DataFrame:
        """All current answers of a wave, each person once."""
        current = self._required(survey, wave)
        wanted = None if columns is None else list(dict.fromkeys([*ORDERING, *columns]))
        frames = [self._answers(each, wanted) for each in current]
        if columns is not None:
            known = {name for frame in frames for name in frame.columns}
            if unknown := [name for name in columns if name not in known]:
                raise StoreError(
                    f"The answers of {survey} {wave} have no column {', '.join(unknown)}: check "
                    "the code, or process the wave again if the question is new."
                )
        whole = put_together(frames)
        return whole if columns is None else whole[list(columns)]

    def read_quarantine(self, survey: str, wave: str) -> pd.DataFrame:
        """What was set apart in the current batches of a wave."""
        import pandas as pd

        frames = [
            self._files.read(Kind.QUARANTINE, each.quarantine_sha256, f"batch {each.id}")
            for each in self._required(survey, wave)
        ]
        filled = [frame for frame in frames if len(frame)]
        return pd.concat(filled, ignore_index=True) if filled else frames[-1]

    def _required(self, survey: str, wave: str) -> list[Batch]:
        current = self.current(survey, wave)
        if not current:
            raise UnknownRecord(
                f"There are no answers of {survey} {wave} in this store: ingest its file first."
            )
        return current

    def _answers(self, of: Batch, columns: Sequence[str] | None = None) -> pd.DataFrame:
        owner = f"batch {of.id}"
        if columns is None:
            return self._files.read(Kind.ANSWERS, of.data_sha256, owner)
        present = set(self._files.columns(Kind.ANSWERS, of.data_sha256, owner))
        wanted = [name for name in columns if name in present]
        return self._files.read(Kind.ANSWERS, of.data_sha256, owner, wanted)

    def _sound(self, of: Batch) -> bool:
        return self._files.sound(Kind.ANSWERS, of.data_sha256) and self._files.sound(
            Kind.QUARANTINE, of.quarantine_sha256
        )

    def _insert(self, connection: Connection, values: dict[str, Any]) -> Batch:
        old = _current_at(connection, values)
        # The databases check "one current batch" at every statement: so the new one comes in
        # parked behind the old, then the old gives way, then the new one is current.
        values["superseded_by_id"] = None if old is None else old.id
        batch_id = insert_returning_id(connection, insert(batch).values(**values))
        if old is None:
            return _became_current(connection, batch_id, "new")
        _repoint(connection, old.id, batch_id)
        _repoint(connection, batch_id, None)
        return self._compared(connection, batch_id, "superseded", old)

    def _restore(self, connection: Connection, same: Batch) -> Batch:
        old = _current_at(connection, _place(same))
        if old is not None:
            _repoint(connection, old.id, same.id)
        _repoint(connection, same.id, None)
        return self._compared(connection, same.id, "restored", old)

    def _compared(
        self, connection: Connection, batch_id: int, change: BatchChange, old: Batch | None
    ) -> Batch:
        if old is None:
            return _became_current(connection, batch_id, change)
        try:
            changes = compare(self._answers(old), self._answers(_get(connection, batch_id)))
        except StoreDamaged:  # the old file is gone: nothing to compare with
            return _became_current(connection, batch_id, change, old.id)
        return _became_current(connection, batch_id, change, old.id, changes)


def current_batches(connection: Connection, survey: str, wave: str | None = None) -> list[Batch]:
    """The current batches of a survey, or of one wave of it, oldest first."""
    condition = and_(batch.c.survey == survey, batch.c.superseded_by_id.is_(None))
    if wave is not None:
        condition = and_(condition, batch.c.wave == wave)
    return load_batches(connection, condition)


def load_batches(connection: Connection, condition: ColumnElement[bool]) -> list[Batch]:
    """The batches for which a condition holds, in the order in which they came in."""
    last = (
        select(batch_change.c.batch_id, func.max(batch_change.c.id).label("id"))
        .group_by(batch_change.c.batch_id)
        .subquery()
    )
    # Without the report, which may be large.
    columns = [column for column in batch.c if column.name != "report"]
    rows = connection.execute(
        select(
            *columns,
            batch_change.c.change,
            batch_change.c.replaces_id,
            batch_change.c.what_changed,
        )
        .outerjoin(last, last.c.batch_id == batch.c.id)
        .outerjoin(batch_change, batch_change.c.id == last.c.id)
        .where(condition)
        .order_by(batch.c.id)
    )
    return [_record(row._mapping) for row in rows]


def _record(row: Mapping[Any, Any]) -> Batch:
    values = dict(row)
    changes = values.pop("what_changed")
    return Batch(
        **{name: value for name, value in values.items() if not name.endswith("_id")},
        superseded_by=values["superseded_by_id"],
        replaces=values["replaces_id"],
        what_changed=None if changes is None else Changes.from_dict(changes),
    )


def _get(connection: Connection, batch_id: int) -> Batch:
    found = load_batches(connection, batch.c.id == batch_id)
    if not found:
        raise UnknownRecord(f"There is no batch {batch_id} in this store.")
    return found[0]


def _place(of: NewBatch | Batch) -> dict[str, Any]:
    return {"survey": of.survey, "wave": of.wave, "source": of.source, "part": of.part}


def _at(place: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(*(batch.c[name] == place[name] for name in ("survey", "wave", "source", "part")))


def _current_at(connection: Connection, place: Mapping[str, Any]) -> Batch | None:
    found = load_batches(connection, and_(_at(place), batch.c.superseded_by_id.is_(None)))
    return found[0] if found else None


def _same_file(connection: Connection, new: NewBatch) -> Batch | None:
    found = load_batches(
        connection,
        and_(
            _at(_place(new)),
            batch.c.source_sha256 == new.source_sha256,
            batch.c.reading_sha256 == new.reading_sha256,
        ),
    )
    return found[0] if found else None


def _repoint(connection: Connection, batch_id: int, superseded_by: int | None) -> None:
    connection.execute(
        update(batch).where(batch.c.id == batch_id).values(superseded_by_id=superseded_by)
    )


def _became_current(
    connection: Connection,
    batch_id: int,
    change: BatchChange,
    replaces_id: int | None = None,
    changes: Changes | None = None,
) -> Batch:
    connection.execute(
        insert(batch_change).values(
            batch_id=batch_id,
            change=change,
            replaces_id=replaces_id,
            what_changed=None if changes is None else changes.to_dict(),
            at=datetime.now(UTC),
        )
    )
    return _get(connection, batch_id)


def _require_people(answers: pd.DataFrame) -> None:
    """Answers without a person, or twice of one, are a fault of the caller."""
    if PERSON not in answers:
        raise ValueError(f"answers need a column {PERSON!r}")
    people = answers[PERSON]
    if people.isna().any() or (people == "").any():
        raise ValueError("answers of nobody: every row needs a respondent")
    if people.duplicated().any():
        raise ValueError(f"answers twice of {people[people.duplicated()].iloc[0]}")
