"""The published intervals hold the population's share as often as they promise."""

import numpy as np
import pandas as pd

from flows.statistics.intervals import proportion_interval
from flows.statistics.variance import COUNT, SQUARE, WEIGHT, linearise, variance, weighted_sample

SAMPLES = 600
N = 600
POPULATION = 40_000


def population(rng):
    """Answers that depend on age and region, and people who answer in unequal measure."""
    age, region = rng.integers(0, 4, POPULATION), rng.integers(0, 3, POPULATION)
    group = np.where(rng.random(POPULATION) < 0.15 + 0.1 * (age > 1), 1, 0)
    drive = rng.normal(size=POPULATION) + 0.5 * age - 0.4 * region
    cuts = np.quantile(drive, [0.98, 0.93, 0.8, 0.5])
    answers = drive[None, :] > cuts[:, None]
    response = np.exp(-0.3 * age + 0.3 * region)
    return age * 3 + region, group, answers.astype(float), response / response.sum()


def test_coverage_of_calibrated_shares():
    rng = np.random.default_rng(7)
    cell, group, answers, chance = population(rng)
    targets = np.bincount(cell)
    truth = np.stack([answers[:, group == g].mean(axis=1) for g in (0, 1)], axis=1)
    hits = np.zeros(truth.shape)
    used = np.zeros(truth.shape)
    enough = np.zeros(truth.shape)
    for _ in range(SAMPLES):
        s = rng.choice(POPULATION, N, replace=True, p=chance)
        weights = (targets / np.bincount(cell[s], minlength=len(targets)))[cell[s]]
        margins = pd.DataFrame({"cell": pd.Categorical(cell[s])})
        sample = weighted_sample(weights, group[s], 2, margins)
        rows = np.vstack([answers[:, s], np.ones(N)])[:, sample.grouping.order]
        sums = sample.sums(rows)[:, :2]
        base = np.broadcast_to(sums[-1:], sums[:-1].shape)
        linear = linearise(sample, sums[:-1], base, sums[:-1])
        error = np.sqrt(variance(sample, linear))
        n_eff = base[..., WEIGHT] ** 2 / base[..., SQUARE]
        low, high = proportion_interval(linear.estimate, error, base[..., COUNT], n_eff, N - 1)
        hits += (low <= truth) & (truth <= high)
        used += 1
        enough += n_eff * np.minimum(truth, 1 - truth)
    coverage = hits / used
    assert 0.935 <= coverage.mean() <= 0.965
    # Three standard errors of a simulation of this size on both sides of 95%.
    judged = coverage[enough / used >= 10]
    assert judged.size >= 4
    assert ((judged > 0.92) & (judged < 0.98)).all()
