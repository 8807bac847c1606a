"""Published margins of a base of areas: from the columns and rows of its files to counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.area_base_parts import CODE, Published, VariableMargin
from flows.ingest.area_base_files import Folder
from flows.ingest.area_base_model import Floats, UnusableBase
from flows.ingest.area_base_names import as_codes
from flows.ingest.area_base_places import check_codes
from flows.ingest.errors import listed

STRANGERS = 0.05
"""A file with more than this part of its areas unknown is of another year."""

KNOWN = 0.5
"""A row with secret counts is used where its known counts make up at least this part of it."""


@dataclass(frozen=True, eq=False)
class People:
    """Residents and inhabitants (n,) of the areas of one geographic level."""

    areas: pd.Index
    residents: Floats
    inhabitants: Floats

    def of(self, whom: str) -> Floats:
        return self.residents if whom == "residents" else self.inhabitants


@dataclass(frozen=True, eq=False)
class Counts:
    """Counts (n, L) of the areas of one level, NaN rows where nothing is published.

    `unit`: to which they are rounded, as one rounding of the same variance. `given` (n,): areas
    that occur in the file. `secret` (n,): secret figures in each. `notes`: for a person to read.
    """

    values: Floats
    unit: float
    secret: Floats
    given: NDArray[np.bool_]
    notes: tuple[str, ...]


def read_counts(
    folder: Folder, variable: str, margin: VariableMargin, part: Published, people: People
) -> Counts:
    """The counts of a variable at one geographic level, in the order of `people.areas`.

    `people` without residents (NaN) is enough where counts are no shares and none is secret.
    Raises `UnusableBase` for a missing column, an area twice, many areas that the base has not,
    a column for a level that the variable lacks, counts that are all secret or missing, and
    shares of more than 100%.
    """
    name = folder.name(part.file)
    table = folder.table(part.file)
    areas = as_codes(folder.codes(part.file, part.area_column), part.level)
    _check_columns(name, table, variable, margin, part)
    if part.by is None:
        check_codes(name, areas, part.level)
    else:
        check_codes(name, areas, part.level, of=areas)
    place = people.areas.get_indexer(pd.Index(areas))
    notes: tuple[str, ...] = ()
    if not folder.definition.files[part.file].wider:
        notes = _strangers(
            name, areas[(place < 0) & ~areas.isin(folder.left_out).to_numpy()], areas.nunique()
        )
    known, hidden = _rows(folder, margin, part, areas, place, len(people.areas))
    given = np.zeros(len(people.areas), dtype=bool)
    given[place[place >= 0]] = True
    unit = _unit(folder, margin, part)
    if part.shares_of is not None:
        known[hidden > 0] = np.nan  # a secret share says nothing
        values = _of_shares(name, margin, part, known, people)
        _check_known(name, variable, part, values)
        return Counts(values, 0.0, np.zeros(len(values)), given, notes)
    values = fill_secret(known, hidden, people.residents, unit, folder.definition.secret_below)
    values[~np.isfinite(values).all(axis=1)] = np.nan
    _check_known(name, variable, part, values)
    secret = (hidden > 0).any(axis=1) & np.isfinite(known).all(axis=1)
    if secret.any():
        unused = int((secret & np.isnan(values[:, 0])).sum())
        notes += (
            f"{name}: {variable} has secret counts in {int(secret.sum()):,} areas; they were "
            "estimated from the residents"
            + (f", except in {unused:,} where too much is secret to use" if unused else ""),
        )
    return Counts(values, unit, hidden.sum(axis=1), given, notes)


def _check_known(name: str, variable: str, part: Published, values: Floats) -> None:
    if not np.isfinite(values).any():
        raise UnusableBase(
            f"{name}: all counts of {variable} are secret or missing. Take a file in which they "
            f"are published, or remove the level {part.level} of {variable} from the definition."
        )


def fill_secret(
    known: Floats, hidden: Floats, residents: Floats, unit: float, below: int
) -> Floats:
    """Counts (n, L) with a value for what was secret; NaN rows where too much is unknown.

    `known` (n, L): what is known of each count; `hidden` (n, L): how many secret figures it is
    the sum of besides. A secret figure is one of 0 .. below - 1, all as likely: mean m, variance
    v = (below^2 - 1) / 12. The k secret figures of a row add up to the residents less the known
    counts, which roundings blur by w = (L + 1) unit^2 / 12. Their sum is the mean of both pieces
    of knowledge, k m and the difference, weighted by 1 / (k v) and 1 / w, kept within 0 and
    k (below - 1), and divided equally. A row whose known counts are less than half of it stays
    without: too much would be a guess. Residents that are not known (NaN) leave k m.
    """
    values = known.copy()
    rows = (hidden > 0).any(axis=1)
    if not rows.any():
        return values
    parts, seen = hidden[rows], known[rows]
    k, sums = parts.sum(axis=1), seen.sum(axis=1)
    mean, variance = (below - 1) / 2, (below**2 - 1) / 12
    left = residents[rows] - sums
    blur = max((seen.shape[1] + 1) * unit**2 / 12, 1e-9)
    total = (mean / variance + left / blur) / (1 / (k * variance) + 1 / blur)
    total = np.where(np.isfinite(left), np.clip(total, 0, k * (below - 1)), mean * k)
    filled = seen + parts * (total / k)[:, None]
    filled[sums < KNOWN * (sums + total)] = np.nan
    values[rows] = filled
    return values


def _check_columns(
    name: str, table: pd.DataFrame, variable: str, margin: VariableMargin, part: Published
) -> None:
    """Refuse a column that would be a level of the variable, and the variable lacks it."""
    if isinstance(part.columns, dict):
        return
    for pattern in part.columns:
        head, found, tail = pattern.partition(CODE)
        if not found or not head:
            continue
        for column in map(str, table.columns):
            code = column[len(head) : len(column) - len(tail)]
            if column == head + code + tail and code and code not in margin.levels:
                raise UnusableBase(
                    f"{name} has a column {column}, but {variable} has no level {code}; it has "
                    f"{listed(list(margin.levels))}. Add the level to the definition of the base, "
                    "or remove the column."
                )


def _strangers(name: str, unknown: pd.Series, areas: int) -> tuple[str, ...]:
    """A note on areas the base has not; a refusal where they are many."""
    strange = sorted(str(area) for area in unknown.unique())
    if not strange:
        return ()
    if len(strange) > STRANGERS * areas:
        raise UnusableBase(
            f"{name}: {len(strange):,} of its {areas:,} areas are no areas of the base "
            f"({listed(strange, 3)}). Take files of the same year."
        )
    return (
        f"{name}: {len(strange):,} of {areas:,} areas are no areas of the base and were left "
        f"out ({listed(strange, 5)})",
    )


def _rows(
    folder: Folder,
    margin: VariableMargin,
    part: Published,
    areas: pd.Series,
    place: NDArray[np.intp],
    size: int,
) -> tuple[Floats, Floats]:
    """(size, L): per level what its columns (and rows) add up to, and how many are secret.

    NaN where a figure is lacking, and for levels that get a rest.
    """
    known = np.full((size, len(margin.levels)), np.nan)
    hidden = np.zeros(known.shape)
    kinds = None if part.by is None else _kinds(folder, part, areas)
    given = {
        column: folder.figures(part.file, column, areas, percentage=part.percentages)
        for column in dict.fromkeys(c for code in margin.levels for c in part.columns_of(code))
    }
    for j, code in enumerate(margin.levels):
        for i, column in enumerate(part.columns_of(code)):
            if i == 0:
                known[:, j] = 0.0
            figures = given[column]
            for kind, factor in part.of[code].items() if kinds is not None else [("", 1.0)]:
                rows = place >= 0
                if kinds is not None:
                    rows = rows & (kinds == kind).to_numpy(dtype=bool)
                one = np.full(size, np.nan)
                one[place[rows]] = factor * np.where(
                    figures.secret[rows], 0.0, figures.values[rows]
                )
                known[:, j] += one
                np.add.at(hidden[:, j], place[rows], factor * figures.secret[rows])
    return known, hidden


def _kinds(folder: Folder, part: Published, areas: pd.Series) -> pd.Series:
    """What tells the rows of an area apart; refuses rows that are lacking altogether or twice."""
    name = folder.name(part.file)
    kinds = folder.codes(part.file, str(part.by))
    there = set(kinds.dropna().unique())
    wanted = dict.fromkeys(kind for rows in part.of.values() for kind in rows)
    lacking = [kind for kind in wanted if kind not in there]
    if lacking:
        raise UnusableBase(
            f"{name}: no row has {listed(lacking, 3)} in the column {part.by}; it has "
            f"{listed(sorted(map(str, there)), 20)}. Correct of in the definition of the base."
        )
    rows = pd.DataFrame({"area": areas, "kind": kinds})
    twice = (rows.duplicated() & kinds.isin(list(wanted))).to_numpy()
    if twice.any():
        row = int(np.argmax(twice))
        raise UnusableBase(
            f"{name}, {areas.iloc[row]}: the row {kinds.iloc[row]} occurs more than once. Keep "
            "one, or choose by where in the definition of the base."
        )
    return kinds


def _unit(folder: Folder, margin: VariableMargin, part: Published) -> float:
    """The unit of one rounding with the variance of the roundings a count is the sum of."""
    unit = folder.definition.rounding if part.rounding is None else part.rounding
    squares = [
        len(part.columns_of(code)) * sum(f**2 for f in part.of.get(code, {"": 1.0}).values())
        for code in margin.levels
    ]
    return float(unit * np.sqrt(np.mean(squares)))


def _of_shares(
    name: str, margin: VariableMargin, part: Published, shares: Floats, people: People
) -> Floats:
    """Counts from shares of people: levels without a column get what the others leave."""
    whole = 100.0 if part.percentages else 1.0
    rest = np.array([part.rest.get(code, 0.0) for code in margin.levels])
    given = shares[:, rest == 0]
    sums = given.sum(axis=1)
    slack = 0.01 * whole * given.shape[1]
    wrong = sums > whole + slack
    if not part.rest:
        wrong |= sums < whole - slack
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UnusableBase(
            f"{name}, {people.areas[row]}: the shares of {listed(list(margin.levels))} add up to "
            f"{sums[row]:g}, not to {'at most ' if part.rest else ''}{whole:g}. Correct the file."
        )
    parts = shares.copy()
    if part.rest:
        left = np.clip(whole - sums, 0, None)
        parts[:, rest > 0] = left[:, None] * (rest / rest.sum())[rest > 0]
    totals = parts.sum(axis=1, keepdims=True)
    counts: Floats = parts / totals * people.of(str(part.shares_of))[:, None]
    return counts
