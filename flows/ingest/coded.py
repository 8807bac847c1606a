"""Source columns that hold codes of options: what was mentioned, or what was ranked where.

Files have such columns where a person could name a few options: the codes given to an open
answer, a multiple question as it is stored by some packages, or a ranking with a column for the
first choice, one for the second, and so on. Each option has a column of its own among the
answers, whatever the file looked like.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.columns import AnswerColumn
from flows.definitions.questions import QuestionType
from flows.ingest.encode import EMPTY, NO_VALUE, Encoded

NOTHING = "0"
"""What files write in a column of codes where nothing more was mentioned."""

TWICE = "ranked twice"


def encode_coded(
    cells: Sequence[pd.Series], columns: Sequence[AnswerColumn]
) -> tuple[dict[str, Encoded], list[Encoded]]:
    """The option columns of one question read from its code columns, and these themselves.

    `cells`: the source columns in order; `columns`: the answer columns of all options. An option
    that was not mentioned is left empty, like one that was not ticked. A code that the
    questionnaire does not know stands in the column of an option that was not mentioned, and an
    option ranked twice is marked, so that a rule can find them.
    """
    question = columns[0].question
    options = tuple(option.code for option in question.options)
    ranking = question.type is QuestionType.RANKING
    found = [_codes(series, columns) for series in cells]
    categories = (*columns[0].categories, EMPTY)
    empty = categories.index(EMPTY)
    values = np.full((len(columns), len(cells[0])), empty, dtype=np.intp)
    twice = np.zeros(values.shape, dtype=bool)
    for rank, encoded in enumerate(found):
        mark = categories.index(str(rank + 1) if ranking else "1")
        for i, option in enumerate(options):
            here = encoded.holds(option)
            fresh = values[i] == empty
            values[i, here & fresh] = mark
            twice[i] |= here & ~fresh & ranking
    strange = _unknown_places(found, values == empty)
    result = {}
    for i, column in enumerate(columns):
        read = Encoded(values[i], categories, ()).annotate(twice[i], TWICE)
        for text, places in strange.items():
            if (places == i).any():
                read = read.put(places == i, text)
                read = Encoded(read.codes, read.categories, (*read.unknown, text))
        result[column.name] = read
    return result, found


def _codes(cells: pd.Series, columns: Sequence[AnswerColumn]) -> Encoded:
    """One source column in the codes of the options, `EMPTY` where it says nothing."""
    options = columns[0].question.options
    known = {source: option.code for option in options for source in option.source_codes}
    codes, texts = pd.factorize(cells)
    names = [str(text) for text in texts]
    nothing = NO_VALUE | {NOTHING}
    targets = [known.get(name, EMPTY if name in nothing else None) for name in names]
    unknown = tuple(
        f"{name} (no source code)"
        for name, target in zip(names, targets, strict=True)
        if target is None
    )
    categories = (*(option.code for option in options), EMPTY, *unknown)
    position = {name: i for i, name in enumerate(categories)}
    left = iter(unknown)
    lookup = [position[next(left) if target is None else target] for target in targets]
    return Encoded(np.array([*lookup, position[EMPTY]], dtype=np.intp)[codes], categories, unknown)


def _unknown_places(
    found: Sequence[Encoded], free: NDArray[np.bool_]
) -> dict[str, NDArray[np.intp]]:
    """Per unknown text the option column (n) it is put in, -1 where a person has it not."""
    first_free = np.argmax(free, axis=0)
    result: dict[str, NDArray[np.intp]] = {}
    for encoded in found:
        for text in encoded.unknown:
            before = result.get(text, np.full(free.shape[1], -1, dtype=np.intp))
            result[text] = np.where(encoded.holds(text), first_free, before)
    return result
