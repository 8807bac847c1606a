"""The composition of the areas of all levels as one table, and the rows of it that may leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from flows.profiles.projection.areas import Projection
from flows.profiles.projection.disclosure import withhold
from flows.profiles.projection.engine import COUNTED, AreaEngine

Floats = NDArray[np.float64]

NOT_PUBLISHED = ("pc6", "pc5", "buurt")
"""Levels whose figures never leave the store: finer than a four-digit postcode or a wijk."""
NO_DATA = "no_data"
LEAST_COVERED = 0.5
"""An area is not published when fewer of its residents live where there are margins."""
BOUNDS = ("share", "low", "high")
DECIMALS = 1


def composition(
    engine: AreaEngine, projection: Projection, names: Mapping[str, Mapping[str, str]]
) -> pd.DataFrame:
    """A row per area of every level, finest level first.

    Columns: level, area, name, the three of `COUNTED` (addresses -1 unknown), n_direct,
    suppressed, merged_into, merged_level, `source_<variable>`, and per profile `share_`, `low_`,
    `high_` (0-1).
    """
    withheld = withhold(engine.areas, engine.levels).set_index(["level", "area"])
    parts = []
    for level in engine.levels:
        finest = level == engine.finest
        shares = projection if finest else projection.groups[level]
        part = _counted(engine.areas, level).reindex(shares.area)
        part.insert(0, "name", [names.get(level, {}).get(code, "") for code in shares.area])
        part.insert(0, "area", shares.area)
        part.insert(0, "level", level)
        part["n_direct"] = shares.n_direct
        lacking = np.isnan(shares.estimate).any(axis=1)
        if not finest:
            lacking |= projection.groups[level].covered < LEAST_COVERED
        told = withheld.loc[level].reindex(pd.Index(shares.area))
        reason = told["suppressed"].to_numpy(dtype=str)
        part["suppressed"] = np.where(lacking & (reason == ""), NO_DATA, reason)
        part["merged_into"] = told["merged_into"].to_numpy(dtype=str)
        part["merged_level"] = told["merged_level"].to_numpy(dtype=str)
        for margin in engine.margins:
            part[f"source_{margin.name}"] = _source(engine, margin.name, level, shares.area)
        for k, code in enumerate(engine.profiles):
            for name, values in zip(
                BOUNDS, (shares.estimate, shares.low, shares.high), strict=True
            ):
                part[f"{name}_{code}"] = values[:, k]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _counted(areas: pd.DataFrame, level: str) -> pd.DataFrame:
    """Residents, inhabitants and addresses of the areas of a level; -1 where a part is unknown."""
    totals = areas.groupby(level, sort=True)[list(COUNTED)].sum()
    unknown = (areas["addresses"] < 0).groupby(areas[level], sort=True).any()
    return totals.assign(addresses=totals["addresses"].mask(unknown, -1))


def _source(
    engine: AreaEngine, variable: str, level: str, codes: NDArray[np.str_]
) -> NDArray[np.int8]:
    """How far up the margin of a variable was taken from for areas of a level.

    0: published for the area itself or for the parts it consists of. Otherwise the coarsest
    number of its inhabited parts; -1: nowhere.
    """
    margin = next(each for each in engine.margins if each.name == variable)
    source = margin.source.astype(np.int8)
    if level == engine.finest:
        return source
    own = [_within(engine.areas, one, level) for one in engine.sources[variable]]
    counts = np.where(source >= 0, np.where(np.array(own)[source], 0, source), -1)
    lived_in = engine.areas["residents"].to_numpy() > 0
    value = pd.Series(np.where(lived_in, counts, -1)).groupby(engine.areas[level].to_numpy()).max()
    return np.asarray(value.reindex(pd.Index(codes)), dtype=np.int8)


def _within(areas: pd.DataFrame, fine: str, coarse: str) -> bool:
    """Whether areas of the one level consist of whole areas of the other."""
    pairs = areas[[fine, coarse]].drop_duplicates()
    return bool(pairs.iloc[:, 0].is_unique)


def published(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a composition that may leave the store."""
    return table[~table["level"].isin(NOT_PUBLISHED) & (table["suppressed"] == "")]


def tidy(
    table: pd.DataFrame, profiles: Mapping[str, str], fixed: Mapping[str, Any]
) -> pd.DataFrame:
    """A row per published area and profile; shares in percentages of one decimal.

    `profiles`: code and name; `fixed`: columns that are the same in every row.
    """
    kept = published(table)
    sources = [name for name in kept.columns if name.startswith("source_")]
    rows = []
    for place, (code, name) in enumerate(profiles.items()):
        part = kept[["level", "area", "name", "residents"]].copy()
        part["profile"], part["profile_name"] = code, name
        for column, stored in zip(("estimate", "low", "high"), BOUNDS, strict=True):
            part[column] = (100 * kept[f"{stored}_{code}"]).round(DECIMALS)
        part["n_direct"] = kept["n_direct"]
        rows.append(part.join(kept[sources]).assign(_area=np.arange(len(kept)), _profile=place))
    whole = pd.concat(rows).sort_values(["_area", "_profile"], kind="stable")
    return whole.drop(columns=["_area", "_profile"]).assign(**fixed).reset_index(drop=True)
