"""Checks of dossier.yaml and of the sample's design: do they name what exists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from flows.definitions.check_groups import listed, no_levels, variables_of
from flows.definitions.dossier_plan import PROFILE, BannerPlan
from flows.definitions.errors import Finding, Place
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.survey import Survey

ALL = "all"
"""The one stratum of a sample without strata, in `Design.population`."""


def dossier_refers(survey: Survey) -> Iterator[Finding]:
    """Faults in the roles, columns and extra tables of the themes."""
    questionnaire = survey.questionnaire
    names = {column.name for column in questionnaire.columns()}
    names |= {question.code for question in questionnaire.questions}
    yield from _reserved(questionnaire)
    for i, theme in enumerate(survey.dossier.themes):
        place: Place = ("themes", i)
        roles = {
            "questions": theme.questions,
            **{
                role: (getattr(theme, role),)
                for role in ("stance", "willingness", "motives", "barriers", "channels")
                if getattr(theme, role)
            },
        }
        for role, codes in roles.items():
            for code in codes:
                if code not in names:
                    yield (
                        "dossier",
                        (*place, role),
                        f"{theme.code}: {role} names the unknown question {code}.",
                        "Correct it.",
                    )
        yield from _banner(theme.banner, questionnaire, (*place, "banner"), theme.code)
        counted = Counter(table.code for table in theme.tables)
        for j, table in enumerate(theme.tables):
            at: Place = (*place, "tables", j)
            name = f"{theme.code}, table {table.code}"
            if counted[table.code] > 1:
                yield "dossier", at, f"{name}: two tables have this code.", "Rename one."
            for code in table.questions:
                if not questionnaire.has(code):
                    yield "dossier", at, f"{name}: there is no question {code}.", "Correct it."
            yield from _banner(table.banner, questionnaire, (*at, "banner"), name)
            yield from _filter(table.filter, questionnaire, (*at, "filter"), name)


def _reserved(questionnaire: Questionnaire) -> Iterator[Finding]:
    for kind, codes in (
        ("questions", [question.code for question in questionnaire.questions]),
        ("derived", [derived.code for derived in questionnaire.derived]),
    ):
        if PROFILE in codes:
            yield (
                "questionnaire",
                (kind, codes.index(PROFILE)),
                f"the code {PROFILE} is kept for the profiles.",
                "Give it another code.",
            )


def _banner(
    banner: BannerPlan, questionnaire: Questionnaire, place: Place, name: str
) -> Iterator[Finding]:
    if not banner:
        yield "dossier", place, f"{name}: the banner has no columns.", "Leave it out, or name one."
    for axis, count in Counter(banner).items():
        if count > 1:
            yield "dossier", place, f"{name}: the banner has {'*'.join(axis)} twice.", "Remove one."
    for axis in banner:
        if not axis:
            yield "dossier", place, f"{name}: an axis of the banner is empty.", "Name a variable."
        for code, count in Counter(axis).items():
            if count > 1:
                yield "dossier", place, f"{name}: {code} is nested in itself.", "Remove one."
            if code != PROFILE and (why := _unfit(code, questionnaire)):
                yield "dossier", place, f"{name}: {why[0]}", why[1]


def _unfit(code: str, questionnaire: Questionnaire) -> tuple[str, str] | None:
    """Why a variable has no levels to make columns or a filter of, and the remedy."""
    if code not in variables_of(questionnaire):
        return (
            f"{code} is no question or derived variable.",
            f"Correct it; the profiles are called {PROFILE}.",
        )
    why = no_levels(code, questionnaire)
    return (f"{why}", "Derive a variable from it.") if why is not None else None


def _filter(
    conditions: dict[str, tuple[str, ...]], questionnaire: Questionnaire, place: Place, name: str
) -> Iterator[Finding]:
    for code, wanted in conditions.items():
        at = (*place, code)
        if code == PROFILE:
            yield (
                "dossier",
                at,
                f"{name}: a filter on the profiles would leave their columns empty.",
                "Read their columns instead.",
            )
            continue
        if why := _unfit(code, questionnaire):
            yield "dossier", at, f"{name}: {why[0]}", why[1]
            continue
        levels = [level.code for level in questionnaire.levels(code)]
        if not wanted:
            yield "dossier", at, f"{name}: the filter on {code} names no codes.", "Name some."
        for level in wanted:
            if level not in levels:
                yield (
                    "dossier",
                    at,
                    f"{name}: the filter names {level}, a code that {code} does not have.",
                    f"Its codes are {listed(levels)}.",
                )


def designs_refer(survey: Survey) -> Iterator[Finding]:
    """Faults in the design of a wave's sample."""
    questionnaire = survey.questionnaire
    known = variables_of(questionnaire)
    for i, wave in enumerate(survey.info.waves):
        design = wave.design
        place: Place = ("waves", i, "design")
        for part in ("strata", "clusters"):
            code = getattr(design, part)
            if code is not None and code not in known:
                yield (
                    "survey",
                    (*place, part),
                    f"{wave.code}: {part} names no question or derived variable: {code}.",
                    "Correct it.",
                )
        strata = [ALL]
        if design.strata is not None:
            if design.strata not in known:
                continue
            if why := no_levels(design.strata, questionnaire):
                yield (
                    "survey",
                    (*place, "strata"),
                    f"{wave.code}: {why}",
                    "Derive a variable from it.",
                )
                continue
            strata = [level.code for level in questionnaire.levels(design.strata)]
        if not design.population:
            continue
        at = (*place, "population")
        strange = sorted(set(design.population) - set(strata))
        lacking = [code for code in strata if code not in design.population]
        if strange or lacking:
            what = f"unknown: {listed(strange)}" if strange else f"missing: {listed(lacking)}"
            yield (
                "survey",
                at,
                f"{wave.code}: the population is not given per stratum ({what}).",
                f"The strata are {listed(strata)}.",
            )
        if any(number <= 0 for number in design.population.values()):
            yield "survey", at, f"{wave.code}: a population is a number of people.", "Correct it."
