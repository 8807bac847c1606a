"""From tables with every statistic to tables that may leave the bureau.

`publish` is the one door. It protects all tables of an edition together
(`flows.crosstabs.disclosure`), rounds in the data, and marks only what is beyond chance and
large enough. With a hidden cell goes everything that tells of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flows.crosstabs.banner import axis_of_column
from flows.crosstabs.disclosure.care import Care
from flows.crosstabs.disclosure.edition import Beside, Protection, protect
from flows.crosstabs.disclosure.rules import Bools, Sized, rounded
from flows.crosstabs.findings import find
from flows.crosstabs.pairwise import column_letters
from flows.crosstabs.tables import (
    TOTAL,
    Cell,
    Flag,
    ProfileSize,
    PublishedTable,
    Table,
    ThemeTables,
    Verdict,
)
from flows.crosstabs.verdicts import marked
from flows.definitions.dossier_plan import Publication

HIDDEN = (Flag.TOO_FEW, Flag.PROTECTED)


def publish(
    tables: Sequence[Table],
    publication: Publication,
    *,
    theme: str = "",
    sizes: Sequence[ProfileSize] = (),
    earlier: Sequence[PublishedTable] = (),
    care: Care = Care(),  # noqa: B008
    beside: Sequence[Beside] = (),
) -> ThemeTables:
    """Everything that is published of one theme in one wave.

    `tables` of one theme from `crosstab` (made under the same `publication`), `sizes` from
    `profile_sizes`. `earlier`: what a reader has beside it, as published: an earlier edition of
    this theme and wave, or files of other themes with the same questions of this wave.
    `hidden_cells` counts the cells too few or protected, among `cells`; `notes` tell what
    cannot be protected because an earlier file gives it away. `care` (`theme_tables.care_of`):
    what of the survey is local, where no answer of 1-4 persons is told however large the base,
    and which variables make a group special. `beside`: tables of other files of this wave, made
    with the same weights, whole and as published: nothing they hide may follow from both.
    """
    protection = protect(tables, publication, earlier, care, beside)
    published = published_tables(protection, publication)[: len(tables)]
    cells = [cell for table in published for row in table.cells for cell in row]
    return ThemeTables(
        theme=theme or (tables[0].identity.theme if tables else ""),
        tables=published,
        findings=find(tables, published, publication),
        sizes=tuple(sizes),
        hidden_cells=sum(cell.flag in HIDDEN for cell in cells),
        cells=len(cells),
        notes=tuple(protection.notes),
    )


def publish_table(table: Table, publication: Publication) -> PublishedTable:
    """One table, rounded, suppressed and marked, as if it were all that is published."""
    return published_tables(protect([table], publication), publication)[0]


def published_tables(
    protection: Protection, publication: Publication, *, whole: bool = False
) -> tuple[PublishedTable, ...]:
    """The tables of a protected edition as they may be shown.

    `whole`: as they would be if nothing were hidden, for a dry run.
    """
    result = []
    for t, placed in enumerate(protection.placed):
        shape = placed.table.estimate.shape
        hidden, unsure, nobody = (
            (np.zeros(shape, dtype=bool), *[np.zeros(shape[1], dtype=bool)] * 2)
            if whole
            else (protection.cells(t), protection.dont_know(t), protection.people(t))
        )
        result.append(_published(placed.sized, hidden, unsure, nobody, publication))
    return tuple(result)


def _published(
    sized: Sized, hidden: Bools, unsure: Bools, nobody: Bools, publication: Publication
) -> PublishedTable:
    table = sized.table
    marks = marked(table, publication) & ~_alone(table, hidden)
    letters = _letters(table, hidden)
    n = tuple(None if gone else int(n) for n, gone in zip(table.n, nobody, strict=True))
    n_eff = tuple(
        None if gone else round(float(n)) for n, gone in zip(table.n_eff, nobody, strict=True)
    )
    return PublishedTable(
        identity=table.identity,
        rows=table.rows,
        columns=table.columns,
        cells=tuple(
            tuple(
                _cell(sized, r, c, bool(hidden[r, c]), bool(marks[r, c]), letters[r][c])
                for c in range(len(table.columns))
            )
            for r in range(len(table.rows))
        ),
        n=n,
        n_eff=n_eff,
        dont_know=_dont_know(sized, unsure),
    )


def _absent(sized: Sized, c: int, number: float) -> Flag:
    """Why a hidden number of this column is hidden."""
    if sized.columns.empty[c] or not np.isfinite(number):
        return Flag.NO_BASE
    return Flag.TOO_FEW if sized.columns.too_few[c] else Flag.PROTECTED


def _cell(sized: Sized, r: int, c: int, hidden: bool, mark: bool, letters: str) -> Cell:
    table = sized.table
    estimate = float(table.estimate[r, c])
    if hidden or not np.isfinite(estimate):
        return Cell(None, flag=_absent(sized, c, estimate))
    if np.isfinite(sized.below[r, c]):
        return Cell(None, flag=Flag.BELOW, bound=float(sized.below[r, c]))
    kind = table.rows[r].kind
    verdict = Verdict.NONE
    if mark:
        verdict = Verdict.HIGHER if table.difference[r, c] > 0 else Verdict.LOWER
    low, high = float(table.low[r, c]), float(table.high[r, c])
    return Cell(
        value=rounded(kind, estimate),
        low=rounded(kind, low) if np.isfinite(low) else None,
        high=rounded(kind, high) if np.isfinite(high) else None,
        verdict=verdict,
        flag=Flag.INDICATIVE if sized.columns.indicative[c] else Flag.NONE,
        letters=letters,
    )


def _alone(table: Table, hidden: Bools) -> Bools:
    """Cells (R, C) whose mark would speak of hidden ones only.

    A mark compares a column with all others together. Where the others of its axis are all
    hidden, or the total, it tells how these answered.
    """
    axes = [axis_of_column(column) for column in table.columns]
    alone = np.zeros(hidden.shape, dtype=bool)
    if not hidden.any():
        return alone
    total = table.columns.index(TOTAL) if TOTAL in table.columns else None
    for c, axis in enumerate(axes):
        others = [o for o, other in enumerate(axes) if other == axis and o != c and table.n[o] > 0]
        if others:
            alone[:, c] = hidden[:, others].all(axis=1)
        if total is not None:
            alone[:, c] |= hidden[:, total]
    return alone


def _letters(table: Table, hidden: Bools) -> tuple[tuple[str, ...], ...]:
    """The letters of each cell (R x C), without those of cells that are hidden."""
    if table.letters is None:
        return (("",) * len(table.columns),) * len(table.rows)
    axes = [axis_of_column(column) for column in table.columns]
    places = [[o for o, other in enumerate(axes) if other == axis] for axis in axes]
    names: list[dict[str, int]] = [
        dict(zip(column_letters(len(among)), among, strict=True)) for among in places
    ]

    def kept(i: int, j: int, letters: str) -> str:
        return " ".join(each for each in letters.split() if not hidden[i, names[j].get(each, j)])

    return tuple(
        tuple(kept(i, j, letters) for j, letters in enumerate(line))
        for i, line in enumerate(table.letters)
    )


def _dont_know(sized: Sized, hidden: Bools) -> tuple[Cell, ...]:
    """The row of those without an opinion, as a share of all who were asked."""
    table, row = sized.table, sized.dont_know
    cells = []
    for c in range(len(table.columns)):
        share = float(table.dont_know[c])
        if hidden[c] or not np.isfinite(share):
            if not table.asked[c] or not np.isfinite(share):
                flag = Flag.NO_BASE
            else:
                flag = Flag.TOO_FEW if sized.columns.too_few[c] else Flag.PROTECTED
            cells.append(Cell(None, flag=flag))
        elif np.isfinite(row.below[c]):
            cells.append(Cell(None, flag=Flag.BELOW, bound=float(row.below[c])))
        else:
            flag = Flag.INDICATIVE if sized.columns.indicative[c] else Flag.NONE
            cells.append(Cell(rounded("answer", share), flag=flag))
    return tuple(cells)
