"""Two vintages side by side: true changes in their intervals, split by what caused them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from area_base_world import (
    DEFINITION,
    LEVELS,
    BaseWorld,
    base_world,
    people,
    profile_plan,
    questions,
)

from flows.definitions.area_base import load_area_base
from flows.errors import Refusal
from flows.ingest.area_base import read_area_base
from flows.profiles.assign import assign
from flows.profiles.fit import fit_profiles
from flows.profiles.model import ProfileModel
from flows.profiles.projection.base import engine_from
from flows.profiles.projection.change import Change, changes
from flows.profiles.projection.engine import AreaEngine, from_frames, to_frames
from flows.profiles.projection.people import People
from flows.profiles.projection.places import area_codes, cells_of

PLACES = {"municipality": "town", "pc4": "postcode"}


@pytest.fixture(scope="module")
def now() -> BaseWorld:
    return base_world()


@pytest.fixture(scope="module")
def before(now: BaseWorld) -> BaseWorld:
    return now.earlier()


@pytest.fixture(scope="module")
def model(now: BaseWorld) -> ProfileModel:
    return fit_profiles(people(now, 1500, 1).frame, questions(), profile_plan())


def sample(model: ProfileModel, world: BaseWorld, n: int, seed: int) -> People:
    frame = people(world, n, seed).frame
    typing = assign(model, frame, questions())
    return People(
        typing.probabilities,
        cells_of(frame, questions(), model.concomitants),
        np.ones(n),
        typing.typed,
        area_codes(frame, questions(), PLACES),
        True,
    )


@pytest.fixture(scope="module")
def own(model: ProfileModel, now: BaseWorld) -> People:
    return sample(model, now, 1500, 1)


@pytest.fixture(scope="module")
def panel(model: ProfileModel, now: BaseWorld) -> People:
    return sample(model, now, 3000, 2)


def engine(
    world: BaseWorld, year: int, model: ProfileModel, own: People, panel: People, folder: Path
) -> AreaEngine:
    bases = folder / "bases"
    bases.mkdir(parents=True, exist_ok=True)
    (bases / "klein.yaml").write_text(DEFINITION)
    files = world.write(folder / str(year))
    base = read_area_base(load_area_base(folder, "klein"), year, files)
    return engine_from(model, base, own, [own, panel])[0]


@pytest.fixture(scope="module")
def engines(
    now: BaseWorld, before: BaseWorld, model: ProfileModel, own: People, panel: People,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[AreaEngine, AreaEngine]:  # fmt: skip
    folder = tmp_path_factory.mktemp("bases")
    return (
        engine(before, 2025, model, own, panel, folder),
        engine(now, 2026, model, own, panel, folder),
    )


def truth(now: BaseWorld, before: BaseWorld, found: Change) -> np.ndarray:
    """The true change on the boundaries of now."""
    level = {"pc4": slice(0, 4), "pc5": slice(0, 5)}.get(found.level)
    codes = now.areas["pc6"].str[level] if level else now.areas[found.level]
    shares = []
    for world in (before, now):
        placed = world.areas.assign(here=codes)
        shares.append(BaseWorld(placed, world.residents, world.eta, world.residual).truth("here"))
    return (shares[1] - shares[0]).loc[found.area].to_numpy()


def test_true_changes_lie_in_the_intervals(now, before, engines) -> None:
    for found in changes(*engines, same_model=True, same_people=True):
        if found.level in ("pc4", "buurt", "wijk", "municipality"):
            true = truth(now, before, found)
            held = (found.low <= true) & (true <= found.high)
            assert held.mean() >= 0.93, found.level
            if found.level == "municipality":
                assert np.corrcoef(found.change.ravel(), true.ravel())[0, 1] > 0.8


def test_what_both_share_is_not_counted_twice(engines) -> None:
    old, new = engines
    found = {each.level: each for each in changes(old, new, same_model=True, same_people=True)}
    apart = {each.level: each for each in changes(old, new, same_model=False, same_people=False)}
    for level, each in found.items():
        width = each.high - each.low
        assert np.median(width) < 0.7 * np.median(apart[level].high - apart[level].low)
        # Without this a change would be as unsure as two separate figures.
        np.testing.assert_allclose(each.change, apart[level].change)
        np.testing.assert_allclose(each.by_demographics, each.change)
        np.testing.assert_allclose(each.by_model, 0, atol=1e-12)
        assert not each.redrawn.any()


def test_the_same_vintage_twice_has_not_changed(engines) -> None:
    for found in changes(engines[1], engines[1], same_model=True, same_people=True):
        np.testing.assert_allclose(found.change, 0, atol=1e-12)
        assert (found.low <= 0).all()
        assert (found.high >= 0).all()


def test_another_model_on_the_same_residents_is_change_by_the_model(engines) -> None:
    _, new = engines
    shifted = np.zeros_like(new.membership.logit)
    shifted[0, 0] = 0.4
    other = replace(new, membership=replace(new.membership, logit=new.membership.logit + shifted))
    for found in changes(new, other, same_model=False, same_people=False):
        assert found.by_demographics is not None
        assert found.by_model is not None
        np.testing.assert_allclose(found.by_demographics, 0, atol=1e-9)
        np.testing.assert_allclose(found.by_model, found.change, atol=1e-9)
        assert (found.change[:, 0] > 0.02).all()


def test_both_causes_add_up(engines) -> None:
    old, new = engines
    shifted = new.membership.logit.copy()
    shifted[0, 1] += 0.3
    other = replace(new, membership=replace(new.membership, logit=shifted))
    plain = {
        each.level: each.change for each in changes(old, new, same_model=True, same_people=True)
    }
    for found in changes(old, other, same_model=False, same_people=False):
        assert found.by_demographics is not None
        assert found.by_model is not None
        np.testing.assert_allclose(found.by_demographics + found.by_model, found.change)
        np.testing.assert_allclose(found.by_demographics, plain[found.level], atol=1e-9)


def test_a_redivision_is_no_change(now, model, own, panel, engines, tmp_path: Path) -> None:
    """Two municipalities of before are one now; nothing else happened."""
    areas = now.areas.copy()
    part = (areas["municipality"] == "g23") & areas["buurt"].isin(["b233", "b234"])
    areas.loc[part, "municipality"] = "g90"
    areas.loc[part, "wijk"] = "w900"
    apart = BaseWorld(areas, now.residents, now.eta, now.residual)
    old = engine(apart, 2025, model, own, panel, tmp_path)
    found = {
        each.level: each for each in changes(old, engines[1], same_model=True, same_people=True)
    }
    towns = found["municipality"]
    assert "g90" not in towns.area
    assert list(towns.area[towns.redrawn]) == ["g23"]
    assert towns.residents[0].sum() == now.n.sum()
    # Only its own residual is taken together with another one.
    others = ~towns.redrawn
    np.testing.assert_allclose(towns.change[others], 0, atol=0.02)
    other_people = changes(old, engines[1], same_model=True, same_people=False)
    apart = next(each for each in other_people if each.level == "municipality")
    width, wide = towns.high - towns.low, apart.high - apart.low
    assert np.median(width[others]) < 0.6 * np.median(wide[others])
    np.testing.assert_allclose(width[towns.redrawn], wide[towns.redrawn])
    assert (towns.low[towns.redrawn] <= 0).all()
    assert (towns.high[towns.redrawn] >= 0).all()


def test_runs_of_other_profiles_are_not_compared(engines) -> None:
    old, new = engines
    with pytest.raises(Refusal, match="other profiles"):
        changes(
            replace(old, profiles=("a", "b", "c", "d")), new, same_model=False, same_people=False
        )


def test_an_engine_comes_back_from_its_frames(engines) -> None:
    _, new = engines
    inputs, surroundings, about = to_frames(new)
    again = from_frames(inputs, surroundings, about)
    one, two = new.everything(), again.everything()
    np.testing.assert_array_equal(one.estimate, two.estimate)
    np.testing.assert_array_equal(one.low, two.low)
    assert again.sources["edu"] == ("pc6", "pc4", "municipality")
    assert [margin.shares.shape[1] for margin in again.margins] == [len(x) for x in LEVELS]
    with pytest.raises(Refusal, match="another version"):
        from_frames(inputs, surroundings, {**about, "format": 0})
