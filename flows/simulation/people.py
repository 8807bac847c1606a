"""People: a latent profile each, and a place on the axes around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from flows.definitions.survey import Survey
from flows.simulation.belonging import belonging
from flows.simulation.chance import FloatArray, IntArray, draw_rows, stream
from flows.simulation.errors import SimulationError
from flows.simulation.homes import NOBODY, at_home, settle, told_postcodes
from flows.simulation.margins import Answers, PopulationMargin
from flows.simulation.parameters import AXES, Loadings, SimulationParameters, Trend
from flows.simulation.territory import Territory, found_territory
from flows.simulation.traits import draw_traits

SIZE_RATIO = 2.2  # largest to smallest profile where sizes are not given
SIZE_CHANGE = 0.12  # sd of the log of a profile's growth in a later wave, where not given
LEVEL_CHANGE = {"trust": -0.12, "engagement": 0.06}
STYLE_BY_EDUCATION = -0.25  # less schooled people agree a little more


@dataclass(frozen=True)
class Society:
    """What stays the same over all waves.

    `prototypes`: (K, 5), profiles on `AXES`. `hidden`: (K, H), their places on further axes.
    `areas`: (G + 1, 2), municipality effects on trust and engagement; the last row is zero.
    `territory`: the world down to postcodes, where simulation.yaml has a geography.
    """

    seed: int
    profiles: tuple[str, ...]
    sizes: FloatArray
    prototypes: FloatArray
    hidden: FloatArray
    areas: FloatArray
    parameters: SimulationParameters
    territory: Territory | None = None


@dataclass(frozen=True)
class People:
    """A population, or some of it. One row each.

    `axes`: (n, 5) places on `AXES`. `hidden`: (n, H). `style`: tendency to agree, in sd of an
    answer. `home`: place among the PC6 of the territory, -1 without one. `expected`: (n, K)
    probability of each profile given age, education, affluence and home. `log_odds`: of taking
    part, up to a constant. `answers`: background, per question.
    """

    profile: IntArray
    axes: FloatArray
    hidden: FloatArray
    style: FloatArray
    municipality: IntArray
    home: IntArray
    expected: FloatArray
    log_odds: FloatArray
    answers: Answers
    margins: tuple[PopulationMargin, ...]

    def __len__(self) -> int:
        return len(self.profile)

    def take(self, rows: IntArray) -> People:
        """These people only, in this order."""
        return replace(
            self,
            profile=self.profile[rows],
            axes=self.axes[rows],
            hidden=self.hidden[rows],
            style=self.style[rows],
            municipality=self.municipality[rows],
            home=self.home[rows],
            expected=self.expected[rows],
            log_odds=self.log_odds[rows],
            answers={code: given[rows] for code, given in self.answers.items()},
            margins=tuple(replace(m, of=m.of[rows]) for m in self.margins),
        )


def found_society(survey: Survey, parameters: SimulationParameters) -> Society:
    """The fixed side of the simulation: the profiles' places and sizes, the areas' effects."""
    plan = survey.profiles
    places = [p.prototype.places() for p in plan.profiles if p.prototype is not None]
    if len(places) != len(plan.profiles):
        raise SimulationError(
            f"surveys/{survey.code}/profiles.yaml: every profile needs a prototype, "
            "because simulated people are placed around it."
        )
    prototypes = np.array([[place[axis] for axis in AXES] for place in places])
    seed = parameters.seed
    areas = stream(seed, "areas").normal(
        scale=parameters.area, size=(len(parameters.municipalities) + 1, 2)
    )
    areas[:-1] -= areas[:-1].mean(axis=0) if len(areas) > 1 else 0.0
    areas[-1] = 0.0
    society = Society(
        seed=seed,
        profiles=plan.codes,
        sizes=_sizes(plan.codes, parameters),
        prototypes=prototypes,
        hidden=_hidden_places(prototypes, parameters),
        areas=areas,
        parameters=parameters,
    )
    if parameters.geography is None:
        return society
    last = trend_of(survey, parameters, society, survey.info.waves[-1].code)[0]
    territory = found_territory(survey, parameters, prototypes[:, 2:], last)
    return replace(society, territory=territory)


def _sizes(profiles: tuple[str, ...], parameters: SimulationParameters) -> FloatArray:
    default = np.linspace(1.0, SIZE_RATIO, len(profiles))
    stream(parameters.seed, "sizes").shuffle(default)
    if parameters.sizes:
        default = np.array([parameters.sizes[code] for code in profiles])
    shares: FloatArray = default / default.sum()
    return shares


def _hidden_places(prototypes: FloatArray, parameters: SimulationParameters) -> FloatArray:
    """Places on the further axes: orthonormal, and so that no two profiles are close.

    Of many seeded choices the one whose nearest two profiles lie farthest apart.
    """
    count, axes = len(prototypes), min(parameters.hidden_axes, len(prototypes) - 1)
    best, farthest = np.zeros((count, axes)), -1.0
    rng = stream(parameters.seed, "hidden")
    for _ in range(300 if axes else 0):
        columns = np.c_[np.ones(count), rng.standard_normal((count, axes))]
        hidden = np.linalg.qr(columns)[0][:, 1:] * np.sqrt(count)
        places = np.c_[prototypes[:, :2], 0.6 * prototypes[:, 2:], hidden]
        nearest = min(
            float(np.sum((places[a] - places[b]) ** 2)) for a, b in combinations(range(count), 2)
        )
        if nearest > farthest:
            best, farthest = hidden, nearest
    return best


def trend_of(
    survey: Survey, parameters: SimulationParameters, society: Society, wave: str
) -> tuple[FloatArray, dict[str, float]]:
    """Profile shares in `wave`, and the shift of everyone's place on trust and engagement."""
    waves = [w.code for w in survey.info.waves]
    trend = parameters.trend.get(wave)
    if trend is None and wave == waves[0]:
        return society.sizes, {}
    if trend is None:
        change = stream(parameters.seed, "trend", wave).normal(
            scale=SIZE_CHANGE, size=len(society.profiles)
        )
        sizes = society.sizes * np.exp(change)
        return sizes / sizes.sum(), dict(LEVEL_CHANGE)
    sizes = society.sizes.copy()
    if trend.sizes:
        sizes = np.array([trend.sizes[code] for code in society.profiles])
    return sizes / sizes.sum(), dict(_shift(trend))


def _shift(trend: Trend) -> dict[str, float]:
    return {str(axis): value for axis, value in trend.axes.items()}


def populate(
    survey: Survey,
    society: Society,
    sizes: FloatArray,
    shift: dict[str, float],
    n: int,
    name: str,
    selection: Loadings,
) -> People:
    """A population of n people with profile shares `sizes`; `name` tells populations apart.

    `selection`: log-odds of taking part per sd of an axis.
    """
    parameters = society.parameters
    rng = stream(society.seed, "people", name)
    traits = draw_traits(survey, parameters, n, rng)
    law = belonging(traits.places, society.prototypes[:, 2:], parameters.overlap, sizes)
    expected = law.of(traits.places)
    profile = draw_rows(expected, rng)
    answers, home = traits.answers, np.full(n, NOBODY, dtype=np.intp)
    territory, postcode = society.territory, parameters.demographics.postcode
    if territory is not None:
        homes = settle(survey, territory, traits, name)
        home = homes.pc6
        expected, profile = at_home(
            territory, homes, traits.municipality, law, expected, profile, name
        )
        if postcode is not None:
            answers = {**answers, postcode: told_postcodes(territory, homes, name)}
    scatter = parameters.scatter
    attitudes = society.prototypes[profile, :2] + scatter * rng.standard_normal((n, 2))
    attitudes += society.areas[traits.municipality]
    attitudes += [shift.get(axis, 0.0) for axis in AXES[:2]]
    hidden = society.hidden[profile]
    hidden = (hidden + scatter * rng.standard_normal(hidden.shape)) / np.hypot(1.0, scatter)
    axes = np.c_[attitudes, traits.places]
    style = rng.standard_normal(n) + STYLE_BY_EDUCATION * traits.places[:, 1]
    return People(
        profile=profile,
        axes=axes,
        hidden=hidden,
        style=parameters.response.acquiescence * style,
        municipality=traits.municipality,
        home=home,
        expected=expected,
        log_odds=axes @ [selection.get(axis, 0.0) for axis in AXES],
        answers=answers,
        margins=traits.margins,
    )
