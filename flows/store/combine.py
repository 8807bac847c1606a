"""Several files of one wave as one frame, and what one frame changes to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flows.store.batch_records import Changes
from flows.store.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

PERSON = "respondent"
ORDERING = (PERSON, "status", "progress", "completed")
"""The columns that decide which of a person's answers count."""


def put_together(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The frames of several files, oldest first, as one; each person once.

    Of a person in more than one file the latest complete interview counts: complete before
    broken off, then the latest completion date, then the newest file. People stand in the
    order in which they first appear. A column that a file lacks was not asked there.
    """
    import numpy as np
    import pandas as pd

    frames = [frame for frame in frames if len(frame)] or list(frames[-1:])
    if len(frames) == 1:
        return frames[0].reset_index(drop=True)
    names = list(dict.fromkeys(name for frame in reversed(frames) for name in frame.columns))
    whole = pd.DataFrame({name: _column(name, frames) for name in names})
    if PERSON not in whole:
        return whole
    order = pd.DataFrame(
        {
            "complete": pd.concat([_complete(frame) for frame in frames], ignore_index=True),
            "completed": whole["completed"].fillna("") if "completed" in whole else "",
            "person": whole[PERSON],
        }
    )
    latest = order.sort_values(["complete", "completed"], kind="stable")
    kept = latest.drop_duplicates("person", keep="last").index.to_numpy()
    appearance, _ = pd.factorize(whole[PERSON])
    kept = kept[np.argsort(appearance[kept])]
    return whole.iloc[kept].reset_index(drop=True)


def compare(old: pd.DataFrame, new: pd.DataFrame) -> Changes:
    """What `new` changes to `old`, person by person."""
    import numpy as np

    before = old.drop_duplicates(PERSON).set_index(PERSON)
    after = new.drop_duplicates(PERSON).set_index(PERSON)
    place = before.index.get_indexer(after.index)
    shared = place >= 0
    cells = {}
    for name in after.columns:
        if name not in before:
            continue
        was, became = _comparable(before[name], after[name])
        count = int(np.count_nonzero(was[place[shared]] != became[shared]))
        if count:
            cells[str(name)] = count
    # Rows beyond a person's first count as rows, so that a removed duplicate is told too.
    doubled = (len(new) - len(after)) - (len(old) - len(before))
    return Changes(
        rows_added=int((~shared).sum()) + max(doubled, 0),
        rows_removed=len(before) - int(shared.sum()) + max(-doubled, 0),
        cells=cells,
        columns_added=tuple(str(n) for n in after.columns if n not in before),
        columns_removed=tuple(str(n) for n in before.columns if n not in after),
    )


def _column(name: str, frames: Sequence[pd.DataFrame]) -> pd.Series[Any]:
    """One column of all frames under each other."""
    import pandas as pd

    from flows.definitions.options import Missing

    present = [frame[name] for frame in frames if name in frame]
    coded = [str(column.dtype) == "category" for column in present]
    if not any(coded):
        texts = {str(column.dtype) in ("str", "object") for column in present}
        if len(texts) > 1:
            raise _differently_read(name)
        dtype = present[0].dtype if present[0].dtype.kind not in "biu" else "float64"
        parts = [
            frame[name] if name in frame else pd.Series([None] * len(frame), dtype=dtype)
            for frame in frames
        ]
        return pd.concat(parts, ignore_index=True)
    if not all(coded):
        raise _differently_read(name)
    categories = _united([column.cat.categories.tolist() for column in present])
    not_asked = Missing.NOT_ASKED.code
    if len(present) < len(frames) and not_asked not in categories:
        categories.append(not_asked)
    coding = pd.CategoricalDtype(categories, ordered=any(column.cat.ordered for column in present))
    parts = [
        frame[name].astype(coding)
        if name in frame
        else pd.Series(pd.Categorical([not_asked] * len(frame), dtype=coding))
        for frame in frames
    ]
    return pd.concat(parts, ignore_index=True)


def _differently_read(name: str) -> StoreError:
    return StoreError(
        f"The files of this wave hold column {name} in different ways, because the "
        "questionnaire changed between them: process all files of the wave again."
    )


def _united(lists: Sequence[list[Any]]) -> list[Any]:
    """All categories: those of the newest file in its order, older ones before the missing."""
    newest = list(lists[-1])
    extra = [value for older in lists[:-1] for value in older if value not in newest]
    missing = [value for value in newest if str(value).startswith(".")]
    plain = [value for value in newest if value not in missing]
    extra = list(dict.fromkeys(extra))
    return [
        *plain,
        *(value for value in extra if not str(value).startswith(".")),
        *missing,
        *(value for value in extra if str(value).startswith(".")),
    ]


def _complete(frame: pd.DataFrame) -> pd.Series[bool]:
    """Whether each interview was finished, as far as its file can tell."""
    import pandas as pd

    complete = pd.Series(True, index=frame.index)
    if "status" in frame:
        complete &= ~frame["status"].astype(str).isin(["broken_off", "no_answers"])
    if "progress" in frame:
        complete &= ~(frame["progress"].astype(float) < 100)
    if "completed" in frame and frame["completed"].notna().any():
        complete &= frame["completed"].notna()
    return complete


def _comparable(
    old: pd.Series[Any], new: pd.Series[Any]
) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Both columns as arrays that can be compared cell by cell; no value equals no value."""
    import pandas as pd

    coded = [str(column.dtype) == "category" for column in (old, new)]
    if all(coded):
        places = {value: code for code, value in enumerate(new.cat.categories)}
        for value in old.cat.categories:
            places.setdefault(value, len(places))
        return _codes(old, places), _codes(new, places)
    if all(column.dtype.kind in "biuf" for column in (old, new)):
        numbers = [column.astype(float).to_numpy(copy=True) for column in (old, new)]
        for values in numbers:
            values[pd.isna(values)] = float("inf")
        return numbers[0], numbers[1]
    texts = [column.astype(object).where(column.notna(), None).to_numpy() for column in (old, new)]
    return texts[0], texts[1]


def _codes(column: pd.Series[Any], places: dict[Any, int]) -> NDArray[np.generic]:
    import numpy as np

    # The last entry serves code -1, which stands for no value.
    lookup = np.array([places[value] for value in column.cat.categories] + [-1])
    codes: NDArray[np.generic] = lookup[column.cat.codes.to_numpy()]
    return codes
