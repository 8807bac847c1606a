"""Trend and crosswalk as plain values, as tables, and as pages that work offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Template

from flows.definitions import Survey
from flows.definitions.waves import Wave
from flows.pages import page_template
from flows.profiles.change import Trend
from flows.profiles.crosswalk import Crosswalk
from flows.profiles.drift import Drift
from flows.profiles.model import ProfileModel
from flows.store import ModelRecord

DECIMALS = 5

METHOD = (
    "The measurement stayed as it was: the items, their factors and the places of the profiles "
    "are those of this version of the model. Only how many people have each profile was "
    "estimated again in every wave, by maximum likelihood with the weights. Standard errors are "
    "linearised (sandwich) and design-based: weights, what the weighting margins explain, and "
    "not knowing people's profiles for sure are in them; people in two waves count as one "
    "cluster. That the version itself was estimated is not in them. Tests of a change are "
    "adjusted for the number of profiles (Benjamini-Hochberg)."
)
WITHIN = (
    "Do not compare answers over waves within a profile for an item that made the profiles. Who "
    "was extreme in one wave is less so in the next by chance alone (regression to the mean), so "
    "that the lowest profiles always seem to rise and the highest to fall."
)


def trend_report(
    survey: Survey,
    record: ModelRecord,
    model: ProfileModel,
    trend: Trend,
    drifts: Sequence[Drift],
    drifted: tuple[str, ...],
    spared: Trend | None,
    looks: Sequence[str],
) -> dict[str, Any]:
    """All that a trend has to tell, in plain values (JSON).

    `drifts`: per change of `trend` the items; `drifted`: those that drifted in any of them;
    `spared`: the trend without these, None when there are none.
    """
    titles = {wave.code: wave.title["en"] for wave in survey.info.waves}
    texts = {column.name: column.text["en"] for column in survey.questionnaire.columns()}
    labels = {item.name: texts.get(item.name, item.name) for item in model.items}
    return {
        "survey": survey.code,
        "title": survey.info.title["en"],
        "simulated": survey.info.simulated,
        "version": record.version,
        "state": record.state,
        "attention": list(looks),
        "waves": [
            {"wave": wave.wave, "title": titles[wave.wave], "n": wave.n} for wave in trend.waves
        ],
        "sizes": _size_rows(trend, model),
        "changes": _change_rows(trend, model),
        "drift": [
            {
                "before": drift.before,
                "after": drift.after,
                "settled": drift.settled,
                "items": [
                    {
                        "item": row.item,
                        "text": labels.get(row.item, row.item),
                        "drifted": row.drifted,
                        **{
                            name: _rounded(getattr(row, name))
                            for name in ("moved", "drift", "error", "low", "high", "p_adjusted")
                        },
                    }
                    for row in drift.items
                ],
            }
            for drift in drifts
        ],
        "drifted": list(drifted),
        "changes_without_drifted": [] if spared is None else _change_rows(spared, model),
        "method": METHOD,
        "warning": WITHIN,
    }


def _size_rows(trend: Trend, model: ProfileModel) -> list[dict[str, Any]]:
    return [
        {
            "profile": code,
            "name": model.name(code)["en"],
            "wave": wave.wave,
            "size": _rounded(wave.sizes[k]),
            "error": _rounded(wave.error[k]),
            "low": _rounded(wave.low[k]),
            "high": _rounded(wave.high[k]),
        }
        for k, code in enumerate(trend.codes)
        for wave in trend.waves
    ]


def _change_rows(trend: Trend, model: ProfileModel) -> list[dict[str, Any]]:
    return [
        {
            "before": each.before,
            "after": each.after,
            "both": each.both,
            "profile": code,
            "name": model.name(code)["en"],
            "change": _rounded(each.change[k]),
            "error": _rounded(each.error[k]),
            "low": _rounded(each.low[k]),
            "high": _rounded(each.high[k]),
            "p": _rounded(each.p[k]),
            "p_adjusted": _rounded(each.p_adjusted[k]),
            "changed": bool(each.changed[k]),
        }
        for each in trend.changes
        for k, code in enumerate(trend.codes)
    ]


def trend_rows(report: Mapping[str, Any]) -> pd.DataFrame:
    """The figures of a `trend_report`, one a row; shares are 0-1, items in standard deviations.

    `what` is size, change, change_without_drifted or item.
    """
    people = {wave["wave"]: wave["n"] for wave in report["waves"]}
    rows: list[dict[str, Any]] = [
        {
            "what": "size",
            "wave": row["wave"],
            "of": row["profile"],
            "name": row["name"],
            "value": row["size"],
            **_interval(row),
            "n": people[row["wave"]],
        }
        for row in report["sizes"]
    ]
    for key, what in (("changes", "change"), ("changes_without_drifted", "change_without_drifted")):
        rows += [
            {
                "what": what,
                "wave": row["after"],
                "since": row["before"],
                "of": row["profile"],
                "name": row["name"],
                "value": row["change"],
                **_interval(row),
                "p_adjusted": row["p_adjusted"],
                "n": people[row["after"]],
                "in_both": row["both"],
            }
            for row in report[key]
        ]
    for drift in report["drift"]:
        rows += [
            {
                "what": "item",
                "wave": drift["after"],
                "since": drift["before"],
                "of": row["item"],
                "name": row["text"],
                "value": row["drift"],
                **_interval(row),
                "p_adjusted": row["p_adjusted"],
                "flag": "drifted" if row["drifted"] else "",
            }
            for row in drift["items"]
        ]
    columns = [
        "what", "since", "wave", "of", "name", "value", "error", "low", "high", "p_adjusted",
        "n", "in_both", "flag",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    for name in ("n", "in_both"):
        frame[name] = frame[name].astype("Int64")
    for name in ("simulated", "state", "version", "survey"):
        frame.insert(0, name, report[name])
    return frame


def _interval(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("error", "low", "high")}


def trend_page(report: Mapping[str, Any]) -> str:
    """Self-contained HTML of a `trend_report`."""
    codes = list(dict.fromkeys(row["profile"] for row in report["sizes"]))
    names = {row["profile"]: row["name"] for row in report["sizes"]}
    sizes = {(row["profile"], row["wave"]): row for row in report["sizes"]}
    without = {
        (row["before"], row["after"], row["profile"]): row
        for row in report["changes_without_drifted"]
    }
    pairs = list(dict.fromkeys((row["before"], row["after"]) for row in report["changes"]))
    return _template("trend.html.j2").render(
        report=report,
        codes=codes,
        names=names,
        sizes=sizes,
        without=without,
        pairs=pairs,
    )


def crosswalk_rows(
    found: Crosswalk, old: ProfileModel, new: ProfileModel, survey: str, wave: str
) -> pd.DataFrame:
    """A row per pair of profiles: `people` (share of all), `probability` (of the new profile
    among people of the old one), and whether they correspond."""
    steps = {(step.old, step.new): step for step in found.steps}
    return pd.DataFrame(
        [
            {
                "survey": survey,
                "wave": wave,
                "old_version": old.version,
                "old": a,
                "old_name": old.name(a)["en"],
                "new_version": new.version,
                "new": b,
                "new_name": new.name(b)["en"],
                "people": _rounded(found.labels[i, j]),
                "probability": _rounded(found.probabilities[i, j]),
                "old_size": _rounded(found.old_sizes[i]),
                "new_size": _rounded(found.new_sizes[j]),
                "corresponds": (a, b) in steps,
                "verdict": steps[a, b].verdict if (a, b) in steps else "",
            }
            for i, a in enumerate(found.old)
            for j, b in enumerate(found.new)
        ]
    )


def crosswalk_page(
    found: Crosswalk,
    old: ProfileModel,
    new: ProfileModel,
    survey: Survey,
    wave: Wave,
    looks: Sequence[str],
) -> str:
    """Self-contained HTML of a crosswalk between two versions."""
    within = found.labels / np.maximum(found.labels.sum(axis=1, keepdims=True), 1e-12)
    return _template("crosswalk.html.j2").render(
        found=found,
        old=old,
        new=new,
        title=survey.info.title["en"],
        wave=wave.title["en"],
        simulated=survey.info.simulated,
        looks=looks,
        old_names=[old.name(code)["en"] for code in found.old],
        new_names=[new.name(code)["en"] for code in found.new],
        old_name={code: old.name(code)["en"] for code in found.old},
        new_name={code: new.name(code)["en"] for code in found.new},
        within=within.tolist(),
        probabilities=found.probabilities.tolist(),
        old_sizes=dict(zip(found.old, found.old_sizes.tolist(), strict=True)),
        new_sizes=dict(zip(found.new, found.new_sizes.tolist(), strict=True)),
    )


def _template(name: str) -> Template:
    return page_template(
        "flows.profiles", name, percent=_percent, points=_points, signed=_signed, p=_p_value
    )


def _percent(value: float | None, decimals: int = 1) -> str:
    return "–" if value is None else f"{100 * value:.{decimals}f}%"


def _points(value: float | None) -> str:
    return "–" if value is None else f"{round(100 * value, 1) + 0.0:+.1f}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 2) + 0.0:+.2f}"


def _p_value(value: float | None) -> str:
    return "–" if value is None else "< .001" if value < 0.001 else f"{value:.3f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), DECIMALS)
