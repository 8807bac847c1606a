"""A small made-up survey with every kind of row, and its answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flows.crosstabs.banner import Banner, profile_banner
from flows.crosstabs.counts import count_tables
from flows.crosstabs.crosstab import checked_weights, tables_of
from flows.crosstabs.derived_rows import derive_rows
from flows.crosstabs.layout.layouts import layouts
from flows.crosstabs.tables import TOTAL, Table
from flows.definitions.columns import AnswerColumn, columns_of
from flows.definitions.dossier_plan import Publication
from flows.definitions.load import resolve_scales
from flows.definitions.options import MISSING_CODES
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question
from flows.statistics.design import SampleDesign
from flows.statistics.variance import weighted_sample

PROFILES = ("pa", "pb", "pc")
AGREE = [
    {"code": "1", "nl": "helemaal eens", "value": 5},
    {"code": "2", "nl": "eens", "value": 4},
    {"code": "3", "nl": "neutraal", "value": 3},
    {"code": "4", "nl": "oneens", "value": 2},
    {"code": "5", "nl": "helemaal oneens", "value": 1},
    {"code": "6", "nl": "weet ik niet", "missing": "dont_know"},
]
NETS = [{"code": "eens", "nl": "(helemaal) eens", "top": 2}]
NETS += [{"code": "oneens", "nl": "(helemaal) oneens", "bottom": 2}]
SCALE = {"options": AGREE, "nets": NETS, "headline": "eens", "direction": "higher"}
SCORE = {"code": "saldo", "nl": "saldo", "plus": "eens", "minus": "oneens"}
TICKS = [
    {"code": "a", "nl": "geld"},
    {"code": "b", "nl": "gemak"},
    {"code": "c", "nl": "klimaat"},
    {"code": "wn", "nl": "weet ik niet", "missing": "dont_know", "exclusive": True},
]


def question(code: str, kind: str, **more: object) -> dict[str, object]:
    return {"code": code, "type": kind, "dimension": "attitude", "text": code, **more}


QUESTIONS = [
    question("S", "scale", **SCALE, scores=[SCORE], statistics=["mean", "median", "sd"]),
    question("A", "single", **SCALE, dont_know="answer", mean=True),
    question("L", "single", **SCALE, dont_know="leave_out"),
    question(
        "N",
        "number",
        minimum=0,
        statistics=["median", "sd", "mean"],
        bands=[
            {"code": "laag", "nl": "tot 10", "high": 9},
            {"code": "midden", "nl": "10 tot 20", "low": 10, "high": 19},
            {"code": "hoog", "nl": "20 of meer", "low": 20},
        ],
        nets=[{"code": "tien", "nl": "10 of meer", "options": ["midden", "hoog"]}],
        scores=[{"code": "verschil", "nl": "hoog min laag", "plus": "hoog", "minus": "laag"}],
    ),
    question("R", "ranking", options=TICKS[:3], top=2),
    question("M", "multiple", options=TICKS, dont_know="answer"),
    question("O", "open", options=TICKS[:3]),
    question(
        "X",
        "experiment",
        options=[{"code": c, "nl": c} for c in ("geld", "warmte", "geen")],
        outcomes=["S", "N"],
    ),
]
QUESTIONNAIRE = resolve_scales(Questionnaire.model_validate({"questions": QUESTIONS}))


@dataclass(frozen=True)
class RowsWorld:
    frame: pd.DataFrame
    profile: np.ndarray
    weights: np.ndarray
    margins: pd.DataFrame
    codes: tuple[str, ...] = PROFILES

    @property
    def banner(self) -> Banner:
        return profile_banner(self.profile, self.codes, len(self.frame))

    def tables(
        self,
        *codes: str,
        domain: np.ndarray | None = None,
        design: SampleDesign | None = None,
    ) -> dict[str, Table]:
        """Tables by number, of all questions or of some."""
        asked: tuple[Question, ...] = tuple(
            q for q in QUESTIONNAIRE.questions if not codes or q.code in codes
        )
        w = checked_weights(self.weights, len(self.frame))
        everybody = np.zeros(len(w), np.int64)
        sample = weighted_sample(w, everybody, 1, self.margins, design=design)
        made = layouts(self.frame, asked, "w", "t", frozenset(), QUESTIONNAIRE)
        counted = count_tables(sample, made, self.banner, domain)
        found = derive_rows(counted, tables_of(counted, Publication()), Publication())
        return {table.identity.number: table for table in found}

    def groups(self) -> list[tuple[str, np.ndarray]]:
        """Every column with the people (n) in it."""
        everybody = np.ones(len(self.frame), dtype=bool)
        return [*((code, self.profile == code) for code in self.codes), (TOTAL, everybody)]


def rows_world(n: int = 900, seed: int = 1) -> RowsWorld:
    """Answers that depend a little on the profile, with every kind of missing answer."""
    rng = np.random.default_rng(seed)
    profile = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    age = rng.integers(0, 4, n)
    data: dict[str, object] = {}
    arm = rng.integers(0, 3, n)
    data["X"] = _coded("X", np.where(rng.random(n) < 0.97, arm, -1), QUESTIONNAIRE)
    lift = np.array([0.5, 0.2, 0.0])[arm]
    for code in ("S", "A", "L"):
        latent = rng.normal(0.3 * profile + 0.1 * age + (lift if code == "S" else 0), 1, n)
        answer = 4 - np.digitize(latent, [-1.0, 0.0, 0.8, 1.6])
        # Don't know, refused, skipped, not asked.
        kind = rng.choice(5, n, p=[0.85, 0.07, 0.03, 0.03, 0.02])
        data[code] = _coded(code, np.choose(kind, [answer, 5, 6, 9, 8]), QUESTIONNAIRE)
    numbers = np.round(rng.gamma(4 + profile, 3, n), 1)
    known = rng.random(n) < 0.9
    data["N"] = np.where(known, numbers, np.nan)
    missing = np.where(known, 0, rng.choice([1, 5], n))
    data["N__missing"] = pd.Categorical.from_codes(missing, ["", *MISSING_CODES])
    data |= _ranks(rng, profile)
    data |= _ticks(rng, "M", profile) | _ticks(rng, "O", profile)
    data["O"] = None
    names = np.array(PROFILES, dtype=object)[profile]
    margins = pd.DataFrame({"age": pd.Categorical.from_codes(age, list("abcd"))})
    return RowsWorld(pd.DataFrame(data), names, np.exp(rng.normal(0, 0.4, n)), margins)


def column(name: str) -> AnswerColumn:
    return next(c for c in QUESTIONNAIRE.columns() if c.name == name)


def _coded(name: str, codes: np.ndarray, questionnaire: Questionnaire) -> pd.Categorical:
    found = columns_of(questionnaire.question(name))[0]
    return pd.Categorical.from_codes(codes, list(found.categories))


def _ranks(rng: np.random.Generator, profile: np.ndarray) -> dict[str, pd.Categorical]:
    """Everybody ranks one, two or three of three options; some give no answer."""
    n = len(profile)
    pull = rng.normal(0, 1, (n, 3)) + np.column_stack([profile * 0.5, 0 * profile, 0 * profile])
    place = (-pull).argsort(axis=1).argsort(axis=1) + 1
    place[place > rng.integers(1, 4, n)[:, None]] = 0
    silent = rng.random(n) < 0.05
    result = {}
    for i, code in enumerate("abc"):
        categories = list(column(f"R_{code}").categories)
        skipped = categories.index(".skipped")
        rank = np.where(place[:, i] == 0, categories.index("0"), place[:, i] - 1)
        result[f"R_{code}"] = pd.Categorical.from_codes(np.where(silent, skipped, rank), categories)
    return result


def _ticks(rng: np.random.Generator, code: str, profile: np.ndarray) -> dict[str, pd.Categorical]:
    n = len(profile)
    kind = rng.choice(3, n, p=[0.85, 0.1, 0.05])  # answered, don't know, skipped
    result = {}
    for option in ("a", "b", "c", *(("wn",) if code == "M" else ())):
        categories = list(column(f"{code}_{option}").categories)
        ticked = rng.random(n) < 0.3 + 0.1 * profile
        unknowing = categories.index(".dont_know")
        own = 0 if option == "wn" else unknowing
        mark = np.where(ticked & (option != "wn"), 0, 1)
        codes = np.choose(kind, [mark, own, categories.index(".skipped")])
        result[f"{code}_{option}"] = pd.Categorical.from_codes(codes, categories)
    return result
