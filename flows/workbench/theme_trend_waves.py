"""The two waves of a trend as the store has them, and the columns they are compared in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.banner import Banner, profile_banner
from flows.crosstabs.margins import calibrated_on, design_of
from flows.crosstabs.trend.groups import groups_by
from flows.crosstabs.trend.texts import say, text_of
from flows.definitions import Survey
from flows.definitions.models import Language, Text
from flows.definitions.waves import Wave
from flows.edges import kept_answers, profiles_of_people, weights_of
from flows.errors import Refusal
from flows.profiles.model import ProfileModel
from flows.statistics.design import SampleDesign
from flows.store import Store, TypingRecord, WeightingRecord
from flows.weighting.calibrated import calibrated_margins
from flows.weighting.scheme import weigh, weighting_frame

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """One wave as the store has it; `typing` and `profiles` are None where it is not typed."""

    wave: Wave
    answers: pd.DataFrame
    weights: Floats
    margins: pd.DataFrame
    base_weights: Floats | None
    design: SampleDesign | None
    weighting: WeightingRecord
    typing: TypingRecord | None
    profiles: NDArray[np.object_] | None

    @property
    def people(self) -> list[str]:
        return self.answers["respondent"].astype(str).tolist()

    @property
    def version(self) -> str | None:
        return None if self.typing is None else str(self.typing.summary.get("model", ""))


def shared_themes(survey: Survey, waves: Sequence[Wave], theme: str | None) -> list[str]:
    """The themes to compare: the one named, or all that both waves fill, in time order."""
    first, second = waves
    if first.code == second.code:
        raise Refusal(f"{survey.code}: {first.code} was named twice; name two waves to compare.")
    if first.field.start > second.field.start:
        raise Refusal(
            f"{survey.code}: {first.code} was asked after {second.code}. Name the earlier wave "
            f"first: --from {second.code} --to {first.code}."
        )
    shared = [code for code in first.themes if code in second.themes]
    if theme is not None and theme not in shared:
        have = f"these themes: {', '.join(shared)}" if shared else "no theme"
        raise Refusal(
            f"{survey.code}: {theme} is not a theme of both {first.code} and {second.code}. They "
            f"have {have} in common."
        )
    if not shared:
        raise Refusal(
            f"{survey.code}: {first.code} and {second.code} have no theme in common to compare."
        )
    return [theme] if theme else shared


def measured(store: Store, survey: Survey, wave: Wave) -> Measured:
    """A wave from the store; refuses one without answers or weights."""
    answers = kept_answers(store, survey, wave)
    weights = weights_of(store, survey, wave, answers)
    weighting = store.current_weighting(survey.code, wave.code)
    assert weighting is not None
    margins, base = calibrated_on(survey, wave.code, answers, weighting.summary)
    typing = store.current_typing(survey.code, wave.code)
    profiles = None if typing is None else profiles_of_people(store, survey, wave, answers)
    design = design_of(wave, survey.questionnaire, answers)
    return Measured(wave, answers, weights, margins, base, design, weighting, typing, profiles)


def own_model(
    store: Store, survey: Survey, sides: Sequence[Measured]
) -> tuple[ProfileModel, bool] | None:
    """The survey's own model that typed both waves, and whether it is a draft."""
    ids = {side.typing.model_id if side.typing else None for side in sides}
    if len(ids) > 1 or survey.info.profiles != "own_answers":
        return None
    found = next((each for each in store.models(survey.code) if each.id in ids), None)
    if found is None or "model" not in found.parameters:
        return None
    return ProfileModel.from_dict(dict(found.parameters["model"])), found.state != "accepted"


def only_both(survey: Survey, sides: Sequence[Measured]) -> list[Measured]:
    """The people of both waves in one order, weighted anew: the same weight in both."""
    first, second = ({name: i for i, name in enumerate(side.people)} for side in sides)
    shared = [name for name in first if name in second]
    minimum = max(side.wave.quality.minimum_respondents for side in sides)
    if len(shared) < minimum:
        raise Refusal(
            f"{survey.code}: {len(shared)} people are in both {sides[0].wave.code} and "
            f"{sides[1].wave.code}, at least {minimum} are needed to follow the same people."
        )
    places = [np.array([index[name] for name in shared]) for index in (first, second)]
    answers = [
        side.answers.iloc[place].reset_index(drop=True)
        for side, place in zip(sides, places, strict=True)
    ]
    plan = survey.weighting
    frame = weighting_frame(answers[0], survey.questionnaire, plan)
    made = weigh(frame, plan)
    margins = calibrated_margins(
        frame,
        plan,
        joined={each.group: each.into for each in made.joined},
        collapsed=[vars(each) for each in made.collapsed],
    )
    base = None if plan.base_weight is None else frame[plan.base_weight].to_numpy(float)
    weights = np.asarray(made.weights, dtype=np.float64)
    return [
        Measured(
            side.wave,
            own,
            weights,
            margins,
            base,
            design_of(side.wave, survey.questionnaire, own),
            side.weighting,
            side.typing,
            None if side.profiles is None else side.profiles[place],
        )
        for side, own, place in zip(sides, answers, places, strict=True)
    ]


Banners = tuple[Banner, Banner]


def columns_of_waves(
    survey: Survey,
    sides: Sequence[Measured],
    profiles_from: Sequence[str],
    model: tuple[ProfileModel, bool] | None,
    looks: list[Text],
) -> tuple[dict[str, Text], Banners, Banners | None, Text]:
    """Names of the columns, the columns in both waves, these by the other wave, what they are."""
    n = [len(side.answers) for side in sides]
    if profiles_from:
        groups = groups_by(
            survey.questionnaire,
            survey.profiles,
            profiles_from,
            sides[0].answers,
            sides[0].weights,
            sides[1].answers,
        )
        names = dict(zip(groups.codes, groups.names, strict=True))
        banner = profile_banner(groups.labels, groups.codes, n[0])
        turned = None
        if groups.turned is not None:
            other = profile_banner(groups.turned, groups.codes, n[0])
            turned = (other, other)
        about = text_of(
            "about.groups",
            n=len(groups.codes),
            questions=", ".join(profiles_from),
            before=sides[0].wave.code,
        )
        return names, (banner, banner), turned, about
    typed = [(side.typing.model_id if side.typing else None) for side in sides]
    if None in typed or typed[0] != typed[1]:
        looks.append(text_of("look.none", versions=_versions(sides)))
        return {}, (Banner(()), Banner(())), None, text_of("about.none")
    codes = survey.profiles.codes
    first, second = (
        profile_banner(side.profiles, codes, count)
        for side, count in zip(sides, n, strict=True)
        if side.profiles is not None
    )
    names = {
        each.code: model[0].name(each.code) if model and each.code in model[0].codes else each.label
        for each in survey.profiles.profiles
    }
    about = text_of("about.profiles", version=sides[0].version)
    return names, (first, second), None, about


def _versions(sides: Sequence[Measured]) -> Text:
    """By which version each wave was typed."""

    def told(language: Language) -> str:
        none = say(language, "none")
        return ", ".join(f"{side.wave.code}: {side.version or none}" for side in sides)

    return Text(nl=told("nl"), en=told("en"))
