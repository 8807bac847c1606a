"""What typed people say of the areas they live in, beyond their demographics.

A person with memberships r, whose demographics say p, lives in an area whose residents' log-odds
are shifted by u. Of u the person gives

    score        d(u) = r(u) - p(u)
    information  M(u) = S (diag p(u) - p(u) p(u)') S'

with p(u) and r(u) proportional to p exp(u) and r exp(u). Soft memberships tell less than labels:
S makes M the variance of the score that typing leaves (Louis 1982, Journal of the Royal
Statistical Society B 44, 226-233), and is one for labels.

u itself is known with a covariance C only, and p averaged over it: the variance of a label around
that average is partly due to u. By the law of total variance the information that is left is
G = (M^-1 + C)^-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from flows.profiles.errors import ProfileError
from flows.profiles.projection.membership import checked_memberships

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PEOPLE_A_BLOCK = 20_000


MOST_WEIGHT = 6.0


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


@dataclass(frozen=True, eq=False)
class Typed:
    """Typed people: memberships `r` and expectations `p` (n, K), weights `w` (n,) that add up
    to their effective number, `area` (n,) among those whose coarser areas are `parent` (Z,);
    `scale` (K, K): S above."""

    r: Floats
    p: Floats
    w: Floats
    area: Ints
    parent: Ints
    scale: Floats

    def centred(self) -> Typed:
        """The same with the national difference between memberships and expectations taken out.

        Both are shifted by the u at which their weighted means agree, so that a self-selected
        sample is looked at from where it is: found by Newton's steps.
        """
        moved = self
        for _ in range(20):
            missed = moved.w @ (moved.r - moved.p) / moved.w.sum()
            if abs(missed).max() < 1e-7:
                break
            labels = np.diag(moved.w @ moved.p) - (moved.w[:, None] * moved.p).T @ moved.p
            told = moved.scale @ (labels / moved.w.sum()) @ moved.scale.T
            step = np.clip(np.linalg.lstsq(told, missed, rcond=1e-6)[0], -1.0, 1.0)
            tilt = np.exp(step - step.mean())
            r, p = moved.r * tilt, moved.p * tilt
            r /= r.sum(axis=1, keepdims=True)
            p /= p.sum(axis=1, keepdims=True)
            moved = replace(moved, r=r, p=p, scale=_scale(r, p, moved.w))
        return moved

    def at(self, mean: Floats, covariance: Floats) -> Evidence:
        """Evidence of shifts around `mean` (Z, K), known to `covariance` (Z, K, K).

        The score is carried back to a shift of zero, so that evidence around any mean is used
        alike.
        """
        z, k = mean.shape
        score, information = np.zeros((z, k)), np.zeros((z, k, k))
        for start in range(0, len(self.r), PEOPLE_A_BLOCK):
            rows = slice(start, start + PEOPLE_A_BLOCK)
            area, w = self.area[rows], self.w[rows]
            tilt = np.exp(mean[area])
            r, p = self.r[rows] * tilt, self.p[rows] * tilt
            r /= r.sum(axis=1, keepdims=True)
            p /= p.sum(axis=1, keepdims=True)
            own = w[:, None, None] * attenuated(_information(p, self.scale), covariance[area])
            told = w[:, None] * (r - p) + np.einsum("nij,nj->ni", own, mean[area])
            score += summed(told, area, z)
            information += summed(own.reshape(-1, k * k), area, z).reshape(z, k, k)
        return Evidence(score, information, self.parent, np.bincount(self.area, minlength=z))


def typed_people(
    memberships: ArrayLike,
    expected: ArrayLike,
    area: ArrayLike,
    parents: Sequence[Ints],
    weights: ArrayLike | None = None,
) -> Typed:
    """The typed people, checked: see `residual.fit_residuals`.

    Weights over `MOST_WEIGHT` times their mean are cut: alone in an area such a person would
    speak for many. They are scaled so that their sum is the effective number of people (Kish
    1965, Survey Sampling, section 11.7). Raises `ProfileError` for people outside the areas,
    memberships that are no probabilities and weights that are none.
    """
    of = np.asarray(area, dtype=np.int64)
    r, p = checked_memberships(memberships, len(of)), np.asarray(expected, dtype=np.float64)
    if p.shape != r.shape or not np.isfinite(p).all() or (p <= 0).any():
        raise ProfileError(
            f"expected probabilities have shape {p.shape}; give one above zero per typed person "
            f"and profile, {r.shape}."
        )
    w = np.ones(len(of)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != of.shape or not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
        raise ProfileError("weights must be one number per typed person, none negative.")
    size = len(parents[-1])
    if len(of) == 0 or of.min() < 0 or of.max() >= size:
        raise ProfileError(f"a typed person lives in none of the {size} areas; leave them out.")
    w = np.minimum(w, MOST_WEIGHT * w.sum() / max(np.count_nonzero(w), 1))
    w = w * w.sum() / (w**2).sum()
    return Typed(r, p, w, of, parents[-1], _scale(r, p, w))


@dataclass(frozen=True, eq=False)
class Kinds:
    """Typed people at a shift of zero; those with the same expectation and weight are a kind.

    `information` (U, K, K) of a person of the kind, without weight, and `weight` (U,);
    `squares` (U, K, K): of the weighted scores, added up; `count` (U,). `score` (Z, K) of the
    areas, `people` (Z, U): how many of each kind live there; `parent` (Z,).
    """

    information: Floats
    weight: Floats
    squares: Floats
    count: Floats
    score: Floats
    people: csr_matrix
    parent: Ints


def kinds_of_people(typed: Typed) -> Kinds:
    """The people by kind: what one person says alone is the same for all of a kind."""
    n, k = typed.r.shape
    rows = np.hstack([typed.p, typed.w[:, None]])
    kept, of = np.unique(rows, axis=0, return_inverse=True)
    of = of.reshape(-1).astype(np.int64)
    score = typed.w[:, None] * (typed.r - typed.p)
    shape = (len(typed.parent), len(kept))
    return Kinds(
        _information(kept[:, :k], typed.scale),
        kept[:, k],
        summed(score[:, :, None] * score[:, None, :], of, len(kept)),
        np.bincount(of).astype(np.float64),
        summed(score, typed.area, shape[0]),
        csr_matrix((np.ones(n), (typed.area, of)), shape=shape),
        typed.parent,
    )


def attenuated(information: Floats, covariance: Floats) -> Floats:
    """(M^-1 + C)^-1, for M that need not have an inverse: (n, K, K)."""
    eye = np.eye(information.shape[-1])
    left = np.linalg.solve(eye + information @ covariance, information)
    return np.asarray((left + left.transpose(0, 2, 1)) / 2)


def summed(values: Floats, of: Ints, size: int) -> Floats:
    """Sums of rows (n, ...) per place: (size, ...)."""
    into = csr_matrix((np.ones(len(of)), (of, np.arange(len(of)))), shape=(size, len(of)))
    return np.asarray(into @ values.reshape(len(of), -1)).reshape(size, *values.shape[1:])


def _information(p: Floats, scale: Floats) -> Floats:
    labels = -p[:, :, None] * p[:, None, :]
    each = np.arange(p.shape[1])
    labels[:, each, each] += p
    return np.asarray(scale @ labels @ scale.T)


def _scale(r: Floats, p: Floats, w: Floats) -> Floats:
    labels = np.diag(w @ p) - (w[:, None] * p).T @ p
    missed = r - p
    missed = missed - w @ missed / w.sum()
    varies = (w[:, None] * missed).T @ missed
    return np.asarray(_root(varies / w.sum()) @ _root(labels / w.sum(), inverse=True))


def _root(matrix: Floats, inverse: bool = False) -> Floats:
    """Symmetric root of a covariance of shares; the direction that shifts all is left out."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > values.max() * 1e-8
    power = np.zeros_like(values)
    power[kept] = values[kept] ** (-0.5 if inverse else 0.5)
    return np.asarray((vectors * power) @ vectors.T)
