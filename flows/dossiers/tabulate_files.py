"""A tabulation as a folder: its figures, the codebook of them, and the workbook.

The auditor reads such a folder as it reads an edition.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from flows.crosstabs.audit.published import BOOK
from flows.dossiers.codebook import write_codebook
from flows.dossiers.tidy_csv import write_tables_csv
from flows.errors import Refusal

TABLES, WORKBOOK = "tables.csv", "tables.xlsx"


def write_folder(
    to: Path,
    frame: pd.DataFrame,
    book: Mapping[str, Any],
    workbook: Callable[[Path], None],
    *,
    replace: bool = False,
) -> tuple[Path, ...]:
    """Write the folder `to`, whole or not at all; returns its files.

    frame: the tidy table. book: its codebook (`codebook.book_of`). workbook: writes itself to a
    path. replace: over a folder that is there.

    Refuses a folder that holds anything else than a tabulation.
    """
    if to.exists():
        if not to.is_dir():
            raise Refusal(f"{to} is a file; name a folder, or a file that ends in .csv or .xlsx.")
        if strange := _strange(to):
            raise Refusal(f"{to} holds {strange}, so it is no tabulation; name another folder.")
        if not replace:
            raise Refusal(f"{to} is there already; name another folder, or add --replace.")
    built = Path(tempfile.mkdtemp(prefix=f".{to.name}-", dir=to.parent))
    try:
        write_tables_csv(frame, built / TABLES)
        write_codebook(book, built)
        workbook(built / WORKBOOK)
        built.chmod(0o755)
        if to.exists():
            old = built.with_name(f"{built.name}.old")
            os.replace(to, old)
            os.replace(built, to)
            shutil.rmtree(old)
        else:
            os.replace(built, to)
    finally:
        shutil.rmtree(built, ignore_errors=True)
    return tuple(to / name for name in (TABLES, BOOK, WORKBOOK))


def _strange(folder: Path) -> str | None:
    """What stands there and is no part of a tabulation."""
    known = {TABLES, BOOK, WORKBOOK}
    return next((each.name for each in sorted(folder.iterdir()) if each.name not in known), None)
