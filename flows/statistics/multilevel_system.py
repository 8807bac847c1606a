"""The equations of a multilevel regression for one spread, and how they are solved.

In the regression of `multilevel`, b (P,) and c (K,) together are the D = P + K *coefficients*
theta. With w_i the weight of person i,

    m_i = sum_k r_ik g'(eta_ik)                             how q_i moves with u and v
    d_i = (m_i x_i, r_i1 g'(eta_i1), ..., r_iK g'(eta_iK))  how q_i moves with theta, (D,)
    s_i = w_i / (q_i (1 - q_i)), for a mean w_i / (pi^2 / 3)    what an answer tells of q_i

the expected information of theta, u and v is

    [ A   C'  B' ]    A = sum_i s_i d_i d_i' + 1 / prior variances       (D, D)
    [ C   H   E' ]    C_m, B_p = sum of s_i m_i d_i in region, place     (M, D), (Z, D)
    [ B   E   G  ]    H_m = sum of s_i m_i^2 in region m + 1 / tau^2     diagonal
                      G_p = sum of s_i m_i^2 in place p + 1 / (ratio tau^2)    diagonal
                      E_pm = sum of s_i m_i^2 in place p, if it lies in region m

A place lies in one region, so places are eliminated one by one and then regions, which leaves a
system of D equations for a step of Fisher scoring:

    H~_m = H_m - sum_p E_p^2 / G_p,    C~_m = C_m - sum_p (E_p / G_p) B_p    over the places of m
    A~   = A - B' G^-1 B - C~' H~^-1 C~

Neither H nor G is ever a matrix: n people, M regions and Z places cost n D^2 + (M + Z) D^2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class State:
    """Where the search stands: `theta` (D,), `u`, `v` of the regions and places with people;
    `q` (n,): E y; `slope` (n, K): r_ik g'(eta_ik)."""

    theta: Floats
    u: Floats
    v: Floats
    q: Floats
    slope: Floats


@dataclass(frozen=True, eq=False)
class Information:
    """Scores and expected information at a state, for the regions and places with people.

    `scores`: of theta (D,), u and v. `left`: score of u less what its places take of it.
    `region`: H~. `place`: G. `given`: E_p / G_p, the part of G_p that people give. `across`
    (regions, D): C~. `across_places` (places, D): B. `factor`: Cholesky factor of A~.
    """

    scores: tuple[Floats, Floats, Floats]
    left: Floats
    region: Floats
    place: Floats
    given: Floats
    across: Floats
    across_places: Floats
    factor: tuple[Floats, bool]


def step_of(found: Information, home: Ints) -> tuple[Floats, Floats, Floats]:
    """The step of Fisher scoring: of theta (D,), then u of the regions, then v of the places.

    `home`: of every place its region, both among those with people.
    """
    score, _, place_score = found.scores
    left = score - found.across_places.T @ (place_score / found.place)
    left = left - found.across.T @ (found.left / found.region)
    step = cho_solve(found.factor, left)
    up = (found.left - found.across @ step) / found.region
    inside = (place_score - found.across_places @ step) / found.place - found.given * up[home]
    return step, up, inside


def grouping_of(of: Ints) -> tuple[Ints, Ints, csr_matrix]:
    """Groups with people, from everybody's group (n,), -1 for none.

    The groups that occur (G,), ascending; everybody's place among them (n,), G for none; and the
    matrix (G, n) that adds up over the people of each.
    """
    known = np.flatnonzero(of >= 0)
    kept, place = np.unique(of[known], return_inverse=True)
    at = np.full(len(of), len(kept), dtype=np.int64)
    at[known] = place.reshape(-1)
    sums = csr_matrix((np.ones(len(known)), (at[known], known)), shape=(len(kept), len(of)))
    sums.sort_indices()
    return kept.astype(np.int64), at, sums
