"""A small made-up survey with every type of question, and its answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flows.crosstabs.tables import Table
from flows.definitions.columns import columns_of
from flows.definitions.options import MISSING_CODES, Item, Missing, Net, Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Base, Dimension, Question, QuestionType

PROFILES = ("pa", "pb", "pc", "pd")

AGREE = (
    *(Option(code=str(i), nl=f"antwoord {i}") for i in range(1, 6)),
    Option(code="9", nl="weet ik niet", missing=Missing.DONT_KNOW),
)
NETS = (
    Net(code="eens", nl="(helemaal) eens", options=("4", "5")),
    Net(code="oneens", nl="(helemaal) oneens", options=("1", "2")),
)


def question(code: str, kind: QuestionType, **more: object) -> Question:
    return Question.model_validate(
        {"code": code, "type": kind, "dimension": Dimension.ATTITUDE, "text": code, **more}
    )


QUESTIONS = (
    question(
        "S1", QuestionType.SCALE, options=AGREE, nets=NETS, headline="eens", mean=True, theme="t"
    ),
    question(
        "S2",
        QuestionType.SINGLE,
        options=(
            Option(code="koop", nl="koopwoning"),
            Option(code="huur", nl="huurwoning"),
            Option(code="anders", nl="anders", last=True),
        ),
        base=Base(question="S1", options=("4", "5"), nl="wie het eens is"),
    ),
    question(
        "G",
        QuestionType.GRID,
        options=AGREE,
        nets=NETS,
        headline="eens",
        mean=True,
        items=(Item(code="a", nl="stelling a"), Item(code="b", nl="stelling b")),
    ),
    question(
        "M",
        QuestionType.MULTIPLE,
        options=(
            Option(code="brief", nl="brief"),
            Option(code="app", nl="app"),
            Option(code="krant", nl="krant"),
            Option(code="geen", nl="geen van deze", last=True, exclusive=True),
        ),
        nets=(Net(code="papier", nl="op papier", options=("brief", "krant")),),
    ),
    question("N", QuestionType.NUMBER, minimum=0, maximum=100),
    question("O", QuestionType.OPEN),
)
QUESTIONNAIRE = Questionnaire(questions=QUESTIONS)


def tables_by_number(tables: Iterable[Table]) -> dict[str, Table]:
    return {table.identity.number: table for table in tables}


@dataclass(frozen=True)
class World:
    frame: pd.DataFrame
    profile: np.ndarray
    weights: np.ndarray
    margins: pd.DataFrame


def world(n: int = 800, seed: int = 1, untyped: float = 0.05) -> World:
    """Answers that depend on the profile a little, with every kind of missing answer."""
    rng = np.random.default_rng(seed)
    profile = rng.choice(len(PROFILES), size=n, p=[0.4, 0.3, 0.2, 0.1])
    margins = pd.DataFrame(
        {
            "age": pd.Categorical.from_codes(rng.integers(0, 4, n), list("abcd")),
            "region": pd.Categorical.from_codes(rng.integers(0, 3, n), list("xyz")),
        }
    )
    weights = np.exp(rng.normal(0, 0.4, n))
    data: dict[str, object] = {"respondent": [f"r{i}" for i in range(n)]}
    for code in ("S1", "G_a", "G_b"):
        data[code] = _scale(rng, profile, code)
    column = columns_of(QUESTIONNAIRE.question("S2"))[0]
    data["S2"] = _coded(rng.choice(5, n, p=[0.5, 0.3, 0.1, 0.05, 0.05]), column.categories)
    data |= _marks(rng, profile)
    numbers = np.where(rng.random(n) < 0.9, np.round(rng.gamma(9, 5, n)), np.nan)
    data["N"] = numbers
    kinds = ("", *MISSING_CODES)
    missing = np.where(np.isnan(numbers), rng.choice([1, 4, 5], n), 0)
    data["N__missing"] = _coded(missing, kinds)
    data["O"] = None
    names = np.array(PROFILES, dtype=object)[profile]
    names[rng.random(n) < untyped] = None
    return World(pd.DataFrame(data), names, weights, margins)


def _coded(codes: np.ndarray, categories: tuple[str, ...]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, list(categories))


def _scale(rng: np.random.Generator, profile: np.ndarray, code: str) -> pd.Categorical:
    n = len(profile)
    latent = rng.normal(0.35 * profile, 1.0, n)
    answer = np.digitize(latent, [-1.0, -0.2, 0.6, 1.6])
    kind = rng.choice(8, n, p=[0.86, 0.06, 0.01, 0.01, 0.02, 0.02, 0.01, 0.01])
    categories = next(c for c in QUESTIONNAIRE.columns() if c.name == code).categories
    return _coded(np.where(kind == 0, answer, 4 + kind), categories)


def _marks(rng: np.random.Generator, profile: np.ndarray) -> dict[str, pd.Categorical]:
    n = len(profile)
    kind = rng.choice(4, n, p=[0.9, 0.04, 0.03, 0.03])  # answered, don't know, skipped, not asked
    codes = {0: None, 1: 2, 2: 6, 3: 5}
    ticks = {
        "brief": rng.random(n) < 0.3 + 0.1 * profile,
        "app": rng.random(n) < 0.5,
        "krant": rng.random(n) < 0.04,
    }
    ticks["geen"] = ~np.logical_or.reduce(list(ticks.values()))
    result = {}
    for code, tick in ticks.items():
        values = np.where(tick, 0, 1)
        for k, missing in codes.items():
            if missing is not None:
                values = np.where(kind == k, missing, values)
        result[f"M_{code}"] = _coded(values, ("1", "0", *MISSING_CODES))
    return result
