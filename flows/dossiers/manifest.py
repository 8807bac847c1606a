"""What an edition consists of: every file with its hash, what it was made from, by which code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows import fingerprint
from flows.dossiers.errors import DossierError
from flows.dossiers.facts import DossierFacts

NAME = "manifest.json"


def manifest(
    folder: Path,
    facts: DossierFacts,
    *,
    content_sha256: str,
    inputs: Mapping[str, Any],
    code_version: str,
    run_at: str | None = None,
) -> dict[str, Any]:
    """The manifest of the files in `folder`, with their SHA-256 and size.

    `inputs`: names and hashes of all the edition was made from. `run_at`: ISO time of the run,
    given by the caller; it stands here and never in a workbook.
    """
    files = {
        path.relative_to(folder).as_posix(): {
            "sha256": fingerprint.of_file(path),
            "bytes": path.stat().st_size,
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != NAME
    }
    return {
        "survey": facts.survey,
        "wave": facts.wave,
        "theme": facts.theme,
        "edition": facts.edition.number,
        "edition_date": facts.edition.day.isoformat(),
        "state": facts.edition.state,
        "concept": facts.concept,
        "simulated": facts.simulated,
        "content_sha256": content_sha256,
        "profile_model": facts.model.version,
        "inputs": dict(inputs),
        "code_version": code_version,
        "run_at": run_at,
        "files": files,
    }


def write_manifest(folder: Path, entries: Mapping[str, Any]) -> Path:
    """Writes `manifest.json` into the folder and returns its path."""
    path = folder / NAME
    text = json.dumps(entries, ensure_ascii=False, indent=2, sort_keys=True)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise DossierError(
            f"cannot write {path}: {error.strerror}; check that the folder may be written"
        ) from error
    return path


def changed_files(folder: Path) -> list[str]:
    """What in a folder no longer agrees with its manifest; empty when all is well."""
    path = folder / NAME
    if not path.is_file():
        return [f"{NAME} is missing"]
    expected = json.loads(path.read_text(encoding="utf-8"))["files"]
    faults = []
    for name, entry in expected.items():
        file = folder / name
        if not file.is_file():
            faults.append(f"{name} is missing")
        elif fingerprint.of_file(file) != entry["sha256"]:
            faults.append(f"{name} is not the file that was published")
    return faults
