"""Who took part beside who lives there: profiles of an area's own respondents and its residents.

Shares among respondents are estimated from all their answers at once, with the measurement of the
model (`flows.profiles.composition_file`), so that nobody is labelled and large profiles are not
overstated. Their error, by a bootstrap over people, has the chance in who took part and what the
answers do not tell of profiles. The residents' shares come from the postcode base with errors of
their own. The difference is tested with both, assuming them independent: (r - a)^2 / (v_r + v_a)
against chi-squared with one degree of freedom; p-values are adjusted by Benjamini-Hochberg over
the profiles. An error in the measurement itself is in both, and not in the test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from flows.crosstabs.area_analysis.analysis import SLACK, Figure, Mix, published
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.rounding import whole_percent
from flows.crosstabs.tidy import COLUMNS
from flows.definitions.own_areas import AreaRules
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import score_matrix
from flows.profiles.assign import enough_answers
from flows.profiles.composition_file import (
    IN_REPLICATES,
    MOST_AT_ONCE,
    SHIFT_SD,
    estimated_shares,
    usable_people,
)
from flows.profiles.typing import TypingModel
from flows.statistics.multiplicity import benjamini_hochberg

Floats = NDArray[np.float64]
Side = Literal["", "more", "less"]

REPLICATES, LEAST_REPLICATES, PEOPLE_IN_ALL = 300, 100, 300_000


@dataclass(frozen=True, eq=False)
class RespondentMix:
    """Profiles of n respondents, unrounded (K,): shares, 95% bounds and standard errors.

    `left_out`: who answered too little to count.
    """

    codes: tuple[str, ...]
    shares: Floats
    low: Floats
    high: Floats
    errors: Floats
    n: int
    left_out: int


@dataclass(frozen=True)
class Participation:
    """One profile among respondents and residents, published figures.

    `share`, `low`, `high`: among the respondents, in whole per cents (0-1). `weighted`: after
    weighting by demographics, None without. `residents`: of the area. `points`: respondents less
    residents. `ratio` of the unrounded shares, None where there is no verdict. `p_adjusted` of
    no difference.
    """

    profile: str
    share: float
    low: float
    high: float
    weighted: float | None
    residents: Figure
    points: int
    ratio: float | None
    p_adjusted: float
    verdict: Side


def respondent_mix(
    typing: TypingModel,
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    rules: AreaRules,
    weights: ArrayLike | None = None,
    seed: int = 1,
) -> RespondentMix:
    """Shares of the profiles among the respondents of an answer frame.

    `weights` (n,): of the respondents; default each counts once. The same answers and seed give
    the same result. Raises `CrosstabError` when fewer than `rules.fewest_respondents` answered
    enough golden questions.
    """
    used = enough_answers(score_matrix(frame, questionnaire, typing.columns))
    n = int(used.sum())
    if n < rules.fewest_respondents:
        raise CrosstabError(
            f"{n} respondents of this area answered enough questions to tell a profile; at least "
            f"{rules.fewest_respondents} are needed, so that the figures say nothing about one of "
            "them."
        )
    people = usable_people(typing, frame, questionnaire)
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)[used]
    k = len(typing.codes)
    shares, shift = estimated_shares(people, (w / w.sum())[None])
    rng = np.random.default_rng([seed, 9])
    replicates = int(np.clip(PEOPLE_IN_ALL // n, LEAST_REPLICATES, REPLICATES))
    drawn_weights = rng.multinomial(n, np.full(n, 1 / n), replicates) * w
    drawn_weights = drawn_weights / drawn_weights.sum(axis=1, keepdims=True)
    centres = rng.normal(scale=SHIFT_SD, size=(replicates, k))
    drawn = np.empty((replicates, k))
    at_once = max(MOST_AT_ONCE // (n * k), 1)
    for first in range(0, replicates, at_once):
        some = slice(first, first + at_once)
        drawn[some] = estimated_shares(
            people, drawn_weights[some], shift, centres[some], IN_REPLICATES
        )[0]
    low, high = np.quantile(drawn, [rules.alpha / 2, 1 - rules.alpha / 2], axis=0)
    return RespondentMix(
        typing.codes,
        shares[0],
        np.minimum(low, shares[0]),
        np.maximum(high, shares[0]),
        drawn.std(axis=0, ddof=1),
        n,
        people.left_out,
    )


def participation(
    mix: RespondentMix, area: Mix, rules: AreaRules, weighted: RespondentMix | None = None
) -> tuple[Participation, ...]:
    """The profiles of the respondents beside those of the area, in the order of the model."""
    difference = mix.shares - area.estimate
    error = np.sqrt(mix.errors**2 + area.errors(rules.confidence) ** 2)
    p = 2 * norm.sf(np.abs(difference) / np.maximum(error, SLACK))
    adjusted = benjamini_hochberg(p)
    figures = published(area)
    found = []
    for k, profile in enumerate(mix.codes):
        share = whole_percent(float(mix.shares[k]))
        points = round((share - figures[k].share) * 100)
        verdict: Side = ""
        if adjusted[k] < rules.alpha and abs(points) >= max(rules.respondents_points, 1):
            verdict = "more" if points > 0 else "less"
        ratio = None
        if verdict and area.estimate[k] > 0:
            ratio = math.floor(float(mix.shares[k] / area.estimate[k]) * 10 + 0.5) / 10
        found.append(
            Participation(
                profile,
                share,
                math.floor(float(mix.low[k]) * 100 + SLACK) / 100,
                math.ceil(float(mix.high[k]) * 100 - SLACK) / 100,
                None if weighted is None else whole_percent(float(weighted.shares[k])),
                figures[k],
                points,
                ratio,
                float(adjusted[k]),
                verdict,
            )
        )
    return tuple(found)


def ranked(lines: Sequence[Participation]) -> list[Participation]:
    """Profiles that took part more or less than they live there, the largest difference first."""
    return sorted((line for line in lines if line.verdict), key=lambda one: -abs(one.points))


def participation_tidy(
    lines: Sequence[Participation], n: int, survey: str, wave: str, area: str,
    fixed: Mapping[str, Any],
) -> pd.DataFrame:  # fmt: skip
    """One line per published figure, columns as every tidy table has, then those of `fixed`.

    `column`: respondents (measured), weighted (measured, after weighting by demographics) or
    residents (estimated); `points`: respondents less residents, with the verdict.
    """
    rows = []
    for line in lines:
        own = line.residents
        told: list[tuple[Any, ...]] = [
            ("share", "respondents", "measured", line.share, line.low, line.high, n)
        ]
        if line.weighted is not None:
            told.append(("share", "weighted", "measured", line.weighted, None, None, n))
        told.append(("share", "residents", "estimated", own.share, own.low, own.high, None))
        told.append(("points", "residents", "estimated", line.points, None, None, None))
        for one in told:
            verdict = line.verdict if one[0] == "points" else ""
            head = (survey, wave, "", "", area, "participation", "", "", line.profile)
            rows.append((*head, *one, None, verdict, ""))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.assign(**fixed)
