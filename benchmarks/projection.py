"""Projection to very many areas: seconds and peak memory, beside per-area IPF libraries.

    python benchmarks/projection.py [--areas 460000] [--accuracy] [--json FILE]

`--accuracy` adds RMSE and coverage in two simulated worlds with interactions. Run with
OMP_NUM_THREADS=1 for figures of one core.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "profiles"), str(Path(__file__).parent)]

import numpy as np  # noqa: E402
from _table import busy, machine, table  # noqa: E402
from projection_world import CELLS, NAMES, PROFILES, SIZES, area_world  # noqa: E402

from flows.profiles.projection.areas import (  # noqa: E402
    AreaResidual,
    ProjectionSettings,
    project_areas,
)
from flows.profiles.projection.membership import fit_membership  # noqa: E402
from flows.profiles.projection.residual import fit_residuals  # noqa: E402
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


def peers(number: int) -> dict[str, str]:
    """Seconds that the libraries, an area at a time, would take for all areas."""
    seed, counts = areas(PEER_AREAS, 3)
    counts = [np.maximum(c, 0.01) for c in counts]
    counts = [c / c.sum(axis=1, keepdims=True) for c in counts]

    def ipfn(i: int, module: Any) -> None:
        own = [c[i] for c in counts]
        dimensions = [[axis] for axis in range(len(own))]
        module.ipfn.ipfn(seed.copy(), own, dimensions, convergence_rate=1e-4).iteration()

    def humanleague(i: int, module: Any) -> None:
        module.ipf(seed, [np.array([axis]) for axis in range(len(counts))], [c[i] for c in counts])

    found = {}
    for name, one in (("ipfn", ipfn), ("humanleague", humanleague)):
        try:
            module = importlib.import_module("ipfn.ipfn" if name == "ipfn" else name)
            module = sys.modules[name]
        except ImportError:
            found[name] = "not installed"
            continue
        began = time.perf_counter()
        for i in range(PEER_AREAS):
            one(i, module)
        seconds = (time.perf_counter() - began) / PEER_AREAS * number
        found[name] = f"{seconds:.0f} s (from {PEER_AREAS} areas, scaled)"
    return found


def accuracy() -> list[dict[str, Any]]:
    """RMSE and coverage in two worlds; their parameters set no constant in the code."""
    rows = []
    worlds = (
        ("first", {"seed": 11, "tau": (0.2, 0.2, 0.15), "mixing": 0.5}, 0.0),
        ("second", {"seed": 12, "tau": (0.3, 0.1, 0.2), "mixing": 0.8}, 0.5),
    )
    for name, parameters, softness in worlds:
        world = area_world(200, 10, 12, **parameters)  # type: ignore[arg-type]
        rng = np.random.default_rng(parameters["seed"])  # type: ignore[arg-type]
        survey, panel = world.sample(10_000, rng, softness), world.sample(16_000, rng, softness)
        town = world.municipality[world.district[survey.area]]
        membership = fit_membership(SIZES, survey.cell, survey.r, clusters=town, crossed=True)
        expected = membership.probabilities[panel.cell]
        residuals = fit_residuals(panel.r, expected, panel.area, world.parents)
        margins, rho = world.margins()
        around = AreaResidual(
            residuals.mean[1], residuals.covariance[1], world.district, residuals.tau[2]
        )
        codes = [f"{i:06d}" for i in range(len(world.n))]
        for realised, truth in ((False, world.expected), (True, world.realised)):
            settings = ProjectionSettings(realised=realised)
            p = project_areas(
                codes, world.seed, margins, world.n, membership, around, rho, settings=settings
            )
            enough = world.n >= 10
            held = ((p.low <= truth) & (truth <= p.high))[enough]
            squared = np.average((p.estimate - truth) ** 2, weights=world.n, axis=0).mean()
            rows.append({
                "world": name, "share": "realised" if realised else "expected",
                "rmse_points": 100 * float(np.sqrt(squared)), "coverage": float(held.mean()),
                "lowest_profile": float(held.mean(axis=0).min()),
                "width_points": 100 * float(np.median((p.high - p.low)[enough])),
                "tau": [float(t) for t in residuals.tau.mean(axis=1)], "true_tau": world.tau,
            })  # fmt: skip
    return rows


def peak() -> float:
    scale = 1e6 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--areas", type=int, default=460_000)
    parser.add_argument("--accuracy", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(f"{machine(int(os.environ['OMP_NUM_THREADS']))}; processes waiting: {busy()}")
    measured: dict[str, Any] = {"speed": speed(options.areas), "peers": peers(options.areas)}
    s = measured["speed"]
    rows = [
        ["fit and project, s", f"{s['fit_and_project_seconds']:.1f}", "<= 10"],
        ["peak memory, MB", f"{s['peak_mb']:.0f}", "<= 1000"],
        ["fit, project, intervals, s", f"{s['with_intervals_seconds']:.1f}", "<= 300"],
        ["peak memory with intervals, MB", f"{s['peak_with_intervals_mb']:.0f}", "<= 1000"],
        ["largest margin error", f"{s['largest_margin_error']:.1e}", "<= 1e-4"],
        ["areas not converged", str(s["not_converged"]), "listed"],
        *[[name, value, ""] for name, value in measured["peers"].items()],
    ]
    print(f"{options.areas:,} areas x {CELLS} cells x {PROFILES} profiles")
    print(table(["what", "measured", "target"], rows, ["what"]))
    if options.accuracy:
        measured["accuracy"] = accuracy()
        head = ["world", "share", "RMSE pp", "coverage", "lowest profile", "width pp", "tau"]
        rows = [
            [
                a["world"], a["share"], f"{a['rmse_points']:.2f}", f"{a['coverage']:.3f}",
                f"{a['lowest_profile']:.3f}", f"{a['width_points']:.1f}",
                "/".join(f"{t:.2f}" for t in a["tau"]),
            ]
            for a in measured["accuracy"]
        ]  # fmt: skip
        print(table(head, rows, ["world", "share"]))
    if options.json:
        options.json.write_text(json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
