"""The golden answers and demographics of a file that a municipality sends, and nothing else of it.

Columns are recognised by question codes; a demographic variable by its own code or label, holding
levels, or by the questions it is made of. Every other column (names, addresses, numbers of
people) is passed over unread.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.models import Text
from flows.definitions.options import Missing, Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Dimension, Question, QuestionType
from flows.ingest.encode import EMPTY, Encoded, encode
from flows.profiles.errors import ProfileError
from flows.profiles.typing import TypingModel

FIRST_LINE = 2


def names_in_file(typing: TypingModel, questionnaire: Questionnaire) -> frozenset[str]:
    """Every column name that a file may use, in small letters: to find its header."""
    names = {column.name for column in typing.columns}
    for code in _variables(typing):
        names |= {code, *_labels(code, questionnaire)}
        names |= {column.name for column in _sources(code, questionnaire)}
    return frozenset(name.lower() for name in names)


def answers_in_file(
    cells: pd.DataFrame,
    name: str,
    typing: TypingModel,
    questionnaire: Questionnaire,
    first_line: int = FIRST_LINE,
) -> tuple[pd.DataFrame, Questionnaire]:
    """An answer frame from text cells, and the questionnaire it is to be read with.

    A variable whose levels stand in the file becomes a question of that questionnaire. Rows
    without any answer are left out. `first_line`: line of the file that row 0 stands on.
    Raises `ProfileError` for a golden question that is absent and for a code that the
    questionnaire does not know, with its line.
    """
    found = {str(column).strip().lower(): str(column) for column in cells.columns}
    columns = {column.name: column for column in questionnaire.columns()}
    frame: dict[str, object] = {}
    asked = [column.name for column in typing.columns if not column.derived]
    lacking = [code for code in asked if code.lower() not in found]
    if lacking:
        raise ProfileError(
            f"{name} lacks {', '.join(lacking[:8])}{' and more' if lacking[8:] else ''}: golden "
            "questions by which profiles are known. Name the columns by their question codes."
        )
    wanted = [columns[code] for code in asked if code in columns]
    for code in _variables(typing):
        levels_at = _column_of(code, questionnaire, found)
        if levels_at is not None and questionnaire.derived_variable(code) is not None:
            question = _as_question(code, questionnaire)
            questionnaire = _with_question(questionnaire, question)
            texts = _levels(cells[levels_at], question)
            frame[code] = _coded(texts, columns_of(question)[0], name, first_line, levels_at)
        else:
            wanted += [c for c in _sources(code, questionnaire) if c.name.lower() in found]
    for column in {each.name: each for each in wanted}.values():
        where = found[column.name.lower()]
        frame[column.name] = _coded(cells[where], column, name, first_line, where)
    there = ~cells[[found[code.lower()] for code in asked]].isna().all(axis=1).to_numpy()
    answers = pd.DataFrame(frame, index=cells.index)
    return answers.loc[there].reset_index(drop=True), questionnaire


def _coded(
    cells: pd.Series, column: AnswerColumn, name: str, first_line: int, where: str
) -> pd.Series:
    """One answer column; refuses a code that is not known."""
    encoded: Encoded = encode(cells, column)
    wrong = encoded.not_understood
    if wrong.any():
        line = int(np.flatnonzero(wrong)[0])
        raise ProfileError(
            f"{name}, line {first_line + line}: column {where} holds "
            f"{str(cells.iloc[line])[:40]!r}, which is no code of {column.name}"
            f"{f' (and {int(wrong.sum()) - 1} more)' if wrong.sum() > 1 else ''}. Correct the "
            "code, or leave the cell empty where there is no answer."
        )
    if column.question.type is QuestionType.NUMBER:
        return pd.Series(encoded.numbers, index=cells.index, dtype=float)
    kinds = np.array(encoded.categories, dtype=object)
    kinds[kinds == EMPTY] = Missing.SKIPPED.code
    values = pd.Categorical(kinds[encoded.codes], categories=list(column.categories))
    return pd.Series(values, index=cells.index)


def _variables(typing: TypingModel) -> list[str]:
    derived = [column.name for column in typing.columns if column.derived]
    return list(dict.fromkeys((*derived, *typing.concomitants.variables)))


def _labels(code: str, questionnaire: Questionnaire) -> set[str]:
    """What a variable is called, unless a question of that name could be meant."""
    text = questionnaire.label(code)
    taken = {column.name.lower() for column in questionnaire.columns()}
    return {name for name in (text["nl"], text["en"]) if name and name.lower() not in taken}


def _column_of(code: str, questionnaire: Questionnaire, found: dict[str, str]) -> str | None:
    """The column that holds the levels of a variable."""
    names: Iterable[str] = (code, *sorted(_labels(code, questionnaire)))
    return next((found[n.lower()] for n in names if n.lower() in found), None)


def _sources(code: str, questionnaire: Questionnaire) -> list[AnswerColumn]:
    """The answer columns that a variable is made of in the end."""
    derived = questionnaire.derived_variable(code)
    if derived is None:
        return list(columns_of(questionnaire.question(code)))
    return [column for part in derived.of for column in _sources(part, questionnaire)]


def _as_question(code: str, questionnaire: Questionnaire) -> Question:
    levels = questionnaire.levels(code)
    return Question(
        code=code,
        dimension=Dimension.DEMOGRAPHIC,
        type=QuestionType.SINGLE,
        text=Text(nl=questionnaire.label(code)["nl"]),
        options=tuple(Option(code=level.code, nl=level.nl, en=level.en) for level in levels),
    )


def _with_question(questionnaire: Questionnaire, question: Question) -> Questionnaire:
    return questionnaire.model_copy(
        update={
            "questions": (*questionnaire.questions, question),
            "derived": tuple(d for d in questionnaire.derived if d.code != question.code),
        }
    )


def _levels(cells: pd.Series, question: Question) -> pd.Series:
    """Labels of levels as their codes; what is neither stays as it is, to be refused."""
    codes = {option.code for option in question.options}
    known = {
        label: option.code
        for option in question.options
        for label in (option.label["en"], option.nl)
        if label not in codes
    }
    return cells.map(lambda cell: known.get(cell, cell) if isinstance(cell, str) else cell)
