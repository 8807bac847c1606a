"""Finding a cell by code or name, in a stored table and in `tables.csv`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from flows.crosstabs.banner import column_heads
from flows.crosstabs.tables import TOTAL, Table
from flows.crosstabs.tidy import DONT_KNOW
from flows.definitions import Survey
from flows.definitions.models import Text

EVERYBODY = ("total", "totaal", "nederland", "the netherlands")


@dataclass(frozen=True)
class Published:
    """A number as it stands in `tables.csv`; None with flag `hidden` where it has no line."""

    statistic: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    verdict: str
    flag: str


def out_of_overview(
    tables: Sequence[Table], place: tuple[str, str, str]
) -> tuple[tuple[str, str, str], list[str]]:
    """Of a cell in the overview of a grid, the cell in the item's own table it was taken from."""
    number, row, column = place
    known = {table.identity.number: table.identity for table in tables}
    if number in known or row not in known:
        return place, []
    item = known[row]
    if item.question != number or item.headline is None:
        return place, []
    note = f"{number} is an overview of its items: this is row {item.headline} of table {row}."
    return (row, item.headline, column), [note]


def row_code(table: Table, named: str) -> str:
    """The code of a row by its code or its label."""
    if named == DONT_KNOW or any(row.code == named for row in table.rows):
        return named
    codes = [each.code for each in table.rows if _called(named, each.label)]
    return codes[0] if len(codes) == 1 else named


def column_code(
    table: Table, named: str, survey: Survey, names: Mapping[str, Text]
) -> tuple[str, str]:
    """The code of a column by its code or name, and its name."""
    profiles = [p.model_copy(update=_renamed(names[p.code])) for p in survey.profiles.profiles]
    heads = column_heads(table.columns, survey.questionnaire, profiles)
    labels = {head.code: head.label["en"] for head in heads}
    if named in labels:
        return named, labels[named]
    if named.casefold() in EVERYBODY:
        return TOTAL, labels[TOTAL]
    same = [head.code for head in heads if _called(named, head.label)]
    return (same[0], labels[same[0]]) if len(same) == 1 else (named, named)


def _called(named: str, label: Text) -> bool:
    return named.casefold() in (label["nl"].casefold(), label["en"].casefold())


def _renamed(name: Text) -> dict[str, str]:
    return {"nl": name["nl"], "en": name["en"]}


def published_of(
    numbers: pd.DataFrame, table: str, row: str, statistic: str, column: str
) -> Published:
    """The line of a number in `tables.csv`."""
    lines = numbers.loc[
        (numbers["table"] == table)
        & (numbers["answer"] == row)
        & (numbers["statistic"] == statistic)
        & (numbers["column"] == column)
        & (numbers["basis"] == "measured")
    ]
    if lines.empty:
        return Published(statistic, None, None, None, None, "", "hidden")
    line = lines.iloc[0]
    value, low, high, n = (
        None if pd.isna(line[x]) else float(line[x]) for x in ("value", "low", "high", "n")
    )
    people = None if n is None else int(n)
    return Published(statistic, value, low, high, people, str(line["verdict"]), str(line["flag"]))
