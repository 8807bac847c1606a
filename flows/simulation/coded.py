"""Files that hold codes of options, where others have a column per option."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from flows.definitions.questions import QuestionType
from flows.simulation.chance import TextArray
from flows.simulation.routing import Drawn


def source_columns(
    drawn: Sequence[Drawn], cells: TextArray, wave: str
) -> Iterator[tuple[str, TextArray]]:
    """The columns of the file with their cells (n), in order.

    `cells` (n, columns): what was drawn, a column per answer column. Where a question's file
    holds codes of options, these stand in its columns instead: of a ranking by place, else in
    the order of the options.
    """
    done: set[str] = set()
    for i, one in enumerate(drawn):
        question = one.column.question
        if one.column.option is None or not question.coded:
            yield one.column.source(wave), cells[:, i]
        elif question.code not in done:
            done.add(question.code)
            own = [
                k
                for k, other in enumerate(drawn)
                if other.column.question is question and other.column.option is not None
            ]
            names = one.column.sources(wave)
            codes = _codes([drawn[k] for k in own], cells[:, own], len(names))
            yield from zip(names, codes.T, strict=True)


def _codes(drawn: Sequence[Drawn], marks: TextArray, columns: int) -> TextArray:
    """(n, columns) the codes of the options, from marks (n, options) per option."""
    n = len(marks)
    codes = np.full((n, columns), "", dtype=object)
    used = np.zeros(n, dtype=np.intp)
    ranking = drawn[0].column.question.type is QuestionType.RANKING
    for k, one in enumerate(drawn):
        option = one.column.option
        assert option is not None
        chosen = np.flatnonzero(~np.isin(marks[:, k], ["", "0"]))
        ranked = ranking and option.missing is None
        place = marks[chosen, k].astype(np.intp) - 1 if ranked else used[chosen]
        fits = place < columns
        codes[chosen[fits], place[fits]] = option.source_codes[0]
        used[chosen] += 1
    return codes
