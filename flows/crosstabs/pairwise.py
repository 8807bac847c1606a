"""The columns of an axis compared two by two, for all rows of all tables, as letters.

Columns of an axis are lettered A, B, C ..; a cell holds the letters of the columns it is
significantly higher than. Three named rules:

`pairwise`: the design-based difference (t test of linearised estimates, with strata, clusters
and calibration), with the small-sample floor of the test against all others; corrected over all
pairs of all rows of the table as `Publication.correction` says, and only from the practical
threshold.

`dimensions`: SPSS Data Collection's (now UNICOM Intelligence) column tests, as quantipy3 has
them: pooled weighted share p of both columns, t = (p1 - p2) / sqrt(p (1 - p) (1/e1 + 1/e2)) with
e1 + e2 - 2 degrees of freedom, e Kish's effective base; means with the variance pooled over both
columns, (SS1 + SS2) / (W1 - Q1/W1 + W2 - Q2/W2), SS the weighted sum of squares, W the sum of the
weights and Q of their squares. No correction.

`spss`: Custom Tables (CTABLES) with its defaults. Weights count as people: cell counts and bases
are sums of weights (of a mean of one), rounded to whole numbers; z = (p1 - p2) / sqrt(p (1 - p)
(1/n1 + 1/n2)), two-sided. A column takes no part in a row where its share is 0 or 1 or where it
has fewer than two people. Means by a t test with the variance pooled over all columns. Bonferroni
over the pairs of the row. Custom Tables leaves computed categories untested; nets are tested here,
as a recoded variable would be there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import compress, product
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from flows.crosstabs.counts import Counted, Sums, kish
from flows.crosstabs.estimates import ENOUGH_TO_TEST, cell_freedom, welch
from flows.crosstabs.tables import SHARES, Floats, Ints, Table
from flows.crosstabs.verdicts import UNTESTED, in_points
from flows.definitions.dossier_plan import Publication
from flows.statistics.covariance import covariance
from flows.statistics.freedom import is_clustered, satterthwaite
from flows.statistics.intervals import t_test
from flows.statistics.multiplicity import adjust
from flows.statistics.threads import in_threads
from flows.statistics.variance import COUNT, SQUARE, WEIGHT

Bools = NDArray[np.bool_]

_NOTHING = 1e-12
_BLOCK = 4_000_000


@dataclass(frozen=True, eq=False)
class Pairs:
    """All pairs (P) of columns of one axis, for all rows (R).

    `first`, `second` (P): numbers of the columns. `difference` (R, P): first less second, as a
    share or in units of the mean. `p_value` and `p_adjusted` (R, P): NaN where nothing is tested.
    `higher` (R, P): whether they differ by the rule.
    """

    first: Ints
    second: Ints
    difference: Floats
    p_value: Floats
    p_adjusted: Floats
    higher: Bools


def letters(
    counted: Counted, tables: tuple[Table, ...], publication: Publication
) -> tuple[Table, ...]:
    """The tables with the letters of their cells, where `publication.test` compares in pairs."""
    if str(publication.test) not in RULES:
        return tables
    found = all_letters(counted, publication)
    return tuple(
        replace(table, letters=tuple(tuple(line) for line in found[rows].tolist()))
        for table, rows in zip(tables, counted.rows, strict=True)
    )


def all_letters(
    counted: Counted, publication: Publication, rule: str | None = None
) -> NDArray[np.object_]:
    """The letters (R, C) of all cells in all columns of the banner; none in the total."""
    count = sum(len(layout.rows) for layout in counted.layouts)
    axes = range(len(counted.banner.axes))
    of_axes = in_threads(lambda axis: _lettered(compare(counted, axis, publication, rule)), axes)
    return np.hstack([*of_axes, np.full((count, 1), "", dtype=object)])


def _lettered(pairs: Pairs) -> NDArray[np.object_]:
    """The letters (R, G) of the columns of an axis."""
    count, g = len(pairs.higher), int(pairs.second.max(initial=0)) + 1
    names = column_letters(g)
    above = np.zeros((count, g, g), dtype=bool)
    above[:, pairs.first, pairs.second] = pairs.higher & (pairs.difference > 0)
    above[:, pairs.second, pairs.first] = pairs.higher & (pairs.difference < 0)
    # Many cells hold the same letters: they are put together once.
    packed = np.packbits(above.reshape(count * g, g), axis=1)
    sets, which = np.unique(packed.view(f"S{packed.shape[1]}").ravel(), return_inverse=True)
    bits = np.unpackbits(sets.view(np.uint8).reshape(-1, packed.shape[1]), axis=1)
    texts = np.array([" ".join(compress(names, each)) for each in bits], dtype=object)
    return np.asarray(texts[which]).reshape(count, g)


@cache
def column_letters(count: int) -> tuple[str, ...]:
    """A .. Z, AA, AB ..: what the columns of an axis are called, in order."""
    double = ("".join(pair) for pair in product(ascii_uppercase, repeat=2))
    return (*ascii_uppercase, *double)[:count]


def compare(
    counted: Counted, axis: int, publication: Publication, rule: str | None = None
) -> Pairs:
    """All columns of an axis compared in pairs by a named rule (default `publication.test`)."""
    name = rule or str(publication.test)
    sums = Sums(*(part[:, :-1] for part in vars(counted.sums[axis]).values()))
    first, second = np.triu_indices(sums.numerator.shape[1], 1)
    kinds = [row.kind for layout in counted.layouts for row in layout.rows]
    is_share = np.array([kind in SHARES for kind in kinds])
    is_mean = ~np.concatenate([in_points(layout.rows) for layout in counted.layouts])
    tested = np.array([kind not in UNTESTED for kind in kinds])
    of_model = [layout.identity.model_item for layout in counted.layouts]
    tested &= ~np.repeat(of_model, [len(layout.rows) for layout in counted.layouts])
    difference, p_value, large = RULES[name](
        _Comparison(counted, axis, sums, first, second, is_share, is_mean, publication)
    )
    p_value[~tested] = np.nan
    p_adjusted = p_value.copy()
    if name == "spss":
        p_adjusted = np.minimum(p_value * np.isfinite(p_value).sum(axis=1, keepdims=True), 1.0)
    elif name == "pairwise":
        table = np.repeat(np.arange(len(of_model)), [len(x.rows) for x in counted.layouts])
        p_adjusted = adjust(p_value, publication.correction, table[:, None])
    with np.errstate(invalid="ignore"):
        higher = (p_adjusted < publication.alpha) & (difference != 0) & large
    return Pairs(first, second, difference, p_value, p_adjusted, higher)


@dataclass(frozen=True, eq=False)
class _Comparison:
    """What a rule needs: sums (R, G, M) of the columns, the pairs (P), kinds of rows (R)."""

    counted: Counted
    axis: int
    sums: Sums
    first: Ints
    second: Ints
    is_share: Bools
    is_mean: Bools
    publication: Publication

    def pair(self, values: Floats) -> tuple[Floats, Floats]:
        """Values (R, G) of the first and of the second column of every pair (R, P)."""
        return values[:, self.first], values[:, self.second]

    @property
    def bases(self) -> Floats:
        return self.sums.denominator[..., WEIGHT]

    @property
    def counts(self) -> Floats:
        return self.sums.numerator[..., WEIGHT]

    @property
    def squares_around(self) -> Floats:
        """Weighted sums of squares around the mean of each column (R, G)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            around = self.sums.square[..., WEIGHT] - self.counts**2 / self.bases
        return np.maximum(around, 0.0)


_Answer = tuple[Floats, Floats, Bools | bool]


def _dimensions(of: _Comparison) -> _Answer:
    effective = kish(of.sums.denominator)
    (base, other), (count, second) = of.pair(of.bases), of.pair(of.counts)
    (e1, e2), (ss1, ss2) = of.pair(effective), of.pair(of.squares_around)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (count + second) / (base + other)
        unbiased = of.bases - of.sums.denominator[..., SQUARE] / of.bases
        within = np.where(
            of.is_share[:, None],
            pooled * (1 - pooled),
            (ss1 + ss2) / sum(of.pair(unbiased)),
        )
        difference = count / base - second / other
        error = np.sqrt(within * (1 / e1 + 1 / e2))
        freedom = e1 + e2 - 2
    p_value = t_test(difference, error, np.where(freedom > 1, freedom, 0))
    return difference, _plain(of, p_value), True


def _spss(of: _Comparison) -> _Answer:
    share = of.is_share[:, None]
    bases = np.where(share, np.rint(of.bases), of.bases)
    counts = np.where(share, np.rint(of.counts), of.counts)
    (n1, n2), (count, second) = of.pair(bases), of.pair(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = counts / bases
        used = (bases >= 2) & (~share | ((estimate > 0) & (estimate < 1)))
        pooled = (count + second) / (n1 + n2)
        people, columns = (np.where(used, x, 0).sum(axis=1) for x in (bases, np.ones_like(bases)))
        within = np.where(used, of.squares_around, 0).sum(axis=1) / (people - columns)
        error = np.sqrt(np.where(share, pooled * (1 - pooled), within[:, None]) * (1 / n1 + 1 / n2))
        difference = count / n1 - second / n2
        z = difference / error
    p_value = np.where(
        share,
        2 * ndtr(-np.abs(z)),
        t_test(difference, error, (people - columns)[:, None]),
    )
    used_first, used_second = used[:, of.first], used[:, of.second]
    p_value = np.where(used_first & used_second & (error > 0), p_value, np.nan)
    return difference, _plain(of, p_value), True


def _plain(of: _Comparison, p_value: Floats) -> Floats:
    """Without the rows that are a difference of two others: the plain rules know no such."""
    p_value[[row for row, _, _ in of.counted.minus]] = np.nan
    return p_value


def _pairwise(of: _Comparison) -> _Answer:
    sums, share = of.sums, of.is_share[:, None]
    sample = of.counted.samples[of.axis]
    linear = of.counted.linear(of.axis, sums)
    n, n_eff = sums.denominator[..., COUNT].copy(), kish(sums.denominator)
    with np.errstate(divide="ignore", invalid="ignore"):
        for row, a, b in of.counted.minus:
            n[row], n_eff[row] = np.minimum(n[a], n[b]), 1 / (1 / n_eff[a] + 1 / n_eff[b])
        (e1, e2), (b1, b2), (c1, c2) = of.pair(n_eff), of.pair(of.bases), of.pair(of.counts)
        pooled = (c1 + c2) / (b1 + b2)
        around = sum(of.pair(sums.square[..., WEIGHT])) - pooled**2 * (b1 + b2)
        within = np.where(share, pooled * (1 - pooled), np.maximum(around, 0.0) / (b1 + b2))
        rare = np.where(share, np.minimum(pooled, 1 - pooled), 1 / 3)
        for row, a, b in of.counted.minus:
            rare[row] = np.minimum(rare[a], rare[b])
            within[row] = (within[a] + within[b]) / 2
        under_equality = np.sqrt(within * (1 / e1 + 1 / e2))
    freedom = np.minimum(welch(e1, e2), sample.degrees_of_freedom)
    error, alone = np.empty_like(pooled), np.empty(of.bases.shape)
    step = max(1, _BLOCK // max(1, linear.beta.shape[1] * max(linear.beta.shape[1:])))
    for start in range(0, len(error), step):
        rows = slice(start, start + step)
        joint = covariance(sample, linear.at(rows))
        own = alone[rows] = np.einsum("rgg->rg", joint)
        found = own[:, of.first] + own[:, of.second] - 2 * joint[:, of.first, of.second]
        scale = np.maximum(linear.scale, linear.spread)[rows]
        noise = _NOTHING * (scale[:, of.first] + scale[:, of.second])
        error[rows] = np.sqrt(np.where(found <= noise, 0.0, found))
    few = (np.minimum(e1, e2) * rare < ENOUGH_TO_TEST) | (within == 0)
    error = np.where(few & np.isfinite(under_equality), np.fmax(error, under_equality), error)
    if is_clustered(sample):
        v1, v2 = of.pair(alone)
        with np.errstate(divide="ignore", invalid="ignore"):
            # As the error of the difference is: a share of 0% has no variance of its own.
            v1, v2 = (np.where(few, np.fmax(v, within / e), v) for v, e in ((v1, e1), (v2, e2)))
        df1, df2 = of.pair(cell_freedom(of.counted, sample, sums))
        freedom = np.minimum(freedom, satterthwaite(v1, df1, v2, df2))
    difference = linear.estimate[:, of.first] - linear.estimate[:, of.second]
    p_value = t_test(difference, error, freedom)
    small = n < of.publication.minimum_base
    p_value[small[:, of.first] | small[:, of.second]] = np.nan
    with np.errstate(invalid="ignore"):
        large = np.abs(difference) >= _needed(of) - 1e-9
    return difference, p_value, large


def _needed(of: _Comparison) -> Floats:
    """From which difference (R, 1) on it matters: points, or a part of everybody's deviation."""
    sums = of.counted.sums[of.axis]
    square, count, base = (
        each[..., WEIGHT].sum(axis=1) for each in (sums.square, sums.numerator, sums.denominator)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(np.maximum(square / base - (count / base) ** 2, 0.0))
    needed = np.where(
        of.is_mean, of.publication.minimum_sd * deviation, of.publication.minimum_points / 100
    )
    return needed[:, None]


RULES: dict[str, Callable[[_Comparison], _Answer]] = {
    "pairwise": _pairwise,
    "dimensions": _dimensions,
    "spss": _spss,
}
