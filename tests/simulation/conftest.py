"""Two small surveys that use every question type, and what simulates them."""

from __future__ import annotations

from typing import Any

import pytest

from flows.definitions.load import resolve_scales
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.survey import Survey
from flows.simulation.parameters import SimulationParameters
from flows.simulation.simulate import Simulation, simulate

AGREE = {
    "direction": "higher",
    "options": [
        {"code": "1", "nl": "eens", "value": 3, "source": ["11"]},
        {"code": "2", "nl": "neutraal", "value": 2, "source": ["12"]},
        {"code": "3", "nl": "oneens", "value": 1, "source": ["13"]},
        {"code": "wn", "nl": "weet niet", "missing": "dont_know", "source": ["99"]},
    ],
}
MARK = {
    "direction": "higher",
    "mean": True,
    "options": [{"code": str(i), "nl": str(i)} for i in range(1, 11)],
}
BACKGROUND: list[dict[str, Any]] = [
    {
        "code": "sex",
        "type": "single",
        "options": [
            {"code": "m", "nl": "man", "source": ["1"]},
            {"code": "v", "nl": "vrouw", "source": ["2"]},
            {"code": "x", "nl": "anders", "missing": "refused", "source": ["9"]},
        ],
    },
    {"code": "years", "type": "number", "minimum": 18, "maximum": 110},
    {
        "code": "school",
        "type": "single",
        "direction": "higher",
        "options": [{"code": str(i), "nl": f"niveau {i}"} for i in range(1, 8)],
    },
    {
        "code": "part",
        "type": "single",
        "options": [{"code": "1", "nl": "west"}, {"code": "2", "nl": "oost"}],
    },
    {
        "code": "home",
        "type": "single",
        "options": [{"code": "koop", "nl": "koop"}, {"code": "huur", "nl": "huur"}],
    },
    {
        "code": "place",
        "type": "single",
        "options": [{"code": f"g0{i}", "nl": f"plaats {i}"} for i in range(1, 5)],
    },
]
CORE: list[dict[str, Any]] = [
    {
        "code": "K01",
        "type": "grid",
        "scale": "agree",
        "dimension": "trust",
        "items": [
            {"code": "a", "nl": "luistert"},
            {"code": "b", "nl": "zakkenvullers", "reverse": True},
            {"code": "c", "nl": "eerlijk"},
            {"code": "d", "nl": "zorgvuldig"},
        ],
    },
    {
        "code": "K02",
        "type": "grid",
        "scale": "agree",
        "dimension": "engagement",
        "items": [{"code": code, "nl": f"buurt {code}"} for code in "abcd"],
    },
    {"code": "K03", "type": "scale", "scale": "mark", "dimension": "trust"},
]
DERIVED = [
    {
        "code": "age2",
        "kind": "bands",
        "of": ["years"],
        "text": "leeftijd",
        "levels": [
            {"code": "jong", "nl": "jong", "low": 18, "high": 49},
            {"code": "oud", "nl": "oud", "low": 50},
        ],
    },
    {
        "code": "sex2",
        "kind": "recode",
        "of": ["sex"],
        "text": "geslacht",
        "levels": [
            {"code": "m", "nl": "man", "options": ["m"]},
            {"code": "v", "nl": "vrouw", "options": ["v"]},
        ],
    },
    {"code": "agesex", "kind": "cross", "of": ["age2", "sex2"], "text": "leeftijd en geslacht"},
    {
        "code": "school3",
        "kind": "recode",
        "of": ["school"],
        "text": "opleiding",
        "levels": [
            {"code": "laag", "nl": "laag", "options": ["1", "2", "3"]},
            {"code": "midden", "nl": "midden", "options": ["4", "5"]},
            {"code": "hoog", "nl": "hoog", "options": ["6", "7"]},
        ],
    },
]
THEME: list[dict[str, Any]] = [
    {
        "code": "arm",
        "type": "experiment",
        "dimension": "attitude",
        "options": [{"code": "geld", "nl": "geld"}, {"code": "geen", "nl": "geen"}],
    },
    {"code": "will", "type": "single", "scale": "agree", "dimension": "attitude"},
    {
        "code": "done",
        "type": "multiple",
        "dimension": "behaviour",
        "options": [
            {"code": "glas", "nl": "glas"},
            {"code": "dak", "nl": "dak"},
            {"code": "zon", "nl": "zon", "column": "done_extra"},
            {"code": "niets", "nl": "niets", "exclusive": True, "last": True},
        ],
    },
    {
        "code": "why",
        "type": "multiple",
        "dimension": "motive",
        "maximum": 2,
        "base": {"question": "done", "options": ["glas", "dak", "zon"], "nl": "wie iets deed"},
        "options": [{"code": code, "nl": code} for code in ("geld", "klimaat", "comfort", "buren")],
    },
    {
        "code": "owner",
        "type": "scale",
        "scale": "mark",
        "dimension": "attitude",
        "base": {"question": "home", "options": ["koop"], "nl": "eigenaren"},
    },
    {
        "code": "best",
        "type": "ranking",
        "dimension": "channel",
        "maximum": 2,
        "options": [{"code": code, "nl": code} for code in ("brief", "mail", "app", "krant")],
    },
    {
        "code": "stop",
        "type": "single",
        "dimension": "barrier",
        "options": [
            {"code": "kosten", "nl": "kosten"},
            {"code": "gedoe", "nl": "gedoe"},
            {"code": "weten", "nl": "weet niet", "missing": "dont_know"},
        ],
    },
    {"code": "euros", "type": "number", "dimension": "behaviour", "minimum": 0, "maximum": 5000},
    {"code": "words", "type": "open", "dimension": "attitude"},
    {
        "code": "named",
        "type": "open",
        "dimension": "motive",
        "coded": ["named_first", "named_second"],
        "options": [{"code": c, "nl": c, "source": [s]} for c, s in zip("abc", "789", strict=True)],
    },
    {
        "code": "order",
        "type": "ranking",
        "dimension": "motive",
        "coded": ["order_one", "order_two"],
        "options": [{"code": c, "nl": c} for c in ("x", "y", "z")],
    },
]
PROTOTYPES = {
    "p1": {"trust": 1.0, "engagement": 0.8, "age": -0.5, "education": 1.0},
    "p2": {"trust": 0.6, "engagement": -0.9, "age": -0.6, "affluence": 0.5},
    "p3": {"trust": -0.6, "engagement": 1.0, "age": 1.0, "education": -0.5},
    "p4": {"trust": -1.2, "engagement": -0.8, "affluence": -0.6},
}
TEXTS = {"mode": "online", "population": "18+", "frame": "panel", "selection": "zelf"}


def wave(code: str, year: int, **more: Any) -> dict[str, Any]:
    return {
        "code": code,
        "title": code,
        "period": str(year),
        "field": {"start": f"{year}-03-02", "end": f"{year}-03-22"},
        **TEXTS,
        "sources": [
            {"id": "nr", "duration": "minuten", "progress": "voortgang", "completed": "klaar"}
        ],
        **more,
    }


def asked(questions: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    return [{"text": q["code"], "dimension": "demographic", **q, **more} for q in questions]


def survey(
    code: str, role: str, waves: list[dict[str, Any]], questions: list[dict[str, Any]]
) -> Survey:
    questionnaire = Questionnaire.model_validate(
        {"scales": {"agree": AGREE, "mark": MARK}, "questions": questions, "derived": DERIVED}
    )
    return Survey.model_validate(
        {
            "info": {
                "code": code,
                "title": code,
                "role": role,
                "profiles": "own_answers" if role == "model" else "register",
                "simulated": True,
                "waves": waves,
            },
            "questionnaire": resolve_scales(questionnaire),
            "profiles": {
                "version": "m1",
                "valid_from": "2026-01-01",
                "profiles": [
                    {"code": name, "nl": name, "alias": name, "prototype": place}
                    for name, place in PROTOTYPES.items()
                ],
            },
            "weighting": {
                "margins": [
                    margin("agesex", jong_m=30, jong_v=25, oud_m=20, oud_v=25),
                    margin("school3", laag=0.3, midden=0.4, hoog=0.3),
                    margin("part", **{"1": 60, "2": 40}),
                ]
            },
            "dossier": {
                "publisher": "p",
                "contact": "c",
                "usage": "u",
                "next_edition": "n",
                "coverage": "v",
                "themes": [],
            },
        }
    )


def margin(variable: str, **targets: float) -> dict[str, Any]:
    return {
        "variable": variable,
        "targets": targets,
        "source": "verzonnen",
        "reference_date": "2026-01-01",
    }


@pytest.fixture(scope="session")
def model_survey() -> Survey:
    return survey(
        "state",
        "model",
        [wave("w2024", 2024), wave("w2026", 2026)],
        asked(BACKGROUND) + asked(CORE),
    )


@pytest.fixture(scope="session")
def theme_survey() -> Survey:
    background = {"background_from": "register"}
    return survey(
        "panel",
        "theme",
        [wave("register", 2026), wave("w2026_warmte", 2026, **background)],
        asked(BACKGROUND, waves=["register"])
        + asked(CORE[2:], waves=["register"])
        + asked(THEME, waves=["w2026_warmte"]),
    )


ROLES = {
    "gender": "sex",
    "age": "years",
    "education": "school",
    "region": "part",
    "tenure": "home",
    "municipality": "place",
}


@pytest.fixture(scope="session")
def model_parameters() -> SimulationParameters:
    places = [
        {"code": f"g0{i}", "nl": f"Plaats {i}", "region": str(1 + i % 2), "residents": 9000 * i}
        for i in range(1, 5)
    ]
    return SimulationParameters.model_validate(
        {
            "seed": 11,
            "respondents": {"w2024": 2000, "w2026": 2000},
            "demographics": ROLES,
            "municipalities": places,
            "sizes": {"p1": 2, "p2": 3, "p3": 3, "p4": 2},
            "trend": {"w2026": {"sizes": {"p1": 2, "p2": 3, "p3": 3, "p4": 4}, "axes": {}}},
            "questions": {
                "home": {
                    "options": {
                        "koop": {"share": 0.6, "loadings": {"affluence": 1}},
                        "huur": {"share": 0.4},
                    }
                },
                "K02_a": {"level": 1.0, "loadings": {"engagement": 0.8}},
            },
        }
    )


@pytest.fixture(scope="session")
def theme_parameters() -> SimulationParameters:
    return SimulationParameters.model_validate(
        {
            "seed": 12,
            "respondents": {"register": 2400, "w2026_warmte": 1500},
            "demographics": ROLES,
            "questions": {
                "arm": {"arms_effect": {"question": "will", "effects": {"geld": 1.0}}},
                "done": {"options": {"glas": {"share": 0.5}, "niets": {"share": 0.3}}},
            },
        }
    )


@pytest.fixture(scope="session")
def simulation(
    model_survey: Survey,
    theme_survey: Survey,
    model_parameters: SimulationParameters,
    theme_parameters: SimulationParameters,
) -> Simulation:
    return simulate(model_survey, theme_survey, model_parameters, theme_parameters)
