"""Projection: intervals that hold, and seconds beside per-area IPF libraries.

    python benchmarks/projection.py [--areas 460000] [--accuracy] [--reference] [--seeds 3]
                                    [--only WORDS] [--json FILE]

`--accuracy`: RMSE and coverage in simulated worlds, over seeds; `--reference`: the same at the
size of the country (342 municipalities, 4,100 PC4, 115,000 PC6; minutes, 2 GB), one seed.
`--only`: worlds with these words in their name. ipfn and humanleague are timed where installed.
Run with OMP_NUM_THREADS=1 for figures of one core.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "profiles"), str(Path(__file__).parent)]

import numpy as np  # noqa: E402
from _projection_report import FIRST_SEED, show_world  # noqa: E402
from _projection_worlds import LARGE, PLANS  # noqa: E402
from _table import busy, machine, table  # noqa: E402
from projection_world import CELLS, NAMES, PROFILES, SIZES  # noqa: E402

from flows.profiles.projection.areas import (  # noqa: E402
    AreaResidual,
    project_areas,
)
from flows.profiles.projection.membership import fit_membership  # noqa: E402
from flows.statistics.area_fitting import fit_areas, margin_of_areas  # noqa: E402

AREAS_A_DISTRICT = 115
PEER_AREAS = 200


def areas(number: int, seed: int = 1) -> tuple[np.ndarray, list[np.ndarray]]:
    """A seed table and margins of areas from joint tables that interact, area by area."""
    rng = np.random.default_rng(seed)
    codes = np.unravel_index(np.arange(CELLS), SIZES)
    margins: list[list[np.ndarray]] = [[] for _ in SIZES]
    whole = np.zeros(CELLS)
    log = rng.normal(0, 0.4, CELLS)
    for start in range(0, number, 20_000):
        count = min(20_000, number - start)
        p = np.exp(log + rng.normal(0, 0.5, (count, CELLS)))
        people = rng.poisson(30 * p / p.sum(axis=1, keepdims=True))
        whole += people.sum(axis=0)
        for i, size in enumerate(SIZES):
            margins[i].append((people @ np.eye(size)[codes[i]]).astype(float))
    return whole.reshape(SIZES) + 0.5, [np.vstack(parts) for parts in margins]


def speed(number: int) -> dict[str, Any]:
    seed, counts = areas(number)
    margins = [margin_of_areas(name, c) for name, c in zip(NAMES, counts, strict=True)]
    rng = np.random.default_rng(2)
    cell = rng.integers(0, CELLS, 10_000)
    membership = fit_membership(SIZES, cell, rng.dirichlet(np.ones(PROFILES), 10_000))
    before = peak()
    began = time.perf_counter()
    strayed, worst, empty = 0, 0.0, 0
    shares = []
    probabilities = membership.probabilities.astype(np.float32)
    for fitted in fit_areas(seed, margins):
        strayed += int((~fitted.converged & ~fitted.empty).sum())
        empty += int(fitted.empty.sum())
        worst = max(worst, float(np.nanmax(fitted.error)))
        shares.append(fitted.shares @ probabilities)
    plain = time.perf_counter() - began
    peak_plain = peak()
    of = np.arange(number) // AREAS_A_DISTRICT
    z = int(of.max()) + 1
    spread = np.broadcast_to(0.03 * np.eye(PROFILES), (z, PROFILES, PROFILES))
    around = AreaResidual(rng.normal(0, 0.2, (z, PROFILES)), spread, of, np.full(PROFILES, 0.15))
    codes = [f"{i:06d}" for i in range(number)]
    began = time.perf_counter()
    project_areas(codes, seed, margins, counts[0].sum(axis=1), membership, around)
    return {
        "areas": number, "fit_and_project_seconds": plain, "peak_mb": peak_plain,
        "peak_before_mb": before, "with_intervals_seconds": time.perf_counter() - began,
        "peak_with_intervals_mb": peak(), "largest_margin_error": worst,
        "not_converged": strayed, "empty": empty,
    }  # fmt: skip


def peers(number: int) -> list[dict[str, Any]]:
    """Seconds that the libraries, an area at a time, would take for all areas, and how far
    their tables are from ours on the same areas."""
    seed, counts = areas(PEER_AREAS, 3)
    counts = [np.maximum(c, 0.01) for c in counts]
    counts = [c / c.sum(axis=1, keepdims=True) for c in counts]
    margins = [margin_of_areas(name, c) for name, c in zip(NAMES, counts, strict=True)]
    ours = np.vstack([part.shares for part in fit_areas(seed, margins, tolerance=1e-6)])
    axes = range(len(SIZES))

    def ipfn(module: Any, i: int) -> np.ndarray:
        dimensions = [[axis] for axis in axes]
        own = [c[i] for c in counts]
        return module.ipfn(seed.copy(), own, dimensions, convergence_rate=1e-4).iteration()

    def humanleague(module: Any, i: int) -> np.ndarray:
        table, told = module.ipf(seed, [np.array([axis]) for axis in axes], [c[i] for c in counts])
        return table if told["conv"] else np.full(SIZES, np.nan)

    found: list[dict[str, Any]] = []
    for name, path, one in (
        ("ipfn", "ipfn.ipfn", ipfn),
        ("humanleague", "humanleague", humanleague),
    ):
        try:
            module = importlib.import_module(path)
        except ImportError:
            found.append({"name": name, "version": "not installed"})
            continue
        began = time.perf_counter()
        tables = np.stack([one(module, i).ravel() for i in range(PEER_AREAS)])
        seconds = (time.perf_counter() - began) / PEER_AREAS * number
        away = float(np.abs(tables - ours).max())
        found.append({
            "name": name, "version": version(name), "seconds": seconds, "largest_difference": away,
        })  # fmt: skip
    return found


def peak() -> float:
    scale = 1e6 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def speed_rows(s: dict[str, Any], others: list[dict[str, Any]]) -> list[list[str]]:
    rows = []
    for what, key, shown, most in (
        ("fit and project, s", "fit_and_project_seconds", ".1f", 10),
        ("peak memory, MB", "peak_mb", ".0f", 1000),
        ("fit, project, intervals, s", "with_intervals_seconds", ".1f", 300),
        ("peak memory with intervals, MB", "peak_with_intervals_mb", ".0f", 1000),
        ("largest margin error", "largest_margin_error", ".1e", 1e-4),
    ):
        reached = "yes" if s[key] <= most else "NO"
        rows.append([what, format(s[key], shown), f"<= {most:g}", reached])
    rows.append(["areas not converged", str(s["not_converged"]), "listed", "-"])
    for peer in others:
        name = f"{peer['name']} {peer['version']}"
        if "seconds" not in peer:
            rows.append([name, "-", "-", "-"])
            continue
        ratio = peer["seconds"] / s["fit_and_project_seconds"]
        told = f"{peer['seconds']:.0f} s from {PEER_AREAS} areas, {ratio:.0f}x"
        rows.append([f"{name}, scaled", told, "-", "-"])
        away = peer["largest_difference"]
        same = "yes" if away <= 1e-4 else "NO"
        rows.append([f"{name}, largest difference of a share", f"{away:.1e}", "<= 1e-4", same])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--areas", type=int, default=460_000)
    parser.add_argument("--accuracy", action="store_true")
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(f"{machine(int(os.environ['OMP_NUM_THREADS']))}; processes waiting: {busy()}")
    measured: dict[str, Any] = {}
    missed: list[str] = []
    if options.areas:
        measured |= {"speed": speed(options.areas), "peers": peers(options.areas)}
        print(f"\n{options.areas:,} areas x {CELLS} cells x {PROFILES} profiles\n")
        rows = speed_rows(measured["speed"], measured["peers"])
        missed += [f"{row[0]}: {row[1]}" for row in rows if row[3] == "NO"]
        print(table(["what", "measured", "goal", "reached"], rows, ["what", "goal", "reached"]))
    plans = (PLANS if options.accuracy else ()) + (LARGE if options.reference else ())
    for plan in (each for each in plans if options.only in each.name):
        seeds = 1 if plan in LARGE else options.seeds
        measured[plan.name], rows = show_world(plan, range(FIRST_SEED, FIRST_SEED + seeds))
        missed += rows
    print(f"\nMissed: {len(missed)}")
    print("\n".join(missed))
    if options.json:
        options.json.write_text(json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
