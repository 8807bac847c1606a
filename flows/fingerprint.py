"""Hashes that say whether two inputs are the same."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any


def of_json(value: Any) -> str:
    """SHA-256 of a JSON-able value, independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def of_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@lru_cache
def code_version() -> str:
    """The version of this software and a hash of its source files, e.g. `0.1.0+3f9c0d21a7b4`.

    Hashing the sources needs no git and also tells an edited checkout from a released one.
    """
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for package in ("flows", "expectations"):
        for path in sorted((root / package).rglob("*")):
            if path.suffix in {".py", ".yaml", ".json", ".j2"}:
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return f"{version('themadossier')}+{digest.hexdigest()[:12]}"
