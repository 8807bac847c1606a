"""A small survey with a known truth: eight profiles, agreeing people, missing answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from flows.definitions.models import Text
from flows.definitions.options import MISSING_CODES, Item, Option
from flows.definitions.profile_plan import Axis, Profile, ProfilePlan, Prototype
from flows.definitions.questionnaire import Derived, Level, Questionnaire
from flows.definitions.questions import Dimension, Question, QuestionType

ITEMS = "abcde"
REVERSED = "bd"
GRIDS = ("D1", "D2", "D3", "D4", "D5")
CODES = ("1", "2", "3", "4", "5")
AGES = ((18, 34), (35, 54), (55, 90))


def questionnaire(grids: tuple[str, ...] = GRIDS) -> Questionnaire:
    """Agreement grids on which code 1 is full agreement, and three demographics."""
    options = tuple(Option(code=code, nl=code) for code in CODES)
    levels = [
        Level(code=f"a{i}", nl=f"a{i}", low=low, high=high)
        for i, (low, high) in enumerate(AGES, start=1)
    ]
    return Questionnaire(
        questions=(
            *(
                Question(
                    code=grid,
                    dimension=Dimension.ATTITUDE,
                    type=QuestionType.GRID,
                    text=Text(nl=grid),
                    options=(*options, Option(code="9", nl="?", missing="dont_know")),
                    items=tuple(
                        Item(code=item, nl=f"{grid} {item}", reverse=item in REVERSED)
                        for item in ITEMS
                    ),
                    direction="lower",
                )
                for grid in grids
            ),
            Question(
                code="age", dimension=Dimension.DEMOGRAPHIC, type=QuestionType.NUMBER, text="age"
            ),
            *(
                Question(
                    code=code,
                    dimension=Dimension.DEMOGRAPHIC,
                    type=QuestionType.SINGLE,
                    text=code,
                    options=tuple(Option(code=level, nl=level) for level in ("low", "mid", "high")),
                )
                for code in ("edu", "income")
            ),
        ),
        derived=(
            Derived(code="age3", text="age", kind="bands", of=("age",), levels=tuple(levels)),
        ),
    )


def plan(**changes: object) -> ProfilePlan:
    """Eight profiles without a prototype, ordered by the first grid."""
    given: dict[str, object] = {
        "version": "t1",
        "valid_from": date(2026, 1, 1),
        "seed": 5,
        "starts": 6,
        "bootstrap": 3,
        "items": GRIDS,
        "concomitants": ("age3", "edu", "income"),
        "golden": tuple(f"{grid}_{item}" for grid in GRIDS for item in "ab"),
        "axes": {"trust": Axis(of=("D1",)), "engagement": Axis(of=("D2",))},
        "profiles": tuple(
            Profile(code=f"p{k}", nl=f"Naam {k}", alias=f"Profiel {k}") for k in range(1, 9)
        ),
    }
    return ProfilePlan(**{**given, **changes})


def with_prototypes(places: np.ndarray, axes: tuple[str, ...]) -> tuple[Profile, ...]:
    """Profiles whose prototypes are these places (K, A)."""
    return tuple(
        Profile(
            code=f"p{k}",
            nl=f"Naam {k}",
            alias=f"Profiel {k}",
            prototype=Prototype(**dict(zip(axes, map(float, place), strict=True))),
        )
        for k, place in enumerate(places, start=1)
    )


@dataclass(frozen=True)
class World:
    """`frame`: the answer frame; `profile` (n,): the true profile; `style` (n,)."""

    frame: pd.DataFrame
    profile: np.ndarray
    style: np.ndarray


def world(n: int, seed: int, *, missing: float = 0.1, style: float = 0.35) -> World:
    """Draw n people; equal seeds share nothing but the profiles themselves."""
    fixed = np.random.default_rng(1)
    means = np.array(
        [
            [1.1, 0.9, -0.6, 0.6, 0.0],
            [1.0, -1.0, 0.7, -0.4, 0.8],
            [0.4, 0.2, 1.3, 0.9, -0.9],
            [0.2, -0.5, -1.3, -0.9, -0.8],
            [-0.2, 1.3, 0.3, -1.2, 0.3],
            [-0.5, -1.2, -0.2, 1.1, 0.3],
            [-1.0, 0.7, -0.4, 0.3, 1.2],
            [-1.2, -0.5, 0.6, -0.5, -1.0],
        ]
    )
    effects = [fixed.normal(scale=0.7, size=(3, 8)) for _ in range(3)]
    loadings = np.zeros((25, 5))
    loadings[np.arange(25), np.arange(25) // 5] = fixed.uniform(0.6, 1.0, 25)
    key = np.array([-1.0 if item in REVERSED else 1.0 for _ in GRIDS for item in ITEMS])
    rng = np.random.default_rng([seed, 7])
    demographics = rng.integers(0, 3, size=(n, 3))
    chance = np.exp(sum(effect[demographics[:, i]] for i, effect in enumerate(effects)))
    chance /= chance.sum(axis=1, keepdims=True)
    profile = (chance.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    factors = means[profile] + rng.normal(scale=0.7, size=(n, 5))
    agreeing = rng.normal(scale=style, size=n)
    latent = (factors @ loadings.T) * key + agreeing[:, None] + rng.normal(scale=0.8, size=(n, 25))
    step = (latent[:, :, None] > np.array([-1.3, -0.45, 0.45, 1.3])).sum(axis=2)
    step = 4 - step  # code 1 is full agreement
    lost = rng.random((n, 25)) < missing
    kinds = np.where(rng.random((n, 25)) < 0.5, 5, 9)  # don't know or skipped
    categories = [*CODES, *MISSING_CODES]
    columns: dict[str, object] = {
        f"{grid}_{item}": pd.Categorical.from_codes(
            np.where(lost[:, j], kinds[:, j], step[:, j]), categories=categories
        )
        for j, (grid, item) in enumerate((g, i) for g in GRIDS for i in ITEMS)
    }
    low, high = np.array(AGES).T
    columns["age"] = rng.integers(low[demographics[:, 0]], high[demographics[:, 0]] + 1).astype(
        float
    )
    for i, code in ((1, "edu"), (2, "income")):
        columns[code] = pd.Categorical.from_codes(
            demographics[:, i], categories=["low", "mid", "high", *MISSING_CODES]
        )
    return World(pd.DataFrame(columns), profile, agreeing)
