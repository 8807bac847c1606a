"""Tables as one long frame of unrounded numbers, for the store and the analyst, and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from flows.crosstabs.banner import axis_of_column
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.layout.layouts import identity_of, table_rows
from flows.crosstabs.tables import TOTAL, Association, RowKind, Table
from flows.definitions.columns import columns_of
from flows.definitions.questionnaire import Questionnaire

_PER_CELL = (
    "estimate",
    "standard_error",
    "low",
    "high",
    "difference",
    "difference_error",
    "degrees_of_freedom",
    "p_value",
    "p_adjusted",
    "count",
    "standard_deviation",
)
_PER_COLUMN = ("n", "n_eff", "weighted_base", "asked", "dont_know", "dont_know_count")
_ASSOCIATION = ("association_f", "association_df1", "association_df2", "association_p")
_KEYS = ("theme", "table", "question", "item", "answer", "statistic", "column")
_COLUMNS = (*_KEYS, *_PER_CELL, *_PER_COLUMN, "letters", *_ASSOCIATION)

STATISTICS: dict[RowKind, str] = {
    "answer": "share",
    "net": "net",
    "mean": "mean",
    "score": "score",
    "median": "median",
    "sd": "sd",
    "effect": "effect",
}
"""The word in the column `statistic` for each kind of row."""


def cells_frame(tables: Iterable[Table]) -> pd.DataFrame:
    """Every cell of every table, unrounded; one line per table, row and column.

    Columns: theme, table, question, item (empty for no grid), answer (row code), statistic
    (`STATISTICS`), column (its code, or `total`), the statistics of a cell as in `Table`,
    those of a column (n, n_eff, weighted_base, asked, dont_know, dont_know_count), repeated
    in its cells, the letters, and the association_* of the column's axis. Shares are 0-1.
    """
    parts = [_frame(table) for table in tables]
    if not parts:
        return pd.DataFrame(columns=list(_COLUMNS))
    return pd.concat(parts, ignore_index=True)


def _frame(table: Table) -> pd.DataFrame:
    r, c = len(table.rows), len(table.columns)
    identity = table.identity
    data: dict[str, object] = {
        "theme": identity.theme,
        "table": identity.number,
        "question": identity.question,
        "item": identity.item or "",
        "answer": np.repeat([row.code for row in table.rows], c),
        "statistic": np.repeat([STATISTICS[row.kind] for row in table.rows], c),
        "column": np.tile(table.columns, r),
    }
    data |= {name: getattr(table, name).ravel() for name in _PER_CELL}
    data |= {name: np.tile(getattr(table, name), r) for name in _PER_COLUMN}
    letters = table.letters or [[""] * c] * r
    data["letters"] = [each for row in letters for each in row]
    tests = {test.axis: (test.f, test.df1, test.df2, test.p) for test in table.association}
    none = (np.nan,) * len(_ASSOCIATION)
    per_column = np.array([tests.get(axis_of_column(code), none) for code in table.columns])
    data |= {name: np.tile(per_column[:, i], r) for i, name in enumerate(_ASSOCIATION)}
    return pd.DataFrame(data, columns=list(_COLUMNS))


def _letters(values: list[str], shape: tuple[int, int]) -> tuple[tuple[str, ...], ...] | None:
    """Letters (R x C) of a table; None where nothing has one, as columns were not compared."""
    if not any(values):
        return None
    r, c = shape
    return tuple(tuple(values[i * c : (i + 1) * c]) for i in range(r))


def _associations(part: pd.DataFrame, columns: tuple[str, ...]) -> tuple[Association, ...]:
    found: dict[str, Association] = {}
    numbers = part[list(_ASSOCIATION)].to_numpy(float)[: len(columns)]
    for code, (f, df1, df2, p) in zip(columns, numbers, strict=True):
        if code != TOTAL and np.isfinite(f):
            axis = axis_of_column(code)
            found.setdefault(axis, Association(axis, float(f), float(df1), float(df2), float(p)))
    return tuple(found.values())


def tables_of_cells(
    cells: pd.DataFrame, questionnaire: Questionnaire, model_items: Collection[str] = ()
) -> tuple[Table, ...]:
    """The tables that `cells_frame` took apart, with texts from the questionnaire.

    Raises CrosstabError where the questionnaire no longer knows a table or one of its rows.
    """
    items = frozenset(model_items)
    tables = []
    for number, part in cells.groupby("table", sort=False):
        first = part.iloc[0]
        code, item = str(first["question"]), str(first["item"])
        columns = columns_of(questionnaire.question(code)) if questionnaire.has(code) else ()
        found = [
            column
            for column in columns
            if not column.is_text
            and ((column.item.code if column.item else "") == item or column.option is not None)
        ]
        known = {
            (STATISTICS[row.kind], row.code): row for row in table_rows(found[:1], questionnaire)
        }
        keys = list(dict.fromkeys(zip(part["statistic"], part["answer"], strict=True)))
        if not found or any(key not in known for key in keys):
            raise CrosstabError(
                f"The stored table {number} does not fit the questionnaire any more; "
                "tabulate this wave again."
            )
        names = tuple(dict.fromkeys(part["column"]))
        shape = (len(keys), len(names))
        values = {name: part[name].to_numpy().reshape(shape) for name in _PER_CELL}
        values |= {name: part[name].to_numpy().reshape(shape)[0] for name in _PER_COLUMN}
        tables.append(
            Table(
                identity=replace(
                    identity_of(found[0], str(first["theme"]), items, questionnaire),
                    number=str(number),
                ),
                rows=tuple(known[key] for key in keys),
                columns=names,
                **values,
                letters=_letters(part["letters"].tolist(), shape) if "letters" in part else None,
                association=_associations(part, names) if "association_f" in part else (),
            )
        )
    return tuple(tables)
