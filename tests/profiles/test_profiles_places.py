"""Where people live among nested places, and what is taken when it is only partly known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from area_base_world import base_world, people, questions

from flows.profiles.answers import Concomitants
from flows.profiles.projection.ingredients import (
    UNKNOWN_TAU,
    TypedPeople,
    residuals_of,
    seed_table,
)
from flows.profiles.projection.places import (
    Places,
    area_codes,
    cells_of,
    places_of,
    surroundings,
)


@pytest.fixture
def places() -> Places:
    """PC4 1001 lies in two municipalities, most of it in g2."""
    areas = pd.DataFrame(
        {
            "pc6": ["1000AA", "1001AA", "1001AB", "1002AA", "1003AA"],
            "pc4": ["1000", "1001", "1001", "1002", "1003"],
            "municipality": ["g1", "g1", "g2", "g2", "g3"],
        }
    )
    return places_of(areas, [10, 5, 20, 30, 40], ("municipality", "pc4"))


def test_places_nest_where_levels_cross(places: Places) -> None:
    assert [len(parent) for parent in places.parents] == [3, 5]
    assert list(places.parents[1]) == [0, 0, 1, 1, 2]
    assert list(places.residents) == [10, 5, 20, 30, 40]
    towns = places.coarser(1)
    assert list(towns.codes["municipality"]) == ["g1", "g2", "g3"]
    assert list(towns.residents) == [15, 50, 40]
    assert list(towns.of) == [0, 0, 1, 1, 2]


def test_the_finest_code_decides_and_says_the_coarser_one(places: Places) -> None:
    lives = pd.DataFrame(
        [
            ("g1", "1001"),  # as it stands
            ("", "1001"),  # the larger part of it
            ("g3", "1002"),  # the municipality of an older division
            ("g2", ""),  # a municipality and no more
            ("g9", "9999"),  # nowhere in this base
        ],
        columns=["municipality", "pc4"],
    )
    town, postcode = places.at_all_levels(lives)
    assert list(postcode) == [1, 2, 3, -1, -1]
    assert list(town) == [0, 1, 1, 1, -1]
    town, postcode = places.at_all_levels(lives[["municipality"]])
    assert list(town) == [0, -1, 2, 1, -1]
    assert set(postcode) == {-1}


def test_the_surroundings_are_those_the_base_has() -> None:
    assert surroundings(("pc6", "pc4", "buurt", "municipality")) == ("municipality", "pc4")
    assert surroundings(("wijk", "municipality", "country")) == ("municipality",)
    assert surroundings(("wijk", "country")) == ("wijk",)


def test_answers_become_codes_and_cells() -> None:
    frame = people(base_world(), 50, 4).frame
    frame.loc[0, "postcode"] = np.nan
    frame.loc[1, "edu"] = ".dont_know"
    frame.loc[2, "town"] = ".skipped"
    codes = area_codes(frame, questions(), {"municipality": "town", "pc4": "postcode"})
    assert codes.loc[0, "pc4"] == codes.loc[2, "municipality"] == ""
    assert codes.loc[3, "pc4"] == str(int(frame.loc[3, "postcode"]))
    design = Concomitants.fitted(frame, questions(), ("age3", "edu"), np.ones(50))
    cell = cells_of(frame, questions(), design)
    assert cell[1] == -1
    age = pd.cut(frame["age"], [17, 34, 54, 90], labels=False).to_numpy()
    edu = frame["edu"].astype(str).map({"low": 0, "mid": 1, "high": 2})
    known = np.arange(50) != 1
    np.testing.assert_array_equal(cell[known], (age * 3 + edu)[known])


def typed(town: np.ndarray, postcode: np.ndarray, share: np.ndarray) -> TypedPeople:
    n = len(town)
    r = np.column_stack([share, 1 - share])
    return TypedPeople(r, np.zeros(n, dtype=np.int64), np.ones(n), (town, postcode))


def test_residuals_are_taken_as_fine_as_people_are_known(places: Places) -> None:
    rng = np.random.default_rng(1)
    n = 900
    postcode = rng.integers(0, 5, n)
    town = places.parents[1][postcode]
    share = (rng.random(n) < np.array([0.3, 0.5, 0.7])[town]).astype(float)
    half = np.full((1, 2), 0.5)
    everybody, depth, used = residuals_of(places, half, typed(town, postcode, share))
    assert (depth, used) == (2, n)
    assert everybody.mean[0][2, 0] > everybody.mean[0][0, 0] + 0.3
    # Known by municipality only: postcodes follow it, and are less sure than it is.
    few = np.where(rng.random(n) < 0.2, postcode, -1)
    coarse, depth, used = residuals_of(places, half, typed(town, few, share))
    assert (depth, used) == (1, n)
    assert len(coarse.mean) == 2
    np.testing.assert_allclose(coarse.mean[1], coarse.mean[0][places.parents[1]])
    added = coarse.covariance[1] - coarse.covariance[0][places.parents[1]]
    np.testing.assert_allclose(added, np.broadcast_to(np.diag(coarse.tau[0] ** 2), (5, 2, 2)))
    nobody, depth, used = residuals_of(places, half, None)
    assert (depth, used) == (0, 0)
    assert not nobody.mean[1].any()
    np.testing.assert_allclose(nobody.covariance[1][0], np.eye(2) * 2 * UNKNOWN_TAU**2)


def test_a_seed_has_somebody_in_every_cell_and_keeps_its_people() -> None:
    cell = np.array([0, 0, 1, 5, -1])
    seed = seed_table((3, 2), cell, [1.0, 1.0, 2.0, 1.0, 9.0])
    assert seed.shape == (3, 2)
    assert (seed > 0).all()
    assert seed.sum() == pytest.approx(5 + 0.5 * 6 + 0.06, rel=0.01)
    assert seed.ravel().argsort()[-2:].tolist() in ([0, 1], [1, 0])
