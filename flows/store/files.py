"""Files named by what is in them: written once, never changed."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from flows.store import parquet
from flows.store.errors import StoreDamaged, StoreUnwritable

if TYPE_CHECKING:
    import pandas as pd


class Kind(StrEnum):
    """What a file holds; each kind has its own folder in the store."""

    ANSWERS = "answers"
    QUARANTINE = "quarantine"
    TYPING = "typings"
    WEIGHTING = "weightings"
    TABLES = "tables"
    AREAS = "areas"
    ESTIMATES = "estimates"


class Files:
    """The Parquet files of a store: `<store>/<kind>/<sha256>.parquet`."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def create_folders(self) -> None:
        """Make the folders of all kinds; refuses where that cannot be done."""
        for kind in Kind:
            folder = self.store / kind.value
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreUnwritable(folder, error) from error

    def path(self, kind: Kind, sha256: str) -> Path:
        return self.store / kind.value / f"{sha256}.parquet"

    def write(self, kind: Kind, frame: pd.DataFrame) -> str:
        """Store a frame and return the SHA-256 that names it.

        The file appears under its name complete or not at all. A frame that is stored
        already is not written again, unless what stands there was damaged.
        """
        content = parquet.encode(frame)
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(kind, sha256)
        if self.sound(kind, sha256):
            return sha256
        try:
            write_durably(path, content)
        except OSError as error:
            raise StoreUnwritable(path.parent, error) from error
        return sha256

    def read(
        self, kind: Kind, sha256: str, owner: str, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """A stored frame. `owner` names the record it belongs to, for when it is gone."""
        path = self.path(kind, sha256)
        with _readable(path, owner):
            return parquet.decode(path, columns)

    def columns(self, kind: Kind, sha256: str, owner: str) -> list[str]:
        """The columns of a stored frame, without reading it."""
        path = self.path(kind, sha256)
        with _readable(path, owner):
            return parquet.column_names(path)

    def sound(self, kind: Kind, sha256: str) -> bool:
        """Whether the file is there and holds what its name says."""
        return sha256_of(self.path(kind, sha256)) == sha256

    def stored(self) -> Iterator[tuple[Kind, Path]]:
        """Every file that stands in the store's folders, left-overs included."""
        for kind in Kind:
            folder = self.store / kind.value
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                yield kind, path


@contextmanager
def _readable(path: Path, owner: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # pyarrow raises the one or the other
        what = "damaged" if path.exists() else "missing"
        raise StoreDamaged(
            f"The file {path} of {owner} is {what}: put it back from a backup, or process the "
            "delivered file again."
        ) from error


def is_named_by_content(path: Path) -> bool:
    """Whether a file's name is one that the store gives, and no left-over of a write."""
    return re.fullmatch(r"[0-9a-f]{64}\.parquet", path.name) is not None


def sha256_of(path: Path) -> str | None:
    """SHA-256 of a file's bytes, in hexadecimals; None when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def write_durably(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write aside, flush to disk, then rename: under `path` stands all of it or nothing."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make renames in a folder survive a power failure, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows cannot open a folder
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
