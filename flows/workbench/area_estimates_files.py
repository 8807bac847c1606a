"""Files and lines of area estimates: what a user gets to see of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows.crosstabs.area_analysis.world import Subject
from flows.crosstabs.area_estimates.fitting import WaveAnswers
from flows.crosstabs.area_estimates.tidy import estimates_tidy, published_estimates
from flows.definitions import Survey
from flows.edges import Done, write_whole
from flows.profiles.projection.outputs import guarded
from flows.store import AreaRunRecord, EstimateRun, Store
from flows.workbench.area_base import areas_folder

FIGURES = (
    "theme", "table", "question", "item", "answer", "statistic", "value", "low", "high",
    "national", "n", "flag",
)  # fmt: skip
"""What a program gets of each estimate of an area: columns of the tidy table."""

OF_HEADLINE = (
    "theme", "table", "row", "statistic", "n", "spread", "spread_low", "spread_high",
    "reliability", "adding", "areas",
)  # fmt: skip
"""What a program gets of each headline of a run: fields of its summary."""

_COUNTS = ("headlines", "waves")


@dataclass(frozen=True)
class EstimatesDone(Done):
    """What was done; `facts`: the same for a program, in the types of JSON."""

    facts: Mapping[str, Any] = field(default_factory=dict)


def run_facts(run: EstimateRun, path: Path) -> dict[str, Any]:
    """A run for a program: what it is of, and per headline how much it tells about areas.

    `path`: of the CSV with its figures, which are rounded there.
    """
    summary = run.summary
    return {
        **_origin(run),
        "change": run.change,
        "level": summary["level"],
        "areas": summary["areas"],
        "adding": summary["adding"],
        "pooled": {
            name: int(number) if name in _COUNTS else number
            for name, number in summary["pooled"].items()
        },
        "pooled_waves": summary["pooled_waves"],
        "headlines": [{name: each[name] for name in OF_HEADLINE} for each in summary["each"]],
        "attention": summary["attention"],
        "file": str(path),
    }


def area_facts(
    run: EstimateRun, subject: Subject, tidy: pd.DataFrame, path: Path, *, up_to_date: bool
) -> dict[str, Any]:
    """One area for a program: its figures as they may be printed.

    `tidy`: its rows of `estimates_tidy`; a figure that is not printed is null, with its flag.
    """
    figures = json.loads(tidy[list(FIGURES)].to_json(orient="records"))
    return {
        **_origin(run),
        "area": subject.mix.code,
        "name": subject.mix.name.nl,
        "level": subject.mix.level,
        "up_to_date": up_to_date,
        "adding": int((tidy["flag"] == "").sum()),
        "estimates": figures,
        "file": str(path),
    }


def _origin(run: EstimateRun) -> dict[str, Any]:
    return {
        "survey": run.survey,
        "wave": run.wave,
        "base": run.base,
        "year": run.year,
        "run": run.id,
        "model": run.summary["model"],
        "model_state": run.summary["model_state"],
        "simulated": run.summary["simulated"],
        "research": run.summary["research"],
    }


def write_all(store: Store, survey: Survey, areas: AreaRunRecord) -> Path:
    """Write `areas/estimates-<base>-<year>.csv`: the current runs of all waves."""
    parts = []
    for wave in survey.info.waves:
        run = store.current_estimate_run(survey.code, wave.code, areas.base, areas.year)
        if run is None or run.area_run_id != areas.id:
            continue
        shown = published_estimates(store.read_estimate_run(run.id))
        parts.append(estimates_tidy(shown, survey.code, wave.code, fixed_columns(areas, run)))
    rows = guarded_names(pd.concat(parts, ignore_index=True))
    path = areas_folder(survey.code) / f"estimates-{areas.base}-{areas.year}.csv"
    text = rows.to_csv(index=False, lineterminator="\n", float_format="%.2f")
    if not path.is_file() or path.read_bytes() != text.encode():
        write_whole(path, text)
    return path


def guarded_names(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with codes and names that no spreadsheet takes for a formula."""
    return rows.assign(
        **{column: rows[column].astype(str).map(guarded) for column in ("area", "name")}
    )


def fixed_columns(areas: AreaRunRecord, run: EstimateRun) -> dict[str, Any]:
    """Columns that are the same in every row of a run."""
    return {
        "base": areas.base,
        "year": areas.year,
        "model": run.summary["model"],
        "model_state": run.summary["model_state"],
        "simulated": run.summary["simulated"],
        "research": run.summary["research"],
        "code_version": run.code_version,
    }


def attention(
    lines: pd.DataFrame, left_out: Sequence[str], answers: Sequence[WaveAnswers], wave: str
) -> list[str]:
    """What the reader of a run should look at."""
    told = []
    outside = (lines["national"] < lines["modelled_low"]) | (
        lines["national"] > lines["modelled_high"]
    )
    if outside.any():
        worst = lines.loc[outside].iloc[0]
        told.append(
            f"of {int(outside.sum())} of {len(lines)} headlines the measured national figure lies "
            f"outside the interval that the areas together give (first: {worst['table']}): some "
            "profiles or regions answered more than others"
        )
    people = next(each.people for each in answers if each.wave == wave)
    unplaced = float((people.at[0] < 0).mean())
    if unplaced > 0.1:
        told.append(f"{unplaced:.0%} of the respondents live in no known area")
    if left_out:
        told.append(
            f"waves {', '.join(left_out)} feed nothing: they are not typed by this model, "
            "not weighted, or older than the questionnaire"
        )
    return told


def most_apart(shown: pd.DataFrame, most: int = 2) -> list[str]:
    """The estimates that differ most from the national figure, in words."""
    added = shown[shown["flag"] == ""]
    away = (added["value"] - added["national"]).abs()
    spread = np.where(added["statistic"] == "mean", 0.1, 0.01)
    order = np.argsort(-(away / spread).to_numpy(), kind="stable")[:most]
    return [_said(added.iloc[int(i)]) for i in order]


def _said(row: pd.Series[Any]) -> str:
    if row["statistic"] == "mean":
        figures = [f"{row[name]:.1f}" for name in ("value", "low", "high", "national")]
    else:
        figures = [f"{100 * row[name]:.0f}%" for name in ("value", "low", "high", "national")]
    return (
        f"{row['table']} {row['row']}: {figures[0]} estimated (likely {figures[1]} to "
        f"{figures[2]}), {figures[3]} nationally"
    )
