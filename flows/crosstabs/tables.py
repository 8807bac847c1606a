"""What the cross-tab engine makes: tables with every statistic, and their published form.

A `Table` holds unrounded numbers for the store and the analyst. `PublishedTable` is what
may leave the bureau: rounded, suppressed, marked. Writers see published tables only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from flows.definitions.models import Text
from flows.definitions.options import DontKnow
from flows.definitions.questions import Base

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOTAL = "total"
"""The code of the column that holds everybody."""

RowKind = Literal["answer", "net", "mean", "score", "median", "sd", "effect"]
"""What a row holds: the share of an answer or a net, a mean, a net score (one net less another,
-1 to 1), a median, a standard deviation, or the effect of an experiment's arm (its share or mean
less that of the reference arm)."""

SHARES: frozenset[RowKind] = frozenset({"answer", "net"})
"""Kinds of rows that are a share of people, 0 to 1."""


@dataclass(frozen=True)
class Association:
    """Whether answers and columns of an axis go together: the Rao-Scott F test of their table.

    `axis`: code of the banner's axis. `f` with `df1` and `df2` degrees of freedom, `p`.
    """

    axis: str
    f: float
    df1: float
    df2: float
    p: float


@dataclass(frozen=True)
class Row:
    """One row of a table: an answer, a net of answers, the mean, or another `RowKind`.

    `score`: what an answer counts for in the mean row of its table, if it does. `members`:
    the answers a net takes together; of a score or an effect, the two rows it is the
    difference of.
    """

    code: str
    label: Text
    kind: RowKind
    last: bool = False
    score: float | None = None
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identity:
    """What a table is about; the same for its full and its published form.

    `number`: stable over editions, languages and formats (`E07`, `E07a`). `multiple`: the
    answers add up to more than 100%. `headline`: code of the row that stands for the table.
    `model_item`: the question helps define the profiles, so nothing is tested. `sort`: the
    order of the answers for every writer; those with `Row.last` stay last. `dont_know`: where
    those who do not know are (`leave_out`: nowhere, so the table has no row of them). `base`:
    who was asked, where not everybody was. `filter`: whom of these the table is about, as
    pairs of a variable and its codes; `base_text` then says so too.
    """

    number: str
    question: str
    item: str | None
    theme: str
    dimension: str
    type: str
    text: Text
    question_text: Text
    base_text: Text | None
    special: str
    multiple: bool
    headline: str | None
    model_item: bool
    sort: Literal["none", "descending"] = "none"
    dont_know: DontKnow = "apart"
    base: Base | None = None
    filter: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, eq=False)
class Table:
    """A question (or grid item) by the columns of a banner. R rows, C columns, `TOTAL` last.

    Columns may be of several axes (`banner.axis_of_column`); those of one axis never share a
    person.

    Shares are 0-1, means in units of the scale; NaN where there is no base.
    `p_value` tests a column against all others together (t test of `difference` over
    `difference_error` with `degrees_of_freedom`); NaN in the total column.
    `p_adjusted` is Benjamini-Hochberg within the table. `count` is the unweighted number of
    people behind an estimate. `weighted_base` is on weights with a mean of 1. `dont_know` is
    a share of all who were asked. `letters` (R x C): of which columns of the same axis a cell
    is significantly higher than, where columns are compared in pairs. `association`: the test
    of the whole table, per axis.
    """

    identity: Identity
    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    estimate: Floats
    standard_error: Floats
    low: Floats
    high: Floats
    difference: Floats
    difference_error: Floats
    degrees_of_freedom: Floats
    p_value: Floats
    p_adjusted: Floats
    count: Ints
    standard_deviation: Floats
    n: Ints
    n_eff: Floats
    weighted_base: Floats
    asked: Ints
    dont_know: Floats
    dont_know_count: Ints
    letters: tuple[tuple[str, ...], ...] | None = None
    association: tuple[Association, ...] = ()

    def row(self, code: str) -> int:
        """Index of the row with this code."""
        return next(i for i, row in enumerate(self.rows) if row.code == code)


class Verdict(StrEnum):
    """How a profile compares with all others together, where that is marked."""

    NONE = ""
    HIGHER = "higher"
    LOWER = "lower"


class Flag(StrEnum):
    """Why a number is absent or weak."""

    NONE = ""
    INDICATIVE = "indicative"
    TOO_FEW = "too_few"
    PROTECTED = "protected"
    BELOW = "below"  # "< 1%": at most `Cell.bound`
    NO_BASE = "no_base"


@dataclass(frozen=True)
class Cell:
    """One published number: rounded (shares to whole per cents, means to one decimal).

    `letters`: of the columns of the same axis that it is significantly higher than.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    verdict: Verdict = Verdict.NONE
    flag: Flag = Flag.NONE
    bound: float | None = None
    letters: str = ""

    @property
    def shown(self) -> bool:
        return self.value is not None


@dataclass(frozen=True)
class PublishedTable:
    """A table as it may be shown. `n_eff` is whole numbers and stays out of client sheets.

    `n` and `n_eff` are None in a column whose number of people tells how many gave an answer
    that is hidden elsewhere.
    """

    identity: Identity
    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    n: tuple[int | None, ...]
    n_eff: tuple[int | None, ...]
    dont_know: tuple[Cell, ...]

    def cell(self, row: str, column: str) -> Cell:
        i = next(i for i, r in enumerate(self.rows) if r.code == row)
        return self.cells[i][self.columns.index(column)]

    def row(self, code: str) -> Row:
        return next(row for row in self.rows if row.code == code)


@dataclass(frozen=True)
class Finding:
    """A difference of one profile with all others that holds over the whole dossier.

    `strength`: the end of the interval of the difference that is nearest zero, as a share
    (means: in standard deviations); findings are ranked by it.
    """

    table: str
    row: str
    column: str
    direction: Verdict
    strength: float


@dataclass(frozen=True)
class ProfileSize:
    """Weighted share of a profile among the respondents (None when hidden)."""

    profile: str
    n: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ThemeTables:
    """Everything published about one theme in one wave.

    `overviews`: grids in one table, of the very cells in `tables`.
    """

    theme: str
    tables: tuple[PublishedTable, ...]
    findings: tuple[Finding, ...]
    sizes: tuple[ProfileSize, ...]
    hidden_cells: int
    cells: int
    notes: tuple[str, ...] = field(default=())
    overviews: tuple[PublishedTable, ...] = ()

    def table(self, number: str) -> PublishedTable | None:
        return next((t for t in self.tables if t.identity.number == number), None)
