"""What areas answer, from a multilevel regression and who lives there.

An area consists of parts, one for each region (municipality) it has people in. Of part j of an
area, with the share W_j(c, k) of the area's people in cell c of demographics and profile k, and
omega_jp of the part's people in place p (postcode),

    theta = sum_j sum_ck W_j(c, k) g(x_c'b + z_j'd + c_k + u_j + sum_p omega_jp v_p)

where z are covariates of the region. Its variance adds up
1. the regression: coefficients, effects of regions and places and their covariance, by the delta
   method; a place where nobody answered has the variance of places;
2. the spread tau: the value and variance under each of a few spreads, averaged;
3. the composition: the profile shares of the area and its demographics are estimates themselves.
The value is the posterior mean to second order: g is bent, so an effect that is in doubt moves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from scipy.special import expit
from scipy.stats import norm

from flows.statistics.multilevel import Fit
from flows.statistics.multilevel_outcome import Kind
from flows.statistics.multilevel_sample import MultilevelError

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

PARTS_A_BLOCK = 1_000


@dataclass(frozen=True, eq=False)
class Cells:
    """Who lives in A areas, by part. J parts, C cells of demographics, K profiles, M regions.

    `design` (C, P1): what the cells add to the design, the constant first; `covariates` (M, P2)
    of the regions, the columns of the design after those. `people` (J, C, K): shares of the
    area's people in a part, adding up to one over the parts of an area. `area`, `region` (J,).
    `profile_covariance` (A, K, K): of the area's profile shares. `unsettled` (A, C, C) or None:
    the covariance of the shares of demographic cells, given as (A, V) weights per variable in
    `blur`. `own` (A,): variance of what an area has of its own within its regions, where the
    deviation of the finer places is 1.
    """

    design: Floats
    covariates: Floats
    people: Singles
    area: Ints
    region: Ints
    places: csr_matrix
    profile_covariance: Floats
    blur: Floats
    levels: tuple[Floats, ...] = ()

    @property
    def areas(self) -> int:
        return len(self.profile_covariance)


@dataclass(frozen=True, eq=False)
class Estimates:
    """Of A areas and one answer, on the scale of its fits: `value`, the posterior mean; `middle`,
    theta at the posterior mode, and its standard `error`, for intervals; `difference` from the
    reference area with its `difference_error`. `variance` (A,) of `middle` per source of error."""

    value: Floats
    middle: Floats
    error: Floats
    difference: Floats
    difference_error: Floats
    variance: dict[str, Floats]


def poststratify(
    fits: Sequence[Fit], weights: ArrayLike, cells: Cells, kind: Kind, reference: int
) -> Estimates:
    """Estimates of all areas of `cells`, on the scale of the fits.

    `fits`: at a few spreads, whose averages have these `weights` (J,). `reference`: the place of
    the area that differences are taken from, the country. Raises `MultilevelError` where the
    design does not fit the cells.
    """
    each = np.asarray(weights, dtype=np.float64)
    p = cells.design.shape[1] + cells.covariates.shape[1]
    k = cells.people.shape[2]
    if any(len(fit.coefficients) != p + k for fit in fits):
        raise MultilevelError(
            f"the regression has {len(fits[0].coefficients)} coefficients and the cells of the "
            f"areas have {p} columns and {k} profiles; use the same variables in both."
        )
    found = [_under(fit, cells, kind, reference) for fit in fits]
    names = found[0].variance
    value = sum(w * one.value for w, one in zip(each, found, strict=True))
    middle = sum(w * one.middle for w, one in zip(each, found, strict=True))
    difference = sum(w * one.difference for w, one in zip(each, found, strict=True))
    variance = {
        name: sum(w * one.variance[name] for w, one in zip(each, found, strict=True))
        for name in names
    }
    variance["spread"] = sum(
        w * (one.middle - middle) ** 2 for w, one in zip(each, found, strict=True)
    )
    total = np.sum(list(variance.values()), axis=0)
    apart = sum(
        w * (one.difference_error**2 + (one.difference - difference) ** 2)
        for w, one in zip(each, found, strict=True)
    )
    return Estimates(
        np.asarray(value), np.asarray(middle), np.sqrt(total), np.asarray(difference),
        np.sqrt(apart), variance,
    )  # fmt: skip


def _under(fit: Fit, cells: Cells, kind: Kind, reference: int) -> Estimates:
    """The estimates under one spread."""
    free = cells.places @ fit.place_follows
    sums = _sums(fit, cells, kind)
    a, j = cells.areas, len(cells.area)
    onto = csr_matrix((np.ones(j), (cells.area, np.arange(j))), shape=(a, j))
    value, bent, slope = onto @ sums.value, onto @ sums.bend, onto @ sums.slope
    # u moves an area by its slope less what its places give way to u.
    by_region = csr_matrix(
        (sums.slope * (1 - free), (cells.area, cells.region)), shape=(a, len(fit.region))
    )
    by_place = (onto @ cells.places.multiply(sums.slope[:, None])).tocsr()
    gradient = onto @ sums.gradient - by_region @ fit.follows
    errors = ((by_region, 1 / fit.precision), (by_place, 1 / fit.place_precision))
    regression = ((gradient @ fit.covariance) * gradient).sum(axis=1)
    from_country = gradient - gradient[reference]
    apart = ((from_country @ fit.covariance) * from_country).sum(axis=1)
    for moved, variance in errors:
        own = moved.multiply(moved) @ variance
        whole = np.asarray(moved[[reference]].toarray()).ravel()
        regression = regression + own
        # (g_S - g_N)^2 times the variance, without writing out a dense row per area.
        apart = apart + own - 2 * (moved @ (variance * whole)) + float(whole**2 @ variance)
    composition = _composition(sums, cells, onto)
    with np.errstate(invalid="ignore", divide="ignore"):
        correction = np.where(slope > 0, 0.5 * bent * regression / slope**2, 0.0)
    mean = value + correction
    apart = np.maximum(apart, 0.0) + composition
    apart[reference] = 0.0
    return Estimates(
        mean, value, np.sqrt(regression + composition), mean - mean[reference], np.sqrt(apart),
        {"regression": np.asarray(regression), "composition": composition},
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Sums:
    """Per part: `value`, `slope`, `bend` (J,): theta and its first two derivatives in the
    predictor; `gradient` (J, D); `by_profile`, `profiles` (J, K): value and people per profile;
    `by_cell`, `cells` (J, C)."""

    value: Floats
    slope: Floats
    bend: Floats
    gradient: Floats
    by_profile: Floats
    profiles: Floats
    by_cell: Floats
    cells: Floats


def _sums(fit: Fit, cells: Cells, kind: Kind) -> _Sums:
    p1, p2 = cells.design.shape[1], cells.covariates.shape[1]
    b, d, c = np.split(fit.coefficients, [p1, p1 + p2])
    inside = (cells.design @ b)[:, None] + c
    offset = _offset(fit, cells, d)
    j, k = len(cells.area), len(c)
    value, slope, bend = np.empty(j), np.empty(j), np.empty(j)
    gradient = np.empty((j, p1 + p2 + k))
    by_profile, profiles = np.empty((j, k)), np.empty((j, k))
    by_cell, people = np.empty((j, len(inside))), np.empty((j, len(inside)))
    for start in range(0, j, PARTS_A_BLOCK):
        rows = slice(start, start + PARTS_A_BLOCK)
        w = cells.people[rows]
        eta = (inside + offset[rows, None, None]).astype(np.float32)
        if kind == "share":
            s = expit(eta)
            first = w * s
            second = first * (1 - s)
            bend[rows] = (second * (1 - 2 * s)).sum(axis=(1, 2))
        else:
            first, second = w * eta, w
            bend[rows] = 0.0
        slopes = second.sum(axis=2)
        slope[rows] = slopes.sum(axis=1)
        gradient[rows, :p1] = slopes @ cells.design
        gradient[rows, p1 : p1 + p2] = slope[rows, None] * cells.covariates[cells.region[rows]]
        gradient[rows, p1 + p2 :] = second.sum(axis=1)
        by_profile[rows], profiles[rows] = first.sum(axis=1), w.sum(axis=1)
        by_cell[rows], people[rows] = first.sum(axis=2), w.sum(axis=2)
        value[rows] = by_cell[rows].sum(axis=1)
    return _Sums(value, slope, bend, gradient, by_profile, profiles, by_cell, people)


def _offset(fit: Fit, cells: Cells, by_covariates: Floats) -> Floats:
    """What the predictor of every part (J,) has of its region and places."""
    of_region = (cells.covariates @ by_covariates + fit.region)[cells.region]
    return np.asarray(of_region + cells.places @ fit.place)


def _composition(sums: _Sums, cells: Cells, onto: csr_matrix) -> Floats:
    """Variance (A,) from what is not known of who lives in an area.

    Another share of a profile moves the answer by how its people differ; another share of a
    level of demographics, where its margin is not the area's own, by how that level differs:
    sum over levels of share * (mean - overall)^2, times the area's `blur` for that variable.
    """
    profiles = np.maximum(onto @ sums.profiles, 1e-12)
    means = (onto @ sums.by_profile) / profiles
    found = np.einsum("ak,akl,al->a", means, cells.profile_covariance, means, optimize=True)
    if cells.levels:
        people, by_cell = onto @ sums.cells, onto @ sums.by_cell
        overall = by_cell.sum(axis=1)
        for i, of_level in enumerate(cells.levels):
            size = people @ of_level
            mean = (by_cell @ of_level) / np.maximum(size, 1e-12)
            found += cells.blur[:, i] * (size * (mean - overall[:, None]) ** 2).sum(axis=1)
    return np.asarray(np.maximum(found, 0.0))


def among(cells: Cells, fit: Fit) -> Cells:
    """The same areas with only those of whom the share that a regression tells is asked.

    `fit`: of being asked. People of a cell count by their probability of it.
    """
    p1, p2 = cells.design.shape[1], cells.covariates.shape[1]
    b, d, c = np.split(fit.coefficients, [p1, p1 + p2])
    inside = (cells.design @ b)[:, None] + c
    offset = _offset(fit, cells, d)
    people = np.empty_like(cells.people)
    for start in range(0, len(cells.area), PARTS_A_BLOCK):
        rows = slice(start, start + PARTS_A_BLOCK)
        asked = expit((inside + offset[rows, None, None]).astype(np.float32))
        people[rows] = cells.people[rows] * asked
    total = np.bincount(cells.area, people.sum(axis=(1, 2)), cells.areas)
    people /= np.maximum(total, 1e-12)[cells.area, None, None].astype(np.float32)
    return replace(cells, people=people)


def share_covariance(variance: ArrayLike) -> Floats:
    """Covariances (A, K, K) of shares that add up to one, from their variances (A, K) alone.

    Of the form diag(d) - d d' / sum(d), as if each share had an independent error and the sum
    were put right afterwards; d is found so that the diagonal is as given. Where one variance is
    larger than that allows (more than all others together), it is met as far as it can be.
    """
    v = np.asarray(variance, dtype=np.float64)
    d = v.copy()
    for _ in range(200):
        total = np.maximum(d.sum(axis=1, keepdims=True), 1e-300)
        new = v + d**2 / total
        new = np.minimum(new, 1e3 * v.sum(axis=1, keepdims=True))
        if np.abs(new - d).max(initial=0.0) <= 1e-9 * max(float(v.max(initial=0.0)), 1e-300):
            d = new
            break
        d = new
    total = np.maximum(d.sum(axis=1), 1e-300)
    found = -d[:, :, None] * d[:, None, :] / total[:, None, None]
    k = np.arange(v.shape[1])
    found[:, k, k] += d
    return np.asarray(found)


def intervals(
    value: ArrayLike, error: ArrayLike, kind: Kind, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Bounds of estimates: of a share on its log-odds, so that they stay between 0 and 1."""
    v, se = np.asarray(value, dtype=np.float64), np.asarray(error, dtype=np.float64)
    z = float(norm.ppf((1 + confidence) / 2))
    if kind == "mean":
        return v - z * se, v + z * se
    inside = np.clip(v, 1e-6, 1 - 1e-6)
    middle, reach = np.log(inside / (1 - inside)), z * se / (inside * (1 - inside))
    return np.asarray(expit(middle - reach)), np.asarray(expit(middle + reach))
