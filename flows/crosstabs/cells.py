"""Tables as one long frame of unrounded numbers, for the store and the analyst, and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
import pandas as pd

from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.layout import identity_of, table_rows
from flows.crosstabs.tables import Table
from flows.definitions.models import Questionnaire, columns_of

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
_KEYS = ("theme", "table", "question", "item", "answer", "statistic", "column")

STATISTICS = {"answer": "share", "net": "net", "mean": "mean"}
"""The word in the column `statistic` for each kind of row."""


def cells_frame(tables: Iterable[Table]) -> pd.DataFrame:
    """Every cell of every table, unrounded; one line per table, row and column.

    Columns: theme, table, question, item (empty for no grid), answer (row code), statistic
    (share, net, mean), column (profile code or `total`), the statistics of a cell as in
    `Table`, and those of a column (n, n_eff, weighted_base, asked, dont_know,
    dont_know_count), repeated in its cells. Shares are 0-1.
    """
    parts = [_frame(table) for table in tables]
    if not parts:
        return pd.DataFrame(columns=[*_KEYS, *_PER_CELL, *_PER_COLUMN])
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
    return pd.DataFrame(data, columns=[*_KEYS, *_PER_CELL, *_PER_COLUMN])


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
            if (column.item.code if column.item else "") == item or column.option is not None
        ]
        known = {(STATISTICS[row.kind], row.code): row for row in table_rows(found[:1])}
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
                identity=identity_of(found[0], str(first["theme"]), items),
                rows=tuple(known[key] for key in keys),
                columns=names,
                **values,
            )
        )
    return tuple(tables)
