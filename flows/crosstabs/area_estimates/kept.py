"""Fitted area models as the store keeps them: one frame of numbers and a description of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.crosstabs.area_estimates.fitting import AreaModel, AreaModels
from flows.crosstabs.errors import CrosstabError
from flows.statistics.multilevel import Fit

Floats = NDArray[np.float64]

FORMAT = 1
ARRAYS = (
    "coefficients", "covariance", "region", "follows", "precision", "place", "place_follows",
    "place_precision",
)  # fmt: skip
"""Of every fit, in this order; the numbers of all fits stand one after another."""
TEXTS = ("theme", "table", "question", "item", "row", "statistic", "kind")
NUMBERS = ("national", "deviation", "n", "centre", "unit")


def models_to_frame(models: AreaModels) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The models as a frame with one column of numbers, and what those numbers are."""
    fits: list[Fit] = []
    described = []
    for model in models.models:
        each: dict[str, Any] = {name: getattr(model, name) for name in (*TEXTS, *NUMBERS)}
        each["spread"] = list(model.spread)
        each["weights"] = [float(weight) for weight in model.weights]
        each["taus"] = [fit.tau for fit in model.fits]
        each["asked"] = None if model.asked is None else model.asked.tau
        fits += [*model.fits, *([] if model.asked is None else [model.asked])]
        described.append(each)
    values = [np.ravel(getattr(fit, name)) for fit in fits for name in ARRAYS]
    numbers = np.concatenate([*values, np.ravel(models.people)])
    regions, width = fits[0].follows.shape if fits else (0, 0)
    about = {
        "format": FORMAT,
        "wave": models.wave,
        "own_ratio": models.own_ratio,
        "pooled": dict(models.pooled),
        "models": described,
        "regions": regions,
        "width": width,
        "homes": len(fits[0].place) if fits else 0,
        "places": int(models.people.shape[1]),
    }
    return pd.DataFrame({"value": numbers}), about


def models_from_frame(frame: pd.DataFrame, about: Mapping[str, Any]) -> AreaModels:
    """The models that `models_to_frame` was given. Refuses what another version kept."""
    if about.get("format") != FORMAT:
        raise CrosstabError(
            "these area estimates were made by another version of themadossier; make them again "
            "with 'themadossier estimates'."
        )
    numbers = frame["value"].to_numpy(dtype=np.float64)
    regions, width, homes = (int(about[name]) for name in ("regions", "width", "homes"))
    shapes: dict[str, tuple[int, ...]] = {
        "coefficients": (width,),
        "covariance": (width, width),
        "region": (regions,),
        "follows": (regions, width),
        "precision": (regions,),
        "place": (homes,),
        "place_follows": (homes,),
        "place_precision": (homes,),
    }
    at = 0

    def fit(tau: float) -> Fit:
        nonlocal at
        parts = {}
        for name in ARRAYS:
            size = int(np.prod(shapes[name]))
            parts[name] = numbers[at : at + size].reshape(shapes[name])
            at += size
        return Fit(tau=float(tau), log_likelihood=0.0, **parts)

    models = []
    for each in about["models"]:
        fits = tuple(fit(tau) for tau in each["taus"])
        asked = None if each["asked"] is None else fit(each["asked"])
        known = {name: each[name] for name in (*TEXTS, *NUMBERS)}
        weights, spread = np.array(each["weights"]), tuple(each["spread"])
        models.append(AreaModel(**known, fits=fits, weights=weights, asked=asked, spread=spread))
    people = numbers[at:].reshape(len(models), int(about["places"]))
    return AreaModels(
        str(about["wave"]), tuple(models), float(about["own_ratio"]), dict(about["pooled"]), people
    )
