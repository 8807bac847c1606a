"""Surveys with a known truth: eight profiles, people who agree with everything, missing answers.

Two families of worlds. In `first` what people of a profile think is normal around the profile's
place on five axes and every axis has five questions on five-point scales, two of them worded the
other way round. In `second` the places are drawn at random, people within a profile have heavy
tails and unequal spread, axes have three to seven questions on four- or seven-point scales with
skewed answers, and response style stretches answers to the ends besides raising them.

A world is made harder by spreading people around their profile and by more response style; how
hard it is, is told by a classifier that knows the true profiles (`ceiling`), never by the model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from flows.definitions.models import Text
from flows.definitions.options import MISSING_CODES, Item, Option
from flows.definitions.profile_plan import Axis, Profile, ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Dimension, Question, QuestionType

PROFILES, AXES = 8, 5
DEMOGRAPHICS = {"age": 7, "sex": 2, "school": 3, "income": 3}
SIZES = np.array([0.19, 0.17, 0.15, 0.13, 0.12, 0.10, 0.08, 0.06])
PLACES = np.array(
    [
        [1.2, 0.8, 0.5, -0.4, 0.9],
        [0.9, -0.9, -0.3, 0.8, -0.6],
        [0.3, 1.1, -0.9, 0.5, -0.3],
        [-0.2, 0.2, 1.1, 1.0, 0.6],
        [-0.9, 0.9, 0.6, -0.9, -0.9],
        [-1.2, -0.4, -0.7, -0.2, 0.8],
        [-0.6, -1.2, 0.9, 0.2, -0.4],
        [0.5, -0.5, -1.2, -1.2, 0.1],
    ]
)


@dataclass(frozen=True)
class Hardness:
    """`spread`: sd of people around their profile; `style`: sd of agreeing with everything."""

    spread: float
    style: float


HARDNESS = {
    "first": {
        "clear": Hardness(0.36, 0.25),
        "realistic": Hardness(0.68, 0.35),
        "hard": Hardness(1.00, 0.50),
    },
    "second": {
        "clear": Hardness(0.38, 0.25),
        "realistic": Hardness(0.82, 0.35),
        "hard": Hardness(1.30, 0.50),
    },
}
"""Set so that the ceiling is about .91, .75 and .59, as in the worlds our methods came from."""


@dataclass(frozen=True, eq=False)
class People:
    """`frame`: answers and demographics; `profile` (n,): the truth; `weights` (n,)."""

    frame: pd.DataFrame
    profile: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, eq=False)
class World:
    """What does not change from person to person; made by `world`."""

    family: str
    hardness: Hardness
    places: np.ndarray
    spreads: np.ndarray  # (K,) times hardness.spread
    axis: np.ndarray  # (p,) which axis an item is about
    loading: np.ndarray
    turned: np.ndarray
    steps: int
    cuts: np.ndarray  # (p, steps - 1)
    effects: dict[str, np.ndarray] = field(repr=False)
    intercept: np.ndarray = field(default_factory=lambda: np.log(SIZES))

    @property
    def items(self) -> list[str]:
        order = dict.fromkeys(range(AXES), 0)
        names = []
        for a in self.axis:
            order[a] += 1
            names.append(f"D{a + 1}_{order[a]}")
        return names

    def profile_chances(self, demographics: dict[str, np.ndarray]) -> np.ndarray:
        """P(profile | demographics) of everybody: (n, K)."""
        eta = self.intercept + sum(
            self.effects[name][codes] for name, codes in demographics.items()
        )
        chance = np.exp(eta - eta.max(axis=1, keepdims=True))
        return np.asarray(chance / chance.sum(axis=1, keepdims=True))


def world(family: str, hardness: str, seed: int) -> World:
    """One world of a family; another seed has other loadings, effects and (second) places."""
    rng = np.random.default_rng([seed, 11, len(family)])
    effects = {
        name: rng.normal(0, 0.5, (levels, PROFILES)) for name, levels in DEMOGRAPHICS.items()
    }
    if family == "first":
        axis, steps = np.repeat(np.arange(AXES), 5), 5
        places, spreads = PLACES, np.ones(PROFILES)
        turned = np.tile([1.0, -1.0, 1.0, -1.0, 1.0], AXES)
        cuts = np.tile([-1.3, -0.45, 0.45, 1.3], (25, 1)) + rng.normal(0, 0.2, (25, 1))
    else:
        axis, steps = np.repeat(np.arange(AXES), [7, 3, 5, 6, 4]), 7
        places = _scattered(rng)
        spreads = rng.uniform(0.8, 1.2, PROFILES)
        turned = np.where(rng.random(25) < 0.3, -1.0, 1.0)
        cuts = np.linspace(-1.9, 1.3, 6) + rng.normal(0, 0.35, (25, 1))
    return World(
        family=family,
        hardness=HARDNESS[family][hardness],
        places=places,
        spreads=spreads,
        axis=axis,
        loading=rng.uniform(0.6, 1.0, 25),
        turned=turned,
        steps=steps,
        cuts=cuts,
        effects=effects,
    )


def _scattered(rng: np.random.Generator) -> np.ndarray:
    """Random places of which no two are very near: the best of 200 draws by nearest distance."""

    def nearest(places: np.ndarray) -> float:
        distance = np.linalg.norm(places[:, None] - places[None], axis=2)
        return float((distance + 9 * np.eye(PROFILES)).min())

    drawn = (rng.normal(0, 0.85, (PROFILES, AXES)) for _ in range(200))
    return max(drawn, key=nearest)


def draw(
    here: World,
    n: int,
    rng: np.random.Generator,
    *,
    selected: bool = False,
    missing: float = 0.1,
    shift: np.ndarray | None = None,
) -> People:
    """n people; with `selected` the old and the schooled answer more, and weights mend it.

    Half of what is missing is lost at random, half from people who skip more than others.
    `shift` (K,) is added to the log odds of the profiles: the truth of a later wave.
    """
    demographics = _demographics(n, rng, selected)
    chances = here.profile_chances(demographics)
    if shift is not None:
        chances = chances * np.exp(shift)
        chances /= chances.sum(axis=1, keepdims=True)
    profile = (chances.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=PROFILES - 1)
    noise = rng.normal(size=(n, AXES))
    if here.family == "second":
        noise /= np.sqrt(rng.chisquare(6, (n, 1)) / 6) * np.sqrt(6 / 4)
    around = here.hardness.spread * here.spreads[profile][:, None] * noise
    place = here.places[profile] + around
    agreeing = rng.normal(0, here.hardness.style, (n, 1))
    latent = place[:, here.axis] * here.loading * here.turned + agreeing
    latent += rng.normal(0, 0.7, latent.shape)
    if here.family == "second":
        latent *= np.exp(rng.normal(0, 0.2, (n, 1)))
    step = (latent[:, :, None] > here.cuts).sum(axis=2)
    lazy = rng.beta(0.6, 5.4, (n, 1))
    lost = rng.random(step.shape) < missing * (0.5 + 0.5 * lazy / 0.1)
    codes = [str(c) for c in range(1, here.steps + 1)]
    kinds = np.where(rng.random(step.shape) < 0.5, 0, 1) + here.steps
    columns: dict[str, object] = {
        name: pd.Categorical.from_codes(
            np.where(lost[:, j], kinds[:, j], step[:, j]), categories=[*codes, *MISSING_CODES]
        )
        for j, name in enumerate(here.items)
    }
    for name, values in demographics.items():
        levels = [f"{name}{i}" for i in range(DEMOGRAPHICS[name])]
        columns[name] = pd.Categorical.from_codes(values, categories=[*levels, *MISSING_CODES])
    weights = _weights(demographics) if selected else np.ones(n)
    return People(pd.DataFrame(columns), profile, weights)


def _response(demographics: dict[str, np.ndarray]) -> np.ndarray:
    eta = 0.18 * demographics["age"] + 0.45 * demographics["school"] + 0.2 * demographics["income"]
    return np.asarray(1 / (1 + np.exp(2.2 - eta)))


def _weights(demographics: dict[str, np.ndarray]) -> np.ndarray:
    weights = 1 / _response(demographics)
    return np.asarray(weights / weights.mean())


def _demographics(n: int, rng: np.random.Generator, selected: bool) -> dict[str, np.ndarray]:
    wanted = n * 6 if selected else n
    school = rng.choice(3, wanted, p=[0.27, 0.38, 0.35])
    income = np.clip(school + rng.integers(-1, 2, wanted), 0, 2)
    drawn = {
        "age": rng.integers(0, 7, wanted),
        "sex": rng.integers(0, 2, wanted),
        "school": school,
        "income": income,
    }
    if not selected:
        return drawn
    kept = np.flatnonzero(rng.random(wanted) < _response(drawn))[:n]
    return {name: values[kept] for name, values in drawn.items()}


def questionnaire(here: World) -> Questionnaire:
    """The survey: a grid an axis, and the demographics."""
    options = tuple(Option(code=str(c), nl=str(c)) for c in range(1, here.steps + 1))
    grids = []
    for a in range(AXES):
        mine = np.flatnonzero(here.axis == a)
        items = tuple(
            Item(code=str(i), nl=f"D{a + 1} {i}", reverse=bool(here.turned[j] < 0))
            for i, j in enumerate(mine, start=1)
        )
        grids.append(
            Question(
                code=f"D{a + 1}",
                dimension=Dimension.ATTITUDE,
                type=QuestionType.GRID,
                text=Text(nl=f"D{a + 1}"),
                options=options,
                items=items,
                direction="higher",
            )
        )
    traits = (
        Question(
            code=name,
            dimension=Dimension.DEMOGRAPHIC,
            type=QuestionType.SINGLE,
            text=Text(nl=name),
            options=tuple(Option(code=f"{name}{i}", nl=f"{name}{i}") for i in range(levels)),
        )
        for name, levels in DEMOGRAPHICS.items()
    )
    return Questionnaire(questions=(*grids, *traits))


def plan(golden: tuple[str, ...], starts: int = 20) -> ProfilePlan:
    """Eight profiles without a prototype, ordered by the first axis."""
    return ProfilePlan(
        version="b1",
        valid_from=date(2026, 1, 1),
        starts=starts,
        items=tuple(f"D{a + 1}" for a in range(AXES)),
        concomitants=tuple(DEMOGRAPHICS),
        golden=golden,
        axes={"trust": Axis(of=("D1",))},
        profiles=tuple(
            Profile(code=f"p{k}", nl=f"p{k}", alias=f"Profiel {k}") for k in range(1, PROFILES + 1)
        ),
    )


def golden_items(here: World) -> tuple[str, ...]:
    """Ten questions: two of every axis."""
    return tuple(f"D{a + 1}_{i}" for a in range(AXES) for i in (1, 2))


def numbers(here: World, people: People) -> np.ndarray:
    """Answers as numbers (n, 25), the mean of the question where there is none."""
    codes = [str(c) for c in range(1, here.steps + 1)]
    table = np.column_stack(
        [pd.to_numeric(people.frame[name].astype(str), errors="coerce") for name in here.items]
    )
    assert len(codes) == here.steps
    return np.where(np.isnan(table), np.nanmean(table, axis=0), table)


def ceiling(here: World, rng: np.random.Generator, n: int = 6000) -> tuple[float, float]:
    """Share right on fresh people of a classifier that learnt from true profiles: by the 25
    answers, and with demographics."""
    learn, fresh = draw(here, n, rng), draw(here, n, rng)
    x, y = numbers(here, learn), numbers(here, fresh)
    alone = LinearDiscriminantAnalysis().fit(x, learn.profile).score(y, fresh.profile)

    def both(people: People, answers: np.ndarray) -> np.ndarray:
        dummies = pd.get_dummies(people.frame[list(DEMOGRAPHICS)]).to_numpy(dtype=float)
        return np.hstack([answers, dummies[:, dummies.std(axis=0) > 0]])

    joint = LinearDiscriminantAnalysis().fit(both(learn, x), learn.profile)
    return float(alone), float(joint.score(both(fresh, y), fresh.profile))
