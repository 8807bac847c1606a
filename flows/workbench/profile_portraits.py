"""Portraits of the profiles, on the stored answers of a wave. Nothing is stored; no Prefect."""

from __future__ import annotations

from pathlib import Path

from flows.crosstabs.margins import calibrated_on
from flows.crosstabs.portraits import portrait_tables, portraits
from flows.crosstabs.sizes import profile_sizes
from flows.crosstabs.theme_tables import care_of
from flows.definitions import Survey, load_survey
from flows.definitions.models import Language, Text
from flows.definitions.questions import QuestionType
from flows.dossiers.facts import ProfileFacts, profiles_of
from flows.dossiers.portrait_pages import (
    PortraitFacts,
    portrait_page,
    portraits_frame,
    portraits_json,
)
from flows.dossiers.tidy_csv import write_tables_csv
from flows.edges import (
    Done,
    existing_store,
    find_wave,
    kept_answers,
    profiles_of_people,
    reports_folder,
    weights_of,
    write_json,
    write_whole,
)
from flows.profiles.model import ProfileModel
from flows.profiles.summary import STEADY_MEDIAN
from flows.store import ModelRecord

NAME = "portraits"


def write_portraits(folder: Path, wave: str) -> Done:
    """Write portraits.html (and .en.html), .csv and .json in outputs/<survey>/reports/<wave>.

    The wave must have answers, weights and profiles in the store. Raises `Refusal` naming what
    is missing, or when the weights are not those of the present weighting.yaml.
    """
    survey = load_survey(folder)
    defined = find_wave(survey, wave)
    with existing_store() as store:
        answers = kept_answers(store, survey, defined)
        weights = weights_of(store, survey, defined, answers)
        profile = profiles_of_people(store, survey, defined, answers)
        weighting = store.current_weighting(survey.code, wave)
        typing = store.current_typing(survey.code, wave)
        assert weighting is not None
        assert typing is not None
        model = store.model_by_id(typing.model_id)
    margins, base = calibrated_on(survey, wave, answers, weighting.summary)
    publication, plan = survey.dossier.publication, survey.profiles
    tables = portrait_tables(
        answers,
        survey.questionnaire,
        plan,
        profile,
        weights,
        margins,
        wave=wave,
        publication=publication,
        base_weights=base,
        leave_out=_places(survey),
    )
    sizes = profile_sizes(
        profile, plan.codes, weights, margins, publication=publication, base_weights=base
    )
    _, found = portraits(tables, plan, publication, sizes, care_of(survey))
    facts = portrait_facts(survey, wave, model, len(answers))
    reports = reports_folder(survey.code, wave)
    pages = {language: _page_name(language) for language in survey.dossier.languages}
    for language, name in pages.items():
        other = next((page for each, page in pages.items() if each != language), None)
        write_whole(reports / name, portrait_page(found, facts, language, other=other))
    write_tables_csv(portraits_frame(found, facts), reports / f"{NAME}.csv")
    write_json(reports / f"{NAME}.json", portraits_json(found, facts))
    traits = [sum(len(group.traits) for group in each.differs) for each in found]
    lines = [
        f"Portraits of {len(found)} profiles, from {len(tables)} tables of {len(answers):,} "
        f"respondents: {min(traits)} to {max(traits)} tested traits each"
    ]
    if not facts.steady:
        lines.append("LOOK: these profiles are not steady; every portrait page says so.")
    without = sum(profile.description is None for profile in facts.profiles)
    if without:
        lines.append(f"LOOK: {without} of {len(facts.profiles)} profiles have no description")
    lines.append(f"Page: {reports / next(iter(pages.values()))}")
    if model.state == "draft":
        source = survey.info.model_survey or survey.code
        lines.append(
            f"Next: themadossier profiles accept surveys/{source} {model.version} --by NAME"
        )
    else:
        lines.append(f"Next: themadossier dossiers {folder} --wave {wave}")
    return Done(lines=tuple(lines))


def portrait_facts(
    survey: Survey, wave: str, model: ModelRecord, respondents: int
) -> PortraitFacts:
    """What the page says besides figures, from the definition and the record of the model."""
    defined, plan = survey.wave(wave), survey.dossier
    median = (model.summary.get("stability") or {}).get("median_ari")
    steady = model.summary.get("steady")
    return PortraitFacts(
        survey=survey.code,
        title=survey.info.title,
        wave=wave,
        period=defined.period,
        frame=defined.frame,
        selection=defined.selection,
        coverage=plan.coverage,
        publisher=plan.publisher,
        contact=plan.contact,
        usage=plan.usage,
        profiles=named_by(survey, ProfileModel.from_dict(dict(model.parameters["model"]))),
        publication=plan.publication,
        model=model.version,
        respondents=respondents,
        concept=model.state == "draft",
        steady=(median is None or median >= STEADY_MEDIAN) if steady is None else bool(steady),
        simulated=survey.info.simulated,
        research_exercise=survey.info.research_exercise,
        shorts=tuple(
            (question.code, question.short)
            for question in survey.questionnaire.questions
            if question.short is not None and question.type is not QuestionType.GRID
        ),
    )


def named_by(survey: Survey, model: ProfileModel) -> tuple[ProfileFacts, ...]:
    """The profiles by the names the model found for them.

    One that was not matched to its prototype keeps neither the name nor the description.
    """
    names: dict[str, Text] = dict(zip(model.codes, model.names, strict=True))
    found = []
    for profile in profiles_of(survey):
        name = names.get(profile.code, profile.label)
        kept = name == profile.label
        found.append(profile if kept else ProfileFacts(code=profile.code, label=name, alias=name))
    return tuple(found)


def _page_name(language: Language) -> str:
    return f"{NAME}.html" if language == "nl" else f"{NAME}.{language}.html"


def _places(survey: Survey) -> frozenset[str]:
    """Questions that say where people live: an address is no trait."""
    return frozenset(survey.info.places.values())
