"""Area estimates as they may leave the bureau: rounded, with bounds rounded outward.

An estimate that adds nothing to the national figure is not printed: its row has the flag
`as_country` and no number. Estimates of shares are at least 1% and at most 99%: a regression
never tells that nobody gives an answer. Numbers of respondents under `FEWEST_SHOWN` are left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from flows.crosstabs.rounding import one_decimal, whole_percent
from flows.crosstabs.tables import TOTAL
from flows.crosstabs.tidy import COLUMNS
from flows.profiles.projection.composition import NOT_PUBLISHED

AS_COUNTRY = "as_country"
ESTIMATED = "estimated"
FEWEST_SHOWN = 5
COUNTRY = "country"
SLACK = 1e-9
EXTRA = ("level", "name", "national")


def published_estimates(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of unrounded estimates that may be shown, rounded.

    As `frame`, with value, low and high missing and the flag `as_country` where the estimate
    adds nothing; `national` rounded; `n_direct` missing where it is under `FEWEST_SHOWN`. Levels
    finer than PC4, and the country itself (its figures are measured), are left out.
    """
    kept = frame[~frame["level"].isin([*NOT_PUBLISHED, COUNTRY])].reset_index(drop=True)
    share = (kept["statistic"] != "mean").to_numpy()
    adds = kept["adds"].to_numpy(dtype=bool)
    found = kept.drop(columns=["probability", "modelled"])
    within = (kept["statistic"] == "share").to_numpy()
    for column in ("value", "low", "high", "national"):
        numbers = kept[column].to_numpy(dtype=float)
        rounded = _rounded(numbers, share, column)
        if column != "national":
            rounded = np.where(within & (column == "value"), np.clip(rounded, 0.01, 0.99), rounded)
            rounded = np.where(adds, rounded, np.nan)
        found[column] = rounded
    n = kept["n_direct"].to_numpy(dtype=float)
    found["n_direct"] = np.where(n >= FEWEST_SHOWN, n, np.nan)
    found["flag"] = np.where(adds, "", AS_COUNTRY)
    return found


def _rounded(
    numbers: np.ndarray[Any, np.dtype[np.float64]],
    share: np.ndarray[Any, np.dtype[np.bool_]],
    column: str,
) -> np.ndarray[Any, np.dtype[np.float64]]:
    scale = np.where(share, 100.0, 10.0)
    if column == "low":
        return np.asarray(np.floor(numbers * scale + SLACK) / scale)
    if column == "high":
        return np.asarray(np.ceil(numbers * scale - SLACK) / scale)
    pairs = zip(numbers, share, strict=True)
    return np.array(
        [
            math.nan if math.isnan(x) else (whole_percent(x) if of else one_decimal(x))
            for x, of in pairs
        ]
    )


def estimates_tidy(
    frame: pd.DataFrame, survey: str, wave: str, fixed: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """One line per estimate, columns as every tidy table has, then `EXTRA` and those of `fixed`.

    `frame`: from `published_estimates`. `column` is the total, `basis` estimated, `n` the
    respondents who live there and answered.
    """
    rows = pd.DataFrame(
        {
            "survey": survey,
            "wave": wave,
            "edition": "",
            "theme": frame["theme"],
            "area": frame["area"],
            "table": frame["table"],
            "question": frame["question"],
            "item": frame["item"],
            "answer": frame["row"],
            "statistic": frame["statistic"],
            "column": TOTAL,
            "basis": ESTIMATED,
            "value": frame["value"],
            "low": frame["low"],
            "high": frame["high"],
            "n": frame["n_direct"].astype("Int64"),
            "n_eff": None,
            "verdict": "",
            "flag": frame["flag"],
        },
        columns=list(COLUMNS),
    )
    for name in EXTRA:
        rows[name] = frame[name]
    return rows.assign(**(fixed or {}))
