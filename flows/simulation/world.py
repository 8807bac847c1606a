"""The small fictional world: municipalities with their true composition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from flows.simulation.chance import BoolArray, FloatArray
from flows.simulation.people import People, Society


@dataclass(frozen=True)
class World:
    """The world as it truly is.

    `composition`: one row per municipality and profile (`municipality`, `name`, `region`,
    `residents`, `urbanity`, `affluence`, `profile`, `share`). `about`: the same and more as
    plain values, for JSON. The row `NL` is the whole country.
    """

    composition: pd.DataFrame
    about: dict[str, Any]


COUNTRY = "NL"


def describe_world(society: Society, population: People, survey: str, wave: str) -> World:
    """The expected profile shares of every municipality, from a large population."""
    parameters = society.parameters
    national = population.expected.mean(axis=0)
    rows: list[dict[str, Any]] = []
    places: list[dict[str, Any]] = []
    for i, place in enumerate(parameters.municipalities):
        here = population.municipality == i
        shares = population.expected[here].mean(axis=0) if here.any() else national
        facts = {
            "municipality": place.code,
            "name": place.nl,
            "region": place.region,
            "residents": place.residents,
            "urbanity": place.urbanity,
            "affluence": place.affluence,
        }
        rows += [
            {**facts, "profile": profile, "share": round(float(share), 5)}
            for profile, share in zip(society.profiles, shares, strict=True)
        ]
        places.append(
            {
                **facts,
                "districts": list(place.districts),
                "share_of_population": round(float(here.mean()), 5),
                "composition": _shares(society.profiles, shares),
                "margins": _margins(population, here),
                "effects": {
                    "trust": round(float(society.areas[i, 0]), 4),
                    "engagement": round(float(society.areas[i, 1]), 4),
                },
            }
        )
    about = {
        "simulated": True,
        "survey": survey,
        "wave": wave,
        "seed": society.seed,
        "residents": sum(place.residents for place in parameters.municipalities),
        "composition": _shares(society.profiles, national),
        "municipalities": places,
    }
    columns = ["municipality", "name", "region", "residents", "urbanity", "affluence"]
    return World(pd.DataFrame(rows, columns=[*columns, "profile", "share"]), about)


def _shares(names: tuple[str, ...], shares: FloatArray) -> dict[str, float]:
    return {name: round(float(share), 5) for name, share in zip(names, shares, strict=True)}


def _margins(population: People, here: BoolArray) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for margin in population.margins:
        known = margin.of[here & (margin.of >= 0)]
        counts = np.bincount(known, minlength=len(margin.levels)).astype(float)
        result[margin.variable] = _shares(margin.levels, counts / max(counts.sum(), 1.0))
    return result


def margins_frame(population: People) -> pd.DataFrame:
    """The true margins of a population beside the targets: margin, level, target, share."""
    rows: list[tuple[str, str, float, float]] = []
    for margin in population.margins:
        counts = np.bincount(margin.of[margin.of >= 0], minlength=len(margin.levels))
        shares = counts / counts.sum()
        rows += [
            (margin.variable, level, float(target), round(float(share), 6))
            for level, target, share in zip(margin.levels, margin.targets, shares, strict=True)
        ]
    return pd.DataFrame(rows, columns=["margin", "level", "target", "share"])


def profiles_frame(society: Society, sizes: FloatArray, population: People) -> pd.DataFrame:
    """The true profiles of a population: size meant and drawn, mean trust and engagement."""
    counts = np.bincount(population.profile, minlength=len(society.profiles))
    sums = np.column_stack(
        [
            np.bincount(population.profile, weights=population.axes[:, i], minlength=len(counts))
            for i in range(2)
        ]
    )
    means = sums / np.maximum(counts, 1)[:, None]
    return pd.DataFrame(
        {
            "profile": list(society.profiles),
            "size": sizes.round(5),
            "share": (counts / counts.sum()).round(5),
            "trust": means[:, 0].round(4),
            "engagement": means[:, 1].round(4),
        }
    )
