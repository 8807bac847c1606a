"""Choosing among options: one, several, or a ranking, in wanted shares."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from flows.simulation.chance import BoolArray, FloatArray, IntArray
from flows.simulation.people import People

CALIBRATION_ROUNDS = 10


@dataclass(frozen=True)
class Choice:
    """One option or several: log-odds `intercepts + loadings x axes + hidden x hidden axes`.

    `several`: every option is a choice of its own, with at most `choose` chosen and
    `exclusive` ones ruling out the rest. Without it exactly one is chosen. `ranked`: the
    `choose` highest are put in order. `area`: (G + 1, options).
    """

    codes: tuple[str, ...]
    intercepts: FloatArray
    loadings: FloatArray
    hidden: FloatArray
    several: bool = False
    choose: int | None = None
    exclusive: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    ranked: bool = False
    area: FloatArray = field(default_factory=lambda: np.zeros((1, 1)))


def calibrated(choice: Choice, crowd: People, rng: np.random.Generator) -> Choice:
    """Intercepts under which the crowd chooses in the wanted shares, by fixed-point steps."""
    wanted = choice.intercepts
    if choice.choose is not None and (choice.ranked or wanted.sum() > choice.choose):
        wanted = np.clip(wanted * (choice.choose / wanted.sum()), 0.002, 0.998)
    elif not choice.several:
        wanted = wanted / wanted.sum()
    noise = option_noise(choice, len(crowd), rng)
    wanted_odds = _odds(wanted, choice)
    intercepts = wanted_odds.copy()
    result = choice
    for _ in range(CALIBRATION_ROUNDS):
        result = replace(choice, intercepts=intercepts)
        chosen = choose_options(result, crowd.axes, crowd.hidden, noise)
        reached = np.clip(chosen.mean(axis=0), 0.001, 0.999)
        intercepts = intercepts + wanted_odds - _odds(reached, choice)
    return result


def _odds(shares: FloatArray, choice: Choice) -> FloatArray:
    """Log-odds of options chosen apart; logs where they compete, as in a multinomial logit."""
    odds: FloatArray = np.log(shares) - (np.log1p(-shares) if choice.several else 0.0)
    return odds


def option_noise(choice: Choice, n: int, rng: np.random.Generator) -> FloatArray:
    """(n, options): logistic for options chosen apart, Gumbel where they compete."""
    shape = (n, len(choice.codes))
    return rng.logistic(size=shape) if choice.several else rng.gumbel(size=shape)


def choose_options(
    choice: Choice, axes: FloatArray, hidden: FloatArray, noise: FloatArray
) -> BoolArray:
    """(n, options) which options each person chooses; for a ranking, those ranked."""
    return chosen_at(choice, utility_of(choice, axes, hidden, noise))


def utility_of(
    choice: Choice, axes: FloatArray, hidden: FloatArray, noise: FloatArray
) -> FloatArray:
    """(n, options) how much each person likes each option."""
    liked: FloatArray = axes @ choice.loadings.T + hidden @ choice.hidden.T
    return choice.intercepts + liked + noise


def chosen_at(choice: Choice, utility: FloatArray) -> BoolArray:
    """(n, options) the options chosen at these utilities."""
    if not choice.several:
        best = utility.argmax(axis=1)
        return np.asarray(np.arange(len(choice.codes)) == best[:, None])
    chosen = np.ones(utility.shape, dtype=bool) if choice.ranked else utility > 0
    none = ~chosen.any(axis=1)
    if none.any():
        chosen[none, utility[none].argmax(axis=1)] = True
    if choice.exclusive.any():
        alone = chosen[:, choice.exclusive].any(axis=1)
        best = np.where(choice.exclusive, utility, -np.inf).argmax(axis=1)
        chosen[alone] = np.arange(len(choice.codes)) == best[alone, None]
    if choice.choose is not None and choice.choose < len(choice.codes):
        chosen &= ranks_of(np.where(chosen, utility, -np.inf)) < choice.choose
    return chosen


def ranks_of(utility: FloatArray) -> IntArray:
    """Row-wise ranks, 0 for the highest."""
    return np.argsort(np.argsort(-utility, axis=1, kind="stable"), axis=1, kind="stable")
