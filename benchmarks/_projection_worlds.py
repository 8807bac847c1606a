"""Accuracy of projected shares and their intervals in simulated worlds with known truth."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "profiles"))
from projection_world import SIZES, AreaWorld, area_world

from flows.profiles.projection.areas import AreaResidual, ProjectionSettings, project_areas
from flows.profiles.projection.membership import fit_membership
from flows.profiles.projection.residual import fit_residuals

Shape = tuple[int, int, int]
SURVEY = 10_000
SMALL: Shape = (200, 10, 12)
REFERENCE: Shape = (342, 12, 28)
SKEWED = 0.6
SOFT = 0.5
"""Noise of typing: memberships of .76 on average for the likeliest profile."""


@dataclass(frozen=True)
class Plan:
    """A world and what is known of it. `panel` 0: the survey of 10,000 alone.

    `tau` of municipality, PC4 and PC6; `softness` of typing; `selection`: of self-selected
    members (weights repair demographics only); `pc6`: whether members' PC6 is known.
    """

    name: str
    tau: tuple[float, float, float]
    panel: int = 16_000
    softness: float = 0.0
    selection: float = 0.0
    pc6: bool = True
    shape: Shape = SMALL
    mixing: float = 0.5


PLANS = (
    Plan("few areas, survey alone", (0.2, 0.2, 0.15), 0, shape=(40, 10, 12)),
    Plan("exact typing", (0.2, 0.2, 0.15)),
    Plan("soft typing, other tau", (0.3, 0.1, 0.2), softness=SOFT, mixing=0.8),
    Plan("small tau, soft", (0.1, 0.08, 0.05), softness=SOFT),
    Plan("large tau, soft", (0.4, 0.35, 0.3), softness=SOFT),
    Plan("PC4 do not differ", (0.25, 0.0, 0.15)),
    Plan("municipalities do not differ, soft", (0.0, 0.2, 0.15), softness=SOFT),
    Plan("members known to PC4, soft", (0.2, 0.2, 0.15), softness=SOFT, pc6=False),
    Plan("75k self-selected, weights, soft", (0.25, 0.15, 0.15), 75_000, SOFT, 0.5),
)
LARGE = (
    Plan("reference, survey alone", (0.2, 0.2, 0.15), 0, shape=REFERENCE),
    Plan("reference, 75k panel", (0.2, 0.2, 0.15), 75_000, shape=REFERENCE),
    Plan("reference, 75k panel, soft", (0.2, 0.2, 0.15), 75_000, SOFT, shape=REFERENCE),
)


def measured(plan: Plan, seed: int, world: AreaWorld | None = None) -> dict[str, Any]:
    """Per level RMSE in points (weighted with residents), coverage, and that by size band."""
    world = world or area_world(
        *plan.shape, seed=seed, tau=plan.tau, mixing=plan.mixing, skewed=SKEWED
    )
    rng = np.random.default_rng(seed)
    survey = world.sample(SURVEY, rng, plan.softness)
    people = world.sample(plan.panel, rng, plan.softness, plan.selection) if plan.panel else survey
    town = world.town[survey.area]
    membership = fit_membership(SIZES, survey.cell, survey.r, clusters=town, crossed=True)
    parents, area = world.parents, people.area
    if not plan.pc6:
        parents, area = parents[:2], world.district[area]
    began = time.process_time()
    expected = membership.probabilities[people.cell]
    residuals = fit_residuals(people.r, expected, area, parents, people.weight)
    seconds = time.process_time() - began
    around = AreaResidual.nested(residuals, parents, world.district, depth=2)
    margins, rho = world.margins()
    codes = [f"{i:06d}" for i in range(len(world.n))]
    groups = {"PC4": world.district.astype(str), "municipality": world.town.astype(str)}
    p = project_areas(
        codes, world.seed, margins, world.n, membership, around, rho, groups=groups,
        settings=ProjectionSettings(),
    )  # fmt: skip
    found: dict[str, Any] = {
        "tau": residuals.tau.mean(axis=1).round(3).tolist(),
        "seconds": seconds,
        "confidence": float(people.r.max(axis=1).mean()),
    }
    levels = [("PC6", p, world.expected, world.n)]
    for name, of in (("PC4", world.district), ("municipality", world.town)):
        group = p.groups[name]
        order = group.area.astype(int)
        levels.append((name, group, world.true_shares(of)[order], np.bincount(of, world.n)[order]))
    for name, shares, truth, n in levels:
        found[name] = judged(shares, truth, n, 10 if name == "PC6" else 0)
    return found


def judged(shares: Any, truth: np.ndarray, n: np.ndarray, fewest: int) -> dict[str, Any]:
    enough = n >= fewest
    held = (shares.low <= truth) & (truth <= shares.high)
    band = np.searchsorted(np.quantile(n[enough], [0.25, 0.5, 0.75]), n, side="right")
    squared = np.average((shares.estimate - truth) ** 2, weights=n, axis=0).mean()
    return {
        "rmse": 100 * float(np.sqrt(squared)),
        "coverage": float(held[enough].mean()),
        "bands": [float(held[enough & (band == b)].mean()) for b in range(4)],
        "profiles": float(held[enough].mean(axis=0).min()),
        "width": 100 * float(np.median((shares.high - shares.low)[enough])),
    }


def accuracy(plan: Plan, seeds: range) -> list[dict[str, Any]]:
    """The plan over seeds; what is judged is the mean over them."""
    return [measured(plan, seed) for seed in seeds]
