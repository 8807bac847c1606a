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

All this takes the totals that were calibrated on for known. When the shares of one margin are
estimates with covariance S, independent of the sample, beta' S beta is added: with S = L L' in
the totals' own units, the squares of beta' L (see `estimated_margins.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.statistics.counting import Grouping, group_people, grouped_sums
from flows.statistics.estimated_margins import EstimatedMargin, square_root

Floats = NDArray[np.float64]

COUNT, WEIGHT, SQUARE, MARGINS = 0, 1, 2, 3
"""Places in the last axis of sums: people, weight, squared weight; then d x and w^2 x."""

_NOTHING = 1e-12
"""A variance below this part of its scale is rounding noise around zero."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A weighted sample, split into groups, with the margins it was calibrated on.

    `values` (n, 3 + 2m): per person, in the order of `grouping`, 1, w, w^2, d x, w^2 x.
    `basis` (m, k) makes the m margin dummies orthonormal under d; `gram` (k, k) and
    `totals` (k) are the sums of w^2 x x' and of w x in that basis. `shocks` (k, r): by how
    much the totals in that basis move with each of the r independent errors of an estimated
    margin; r = 0 when all totals are known.
    """

    n: int
    grouping: Grouping
    values: Floats
    basis: Floats
    gram: Floats
    totals: Floats
    shocks: Floats

    def sums(self, rows: Floats) -> Floats:
        """Sums of rows (R, n; in the order of the grouping): (R, groups + 1, 3 + 2m)."""
        return grouped_sums(rows, self.values, self.grouping.starts)


@dataclass(frozen=True, eq=False)
class Linear:
    """Estimates with what their variance is made of; leading axes (R, C).

    `spread` is the sum of w^2 u^2, `scale` what counts as large for it; `beta` (R, C, k)
    the regression of u on the margins, `cross` (R, C, k) the sum of w^2 x u.
    """

    estimate: Floats
    spread: Floats
    scale: Floats
    beta: Floats
    cross: Floats

    def minus(self, other: Linear) -> Linear:
        """The difference of two estimates that share no person."""
        return Linear(
            estimate=self.estimate - other.estimate,
            spread=self.spread + other.spread,
            scale=self.scale + other.scale,
            beta=self.beta - other.beta,
            cross=self.cross - other.cross,
        )


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
) -> Sample:
    """Prepare a sample for `Sample.sums`.

    `weights` (n) final weights; `groups` (n) codes 0 .. `group_count` - 1, -1 for nobody's;
    `margins` the categorical variables the weights were calibrated on (None: variance
    without calibration); `base_weights` the weights before calibration (default 1);
    `estimated` the one of the margins whose targets are estimates, if there is one.
    """
    w = np.asarray(weights, dtype=np.float64)
    n = len(w)
    grouping = group_people(groups, group_count)
    d = np.ones(n) if base_weights is None else np.asarray(base_weights, dtype=np.float64)
    blocks = [] if margins is None else _blocks(margins, w)
    x = np.hstack([dummies for _, dummies in blocks]) if blocks else np.empty((n, 0))
    if len(x) != n or len(d) != n or len(grouping.order) != n:
        raise ValueError("weights, groups, margins and base weights differ in length")
    m = x.shape[1]
    w2 = w * w
    values = np.empty((n, MARGINS + 2 * m))
    values[:, COUNT], values[:, WEIGHT], values[:, SQUARE] = 1.0, w, w2
    values[:, MARGINS : MARGINS + m] = x * d[:, None]
    values[:, MARGINS + m :] = x * w2[:, None]
    basis = _orthonormal(x.T @ values[:, MARGINS : MARGINS + m])
    return Sample(
        n=n,
        grouping=grouping,
        values=values[grouping.order],
        basis=basis,
        gram=basis.T @ (x.T @ values[:, MARGINS + m :]) @ basis,
        totals=(w @ x) @ basis,
        shocks=basis.T @ _shocks(estimated, margins, blocks, w, m),
    )


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

    The arguments are sums (R, C, 3 + 2m) of y, of b and of y^2 (of the last only the first
    three places count), for any columns C that are sums of groups. b is 0 or 1, and y is 0
    where b is. Scores far from zero lose digits: centre them first.
    """
    base = denominator[..., WEIGHT]
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = numerator[..., WEIGHT] / base
        squares = square[..., SQUARE] - 2 * estimate * numerator[..., SQUARE]
        spread = (squares + estimate**2 * denominator[..., SQUARE]) / base**2
        scale = denominator[..., SQUARE] / base**2 * (square[..., WEIGHT] / base)
        m = sample.basis.shape[0]
        parts = numerator[..., MARGINS:] - estimate[..., None] * denominator[..., MARGINS:]
        parts = parts / base[..., None]
    return Linear(
        estimate=estimate,
        spread=spread,
        scale=scale,
        beta=parts[..., :m] @ sample.basis,
        cross=parts[..., m:] @ sample.basis,
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
    beta = linear.beta
    total = linear.spread
    centre = np.zeros_like(total)
    if beta.shape[-1]:
        total = total - 2 * (beta * linear.cross).sum(axis=-1)
        total = total + ((beta @ sample.gram) * beta).sum(axis=-1)
        centre = beta @ sample.totals
    if sample.n < 2:
        return np.full(total.shape, np.nan)
    result = sample.n / (sample.n - 1) * (total - centre**2 / sample.n)
    return np.where(result <= _noise(linear), 0.0, result)


def _noise(linear: Linear) -> Floats:
    noise: Floats = _NOTHING * np.maximum(linear.scale, linear.spread)
    return noise
