"""Two vintages of the postcode base side by side: what changed, by what, and how sure that is.

The areas of the earlier vintage are put on the boundaries of the later one first, and projected
again there by their own engine, so that a redivision is not taken for a change of its residents.

The change is split in two: what the earlier model says of the new residents less what it said of
the old ones (demographics), and the rest (model: its version, and what typed people tell of areas).

The interval of a change does not count twice what both runs have in common. Per source of error
with variances a and b the change has a + b - 2 r sqrt(a b), and r is taken to be
- parameters, own residual: 1 for runs of one model version (they make the same error, and what
  an area has beyond its demographics is taken to stay), 0 for two versions;
- posterior of the residual: for runs of one model version that rest on the same typed people,
  the part of the residents whose municipality and postcode kept their boundaries; else 0;
- demographics: 0, though many residents are the same.
Where r is 0 but errors are shared in truth, the interval is too wide, never too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from flows.ingest.area_changes import on_boundaries
from flows.profiles.errors import ProfileError
from flows.profiles.projection.areas import Projection
from flows.profiles.projection.engine import AreaEngine
from flows.profiles.projection.places import Places
from flows.profiles.projection.residual import Residuals

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Change:
    """Change of the G areas of one level over K profiles; shares and their differences, 0-1.

    `area` (G,): codes of the later vintage. `before`: the earlier vintage on the same
    boundaries. `by_demographics`, `by_model` add up to `change`; None where the two models do
    not know the same demographics. `redrawn` (G,): whether boundaries changed.
    """

    level: str
    area: NDArray[np.str_]
    residents: tuple[Floats, Floats]
    before: Floats
    after: Floats
    low: Floats
    high: Floats
    by_demographics: Floats | None
    by_model: Floats | None
    redrawn: NDArray[np.bool_]

    @property
    def change(self) -> Floats:
        return self.after - self.before


def changes(
    old: AreaEngine,
    new: AreaEngine,
    *,
    same_model: bool,
    same_people: bool,
    confidence: float = 0.95,
) -> list[Change]:
    """The change of every area of every level but the finest that both vintages have.

    `same_model`: whether both are of one model version; `same_people`: whether the same typed
    people told how areas differ. Raises `ProfileError` for engines of different profiles,
    `UnusableBase` for vintages that cannot be compared.
    """
    if old.profiles != new.profiles:
        raise ProfileError(
            f"the two runs have other profiles ({', '.join(old.profiles)}; "
            f"{', '.join(new.profiles)}) and cannot be put side by side."
        )
    placed = on_boundaries(old.areas, new.areas)
    levels = [level for level in new.levels[1:] if level in old.levels]
    before = old.run(
        np.arange(len(old.areas)), {level: placed[level].fillna("") for level in levels}
    )
    after = new.run(np.arange(len(new.areas)), {level: new.areas[level] for level in levels})
    same_residuals = same_model and _equal(old.residuals, new.residuals)
    between = None
    same_seed = _equal_numbers(old.seed, new.seed)
    if not (same_residuals and same_seed):
        between = _earlier_model(old, new, levels)
    same_logit = same_model and _equal_numbers(old.membership.logit, new.membership.logit)
    stayed = _stayed(old, placed)
    z = float(norm.ppf((1 + confidence) / 2))
    known = between is not None or (same_residuals and same_seed)
    made = []
    for level in levels:
        was, now = before.groups[level], after.groups[level]
        place = pd.Index(was.area).get_indexer(pd.Index(now.area))
        there = np.flatnonzero(place >= 0)
        at = place[there]
        change = now.estimate[there] - was.estimate[at]
        people = stayed.groupby(placed[level]).sum().reindex(pd.Index(now.area[there]))
        kept = people.fillna(0.0).to_numpy() / np.maximum(was.residents[at], 1.0)
        steady = kept[:, None] * float(same_model and same_people)
        shared: dict[str, Any] = {
            "parameters": same_logit,
            "own_residual": same_model,
            "posterior": steady,
        }
        variance = np.zeros_like(change)
        for source in now.variance:
            a, b = was.variance[source][at], now.variance[source][there]
            variance += a + b - 2 * shared.get(source, 0.0) * np.sqrt(a * b)
        reach = z * np.sqrt(np.maximum(variance, 0.0))
        by_demographics = None
        if known:
            middle = now.estimate if between is None else between.groups[level].estimate
            by_demographics = middle[there] - was.estimate[at]
        made.append(
            Change(
                level,
                now.area[there],
                (was.residents[at], now.residents[there]),
                was.estimate[at],
                now.estimate[there],
                change - reach,
                change + reach,
                by_demographics,
                None if by_demographics is None else change - by_demographics,
                np.isin(now.area[there], _redrawn(old, placed, level)),
            )
        )
    return made


def _stayed(old: AreaEngine, placed: pd.DataFrame) -> pd.Series[float]:
    """Residents per finest area of the earlier vintage whose surroundings kept boundaries."""
    stayed = old.areas["residents"].astype(float)
    for level in old.around:
        moved = _redrawn(old, placed, level)
        stayed = stayed.mask(placed[level].isin(moved) | old.areas[level].isin(moved), 0.0)
    return stayed


def _redrawn(old: AreaEngine, placed: pd.DataFrame, level: str) -> list[str]:
    """Areas of the later vintage that gained or lost finest areas of the earlier one."""
    moved = placed[level].notna() & (placed[level] != old.areas[level])
    return [*placed.loc[moved, level], *old.areas.loc[moved, level]]


def _earlier_model(old: AreaEngine, new: AreaEngine, levels: list[str]) -> Projection | None:
    """What the earlier model says of the new residents; None where it does not know them."""
    variables = [[margin.name for margin in engine.margins] for engine in (old, new)]
    sizes = [engine.membership.sizes for engine in (old, new)]
    if variables[0] != variables[1] or sizes[0] != sizes[1] or old.around != new.around:
        return None
    mixed = replace(
        new,
        membership=old.membership,
        seed=old.seed,
        residuals=_moved(old.residuals, old.places, new.places),
    )
    return mixed.run(np.arange(len(new.areas)), {level: new.areas[level] for level in levels})


def _moved(residuals: Residuals, old: Places, new: Places) -> Residuals:
    """Residuals of the places of one vintage for those of another.

    A place that was not there has what the place around it has, and may differ from that as
    places of its level do.
    """
    k = residuals.tau.shape[1]
    parts: dict[str, list[Any]] = {
        name: [] for name in ("mean", "covariance", "n", "given", "through")
    }
    for depth in range(len(new.levels)):
        here = new.coarser(depth + 1)
        at = old.coarser(depth + 1).located(here.codes)
        lost, parent = at < 0, new.parents[depth]
        own = np.diag(residuals.tau[depth] ** 2)
        around = (np.zeros((1, k)), np.zeros((1, k, k)))
        if depth:
            around = (parts["mean"][-1], parts["covariance"][-1])
        taken = {name: getattr(residuals, name)[depth][at].copy() for name in parts}
        taken["mean"][lost] = around[0][parent[lost]]
        taken["covariance"][lost] = around[1][parent[lost]] + own
        taken["n"][lost] = 0
        taken["given"][lost] = own
        taken["through"][lost] = np.eye(k)
        for name, values in taken.items():
            parts[name].append(values)
    moved: dict[str, Any] = {name: tuple(values) for name, values in parts.items()}
    return replace(residuals, **moved)


def _equal(one: Residuals, other: Residuals) -> bool:
    pairs = [(one.tau, other.tau), *zip(one.mean, other.mean, strict=False)]
    return len(one.mean) == len(other.mean) and all(_equal_numbers(*pair) for pair in pairs)


def _equal_numbers(one: Floats, other: Floats) -> bool:
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=1e-12))
