"""How many profiles do the answers hold? Three questions, none of which decides alone.

BIC asks which number explains the answers best for what it costs; with many people and answers
on steps it goes on adding profiles that mend the shape of the cloud. Held-out likelihood asks
whether people who took no part in the fit are predicted better (Smyth 2000, Statistics and
Computing 10, 63-72). Split halves ask whether other people would have given the same profiles.
The respondents are halved at random; factors and mixture are fitted on each half apart, each
half is predicted by the other's fit, and both fits type everybody.

Fewer starts than the model itself has are used, and every number of profiles also starts from
the solution with one profile less, of which the widest is cut in two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import Concomitants, score_matrix, scored_columns
from flows.profiles.assign import enough_answers
from flows.profiles.errors import ProfileError
from flows.profiles.factors import FactorModel, fit_factors, usable_items
from flows.profiles.fit import FEWEST_PER_PROFILE, checked_weights
from flows.profiles.logit import Cells, log_prior
from flows.profiles.mixture import (
    Mixture,
    fit_mixture,
    log_density,
    maximise,
    posterior,
    run_em,
)
from flows.profiles.stability import adjusted_rand_index

Floats = NDArray[np.float64]

AROUND = 4
"""So many fewer and more profiles than the plan has are tried, but no fewer than two."""
STARTS, KEPT, ITERATIONS, TOLERANCE = 4, 2, 150, 1e-5
STEADY = 0.70
"""Halves that agree less than this (adjusted Rand index) do not find the same profiles."""
SMALLEST_SHARE = 0.03


@dataclass(frozen=True)
class NumberRow:
    """What speaks for and against `k` profiles.

    `bic`: lower is better. `held_out`: mean log-likelihood per person, of people who took no
    part in the fit; `held_out_gain` over one profile less with `held_out_se`, its standard
    error over people (None in the first row). `split_half`: adjusted Rand index of everybody's
    profile by the two halves. `smallest`: share of the smallest profile, 0-1.
    """

    k: int
    bic: float
    held_out: float
    held_out_gain: float | None
    held_out_se: float | None
    split_half: float
    smallest: float


@dataclass(frozen=True)
class Numbers:
    """Numbers of profiles side by side, and what they say of the plan's.

    `planned`: the plan's number. `by_bic`: with the lowest BIC. `by_held_out`: the fewest that
    predict held-out people as well as the best number does, within the standard error of the
    difference. `steady_to`: the most that two halves agree on (`STEADY`), None where none.
    `supported`: the plan's number is no more than held-out people bear out, its halves agree
    and its smallest profile is large enough to report on.
    """

    rows: tuple[NumberRow, ...]
    planned: int
    by_bic: int
    by_held_out: int
    steady_to: int | None
    supported: bool
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the summary of a model: `rows`, `sentence` and the rest."""
        return asdict(self) | {"rows": [asdict(row) for row in self.rows]}


@dataclass(frozen=True, eq=False)
class _Part:
    """Some of the people, standardised and factored by themselves; all have scores (n, q)."""

    rows: NDArray[np.int64]
    scores: Floats
    cells: Cells
    weights: Floats
    factors: FactorModel


def compare_numbers(
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    weights: ArrayLike | None = None,
    numbers: Sequence[int] | None = None,
    seed: int | None = None,
    starts: int = STARTS,
) -> Numbers:
    """Compare numbers of profiles on the respondents of an answer frame.

    `weights` (n,) default to equal ones; `numbers` to those around the plan's (`AROUND`), as
    far as there are people for; `seed` to the plan's. 10,000 people, 25 items and nine numbers
    take about half a minute on one core.

    Raises `ProfileError` when the answers or the weights cannot carry even the smallest number.
    """
    seed = plan.seed if seed is None else seed
    planned = len(plan.profiles)
    w = checked_weights(weights, len(frame))
    columns = scored_columns(questionnaire, plan.items)
    items = score_matrix(frame, questionnaire, columns)
    used = enough_answers(items) & (w > 0)
    wanted = sorted(set(numbers or range(max(planned - AROUND, 2), planned + AROUND + 1)))
    if wanted[0] < 2:
        raise ProfileError(f"{wanted[0]} profiles cannot be compared; ask for 2 or more.")
    most = int(used.sum()) // (2 * FEWEST_PER_PROFILE)
    tried = [k for k in wanted if k <= most]
    if not tried:
        raise ProfileError(
            f"{int(used.sum())} respondents answered enough items; to compare numbers of profiles "
            f"in two halves {2 * FEWEST_PER_PROFILE * wanted[0]} are needed: wait for more answers."
        )
    frame, items, w = frame.loc[used], items[used], w[used] / w[used].sum()
    concomitants = Concomitants.fitted(frame, questionnaire, plan.concomitants, w)
    cells = Cells.of_rows(concomitants.design(frame, questionnaire))
    rng = np.random.default_rng([seed, 5])
    shuffled = rng.permutation(len(items))
    half = len(items) // 2
    everybody = np.arange(len(items))
    parts = [
        _part(items, cells, w, np.sort(rows), plan.factors)
        for rows in (everybody, shuffled[:half], shuffled[half:])
    ]
    before: list[Mixture | None] = [None] * len(parts)
    rows: list[NumberRow] = []
    each: list[Floats] = []
    for k in tried:
        fitted = [_fitted(p, k, last, seed, starts) for p, last in zip(parts, before, strict=True)]
        if not all(np.isfinite(mixture.log_likelihood) for mixture in fitted):
            break
        before = list(fitted)
        found = _row(k, parts, fitted, w, each[-1] if each else None)
        rows.append(found[0])
        each.append(found[1])
    if not rows:
        raise ProfileError(
            f"The answers do not hold even {tried[0]} different profiles: every attempt left one "
            "without people; define more items in profiles.yaml."
        )
    return _argued(tuple(rows), each, w, planned)


def _part(
    items: Floats, cells: Cells, weights: Floats, rows: NDArray[np.int64], factors: int
) -> _Part:
    usable = usable_items(items[rows])
    fitted = fit_factors(items[rows][:, usable], weights[rows], factors)
    own = weights[rows] / weights[rows].sum()
    return _Part(rows, fitted.scores(items[:, usable]), cells, own, fitted)


def _fitted(part: _Part, k: int, before: Mixture | None, seed: int, starts: int) -> Mixture:
    """The best of some random starts and of the last solution with a component cut in two."""
    scores, cells = part.scores[part.rows], part.cells.taken(part.rows)
    best = fit_mixture(
        scores, cells, part.weights, k, seed=seed, starts=starts, kept=KEPT,
        iterations=ITERATIONS, tolerance=TOLERANCE,
    )  # fmt: skip
    if before is None or before.components != k - 1:
        return best
    memberships = posterior(before, scores, cells)
    mass = memberships * part.weights[:, None]
    off = scores[:, None, :] - before.means[None]
    spread = np.einsum("nk,nkq->k", mass, off**2)
    widest = int(np.argmax(spread))
    along = off[:, widest] @ _longest(off[:, widest], mass[:, widest])
    upper = np.where(along > 0, memberships[:, widest], 0.0)
    cut = np.column_stack([memberships, upper])
    cut[:, widest] -= upper
    first = maximise(scores, cells, cut * part.weights[:, None])
    warm = run_em(first, scores, cells, part.weights, iterations=ITERATIONS, tolerance=TOLERANCE)
    return max(best, warm, key=lambda mixture: mixture.log_likelihood)


def _longest(off: Floats, mass: Floats) -> Floats:
    """The direction in which these people differ most: (q,)."""
    return np.asarray(np.linalg.eigh((off.T * mass) @ off)[1][:, -1])


def _row(
    k: int,
    parts: list[_Part],
    fitted: list[Mixture],
    weights: Floats,
    before: Floats | None,
) -> tuple[NumberRow, Floats]:
    """The figures of k profiles and the held-out log-likelihood of every person (n,)."""
    whole, halves = fitted[0], list(zip(parts[1:], fitted[1:], strict=True))
    n = len(weights)
    held_out = np.empty(n)
    for (_, mixture), (part, _), (other, _) in zip(halves, halves, halves[::-1], strict=True):
        held_out[other.rows] = _log_likelihood(mixture, part.scores[other.rows],
                                               part.cells.taken(other.rows))  # fmt: skip
    labels = [posterior(m, part.scores, part.cells).argmax(axis=1) for part, m in halves]
    gain, error = (None, None) if before is None else weighted_mean(held_out - before, weights)
    sizes = weights @ posterior(whole, parts[0].scores, parts[0].cells)
    row = NumberRow(
        k=k,
        bic=float(-2 * n * whole.log_likelihood + whole.parameters * np.log(n)),
        held_out=weighted_mean(held_out, weights)[0],
        held_out_gain=gain,
        held_out_se=error,
        split_half=adjusted_rand_index(*labels),
        smallest=float(sizes.min()),
    )
    return row, held_out


def _log_likelihood(mixture: Mixture, scores: Floats, cells: Cells) -> Floats:
    """log density of each person's scores given the demographics: (n,)."""
    log_p = log_density(scores, mixture.means, mixture.covariance)
    log_p += log_prior(mixture.logit, cells.design)[cells.of]
    return np.asarray(logsumexp(log_p, axis=1))


def weighted_mean(values: Floats, weights: Floats) -> tuple[float, float]:
    """Weighted mean and its linearised standard error; weights add up to one."""
    mean = float(weights @ values)
    n = len(values)
    return mean, float(np.sqrt(n / (n - 1) * np.sum((weights * (values - mean)) ** 2)))


def _argued(
    rows: tuple[NumberRow, ...], each: list[Floats], weights: Floats, planned: int
) -> Numbers:
    by_bic = min(rows, key=lambda row: row.bic).k
    best = int(np.argmax([row.held_out for row in rows]))
    enough = best
    for i in range(best):
        behind, error = weighted_mean(each[best] - each[i], weights)
        if behind <= error:
            enough = i
            break
    by_held_out = rows[enough].k
    steady = [row.k for row in rows if row.split_half >= STEADY]
    own = next((row for row in rows if row.k == planned), None)
    against = _against(own, by_held_out, planned)
    sentence = _sentence(rows, planned, by_bic, by_held_out, max(steady, default=None), against)
    return Numbers(
        rows, planned, by_bic, by_held_out, max(steady, default=None), not against, sentence
    )


def _against(own: NumberRow | None, by_held_out: int, planned: int) -> list[str]:
    """What speaks against the plan's number."""
    if own is None:
        return [f"the answers could not be fitted with {planned}"]
    said = []
    if planned > by_held_out:
        said.append(f"{by_held_out} predict held-out people as well")
    if own.split_half < STEADY:
        said.append(
            f"two halves of the people do not find the same {planned} (agreement "
            f"{own.split_half:.2f}, wanted {STEADY:.2f})"
        )
    if own.smallest < SMALLEST_SHARE:
        said.append(f"the smallest holds {own.smallest:.1%} of the people")
    return said


def _sentence(
    rows: tuple[NumberRow, ...],
    planned: int,
    by_bic: int,
    by_held_out: int,
    steady_to: int | None,
    against: list[str],
) -> str:
    last = rows[-1].k
    bic = f"BIC is lowest with {by_bic} profiles" + (
        ", the most that were tried" if by_bic == last else ""
    )
    held = f"held-out people are predicted no better beyond {by_held_out}" + (
        ", the most that were tried" if by_held_out == last else ""
    )
    halves = (
        f"two halves of the people agree on no number (at least {STEADY:.2f} is wanted)"
        if steady_to is None
        else f"two halves of the people agree up to {steady_to}"
    )
    own = next((row for row in rows if row.k == planned), None)
    if against:
        verdict = f"The plan's {planned} profiles are not supported: {'; '.join(against)}."
    else:
        agreement = f" (agreement of the halves {own.split_half:.2f})" if own else ""
        verdict = f"The plan's {planned} profiles are supported{agreement}"
        more = f"; by held-out people alone at most {by_held_out} could be told apart"
        verdict += f"{more}." if by_held_out > planned else "."
    return f"{bic}; {held}; {halves}. {verdict}"
