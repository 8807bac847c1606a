"""Two vintages of the postcode base side by side, as a table of what changed and in lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions import load_survey
from flows.edges import Done, existing_store, survey_outputs, write_whole
from flows.errors import Refusal
from flows.ingest.area_changes import change_lines, compare_areas
from flows.profiles.projection.base import engine_of
from flows.profiles.projection.change import changes
from flows.profiles.projection.composition import DECIMALS, NOT_PUBLISHED
from flows.profiles.projection.outputs import guarded
from flows.store import AreaRunRecord, Store

Floats = NDArray[np.float64]

FEWEST = 5
"""Residents an area of the earlier vintage needs on the boundaries of the later one."""


def compare_runs(store: Store, before: AreaRunRecord, after: AreaRunRecord) -> pd.DataFrame:
    """The tidy table of what changed between two runs of a base, in percentage points.

    A row per profile and area of a level that may leave the store, published in the later run
    and large enough in the earlier one. Refuses runs of two bases.
    """
    if (before.survey, before.base) != (after.survey, after.base):
        raise Refusal(
            f"Runs {before.id} and {after.id} are of {before.survey} {before.base} and "
            f"{after.survey} {after.base}; put two runs of one base side by side."
        )
    old, new = engine_of(store, before), engine_of(store, after)
    same = before.model_id == after.model_id
    people = before.summary["evidence_sha256"] == after.summary["evidence_sha256"]
    table = store.read_area_run(after.id, "composition")
    earlier = store.read_area_run(before.id, "composition")
    hidden = {
        (row.level, row.area)
        for row in pd.concat([table, earlier]).query("suppressed != ''").itertuples()
    }
    names = table.set_index(["level", "area"])["name"]
    profiles: Mapping[str, Mapping[str, str]] = after.summary["profiles"]
    rows = []
    for found in changes(old, new, same_model=same, same_people=people):
        if found.level in NOT_PUBLISHED:
            continue
        kept = [
            i
            for i, code in enumerate(found.area)
            if (found.level, code) not in hidden
            and found.residents[0][i] >= FEWEST
            and np.isfinite(found.change[i]).all()
        ]
        for k, code in enumerate(new.profiles):
            part = pd.DataFrame({"level": found.level, "area": found.area[kept]})
            part["name"] = [guarded(str(names[(found.level, area)])) for area in part["area"]]
            part["residents_before"] = found.residents[0][kept].astype(np.int64)
            part["residents_after"] = found.residents[1][kept].astype(np.int64)
            part["boundaries"] = np.where(found.redrawn[kept], "changed", "same")
            part["profile"], part["profile_name"] = code, guarded(profiles[code]["nl"])
            for name in (
                "before", "after", "change", "low", "high", "by_demographics", "by_model"
            ):  # fmt: skip
                values: Floats | None = getattr(found, name)
                part[name] = np.nan if values is None else _tenths(name, values[kept, k])
            part["_order"] = kept
            rows.append(part)
    whole = pd.concat(rows, ignore_index=True)
    order = {level: i for i, level in enumerate(new.levels)}
    whole["_level"] = whole["level"].map(order)
    whole = whole.sort_values(["_level", "_order"], kind="stable").drop(
        columns=["_level", "_order"]
    )
    return whole.assign(
        unit="percentage points",
        basis="estimated",
        estimand=after.estimand,
        survey=after.survey,
        base=after.base,
        year_before=before.year,
        year_after=after.year,
        model_before=before.model_version,
        model_after=after.model_version,
        simulated=after.summary["simulated"],
        research=after.summary["research"] or before.summary["research"],
        code_version=after.code_version,
    ).reset_index(drop=True)


def compare_vintages(folder: Path, base: str, before: int, after: int) -> Done:
    """Put two years of the postcode base of a survey side by side; write what changed.

    Writes `outputs/<survey>/areas/<base>-<before>-<after>.csv`. Refuses a year without a run.
    """
    survey = load_survey(folder)
    if before >= after:
        raise Refusal(f"{before} is not before {after}; name the earlier year first.")
    with existing_store() as store:
        runs = [store.current_area_run(survey.code, base, year) for year in (before, after)]
        for year, run in zip((before, after), runs, strict=True):
            if run is None:
                raise Refusal(
                    f"{survey.code}: there is no postcode base {base} {year} in the store. Make it "
                    f"with 'themadossier profiles project {folder} --base {base} --year {year}'."
                )
        old, new = runs
        assert old is not None
        assert new is not None
        table = compare_runs(store, old, new)
        became = compare_areas(*(store.read_area_run(run.id, "inputs") for run in (old, new)))
        known = store.read_area_run(old.id, "composition")
    path = survey_outputs(survey.code) / "areas"
    path.mkdir(exist_ok=True)
    path = path / f"{base}-{before}-{after}.csv"
    text = table.to_csv(index=False, lineterminator="\n", float_format=f"%.{DECIMALS}f")
    if not path.is_file() or path.read_bytes() != text.encode():
        write_whole(path, text)
    moved = [
        line
        for level in reversed(new.summary["areas"])
        if level in became.came and level not in NOT_PUBLISHED and level != became.finest
        for line in change_lines(became, level, _names(known, level))
    ]
    return Done(
        (old.id, new.id),
        (
            *vintage_lines(table, old, new),
            *[f"LOOK: {line}" for line in moved[:1]],
            f"Changes: {path}"
            + (f" ({len(moved)} areas with other boundaries)" if len(moved) > 1 else ""),
            f"Next: themadossier status {folder}",
        ),
    )


def _tenths(name: str, shares: Floats) -> Floats:
    """Shares as percentages of one decimal; bounds outward, so that rounding narrows nothing."""
    scaled = np.round(100 * 10**DECIMALS * shares, 6)
    towards = {"low": np.floor, "high": np.ceil}.get(name, np.round)
    return np.asarray(towards(scaled) / 10**DECIMALS, dtype=np.float64) + 0.0


def vintage_lines(table: pd.DataFrame, old: AreaRunRecord, new: AreaRunRecord) -> list[str]:
    """In words: how many areas were compared, and the largest change that stands out."""
    areas = table.drop_duplicates(["level", "area"])
    levels = ", ".join(
        f"{number:,} {level}" for level, number in areas.groupby("level", sort=False).size().items()
    )
    sure = table[(table["low"] > 0) | (table["high"] < 0)]
    kind = "SIMULATED, " if new.summary["simulated"] else ""
    kind += "RESEARCH EXERCISE, " if new.summary["research"] else ""
    models = new.model_version
    if old.model_id != new.model_id:
        models = f"{old.model_version} and {new.model_version}, so part of it is the model"
    lines = [
        f"{kind}{new.base} {old.year} to {new.year} by profile model {models}: {levels}; "
        f"{len(sure):,} of {len(table):,} changes are further from 0 than chance explains"
    ]
    if len(sure):
        row = sure.iloc[int(sure["change"].abs().to_numpy().argmax())]
        lines.append(
            f"Largest of those: {row['profile_name']} in {row['name'] or row['area']} "
            f"({row['level']}) {row['change']:+.1f} points, between {row['low']:+.1f} and "
            f"{row['high']:+.1f}"
        )
    return lines


def _names(table: pd.DataFrame, level: str) -> dict[str, str]:
    rows = table[(table["level"] == level) & (table["name"] != "")]
    return dict(zip(rows["area"], rows["name"], strict=True))
