"""A trend as a table of figures, and how each of its changes is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from flows.crosstabs.tables import SHARES, Flag, Floats, Row
from flows.crosstabs.trend.breaks import Break
from flows.crosstabs.trend.changes import Bools, TableTrend, Trend
from flows.crosstabs.trend.groups import Naive
from flows.crosstabs.trend.publish import ChangeCell, Direction, PublishedTrend
from flows.crosstabs.trend.texts import figure, say
from flows.definitions.models import Language, Text
from flows.definitions.survey import Survey
from flows.definitions.waves import Wave

INTERNAL = "INTERN"


@dataclass(frozen=True, eq=False)
class Told:
    """What the page tells besides the figures.

    `names` of the columns; `about`: what the columns are; `looks`: what to look at first;
    `groups`: the columns are groups made for this comparison, and no profiles; `concept`: by a
    model nobody accepted yet.
    """

    survey: Survey
    waves: tuple[Wave, Wave]
    themes: tuple[str, ...]
    names: Mapping[str, Text]
    about: Text
    breaks: tuple[Break, ...]
    looks: tuple[Text, ...]
    internal: bool
    same_people: bool
    groups: bool
    concept: bool
    naive: tuple[Naive, ...]
    language: Language = "nl"


_KEYS = ("survey", "before", "after", "theme", "table", "question", "item", "answer", "statistic")
_EXACT = (
    "error",
    "degrees_of_freedom",
    "p_value",
    "p_adjusted",
    "both",
)


def rows_of(
    told: Told, compared: Sequence[Trend], shown: Sequence[PublishedTrend] | None
) -> pd.DataFrame:
    """The figures, one row per change; shares are 0-1.

    Published: rounded, and only what is shown. Internal: unrounded, with errors and tests, and
    `status` INTERN in every row.
    """
    rows: list[dict[str, Any]] = []
    for place, trend in enumerate(compared):
        for t, table in enumerate(trend.tables):
            marks = table.changed(told.survey.dossier.publication)
            for r, row in enumerate(table.rows):
                for c, column in enumerate(table.columns):
                    key = _key(told, trend, table, row, column)
                    if shown is None:
                        rows.append(key | _exact_row(table, r, c, bool(marks[r, c])))
                        continue
                    public = shown[place].tables[t]
                    cell = public.cells[r][c]
                    if cell.change is not None:
                        people = {"n_before": public.n_before[c], "n_after": public.n_after[c]}
                        rows.append(key | _public_row(cell) | people)
    return pd.DataFrame(rows)


def _key(told: Told, trend: Trend, table: TableTrend, row: Row, column: str) -> dict[str, Any]:
    identity = table.identity
    values = (
        told.survey.code,
        trend.before,
        trend.after,
        identity.theme,
        identity.number,
        identity.question,
        identity.item or "",
        row.code,
        {"answer": "share"}.get(row.kind, row.kind),
    )
    flags = " ".join(flag.value for flag in table.flags)
    return dict(zip(_KEYS, values, strict=True)) | {"column": column, "flags": flags}


def _public_row(cell: ChangeCell) -> dict[str, Any]:
    return {
        "value_before": cell.before.value,
        "value_after": cell.after.value,
        "change": cell.change,
        "low": cell.low,
        "high": cell.high,
        "verdict": cell.direction.value,
        "flag": cell.flag.value,
    }


def _exact_row(table: TableTrend, r: int, c: int, mark: bool) -> dict[str, Any]:
    change = table.change[r, c]
    direction = Direction.NONE
    if mark:
        direction = Direction.UP if change > 0 else Direction.DOWN
    return {
        "status": INTERNAL,
        "value_before": table.before[r, c],
        "value_after": table.after[r, c],
        "change": change,
        "low": table.low[r, c],
        "high": table.high[r, c],
        **{name: getattr(table, name)[r, c] for name in _EXACT},
        "verdict": direction.value,
        "n_before": table.n_before[r, c],
        "n_after": table.n_after[r, c],
    }


# --------------------------------------------------------------------------------- one change


def below(p: Floats, alpha: float) -> Bools:
    """Which p-values are below alpha; those of no test are not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(p < alpha)


def exact(
    table: TableTrend, r: int, c: int, mark: bool, beyond: bool, language: Language
) -> dict[str, Any]:
    """One change for the analyst: unrounded figures, written with one decimal more."""
    row = table.rows[r]
    values = {
        name: float(getattr(table, name)[r, c])
        for name in ("before", "after", "change", "low", "high")
    }
    if not np.isfinite(values["change"]):
        return _hidden("–", say(language, "nobody.wave"))
    tested = bool(np.isfinite(table.p_value[r, c]))
    return {
        "before": level(values["before"], row, language, 1),
        "after": level(values["after"], row, language, 1),
        "change": move(values["change"], row, language, 1),
        "low": move(values["low"], row, language, 1),
        "high": move(values["high"], row, language, 1),
        "p": _p_value(float(table.p_adjusted[r, c]), language),
        "verdict": verdict_of(values["change"], mark, beyond, tested, language),
        "mark": arrow(values["change"]) if mark else "",
        "why": "",
    }


def rounded(
    row: Row, cell: ChangeCell, beyond: bool, tested: bool, language: Language
) -> dict[str, Any]:
    """One change as published."""
    if cell.change is None or cell.low is None or cell.high is None:
        key = "not_compared" if cell.defines_columns else _FLAGS.get(cell.flag, "hidden")
        return _hidden(f"[{say(language, key)}]", say(language, key))
    mark = cell.direction is not Direction.NONE
    sign = 1.0 if cell.direction is Direction.UP else -1.0
    before, after = cell.before.value, cell.after.value
    return {
        "before": "–" if before is None else level(before, row, language),
        "after": "–" if after is None else level(after, row, language),
        "change": move(cell.change, row, language),
        "low": move(cell.low, row, language),
        "high": move(cell.high, row, language),
        "p": "",
        "verdict": verdict_of(sign, mark, beyond, tested, language),
        "mark": arrow(sign) if mark else "",
        "why": say(language, "indicative") if cell.flag is Flag.INDICATIVE else "",
    }


_FLAGS = {
    Flag.TOO_FEW: "few",
    Flag.PROTECTED: "protected",
    Flag.BELOW: "below",
    Flag.NO_BASE: "nobody",
}


def _hidden(text: str, why: str) -> dict[str, Any]:
    empty = dict.fromkeys(("before", "after", "low", "high", "p", "verdict", "mark"), "")
    return {**empty, "change": text, "why": why}


def verdict_of(change: float, mark: bool, beyond: bool, tested: bool, language: Language) -> str:
    """What became of a change, in words; `mark`: beyond chance and large enough."""
    if not tested:
        key = "untested"
    elif mark:
        key = "rose" if change > 0 else "fell"
    else:
        key = "small" if beyond else "same"
    return say(language, key)


def arrow(change: float) -> str:
    """How a marked change is shown; the verdict says it in words."""
    return "▲" if change > 0 else "▼"


def level(value: float, row: Row, language: Language, more: int = 0) -> str:
    """A number as the page writes it: 52% of a share, 5.3 of a mean; `more` decimals."""
    if row.kind == "mean":
        return figure(f"{value:.{1 + more}f}", language)
    points = figure(f"{100 * value:.{more}f}", language)
    return f"{points}%" if row.kind in SHARES else points


def move(value: float, row: Row, language: Language, more: int = 0) -> str:
    """A change as the page writes it: +3 points, +0.1."""
    if row.kind == "mean":
        decimals = 1 + more
    else:
        value, decimals = 100 * value, more
    shown = round(value, decimals)
    return figure(f"{shown:+.{decimals}f}" if shown else f"{0:.{decimals}f}", language)


def _p_value(p: float, language: Language) -> str:
    if not np.isfinite(p):
        return "–"
    return figure("< 0.001" if p < 0.001 else f"{p:.3f}", language)
