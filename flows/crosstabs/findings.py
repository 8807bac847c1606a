"""The differences that hold over a whole dossier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flows.crosstabs.banner import axis_of_column
from flows.crosstabs.tables import Finding, PublishedTable, Table, Verdict
from flows.crosstabs.verdicts import UNTESTED, VERSUS_REST, in_points, large_enough
from flows.definitions.dossier_plan import PROFILE, Publication
from flows.statistics.intervals import mean_interval
from flows.statistics.multiplicity import benjamini_hochberg

MAIN_ANSWERS = 5


def find(
    tables: Sequence[Table],
    published: Sequence[PublishedTable],
    publication: Publication,
) -> tuple[Finding, ...]:
    """Findings of a dossier, strongest first: differences of a profile with all others.

    The family of tests is, over all tables of the dossier that are compared at all, the
    headline row (or, without one, the main answers: the largest in the total, at most five and
    never the ones that stay last; of two answers one, as the other says the same) in every
    profile whose cell is shown. Columns of other axes give no findings, nor do tables of part
    of the people (a sentence would speak of all); a question that stands beside several banners
    counts once. Kept are those that pass Benjamini-Hochberg over that whole family, are large
    enough and marked in their own table, and of which the interval of the difference leaves out
    zero. Where tables compare columns in pairs they have letters and no marks; then none is
    needed.
    """
    places = _family(tables, published)
    p = np.array([tables[t].p_value[r, c] for t, r, c in places])
    adjusted = benjamini_hochberg(p)
    points = [in_points(table.rows) for table in tables]
    found = []
    for (t, r, c), q in zip(places, adjusted, strict=True):
        table = tables[t]
        if not (q < publication.alpha and large_enough(table, publication)[r, c]):
            continue
        if not _told(published[t], r, c, publication):
            continue
        difference = table.difference[r, c]
        near, _ = mean_interval(
            abs(difference),
            table.difference_error[r, c],
            table.degrees_of_freedom[r, c],
            publication.alpha,
        )
        unit = 1.0 if points[t][r] else table.standard_deviation[r, -1]
        strength = float(near / unit)
        if strength > 0:
            direction = Verdict.HIGHER if difference > 0 else Verdict.LOWER
            row, column = table.rows[r].code, table.columns[c]
            found.append(Finding(table.identity.number, row, column, direction, strength))
    return tuple(sorted(found, key=lambda f: (-f.strength, f.table, f.row, f.column)))


def _family(
    tables: Sequence[Table], published: Sequence[PublishedTable]
) -> list[tuple[int, int, int]]:
    """(table, row, column) of every test that findings are taken from, each once."""
    places: dict[tuple[str, str | None, str, str], tuple[int, int, int]] = {}
    for t, table in enumerate(tables):
        identity = table.identity
        if identity.model_item or identity.filter:
            continue
        profiles = [c for c, code in enumerate(table.columns) if axis_of_column(code) == PROFILE]
        for r in main_rows(table):
            for c in profiles:
                if published[t].cells[r][c].shown and np.isfinite(table.p_value[r, c]):
                    cell = (table.rows[r].code, table.columns[c])
                    key = (identity.question, identity.item, *cell)
                    places.setdefault(key, (t, r, c))
    return list(places.values())


def _told(table: PublishedTable, r: int, c: int, publication: Publication) -> bool:
    """Whether a reader sees in the table what a finding says.

    That is the arrow. Where columns have letters instead, the total and another profile must
    be shown: else the sentence would tell how hidden ones answered.
    """
    cells = table.cells[r]
    if publication.test == VERSUS_REST:
        return cells[c].verdict is not Verdict.NONE
    axes = [axis_of_column(code) for code in table.columns]
    others = [o for o, axis in enumerate(axes) if axis == PROFILE and o != c]
    return cells[axes.index("")].shown and any(cells[o].shown for o in others)


def main_rows(table: Table) -> tuple[int, ...]:
    """Indices of the rows that stand for a table: its headline, else its main answers."""
    rows = table.rows
    if table.identity.headline is not None:
        headline = table.row(table.identity.headline)
        return () if rows[headline].kind in UNTESTED else (headline,)
    answers = [i for i, row in enumerate(rows) if row.kind == "answer" and not row.last]
    if not answers:
        effects = tuple(i for i, row in enumerate(rows) if row.kind == "effect")
        return effects or tuple(i for i, row in enumerate(rows) if row.kind == "mean")
    total = table.estimate[:, -1]
    largest = sorted(answers, key=lambda i: -total[i])
    alone = len([row for row in rows if row.kind == "answer"]) == 2
    return tuple(largest[: 1 if alone and not table.identity.multiple else MAIN_ANSWERS])
