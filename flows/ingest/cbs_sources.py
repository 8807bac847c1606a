"""The CBS files that a recipe of a target table names, read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from flows.definitions.target_recipe import TargetRecipe
from flows.errors import Refusal
from flows.ingest.cbs import CbsTable, NoPeriods, read_cbs


@dataclass(frozen=True, eq=False)
class Sources:
    """The files of a recipe as read, by their place in it."""

    tables: dict[str, CbsTable]

    def frame(self, name: str) -> pd.DataFrame:
        if name not in self.tables:
            raise Refusal(f"The recipe needs files.{name} for this. Name the file in it.")
        return self.tables[name].frame


KINDS = {
    "population": "population",
    "postcodes": "postcodes",
    "split": "population",
    "areas": "areas",
    "key_figures": "key_figures",
}


def read_sources(recipe: TargetRecipe, folder: Path) -> Sources:
    """Read every file that the recipe names from `folder`."""
    folder = Path(folder)
    if not folder.is_dir():
        raise Refusal(f"{folder}: there is no such folder. Name the folder with the CBS files.")
    tables = {}
    for name, kind in KINDS.items():
        file = getattr(recipe.files, name)
        if file is not None:
            period = recipe.period if kind == "population" else None
            tables[name] = _read(folder / file, kind, period)
    return Sources(tables)


def _read(path: Path, kind: str, period: str | None) -> CbsTable:
    if period is not None:
        try:
            return read_cbs(path, kind, period=period)
        except NoPeriods:
            pass  # another file of the recipe has them; this one is of one period
    return read_cbs(path, kind)
