"""The whole programme: model survey in every wave, register of members, theme fieldworks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flows.definitions.survey import Survey
from flows.definitions.waves import Wave
from flows.simulation.answers import Respondents, draw_answers
from flows.simulation.chance import (
    FloatArray,
    IntArray,
    TextArray,
    draw_without_replacement,
    stream,
)
from flows.simulation.checks import check_request
from flows.simulation.errors import SimulationError
from flows.simulation.fieldwork import Delivery, Mishaps, deliver, draw_mishaps
from flows.simulation.measures import Measure, build_measures
from flows.simulation.parameters import Response, SimulationParameters
from flows.simulation.people import People, Society, found_society, populate, trend_of
from flows.simulation.routing import Drawn, Given
from flows.simulation.world import World, describe_world, margins_frame, profiles_frame

POPULATION_PER_RESPONDENT, SMALLEST_POPULATION = 4, 8000
CROWD = 2000  # people on whom shares are calibrated
SMALLEST_FIELDWORK = 200
JOINING = 0.5  # part of the selection at work when people join the panel; the rest, per theme
INTEREST = 0.5  # sd of a member's interest in a theme, in log-odds of taking part


@dataclass(frozen=True)
class Fieldwork:
    """What one wave delivers, and the truth beside it.

    `margins`: true margins of the population beside the weighting targets. `profiles`: true
    sizes and mean places of the profiles in that population.
    """

    survey: Survey
    wave: Wave
    delivery: Delivery
    margins: pd.DataFrame
    profiles: pd.DataFrame

    @property
    def file(self) -> pd.DataFrame:
        """The source file: all cells text, empty where there is no answer."""
        return self.delivery.file

    @property
    def truth(self) -> pd.DataFrame:
        """One row per row of the file: latent profile, places, what went wrong."""
        return self.delivery.truth


@dataclass(frozen=True)
class Simulation:
    """Every fieldwork of the two surveys and the world they were held in."""

    seed: int
    fieldworks: tuple[Fieldwork, ...]
    world: World

    def fieldwork(self, survey: str, wave: str) -> Fieldwork:
        for fieldwork in self.fieldworks:
            if (fieldwork.survey.code, fieldwork.wave.code) == (survey, wave):
                return fieldwork
        raise KeyError((survey, wave))


def simulate(
    model_survey: Survey,
    theme_survey: Survey,
    model_parameters: SimulationParameters,
    theme_parameters: SimulationParameters,
    scale: float = 1.0,
) -> Simulation:
    """Simulate all waves of both surveys that simulation.yaml gives a number of respondents.

    `scale` multiplies those numbers (at least 200 each). World, profiles and golden questions
    are those of the model survey; the register and the theme fieldworks are drawn from a
    population as in its last wave. Equal arguments give equal results, to the last bit.
    Raises `SimulationError` where survey and parameters do not fit.
    """
    check_request(model_survey, model_parameters)
    check_request(theme_survey, theme_parameters)
    society = found_society(model_survey, model_parameters)
    waves = [w for w in model_survey.info.waves if w.code in model_parameters.respondents]
    first_sizes, first_shift = trend_of(
        model_survey, model_parameters, society, model_survey.info.waves[0].code
    )
    taking_part = model_parameters.response.selection
    crowd = populate(model_survey, society, first_sizes, first_shift, CROWD, "crowd", taking_part)
    measures = build_measures(model_survey, model_parameters, society, crowd)
    fieldworks: list[Fieldwork] = []
    population = crowd
    for wave in waves:
        n = _scaled(model_parameters.respondents[wave.code], scale)
        sizes, shift = trend_of(model_survey, model_parameters, society, wave.code)
        population = populate(
            model_survey, society, sizes, shift, _population(n), wave.code, taking_part
        )
        fieldworks.append(
            _model_fieldwork(
                model_survey, model_parameters, society, measures, wave, population, n, sizes
            )
        )
    last = model_survey.info.waves[-1].code
    world = describe_world(society, population, model_survey.code, last)
    own = build_measures(
        theme_survey,
        _with_world(theme_parameters, model_parameters),
        society,
        crowd,
        known=(model_survey, measures),
    )
    sizes, shift = trend_of(model_survey, model_parameters, society, last)
    fieldworks += _panel(
        model_survey,
        theme_survey,
        _with_world(theme_parameters, model_parameters),
        society,
        own,
        sizes,
        shift,
        scale,
    )
    return Simulation(model_parameters.seed, tuple(fieldworks), world)


def _with_world(theme: SimulationParameters, model: SimulationParameters) -> SimulationParameters:
    """The theme survey's parameters, with the model survey's world and flavour by default."""
    flavour = theme.flavour if "flavour" in theme.model_fields_set else model.flavour
    return theme.model_copy(
        update={
            "municipalities": theme.municipalities or model.municipalities,
            "flavour": flavour,
        }
    )


def _scaled(respondents: int, scale: float) -> int:
    return max(SMALLEST_FIELDWORK, round(respondents * scale))


def _population(n: int) -> int:
    return max(POPULATION_PER_RESPONDENT * n, SMALLEST_POPULATION)


def _model_fieldwork(
    survey: Survey,
    parameters: SimulationParameters,
    society: Society,
    measures: dict[str, Measure],
    wave: Wave,
    population: People,
    n: int,
    sizes: FloatArray,
) -> Fieldwork:
    scope = f"{survey.code}/{wave.code}"
    rng = stream(society.seed, scope, "fieldwork")
    chosen = rng.permutation(draw_without_replacement(population.log_odds, n, rng))
    mishaps = _mishaps(survey, parameters, wave, parameters.response, n, rng)
    respondents = Respondents(population.take(chosen), mishaps.careless)
    drawn = draw_answers(
        survey.questionnaire, wave.code, respondents, society, parameters, measures, scope
    )
    number = [w.code for w in survey.info.waves].index(wave.code) + 1
    ids = _ids(str(number), n, rng)
    delivery = deliver(wave, respondents, drawn, mishaps, ids, society, parameters.response, rng)
    return Fieldwork(
        survey,
        wave,
        delivery,
        margins_frame(population),
        profiles_frame(society, sizes, population),
    )


def _panel(
    model_survey: Survey,
    survey: Survey,
    parameters: SimulationParameters,
    society: Society,
    measures: dict[str, Measure],
    sizes: FloatArray,
    shift: dict[str, float],
    scale: float,
) -> list[Fieldwork]:
    """The register, and every theme fieldwork drawn from its members."""
    register = register_wave(survey)
    size = _scaled(parameters.respondents[register.code], scale)
    selection = parameters.response.selection
    population = populate(
        model_survey, society, sizes, shift, _population(size), "panel", selection
    )
    scope = f"{survey.code}/{register.code}"
    rng = stream(society.seed, scope, "fieldwork")
    joining = JOINING * population.log_odds
    chosen = rng.permutation(draw_without_replacement(joining, size, rng))
    members = population.take(chosen)
    # A member is someone who filled in the register: no break-offs, no speeders.
    calm = parameters.response.model_copy(update={"break_off": 0.0, "speeder": 0.0})
    mishaps = _mishaps(survey, parameters, register, calm, size, rng)
    respondents = Respondents(members, mishaps.careless)
    answers = draw_answers(
        survey.questionnaire, register.code, respondents, society, parameters, measures, scope
    )
    ids = _ids("m", size, rng)
    delivery = deliver(register, respondents, answers, mishaps, ids, society, calm, rng)
    margins, profiles = (
        margins_frame(population),
        profiles_frame(society, sizes, population),
    )
    fieldworks = [Fieldwork(survey, register, delivery, margins, profiles)]
    for wave in survey.info.waves:
        if wave.code == register.code or wave.code not in parameters.respondents:
            continue
        scope = f"{survey.code}/{wave.code}"
        rng = stream(society.seed, scope, "fieldwork")
        n = _scaled(parameters.respondents[wave.code], scale)
        if n > size:
            raise SimulationError(
                f"simulation.yaml: {wave.code} wants {n} respondents but the register has "
                f"{size} members. Enlarge the register or ask fewer."
            )
        log_odds = (1 - JOINING) * members.log_odds + INTEREST * rng.standard_normal(size)
        rows = rng.permutation(draw_without_replacement(log_odds, n, rng))
        taking_part = members.take(rows)
        mishaps = _mishaps(survey, parameters, wave, parameters.response, n, rng)
        respondents = Respondents(taking_part, mishaps.careless)
        drawn = draw_answers(
            survey.questionnaire,
            wave.code,
            respondents,
            society,
            parameters,
            measures,
            scope,
            earlier=_earlier(answers, rows),
        )
        known = ids[rows].copy()
        unknown = rng.permutation(n)[: int(np.ceil(n * parameters.response.stranger))]
        known[unknown] = _ids("n", len(unknown), rng)
        delivery = deliver(
            wave, respondents, drawn, mishaps, known, society, parameters.response, rng
        )
        fieldworks.append(Fieldwork(survey, wave, delivery, margins, profiles))
    return fieldworks


def register_wave(survey: Survey) -> Wave:
    """The wave from which the others take their background."""
    codes = {w.background_from for w in survey.info.waves if w.background_from is not None}
    if len(codes) != 1:
        raise SimulationError(
            f"surveys/{survey.code}/survey.yaml: a simulated panel needs one register: the wave "
            "that all theme waves name under background_from."
        )
    return survey.wave(codes.pop())


def _earlier(answers: list[Drawn], rows: IntArray) -> Given:
    return {
        one.column.name: Drawn(one.column, one.labels, one.sources, one.index[rows])
        for one in answers
    }


def _mishaps(
    survey: Survey,
    parameters: SimulationParameters,
    wave: Wave,
    response: Response,
    n: int,
    rng: np.random.Generator,
) -> Mishaps:
    columns = survey.questionnaire.columns(wave.code)
    traits = set(parameters.demographics.questions().values())
    return draw_mishaps(wave, response, n, columns, traits, rng)


def _ids(prefix: str, n: int, rng: np.random.Generator) -> TextArray:
    """External ids as an agency gives them: distinct, in no order."""
    numbers = rng.choice(9_000_000, size=n, replace=False) + 1_000_000
    return np.array([f"{prefix}{number}" for number in numbers], dtype=object)
