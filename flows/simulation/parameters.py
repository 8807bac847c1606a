"""The frozen parameters of the simulator, read from `surveys/<survey>/simulation.yaml`.

All places, loadings and levels are in standard deviations of the population; shares are of
the whole population. What a file does not say gets a default that depends on the seed only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from flows.definitions.load import read_model
from flows.definitions.models import Code, Labelled, Model
from flows.simulation.errors import SimulationError
from flows.simulation.place_parameters import Geography, Predecessor

AxisName = Literal["trust", "engagement", "age", "education", "affluence"]
Attitude = Literal["trust", "engagement"]
AXES: tuple[AxisName, ...] = ("trust", "engagement", "age", "education", "affluence")
FILE = "simulation.yaml"

Share = Annotated[float, Field(ge=0, le=1)]
Loadings = dict[AxisName, float]


class Roles(Model):
    """Which question holds which background trait of a person."""

    gender: Code | None = None
    age: Code | None = None
    education: Code | None = None
    household: Code | None = None
    region: Code | None = None
    tenure: Code | None = None
    income: Code | None = None
    municipality: Code | None = None
    postcode: Code | None = None

    def questions(self) -> dict[str, str]:
        """The question of each trait that is asked: `{trait: question}`."""
        return {trait: code for trait, code in self.model_dump().items() if code is not None}


class Municipality(Labelled):
    """One municipality of the fictional world.

    `region`: a code of the region question. `urbanity`: 1 (very urban) to 5 (rural).
    `residents`: its inhabitants, of all ages. `affluence`: their mean affluence, in sd.
    `districts`: names of its wijken. `before`: the municipalities it was made of in the last
    year of the geography, which have all of its districts between them.
    """

    region: Code
    residents: int = Field(gt=0)
    urbanity: int = Field(default=3, ge=1, le=5)
    affluence: float = 0.0
    districts: tuple[str, ...] = ()
    before: tuple[Predecessor, ...] = ()

    @model_validator(mode="after")
    def _districts_have_a_place(self) -> Municipality:
        of = [district for one in self.before for district in one.districts]
        if self.before and tuple(of) != self.districts:
            raise ValueError(
                f"{self.code}: the districts under before must be its own, in the same order"
            )
        return self


def _selection() -> Loadings:
    return {"age": 0.15, "education": 0.35, "trust": 0.15, "engagement": 0.35}


class Response(Model):
    """How people come into the survey and how they answer.

    `selection`: log-odds of taking part per sd of an axis. `acquiescence`: sd of the personal
    style added to every rating. `skip`, `dont_know`, `refused`: probability per question (the
    last two where it offers the option). `break_off`, `speeder`, `open_tab`: shares of people.
    `duplicate`: share that is delivered twice. `bad_code`: share of rows with one code the
    questionnaire does not know. `stranger`: share of a panel fieldwork that is not in the
    register. `bad_key`: rows without an id.
    """

    selection: Loadings = Field(default_factory=_selection)
    acquiescence: float = Field(default=0.35, ge=0)
    skip: Share = 0.02
    dont_know: Share = 0.05
    refused: Share = 0.04
    break_off: Share = 0.06
    speeder: Share = 0.03
    open_tab: Share = 0.008
    duplicate: Share = 0.002
    bad_code: Share = 0.001
    stranger: Share = 0.002
    bad_key: int = Field(default=1, ge=0)


class OptionSimulation(Model):
    """The share of people who choose an option, and what moves it (log-odds per sd)."""

    share: Share
    loadings: Loadings = Field(default_factory=dict)


class ArmsEffect(Model):
    """What an experiment's arm does to the answers to its follow-up (in sd of an answer)."""

    question: Code
    effects: dict[Code, float]


class QuestionSimulation(Model):
    """How a question, or one item of a grid (`T01_a`), is answered.

    `level`, `loadings`, `spread`: the latent answer towards the agreeing, higher or positive
    end. `options`: for multiple and nominal questions. `choose`: the most options a person may
    choose, or ranks. `mean`, `sd`: of a number. `answers`: texts for an open question.
    `dont_know`, `refused`, `skip`, `flavour`: instead of those of the whole survey.
    """

    level: float | None = None
    loadings: Loadings | None = None
    spread: float = Field(default=1.0, gt=0)
    options: dict[Code, OptionSimulation] = Field(default_factory=dict)
    choose: int | None = Field(default=None, gt=0)
    mean: float | None = None
    sd: float | None = Field(default=None, gt=0)
    answers: tuple[str, ...] = ()
    dont_know: Share | None = None
    refused: Share | None = None
    skip: Share | None = None
    flavour: float | None = Field(default=None, ge=0)
    arms_effect: ArmsEffect | None = None


class Trend(Model):
    """How a wave differs from the first: profile `sizes` (relative), and everyone's `axes`."""

    sizes: dict[Code, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    axes: dict[Attitude, float] = Field(default_factory=dict)


class SimulationParameters(Model):
    """simulation.yaml.

    `sizes`: relative profile sizes in the first wave. `scatter`: sd of people around their
    profile on trust and engagement, and on `hidden_axes` further axes that tell profiles apart
    beyond the five. `flavour`: what those weigh in an answer (less in questions that are no
    model items). `overlap`: sd of age, education and affluence within a profile, as far as
    they decide who belongs to it. `area`: sd of the municipality effect on a person's trust
    and engagement, and on each question. `geography`: the world down to postcodes.
    `trend`: per wave; a later wave without an entry gets a small seeded change.
    """

    seed: int
    respondents: dict[Code, Annotated[int, Field(gt=0)]]
    demographics: Roles = Roles()
    municipalities: tuple[Municipality, ...] = ()
    response: Response = Response()
    questions: dict[Code, QuestionSimulation] = Field(default_factory=dict)
    sizes: dict[Code, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    trend: dict[Code, Trend] = Field(default_factory=dict)
    scatter: float = Field(default=0.4, gt=0)
    flavour: float = Field(default=0.2, ge=0)
    hidden_axes: int = Field(default=3, ge=0)
    overlap: float = Field(default=0.8, gt=0)
    area: float = Field(default=0.15, ge=0)
    geography: Geography | None = None

    @model_validator(mode="after")
    def _municipalities_are_unique(self) -> SimulationParameters:
        codes = [municipality.code for municipality in self.municipalities]
        if len(set(codes)) != len(codes):
            raise ValueError("two municipalities have the same code")
        return self


def load_parameters(folder: Path) -> SimulationParameters:
    """Read `simulation.yaml` of the survey in `folder`.

    Raises `SimulationError` where there is none, `DefinitionError` with line and remedy for
    every fault in it.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        raise SimulationError(
            f"{path}: the file is missing, so this survey cannot be simulated. "
            "Only a survey with a simulation.yaml has simulated answers."
        )
    return read_model(path, SimulationParameters)
