"""A count of the fictional people by municipality and demographics: what is usual there."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from flows.definitions.questionnaire import Questionnaire
from flows.definitions.survey import Survey
from flows.simulation.belonging import Belonging
from flows.simulation.chance import FloatArray, IntArray, draw_rows, stream
from flows.simulation.margins import Answers, level_of
from flows.simulation.parameters import SimulationParameters
from flows.simulation.traits import draw_traits

BLOCK = 20_000
BLOCKS, BLOCKS_OF_MANY, MANY = 6, 15, 50  # of the census; more where many municipalities are
TABLE_PRIOR, PROFILE_PRIOR = 100.0, 20.0  # people as in places of the same urbanity, as everywhere


@dataclass(frozen=True, eq=False)
class Cells:
    """Combinations of the levels of the demographic variables; the last runs fastest.

    `levels`: codes per variable. `concomitant` (C,): the place of every cell among those D of
    the concomitants of the profile model alone.
    """

    variables: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    concomitant: IntArray

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(len(levels) for levels in self.levels)

    @property
    def count(self) -> int:
        return prod(self.sizes)

    @property
    def codes(self) -> IntArray:
        """(variables, C) the level of every variable in every cell."""
        return np.array(np.unravel_index(np.arange(self.count), self.sizes), dtype=np.intp)

    def of(self, questionnaire: Questionnaire, answers: Answers) -> tuple[IntArray, IntArray]:
        """(n, variables) everyone's levels, -1 unknown, and (n,) cells, -1 where one is."""
        levels = np.stack([level_of(questionnaire, v, answers) for v in self.variables], axis=1)
        cell = np.ravel_multi_index(tuple(np.maximum(levels, 0).T), self.sizes)
        return levels, np.where((levels < 0).any(axis=1), -1, cell).astype(np.intp)


@dataclass(frozen=True, eq=False)
class Census:
    """`table` (G, C): shares of the cells in every municipality, adding up to 1.

    `places` (n, 3), `municipality`, `cell` (n,): the people who were counted.
    """

    cells: Cells
    table: FloatArray
    places: FloatArray
    municipality: IntArray
    cell: IntArray

    def profiles(self, law: Belonging) -> FloatArray:
        """(G, D, K) P(profile | concomitants) per municipality, where no area differs further."""
        expected = law.of(self.places)
        k, d = expected.shape[1], int(self.cells.concomitant.max()) + 1
        at = self.cells.concomitant[self.cell]
        both = self.municipality * d + at
        groups = len(self.table)
        number = np.bincount(both, minlength=groups * d).reshape(groups, d, 1)
        sums = np.stack(
            [np.bincount(both, expected[:, i], minlength=groups * d) for i in range(k)], axis=1
        ).reshape(groups, d, k)
        usual = (sums.sum(axis=0) + expected.mean(axis=0)) / (number.sum(axis=0) + 1)
        given: FloatArray = (sums + PROFILE_PRIOR * usual) / (number + PROFILE_PRIOR)
        return given


def take_census(survey: Survey, parameters: SimulationParameters) -> Census:
    """Count people of the simulator's population; those with an unknown level are left out."""
    assert parameters.geography is not None
    cells = _cells(survey, tuple(parameters.geography.published))
    world = parameters.municipalities
    places, where, cell = [], [], []
    for block in range(BLOCKS_OF_MANY if len(world) > MANY else BLOCKS):
        rng = stream(parameters.seed, "census", str(block))
        traits = draw_traits(survey, parameters, BLOCK, rng)
        of = cells.of(survey.questionnaire, traits.answers)[1]
        known = of >= 0
        places.append(traits.places[known])
        where.append(traits.municipality[known])
        cell.append(of[known])
    municipality, at = np.concatenate(where), np.concatenate(cell)
    counts = np.bincount(municipality * cells.count + at, minlength=len(world) * cells.count)
    counts = counts.reshape(len(world), cells.count).astype(float)
    alike = np.array([place.urbanity for place in world])
    usual = np.stack([counts[alike == one].sum(axis=0) + 1e-3 for one in alike])
    usual /= usual.sum(axis=1, keepdims=True)
    table = (counts + TABLE_PRIOR * usual) / (counts.sum(axis=1, keepdims=True) + TABLE_PRIOR)
    return Census(cells, table, np.concatenate(places), municipality, at)


def _cells(survey: Survey, variables: tuple[str, ...]) -> Cells:
    levels = tuple(
        tuple(level.code for level in survey.questionnaire.levels(variable))
        for variable in variables
    )
    sizes = tuple(len(one) for one in levels)
    codes = np.unravel_index(np.arange(prod(sizes)), sizes)
    kept = [i for i, variable in enumerate(variables) if variable in survey.profiles.concomitants]
    concomitant = np.zeros(prod(sizes), dtype=np.intp)
    for i in kept:
        concomitant = concomitant * sizes[i] + codes[i]
    return Cells(variables, levels, concomitant)


def completed(
    census: Census, levels: IntArray, municipality: IntArray, rng: np.random.Generator
) -> IntArray:
    """(n,) the cells people are in; levels nobody was told are drawn given those that are."""
    unknown = np.flatnonzero((levels < 0).any(axis=1))
    told_cell = np.ravel_multi_index(tuple(np.maximum(levels, 0).T), census.cells.sizes)
    cell: IntArray = np.asarray(told_cell, dtype=np.intp)
    if len(unknown):
        told = levels[unknown, :, None]
        fits = ((told < 0) | (told == census.cells.codes[None])).all(axis=1)
        cell[unknown] = draw_rows(np.where(fits, census.table[municipality[unknown]], 0.0), rng)
    return cell
