"""Calibration of weights by Newton's method (Deville and Särndal 1992).

Calibrated weights are w = d F(u), u = x'b: the base weight d times a distance's function F of
a linear combination of the auxiliary variables x, with b such that the weighted sums of x
equal their totals. Finding b is minimising the convex function sum d G(x'b) - totals'b, where
G' = F, so Newton's method with a shortened step when needed always gets there, if the totals
can be reached at all.

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
from scipy import sparse

Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]

LARGEST_EXPONENT = 200.0
"""Beyond e^200 a factor is no longer searched: totals that need it cannot be reached."""

LEAST_CURVATURE = 1e-6, 1.0
"""F counts as at least this steep, so that Newton's equations stay solvable while many rows
stand at a bound, where F is flat. More within these limits when steps have to be shortened."""


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
        return 1 / (1 + above / below * np.exp(np.clip(-rate * u, None, 700)))

    return Distance(
        lambda u: lower + (upper - lower) * share(u),
        lambda u: (upper - lower) * rate * share(u) * (1 - share(u)),
        lambda u: lower * u + below * above * np.logaddexp(np.log(above), np.log(below) + rate * u),
    )


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
    """g (rows,) = calibrated / base weight, and how it went.

    `error`: largest |weighted sum - total| / scale over the auxiliary variables.
    """

    g: Floats
    iterations: int
    error: float
    converged: bool


def newton(
    x: sparse.csr_array,
    totals: Floats,
    base: Floats,
    distance: Distance,
    *,
    scale: Floats | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 100,
) -> Calibrated:
    """Find g such that the weights base * g reproduce the totals.

    `x`: (rows, variables) auxiliary matrix; rows may be respondents or cells of respondents
    with equal x (and bounds), `base` then being the cell's summed base weight. Columns may
    depend on each other, such as the levels of two complete margins. `totals`: (variables,).
    `scale`: what an error is relative to; by default the totals.
    """
    relative_to = np.abs(totals) if scale is None else scale
    # In units that make all variables of one size, for the sake of the equations.
    size = np.sqrt(np.asarray(x.multiply(x).T @ base).ravel())
    size[size == 0] = 1.0
    x = sparse.csr_array((x.data / size[x.indices], x.indices, x.indptr), shape=x.shape)
    wanted, judged = totals / size, relative_to / size
    xt = x.T.tocsr()
    entries = np.diff(x.indptr)

    def objective(u: Floats, b: Floats) -> float:
        return float(base @ distance.integral(u) - wanted @ b)

    def shortage(u: Floats) -> Floats:
        short: Floats = wanted - xt @ (base * distance.F(u))
        return short

    b, u = np.zeros(len(totals)), np.zeros(len(base))
    missing, value = shortage(u), objective(u, b)
    error, steps, least = _error(missing, judged), 0, LEAST_CURVATURE[0]
    while error > tolerance and steps < max_iterations:
        curvature = base * np.maximum(distance.slope(u), least)
        weighted = sparse.csr_array(
            (x.data * np.repeat(curvature, entries), x.indices, x.indptr), shape=x.shape
        )
        hessian = (xt @ weighted).toarray()
        direction = np.linalg.lstsq(hessian, missing, rcond=1e-13)[0]
        along, descent = np.asarray(x @ direction), float(missing @ direction)
        length = min(1.0, 0.5 * LARGEST_EXPONENT / max(float(np.abs(along).max()), 1e-300))
        while length > 1e-10:
            new_u, new_b = u + length * along, b + length * direction
            new_missing, new_value = shortage(new_u), objective(new_u, new_b)
            # Near the solution the decrease drowns in rounding; a smaller error counts too.
            decreases = new_value <= value - 1e-4 * length * descent
            if decreases or _error(new_missing, judged) < 0.5 * error:
                break
            length /= 2
        else:
            if least >= LEAST_CURVATURE[1]:
                break
        steps += 1
        if length > 1e-10:
            b, u, missing, value = new_b, new_u, new_missing, new_value
            error = _error(missing, judged)
        least *= 10 if length < 0.3 else 0.1
        least = float(np.clip(least, *LEAST_CURVATURE))
        if float(np.abs(u).max()) > LARGEST_EXPONENT:
            break
    return Calibrated(distance.F(u), steps, error, bool(error <= tolerance))


def _error(missing: Floats, relative_to: Floats) -> float:
    floor = np.where(relative_to > 0, relative_to, 1.0)
    return float((np.abs(missing) / floor).max(initial=0.0))
