"""Linear programmes about shares that fit all that is shown (HiGHS, through scipy)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags, hstack, identity, vstack

from flows.crosstabs.disclosure.goals import MARGIN, Watch
from flows.crosstabs.disclosure.knowledge import Statements
from flows.crosstabs.disclosure.rules import Bools
from flows.crosstabs.tables import Floats

USED = 1e-8
"""A statement that gives in by less than this does not."""
_FELT = 1e-9
_SHORT = 1e-4
_ROUNDS = 2
_OPTIMAL, _UNLIMITED, _FAILED = 0, 3, 4


@dataclass(frozen=True, eq=False)
class End:
    """The greatest value of a sum, and shares that have it.

    `limits`: keys that must be shown for it to be the greatest. Without shares nothing limits
    it, or nothing was found (`unlimited` or not).
    """

    value: float
    shares: Floats | None
    limits: Bools
    unlimited: bool = False


def end(statements: Statements, vector: Floats, hidden: Bools) -> End:
    """How far a sum of unknowns can go up."""
    known, shown = statements, statements.shown(hidden)
    rows, bounds = np.flatnonzero(shown & ~known.alone), _box(known, shown)
    found = _solved(-vector, bounds, known.upper[rows], known.limit[rows], known.equal, known.value)
    limits = np.zeros(len(known.keys) + 1, dtype=bool)
    if found.status != _OPTIMAL:
        return End(np.inf, None, limits[:-1], found.status == _UNLIMITED)
    limits[known.key_of[rows[np.abs(found.ineqlin.marginals) > _FELT]]] = True
    # Where a bound stops it, take all that say as much of that unknown.
    stops = np.abs(found.lower.marginals) + np.abs(found.upper.marginals) > _FELT
    ones, places, ends, up = _alone(known, shown)
    said = np.abs(ends - bounds[places, up.astype(int)]) <= _FELT
    limits[known.key_of[ones[said & stops[places]]]] = True
    return End(-float(found.fun), found.x, limits[:-1])


def look(statements: Statements, watch: Watch, hidden: Bools) -> None:
    """Two looks at all that waits at once: as far up, then as far down, as it needs to go."""
    known, shown = statements, statements.shown(hidden)
    rows, bounds = np.flatnonzero(shown & ~known.alone), _box(known, shown)
    size = len(known.truth)
    for side in (1.0, -1.0):
        goals = watch.waiting
        k = len(goals)
        if k == 0:
            break
        need, real = watch.need[goals], watch.real[goals]
        sides = np.where(real < 0.5, side, -side)
        moves = hstack([diags(-sides) @ watch.vectors[goals], identity(k)])
        found = _solved(
            np.append(np.zeros(size), -1.0 / need),
            np.vstack([bounds, np.column_stack([-need, need + MARGIN])]),
            vstack([_wider(known.upper[rows], k), moves]),
            np.append(known.limit[rows], -sides * real),
            _wider(known.equal, k),
            known.value,
        )
        if found.status == _OPTIMAL:
            watch.learn(found.x[:size])


def give_in(
    statements: Statements, push: Floats, target: float, hidden: Bools, losses: Floats
) -> tuple[Bools, Floats] | None:
    """Which keys' statements give in when `push` @ shares is at least `target`.

    With shares that get there; None where nothing that can be hidden takes them there. `losses`:
    the price of each key. What gave in is paid for already, however far it goes (few cells, not
    short ways), so another round is played among those that did.
    """
    known, size, shares = statements, len(statements.truth), None
    shown, giving, price = known.shown(hidden), np.flatnonzero(~hidden), losses[~hidden]
    for _ in range(_ROUNDS):
        k = len(giving)
        if k == 0:
            break
        place = np.full(len(known.keys) + 1, -1)
        place[giving] = np.arange(k)
        gives = shown & (place[known.key_of] >= 0)
        rows = np.flatnonzero(shown & (gives | ~known.alone))
        moved = np.flatnonzero(gives[rows])
        slack = csr_matrix(
            (-known.scales[rows[moved]], (moved, place[known.key_of[rows[moved]]])),
            shape=(len(rows), k),
        )
        found = _solved(
            np.append(np.zeros(size), price),
            np.vstack([_box(known, shown & ~gives), np.tile([0.0, np.inf], (k, 1))]),
            vstack([hstack([known.upper[rows], slack]), _wider(csr_matrix(-push), k)]),
            np.append(known.limit[rows], -target),
            _wider(known.equal, k),
            known.value,
        )
        if found.status != _OPTIMAL:
            break
        shares, given = found.x[:size], found.x[size:]
        giving, given = giving[given > USED], given[given > USED]
        if len(giving) in (0, 1, k):
            break
        price = losses[giving] / (given + _SHORT)
        price /= price.max()
    if shares is None:
        return None
    chosen = np.zeros(len(known.keys), dtype=bool)
    chosen[giving] = True
    return chosen, shares


def _box(known: Statements, shown: Bools) -> Floats:
    """The least and the greatest value of each unknown, by the statements about it alone."""
    _, places, ends, up = _alone(known, shown)
    lower, upper = known.bounds.T.copy()
    np.minimum.at(upper, places[up], ends[up])
    np.maximum.at(lower, places[~up], ends[~up])
    return np.column_stack([lower, upper])


def _alone(known: Statements, shown: Bools) -> tuple[Any, Any, Floats, Bools]:
    """Statements about one unknown: their places, that of the unknown, its end, whether upper."""
    ones = np.flatnonzero(shown & known.alone)
    at = known.upper.indptr[ones]
    factors = known.upper.data[at]
    return ones, known.upper.indices[at], known.limit[ones] / factors, factors > 0


def _wider(matrix: csr_matrix, more: int) -> csr_matrix:
    """With so many columns of nothing."""
    return csr_matrix(
        (matrix.data, matrix.indices, matrix.indptr),
        shape=(matrix.shape[0], matrix.shape[1] + more),
    )


def _solved(
    price: Floats,
    bounds: Floats,
    upper: Any,
    limit: Floats,
    equal: Any,
    value: Floats,
) -> Any:
    """What costs least. Programmes are so small that simplifying them first takes longer."""
    from scipy.optimize import linprog  # its import is slow, and few tables need it

    for presolve in (False, True):
        found = linprog(
            price, A_ub=upper, b_ub=limit, A_eq=equal, b_eq=value, bounds=bounds,
            method="highs", options={"presolve": presolve},
        )  # fmt: skip
        if found.status != _FAILED:
            break
    return found
