"""Reads tables of Statistics Netherlands (CBS) into tidy, checked frames.

Which table a file holds follows from its columns, never from its name. Totals that stand among
their parts are left out knowingly; a figure that cannot be right is refused with its place.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from flows.ingest.cbs_cells import cleaned, without_totals
from flows.ingest.cbs_layouts import LAYOUTS, Layout, known
from flows.ingest.cbs_text import TableText, table_text
from flows.ingest.errors import MissingColumns, UnreadableFile, listed
from flows.ingest.read import content_of


class NoPeriods(UnreadableFile):
    """A period is asked of a table that names none."""


@dataclass(frozen=True, eq=False)
class CbsTable:
    """A table as read: one row an area, or an area and age class.

    `kind`: population, postcodes, areas, key_figures, postcode_figures or postcode_places.
    `by`: the column that names the areas. `period`: of an export that says so. `notes`: what
    was left out and why, for a person to read.
    """

    name: str
    sha256: str
    kind: str
    title: str
    by: str
    frame: pd.DataFrame
    period: str | None = None
    notes: tuple[str, ...] = ()


def read_cbs(path: Path, kind: str | None = None, *, period: str | None = None) -> CbsTable:
    """Read one table; `kind` is what is expected, None takes what the file turns out to hold.

    `period`: which one to take from an export with several, such as `2021`.

    Frames per kind (text columns `str`, counts and other numbers float, NaN where CBS gives no
    figure):

    - population: `postcode` or `municipality`, `age` (`0-4`, `95+`), `total`, `men`, `women`
    - postcodes: `postcode`, `total`, `men`, `women`, `place`, `municipality`, ...
    - areas: `code`, `name`, `population` and per division `<name>_code` and `<name>`
    - key_figures: `code`, `level` (GM, WK, BU), `name`, `population`, shares in percentages
    - postcode_figures: `postcode`, `property_value`, `urbanity`
    - postcode_places: `postcode`, `lon`, `lat`

    Raises `UnreadableFile` or `MissingColumns` with one sentence.
    """
    path = Path(path)
    data = _bytes_of(path)
    text = table_text(path.name, data)
    layout, columns = _recognised(text, kind)
    frame, chosen = _period(text, layout, columns, period)
    frame, notes = without_totals(path.name, layout, frame)
    frame = cleaned(path.name, layout, frame, text.decimal)
    if layout.kind.startswith("population"):
        from flows.ingest.cbs_population import tidy_population

        frame, more = tidy_population(path.name, layout, frame)
        notes += more
    elif layout.kind == "key_figures":
        frame, more = _with_shares(path.name, frame, columns)
        notes += more
    return CbsTable(
        name=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        kind=layout.kind.removesuffix("_long"),
        title=layout.title,
        by=layout.key[0],
        frame=frame,
        period=chosen,
        notes=notes,
    )


def _bytes_of(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableFile(f"{path} does not exist. Check the name of the file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no path of a file"
        raise UnreadableFile(f"{path!s:.200} cannot be read ({reason}). Check the path.") from None
    if not data.strip():
        raise UnreadableFile(f"{path.name} is empty. Export the table again.")
    found = content_of(data)
    if found is not None:
        raise UnreadableFile(f"{path.name} holds {found}. Export the table from StatLine as CSV.")
    return data


def _recognised(text: TableText, kind: str | None) -> tuple[Layout, dict[str, str]]:
    """The layout whose columns the file has, and per column of it the column of the file."""
    headers: dict[str, list[str]] = {}
    for header in text.frame.columns:
        headers.setdefault(known(header), []).append(header)

    def lacking(layout: Layout) -> list[str]:
        return [
            column.known_as[0] if column.known_as else column.name
            for column in layout.required
            if not column.names & set(headers)
        ]

    fitting = [layout for layout in LAYOUTS if not lacking(layout)]
    wanted = [layout for layout in LAYOUTS if kind in (None, layout.kind.removesuffix("_long"))]
    layout = max(
        (layout for layout in wanted if layout in fitting),
        key=lambda w: sum(bool(column.names & set(headers)) for column in w.columns),
        default=None,
    )
    if layout is None:
        if fitting:
            titles = dict.fromkeys(w.title for w in wanted)
            raise UnreadableFile(
                f"{text.name} is a table of {fitting[0].title}, where one of "
                f"{' or of '.join(titles)} is expected. Name the right file."
            )
        nearest = min(wanted, key=lambda w: len(lacking(w)) / len(w.required))
        raise MissingColumns(
            f"{text.name} has no column {listed(lacking(nearest))}, which a table of "
            f"{nearest.title} needs; it has {listed([str(c) for c in text.frame.columns], 12)}. "
            "Export it again with every dimension, or name the right file."
        )
    columns: dict[str, str] = {}
    for column in layout.columns:
        found = [header for name in column.names for header in headers.get(name, ())]
        if len(found) > 1:
            raise UnreadableFile(
                f"{text.name}: the columns {listed(sorted(found))} would both be {column.name}. "
                "Keep the one that is meant."
            )
        if found:
            columns[column.name] = found[0]
    return layout, columns


def _period(
    text: TableText, layout: Layout, columns: dict[str, str], period: str | None
) -> tuple[pd.DataFrame, str | None]:
    """The columns of the layout, of one period; refuses dimensions that nobody asked for."""
    whole = text.frame
    used = set(columns.values())
    if layout.kind.startswith("population"):
        for header in whole.columns:
            if header in used or known(header) in ("id", "onderwerp", "eenheid"):
                continue
            values = whole[header].dropna().unique()
            parts = [v for v in values if not str(v).lower().startswith(("totaal", "total", "t00"))]
            if layout.kind == "population_long" and parts:
                raise UnreadableFile(
                    f"{text.name}: the column {header} cuts the population into parts "
                    f"({listed(parts, 3)}). Export the table again with only its total."
                )
    frame = whole[list(columns.values())].rename(columns={v: k for k, v in columns.items()})
    if "period" not in frame:
        if period is not None:
            raise NoPeriods(f"{text.name} names no periods, so {period} cannot be chosen.")
        return frame, None
    periods = frame.pop("period").str.replace(r"JJ00$|\*+$|^1 januari ", "", regex=True)
    found = sorted(periods.dropna().unique())
    if period is None and len(found) == 1:
        period = found[0]
    if period is None:
        raise UnreadableFile(
            f"{text.name} holds the periods {listed(found)}. Say which one is meant."
        )
    if period not in found:
        raise UnreadableFile(f"{text.name} has no period {period}; it has {listed(found)}.")
    return frame[periods == period].reset_index(drop=True), period


def _with_shares(
    name: str, frame: pd.DataFrame, columns: dict[str, str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Key figures with their level; age groups that are counts become percentages.

    StatLine gives numbers of people by age, other files percentages: the header tells.
    """
    frame.insert(1, "level", frame["code"].str[:2])
    ages = [str(column) for column in frame if str(column).startswith("pop_")]
    notes: tuple[str, ...] = ()
    counted = any(columns[age].endswith("(aantal)") or columns[age][:2] == "k_" for age in ages)
    if counted or (frame[ages] > 100).any(axis=None):
        frame[ages] = frame[ages].div(frame["population"].where(frame["population"] > 0), axis=0)
        frame[ages] *= 100
        notes = ("the age groups are numbers of people; they were made percentages",)
    shares = {c.name for layout in LAYOUTS for c in layout.columns if c.share} & set(frame)
    for column in sorted(shares):
        above = frame[column] > 100.5
        if above.any():
            row = frame[above].iloc[0]
            raise UnreadableFile(
                f"{name}, {row['code']}: {column} is {row[column]:g}, and a share cannot be over "
                "100%. Correct the file."
            )
    return frame, notes
