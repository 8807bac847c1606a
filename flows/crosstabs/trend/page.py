"""A trend as plain values, and as a page that works offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from flows.crosstabs.tables import TOTAL, Row
from flows.crosstabs.trend.changes import TableTrend, Trend, TrendFlag
from flows.crosstabs.trend.figures import Told, arrow, below, exact, move, rounded
from flows.crosstabs.trend.groups import Naive
from flows.crosstabs.trend.publish import PublishedChange, PublishedTrend, hidden_cells
from flows.crosstabs.trend.questions import LeftOut
from flows.crosstabs.trend.texts import figure, many, say, text_of
from flows.definitions.models import Language, Text
from flows.definitions.waves import Wave
from flows.pages import page_template
from flows.profiles.change import Trend as SizeTrend


def report_of(
    told: Told,
    compared: Sequence[Trend],
    shown: Sequence[PublishedTrend] | None,
    sizes: SizeTrend | None,
    turned: Sequence[Trend] | None,
) -> dict[str, Any]:
    """All that the page tells, as plain values and texts in the language of `told`.

    `summary` and `looks` are what the command says, in English.

    `compared` and `shown`: per theme; without `shown` all is told, for the analyst. `turned`: with
    the columns by the answers of the later wave.
    """
    first, language = compared[0], told.language
    rules = told.survey.dossier.publication
    tables = list(_tables(told, compared, shown))
    what = "group" if told.groups else "profile"
    reworded = [each for each in tables if each["reworded"]]
    left_out = [each for trend in compared for each in trend.left_out]
    looks = [*told.looks, *(each.sentence for each in told.breaks), *_reworded_look(reworded)]
    groups = text_of(f"{what}s")
    return {
        "language": language,
        "survey": told.survey.code,
        "title": told.survey.info.title[language],
        "themes": [told.survey.dossier.theme(code).title[language] for code in told.themes],
        "simulated": told.survey.info.simulated,
        "internal": told.internal,
        "concept": told.concept,
        "before": _wave(told.waves[0], first.n_before, language),
        "after": _wave(told.waves[1], first.n_after, language),
        "both": first.both,
        "same_people": told.same_people,
        "about": told.about[language],
        "what": say(language, what),
        "columns": [
            {"code": code, "name": told.names[code][language]}
            for code in first.columns
            if code != TOTAL
        ],
        "attention": [each[language] for each in looks],
        "overall": _by_question([each for each in tables if not each["reworded"]]),
        "within": [each for each in tables if not each["reworded"] and each["within"]],
        "closed": _closed(told, tables),
        "reworded": reworded,
        "left_out": _by_reason(left_out, language),
        "hidden": sum(hidden_cells(each.tables) for each in shown or ()),
        "sizes": None if sizes is None else _sizes(told, sizes),
        "naive": [_naive(each, language) for each in told.naive],
        "turned": _turned(compared, turned, language),
        "within_text": say(language, "within.why", groups=groups),
        "own_wave": say(language, "within.own") if told.names and not told.groups else "",
        "method": say(
            language,
            "method.text",
            points=figure(f"{rules.minimum_points:g}", language),
            sd=figure(f"{rules.minimum_sd:g}", language),
        ),
        "coverage": told.survey.dossier.coverage[language],
        "usage": told.survey.dossier.usage[language],
        "summary": _summary(first, tables, told.internal),
        "looks": [each["en"] for each in looks],
    }


def page_of(report: Mapping[str, Any]) -> str:
    """The page of a `report_of`."""
    language = report["language"]
    template = page_template("flows.crosstabs", "trend.html.j2")
    return template.render(
        report=report, say=partial(say, language), number=partial(many, language=language)
    )


# ------------------------------------------------------------------------------------ the tables


def _tables(
    told: Told, compared: Sequence[Trend], shown: Sequence[PublishedTrend] | None
) -> Iterator[dict[str, Any]]:
    publication, language = told.survey.dossier.publication, told.language
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
                    mark, known = bool(marks[r, c]), bool(beyond[r, c])
                    cells.append(exact(table, r, c, mark, known, language))
                    continue
                cell = shown[place].tables[t].cells[r][c]
                tested = bool(np.isfinite(table.p_value[r, c]))
                cells.append(rounded(row, cell, bool(beyond[r, c]), tested, language))
            yield {
                "number": identity.number,
                "question": questions.question(identity.question).label[language],
                "text": identity.text[language],
                "row": row.label[language],
                "mean": row.kind == "mean",
                "battery": TrendFlag.BATTERY in table.flags,
                "reworded": table.reworded,
                "defines": table.defines_columns,
                "within": len(cells) > 1 and (told.internal or not table.defines_columns),
                "total": cells[-1],
                "cells": cells[:-1],
                "beyond": bool(beyond[r, -1]),
                "size": float(np.nan_to_num(size[-1])),
                "told": _told_change(table, r, None if shown is None else shown[place].tables[t]),
            }


def _by_question(tables: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Consecutive tables of one question under its name."""
    result: list[dict[str, Any]] = []
    for table in tables:
        if not result or result[-1]["question"] != table["question"]:
            result.append({"question": table["question"], "tables": []})
        result[-1]["tables"].append(table)
    return result


def _by_reason(left_out: Sequence[LeftOut], language: Language) -> list[dict[str, Any]]:
    reasons: dict[str, list[str]] = {}
    for each in left_out:
        names = reasons.setdefault(each.reason[language], [])
        names.append(f"{each.text[language]} ({each.question})")
    return [{"reason": reason, "questions": names} for reason, names in reasons.items()]


def _reworded_look(reworded: Sequence[dict[str, Any]]) -> list[Text]:
    if not reworded:
        return []
    names = ", ".join(table["number"] for table in reworded)
    return [text_of("look.reworded", numbers=names)]


def _closed(told: Told, tables: Sequence[dict[str, Any]]) -> list[str]:
    if told.internal or not told.names:
        return []
    return list(dict.fromkeys(table["question"] for table in tables if table["defines"]))


def _wave(wave: Wave, n: int, language: Language) -> dict[str, Any]:
    title, period = wave.title[language], wave.period[language]
    return {"code": wave.code, "title": title, "period": period, "n": n}


def _told_change(table: TableTrend, r: int, public: PublishedChange | None) -> tuple[str, ...]:
    """The change over all, low and high as the command writes them."""
    if public is None:
        values: list[float | None] = [
            float(x[r, -1]) for x in (table.change, table.low, table.high)
        ]
    else:
        cell = public.cells[r][-1]
        values = [cell.change, cell.low, cell.high]
    more = int(public is None)
    return tuple("-" if x is None else move(x, table.rows[r], "en", more) for x in values)


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
        change, low, high = most["told"]
        told += f"; most {most['number']}, {change}{unit} ({low} to {high})"
    return f"{told}{'. INTERN' if internal else ''}."


# --------------------------------------------------------------------------- what stands beside


def _sizes(told: Told, sizes: SizeTrend) -> dict[str, Any]:
    language, change, (first, second) = told.language, sizes.changes[0], sizes.waves

    def written(share: float, sign: str = "") -> str:
        return figure(f"{100 * share:{sign}.1f}", language)

    def verdict(k: int) -> str:
        if not change.changed[k]:
            return say(language, "same")
        return say(language, "grew" if change.change[k] > 0 else "shrank")

    return {
        "rows": [
            {
                "name": told.names[code][language] if code in told.names else code,
                "before": f"{written(first.sizes[k])}%",
                "after": f"{written(second.sizes[k])}%",
                "change": written(change.change[k], "+"),
                "low": written(change.low[k], "+"),
                "high": written(change.high[k], "+"),
                "verdict": verdict(k),
                "mark": arrow(change.change[k]) if change.changed[k] else "",
            }
            for k, code in enumerate(sizes.codes)
        ]
    }


def _naive(naive: Naive, language: Language) -> dict[str, Any]:
    return {
        "question": naive.text[language],
        "n": naive.n,
        "overall": move(naive.overall, _MEAN, language, 1),
        "changes": [move(change, _MEAN, language, 1) for change in naive.changes],
        "turned": [move(change, _MEAN, language, 1) for change in naive.turned],
    }


_MEAN = Row("mean", Text(nl=""), "mean")


def _turned(
    compared: Sequence[Trend], turned: Sequence[Trend] | None, language: Language
) -> list[dict[str, Any]]:
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
                    "text": table.identity.text[language],
                    "changes": [
                        {
                            "change": move(a, table.rows[0], language, 1),
                            "other": move(b, table.rows[0], language, 1),
                        }
                        for a, b in zip(table.change[0, :-1], twin.change[0, :-1], strict=True)
                    ],
                }
            )
    return rows
