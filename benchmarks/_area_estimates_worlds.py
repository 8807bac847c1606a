"""Worlds with a known truth of what every area answers; their parameters set no constant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import expit

SIZES = (6, 3, 3)
CELLS = int(np.prod(SIZES))
PROFILES = 8
CODES = np.unravel_index(np.arange(CELLS), SIZES)
LEVELS = tuple(np.eye(size)[code] for size, code in zip(SIZES, CODES, strict=True))
MAIN = np.hstack(LEVELS)


@dataclass(frozen=True)
class Plan:
    """A family of worlds. Ranges are drawn from for every answer; sds are in log-odds.

    `area`: what municipalities have of their own; `urban`: slope on urbanity; `profile`,
    `demographic`: what they do; `by_profile`: the area's effect differs per profile; `crossed`:
    interactions of demographics, and of age with profile, that the regression does not know;
    `common`: part of the area effects' variance that all answers share; `tails`: degrees of
    freedom of area effects; `hit`: how sharply people are typed; `typing`; `proxy`: correlation
    of the covariate that is given with urbanity; `fewer`: correlation of the area effect with
    response; `composition`: error of the log-odds of profile shares that are given; `place`:
    sd of postcodes within municipalities, as a multiple of the municipalities' own.
    """

    name: str
    area: tuple[float, float] = (0.15, 0.45)
    urban: tuple[float, float] = (-0.3, 0.3)
    level: tuple[float, float] = (-1.5, 1.5)
    profile: tuple[float, float] = (0.2, 0.8)
    demographic: tuple[float, float] = (0.1, 0.4)
    by_profile: float = 0.0
    crossed: float = 0.0
    common: float = 0.0
    tails: float = 0.0
    typing: str = "calibrated"
    proxy: float = 0.8
    selection: float = 0.4
    composition: float = 0.1
    place: float = 0.8
    mean: bool = False


PLANS = (
    Plan("areas differ by .15-.45"),
    Plan("areas differ little (.02-.10)", area=(0.02, 0.10)),
    Plan("areas differ much (.45-.80)", area=(0.45, 0.80)),
    Plan("strong urban slope, not given", urban=(-0.5, 0.5), proxy=0.0),
    Plan("effect of the area differs by profile", by_profile=0.3),
    Plan("interactions that the model lacks", crossed=0.4),
    Plan("area effects shared by all answers", common=0.7),
    Plan("heavy tails (t, 4 degrees)", tails=4.0),
    Plan("23% of labels at random, told as sure", typing="wrong"),
    Plan("strong selection, strong profiles", selection=0.9, profile=(0.6, 1.2)),
    Plan("rare and common answers (3-10%)", level=(-3.2, -2.2)),
    Plan("means", mean=True),
)


@dataclass(frozen=True, eq=False)
class World:
    """M areas. `people` (M, C, K): who lives there, adding up to one; `given`: as an area run
    would tell it, with `variance` (M, K) of the profile shares; `residents` (M,); `covariates`
    (M, 2); `truth` (M, H); answers `y` (n, H) of people in `cell`, `profile` (n, K) as typed, of
    `area`, `place` and `weight` (n,). `region` (Z,) of the places, their `share` of its people
    and `place_truth` (Z, H)."""

    people: np.ndarray
    given: np.ndarray
    variance: np.ndarray
    residents: np.ndarray
    covariates: np.ndarray
    truth: np.ndarray
    y: np.ndarray
    cell: np.ndarray
    profile: np.ndarray
    area: np.ndarray
    place: np.ndarray
    weight: np.ndarray
    region: np.ndarray
    share: np.ndarray
    place_truth: np.ndarray
    kind: str
    hit: float


def draw(plan: Plan, n: int, answers: int, seed: int, areas: int = 342) -> World:
    rng = np.random.default_rng([seed, 17])
    residents = np.maximum(np.exp(rng.normal(10.2, 0.9, areas)), 800.0)
    size = _standard(np.log(residents))
    urban = _standard(0.7 * size + 0.7 * rng.normal(size=areas))
    people = _composition(rng, urban, areas)
    given, variance = _as_told(rng, people, plan.composition)
    propensity = np.exp(
        plan.selection * rng.normal(size=PROFILES)[None, :]
        + (MAIN @ rng.normal(0, 0.25, MAIN.shape[1]))[:, None]
    )
    chance = residents[:, None, None] * people * propensity
    drawn = rng.choice(chance.size, n, p=(chance / chance.sum()).ravel())
    area, cell, true = np.unravel_index(drawn, chance.shape)
    nation = np.einsum("m,mck->ck", residents / residents.sum(), people)
    typed, hit = _typed(rng, plan, nation, cell, true)
    weight = _weights(nation.sum(axis=1), cell)
    proxy = _standard(plan.proxy * urban + np.sqrt(1 - plan.proxy**2) * rng.normal(size=areas))
    shared = _effects(rng, plan, areas)
    region, share = _places(rng, residents)
    place = _living(rng, region, share, area)
    truth, y = np.empty((areas, answers)), np.empty((n, answers))
    place_truth = np.empty((len(region), answers))
    for h in range(answers):
        tau = rng.uniform(*plan.area)
        own = _effects(rng, plan, areas)
        effect = tau * (np.sqrt(plan.common) * shared + np.sqrt(1 - plan.common) * own)
        effect = effect + rng.uniform(*plan.urban) * urban
        inside = (
            rng.uniform(*plan.level)
            + (MAIN @ rng.normal(0, rng.uniform(*plan.demographic), MAIN.shape[1]))[:, None]
            + rng.normal(0, rng.uniform(*plan.profile), PROFILES)
        )
        if plan.crossed:
            inside = inside + rng.normal(0, plan.crossed, (6, 3))[CODES[0], CODES[1]][:, None]
            inside = inside + rng.normal(0, plan.crossed, (6, PROFILES))[CODES[0]]
        by_profile = rng.normal(0, plan.by_profile, (areas, 1, PROFILES)) if plan.by_profile else 0
        eta = effect[:, None, None] + inside + by_profile
        at = rng.normal(0, plan.place * tau, len(region))
        for j, m in enumerate(region):
            told = eta[m] + at[j]
            place_truth[j, h] = (people[m] * (told if plan.mean else expit(told))).sum()
        own = eta[area, cell, true] + at[place]
        if plan.mean:
            y[:, h] = np.clip(np.round(2 * (own + rng.logistic(size=n)) + 6), -20, 30)
            place_truth[:, h] = 2 * place_truth[:, h] + 6
        else:
            y[:, h] = rng.random(n) < expit(own)
        truth[:, h] = np.bincount(region, share * place_truth[:, h], areas)
    return World(
        people, given, variance, residents, np.column_stack([size, proxy]), truth, y, cell, typed,
        area, place, weight, region, share, place_truth, "mean" if plan.mean else "share", hit,
    )  # fmt: skip


def _places(rng: np.random.Generator, residents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Postcodes of about 4,000 residents: their municipality, and their part of its people."""
    number = np.maximum(np.rint(residents / 4000), 1).astype(int)
    region = np.repeat(np.arange(len(residents)), number)
    size = rng.lognormal(0, 0.6, len(region))
    return region, size / np.bincount(region, size)[region]


def _living(
    rng: np.random.Generator, region: np.ndarray, share: np.ndarray, area: np.ndarray
) -> np.ndarray:
    """A postcode (n,) in everybody's municipality."""
    ends = np.cumsum(share)
    before = np.concatenate([[0.0], ends])[np.searchsorted(region, area)]
    return np.minimum(
        np.searchsorted(ends, before + rng.random(len(area)) * 0.999999), len(region) - 1
    )


def _effects(rng: np.random.Generator, plan: Plan, areas: int) -> np.ndarray:
    if plan.tails:
        return rng.standard_t(plan.tails, areas) / np.sqrt(plan.tails / (plan.tails - 2))
    return rng.normal(size=areas)


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def _composition(rng: np.random.Generator, urban: np.ndarray, areas: int) -> np.ndarray:
    log_cell = rng.normal(0, 0.3, CELLS) + MAIN @ rng.normal(0, 0.3, MAIN.shape[1])
    tilt = rng.normal(0, 0.2, (areas, MAIN.shape[1])) + np.outer(
        urban, rng.normal(0, 0.15, MAIN.shape[1])
    )
    cells = np.exp(log_cell + tilt @ MAIN.T)
    cells /= cells.sum(axis=1, keepdims=True)
    logit = MAIN @ rng.normal(0, 0.7, (MAIN.shape[1], PROFILES)) + rng.normal(0, 0.3, PROFILES)
    profile = np.exp(logit[None] + rng.normal(0, 0.2, (areas, 1, PROFILES)))
    profile /= profile.sum(axis=2, keepdims=True)
    return cells[:, :, None] * profile


def _as_told(
    rng: np.random.Generator, people: np.ndarray, error: float
) -> tuple[np.ndarray, np.ndarray]:
    """With errors in the profiles' log-odds, and the variance they give to the shares."""
    areas = len(people)
    cells = people.sum(axis=2, keepdims=True)
    given = people * np.exp(rng.normal(0, error, (areas, 1, PROFILES)))
    given *= cells / given.sum(axis=2, keepdims=True)
    p = given.sum(axis=1)
    inside = given / cells
    pairs = np.einsum("mck,mcl,mc->mkl", inside, inside, cells[:, :, 0])
    moves = -pairs
    k = np.arange(PROFILES)
    moves[:, k, k] += p
    return given, error**2 * (moves**2).sum(axis=2)


def _typed(
    rng: np.random.Generator, plan: Plan, nation: np.ndarray, cell: np.ndarray, true: np.ndarray
) -> tuple[np.ndarray, float]:
    """Probabilities by answers and demographics, the likeliest right for about 77%."""
    n = len(true)
    prior = nation / nation.sum(axis=1, keepdims=True)
    seen = true
    if plan.typing == "wrong":
        seen = np.where(rng.random(n) < 0.23, rng.integers(0, PROFILES, n), true)
        return np.eye(PROFILES)[seen], float((seen == true).mean())
    signal = 2.1
    scores = rng.normal(size=(n, PROFILES))
    scores[np.arange(n), seen] += signal
    log = np.log(prior[cell]) + signal * scores
    r = np.exp(log - log.max(axis=1, keepdims=True))
    r /= r.sum(axis=1, keepdims=True)
    return r, float((r.argmax(axis=1) == true).mean())


def _weights(nation: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """By age and education together, as a weighted survey has them."""
    group = (CODES[0] * 3 + CODES[1])[cell]
    target = np.bincount(CODES[0] * 3 + CODES[1], nation, 18)
    found = np.bincount(group, minlength=18) / len(cell)
    return (target / np.maximum(found, 1e-12))[group]


def with_areas(plan: Plan, **changes: Any) -> Plan:
    return replace(plan, **changes)
