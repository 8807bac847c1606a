"""External ids leave the frame as soon as a file is read; a pseudonym takes their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import get_close_matches

import numpy as np
import pandas as pd

from flows.definitions.waves import Source
from flows.ingest.errors import MissingColumns, listed
from flows.ingest.frames import RawResponses

Pseudonyms = Callable[[Sequence[str]], list[str]]


def pseudonymise(raw: RawResponses, source: Source, pseudonyms: Pseudonyms) -> RawResponses:
    """Take the id column out of `raw` and give each row the pseudonym of its person.

    `pseudonyms` gets every distinct external id once and answers with as many pseudonyms, in
    the same order. A row without an id gets None, which a rule finds later.

    Raises `MissingColumns` when the file has no column by the name the source gives.
    """
    if source.id not in raw.frame.columns:
        raise MissingColumns(
            f"{raw.name} has no column {source.id}, which should hold the id of each person. "
            f"Its columns are {listed(raw.columns)}{_like(source.id, raw.columns)}. Correct "
            f"the file, or 'id' of source {source.code} in survey.yaml."
        )
    codes, ids = pd.factorize(raw.frame[source.id])
    known = np.array([*pseudonyms([str(i) for i in ids]), None], dtype=object)
    return replace(raw, frame=raw.frame.drop(columns=[source.id]), respondents=known[codes])


def _like(name: str, columns: Sequence[str]) -> str:
    close = get_close_matches(name, columns, n=1)
    return f" ({close[0]} looks most like it)" if close else ""
