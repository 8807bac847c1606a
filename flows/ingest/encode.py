"""Source codes become question codes, column by column.

Each distinct text of a column is looked up once; the rest is array indexing. A text that the
questionnaire does not know stays as it was found, as an extra category.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.columns import AnswerColumn
from flows.definitions.options import MISSING_CODES
from flows.definitions.questions import QuestionType
from flows.ingest.frames import Bools

EMPTY = "."
"""Category of an empty cell until its kind of missing is decided; never a code."""

NO_VALUE = frozenset({"NA", "NaN", "nan", "#NULL!", "."})
"""What statistical packages write for an empty cell."""

_NUMBER = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$")


@dataclass(frozen=True, eq=False)
class Encoded:
    """One column in codes: `codes` index `categories`; `unknown` are those not understood."""

    codes: NDArray[np.intp]
    categories: tuple[str, ...]
    unknown: tuple[str, ...]
    numbers: NDArray[np.float64] | None = None

    def holds(self, *categories: str) -> Bools:
        """Which rows hold one of these categories."""
        wanted = [i for i, name in enumerate(self.categories) if name in categories]
        return np.isin(self.codes, wanted)

    @property
    def empty(self) -> Bools:
        return self.holds(EMPTY)

    @property
    def not_understood(self) -> Bools:
        return self.holds(*self.unknown)

    def put(self, rows: Bools, category: str) -> Encoded:
        """The same column with `category` in these rows."""
        if not rows.any():
            return self
        categories = self.categories
        if category not in categories:
            categories = (*categories, category)
        codes = np.where(rows, categories.index(category), self.codes)
        return Encoded(codes, categories, self.unknown, self.numbers)

    def annotate(self, rows: Bools, remark: str) -> Encoded:
        """Make the values in these rows unknown ones: `3` becomes `3 (remark)`."""
        column, unknown = self, self.unknown
        values = self.codes if self.numbers is None else self.numbers
        for value in np.unique(values[rows]):
            found = f"{value:g}" if self.numbers is not None else self.categories[int(value)]
            text = f"{found} ({remark})"
            column = column.put(rows & (values == value), text)
            unknown = (*unknown, text)
        return Encoded(column.codes, column.categories, unknown, self.numbers)


def encode(cells: pd.Series, column: AnswerColumn) -> Encoded:
    """The cells of a source column in the codes of its answer column."""
    found, texts = pd.factorize(cells)
    names = [str(text) for text in texts]
    if column.question.type is QuestionType.NUMBER:
        return _numbers(found, names)
    if column.is_text:
        return Encoded(np.where(found < 0, 1, 0), ("text", EMPTY), ())
    known = source_codes(column)
    targets = [EMPTY if n in NO_VALUE and n not in known else known.get(n) for n in names]
    own = {*column.categories, EMPTY}
    unknown = tuple(
        f"{name} (no source code)" if name in own else name
        for name, target in zip(names, targets, strict=True)
        if target is None
    )
    categories = (*column.categories, EMPTY, *unknown)
    position = {name: i for i, name in enumerate(categories)}
    left = iter(unknown)
    lookup = [position[next(left) if target is None else target] for target in targets]
    codes = np.array([*lookup, position[EMPTY]], dtype=np.intp)[found]
    return Encoded(codes, categories, unknown)


def source_codes(column: AnswerColumn) -> dict[str, str]:
    """Which category each source code stands for."""
    if column.option is not None:
        return _mark_codes(column)
    return {
        source: option.missing.code if option.missing else option.code
        for option in column.question.options
        for source in option.source_codes
    }


def _mark_codes(column: AnswerColumn) -> dict[str, str]:
    """An option's own column: `0`, or what says that it was chosen.

    Chosen is written `1`, as the option's own code, or by its `source` codes; in a ranking
    it is the place it was given.
    """
    option = column.option
    assert option is not None
    if column.question.type is QuestionType.RANKING and option.missing is None:
        return {code: code for code in (*column.chosen, "0")}
    codes = dict.fromkeys(option.source or ("1", option.code), "1")
    codes.setdefault("0", "0")
    return codes


def _numbers(found: NDArray[np.intp], names: list[str]) -> Encoded:
    values = [to_number(name) for name in names]
    unknown = tuple(
        f"{name} (no number)" if name.startswith(".") else name
        for name, value in zip(names, values, strict=True)
        if value is None and name not in NO_VALUE
    )
    categories = ("", *MISSING_CODES, EMPTY, *unknown)
    left = iter(range(len(categories) - len(unknown), len(categories)))
    lookup = [
        0 if value is not None else categories.index(EMPTY) if name in NO_VALUE else next(left)
        for name, value in zip(names, values, strict=True)
    ]
    codes = np.array([*lookup, categories.index(EMPTY)], dtype=np.intp)[found]
    numbers = np.array([np.nan if v is None else v for v in values] + [np.nan])[found]
    return Encoded(codes, categories, unknown, numbers)


def to_number(text: str) -> float | None:
    """The number that a text stands for, with a point or a comma; None if it is none."""
    return float(text.replace(",", ".")) if _NUMBER.match(text) else None
