"""What differs between two editions: numbers, marks, what is hidden, and texts; per table.

Works on published numbers alone (the columns of `tidy`), so whatever it says may be printed
in a dossier.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd

from flows.crosstabs.diff.changes import (
    CellChange,
    Shown,
    State,
    TableChange,
    TableDiff,
    TextChange,
    What,
    by_size,
)
from flows.crosstabs.diff.sentences import IN_UNITS, Labels, sentence_of
from flows.definitions.models import Text

__all__ = ["CellChange", "Shown", "TableChange", "TableDiff", "TextChange", "compare"]

POINTS_OF_SD = 0.25
"""What a standard deviation counts for: five points stand to 0.2 of it, as where marks begin."""

_KEYS = ["table", "answer", "statistic", "column", "area"]
_NORMAL = 1.959964


def compare(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    texts: tuple[Mapping[str, str], Mapping[str, str]] | None = None,
    labels: Labels | None = None,
) -> TableDiff:
    """Compare the published numbers of two editions of a theme.

    `before`, `after`: one line per published number with the columns of `tidy`. `texts`: all
    texts of both by their place (`tables E07 text (nl)`), where they are known. `labels`: what
    a row `(table, answer)` and a column `(column,)` are called in the sentences; its code
    where left out.

    A cell without a line is hidden. What has numbers in one edition only, a row or a column of
    a table, is listed as that and not cell by cell.
    """
    old, new = _numbers(before), _numbers(after)
    wording = () if texts is None else tuple(_text_changes(*texts))
    names = list(dict.fromkeys([*new, *old]))
    tables = [
        _table(name, old.get(name, {}), new.get(name, {}), wording, labels or {}) for name in names
    ]
    known = {name for name in names if name in old and name in new}
    others = tuple(t for t in wording if t.table == "" or t.table in known)
    return TableDiff(tuple(tables), others)


Numbers = dict[tuple[str, str, str, str], Shown]
"""By row, statistic, column and area."""


def _numbers(frame: pd.DataFrame) -> dict[str, Numbers]:
    """The lines of each table."""
    found: dict[str, Numbers] = {}
    columns = [*_KEYS, "value", "low", "high", "n", "n_eff", "verdict", "flag"]
    for line in frame[columns].itertuples(index=False, name=None):
        table, row, statistic, column, area, value, low, high, n, n_eff, verdict, flag = line
        people, effective = _known(n), _known(n_eff)
        found.setdefault(str(table), {})[str(row), str(statistic), str(column), str(area)] = Shown(
            value=_known(value),
            low=_known(low),
            high=_known(high),
            n=None if people is None else int(people),
            n_eff=None if effective is None else int(effective),
            verdict=str(verdict),
            flag=str(flag),
        )
    return found


def _known(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _table(
    name: str,
    old: Numbers,
    new: Numbers,
    wording: Iterable[TextChange],
    labels: Labels,
) -> TableChange:
    rows_old, rows_new = (list(dict.fromkeys(k[0] for k in each)) for each in (old, new))
    columns_old, columns_new = (list(dict.fromkeys(k[2] for k in each)) for each in (old, new))
    rows = set(rows_old) & set(rows_new)
    columns = set(columns_old) & set(columns_new)
    both = [k for k in dict.fromkeys([*new, *old]) if k[0] in rows and k[2] in columns]
    cells = [_cell(name, key, old.get(key), new.get(key)) for key in both]
    changed = sorted((cell for cell in cells if cell is not None), key=by_size)
    texts = tuple(text for text in wording if text.table == name)
    added = tuple(row for row in rows_new if row not in rows) if old else ()
    removed = tuple(row for row in rows_old if row not in rows) if new else ()
    columns_added = tuple(c for c in columns_new if c not in columns) if old else ()
    columns_removed = tuple(c for c in columns_old if c not in columns) if new else ()
    state: State = "same"
    if not old or not new:
        state = "added" if new else "removed"
        texts = ()
    elif changed or texts or added or removed or columns_added or columns_removed:
        state = "changed"
    table = TableChange(
        table=name,
        state=state,
        cells=tuple(changed),
        numbers=len(both),
        rows_added=added,
        rows_removed=removed,
        columns_added=columns_added,
        columns_removed=columns_removed,
        texts=texts,
        n=(_people(old), _people(new)),
        summary=Text(nl=".", en="."),
    )
    sentences = {language: sentence_of(table, labels, language) for language in ("nl", "en")}
    return replace(table, summary=Text(**sentences))


def _people(numbers: Numbers) -> int | None:
    """The most people behind a number: those in the total."""
    return max((shown.n for shown in numbers.values() if shown.n is not None), default=None)


def _cell(
    table: str, key: tuple[str, str, str, str], old: Shown | None, new: Shown | None
) -> CellChange | None:
    row, statistic, column, area = key
    what: list[What] = []
    change, size = None, 0.0
    if old is None or new is None:
        what.append("shown" if old is None else "hidden")
    else:
        if (old.value, old.flag == "below") != (new.value, new.flag == "below") or (
            new.flag == "below" and old.high != new.high
        ):
            what.append("number")
            change = new.number - old.number
            size = abs(change) * _unit(statistic, old, new)
        if old.verdict != new.verdict:
            what.append("verdict")
        if old.flag != new.flag:
            what.append("flag")
        if (old.low, old.high) != (new.low, new.high) and "below" not in (old.flag, new.flag):
            what.append("interval")
    if not what:
        return None
    return CellChange(table, row, statistic, column, area, tuple(what), old, new, change, size)


def _unit(statistic: str, old: Shown, new: Shown) -> float:
    """What a unit of a scale counts for, by the standard deviation that the intervals tell."""
    if statistic not in IN_UNITS:
        return 1.0
    deviations = [
        max(shown.high - shown.low, 0.1) / (2 * _NORMAL) * math.sqrt(max(shown.n_eff or 1, 1))
        for shown in (old, new)
        if shown.low is not None and shown.high is not None
    ]
    return POINTS_OF_SD / max(deviations) if deviations else POINTS_OF_SD


# ----------------------------------------------------------------------------------- texts


def _text_changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[TextChange]:
    for place in dict.fromkeys([*after, *before]):
        old, new = before.get(place), after.get(place)
        if old != new:
            parts = place.split()
            table = parts[1] if len(parts) > 1 and parts[0] == "tables" else ""
            yield TextChange(place, table, old, new)
