"""One fitted model that several tests look at."""

from __future__ import annotations

import pytest
from profiles_world import World, plan, questionnaire, world

from flows.profiles.fit import fit_profiles
from flows.profiles.model import ProfileModel
from flows.profiles.typing import TypingModel, fit_typing


@pytest.fixture(scope="session")
def known() -> World:
    return world(3000, seed=1)


@pytest.fixture(scope="session")
def model(known: World) -> ProfileModel:
    return fit_profiles(known.frame, questionnaire(), plan())


@pytest.fixture(scope="session")
def typing_model(known: World, model: ProfileModel) -> TypingModel:
    return fit_typing(model, known.frame, questionnaire(), plan())
