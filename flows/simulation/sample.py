"""Residents of the fictional world drawn at random, with their true profile."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flows.simulation.chance import draw_rows, softmax, stream
from flows.simulation.errors import SimulationError
from flows.simulation.territory import Territory
from flows.simulation.vintage import area_codes


def draw_residents(
    territory: Territory, profiles: tuple[str, ...], n: int, year: int, name: str = "sample"
) -> pd.DataFrame:
    """A simple random sample of n residents in `year`, one row each.

    Columns: the code of the PC6, PC4, wijk and municipality, of every demographic variable its
    level, and `profile`. `name` tells samples apart. Raises `SimulationError` for a year the
    geography does not have, and for more people than there are.
    """
    codes = area_codes(territory, year).of
    adults = territory.population(year)[0]
    if not 0 < n <= adults.sum():
        raise SimulationError(
            f"a sample of {n} cannot be drawn: the world has {adults.sum()} residents in {year}."
        )
    rng = stream(territory.seed, "sample", name, str(year))
    order = [territory.rows(m) for m in range(len(territory.layout.municipalities))]
    ends = np.cumsum([adults[rows].sum() for rows in order])
    chosen = np.sort(rng.choice(int(ends[-1]), size=n, replace=False))
    cells = territory.census.cells
    homes, of_cell, shares = [], [], []
    for m, rows in enumerate(order):
        start = ends[m - 1] if m else 0
        numbers = chosen[(chosen >= start) & (chosen < ends[m])] - start
        if not len(numbers):
            continue
        counts = territory.counts(m, year, adults[rows])
        spot = np.searchsorted(np.cumsum(counts.ravel()), numbers, side="right")
        row, cell = np.divmod(spot, cells.count)
        homes.append(rows[row])
        of_cell.append(cell)
        given = np.log(territory.given[m, cells.concomitant[cell]])
        shares.append(softmax(given + territory.residual[rows[row]]))
    home, cell = np.concatenate(homes), np.concatenate(of_cell)
    profile = draw_rows(np.concatenate(shares), rng)
    people = {level: codes[level][home] for level in ("pc6", "pc4", "wijk", "municipality")}
    for variable, levels, at in zip(cells.variables, cells.levels, cells.codes, strict=True):
        people[variable] = np.array(levels, dtype=object)[at[cell]]
    people["profile"] = np.array(profiles, dtype=object)[profile]
    return pd.DataFrame(people)
