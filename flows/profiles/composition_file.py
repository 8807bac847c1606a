"""The profile mix of the people in a file of answers, without typing any of them for good.

Counting labels would overstate large profiles and understate small ones. So the measurement
stays as it is (how answers hang together with profiles, and how profiles differ by demographics)
and only the sizes are estimated, by maximum likelihood of the answers: the idea of
`flows.profiles.trend.resize`, with far fewer parameters because a municipality sends tens of
people, not thousands. P(profile k | demographics x) is taken proportional to the model's times
exp(shift_k), with one shift a profile.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.definitions.models import Questionnaire
from flows.profiles.answers import score_matrix
from flows.profiles.assign import enough_answers
from flows.profiles.errors import ProfileError
from flows.profiles.logit import Cells, log_prior
from flows.profiles.typing import TypingModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST = 30
"""People below which no composition is given."""
REPLICATES = 200
SHIFT_SD = 1.0
"""Standard deviation of a weak prior on the shifts, on the scale of logs of shares: keeps a profile
that nobody here seems to have from a shift without end. One that is 2.7 times as common here as
expected costs half a point of log-likelihood in all, so it hardly counts beyond 100 people."""
ITERATIONS, TOLERANCE, IN_REPLICATES = 2_000, 1e-7, 1e-3
MOST_AT_ONCE = 2_000_000
"""Numbers held at a time in the bootstrap."""
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
    typing: TypingModel, people: Usable, seed: int = 1, replicates: int = REPLICATES
) -> FileComposition:
    """Shares of the profiles among these people, with a bootstrap interval over people.

    In each replicate the centre of the prior on the shifts is drawn too, so that a profile of
    which the answers say little gets the wide interval that it should have. The same people
    and seed give the same result.
    """
    n, k = people.log_densities.shape
    shares, shift = estimated_shares(people, np.full((1, n), 1 / n))
    rng = np.random.default_rng([seed, 8])
    weights = rng.multinomial(n, np.full(n, 1 / n), replicates) / n
    centres = rng.normal(scale=SHIFT_SD, size=(replicates, k))
    at_once = max(MOST_AT_ONCE // (n * k), 1)
    drawn = np.empty((replicates, k))
    for first in range(0, replicates, at_once):
        some = slice(first, first + at_once)
        drawn[some] = estimated_shares(people, weights[some], shift, centres[some], IN_REPLICATES)[
            0
        ]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return FileComposition(
        typing.codes,
        shares[0],
        np.minimum(low, shares[0]),
        np.maximum(high, shares[0]),
        n,
        people.left_out,
        people.absent,
        int(pd.DataFrame(people.rows).duplicated().sum()),
    )


def estimated_shares(
    people: Usable,
    weights: Floats,
    start: Floats | None = None,
    centre: Floats | None = None,
    tolerance: float = TOLERANCE,
) -> tuple[Floats, Floats]:
    """Shares (R, K) and shifts (R, K) that make the answers most likely, per row of weights.

    `weights` (R, n): rows add up to one. Maximises the sum of w log sum_k P(k | x; shift)
    f_k(answers), with a weak normal prior on the shifts around `centre` (R, K), by steps with
    the information that known profiles would give: that of the answers is never larger, so
    the steps do not overshoot.
    """
    n, k = people.log_densities.shape
    shift = np.zeros((len(weights), k)) + (0.0 if start is None else start)
    middle = np.zeros(k) if centre is None else centre
    ridge = 1 / (SHIFT_SD**2 * n)
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
