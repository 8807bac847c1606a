"""How each question measures people: loadings, levels and shares, with seeded defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from flows.definitions.columns import columns_of
from flows.definitions.options import Missing
from flows.definitions.questions import Dimension, Question, QuestionType
from flows.definitions.survey import Survey
from flows.simulation.chance import FloatArray, stream
from flows.simulation.choices import Choice, calibrated
from flows.simulation.parameters import (
    AXES,
    Loadings,
    OptionSimulation,
    QuestionSimulation,
    SimulationParameters,
)
from flows.simulation.people import People, Society
from flows.simulation.traits import low_to_high

# What an answer hangs on where simulation.yaml does not say, by dimension.
USUAL: dict[Dimension, Loadings] = {
    Dimension.TRUST: {"trust": 0.9, "engagement": 0.1},
    Dimension.ENGAGEMENT: {"engagement": 0.9, "trust": 0.1, "age": 0.1},
    Dimension.PARTICIPATION: {"engagement": 0.5, "trust": 0.2, "education": 0.2},
    Dimension.BEHAVIOUR: {"engagement": 0.3, "affluence": 0.3},
    Dimension.ATTITUDE: {"trust": 0.3, "engagement": 0.2, "education": 0.2},
    Dimension.MOTIVE: {"engagement": 0.2, "trust": 0.2},
    Dimension.BARRIER: {"engagement": -0.2, "trust": -0.2},
    Dimension.CHANNEL: {"engagement": 0.2, "age": -0.1},
}
JITTER = 0.15  # sd around those, per item or option
OTHER_FLAVOUR = 0.6  # of the flavour, in questions that do not define the profiles
OPTION_FLAVOUR = 0.5  # part of the flavour that goes into each option's log-odds
LONG_SCALE, LONG_SCALE_STYLE = 7, 0.6  # style counts less on a scale of marks


@dataclass(frozen=True)
class Rating:
    """An ordered answer: the latent answer, cut by `cuts` (ascending) into `codes`, low to high.

    `area`: (G + 1,) the municipalities' effects on it; zero for none.
    """

    codes: tuple[str, ...]
    level: float
    loadings: FloatArray
    hidden: FloatArray
    spread: float
    style: float
    cuts: FloatArray
    area: FloatArray


@dataclass(frozen=True)
class Amount:
    """A number: `mean + sd x (signal + noise)`, whole, within `low` and `high`."""

    mean: float
    sd: float
    low: float
    high: float
    loadings: FloatArray
    hidden: FloatArray
    area: FloatArray


Measure = Rating | Choice | Amount
Known = tuple[Survey, dict[str, Measure]]


def entry_of(
    parameters: SimulationParameters, question: Question, item: str | None = None
) -> QuestionSimulation:
    """What simulation.yaml says of a question; of a grid item its own entry goes first."""
    own = parameters.questions.get(f"{question.code}_{item}") if item is not None else None
    return own or parameters.questions.get(question.code) or QuestionSimulation()


def is_rating(question: Question, entry: QuestionSimulation) -> bool:
    """Whether the answers lie on one line from low to high, rather than being options."""
    if question.type in (QuestionType.GRID, QuestionType.SCALE):
        return True
    if question.type is not QuestionType.SINGLE:
        return False
    substantive = {option.code for option in question.substantive}
    if substantive & set(entry.options):
        return False
    given = entry.level is not None or entry.loadings is not None
    return given or question.mean or question.direction != "none"


def build_measures(
    survey: Survey,
    parameters: SimulationParameters,
    society: Society,
    crowd: People,
    known: Known | None = None,
) -> dict[str, Measure]:
    """The measure of every column or question that is answered by measures.

    Ratings are keyed by answer column, choices and amounts by question. `crowd`: a random
    part of the first wave's population, on which shares are calibrated. `known`: the model
    survey and its measures; a question asked there too, in the same words, keeps them.
    """
    measures: dict[str, Measure] = {}
    items = set(survey.profiles.items)
    for question in survey.questionnaire.questions:
        strength = parameters.flavour * (1.0 if question.code in items else OTHER_FLAVOUR)
        words = question.type is QuestionType.OPEN and not question.is_marked
        if words or question.type is QuestionType.EXPERIMENT:
            continue
        for column in columns_of(question):
            key = column.name if not question.is_marked else question.code
            if key in measures:
                continue
            if known is not None and _asked_there_too(question, known[0]):
                measures[key] = known[1][key]
                continue
            item = column.item.code if column.item is not None else None
            entry = entry_of(parameters, question, item)
            rng = stream(society.seed, survey.code, "measure", key)
            if is_rating(question, entry):
                reverse = column.item is not None and column.item.reverse
                measures[key] = _rating(question, entry, reverse, society, strength, rng)
            elif question.type is QuestionType.NUMBER:
                measures[key] = _amount(question, entry, society, strength, rng)
            else:
                choice = _choice(question, entry, society, strength, rng)
                measures[key] = calibrated(choice, crowd, rng)
    return _hidden_apart(measures) if known is None else measures


def _asked_there_too(question: Question, other: Survey) -> bool:
    if not other.questionnaire.has(question.code):
        return False
    same = other.questionnaire.question(question.code)
    return (question.text, question.type, question.options, question.items) == (
        same.text,
        same.type,
        same.options,
        same.items,
    )


def _loadings(
    question: Question, given: Loadings | None, rng: np.random.Generator, sign: float = 1.0
) -> FloatArray:
    jitter = rng.normal(scale=JITTER, size=len(AXES))
    if given is not None:
        return np.array([given.get(axis, 0.0) for axis in AXES])
    usual = USUAL.get(question.dimension)
    if usual is None:
        return np.zeros(len(AXES))
    places: FloatArray = np.array([usual.get(axis, 0.0) for axis in AXES]) + jitter
    return places * sign


def _flavour(
    question: Question,
    entry: QuestionSimulation,
    society: Society,
    strength: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Loadings on the hidden axes; in proportion to the spread, so that marks stay believable."""
    axes = society.hidden.shape[1]
    if question.dimension is Dimension.DEMOGRAPHIC:
        return np.zeros(axes)
    size = (strength if entry.flavour is None else entry.flavour) * entry.spread
    flavour: FloatArray = rng.standard_normal(size=(axes,)) * size
    return flavour


def _areas(society: Society, answers: int, rng: np.random.Generator) -> FloatArray:
    """(G + 1, answers): what living in each municipality does to each answer; last row zero."""
    effects = rng.normal(scale=society.parameters.area, size=(len(society.areas), answers))
    effects[-1] = 0.0
    return effects


def _rating(
    question: Question,
    entry: QuestionSimulation,
    reverse: bool,
    society: Society,
    strength: float,
    rng: np.random.Generator,
) -> Rating:
    codes = tuple(option.code for option in low_to_high(question))
    level = rng.normal(0.2, 0.4)
    steps = len(codes) - 2
    reach = 3.4 * steps / (steps + 3.0)
    return Rating(
        codes=codes,
        level=level if entry.level is None else entry.level,
        loadings=_loadings(question, entry.loadings, rng, -1.0 if reverse else 1.0),
        hidden=_flavour(question, entry, society, strength, rng),
        spread=entry.spread,
        style=0.0
        if question.dimension is Dimension.DEMOGRAPHIC
        else (1.0 if len(codes) <= LONG_SCALE else LONG_SCALE_STYLE),
        cuts=np.linspace(-reach, reach, len(codes) - 1),
        area=_areas(society, 1, rng)[:, 0],
    )


def _amount(
    question: Question,
    entry: QuestionSimulation,
    society: Society,
    strength: float,
    rng: np.random.Generator,
) -> Amount:
    low = question.minimum if question.minimum is not None else 0.0
    high = question.maximum if question.maximum is not None else low + 10.0
    return Amount(
        mean=entry.mean if entry.mean is not None else low + 0.35 * (high - low),
        sd=entry.sd if entry.sd is not None else 0.2 * (high - low),
        low=low,
        high=high,
        loadings=_loadings(question, entry.loadings, rng),
        hidden=_flavour(question, entry, society, strength, rng) * OPTION_FLAVOUR,
        area=_areas(society, 1, rng)[:, 0],
    )


def _choice(
    question: Question,
    entry: QuestionSimulation,
    society: Society,
    strength: float,
    rng: np.random.Generator,
) -> Choice:
    """A choice whose intercepts hold the wanted shares; `calibrated` makes them true."""
    options = question.substantive
    several = question.is_marked
    shares = _default_shares(question, several, rng)
    loadings, hidden = [], []
    for i, option in enumerate(options):
        given: OptionSimulation | None = entry.options.get(option.code)
        own = _loadings(question, given.loadings if given is not None else None, rng)
        flavour = _flavour(question, entry, society, strength, rng) * OPTION_FLAVOUR
        apart = option.exclusive or option.last
        loadings.append(own * (0.0 if apart and given is None else 1.0))
        hidden.append(flavour * (0.0 if apart else 1.0))
        if given is not None:
            shares[i] = given.share
    choose = entry.choose
    if choose is None and several and question.maximum is not None:
        choose = int(question.maximum)
    if choose is None and question.coded:
        choose = len(question.coded)
    if choose is None and question.type is QuestionType.RANKING:
        choose = min(3, len(options))
    return Choice(
        codes=tuple(option.code for option in options),
        intercepts=np.clip(shares, 0.002, 0.998),
        loadings=np.array(loadings),
        hidden=np.array(hidden).reshape(len(options), -1),
        several=several,
        choose=choose,
        exclusive=np.array([option.exclusive for option in options]),
        ranked=question.type is QuestionType.RANKING,
        area=_areas(society, len(options), rng),
    )


def _default_shares(question: Question, several: bool, rng: np.random.Generator) -> FloatArray:
    count = len(question.substantive)
    shares = rng.permutation(np.linspace(0.1, 0.5, count))
    for i, option in enumerate(question.substantive):
        if option.last or option.exclusive:
            shares[i] = 0.07
    return shares if several else shares / shares.sum()


def _hidden_apart(measures: dict[str, Measure]) -> dict[str, Measure]:
    """The ratings' flavour made orthogonal to trust and engagement.

    So a profile's flavour moves single answers, but not its place on the two main axes.
    """
    ratings = {k: m for k, m in measures.items() if isinstance(m, Rating) and m.hidden.any()}
    if len(ratings) <= len(AXES):
        return measures
    loadings = np.array([rating.loadings[:2] for rating in ratings.values()])
    hidden = np.array([rating.hidden for rating in ratings.values()])
    hidden = hidden - loadings @ np.linalg.lstsq(loadings, hidden, rcond=None)[0]
    result = dict(measures)
    for (key, rating), flavour in zip(ratings.items(), hidden, strict=True):
        result[key] = replace(rating, hidden=flavour)
    return result


def missing_chance(
    question: Question, parameters: SimulationParameters, entry: QuestionSimulation
) -> dict[str, float]:
    """Per option that is no answer: how often it is chosen."""
    response = parameters.response
    usual = {
        Missing.DONT_KNOW: response.dont_know if entry.dont_know is None else entry.dont_know,
        Missing.REFUSED: response.refused if entry.refused is None else entry.refused,
    }
    return {
        option.code: entry.options[option.code].share
        if option.code in entry.options
        else usual.get(option.missing, 0.03)
        for option in question.options
        if option.missing is not None
    }
