"""Background traits of people, correlated, with the population's margins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.definitions.options import Option
from flows.definitions.questions import Question
from flows.definitions.survey import Survey
from flows.simulation.chance import BoolArray, FloatArray, IntArray, draw_rows, softmax
from flows.simulation.errors import SimulationError
from flows.simulation.margins import (
    Answers,
    PopulationMargin,
    options_under,
    population_margins,
    rake,
    systematic,
)
from flows.simulation.parameters import SimulationParameters

ADULT, OLDEST, DECLINE_FROM = 18, 96, 60
RARE = 0.003  # share of an answer that no weighting margin knows, such as a withheld gender
CANDIDATES = 1.5  # people to choose from, per person of the population


@dataclass(frozen=True)
class Traits:
    """People's background: answers per question, and places on age, education, affluence.

    `places`: (n, 3), mean 0 and sd 1. `municipality`: position in the world's list, -1 none.
    """

    answers: Answers
    places: FloatArray
    municipality: IntArray
    margins: tuple[PopulationMargin, ...]


def draw_traits(
    survey: Survey, parameters: SimulationParameters, n: int, rng: np.random.Generator
) -> Traits:
    """A population of n people whose margins are those of the survey's weighting plan.

    Candidates with plausible correlations are raked to the margins and then drawn.
    """
    size = int(n * CANDIDATES)
    answers, latent, municipality = _candidates(survey, parameters, size, rng)
    margins = population_margins(survey.questionnaire, survey.weighting, answers)
    chosen = systematic(rake(margins, size), margins, n, rng)
    chosen = chosen[rng.permutation(n)]
    places = latent[chosen]
    return Traits(
        answers={code: given[chosen] for code, given in answers.items()},
        places=(places - places.mean(axis=0)) / places.std(axis=0),
        municipality=municipality[chosen],
        margins=tuple(
            PopulationMargin(m.variable, m.levels, m.targets, m.of[chosen]) for m in margins
        ),
    )


def _candidates(
    survey: Survey, parameters: SimulationParameters, n: int, rng: np.random.Generator
) -> tuple[Answers, FloatArray, IntArray]:
    roles = parameters.demographics
    age = _ages(survey, roles.age, n, rng)
    young = (age - age.mean()) / age.std()
    education = _unit(-0.25 * young + rng.standard_normal(n))
    working_age = 1 - np.abs(age - 52) / 26
    affluence = _unit(0.45 * education + 0.35 * working_age + 0.8 * rng.standard_normal(n))
    answers: Answers = {} if roles.age is None else {roles.age: age.astype(float)}
    municipality = np.full(n, -1, dtype=np.intp)
    if roles.region is not None:
        answers[roles.region] = _shared(survey, parameters, roles.region, n, rng)
    if parameters.municipalities:
        lives = _reachable(survey, parameters, answers.get(roles.region or ""), n)
        places = np.c_[young, education, affluence]
        municipality = _municipalities(parameters, lives, places, rng)
    if roles.municipality is not None:
        known = np.array([m.code for m in parameters.municipalities] + [""], dtype=object)
        answers[roles.municipality] = known[municipality]
    if parameters.municipalities:
        mean = np.array([m.affluence for m in parameters.municipalities] + [0.0])
        affluence = _unit(affluence + 0.3 * mean[municipality])
    if roles.gender is not None:
        answers[roles.gender] = _shared(survey, parameters, roles.gender, n, rng)
    if roles.education is not None:
        answers[roles.education] = _ordered(survey, parameters, roles.education, education, rng)
    if roles.income is not None:
        income = _unit(affluence + 0.6 * rng.standard_normal(n))
        answers[roles.income] = _ordered(survey, parameters, roles.income, income, rng)
    return answers, np.c_[young, education, affluence], municipality


def _ages(survey: Survey, code: str | None, n: int, rng: np.random.Generator) -> FloatArray:
    question = survey.questionnaire.question(code) if code is not None else None
    low = int(question.minimum) if question and question.minimum is not None else ADULT
    years = np.arange(low, OLDEST)
    weights = np.where(years < DECLINE_FROM, 1.0, (OLDEST - years) / (OLDEST - DECLINE_FROM))
    return rng.choice(years, size=n, p=weights / weights.sum()).astype(float)


def _unit(values: FloatArray) -> FloatArray:
    scaled: FloatArray = (values - values.mean()) / values.std()
    return scaled


def low_to_high(question: Question) -> tuple[Option, ...]:
    """The substantive options from the low, negative end to the high, positive one."""
    options = question.substantive
    if all(option.score is not None for option in options):
        options = tuple(sorted(options, key=lambda option: option.score or 0.0))
    return options[::-1] if question.direction == "lower" else options


def _option_shares(
    survey: Survey, parameters: SimulationParameters, question: Question
) -> dict[str, float]:
    """The share of every option: as given, else equal; options no margin knows are rare."""
    given = parameters.questions.get(question.code)
    stated = {c: o.share for c, o in given.options.items()} if given is not None else {}
    counted: set[str] = set()
    weighs = False
    for margin in survey.weighting.margins:
        options = options_under(survey.questionnaire, margin.variable)
        counted |= options
        weighs |= any(option.startswith(f"{question.code}/") for option in options)
    shares: dict[str, float] = {}
    for option in question.options:
        if option.code in stated:
            shares[option.code] = stated[option.code]
        elif option.missing is not None:
            shares[option.code] = RARE if weighs else parameters.response.refused
        elif weighs and f"{question.code}/{option.code}" not in counted:
            shares[option.code] = RARE
    open_codes = [option.code for option in question.options if option.code not in shares]
    rest = max(1 - sum(shares.values()), 0.0)
    shares.update({code: rest / len(open_codes) for code in open_codes})
    total = sum(shares.values())
    return {option.code: shares[option.code] / total for option in question.options}


def _shared(
    survey: Survey,
    parameters: SimulationParameters,
    code: str,
    n: int,
    rng: np.random.Generator,
) -> NDArray[Any]:
    """Answers by the shares of the options alone."""
    question = survey.questionnaire.question(code)
    shares = _option_shares(survey, parameters, question)
    return rng.choice(np.array(list(shares), dtype=object), size=n, p=list(shares.values()))


def _ordered(
    survey: Survey,
    parameters: SimulationParameters,
    code: str,
    latent: FloatArray,
    rng: np.random.Generator,
) -> NDArray[Any]:
    """Answers that rise with `latent`, in the shares of the options; some withheld."""
    question = survey.questionnaire.question(code)
    shares = _option_shares(survey, parameters, question)
    ordered = [option.code for option in low_to_high(question)]
    cumulative = np.cumsum([shares[c] for c in ordered])
    cuts = np.quantile(latent, np.clip(cumulative[:-1] / cumulative[-1], 0, 1))
    answers = np.array(ordered, dtype=object)[np.searchsorted(cuts, latent)]
    for option in question.options:
        if option.missing is not None:
            answers[rng.random(len(latent)) < shares[option.code]] = option.code
    return answers


def _reachable(
    survey: Survey, parameters: SimulationParameters, region: NDArray[Any] | None, n: int
) -> BoolArray:
    """Which municipalities (columns) each of n people can live in: those of their region."""
    world = parameters.municipalities
    everywhere = np.ones((n, len(world)), dtype=bool)
    role = parameters.demographics.region
    if region is None or role is None:
        return everywhere
    for option in survey.questionnaire.question(role).substantive:
        inside = np.array([m.region == option.code for m in world])
        if not inside.any():
            raise SimulationError(
                f"simulation.yaml: no municipality lies in region {option.code} of {role}. "
                "Give every region of the questionnaire at least one municipality."
            )
        everywhere[region == option.code] = inside
    return everywhere


def _municipalities(
    parameters: SimulationParameters,
    reachable: BoolArray,
    places: FloatArray,
    rng: np.random.Generator,
) -> IntArray:
    """Where people live: by size of the municipality, and by its affluence and urbanity."""
    world = parameters.municipalities
    urban = np.array([3.0 - m.urbanity for m in world]) / 2
    logits = (
        np.log([float(m.residents) for m in world])
        + np.outer(places[:, 2], [0.6 * m.affluence for m in world])
        + np.outer(0.3 * places[:, 1] - 0.25 * places[:, 0], urban)
    )
    return draw_rows(softmax(np.where(reachable, logits, -np.inf)), rng)
