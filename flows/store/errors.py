"""What the store refuses, each told in one sentence."""

from __future__ import annotations

from pathlib import Path

from flows.errors import Refusal


class StoreError(Refusal):
    """Base of everything the store refuses."""


class CatalogueUnavailable(StoreError):
    """The catalogue database cannot be reached, opened or used."""


class StoreUnwritable(StoreError):
    """A folder or file of the store, or an outputs folder, cannot be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        reason = error.strerror or str(error)
        super().__init__(
            f"{path} cannot be written ({reason}): give this user the right to write there, "
            "free disk space, or choose another folder."
        )


class StoreDamaged(StoreError):
    """A stored file is missing or holds something else than was stored."""


class KeyRefused(StoreError):
    """The pseudonym key is absent, or not the one this store was made with."""


class UnknownRecord(StoreError):
    """A batch, model, typing, weighting or table run that the catalogue does not have."""


class NotAccepted(StoreError):
    """A record that would change what was settled before."""


class EditionRefused(StoreError):
    """An edition that cannot be put in its place."""
