"""A trend as plain values, and as a page that works offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from flows.crosstabs.tables import TOTAL, Row
from flows.crosstabs.trend.changes import Trend, TrendFlag
from flows.crosstabs.trend.figures import Told, arrow, below, exact, move, rounded
from flows.crosstabs.trend.groups import Naive
from flows.crosstabs.trend.publish import PublishedTrend, hidden_cells
from flows.definitions.models import Text, Wave
from flows.pages import page_template
from flows.profiles.change import Trend as SizeTrend

METHOD = (
    "Standard errors are design-based: the weights and what the weighting margins explain are in "
    "them, and people in both waves count with what their answers in the two waves have in common "
    "(variance of the first plus that of the second less twice the covariance). Tests are "
    "two-sided at 5%, adjusted for all rows and columns of a table (Benjamini-Hochberg). A change "
    "is marked when it is beyond chance and large enough to matter: {points:g} points, or {sd:g} "
    "standard deviation of a mean, before rounding. Margins show chance only; a panel is no random "
    "sample."
)
WITHIN = (
    "Answers to questions that made the {groups} are not compared within {groups}. Who was extreme "
    "in one wave is less so in the next by chance alone (regression to the mean), so that the "
    "lowest always seem to rise and the highest to fall."
)
BY_OWN_WAVE = (
    "The columns are the people assigned to a profile. Each wave has its own, as they were typed "
    "then: a change within a profile is also a change of who is in it."
)


def report_of(
    told: Told,
    compared: Sequence[Trend],
    shown: Sequence[PublishedTrend] | None,
    sizes: SizeTrend | None,
    turned: Sequence[Trend] | None,
) -> dict[str, Any]:
    """All that the page tells, as plain values and texts.

    `compared` and `shown`: per theme; without `shown` all is told, for the analyst. `turned`: with
    the columns by the answers of the later wave.
    """
    first = compared[0]
    rules = told.survey.dossier.publication
    tables = list(_tables(told, compared, shown))
    what = "group" if told.groups else "profile"
    reworded = [each for each in tables if each["reworded"]]
    left_out = [each for trend in compared for each in trend.left_out]
    return {
        "survey": told.survey.code,
        "title": told.survey.info.title["en"],
        "themes": [told.survey.dossier.theme(code).title["en"] for code in told.themes],
        "simulated": told.survey.info.simulated,
        "internal": told.internal,
        "concept": told.concept,
        "before": _wave(told.waves[0], first.n_before),
        "after": _wave(told.waves[1], first.n_after),
        "both": first.both,
        "same_people": told.same_people,
        "about": told.about,
        "what": what,
        "columns": [
            {"code": code, "name": told.names[code]["en"]}
            for code in first.columns
            if code != TOTAL
        ],
        "attention": [
            *told.looks,
            *(each.sentence for each in told.breaks),
            *_reworded_look(reworded),
        ],
        "overall": _by_question([each for each in tables if not each["reworded"]]),
        "within": [each for each in tables if not each["reworded"] and each["within"]],
        "closed": _closed(told, tables),
        "reworded": reworded,
        "left_out": _by_reason(left_out),
        "hidden": sum(hidden_cells(each.tables) for each in shown or ()),
        "sizes": None if sizes is None else _sizes(told, sizes),
        "naive": [_naive(each) for each in told.naive],
        "turned": _turned(compared, turned),
        "within_text": WITHIN.format(groups=f"{what}s"),
        "own_wave": BY_OWN_WAVE if told.names and not told.groups else "",
        "method": METHOD.format(points=rules.minimum_points, sd=rules.minimum_sd),
        "coverage": told.survey.dossier.coverage["en"],
        "usage": told.survey.dossier.usage["en"],
        "summary": _summary(first, tables, told.internal),
    }


def page_of(report: Mapping[str, Any]) -> str:
    """The page of a `report_of`."""
    return page_template("flows.crosstabs", "trend.html.j2").render(report=report)


# ------------------------------------------------------------------------------------ the tables


def _tables(
    told: Told, compared: Sequence[Trend], shown: Sequence[PublishedTrend] | None
) -> Iterator[dict[str, Any]]:
    publication = told.survey.dossier.publication
    questions = told.survey.questionnaire
    for place, trend in enumerate(compared):
        for t, table in enumerate(trend.tables):
            r = table.headline
            row = table.rows[r]
            identity = table.identity
            marks = table.changed(publication)
            beyond = below(table.p_adjusted, publication.alpha)
            size = np.abs(table.change[r]) / table.needed(publication)[r]
            cells = []
            for c in range(len(table.columns)):
                if shown is None:
                    cells.append(exact(table, r, c, bool(marks[r, c]), bool(beyond[r, c])))
                    continue
                cell = shown[place].tables[t].cells[r][c]
                tested = bool(np.isfinite(table.p_value[r, c]))
                cells.append(rounded(row, cell, bool(beyond[r, c]), tested))
            yield {
                "number": identity.number,
                "question": questions.question(identity.question).label["en"],
                "text": identity.text["en"],
                "row": row.label["en"],
                "mean": row.kind == "mean",
                "battery": TrendFlag.BATTERY in table.flags,
                "reworded": table.reworded,
                "defines": table.defines_columns,
                "within": len(cells) > 1 and (told.internal or not table.defines_columns),
                "total": cells[-1],
                "cells": cells[:-1],
                "beyond": bool(beyond[r, -1]),
                "size": float(np.nan_to_num(size[-1])),
            }


def _by_question(tables: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Consecutive tables of one question under its name."""
    result: list[dict[str, Any]] = []
    for table in tables:
        if not result or result[-1]["question"] != table["question"]:
            result.append({"question": table["question"], "tables": []})
        result[-1]["tables"].append(table)
    return result


def _by_reason(left_out: Sequence[Any]) -> list[dict[str, Any]]:
    reasons: dict[str, list[str]] = {}
    for each in left_out:
        reasons.setdefault(each.reason, []).append(f"{each.text['en']} ({each.question})")
    return [{"reason": reason, "questions": names} for reason, names in reasons.items()]


def _reworded_look(reworded: Sequence[dict[str, Any]]) -> list[str]:
    if not reworded:
        return []
    names = ", ".join(table["number"] for table in reworded)
    return [f"Reworded between the waves, so shown apart: {names}."]


def _closed(told: Told, tables: Sequence[dict[str, Any]]) -> list[str]:
    if told.internal or not told.names:
        return []
    return list(dict.fromkeys(table["question"] for table in tables if table["defines"]))


def _wave(wave: Wave, n: int) -> dict[str, Any]:
    return {"code": wave.code, "title": wave.title["en"], "period": wave.period["en"], "n": n}


def _summary(trend: Trend, tables: Sequence[dict[str, Any]], internal: bool) -> str:
    beyond = [table for table in tables if table["beyond"]]
    large = sum(bool(table["total"]["mark"]) for table in beyond)
    told = (
        f"{trend.before} to {trend.after}, {trend.both:,} people in both: {len(beyond)} of "
        f"{len(tables)} tables changed over all beyond chance, {large} enough to matter"
    )
    if beyond:
        most = max(beyond, key=lambda table: float(table["size"]))
        unit = "" if most["mean"] else " points"
        told += (
            f"; most {most['number']}, {most['total']['change']}{unit} "
            f"({most['total']['low']} to {most['total']['high']})"
        )
    return f"{told}{'. INTERN' if internal else ''}."


# --------------------------------------------------------------------------- what stands beside


def _sizes(told: Told, sizes: SizeTrend) -> dict[str, Any]:
    change, (first, second) = sizes.changes[0], sizes.waves
    return {
        "rows": [
            {
                "name": told.names[code]["en"] if code in told.names else code,
                "before": f"{100 * first.sizes[k]:.1f}%",
                "after": f"{100 * second.sizes[k]:.1f}%",
                "change": f"{100 * change.change[k]:+.1f}",
                "low": f"{100 * change.low[k]:+.1f}",
                "high": f"{100 * change.high[k]:+.1f}",
                "verdict": ("grew" if change.change[k] > 0 else "shrank")
                if change.changed[k]
                else "no change beyond chance",
                "mark": arrow(change.change[k]) if change.changed[k] else "",
            }
            for k, code in enumerate(sizes.codes)
        ]
    }


def _naive(naive: Naive) -> dict[str, Any]:
    return {
        "question": naive.text["en"],
        "n": naive.n,
        "overall": move(naive.overall, _MEAN, 1),
        "changes": [move(change, _MEAN, 1) for change in naive.changes],
        "turned": [move(change, _MEAN, 1) for change in naive.turned],
    }


_MEAN = Row("mean", Text(nl=""), "mean")


def _turned(compared: Sequence[Trend], turned: Sequence[Trend] | None) -> list[dict[str, Any]]:
    """Batteries by group, with the groups of the first wave and with those of the second."""
    if turned is None:
        return []
    rows = []
    for one, other in zip(compared, turned, strict=True):
        for table in one.tables:
            twin = other.table(table.identity.number)
            if TrendFlag.BATTERY not in table.flags or table.defines_columns or twin is None:
                continue
            rows.append(
                {
                    "text": table.identity.text["en"],
                    "changes": [
                        {"change": move(a, table.rows[0], 1), "other": move(b, table.rows[0], 1)}
                        for a, b in zip(table.change[0, :-1], twin.change[0, :-1], strict=True)
                    ],
                }
            )
    return rows
