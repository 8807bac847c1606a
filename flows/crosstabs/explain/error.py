"""The error and the test of a cell: which rules made them, found by doing them again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq

from flows.crosstabs.tables import SHARES, TOTAL, Floats, Table, Verdict
from flows.crosstabs.verdicts import UNTESTED, VERSUS_REST, in_points, marked
from flows.definitions.dossier_plan import Publication
from flows.statistics.intervals import (
    ENOUGH_EXPECTED,
    logit_interval,
    mean_interval,
    proportion_interval,
    t_quantile,
)

IntervalRule = Literal["logit", "korn_graubard", "t", "none", "other"]
_EQUAL = 1e-9
_MOST_CLUSTERS = 1_000


@dataclass(frozen=True)
class Estimate:
    """The number as the store has it, with its error; `interval` names the rule of the ends."""

    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    interval: IntervalRule
    why_interval: str


@dataclass(frozen=True)
class Compared:
    """The test of a column against all others together, and what became of it.

    `threshold`: the difference from which one is marked, in the unit of the number. `printed`:
    False where the mark is kept out of the edition.
    """

    difference: float | None
    standard_error: float | None
    degrees_of_freedom: float | None
    p: float | None
    p_adjusted: float | None
    correction: str
    threshold: float | None
    verdict: Verdict
    why: str
    letters: str = ""
    printed: bool = True


def estimate_of(table: Table, r: int, c: int, publication: Publication, freedom: int) -> Estimate:
    """The number in row `r` and column `c` with its error; `freedom` as in `explain_cell`."""
    value, error = float(table.estimate[r, c]), float(table.standard_error[r, c])
    low, high = float(table.low[r, c]), float(table.high[r, c])
    rule, why = _interval_rule(table, r, c, publication, freedom)
    return Estimate(value, _known(error), _known(low), _known(high), rule, why)


def _interval_rule(
    table: Table, r: int, c: int, publication: Publication, freedom: int
) -> tuple[IntervalRule, str]:
    """The rule that gives the interval in the store, found by doing it again."""
    value, error = float(table.estimate[r, c]), float(table.standard_error[r, c])
    ends = float(table.low[r, c]), float(table.high[r, c])
    alpha = publication.alpha
    if not np.isfinite(ends).all():
        return "none", "no interval can be made of it"
    if table.rows[r].kind in SHARES:
        n, n_eff = float(table.n[c]), float(table.n_eff[c])
        expected = n_eff * min(value, 1 - value)
        said = f"{expected:.1f} effective people expected on the smaller side"
        # A column in few clusters has fewer degrees of freedom than the whole design.
        df = np.append(freedom, np.arange(min(freedom, _MOST_CLUSTERS) - 1, 0, -1))
        if expected >= ENOUGH_EXPECTED:
            if _among(ends, logit_interval(value, error, df, alpha)):
                return "logit", said
        else:
            # A design with few clusters widens it by the ratio of the t quantiles.
            ratio = t_quantile(df, alpha) / t_quantile(max(n - 1, 1), alpha)
            wide = error * np.maximum(ratio, 1.0)
            if _among(ends, proportion_interval(value, wide, n, n_eff, df, alpha)):
                return "korn_graubard", f"{said}, fewer than {ENOUGH_EXPECTED:g}"
    else:
        own = _freedom_of(ends, error, freedom, alpha)
        if _same(ends, mean_interval(value, error, own, alpha)):
            return "t", f"t with {own:,.0f} degrees of freedom times the standard error"
    return "other", "by the rule of this kind of row, or of an earlier version"


def _freedom_of(ends: tuple[float, float], error: float, freedom: int, alpha: float) -> float:
    """The degrees of freedom that the width of an interval tells: of the base, or of its clusters.

    Those of the design (`freedom`) where the width is of no t that has 1 up to so many.
    """
    if not error > 0:
        return float(freedom)
    reach = (ends[1] - ends[0]) / 2 / error

    def beyond(df: float) -> float:
        return float(t_quantile(df, alpha)) - reach

    if freedom <= 1 or beyond(freedom) >= 0 or beyond(1.0) < 0:
        return float(freedom)
    return float(brentq(beyond, 1.0, freedom, xtol=1e-6, rtol=1e-12))


def _among(stored: tuple[float, float], made: tuple[Floats, Floats]) -> bool:
    """Whether an interval is one of those made."""
    return any(_same(stored, pair) for pair in zip(*made, strict=True))


def _same(stored: tuple[float, float], made: tuple[Floats, Floats]) -> bool:
    return all(
        abs(end - float(np.ravel(again)[0])) <= _EQUAL * max(1.0, abs(end))
        for end, again in zip(stored, made, strict=True)
    )


def compared_of(
    table: Table, r: int, c: int, publication: Publication, printed: str | None
) -> Compared:
    """The test in the store; `printed`: the mark of a shown cell, None of a hidden one."""
    difference = _known(float(table.difference[r, c]))
    needed = (
        publication.minimum_points / 100
        if in_points(table.rows)[r]
        else publication.minimum_sd * float(table.standard_deviation[r, -1])
    )
    verdict = Verdict.NONE
    if marked(table, publication)[r, c] and difference is not None:
        verdict = Verdict.HIGHER if difference > 0 else Verdict.LOWER
    why = _why(table, r, c, publication, verdict)
    is_printed = printed is None or printed == verdict.value
    if not is_printed:
        why += "; not printed, as it would tell of hidden columns that it is compared with"
    return Compared(
        difference=difference,
        standard_error=_known(float(table.difference_error[r, c])),
        degrees_of_freedom=_known(float(table.degrees_of_freedom[r, c])),
        p=_known(float(table.p_value[r, c])),
        p_adjusted=_known(float(table.p_adjusted[r, c])),
        correction=publication.corrected_by,
        threshold=_known(needed),
        verdict=verdict,
        why=why,
        letters=table.letters[r][c] if table.letters is not None else "",
        printed=is_printed,
    )


def _why(table: Table, r: int, c: int, publication: Publication, verdict: Verdict) -> str:
    """Why a difference is marked, or not."""
    adjusted = _known(float(table.p_adjusted[r, c]))
    if table.columns[c] == TOTAL:
        return "everybody together is compared with nobody"
    if table.identity.model_item:
        return "the question helps define the profiles, so nothing is tested"
    if table.rows[r].kind in UNTESTED:
        return "a row of this kind is not tested"
    if publication.test != VERSUS_REST:
        return f"columns are compared in pairs ({publication.test}), by letters"
    if adjusted is None:
        least = publication.minimum_base
        if table.n[c] < least:
            return f"not tested: fewer than {least} people in this column answered"
        return f"not tested: no difference, or fewer than {least} others answered"
    if adjusted >= publication.alpha:
        return f"not beyond chance: adjusted p {adjusted:.3g} is {publication.alpha:g} or more"
    beyond = f"beyond chance (adjusted p {adjusted:.3g} below {publication.alpha:g})"
    if verdict is Verdict.NONE:
        return f"{beyond}, but smaller than the difference that is marked"
    return f"{beyond} and large enough"


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
