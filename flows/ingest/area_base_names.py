"""Codes and names of areas: the form of postcodes, and which area is called what."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from flows.ingest.area_base_files import Folder
from flows.ingest.area_base_model import UnusableBase
from flows.ingest.errors import listed

Names = dict[str, dict[str, str]]
"""Level -> code -> name."""

FORMS = {
    "pc6": (r"[1-9]\d{3}[A-Z]{2}", "four digits and two letters, such as 1234AB"),
    "pc5": (r"[1-9]\d{3}[A-Z]", "four digits and a letter, such as 1234A"),
    "pc4": (r"[1-9]\d{3}", "four digits, such as 1234"),
}


def as_codes(cells: pd.Series, level: str) -> pd.Series:
    """Codes as they are compared: postcodes without spaces and in capitals."""
    if level in FORMS:
        cells = cells.str.replace(" ", "", regex=False).str.upper()
    return cells


def codes_by_name(names: Mapping[str, str], level: str) -> dict[str, str]:
    """Code per name; refuses a name that two areas share."""
    swapped: dict[str, str] = {}
    for code, text in names.items():
        if text in swapped:
            raise UnusableBase(
                f"{level}: {swapped[text]} and {code} are both called {text}, so names cannot "
                "become codes. Give the file with areas a column with codes."
            )
        swapped[text] = code
    return swapped


def add_names(file: str, names: Names, level: str, codes: pd.Series, texts: pd.Series) -> None:
    """Add the names of codes, in place; refuses two names of one area in one file."""
    pairs = pd.DataFrame({"code": codes.to_numpy(), "name": texts.to_numpy()})
    pairs = pairs.dropna().drop_duplicates()
    twice = pairs[pairs["code"].duplicated()]
    if len(twice):
        code = twice["code"].iloc[0]
        both = sorted(pairs.loc[pairs["code"] == code, "name"])
        raise UnusableBase(f"{file}: {code} has two names ({listed(both)}). Keep one of them.")
    names.setdefault(level, {}).update(zip(pairs["code"], pairs["name"], strict=True))


def names_of_file(folder: Folder, frame: pd.DataFrame, names: Names) -> list[str]:
    """Names from a file with a row per level and area."""
    plan = folder.definition.names
    if plan is None:
        return []
    name = folder.name(plan.file)
    levels, areas, texts = (
        folder.codes(plan.file, column) for column in (plan.level, plan.area, plan.name)
    )
    unknown = sorted(set(levels.dropna().unique()) - set(frame.columns))
    if unknown:
        raise UnusableBase(
            f"{name}: the base has no level {listed([str(u) for u in unknown], 3)}; it has "
            f"{listed([str(c) for c in frame.columns])}. Correct the column {plan.level}."
        )
    strange: list[str] = []
    for level in levels.dropna().unique():
        rows = (levels == level).to_numpy(dtype=bool)
        codes = as_codes(areas[rows], str(level))
        here = codes.isin(frame[level].unique()).to_numpy()
        strange += [str(code) for code in codes[~here]]
        add_names(name, names, str(level), codes[here], texts[rows][here])
    if strange:
        return [
            f"{name}: {len(strange)} names are of areas the base has not ({listed(strange, 5)})"
        ]
    return []
