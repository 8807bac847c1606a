"""Which differences are marked: beyond chance for the number of tests made, and large enough.

`versus_rest`, the default: each column with all others together, corrected over all columns of
one axis and all rows of the table (`adjusted`). The other rules compare the columns of an axis
in pairs and give letters (`pairwise.py`); under these nothing is marked against all others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.banner import axis_of_column
from flows.crosstabs.tables import Floats, Row, RowKind, Table
from flows.definitions.dossier_plan import Publication
from flows.statistics.multiplicity import adjust

VERSUS_REST = "versus_rest"

UNTESTED: frozenset[RowKind] = frozenset({"median", "sd"})
"""Kinds of rows that carry no tests."""

_TOLERANCE = 1e-9


def adjusted(
    p_value: Floats, tables: Sequence[Sequence[Row]], columns: Sequence[str], correction: str
) -> Floats:
    """Adjusted p-values (R, C): the tests of a table by the columns of one axis go together.

    `tables`: the rows of each table, R in all. `columns`: codes, the total among them. NaN
    where no test is made, for rows without tests too.
    """
    result = np.full(p_value.shape, np.nan)
    tested = np.array([row.kind not in UNTESTED for rows in tables for row in rows], dtype=bool)
    table = np.repeat(np.arange(len(tables)), [len(rows) for rows in tables])
    places: dict[str, list[int]] = defaultdict(list)
    for place, code in enumerate(columns):
        places[axis_of_column(code)].append(place)
    for axis, at in places.items():
        if axis:
            cells = np.ix_(tested, np.array(at))
            result[cells] = adjust(p_value[cells], correction, table[tested, None])
    return result


def in_points(rows: Sequence[Row]) -> NDArray[np.bool_]:
    """Rows (R) that are counted in percentage points: shares, scores, and effects on a share."""
    kinds = {row.code: row.kind for row in rows}
    return np.array(
        [
            row.kind not in ("mean", *UNTESTED)
            and not (row.kind == "effect" and "mean" in [kinds.get(code) for code in row.members])
            for row in rows
        ],
        dtype=bool,
    )


def large_enough(table: Table, publication: Publication) -> NDArray[np.bool_]:
    """Cells (R, C) that differ enough to matter: 5 points, or 0.2 standard deviations."""
    needed = np.where(
        in_points(table.rows)[:, None],
        publication.minimum_points / 100,
        publication.minimum_sd * table.standard_deviation[:, -1:],
    )
    with np.errstate(invalid="ignore"):
        enough: NDArray[np.bool_] = np.abs(table.difference) >= needed - _TOLERANCE
    return enough


def marked(table: Table, publication: Publication) -> NDArray[np.bool_]:
    """Cells (R, C) that get a mark: beyond chance within the table, and large enough.

    None in tables about items of the model, in rows without tests, and where columns are
    compared in pairs.
    """
    if table.identity.model_item or publication.test != VERSUS_REST:
        return np.zeros(table.estimate.shape, dtype=bool)
    tested = np.array([row.kind not in UNTESTED for row in table.rows], dtype=bool)[:, None]
    with np.errstate(invalid="ignore"):
        beyond_chance = tested & (table.p_adjusted < publication.alpha)
    return beyond_chance & large_enough(table, publication)
