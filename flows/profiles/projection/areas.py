"""The composition of areas: their demographic tables, the profiles of those, and an interval.

The expected share of profile k in area a, among its residents as they are:

    share = sum over cells of table[a, cell] * P(k | cell, residual of the area)

Its interval adds up, on the share's scale, the variances of
1. the parameters of P (draws of the logit);
2. the posterior of the residual of the areas it lies in;
3. the residual of the area itself, which nobody measured;
4. the demographics: n residents have the fitted table only on average (multinomial around it,
   less what published margins fix), unpublished margins differ between areas beyond that, and
   published ones may be rounded;
5. if asked for the realised share, the residents' own profiles given their demographics.
Bounds of the expected share are taken on its log-odds, so that they stay between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flows.definitions.models import Model
from flows.profiles.errors import ProfileError
from flows.profiles.projection.groups import (
    AreaParts,
    GroupProjection,
    GroupSums,
    add_up,
    bounds,
    sources_of_margin,
)
from flows.profiles.projection.membership import Membership
from flows.profiles.projection.surroundings import AreaResidual
from flows.statistics.area_fitting import CHUNK, AreaMargin, FittedAreas, fit_areas, level_of_cells

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

__all__ = ["AreaResidual", "Projection", "ProjectionSettings", "project_areas"]

SOURCES = ("parameters", "posterior", "own_residual", "demographics", "residents")


class ProjectionSettings(Model):
    """How areas are projected.

    `confidence` of the intervals; `draws` of the parameters; `realised`: the interval is for
    the share among the residents as they are, not for its expectation given who they are;
    `tolerance`, `max_iterations` and `chunk` of the fitting.
    """

    confidence: float = 0.95
    draws: int = 100
    seed: int = 1
    realised: bool = False
    tolerance: float = 1e-4
    max_iterations: int = 100
    chunk: int = CHUNK


@dataclass(frozen=True, eq=False)
class Projection:
    """Composition of A areas over K profiles; missing (NaN) where margins are.

    `area` (A,): codes. `estimate`, `low`, `high` (A, K): shares 0-1. `n_direct` (A,): typed
    people in the area's known surroundings. `source` (A, margins): per margin named in
    `margins` the level it was taken from (0: the area itself, -1: nowhere). `variance` per
    source of error (A, K). `not_converged` and `without_margins`: codes of areas whose margins
    contradict each other, and of those without. `margin_error` (A,). `groups`: the coarser
    areas that were asked for, per grouping.
    """

    area: NDArray[np.str_]
    estimate: Floats
    low: Floats
    high: Floats
    n_direct: Ints
    margins: tuple[str, ...]
    source: NDArray[np.int8]
    variance: Mapping[str, NDArray[np.float32]]
    not_converged: tuple[str, ...]
    without_margins: tuple[str, ...]
    margin_error: Floats
    groups: Mapping[str, GroupProjection]


def project_areas(
    area: Sequence[str],
    seed: ArrayLike,
    margins: Sequence[AreaMargin],
    residents: ArrayLike,
    membership: Membership,
    residual: AreaResidual | None = None,
    dispersions: Mapping[str, float] | None = None,
    n_direct: ArrayLike | None = None,
    settings: ProjectionSettings | None = None,
    groups: Mapping[str, ArrayLike] | None = None,
) -> Projection:
    """Composition of areas, and of groups of them, with an interval.

    `seed`: demographics of the whole population, an axis per margin, as in `membership.sizes`;
    `residents` (A,): people in the area, for the luck of the draw and as weight in groups;
    `dispersions`: per margin the intra-area correlation where it is not the area's own
    (`area_fitting.dispersion`). `n_direct` (A,): typed people in the known surroundings of every
    area, `residual.n` if not given. `groups`: per grouping the code (A,) of the group every area
    is in, empty for none. What a margin of a coarser area fixes is known only if all areas
    inside it are among `area`: leave areas outside an own list in, with an empty code.
    Raises `ProfileError` when sizes disagree, `AreaFittingError` as `fit_areas`.
    """
    settings = settings or ProjectionSettings()
    k = membership.logit.shape[1]
    codes = np.asarray(area, dtype=np.str_)
    residual = residual or AreaResidual.none(len(codes), k)
    n = np.asarray(residents, dtype=np.float64)
    _check(codes, seed, margins, n, membership, residual)
    direct = _direct(n_direct, residual)
    kernel = _Kernel(membership, margins, residual, dispersions or {}, n, settings)
    sources = [sources_of_margin(margin) for margin in margins] if groups else []
    whole = [np.zeros((int(source.max()) + 2, k)) for source in sources]
    sums = {
        name: GroupSums(name, of, residual, sources, (kernel.cells, k), n)
        for name, of in (groups or {}).items()
    }
    shape = len(codes), k
    estimate, low, high = (np.full(shape, np.nan) for _ in range(3))
    kinds = SOURCES if settings.realised else SOURCES[:-1]
    parts = {name: np.full(shape, np.nan, dtype=np.float32) for name in kinds}
    error = np.full(len(codes), np.nan)
    strayed = np.zeros(len(codes), dtype=bool)
    for fitted, share, variances, adds in kernel.run(seed):
        rows = slice(fitted.start, fitted.stop)
        there = ~fitted.empty
        total = np.zeros_like(share)
        for name, variance in variances.items():
            total += variance
            parts[name][rows] = np.where(there[:, None], variance, np.nan)
        discrete = n[rows, None] if settings.realised else None
        reach = bounds(share, total, settings.confidence, discrete)
        for values, part in zip((estimate, low, high), (share, *reach), strict=True):
            values[rows] = np.where(there[:, None], part, np.nan)
        error[rows] = fitted.error
        strayed[rows] = ~fitted.converged & there
        for source, of_all, margin in zip(sources, whole, adds.shared, strict=False):
            add_up(of_all, source[rows], adds.weight**2, margin)
        for summed in sums.values():
            summed.add(rows, adds)
    found = {
        name: summed.result(kernel.draws, whole, direct, n, settings.confidence, settings.realised)
        for name, summed in sums.items()
    }
    return Projection(
        codes, estimate, low, high, direct,
        tuple(margin.name for margin in margins),
        np.stack([margin.source for margin in margins], axis=1),
        parts,
        tuple(codes[strayed].tolist()),
        tuple(codes[np.isnan(error)].tolist()),
        error, found,
    )  # fmt: skip


class _Kernel:
    """Shares and variances of runs of areas; everything per cell is made ready once."""

    def __init__(
        self, membership: Membership, margins: Sequence[AreaMargin], residual: AreaResidual,
        dispersions: Mapping[str, float], residents: Floats, settings: ProjectionSettings,
    ) -> None:  # fmt: skip
        self.margins, self.residual, self.settings = margins, residual, settings
        self.weights, self.residents = residents, np.maximum(residents, 1.0)
        self.dispersions = np.array([dispersions.get(margin.name, 0.0) for margin in margins])
        p = membership.probabilities
        cells, k = p.shape
        self.cells, self.k = cells, k
        self.p = p.astype(np.float32)
        self.tilt = np.exp(residual.mean).astype(np.float32)
        self.scale = (1.0 / (self.tilt @ self.p.T)).astype(np.float32)
        draws = membership.draws(settings.draws, np.random.default_rng(settings.seed))
        draws -= draws.mean(axis=0)
        self.draws = np.asarray(draws.transpose(1, 0, 2).reshape(cells, -1), dtype=np.float32)
        pairs = (p[:, :, None] * p[:, None, :]).reshape(cells, -1)
        self.pairs = pairs.astype(np.float32)
        self.by_level = [
            np.hstack([level, (level[:, :, None] * p[:, None, :]).reshape(cells, -1)]).astype("f4")
            for level in level_of_cells(membership.sizes)
        ]

    def run(
        self, seed: ArrayLike
    ) -> Iterator[tuple[FittedAreas, Floats, dict[str, Floats], AreaParts]]:
        s = self.settings
        for fitted in fit_areas(
            seed, self.margins, tolerance=s.tolerance, max_iterations=s.max_iterations,
            chunk=s.chunk,
        ):  # fmt: skip
            rows = slice(fitted.start, fitted.stop)
            of = self.residual.of[rows]
            # Cells times 1 / (sum over profiles of P * tilt), then P, then the profile's tilt.
            share = ((fitted.shares * self.scale[of]) @ self.p) * self.tilt[of]
            shares = share.astype(np.float64)
            yield fitted, shares, *self._variances(fitted, shares, rows, of)

    def _variances(
        self, fitted: FittedAreas, share: Floats, rows: slice, of: Ints
    ) -> tuple[dict[str, Floats], AreaParts]:
        """Variances of the areas, and what they add to those of groups."""
        table, k, count = fitted.shares, self.k, len(fitted.shares)
        plain = (table @ self.p).astype(np.float64)
        drawn = (table @ self.draws).reshape(count, -1, k)
        pairs = (table @ self.pairs).astype(np.float64).reshape(count, k, k)
        # How the shares move with the residual: diag(share) - sum of table * P P'.
        moves = -pairs
        moves[:, np.arange(k), np.arange(k)] += plain
        surround = np.asarray(self.residual.covariance)[of]
        n = self.residents[rows, None]
        squares = np.diagonal(pairs, axis1=1, axis2=2)
        own = moves**2 @ self.residual.own**2
        luck, blurred, between = self._demographics(fitted, rows, plain, squares)
        rho = self.dispersions[:, None, None]
        realised = (plain - squares) / n
        variances = {
            "parameters": np.einsum("ndk,ndk->nk", drawn, drawn).astype(np.float64)
            / drawn.shape[1],
            "posterior": ((moves @ surround) * moves).sum(axis=2),
            "own_residual": own,
            "demographics": luck / n + blurred + (rho * between).sum(axis=0),
        }
        if self.settings.realised:
            variances["residents"] = realised
        # The luck of a margin that was taken from elsewhere adds up there, like its dispersion.
        inside = np.maximum(luck - between.sum(axis=0), 0.0) / n + blurred
        weight = np.where(fitted.empty, 0.0, self.weights[rows])
        shared = between * (1 / n + rho)
        return variances, AreaParts(weight, table, share, moves, own, inside, realised, shared)

    def _demographics(
        self, fitted: FittedAreas, rows: slice, plain: Floats, squares: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """What is not known of the residents, by the shares (n, K) that would follow from it.

        The variance of one resident's expected share less what the area's own margins fix; that
        of the rounding of those margins; and per margin from elsewhere (margins, n, K) the part
        of one resident's that it explains.
        """
        luck = squares - plain**2
        rounded = np.zeros_like(plain)
        elsewhere = np.zeros((len(self.margins), *plain.shape))
        for i, (margin, of_level) in enumerate(zip(self.margins, self.by_level, strict=True)):
            levels = margin.shares.shape[1]
            sums = (fitted.shares @ of_level).astype(np.float64)
            size = sums[:, :levels, None]
            means = sums[:, levels:].reshape(-1, levels, self.k) / np.maximum(size, 1e-12)
            away = np.where(size > 1e-9, (means - plain[:, None, :]) ** 2, 0.0)
            between = (size * away).sum(axis=1)
            published = (margin.source[rows] == 0)[:, None]
            luck -= np.where(published, between, 0.0)
            elsewhere[i] = np.where(published, 0.0, between)
            if margin.variance is not None:
                blurred = (margin.variance[rows, :, None] * away).sum(axis=1)
                rounded += np.where(published, blurred, 0.0)
        return np.maximum(luck, 0.0), rounded, elsewhere


def _direct(n_direct: ArrayLike | None, residual: AreaResidual) -> Ints:
    if n_direct is not None:
        return np.asarray(n_direct, dtype=np.int64)
    if residual.n is None:
        return np.zeros(len(residual.of), dtype=np.int64)
    return np.asarray(residual.n, dtype=np.int64)[residual.of]


def _check(
    codes: NDArray[np.str_], seed: ArrayLike, margins: Sequence[AreaMargin], residents: Floats,
    membership: Membership, residual: AreaResidual,
) -> None:  # fmt: skip
    if np.shape(seed) != membership.sizes:
        raise ProfileError(
            f"the seed table has shape {np.shape(seed)} and the profile model knows demographics "
            f"of {membership.sizes} levels; use the same variables in the same order."
        )
    lengths = {len(codes), len(residents), len(residual.of), *(len(m.shares) for m in margins)}
    if len(lengths) > 1:
        raise ProfileError(
            f"areas, residents, margins and residuals have {sorted(lengths)} rows; give each of "
            "them one row per area."
        )
    if len(np.unique(codes)) < len(codes):
        raise ProfileError("an area code occurs twice; give every area one row.")
    if not np.isfinite(residents).all() or (residents < 0).any():
        place = int(np.flatnonzero(~np.isfinite(residents) | (residents < 0))[0])
        raise ProfileError(
            f"area {codes[place]} has {residents[place]} residents; give a number of at least 0."
        )
