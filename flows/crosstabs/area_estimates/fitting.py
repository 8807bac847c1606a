"""The regressions behind area estimates: one per headline of a wave, their spreads pooled.

Each is on profile, demographics and place (`statistics.multilevel`); its spread over
municipalities is pooled with those of all other headlines of all waves
(`statistics.pooled_spread`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.crosstabs.area_estimates.ground import Ground, Respondents
from flows.crosstabs.area_estimates.headlines import FEWEST_OF_EACH, Headline
from flows.statistics.multilevel import GRID, Fit, fits_of, likelihood_of, residuals_of
from flows.statistics.multilevel_outcome import Kind, Outcome, outcome_of
from flows.statistics.multilevel_sample import Sample
from flows.statistics.own_spread import own_ratio
from flows.statistics.pooled_spread import TYPICAL, PooledSpread, pooled_spread

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NEARLY_ALL = 0.9
"""A headline that so many answer is taken to be of everybody."""


@dataclass(frozen=True, eq=False)
class WaveAnswers:
    """The respondents of a wave and their headlines: what one wave brings to the pool."""

    wave: str
    people: Respondents
    headlines: tuple[Headline, ...]


@dataclass(frozen=True, eq=False)
class AreaModel:
    """One fitted headline, without the answers of anybody.

    `fits` at spreads of `weights`; `centre`, `unit`: of the scale they are on; `asked`: the fit
    of who has a base for it, None where nearly all have.
    """

    theme: str
    table: str
    question: str
    item: str
    row: str
    statistic: str
    kind: Kind
    national: float
    deviation: float
    n: int
    fits: tuple[Fit, ...]
    weights: Floats
    centre: float
    unit: float
    asked: Fit | None
    spread: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class AreaModels:
    """The fitted headlines of a wave. `own_ratio`: variance of places within municipalities over
    that of municipalities; `pooled`: what the spreads of all headlines have in common; `people`
    (H, Z): respondents with a base, per place of the surroundings."""

    wave: str
    models: tuple[AreaModel, ...]
    own_ratio: float
    pooled: Mapping[str, float | None]
    people: Floats


def fit_wave(ground: Ground, waves: Sequence[WaveAnswers], wave: str) -> AreaModels:
    """Fit the headlines of one wave; the spreads of those of all waves are pooled.

    `waves`: all that were made, that one among them.
    """
    told = [_told(ground, each) for each in waves]
    ratio, error = _own_ratio(told)
    likelihood = [likelihood_of(outcome, ratio) for one in told for outcome in one.outcomes]
    place = next(i for i, each in enumerate(waves) if each.wave == wave)
    own, answers = told[place], waves[place]
    if not own.outcomes:
        return AreaModels(wave, (), ratio, {}, np.empty((0, 0)))
    pooled = pooled_spread(np.array(likelihood), GRID)
    first = sum(len(one.outcomes) for one in told[:place])
    nodes, weights = pooled.nodes()
    models, people = [], []
    for h, (headline, outcome) in enumerate(zip(own.headlines, own.outcomes, strict=True)):
        fits = fits_of(outcome, nodes[first + h], ratio)
        asked = _asked(own, headline, ratio)
        models.append(_model(headline, outcome, fits, weights, asked, pooled, first + h))
        people.append(ground.people_in(answers.people.at, own.who & headline.base))
    return AreaModels(
        wave,
        tuple(models),
        ratio,
        {
            "headlines": float(len(likelihood)),
            "waves": float(len(waves)),
            "typical_spread": float(np.exp(pooled.mean)),
            "spreads_differ": pooled.apart,
            "own_ratio": ratio,
            "own_ratio_error": error if np.isfinite(error) else None,
        },
        np.array(people),
    )


@dataclass(frozen=True, eq=False)
class _Told:
    """One wave ready to be fitted. `who` (n,): of the people, those in the `sample`; `residual`
    and `slope` (sample, H), see `residuals_of`."""

    who: Bools
    sample: Sample
    headlines: tuple[Headline, ...]
    outcomes: tuple[Outcome, ...]
    residual: Floats
    slope: Floats


def _told(ground: Ground, answers: WaveAnswers) -> _Told:
    sample, who = ground.sample(answers.people)
    n = int(who.sum())
    usable, outcomes = [], []
    residual: list[Floats] = []
    slope: list[Floats] = []
    for headline in answers.headlines:
        base, answer = headline.base[who], headline.answer[who]
        if not _can_be_fitted(headline, answer[base]):
            continue
        outcome = outcome_of(sample.only(base), answer[base], headline.kind)
        (fit,) = fits_of(outcome, [TYPICAL])
        for kept, own in zip((residual, slope), residuals_of(outcome, fit), strict=True):
            whole = np.zeros(n)
            whole[base] = own
            kept.append(whole)
        usable.append(headline)
        outcomes.append(outcome)
    shape = (len(usable), n)
    return _Told(
        who, sample, tuple(usable), tuple(outcomes), np.array(residual).reshape(shape).T,
        np.array(slope).reshape(shape).T,
    )  # fmt: skip


def _can_be_fitted(headline: Headline, answer: Floats) -> bool:
    if len(answer) < 2 or answer.min() == answer.max():
        return False
    few = min(answer.sum(), len(answer) - answer.sum())
    return headline.kind == "mean" or bool(few >= FEWEST_OF_EACH)


def _own_ratio(told: Sequence[_Told]) -> tuple[float, float]:
    """How places within municipalities differ, from all waves: nobody is in two of them."""
    n = sum(len(one.sample.region) for one in told)
    h = sum(len(one.outcomes) for one in told)
    residual, slope = np.zeros((n, h)), np.zeros((n, h))
    row = column = 0
    for one in told:
        rows = slice(row, row + len(one.sample.region))
        columns = slice(column, column + len(one.outcomes))
        residual[rows, columns], slope[rows, columns] = one.residual, one.slope
        row, column = rows.stop, columns.stop
    region = np.concatenate([one.sample.region for one in told])
    place = np.concatenate([one.sample.place for one in told])
    return own_ratio(residual, slope, region, place)


def _asked(told: _Told, headline: Headline, ratio: float) -> Fit | None:
    """The fit of who has a base for a headline, under a spread of its own."""
    base = headline.base[told.who].astype(np.float64)
    if base.mean() >= NEARLY_ALL:
        return None
    outcome = outcome_of(told.sample, base, "share")
    spread = pooled_spread(likelihood_of(outcome, ratio), GRID).expected
    return fits_of(outcome, spread, ratio)[0]


def _model(
    headline: Headline, outcome: Outcome, fits: tuple[Fit, ...], weights: Floats,
    asked: Fit | None, pooled: PooledSpread, place: int,
) -> AreaModel:  # fmt: skip
    cumulated = np.cumsum(pooled.probability[place])
    low, high = np.interp([0.025, 0.975], cumulated, pooled.tau)
    return AreaModel(
        headline.theme, headline.table, headline.question, headline.item, headline.row,
        "share" if headline.kind == "share" else headline.row_kind, headline.kind,
        headline.national, headline.deviation, len(outcome.y), fits, weights, outcome.centre,
        outcome.unit, asked, (float(pooled.expected[place]), float(low), float(high)),
    )  # fmt: skip
