"""A question as asked: what kind it is, of whom, with which answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, get_args

from pydantic import Field

from flows.definitions.models import Code, Model, Text
from flows.definitions.options import Band, Direction, DontKnow, Item, Net, Option, Score, Statistic


class Base(Model):
    """Who was asked: those who gave one of `options` to `question`; `nl`/`en` name them."""

    question: Code
    options: tuple[Code, ...]
    nl: str
    en: str = ""


class QuestionType(StrEnum):
    """How a question is answered."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    GRID = "grid"
    SCALE = "scale"
    NUMBER = "number"
    OPEN = "open"
    RANKING = "ranking"
    EXPERIMENT = "experiment"


class Dimension(StrEnum):
    """What a question is about."""

    ATTITUDE = "attitude"
    BEHAVIOUR = "behaviour"
    MOTIVE = "motive"
    BARRIER = "barrier"
    CHANNEL = "channel"
    TRUST = "trust"
    ENGAGEMENT = "engagement"
    PARTICIPATION = "participation"
    DEMOGRAPHIC = "demographic"


class Question(Model):
    """One question as asked.

    After loading, whatever a `Scale` has already holds what the named `scale` gives where
    the question itself does not say otherwise.
    `column`: source column (default: the question code); `columns`: other names per wave.
    `coded`: source columns that hold codes of the options: of a ranking the first choice, the
    second and so on; of a multiple question, and of an open one whose answers were coded, what
    was mentioned. An open question with options has these as its code frame.
    `waves`: the waves that asked it (default: all). `minimum`/`maximum`: range of a number;
    of a multiple question or ranking, `maximum` is how many may be chosen.
    `bands`: the rows of a number. `top`: a ranking also tells who put an option among their
    first so many. `sort`: the order of the answers in a table, options marked `last` staying
    last; None: multiple questions and rankings descending, others as they stand.
    `overview`: a grid has one table of the headlines of all items too.
    `experiment`: the experiment whose arms may change the answer; `outcomes`: of an experiment,
    the questions it may change (after loading both sides are known here), and `reference` the
    arm with which the others are compared (default: the last).
    `severity`: what a failing answer means; `critical` quarantines the respondent.
    """

    code: Code
    theme: Code | None = None
    dimension: Dimension
    type: QuestionType
    text: Text
    short: Text | None = None
    scale: Code | None = None
    options: tuple[Option, ...] = ()
    items: tuple[Item, ...] = ()
    nets: tuple[Net, ...] = ()
    scores: tuple[Score, ...] = ()
    bands: tuple[Band, ...] = ()
    top: Annotated[int, Field(ge=1)] | None = None
    headline: Code | None = None
    mean: bool = False
    statistics: tuple[Statistic, ...] = ()
    direction: Direction = "none"
    dont_know: DontKnow = "apart"
    sort: Literal["none", "descending"] | None = None
    overview: bool = False
    experiment: Code | None = None
    outcomes: tuple[Code, ...] = ()
    reference: Code | None = None
    base: Base | None = None
    special: Literal["none", "political", "origin", "health"] = "none"
    column: str | None = None
    columns: dict[Code, str] = Field(default_factory=dict)
    coded: tuple[str, ...] = ()
    waves: tuple[Code, ...] = ()
    reworded: tuple[Code, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    severity: Literal["critical", "warning", "info"] = "warning"

    @property
    def label(self) -> Text:
        """The short text where there is one, else the question as asked."""
        return self.short or self.text

    @property
    def substantive(self) -> tuple[Option, ...]:
        """The options that are an answer (no missing kind)."""
        return tuple(option for option in self.options if option.missing is None)

    @property
    def is_coded(self) -> bool:
        """Whether each answer column holds one of the options' codes."""
        return self.type in _CODED

    @property
    def is_marked(self) -> bool:
        """Whether each option has a column of its own (`0` not chosen, else `1` or its rank)."""
        if self.type is QuestionType.OPEN:
            return bool(self.options)
        return self.type in (QuestionType.MULTIPLE, QuestionType.RANKING)

    @property
    def has_text(self) -> bool:
        """Whether the words of an open answer are kept: of a coded one, if `column` names them."""
        return self.type is QuestionType.OPEN and (not self.options or self.column is not None)

    @property
    def places(self) -> int:
        """How many options of a ranking can have a rank."""
        asked = len(self.coded) or len(self.substantive)
        return asked if self.maximum is None else min(asked, int(self.maximum))

    @property
    def shown_statistics(self) -> tuple[Statistic, ...]:
        """The statistics that are rows of the table, in order; of a number at least its mean."""
        wanted = set(self.statistics) | ({"mean"} if self.mean else set())
        if not wanted and self.type is QuestionType.NUMBER:
            wanted = {"mean"}
        return tuple(statistic for statistic in get_args(Statistic) if statistic in wanted)

    def top_code(self, option: str) -> str:
        """The code of the row that tells who put an option among their first `top`."""
        return f"{option}-top{self.top}"

    @staticmethod
    def rank_code(option: str) -> str:
        """The code of the row with the mean rank of an option."""
        return f"{option}-rank"

    @property
    def reference_arm(self) -> str | None:
        """The arm of an experiment with which the others are compared."""
        if self.type is not QuestionType.EXPERIMENT or not self.substantive:
            return None
        return self.reference or self.substantive[-1].code

    def asked_in(self, wave: str) -> bool:
        return not self.waves or wave in self.waves


_CODED = (QuestionType.SINGLE, QuestionType.GRID, QuestionType.SCALE, QuestionType.EXPERIMENT)
