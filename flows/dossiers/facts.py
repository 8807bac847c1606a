"""What a dossier tells about its making: the statement of method, the edition, the profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from flows.definitions.dossier_plan import PROFILE, Publication, ThemePlan
from flows.definitions.models import Text
from flows.definitions.questions import QuestionType
from flows.definitions.survey import Survey
from flows.profiles.summary import STEADY_MEDIAN

EditionState = Literal["draft", "approved", "published", "withdrawn"]


@dataclass(frozen=True)
class LeftOut:
    """How many people were left out for one reason (`speeder`, `no_answers`, ...)."""

    reason: str
    n: int


@dataclass(frozen=True)
class FieldFacts:
    """The fieldwork: who was asked, how, when, and who remained.

    `invited`: number of people invited; None when not recorded. `read`: people in the files.
    `kept`: people in the tables.
    """

    period: Text
    start: date
    end: date
    mode: Text
    population: Text
    frame: Text
    selection: Text
    invited: int | None
    read: int
    kept: int
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class WeightingVariable:
    """One weighting margin and where its targets come from."""

    label: Text
    source: Text
    reference_date: date
    approximate: bool = False


@dataclass(frozen=True)
class WeightFacts:
    """The weighting. `lowest`/`highest` weight with mean 1; `efficiency` a share (0-1).

    `effective_n` is in people; `design_effect` is the Kish factor. `missing`: what is done
    with people of whom a weighting variable is not known.
    """

    method: str
    variables: tuple[WeightingVariable, ...]
    lowest: float
    highest: float
    efficiency: float
    effective_n: float
    design_effect: float
    trimmed_at: float | None = None
    missing: Literal["error", "own_level", "proportional"] = "error"


@dataclass(frozen=True)
class ModelFacts:
    """The profile model. `stability_*`: adjusted Rand index over bootstrap replicates.

    `assigned_from`: `own_answers` (the people who made the profiles) or `register` (typed by
    a few questions). `questions`: number of questions a person is placed with.
    """

    version: str
    state: Literal["draft", "accepted"]
    assigned_from: Literal["own_answers", "register"]
    questions: int
    stability_median: float | None = None
    stability_p10: float | None = None

    @property
    def steady(self) -> bool:
        """Whether other draws of people would give about the same profiles."""
        return self.stability_median is None or self.stability_median >= STEADY_MEDIAN


@dataclass(frozen=True)
class ProfileFacts:
    """A profile as named in the dossier; `public` when the name is no working name."""

    code: str
    label: Text
    alias: Text
    public: bool = False
    description: Text | None = None


@dataclass(frozen=True)
class EditionFacts:
    """The edition. `day` is an input, never the clock."""

    number: int
    day: date
    state: EditionState = "draft"
    changes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class DossierFacts:
    """Everything a dossier says besides the numbers of its tables.

    `axes`: the names of the variables that columns other than profiles are made of, by code;
    `levels`: the names of their levels, by (variable, level).
    """

    survey: str
    survey_title: Text
    wave: str
    theme: str
    theme_title: Text
    field: FieldFacts
    weights: WeightFacts
    model: ModelFacts
    profiles: tuple[ProfileFacts, ...]
    publication: Publication
    publisher: Text
    contact: Text
    usage: Text
    next_edition: Text
    coverage: Text
    edition: EditionFacts
    simulated: bool = False
    research_exercise: bool = False
    short_titles: tuple[tuple[str, Text], ...] = ()
    axes: tuple[tuple[str, Text], ...] = ()
    levels: tuple[tuple[tuple[str, str], Text], ...] = ()

    @property
    def concept(self) -> bool:
        """Whether the dossier or the model under it still waits for approval."""
        return self.edition.state == "draft" or self.model.state == "draft"

    def profile(self, code: str) -> ProfileFacts:
        return next(profile for profile in self.profiles if profile.code == code)

    def short_title(self, number: str) -> Text | None:
        """The short title of a table, where its question has one."""
        return next((text for code, text in self.short_titles if code == number), None)

    def axis(self, code: str) -> Text:
        """The name of an axis of columns: its variables, nested ones joined."""
        names = dict(self.axes)
        known = [names[name] for name in code.split("*")]
        return Text(nl=" × ".join(t["nl"] for t in known), en=" × ".join(t["en"] for t in known))

    def level(self, variable: str, code: str) -> Text:
        """The name of a level of a variable that columns are made of."""
        return next(text for key, text in self.levels if key == (variable, code))

    def without_edition(self) -> DossierFacts:
        """The same facts, but for the edition: what the content hash is taken of."""
        return replace(
            self, edition=EditionFacts(number=0, day=date(2000, 1, 1), state=self.edition.state)
        )


def facts_of(
    survey: Survey,
    wave: str,
    theme: str,
    *,
    read: int,
    kept: int,
    left_out: Mapping[str, int],
    weights: WeightFacts,
    model: ModelFacts,
    edition: EditionFacts,
    profiles: Sequence[ProfileFacts] | None = None,
) -> DossierFacts:
    """The facts of one dossier from the survey definition and what the run counted.

    `profiles` overrides the names of the definition, for components that still have none.
    """
    fieldwork = survey.wave(wave)
    plan = survey.dossier
    questionnaire = survey.questionnaire
    variables = _variables(plan.theme(theme))
    return DossierFacts(
        survey=survey.code,
        survey_title=survey.info.title,
        wave=wave,
        theme=theme,
        theme_title=plan.theme(theme).title,
        field=FieldFacts(
            period=fieldwork.period,
            start=fieldwork.field.start,
            end=fieldwork.field.end,
            mode=fieldwork.mode,
            population=fieldwork.population,
            frame=fieldwork.frame,
            selection=fieldwork.selection,
            invited=fieldwork.invited,
            read=read,
            kept=kept,
            left_out=tuple(LeftOut(reason, n) for reason, n in left_out.items() if n),
        ),
        weights=replace(weights, missing=survey.weighting.missing),
        model=model,
        profiles=tuple(profiles) if profiles is not None else profiles_of(survey),
        publication=plan.publication,
        publisher=plan.publisher,
        contact=plan.contact,
        usage=plan.usage,
        next_edition=plan.next_edition,
        coverage=plan.coverage,
        edition=edition,
        simulated=survey.info.simulated,
        research_exercise=survey.info.research_exercise,
        short_titles=tuple(
            (question.code, question.short)
            for question in survey.theme_questions(theme, wave)
            if question.short is not None and question.type is not QuestionType.GRID
        ),
        axes=(
            (PROFILE, Text(nl="Profiel", en="Profile")),
            *((name, questionnaire.label(name)) for name in variables),
        ),
        levels=tuple(
            ((name, level.code), level.label)
            for name in variables
            for level in questionnaire.levels(name)
        ),
    )


def _variables(plan: ThemePlan) -> tuple[str, ...]:
    """The variables, other than the profile, that columns of the theme's tables are made of."""
    banners = (plan.banner, *(table.banner for table in plan.tables))
    names = [name for banner in banners for axis in banner for name in axis]
    return tuple(dict.fromkeys(name for name in names if name != PROFILE))


def profiles_of(survey: Survey) -> tuple[ProfileFacts, ...]:
    """The profiles as the definition names them."""
    return tuple(
        ProfileFacts(
            code=profile.code,
            label=profile.label,
            alias=profile.alias,
            public=profile.public,
            description=profile.description,
        )
        for profile in survey.profiles.profiles
    )


def weighting_variables(survey: Survey) -> tuple[WeightingVariable, ...]:
    """The weighting margins as the definition names them, with sources and dates.

    Groups that are weighted apart are a variable too: every group gets its share of the people.
    """
    plan = survey.weighting
    margins = [(margin.variable, margin) for margin in plan.margins]
    if plan.groups is not None and plan.margins:
        margins.insert(0, (plan.groups.variable, plan.margins[0]))
    return tuple(
        WeightingVariable(
            label=survey.questionnaire.label(variable),
            source=margin.source,
            reference_date=margin.reference_date,
            approximate=margin.approximate,
        )
        for variable, margin in margins
    )
