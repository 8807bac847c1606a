"""The store: everything the product remembers, behind one object."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType

from flows.store.catalogue import WAIT_SECONDS, Catalogue, is_sqlite, parse_url, shown
from flows.store.errors import KeyRefused
from flows.store.files import Files
from flows.store.inspection import find_edition_faults, find_faults, wave_status
from flows.store.keys import settle_key
from flows.store.parts import Parts
from flows.store.records import WaveStatus
from flows.store.store_answers import AnswerStore
from flows.store.store_areas import AreaStore
from flows.store.store_outputs import OutputStore
from flows.store.store_waves import WaveStore


class Store(AnswerStore, WaveStore, AreaStore, OutputStore):
    """Answers in files, facts about them in a catalogue, identities apart.

    Open it with `Store.open`; use it as a context manager, or `close` it. Safe to use from
    several threads, and several processes may have the same store open.
    `notes`: what opening it has to tell the user, one line each. What can be done with it stands
    by subject in `store_answers`, `store_waves`, `store_areas` and `store_outputs`.
    """

    def __init__(
        self, folder: Path, catalogue: Catalogue, key: bytes, notes: list[str], code_version: str
    ) -> None:
        self.folder = folder
        self.notes: tuple[str, ...] = tuple(notes)
        self._parts = Parts.of(folder, catalogue, key, code_version)

    @classmethod
    def open(
        cls,
        store: Path,
        database_url: str,
        pseudonym_key: str | None,
        *,
        code_version: str | None = None,
        wait: float = WAIT_SECONDS,
    ) -> Store:
        """Open a store, making whatever is not there yet.

        Creates the folders, brings the catalogue's schema up to date, makes a random key when
        none is given (SQLite only; told in `notes`), and finishes or undoes edition swaps that
        were interrupted. `code_version` is kept with every record (default: the version of
        the package); `wait`: seconds to wait for another run that is writing.

        Refuses: a store folder that cannot be written, a database that cannot be reached or is
        not ours, PostgreSQL without a key, and another key than the store was made with.
        """
        store = store.resolve()
        url = parse_url(database_url)
        if not pseudonym_key and not is_sqlite(url):
            raise KeyRefused(
                f"A catalogue in PostgreSQL ({shown(url)}) needs a pseudonym key of your own: set "
                "THEMADOSSIER_PSEUDONYM_KEY to a long random text and keep a copy of it."
            )
        Files(store).create_folders()
        catalogue = Catalogue.open(database_url, wait=wait)
        try:
            key, notes = settle_key(catalogue, store, pseudonym_key)
            opened = cls(store, catalogue, key, notes, code_version or _package_version())
            opened.notes += tuple(opened._parts.editions.repair())
        except BaseException:
            catalogue.close()
            raise
        return opened

    def close(self) -> None:
        """Let go of the database."""
        self._parts.catalogue.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def check(self, outputs: Path | None = None) -> list[str]:
        """What is wrong with the store: missing, damaged and orphan files; empty when sound.

        With the outputs folder (above the surveys), the editions' files too.
        """
        faults = find_faults(self._parts)
        if outputs is not None:
            faults += find_edition_faults(self._parts.editions, outputs)
        return faults

    def status(self, survey: str) -> tuple[WaveStatus, ...]:
        """How far each wave of a survey is."""
        return wave_status(self._parts, survey)


def _package_version() -> str:
    try:
        return version("themadossier")
    except PackageNotFoundError:
        return "unknown"
