"""Linearised variance of domain means and shares after calibration, for all cells at once.

For a domain (a column of a cross-tab) with weighted base B, a ratio p = sum(w y) / sum(w b)
has the linearised contribution u = (y - p b) / B per person, before weighting. After
calibration u is replaced by its residual e = u - x'beta of the regression on the
calibration margins x with the base weights d (Deville and Särndal 1992), and

    V = n / (n - 1) * (sum (w e)^2 - (sum w e)^2 / n)

over all n people in the sample, whether in the domain or not (with-replacement sampling).
With x made orthonormal under d, beta = sum d x u, and everything needed is

    sum w^2 e^2 = sum w^2 u^2 - 2 beta' sum w^2 x u + beta' (sum w^2 x x') beta
    sum w e     = sum w u - (sum w x)' beta                    (and sum w u = 0)

so the crosstabs of row x column x margin, weighted by d and by w^2, are enough: no matrix
of people x cells is made.

Under a design (`design.py`) with strata, w^2 carries everybody's factor a = f_h n_h / (n_h - 1),
and per stratum the square of sum w e is taken off, times f_h / (n_h - 1): the crosstabs of
row x column x stratum, weighted by w, are needed too. With clusters the sums of w e per cluster
are what is squared, and the crosstabs of row x column x cluster take the place of those by w^2.

All this takes the totals that were calibrated on for known. When the shares of one margin are
estimates with covariance S, independent of the sample, beta' S beta is added: with S = L L' in
the totals' own units, the squares of beta' L (see `estimated_margins.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.statistics.counting import Grouping, group_people, grouped_sums
from flows.statistics.design import SampleDesign, Units, units_of
from flows.statistics.estimated_margins import EstimatedMargin, square_root

Floats = NDArray[np.float64]

COUNT, WEIGHT, SQUARE = 0, 1, 2
"""Places in the last axis of sums: people, weight, squared weight."""

_NOTHING = 1e-12
"""A variance below this part of its scale is rounding noise around zero."""


@dataclass(frozen=True, eq=False)
class Places:
    """What stands where in the last axis of sums: M places in all.

    `COUNT`, `WEIGHT`, `SQUARE`; then, under strata, `spread`: a w^2; then the `margins`: d x;
    then `crossed`: a w^2 x (none with clusters); then `units`: w of the people of each stratum
    or cluster (none where everybody is a unit in one stratum). Without strata `spread` is
    `SQUARE`.
    """

    spread: int
    margins: slice
    crossed: slice
    units: slice

    @property
    def plain(self) -> int:
        """How many places come before the margins."""
        return int(self.margins.start)

    @property
    def count(self) -> int:
        return int(self.units.stop)


@dataclass(frozen=True, eq=False)
class Sample:
    """A weighted sample, split into groups, with its design and what it was calibrated on.

    `people` (n, M): per person what is summed, as `places` says. `basis` (m, k) makes the m
    margin columns orthonormal under d; `gram` (k, k; diagonal) and `totals` (k) are the sums of
    a w^2 x x' (w^2 without strata) and of w x in that basis, `unit_totals` (U, k) those of w x
    per stratum or cluster. `shocks` (k, r): by how much the totals in that basis move with each
    of the r independent errors of an estimated margin; r = 0 when all totals are known.
    """

    n: int
    grouping: Grouping
    people: Floats
    places: Places
    units: Units
    basis: Floats
    gram: Floats
    totals: Floats
    unit_totals: Floats
    shocks: Floats

    @property
    def degrees_of_freedom(self) -> int:
        """Units (people or clusters) less strata."""
        return self.units.degrees_of_freedom

    @cached_property
    def values(self) -> Floats:
        """`people` in the order of the grouping."""
        return self.people[self.grouping.order]

    def sums(self, rows: Floats) -> Floats:
        """Sums of rows (R, n; in the order of the grouping): (R, groups + 1, M)."""
        return grouped_sums(rows, self.values, self.grouping.starts)


@dataclass(frozen=True, eq=False)
class Linear:
    """Estimates with what their variance is made of; leading axes (R, C).

    `spread` is the sum of a w^2 u^2, `scale` what counts as large for it; `beta` (R, C, k)
    the regression of u on the margins, `cross` (R, C, k) the sum of a w^2 x u (k = 0 with
    clusters), `units` (R, C, U) the sums of w u per stratum or cluster (U = 0 without).
    """

    estimate: Floats
    spread: Floats
    scale: Floats
    beta: Floats
    cross: Floats
    units: Floats

    def minus(self, other: Linear) -> Linear:
        """The difference of two estimates that share no person."""
        return Linear(
            estimate=self.estimate - other.estimate,
            spread=self.spread + other.spread,
            scale=self.scale + other.scale,
            beta=self.beta - other.beta,
            cross=self.cross - other.cross,
            units=self.units - other.units,
        )

    def at(self, *index: object) -> Linear:
        """The estimates at an index into (R, C)."""
        return Linear(*(part[index] for part in vars(self).values()))


def margin_dummies(margins: pd.DataFrame, weights: ArrayLike | None = None) -> Floats:
    """Dummies (n, m) of categorical margins, with the final `weights` (n; default equal).

    A missing value counts as the mix of levels that the others have by their final weights,
    which is the targets' own. That is what `missing="proportional"` calibrates on; under
    `own_level` it leaves the size of the missing group uncalibrated, as it is in truth (it
    keeps the sample's share). A level of its own would take it for known: with a fifth
    missing, standard errors under `proportional` were 5% too small. Of every margin but the
    first one level is left out, since they all add up to one.
    """
    w = np.ones(len(margins)) if weights is None else np.asarray(weights, dtype=np.float64)
    blocks = [dummies for _, dummies in _blocks(margins, w)]
    return np.hstack(blocks) if blocks else np.empty((len(margins), 0))


def _blocks(margins: pd.DataFrame, w: Floats) -> list[tuple[list[str], Floats]]:
    """Per margin the levels it has dummies for and these dummies (n, levels)."""
    blocks: list[tuple[list[str], Floats]] = []
    for name in margins.columns:
        categorical = pd.Categorical(margins[name])
        codes = np.asarray(categorical.codes, dtype=np.int64)
        known = codes >= 0
        size = np.bincount(codes[known], w[known])
        levels = np.flatnonzero(np.bincount(codes[known]))
        dummies = (codes[:, None] == levels).astype(np.float64)
        if len(levels):
            dummies[~known] = size[levels] / size.sum()
        names = [str(categorical.categories[int(level)]) for level in levels]
        blocks.append((names[1:], dummies[:, 1:]) if blocks else (names, dummies))
    return blocks


def weighted_sample(
    weights: ArrayLike,
    groups: NDArray[np.integer],
    group_count: int,
    margins: pd.DataFrame | None = None,
    base_weights: ArrayLike | None = None,
    estimated: EstimatedMargin | None = None,
    *,
    design: SampleDesign | None = None,
    continuous: ArrayLike | None = None,
) -> Sample:
    """Prepare a sample for `Sample.sums`.

    `weights` (n) final weights; `groups` (n) codes 0 .. `group_count` - 1, -1 for nobody's;
    `margins` the categorical variables the weights were calibrated on (None: variance
    without calibration); `base_weights` the weights before calibration (default 1);
    `estimated` the one of the margins whose targets are estimates, if there is one; `design`
    strata, clusters and finite population; `continuous` (n, q) numbers whose totals were
    calibrated on as well.
    """
    w = np.asarray(weights, dtype=np.float64)
    n = len(w)
    grouping = group_people(groups, group_count)
    d = np.ones(n) if base_weights is None else np.asarray(base_weights, dtype=np.float64)
    units = units_of(design, n)
    blocks = [] if margins is None else _blocks(margins, w)
    x = np.hstack([dummies for _, dummies in blocks]) if blocks else np.empty((n, 0))
    if continuous is not None and len(x) == n:
        x = np.hstack([x, _scaled(continuous, n, bool(blocks))])
    if len(x) != n or len(d) != n or len(grouping.order) != n:
        raise ValueError("weights, groups, margins and base weights differ in length")
    m = x.shape[1]
    w2 = w * w
    places = _places(m, units)
    people = np.zeros((n, places.count))
    people[:, COUNT], people[:, WEIGHT], people[:, SQUARE] = 1.0, w, w2
    if places.spread != SQUARE:
        people[:, places.spread] = units.factor[units.stratum] * w2
    np.multiply(x, d[:, None], out=people[:, places.margins])
    if not _by_cluster(units):
        np.multiply(x, people[:, places.spread, None], out=people[:, places.crossed])
    if _has_units(units):
        home = units.stratum if units.unit is None else units.unit
        people[np.arange(n), places.units.start + home] = w
    basis = _orthonormal(x.T @ people[:, places.margins])
    gram = np.empty((0, 0))
    if not _by_cluster(units):
        # Of all orthonormal bases the one that makes the other sum of squares diagonal.
        gram = basis.T @ (x.T @ people[:, places.crossed]) @ basis
        sizes, turn = np.linalg.eigh(gram) if gram.size else (np.empty(0), np.empty((0, 0)))
        basis, gram = basis @ turn, np.diag(sizes)
    return Sample(
        n=n,
        grouping=grouping,
        people=people,
        places=places,
        units=units,
        basis=basis,
        gram=gram,
        totals=(w @ x) @ basis,
        unit_totals=(people[:, places.units].T @ x) @ basis,
        shocks=basis.T @ _shocks(estimated, margins, blocks, w, m),
    )


def _by_cluster(units: Units) -> bool:
    return units.unit is not None


def _has_units(units: Units) -> bool:
    """Whether sums per stratum or cluster are needed: in one stratum the sum of w u is zero."""
    return _by_cluster(units) or len(units.factor) > 1


def _places(m: int, units: Units) -> Places:
    stratified = len(units.factor) > 1 and not _by_cluster(units)
    start = SQUARE + 1 + stratified
    crossed = slice(start + m, start + m + (0 if _by_cluster(units) else m))
    count = 0
    if _has_units(units):
        count = len(units.home) if _by_cluster(units) else len(units.factor)
    return Places(
        spread=SQUARE + 1 if stratified else SQUARE,
        margins=slice(start, start + m),
        crossed=crossed,
        units=slice(crossed.stop, crossed.stop + count),
    )


def _scaled(continuous: ArrayLike, n: int, has_constant: bool) -> Floats:
    """Numbers (n, q) on a scale like that of dummies, with a constant where there is none."""
    values = np.asarray(continuous, dtype=np.float64).reshape(n, -1)
    spread = values.std(axis=0)
    values = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return values if has_constant else np.hstack([np.ones((n, 1)), values])


def _shocks(
    estimated: EstimatedMargin | None,
    margins: pd.DataFrame | None,
    blocks: list[tuple[list[str], Floats]],
    w: Floats,
    m: int,
) -> Floats:
    """How the totals (m,) of the dummies move with each independent error of the estimates.

    Shares become totals by the weight of those whose level is known: whoever has none is
    spread over the levels, or keeps a level of his own, so only the others have to move.
    """
    if estimated is None:
        return np.empty((m, 0))
    if margins is None or estimated.variable not in margins.columns:
        raise ValueError(f"there is no margin {estimated.variable} whose targets are estimates")
    place = list(margins.columns).index(estimated.variable)
    column = margins[estimated.variable]
    present = {str(level) for level in column.dropna().unique()}
    moving = {
        level
        for level, error in zip(estimated.levels, estimated.standard_errors, strict=True)
        if error > 0
    }
    if strange := (present - set(estimated.levels)) | (moving - present):
        raise ValueError(
            f"level {min(strange)} of {estimated.variable} is not both estimated and in the sample"
        )
    root = square_root(estimated.covariance) * w[column.notna().to_numpy()].sum()
    shocks = np.zeros((m, root.shape[1]))
    start = sum(len(names) for names, _ in blocks[:place])
    for i, name in enumerate(blocks[place][0]):
        shocks[start + i] = root[estimated.levels.index(name)]
    return shocks


def _orthonormal(gram: Floats) -> Floats:
    """Columns B such that B' gram B = 1, over the directions that gram really has."""
    if not gram.size:
        return np.empty((0, 0))
    eigenvalues, vectors = np.linalg.eigh(gram)
    real = eigenvalues > 1e-10 * eigenvalues[-1]
    basis: Floats = vectors[:, real] / np.sqrt(eigenvalues[real])
    return basis


def linearise(sample: Sample, numerator: Floats, denominator: Floats, square: Floats) -> Linear:
    """Ratios p = sum(w y) / sum(w b) with their linearisation.

    The arguments are sums (R, C, M) of y, of b and of y^2 (of the last only the places before
    the margins count), for any columns C that are sums of groups. b is 0 or 1, and y is 0
    where b is. Scores far from zero lose digits: centre them first.
    """
    places = sample.places
    base = denominator[..., WEIGHT]
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = numerator[..., WEIGHT] / base
        squares = square[..., places.spread] - 2 * estimate * numerator[..., places.spread]
        spread = (squares + estimate**2 * denominator[..., places.spread]) / base**2
        scale = denominator[..., places.spread] / base**2 * (square[..., WEIGHT] / base)
        parts = (
            numerator[..., places.plain :] - estimate[..., None] * denominator[..., places.plain :]
        )
        parts = parts / base[..., None]
    m = sample.basis.shape[0]
    crossed = parts[..., m : places.crossed.stop - places.plain]
    return Linear(
        estimate=estimate,
        spread=spread,
        scale=scale,
        beta=parts[..., :m] @ sample.basis,
        cross=crossed @ sample.basis if crossed.shape[-1] == m else np.empty((*base.shape, 0)),
        units=parts[..., places.units.start - places.plain :],
    )


def variance(sample: Sample, linear: Linear) -> Floats:
    """The variance (R, C) of linearised estimates; exactly 0 where only noise is left.

    The error of an estimated margin is in it, where the sample has one.
    """
    result = sampling_variance(sample, linear)
    if not sample.shocks.size:
        return result
    added = np.square(linear.beta @ sample.shocks).sum(axis=-1)
    return result + np.where(added <= _noise(linear), 0.0, added)


def sampling_variance(sample: Sample, linear: Linear) -> Floats:
    """The variance (R, C) as if all totals that were calibrated on were known."""
    units, beta = sample.units, linear.beta
    if sample.n < 2:
        return np.full(linear.estimate.shape, np.nan)
    if _by_cluster(units):
        result = _between(linear.units - beta @ sample.unit_totals.T, units)
    else:
        total = linear.spread
        if beta.shape[-1]:
            total = total - 2 * np.einsum("...k,...k->...", beta, linear.cross)
            total = total + np.square(beta) @ np.diagonal(sample.gram)
        if _has_units(units):
            sums = linear.units - beta @ sample.unit_totals.T
            result = total - np.square(sums) @ units.centring
        else:
            centre = beta @ sample.totals
            result = units.factor[0] * total - units.centring[0] * np.square(centre)
    return np.where(result <= _noise(linear), 0.0, result)


def _between(sums: Floats, units: Units) -> Floats:
    """Variance (R, C) of totals per cluster (R, C, U) around their stratum's mean."""
    total = np.square(sums) @ units.factor[units.home]
    of_stratum = np.zeros((len(units.home), len(units.factor)))
    of_stratum[np.arange(len(units.home)), units.home] = 1.0
    result: Floats = total - np.square(sums @ of_stratum) @ units.centring
    return result


def _noise(linear: Linear) -> Floats:
    noise: Floats = _NOTHING * np.maximum(linear.scale, linear.spread)
    return noise
