"""The columns in which the answers to a question are kept."""

from __future__ import annotations

from flows.definitions.models import Model, Text
from flows.definitions.options import MISSING_CODES, Item, Option
from flows.definitions.questions import Question, QuestionType


class AnswerColumn(Model):
    """One column of the answer frame.

    `codes`: the substantive codes it may hold, in order: those of the options, or, in a column
    of one option, `1` and `0`, chosen or not (of a ranking its rank, or `0`). Coded columns are
    pandas categoricals with categories `codes + MISSING_CODES`. A number's column is float, its
    missing kinds stand in `<name>__missing`. The words of an open answer are text.
    """

    name: str
    question: Question
    item: Item | None = None
    option: Option | None = None
    codes: tuple[str, ...] = ()

    @property
    def number(self) -> str:
        """The stable number of the table that shows it, e.g. `E07`, `E07a` or `F2.7`."""
        if self.item is None:
            return self.question.code
        # F2 with item 10 must not read as question F210.
        between = "." if self.item.code[0].isdigit() else ""
        return f"{self.question.code}{between}{self.item.code}"

    @property
    def text(self) -> Text:
        """What is asked here: the grid item's statement, else the question."""
        return self.item.label if self.item else self.question.text

    @property
    def is_text(self) -> bool:
        """Whether it holds the words of an open answer."""
        return self.question.type is QuestionType.OPEN and self.option is None

    @property
    def chosen(self) -> tuple[str, ...]:
        """Of a column of one option, the codes that say it was chosen."""
        return tuple(code for code in self.codes if code != "0") if self.option else ()

    def sources(self, wave: str) -> tuple[str, ...]:
        """The names of the source columns it is read from: one, or all that hold codes."""
        coded = self.question.coded
        if self.option is None or not coded:
            return (self.source(wave),)
        stem = self.question.columns.get(wave)
        return coded if stem is None else tuple(f"{stem}_{i + 1}" for i in range(len(coded)))

    def source(self, wave: str) -> str:
        """The name of its own source column in the files of `wave`."""
        part = self.item or self.option
        if part is not None and part.column:
            return part.column
        stem = self.question.columns.get(wave) or self.question.column or self.question.code
        return f"{stem}_{part.code}" if part is not None else stem

    @property
    def categories(self) -> tuple[str, ...]:
        return self.codes + MISSING_CODES


def columns_of(question: Question) -> tuple[AnswerColumn, ...]:
    """The answer columns of one question: `E07`, `E07_a` per grid item, `E15_b` per option.

    Those of a coded open question are its options', then its words where they are kept.
    """
    codes = tuple(option.code for option in question.substantive)
    if question.type is QuestionType.GRID:
        return tuple(
            AnswerColumn(
                name=f"{question.code}_{item.code}", question=question, item=item, codes=codes
            )
            for item in question.items
        )
    if question.is_marked:
        ranks = question.places if question.type is QuestionType.RANKING else 1
        marks = (*(str(rank + 1) for rank in range(ranks)), "0")
        columns = [
            AnswerColumn(
                name=f"{question.code}_{option.code}",
                question=question,
                option=option,
                codes=marks,
            )
            for option in question.options
        ]
        if question.has_text:
            columns.append(AnswerColumn(name=question.code, question=question))
        return tuple(columns)
    return (AnswerColumn(name=question.code, question=question, codes=codes),)
