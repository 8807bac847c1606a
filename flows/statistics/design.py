"""The design of a sample: strata, clusters and the finite population, as R survey has them.

With z the weighted contribution of a person (after calibration its residual), h a stratum of
n_h clusters (people, where there are no clusters) out of N_h in the population,

    V = sum_h f_h n_h / (n_h - 1) sum_c (z_hc - mean_h)^2      f_h = (N_h - n_h) / N_h, or 1

where z_hc is the sum over the people of a cluster. Somebody outside a domain counts with zero
and stays in the design. A stratum with one cluster is centred at zero instead of its mean, with
the factor f_h (the rule `adjust` of R survey).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SampleDesign:
    """How a sample was drawn; each part per person (n), or None where there is none.

    `strata`: label of the stratum. `clusters`: label of the cluster; labels need only differ
    within a stratum. `population`: the number of clusters (people, without clusters) in the
    population of the person's stratum, for the finite population correction.
    """

    strata: ArrayLike | None = None
    clusters: ArrayLike | None = None
    population: ArrayLike | None = None


@dataclass(frozen=True, eq=False)
class Units:
    """What the variance of a design is summed over: clusters, or people in their strata.

    `stratum` (n) and `unit` (n): numbers of everybody's stratum and unit; `unit` is None
    without clusters, when everybody is a unit. `factor` (H): f_h n_h / (n_h - 1) of every
    stratum, f_h for a lonely one. `centring` (H): what the squared sum of a stratum is taken
    off with, the factor over n_h; 0 for a lonely one. `home`: the stratum of every unit.
    """

    n: int
    stratum: Ints
    unit: Ints | None
    factor: Floats
    centring: Floats
    home: Ints = field(repr=False)

    @property
    def degrees_of_freedom(self) -> int:
        """Units less strata."""
        return len(self.home) - len(self.factor)

    @property
    def is_plain(self) -> bool:
        """Whether there is one stratum, without clusters and without correction."""
        return (
            self.unit is None
            and len(self.factor) == 1
            and self.n > 1
            and bool(self.factor[0] == self.n / (self.n - 1))
        )

    def degrees_among(self, used: NDArray[np.bool_]) -> int:
        """Units less strata, counted over the people used (n)."""
        units = np.flatnonzero(used) if self.unit is None else np.unique(self.unit[used])
        return len(units) - len(np.unique(self.stratum[used]))


def units_of(design: SampleDesign | None, n: int) -> Units:
    """The units of a sample of n people; without a design everybody is one, in one stratum.

    Raises ValueError when a part has another length, a label is missing, or a population is
    smaller than its sample or differs within a stratum.
    """
    strata, clusters, population = (
        (None, None, None)
        if design is None
        else (design.strata, design.clusters, design.population)
    )
    stratum = np.zeros(n, dtype=np.int64) if strata is None else _numbers(strata, n, "strata")
    unit = None
    home = stratum
    if clusters is not None:
        label = _numbers(clusters, n, "clusters")
        pair = stratum * (int(label.max(initial=0)) + 1) + label
        _, first, unit = np.unique(pair, return_index=True, return_inverse=True)
        unit, home = unit.astype(np.int64), stratum[first]
    h = int(stratum.max(initial=-1)) + 1
    size = np.bincount(home, minlength=h).astype(np.float64)
    factor = np.where(size > 1, size / np.maximum(size - 1, 1), 1.0)
    if population is not None:
        factor = factor * _correction(population, stratum, size)
    return Units(
        n=n,
        stratum=stratum,
        unit=unit,
        factor=factor,
        centring=np.where(size > 1, factor / np.maximum(size, 1), 0.0),
        home=home,
    )


def _numbers(labels: ArrayLike, n: int, what: str) -> Ints:
    codes, _ = pd.factorize(np.asarray(labels), sort=False)
    if len(codes) != n:
        raise ValueError(f"there are {len(codes)} labels of {what} for {n} people")
    if (codes < 0).any():
        raise ValueError(f"{int((codes < 0).sum())} people have no label among the {what}")
    return codes.astype(np.int64)


def _correction(population: ArrayLike, stratum: Ints, size: Floats) -> Floats:
    """f_h = (N_h - n_h) / N_h of every stratum (H)."""
    values = np.asarray(population, dtype=np.float64)
    if len(values) != len(stratum):
        raise ValueError(f"there are {len(values)} population sizes for {len(stratum)} people")
    known = np.zeros(len(size))
    known[stratum] = values
    if not (np.isfinite(values).all() and (values == known[stratum]).all()):
        raise ValueError("the size of the population differs or is missing within a stratum")
    if (known < size).any():
        raise ValueError("a stratum has more units in the sample than in its population")
    result: Floats = (known - size) / known
    return result
