"""Two versions of a model on the same people, against plain pandas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from profiles_world import World, plan, questionnaire, world

from flows.errors import Refusal
from flows.profiles.assign import assign
from flows.profiles.crosswalk import Crosswalk, crosswalk
from flows.profiles.fit import fit_profiles
from flows.profiles.model import ProfileModel

ORDER = [3, 0, 1, 2, 4, 5, 7, 6]


def renamed(model: ProfileModel, order: list[int], version: str) -> ProfileModel:
    """The same model with its profiles in another order, under other codes."""
    return replace(
        model,
        version=version,
        codes=tuple(f"n{i}" for i in range(len(order))),
        names=tuple(model.names[i] for i in order),
        sizes=model.sizes[order],
        places=model.places[order],
        mixture=model.mixture.ordered(order),
    )


@pytest.fixture(scope="module")
def other() -> ProfileModel:
    """Fitted on other people, with seven profiles."""
    return fit_profiles(
        world(1200, seed=21).frame, questionnaire(), plan(profiles=plan().profiles[:7], starts=2)
    )


@pytest.fixture(scope="module")
def across(model: ProfileModel, other: ProfileModel, known: World) -> Crosswalk:
    return crosswalk(model, other, known.frame, questionnaire(), plan().axes, weights(known))


def weights(known: World) -> np.ndarray:
    return np.linspace(0.5, 1.5, len(known.frame))


def test_the_same_profiles_under_other_names_are_the_same(
    model: ProfileModel, known: World
) -> None:
    new = renamed(model, ORDER, "t2")
    found = crosswalk(model, new, known.frame, questionnaire(), plan().axes)
    assert [step.old for step in found.steps] == [model.codes[i] for i in ORDER]
    assert {step.verdict for step in found.steps} == {"the same"}
    assert found.comparable
    assert found.staying == pytest.approx(1)
    assert found.agreement == pytest.approx(1)
    assert max(step.distance for step in found.steps) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(found.new_sizes, found.old_sizes[ORDER], atol=1e-6)
    assert "100% of the people keep their profile" in found.statement
    assert "may be read on" in found.statement


def test_tables_are_those_of_pandas(
    across: Crosswalk, model: ProfileModel, other: ProfileModel, known: World
) -> None:
    a, b = (assign(each, known.frame, questionnaire()) for each in (model, other))
    w = weights(known)
    both = a.typed & b.typed
    table = pd.crosstab(a.labels[both], b.labels[both], w[both], aggfunc="sum").fillna(0)
    table = table.reindex(index=model.codes, columns=other.codes, fill_value=0)
    np.testing.assert_allclose(across.labels, table.to_numpy() / w[both].sum(), atol=1e-12)
    assert across.n == both.sum()
    p, q = a.probabilities[both], b.probabilities[both]
    mean = np.array([np.average(q, axis=0, weights=w[both] * p[:, k]) for k in range(8)])
    np.testing.assert_allclose(across.probabilities, mean, atol=1e-12)
    for step in across.steps:
        i, j = model.codes.index(step.old), other.codes.index(step.new)
        assert step.stay == pytest.approx(table.iloc[i, j] / table.iloc[i].sum())
        assert step.come == pytest.approx(table.iloc[i, j] / table.iloc[:, j].sum())


def test_a_profile_that_none_continues_is_gone(across: Crosswalk) -> None:
    assert len(across.steps) == 7
    assert len({step.old for step in across.steps}) == 7
    assert len(across.gone) == 1
    assert not across.comparable
    assert "1 old one is gone" in across.statement
    assert "must not be put in one trend" in across.statement
    assert across.staying == pytest.approx(
        sum(
            across.labels[across.old.index(step.old), across.new.index(step.new)]
            for step in across.steps
        )
    )
    assert 0.5 < across.staying < 0.99


def test_backwards_one_profile_is_new(
    model: ProfileModel, other: ProfileModel, known: World
) -> None:
    found = crosswalk(other, model, known.frame, questionnaire(), {})
    alone = [step for step in found.steps if step.old is None]
    assert len(alone) == 1
    assert (alone[0].stay, alone[0].verdict) == (0.0, "another")
    assert found.gone == ()
    assert not found.comparable
    assert all(step.distance is None for step in found.steps)


def test_too_few_people_are_refused(model: ProfileModel, other: ProfileModel, known: World) -> None:
    with pytest.raises(Refusal, match="at least 100 are needed"):
        crosswalk(model, other, known.frame.head(99), questionnaire(), plan().axes)
    with pytest.raises(Refusal, match="lack D1_a"):
        crosswalk(model, other, known.frame.drop(columns="D1_a"), questionnaire(), plan().axes)
