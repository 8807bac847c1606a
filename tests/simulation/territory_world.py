"""The small survey of these tests with a world down to postcodes."""

from __future__ import annotations

from typing import Any

from flows.definitions.survey import Survey
from flows.simulation.parameters import SimulationParameters

GEOGRAPHY: dict[str, Any] = {
    "years": [2025, 2026],
    "published": {
        "age2": ["pc6", "pc4", "wijk", "municipality"],
        "sex2": ["pc6", "municipality"],
        "school3": ["wijk", "municipality"],
    },
    "provinces": [
        {"code": "pa", "nl": "West", "region": "1"},
        {"code": "pb", "nl": "Oost", "region": "2"},
    ],
    "kinds": [
        {"code": "usual", "share": 0.85},
        {"code": "old", "share": 0.07, "adults": 1.0, "tilt": {"age2": {"oud": 3.0}}},
        {"code": "tiny", "share": 0.04, "inhabitants": [1, 4], "addresses": [1, 3]},
        {"code": "empty", "share": 0.01, "inhabitants": [0, 0], "addresses": [0, 0]},
        {"code": "firms", "share": 0.03, "inhabitants": [0, 0], "addresses": [2, 20]},
    ],
    "sway": {"sex2": 0.2},
    "spread": {
        "profile_municipality": 0.3,
        "profile_pc4": 0.4,
        "profile_pc6": 0.3,
        "wijk_pairs": 0.9,
    },
    "quarters": ["Noord", "Zuid", "Hof"],
    "crossing": 0.3,
    "built": 0.02,
    "abolished": 0.002,
    "wrong": 0.05,
    "missing": 0.02,
    "full": {
        "municipalities": 9,
        "inhabitants": 110_000,
        "first": ["Riet", "Linden", "Vlas", "Otter"],
        "last": ["dam", "veen", "horst"],
        "districts": ["Centrum", "Noord", "Zuid"],
    },
}


def with_places(survey: Survey) -> Survey:
    """The survey with concomitants, so that demographics say something of the profile."""
    profiles = survey.profiles.model_copy(update={"concomitants": ("age2", "school3")})
    return survey.model_copy(update={"profiles": profiles})


def with_geography(parameters: SimulationParameters, **changes: Any) -> SimulationParameters:
    """The parameters with a geography, wijken, a postcode question and a merger."""
    plain = parameters.model_dump()
    for place in plain["municipalities"]:
        number = place["residents"] // 9000
        place["districts"] = tuple(f"Wijk {i + 1}" for i in range(1 + number))
    plain["municipalities"][0]["before"] = (
        {"code": "g91", "nl": "Eerste", "districts": ("Wijk 1",)},
        {"code": "g92", "nl": "Tweede", "districts": ("Wijk 2",)},
    )
    plain["demographics"]["postcode"] = "pc4"
    plain["geography"] = {**GEOGRAPHY, **changes}
    return SimulationParameters.model_validate(plain)
