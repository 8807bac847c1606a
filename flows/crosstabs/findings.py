"""The differences that hold over a whole dossier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flows.crosstabs.tables import Finding, PublishedTable, Table, Verdict
from flows.crosstabs.verdicts import large_enough
from flows.definitions.models import Publication
from flows.statistics.intervals import mean_interval
from flows.statistics.multiplicity import benjamini_hochberg

MAIN_ANSWERS = 5


def find(
    tables: Sequence[Table],
    published: Sequence[PublishedTable],
    publication: Publication,
) -> tuple[Finding, ...]:
    """Findings of a dossier, strongest first.

    The family of tests is, per table that is compared at all, the headline row (or, without
    one, the main answers: the largest in the total, at most five and never the ones that
    stay last; of two answers one, as the other says the same) in every profile whose cell
    is shown. Kept are those that pass Benjamini-Hochberg over that whole family, are large
    enough and marked in their own table, and of which the interval of the difference leaves
    out zero.
    """
    places = [
        (t, r, c)
        for t, table in enumerate(tables)
        if not table.identity.model_item
        for r in main_rows(table)
        for c in range(len(table.columns) - 1)
        if published[t].cells[r][c].shown and np.isfinite(table.p_value[r, c])
    ]
    p = np.array([tables[t].p_value[r, c] for t, r, c in places])
    adjusted = benjamini_hochberg(p)
    found = []
    for (t, r, c), q in zip(places, adjusted, strict=True):
        table = tables[t]
        if not (q < publication.alpha and large_enough(table, publication)[r, c]):
            continue
        # A reader looks for the arrow in the table, so a finding without one is none.
        if published[t].cells[r][c].verdict is Verdict.NONE:
            continue
        difference = table.difference[r, c]
        near, _ = mean_interval(
            abs(difference),
            table.difference_error[r, c],
            table.degrees_of_freedom[r, c],
            publication.alpha,
        )
        unit = table.standard_deviation[r, -1] if table.rows[r].kind == "mean" else 1.0
        strength = float(near / unit)
        if strength > 0:
            direction = Verdict.HIGHER if difference > 0 else Verdict.LOWER
            row, column = table.rows[r].code, table.columns[c]
            found.append(Finding(table.identity.number, row, column, direction, strength))
    return tuple(sorted(found, key=lambda f: (-f.strength, f.table, f.row, f.column)))


def main_rows(table: Table) -> tuple[int, ...]:
    """Indices of the rows that stand for a table: its headline, else its main answers."""
    if table.identity.headline is not None:
        return (table.row(table.identity.headline),)
    answers = [i for i, row in enumerate(table.rows) if row.kind == "answer" and not row.last]
    if not answers:
        return tuple(i for i, row in enumerate(table.rows) if row.kind == "mean")
    total = table.estimate[:, -1]
    largest = sorted(answers, key=lambda i: -total[i])
    alone = len([row for row in table.rows if row.kind == "answer"]) == 2
    return tuple(largest[: 1 if alone and not table.identity.multiple else MAIN_ANSWERS])
