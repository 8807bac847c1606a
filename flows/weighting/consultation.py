"""A local consultation: its respondents weighted by demographics, and by profile as well.

Who answers a consultation differs from the area in more than demographics. The area's profile
composition, known from elsewhere, is then one more margin. It is an estimate: its error enters
the variance (`flows.statistics.estimated_margins`). Both weightings are reported side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from flows.definitions.models import Text
from flows.definitions.questionnaire import Derived, Level, Questionnaire
from flows.definitions.weighting_plan import Composition, Margin, WeightingPlan
from flows.errors import Refusal
from flows.statistics.estimated_margins import (
    EstimatedMargin,
    checked_covariance,
    shares_covariance,
)
from flows.weighting.calibrated import calibrated_margins
from flows.weighting.diagnostics import weighting_summary
from flows.weighting.profile_mix import Comparison, compare
from flows.weighting.scheme import PlanWeighting, weigh

PROFILE = "profile"
"""The name of the margin that the composition makes."""

WHERE = "weighting.yaml, composition"

ROUNDED = 0.005
"""So far may the shares of a composition miss 1, by rounding; they are then scaled to 1."""


@dataclass(frozen=True, eq=False)
class Consultation:
    """The two weightings of a consultation, and what their variances need.

    `demographics`: by the plan's margins. `composition`: by these and the profiles, by `plan`,
    from `frame`, in which the profile is a column, missing for who could not be typed (`untyped`
    respondents). `margins` (n rows): what these weights were calibrated on, merged levels as
    one. `estimated`: the profile margin with its covariance, for tables with these weights.
    """

    demographics: PlanWeighting
    composition: PlanWeighting
    plan: WeightingPlan
    frame: pd.DataFrame
    margins: pd.DataFrame
    estimated: EstimatedMargin
    untyped: int
    comparison: Comparison

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know, in words."""
        notes = []
        if self.untyped:
            n = len(self.margins)
            have = "respondent has" if self.untyped == 1 else "respondents have"
            how = (
                "keep the share they have"
                if self.plan.missing == "own_level"
                else "count for every profile in proportion to the composition"
            )
            notes.append(
                f"{self.untyped:,} of {n:,} {have} no profile ({self.untyped / n:.1%}); they {how}."
            )
        return (*notes, *self.composition.notes)


def weigh_consultation(
    frame: pd.DataFrame,
    plan: WeightingPlan,
    profiles: ArrayLike,
    composition: Composition | None = None,
) -> Consultation:
    """Weight the respondents of a consultation by demographics, and with the profiles added.

    `frame`: as in `weigh`. `profiles` (n): profile code per respondent; '' or missing for who
    could not be typed. `composition`: of the area; default the plan's. Its `collapse` serves
    profiles with fewer than `plan.minimum_per_level` respondents.

    Respondents without a profile follow the plan's rule for missing values: with `own_level`
    they keep their share; otherwise they are spread over the profiles in proportion to the
    composition. (`error` is about the demographics: a typing that failed is no fault of the
    data.) All else, such as trimming and limits, is the plan's in both weightings.

    Raises `Refusal` for a composition that cannot be right or does not fit the respondents,
    naming the profile, and what `weigh` raises.
    """
    composition = composition or plan.composition
    if composition is None:
        raise Refusal(
            "weighting.yaml has no composition; give the profile composition of the area with "
            "shares, standard_errors, source and reference_date, or weight by demographics alone."
        )
    _check_plan(plan)
    shares = _shares(composition)
    estimated = _estimated(shares, composition)
    profile = _profiles(profiles, tuple(shares), len(frame))
    _check_present(profile, shares, {level for level, _ in composition.collapse})

    demographics = weigh(frame, plan)
    margin = Margin(
        variable=PROFILE,
        targets=shares,
        source=composition.source,
        reference_date=composition.reference_date,
        collapse=composition.collapse,
    )
    full = plan.model_copy(
        update={
            "margins": (*plan.margins, margin),
            "missing": "own_level" if plan.missing == "own_level" else "proportional",
        }
    )
    all_margins = frame.assign(**{PROFILE: profile})
    weighting = weigh(all_margins, full)
    comparison = compare(
        profile.codes,
        shares,
        estimated,
        (demographics, weighting),
        _calibrated_on(frame, plan, demographics),
    )
    into = {each.level: each.into for each in weighting.collapsed if each.margin == PROFILE}
    return Consultation(
        demographics=demographics,
        composition=weighting,
        plan=full,
        frame=all_margins,
        margins=_calibrated_on(all_margins, full, weighting),
        estimated=estimated.merged(into),
        untyped=int((profile.codes < 0).sum()),
        comparison=comparison,
    )


def consultation_summary(done: Consultation, *, seconds: float | None = None) -> dict[str, Any]:
    """What `weighting_summary` tells about the weighting with the composition, and `consultation`:
    the comparison with the one by demographics alone, and how many have no profile."""
    summary = weighting_summary(
        done.composition, done.plan, done.frame, profiles=done.frame[PROFILE], seconds=seconds
    )
    told = {**asdict(done.comparison), "untyped": done.untyped}
    return {**summary, "notes": list(done.notes), "consultation": told}


def named_profiles(questionnaire: Questionnaire, names: Mapping[str, str]) -> Questionnaire:
    """The questionnaire with the profile as a variable, for a report: English names by code."""
    levels = tuple(Level(code=code, nl=name, en=name) for code, name in names.items())
    profile = Derived(
        code=PROFILE, text=Text(nl="Profiel", en="Profile"), kind="recode", of=(), levels=levels
    )
    return questionnaire.model_copy(update={"derived": (*questionnaire.derived, profile)})


def _calibrated_on(
    frame: pd.DataFrame, plan: WeightingPlan, weighting: PlanWeighting
) -> pd.DataFrame:
    merged = [vars(each) for each in weighting.collapsed]
    return calibrated_margins(frame, plan, joined={}, collapsed=merged)


def _check_plan(plan: WeightingPlan) -> None:
    """Refuse a plan that cannot have a composition next to its margins."""
    if plan.groups is not None:
        raise Refusal(
            f"{WHERE}: it is about one area, but the respondents are weighted in groups by "
            f"{plan.groups.variable!r}; remove groups, or the composition."
        )
    if plan.method == "poststratify":
        raise Refusal(
            f"{WHERE}: method poststratify takes one margin, and the composition is one more; "
            "choose raking, linear or logit."
        )
    if any(margin.variable == PROFILE for margin in plan.margins):
        raise Refusal(
            f"{WHERE}: there already is a margin {PROFILE!r}; give that variable another name, "
            "or leave out the composition."
        )


def _shares(composition: Composition) -> dict[str, float]:
    """The shares of the composition, adding up to exactly 1."""
    shares = dict(composition.shares)
    for code, share in shares.items():
        if not 0 <= share < float("inf"):
            raise Refusal(f"{WHERE}: the share of {code!r} is {share:g}; it must be 0 or more.")
    total = sum(shares.values())
    if abs(total - 1) > ROUNDED:
        raise Refusal(
            f"{WHERE}: the shares add up to {total:.4g} instead of 1; correct them (shares, not "
            "percentages)."
        )
    return {code: share / total for code, share in shares.items()}


def _estimated(shares: dict[str, float], composition: Composition) -> EstimatedMargin:
    known = composition.covariance
    for code in shares:
        if known is not None and (set(known) != set(shares) or set(known[code]) != set(shares)):
            raise Refusal(f"{WHERE}: covariance must have every profile beside every profile.")
    try:
        S = (
            shares_covariance(shares, composition.standard_errors)
            if known is None
            else checked_covariance(shares, [[known[a][b] for b in shares] for a in shares])
        )
    except Refusal as refusal:
        raise Refusal(f"{WHERE}: {refusal}") from None
    return EstimatedMargin(PROFILE, tuple(shares), S)


def _profiles(profiles: ArrayLike, codes: tuple[str, ...], n: int) -> pd.Categorical[Any]:
    """Everybody's profile (n); missing where there is none."""
    values = pd.Series(np.asarray(profiles, dtype=object))
    if len(values) != n:
        raise Refusal(
            f"There are {len(values)} profiles for {n} respondents; type this wave again."
        )
    values = values.where(values.notna() & (values != ""), None)
    strange = values[values.notna() & ~values.isin(codes)]
    if len(strange):
        raise Refusal(
            f"{WHERE}: it has no share for profile {strange.iloc[0]!r}, which "
            f"{_people(int((strange == strange.iloc[0]).sum()))}; add it."
        )
    if values.isna().all():
        raise Refusal(
            "None of the respondents has a profile, so the composition cannot be used; type this "
            "wave first."
        )
    return pd.Categorical(values, categories=list(codes))


def _check_present(
    profile: pd.Categorical[Any], shares: dict[str, float], joining: set[str]
) -> None:
    """Every profile that the area has must have respondents, or join one that has."""
    counts = np.bincount(profile.codes[profile.codes >= 0], minlength=len(shares))
    for (code, share), n in zip(shares.items(), counts.tolist(), strict=True):
        if share > 0 and n == 0 and code not in joining:
            raise Refusal(
                f"{WHERE}: no respondent has profile {code!r}, which is {share:.1%} of the area; "
                "let it join another by composition.collapse, or weight by demographics alone."
            )
        if share == 0 and n > 0 and code not in joining:
            raise Refusal(
                f"{WHERE}: the share of profile {code!r} is 0, but "
                f"{_people(n)} it; correct the share."
            )


def _people(n: int) -> str:
    return "1 respondent has" if n == 1 else f"{n:,} respondents have"
