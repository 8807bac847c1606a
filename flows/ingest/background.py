"""People asked before bring their background along from an earlier wave."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flows.definitions.options import Missing
from flows.definitions.waves import Source, Wave
from flows.ingest.errors import Strangers
from flows.ingest.frames import (
    MISSING_SUFFIX,
    PERSON_COLUMNS,
    Positions,
    RawResponses,
    Status,
    categorical,
)

FEWEST_KNOWN = 0.5
"""Share of a file's people that must be in the wave that holds their background."""


def refuse_strangers(raw: RawResponses, background: pd.Series, wave: Wave, source: Source) -> None:
    """Refuse a pseudonymised file most of whose people are not in the background wave.

    A file with another kind of id would otherwise replace good answers by ones that count
    nowhere. `background`: the pseudonyms of that wave; without any, nothing is refused here.

    Raises `Strangers`.
    """
    people = pd.Series(raw.respondents).dropna()
    if people.empty or background.empty:
        return
    known = int(people.isin(background).sum())
    if known < FEWEST_KNOWN * len(people):
        raise Strangers(
            f"{raw.name}: {known:,} of its {len(people):,} people are in wave "
            f"{wave.background_from}, from which the background of {wave.code} comes. Check "
            f"that {source.id} holds the same ids in both files; nothing was stored."
        )


def with_background(answers: pd.DataFrame, background: pd.DataFrame) -> pd.DataFrame:
    """Join the answers of an earlier wave by respondent.

    Added are the answer columns of `background` that `answers` lacks, or holds only as not
    asked. People who are not in `background` get the status `not_in_background` if they were
    kept, and `.not_asked` in the added columns. Rows, their order and all other columns stay.
    """
    earlier = background.drop_duplicates("respondent", keep="last").set_index("respondent")
    place = earlier.index.get_indexer(pd.Index(answers["respondent"]))
    absent = place < 0
    added: dict[str, pd.Series] = {}
    for name in earlier.columns:
        if name in PERSON_COLUMNS or name.endswith(MISSING_SUFFIX):
            continue
        kind = f"{name}{MISSING_SUFFIX}"
        number = kind in earlier.columns
        if name in answers.columns and not _only_not_asked(answers, kind if number else name):
            continue
        added[name] = _taken(earlier[name], place)
        if number:
            added[kind] = _taken(earlier[kind], place)
    status = answers["status"].to_numpy(dtype=object).copy()
    status[absent & (status == Status.KEPT)] = Status.NOT_IN_BACKGROUND
    own = answers.drop(columns=[name for name in added if name in answers.columns])
    own = own.assign(status=pd.array(status, dtype="str"))
    return pd.concat([own, pd.DataFrame(added, index=answers.index)], axis=1)


def _only_not_asked(answers: pd.DataFrame, name: str) -> bool:
    values = answers[name]
    if isinstance(values.dtype, pd.CategoricalDtype):
        return bool((values == Missing.NOT_ASKED.code).all())
    return bool(values.isna().all())


def _taken(values: pd.Series, place: Positions) -> pd.Series:
    """The value of each person; what stands for nothing where the person is absent."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = list(values.cat.categories)
        codes = np.append(values.cat.codes.to_numpy(), categories.index(Missing.NOT_ASKED.code))
        return categorical(codes[place], categories)
    taken = values.reset_index(drop=True).reindex(np.where(place < 0, len(values), place))
    taken = taken.reset_index(drop=True)
    return taken.where(taken.notna(), None) if taken.dtype == object else taken
