"""What a model report tells: sizes, places, portraits, matches, steadiness, typing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.definitions.profile_plan import ProfilePlan
from flows.definitions.questionnaire import Questionnaire
from flows.profiles.answers import score_matrix, scored_columns
from flows.profiles.assign import assign
from flows.profiles.axes import mean_places, standardised, weighted_moments
from flows.profiles.fit import checked_weights
from flows.profiles.model import ProfileModel
from flows.profiles.numbers import Numbers
from flows.profiles.stability import Stability
from flows.profiles.typing import TypingModel
from flows.statistics.intervals import logit_interval

Floats = NDArray[np.float64]

PORTRAIT_ITEMS = 6
STEADY_MEDIAN, STEADY_P10 = 0.80, 0.70
SMALL_SHARE = 0.03


def model_summary(
    model: ProfileModel,
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    plan: ProfilePlan,
    steady: Stability | None = None,
    typing: TypingModel | None = None,
    weights: ArrayLike | None = None,
    numbers: Numbers | None = None,
    fit_error: Floats | None = None,
) -> dict[str, Any]:
    """The model in plain values (JSON), on the respondents it was fitted on.

    `lines`: what to tell on the terminal, four at most. `attention`: what a researcher
    should look at before accepting the model. `steady`: whether other respondents would have
    given about the same profiles; None where that was not tried. `low`, `high` of a profile: 95%
    interval of its share, by the chance of who took part, the profiles held as they are. `heat`:
    per item the distance of every profile from everybody in standard deviations. `overlap`
    (K, K): mean probability of each profile (columns) among who were given another (rows; None
    for a profile that nobody was given). `otherwise`: the share of people expected to belong to
    another profile than they were given.
    """
    w = checked_weights(weights, len(frame))
    result = assign(model, frame, questionnaire)
    w = np.where(result.typed, w, 0.0)
    w = w / w.sum() if w.sum() > 0 else w
    counts = {code: int((result.labels == code).sum()) for code in model.codes}
    differences, means = _differences(model, frame, questionnaire, result.probabilities, w)
    portraits = _portraits(model, questionnaire, differences, means)
    low, high = share_intervals(model.sizes, result.probabilities, w, fit_error)
    demographics = _demographics(model, frame, questionnaire, result.probabilities, w)
    profiles = [
        {
            "code": code,
            "name": model.names[k].model_dump(),
            "named": model.named[k],
            "distance": _rounded(model.distances[k]),
            "share": _rounded(float(model.sizes[k])),
            "low": _rounded(float(low[k])),
            "high": _rounded(float(high[k])),
            "respondents": counts[code],
            "places": {
                axis: _rounded(place)
                for axis, place in zip(model.axes, model.places[k], strict=True)
            },
            "items": portraits[k],
            "demographics": demographics[k],
        }
        for k, code in enumerate(model.codes)
    ]
    confidence = float(w @ result.confidence) if result.typed.any() else None
    summary: dict[str, Any] = {
        "version": model.version,
        "respondents": model.n,
        "seed": model.seed,
        "starts": model.starts,
        "items": len(model.items),
        "items_left_out": list(model.left_out),
        "factors": model.factors.factors,
        "style_share": _rounded(model.factors.style),
        "fit_error": fit_error is not None,
        "log_likelihood": model.mixture.log_likelihood,
        "bic": round(model.bic, 1),
        "converged": model.mixture.converged,
        "confidence": _rounded(confidence),
        "profiles": profiles,
        "otherwise": _rounded(None if confidence is None else 1 - confidence),
        "overlap": [
            [_rounded(p) for p in row]
            for row in overlap(result.labels, result.probabilities, model.codes, w)
        ],
        "heat": _heat(model, questionnaire, differences),
        "stability": asdict(steady) if steady is not None else None,
        "steady": None if steady is None else is_steady(steady),
        "numbers": numbers.to_dict() if numbers is not None else None,
        "typing": _plain(asdict(typing.quality)) if typing is not None else None,
    }
    summary["attention"] = _attention(model, steady, typing, numbers)
    summary["lines"] = _lines(model, steady, typing)
    return summary


def share_intervals(
    sizes: Floats, probabilities: Floats, weights: Floats, fit_error: Floats | None = None
) -> tuple[Floats, Floats]:
    """95% intervals of the profiles' shares (K,): low and high, 0-1.

    A share is a weighted mean of probabilities (n, K), so its linearised variance is
    sum w^2 (p - share)^2 over the squared sum of weights (Woodruff 1971); the interval is on the
    logit scale. Weights (n,) count as given, which is on the safe side for calibrated ones.
    `fit_error` (K,): standard deviation of the sizes between fits on samples of the people.
    """
    used = weights > 0
    w, p = weights[used], probabilities[used]
    n = int(used.sum())
    if n < 2:
        return np.full(len(sizes), np.nan), np.full(len(sizes), np.nan)
    off = w[:, None] * (p - (w @ p) / w.sum())
    error = np.sqrt((off**2).sum(axis=0) * n / (n - 1)) / w.sum()
    if fit_error is not None:
        error = np.hypot(error, np.nan_to_num(fit_error))
    low, high = logit_interval(sizes, error, n - 1)
    return np.asarray(low), np.asarray(high)


def overlap(
    labels: NDArray[np.object_], probabilities: Floats, codes: Sequence[str], w: Floats
) -> Floats:
    """Mean probabilities (K, K) of the columns' profiles among who were given the row's."""
    result = np.full((len(codes), len(codes)), np.nan)
    for row, code in enumerate(codes):
        mass = np.where(labels == code, w, 0.0)
        if mass.sum() > 0:
            result[row] = mass @ probabilities / mass.sum()
    return result


def _differences(
    model: ProfileModel,
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    probabilities: Floats,
    w: Floats,
) -> tuple[Floats, Floats]:
    """Distance from everybody in standard deviations (K, p), and means (K + 1, p), theirs last."""
    values = score_matrix(frame, questionnaire, model.items)
    everybody, _ = weighted_moments(values, w)
    memberships = probabilities * w[:, None]
    differences = np.nan_to_num(mean_places(standardised(values, w), memberships))
    return differences, np.vstack([mean_places(values, memberships), everybody])


def _item_text(model: ProfileModel, questionnaire: Questionnaire, j: int) -> dict[str, str]:
    name = model.items[j].name
    found = next((column.text for column in questionnaire.columns() if column.name == name), None)
    text = found if found is not None else questionnaire.label(name)
    return dict(text.model_dump())


def _heat(
    model: ProfileModel, questionnaire: Questionnaire, differences: Floats
) -> list[dict[str, Any]]:
    """Every item with the distances of all profiles, in the order of the items."""
    return [
        {
            "item": model.items[j].name,
            "text": _item_text(model, questionnaire, j),
            "differences": {
                code: _rounded(differences[k, j]) for k, code in enumerate(model.codes)
            },
        }
        for j in range(len(model.items))
    ]


def _portraits(
    model: ProfileModel, questionnaire: Questionnaire, differences: Floats, means: Floats
) -> list[list[dict[str, Any]]]:
    """Per profile the items that differ most from everybody, in standard deviations."""
    portraits = []
    for k in range(len(model.codes)):
        strongest = np.argsort(-np.abs(differences[k]), kind="stable")[:PORTRAIT_ITEMS]
        portraits.append(
            [
                {
                    "item": model.items[j].name,
                    "text": _item_text(model, questionnaire, int(j)),
                    "mean": _rounded(means[k, j]),
                    "everybody": _rounded(means[-1, j]),
                    "difference_sd": _rounded(differences[k, j]),
                }
                for j in strongest
            ]
        )
    return portraits


def _demographics(
    model: ProfileModel,
    frame: pd.DataFrame,
    questionnaire: Questionnaire,
    probabilities: Floats,
    w: Floats,
) -> list[dict[str, dict[str, float | None]]]:
    """Per profile the weighted share of each level of the concomitants."""
    shares: list[dict[str, dict[str, float | None]]] = [{} for _ in model.codes]
    for variable in model.concomitants.variables:
        (column,) = scored_columns(questionnaire, [variable])
        values = score_matrix(frame, questionnaire, [column])[:, 0]
        known = ~np.isnan(values)
        mass = (probabilities * (w * known)[:, None]).sum(axis=0)
        for level in questionnaire.levels(variable):
            here = values == column.scores[level.code]
            part = (probabilities * (w * here)[:, None]).sum(axis=0)
            for k in range(len(model.codes)):
                share = float(part[k] / mass[k]) if mass[k] > 0 else None
                shares[k].setdefault(variable, {})[level.code] = _rounded(share)
    return shares


def is_steady(steady: Stability) -> bool:
    """Whether profiles found on other respondents are about these ones."""
    return steady.median_ari >= STEADY_MEDIAN and steady.p10_ari >= STEADY_P10


def _attention(
    model: ProfileModel,
    steady: Stability | None,
    typing: TypingModel | None,
    numbers: Numbers | None,
) -> list[str]:
    """What should be looked at before the model is accepted."""
    said = []
    if steady is not None and not is_steady(steady):
        said.append(
            f"The profiles are not steady: bootstrap ARI {steady.median_ari:.2f} "
            f"(tenth percentile {steady.p10_ari:.2f}), wanted {STEADY_MEDIAN:.2f} and "
            f"{STEADY_P10:.2f}."
        )
    if numbers is not None and not numbers.supported:
        said.append(numbers.sentence)
    for k, code in enumerate(model.codes):
        distance = model.distances[k]
        if not model.named[k] and distance is not None:
            said.append(
                f"No component is near the prototype of {code} (distance {distance:.2f}); it is "
                f"called {model.names[k].nl} until a researcher names it."
            )
        if model.sizes[k] < SMALL_SHARE:
            said.append(f"{model.names[k].nl} holds {model.sizes[k]:.1%} of the people.")
    if typing is not None and typing.quality.calibration_error > 0.03:
        said.append(
            "Typing by the golden questions is "
            f"{typing.quality.calibration_error:.0%} off in how sure it is of itself."
        )
    if model.left_out:
        said.append(
            f"Items not used, answered by too few or by all the same: {', '.join(model.left_out)}."
        )
    if not model.mixture.converged:
        said.append("The fit stopped before it converged; more starts would not change that.")
    return said


def _lines(model: ProfileModel, steady: Stability | None, typing: TypingModel | None) -> list[str]:
    sizes = ", ".join(f"{size:.0%}" for size in model.sizes)
    lines = [f"{len(model.codes)} profiles from {model.n} respondents: {sizes}"]
    if steady is not None:
        lines.append(
            f"bootstrap ARI median {steady.median_ari:.2f}, tenth percentile "
            f"{steady.p10_ari:.2f} ({steady.replicates} replicates)"
        )
    distances = [distance for distance in model.distances if distance is not None]
    if distances:
        lines.append(
            f"distance to the prototypes {min(distances):.2f} to {max(distances):.2f}; "
            f"{sum(model.named)} of {len(model.named)} carry their name"
        )
    if typing is not None:
        lines.append(
            f"golden questions: {typing.quality.accuracy:.0%} get the same profile, mean "
            f"confidence {typing.quality.confidence:.0%}"
        )
    return lines


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 4)


def _plain(value: Any) -> Any:
    """Tuples as lists, all the way down: what JSON gives back."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
