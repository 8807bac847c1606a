"""What areas are estimated to answer: the headlines of a wave, for any areas.

The regression of a headline (`fitting`) is averaged over the mix of profiles and demographics of
every area (`statistics.poststratify`).

Estimates are not made to add up to the measured national figure. In simulated worlds that made
them worse wherever some profiles answer more than others, since the measured figure has that
error and the regression takes most of it out. Both figures are kept, so that they can be compared.

An estimate adds something when the area very probably lies on the side of the country that it
is printed on, by at least what printing shows: see `EstimateRules`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field
from scipy.stats import norm

from flows.crosstabs.area_estimates.fitting import AreaModel, AreaModels
from flows.crosstabs.area_estimates.ground import Areas
from flows.definitions.models import Model
from flows.statistics.poststratify import Estimates, among, intervals, poststratify


class EstimateRules(Model):
    """When an estimate is printed instead of a reference to the national figure.

    `probability`: that the area lies above (or below) the modelled national figure by more than
    `points` percentage points, or `deviations` standard deviations of a mean. `confidence` of
    the intervals.
    """

    confidence: float = Field(default=0.95, gt=0, lt=1)
    probability: float = Field(default=0.9, gt=0.5, lt=1)
    points: float = Field(default=1.0, ge=0)
    deviations: float = Field(default=0.05, ge=0)


@dataclass(frozen=True, eq=False)
class AreaEstimates:
    """Unrounded estimates: a row per headline and area, in the order of both.

    Columns: theme, table, question, item, row, statistic (share, mean or score), level, area,
    name, basis (estimated), value, low, high, national (measured), modelled (national, by the
    regression), probability (of the side it lies on), adds, n_direct. Shares are 0-1.
    `headlines`: a row per headline with its spread and how reliable estimates of it are.
    """

    frame: pd.DataFrame
    headlines: pd.DataFrame


def estimate_areas(
    models: AreaModels, areas: Areas, table: pd.DataFrame, rules: EstimateRules | None = None
) -> AreaEstimates:
    """Estimates of all headlines for areas: `table` has a row with level, area and name each."""
    rules = rules or EstimateRules()
    country = len(table)
    parts, lines = [], []
    for model, people in zip(models.models, models.people, strict=True):
        cells = areas.cells if model.asked is None else among(areas.cells, model.asked)
        found = poststratify(model.fits, model.weights, cells, model.kind, country)
        direct = np.rint(areas.reach @ people).astype(np.int64)
        part, line = _rows(model, found, table, direct[:country], rules)
        parts.append(part)
        lines.append(line)
    return AreaEstimates(pd.concat(parts, ignore_index=True), pd.DataFrame(lines))


def _rows(
    model: AreaModel, found: Estimates, table: pd.DataFrame, direct: NDArray[np.int64],
    rules: EstimateRules,
) -> tuple[pd.DataFrame, dict[str, object]]:  # fmt: skip
    """The rows of one headline, and what holds for all of it."""
    country = len(table)
    value, middle = (model.centre + model.unit * v for v in (found.value, found.middle))
    error, difference = model.unit * found.error, model.unit * found.difference
    apart = model.unit * found.difference_error
    low, high = intervals(middle, error, model.kind, rules.confidence)
    low, high = np.minimum(low, value), np.maximum(high, value)
    least = rules.points / 100 if model.kind == "share" else rules.deviations * model.deviation
    if model.statistic == "score":
        least = rules.points / 100
    side = np.where(difference >= 0, 1.0, -1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(apart > 0, (side * difference - least) / apart, -np.inf)
    probability = norm.cdf(z)
    # What is printed stands beside the measured figure, and must lie on the same side of it.
    beside = side * (value - model.national) >= least
    adds = (probability >= rules.probability) & beside
    part = table[["level", "area", "name"]].reset_index(drop=True)
    part = part.assign(
        theme=model.theme,
        table=model.table,
        question=model.question,
        item=model.item,
        row=model.row,
        statistic=model.statistic,
        basis="estimated",
        value=value[:country],
        low=low[:country],
        high=high[:country],
        national=model.national,
        modelled=value[country],
        probability=probability[:country],
        adds=adds[:country],
        n_direct=direct,
    )
    regions = (table["level"] == _main_level(table)).to_numpy()
    explained = float(np.var(value[:country][regions])) if regions.any() else 0.0
    unknown = float(np.mean(error[:country][regions] ** 2)) if regions.any() else 0.0
    line = {
        "theme": model.theme,
        "table": model.table,
        "row": model.row,
        "statistic": model.statistic,
        "n": model.n,
        "national": model.national,
        "modelled": float(value[country]),
        "modelled_low": float(low[country]),
        "modelled_high": float(high[country]),
        "spread": model.spread[0],
        "spread_low": model.spread[1],
        "spread_high": model.spread[2],
        "reliability": explained / (explained + unknown) if explained > 0 else 0.0,
        "adding": int(adds[:country][regions].sum()),
        "areas": int(regions.sum()),
    }
    return part, line


def _main_level(table: pd.DataFrame) -> str:
    """The level at which reliability is told: municipalities, or the first there is."""
    levels = table["level"]
    return "municipality" if (levels == "municipality").any() else str(levels.iloc[0])
