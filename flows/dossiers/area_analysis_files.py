"""Writes the workbooks of an area: all languages or none, checked before any takes its place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from flows.definitions.models import Language
from flows.dossiers.content import DossierContent
from flows.dossiers.errors import DossierError
from flows.dossiers.lint import lint
from flows.dossiers.workbook import write_workbook

LONGEST_NAME = 60


def write_books(
    out: Path,
    stem: str,
    languages: Sequence[Language],
    content: Callable[[Language], DossierContent],
) -> list[Path]:
    """Write `<stem>.xlsx`, and `<stem>.en.xlsx` for another language, into `out`; their paths.

    The same contents give the same bytes. Raises `DossierError` when a workbook has a fault; then
    the files that were there stay.
    """
    made: list[tuple[Path, Path]] = []
    try:
        for language in languages:
            name = f"{stem}.xlsx" if language == "nl" else f"{stem}.{language}.xlsx"
            aside = out / f".{name}.made"
            made.append((aside, out / name))
            book = content(language)
            write_workbook(book, aside)
            faults = lint(aside, book)
            if faults:
                raise DossierError(
                    f"{out / name}: the workbook is not fit to hand over: {faults[0]}"
                    f"{f' (and {len(faults) - 1} more)' if faults[1:] else ''}. Shorten the name "
                    "or text it is about."
                )
        for aside, path in made:
            aside.replace(path)
    finally:
        for aside, _ in made:
            aside.unlink(missing_ok=True)
    return [path for _, path in made]


def file_stem(code: str, name: str) -> str:
    """`<code>-<name>` as a file name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:LONGEST_NAME].strip("-")
    return code if not slug or slug == code.lower() else f"{code}-{slug}"
