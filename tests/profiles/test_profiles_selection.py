from __future__ import annotations

import numpy as np
import pytest
from profiles_world import World, plan, questionnaire

from flows.errors import Refusal
from flows.profiles.golden import fit_scorer, tempered
from flows.profiles.model import ProfileModel
from flows.profiles.selection import Selection, _added, choose_golden
from flows.profiles.typing import fit_typing


@pytest.fixture(scope="module")
def chosen(known: World, model: ProfileModel) -> Selection:
    return choose_golden(model, known.frame, questionnaire())


def test_chosen_questions_type_better_than_any_ten(
    chosen: Selection, known: World, model: ProfileModel
) -> None:
    assert len(set(chosen.columns)) == 10
    assert np.all(np.diff(chosen.losses) < 0)
    gains = -np.diff(chosen.losses)
    assert gains[0] > 3 * gains[-1]
    best = fit_typing(model, known.frame, questionnaire(), plan(golden=chosen.columns)).quality
    others = tuple(item.name for item in model.items if item.name not in chosen.columns)[:10]
    rest = fit_typing(model, known.frame, questionnaire(), plan(golden=others)).quality
    assert best.accuracy > rest.accuracy + 0.02
    assert {name[:2] for name in chosen.columns} == {"D1", "D2", "D3", "D4", "D5"}


def test_the_choice_is_repeatable(chosen: Selection, known: World, model: ProfileModel) -> None:
    fewer = choose_golden(model, known.frame, questionnaire(), questions=2)
    assert fewer.columns == chosen.columns[:2]


def test_densities_are_the_scorers_own(known: World, model: ProfileModel) -> None:
    items = model.read(known.frame.head(500), questionnaire())[0]
    full = np.random.default_rng(1).dirichlet(np.ones(8), 500)
    some = [3, 11, 20, 24]
    scorer = fit_scorer(items, full, np.full(500, 1 / 500), model.mixture.logit)
    small = fit_scorer(items[:, some], full, np.full(500, 1 / 500), model.mixture.logit)
    flat = np.zeros((500, 8))
    summed = sum(_added(scorer, items, some[:i], [j])[0] for i, j in enumerate(some))
    np.testing.assert_allclose(
        tempered(flat, summed, 1.0),
        tempered(flat, small.log_densities(items[:, some]), 1.0),
        rtol=1e-6,
    )


def test_what_cannot_be_chosen_is_refused(known: World, model: ProfileModel) -> None:
    with pytest.raises(Refusal, match="26 golden questions cannot be chosen from 25"):
        choose_golden(model, known.frame, questionnaire(), questions=26)
    with pytest.raises(Refusal, match="needs at least 100"):
        choose_golden(model, known.frame.head(90), questionnaire())
