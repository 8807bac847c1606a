"""P(profile | demographics): a multinomial logit on soft memberships, and its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flows.profiles.errors import ProfileError
from flows.profiles.logit import RIDGE, Cells, fit_logit, log_prior

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PEOPLE_A_BLOCK = 20_000


@dataclass(frozen=True, eq=False)
class Membership:
    """Profile probabilities per cell of demographics, with their error.

    `sizes`: levels per demographic variable; cells are their combinations, the last variable
    running fastest. `design` (C, D): a column of ones, then levels. `logit` (D, K).
    `spread` (D * K, D * K): the covariance of `logit` flattened row by row: of the sample, and
    of the fitted profile model where that was added (`with_fit_error`).
    """

    sizes: tuple[int, ...]
    design: Floats
    logit: Floats
    spread: Floats

    @property
    def probabilities(self) -> Floats:
        """(C, K), adding up to one per cell."""
        return np.asarray(np.exp(log_prior(self.logit, self.design)))

    def draws(self, number: int, rng: np.random.Generator) -> Floats:
        """Probabilities (number, C, K) under coefficients drawn from their distribution."""
        values, vectors = np.linalg.eigh(self.spread)
        root = vectors * np.sqrt(np.clip(values, 0.0, None))
        steps = rng.standard_normal((number, len(values))) @ root.T
        logits = self.logit + steps.reshape(number, *self.logit.shape)
        return np.stack([np.exp(log_prior(logit, self.design)) for logit in logits])

    def with_fit_error(self, replicates: ArrayLike) -> Membership:
        """The same with the error of the fitted profile model added to `spread`.

        `replicates` (R, C, K): weighted memberships of the same people per cell under R fits of
        the model on samples (`flows.profiles.replicates`), each adding up to one. The covariance
        is that of the logits that follow from them; what replicates have in common is not in it.
        Raises `ProfileError` for fewer than two, or other cells.
        """
        totals = np.asarray(replicates, dtype=np.float64)
        shape = (len(self.design), self.logit.shape[1])
        if totals.ndim != 3 or totals.shape[1:] != shape or len(totals) < 2:
            raise ProfileError(
                f"replicates of the profile model have shape {totals.shape}; give two or more of "
                f"{shape}: a row per combination of demographics, a column per profile."
            )
        cells = Cells(self.design, np.arange(len(self.design)))
        logits = np.stack([fit_logit(cells, each, self.logit, steps=2000) for each in totals])
        away = (logits - logits.mean(axis=0)).reshape(len(totals), -1)
        return replace(self, spread=self.spread + away.T @ away / (len(totals) - 1))


def cell_design(sizes: Sequence[int], crossed: bool = False) -> Floats:
    """Design (C, D) of all combinations of levels: ones, all levels but the first of each.

    `crossed`: also the products of every two variables.
    """
    codes = np.unravel_index(np.arange(prod(sizes)), tuple(sizes))
    mains = [np.eye(size)[code][:, 1:] for size, code in zip(sizes, codes, strict=True)]
    parts = [np.ones((prod(sizes), 1)), *mains]
    if crossed:
        parts += [
            (a[:, :, None] * b[:, None, :]).reshape(len(a), -1) for a, b in combinations(mains, 2)
        ]
    return np.hstack(parts)


def fit_membership(
    sizes: Sequence[int],
    cell: ArrayLike,
    memberships: ArrayLike,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    crossed: bool = False,
) -> Membership:
    """Fit P(profile | demographics) to n weighted respondents with soft memberships.

    `cell` (n,): place among the combinations of `sizes`; `memberships` (n, K): probabilities
    per person, never labels; `weights` (n,); `clusters` (n,): people of one cluster (area) may
    resemble each other. The covariance is the sandwich of Binder (1983, International
    Statistical Review 51, 279-292) over people or clusters. `crossed`: with the products of
    every two variables. Raises `ProfileError` for memberships that are no probabilities and
    cells outside the table.
    """
    of = np.asarray(cell, dtype=np.int64)
    r = checked_memberships(memberships, len(of))
    if len(of) == 0 or of.min() < 0 or of.max() >= prod(sizes):
        raise ProfileError(
            f"a respondent's demographic cell lies outside the {prod(sizes)} combinations of "
            "levels; leave out respondents without known demographics."
        )
    w = np.ones(len(of)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != of.shape or not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
        raise ProfileError("weights must be one number per respondent, none negative.")
    w = w / w.sum()
    design = cell_design(sizes, crossed)
    logit = fit_logit(Cells(design, of), w[:, None] * r, steps=2000)
    group = np.arange(len(of)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    spread = _sandwich(design, logit, of, r, w, group.reshape(-1).astype(np.int64))
    return Membership(tuple(sizes), design, logit, spread)


def checked_memberships(memberships: ArrayLike, n: int) -> Floats:
    """Memberships (n, K) as an array; refused unless they are probabilities of every person."""
    r = np.asarray(memberships, dtype=np.float64)
    if r.ndim != 2 or len(r) != n or r.shape[1] < 2:
        raise ProfileError(
            f"memberships have shape {r.shape}; give {n} rows with one column per profile."
        )
    wrong = ~np.isfinite(r).all(axis=1) | (r < 0).any(axis=1) | (abs(r.sum(axis=1) - 1) > 1e-3)
    if wrong.any():
        raise ProfileError(
            f"the memberships of respondent {int(np.flatnonzero(wrong)[0]) + 1} do not add up to "
            "one; leave out people who could not be typed."
        )
    return r


def _sandwich(design: Floats, logit: Floats, of: Ints, r: Floats, w: Floats, group: Ints) -> Floats:
    """Covariance of the flattened logit: inverse information, variance of scores, again."""
    p = np.exp(log_prior(logit, design))
    d, k = logit.shape
    weight = np.bincount(of, w, len(design))
    variance = weight[:, None, None] * (p[:, :, None] * (np.eye(k) - p[:, None, :]))
    information = np.einsum("cd,ce,ckl->dkel", design, design, variance, optimize=True)
    ridge = np.repeat(np.full(d, RIDGE), k)
    ridge[:k] = 1e-9
    information = information.reshape(d * k, d * k) + np.diag(ridge)
    groups = int(group.max()) + 1
    scores = np.zeros((groups, d * k))
    if groups == len(of):
        inner = np.zeros((d * k, d * k))
        for start in range(0, len(of), PEOPLE_A_BLOCK):
            own = _scores(design, p, of, r, w, slice(start, start + PEOPLE_A_BLOCK))
            inner += own.T @ own
    else:
        for start in range(0, len(of), PEOPLE_A_BLOCK):
            rows = slice(start, start + PEOPLE_A_BLOCK)
            np.add.at(scores, group[rows], _scores(design, p, of, r, w, rows))
        inner = scores.T @ scores * groups / max(groups - 1, 1)
    outer = np.linalg.pinv(information, rcond=1e-7, hermitian=True)
    return np.asarray(outer @ inner @ outer)


def _scores(design: Floats, p: Floats, of: Ints, r: Floats, w: Floats, rows: slice) -> Floats:
    cells = of[rows]
    missed = w[rows, None] * (r[rows] - p[cells])
    return np.asarray((design[cells][:, :, None] * missed[:, None, :]).reshape(len(cells), -1))
