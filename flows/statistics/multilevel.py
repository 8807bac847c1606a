"""Multilevel regression of an answer on profile, demographics and place.

Person i lives in place p of region m (a postcode of a municipality) and is of profile k with
probability r_ik: typing is never certain. With x_i the demographics of the person and the
covariates of the region,

    eta_ik = x_i'b + c_k + u_m + v_p,    u_m ~ N(0, tau^2),    v_p ~ N(0, ratio tau^2)
    E y_i  = sum_k r_ik g(eta_ik)

g is logistic for a share and the identity for a mean. The sum over profiles is a composite link
(Thompson and Baker 1981, Applied Statistics 30, 125-131): taking the likeliest profile for the
true one would shrink the differences between profiles, and the information a person gives falls
by what typing leaves in doubt. b and c have normal priors so wide that they matter only for
levels with hardly any people.

For one tau, everything is found by Fisher scoring, with the places eliminated one by one and then
the regions. The likelihood of tau is Laplace's, b and c integrated out too, as restricted
likelihood does, with the next terms of the expansion for the regions (Shun and McCullagh 1995,
JRSS B 57, 749-760): without them tau comes out 2% too small at 15 people a region.

Means are brought to the scale on which residuals have the variance of a logistic variable,
pi^2 / 3, so that tau means about the same for shares and means and can be pooled over both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from scipy.special import expit

from flows.statistics.multilevel_sample import PRIOR_SD, MultilevelError, Sample

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = Literal["share", "mean"]

LOGISTIC_SD = float(np.pi / np.sqrt(3))
MOST_STEPS = 40
CLOSE = 1e-7
SMALLEST = 1e-10
LEAST_RATIO = 1e-3
GRID = np.exp(np.linspace(np.log(0.02), np.log(1.6), 13))
"""Spreads, in log-odds, at which the likelihood is computed."""


@dataclass(frozen=True, eq=False)
class Fit:
    """The posterior at one tau: D = P + K coefficients (of the design, then of the profiles).

    `coefficients` (D,), `covariance` (D, D). Of the M regions: modes `region` (M,); `follows`
    (M, D): u moves by -follows (b - coefficients); `precision` (M,) of u when b is known. Of the
    Z places: modes `place` (Z,), `place_follows` (Z,): v moves by -place_follows (u - its mode),
    `place_precision` (Z,) of v when u is known, infinite where places do not differ. That v moves
    a little with b too is left out. `log_likelihood` of tau, up to a constant.
    """

    tau: float
    coefficients: Floats
    covariance: Floats
    region: Floats
    follows: Floats
    precision: Floats
    place: Floats
    place_follows: Floats
    place_precision: Floats
    log_likelihood: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """One answer of the people of a sample, ready to be fitted.

    `y` (n,): 0-1 for a share; for a mean on the scale of the module, with `centre` and `unit`
    its own: answer = centre + unit * y. `kind`.
    """

    sample: Sample
    y: Floats
    kind: Kind
    centre: float = 0.0
    unit: float = 1.0


def outcome_of(sample: Sample, answer: ArrayLike, kind: Kind) -> Outcome:
    """An answer (n,) of every person of the sample, 0-1 for a share.

    Raises `MultilevelError` for an answer that everybody gives, or that is missing.
    """
    y = np.asarray(answer, dtype=np.float64)
    if y.shape != sample.region.shape or not np.isfinite(y).all():
        raise MultilevelError("an answer is missing; fit those who answered only.")
    if y.min() == y.max():
        raise MultilevelError("everybody gives the same answer, so nothing can be estimated of it.")
    if kind == "share":
        if y.min() < 0 or y.max() > 1:
            raise MultilevelError("the answers of a share are 0 or 1.")
        return Outcome(sample, y, kind)
    w = sample.weight
    centre = float(w @ y / w.sum())
    x = np.hstack([sample.design, sample.profile])
    normal = x.T @ (w[:, None] * x) + 1e-6 * w.sum() * np.eye(x.shape[1])
    left = y - x @ np.linalg.solve(normal, x.T @ (w * y))
    unit = float(np.sqrt(w @ left**2 / w.sum())) / LOGISTIC_SD
    if unit <= 0:
        raise MultilevelError("profile and demographics tell this answer exactly; nothing is left.")
    return Outcome(sample, (y - centre) / unit, kind, centre, unit)


class Fitter:
    """Fits one outcome at any tau, each time from where the last one ended.

    `ratio`: variance of places within regions as a multiple of tau squared.
    """

    def __init__(self, outcome: Outcome, ratio: float = 0.0) -> None:
        sample = outcome.sample
        self.share = outcome.kind == "share"
        self.y, self.w, self.ratio = outcome.y, sample.weight, ratio
        self.x, self.r = sample.design, sample.profile
        self.sample = sample
        place = sample.place if ratio > LEAST_RATIO else np.full(len(self.y), -1)
        self.regions, self.at_region, self.of_region = _grouping(sample.region)
        self.places, self.at_place, self.of_place = _grouping(place)
        home = np.searchsorted(self.regions, sample.home[self.places])
        self.home: Ints = home.astype(np.int64)
        z = len(self.places)
        self.upward = csr_matrix((np.ones(z), (home, np.arange(z))), (len(self.regions), z))
        self.region_people, self.place_people = self.of_region.copy(), self.of_place.copy()
        p, k = self.x.shape[1], self.r.shape[1]
        self.work = np.empty((len(self.y), p + k))
        with np.errstate(divide="ignore"):
            self.penalty = np.concatenate([1 / sample.prior**2, np.full(k, 1 / PRIOR_SD**2)])
        theta = np.zeros(p + k)
        if self.share:
            mean = float(np.clip(self.w @ self.y / self.w.sum(), 1e-3, 1 - 1e-3))
            theta[0] = np.log(mean / (1 - mean))
        self.start = (theta, np.zeros(len(self.regions)), np.zeros(z))

    def fit(self, tau: float) -> Fit:
        """The posterior at this tau."""
        prior = (1 / tau**2, 1 / max(self.ratio * tau**2, SMALLEST))
        value, state = self._value(*self.start, prior)
        for _ in range(MOST_STEPS):
            parts = self._information(state, prior)
            steps = _step(parts, self.home)
            gain = sum(float(step @ score) for step, score in zip(steps, parts.scores, strict=True))
            scale = 1.0
            while True:
                moved = (
                    state.theta + scale * steps[0],
                    state.u + scale * steps[1],
                    state.v + scale * steps[2],
                )
                trial, new = self._value(*moved, prior)
                if trial >= value - 1e-9 * abs(value) or scale < 1e-3:
                    break
                scale /= 2
            value, state = trial, new
            if gain < CLOSE * len(self.y):
                break
        self.start = (state.theta, state.u, state.v)
        return self._result(tau, state, value, prior)

    # ------------------------------------------------------------------------ the pieces

    def _value(
        self, theta: Floats, u: Floats, v: Floats, prior: tuple[float, float]
    ) -> tuple[float, _State]:
        """Penalised log-likelihood, and what it was computed from."""
        p = self.x.shape[1]
        eta = self.x @ theta[:p]
        eta += np.append(u, 0.0)[self.at_region] + np.append(v, 0.0)[self.at_place]
        if self.share:
            s = expit(eta[:, None] + theta[p:])
            part = self.r * s
            q = part.sum(axis=1)
            slope = part * (1 - s)
            inside = np.clip(q, SMALLEST, 1 - SMALLEST)
            density = self.y * np.log(inside) + (1 - self.y) * np.log1p(-inside)
        else:
            q, slope = eta + self.r @ theta[p:], self.r
            density = -0.5 * (self.y - q) ** 2 / LOGISTIC_SD**2
        value = float(self.w @ density) - 0.5 * float(self.penalty @ theta**2)
        value -= 0.5 * (prior[0] * float(u @ u) + prior[1] * float(v @ v))
        return value, _State(theta, u, v, q, slope)

    def _information(self, state: _State, prior: tuple[float, float]) -> _Parts:
        """Scores and expected information, with places and then regions eliminated."""
        p = self.x.shape[1]
        m = state.slope.sum(axis=1)
        if self.share:
            inside = np.clip(state.q, SMALLEST, 1 - SMALLEST)
            says = self.w / (inside * (1 - inside))
        else:
            says = self.w / LOGISTIC_SD**2
        d = self.work
        np.multiply(m[:, None], self.x, out=d[:, :p])
        d[:, p:] = state.slope
        told = says * (self.y - state.q)
        score = d.T @ told - self.penalty * state.theta
        by_person, each = m * told, says * m**2
        region_score = self.of_region @ by_person - prior[0] * state.u
        place_score = self.of_place @ by_person - prior[1] * state.v
        own = self.of_place @ each
        place = own + prior[1]
        share = own / place
        region = self.of_region @ each + prior[0] - self.upward @ (own * share)
        self.region_people.data[:] = (says * m)[self.region_people.indices]
        self.place_people.data[:] = (says * m)[self.place_people.indices]
        across_places = self.place_people @ d
        across = self.region_people @ d - self.upward @ (share[:, None] * across_places)
        d *= np.sqrt(says)[:, None]
        whole = d.T @ d + np.diag(self.penalty)
        whole -= across_places.T @ (across_places / place[:, None])
        whole -= across.T @ (across / region[:, None])
        rest = region_score - self.upward @ (share * place_score)
        return _Parts(
            (score, region_score, place_score), rest, region, place, share, across,
            across_places, cho_factor(whole),
        )  # fmt: skip

    def _result(self, tau: float, state: _State, value: float, prior: tuple[float, float]) -> Fit:
        parts = self._information(state, prior)
        d = len(state.theta)
        log_det = 2 * float(np.log(np.diag(parts.factor[0])).sum())
        log_det += float(np.log(parts.region).sum() + np.log(parts.place).sum())
        value += self._next_terms(state, parts)
        log_prior = len(state.u) * np.log(prior[0]) + len(state.v) * np.log(prior[1])
        m, z = self.sample.regions, len(self.sample.home)
        u, follows, precision = np.zeros(m), np.zeros((m, d)), np.full(m, prior[0])
        u[self.regions], precision[self.regions] = state.u, parts.region
        follows[self.regions] = parts.across / parts.region[:, None]
        v, place_follows = np.zeros(z), np.zeros(z)
        unknown = prior[1] if self.ratio > LEAST_RATIO else np.inf
        place_precision = np.full(z, unknown)
        v[self.places], place_follows[self.places] = state.v, parts.share
        place_precision[self.places] = parts.place
        return Fit(
            tau, state.theta, cho_solve(parts.factor, np.eye(d)), u, follows, precision, v,
            place_follows, place_precision, value + 0.5 * float(log_prior) - 0.5 * log_det,
        )  # fmt: skip

    def _next_terms(self, state: _State, parts: _Parts) -> float:
        """What follows Laplace's first term for the effects of regions, added up over them.

        With f the penalised log-likelihood of a region, f4 / (8 h^2) + 5 f3^2 / (24 h^3), where
        h is minus its second derivative and f3, f4 are the next two: those of a plain logistic
        likelihood with the information that people give. Of a mean they are zero.
        """
        if not self.share:
            return 0.0
        q, m = state.q, state.slope.sum(axis=1)
        inside = np.clip(q, SMALLEST, 1 - SMALLEST)
        each = self.w * m**2 / (inside * (1 - inside))
        third = self.of_region @ (each * (1 - 2 * q))
        fourth = -(self.of_region @ (each * (1 - 6 * q * (1 - q))))
        h = parts.region
        return float((fourth / (8 * h**2) + 5 * third**2 / (24 * h**3)).sum())


def _step(parts: _Parts, home: Ints) -> tuple[Floats, Floats, Floats]:
    """The step of Fisher scoring: of coefficients, regions and places."""
    score, _, place_score = parts.scores
    rest = score - parts.across_places.T @ (place_score / parts.place)
    rest = rest - parts.across.T @ (parts.rest / parts.region)
    step = cho_solve(parts.factor, rest)
    up = (parts.rest - parts.across @ step) / parts.region
    inside = (place_score - parts.across_places @ step) / parts.place - parts.share * up[home]
    return step, up, inside


def _grouping(of: Ints) -> tuple[Ints, Ints, csr_matrix]:
    """Groups that occur, everybody's place among them (their number for none), and sums."""
    known = np.flatnonzero(of >= 0)
    kept, place = np.unique(of[known], return_inverse=True)
    at = np.full(len(of), len(kept), dtype=np.int64)
    at[known] = place.reshape(-1)
    sums = csr_matrix((np.ones(len(known)), (at[known], known)), shape=(len(kept), len(of)))
    sums.sort_indices()
    return kept.astype(np.int64), at, sums


@dataclass(frozen=True, eq=False)
class _State:
    """`q` (n,): E y; `slope` (n, K): how it moves with each profile's coefficient."""

    theta: Floats
    u: Floats
    v: Floats
    q: Floats
    slope: Floats


@dataclass(frozen=True, eq=False)
class _Parts:
    """`scores` of coefficients, regions, places; `rest`: of regions without their places;
    `region`, `place`: their information; `share` of a place's that people give; `across`,
    `across_places`: with the coefficients; `factor`: of what is left of those."""

    scores: tuple[Floats, Floats, Floats]
    rest: Floats
    region: Floats
    place: Floats
    share: Floats
    across: Floats
    across_places: Floats
    factor: tuple[Floats, bool]


def likelihood_of(
    outcome: Outcome, ratio: float = 0.0, grid: Sequence[float] | Floats = GRID
) -> Floats:
    """The log-likelihood of tau on a grid, (G,), its largest value 0."""
    fitter = Fitter(outcome, ratio)
    values = np.array([fitter.fit(float(tau)).log_likelihood for tau in grid])
    return np.asarray(values - values.max())


def fits_of(outcome: Outcome, spreads: ArrayLike, ratio: float = 0.0) -> tuple[Fit, ...]:
    """The posterior at each of some spreads."""
    fitter = Fitter(outcome, ratio)
    return tuple(fitter.fit(float(tau)) for tau in np.asarray(spreads))


def residuals_of(outcome: Outcome, fit: Fit) -> tuple[Floats, Floats]:
    """What profile, demographics and covariates leave of every answer (n,), and how its
    expectation moves with the predictor (n,). The effect of where they live is not taken out."""
    sample = outcome.sample
    p = sample.design.shape[1]
    base, profile = sample.design @ fit.coefficients[:p], fit.coefficients[p:]
    if outcome.kind == "mean":
        return outcome.y - base - sample.profile @ profile, np.ones(len(base))
    s = expit(base[:, None] + profile)
    expected = (sample.profile * s).sum(axis=1)
    return outcome.y - expected, (sample.profile * s * (1 - s)).sum(axis=1)
