"""What areas are projected from: a seed table, margins with their errors, residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.ingest.area_base import AreaBase, BaseMargin, margin_of
from flows.profiles.projection.membership import Membership, cell_design, fit_membership
from flows.profiles.projection.places import ENOUGH, Places
from flows.profiles.projection.residual import Residuals, fit_residuals
from flows.profiles.projection.spread import added_spread
from flows.statistics.area_fitting import (
    AreaMargin,
    dispersion,
    level_of_cells,
    margin_of_areas,
    steadied,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PEOPLE_A_PARAMETER = 3
"""With fewer people, products of demographics are left out of P(profile | demographics)."""
FEWEST_REPLICATES = 5
"""Fewer fits on samples of the respondents do not tell how far the fitted model may be off."""
ADDED = 0.5
"""People added to the seed per cell, spread as if variables were independent, so that no cell is
impossible because nobody of it happened to answer."""
UNIFORM = 0.01
MOST_ALIKE = 0.5
"""Largest intra-area correlation taken for a variable that is published for coarser areas only."""
UNKNOWN_TAU = 0.3
"""Standard deviation, in log-odds, by which areas of a level are taken to differ beyond their
demographics when nobody was typed: more than typed panels of simulated worlds showed (.1-.3)."""


def membership_of(
    sizes: tuple[int, ...],
    cell: ArrayLike,
    memberships: Floats,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    replicates: Floats | None = None,
) -> Membership:
    """P(profile | demographics), with products of demographics where there are people enough.

    The first five are as in `fit_membership`; `replicates` (R, C, K): memberships per cell under
    other fits of the model, whose error is added unless they are too few to tell it.
    """
    n, k = memberships.shape
    width = cell_design(sizes, crossed=True).shape[1]
    crossed = n >= PEOPLE_A_PARAMETER * width * (k - 1)
    membership = fit_membership(sizes, cell, memberships, weights, clusters, crossed)
    if replicates is None or len(replicates) < FEWEST_REPLICATES:
        return membership
    return membership.with_fit_error(replicates)


@dataclass(frozen=True, eq=False)
class Margins:
    """Margins of A areas, one per variable.

    `dispersions`: per variable how areas differ from where their margin was taken from;
    `sources`: per variable the geographic levels that the numbers in `AreaMargin.source` mean.
    """

    margins: tuple[AreaMargin, ...]
    dispersions: Mapping[str, float]
    sources: Mapping[str, tuple[str, ...]]


def base_margins(
    base: AreaBase, variables: Sequence[str], levels: Sequence[Sequence[str]]
) -> Margins:
    """The margins of these variables, with these levels in this order, for all areas of a base.

    A count that was rounded is drawn towards the coarser area as far as rounding blurs it
    (`area_fitting.steadied`). Raises `UnusableBase` for a variable or levels the base lacks.
    """
    made, rho, sources = [], {}, {}
    for variable, codes in zip(variables, levels, strict=True):
        published = margin_of(base, variable, codes)
        margin, spread = _margin(base, published)
        made.append(margin)
        rho[variable] = spread
        sources[variable] = (base.levels[0], *(level for level, _ in published.coarser))
    return Margins(tuple(made), rho, sources)


def _margin(base: AreaBase, published: BaseMargin) -> tuple[AreaMargin, float]:
    """One margin and its dispersion."""
    n = base.areas["residents"].to_numpy(dtype=np.float64)
    coarser = [_placed(base, level, frame) for level, frame in published.coarser]
    name, own = published.variable, published.counts
    margin = margin_of_areas(name, own, coarser)
    nothing = np.full_like(own, np.nan)
    above = margin_of_areas(name, nothing, [*coarser, _nation(margin, n)])
    there = margin.source == 0
    if there.any():
        shares = np.where(there[:, None], margin.shares, np.nan)
        rho = dispersion(shares, above.shares, n, published.rounding)
        if published.rounding:
            margin = steadied(margin, above.shares, n, rho, published.rounding)
        return margin, rho
    # Not published for finest areas: they are taken to differ as the published ones do, and
    # so much more as other variables show that finer areas do.
    of, rows = coarser[0]
    at = [level for level, _ in published.coarser]
    added = added_spread(base, at[0], at[1] if len(at) > 1 else None)
    wider = margin_of_areas(name, nothing, [*coarser[1:], _nation(margin, n)])
    first = np.full(len(rows), -1)
    first[of[::-1]] = np.arange(len(of))[::-1]
    kept = np.flatnonzero(first >= 0)
    with np.errstate(invalid="ignore"):
        shares = rows[kept] / rows[kept].sum(axis=1, keepdims=True)
    people = np.bincount(of, n, len(rows))[kept]
    rho = dispersion(shares, wider.shares[first[kept]], people)
    return margin, min(rho + added, MOST_ALIKE)


def _placed(base: AreaBase, level: str, frame: pd.DataFrame) -> tuple[Ints, Floats]:
    """The place of every finest area among published areas of a level, and their counts."""
    of = frame.index.get_indexer(pd.Index(base.areas[level])).astype(np.int64)
    rows = np.vstack([frame.to_numpy(dtype=np.float64), np.full(frame.shape[1], np.nan)])
    return np.where(of < 0, len(frame), of), rows


def _nation(margin: AreaMargin, residents: Floats) -> tuple[Ints, Floats]:
    """All areas together, as one coarser area."""
    there = np.isfinite(margin.shares).all(axis=1)
    total = residents[there] @ margin.shares[there]
    if not there.any() or total.sum() <= 0:
        total = np.full(margin.shares.shape[1], np.nan)
    return np.zeros(len(residents), dtype=np.int64), total[None, :]


def seed_table(sizes: Sequence[int], cell: ArrayLike, weights: ArrayLike) -> Floats:
    """Weighted people per combination of levels, and a little in every cell.

    `cell` (n,): -1 for people who are left out; `weights` (n,) average about 1.
    """
    of, w = np.asarray(cell, dtype=np.int64), np.asarray(weights, dtype=np.float64)
    cells = int(np.prod(sizes))
    table: Floats = np.bincount(of[of >= 0], w[of >= 0], cells).astype(np.float64)
    independent = np.ones(cells)
    for level in level_of_cells(sizes):
        independent *= level @ (table @ level + UNIFORM) / (table.sum() + UNIFORM * level.shape[1])
    table = table + ADDED * cells * independent + UNIFORM
    return np.asarray(table.reshape(tuple(sizes)))


@dataclass(frozen=True, eq=False)
class TypedPeople:
    """n people with a profile by their answers, to see how areas differ.

    `memberships` (n, K); `cell` (n,), all known; `weights` (n,) that average 1; `at`: per level
    of the surroundings, coarsest first, their place (n,), -1 where it is not known.
    """

    memberships: Floats
    cell: Ints
    weights: Floats
    at: tuple[Ints, ...]

    @classmethod
    def together(cls, groups: Sequence[TypedPeople]) -> TypedPeople:
        """Several groups as one."""
        return cls(
            np.vstack([group.memberships for group in groups]),
            np.concatenate([group.cell for group in groups]),
            np.concatenate([group.weights for group in groups]),
            tuple(
                np.concatenate(level) for level in zip(*(group.at for group in groups), strict=True)
            ),
        )


def residuals_of(
    places: Places, probabilities: Floats, people: TypedPeople | None
) -> tuple[Residuals, int, int]:
    """Residuals of all surroundings, the levels that people told of, and how many people.

    `probabilities` (cells, K): by demographics alone. Without people, or at a level finer than
    they are known, areas differ by `UNKNOWN_TAU` or as the coarser level does.
    """
    k = probabilities.shape[1]
    if people is None or not len(people.cell):
        tau = np.full(k, UNKNOWN_TAU)
        residuals, depth, used = _unknown(tau, len(places.parents[0])), 0, 0
        told = 1
    else:
        depth = _depth(people)
        at = people.at[depth - 1]
        there = at >= 0
        residuals = fit_residuals(
            people.memberships[there],
            probabilities[people.cell[there]],
            at[there],
            places.parents[:depth],
            people.weights[there],
        )
        used, told = int(there.sum()), depth
    for parent in places.parents[told:]:
        residuals = _finer(residuals, parent, residuals.tau[-1])
    return residuals, depth, used


def _depth(people: TypedPeople) -> int:
    """The number of levels, coarse to fine, at which enough people are known."""
    known = [int((place >= 0).sum()) for place in people.at]
    depth = 1
    while depth < len(known) and known[depth] >= max(ENOUGH * known[0], 1):
        depth += 1
    return depth


def _unknown(tau: Floats, areas: int) -> Residuals:
    """Residuals of the coarsest level of which nothing is known but how much they vary."""
    k = len(tau)
    spread = np.broadcast_to(np.diag(tau**2), (areas, k, k)).copy()
    zero = np.zeros((areas, k))
    none = np.zeros(areas, dtype=np.int64)
    return Residuals(
        tau[None, :],
        (zero,),
        (spread,),
        (none,),
        (spread,),
        (np.broadcast_to(np.eye(k), (areas, k, k)).copy(),),
    )


def _finer(residuals: Residuals, parent: Ints, tau: Floats) -> Residuals:
    """The same with a level below it in which nobody was typed."""
    k, z = len(tau), len(parent)
    own = np.broadcast_to(np.diag(tau**2), (z, k, k)).copy()
    return replace(
        residuals,
        tau=np.vstack([residuals.tau, tau]),
        mean=(*residuals.mean, residuals.mean[-1][parent]),
        covariance=(*residuals.covariance, residuals.covariance[-1][parent] + own),
        n=(*residuals.n, np.zeros(z, dtype=np.int64)),
        given=(*residuals.given, own),
        through=(*residuals.through, np.broadcast_to(np.eye(k), (z, k, k)).copy()),
    )
