"""A model version as a file that can be read, and scored by hand, without this software.

The formulas are those of `factors`, `mixture` and `golden`, written out in `scoring`; what
demographics add to a profile is summed up beforehand in `points`, so that nobody needs the
coding of the design. A worked example lets a reader check a scoring of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import Concomitants, ScoredColumn
from flows.profiles.assign import FEWEST_ANSWERED
from flows.profiles.logit import Cells
from flows.profiles.model import ProfileModel
from flows.profiles.typing import TypingModel

Floats = NDArray[np.float64]

SCHEMA, SCHEMA_VERSION = "themadossier/profile-model", 2

SCORING = (
    "Score each answer: items.scores gives the number of its code. An item without scores is a "
    "number itself, times sign. A missing answer (don't know, refused, skipped, not asked) has "
    "no score and is left out below.",
    "Standardise: z = (score - mean) / scale.",
    "Factors: with I the unit matrix, A = I + the sum over answered items of loadings * "
    "loadings' / uniqueness, b = the sum over answered items of loadings * z / uniqueness; "
    "f = the inverse of A times b.",
    "Place: y = f * factors.projection - factors.offset (f as a row). When the length of y is "
    "over factors.farthest (null: no limit), multiply y by farthest / length.",
    "Demographics: t(profile) = prior.intercept + the points of the person's level of each "
    "variable; a level that is not known has 0 points.",
    "Profile: e(profile) = t - half of (y - mean)' * the inverse of mixture.covariance * "
    "(y - mean) / mixture.temperature, with mean = mixture.means of that profile; the "
    "probability of a profile is exp(e) divided by the sum of exp(e) over the profiles.",
    f"The most likely profile is somebody's profile when at least {FEWEST_ANSWERED:.0%} of the "
    "items are answered; otherwise the person has no profile.",
)
GOLDEN_SCORING = (
    "Score and standardise each golden question: z = (score - centre) / spread.",
    "Take from means and covariance only the questions that were answered: "
    "d = z - mean of the profile; q(profile) = half of d' * the inverse of covariance * d.",
    "e(profile) = t - q / temperature, with t from demographics as for the model; the "
    "probability is exp(e) divided by the sum of exp(e) over the profiles.",
    f"A profile is given when at least {FEWEST_ANSWERED:.0%} of the golden questions are answered.",
)


def model_document(
    model: ProfileModel,
    typing: TypingModel | None,
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    summary: Mapping[str, Any],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything of a model version as plain values for JSON.

    `summary`: its `model_summary`; `about`: what the caller knows of it (survey, state, by
    whom it was accepted), put first. All numbers have full precision but those in `summary`.
    """
    aliases = {profile.code: profile.alias.model_dump() for profile in plan.profiles}
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        **about,
        "what_it_is": (
            "A profile model: by somebody's answers to the items and their demographics it gives "
            "the probability of each profile. Profiles describe groups of respondents, not "
            "persons, streets or addresses."
        ),
        "valid_from": plan.valid_from.isoformat(),
        "respondents": model.n,
        "seed": model.seed,
        "starts": model.starts,
        "profiles": [
            {
                "code": code,
                "name": model.names[k].model_dump(),
                "alias": aliases.get(code),
                "carries_its_name": model.named[k],
                "distance_to_prototype": model.distances[k],
                "share": float(model.sizes[k]),
            }
            for k, code in enumerate(model.codes)
        ],
        "scoring": list(SCORING),
        "items": [
            {
                **_column(column, questionnaire),
                "mean": float(model.factors.mean[j]),
                "scale": float(model.factors.scale[j]),
                "loadings": model.factors.loadings[j].tolist(),
                "uniqueness": float(model.factors.uniqueness[j]),
            }
            for j, column in enumerate(model.items)
        ],
        "items_left_out": list(model.left_out),
        "factors": {
            "projection": model.factors.projection.tolist(),
            "offset": model.factors.offset.tolist(),
            "farthest": _finite(model.factors.farthest),
        },
        "prior": _prior(model.concomitants, model.mixture.logit, model.codes, questionnaire),
        "mixture": {
            "means": dict(zip(model.codes, model.mixture.means.tolist(), strict=True)),
            "covariance": model.mixture.covariance.tolist(),
            "temperature": model.temperature,
        },
        "example": _example(model),
        "golden": None if typing is None else _golden(typing, questionnaire),
        "summary": dict(summary),
    }


def _golden(typing: TypingModel, questionnaire: Questionnaire) -> dict[str, Any]:
    scorer = typing.scorer
    return {
        "what_it_is": (
            "Typing by the golden questions only, for people who were not asked all items."
        ),
        "scoring": list(GOLDEN_SCORING),
        "questions": [
            {
                **_column(column, questionnaire),
                "centre": float(scorer.centre[j]),
                "spread": float(scorer.spread[j]),
            }
            for j, column in enumerate(typing.columns)
        ],
        "means": dict(zip(typing.codes, scorer.means.tolist(), strict=True)),
        "covariance": scorer.covariance.tolist(),
        "temperature": scorer.temperature,
        "prior": _prior(typing.concomitants, scorer.logit, typing.codes, questionnaire),
    }


def _column(column: ScoredColumn, questionnaire: Questionnaire) -> dict[str, Any]:
    texts = {each.name: each.text for each in questionnaire.columns()}
    text = texts.get(column.name) or questionnaire.label(column.variable)
    found: dict[str, Any] = {
        "column": column.name,
        "question": column.variable,
        "text": text.model_dump(),
        "scores": dict(column.scores) or None,
        "sign": column.sign,
    }
    return {**found, **_made_of(column.variable, questionnaire)}


def _prior(
    concomitants: Concomitants,
    logit: Floats,
    codes: Sequence[str],
    questionnaire: Questionnaire,
) -> dict[str, Any]:
    """Per profile an intercept, and the points of every level of every demographic."""
    spread = np.array(concomitants.spread)
    per_dummy = logit[1:] / np.where(spread > 0, spread, np.inf)[:, None]
    centre = np.array(concomitants.centre)
    variables, at = [], 0
    for variable, levels in zip(concomitants.variables, concomitants.levels, strict=True):
        step = max(len(levels) - 1, 0)
        slopes, middle = per_dummy[at : at + step], centre[at : at + step]
        points = np.vstack([np.zeros((1, len(codes))), slopes]) - middle @ slopes
        variables.append(
            {
                "variable": variable,
                "text": questionnaire.label(variable).model_dump(),
                **_made_of(variable, questionnaire),
                "points": {
                    level: dict(zip(codes, map(float, row), strict=True))
                    for level, row in zip(levels, points, strict=True)
                },
            }
        )
        at += step
    return {
        "intercept": dict(zip(codes, map(float, logit[0]), strict=True)),
        "variables": variables,
    }


def _made_of(variable: str, questionnaire: Questionnaire) -> dict[str, Any]:
    """How a derived variable is made from answers; nothing for a question."""
    derived = questionnaire.derived_variable(variable)
    return {} if derived is None else {"made_of": derived.model_dump(mode="json")}


def _example(model: ProfileModel) -> dict[str, Any]:
    """Answers that nobody gave, and what the model makes of them; one item has none."""
    answers: dict[str, str | float] = {}
    scores = np.full((1, len(model.items)), np.nan)
    for j, column in enumerate(model.items[:-1]):
        if column.scores:
            codes = sorted(column.scores)
            answers[column.name] = codes[j % len(codes)]
            scores[0, j] = column.scores[codes[j % len(codes)]]
        else:
            scores[0, j] = round(float(model.factors.mean[j]))
            answers[column.name] = column.sign * float(scores[0, j])
    design = [1.0]
    centre, spread, at = model.concomitants.centre, model.concomitants.spread, 0
    demographics = {}
    for variable, levels in zip(
        model.concomitants.variables, model.concomitants.levels, strict=True
    ):
        chosen = min(1, len(levels) - 1)
        demographics[variable] = levels[chosen]
        for place in range(1, len(levels)):
            here = float(place == chosen) - centre[at]
            design.append(here / spread[at] if spread[at] > 0 else 0.0)
            at += 1
    cells = Cells(np.array([design]), np.zeros(1, dtype=np.int64))
    probabilities = model.probabilities(scores, cells)[0]
    return {
        "what_it_is": "Made-up answers, to check a scoring of your own; the last item is missing.",
        "answers": answers,
        "demographics": demographics,
        "place": model.factors.scores(scores)[0].tolist(),
        "probabilities": dict(zip(model.codes, map(float, probabilities), strict=True)),
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
