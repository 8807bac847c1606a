"""How well typing does, measured on people who took no part in what types them.

The judge is the full model: its probabilities say how likely each profile is for a person who
answered all items. Nobody's true profile is known; that typing and judge look at the same
people's answers makes agreement between them look better than agreement with the truth is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.profiles.golden import expected_calibration_error

Floats = NDArray[np.float64]
Matrix = tuple[tuple[float, ...], ...]

BINS = 10
SURE = 0.6
"""From this confidence on somebody counts as typed for sure."""


class CurvePoint(NamedTuple):
    """One bin of a calibration curve: mean confidence, mean hit rate, number of people.

    NaN never stands here: a bin without people is left out.
    """

    confidence: float
    hit_rate: float
    n: int


@dataclass(frozen=True)
class PartQuality:
    """Typing by a part of the questions; measures as in `TypingQuality`."""

    accuracy: float
    hit_rate: float
    confidence: float
    calibration_error: float
    sure_share: float
    sure_accuracy: float | None
    shares_error: float


@dataclass(frozen=True)
class DemographicQuality:
    """Probabilities by demographics alone, which never make a label.

    `shares_error`: half the summed difference between the mean probabilities and the shares
    by the full model. `calibration_error`: mean distance, over ten bins of all probabilities
    of all people and profiles, between the probability and the full model's. `curve`: these
    bins, `n` counting probabilities. `confidence`: mean probability of the likeliest profile.
    """

    shares_error: float
    calibration_error: float
    confidence: float
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True)
class TypingQuality:
    """How well the golden questions do, measured on people held out (5 folds).

    `accuracy`: share given the same label as by the full model. `hit_rate`: mean probability
    that the full model gives to the profile assigned.
    `confidence`: mean probability that the typing gives it. `calibration_error`: distance
    between the last two over ten bins; `calibration_error_label`: the same against the labels.
    `shares_error`: half the summed difference between profile shares by typing and by the
    full model. All are 0-1 and weighted.

    `confusion` (K, K): share of all people typed as the row's profile and labelled as the
    column's by the full model; adds up to one. `classification` (K, K): P(typed as the column's
    profile | profile of the row), with the full model's probabilities as the truth; rows add up
    to one; it is the matrix of Bolck, Croon & Hagenaars (2004, Political Analysis 12, 3-27).
    `classification_se`: standard errors of it, linearised, people being independent.
    `curve`: the bins of `calibration_error`. `sure_share`: share with a confidence of at least
    .60, `sure_accuracy`: accuracy among them, None when there are none. `log_loss`: mean of
    minus log P over the full model's probabilities. `half`: the same people with a random half
    of the golden answers taken away. `demographics`: without any. Models stored before these
    were kept have empty ones.
    """

    accuracy: float
    hit_rate: float
    confidence: float
    calibration_error: float
    calibration_error_label: float
    shares_error: float
    n: int
    confusion: Matrix = ()
    classification: Matrix = ()
    classification_se: Matrix = ()
    curve: tuple[CurvePoint, ...] = ()
    sure_share: float | None = None
    sure_accuracy: float | None = None
    log_loss: float | None = None
    half: PartQuality | None = None
    demographics: DemographicQuality | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TypingQuality:
        """The quality back from `dataclasses.asdict`, through JSON or not.

        What an earlier version did not keep gets its default; what a later one added is
        passed over.
        """
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in data.items() if name in known}
        for name in ("confusion", "classification", "classification_se"):
            given[name] = tuple(tuple(row) for row in given.get(name, ()))
        given["curve"] = _points(given.get("curve", ()))
        half, demographics = given.get("half"), given.get("demographics")
        given["half"] = PartQuality(**half) if half else None
        given["demographics"] = (
            DemographicQuality(**{**demographics, "curve": _points(demographics["curve"])})
            if demographics
            else None
        )
        return cls(**given)


def typing_quality(
    held_out: Floats,
    half: Floats,
    prior: Floats,
    full: Floats,
    weights: Floats,
) -> TypingQuality:
    """The quality of held-out probabilities (n, K) against the full model's `full` (n, K).

    `half`: with half of the golden answers; `prior`: by demographics alone. `weights` (n,).
    """
    p, w = held_out, weights / weights.sum()
    part, right, confidence, hit = _judged(p, full, w)
    given, label, k = p.argmax(axis=1), full.argmax(axis=1), p.shape[1]
    confusion = np.bincount(given * k + label, w, k * k).astype(np.float64).reshape(k, k)
    classification, errors = classification_errors(given, full, w)
    return TypingQuality(
        accuracy=part.accuracy,
        hit_rate=part.hit_rate,
        confidence=part.confidence,
        calibration_error=part.calibration_error,
        calibration_error_label=expected_calibration_error(confidence, right, w),
        shares_error=part.shares_error,
        n=len(p),
        confusion=_matrix(confusion),
        classification=_matrix(classification),
        classification_se=_matrix(errors),
        curve=_curve(confidence, hit, w),
        sure_share=part.sure_share,
        sure_accuracy=part.sure_accuracy,
        log_loss=-float(w @ (full * np.log(np.maximum(p, 1e-300))).sum(axis=1)),
        half=_judged(half, full, w)[0],
        demographics=_by_demographics(prior, full, w),
    )


def classification_errors(
    given: NDArray[np.int64], full: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """P(typed as t | true profile s) as (K, K), rows s, and its standard errors.

    `given` (n,): the profile typed; `full` (n, K): how likely each profile is in truth. Cell
    (s, t) is the ratio of sum w f_s [given = t] to sum w f_s, and its variance that of a
    ratio, linearised. A profile that nobody can have is taken to be typed without error, with
    no standard error.
    """
    k = full.shape[1]
    typed = np.eye(k)[given]
    mass = weights[:, None] * full
    size = mass.sum(axis=0)
    rates = np.eye(k)
    errors = np.zeros((k, k))
    for s in np.flatnonzero(size > 0):
        rates[s] = mass[:, s] @ typed / size[s]
        residual = mass[:, s, None] * (typed - rates[s])
        errors[s] = np.sqrt((residual**2).sum(axis=0)) / size[s]
    return rates, errors


def half_of_answers(golden: Floats, rng: np.random.Generator) -> Floats:
    """Golden answers (n, g) without a random half of those that each person gave."""
    answered = ~np.isnan(golden)
    place = np.where(answered, rng.random(golden.shape), np.inf).argsort(axis=1).argsort(axis=1)
    gone = answered & (place < (answered.sum(axis=1) // 2)[:, None])
    return np.where(gone, np.nan, golden)


def _judged(p: Floats, full: Floats, w: Floats) -> tuple[PartQuality, Floats, Floats, Floats]:
    """The measures, and per person: right label, confidence, hit."""
    people = np.arange(len(p))
    given, label = p.argmax(axis=1), full.argmax(axis=1)
    confidence, hit = p[people, given], full[people, given]
    right = (given == label).astype(float)
    sure = w * (confidence >= SURE)
    k = p.shape[1]
    shares = np.bincount(given, w, k) - np.bincount(label, w, k)
    part = PartQuality(
        accuracy=float(w @ right),
        hit_rate=float(w @ hit),
        confidence=float(w @ confidence),
        calibration_error=expected_calibration_error(confidence, hit, w),
        sure_share=float(sure.sum()),
        sure_accuracy=float(sure @ right / sure.sum()) if sure.sum() > 0 else None,
        shares_error=float(np.abs(shares).sum() / 2),
    )
    return part, right, confidence, hit


def _by_demographics(prior: Floats, full: Floats, w: Floats) -> DemographicQuality:
    k = prior.shape[1]
    chance, truth, weights = prior.ravel(), full.ravel(), np.repeat(w / k, k)
    return DemographicQuality(
        shares_error=float(np.abs(w @ prior - w @ full).sum() / 2),
        calibration_error=expected_calibration_error(chance, truth, weights),
        confidence=float(w @ prior.max(axis=1)),
        curve=_curve(chance, truth, weights),
    )


def _curve(confidence: Floats, hit: Floats, w: Floats) -> tuple[CurvePoint, ...]:
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    mass, people = np.bincount(place, w, BINS), np.bincount(place, minlength=BINS)
    said, shown = (np.bincount(place, w * value, BINS) for value in (confidence, hit))
    return tuple(
        CurvePoint(float(said[b] / mass[b]), float(shown[b] / mass[b]), int(people[b]))
        for b in range(BINS)
        if mass[b] > 0
    )


def _points(rows: Any) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(*row) for row in rows)


def _matrix(values: Floats) -> Matrix:
    return tuple(tuple(float(value) for value in row) for row in values)
