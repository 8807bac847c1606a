"""Change between waves with shared people: against plain numpy, a bootstrap, and known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from flows.statistics.change import Change, Overlap, Rows, WaveSample
from flows.statistics.design import SampleDesign
from flows.statistics.linearisation import calibration_residual, linearised_covariance
from flows.statistics.variance import margin_dummies
from flows.weighting import calibrate

COLUMNS = 3


def raked(frame: pd.DataFrame, targets: dict[str, dict[str, float]]) -> np.ndarray:
    return np.asarray(calibrate(frame, targets).weights)


@pytest.fixture(scope="module")
def world() -> dict[str, object]:
    """Two waves of 700 and 600 people, 400 in both, each weighted to margins of its own."""
    rng = np.random.default_rng(1)
    population = 900
    trait = rng.normal(size=population)
    sex = rng.choice(["m", "v"], population, p=[0.6, 0.4])
    age = rng.choice(["a", "b", "c"], population, p=[0.5, 0.3, 0.2])
    everybody = np.array([f"person {i}" for i in range(population)])
    places = [rng.permutation(700), rng.permutation(np.r_[300:900])]
    waves, rows = [], []
    for number, place in enumerate(places):
        frame = pd.DataFrame({"sex": sex[place], "age": age[place]})
        targets = {"sex": {"m": 0.5, "v": 0.5}}
        if number:
            targets["age"] = {"a": 0.4, "b": 0.3, "c": 0.3}
        margins = frame[list(targets)]
        mood = trait[place] + (age[place] == "c") + rng.normal(size=len(place))
        group = np.clip(np.floor(trait[place] + rng.normal(0, 0.4, len(place)) + 1.5), -1, 2)
        answered = rng.random(len(place)) > 0.1
        first = rng.random(len(place)) < 0.5
        y = np.array([mood > 0.3, mood, mood > 0.3, mood > 0.3]) * answered
        base = np.array([answered, answered, answered & first, answered & ~first])
        waves.append(
            WaveSample(
                everybody[place].tolist(), raked(margins, targets), group.astype(int), margins
            )
        )
        rows.append(Rows(y * base, base.astype(float)))
    return {"waves": waves, "rows": rows}


def compare(world: dict[str, object], **given: object) -> Change:
    overlap = Overlap(*world["waves"], COLUMNS)
    shares = np.array([True, False, True, True])
    return overlap.compare(*world["rows"], shares=shares, **given)


def contributions(wave: WaveSample, rows: Rows, r: int, c: int) -> tuple[float, np.ndarray]:
    """The ratio, and everybody's weighted residual: one cell at a time, the slow way."""
    w = wave.weights / wave.weights.mean()
    inside = (wave.groups == c) | (c == COLUMNS)
    b = rows.base[r] * inside
    p = (w * rows.numerator[r] * inside).sum() / (w * b).sum()
    u = (rows.numerator[r] * inside - p * b) / (w * b).sum()
    dummies = margin_dummies(wave.margins, wave.weights)
    residual = calibration_residual(u[:, None], dummies, np.ones(len(w)))[:, 0]
    return p, w * residual


def by_hand(world: dict[str, object], r: int, c: int) -> tuple[float, float, float, float]:
    (one, two), (rows1, rows2) = world["waves"], world["rows"]
    p1, a = contributions(one, rows1, r, c)
    p2, b = contributions(two, rows2, r, c)
    return p2 - p1, *joint(one, two, a, b)


def joint(
    one: WaveSample, two: WaveSample, a: np.ndarray, b: np.ndarray
) -> tuple[float, float, float]:
    n1, n2 = len(a), len(b)
    both = pd.Series(a - a.mean(), one.people).to_frame("a").join(
        pd.Series(b - b.mean(), two.people).rename("b"), how="inner"
    )  # fmt: skip
    covariance = np.sqrt(n1 / (n1 - 1) * n2 / (n2 - 1)) * (both["a"] * both["b"]).sum()
    return np.var(a, ddof=1) * n1, np.var(b, ddof=1) * n2, float(covariance)


def test_agrees_with_plain_numpy(world: dict[str, object]) -> None:
    found = compare(world)
    assert found.both[0, -1] < 400
    for r in range(4):
        for c in range(COLUMNS + 1):
            change, v1, v2, covariance = by_hand(world, r, c)
            assert found.change[r, c] == pytest.approx(change, abs=1e-12)
            assert found.variance_before[r, c] == pytest.approx(v1, rel=1e-9)
            assert found.variance_after[r, c] == pytest.approx(v2, rel=1e-9)
            assert found.covariance[r, c] == pytest.approx(covariance, rel=1e-9, abs=1e-15)
    assert (found.covariance[:2, -1] > 0.1 * found.variance_before[:2, -1]).all()
    assert found.error[1, -1] == pytest.approx(np.sqrt(v_of(found, 1, -1)), rel=1e-12)


def v_of(found: Change, r: int, c: int) -> float:
    return float(
        found.variance_before[r, c] + found.variance_after[r, c] - 2 * found.covariance[r, c]
    )


def test_a_difference_of_two_rows(world: dict[str, object]) -> None:
    """The third row less the fourth, put in the place of the first (an arm of an experiment)."""
    found = compare(world, minus=[(0, 2, 3)])
    (one, two), (rows1, rows2) = world["waves"], world["rows"]
    for c in range(COLUMNS + 1):
        parts = [
            [contributions(w, x, r, c) for r in (2, 3)] for w, x in ((one, rows1), (two, rows2))
        ]
        a, b = (first[1] - second[1] for first, second in parts)
        p1, p2 = (first[0] - second[0] for first, second in parts)
        v1, v2, covariance = joint(one, two, a, b)
        assert found.change[0, c] == pytest.approx(p2 - p1, abs=1e-12)
        assert found.variance_before[0, c] == pytest.approx(v1, rel=1e-9)
        assert found.variance_after[0, c] == pytest.approx(v2, rel=1e-9)
        assert found.covariance[0, c] == pytest.approx(covariance, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("clustered", [False, True])
def test_a_design_enters_both_variances(world: dict[str, object], clustered: bool) -> None:
    waves, designed, expected = world["waves"], [], []
    for wave, rows in zip(waves, world["rows"], strict=True):
        n = len(wave.people)
        strata = np.arange(n) % 4
        clusters = strata + 4 * (np.arange(n) // 40) if clustered else None
        designed.append(replace(wave, design=SampleDesign(strata, clusters)))
        _, own = contributions(wave, rows, 1, COLUMNS)
        expected.append(linearised_covariance(own[:, None], strata, clusters)[0, 0])
    shares = np.array([True, False, True, True])
    found = Overlap(*designed, COLUMNS).compare(*world["rows"], shares=shares)
    plain = compare(world)
    assert found.variance_before[1, -1] == pytest.approx(expected[0], rel=1e-9)
    assert found.variance_after[1, -1] == pytest.approx(expected[1], rel=1e-9)
    np.testing.assert_allclose(found.covariance, plain.covariance, rtol=1e-9, atol=1e-15)
    units = 4 * (600 // 40) - 4 if clustered else 600 - 4
    assert found.degrees_of_freedom[1, -1] == min(units, plain.degrees_of_freedom[1, -1])


def test_the_order_of_people_does_not_count(world: dict[str, object]) -> None:
    one, two = world["waves"]
    order = np.random.default_rng(2).permutation(len(one.people))
    turned = WaveSample(
        [one.people[i] for i in order],
        one.weights[order],
        one.groups[order],
        one.margins.iloc[order].reset_index(drop=True),
    )
    rows1, rows2 = world["rows"]
    moved = Rows(rows1.numerator[:, order], rows1.base[:, order])
    again = Overlap(turned, two, COLUMNS).compare(moved, rows2, shares=np.array([True] * 4))
    expected = compare(world)
    np.testing.assert_allclose(again.covariance, expected.covariance, rtol=1e-9, atol=1e-15)


def test_a_panel_without_weights_is_the_paired_test() -> None:
    rng = np.random.default_rng(3)
    n = 400
    level = rng.normal(size=n)
    x, y = level + rng.normal(size=n), level + 0.1 + rng.normal(size=n)
    people = [str(i) for i in range(n)]
    nobody = np.full(n, -1)
    waves = [WaveSample(people, np.ones(n), nobody) for _ in "xy"]
    base = np.ones((1, n))
    found = Overlap(*waves, 0).compare(
        Rows(x[None], base), Rows(y[None], base), shares=np.array([False])
    )
    paired = stats.ttest_rel(y, x)
    assert found.p_value[0, 0] == pytest.approx(paired.pvalue, rel=1e-9)
    assert found.degrees_of_freedom[0, 0] == pytest.approx(n - 1)
    interval = paired.confidence_interval()
    assert (found.low[0, 0], found.high[0, 0]) == pytest.approx(tuple(interval), rel=1e-9)


def test_strangers_are_two_samples() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=300), rng.normal(0.2, 2, size=200)
    waves = [
        WaveSample([f"{name}{i}" for i in range(len(v))], np.ones(len(v)), np.full(len(v), -1))
        for name, v in (("x", x), ("y", y))
    ]
    found = Overlap(*waves, 0).compare(
        Rows(x[None], np.ones((1, 300))), Rows(y[None], np.ones((1, 200))), shares=np.array([False])
    )
    assert found.both[0, 0] == 0
    assert found.covariance[0, 0] == 0
    expected = np.sqrt(x.var(ddof=1) / 300 + y.var(ddof=1) / 200)
    assert found.error[0, 0] == pytest.approx(expected, rel=1e-9)


def test_agrees_with_a_bootstrap_of_people() -> None:
    """People are drawn again over both waves at once, and weighted again every time."""
    rng = np.random.default_rng(5)
    n, times = 800, 2000
    sex = rng.choice(["m", "v"], n, p=[0.65, 0.35])
    level = rng.normal(size=n) + 1.5 * (sex == "v")
    take1, take2 = rng.random(n) < 0.85, rng.random(n) < 0.75
    take1 |= ~take2
    answers = [level + rng.normal(size=n) > 0.5, level + rng.normal(size=n) > 0.2]
    group = (level + rng.normal(0, 0.5, n) > 0.5).astype(int)

    def estimates(drawn: np.ndarray) -> np.ndarray:
        means = []
        for taken, y in zip((take1, take2), answers, strict=True):
            who = drawn[taken[drawn]]
            size = np.where(sex[who] == "m", (sex[who] == "m").mean(), (sex[who] == "v").mean())
            w = 0.5 / size
            means.append([np.average(y[who][g], weights=w[g]) for g in columns(group[who])])
        return np.subtract(means[1], means[0])

    def columns(groups: np.ndarray) -> list[np.ndarray]:
        return [groups == 0, groups == 1, np.ones(len(groups), dtype=bool)]

    boot = np.array([estimates(rng.integers(0, n, n)) for _ in range(times)])
    waves, rows = [], []
    for taken, y in zip((take1, take2), answers, strict=True):
        who = np.flatnonzero(taken)
        frame = pd.DataFrame({"sex": sex[who]})
        weights = raked(frame, {"sex": {"m": 0.5, "v": 0.5}})
        waves.append(WaveSample([str(i) for i in who], weights, group[who], frame))
        rows.append(Rows(y[who][None].astype(float), np.ones((1, len(who)))))
    found = Overlap(*waves, 2).compare(*rows, shares=np.array([True]))
    np.testing.assert_allclose(found.change[0], estimates(np.arange(n)), atol=1e-9)
    linearised = np.array([np.sqrt(v_of(found, 0, c)) for c in range(3)])
    ratio = linearised / boot.std(axis=0, ddof=1)
    # A standard deviation of 2,000 draws has an error of 1.6%.
    assert (np.abs(ratio - 1) < 0.05).all(), ratio
    apart = np.sqrt(found.variance_before + found.variance_after)[0]
    assert (apart / boot.std(axis=0, ddof=1) > [1.03, 1.07, 1.1]).all()


@pytest.mark.parametrize("share", [0.04, 0.2, 0.5])
def test_without_change_it_rejects_as_often_as_it_says(share: float) -> None:
    """Groups of 60 and everybody, half of them in both waves, in a world without change."""
    rng = np.random.default_rng(6)
    times, n = 250, 360
    cut = stats.norm.ppf(share)
    rejected = np.zeros(2)
    for _ in range(times):
        level = rng.normal(size=540) * np.sqrt(0.6)
        weights = rng.choice([0.6, 1.0, 1.8], 540)
        group = np.where(np.arange(540) % 6 == 0, 0, -1)
        waves, rows = [], []
        for who in (np.arange(n), np.arange(180, 540)):
            y = level[who] + rng.normal(size=n) * np.sqrt(0.4) < cut
            waves.append(WaveSample([str(i) for i in who], weights[who], group[who]))
            rows.append(Rows(y[None].astype(float), np.ones((1, n))))
        p = Overlap(*waves, 1).compare(*rows, shares=np.array([True])).p_value[0]
        rejected += p < 0.05
    rate = rejected / times
    assert (rate < 0.092).all(), rate  # 0.05 and three standard errors of 250 runs
    assert rate[1] > 0.008


def test_who_is_twice_in_a_wave_is_refused() -> None:
    wave = WaveSample(["a", "a", "b"], np.ones(3), np.zeros(3, dtype=int))
    with pytest.raises(ValueError, match="twice"):
        Overlap(wave, wave, 1)


def test_a_column_without_people_has_no_change(world: dict[str, object]) -> None:
    found = Overlap(*world["waves"], COLUMNS + 1).compare(
        *world["rows"], shares=np.array([True] * 4)
    )
    assert np.isnan(found.change[:, COLUMNS]).all()
    assert np.isnan(found.p_value[:, COLUMNS]).all()
    assert (found.both[:, COLUMNS] == 0).all()
