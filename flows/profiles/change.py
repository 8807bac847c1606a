"""What changed between waves: profile sizes by one model, changes, intervals and tests.

Sizes come from `flows.profiles.trend.resize`, with the influence of every respondent. People in
more waves than one are one cluster: what they have in common makes a change more certain, and
the covariance between the sizes of two waves says by how much. All is design-based; the model's
measurement counts as given, so that its version is a condition of every figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.profiles.errors import ProfileError
from flows.profiles.trend import Resized
from flows.statistics.intervals import logit_interval, mean_interval, t_test
from flows.statistics.linearisation import linearised_covariance
from flows.statistics.multiplicity import benjamini_hochberg

Floats = NDArray[np.float64]

ALPHA = 0.05


@dataclass(frozen=True, eq=False)
class WaveSizes:
    """Sizes of one wave.

    `sizes`, `error`, `low`, `high` (K,): shares 0-1 with standard errors and 95% intervals.
    """

    wave: str
    n: int
    sizes: Floats
    error: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class Change:
    """Change of the sizes from wave `before` to wave `after`, all arrays (K,).

    `change` with `error` and 95% interval `low` to `high`; `p` of the test of no change,
    `p_adjusted` by Benjamini-Hochberg over the profiles. `both`: people who count in both.
    """

    before: str
    after: str
    both: int
    change: Floats
    error: Floats
    low: Floats
    high: Floats
    p: Floats
    p_adjusted: Floats

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Which profiles changed: (K,)."""
        return np.asarray(self.p_adjusted < ALPHA)


@dataclass(frozen=True, eq=False)
class Trend:
    """`waves` in time order; `changes` from each wave to the next and, of three waves or more,
    from the first to the last. `covariance` (W K, W K): of all sizes, wave by wave."""

    codes: tuple[str, ...]
    waves: tuple[WaveSizes, ...]
    changes: tuple[Change, ...]
    covariance: Floats


def trend_of(
    waves: Sequence[str], resized: Sequence[Resized], people: Sequence[Sequence[str]]
) -> Trend:
    """Sizes and changes of W waves resized by one model.

    `people`: per wave the pseudonym of every respondent, in the order of the frame resized.
    Raises `ProfileError` when pseudonyms do not fit or a person is twice in a wave.
    """
    codes = resized[0].codes
    rows: list[Floats] = []
    ids: list[str] = []
    counted: list[set[str]] = []
    for w, (wave, result, own) in enumerate(zip(waves, resized, people, strict=True)):
        if len(own) != len(result.influence) or result.codes != codes:
            raise ProfileError(
                f"{wave}: the sizes are of {len(result.influence)} respondents and another list of "
                f"{len(own)} was given; read the wave again."
            )
        used = np.flatnonzero(~np.isnan(result.probabilities[:, 0])).tolist()
        block = np.zeros((len(used), len(waves) * len(codes)))
        block[:, w * len(codes) : (w + 1) * len(codes)] = result.influence[used]
        rows.append(block)
        ids.extend(own[i] for i in used)
        counted.append({own[i] for i in used})
        if len(counted[-1]) != len(used):
            raise ProfileError(f"{wave}: a respondent counts twice; ingest the wave again.")
    covariance = linearised_covariance(np.vstack(rows), clusters=np.array(ids))
    sizes = [
        _sizes(w, wave, r, covariance)
        for w, (wave, r) in enumerate(zip(waves, resized, strict=True))
    ]
    pairs = [(w, w + 1) for w in range(len(waves) - 1)]
    if len(waves) > 2:
        pairs.append((0, len(waves) - 1))
    changes = tuple(
        _change(a, b, sizes, covariance, len(counted[a] & counted[b]), len(counted[a] | counted[b]))
        for a, b in pairs
    )
    return Trend(codes, tuple(sizes), changes, covariance)


def _sizes(w: int, wave: str, resized: Resized, covariance: Floats) -> WaveSizes:
    k = len(resized.codes)
    error = np.sqrt(np.diag(covariance)[w * k : (w + 1) * k])
    low, high = logit_interval(resized.sizes, error, resized.n - 1, ALPHA)
    return WaveSizes(wave, resized.n, resized.sizes, error, low, high)


def _change(
    a: int, b: int, sizes: list[WaveSizes], covariance: Floats, both: int, people: int
) -> Change:
    k = len(sizes[a].sizes)
    variance = np.diag(covariance)
    first, second = np.arange(a * k, (a + 1) * k), np.arange(b * k, (b + 1) * k)
    error = np.sqrt(variance[first] + variance[second] - 2 * covariance[first, second])
    change = sizes[b].sizes - sizes[a].sizes
    low, high = mean_interval(change, error, people - 1, ALPHA)
    p = t_test(change, error, people - 1)
    return Change(
        sizes[a].wave, sizes[b].wave, both, change, error, low, high, p, benjamini_hochberg(p)
    )
