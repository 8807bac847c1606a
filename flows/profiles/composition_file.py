"""The profile mix of the people in a file of answers, without typing any of them for good.

Counting labels would overstate large profiles and understate small ones. So the measurement
stays as it is (how answers hang together with profiles, and how profiles differ by demographics)
and only the sizes are estimated, by maximum likelihood of the answers: the idea of
`flows.profiles.trend.resize`, with far fewer parameters because a municipality sends tens of
people, not thousands. P(profile k | demographics x) is taken proportional to the model's times
exp(shift_k), with one shift a profile. Estimate and interval come from the posterior of the
shifts under a weak prior, by importance sampling: a bootstrap of the most likely shifts is too
narrow at tens of people. The prior holds a profile that nobody has above zero; where the answers
are nearly as likely without a profile, its interval therefore begins at zero.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import score_matrix
from flows.profiles.assign import enough_answers
from flows.profiles.errors import ProfileError
from flows.profiles.logit import Cells, log_prior
from flows.profiles.typing import TypingModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST = 30
"""People below which no composition is given."""
SHIFT_SD = 1.0
"""Standard deviation of a weak prior on the shifts, on the scale of logs of shares, in estimates
without a posterior: keeps a profile that nobody here seems to have from a shift without end."""
PRIOR_SD = 1.5
"""The same for the posterior. A profile that is 4.5 times as common here as expected costs half a
point of log-likelihood in all. With 1 the interval of a rare profile that is very common here is
too low; with 2 intervals grow and cover no better."""
ITERATIONS, TOLERANCE, IN_REPLICATES = 2_000, 1e-7, 1e-3
MOST_AT_ONCE = 2_000_000
"""Numbers held at a time."""
DRAWS, FEWEST_DRAWS, PEOPLE_IN_ALL = 4_000, 1_000, 20_000_000
"""Draws from the posterior; fewer for a file of so many people that draws times people is more."""
DEGREES, ROUNDS, FEWEST_EFFECTIVE = 6, 4, 0.1
"""Degrees of freedom of what is drawn from; how often that may be moved towards the posterior; the
least number of effective draws, as a part of the draws."""
LEAST_VARIANCE = 1e-9
"""Added to variances that were found, so that a covariance always has a root."""
WITHIN = 1.92
"""Half the 95% point of chi-squared with one degree of freedom: how far the log-likelihood may be
below its maximum at a value that is not excluded."""
GONE = -1e6
"""A shift at which nobody has a profile: its exponent is zero."""
SKETCH = 256
FEWEST_DIFFERENT = 10
"""Two files must differ in at least so many rows for both to get a composition."""


@dataclass(frozen=True, eq=False)
class FileComposition:
    """The profile mix of the people in a file.

    `shares`, `low`, `high` (K,): in the order of `codes`; shares add up to one, the interval is
    a 95% one for the chance in who took part. `n`: people that count; `left_out`: who answered
    less than a third of the questions. `absent`: demographics that the file does not hold.
    `same`: rows that are equal to an earlier row in everything that counts.
    """

    codes: tuple[str, ...]
    shares: Floats
    low: Floats
    high: Floats
    n: int
    left_out: int
    absent: tuple[str, ...]
    same: int


@dataclass(frozen=True, eq=False)
class Usable:
    """The people of a file as the estimate sees them; nothing else of the file is needed.

    `log_densities`, `log_priors` (n, K) and `rows` (n, g + D): scores and design, by which two
    files are compared.
    """

    log_densities: Floats
    log_priors: Floats
    rows: Floats
    left_out: int
    absent: tuple[str, ...]


def usable_people(typing: TypingModel, frame: pd.DataFrame, questionnaire: Questionnaire) -> Usable:
    """The people of an answer frame who answered enough to count.

    Raises `ProfileError` when fewer than 30 of them did, when a golden question is absent, and
    for a code that the model does not know.
    """
    golden = score_matrix(frame, questionnaire, typing.columns)
    used = enough_answers(golden)
    if int(used.sum()) < FEWEST:
        raise ProfileError(
            f"{int(used.sum())} people in the file answered at least a third of the golden "
            f"questions; a composition needs at least {FEWEST}, so that it says nothing about "
            "one of them. Send a file with more people."
        )
    design = typing.concomitants.design(frame, questionnaire)[used]
    cells = Cells.of_rows(design)
    return Usable(
        typing.scorer.log_densities(golden[used]) / typing.scorer.temperature,
        log_prior(typing.scorer.logit, cells.design)[cells.of],
        np.hstack([golden[used], design]),
        int((~used).sum()),
        typing.concomitants.absent(frame, questionnaire),
    )


def composition_of_people(
    typing: TypingModel, people: Usable, seed: int = 1, draws: int = DRAWS
) -> FileComposition:
    """Shares of the profiles among these people: posterior means and 95% intervals.

    A draw is a set of shifts from their posterior and a set of weights of people from the
    Dirichlet distribution (1, .. 1), which stands for the chance in who took part (Rubin 1981, The
    Bayesian bootstrap, Annals of Statistics 9, 130-134). A lower bound is zero where the absence
    of the profile is not excluded. The same people and seed give the same result.
    """
    n = len(people.log_densities)
    _, shift = estimated_shares(people, np.full((1, n), 1 / n), spread=PRIOR_SD)
    draws = int(np.clip(PEOPLE_IN_ALL // n, min(FEWEST_DRAWS, draws), draws))
    drawn, weights = posterior_shares(people, shift[0], draws, seed)
    shares = weights @ drawn
    low, high = _quantiles(drawn, weights, (0.025, 0.975))
    low = np.where(may_be_absent(people, shift[0]), 0.0, low)
    return FileComposition(
        typing.codes,
        shares,
        np.minimum(low, shares),
        np.maximum(high, shares),
        n,
        people.left_out,
        people.absent,
        int(pd.DataFrame(people.rows).duplicated().sum()),
    )


def posterior_shares(people: Usable, shift: Floats, draws: int, seed: int) -> tuple[Floats, Floats]:
    """Draws of the shares (R, K) and their weights (R,), which add up to one.

    `shift` (K,): the posterior mode. Shifts are drawn from a t distribution around it, scaled by
    the observed information, and weighted by posterior over what was drawn from (importance
    sampling: Gelman et al. 2013, Bayesian data analysis, section 10.4). When fewer than a tenth
    of the draws count, they are drawn again around the mean and covariance found; if that does not
    help in four rounds, the weights are brought to a power below one at which a tenth counts:
    between the posterior and the wider t distribution, never a result of a few draws.
    """
    k = people.log_densities.shape[1]
    rng = np.random.default_rng([seed, 8])
    centre, root = shift, _root_of_covariance(people, shift)
    for left in reversed(range(ROUNDS)):
        standard = rng.normal(size=(draws, k))
        standard /= np.sqrt(rng.chisquare(DEGREES, size=(draws, 1)) / DEGREES)
        at = centre + standard @ root.T
        log_drawn = -(DEGREES + k) / 2 * np.log1p((standard**2).sum(axis=1) / DEGREES)
        log_prior_at = -(at**2).sum(axis=1) / (2 * PRIOR_SD**2)
        weights, power = tempered(log_likelihood(people, at) + log_prior_at - log_drawn)
        if power == 1 or not left:
            break
        centre = weights @ at
        away = at - centre
        covariance = (weights[:, None] * away).T @ away + LEAST_VARIANCE * np.eye(k)
        root = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    return _shares_at(people, at, rng), weights


def tempered(log_ratio: Floats) -> tuple[Floats, float]:
    """Importance weights (R,) adding up to one, to the highest power up to 1 at which enough count.

    The effective number of draws is 1 / sum of squared weights (Kish); a tenth of all is enough.
    Returns weights and power.
    """
    away = log_ratio - log_ratio.max()

    def weights(power: float) -> Floats:
        raw = np.exp(power * away)
        return np.asarray(raw / raw.sum())

    def enough(power: float) -> bool:
        return bool((weights(power) ** 2).sum() * FEWEST_EFFECTIVE * len(away) <= 1)

    if enough(1):
        return weights(1), 1.0
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if enough(middle) else (low, middle)
    return weights(low), low


def may_be_absent(people: Usable, shift: Floats) -> NDArray[np.bool_]:
    """Per profile (K,): whether the answers are nearly as likely if nobody has it.

    The profile likelihood: the other shifts are estimated anew without the profile, and the
    log-likelihood may be 1.92 below that of all profiles (Venzon & Moolgavkar 1988, Applied
    Statistics 37, 87-94). `shift` (K,): where to begin.
    """
    n, k = people.log_densities.shape
    gone = np.vstack([np.zeros(k, dtype=bool), np.eye(k, dtype=bool)])
    at = np.where(gone, GONE, shift)
    for some in _pieces(k + 1, n * k):
        weights = np.full((len(at[some]), n), 1 / n)
        centre = np.where(gone[some], GONE, 0.0)
        _, at[some] = estimated_shares(people, weights, at[some], centre, IN_REPLICATES, PRIOR_SD)
    likelihood = log_likelihood(people, at)
    return np.asarray(likelihood[1:] >= likelihood[0] - WITHIN)


def log_likelihood(people: Usable, shifts: Floats) -> Floats:
    """Sum over people of log sum_k P(k | x; shift) f_k(answers), per row of `shifts` (R, K)."""
    joint = people.log_priors + people.log_densities
    top = joint.max(axis=1, keepdims=True)
    factor = np.exp(shifts - shifts.max(axis=1, keepdims=True))
    total = np.empty(len(shifts))
    for some in _pieces(len(shifts), len(joint)):
        with_answers = factor[some] @ np.exp(joint - top).T
        without = factor[some] @ np.exp(people.log_priors).T
        least = np.finfo(np.float64).tiny
        total[some] = np.log(np.maximum(with_answers, least) / np.maximum(without, least)).sum(1)
    return np.asarray(total + top.sum())


def _shares_at(people: Usable, shifts: Floats, rng: np.random.Generator) -> Floats:
    """Shares (R, K) at shifts (R, K), over people with weights of the Bayesian bootstrap."""
    n = len(people.log_priors)
    prior = np.exp(people.log_priors)
    factor = np.exp(shifts - shifts.max(axis=1, keepdims=True))
    shares = np.empty_like(factor)
    for some in _pieces(len(shifts), n):
        mass = rng.exponential(size=(len(factor[some]), n))
        mass /= factor[some] @ prior.T
        shares[some] = factor[some] * (mass @ prior)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _root_of_covariance(people: Usable, shift: Floats) -> Floats:
    """A root (K, K) of the inverse of the observed information about the shifts, prior included.

    Directions of which answers tell less than nothing here get half the information of the prior.
    """
    k = len(shift)
    prior = _softmax(people.log_priors + shift)
    posterior = _softmax(people.log_priors + people.log_densities + shift)
    information = (
        np.diag((prior - posterior).sum(axis=0))
        - prior.T @ prior
        + posterior.T @ posterior
        + np.eye(k) / PRIOR_SD**2
    )
    values, vectors = np.linalg.eigh(information)
    return np.asarray(vectors / np.sqrt(np.maximum(values, 0.5 / PRIOR_SD**2)))


def _quantiles(drawn: Floats, weights: Floats, at: tuple[float, ...]) -> Floats:
    """Weighted quantiles (Q, K) of draws (R, K): the first draw that so much weight is up to."""
    low_to_high = np.sort(drawn, axis=0)
    passed = np.cumsum(weights[np.argsort(drawn, axis=0)], axis=0)
    return np.array(
        [np.take_along_axis(low_to_high, (passed < q).sum(axis=0)[None], axis=0)[0] for q in at]
    )


def _pieces(rows: int, n: int) -> list[slice]:
    """Slices of rows, so that no more than `MOST_AT_ONCE` numbers are held."""
    at_once = max(MOST_AT_ONCE // n, 1)
    return [slice(first, first + at_once) for first in range(0, rows, at_once)]


def estimated_shares(
    people: Usable,
    weights: Floats,
    start: Floats | None = None,
    centre: Floats | None = None,
    tolerance: float = TOLERANCE,
    spread: float = SHIFT_SD,
) -> tuple[Floats, Floats]:
    """Shares (R, K) and shifts (R, K) that make the answers most likely, per row of weights.

    `weights` (R, n): rows add up to one. Maximises the sum of w log sum_k P(k | x; shift)
    f_k(answers), with a weak normal prior on the shifts around `centre` (R, K) with standard
    deviation `spread`, by steps with the information that known profiles would give: that of the
    answers is never larger, so the steps do not overshoot.
    """
    n, k = people.log_densities.shape
    shift = np.zeros((len(weights), k)) + (0.0 if start is None else start)
    middle = np.zeros(k) if centre is None else centre
    ridge = 1 / (spread**2 * n)
    joint = people.log_priors + people.log_densities
    middle = np.broadcast_to(middle, shift.shape)
    going = np.arange(len(weights))
    for _ in range(ITERATIONS):
        w, at = weights[going], shift[going]
        prior = _softmax(people.log_priors + at[:, None, :])
        posterior = _softmax(joint + at[:, None, :])
        slope = np.einsum("rn,rnk->rk", w, posterior - prior) - ridge * (at - middle[going])
        mass = w[:, :, None] * prior
        information = -np.matmul(mass.transpose(0, 2, 1), prior)
        information[:, np.arange(k), np.arange(k)] += mass.sum(axis=1) + ridge
        step = np.linalg.solve(information, slope[:, :, None])[:, :, 0]
        shift[going] = at + step
        going = going[np.abs(step).max(axis=1) >= tolerance]
        if len(going) == 0:
            break
    posterior = _softmax(joint + shift[:, None, :])
    return np.einsum("rn,rnk->rk", weights, posterior), shift


def _softmax(log_p: Floats) -> Floats:
    p = np.exp(log_p - log_p.max(axis=-1, keepdims=True))
    return np.asarray(p / p.sum(axis=-1, keepdims=True))


# ----------------------------------------------------------- is it a file of before but for few


def sketch_of(people: Usable, key: bytes) -> Ints:
    """A summary (256,) of who is in a file, from which no row can be read.

    Each row becomes 256 signs by a keyed hash (HMAC-SHA256) of what counts of it, and the signs of
    all rows are added up. The squared distance of two sketches, divided by 256, estimates in how
    many rows two files differ (Alon, Matias & Szegedy 1999, Journal of Computer and System
    Sciences 58, 137-147), to about a tenth. Only who holds the key and a person's answers could
    guess whether these are in it.
    """
    total = np.zeros(SKETCH, dtype=np.int64)
    for row in people.rows:
        text = ",".join("" if np.isnan(value) else format(value, ".9g") for value in row)
        digest = hmac.digest(key, text.encode(), "sha256")
        bits = np.unpackbits(np.frombuffer(digest, dtype=np.uint8))
        total += 2 * bits.astype(np.int64) - 1
    return total


def rows_apart(first: Ints, second: Ints) -> float:
    """In about how many rows two files differ, by their sketches; a changed row counts twice."""
    return float(((first - second) ** 2).sum() / SKETCH)


def rounded(mix: FileComposition) -> FileComposition:
    """As it leaves: shares in whole percents that add up to one hundred, bounds around them.

    Largest remainders (Hamilton), so that nothing exact of one file can be set against another.
    """
    points = mix.shares * 100
    whole = np.floor(points)
    for k in np.argsort(-(points - whole), kind="stable")[: round(100 - whole.sum())]:
        whole[k] += 1
    low, high = np.floor(mix.low * 100), np.ceil(mix.high * 100)
    return replace(
        mix,
        shares=whole / 100,
        low=np.minimum(low, whole) / 100,
        high=np.maximum(high, whole) / 100,
    )
