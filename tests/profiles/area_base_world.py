"""A small base of made-up areas with a known composition, and a survey and panel of its people.

Demographics interact, differently in every postcode, and areas have residuals of their own. The
four profiles are far apart in the answers, so that what is tested is the projection.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from profiles_world import AGES, CODES, GRIDS, ITEMS, REVERSED, plan, questionnaire

from flows.definitions import Survey
from flows.definitions.options import MISSING_CODES, Option
from flows.definitions.profile_plan import Profile, ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Dimension, Question, QuestionType

VARIABLES = ("age3", "edu", "income")
LEVELS = (("a1", "a2", "a3"), ("low", "mid", "high"), ("low", "mid", "high"))
SIZES = (3, 3, 3)
CELLS = 27
PROFILES = 4
UNIT = 5
DEFINITION = """
title: {nl: Kleine basis, en: Small base}
source: {nl: Verzonnen, en: Made up}
simulated: true
vintages:
  2025: {reference_date: 2025-01-01}
  2026: {reference_date: 2026-01-01}
files:
  areas: {name: areas.csv}
  pc6: {name: margins-pc6.csv}
  pc4: {name: margins-pc4.csv}
  municipality: {name: margins-municipality.csv}
areas:
  file: areas
  codes: {pc6: pc6, buurt: buurt, wijk: wijk, municipality: municipality, province: province}
  inhabitants: inhabitants
  residents: residents
  addresses: addresses
secret: [-99997]
missing: [-99995]
rounding: 5
margins:
  age3:
    levels: [a1, a2, a3]
    published:
      - {level: pc6, file: pc6, columns: "age3_{code}"}
      - {level: pc4, file: pc4, columns: "age3_{code}"}
  edu:
    levels: [low, mid, high]
    published:
      - {level: pc4, file: pc4, columns: "edu_{code}"}
      - {level: municipality, file: municipality, columns: "edu_{code}"}
  income:
    levels: [low, mid, high]
    published:
      - {level: pc6, file: pc6, columns: "income_{code}"}
      - {level: pc4, file: pc4, columns: "income_{code}"}
"""


@dataclass(frozen=True)
class BaseWorld:
    """`areas`: a row per PC6; `residents` (A, cells); `eta` (cells, K), `residual` (A, K)."""

    areas: pd.DataFrame
    residents: np.ndarray
    eta: np.ndarray
    residual: np.ndarray

    @property
    def probabilities(self) -> np.ndarray:
        p = np.exp(self.eta[None] + self.residual[:, None])
        return p / p.sum(axis=2, keepdims=True)

    @property
    def expected(self) -> np.ndarray:
        """True shares (A, K), expected given who lives there."""
        return np.einsum("ac,ack->ak", self.residents, self.probabilities) / self.n[:, None]

    @property
    def n(self) -> np.ndarray:
        return self.residents.sum(axis=1)

    def truth(self, level: str) -> pd.DataFrame:
        """True shares of the areas of a level, by code."""
        people = pd.DataFrame(self.expected * self.n[:, None]).groupby(self.areas[level]).sum()
        return people.div(pd.Series(self.n).groupby(self.areas[level]).sum(), axis=0)

    def earlier(self, seed: int = 5, stayed: float = 0.7) -> BaseWorld:
        """A year before: as different as areas get when so many of the residents stayed."""
        rng = np.random.default_rng(seed)
        kept = rng.binomial(self.residents, stayed)
        shift = rng.normal(0, 0.5, (len(self.residents), CELLS))
        town = pd.factorize(self.areas["municipality"])[0]
        shift += rng.normal(0, 0.6, (town.max() + 1, 3))[town][:, np.arange(CELLS) // 9]
        p = (self.residents + 0.5) * np.exp(shift)
        left = rng.poisson((1 - stayed) * self.n)
        residents = kept + rng.multinomial(left, p / p.sum(axis=1, keepdims=True))
        residents[self.n < 5] = self.residents[self.n < 5]
        n = residents.sum(axis=1)
        areas = self.areas.assign(
            residents=n, inhabitants=np.rint(n * 1.2).astype(int), addresses=np.maximum(n // 2, 1)
        )
        return BaseWorld(areas, residents, self.eta, self.residual)

    def write(self, folder: Path) -> Path:
        """The files of the base: age and income by PC6, education by PC4, rounded."""
        folder.mkdir(parents=True, exist_ok=True)
        self.areas.to_csv(folder / "areas.csv", index=False)
        table = self.residents.reshape(-1, *SIZES)
        for level, named in (
            ("pc6", ("age3", "income")), ("pc4", VARIABLES), ("municipality", ("edu",))
        ):  # fmt: skip
            codes = self.areas["pc6"].str[:4] if level == "pc4" else self.areas[level]
            parts = []
            for i, (variable, levels) in enumerate(zip(VARIABLES, LEVELS, strict=True)):
                if variable in named:
                    others = tuple(j + 1 for j in range(3) if j != i)
                    names = [f"{variable}_{code}" for code in levels]
                    counts = (
                        pd.DataFrame(table.sum(axis=others), columns=names).groupby(codes).sum()
                    )
                    parts.append((UNIT * (counts / UNIT).round()).astype(int))
            whole = pd.concat(parts, axis=1).rename_axis(level)
            whole.to_csv(folder / f"margins-{level}.csv")
        return folder


def base_world(
    seed: int = 3, towns: int = 24, postcodes: int = 5, streets: int = 5, size: int = 45
) -> BaseWorld:
    """`postcodes` a town, `streets` (PC6, at most 6) a postcode; wijken cross postcodes."""
    rng = np.random.default_rng(seed)
    a = towns * postcodes * streets
    of = np.arange(a)
    pc4, town = of // streets, of // (streets * postcodes)
    codes = np.stack(np.unravel_index(np.arange(CELLS), SIZES))
    log = np.zeros((a, CELLS))
    for code in codes:
        for place, count, sd in ((town, towns, 0.3), (pc4, towns * postcodes, 0.3), (of, a, 0.3)):
            log += rng.normal(0, sd, (count, 3))[place][:, code]
    log += rng.normal(0, 0.5, (towns * postcodes, 3, 3))[:, codes[0], codes[1]][pc4]
    p = np.exp(log)
    people = rng.poisson(rng.gamma(3, size / 3, a)) + 8
    residents = rng.multinomial(people, p / p.sum(axis=1, keepdims=True))
    residents[1] = 0
    residents[1, 4] = 3  # too few to tell anything of
    eta = sum(rng.normal(0, 0.5, (3, PROFILES))[code] for code in codes)
    eta = eta + rng.normal(0, 0.25, (3, 3, PROFILES))[codes[0], codes[2]]
    residual = rng.normal(0, 0.3, (towns, PROFILES))[town]
    residual = residual + rng.normal(0, 0.2, (towns * postcodes, PROFILES))[pc4]
    residual = residual + rng.normal(0, 0.15, (a, PROFILES))
    n = residents.sum(axis=1)
    # Three streets a PC5; the fifth of every postcode lies in the next buurt.
    street = of % (streets * postcodes)
    buurt = np.minimum((street + 1) // streets, postcodes - 1)
    areas = pd.DataFrame(
        {
            "pc6": [
                f"{1000 + z}{'AB'[s // 3]}{'ABC'[s % 3]}"
                for z, s in zip(pc4, of % streets, strict=True)
            ],
            "buurt": [f"b{t:02d}{b}" for t, b in zip(town, buurt, strict=True)],
            "wijk": [f"w{t:02d}{b // 2}" for t, b in zip(town, buurt, strict=True)],
            "municipality": [f"g{t:02d}" for t in town],
            "province": [f"p{t % 2}" for t in town],
            "inhabitants": np.rint(n * 1.2).astype(int),
            "residents": n,
            "addresses": np.maximum(n // 2, 1),
        }
    )
    return BaseWorld(areas, residents, eta, residual)


def survey_of(real: Survey, towns: int = 24, **changes: object) -> Survey:
    """A simulated survey with the questions of these people."""
    info = real.info.model_copy(
        update={"simulated": True, "places": {"municipality": "town", "pc4": "postcode"}}
    )
    made = {"info": info, "questionnaire": questions(towns), "profiles": profile_plan()}
    return real.model_copy(update={**made, **changes})


def questions(towns: int = 24) -> Questionnaire:
    known = questionnaire()
    town = Question(
        code="town",
        dimension=Dimension.DEMOGRAPHIC,
        type=QuestionType.SINGLE,
        text="town",
        options=tuple(Option(code=f"g{t:02d}", nl=f"g{t:02d}") for t in range(towns)),
    )
    postcode = Question(
        code="postcode", dimension=Dimension.DEMOGRAPHIC, type=QuestionType.NUMBER, text="postcode"
    )
    return known.model_copy(update={"questions": (*known.questions, town, postcode)})


def profile_plan(**changes: object) -> ProfilePlan:
    few = {
        "valid_from": date(2026, 1, 1),
        "starts": 2,
        "bootstrap": 1,
        "golden": (),
        "profiles": tuple(
            Profile(code=f"p{k}", nl=f"Naam {k}", alias=f"Profiel {k}", public=True)
            for k in range(1, PROFILES + 1)
        ),
    }
    return plan(**{**few, **changes})


@dataclass(frozen=True)
class People:
    """`frame`: an answer frame; `profile` (n,): the true one."""

    frame: pd.DataFrame
    profile: np.ndarray


def people(world: BaseWorld, n: int, seed: int, prefix: str = "r") -> People:
    """People drawn at random from all residents, with nearly unmistakable answers."""
    fixed = np.random.default_rng(1)
    # Ordered by the first factor, as profiles without a prototype are.
    means = np.array([[-1.6, 1.2, -0.6, 0.9, 0.2], [-0.5, -1.4, 0.8, -0.9, 0.9],
                      [0.6, 0.4, 1.4, 0.7, -1.4], [1.5, -0.2, -1.6, -0.7, 0.3]])  # fmt: skip
    loadings = np.zeros((25, 5))
    loadings[np.arange(25), np.arange(25) // 5] = fixed.uniform(0.8, 1.0, 25)
    key = np.array([-1.0 if item in REVERSED else 1.0 for _ in GRIDS for item in ITEMS])
    rng = np.random.default_rng([seed, 9])
    chance = world.residents.ravel() / world.residents.sum()
    area, cell = np.divmod(rng.choice(world.residents.size, n, p=chance), CELLS)
    profile = (world.probabilities[area, cell].cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    factors = means[profile] + rng.normal(scale=0.35, size=(n, 5))
    latent = (factors @ loadings.T) * key + rng.normal(scale=0.6, size=(n, 25))
    step = 4 - (latent[:, :, None] > np.array([-1.3, -0.45, 0.45, 1.3])).sum(axis=2)
    columns: dict[str, object] = {
        "respondent": [f"{prefix}{i:05d}" for i in range(n)],
        "status": "kept",
        "duration": 10.0,
        "progress": 100.0,
        "completed": "2026-02-01",
    }
    for j, (grid, item) in enumerate((g, i) for g in GRIDS for i in ITEMS):
        categories = [*CODES, *MISSING_CODES]
        columns[f"{grid}_{item}"] = pd.Categorical.from_codes(step[:, j], categories=categories)
    age, edu, income = np.unravel_index(cell, SIZES)
    low, high = np.array(AGES).T
    columns["age"] = rng.integers(low[age], high[age] + 1).astype(float)
    for code, values in (("edu", edu), ("income", income)):
        columns[code] = pd.Categorical.from_codes(
            values, categories=["low", "mid", "high", *MISSING_CODES]
        )
    towns = sorted(world.areas["municipality"].unique())
    columns["town"] = pd.Categorical(
        world.areas["municipality"].to_numpy()[area], categories=[*towns, *MISSING_CODES]
    )
    columns["postcode"] = world.areas["pc6"].str[:4].astype(float).to_numpy()[area]
    return People(pd.DataFrame(columns), profile)
