"""Reads one vintage of a base of areas: who lives where, and what is published of them.

What the files of a vintage hold stands in `surveys/bases/<base>.yaml`. The files are never
changed; what was done about secret counts, areas left out and figures that disagree is told in
the notes of the result.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.area_base import AreaBaseDefinition
from flows.definitions.area_base_parts import Published
from flows.definitions.models import Text
from flows.fingerprint import of_json
from flows.ingest.area_base_files import Folder, open_folder
from flows.ingest.area_base_margins import Counts, People, read_counts
from flows.ingest.area_base_model import (
    AreaBase,
    BaseMargin,
    Floats,
    UnusableBase,
    margin_of,
)
from flows.ingest.area_base_places import read_places
from flows.ingest.errors import listed

__all__ = ["AreaBase", "BaseMargin", "UnusableBase", "margin_of", "read_area_base"]

NO_ADDRESSES = -1
"""What `addresses` holds where their number is not known."""

SIGMAS = 4.0
"""Roundings seldom add up to more than so many of their standard deviations."""


def read_area_base(definition: AreaBaseDefinition, year: int, folder: Path) -> AreaBase:
    """Read the files of one vintage in `folder`.

    Raises `UnusableBase` (or another `Refusal`) with one sentence that names the file, the area
    and the remedy: a year or file that is not there, a column that lacks, an area twice or in
    two larger areas, figures that cannot be right, more residents than inhabitants. Doubts that
    do not make the base unusable are in `AreaBase.notes`.
    """
    files = open_folder(definition, year, Path(folder))
    places, names, notes, rows = read_places(files)
    people, more = _people(files, places, rows)
    notes += more
    areas = places.assign(**people)
    margins = {}
    for variable in definition.margins:
        margins[variable], more = _margin(files, variable, areas)
        notes += more
    vintage = definition.vintages[year]
    return AreaBase(
        code=definition.base,
        title=definition.title,
        year=year,
        day=vintage.reference_date,
        simulated=definition.simulated,
        source=definition.source,
        levels=tuple(str(level) for level in places.columns),
        areas=areas,
        names={level: names[level] for level in places.columns if names.get(level)},
        margins=margins,
        files_sha256=of_json(dict(sorted(files.hashes.items()))),
        notes=tuple(dict.fromkeys(notes)),
    )


def _people(
    files: Folder, places: pd.DataFrame, rows: np.ndarray
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Residents, inhabitants and addresses (A,) as whole numbers."""
    about = files.definition.areas
    name, own = files.name(about.file), places[about.finest]
    notes: list[str] = []

    def column(of: str, unknown: float) -> Floats:
        figures = files.figures(about.file, of, files.codes(about.file, about.codes[about.finest]))
        values, secret = figures.values[rows], figures.secret[rows]
        if not np.isfinite(values).any():
            raise UnusableBase(
                f"{name}: the column {of} is secret or missing everywhere. Take a file in which "
                "it is published."
            )
        blank = np.isnan(values) & ~secret
        if secret.any():
            middle = (files.definition.secret_below - 1) // 2
            notes.append(f"{name}: {of} is secret in {int(secret.sum()):,} areas; {middle} each")
            values = np.where(secret, middle, values)
        if blank.any() and unknown >= 0:
            notes.append(
                f"{name}: {int(blank.sum()):,} areas have no figure of {of} and count as "
                f"uninhabited ({listed(list(own[blank]), 5)})"
            )
        filled: Floats = np.where(blank, unknown, values)
        return filled

    inhabitants = column(about.inhabitants, 0.0)
    addresses = np.full(len(own), float(NO_ADDRESSES))
    if about.addresses is not None:
        addresses = column(about.addresses, NO_ADDRESSES)
    slack = np.full(len(own), files.definition.rounding)
    if about.residents is not None:
        residents = column(about.residents, 0.0)
    else:
        residents, slack, more = _summed(files, str(about.residents_of), own, inhabitants)
        notes += more
    above = residents - inhabitants
    if (above > slack).any():
        row = int(np.argmax(above - slack))
        raise UnusableBase(
            f"{name}, {own.iloc[row]}: {residents[row]:,.0f} residents are more than the "
            f"{inhabitants[row]:,.0f} inhabitants. Correct the file, or the columns that the "
            "definition of the base names."
        )
    if (above > 0).any():
        notes.append(
            f"{name}: in {int((above > 0).sum()):,} areas rounding makes more residents than "
            "inhabitants; they were given as many"
        )
    return {
        "residents": np.rint(np.minimum(residents, inhabitants)).astype(np.int64),
        "inhabitants": np.rint(inhabitants).astype(np.int64),
        "addresses": np.rint(addresses).astype(np.int64),
    }, notes


def _summed(
    files: Folder, variable: str, own: pd.Series, inhabitants: Floats
) -> tuple[Floats, Floats, list[str]]:
    """Residents (A,) as the sum of the finest counts of a variable, and how far that may be off."""
    definition, finest = files.definition, files.definition.areas.finest
    margin = definition.margins[variable]
    part = next((part for part in margin.published if part.level == finest), None)
    if part is None:
        raise UnusableBase(
            f"The base {definition.base} counts residents by {variable}, which is not published "
            f"at its finest level ({finest}). Name another variable in residents_of."
        )
    nobody = People(pd.Index(own), np.full(len(own), np.nan), inhabitants)
    counts = read_counts(files, variable, margin, part, nobody)
    residents = counts.values.sum(axis=1)
    notes: list[str] = []
    blank = np.isnan(residents) & (inhabitants > 0)
    if blank.any():
        notes.append(
            f"{files.name(part.file)}: {int(blank.sum()):,} inhabited areas have no counts of "
            f"{variable} and so no residents ({listed(list(own[blank]), 5)})"
        )
    off = SIGMAS * counts.unit * np.sqrt(len(margin.levels) / 12) + definition.rounding
    return np.nan_to_num(residents), np.full(len(own), off), notes


def _margin(files: Folder, variable: str, areas: pd.DataFrame) -> tuple[BaseMargin, list[str]]:
    """The counts of a variable at every level it is published at."""
    margin = files.definition.margins[variable]
    finest = str(areas.columns[0])
    own = np.full((len(areas), len(margin.levels)), np.nan)
    coarser: list[tuple[str, pd.DataFrame]] = []
    rounding, notes = 0.0, []
    assumed: dict[str, Text] = {
        part.level: part.assumption for part in margin.published if part.assumption
    }
    for part in sorted(margin.published, key=lambda p: files.definition.levels.index(p.level)):
        grouped = areas.groupby(part.level, sort=True)[["residents", "inhabitants"]].sum()
        if part.level == finest:
            grouped = grouped.loc[areas[finest]]
        people = People(
            grouped.index,
            grouped["residents"].to_numpy(dtype=float),
            grouped["inhabitants"].to_numpy(dtype=float),
        )
        counts = read_counts(files, variable, margin, part, people)
        notes += [*counts.notes, *_lacking(files, variable, part, people, counts)]
        if part.shares_of is None:
            inside = areas.groupby(part.level).size().loc[people.areas].to_numpy()
            notes += _disagreement(files, variable, part, people, counts, inside)
        if part.level == finest:
            own, rounding = counts.values, counts.unit
        else:
            index = pd.Index(people.areas, name=part.level)
            coarser.append(
                (part.level, pd.DataFrame(counts.values, index, pd.Index(margin.levels)))
            )
    result = BaseMargin(variable, margin.levels, own, tuple(coarser), rounding, assumed)
    return result, notes


def _lacking(
    files: Folder, variable: str, part: Published, people: People, counts: Counts
) -> list[str]:
    """A note on inhabited areas for which a file has no (whole) row."""
    blank = np.isnan(counts.values[:, 0]) & (people.residents > 0)
    if not blank.any():
        return []
    return [
        f"{files.name(part.file)}: {variable} is not known for {int(blank.sum()):,} of "
        f"{int((people.residents > 0).sum()):,} inhabited areas of the level {part.level} "
        f"({listed([str(a) for a in people.areas[blank]], 5)}), which take it from a larger area"
    ]


def _disagreement(
    files: Folder,
    variable: str,
    part: Published,
    people: People,
    counts: Counts,
    inside: NDArray[Any],
) -> list[str]:
    """A note on areas whose counts add up to something else than their residents.

    Roundings explain `SIGMAS` standard deviations: of the L counts, and of the residents of the
    `inside` (n,) finest areas they are the sum of; a secret figure may be off by `secret_below`.
    """
    sums = counts.values.sum(axis=1)
    unit = files.definition.rounding
    variance = len(counts.values[0]) * counts.unit**2 / 12 + inside * max(unit, 1.0) ** 2 / 12
    slack = SIGMAS * np.sqrt(variance) + counts.secret * files.definition.secret_below
    apart = np.abs(sums - people.residents)
    wrong = apart > slack
    if not wrong.any():
        return []
    row = int(np.nanargmax(np.where(wrong, apart - slack, np.nan)))
    return [
        f"{files.name(part.file)}: in {int(wrong.sum()):,} of {len(wrong):,} areas of the level "
        f"{part.level} the counts of {variable} do not add up to the residents, by more than "
        f"rounding explains (most in {people.areas[row]}: {sums[row]:,.0f} against "
        f"{people.residents[row]:,.0f}); their shares are used"
    ]
