"""The figures of a trend as a table for people: heads, answers and verdicts in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from flows.crosstabs.tables import SHARES, TOTAL, Flag, Row
from flows.crosstabs.trend.changes import TableTrend, Trend
from flows.crosstabs.trend.figures import INTERNAL, Told, below, verdict_of
from flows.crosstabs.trend.publish import Direction, PublishedTrend
from flows.crosstabs.trend.texts import say

_HEADS = ("theme", "table", "question", "answer", "column", "unit", "before", "after", "change")
_HEADS_AFTER = ("low", "high", "verdict", "note", "n_before", "n_after")
_HEADS_INTERNAL = ("status", "error", "p")


def readable_rows(
    told: Told, compared: Sequence[Trend], shown: Sequence[PublishedTrend] | None
) -> pd.DataFrame:
    """One row per change that may be shown, with heads in the language of `told`.

    Shares and differences of shares are in per cents and points, means in units of the scale.
    For the analyst (`shown` None) everything, unrounded, with errors and tests.
    """
    heads = (*_HEADS, *_HEADS_AFTER, *(_HEADS_INTERNAL if shown is None else ()))
    waves = {"before": told.waves[0].code, "after": told.waves[1].code}
    named = {
        head: say(told.language, f"head.{head}", wave=waves.get(head.removeprefix("n_"), ""))
        for head in heads
    }
    rows = [
        line | _of_cell(told, trend, table, r, c, shown[place] if shown else None)
        for place, trend in enumerate(compared)
        for table in trend.tables
        for r, row in enumerate(table.rows)
        for c in range(len(table.columns))
        if _is_shown(table, r, c, shown[place] if shown else None, trend)
        for line in [_about(told, table, row, table.columns[c])]
    ]
    return pd.DataFrame(rows, columns=list(heads)).rename(columns=named)


def _is_shown(
    table: TableTrend, r: int, c: int, shown: PublishedTrend | None, trend: Trend
) -> bool:
    if shown is None:
        return True
    return shown.tables[trend.tables.index(table)].cells[r][c].shown


def _about(told: Told, table: TableTrend, row: Row, column: str) -> dict[str, Any]:
    language = told.language
    known = column in told.names
    whom = told.names[column][language] if known else column
    return {
        "theme": told.survey.dossier.theme(table.identity.theme).title[language],
        "table": table.identity.number,
        "question": table.identity.text[language],
        "answer": row.label[language],
        "column": say(language, "everybody") if column == TOTAL else whom,
        "unit": say(language, _unit(row)),
    }


def _unit(row: Row) -> str:
    if row.kind == "mean":
        return "unit.mean"
    return "unit.percent" if row.kind in SHARES else "unit.points"


def _of_cell(
    told: Told, trend: Trend, table: TableTrend, r: int, c: int, shown: PublishedTrend | None
) -> dict[str, Any]:
    rules, row = told.survey.dossier.publication, table.rows[r]
    scale = 1.0 if row.kind == "mean" else 100.0
    tested = bool(np.isfinite(table.p_value[r, c]))
    beyond = bool(below(table.p_adjusted, rules.alpha)[r, c])
    notes = [say(told.language, f"note.{flag.value}") for flag in table.flags]
    if shown is None:
        marked = bool(table.changed(rules)[r, c])
        change = float(table.change[r, c])
        values: dict[str, Any] = {
            name: scale * float(getattr(table, name)[r, c])
            for name in ("before", "after", "change", "low", "high", "error")
        }
        values |= {
            "p": float(table.p_adjusted[r, c]),
            "status": INTERNAL,
            "n_before": int(table.n_before[r, c]),
            "n_after": int(table.n_after[r, c]),
        }
    else:
        public = shown.tables[trend.tables.index(table)]
        cell = public.cells[r][c]
        marked = cell.direction is not Direction.NONE
        change = 1.0 if cell.direction is Direction.UP else -1.0
        figures = {
            "before": cell.before.value,
            "after": cell.after.value,
            "change": cell.change,
            "low": cell.low,
            "high": cell.high,
        }
        values = {name: _in(scale, value) for name, value in figures.items()}
        values |= {"n_before": public.n_before[c], "n_after": public.n_after[c]}
        if cell.flag is Flag.INDICATIVE:
            notes.append(say(told.language, "note.indicative"))
    values["verdict"] = verdict_of(change, marked, beyond, tested, told.language)
    return values | {"note": "; ".join(notes)}


def _in(scale: float, value: float | None) -> float | None:
    """A published figure in its unit, without the crumbs of a product."""
    return None if value is None else round(scale * value, 6)
