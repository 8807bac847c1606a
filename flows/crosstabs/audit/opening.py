"""Makes sense of a tidy table with its codebook, or as far as possible without one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from flows.crosstabs.audit.published import (
    TOTAL,
    UNITS,
    BookColumn,
    BookRow,
    BookTable,
    CellKey,
    Figure,
    Nest,
    PublishedFile,
    RowKey,
    Rules,
)


def published_file(
    name: str,
    frame: pd.DataFrame,
    book: Mapping[str, Any] | None,
    more_n: Mapping[tuple[str, str], int] | None = None,
) -> PublishedFile:
    """The file `name` from its tidy frame (columns as in the tidy table, read as text).

    `book`: the codebook, or None: the structure is then guessed from the lines that are there,
    so hidden rows and the members of nets are not known. `more_n`: numbers of participants
    that stand in workbooks beside it, by table and column.
    """
    figures: dict[CellKey, Figure] = {}
    n: dict[tuple[str, str], int] = dict(more_n or {})
    for line in frame.itertuples(index=False):
        kind = "answer" if line.statistic == "share" else str(line.statistic)
        figure = Figure(
            _number(line.value),
            _number(line.low),
            _number(line.high),
            None if (count := _number(line.n)) is None else int(count),
            _number(line.n_eff),
            str(line.verdict),
            str(line.flag),
        )
        table, column = str(line.table), str(line.column)
        figures[table, (kind, _plain(line.answer)), column] = figure
        if figure.n is not None:
            n[table, column] = figure.n
    first = frame.iloc[0]
    area = str(first["area"])
    if book is None:
        tables, columns = _guessed(frame, figures)
        nests: tuple[Nest, ...] = (
            Nest(TOTAL, "", tuple(code for code in columns if code != TOTAL)),
        )
    else:
        tables = {entry["number"]: _table(entry) for entry in book["tables"]}
        columns = {
            c["code"]: BookColumn(c["code"], c["axis"], c["label"], c.get("special", "none"))
            for c in book["columns"]
        }
        nests = tuple(Nest(e["whole"], e["axis"], tuple(e["parts"])) for e in book["nests"])
    book = book or {}
    rules = {k: v for k, v in book.get("publication", {}).items() if k in Rules.__annotations__}
    return PublishedFile(
        name=name,
        survey=str(first["survey"]),
        wave=str(first["wave"]),
        theme=str(first["theme"]),
        area=area,
        local=book.get("role") == "consultation" or area not in ("NL", "", "nan"),
        tables=tables,
        columns=columns,
        nests=nests,
        rules=Rules(**rules),
        units=book.get("rounding", UNITS),
        figures=figures,
        n=n,
        sizes=book.get("sizes", {}),
        lowest_weight=book.get("weights", {}).get("lowest"),
        whole=bool(book),
    )


def _table(entry: Mapping[str, Any]) -> BookTable:
    asked = entry.get("filter")
    rows = tuple(
        BookRow(
            kind=row["kind"],
            code=row["code"],
            label=row["label"],
            score=row.get("score"),
            members=tuple(row.get("members", ())),
            plus=row.get("plus"),
            minus=row.get("minus"),
            exclusive=row.get("exclusive", False),
            includes=row.get("includes"),
        )
        for row in entry["rows"]
    )
    return BookTable(
        number=entry["number"],
        question=entry["question"],
        item=entry["item"],
        type=entry["type"],
        multiple=entry["multiple"],
        special=entry["special"],
        rows=rows,
        columns=tuple(entry["columns"]),
        headline=entry.get("headline"),
        filter=(asked["question"], tuple(asked["options"])) if asked else None,
        some=entry.get("some", False),
        most=entry.get("most"),
        texts=tuple(
            text.strip()
            for key in ("text", "question_text", "base_text")
            if entry.get(key)
            for text in entry[key].values()
        ),
    )


def _guessed(
    frame: pd.DataFrame, figures: Mapping[CellKey, Figure]
) -> tuple[dict[str, BookTable], dict[str, BookColumn]]:
    columns = tuple(dict.fromkeys(str(code) for code in frame["column"]))
    rows: dict[str, dict[RowKey, None]] = {}
    for table, row, _ in figures:
        rows.setdefault(table, {})[row] = None
    about = frame.drop_duplicates("table").set_index("table")
    tables = {}
    for table, keys in rows.items():
        shown = [
            figure.value
            for key in keys
            if key[0] == "answer" and (figure := figures.get((table, key, TOTAL))) is not None
        ]
        several = sum(value or 0.0 for value in shown) > 1.0 + 0.005 * len(shown) + 1e-9
        tables[table] = BookTable(
            number=table,
            question=str(about.loc[table, "question"]),
            item=str(about.loc[table, "item"]) or None,
            type="",
            multiple=several,
            special="none",
            rows=tuple(BookRow(k, code, {"nl": code, "en": code}) for k, code in keys),
            columns=columns,
        )
    return tables, {
        code: BookColumn(code, "" if code == TOTAL else "?", {"nl": code, "en": code})
        for code in columns
    }


def _number(value: object) -> float | None:
    if value is None or value == "":
        return None
    number = float(str(value))
    return None if math.isnan(number) else number


def _plain(text: object) -> str:
    """A code without the apostrophe that guards it from spreadsheets."""
    word = str(text)
    return word[1:] if word.startswith("'") else word
