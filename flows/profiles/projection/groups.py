"""The composition of coarser areas from the finest, so that everything adds up.

The share of a group g of areas a with n residents each is their mean weighted with n. Its
variance is not that of a mean of independent areas:
1. parameters of P are the same for all: draws times the summed table;
2. the residual of surroundings is shared by the areas in them, that of a municipality by its
   postcodes: per group and surroundings the areas' sensitivities are added up, and those sums
   are taken up the nesting, level by level (`surroundings.Link`);
3. the own residual of areas is independent, as are the demographics within their margins and
   the rounding of published counts: squared weights;
4. a margin taken from a coarser area deviates inside it, but adds up to what is published
   there. Deviations that sum to zero over the coarser area Z leave a part of it with
   A (1 - A / B), A the variance of the part and B that of all of Z, and nothing of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import betaincinv
from scipy.stats import norm

from flows.profiles.errors import ProfileError
from flows.profiles.projection.surroundings import AreaResidual
from flows.statistics.area_fitting import AreaMargin

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Places = NDArray[np.int32] | NDArray[np.int64]

GROUPS_A_BLOCK = 5_000


FAR = 1.5
"""A reach on the log-odds from which bounds are taken from a beta distribution."""


@dataclass(frozen=True, eq=False)
class GroupProjection:
    """Composition of G groups of areas over K profiles.

    `area` (G,): codes, sorted. `residents` (G,). `covered` (G,): the part of the residents that
    lives in areas with margins; the composition is theirs, and missing (NaN) where it is 0.
    `estimate`, `low`, `high` (G, K). `n_direct` (G,): typed people of the surroundings, by the
    part of the residents of those that lives in the group. `variance` per source (G, K).
    """

    area: NDArray[np.str_]
    residents: Floats
    covered: Floats
    estimate: Floats
    low: Floats
    high: Floats
    n_direct: Ints
    variance: Mapping[str, Floats]


@dataclass(frozen=True, eq=False)
class AreaParts:
    """What the areas of one run (n) add to groups.

    `weight` (n,): residents, 0 without margins. `table` (n, cells), `share` (n, K). `moves`
    (n, K, K): how shares follow the residual of the surroundings. Variances (n, K): `own`
    residual, `inside` (demographics that are independent between areas), `residents`;
    `shared` (margins, n, K): of margins that were taken from a coarser area.
    """

    weight: Floats
    table: Singles
    share: Floats
    moves: Floats
    own: Floats
    inside: Floats
    residents: Floats
    shared: Floats


class GroupSums:
    """Sums over areas, chunk by chunk, for one grouping."""

    def __init__(
        self, name: str, codes: ArrayLike, residual: AreaResidual, sources: Sequence[Places],
        sizes: tuple[int, int], residents: Floats,
    ) -> None:  # fmt: skip
        """`sources`: as of `sources_of_margin`, per margin; `sizes`: cells and profiles."""
        values = pd.Series(codes, dtype="str")
        if values.shape != residents.shape:
            raise ProfileError(
                f"grouping {name} has {values.size} codes for {len(residents)} areas; give every "
                "area a code, an empty one outside all groups."
            )
        of, names = pd.factorize(values.mask(values == ""), sort=True)
        self.of = np.asarray(of, dtype=np.int32)
        self.area = np.asarray(names, dtype=np.str_)
        self.residual = residual
        g, (cells, k) = len(self.area), sizes
        self.k = k
        self.residents = np.asarray(np.bincount(self.of + 1, residents, g + 1)[1:], np.float64)
        self.table = np.zeros((g, cells), dtype=np.float32)
        self.sums = np.zeros((g, 5 * k + 1))
        self.pair, self.pairs = _pairs(self.of, place_of_areas(residual))
        self.moves = np.zeros((len(self.pairs[0]), k * k), dtype=np.float32)
        self.sources = {i: _pairs(self.of, z) for i, z in enumerate(sources) if z.max() >= 0}
        self.shared = {i: np.zeros((len(found[0]), k)) for i, (_, found) in self.sources.items()}

    def add(self, rows: slice, parts: AreaParts) -> None:
        """Add a run of areas."""
        inside = np.flatnonzero((self.of[rows] >= 0) & (parts.weight > 0))
        w, of = parts.weight[inside], self.of[rows][inside]
        add_up(self.table, of, w, parts.table[inside])
        moves, posterior = parts.moves[inside], np.zeros((len(inside), self.k))
        if self.residual.itself and self.residual.links:
            # The last level is the area: its own error stays here, and goes up in sums.
            link = self.residual.links[0]
            z = self.residual.of[rows][inside]
            posterior = _diagonal(moves, link.given[z])
            moves = moves @ link.through[z]
        add_up(self.moves, self.pair[rows][inside], w, moves.reshape(len(inside), self.k**2))
        errors = [parts.own[inside], parts.inside[inside], posterior, parts.residents[inside]]
        once = [parts.share[inside], np.ones((len(inside), 1))]
        add_up(self.sums, of, w, np.hstack([*once, np.hstack(errors) * w[:, None]]))
        for i, (pair, _) in self.sources.items():
            chosen = inside[pair[rows][inside] >= 0]
            weight = parts.weight[chosen] ** 2
            add_up(self.shared[i], pair[rows][chosen], weight, parts.shared[i][chosen])

    def result(
        self, draws: Singles, whole: Sequence[Floats], direct: Ints, residents: Floats,
        confidence: float, realised: bool,
    ) -> GroupProjection:  # fmt: skip
        """The groups. `draws` (cells, draws * K): of P around their mean; `whole`: per margin
        the variance (Z, K) of all areas of every coarser area; `direct` (A,)."""
        k = self.k
        lived, n = self.sums[:, k], np.maximum(self.sums[:, k], 1.0)[:, None]
        estimate = self.sums[:, :k] / n
        own, inside, posterior, drawn = (
            self.sums[:, 1 + i * k : 1 + (i + 1) * k] / n**2 for i in range(1, 5)
        )
        for i, (_, (g, z)) in self.sources.items():
            sums = self.shared[i]
            left = 1 - sums / np.maximum(whole[i][z], 1e-300)
            add_up(inside, g, 1 / n[g, 0] ** 2, sums * np.maximum(left, 0.0))
        variance = {
            "parameters": self._parameters(draws, n),
            "posterior": posterior + self._posterior(n),
            "own_residual": own,
            "demographics": inside,
        }
        if realised:
            variance["residents"] = drawn
        empty = lived <= 0
        for values in (estimate, *variance.values()):
            values[empty] = np.nan
        total_variance = np.sum(list(variance.values()), axis=0)
        low, high = bounds(estimate, total_variance, confidence, n if realised else None)
        covered = np.divide(lived, self.residents, out=np.zeros_like(lived), where=~empty)
        return GroupProjection(
            self.area, self.residents, covered, estimate, low, high,
            self._direct(direct, residents), variance,
        )  # fmt: skip

    def _parameters(self, draws: Singles, n: Floats) -> Floats:
        found = np.empty((len(n), self.k))
        for start in range(0, len(n), GROUPS_A_BLOCK):
            rows = slice(start, start + GROUPS_A_BLOCK)
            shares = (self.table[rows] / n[rows]).astype(np.float32) @ draws
            each = shares.reshape(len(shares), -1, self.k)
            found[rows] = np.einsum("gdk,gdk->gk", each, each) / each.shape[1]
        return found

    def _posterior(self, n: Floats) -> Floats:
        """Up the nesting: the error of each level, then what it shares with its siblings."""
        g, z = self.pairs
        k = self.k
        moves = self.moves.reshape(-1, k, k) / n[g][:, :, None]
        found = np.zeros((len(n), k))
        links = self.residual.links
        covariance = self.residual.covariance
        if links and self.residual.itself:
            covariance, links = links[0].covariance, links[1:]
        for link in links:
            add_up(found, g, np.ones(len(g)), _diagonal(moves, link.given[z]))
            pair, pairs = _pairs(g, link.parent[z])
            coarser = np.zeros((len(pairs[0]), k * k))
            add_up(coarser, pair, np.ones(len(g)), (moves @ link.through[z]).reshape(-1, k * k))
            (g, z), moves, covariance = pairs, coarser.reshape(-1, k, k), link.covariance
        add_up(found, g, np.ones(len(g)), _diagonal(moves, covariance[z]))
        return found

    def _direct(self, direct: Ints, residents: Floats) -> Ints:
        of = self.residual.of
        there = np.bincount(of, residents)[of]
        part = np.divide(direct * residents, there, out=np.zeros_like(residents), where=there > 0)
        found = np.bincount(self.of + 1, part, len(self.area) + 1)[1:]
        return np.rint(found).astype(np.int64)


def place_of_areas(residual: AreaResidual) -> Ints:
    """The surroundings over which sensitivities are added up: the last that areas share."""
    if residual.itself and residual.links:
        return residual.links[0].parent[residual.of]
    return residual.of


def sources_of_margin(margin: AreaMargin) -> Places:
    """The place (A,) of the coarser area that a margin was taken from; -1: the area itself.

    Areas with the same shares from the same level took them from the same area.
    """
    rng = np.random.default_rng(1)
    key = (margin.shares * rng.random(margin.shares.shape[1])).sum(axis=1) + margin.source
    of, _ = pd.factorize(key)
    return np.where(margin.source > 0, of, -1).astype(np.int32)


def bounds(
    share: Floats, variance: Floats, confidence: float, residents: Floats | None
) -> tuple[Floats, Floats]:
    """Bounds on the log-odds of the share; of a share of `residents` on its own scale.

    Where the log-odds reach far, the share itself is not far from 0 or 1 and no normal on the
    log-odds: a beta distribution with the same mean and variance gives the bounds there
    (simulated: 5 residents, share .02: true upper bound .18, by log-odds .82, by beta .20).

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
    people = inside * (1 - inside) / np.maximum(variance, 1e-300) - 1
    far = (reach > FAR) & (people > 0) & np.isfinite(share)
    a, b = (inside * people)[far], ((1 - inside) * people)[far]
    low[far] = betaincinv(a, b, (1 - confidence) / 2)
    high[far] = betaincinv(a, b, (1 + confidence) / 2)
    return low, high


def add_up(
    total: NDArray[np.floating], of: Places, weight: Floats, values: NDArray[np.floating]
) -> None:
    """Add weight * values (n, V) to the rows `of` of `total`, in place."""
    if not len(of):
        return
    local, place = np.unique(of, return_inverse=True)
    summing = csr_array(
        (weight, (place, np.arange(len(of)))), shape=(len(local), len(of)), dtype=np.float64
    )
    total[local] += summing @ values


def _pairs(first: Places, second: Places) -> tuple[Places, tuple[Ints, Ints]]:
    """The place of every combination, -1 without a first one; and what is combined."""
    size = int(second.max(initial=0)) + 1
    key = np.where((first >= 0) & (second >= 0), first * np.int64(size) + second, -1)
    place, found = pd.factorize(key[key >= 0], sort=True)
    whole = np.full(len(key), -1, dtype=np.int32)
    whole[key >= 0] = place
    kinds = np.asarray(found, dtype=np.int64)
    return whole, (kinds // size, kinds % size)


def _diagonal(moves: Floats, covariance: Floats) -> Floats:
    """The diagonal of moves C moves', for all at once."""
    return np.asarray(((moves @ covariance) * moves).sum(axis=2))
