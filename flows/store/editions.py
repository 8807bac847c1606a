"""Editions: one theme's files, put in place whole or not at all.

The newest edition stands in `dossiers/<theme>/`, earlier ones (and drafts made beside a
published one) in `editions/<theme>/<number>/`. Putting one in place takes two renames; a
journal row stands in the catalogue from before the first until after the last, so that a
swap that was killed can be finished or undone by whoever comes next.
"""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from flows.store.catalogue import Catalogue
from flows.store.errors import EditionRefused, StoreError, StoreUnwritable
from flows.store.jsonable import plain
from flows.store.records import Edition, EditionState
from flows.store.schema import edition, edition_swap
from flows.store.swaps import Swap, from_journal, journal_row, listing, move, plan_swap

_RANK = {"withdrawn": 0, "draft": 1, "approved": 2, "published": 3}


class Editions:
    """Publishes editions and repairs swaps that were interrupted."""

    def __init__(self, catalogue: Catalogue, code_version: str) -> None:
        self._catalogue = catalogue
        self._code_version = code_version

    def publish(
        self,
        survey: str,
        theme: str,
        wave: str,
        content_sha256: str,
        built: Path,
        outputs: Path,
        state: EditionState,
        inputs: Mapping[str, Any],
        number: int | None,
    ) -> Edition:
        """Put a built folder in its place. See `Store.publish_edition`."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_\-]*", theme):
            raise ValueError(f"no theme code: {theme!r}")
        built, outputs = built.resolve(), outputs.resolve()
        files = listing(built)
        if not files:
            raise EditionRefused(f"The built edition of {theme} in {built} holds no files.")
        with self._catalogue.exclusive():
            self._repair(survey, theme)
            with self._catalogue.reading() as connection:
                newest = _newest(connection, survey, theme)
                here = _in_place(connection, survey, theme)
            if (
                newest is not None
                and (newest.content_sha256, newest.wave) == (content_sha256, wave)
                and _RANK[newest.state] >= _RANK[state]
                and _stands(newest, outputs)
            ):
                shutil.rmtree(built, ignore_errors=True)
                return newest
            due = 1 if newest is None else newest.number + 1
            if number is not None and number != due:
                raise EditionRefused(
                    f"Edition {number} of {theme} cannot be put in place, because another run "
                    f"made edition {due - 1} in the meantime: run it again."
                )
            record = {
                "survey": survey,
                "theme": theme,
                "wave": wave,
                "number": due,
                "state": state,
                "content_sha256": content_sha256,
                "files": files,
                "inputs": plain(inputs),
                "code_version": self._code_version,
            }
            swap = plan_swap(survey, theme, outputs, built, here, record)
            with self._catalogue.writing() as connection:
                connection.execute(insert(edition_swap).values(**journal_row(swap)))
            try:
                move(swap)
            except OSError as error:
                self._undo(swap)
                raise _told(swap, error) from error
            return self._finish(swap)

    def repair(self) -> list[str]:
        """Finish or undo every interrupted swap; what could not be repaired is told."""
        with self._catalogue.reading() as connection:
            if connection.scalar(select(func.count()).select_from(edition_swap)) == 0:
                return []
        with self._catalogue.exclusive():  # waits while a swap is going on
            with self._catalogue.reading() as connection:
                pairs = connection.execute(
                    select(edition_swap.c.survey, edition_swap.c.theme)
                ).all()
            notes = []
            for survey, theme in pairs:
                try:
                    self._repair(survey, theme)
                except StoreUnwritable as error:
                    notes.append(f"An interrupted swap of {theme} is not repaired yet: {error}")
            return notes

    def next_number(self, survey: str, theme: str) -> int:
        """The number that the next edition of a theme will have."""
        newest = self.latest(survey, theme)
        return 1 if newest is None else newest.number + 1

    def latest(self, survey: str, theme: str) -> Edition | None:
        """The edition with the highest number, wherever it stands."""
        with self._catalogue.reading() as connection:
            return _newest(connection, survey, theme)

    def all(self, survey: str | None = None) -> list[Edition]:
        """All editions, by theme and number."""
        query = select(edition).order_by(edition.c.survey, edition.c.theme, edition.c.number)
        if survey is not None:
            query = query.where(edition.c.survey == survey)
        with self._catalogue.reading() as connection:
            return [_record(row) for row in connection.execute(query)]

    def _repair(self, survey: str, theme: str) -> None:
        with self._catalogue.reading() as connection:
            row = connection.execute(
                select(edition_swap).where(
                    edition_swap.c.survey == survey, edition_swap.c.theme == theme
                )
            ).first()
        if row is None:
            return
        swap = from_journal(row)
        files = swap.record["files"]
        # As long as the built folder stands where it was built, the last rename is to be done.
        if listing(swap.built) == files:
            try:
                move(swap)
            except OSError as error:
                raise StoreUnwritable(swap.target_path, error) from error
            self._finish(swap)
        elif listing(swap.target_path) == files:
            self._finish(swap)
        else:
            self._undo(swap)

    def _finish(self, swap: Swap) -> Edition:
        """Write down what the renames did."""
        with self._catalogue.writing() as connection:
            if swap.retired_id is not None:
                connection.execute(
                    update(edition)
                    .where(edition.c.id == swap.retired_id)
                    .values(folder=swap.retired_to)
                )
            connection.execute(
                insert(edition).values(
                    **swap.record, folder=swap.target, created_at=datetime.now(UTC)
                )
            )
            _strike(connection, swap)
            made = _newest(connection, swap.survey, swap.theme)
        assert made is not None
        return replace(made, change="new")

    def _undo(self, swap: Swap) -> None:
        """Put back what gave way, when there is nothing to put in its place."""
        retired = swap.retired_path
        try:
            if retired is not None and retired.exists() and not swap.target_path.exists():
                retired.rename(swap.target_path)
        except OSError as error:
            raise StoreUnwritable(swap.target_path, error) from error
        with self._catalogue.writing() as connection:
            _strike(connection, swap)


def _told(swap: Swap, error: OSError) -> StoreError:
    if error.errno == errno.EXDEV:
        return EditionRefused(
            f"{swap.built} is on another disk than {swap.outputs}, so the edition cannot be put "
            "in place at one stroke: build it inside the outputs folder."
        )
    return StoreUnwritable(swap.target_path, error)


def _stands(of: Edition, outputs: Path) -> bool:
    """Whether all files of an edition stand in its folder as they were published."""
    path = of.path(outputs)
    return path is not None and of.files.items() <= listing(path).items()


def _strike(connection: Connection, swap: Swap) -> None:
    connection.execute(
        delete(edition_swap).where(
            edition_swap.c.survey == swap.survey, edition_swap.c.theme == swap.theme
        )
    )


def _newest(connection: Connection, survey: str, theme: str) -> Edition | None:
    row = connection.execute(
        select(edition)
        .where(edition.c.survey == survey, edition.c.theme == theme)
        .order_by(edition.c.number.desc())
    ).first()
    return None if row is None else _record(row)


def _in_place(connection: Connection, survey: str, theme: str) -> Edition | None:
    row = connection.execute(
        select(edition).where(
            edition.c.survey == survey,
            edition.c.theme == theme,
            edition.c.folder == f"dossiers/{theme}",
        )
    ).first()
    return None if row is None else _record(row)


def _record(row: Row[Any]) -> Edition:
    return Edition(**row._mapping)
