"""Seeded weighting problems: respondents with correlated traits, and what to weight them to.

Two problems. `national`: six margins of 14, 7, 12, 5, 3 and 12 levels. `local`: 342
municipalities of very different size, each with its own targets on four margins of 8, 4, 3 and
2 levels. Margins and levels are codes, as a definition has them. Traits depend on each other,
people respond unequally by trait and by combinations of traits, and base weights differ.
Targets are whole numbers of inhabitants per level, the same sum in every margin. They are made
from these very respondents and their true chance to respond, so that weights that meet them
exist at any size.

A problem travels to the processes that are timed as one file of numbers, so that all of them
weight exactly the same people whatever versions they run.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

MUNICIPALITIES = 342
MUNICIPALITY = "municipality"
BASE = "weight"
ADULTS = 14_600_000
SMALLEST = 110
"""Respondents in the smallest municipality; a scheme would join smaller ones to another."""

AGES = ["18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-99"]
EDUCATION = ["basisonderwijs", "vmbo", "havo_vwo", "mbo_2-4", "hbo", "wo_bachelor", "wo_master"]
PROVINCES = {
    "Groningen": 3.4, "Fryslan": 3.7, "Drenthe": 2.8, "Overijssel": 6.7, "Flevoland": 2.5,
    "Gelderland": 12.1, "Utrecht": 7.8, "Noord-Holland": 16.7, "Zuid-Holland": 21.3,
    "Zeeland": 2.2, "Noord-Brabant": 14.8, "Limburg": 6.4,
}  # fmt: skip
HOUSEHOLDS = ["alleenstaand", "paar", "paar_met_kinderen", "ouder_met_kinderen", "overig"]
ORIGINS = ["Nederland", "Europa", "buiten_Europa"]
VOTES = [f"partij_{letter}" for letter in "ABCDEFGHIJ"] + ["blanco_of_anders", "niet_gestemd"]


@dataclass(frozen=True, eq=False)
class Problem:
    """`codes[margin]`: (n,) index into `levels[margin]`. `base`: (n,) base weights.

    `totals[margin]`: (levels,) inhabitants; with `groups`, the municipality of each respondent
    as an index, `totals[margin]` is (groups, levels).
    """

    levels: dict[str, list[str]]
    codes: dict[str, np.ndarray]
    totals: dict[str, np.ndarray]
    base: np.ndarray
    groups: np.ndarray | None = None
    group_names: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return len(self.base)

    @property
    def margins(self) -> list[str]:
        return list(self.levels)

    def frame(self, form: str) -> pd.DataFrame:
        """The respondents as a user has them; `form`: `category` or `str` columns."""
        columns: dict[str, Any] = {
            name: pd.Categorical.from_codes(self.codes[name], self.levels[name])
            for name in self.margins
        }
        if self.groups is not None:
            columns[MUNICIPALITY] = pd.Categorical.from_codes(self.groups, list(self.group_names))
        frame = pd.DataFrame(columns)
        if form == "str":
            frame = frame.astype("str")
        return frame.assign(**{BASE: self.base})

    def numbers(self) -> dict[str, np.ndarray]:
        """The same with the level numbers in place of their names."""
        columns = {**self.codes, BASE: self.base}
        return columns if self.groups is None else {**columns, MUNICIPALITY: self.groups}

    def targets(self) -> dict[str, Any]:
        """`{margin: {level: inhabitants}}`, or that for every municipality."""
        if self.groups is None:
            return self._targets(self.totals)
        return {
            name: self._targets({margin: t[i] for margin, t in self.totals.items()})
            for i, name in enumerate(self.group_names)
        }

    def number_targets(self) -> dict[Any, Any]:
        """`targets` by level numbers."""
        if self.groups is None:
            return {m: dict(enumerate(t.tolist())) for m, t in self.totals.items()}
        return {
            i: {m: dict(enumerate(t[i].tolist())) for m, t in self.totals.items()}
            for i in range(len(self.group_names))
        }

    def _targets(self, totals: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
        return {
            margin: dict(zip(self.levels[margin], totals[margin].tolist(), strict=True))
            for margin in self.margins
        }

    def population(self) -> np.ndarray:
        """Inhabitants in all, () or (groups,)."""
        return np.asarray(next(iter(self.totals.values())).sum(axis=-1))

    def margin_error(self, weights: np.ndarray) -> float:
        """The largest |weighted total / target - 1|, counted here and not by who weighted."""
        worst = 0.0
        for margin, target in self.totals.items():
            levels = target.shape[-1]
            key = self.codes[margin].astype(np.intp)
            if self.groups is not None:
                key = self.groups.astype(np.intp) * levels + key
            reached = np.bincount(key, weights, target.size).reshape(target.shape)
            worst = max(worst, float(np.max(np.abs(reached / target - 1))))
        return worst if np.isfinite(weights).all() else float("nan")

    def to_population(self, weights: np.ndarray) -> np.ndarray:
        """Weights of a tool that only knows shares, made to add up to the inhabitants."""
        if self.groups is None:
            return np.asarray(weights * (self.population() / weights.sum()))
        sums = np.bincount(self.groups, weights, len(self.group_names))
        return np.asarray(weights * (self.population() / sums)[self.groups])

    def save(self, path: Path) -> None:
        meta = {"levels": self.levels, "group_names": self.group_names}
        arrays = {f"codes:{m}": c for m, c in self.codes.items()}
        arrays |= {f"totals:{m}": t for m, t in self.totals.items()}
        if self.groups is not None:
            arrays["groups"] = self.groups
        np.savez(path, meta=np.array(json.dumps(meta)), base=self.base, **arrays)

    @classmethod
    def load(cls, path: Path) -> Problem:
        with np.load(path) as stored:
            meta = json.loads(str(stored["meta"]))
            return cls(
                meta["levels"],
                {m: stored[f"codes:{m}"] for m in meta["levels"]},
                {m: stored[f"totals:{m}"] for m in meta["levels"]},
                stored["base"],
                stored.get("groups"),
                tuple(meta["group_names"]),
            )


def national(n: int, seed: int = 20_26) -> Problem:
    """Six margins, 53 levels; cyclic raking needs about 20 sweeps to 1e-6."""
    rng = np.random.default_rng([seed, n])
    age = _draw(rng, np.tile([0.11, 0.16, 0.15, 0.16, 0.17, 0.14, 0.11], (n, 1)))
    sex = rng.integers(0, 2, n)
    province = _draw(rng, np.tile(list(PROVINCES.values()), (n, 1)))
    urban = np.isin(province, [6, 7, 8])
    origin = _draw(
        rng,
        np.exp(
            np.array([2.0, 0.1, 0.5]) + _line(-0.28, age, [0, 1, 1]) + _line(0.8, urban, [0, 1, 1])
        ),
    )
    education = _draw(
        rng,
        np.exp(
            -0.16
            * (
                np.arange(7)
                - (4.6 - 0.42 * age[:, None] + 1.3 * urban[:, None] - 0.9 * (origin == 2)[:, None])
            )
            ** 2
        ),
    )
    household = _draw(
        rng,
        np.exp(
            np.array([0.5, 0.6, 0.5, -1.0, -2.0])
            + _line(0.3, age - 3, [0.8, 1.8, -0.9, -0.5, -1])
            + _line(-0.45, (age - 2.5) ** 2 - 4, [0, 0, 1, 0.7, 0])
        ),
    )
    spectrum = np.linspace(-1.6, 1.6, 12)
    view = (0.8 * (education - 3) / 2 + 0.5 * urban - 0.25 * (age - 3) + 0.5 * (origin == 2)
            + 0.3 * (household == 0) - 0.2 * (household == 2))  # fmt: skip
    vote = _draw(
        rng,
        np.exp(
            -1.1 * (spectrum - view[:, None]) ** 2
            + np.array([0.4, 0.1, 0, 0.3, 0, -0.2, 0.2, 0, -0.4, -0.3, -1.2, 0.8])
            - _line(0.25, education - 3, np.eye(12)[11])
        ),
    )
    codes = {
        "age_sex": age * 2 + sex,
        "education": education,
        "province": province,
        "household": household,
        "origin": origin,
        "vote": vote,
    }
    levels = {
        "age_sex": [f"{letter}_{a}" for a in AGES for letter in ("man", "vrouw")],
        "education": EDUCATION,
        "province": list(PROVINCES),
        "household": HOUSEHOLDS,
        "origin": ORIGINS,
        "vote": VOTES,
    }
    # Who is left out more: the young, low education, other origins, non-voters; and the young
    # among the low educated more than both together say, so that no margin tells all.
    reluctance = (
        -0.10 * (age - 3) - 0.16 * (education - 3) + 0.35 * (origin > 0) + 0.55 * (vote == 11)
        + 0.25 * (household == 3) + 0.25 * (age < 2) * (education < 3) + 0.1 * sex * urban
        + rng.normal(0, 0.15, n)
    )  # fmt: skip
    base = np.where(urban, 0.8, 1.15) * np.round(rng.gamma(8, 1 / 8, n) + 0.3, 3)
    inhabitants = base * np.exp(reluctance)
    inhabitants *= ADULTS / inhabitants.sum()
    base = np.round(base * (ADULTS / base.sum()), 2)
    small = {name: code.astype(np.int8) for name, code in codes.items()}
    totals = {
        name: _whole(np.bincount(codes[name], inhabitants, len(levels[name]))) for name in codes
    }
    return Problem(levels, small, totals, base)


def local(n: int, seed: int = 20_26) -> Problem:
    """342 municipalities from 110 respondents up, four margins of 17 levels each."""
    rng = np.random.default_rng([seed, n, MUNICIPALITIES])
    municipalities = min(MUNICIPALITIES, n // 150)
    inhabitants = np.exp(rng.normal(10.4, 0.8, municipalities))
    spare = rng.multinomial(n - municipalities * SMALLEST, inhabitants / inhabitants.sum())
    groups = np.repeat(np.arange(municipalities), spare + SMALLEST)
    character = rng.normal(0, 0.35, (municipalities, 3))[groups]
    age = _draw(
        rng, np.exp(np.array([-0.1, 0, 0, 0.1]) + _line(1, character[:, 0], [-0.7, 0, 0.2, 0.6]))
    )
    sex = rng.integers(0, 2, n)
    education = _draw(
        rng,
        np.exp(-0.5 * (np.arange(4) - (1.8 - 0.3 * (age[:, None] - 1.5) + character[:, 1:2])) ** 2),
    )
    household = _draw(
        rng, np.exp(np.array([0, 0.3, 0.1]) + _line(0.4, age - 1.5, [0.1, 0.7, -0.8]))
    )
    origin = _draw(
        rng, np.exp(np.array([1.2, 0]) + _line(1, character[:, 2] - 0.2 * (age - 1.5), [0, 1]))
    )
    codes = {"age_sex": age * 2 + sex, "education": education, "household": household,
             "origin": origin}  # fmt: skip
    levels = {
        "age_sex": [f"{letter}_{a}" for a in ("18-34", "35-49", "50-64", "65-99")
                        for letter in ("man", "vrouw")],
        "education": ["laag", "midden", "hoog", "wetenschappelijk"],
        "household": ["alleenstaand", "paar", "gezin"],
        "origin": ["Nederland", "elders"],
    }  # fmt: skip
    # Every level is answered at least twice in every municipality, as a scheme would see to.
    first = np.searchsorted(groups, np.arange(municipalities))
    for name in codes:
        size = len(levels[name])
        for place in range(2 * size):
            codes[name][first + place] = place % size
    reluctance = (
        0.25 * character[:, 0] * (age - 1.5) - 0.2 * (education - 1.5) + 0.35 * origin
        - 0.1 * (age - 1.5) + rng.normal(0, 0.15, n)
    )  # fmt: skip
    base = np.round(rng.gamma(8, 1 / 8, n) + 0.3, 3)
    people = base * np.exp(reluctance)
    people *= (np.round(inhabitants) / np.bincount(groups, people))[groups]
    order = rng.permutation(n)  # a file is not sorted by municipality
    totals = {
        name: np.array([
            _whole(np.bincount(codes[name][rows], people[rows], len(levels[name])))
            for rows in np.split(np.arange(n), first[1:])
        ])
        for name in codes
    }  # fmt: skip
    return Problem(
        levels,
        {name: code[order].astype(np.int8) for name, code in codes.items()},
        totals,
        base[order],
        groups[order].astype(np.int16),
        tuple(f"GM{1000 + i}" for i in range(municipalities)),
    )


def _draw(rng: np.random.Generator, chances: np.ndarray) -> np.ndarray:
    """One level per row, given (n, levels) relative chances."""
    cumulative = np.cumsum(chances, axis=1)
    point = rng.random(len(chances))[:, None] * cumulative[:, -1:]
    return np.asarray((point > cumulative).sum(axis=1))


def _line(slope: float, trait: np.ndarray, per_level: Any) -> np.ndarray:
    return np.asarray(slope * np.asarray(trait, float)[:, None] * np.asarray(per_level, float))


def _whole(totals: np.ndarray) -> np.ndarray:
    """Whole numbers with the rounded sum, by largest remainder; none below 1."""
    low = np.maximum(np.floor(totals), 1)
    left = round(float(totals.sum() - low.sum()))
    low[np.argsort(low - totals)[:left]] += 1
    return low
