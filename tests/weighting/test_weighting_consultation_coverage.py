"""Published intervals of a consultation hold the truth only with the composition's own error.

A small version of benchmarks/coverage_consultation.py, which has the whole grid.
"""

import numpy as np
import pandas as pd

from flows.statistics.estimated_margins import EstimatedMargin, shares_covariance
from flows.statistics.intervals import proportion_interval
from flows.statistics.variance import linearise, sampling_variance, variance, weighted_sample
from flows.weighting import calibrate

SAMPLES, N, KNOWN_FROM = 600, 700, 300
NAMES = ("p1", "p2", "p3", "p4", "p5")
SHARES = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
BY_AGE = np.array([[2, 3, 5], [4, 3, 3], [5, 3, 2], [2, 5, 3], [3, 4, 3]]) / 10

TOWN = SHARES[:, None] * BY_AGE
FOR = np.array([0.12, 0.3, 0.5, 0.7, 0.88])[:, None] + np.array([-0.1, 0.0, 0.1])
AGAINST_AGE = np.broadcast_to(np.array([0.6, 0.4, 0.2]), TOWN.shape)
DRIVE = np.exp(np.array([0.5, 0.3, 0.0, -0.4, -0.5])[:, None] + np.array([-0.3, 0.0, 0.3]))
DRAWN = TOWN * DRIVE / (TOWN * DRIVE).sum()


def draw(rng):
    """All consultations at once: a frame (SAMPLES x N rows), answers (2, rows), compositions."""
    cell = rng.choice(15, SAMPLES * N, p=DRAWN.ravel())
    rows = rng.random((2, len(cell))) < np.array([FOR.ravel(), AGAINST_AGE.ravel()])[:, cell]
    profile = np.where(rng.random(len(cell)) < 0.03, -1, cell // 3)
    frame = pd.DataFrame(
        {
            "sample": np.repeat(np.arange(SAMPLES), N),
            "age": pd.Categorical.from_codes(cell % 3, list("abc")),
            "profile": pd.Categorical.from_codes(profile, NAMES),
        }
    )
    return frame, rows.astype(float), rng.multinomial(KNOWN_FROM, SHARES, SAMPLES) / KNOWN_FROM


def weights_of(frame, compositions):
    """Every consultation weighted apart: by age alone, and with its composition."""
    ages = dict(zip("abc", TOWN.sum(axis=0), strict=True))
    alone = {i: {"age": ages} for i in range(SAMPLES)}
    profiles = [dict(zip(NAMES, found, strict=True)) for found in compositions]
    both = {i: {"age": ages, "profile": profiles[i]} for i in range(SAMPLES)}
    return [
        calibrate(frame, targets, by="sample", missing="proportional").weights.reshape(SAMPLES, N)
        for targets in (alone, both)
    ]


def estimate(rows, w, margins, estimated=None):
    """Shares, their variance without and with the error of the composition, and n_eff."""
    sample = weighted_sample(w, np.zeros(N, dtype=int), 1, margins, None, estimated)
    sums = sample.sums(np.vstack([rows, np.ones(N)]))[:, :1]
    base = np.broadcast_to(sums[-1:], sums[:-1].shape)
    linear = linearise(sample, sums[:-1], base, sums[:-1])
    found = linear.estimate, sampling_variance(sample, linear), variance(sample, linear)
    return [values[:, 0] for values in found], w.sum() ** 2 / (w @ w)


def test_intervals_hold_the_truth_only_with_the_error_of_the_composition():
    truth = np.array([(TOWN * FOR).sum(), (TOWN * AGAINST_AGE).sum()])
    frame, rows, compositions = draw(np.random.default_rng(20))
    alone, both = weights_of(frame, compositions)
    hits, bias = np.zeros((3, 2)), np.zeros((2, 2))
    for i, found in enumerate(compositions):
        own = slice(i * N, (i + 1) * N)
        margins, answers = frame.iloc[own, 1:], rows[:, own]
        errors = np.sqrt(found * (1 - found) / KNOWN_FROM)
        S = shares_covariance(*(dict(zip(NAMES, each, strict=True)) for each in (found, errors)))
        results = (
            estimate(answers, alone[i], margins[["age"]]),
            estimate(answers, both[i], margins, EstimatedMargin("profile", NAMES, S)),
        )
        ways = ((results[0], 1), (results[1], 1), (results[1], 2))
        for k, ((values, n_eff), which) in enumerate(ways):
            error = np.sqrt(values[which])
            low, high = proportion_interval(values[0], error, N, n_eff, N - 1)
            hits[k] += (low <= truth) & (truth <= high)
        bias += np.array([values[0] - truth for (values, _) in results]) / SAMPLES
    coverage = hits / SAMPLES
    # What depends on the profile: biased without the composition, too sure of it, right.
    assert bias[0, 0] < -0.05
    assert abs(bias[1, 0]) < 0.005
    assert coverage[0, 0] < 0.3
    assert coverage[1, 0] < 0.89
    assert 0.925 <= coverage[2, 0] <= 0.975  # three standard errors of 600 samples
    # What depends on age alone was right already, and stays so.
    assert np.abs(bias[:, 1]).max() < 0.005
    assert ((coverage[:, 1] > 0.92) & (coverage[:, 1] < 0.98)).all()
