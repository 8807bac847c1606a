"""Does an item still measure what it did? Drift of items between two waves.

People move on the factors behind the items, and profiles grow and shrink; then all items of a
factor move together, each by its loading. An item that moves otherwise has drifted: its wording,
its place in the questionnaire or its subject changed, and it would pass for a change of profiles.

Tested are the mean structures of the model's own factors (scalar invariance: Meredith 1993,
Psychometrika 58, 525-543; Sörbom 1974). The mean change of the items, in standard deviations of
the wave fitted on, should be the loadings times the mean change of the factors, style included.
That change is estimated from the other items (generalised least squares), so that neither the
sizes of profiles nor the levels of factors have to be the same, and no noisy factor score enters:
a regression on scores would call every change of a factor drift of its items, by what the scores
lack in reliability. Errors are design-based, and people in both waves are one cluster. Items
that drift spoil the yardstick for the others and leave it (purification: Lord 1980): first those
far from a robust estimate of the factors' change, then one after the other, back and forth, as
long as half of the items remain.

Items on steps count as numbers. A changed loading is not looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import score_matrix
from flows.profiles.assign import enough_answers
from flows.profiles.errors import ProfileError
from flows.profiles.factors import FEWEST_ANSWERS, FactorModel
from flows.profiles.fit import checked_weights
from flows.profiles.model import ProfileModel
from flows.statistics.intervals import mean_interval, t_test
from flows.statistics.linearisation import linearised_covariance
from flows.statistics.multiplicity import benjamini_hochberg

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALPHA = 0.05
PRACTICAL = 0.1
"""Drift smaller than this, in standard deviations of the item, is not flagged."""
FEWEST_ANCHORS = 0.5
DEPENDENT = 1e-8
LEAST_ABSOLUTE_STEPS, LEAST_RESIDUAL = 50, 1e-4


@dataclass(frozen=True)
class ItemDrift:
    """One item between two waves, all in standard deviations of the wave fitted on.

    `moved`: how far its mean moved; `drift`: how far beyond what the factors explain, with
    standard error and 95% interval; None where too few answered or too few other items tell.
    `p`, `p_adjusted`: test of no drift, Benjamini-Hochberg over the items. `drifted`: adjusted
    below 5% and of practical size.
    """

    item: str
    moved: float | None
    drift: float | None
    error: float | None
    low: float | None
    high: float | None
    p: float | None
    p_adjusted: float | None
    drifted: bool


@dataclass(frozen=True)
class Drift:
    """All items between two waves. `rounds`: purification steps. `settled`: False when so many
    items seem to drift that it cannot be told which ones do."""

    before: str
    after: str
    items: tuple[ItemDrift, ...]
    rounds: int
    settled: bool

    @property
    def drifted(self) -> tuple[str, ...]:
        """The items that drifted, the farthest first."""
        found = [row for row in self.items if row.drifted]
        found.sort(key=lambda row: -abs(row.drift or 0.0))
        return tuple(row.item for row in found)


@dataclass(frozen=True, eq=False)
class Answers:
    """One wave: its code, the answer frame, pseudonyms (n,) and weights (n,) or None."""

    wave: str
    frame: pd.DataFrame
    people: Sequence[str]
    weights: ArrayLike | None = None


def item_drift(
    model: ProfileModel, questionnaire: Questionnaire, before: Answers, after: Answers
) -> Drift:
    """Drift of the items of `model` from one wave to another.

    Raises `ProfileError` when a wave lacks an item, or weights or pseudonyms do not fit.
    """
    scores, weights, people = [], [], []
    for wave in (before, after):
        w = checked_weights(wave.weights, len(wave.frame))
        if len(wave.people) != len(wave.frame):
            raise ProfileError(
                f"{wave.wave}: {len(wave.people)} pseudonyms do not fit {len(wave.frame)} "
                "respondents; read the wave again."
            )
        items = score_matrix(wave.frame, questionnaire, model.items)
        used = enough_answers(items) & (w > 0)
        scores.append(items[used])
        weights.append(w[used])
        people.append(np.asarray(wave.people, dtype=object)[used])
    names = [column.name for column in model.items]
    drift, rounds, settled = drift_of(names, model.factors, scores, weights, people)
    return Drift(before.wave, after.wave, drift, rounds, settled)


def drift_of(
    names: Sequence[str],
    factors: FactorModel,
    items: Sequence[Floats],
    weights: Sequence[Floats],
    people: Sequence[ArrayLike],
) -> tuple[tuple[ItemDrift, ...], int, bool]:
    """Drift of p items between two waves, purification steps and whether these settled.

    Per wave: `items` (n, p) as numbers with NaN for no answer, `weights` (n,) and a label per
    person (n,), the same for the same person in both.
    """
    z = [(wave - factors.mean) / factors.scale for wave in items]
    enough = np.all([(~np.isnan(wave)).sum(axis=0) >= FEWEST_ANSWERS for wave in z], axis=0)
    moved, covariance, df = _moved(z, weights, people)
    fewest = max(int(np.ceil(FEWEST_ANCHORS * enough.sum())), factors.loadings.shape[1] + 1)
    anchors = _first_anchors(moved, covariance, factors, enough, df, fewest)
    seen: set[bytes] = set()
    rounds, settled = 0, True
    while True:
        drift, error = _beyond(moved, covariance, factors, anchors, enough)
        p = t_test(drift, error, df)
        adjusted = benjamini_hochberg(p)
        drifted = _far(drift, adjusted)
        t = np.abs(drift) / np.maximum(error, 1e-12)
        leave, back = anchors & drifted, enough & ~anchors & ~drifted
        if anchors.tobytes() in seen or not (leave.any() or back.any()):
            break
        seen.add(anchors.tobytes())
        if leave.any() and int(anchors.sum()) <= fewest:
            settled = False
            break
        change = int(np.argmax(np.where(leave, t, -1.0)))
        if not leave.any():
            change = int(np.argmin(np.where(back, t, np.inf)))
        anchors[change] = not anchors[change]
        rounds += 1
    low, high = mean_interval(drift, error, df, ALPHA)
    rows = tuple(
        ItemDrift(
            item=name,
            moved=_known(moved[j]),
            drift=_known(drift[j]),
            error=_known(error[j]),
            low=_known(low[j]),
            high=_known(high[j]),
            p=_known(p[j]),
            p_adjusted=_known(adjusted[j]),
            drifted=bool(drifted[j]),
        )
        for j, name in enumerate(names)
    )
    return rows, rounds, settled


def _far(drift: Floats, adjusted: Floats) -> Flags:
    """Which drift is beyond chance and of practical size: (p,)."""
    sure = np.nan_to_num(adjusted, nan=1.0) < ALPHA
    return np.asarray(sure & (np.abs(np.nan_to_num(drift)) >= PRACTICAL))


def _first_anchors(
    moved: Floats,
    covariance: Floats,
    factors: FactorModel,
    enough: Flags,
    df: int,
    fewest: int,
) -> Flags:
    """The items that move with most of the others: (p,).

    Several drifting items of one factor pull the mean change of that factor along and look
    sound themselves. The change that makes the sum of absolute residuals smallest does not
    follow them; items far from it, surely so, do not serve as anchors to begin with.
    """
    loadings, root = factors.loadings, np.sqrt(factors.uniqueness)
    pull = enough / root**2
    residual = moved
    for _ in range(LEAST_ABSOLUTE_STEPS):
        precise = loadings * pull[:, None]
        inverse = np.linalg.pinv(loadings.T @ precise, rcond=DEPENDENT, hermitian=True)
        residual = moved - loadings @ (inverse @ (precise.T @ moved))
        pull = enough / (root * np.maximum(np.abs(residual), LEAST_RESIDUAL))
    _, error = _beyond(moved, covariance, factors, enough, enough)
    adjusted = benjamini_hochberg(t_test(residual, error, df))
    far = enough & _far(residual, adjusted)
    size = np.where(far, np.abs(residual), 0.0)
    most = max(int(enough.sum()) - fewest, 0)
    far[np.argsort(-size)[most:]] = False
    return enough & ~far


def _moved(
    z: Sequence[Floats], weights: Sequence[Floats], people: Sequence[ArrayLike]
) -> tuple[Floats, Floats, int]:
    """Change of the item means (p,), its covariance (p, p) and degrees of freedom."""
    means, rows = [], []
    for sign, wave, own in zip((-1.0, 1.0), z, weights, strict=True):
        answered = ~np.isnan(wave)
        mass = np.maximum(own @ answered, 1e-12)
        mean = (own @ np.where(answered, wave, 0.0)) / mass
        rows.append(sign * own[:, None] * np.where(answered, wave - mean, 0.0) / mass)
        means.append(mean)
    clusters = np.concatenate([np.asarray(each, dtype=str) for each in people])
    covariance = linearised_covariance(np.vstack(rows), clusters=clusters)
    return means[1] - means[0], covariance, len(np.unique(clusters)) - 1


def _beyond(
    moved: Floats, covariance: Floats, factors: FactorModel, anchors: Flags, enough: Flags
) -> tuple[Floats, Floats]:
    """What of each item's change the anchors but itself do not explain, and its error: (p,)."""
    p, m = factors.loadings.shape
    drift, error = np.full(p, np.nan), np.full(p, np.nan)
    for j in np.flatnonzero(enough):
        others = anchors.copy()
        others[j] = False
        if int(others.sum()) < m:
            continue
        loadings = factors.loadings[others]
        precise = loadings / factors.uniqueness[others][:, None]
        inverse = np.linalg.pinv(loadings.T @ precise, rcond=DEPENDENT, hermitian=True)
        contrast = np.zeros(p)
        contrast[others] = -factors.loadings[j] @ inverse @ precise.T
        contrast[j] = 1.0
        drift[j] = contrast @ moved
        error[j] = np.sqrt(max(float(contrast @ covariance @ contrast), 0.0))
    return drift, error


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
