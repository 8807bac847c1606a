"""Strata, clusters and finite populations: the crosstab algebra against people one by one."""

import json
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.golden import FOLDER

from flows.statistics.design import SampleDesign, units_of
from flows.statistics.linearisation import (
    calibration_residual,
    degrees_of_freedom,
    linearised_covariance,
)
from flows.statistics.variance import (
    linearise,
    margin_dummies,
    variance,
    weighted_sample,
)


def by_algebra(sample, y, b):
    """Estimates (R, G) and variances of rows y (R, n) on bases b (n) in the sample's groups."""
    rows = np.vstack([y, y**2, [b]])[:, sample.grouping.order]
    sums = sample.sums(rows)[:, :-1]
    r = len(y)
    linear = linearise(sample, sums[:r], np.repeat(sums[-1:], r, axis=0), sums[r : 2 * r])
    return linear, variance(sample, linear)


def contributions(w, y, b, inside):
    base = (w * b * inside).sum()
    return inside * (y - (w * y * inside).sum() / base * b) / base


@st.composite
def designs(draw):
    """A sample with any mix of strata, clusters, populations, margins and base weights."""
    seed = draw(st.integers(0, 2**31))
    n = draw(st.integers(30, 150))
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, draw(st.integers(1, 6)), n) if draw(st.booleans()) else None
    if strata is not None and draw(st.booleans()):
        strata[0] = 99  # a stratum with one person
    clusters = rng.integers(0, draw(st.integers(2, 12)), n) if draw(st.booleans()) else None
    population = None
    if draw(st.booleans()):
        home = np.zeros(n, dtype=int) if strata is None else strata
        population = (n + rng.integers(0, 300, 100))[home].astype(float)
    margins = None
    if draw(st.booleans()):
        margins = pd.DataFrame(
            {
                "a": pd.Categorical.from_codes(rng.integers(-1, 3, n), list("xyz")),
                "b": pd.Categorical.from_codes(rng.integers(0, 2, n), list("pq")),
            }
        )
    d = rng.uniform(0.5, 3, n) if draw(st.booleans()) else np.ones(n)
    return rng, n, SampleDesign(strata, clusters, population), margins, d


@settings(max_examples=60, deadline=None)
@given(designs())
def test_algebra_equals_people_one_by_one(made):
    rng, n, design, margins, d = made
    w = d * np.exp(0.4 * rng.normal(size=n))
    group = rng.integers(-1, 3, n)
    b = (rng.random(n) < 0.9).astype(float)
    y = np.array([b * (rng.random(n) < 0.4), b * rng.normal(0, 1, n)])
    group[:3], b[:3] = [0, 1, 2], 1.0
    sample = weighted_sample(w, group, 3, margins, d, design=design)
    linear, found = by_algebra(sample, y, b)
    u = np.array([[contributions(w, each, b, group == g) for g in range(3)] for each in y])
    u = np.concatenate([u, u[:, :1] - u[:, 1:2]], axis=1).reshape(-1, n).T
    if margins is not None:
        u = calibration_residual(u, margin_dummies(margins, w), d)
    z = w[:, None] * u
    expected = np.diag(
        linearised_covariance(z, design.strata, design.clusters, design.population)
    ).reshape(2, 4)
    scale = (z**2).sum(axis=0).reshape(2, 4)
    np.testing.assert_array_less(np.abs(found - expected[:, :3]), 1e-9 * scale[:, :3] + 1e-20)
    first, second = linear.at(slice(None), slice(0, 1)), linear.at(slice(None), slice(1, 2))
    of_difference = variance(sample, first.minus(second))[:, 0]
    np.testing.assert_array_less(np.abs(of_difference - expected[:, 3]), 1e-9 * scale[:, 3] + 1e-20)
    everybody = np.ones(n, dtype=bool)
    assert sample.degrees_of_freedom == degrees_of_freedom(
        n, design.strata, design.clusters, everybody
    )
    used = rng.random(n) < 0.5
    assert sample.units.degrees_among(used) == degrees_of_freedom(
        n, design.strata, design.clusters, used
    )


def test_a_census_has_no_error_and_a_lonely_stratum_is_centred_at_zero():
    w, group = np.full(6, 2.0), np.zeros(6, dtype=int)
    y = np.array([[1.0, 0, 1, 0, 0, 1]])
    census = SampleDesign(population=np.full(6, 6.0))
    assert by_algebra(weighted_sample(w, group, 1, design=census), y, np.ones(6))[1][0, 0] == 0
    lonely = SampleDesign(strata=["a", "a", "a", "a", "a", "b"])
    found = by_algebra(weighted_sample(w, group, 1, design=lonely), y, np.ones(6))[1][0, 0]
    z = (y[0] - 0.5) / 6
    expected = 5 / 4 * ((z[:5] - z[:5].mean()) ** 2).sum() + z[5] ** 2
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (SampleDesign(strata=["a"] * 3), "3 labels of strata for 4 people"),
        (SampleDesign(clusters=["a", None, "b", "c"]), "1 people have no label"),
        (SampleDesign(population=[9.0, 9.0, 8.0, 9.0]), "differs or is missing within a stratum"),
        (SampleDesign(population=[3.0] * 4), "more units in the sample"),
        (SampleDesign(population=[9.0] * 3), "3 population sizes for 4 people"),
    ],
)
def test_designs_that_cannot_be(design, message):
    with pytest.raises(ValueError, match=message):
        units_of(design, 4)


# ------------------------------------------------------------ the reference data, by folder

DATASETS = (
    json.loads((FOLDER / "datasets.json").read_text(encoding="utf-8"))["datasets"]
    if (FOLDER / "datasets.json").is_file()
    else {}
)
STATES = [
    (name, state)
    for name, dataset in DATASETS.items()
    for state, how in dataset["states"].items()
    if how.get("se_convention") in ("none", "calibration")
]


@cache
def frame_of(name):
    return pd.read_csv(FOLDER / DATASETS[name]["file"], dtype=str, na_values=["NA"])


@pytest.mark.golden
@pytest.mark.parametrize(("name", "state"), STATES)
def test_algebra_equals_linearised_covariance_on_the_reference_data(name, state):
    dataset, frame = DATASETS[name], frame_of(name)
    how, drawn = dataset["states"][state], dataset["design"]
    w = pd.read_csv(FOLDER / how["weights_file"])[how["weights_column"]].to_numpy(float)
    constant = np.full(len(w), float(drawn.get("weight_if_null", 1)))
    d = frame[drawn["weight"]].to_numpy(float) if drawn.get("weight") else constant
    design = SampleDesign(
        *(frame[drawn[key]] if drawn.get(key) else None for key in ("strata", "cluster")),
        frame[drawn["fpc"]].to_numpy(float) if drawn.get("fpc") else None,
    )
    categorical = [
        column
        for column, told in dataset["columns"].items()
        if told["type"] in ("categorical", "binary") and 1 < frame[column].nunique() < 8
    ]
    margins = frame[how["margins"]].astype("category") if how.get("margins") else None
    continuous = frame[how["continuous"]].to_numpy(float) if how.get("continuous") else None
    auxiliary = None
    if how["se_convention"] == "calibration":
        parts = [] if margins is None else [margin_dummies(margins, w)]
        parts += [] if continuous is None else [np.ones((len(w), 1)), continuous]
        auxiliary = np.hstack(parts)
    compared = 0
    for by, answer in pairwise(categorical):
        group = frame[by].astype("category").cat.codes.to_numpy()
        sample = weighted_sample(
            w, group, group.max() + 1, margins, d, design=design, continuous=continuous
        )
        b = frame[answer].notna().to_numpy(float)
        y = np.array([(frame[answer] == level).to_numpy(float) for level in frame[answer].unique()])
        _, found = by_algebra(sample, y, b)
        for g in range(found.shape[1]):
            u = np.array([contributions(w, each, b, group == g) for each in y]).T
            scale = ((w[:, None] * u) ** 2).sum(axis=0)
            if auxiliary is not None:
                u = calibration_residual(u, auxiliary, d)
            z = w[:, None] * u
            expected = np.diag(
                linearised_covariance(z, design.strata, design.clusters, design.population)
            )
            real = expected > 1e-12 * scale
            np.testing.assert_allclose(found[real, g], expected[real], rtol=1e-8)
            compared += int(real.sum())
    assert compared > 3
