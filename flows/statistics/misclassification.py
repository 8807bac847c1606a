"""Estimates per true class from people who were assigned to a class with error.

Bolck, Croon and Hagenaars (2004, Political Analysis 12, 3-27), as Vermunt (2010, Political
Analysis 18, 450-469) puts it: with D[s, t] = P(assigned t | true s), sums over the people
assigned to the classes are the sums over the true classes times D, so that

    sums per true class = sums per assigned class times B,    B = D^-1

and somebody assigned to t counts for class s with the weight B[t, s], which may be negative.
This holds where, within a true class, what is estimated does not depend on the class somebody
was assigned to: not for the items that people were assigned by.

D is itself an estimate. By the delta method, with p_a = Y_a / N_a the ratio in class a,

    d p_s = - sum_ab N_a (p_a - p_s) dD[a, b] B[b, s] / N_s

which gives the variance that its error adds, where D comes from other people than the sums do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Classification:
    """How true classes (K) are assigned: `rates` (K, K), rows true, columns assigned.

    Rows add up to one. `covariance` (K * K, K * K) of the rates, row by row; zeros when they
    are taken for known.
    """

    rates: Floats
    covariance: Floats

    @cached_property
    def inverse(self) -> Floats:
        """B (K, K): the weight for class s (column) of somebody assigned to t (row)."""
        result: Floats = np.asarray(np.linalg.inv(self.rates), dtype=np.float64)
        return result

    @property
    def condition(self) -> float:
        """How much errors may grow in taking the inverse; 1 is assignment without error."""
        return float(np.linalg.cond(self.rates))


def known_classification(
    rates: ArrayLike, standard_errors: ArrayLike | None = None
) -> Classification:
    """From rates (K, K) and their standard errors (default: known without error).

    Of the errors only their size is told, not how they go together. Each row is taken for a
    multinomial of the effective number of people that fits its errors best, so that it keeps
    adding up to one; rows are taken as independent.

    Raises ValueError where the rates are no classification.
    """
    d = np.asarray(rates, dtype=np.float64)
    if d.ndim != 2 or d.shape[0] != d.shape[1] or not len(d):
        raise ValueError(f"a classification has as many rows as columns, not {d.shape}")
    if not np.isfinite(d).all() or (d < 0).any() or np.abs(d.sum(axis=1) - 1).max() > 1e-6:
        raise ValueError("every row of a classification holds probabilities that add up to one")
    k = len(d)
    covariance = np.zeros((k * k, k * k))
    if standard_errors is not None:
        errors = np.asarray(standard_errors, dtype=np.float64)
        if errors.shape != d.shape or not np.isfinite(errors).all() or (errors < 0).any():
            raise ValueError("every rate of a classification needs a standard error")
        for s, (row, error) in enumerate(zip(d, errors, strict=True)):
            multinomial = np.diag(row) - np.outer(row, row)
            size = np.trace(multinomial)
            here = slice(s * k, (s + 1) * k)
            if size > 0:
                covariance[here, here] = multinomial * (error @ error) / size
    return Classification(d, covariance)


def classification(
    assigned: NDArray[np.integer], posterior: Floats, weights: ArrayLike | None = None
) -> Classification:
    """From people with the class they were assigned to (n) and how likely each is (n, K).

    Rate (s, t) is the ratio of sum w f_s [assigned = t] to sum w f_s, f the `posterior`; its
    covariance is linearised, people being independent. A class that nobody can have is taken
    to be assigned without error.
    """
    n, k = posterior.shape
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    mass = w[:, None] * posterior
    size = mass.sum(axis=0)
    possible = size > 0
    typed = np.eye(k)[assigned]
    rates = np.eye(k)
    rates[possible] = (mass.T @ typed)[possible] / size[possible, None]
    influence = np.zeros((n, k, k))
    influence[:, possible] = (
        mass[:, possible, None] * (typed[:, None, :] - rates[possible]) / size[possible, None]
    )
    flat = influence.reshape(n, k * k)
    return Classification(rates, flat.T @ flat)


def corrected_sums(sums: Floats, inverse: Floats, squared: slice | int | None = None) -> Floats:
    """Sums (R, K, M) per assigned class -> per true class.

    Sums of y and w y are linear in B; those of squared weights (the places `squared` of the
    last axis) take the squares of B.
    """
    result: Floats = inverse.T @ sums
    if squared is not None:
        result[..., squared] = ((inverse**2).T @ sums)[..., squared]
    return result


def added_variance(
    classification: Classification,
    numerators: Floats,
    bases: Floats,
    *,
    versus_rest: bool = False,
    minus: Sequence[tuple[int, int, int]] = (),
) -> Floats:
    """What the error of the rates adds to the variance (R, K) of corrected ratios.

    `numerators`, `bases` (R, K): corrected sums per true class. `versus_rest`: of the
    difference of a class with all other classes together, instead of the ratio of the class.
    `minus`: (row, first, second) of rows that are a difference of two other rows.
    """
    k = bases.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Per row, class s of the estimate and class a: by what sum_b dD[a, b] B[b, s] counts.
        moves = -_apart(numerators, bases, numerators / bases) / bases[:, :, None]
        if versus_rest:
            rest = bases.sum(axis=1, keepdims=True) - bases
            ratio = (numerators.sum(axis=1, keepdims=True) - numerators) / rest
            moves = moves - _apart(numerators, bases, ratio) / rest[:, :, None]
    gradient = np.einsum("rsa,bs->rsab", moves, classification.inverse)
    gradient = gradient.reshape(-1, k, k * k)
    for row, first, second in minus:
        gradient[row] = gradient[first] - gradient[second]
    result: Floats = ((gradient @ classification.covariance) * gradient).sum(axis=-1)
    return np.maximum(result, 0.0)


def _apart(numerators: Floats, bases: Floats, ratios: Floats) -> Floats:
    """Y_a less N_a times the ratio of s: (R, s, a)."""
    return numerators[:, None, :] - ratios[:, :, None] * bases[:, None, :]
