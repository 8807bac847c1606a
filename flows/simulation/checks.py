"""Whether a simulation.yaml fits the survey beside it."""

from __future__ import annotations

from collections.abc import Iterator

from flows.definitions.questions import Question, QuestionType
from flows.definitions.survey import Survey
from flows.simulation.errors import SimulationError
from flows.simulation.margins import questions_under
from flows.simulation.measures import entry_of, is_rating
from flows.simulation.parameters import SimulationParameters


def check_request(survey: Survey, parameters: SimulationParameters) -> None:
    """Refuse parameters that name what the survey does not have; every fault at once."""
    place = f"surveys/{survey.code}/simulation.yaml"
    faults = [f"{place}: {fault}" for fault in _faults(survey, parameters)]
    if not survey.info.simulated:
        faults.insert(
            0,
            f"surveys/{survey.code}/survey.yaml: the survey is not marked simulated: true, and "
            "simulated answers are never made for a real one.",
        )
    if faults:
        raise SimulationError("\n".join(faults))


def _faults(survey: Survey, parameters: SimulationParameters) -> Iterator[str]:
    questionnaire = survey.questionnaire
    waves = {wave.code for wave in survey.info.waves}
    for key, codes in (("respondents", parameters.respondents), ("trend", parameters.trend)):
        for wave in sorted(set(codes) - waves):
            yield f"{key}: there is no wave {wave}. The waves are {', '.join(sorted(waves))}."
    for trait, code in parameters.demographics.questions().items():
        if not questionnaire.has(code):
            yield f"demographics: {trait} names the unknown question {code}. Correct the code."
    profiles = set(survey.profiles.codes)
    for wave, trend in parameters.trend.items():
        if trend.sizes and set(trend.sizes) != profiles:
            yield f"trend: the sizes of {wave} must name every profile once."
    if parameters.sizes and set(parameters.sizes) != profiles:
        yield "sizes: name every profile of profiles.yaml once."
    yield from _geography_faults(survey, parameters)
    places = parameters.demographics.municipality
    if places is not None and questionnaire.has(places) and parameters.municipalities:
        options = {option.code for option in questionnaire.question(places).options}
        for municipality in parameters.municipalities:
            if municipality.code not in options:
                yield (
                    f"municipalities: {municipality.code} is no option of {places}. "
                    "Add it to the questionnaire or correct the code."
                )
    names = {column.name: column.question for column in questionnaire.columns()}
    for code, entry in parameters.questions.items():
        question = names.get(code) or (
            questionnaire.question(code) if questionnaire.has(code) else None
        )
        if question is None:
            yield f"questions: there is no question or grid item {code}. Correct the code."
            continue
        known = {option.code for option in question.options}
        for option in sorted(set(entry.options) - known):
            yield f"questions: {code} has no option {option}. Correct the code."
        yield from _experiment_faults(survey, parameters, question)


def _geography_faults(survey: Survey, parameters: SimulationParameters) -> Iterator[str]:
    geography, questionnaire = parameters.geography, survey.questionnaire
    if geography is None:
        if parameters.demographics.postcode is not None and parameters.municipalities:
            yield "demographics: a postcode needs a geography. Add it, or leave postcode out."
        return
    if not parameters.municipalities:
        yield "geography: there are no municipalities to divide. Add them."
    variables = set(geography.published)
    known = {v for v in variables if questionnaire.has(v) or questionnaire.derived_variable(v)}
    for variable in sorted(variables - known):
        yield f"geography: published names the unknown variable {variable}. Correct the code."
    for variable in sorted(set(survey.profiles.concomitants) - variables):
        yield (
            f"geography: published lacks {variable}, which profiles.yaml places people with. "
            "Add it with at least one level."
        )
    told = set(parameters.demographics.questions().values())
    for variable in sorted(known):
        for code in questions_under(questionnaire, variable):
            if code not in told:
                yield f"geography: {variable} is made of {code}, which is no demographic role."
    tilts = [
        (kind.code, variable, set(tilt))
        for kind in geography.kinds
        for variable, tilt in kind.tilt.items()
    ] + [("sway", variable, set[str]()) for variable in geography.sway]
    for name, variable, levels in tilts:
        if variable not in variables:
            yield f"geography: {name} names {variable}, which is not under published."
        elif variable in known:
            for level in sorted(levels - {x.code for x in questionnaire.levels(variable)}):
                yield f"geography: {name} names {variable} {level}. It has no such level."
    homes = {province.region for province in geography.provinces}
    for municipality in parameters.municipalities:
        if municipality.region not in homes:
            yield (
                f"geography: no province lies in region {municipality.region} of "
                f"{municipality.code}. Add one under provinces."
            )
    codes = [m.code for m in parameters.municipalities]
    for code in (one.code for m in parameters.municipalities for one in m.before):
        if codes.count(code):
            yield f"municipalities: {code} stands under before and is still there. Rename it."


def _experiment_faults(
    survey: Survey, parameters: SimulationParameters, question: Question
) -> Iterator[str]:
    effect = entry_of(parameters, question).arms_effect
    if effect is None:
        return
    if question.type is not QuestionType.EXPERIMENT:
        yield f"questions: {question.code} has arms_effect but is no experiment. Remove it."
        return
    arms = {option.code for option in question.substantive}
    for arm in sorted(set(effect.effects) - arms):
        known = ", ".join(sorted(arms))
        yield f"questions: {question.code} has no arm {arm}. Its arms are {known}."
    if not survey.questionnaire.has(effect.question):
        yield f"questions: {question.code} moves the unknown question {effect.question}."
        return
    follow_up = survey.questionnaire.question(effect.question)
    if not is_rating(follow_up, entry_of(parameters, follow_up)):
        yield (
            f"questions: {question.code} moves {effect.question}, whose answers are in no order. "
            "Give that question a level in simulation.yaml, or name a rating question."
        )
