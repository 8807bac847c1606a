"""Whether the rows and the columns of a weighted two-way table go together.

Rao and Scott (1984): Pearson's X2 of the weighted table divided by what its design does to it.
With p the shares of the cells, V their covariance under the design, D the diagonal of p and C
contrasts that span the interaction of rows and columns,

    Delta = (C' D^-1 C)^-1 (C' D^-1 V D^-1 C)
    F = X2 / tr Delta, with d = (tr Delta)^2 / tr Delta^2 and d nu degrees of freedom

where X2 = sum (p - e)^2 / e over the cells, e the shares under independence, and nu the degrees
of freedom of the design (clusters less strata). The number of people stands in X2 and in Delta
and cancels. Conventions as `svychisq` of R survey: an empty cell counts with 0 for its D^-1, and
a row or column without anybody is left out. The other statistics of `svychisq` (the mean
correction, Wald, adjusted Wald and the saddlepoint) are here too, for who has to compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert
from scipy.optimize import brentq
from scipy.special import chdtrc, fdtrc, ndtr

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TableTests:
    """Tests of tables (T): statistic, degrees of freedom (`df2` infinite for a chi-square), p.

    NaN where there is nothing to test: fewer than two rows or columns, or no variance.
    """

    statistic: Floats
    df1: Floats
    df2: Floats
    p: Floats


def cell_contributions(
    rows: NDArray[np.integer],
    columns: NDArray[np.integer],
    shape: tuple[int, int],
    weights: Floats,
) -> tuple[Floats, Floats]:
    """Shares (A, G) of the cells and the contributions u (n, A * G) to them, before weighting.

    `rows` and `columns` (n): codes, -1 for none. Whoever lacks either contributes nothing and
    stays in the design. u is what `linearised_covariance` takes after weighting (and, after
    calibration, after `calibration_residual`).
    """
    inside = (rows >= 0) & (columns >= 0)
    cell = np.where(inside, rows * shape[1] + columns, -1)
    dummies = (cell[:, None] == np.arange(shape[0] * shape[1])).astype(np.float64)
    size = weights[inside].sum()
    with np.errstate(invalid="ignore"):
        shares = weights @ dummies / size
        return shares.reshape(shape), (dummies - shares * inside[:, None]) / size


def rao_scott(shares: Floats, covariance: Floats, nu: float) -> TableTests:
    """The F test of tables with `shares` (T, A, G) and their `covariance` (T, A * G, A * G).

    `nu`: the degrees of freedom of the design. All tables have the same shape; a row or
    column that is empty in some of them is taken out of these.
    """
    x2, trace, square, _ = _parts(shares, covariance)
    return _f_test(x2, trace, square, nu)


def _f_test(x2: Floats, trace: Floats, square: Floats, nu: float) -> TableTests:
    with np.errstate(divide="ignore", invalid="ignore"):
        f = np.where(trace > 0, x2 / trace, np.nan)
        df1 = trace**2 / square
    return TableTests(f, df1, df1 * nu, fdtrc(df1, df1 * nu, f))


def rao_scott_contrasted(
    shares: Floats, contrasted: Floats, scale: Floats, nu: float
) -> TableTests:
    """The F test of tables (T, A, G) without an empty cell, from C' D^-1 V D^-1 C (T, q, q).

    What `contrasts_of` makes of contributions has that covariance. `scale` (T): the sum of the
    cells' variances over their shares as it would be without calibration; so much less than
    that is no variance at all.
    """
    x2, trace, square, _ = _statistics(shares, contrasted, scale)
    return _f_test(x2, trace, square, nu)


def contrasts_of(shares: Floats, parts: Floats) -> Floats:
    """C' D^-1 parts (T, q, m) of what belongs to the cells (T, A, G, m), none of them empty.

    Where parts are less the share of the cell times that of all cells together, this term
    vanishes: it may be left out.
    """
    t, a, g, m = parts.shape
    scaled = parts / shares[..., None]
    across = np.einsum("ia,tagm->tigm", helmert(a), scaled, optimize=True)
    both = np.einsum("jg,tigm->tijm", helmert(g), across, optimize=True)
    result: Floats = both.reshape(t, (a - 1) * (g - 1), m)
    return result


def contrasted_diagonal(shares: Floats, diagonal: Floats) -> Floats:
    """C' D^-1 diag(diagonal) D^-1 C (T, q, q) of numbers of the cells (T, A, G)."""
    t, a, g = shares.shape
    contrasts = _interaction(a, g)
    scaled = (diagonal / shares**2).reshape(t, a * g, 1) * contrasts
    result: Floats = contrasts.T @ scaled
    return result


def mean_corrected(shares: Floats, covariance: Floats, n: int) -> TableTests:
    """X2 for `n` people, with the p-value of X2 over the mean of Delta's diagonal.

    First-order correction of Rao and Scott; arguments and shapes as in `rao_scott`.
    """
    x2, trace, _, k = _parts(shares, covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = chdtrc(k, x2 / (trace / k))
    return TableTests(n * x2, k, np.full(len(k), np.inf), p)


def saddlepoint(shares: Floats, covariance: Floats, n: int, nu: float) -> tuple[float, float]:
    """X2 for `n` people of one table (A, G), and its p-value; `nu` as in `rao_scott`.

    X2 is taken as a sum of chi-squares, each times an eigenvalue of Delta, over an independent
    chi-square over its degrees of freedom f = d nu, as the F test has them. So p is the chance
    that this sum less X2 / f times the latter is above zero: by the saddlepoint approximation
    (Kuonen 1999, Biometrika 86, 929-935), and around the mean, where that is 0 / 0, by the F
    test. As in `svychisq` the latter chi-square has a whole number of degrees of freedom.
    """
    test = rao_scott(shares[None], covariance[None], nu)
    x2, freedom = float(_full(shares[None], covariance[None])[0, 0]), float(test.df2[0])
    delta = _delta(shares[None], _contrasted(shares[None], covariance[None]))[0]
    sizes = np.append(np.linalg.eigvals(delta).real, -x2 / freedom)
    times = np.append(np.ones(len(delta)), np.floor(freedom))
    sizes = sizes / sizes.max()

    def slope(at: float) -> float:
        return float((times * sizes / (1 - 2 * at * sizes)).sum())

    zeta = float(brentq(slope, 0.49999 / sizes[-1], 0.49999, xtol=1e-12))
    if abs(zeta) < 1e-4:
        return n * x2, float(test.p[0])
    w = np.sign(zeta) * np.sqrt((times * np.log(1 - 2 * zeta * sizes)).sum())
    v = zeta * np.sqrt(2 * (times * sizes**2 / (1 - 2 * zeta * sizes) ** 2).sum())
    return n * x2, float(ndtr(-(w + np.log(v / w) / w)))


def wald(
    totals: Floats, covariance: Floats, nu: float, adjusted: bool = False
) -> tuple[float, float, float, float]:
    """Wald's test of one table of weighted `totals` (A, G) and their `covariance`.

    Y = observed less expected totals, without the first row and column; q = Y' V^-1 Y over k
    cells is F with k and nu degrees of freedom; adjusted, q (nu - k + 1) / (k nu) with k and
    nu - k + 1. Returns the statistic, both degrees of freedom and p. Of a table with more free
    cells than degrees of freedom nothing is known: NaN.
    """
    a, g = totals.shape
    whole = totals.sum()
    of_row, of_column = totals.sum(axis=1) / whole, totals.sum(axis=0) / whole
    # d Y_ij / d total_kl, where the expected total is row i times column j over the whole.
    jacobian = (
        np.einsum("ik,jl->ijkl", np.eye(a), np.eye(g))
        - np.einsum("ik,j->ijk", np.eye(a), of_column)[..., None]
        - np.einsum("jl,i->ijl", np.eye(g), of_row)[:, :, None]
        + np.einsum("i,j->ij", of_row, of_column)[..., None, None]
    ).reshape(a * g, a * g)
    free = np.arange(a * g).reshape(a, g)[1:, 1:].ravel()
    y = (totals - whole * np.outer(of_row, of_column)).ravel()[free]
    v = (jacobian @ covariance @ jacobian.T)[np.ix_(free, free)]
    k = float(len(free))
    if not k or nu < k or np.linalg.matrix_rank(v, hermitian=True) < k:
        return np.nan, k, np.nan, np.nan
    q = float(y @ np.linalg.solve(v, y)) / k
    df2 = nu - k + 1 if adjusted else nu
    f = q * df2 / nu
    return f, k, df2, float(fdtrc(k, df2, f))


def _parts(shares: Floats, covariance: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """X2, tr Delta, tr Delta^2 and the number of contrasts of every table (T)."""
    t, a, g = shares.shape
    result = np.full((4, t), np.nan)
    kept_rows, kept_columns = (shares != 0).any(axis=2), (shares != 0).any(axis=1)
    known = np.isfinite(shares).all(axis=(1, 2)) & np.isfinite(covariance).all(axis=(1, 2))
    patterns = np.hstack([kept_rows, kept_columns])
    for pattern in np.unique(patterns[known], axis=0):
        rows, columns = np.flatnonzero(pattern[:a]), np.flatnonzero(pattern[a:])
        if min(len(rows), len(columns)) < 2:
            continue
        here = np.flatnonzero(known & (patterns == pattern).all(axis=1))
        cells = (rows[:, None] * g + columns).ravel()
        p = shares[here].reshape(len(here), a * g)[:, cells]
        v = covariance[here][:, cells[:, None], cells]
        result[:, here] = _full(p.reshape(len(here), len(rows), len(columns)), v)
    x2, trace, square, k = result
    return x2, trace, square, k


def _full(shares: Floats, covariance: Floats) -> Floats:
    """`_parts` (4, T) of tables without an empty row or column."""
    t, a, g = shares.shape
    p = shares.reshape(t, a * g)
    inverse = np.divide(1.0, p, out=np.zeros_like(p), where=p != 0)
    scale = np.abs(covariance * inverse[:, None, :]).sum(axis=(1, 2))
    return _statistics(shares, _contrasted(shares, covariance), scale)


def _contrasted(shares: Floats, covariance: Floats) -> Floats:
    """C' D^-1 V D^-1 C (T, q, q)."""
    t, a, g = shares.shape
    p = shares.reshape(t, a * g)
    inverse = np.divide(1.0, p, out=np.zeros_like(p), where=p != 0)
    scaled = inverse[:, :, None] * _interaction(a, g)
    result: Floats = np.swapaxes(scaled, 1, 2) @ (covariance @ scaled)
    return result


def _statistics(shares: Floats, numerator: Floats, scale: Floats) -> Floats:
    """X2, tr Delta, tr Delta^2 and q (4, T) from C' D^-1 V D^-1 C (T, q, q).

    Below a part of `scale` (T) the trace is rounding noise: both margins of the table were
    calibrated on together, and nothing varies.
    """
    expected = shares.sum(axis=2)[:, :, None] * shares.sum(axis=1)[:, None, :]
    expected = expected / shares.sum(axis=(1, 2))[:, None, None]
    x2 = ((shares - expected) ** 2 / expected).sum(axis=(1, 2))
    delta = _delta(shares, numerator)
    trace = np.trace(delta, axis1=1, axis2=2)
    square = (delta * np.swapaxes(delta, 1, 2)).sum(axis=(1, 2))
    trace = np.where(trace <= 1e-12 * scale, np.nan, trace)
    return np.stack([x2, trace, square, np.full(len(x2), float(delta.shape[1]))])


def _delta(shares: Floats, numerator: Floats) -> Floats:
    """Delta (T, q, q) from C' D^-1 V D^-1 C."""
    t, a, g = shares.shape
    p = shares.reshape(t, a * g)
    inverse = np.divide(1.0, p, out=np.zeros_like(p), where=p != 0)
    contrasts = _interaction(a, g)
    denominator = contrasts.T @ (inverse[:, :, None] * contrasts)
    delta = np.empty_like(numerator)
    # With empty cells the denominator may have no inverse; that of the others is quick.
    full = (p != 0).all(axis=1)
    delta[full] = np.linalg.solve(denominator[full], numerator[full])
    delta[~full] = np.linalg.pinv(denominator[~full], hermitian=True) @ numerator[~full]
    return delta


@cache
def _interaction(a: int, g: int) -> Floats:
    """Orthonormal contrasts (A * G, (A - 1)(G - 1)), free of both main effects."""
    result: Floats = np.kron(helmert(a), helmert(g)).T
    return result
