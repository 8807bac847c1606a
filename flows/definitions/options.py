"""What can be answered: options, the scales that share them, and what is counted together."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from flows.definitions.models import Code, Labelled, Model, SourceCode


class Missing(StrEnum):
    """Why there is no substantive answer; stored in the answer column itself as `.kind`."""

    DONT_KNOW = "dont_know"
    REFUSED = "refused"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASKED = "not_asked"
    SKIPPED = "skipped"
    BROKEN_OFF = "broken_off"
    INVALID = "invalid"

    @property
    def code(self) -> str:
        """The code under which this kind is stored, e.g. `.dont_know`."""
        return f".{self.value}"


MISSING_CODES: tuple[str, ...] = tuple(kind.code for kind in Missing)


class Option(Labelled):
    """One answer option.

    `source`: the codes by which the source files write this option (default: its own code).
    `value`: the number it counts for in a mean (default: its code, when that is a number).
    `missing`: set when choosing it is no substantive answer.
    `column`: for multiple and ranking questions, the source column of this option.
    `last`: stays at the end of a sorted table ("other", "none of these").
    `exclusive`: of a multiple question, rules out the others ("none of these").
    """

    source: tuple[SourceCode, ...] = ()
    value: float | None = None
    missing: Missing | None = None
    column: str | None = None
    last: bool = False
    exclusive: bool = False

    @property
    def source_codes(self) -> tuple[str, ...]:
        return self.source or (self.code,)

    @property
    def score(self) -> float | None:
        if self.missing is not None:
            return None
        if self.value is not None:
            return self.value
        try:
            return float(self.code)
        except ValueError:
            return None


class Item(Labelled):
    """One row of a grid. `reverse`: agreeing means the opposite of the question's direction."""

    column: str | None = None
    reverse: bool = False


class Net(Labelled):
    """Options counted together, such as the top two of an agreement scale.

    The options are named, or are the `top` or `bottom` so many: the most, or the least,
    positive by the direction of the scale. After loading, `options` are always filled.
    """

    options: tuple[Code, ...] = ()
    top: Annotated[int, Field(ge=1)] | None = None
    bottom: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _declared_once(self) -> Self:
        given = (bool(self.options), self.top is not None, self.bottom is not None)
        if sum(given) != 1:
            raise ValueError(f"net {self.code} needs one of options, top and bottom")
        return self


class Score(Labelled):
    """A net score: the % of one net or option less the % of another, in points."""

    plus: Code
    minus: Code


class Band(Labelled):
    """A row of a number: `low` <= number <= `high`, open where left out.

    Bands stand from low to high; a number between two of them belongs to the lower one.
    """

    low: float | None = None
    high: float | None = None


Direction = Literal["higher", "lower", "none"]
Statistic = Literal["mean", "median", "sd"]
DontKnow = Literal["apart", "answer", "leave_out"]
"""Where those who do not know go: `apart`, outside the percentages with a row of their own;
an `answer` like the others; or out of the table."""


class Scale(Model):
    """A list of options (and nets) that several questions share.

    `direction`: whether a higher value is a more positive answer, a lower one, or neither.
    """

    options: tuple[Option, ...]
    nets: tuple[Net, ...] = ()
    scores: tuple[Score, ...] = ()
    headline: Code | None = None
    mean: bool = False
    statistics: tuple[Statistic, ...] = ()
    direction: Direction = "none"
    dont_know: DontKnow = "apart"
