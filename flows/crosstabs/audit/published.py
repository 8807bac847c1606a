"""What a reader has: the figures of `tables.csv` and the structure of `codebook.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

BOOK = "codebook.json"
BOOK_FORMAT = 1
"""The codebook and the layout of it that is read."""

LINE = (
    "survey",
    "wave",
    "edition",
    "theme",
    "area",
    "table",
    "question",
    "item",
    "answer",
    "statistic",
    "column",
    "basis",
    "value",
    "low",
    "high",
    "n",
    "n_eff",
    "verdict",
    "flag",
)
"""The columns of the tidy table."""

TOTAL = "total"
DONT_KNOW = "dont_know"
BELOW = "below"

RowKey = tuple[str, str]
"""Kind and code of a row: an answer and a net may bear the same code."""

CellKey = tuple[str, RowKey, str]
"""Table, row and column of a number."""

SHARE_KINDS = ("answer", "net", DONT_KNOW)
"""Rows that are a share of people, 0 to 1."""

UNITS: Mapping[str, float] = {"mean": 0.1, "median": 0.1, "sd": 0.1}
"""Unit a row is rounded to where no codebook says so; else whole per cents."""


@dataclass(frozen=True)
class Figure:
    """One line of the tidy table. `value` None: a bound ("< 1%"), or a number left out."""

    value: float | None
    low: float | None
    high: float | None
    n: int | None
    n_eff: float | None
    verdict: str
    flag: str

    @property
    def is_bound(self) -> bool:
        return self.value is None and self.flag == BELOW

    @property
    def shown(self) -> bool:
        return self.value is not None or self.is_bound


@dataclass(frozen=True)
class BookRow:
    """A row as the codebook describes it. `label`: by language.

    `plus`, `minus`: the rows of which a score or an effect is the difference. `exclusive`: rules
    out other answers. `includes`: an answer whose people are all in this net.
    """

    kind: str
    code: str
    label: Mapping[str, str]
    score: float | None = None
    members: tuple[str, ...] = ()
    plus: str | None = None
    minus: str | None = None
    exclusive: bool = False
    includes: str | None = None

    @property
    def key(self) -> RowKey:
        return (self.kind, self.code)


@dataclass(frozen=True)
class BookColumn:
    """A column as the codebook describes it. `special`: of the variables that make it."""

    code: str
    axis: str
    label: Mapping[str, str]
    special: str = "none"


@dataclass(frozen=True)
class Nest:
    """Columns (`parts`, of `axis`) that divide the people of another column (`whole`)."""

    whole: str
    axis: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class BookTable:
    """A table as the codebook describes it.

    `filter`: the question, and its answers, that decide who was asked. `some`: everybody chose
    at least one answer; `most`: how many answers anybody can choose. `texts`: of the question.
    """

    number: str
    question: str
    item: str | None
    type: str
    multiple: bool
    special: str
    rows: tuple[BookRow, ...]
    columns: tuple[str, ...]
    headline: str | None = None
    filter: tuple[str, tuple[str, ...]] | None = None
    some: bool = False
    most: int | None = None
    texts: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[BookRow, ...]:
        return tuple(row for row in self.rows if row.kind == "answer")

    def named(self, code: str) -> BookRow | None:
        """The net or answer with this code."""
        found = [row for row in self.rows if row.code == code and row.kind in ("net", "answer")]
        return found[-1] if found else None


@dataclass(frozen=True)
class Rules:
    """The rules of publication that the codebook prints; the defaults of the house otherwise."""

    minimum_base: int = 30
    indicative_base: int = 50
    minimum_effective: float = 30
    small_count: int = 4
    small_base: int = 100
    special_base: int = 100


@dataclass(frozen=True, eq=False)
class PublishedFile:
    """One `tables.csv` with its codebook.

    `name`: how messages call it. `local`: measured below province, so the strict rules hold.
    `figures`: by cell. `n`: number of participants by table and column; also of columns whose
    numbers are hidden, where a workbook prints them. `sizes`: published share of a profile.
    `lowest_weight`: as the method prints it. `whole`: whether there was a codebook.
    """

    name: str
    survey: str
    wave: str
    theme: str
    area: str
    local: bool
    tables: Mapping[str, BookTable]
    columns: Mapping[str, BookColumn]
    nests: tuple[Nest, ...]
    rules: Rules
    units: Mapping[str, float]
    figures: Mapping[CellKey, Figure]
    n: Mapping[tuple[str, str], int]
    sizes: Mapping[str, float] = field(default_factory=dict)
    lowest_weight: float | None = None
    whole: bool = True

    def figure(self, table: str, row: RowKey, column: str) -> Figure | None:
        return self.figures.get((table, row, column))

    def hidden(self, table: BookTable) -> tuple[tuple[BookRow, str], ...]:
        """Cells the codebook lists and the tidy table lacks, where anybody was asked."""
        return self._hidden[table.number]

    @cached_property
    def _hidden(self) -> dict[str, tuple[tuple[BookRow, str], ...]]:
        return {
            table.number: tuple(
                (row, column)
                for row in table.rows
                for column in table.columns
                if self.n.get((table.number, column)) != 0
                and not ((f := self.figures.get((table.number, row.key, column))) and f.shown)
            )
            for table in self.tables.values()
        }


def cell_name(file: PublishedFile, table: str, row: BookRow, column: str) -> str:
    """A cell in words: `table E07, row 'Yes' (1), column 'Busy Starters' (starters)`."""
    known = file.columns.get(column)
    head = f"'{known.label['en']}' ({column})" if known else column
    return f"table {table}, row '{row.label['en']}' ({row.code}), column {head}"
