"""How well areas are projected in a simulated world, as a table with goals."""

from __future__ import annotations

from typing import Any

import numpy as np
from _projection_worlds import Plan, accuracy
from _table import table

FIRST_SEED = 31
GOALS: dict[str, tuple[float, float]] = {"coverage": (0.93, 0.97), "lowest size band": (0.9, 1.0)}
REFERENCE_GOALS = {
    ("reference, survey alone", "municipality"): 2.2,
    ("reference, 75k panel", "municipality"): 1.6,
    ("reference, 75k panel, soft", "municipality"): 1.6,
    ("reference, survey alone", "PC6"): 4.3,
    ("reference, 75k panel", "PC6"): 3.9,
    ("reference, 75k panel, soft", "PC6"): 3.9,
}


def judged(plan: Plan, runs: list[dict[str, Any]]) -> list[list[str]]:
    """A row per figure: its mean over seeds, the range, the goal, and whether it is reached."""
    rows = []

    def row(what: str, values: list[float], digits: int, goal: str, met: bool | None) -> None:
        between = f"{min(values):.{digits}f} to {max(values):.{digits}f}"
        reached = "-" if met is None else "yes" if met else "NO"
        rows.append([what, f"{np.mean(values):.{digits}f}", between, goal, reached])

    for level in ("PC6", "PC4", "municipality"):
        own = [run[level] for run in runs]
        most = REFERENCE_GOALS.get((plan.name, level))
        errors = [each["rmse"] for each in own]
        met = None if most is None else bool(np.mean(errors) <= most)
        row(f"{level}: RMSE, points", errors, 2, "-" if most is None else f"<= {most}", met)
        held = [each["coverage"] for each in own]
        low, high = GOALS["coverage"]
        row(f"{level}: coverage", held, 3, f"{low:.2f}-{high:.2f}", low <= np.mean(held) <= high)
        bands = np.array([each["bands"] for each in own])
        worst = bands[:, bands.mean(axis=0).argmin()]
        least = GOALS["lowest size band"][0]
        what = f"{level}: coverage, lowest size band"
        row(what, list(worst), 3, f">= {least:.2f}", bool(worst.mean() >= least))
        row(f"{level}: median width, points", [each["width"] for each in own], 1, "-", None)
    taus = np.array([run["tau"] for run in runs])
    for i, name in enumerate(("municipality", "PC4", "PC6")[: taus.shape[1]]):
        row(f"tau of {name}, true {plan.tau[i]}", list(taus[:, i]), 3, "-", None)
    seconds = [run["seconds"] for run in runs]
    row("processor seconds to fit residuals", seconds, 0, "-", None)
    return rows


def show_world(plan: Plan, seeds: range) -> tuple[list[dict[str, Any]], list[str]]:
    """Print the table of a world; its figures per seed, and the goals that were missed."""
    runs = accuracy(plan, seeds)
    rows = judged(plan, runs)
    typed = f"likeliest profile {runs[0]['confidence']:.2f}"
    print(f"\nAreas: {plan.name} ({len(runs)} seeds; {typed})\n")
    head = ["what", "mean", "over seeds", "goal", "reached"]
    print(table(head, rows, ["what", "goal", "reached"]), flush=True)
    missed = [f"{plan.name}: {row[0]} {row[1]}, goal {row[3]}" for row in rows if row[4] == "NO"]
    return runs, missed
