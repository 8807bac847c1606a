"""Multilevel regression of an answer on profile, demographics and place.

Person i lives in place p of region m (a postcode of a municipality) and is of profile k with
probability r_ik: typing is never certain. With x_i the demographics of the person and the
covariates of the region,

    eta_ik = x_i'b + c_k + u_m + v_p,    u_m ~ N(0, tau^2),    v_p ~ N(0, ratio tau^2)
    E y_i  = q_i = sum_k r_ik g(eta_ik)

g is logistic for a share and the identity for a mean. The sum over profiles is a composite link
(Thompson and Baker 1981, Applied Statistics 30, 125-131): taking the likeliest profile for the
true one would shrink the differences between profiles, and the information a person gives falls
by what typing leaves in doubt. b and c have normal priors so wide that they matter only for
levels with hardly any people. All of b, c, u, v and tau are in log-odds.

Means are brought to the scale on which residuals have the variance of a logistic variable,
pi^2 / 3 (`multilevel_outcome`), so that tau means about the same for shares and means and can be
pooled over both.

For one tau everything is found by Fisher scoring (`multilevel_system` has the equations and the
names G, H~, A~).

**The likelihood of tau** is Laplace's, with theta integrated out too, as restricted likelihood
does. At the mode, with l the log-likelihood and priors without their constants, and M regions and
Z places with people,

    log L(tau) = l - (M log tau^2 + Z log(ratio tau^2)) / 2
                   - (log |G| + log |H~| + log |A~|) / 2 + next terms

The next terms of the expansion, for the regions (Shun and McCullagh 1995, JRSS B 57, 749-760),
are needed: without them tau comes out 2% too small at 15 people a region.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from scipy.special import expit

from flows.statistics.multilevel_outcome import LOGISTIC_SD, Outcome
from flows.statistics.multilevel_sample import PRIOR_SD
from flows.statistics.multilevel_system import Information, State, grouping_of, step_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_STEPS = 40
CLOSE = 1e-7
"""A step that is expected to raise the log-likelihood by less than this a person is the last."""
SMALLEST = 1e-10
"""Probabilities and variances are kept this far from 0 (and 1)."""
LEAST_RATIO = 1e-3
"""Under this ratio, places are taken not to differ within their region."""
GRID = np.exp(np.linspace(np.log(0.02), np.log(1.6), 13))
"""Spreads tau, in log-odds, at which the likelihood is computed."""


@dataclass(frozen=True, eq=False)
class Fit:
    """The posterior at one tau, in log-odds: D coefficients (b, then c), M regions, Z places.

    `coefficients` (D,), `covariance` (D, D): mode and covariance of theta, A~^-1.
    `region` (M,): modes of u; 0 where nobody answered. `follows` (M, D): u moves by
    -follows (theta - coefficients), C~_m / H~_m. `precision` (M,): of u when theta is known, H~_m.
    `place` (Z,): modes of v. `place_follows` (Z,): v moves by -place_follows (u - its mode),
    E_p / G_p; that v moves a little with theta too is left out. `place_precision` (Z,): of v when
    u is known, G_p; infinite where places do not differ.
    `log_likelihood`: of tau, up to a constant that is the same for every tau.
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


def likelihood_of(
    outcome: Outcome, ratio: float = 0.0, grid: Sequence[float] | Floats = GRID
) -> Floats:
    """The log-likelihood (G,) of tau on a grid (G,) in log-odds, its largest value 0.

    `ratio`: variance of places within regions as a multiple of tau squared.
    """
    fitter = Fitter(outcome, ratio)
    values = np.array([fitter.fit(float(tau)).log_likelihood for tau in grid])
    return np.asarray(values - values.max())


def fits_of(outcome: Outcome, spreads: ArrayLike, ratio: float = 0.0) -> tuple[Fit, ...]:
    """The posterior at each of some spreads (J,) in log-odds; `ratio` as of `likelihood_of`."""
    fitter = Fitter(outcome, ratio)
    return tuple(fitter.fit(float(tau)) for tau in np.asarray(spreads))


def residuals_of(outcome: Outcome, fit: Fit) -> tuple[Floats, Floats]:
    """What profile, demographics and covariates leave of every answer, y - q (n,), and m (n,).

    Both at u = v = 0: what where they live does is not taken out. On the scale of `outcome.y`.
    """
    sample = outcome.sample
    p = sample.design.shape[1]
    base, profile = sample.design @ fit.coefficients[:p], fit.coefficients[p:]
    if outcome.kind == "mean":
        return outcome.y - base - sample.profile @ profile, np.ones(len(base))
    s = expit(base[:, None] + profile)
    expected = (sample.profile * s).sum(axis=1)
    return outcome.y - expected, (sample.profile * s * (1 - s)).sum(axis=1)


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
        # Regions and places without people have no score: they come back in `_result`.
        self.regions, self.at_region, self.of_region = grouping_of(sample.region)
        self.places, self.at_place, self.of_place = grouping_of(place)
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
        """The posterior at this tau (log-odds, above 0), by Fisher scoring with halved steps."""
        prior = (1 / tau**2, 1 / max(self.ratio * tau**2, SMALLEST))
        value, state = self._value(*self.start, prior)
        for _ in range(MOST_STEPS):
            found = self._information(state, prior)
            steps = step_of(found, self.home)
            gain = sum(float(step @ score) for step, score in zip(steps, found.scores, strict=True))
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

    def _value(
        self, theta: Floats, u: Floats, v: Floats, prior: tuple[float, float]
    ) -> tuple[float, State]:
        """l, the log-likelihood with the priors but their constants, and its state.

        `prior`: the precisions 1 / tau^2 and 1 / (ratio tau^2).
        """
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
        return value, State(theta, u, v, q, slope)

    def _information(self, state: State, prior: tuple[float, float]) -> Information:
        """Scores and expected information, places and then regions eliminated.

        The names are those of `multilevel_system`.
        """
        p = self.x.shape[1]
        m = state.slope.sum(axis=1)
        if self.share:
            inside = np.clip(state.q, SMALLEST, 1 - SMALLEST)
            s = self.w / (inside * (1 - inside))
        else:
            s = self.w / LOGISTIC_SD**2
        d = self.work  # (n, D), written over: the largest array there is
        np.multiply(m[:, None], self.x, out=d[:, :p])
        d[:, p:] = state.slope
        told = s * (self.y - state.q)
        score = d.T @ told - self.penalty * state.theta
        by_person, each = m * told, s * m**2
        region_score = self.of_region @ by_person - prior[0] * state.u
        place_score = self.of_place @ by_person - prior[1] * state.v
        e = self.of_place @ each
        g = e + prior[1]
        given = e / g
        h = self.of_region @ each + prior[0] - self.upward @ (e * given)
        # Sums of s m d by place and region, as products with sparse matrices of s m.
        self.region_people.data[:] = (s * m)[self.region_people.indices]
        self.place_people.data[:] = (s * m)[self.place_people.indices]
        b = self.place_people @ d
        c = self.region_people @ d - self.upward @ (given[:, None] * b)
        d *= np.sqrt(s)[:, None]
        a = d.T @ d + np.diag(self.penalty)
        a -= b.T @ (b / g[:, None])
        a -= c.T @ (c / h[:, None])
        left = region_score - self.upward @ (given * place_score)
        scores = (score, region_score, place_score)
        return Information(scores, left, h, g, given, c, b, cho_factor(a))

    def _result(self, tau: float, state: State, value: float, prior: tuple[float, float]) -> Fit:
        """The posterior of all regions and places: those without people are as their prior."""
        found = self._information(state, prior)
        d = len(state.theta)
        log_det = 2 * float(np.log(np.diag(found.factor[0])).sum())
        log_det += float(np.log(found.region).sum() + np.log(found.place).sum())
        value += self._next_terms(state, found.region)
        log_prior = len(state.u) * np.log(prior[0]) + len(state.v) * np.log(prior[1])
        regions, places = self.sample.regions, len(self.sample.home)
        u, follows = np.zeros(regions), np.zeros((regions, d))
        precision = np.full(regions, prior[0])
        u[self.regions], precision[self.regions] = state.u, found.region
        follows[self.regions] = found.across / found.region[:, None]
        v, place_follows = np.zeros(places), np.zeros(places)
        place_precision = np.full(places, prior[1] if self.ratio > LEAST_RATIO else np.inf)
        v[self.places], place_follows[self.places] = state.v, found.given
        place_precision[self.places] = found.place
        return Fit(
            tau, state.theta, cho_solve(found.factor, np.eye(d)), u, follows, precision, v,
            place_follows, place_precision, value + 0.5 * float(log_prior) - 0.5 * log_det,
        )  # fmt: skip

    def _next_terms(self, state: State, h: Floats) -> float:
        """What follows Laplace's first term for the effects of regions, added up over them.

        Of a region f4 / (8 h^2) + 5 f3^2 / (24 h^3), where h = H~ is minus the second derivative of
        l in u, and f3, f4 are the next two: those of a plain logistic likelihood with the
        information that people give. Of a mean they are zero.
        """
        if not self.share:
            return 0.0
        q, m = state.q, state.slope.sum(axis=1)
        inside = np.clip(q, SMALLEST, 1 - SMALLEST)
        each = self.w * m**2 / (inside * (1 - inside))
        third = self.of_region @ (each * (1 - 2 * q))
        fourth = -(self.of_region @ (each * (1 - 6 * q * (1 - q))))
        return float((fourth / (8 * h**2) + 5 * third**2 / (24 * h**3)).sum())
