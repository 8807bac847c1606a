"""Which pseudonym key a store uses, and that it stays the same one.

With another key the same person would get another pseudonym, and waves would silently no
longer link; so the catalogue remembers the key's fingerprint and refuses any other.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert, select

from flows.store.catalogue import Catalogue
from flows.store.errors import KeyRefused
from flows.store.identities import (
    KEY_FILE,
    SHORT_KEY,
    Identities,
    find_key,
    fingerprint,
    make_key,
)
from flows.store.schema import fact

_FINGERPRINT = "pseudonym_key_fingerprint"


def settle_key(catalogue: Catalogue, store: Path, given: str | None) -> tuple[bytes, list[str]]:
    """The key to use, and what there is to say about it (nothing, or one line).

    Without `given` a random key is made once; a store that already has pseudonyms by a key
    that is no longer there is refused.
    """
    known = _remembered(catalogue)
    key = find_key(store, given)
    notes: list[str] = []
    if key is None or known is None:
        with catalogue.exclusive():  # two first runs at once must end up with one key
            known = _remembered(catalogue)
            key = find_key(store, given)
            if key is None:
                if known is not None:
                    raise KeyRefused(
                        f"The pseudonym key of this store is gone: set THEMADOSSIER_PSEUDONYM_KEY "
                        f"to the key it was made with, or put {store / KEY_FILE} back."
                    )
                key = make_key(store)
                notes.append(
                    f"THEMADOSSIER_PSEUDONYM_KEY is not set, so a random key was made in "
                    f"{store / KEY_FILE}: keep a copy, for without it new files cannot be linked "
                    "to earlier ones."
                )
            if known is None:
                # Made now, so that from here on a missing file is a lost one.
                Identities(store, key, wait=catalogue.wait).create()
                known = _remember(catalogue, fingerprint(key))
    if fingerprint(key) != known:
        whose = "THEMADOSSIER_PSEUDONYM_KEY" if given else str(store / KEY_FILE)
        raise KeyRefused(
            f"The key in {whose} is not the one this store was made with, so people could not "
            "be linked to their earlier answers: use the first key, or start an empty store."
        )
    if given and len(given) < SHORT_KEY:
        notes.append(
            f"THEMADOSSIER_PSEUDONYM_KEY has only {len(given)} characters; one of at least "
            f"{SHORT_KEY} keeps pseudonyms from being guessed."
        )
    return key, notes


def _remembered(catalogue: Catalogue) -> str | None:
    with catalogue.reading() as connection:
        value: str | None = connection.scalar(
            select(fact.c.value).where(fact.c.name == _FINGERPRINT)
        )
        return value


def _remember(catalogue: Catalogue, value: str) -> str:
    with catalogue.writing() as connection:
        connection.execute(insert(fact).values(name=_FINGERPRINT, value=value))
    return value
