"""Populations with a known truth, and fieldworks drawn from them, for `coverage.py`.

`Country` is a finite population: people with six demographic traits that go together, a latent
profile, the profile they are assigned to by a noisy measurement, and answers that depend on the
latent profile, on the demographics, on both together and on a person's own leaning, so that the
items of a grid go together. People respond by the six traits, which weights mend; in a second
country also by something that weights do not see.

`Dossiers` makes whole dossiers in which it is known of every cell whether the profile differs
from all others: tables without any difference, and tables in which some profiles differ and the
others do not. A grid's items share a factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from flows.definitions.options import MISSING_CODES, Item, Net, Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Dimension, Question, QuestionType

PROFILES = tuple(f"p{i}" for i in range(1, 9))
SIZES = np.array([0.20, 0.17, 0.15, 0.13, 0.11, 0.10, 0.08, 0.06])
LEVELS = {"agesex": 14, "edu": 7, "province": 12, "household": 5, "origin": 3, "vote": 12}
SHARES = (0.02, 0.05, 0.10, 0.20, 0.35, 0.50)
AGREE = tuple(Option(code=str(i), nl=f"antwoord {i}") for i in range(1, 6))
NETS = (
    Net(code="eens", nl="eens", options=("4", "5")),
    Net(code="oneens", nl="oneens", options=("1", "2")),
)


def question(code: str, kind: QuestionType, **more: object) -> Question:
    return Question.model_validate(
        {"code": code, "type": kind, "dimension": Dimension.ATTITUDE, "text": code, **more}
    )


def coded(codes: np.ndarray, options: tuple[str, ...]) -> pd.Categorical:
    """An answer column from positions in `options`."""
    return pd.Categorical.from_codes(codes, categories=[*options, *MISSING_CODES])


@dataclass(frozen=True, eq=False)
class Fieldwork:
    """Who answered (n): their answers and margins, profile, chance per profile, and truth."""

    frame: pd.DataFrame
    margins: pd.DataFrame
    assigned: np.ndarray
    latent: np.ndarray
    posterior: np.ndarray


class Country:
    """A finite population of `size` people.

    `hit`: share of people assigned to their latent profile. `unseen`: how much responding depends
    on what the weights do not see (the product of two continuous leanings).
    """

    def __init__(self, size: int, seed: int, hit: float = 0.75, unseen: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self.size = size
        status, age = rng.normal(size=size), rng.normal(size=size)
        self.traits = {
            "agesex": _cut(age, 7, rng) * 2 + rng.integers(0, 2, size),
            "edu": _cut(0.8 * status - 0.3 * age + 0.5 * rng.normal(size=size), 7, rng),
            "province": rng.choice(12, size, p=rng.dirichlet(np.full(12, 5.0))),
            "household": _cut(0.6 * age + 0.8 * rng.normal(size=size), 5, rng),
            "origin": _cut(0.3 * status + rng.normal(size=size), 3, rng, (0.12, 0.25)),
            "vote": _cut(0.5 * status + 0.3 * age + rng.normal(size=size), 12, rng),
        }
        pull = rng.normal(0, 0.45, (8, 2))
        leaning = status[:, None] * pull[:, 0] + age[:, None] * pull[:, 1] + np.log(SIZES)
        self.latent = (leaning + rng.gumbel(size=(size, 8))).argmax(axis=1)
        prior = np.exp(leaning - leaning.max(axis=1, keepdims=True))
        self.posterior = self._measured(rng, prior / prior.sum(axis=1, keepdims=True), hit)
        self.assigned = self.posterior.argmax(axis=1)
        own = rng.normal(size=size)
        self.answers = {
            f"Q{i:02d}": self._answer(rng, share, status, age, own)
            for i, share in enumerate(SHARES * 3, start=1)
        }
        self.scale = np.clip(
            np.rint(6 + 1.2 * own + 0.8 * _by_profile(rng, self.latent) + 0.5 * status), 0, 10
        ).astype(np.int8)
        drive = 0.8 * _effect(rng, self.traits) + unseen * status * age
        chance = np.exp(drive - drive.max())
        self.cumulated = np.cumsum(chance / chance.sum())
        self.targets = {
            name: dict(enumerate(np.bincount(codes, minlength=LEVELS[name]).tolist()))
            for name, codes in self.traits.items()
        }

    def _measured(self, rng: np.random.Generator, prior: np.ndarray, hit: float) -> np.ndarray:
        """Posteriors (N, 8) by a measurement of seven dimensions that finds `hit` of all."""
        centres = np.linalg.qr(rng.normal(size=(8, 8)))[0]
        low, high = 0.5, 8.0
        noise = rng.normal(size=(self.size, 8))
        while high - low > 0.05:
            distance = (low + high) / 2
            seen = distance * centres[self.latent] + noise
            logs = np.log(prior) - 0.5 * (
                (seen**2).sum(axis=1)[:, None] - 2 * distance * seen @ centres.T + distance**2
            )
            found = (logs.argmax(axis=1) == self.latent).mean()
            low, high = (distance, high) if found < hit else (low, distance)
        logs -= logs.max(axis=1, keepdims=True)
        posterior: np.ndarray = np.exp(logs)
        return posterior / posterior.sum(axis=1, keepdims=True)

    def _answer(
        self,
        rng: np.random.Generator,
        share: float,
        status: np.ndarray,
        age: np.ndarray,
        own: np.ndarray,
    ) -> np.ndarray:
        drive = 0.7 * _by_profile(rng, self.latent) + 0.3 * status * rng.normal()
        drive += 0.3 * age * rng.normal() + 0.6 * own + rng.normal(size=self.size)
        drive += 0.3 * np.where(self.latent % 2, status, -status)
        answer: np.ndarray = (drive > np.quantile(drive, 1 - share)).astype(np.int8)
        return answer

    @property
    def questionnaire(self) -> Questionnaire:
        yes_no = (Option(code="ja", nl="ja"), Option(code="nee", nl="nee"))
        options = tuple(Option(code=str(i), nl=str(i)) for i in range(11))
        return Questionnaire(
            questions=(
                *(question(code, QuestionType.SINGLE, options=yes_no) for code in self.answers),
                question("scale", QuestionType.SCALE, options=options, mean=True),
            )
        )

    def truth(self, people: np.ndarray) -> dict[tuple[str, str], np.ndarray]:
        """Per question and row the value (8 profiles and total) in the population by `people`."""
        size = np.append(np.bincount(people, minlength=8), self.size)

        def means(values: np.ndarray) -> np.ndarray:
            sums = np.bincount(people, values, minlength=8)
            return np.append(sums, values.sum()) / size

        result = {}
        for code, values in self.answers.items():
            result[code, "ja"] = means(values)
        for i in range(11):
            result["scale", str(i)] = means((self.scale == i).astype(float))
        result["scale", "mean"] = means(self.scale.astype(float))
        return result

    def fieldwork(self, rng: np.random.Generator, n: int) -> Fieldwork:
        """`n` people, with the chances to respond of their demographics."""
        who = np.searchsorted(self.cumulated, rng.random(n) * self.cumulated[-1])
        columns = {
            code: coded(1 - values[who], ("ja", "nee")) for code, values in self.answers.items()
        }
        columns["scale"] = coded(self.scale[who], tuple(str(i) for i in range(11)))
        margins = {
            name: pd.Categorical.from_codes(codes[who], categories=list(range(LEVELS[name])))
            for name, codes in self.traits.items()
        }
        return Fieldwork(
            frame=pd.DataFrame(columns),
            margins=pd.DataFrame(margins),
            assigned=self.assigned[who],
            latent=self.latent[who],
            posterior=self.posterior[who],
        )


@dataclass(frozen=True)
class DossierShape:
    """How many tables of each kind: grids of five items, with so many profiles that differ."""

    plain: int = 5
    some: int = 2
    many: int = 2
    items: int = 5
    effect: float = 0.12


class Dossiers:
    """Dossiers of five-point grids and one multiple question, of which every truth is known.

    An affected profile's chances move along a fixed direction; the movements times the sizes
    add up to zero, so a profile that does not move equals all others together exactly.
    """

    def __init__(self, seed: int, shape: DossierShape = DossierShape()) -> None:
        rng = np.random.default_rng(seed)
        self.shape = shape
        self.kinds = [0] * shape.plain + [2] * shape.some + [6] * shape.many
        self.base = np.array([0.10, 0.20, 0.30, 0.25, 0.15])
        self.direction = np.array([-0.4, -0.6, 0.0, 0.6, 0.4])
        self.moves = np.zeros((len(self.kinds), shape.items, 8))
        for g, affected in enumerate(self.kinds):
            for i in range(shape.items):
                self.moves[g, i] = _moves(rng, affected, shape.effect)
        self.traits = rng.normal(0, 0.5, (8, 2))

    @cached_property
    def questionnaire(self) -> Questionnaire:
        items = tuple(
            Item(code=chr(97 + i), nl=f"stelling {i + 1}") for i in range(self.shape.items)
        )
        grids = [
            question(
                f"G{g + 1}",
                QuestionType.GRID,
                options=AGREE,
                nets=NETS,
                headline="eens",
                mean=True,
                items=items,
            )
            for g in range(len(self.kinds))
        ]
        return Questionnaire(questions=tuple(grids))

    def differs(self) -> dict[tuple[str, str], np.ndarray]:
        """Per table and row the true sign (8) of the difference with all others."""
        result = {}
        rows = {str(k + 1): np.eye(5)[k] for k in range(5)}
        rows |= {"eens": np.array([0, 0, 0, 1, 1]), "oneens": np.array([1, 1, 0, 0, 0])}
        rows["mean"] = np.arange(1, 6)
        for g in range(len(self.kinds)):
            for i in range(self.shape.items):
                number = f"G{g + 1}{chr(97 + i)}"
                for row, weights in rows.items():
                    change = self.moves[g, i] * float(weights @ self.direction)
                    result[number, row] = np.where(np.abs(change) < 1e-12, 0.0, np.sign(change))
        return result

    def fieldwork(self, rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, ...]:
        """Answers, margins (age, school) and profiles of `n` people, response by margins."""
        draw = rng.choice(8, 3 * n, p=SIZES)
        age = np.digitize(self.traits[draw, 0] + rng.normal(size=3 * n), (-0.8, 0, 0.8))
        school = np.digitize(self.traits[draw, 1] + rng.normal(size=3 * n), (-0.5, 0.5))
        chance = np.exp(0.25 * age - 0.3 * school)
        who = rng.choice(3 * n, n, p=chance / chance.sum())
        profile, age, school = draw[who], age[who], school[who]
        columns = {}
        for g in range(len(self.kinds)):
            shared = rng.normal(size=n)
            for i in range(self.shape.items):
                chances = self.base + self.moves[g, i][:, None] * self.direction
                cuts = np.cumsum(chances, axis=1)[:, :4]
                u = ndtr(0.7 * shared + np.sqrt(1 - 0.49) * rng.normal(size=n))
                codes = (u[:, None] > cuts[profile]).sum(axis=1)
                columns[f"G{g + 1}_{chr(97 + i)}"] = coded(codes, tuple("12345"))
        margins = pd.DataFrame({"age": pd.Categorical(age), "school": pd.Categorical(school)})
        return pd.DataFrame(columns), margins, pd.DataFrame({"profile": profile})

    @cached_property
    def targets(self) -> dict[str, dict[int, float]]:
        """Shares of age and school in the population."""
        below = ndtr(np.array([-0.8, 0.0, 0.8])[None] - self.traits[:, :1])
        age = np.diff(np.hstack([np.zeros((8, 1)), below, np.ones((8, 1))]), axis=1)
        below = ndtr(np.array([-0.5, 0.5])[None] - self.traits[:, 1:])
        school = np.diff(np.hstack([np.zeros((8, 1)), below, np.ones((8, 1))]), axis=1)
        return {
            "age": dict(enumerate((SIZES @ age).tolist())),
            "school": dict(enumerate((SIZES @ school).tolist())),
        }


def _moves(rng: np.random.Generator, affected: int, effect: float) -> np.ndarray:
    """How far each profile moves (8): `affected` of them, adding up to zero over people."""
    moves = np.zeros(8)
    if affected:
        who = rng.choice(8, affected, replace=False)
        size = rng.normal(0, effect, affected)
        size -= (size * SIZES[who]).sum() / SIZES[who].sum()
        # No move may take a chance below zero.
        moves[who] = size * min(1.0, 0.24 / np.abs(size).max())
    return moves


def _by_profile(rng: np.random.Generator, latent: np.ndarray) -> np.ndarray:
    values: np.ndarray = rng.permutation(np.linspace(-1.5, 1.5, 8))[latent]
    return values


def _effect(rng: np.random.Generator, traits: dict[str, np.ndarray]) -> np.ndarray:
    total: np.ndarray = np.zeros(len(next(iter(traits.values()))))
    for name, codes in traits.items():
        total += rng.normal(0, 0.35, LEVELS[name])[codes]
    return total


def _cut(
    values: np.ndarray, levels: int, rng: np.random.Generator, shares: tuple[float, ...] = ()
) -> np.ndarray:
    """Levels of a trait, of unequal size, by cutting a normal score."""
    if not shares:
        shares = tuple(np.cumsum(rng.dirichlet(np.full(levels, 8.0)))[:-1])
    else:
        shares = tuple(np.cumsum(shares))
    scale = values.std()
    return np.searchsorted(ndtri(np.array(shares)) * scale + values.mean(), values)
