"""What rows of a run's composition say of their areas: which they are, how sure, how much own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from flows.profiles.projection.engine import AreaEngine

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def share_variances(table: pd.DataFrame, profiles: Sequence[str], confidence: float) -> Floats:
    """Variances (A, K) of profile shares, from the bounds in rows of a run's composition.

    The bounds are symmetric on the log-odds.
    """
    share, low, high = (
        np.clip(table[[f"{name}_{p}" for p in profiles]].to_numpy(dtype=float), 1e-9, 1 - 1e-9)
        for name in ("share", "low", "high")
    )
    width = np.log(high / (1 - high)) - np.log(low / (1 - low))
    error = width / (2 * float(norm.ppf((1 + confidence) / 2))) * share * (1 - share)
    return np.asarray(np.nan_to_num(error) ** 2)


def blurred_margins(table: pd.DataFrame, engine: AreaEngine) -> NDArray[np.bool_]:
    """Which margins (A, V) of rows of a run's composition are not those of the area itself."""
    columns = [f"source_{margin.name}" for margin in engine.margins]
    return np.asarray(table[columns].to_numpy() != 0)


def numbers_of_levels(engine: AreaEngine, table: pd.DataFrame) -> list[Ints]:
    """Per level in `table` (level, area; a row per area) the row of every finest area's area."""
    found = []
    rows = pd.Series(np.arange(len(table)))
    for level, part in rows.groupby(table["level"].to_numpy(), sort=False):
        number: Mapping[str, int] = dict(zip(table["area"].iloc[part], part, strict=True))
        codes, names = pd.factorize(engine.areas[str(level)].astype(str))
        found.append(np.array([number.get(str(name), -1) for name in names])[codes])
    return found
