"""What people answer: every column of a wave, base filters kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question, QuestionType
from flows.simulation.chance import BoolArray, FloatArray, IntArray, stream
from flows.simulation.choices import Choice, chosen_at, option_noise, ranks_of, utility_of
from flows.simulation.measures import Amount, Measure, Rating, entry_of, missing_chance
from flows.simulation.parameters import AXES, QuestionSimulation, SimulationParameters
from flows.simulation.people import People, Society
from flows.simulation.routing import EMPTY, Drawn, Given, arms_of, asked_of, shifts_of

CARELESS_NOISE = 0.35  # sd of a speeder's answers around the one place he ticks
OPEN_SHARE = 0.3  # who writes something in an open question
OPEN_ANSWERS = (
    "Geen opmerkingen.",
    "Meer groen in de straat.",
    "Luister naar de buurt.",
    "Duidelijke brieven graag.",
    "Het gaat goed zo.",
    "Ik weet het niet precies.",
)


@dataclass(frozen=True)
class Respondents:
    """The people of one wave. `careless` ones answer without reading (speeders)."""

    people: People
    careless: BoolArray


def draw_answers(
    questionnaire: Questionnaire,
    wave: str,
    respondents: Respondents,
    society: Society,
    parameters: SimulationParameters,
    measures: dict[str, Measure],
    scope: str,
    earlier: Given | None = None,
) -> list[Drawn]:
    """Every answer column of `wave`, in questionnaire order, of all respondents.

    `scope` names the fieldwork; every question draws from its own random stream under it.
    `earlier`: what the same people answered before, for base filters.
    """
    given: Given = dict(earlier or {})
    traits = set(parameters.demographics.questions().values())
    n = len(respondents.people)
    taste = Taste(respondents, stream(society.seed, scope, "straight lines"))
    drawn: list[Drawn] = []
    asked_now = [q for q in questionnaire.questions if q.asked_in(wave)]
    arms = arms_of(asked_now, n, society.seed, scope)
    shifts = dict(shifts_of(asked_now, parameters, arms))
    for question in asked_now:
        rng = stream(society.seed, scope, question.code)
        asked = asked_of(question.base, given, questionnaire, n)
        entry = entry_of(parameters, question)
        trait = question.code in traits
        known = trait or question.type is QuestionType.EXPERIMENT
        usual = 0.0 if known else parameters.response.skip
        skip = usual if entry.skip is None else entry.skip
        if question.type is QuestionType.EXPERIMENT:
            answers = [_coded(columns_of(question)[0], arms[question.code])]
        elif trait and question.code in respondents.people.answers:
            answers = [_trait(question, respondents.people)]
        elif question.type is QuestionType.OPEN and not question.is_marked:
            answers = [_open(question, entry, n, rng)]
        else:
            shift = shifts.get(question.code)
            answers = list(_measured(question, parameters, measures, taste, shift, rng))
            if question.has_text:
                answers.append(_open(question, entry, n, rng))
        skipped = rng.random(n) < skip
        for one in answers:
            if question.type is QuestionType.GRID:
                skipped = rng.random(n) < skip
            index = np.where(asked & ~skipped, one.index, EMPTY)
            one = Drawn(one.column, one.labels, one.sources, index)
            given[one.column.name] = one
            drawn.append(one)
    return drawn


class Taste:
    """What respondents bring to every question: places, style and where they live."""

    def __init__(self, respondents: Respondents, rng: np.random.Generator) -> None:
        people, careless = respondents.people, respondents.careless
        attentive = (~careless)[:, None]
        self.n = len(people)
        self.axes: FloatArray = np.where(attentive, people.axes, 0.0)
        self.hidden: FloatArray = np.where(attentive, people.hidden, 0.0)
        self.style = people.style
        self.careless = careless
        self.always: FloatArray = rng.normal(0.2, 0.8, size=self.n)
        self.municipality = people.municipality


def _measured(
    question: Question,
    parameters: SimulationParameters,
    measures: dict[str, Measure],
    taste: Taste,
    shift: FloatArray | None,
    rng: np.random.Generator,
) -> Iterator[Drawn]:
    for column in columns_of(question):
        measure = measures[question.code if question.is_marked else column.name]
        if isinstance(measure, Rating):
            index = _rate(measure, taste, shift, rng)
            yield _withheld(_coded(column, index, measure.codes), parameters, taste, rng)
        elif isinstance(measure, Amount):
            yield _count(measure, column, taste, rng)
        elif question.is_marked:
            yield from _mark(measure, question, parameters, taste, rng)
            return
        else:
            noise = option_noise(measure, taste.n, rng)
            utility = utility_of(measure, taste.axes, taste.hidden, noise)
            utility += measure.area[taste.municipality]
            index = utility.argmax(axis=1).astype(np.intp)
            yield _withheld(_coded(column, index, measure.codes), parameters, taste, rng)


def _rate(
    rating: Rating,
    taste: Taste,
    shift: FloatArray | None,
    rng: np.random.Generator,
) -> IntArray:
    noise = rng.standard_normal(taste.n)
    latent = rating.level + taste.axes @ rating.loadings + taste.hidden @ rating.hidden
    latent += rating.style * taste.style + rating.area[taste.municipality] + rating.spread * noise
    if shift is not None:
        latent += shift
    latent = np.where(taste.careless, taste.always + CARELESS_NOISE * noise, latent)
    return np.searchsorted(rating.cuts, latent).astype(np.intp)


def _count(amount: Amount, column: AnswerColumn, taste: Taste, rng: np.random.Generator) -> Drawn:
    signal = taste.axes @ amount.loadings + taste.hidden @ amount.hidden
    signal += amount.area[taste.municipality]
    value = amount.mean + amount.sd * (0.5 * signal + rng.standard_normal(taste.n))
    return _number(column, np.clip(np.round(value), amount.low, amount.high))


def _number(column: AnswerColumn, values: FloatArray) -> Drawn:
    distinct, index = np.unique(values, return_inverse=True)
    labels = tuple(f"{value:g}" for value in distinct)
    return Drawn(column, labels, labels, index.astype(np.intp))


def _mark(
    choice: Choice,
    question: Question,
    parameters: SimulationParameters,
    taste: Taste,
    rng: np.random.Generator,
) -> Iterator[Drawn]:
    """`1` chosen, `0` not; of a ranking the rank, and nothing for options not ranked."""
    noise = option_noise(choice, taste.n, rng)
    utility = utility_of(choice, taste.axes, taste.hidden, noise)
    utility += choice.area[taste.municipality]
    chosen = chosen_at(choice, utility)
    ranks = ranks_of(np.where(chosen, utility, -np.inf))
    withheld = _missing_draw(question, parameters, taste, rng)
    place = {code: i for i, code in enumerate(choice.codes)}
    missing = {code: i for i, code in enumerate(_missing_codes(question))}
    for column in columns_of(question):
        if column.option is None:
            continue
        code = column.option.code
        if code in place:
            mark = chosen[:, place[code]] & (withheld < 0)
        else:
            mark = withheld == missing[code]
        if choice.ranked and code in place:
            ordinals = tuple(str(i + 1) for i in range(choice.choose or len(choice.codes)))
            index = np.where(mark, ranks[:, place[code]], EMPTY)
            yield Drawn(column, ordinals, ordinals, index.astype(np.intp))
        else:
            chosen_as = column.option.source[0] if column.option.source else "1"
            yield Drawn(column, ("0", "1"), ("0", chosen_as), mark.astype(np.intp))


def _missing_codes(question: Question) -> tuple[str, ...]:
    return tuple(option.code for option in question.options if option.missing is not None)


def _missing_draw(
    question: Question,
    parameters: SimulationParameters,
    taste: Taste,
    rng: np.random.Generator,
    item: str | None = None,
) -> IntArray:
    """Which of the options that are no answer each person takes; -1 for those who answer.

    Less schooled and less engaged people say more often that they do not know.
    """
    entry = entry_of(parameters, question, item)
    lean = np.array([{"engagement": -0.35, "education": -0.3}.get(axis, 0.0) for axis in AXES])
    drawn = np.full(taste.n, EMPTY, dtype=np.intp)
    for i, chance in enumerate(missing_chance(question, parameters, entry).values()):
        # Divided by the mean of exp(lean x axes) for standard normal axes.
        factor = np.exp(taste.axes @ lean - 0.5 * float(lean @ lean))
        drawn[rng.random(taste.n) < chance * factor] = i
    return drawn


def _withheld(
    drawn: Drawn, parameters: SimulationParameters, taste: Taste, rng: np.random.Generator
) -> Drawn:
    """A coded answer after some took an option that is no answer."""
    question, item = drawn.column.question, drawn.column.item
    codes = _missing_codes(question)
    if not codes:
        return drawn
    missing = _missing_draw(
        question, parameters, taste, rng, item.code if item is not None else None
    )
    index = np.where(missing >= 0, len(drawn.labels) + missing, drawn.index)
    return _coded(drawn.column, index.astype(np.intp), drawn.labels + codes)


def _coded(column: AnswerColumn, index: IntArray, codes: tuple[str, ...] = ()) -> Drawn:
    options = {option.code: option.source_codes[0] for option in column.question.options}
    codes = codes or column.codes
    return Drawn(column, codes, tuple(options[code] for code in codes), index)


def _trait(question: Question, people: People) -> Drawn:
    column = columns_of(question)[0]
    answers = people.answers[question.code]
    if question.type is QuestionType.NUMBER:
        return _number(column, answers.astype(float))
    codes = tuple(option.code for option in question.options)
    index = np.full(len(answers), EMPTY, dtype=np.intp)
    for i, code in enumerate(codes):
        index[answers == code] = i
    return _coded(column, index, codes)


def _open(question: Question, entry: QuestionSimulation, n: int, rng: np.random.Generator) -> Drawn:
    texts = entry.answers or OPEN_ANSWERS
    index = np.where(rng.random(n) < OPEN_SHARE, rng.integers(len(texts), size=n), EMPTY)
    return Drawn(columns_of(question)[-1], texts, texts, index.astype(np.intp))
