"""What typed people say of the areas they live in, beyond their demographics.

The people of an area give a score d = sum w (r - p), r their memberships and p what their
demographics say, with information H. Soft memberships tell less than labels: H is scaled by how
much r varies around p against what labels would (Louis 1982, Journal of the Royal Statistical
Society B 44, 226-233).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flows.profiles.errors import ProfileError
from flows.profiles.projection.membership import checked_memberships

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What typed people say of the areas of one level.

    `score` (Z, K), `information` (Z, K, K), `parent` (Z,): place among the areas one level
    coarser, `n` (Z,): typed people.
    """

    score: Floats
    information: Floats
    parent: Ints
    n: Ints


def evidence(
    memberships: ArrayLike,
    expected: ArrayLike,
    area: ArrayLike,
    parents: Sequence[Ints],
    weights: ArrayLike | None = None,
) -> Evidence:
    """Scores and information of the finest areas from n typed people.

    `memberships`, `expected` (n, K): probabilities by typing and by demographics alone; `area`
    (n,): place of the finest area; `parents`: see `residual.fit_residuals`. Weights are scaled
    so that their sum is the effective number of people (Kish).
    """
    of = np.asarray(area, dtype=np.int64)
    r, p = checked_memberships(memberships, len(of)), np.asarray(expected, dtype=np.float64)
    w = np.ones(len(of)) if weights is None else np.asarray(weights, dtype=np.float64)
    w = w * w.sum() / (w**2).sum()
    size = len(parents[-1])
    if len(of) == 0 or of.min() < 0 or of.max() >= size:
        raise ProfileError(f"a typed person lives in none of the {size} areas; leave them out.")
    missed = w[:, None] * (r - p)
    k = r.shape[1]
    score = np.zeros((size, r.shape[1]))
    np.add.at(score, of, missed)
    at_labels = np.empty((size, k, k))
    for i in range(k):
        for j in range(i, k):
            both = -p[:, i] * p[:, j] + (p[:, i] if i == j else 0.0)
            at_labels[:, i, j] = at_labels[:, j, i] = np.bincount(of, w * both, size)
    varies = (missed.T @ (r - p)) / w.sum()
    scale = _root(varies) @ _root(at_labels.sum(axis=0) / w.sum(), inverse=True)
    information = scale @ at_labels @ scale.T
    information = (information + information.transpose(0, 2, 1)) / 2
    return Evidence(
        score, information, parents[-1], np.bincount(of, minlength=size).astype(np.int64)
    )


def _root(matrix: Floats, inverse: bool = False) -> Floats:
    """Symmetric root of a covariance of shares; the direction that shifts all is left out."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > values.max() * 1e-8
    power = np.zeros_like(values)
    power[kept] = values[kept] ** (-0.5 if inverse else 0.5)
    return np.asarray((vectors * power) @ vectors.T)
