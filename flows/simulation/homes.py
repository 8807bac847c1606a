"""Where people live, and what that makes of their profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flows.definitions.survey import Survey
from flows.simulation.belonging import Belonging
from flows.simulation.census import completed
from flows.simulation.chance import FloatArray, IntArray, TextArray, draw_rows, softmax, stream
from flows.simulation.territory import Territory
from flows.simulation.traits import Traits

NOBODY = -1


@dataclass(frozen=True, eq=False)
class Homes:
    """`pc6` (n,): everyone's place among the PC6 of the territory; `cell` (n,): demographics."""

    pc6: IntArray
    cell: IntArray


def settle(survey: Survey, territory: Territory, traits: Traits, name: str) -> Homes:
    """A home for everyone, among the people of the same demographics in the municipality.

    `name` tells populations apart.
    """
    rng = stream(territory.seed, "homes", name)
    levels = territory.census.cells.of(survey.questionnaire, traits.answers)[0]
    cell = completed(territory.census, levels, traits.municipality, rng)
    u = rng.random(len(cell))
    home = np.full(len(cell), NOBODY, dtype=np.intp)
    adults = territory.population(territory.last)[0]
    for m in np.unique(traits.municipality):
        rows = territory.rows(int(m))
        counts = territory.counts(int(m), territory.last, adults[rows])
        counts[:, counts.sum(axis=0) == 0] = adults[rows, None]
        people = np.flatnonzero(traits.municipality == m)
        for c in np.unique(cell[people]):
            own = people[cell[people] == c]
            steps = np.cumsum(counts[:, c])
            home[own] = rows[np.searchsorted(steps, u[own] * steps[-1], side="right")]
    return Homes(home, cell)


def at_home(
    territory: Territory,
    homes: Homes,
    municipality: IntArray,
    law: Belonging,
    expected: FloatArray,
    profile: IntArray,
    name: str,
) -> tuple[FloatArray, IntArray]:
    """Probabilities (n, K) and profiles (n,) of people, given also where they live.

    A person of profile k stays so with probability min(1, Q_k / P_k), P the probabilities of
    the person's demographics in the municipality and Q those with the residual of the PC6;
    others get one of the profiles that Q has more of. Among people of the same demographics in
    a PC6 the profiles then follow Q exactly, and as few people as possible have another profile
    than without (maximal coupling).
    """
    given = territory.census.profiles(law)
    cells = territory.census.cells
    before = given[municipality, cells.concomitant[homes.cell]]
    after = softmax(np.log(before) + territory.residual[homes.pc6])
    staying = np.minimum(after / before, 1.0)
    more = np.maximum(after - before, 0.0) + 1e-12
    more /= more.sum(axis=1, keepdims=True)
    rng = stream(territory.seed, "at home", name)
    stays = rng.random(len(profile)) < staying[np.arange(len(profile)), profile]
    other = draw_rows(more, rng)
    kept = expected * staying
    moved = kept + (1 - kept.sum(axis=1, keepdims=True)) * more
    return moved, np.where(stays, profile, other).astype(np.intp)


def told_postcodes(territory: Territory, homes: Homes, name: str) -> FloatArray:
    """(n,) the PC4 that people say they live in; a few have one of its last digits wrong."""
    rng = stream(territory.seed, "postcodes", name)
    postcode = territory.layout.pc4_code[territory.layout.pc4[homes.pc6]].astype(float)
    wrong = rng.random(len(postcode)) < territory.geography.wrong
    unit = 10.0 ** rng.integers(3, size=len(postcode))
    digit = np.floor(postcode / unit) % 10
    other = (digit + rng.integers(1, 10, size=len(postcode))) % 10
    return np.where(wrong, postcode + (other - digit) * unit, postcode)


def true_postcodes(territory: Territory | None, home: IntArray) -> dict[str, TextArray]:
    """The PC4 and PC6 people truly live in, where the world has postcodes."""
    if territory is None:
        return {}
    pc6 = territory.layout.pc6[home]
    return {"pc4": pc6.astype("U4").astype(object), "pc6": pc6}
