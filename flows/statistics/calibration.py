"""Calibration of weights by Newton's method (Deville and Särndal 1992).

Calibrated weights are w = d F(u), u = x'b: the base weight d times a distance's function F of
a linear combination of the auxiliary variables x, with b such that the weighted sums of x
equal their totals. Finding b is minimising the convex function sum d G(x'b) - totals'b, where
G' = F, so Newton's method with a shortened step when needed always gets there, if the totals
can be reached at all. Groups have a b each, and are solved side by side.

| distance | F(u) | gives |
|---|---|---|
| linear | 1 + u | the regression estimator; may give negative weights |
| raking | exp(u) | the same weights as cyclic raking |
| logit | (L(U-1) + U(1-L)e^(Au)) / (U-1 + (1-L)e^(Au)), A = (U-L)/((U-1)(1-L)) | L < g < U |

Linear and raking can be cut to bounds as well (F kept between L and U). Bounds may differ per
row: that is how the weight itself, instead of g, is limited.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.statistics.auxiliaries import Auxiliaries

Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]

LARGEST_EXPONENT = 200.0
"""Beyond e^200 a factor is no longer searched: totals that need it cannot be reached."""

LEAST_CURVATURE = 1e-6, 1.0
"""F counts as at least this steep, relative to F itself, so that Newton's equations stay solvable
while many rows stand at a bound, where F is flat. More within these limits when steps have to be
shortened."""

RIDGE = 1e-11
"""Added to the diagonal of Newton's equations, where variables depend on each other."""

DROWNED = 1e-8
"""A decrease of the function below this part of the sum of base weights is lost in rounding."""

SHORTEST = 1e-10
"""A step shortened to this leads nowhere."""


@dataclass(frozen=True, eq=False)
class Distance:
    """F with its slope F' and its integral G."""

    F: Function
    slope: Function
    integral: Function


def linear(lower: Floats | float = -np.inf, upper: Floats | float = np.inf) -> Distance:
    """F = 1 + u, cut to the bounds."""
    return _cut(
        Distance(lambda u: 1 + u, lambda u: np.ones_like(u), lambda u: u + u * u / 2),
        np.asarray(lower) - 1.0,
        np.asarray(upper) - 1.0,
    )


def raking(lower: Floats | float = 0.0, upper: Floats | float = np.inf) -> Distance:
    """F = exp(u), cut to the bounds."""
    with np.errstate(divide="ignore"):
        low, high = np.log(np.asarray(lower, dtype=float)), np.log(np.asarray(upper, dtype=float))
    return _cut(Distance(np.exp, np.exp, np.exp), low, high)


def logit(lower: float, upper: float) -> Distance:
    """The logistic F between lower < 1 < upper."""
    below, above = 1 - lower, upper - 1
    rate = (upper - lower) / (below * above)

    def share(u: Floats) -> Floats:
        return 1 / (1 + above / below * np.exp(np.minimum(-rate * u, 700)))

    def slope(u: Floats) -> Floats:
        p = share(u)
        return (upper - lower) * rate * p * (1 - p)

    def integral(u: Floats) -> Floats:
        z = rate * u
        near = np.minimum(z, 700)  # beyond, the logarithm is a straight line
        logarithm = np.log(above + below * np.exp(near)) + (z - near)
        return lower * u + below * above * logarithm

    return Distance(lambda u: lower + (upper - lower) * share(u), slope, integral)


def _cut(distance: Distance, low: Floats, high: Floats) -> Distance:
    """The distance with F constant below `low` and above `high`; G goes on in straight lines."""

    def integral(u: Floats) -> Floats:
        inside = np.clip(u, low, high)
        return distance.integral(inside) + distance.F(inside) * (u - inside)

    return Distance(
        lambda u: distance.F(np.clip(u, low, high)),
        lambda u: np.where((u >= low) & (u <= high), distance.slope(np.clip(u, low, high)), 0.0),
        integral,
    )


@dataclass(frozen=True, eq=False)
class Calibrated:
    """g (rows,) = calibrated / base weight, and per group (G,) how it went.

    `error`: largest |weighted sum - total| / scale over the auxiliary variables.
    """

    g: Floats
    iterations: NDArray[np.integer]
    error: Floats
    converged: NDArray[np.bool_]


def newton(
    x: Auxiliaries,
    totals: Floats,
    base: Floats,
    distance: Distance,
    *,
    scale: Floats | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 100,
) -> Calibrated:
    """Find g such that the weights base * g reproduce the totals, in every group apart.

    `x`: the auxiliary variables (rows, K); rows may be respondents or cells of respondents with
    equal x (and bounds), `base` (rows,) then being the cell's summed base weight. Variables may
    depend on each other, such as the levels of two complete margins. `totals`: (G, K). `scale`:
    (G, K), what an error is relative to; by default the totals.
    """
    relative_to = np.abs(totals) if scale is None else scale
    # In units that make all variables of one size, for the sake of the equations.
    size = np.sqrt(np.diagonal(x.gram(base), axis1=1, axis2=2))
    size = np.where(size > 0, size, 1.0)
    wanted, judged = totals / size, np.where(relative_to > 0, relative_to, 1.0) / size
    ridge = RIDGE * np.eye(x.count)

    def objective(u: Floats, b: Floats) -> Floats:
        value: Floats = x.per_group(base * distance.integral(u)) - (wanted * b).sum(axis=1)
        return value

    def shortage(factors: Floats) -> Floats:
        short: Floats = wanted - x.totals(base * factors) / size
        return short

    def largest_error(missing: Floats) -> Floats:
        return np.asarray((np.abs(missing) / judged).max(axis=1, initial=0.0))

    b, u = np.zeros_like(wanted), np.zeros(len(base))
    factors = distance.F(u)
    missing, value = shortage(factors), objective(u, b)
    error, iterations = largest_error(missing), np.zeros(x.groups, dtype=np.intp)
    least = np.full(x.groups, LEAST_CURVATURE[0])
    magnitude = x.per_group(base)
    searching = error > tolerance
    for _ in range(max_iterations):
        if not searching.any():
            break
        floor = x.rows(least) * np.maximum(np.abs(factors), 1e-3)
        curvature = base * np.maximum(distance.slope(u), floor)
        hessian = x.gram(curvature)[searching]
        hessian /= size[searching, :, None] * size[searching, None, :]
        direction = np.zeros_like(b)
        direction[searching] = np.linalg.solve(hessian + ridge, missing[searching, :, None])[..., 0]
        along, descent = x.product(direction / size), (missing * direction).sum(axis=1)
        length = np.minimum(
            1.0, LARGEST_EXPONENT / 2 / np.maximum(x.largest(np.abs(along)), 1e-300)
        )
        accepted = np.zeros(x.groups, dtype=bool)
        trying = searching.copy()
        tried_once = True
        while trying.any():
            new_u = u + x.rows(np.where(trying, length, 0.0)) * along
            new_b = b + length[:, None] * direction
            factors = distance.F(new_u)
            new_missing, new_value = shortage(factors), objective(new_u, new_b)
            new_error = largest_error(new_missing)
            decreases = new_value <= value - 1e-4 * length * descent
            # Near the solution the decrease drowns in rounding; there a smaller error counts.
            drowned = length * descent <= DROWNED * magnitude
            good = trying & (decreases | (drowned & (new_error < 0.5 * error)))
            missing[good], value[good], error[good] = (
                new_missing[good],
                new_value[good],
                new_error[good],
            )
            accepted |= good
            trying &= ~good
            length[trying] /= 2
            tried_once &= not trying.any()
            trying &= length > SHORTEST
        step = np.where(accepted, length, 0.0)
        u, b = u + x.rows(step) * along, b + step[:, None] * direction
        if not tried_once:
            factors = distance.F(u)
        iterations += searching
        stuck = searching & ~accepted & (least >= LEAST_CURVATURE[1])
        least = np.clip(least * np.where(length < 0.3, 10.0, 0.1), *LEAST_CURVATURE)
        too_far = x.largest(np.abs(u)) > LARGEST_EXPONENT
        searching &= (error > tolerance) & ~stuck & ~too_far
    return Calibrated(factors, iterations, error, error <= tolerance)
