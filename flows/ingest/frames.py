"""The shapes that pass through the ingest stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.columns import AnswerColumn

Bools = NDArray[np.bool_]
Positions = NDArray[np.integer[Any]]

PERSON_COLUMNS = ("respondent", "status", "duration", "progress", "completed")
"""The columns of an answer frame that are no answers."""

MISSING_SUFFIX = "__missing"
"""A number's missing kind stands in `<column>__missing`; `''` there means answered."""


class Status:
    """Whether a respondent counts, and if not, why not."""

    KEPT = "kept"
    NO_ANSWERS = "no_answers"
    BROKEN_OFF = "broken_off"
    SPEEDER = "speeder"
    NOT_IN_BACKGROUND = "not_in_background"

    ALL = (KEPT, NO_ANSWERS, BROKEN_OFF, SPEEDER, NOT_IN_BACKGROUND)


@dataclass(frozen=True, eq=False)
class RawResponses:
    """A file as read: every cell as stripped text, NaN where empty.

    `sha256` is the hash of the file's bytes. `respondents`: the pseudonym of each row, None
    where the file gives no id; set by `pseudonymise`, which also takes the external ids out
    of `frame`.
    """

    name: str
    sha256: str
    kind: str
    frame: pd.DataFrame
    respondents: NDArray[Any] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(str(name) for name in self.frame.columns)

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, eq=False)
class Standardised:
    """Answers in question codes, before judgement.

    `frame` has the columns `row` (1 = first row under the header), `respondent`, `duration`,
    `progress`, `completed` (with the time of day where given) and the answer columns. A value
    that is no answer stands there as it was found, so that a rule can find it.
    """

    name: str
    frame: pd.DataFrame
    columns: tuple[AnswerColumn, ...]


class Settled(NamedTuple):
    """Answers as they are stored, and everything that was refused.

    `quarantine` has one line for each failure: `row`, `respondent`, `rule`, `column`, `value`,
    `severity` and `outcome`: `quarantined` (the person's row is not in `answers`) or
    `made_invalid` (only this answer is not).
    """

    answers: pd.DataFrame
    quarantine: pd.DataFrame


def categorical(
    codes: Positions, categories: Sequence[str], index: pd.Index | None = None
) -> pd.Series:
    """A categorical column from positions in `categories`; -1 is NaN."""
    values = pd.Categorical.from_codes(codes, categories=pd.Index(list(categories), dtype="str"))
    return pd.Series(values, index=index)


def any_of(parts: Iterable[Bools]) -> Bools:
    """Where at least one of the parts is true."""
    found: Bools = np.logical_or.reduce(list(parts))
    return found


def all_of(parts: Iterable[Bools]) -> Bools:
    """Where every part is true."""
    found: Bools = np.logical_and.reduce(list(parts))
    return found
