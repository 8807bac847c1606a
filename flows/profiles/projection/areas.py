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
from scipy.stats import norm

from flows.definitions.models import Model
from flows.profiles.errors import ProfileError
from flows.profiles.projection.membership import Membership
from flows.statistics.area_fitting import CHUNK, AreaMargin, FittedAreas, fit_areas, level_of_cells

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SOURCES = ("parameters", "posterior", "own_residual", "demographics", "residents")


class ProjectionSettings(Model):
    """How areas are projected.

    `confidence` of the intervals; `draws` of the parameters; `realised`: the interval is for
    the share among the residents as they are, not for its expectation given who they are;
    `tolerance`, `max_iterations` and `chunk` of the fitting.
    """

    confidence: float = 0.95
    draws: int = 50
    seed: int = 1
    realised: bool = False
    tolerance: float = 1e-4
    max_iterations: int = 100
    chunk: int = CHUNK


@dataclass(frozen=True, eq=False)
class AreaResidual:
    """The residual of every area's known surroundings, and how areas differ inside them.

    `mean` (Z, K) and `covariance` (Z, K, K) of Z surroundings; `of` (A,): the place of every
    area among them; `own` (K,): standard deviation of areas within them, 0 where the area is
    the surroundings itself.
    """

    mean: Floats
    covariance: Floats
    of: Ints
    own: Floats

    @classmethod
    def none(cls, areas: int, profiles: int) -> AreaResidual:
        """No residual is known or taken into account: what demographics say, and no more."""
        zero = np.zeros((1, profiles))
        of = np.zeros(areas, dtype=np.int64)
        return cls(zero, np.zeros((1, profiles, profiles)), of, zero[0])


@dataclass(frozen=True, eq=False)
class Projection:
    """Composition of A areas over K profiles; missing (NaN) where margins are.

    `area` (A,): codes. `estimate`, `low`, `high` (A, K): shares 0-1. `n_direct` (A,): typed
    people in the area's known surroundings. `source` (A, margins): per margin named in
    `margins` the level it was taken from (0: the area itself, -1: nowhere). `variance` per
    source of error (A, K). `not_converged` and `without_margins`: codes of areas whose margins
    contradict each other, and of those without. `margin_error` (A,).
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
) -> Projection:
    """Composition of areas with an interval.

    `seed`: demographics of the whole population, an axis per margin, as in `membership.sizes`;
    `residents` (A,): people in the area, for the luck of the draw; `dispersions`: per margin
    the intra-area correlation where it is not the area's own (`area_fitting.dispersion`).
    Raises `ProfileError` when sizes disagree, `AreaFittingError` as `fit_areas`.
    """
    settings = settings or ProjectionSettings()
    k = membership.logit.shape[1]
    codes = np.asarray(area, dtype=np.str_)
    residual = residual or AreaResidual.none(len(codes), k)
    n = np.asarray(residents, dtype=np.float64)
    _check(codes, seed, margins, n, membership, residual)
    kernel = _Kernel(membership, margins, residual, dispersions or {}, n, settings)
    shape = len(codes), k
    estimate, low, high = (np.full(shape, np.nan) for _ in range(3))
    parts = {name: np.full(shape, np.nan, dtype=np.float32) for name in SOURCES}
    error = np.full(len(codes), np.nan)
    strayed = np.zeros(len(codes), dtype=bool)
    for fitted, share, variances in kernel.run(seed):
        rows = slice(fitted.start, fitted.stop)
        there = ~fitted.empty
        total = np.zeros_like(share)
        for name, variance in variances.items():
            total += variance
            parts[name][rows] = np.where(there[:, None], variance, np.nan)
        discrete = n[rows, None] if settings.realised else None
        bounds = _bounds(share, total, settings.confidence, discrete)
        for whole, part in zip((estimate, low, high), (share, *bounds), strict=True):
            whole[rows] = np.where(there[:, None], part, np.nan)
        error[rows] = fitted.error
        strayed[rows] = ~fitted.converged & there
    if not settings.realised:
        del parts["residents"]
    return Projection(
        codes,
        estimate,
        low,
        high,
        np.zeros(len(codes), dtype=np.int64) if n_direct is None else np.asarray(n_direct),
        tuple(margin.name for margin in margins),
        np.stack([margin.source for margin in margins], axis=1),
        parts,
        tuple(codes[strayed].tolist()),
        tuple(codes[np.isnan(error)].tolist()),
        error,
    )


class _Kernel:
    """Shares and variances of runs of areas; everything per cell is made ready once."""

    def __init__(
        self, membership: Membership, margins: Sequence[AreaMargin], residual: AreaResidual,
        dispersions: Mapping[str, float], residents: Floats, settings: ProjectionSettings,
    ) -> None:  # fmt: skip
        self.margins, self.residual, self.settings = margins, residual, settings
        self.residents = np.maximum(residents, 1.0)
        self.dispersions = [dispersions.get(margin.name, 0.0) for margin in margins]
        p = membership.probabilities
        cells, k = p.shape
        self.k = k
        self.p = p.astype(np.float32)
        self.tilt = np.exp(residual.mean).astype(np.float32)
        self.scale = (1.0 / (self.tilt @ self.p.T)).astype(np.float32)
        draws = membership.draws(settings.draws, np.random.default_rng(settings.seed))
        draws -= p
        self.draws = np.asarray(draws.transpose(1, 0, 2).reshape(cells, -1), dtype=np.float32)
        pairs = (p[:, :, None] * p[:, None, :]).reshape(cells, -1)
        self.pairs = pairs.astype(np.float32)
        self.by_level = [
            np.hstack([level, (level[:, :, None] * p[:, None, :]).reshape(cells, -1)]).astype("f4")
            for level in level_of_cells(membership.sizes)
        ]

    def run(self, seed: ArrayLike) -> Iterator[tuple[FittedAreas, Floats, dict[str, Floats]]]:
        s = self.settings
        for fitted in fit_areas(
            seed, self.margins, tolerance=s.tolerance, max_iterations=s.max_iterations,
            chunk=s.chunk,
        ):  # fmt: skip
            rows = slice(fitted.start, fitted.stop)
            of = self.residual.of[rows]
            # Cells times 1 / (sum over profiles of P * tilt), then P, then the profile's tilt.
            share = ((fitted.shares * self.scale[of]) @ self.p) * self.tilt[of]
            yield fitted, share.astype(np.float64), self._variances(fitted, rows, of)

    def _variances(self, fitted: FittedAreas, rows: slice, of: Ints) -> dict[str, Floats]:
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
        parts = {
            "parameters": np.asarray(drawn.var(axis=1), dtype=np.float64),
            "posterior": ((moves @ surround) * moves).sum(axis=2),
            "own_residual": moves**2 @ self.residual.own**2,
            "demographics": self._demographics(fitted, rows, plain, squares, n),
        }
        if self.settings.realised:
            parts["residents"] = (plain - squares) / n
        return parts

    def _demographics(
        self, fitted: FittedAreas, rows: slice, plain: Floats, squares: Floats, n: Floats
    ) -> Floats:
        """Variance from residents whose demographics are known by their margins only."""
        luck = squares - plain**2
        beyond = np.zeros_like(plain)
        for margin, of_level, rho in zip(
            self.margins, self.by_level, self.dispersions, strict=True
        ):
            levels = margin.shares.shape[1]
            sums = (fitted.shares @ of_level).astype(np.float64)
            size = sums[:, :levels, None]
            means = sums[:, levels:].reshape(-1, levels, self.k) / np.maximum(size, 1e-12)
            away = np.where(size > 1e-9, (means - plain[:, None, :]) ** 2, 0.0)
            between = (size * away).sum(axis=1)
            published = (margin.source[rows] == 0)[:, None]
            blurred = np.zeros_like(between)
            if margin.variance is not None:
                blurred = (margin.variance[rows, :, None] * away).sum(axis=1)
            luck -= np.where(published, between, 0.0)
            beyond += np.where(published, blurred, rho * between)
        return np.maximum(luck, 0.0) / n + beyond


def _bounds(
    share: Floats, variance: Floats, confidence: float, residents: Floats | None
) -> tuple[Floats, Floats]:
    """Bounds on the log-odds of the share; of a share of `residents` on its own scale.

    The share among few residents jumps by one of them and is often exactly 0, which no finite
    log-odds is: half a resident is added to both sides instead.
    """
    z = norm.ppf((1 + confidence) / 2)
    if residents is not None:
        reach = z * np.sqrt(variance) + 0.5 / np.maximum(residents, 1.0)
        return np.maximum(share - reach, 0.0), np.minimum(share + reach, 1.0)
    inside = np.clip(share, 1e-9, 1 - 1e-9)
    reach = z * np.sqrt(variance) / (inside * (1 - inside))
    middle = np.log(inside / (1 - inside))
    low, high = (1 / (1 + np.exp(-np.clip(middle + s * reach, -30, 30))) for s in (-1, 1))
    return low, high


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
