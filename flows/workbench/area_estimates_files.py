"""Files and lines of area estimates: what a user gets to see of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows.crosstabs.area_analysis.world import Subject
from flows.crosstabs.area_estimates.tidy import estimates_tidy, published_estimates
from flows.definitions import Survey
from flows.edges import survey_outputs, write_whole
from flows.profiles.projection.outputs import guarded
from flows.store import AreaRunRecord, EstimateRun, Store
from flows.workbench.area_reports import FORMAT as LIST_FORMAT


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
    folder = survey_outputs(survey.code) / "areas"
    folder.mkdir(exist_ok=True)
    path = folder / f"estimates-{areas.base}-{areas.year}.csv"
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


def kind_of(run: EstimateRun) -> str:
    """What a reader must know first: that answers are simulated, or areas an exercise."""
    return ("SIMULATED, " if run.summary["simulated"] else "") + (
        "RESEARCH EXERCISE, " if run.summary["research"] else ""
    )


def own_record(run: AreaRunRecord, subject: Subject) -> dict[str, Any]:
    """What an own area was, as area analyses keep it (`area_reports.earlier_lists`)."""
    return {
        "format": LIST_FORMAT,
        "area": subject.mix.code,
        "name": subject.mix.name.model_dump(),
        "base": run.base,
        "year": run.year,
        "of": list(subject.parts),
        "inputs_sha256": run.inputs_sha256,
    }


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
