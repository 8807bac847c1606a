"""How far a regression on the levels of margins leans on each respondent.

The leverage h = w x' (sum w x x')^-1 x depends on the levels alone but for w, so it is worked out
per combination of levels, from the same summary of the sample that raking uses.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from flows.statistics.auxiliaries import cross_products, fold, unfold
from flows.statistics.raking import Summary

Floats = NDArray[np.float64]

DEPENDENT = 1e-10
"""Directions in which the levels, scaled to one size, vary less than this depend on the others."""


def inverse(gram: Floats) -> Floats:
    """The inverse of sums of squares and products (G, K, K) over the directions there are."""
    scale = np.sqrt(np.maximum(np.diagonal(gram, axis1=1, axis2=2), 1e-300))
    unit = scale[:, :, None] * scale[:, None, :]
    found: Floats = np.linalg.pinv(gram / unit, rcond=DEPENDENT, hermitian=True) / unit
    return found


def leverages(sample: Summary, shares: Sequence[Floats | None], weights: Floats) -> Floats:
    """The leverage (n,) of every respondent in a regression on the levels, in his own group.

    `sample`: not sparse. `shares`: per margin None, or the shares (G, levels) by which its last
    code, a missing level, counts for the others. `weights`: (n,) none negative.
    """
    weighted = sample.weighted(weights)
    widths = sample.sizes
    sizes = [width - (share is not None) for width, share in zip(widths, shares, strict=True)]
    ends = np.cumsum([0, *widths])
    gram = cross_products(weighted.level_totals(), weighted.pairs())
    levels = fold(fold(gram, sizes, shares).transpose(0, 2, 1), sizes, shares)
    form = unfold(unfold(inverse(levels), sizes, shares).transpose(0, 2, 1), sizes, shares)

    def dummies(block: tuple[int, ...]) -> Floats:
        """Which levels every combination of a block has: (combinations, codes)."""
        shape = tuple(widths[m] for m in block)
        x = np.zeros((int(np.prod(shape)), int(ends[-1])))
        for m, level in zip(block, np.indices(shape).reshape(len(block), len(x)), strict=True):
            x[np.arange(len(x)), ends[m] + level] = 1.0
        return x

    a, b = dummies(sample.of_a), dummies(sample.of_b)
    from_a, from_b = a @ form, b @ form  # (G, combinations, codes)
    value = 2 * (from_a @ b.T)
    value += (from_a * a).sum(axis=2)[:, :, None]
    value += (from_b * b).sum(axis=2)[:, None, :]
    result: Floats = weights * value.ravel()[np.asarray(sample.cell)]
    return result
