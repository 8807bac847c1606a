"""All that one run of the postcode base projects areas from, to be used again and again.

The run of a base and any later list of areas go through the same engine, so that they can never
disagree. In the store it is two frames: a row per finest area, and the numbers that hold for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from flows.profiles.errors import ProfileError
from flows.profiles.projection.areas import Projection, ProjectionSettings, project_areas
from flows.profiles.projection.membership import Membership
from flows.profiles.projection.places import Places, places_of
from flows.profiles.projection.residual import Residuals
from flows.profiles.projection.surroundings import AreaResidual
from flows.statistics.area_fitting import AreaMargin

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FORMAT = 1
COUNTED = ("residents", "inhabitants", "addresses")
PARTS = ("tau", "mean", "covariance", "n", "given", "through")
"""Of `Residuals`, those that hold a level each but for the first."""


@dataclass(frozen=True, eq=False)
class AreaEngine:
    """What A finest areas are projected from.

    `profiles`: K codes. `levels`: geographic levels, finest first. `areas`: a row per finest
    area, a text column per level, and `COUNTED`. `margins`: one per demographic variable, an
    axis of `seed` each. `sources`: per variable the levels that the numbers in its source mean.
    `residuals` of the surroundings at `around` (coarse to fine).
    """

    profiles: tuple[str, ...]
    levels: tuple[str, ...]
    areas: pd.DataFrame
    margins: tuple[AreaMargin, ...]
    dispersions: Mapping[str, float]
    sources: Mapping[str, tuple[str, ...]]
    membership: Membership
    seed: Floats
    residuals: Residuals
    around: tuple[str, ...]
    settings: ProjectionSettings = field(default_factory=ProjectionSettings)

    @property
    def finest(self) -> str:
        """The level of the finest areas."""
        return self.levels[0]

    @property
    def places(self) -> Places:
        """The surroundings of all areas, in the order of `residuals`."""
        return places_of(self.areas, self.areas["residents"], self.around)

    def everything(self) -> Projection:
        """All finest areas, and with them the areas of every coarser level."""
        return self.run(
            np.arange(len(self.areas)),
            {level: self.areas[level].to_numpy(dtype=str) for level in self.levels[1:]},
        )

    def run(self, rows: ArrayLike, groups: Mapping[str, ArrayLike]) -> Projection:
        """Some of the finest areas, by their place, taken together in groups.

        `groups`: per name the code of the group that each of these areas is in.
        """
        of = np.asarray(rows, dtype=np.int64)
        places = self.places
        own = np.zeros(len(self.profiles))
        if self.around[-1] != self.finest:
            own = self.residuals.tau[-1]
        residual = AreaResidual.nested(self.residuals, places.parents, places.of[of], own=own)
        return project_areas(
            self.areas[self.finest].to_numpy(dtype=str)[of].tolist(),
            self.seed,
            [_taken(margin, of) for margin in self.margins],
            self.areas["residents"].to_numpy(dtype=np.float64)[of],
            self.membership,
            residual,
            self.dispersions,
            self.residuals.n[-1][places.of[of]],
            self.settings,
            {name: np.asarray(codes) for name, codes in groups.items()},
        )

    def rows_in(self, codes: Sequence[str]) -> Ints:
        """The finest areas, by their place, in any of these areas of whatever level.

        A code that areas of two levels have is written `level:code`. Raises `ProfileError` for
        a code that no area has, or that areas of two levels have.
        """
        inside = np.zeros(len(self.areas), dtype=bool)
        for code in codes:
            level, _, own = code.rpartition(":")
            if level and level not in self.levels:
                raise ProfileError(
                    f"{code}: {level} is no level of this base; it has {', '.join(self.levels)}."
                )
            levels = (level,) if level else self.levels
            hits = [(name, (self.areas[name] == own).to_numpy()) for name in levels]
            hits = [(name, hit) for name, hit in hits if hit.any()]
            if not hits:
                raise ProfileError(
                    f"{code} is no area of this base; check the code and the year of the base."
                )
            if len(hits) > 1 and not all((hit == hits[0][1]).all() for _, hit in hits):
                names = " and ".join(name for name, _ in hits)
                raise ProfileError(
                    f"{code} is an area of the levels {names}; write {hits[0][0]}:{code} or "
                    f"{hits[1][0]}:{code}."
                )
            inside |= hits[0][1]
        return np.flatnonzero(inside)

    def _with_siblings(self, rows: Ints) -> Ints:
        """These finest areas and all that share a published margin of a coarser area with them.

        Deviations from such a margin cancel out over the whole of that area, not over a part.
        """
        needed = np.zeros(len(self.areas), dtype=bool)
        needed[rows] = True
        for margin in self.margins:
            levels = self.sources[margin.name]
            for number in np.unique(margin.source[rows]):
                if number > 0:
                    codes = self.areas[levels[number]]
                    own = codes.iloc[rows[margin.source[rows] == number]].unique()
                    needed |= codes.isin(own).to_numpy()
        return np.flatnonzero(needed)

    def project(self, groups: Mapping[str, Sequence[str]]) -> OwnAreas:
        """Own areas, each a list of areas of any level, with the intervals of the engine.

        An area that is named twice, also as part of a larger one, counts once. Raises
        `ProfileError` for unknown areas and for lists without residents.
        """
        made = []
        for name, codes in groups.items():
            rows = self.rows_in(codes)
            if not self.areas["residents"].to_numpy()[rows].sum():
                raise ProfileError(f"{name}: nobody lives in {', '.join(codes)}; add areas.")
            needed = self._with_siblings(rows)
            inside = np.where(np.isin(needed, rows), name, "")
            made.append(self.run(needed, {"own": inside}).groups["own"])
        return OwnAreas(
            tuple(groups),
            np.array([one.residents[0] for one in made]),
            np.vstack([one.estimate for one in made]),
            np.vstack([one.low for one in made]),
            np.vstack([one.high for one in made]),
            {
                source: np.vstack([one.variance[source] for one in made])
                for source in (made[0].variance if made else ())
            },
        )


@dataclass(frozen=True, eq=False)
class OwnAreas:
    """G areas of one's own: `area` names, `residents` (G,), shares and bounds (G, K), 0-1.

    `variance`: per source of error (G, K).
    """

    area: tuple[str, ...]
    residents: Floats
    estimate: Floats
    low: Floats
    high: Floats
    variance: Mapping[str, Floats]


def _taken(margin: AreaMargin, rows: Ints) -> AreaMargin:
    return AreaMargin(
        margin.name,
        margin.shares[rows],
        margin.source[rows],
        None if margin.variance is None else margin.variance[rows],
    )


# --------------------------------------------------------------------------------- as frames


def to_frames(engine: AreaEngine) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """The engine as the store keeps it: inputs, surroundings, and a description of both."""
    columns: dict[str, Any] = {level: engine.areas[level] for level in engine.levels}
    columns |= {name: engine.areas[name] for name in COUNTED}
    for margin in engine.margins:
        columns[f"source_{margin.name}"] = margin.source
        for i in range(margin.shares.shape[1]):
            columns[f"margin_{margin.name}_{i}"] = margin.shares[:, i].astype(np.float32)
            if margin.variance is not None:
                columns[f"variance_{margin.name}_{i}"] = margin.variance[:, i].astype(np.float32)
    arrays: dict[str, Floats] = {
        "seed": engine.seed,
        "design": engine.membership.design,
        "logit": engine.membership.logit,
        "spread": engine.membership.spread,
        "tau": engine.residuals.tau,
    }
    for part in PARTS[1:]:
        for depth, values in enumerate(getattr(engine.residuals, part)):
            arrays[f"{part}_{depth}"] = values
    surroundings = pd.DataFrame(
        {
            "name": pd.Categorical(
                np.repeat(list(arrays), [values.size for values in arrays.values()]),
                categories=list(arrays),
            ),
            "value": np.concatenate([np.ravel(v).astype(np.float64) for v in arrays.values()]),
        }
    )
    about = {
        "format": FORMAT,
        "profiles": list(engine.profiles),
        "levels": list(engine.levels),
        "around": list(engine.around),
        "variables": [margin.name for margin in engine.margins],
        "sources": {name: list(levels) for name, levels in engine.sources.items()},
        "dispersions": dict(engine.dispersions),
        "shapes": {name: list(values.shape) for name, values in arrays.items()},
        "settings": engine.settings.model_dump(mode="json"),
    }
    return pd.DataFrame(columns).reset_index(drop=True), surroundings, about


def from_frames(
    inputs: pd.DataFrame, surroundings: pd.DataFrame, about: Mapping[str, Any]
) -> AreaEngine:
    """The engine that `to_frames` was given, its margins in single precision."""
    if about.get("format") != FORMAT:
        raise ProfileError(
            "this run of the postcode base was made by another version of themadossier; make it "
            "again with 'themadossier profiles project'."
        )
    values = surroundings["value"].to_numpy(dtype=np.float64)
    arrays, at = {}, 0
    for name, shape in about["shapes"].items():
        size = int(np.prod(shape))
        arrays[name] = values[at : at + size].reshape(shape)
        at += size
    depths = range(len(arrays["tau"]))
    margins = tuple(_margin(inputs, name) for name in about["variables"])
    kept = {part: tuple(arrays[f"{part}_{depth}"] for depth in depths) for part in PARTS[1:]}
    kept["n"] = tuple(counts.astype(np.int64) for counts in kept["n"])  # type: ignore[misc]
    return AreaEngine(
        tuple(about["profiles"]),
        tuple(about["levels"]),
        inputs[[*about["levels"], *COUNTED]],
        margins,
        dict(about["dispersions"]),
        {name: tuple(levels) for name, levels in about["sources"].items()},
        Membership(arrays["seed"].shape, arrays["design"], arrays["logit"], arrays["spread"]),
        arrays["seed"],
        Residuals(arrays["tau"], **kept),  # type: ignore[arg-type]
        tuple(about["around"]),
        ProjectionSettings(**about["settings"]),
    )


def as_stored(engine: AreaEngine) -> AreaEngine:
    """The engine as it comes back from the store, so that a run and its engine agree exactly."""
    return from_frames(*to_frames(engine))


def _margin(inputs: pd.DataFrame, name: str) -> AreaMargin:
    shares = _block(inputs, f"margin_{name}_")
    variance = _block(inputs, f"variance_{name}_")
    return AreaMargin(
        name,
        shares,
        inputs[f"source_{name}"].to_numpy(dtype=np.int8),
        variance if variance.shape[1] else None,
    )


def _block(inputs: pd.DataFrame, prefix: str) -> Floats:
    """Columns `<prefix>0`, `<prefix>1`, ... side by side."""
    names: list[str] = []
    while f"{prefix}{len(names)}" in inputs:
        names.append(f"{prefix}{len(names)}")
    return inputs[names].to_numpy(dtype=np.float64)
