"""Calibration margins that are themselves estimates, and what their error adds to a variance.

A calibration estimator Y is a function of the totals T that the weights reproduce, and its
derivative dY/dT is B, the coefficients of y in the regression on the calibration variables.
Where some totals are estimates with covariance S, independent of the sample,

    V(Y) = V(residuals) + B' S B.

The first part is the usual variance of a calibrated estimate (`variance.py`), which takes the
totals for known. Dever and Valliant (2010), Survey Methodology 36(1), 45-56, show how much too
small it is alone; Fuller (1998), Statistica Sinica 8, 1153-1164, and Opsomer and Erciulescu
(2021), Survey Methodology 47(2), 265-277, reach the same sum with replicates. For raking the
exact derivative has the regression weighted by the calibrated weights instead of the base
weights (implicit function theorem; Ducellier et al. 2024, arXiv 2407.20520). The two agree in
large samples without selection, and in simulations with strong selection their standard errors
did not differ by more than a hundredth; the base weights, which the residuals use too, are kept.

Published shares often come with a standard error each and no covariances. `shares_covariance`
makes up the covariances by a rule that is exact for a simple random sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flows.errors import Refusal

Floats = NDArray[np.float64]

_ROUNDING = 1e-9
"""Relative size below which a number is rounding noise."""

_HALVINGS = 100


@dataclass(frozen=True, eq=False)
class EstimatedMargin:
    """A margin whose target shares are estimates.

    `variable`: its column among the margins; `levels` (K,) the labels of the levels as they
    stand there; `covariance` (K, K) of the shares, whose rows add up to zero.
    """

    variable: str
    levels: tuple[str, ...]
    covariance: Floats

    @property
    def standard_errors(self) -> Floats:
        """The standard error (K,) of every share."""
        errors: Floats = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        return errors

    def merged(self, into: Mapping[str, str]) -> EstimatedMargin:
        """The margin after levels joined others: `into` holds {level: level it joined}."""
        last = {level: _end(level, into) for level in self.levels}
        levels = tuple(level for level in self.levels if last[level] == level)
        sums = np.array([[last[old] == new for old in self.levels] for new in levels], dtype=float)
        return EstimatedMargin(self.variable, levels, sums @ self.covariance @ sums.T)


def _end(level: str, into: Mapping[str, str]) -> str:
    while level in into:
        level = into[level]
    return level


def shares_covariance(shares: Mapping[str, float], errors: Mapping[str, float]) -> Floats:
    """A covariance (K, K) of shares that add up to one, from their standard errors alone.

    The diagonal equals the squared errors exactly, and every row adds up to zero. Of the many
    such matrices, the one chosen is

        S = A (diag(q) - q q'),   with A and q (adding up to 1) such that A q (1 - q) = errors^2:

    independent errors made to add up to zero. Where the errors are those of a simple random
    sample of N this is exactly its covariance: q are the shares and A = 1 / N. When the square
    of the largest error exceeds the sum of the other squares there is no such S; the share
    with the largest error then mirrors the others, whose errors have one common correlation.

    Raises `Refusal`, naming the level, when no covariance at all can have these errors: one
    larger than sqrt(share (1 - share)), the most a share can vary, or one larger than all
    others together (a change of one share must be made up for by the others).
    """
    p, s = _checked(shares, errors)
    largest = int(np.argmax(s))
    rest = s.sum() - s[largest]
    if s[largest] > rest * (1 + _ROUNDING):
        level = tuple(shares)[largest]
        if rest == 0:
            raise Refusal(
                f"only {level!r} has a standard error above zero, but a share cannot be "
                "uncertain while all others are exact; give the errors of the others too."
            )
        raise Refusal(
            f"the standard error of {level!r} ({s[largest]:g}) is larger than all others "
            f"together ({rest:g}), which is impossible for shares that add up to 1; correct them."
        )
    if not s.any():
        return np.zeros((len(p), len(p)))
    others = np.delete(s, largest)
    if s[largest] ** 2 > np.square(others).sum():
        return _mirrored(s, largest)
    return _conditional(s, largest)


def checked_covariance(shares: Mapping[str, float], covariance: ArrayLike) -> Floats:
    """The covariance (K, K) of shares as given, in the order of `shares`.

    Raises `Refusal` when it is not symmetric, has a negative direction, its rows do not add
    up to zero, or an error is larger than the share allows.
    """
    S = np.asarray(covariance, dtype=np.float64)
    if S.shape != (len(shares), len(shares)) or not np.isfinite(S).all():
        raise Refusal(
            f"the covariance must be {len(shares)} rows of {len(shares)} numbers, one for every "
            "share, in the same order."
        )
    size = float(np.abs(S).max())
    if not np.allclose(S, S.T, rtol=0, atol=_ROUNDING * size):
        raise Refusal("the covariance is not symmetric; correct it.")
    S = (S + S.T) / 2
    if size and float(np.linalg.eigvalsh(S)[0]) < -1e-6 * size:
        raise Refusal("the matrix given as covariance has a negative variance in it; correct it.")
    _checked(shares, dict(zip(shares, np.sqrt(np.maximum(np.diag(S), 0)), strict=True)))
    astray = np.abs(S.sum(axis=1))
    if size and float(astray.max()) > 1e-3 * size:
        raise Refusal(
            f"the covariances of {tuple(shares)[int(astray.argmax())]!r} do not add up to zero, "
            "as those of shares that add up to 1 do; correct them."
        )
    # What is left of rounding is taken out, so that the sum of the shares is certain.
    centring = np.eye(len(S)) - 1 / len(S)
    exact: Floats = centring @ S @ centring
    return exact


def _checked(shares: Mapping[str, float], errors: Mapping[str, float]) -> tuple[Floats, Floats]:
    """Shares and errors (K,) in the order of the shares, each pair possible by itself."""
    absent: Sequence[str] = sorted(set(shares) ^ set(errors))
    if absent:
        level = absent[0]
        what = "no standard error" if level in shares else "a standard error but no share"
        raise Refusal(f"{level!r} has {what}; give both for every level.")
    for level, share in shares.items():
        error = errors[level]
        if not 0 <= share <= 1:
            raise Refusal(f"the share of {level!r} is {share:g}; it must lie between 0 and 1.")
        if not 0 <= error < float("inf"):
            raise Refusal(
                f"the standard error of {level!r} is {error:g}; it must be a number of 0 or more."
            )
        most = float(np.sqrt(share * (1 - share)))
        if error > most * (1 + _ROUNDING) + _ROUNDING:
            raise Refusal(
                f"the standard error of {level!r} is {error:g}, but a share of {share:g} cannot "
                f"have one above {most:.3g}; write shares and errors in the same unit, 0 to 1."
            )
    return np.array(list(shares.values())), np.array([errors[level] for level in shares])


def _conditional(s: Floats, largest: int) -> Floats:
    """A (diag(q) - q q') with A q (1 - q) = s^2, q adding up to 1.

    With t = 4 max(s)^2 / A every q is (1 - sqrt(1 - t r)) / 2, r = s^2 / max(s)^2, except
    that the largest may be (1 + sqrt(1 - t)) / 2; t in [0, 1] is found by halving.
    """
    r = np.square(s / s[largest])

    def small(t: float) -> Floats:
        return _half(t * r)

    if small(1.0).sum() >= 1:  # all of them below a half

        def over(t: float) -> bool:
            return bool(small(t).sum() >= 1)
    else:

        def over(t: float) -> bool:
            q = small(t)
            return bool(q.sum() - q[largest] < q[largest])

    low, high = 0.0, 1.0
    below = small(1.0).sum() >= 1
    for _ in range(_HALVINGS):
        t = (low + high) / 2
        low, high = (low, t) if over(t) else (t, high)
    t = (low + high) / 2
    q = small(t)
    if not below:
        q[largest] = 1 - q[largest]
    # A q, written so that nothing is lost when A is very large.
    variances = 2 * np.square(s) / (1 + np.sqrt(np.maximum(1 - t * r, 0)))
    S = np.empty((len(s), len(s)))
    S[:] = -variances[:, None] * q[None, :]
    S[largest, :] = S[:, largest]
    return _closed(S)


def _half(x: Floats) -> Floats:
    """(1 - sqrt(1 - x)) / 2, accurate for small x."""
    half: Floats = x / (2 * (1 + np.sqrt(np.maximum(1 - x, 0))))
    return half


def _mirrored(s: Floats, largest: int) -> Floats:
    """The largest error is minus the sum of the others, which have one common correlation."""
    others = s.copy()
    others[largest] = 0
    squares = float(np.square(others).sum())
    room = float(others.sum() ** 2) - squares
    rho = min((float(s[largest] ** 2) - squares) / room, 1.0) if room > 0 else 1.0
    S = rho * np.outer(others, others)
    np.fill_diagonal(S, np.square(others))
    S[largest, :] = S[:, largest] = -S.sum(axis=0)
    return _closed(S)


def _closed(S: Floats) -> Floats:
    """Symmetric to the last digit, with the diagonal that makes every row add up to zero."""
    S = (S + S.T) / 2
    np.fill_diagonal(S, 0)
    np.fill_diagonal(S, -S.sum(axis=1))
    return S


def square_root(covariance: Floats) -> Floats:
    """L (K, r) with L L' = covariance, over the r directions that it really has."""
    eigenvalues, vectors = np.linalg.eigh(covariance)
    real = eigenvalues > 1e-12 * max(float(eigenvalues[-1]), 0.0)
    root: Floats = vectors[:, real] * np.sqrt(eigenvalues[real])
    return root


def estimated_totals_covariance(
    contributions: Floats, auxiliary: Floats, base_weights: Floats, totals_covariance: Floats
) -> Floats:
    """What the error of calibration totals adds to a covariance: B' S B (K, K), the plain form.

    `contributions` (n, K) and `auxiliary` (n, m) as in `linearisation.calibration_residual`,
    to whose `linearised_covariance` this is added; `totals_covariance` S (m, m) of the
    weighted totals of the auxiliary variables, zero for those that are known.
    """
    root = np.sqrt(base_weights)[:, None]
    beta, *_ = np.linalg.lstsq(auxiliary * root, contributions * root, rcond=1e-10)
    added: Floats = beta.T @ totals_covariance @ beta
    return added
