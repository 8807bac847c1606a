"""What `profiles.py` measures: hits and honesty, trend between waves, scikit-learn beside ours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from _profiles_world import DEMOGRAPHICS, PROFILES, World, draw
from scipy.optimize import linear_sum_assignment
from sklearn.mixture import GaussianMixture

from flows.definitions.questionnaire import Questionnaire
from flows.profiles.assign import assign
from flows.profiles.golden import expected_calibration_error
from flows.profiles.logit import Cells
from flows.profiles.mixture import Mixture, fit_mixture, posterior
from flows.profiles.model import ProfileModel
from flows.profiles.stability import adjusted_rand_index
from flows.profiles.trend import resize
from flows.profiles.typing import TypingModel


@dataclass(frozen=True, eq=False)
class Judged:
    """`order[k]`: the true profile that fitted profile k stands for; the rest are 0-1."""

    order: np.ndarray
    hit: float
    confidence: float
    calibration_error: float


def judged(probabilities: np.ndarray, truth: np.ndarray, order: np.ndarray | None = None) -> Judged:
    """How often the most likely profile is the true one, and how sure it was."""
    label, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    if order is None:
        together = np.zeros((PROFILES, PROFILES))
        np.add.at(together, (label, truth), 1)
        order = linear_sum_assignment(-together)[1]
    right = (order[label] == truth).astype(float)
    error = expected_calibration_error(sure, right, np.ones(len(right)))
    return Judged(order, float(right.mean()), float(sure.mean()), error)


def trend_slopes(
    here: World,
    asked: Questionnaire,
    model: ProfileModel,
    typing: TypingModel,
    order: np.ndarray,
    rng: np.random.Generator,
    pairs: int,
    people: int,
) -> dict[str, float]:
    """Slope of estimated on true change of the profile shares, and its error in points.

    Of every pair of waves the true shares are those of the population, or the weighted ones of
    the respondents themselves (which leaves sampling out; so does the error in points). All
    waves have fresh people. Labels counted are there for comparison.
    """
    ways: dict[str, list[np.ndarray]] = {"all items": [], "10 questions": [], "labels counted": []}
    true: list[np.ndarray] = []
    here_true: list[np.ndarray] = []
    for _ in range(pairs):
        found: dict[str, list[np.ndarray]] = {way: [] for way in ways}
        shares, realised = [], []
        for _wave in range(2):
            shift = rng.normal(0, 0.3, PROFILES)
            shares.append(_population_shares(here, shift, rng))
            people_now = draw(here, people, rng, selected=True, shift=shift)
            frame, weights = people_now.frame, people_now.weights
            realised.append(np.bincount(people_now.profile, weights, PROFILES) / weights.sum())
            labels = assign(model, frame, asked).probabilities.argmax(axis=1)
            counted = np.bincount(labels, weights, PROFILES)
            found["labels counted"].append(counted / counted.sum())
            found["all items"].append(resize(model, frame, asked, weights).sizes)
            found["10 questions"].append(resize(typing, frame, asked, weights).sizes)
        true.append((shares[1] - shares[0])[order])
        here_true.append((realised[1] - realised[0])[order])
        for way, (before, after) in found.items():
            ways[way].append(after - before)
    x, z = np.concatenate(true), np.concatenate(here_true)
    out: dict[str, float] = {}
    for way, changes in ways.items():
        y = np.concatenate(changes)
        out[f"trend slope, {way}"] = float(x @ y / (x @ x))
        out[f"trend slope on the respondents' own change, {way}"] = float(z @ y / (z @ z))
        out[f"trend RMSE, {way} (points)"] = float(100 * np.sqrt(np.mean((y - z) ** 2)))
    return out


def _population_shares(here: World, shift: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    people = draw(here, 20_000, rng, shift=shift).frame
    demographics = {name: people[name].cat.codes.to_numpy() for name in DEMOGRAPHICS}
    chances = here.profile_chances(demographics) * np.exp(shift)
    return np.asarray((chances / chances.sum(axis=1, keepdims=True)).mean(axis=0))


def oracle(model: ProfileModel, items: np.ndarray, seed: int) -> dict[str, float]:
    """Our mixture without demographics beside scikit-learn's tied one, on the same scores.

    scikit-learn starts where ours ended, and once more by itself from ten starts. It knows no
    weights: weighted, whole numbers of 1 to 3, is compared with rows repeated as often.
    """
    scores = model.factors.scores(items[:4000])
    times = np.random.default_rng(seed).integers(1, 4, len(scores))
    out: dict[str, float] = {}
    for what, weights, rows in (
        ("", np.ones(len(scores)), scores),
        ("weighted: ", times.astype(float), np.repeat(scores, times, axis=0)),
    ):
        none = Cells.of_rows(np.empty((len(scores), 0)))
        ours = fit_mixture(scores, none, weights, PROFILES, seed=seed, tolerance=1e-9,
                           iterations=3000)  # fmt: skip
        theirs = _tied(rows, ours)
        mine = posterior(ours, scores, none).argmax(axis=1)
        out[f"{what}ARI with scikit-learn"] = adjusted_rand_index(mine, theirs.predict(scores))
        out[f"{what}log-likelihood, ours - theirs, relative (1e-6)"] = (
            1e6 * (ours.log_likelihood - theirs.score(rows)) / abs(theirs.score(rows))
        )
        free = GaussianMixture(
            PROFILES, covariance_type="tied", n_init=10, max_iter=500, tol=1e-6, random_state=seed
        ).fit(rows)
        out[f"{what}log-likelihood, ours - theirs of 10 starts"] = ours.log_likelihood - float(
            free.score(rows)
        )
    return out


def _tied(rows: np.ndarray, start: Mixture) -> GaussianMixture:
    sizes = np.exp(start.logit[0])
    return GaussianMixture(
        PROFILES,
        covariance_type="tied",
        weights_init=sizes / sizes.sum(),
        means_init=start.means,
        precisions_init=np.linalg.inv(start.covariance),
        max_iter=3000,
        tol=1e-9,
    ).fit(rows)
