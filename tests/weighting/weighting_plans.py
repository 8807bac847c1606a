"""Plans and samples that several tests of weighting use."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from flows.definitions.models import Text
from flows.definitions.weighting_plan import Groups, Margin, WeightingPlan


def a_margin(variable: str, targets: dict[str, Any], **more: Any) -> Margin:
    """A margin; `targets` per level, or per group and level."""
    nested = any(isinstance(value, dict) for value in targets.values())
    return Margin(
        variable=variable,
        source=Text(nl="Register", en="Register"),
        reference_date=date(2025, 1, 1),
        **{"targets_by" if nested else "targets": targets},
        **more,
    )


def a_grouped_plan(join: tuple[tuple[str, str], ...] = (), **more: Any) -> WeightingPlan:
    """Three places of 6,000, 3,000 and 1,000 people, each with its own mix of age and sex."""
    age = {
        "east": {"young": 2_000, "old": 4_000},
        "west": {"young": 1_500, "old": 1_500},
        "isle": {"young": 200, "old": 800},
    }
    sex = {"east": {"m": 0.5, "v": 0.5}, "west": {"m": 0.4, "v": 0.6}, "isle": {"m": 0.6, "v": 0.4}}
    return WeightingPlan(
        **{
            "margins": (a_margin("age", age), a_margin("sex", sex)),
            "groups": Groups(variable="place", minimum=100, per_level=5, join=join),
            **more,
        }
    )


def a_sample(**people: int) -> pd.DataFrame:
    """So many respondents in each place, their age and sex drawn with a fixed seed."""
    rng = np.random.default_rng(20)
    n = sum(people.values())
    place = np.repeat(list(people), list(people.values()))
    return pd.DataFrame(
        {
            "place": pd.Categorical(place, list(people)),
            "age": pd.Categorical(np.where(rng.random(n) < 0.45, "young", "old"), ["young", "old"]),
            "sex": pd.Categorical(np.where(rng.random(n) < 0.45, "m", "v"), ["m", "v"]),
        }
    )
