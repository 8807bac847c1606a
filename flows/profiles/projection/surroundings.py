"""The residuals of the surroundings of areas: country > municipality > postcode > the area.

A panel gives residuals of nested areas down to some level (`residual.fit_residuals`). An area
takes the mean of its own surroundings at the last level known. How sure that mean is, and how
its error goes together with that of other surroundings, follows the nesting: the residual z of
an area inside m is

    z = through * m + e,    e normal with covariance `given`, independent of other areas,

so areas of one municipality share the error of that municipality, and nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flows.profiles.errors import ProfileError
from flows.profiles.projection.residual import Residuals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Link:
    """How the residuals of Z areas follow those of the M areas they lie in.

    `parent` (Z,): their place among those. `given` (Z, K, K): covariance if the coarser areas
    were known; `through` (Z, K, K): how they follow those. `covariance` (M, K, K): of the
    coarser ones.
    """

    parent: Ints
    given: Floats
    through: Floats
    covariance: Floats


@dataclass(frozen=True, eq=False)
class AreaResidual:
    """The residual of every area's known surroundings, and how areas differ inside them.

    `mean` (Z, K) and `covariance` (Z, K, K) of Z surroundings; `of` (A,): the place of every
    area among them; `own` (K,): standard deviation of areas within them, 0 where the area is
    the surroundings itself; `n` (Z,): people typed there. `links`, finest first: to the
    coarser surroundings; without links the surroundings have nothing in common.
    """

    mean: Floats
    covariance: Floats
    of: Ints
    own: Floats
    n: Ints | None = None
    links: tuple[Link, ...] = ()

    @classmethod
    def none(cls, areas: int, profiles: int) -> AreaResidual:
        """No residual is known or taken into account: what demographics say, and no more."""
        zero = np.zeros((1, profiles))
        of = np.zeros(areas, dtype=np.int64)
        return cls(zero, np.zeros((1, profiles, profiles)), of, zero[0])

    @classmethod
    def nested(
        cls,
        residuals: Residuals,
        parents: Sequence[ArrayLike],
        of: ArrayLike,
        depth: int | None = None,
        own: ArrayLike | None = None,
    ) -> AreaResidual:
        """The surroundings of A areas from fitted residuals.

        `parents`: as given to `fit_residuals`, coarsest level first. `of` (A,): the place of
        every area among those of the last level that is used: the `depth`-th, all levels if not
        given. `own` (K,): see the class; if not given, that of the fitted levels that are not
        used, or of the last one where there are none. Raises `ProfileError` when places do not
        fit.
        """
        used = len(residuals.mean) if depth is None else depth
        if not 1 <= used <= len(residuals.mean) == len(parents):
            raise ProfileError(
                f"residuals have {len(residuals.mean)} levels and {len(parents)} lists of "
                f"parents, of which {used} would be used; give a list per level and use one "
                "level or more."
            )
        last, places = used - 1, np.asarray(of, dtype=np.int64)
        if len(places) and not 0 <= places.min() <= places.max() < len(residuals.mean[last]):
            raise ProfileError(
                f"an area lies in surroundings {int(places.max())} of "
                f"{len(residuals.mean[last])}; number them from 0 as the residuals are."
            )
        links = tuple(
            Link(
                np.asarray(parents[level], dtype=np.int64),
                residuals.given[level],
                residuals.through[level],
                residuals.covariance[level - 1],
            )
            for level in range(last, 0, -1)
        )
        unused = residuals.tau[used:] if used < len(residuals.tau) else residuals.tau[-1:]
        spread = np.sqrt((unused**2).sum(axis=0)) if own is None else own
        return cls(
            residuals.mean[last],
            residuals.covariance[last],
            places,
            np.asarray(spread, dtype=np.float64),
            residuals.n[last],
            links,
        )

    def refined(
        self, parent: ArrayLike, of: ArrayLike, deviation: ArrayLike | None = None
    ) -> AreaResidual:
        """The same with Z2 areas between the surroundings and the areas, of which nothing is known.

        Areas of one postcode differ together from their municipality, also where nobody of that
        postcode was typed. `parent` (Z2,): the place of each among the present surroundings;
        `of` (A,): the place of every area among the Z2; `deviation` (K,): their standard
        deviation, `own` if not given.
        """
        above, places = np.asarray(parent, dtype=np.int64), np.asarray(of, dtype=np.int64)
        if places.shape != self.of.shape or (above[places] != self.of).any():
            raise ProfileError(
                "an area lies in other surroundings than the finer area it is part of; give the "
                "places of finer areas that lie within the surroundings."
            )
        k = self.mean.shape[1]
        sd = self.own if deviation is None else np.asarray(deviation, dtype=np.float64)
        given = np.broadcast_to(np.diag(sd**2), (len(above), k, k))
        through = np.broadcast_to(np.eye(k), (len(above), k, k))
        return AreaResidual(
            self.mean[above],
            self.covariance[above] + given,
            places,
            self.own,
            None if self.n is None else self.n[above],
            (Link(above, given, through, self.covariance), *self.links),
        )

    @cached_property
    def itself(self) -> bool:
        """Whether every area has surroundings of its own."""
        return len(self.of) > 1 and len(np.unique(self.of)) == len(self.of)
