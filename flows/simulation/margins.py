"""A population whose margins are the targets of the weighting plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.definitions.questionnaire import Questionnaire
from flows.definitions.weighting_plan import WeightingPlan
from flows.simulation.chance import FloatArray, IntArray
from flows.simulation.errors import SimulationError

Answers = dict[str, NDArray[Any]]
"""Per question the answers of people: option codes (object), or numbers."""


@dataclass(frozen=True)
class PopulationMargin:
    """A margin of the population: levels, target shares, each person's level (-1: none)."""

    variable: str
    levels: tuple[str, ...]
    targets: FloatArray
    of: IntArray


def questions_under(questionnaire: Questionnaire, variable: str) -> tuple[str, ...]:
    """The questions a variable is made of in the end."""
    derived = questionnaire.derived_variable(variable)
    if derived is None:
        return (variable,)
    return tuple(code for part in derived.of for code in questions_under(questionnaire, part))


def options_under(questionnaire: Questionnaire, variable: str) -> set[str]:
    """The options that have a level in `variable`, as `question/option`."""
    derived = questionnaire.derived_variable(variable)
    if derived is None:
        options = questionnaire.question(variable).substantive
        return {f"{variable}/{option.code}" for option in options}
    if derived.kind == "recode":
        part = derived.of[0]
        used = {code for level in derived.levels for code in level.options}
        return {f"{part}/{code}" for code in used}
    return set().union(*(options_under(questionnaire, part) for part in derived.of))


def level_of(questionnaire: Questionnaire, variable: str, answers: Answers) -> IntArray:
    """Each person's level of a question or derived variable by position; -1 without one."""
    derived = questionnaire.derived_variable(variable)
    levels = questionnaire.levels(variable)
    if derived is None:
        given = answers[variable]
        index = np.full(len(given), -1, dtype=np.intp)
        for i, level in enumerate(levels):
            index[given == level.code] = i
        return index
    if derived.kind == "cross":
        first, second = (level_of(questionnaire, part, answers) for part in derived.of)
        width = len(questionnaire.levels(derived.of[1]))
        return np.where((first < 0) | (second < 0), -1, first * width + second).astype(np.intp)
    part = derived.of[0]
    if derived.kind == "bands":
        numbers = answers[part]
        index = np.full(len(numbers), -1, dtype=np.intp)
        for i, band in enumerate(derived.levels):
            low = -np.inf if band.low is None else band.low
            high = np.inf if band.high is None else band.high
            index[(numbers >= low) & (numbers <= high)] = i
        return index
    codes = [level.code for level in questionnaire.levels(part)]
    new = np.full(len(codes) + 1, -1, dtype=np.intp)
    for i, level in enumerate(derived.levels):
        for option in level.options:
            new[codes.index(option)] = i
    recoded: IntArray = new[level_of(questionnaire, part, answers)]
    return recoded


def population_margins(
    questionnaire: Questionnaire, plan: WeightingPlan, answers: Answers
) -> tuple[PopulationMargin, ...]:
    """The margins of `plan` that are made of the traits in `answers`."""
    margins = []
    for margin in plan.margins:
        under = questions_under(questionnaire, margin.variable)
        if not all(code in answers for code in under):
            continue
        levels = tuple(level.code for level in questionnaire.levels(margin.variable))
        targets = np.array([margin.targets[level] for level in levels], dtype=float)
        of = level_of(questionnaire, margin.variable, answers)
        margins.append(PopulationMargin(margin.variable, levels, targets / targets.sum(), of))
    return tuple(margins)


def rake(margins: tuple[PopulationMargin, ...], n: int, sweeps: int = 60) -> FloatArray:
    """Weights with mean 1 under which n people meet every margin; without a level: untouched."""
    weights: FloatArray = np.ones(n)
    for margin in margins:
        counts = np.bincount(margin.of[margin.of >= 0], minlength=len(margin.levels))
        for level, count, target in zip(margin.levels, counts, margin.targets, strict=True):
            if target > 0 and count == 0:
                raise SimulationError(
                    f"{margin.variable}: no simulated person can have level {level}. "
                    "Check that every level of a weighting margin follows from the questions "
                    "named under demographics in simulation.yaml."
                )
    for _ in range(sweeps):
        worst = 0.0
        for margin in margins:
            sums = np.bincount(margin.of + 1, weights=weights, minlength=len(margin.levels) + 1)
            want = margin.targets * sums[1:].sum()
            factors = np.ones(len(margin.levels) + 1)
            np.divide(want, sums[1:], out=factors[1:], where=sums[1:] > 0)
            weights *= factors[margin.of + 1]
            worst = max(worst, float(np.abs(factors[1:] - 1).max()))
        if worst < 1e-8:
            break
    scaled: FloatArray = weights * (n / weights.sum())
    return scaled


def systematic(
    weights: FloatArray,
    margins: tuple[PopulationMargin, ...],
    n: int,
    rng: np.random.Generator,
) -> IntArray:
    """Draw n people with expected count proportional to weight.

    Systematic over people sorted by their margins, so that the margins of the draw keep to
    the targets far closer than a random draw would.
    """
    order = rng.permutation(len(weights))
    if margins:
        order = order[np.lexsort([margin.of[order] for margin in reversed(margins)])]
    steps = np.cumsum(weights[order]) / weights.sum() * n
    index = np.searchsorted(steps, np.arange(n) + rng.random(), side="right")
    return order[np.minimum(index, len(order) - 1)].astype(np.intp)
