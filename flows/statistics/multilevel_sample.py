"""The people of a multilevel regression: who they are, where they live, how surely typed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flows.errors import Refusal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRIOR_SD = 1.5
"""Prior standard deviation, in log-odds, of what a profile or a level of demographics does."""
AREA_PRIOR_SD = 0.5
"""The same of a standardised covariate of areas; smaller, since few areas may have to tell it."""
MOST_RESIZING, MOST_SIZE = 200, 20.0


class MultilevelError(Refusal):
    """Answers that a multilevel regression cannot be fitted to."""


@dataclass(frozen=True, eq=False)
class Sample:
    """n people: `design` (n, P), its first column ones; `profile` (n, K) probabilities; `region`
    and `place` (n,), -1 unknown; `home` (Z,): the region of every place, among `regions`;
    `weight` (n,); `prior` (P,): standard deviations of the coefficients of `design`, infinite
    for a free one."""

    design: Floats
    profile: Floats
    region: Ints
    place: Ints
    home: Ints
    regions: int
    weight: Floats
    prior: Floats

    def only(self, who: NDArray[np.bool_]) -> Sample:
        """Some of the people, in the same places."""
        return replace(
            self, design=self.design[who], profile=self.profile[who], region=self.region[who],
            place=self.place[who], weight=self.weight[who],
        )  # fmt: skip


def checked_sample(
    design: ArrayLike, profile: ArrayLike, region: ArrayLike, regions: int,
    place: ArrayLike | None = None, home: ArrayLike = (),
    weight: ArrayLike | None = None, prior: ArrayLike | None = None,
) -> Sample:  # fmt: skip
    """The people, checked; arguments as in `Sample`.

    Default: no places within regions are known, weights are 1, priors `PRIOR_SD` but for the
    first column. Raises `MultilevelError` when rows do not agree, probabilities do not add up to
    one, and for places that do not exist or lie in another region.
    """
    x, r = np.asarray(design, dtype=np.float64), np.asarray(profile, dtype=np.float64)
    of, above = np.asarray(region, dtype=np.int64), np.asarray(home, dtype=np.int64)
    at = np.full(len(of), -1) if place is None else np.asarray(place, dtype=np.int64)
    w = np.ones(len(of)) if weight is None else np.asarray(weight, dtype=np.float64)
    sd = np.full(x.shape[1], PRIOR_SD) if prior is None else np.asarray(prior, dtype=np.float64)
    if prior is None:
        sd[0] = np.inf
    if x.ndim != 2 or r.ndim != 2 or not len(x) == len(r) == len(of) == len(at) == len(w):
        raise MultilevelError(
            f"a design of {x.shape}, profiles of {r.shape}, {len(of)} regions, {len(at)} places "
            f"and {len(w)} weights do not belong together; give each a row per person."
        )
    sums = r.sum(axis=1)
    if not np.isfinite(x).all() or not np.isfinite(r).all() or (abs(sums - 1) > 1e-3).any():
        raise MultilevelError(
            "the design holds a missing number, or somebody's profile probabilities do not add "
            "up to one; leave out people who could not be typed."
        )
    if len(of) == 0 or of.max() >= regions or of.min() < -1:
        raise MultilevelError(
            f"a respondent lives in none of the {regions} regions; use -1 for that."
        )
    if at.max() >= len(above) or at.min() < -1 or (above[at[at >= 0]] != of[at >= 0]).any():
        raise MultilevelError(
            "a respondent's place does not exist or lies in another region; use -1 for unknown."
        )
    if not np.isfinite(w).all() or (w < 0).any() or w.sum() <= 0:
        raise MultilevelError("weights must be one number per person, none negative.")
    return Sample(x, r, of, at, above, int(regions), w, sd)


def resized(profile: ArrayLike, expected: ArrayLike) -> Floats:
    """Typing probabilities (n, K) in line with the mix of profiles among these people.

    People who are typed as in the population, with `expected` (n, K) by their demographics, are
    not told right where some profiles answer more than others. The sizes are estimated again:
    with r proportional to profile * size and p to expected * size, the sizes at which r and p
    have the same sums maximise the likelihood of the typing answers.
    """
    r, p = np.asarray(profile, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    size = np.ones(r.shape[1])
    for _ in range(MOST_RESIZING):
        told, known = r * size, p * size
        told = (told / told.sum(axis=1, keepdims=True)).sum(axis=0)
        known = (known / known.sum(axis=1, keepdims=True)).sum(axis=0)
        new = np.clip(size * told / np.maximum(known, 1e-300), 1 / MOST_SIZE, MOST_SIZE)
        new /= np.exp(np.log(new).mean())
        if abs(new - size).max() < 1e-6:
            break
        size = new
    found = r * size
    return np.asarray(found / found.sum(axis=1, keepdims=True))
