"""The postcode base of the full fictional world, from its files to the rows that may leave.

    python benchmarks/postcode_base.py [--size full] [--panel 75000] [--softness 0.5] [--folder F]

460,000 PC6 in 342 municipalities are written as CSV (not timed), read, projected with a survey of
10,000 and a panel, and withheld where they are small, all by the product's own functions. Members
are known to their PC4. The survey is typed exactly; the panel with so much doubt (`--softness`) as
ten questions leave. The world is the simulator's, whose demographics interact and whose residuals
are settings of `simulation.yaml`; nothing of it sets a constant of the projection.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from _table import busy, machine, table  # noqa: E402

from flows.definitions import load_survey  # noqa: E402
from flows.definitions.area_base import load_area_base  # noqa: E402
from flows.ingest.area_base import read_area_base  # noqa: E402
from flows.profiles.projection.base import engine_from  # noqa: E402
from flows.profiles.projection.composition import composition  # noqa: E402
from flows.profiles.projection.people import People  # noqa: E402
from flows.simulation.area_base import write_area_base  # noqa: E402
from flows.simulation.full_world import full_world  # noqa: E402
from flows.simulation.parameters import load_parameters  # noqa: E402
from flows.simulation.people import found_society  # noqa: E402
from flows.simulation.sample import draw_residents  # noqa: E402

SURVEYS = ROOT / "surveys"
SURVEY, BASE, YEAR = "staat_van_betrokkenheid", "fictief", 2026
SIZE = 10_000
GOALS = {"municipality": 1.6}
"""RMSE in points with a panel of 75,000."""


def people_of(
    drawn: pd.DataFrame, codes: tuple[str, ...], variables: tuple[str, ...],
    levels: tuple[tuple[str, ...], ...], softness: float, rng: np.random.Generator,
) -> People:  # fmt: skip
    """Drawn residents as the product keeps typed people; `softness` 0 types them exactly."""
    true = np.eye(len(codes))[pd.Categorical(drawn["profile"], categories=codes).codes]
    cell = np.ravel_multi_index(
        [
            pd.Categorical(drawn[variable], categories=of).codes
            for variable, of in zip(variables, levels, strict=True)
        ],
        [len(of) for of in levels],
    )  # fmt: skip
    r = true
    if softness:
        # What people show of themselves is weighed with what their demographics make likely.
        table_ = np.full((int(cell.max()) + 1, len(codes)), 0.5)
        np.add.at(table_, cell, true)
        prior = table_ / table_.sum(axis=1, keepdims=True)
        r = prior[cell] * np.exp(rng.normal(true / softness, 1.0) / softness)
        r /= r.sum(axis=1, keepdims=True)
    places = drawn[["pc4", "municipality"]].astype(str).reset_index(drop=True)
    n = len(drawn)
    return People(r, cell, np.ones(n), np.ones(n, dtype=bool), places, weighted=True)


def judged(found: pd.DataFrame, truth: pd.DataFrame, codes: tuple[str, ...]) -> dict[str, Any]:
    """How the published areas of one level compare with their true expected shares."""
    there = found[(found["suppressed"] == "") & (found["residents"] >= 10)]
    true = truth.reindex(there["area"])[[f"share_{code}" for code in codes]].to_numpy()
    share, low, high = (
        there[[f"{what}_{code}" for code in codes]].to_numpy(dtype=float)
        for what in ("share", "low", "high")
    )
    weight = there["residents"].to_numpy(dtype=float)
    held = (low <= true) & (true <= high)
    # Size bands: fifths of the areas.
    band = np.argsort(np.argsort(weight)) * 5 // len(weight)
    bands = [float(held[band == b].mean()) for b in range(5) if (band == b).any()]
    square = np.average((share - true) ** 2, axis=0, weights=weight)
    return {
        "areas": len(there), "rmse": 100 * float(np.sqrt(square.mean())),
        "coverage": float(held.mean()), "lowest": min(bands),
        "width": 100 * float(np.median(high - low)),
    }  # fmt: skip


def peak() -> float:
    scale = 1e6 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=["small", "full"], default="full")
    parser.add_argument("--panel", type=int, default=75_000)
    parser.add_argument("--softness", type=float, default=0.5)
    parser.add_argument("--folder", type=Path, help="where the files are, or are to be kept")
    options = parser.parse_args()
    print(f"{machine(1)}; processes waiting: {busy()}")
    survey, parameters = load_survey(SURVEYS / SURVEY), load_parameters(SURVEYS / SURVEY)
    codes = survey.profiles.codes
    variables = survey.profiles.concomitants
    levels = tuple(
        tuple(each.code for each in survey.questionnaire.levels(code)) for code in variables
    )
    with tempfile.TemporaryDirectory() as aside:
        folder = options.folder or Path(aside) / str(YEAR)
        if not (folder / "areas.csv").exists():
            write_area_base(folder, survey, parameters, YEAR, options.size)
        world = full_world(parameters) if options.size == "full" else parameters
        territory = found_society(survey, world).territory
        assert territory is not None
        rng = np.random.default_rng(7)
        own, panel = (
            people_of(
                draw_residents(territory, codes, n, YEAR, name), codes, variables, levels, soft, rng
            )
            for name, n, soft in (("survey", SIZE, 0.0), ("panel", options.panel, options.softness))
        )
        del territory
        seconds: dict[str, float] = {}
        began = time.perf_counter()
        base = read_area_base(load_area_base(SURVEYS, BASE), YEAR, folder)
        seconds["read the files"] = time.perf_counter() - began
        model: Any = SimpleNamespace(
            codes=codes, concomitants=SimpleNamespace(variables=variables, levels=levels)
        )
        began = time.perf_counter()
        engine, about = engine_from(model, base, own, [own, panel])
        seconds["learn from survey and panel"] = time.perf_counter() - began
        began = time.perf_counter()
        projection = engine.everything()
        seconds["project all levels, with intervals"] = time.perf_counter() - began
        began = time.perf_counter()
        found = composition(engine, projection, base.names)
        seconds["withhold and put in one table"] = time.perf_counter() - began
        truths = {"pc6": pd.read_parquet(folder / "truth-pc6.parquet").set_index("pc6")}
        for level in ("pc4", "wijk", "municipality"):
            file = folder / f"truth-{level}.csv"
            truths[level] = pd.read_csv(file, dtype={level: str}).set_index(level)
    print(f"\n{len(base.areas):,} PC6; panel of {options.panel:,}, ", end="")
    print(f"likeliest profile {panel.memberships.max(axis=1).mean():.2f}")
    print(f"tau found: {', '.join(f'{t:.2f}' for t in about['tau'])}\n")
    rows = [[what, f"{s:.1f}"] for what, s in seconds.items()]
    rows.append(["all of it, s", f"{sum(seconds.values()):.1f}"])
    rows.append(["peak memory, MB", f"{peak():,.0f}"])
    print(table(["what", "measured"], rows, ["what"]))
    rows = []
    for level, truth in truths.items():
        told = judged(found[found["level"] == level], truth, codes)
        most = GOALS.get(level) if options.panel >= 75_000 else None
        met = 0.93 <= told["coverage"] <= 0.97
        rows.append([
            level, f"{told['areas']:,}", f"{told['rmse']:.2f}",
            "-" if most is None else f"<= {most}",
            "-" if most is None else "yes" if told["rmse"] <= most else "NO",
            f"{told['coverage']:.3f}", "yes" if met else "NO", f"{told['lowest']:.3f}",
            "yes" if told["lowest"] >= 0.9 else "NO", f"{told['width']:.1f}",
        ])  # fmt: skip
    head = ["level", "areas", "RMSE pp", "goal", "reached", "coverage", ".93-.97", "lowest fifth",
            ">= .90", "width pp"]  # fmt: skip
    print("\n" + table(head, rows, ["level", "goal", "reached", ".93-.97", ">= .90"]))
    kept = found.groupby(["level", "suppressed"]).size().unstack(fill_value=0)
    print("\nAreas published ('') and withheld, by level\n")
    print(kept.to_string())


if __name__ == "__main__":
    main()
