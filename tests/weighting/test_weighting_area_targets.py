"""The arithmetic of target tables: bands, parts, whole numbers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.definitions.target_recipe import AgeBand
from flows.errors import Refusal
from flows.weighting.area_targets import (
    age_sex_numbers,
    band_shares,
    grouped,
    part_numbers,
    scaled_to,
    whole_numbers,
)

AGES = ((0, 4), (5, 14), (15, 19), (20, 94), (95, None))


def band(low: int, high: int | None = None) -> AgeBand:
    return AgeBand(code="b", nl="b", low=low, high=high)


def test_a_class_is_shared_out_evenly_by_year() -> None:
    shares = band_shares(AGES, [band(18, 24), band(25), band(15, 19), band(18, 110)])
    assert shares[:, 0].tolist() == [0, 0, 2 / 5, 5 / 75, 0]
    assert shares[:, 1].tolist() == [0, 0, 0, 70 / 75, 1]
    assert shares[:, 2].tolist() == [0, 0, 1, 0, 0]
    assert shares[:, 3].tolist() == [0, 0, 2 / 5, 1, 1]


@given(st.lists(st.integers(1, 94), unique=True, max_size=6))
def test_bands_that_cover_every_age_hold_everyone_once(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts)]
    bands = [band(low, high - 1) for low, high in pairwise(edges)]
    shares = band_shares(AGES, [*bands, band(edges[-1])])
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(AGES)))


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (96, None, r"cuts the age class 95\+"),
        (18, 97, r"cuts the age class 95\+"),
    ],
)
def test_the_open_class_is_not_cut(low: int, high: int | None, told: str) -> None:
    with pytest.raises(Refusal, match=told):
        band_shares(AGES, [band(low, high)])


def test_bands_outside_the_classes() -> None:
    with pytest.raises(Refusal, match="the population begins at 15"):
        band_shares(AGES[2:], [band(12, 20)])
    with pytest.raises(Refusal, match="which end at 20-94"):
        band_shares(AGES[:4], [band(18, 96)])
    assert band_shares(AGES[:4], [band(90, 94)])[3, 0] == 5 / 75


def test_crossed_levels_run_over_sexes_first() -> None:
    people = np.arange(2 * 5 * 2, dtype=float).reshape(2, 5, 2)
    shares = band_shares(AGES, [band(18, 94), band(95)])
    numbers = age_sex_numbers(people, shares, [0, 1])
    for area in range(2):
        for sex in range(2):
            expected = 0.4 * people[area, 2, sex] + people[area, 3, sex]
            assert numbers[area, sex] == pytest.approx(expected)
            assert numbers[area, 2 + sex] == people[area, 4, sex]


rows = st.lists(st.floats(0, 1e6), min_size=1, max_size=12)


@given(rows)
def test_whole_numbers_keep_the_sum_and_stay_near(row: list[float]) -> None:
    numbers = np.array([row])
    whole = whole_numbers(numbers)
    assert (whole == np.floor(whole)).all()
    assert abs(whole.sum() - numbers.sum()) <= 0.5 + 1e-4
    assert (np.abs(whole - numbers) < 1 + 1e-5).all()
    assert (whole_numbers(whole) == whole).all()


def test_the_largest_remainder_goes_first() -> None:
    assert whole_numbers(np.array([[1.2, 2.5, 3.3]])).tolist() == [[1, 3, 3]]
    assert whole_numbers(np.array([[0.5, 0.5, 1.0]])).tolist() == [[1, 0, 1]]
    assert whole_numbers(np.array([[0.4 * 1031 * 5, 3.0]])).tolist() == [[2062, 3]]


def test_parts_of_a_whole() -> None:
    base = np.array([200.0, 1000.0, 0.0])
    shares = np.array([[30.0, np.nan], [45.0, np.nan], [0.0, np.nan]])
    shares[:, 1] = 0
    rest = part_numbers(shares, base, 1)
    assert rest.tolist() == [[60, 140], [450, 550], [0, 0]]
    rounded = part_numbers(np.array([[33.0, 33.0, 33.0]]), np.array([300.0]), None)
    assert rounded.tolist() == [[100, 100, 100]]  # scaled to the base
    with pytest.raises(Refusal, match="120% together"):
        part_numbers(np.array([[60.0, 60.0, 0.0]]), np.array([10.0]), 2)
    with pytest.raises(Refusal, match="30% together in one area, and rounding"):
        part_numbers(np.array([[10.0, 20.0]]), np.array([10.0]), None)


def test_scaled_to_the_leading_margin() -> None:
    scaled = scaled_to(np.array([[1.0, 3.0], [0.0, 0.0]]), np.array([8.0, 0.0]))
    assert scaled.tolist() == [[2, 6], [0, 0]]
    with pytest.raises(Refusal, match="no numbers to be scaled"):
        scaled_to(np.array([[0.0, 0.0]]), np.array([8.0]))


def test_areas_of_the_same_name_are_added_up() -> None:
    names, sums = grouped(np.array([[1.0, 2], [3, 4], [5, 6]]), ["b", "a", "b"])
    assert names == ("a", "b")
    assert sums.tolist() == [[3, 4], [6, 8]]
