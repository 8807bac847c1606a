"""The data sets of the reference results under their weighting states, and how numbers compare."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.golden import FOLDER, load_golden

from flows.statistics.design import SampleDesign
from flows.statistics.linearisation import (
    calibration_residual,
    degrees_of_freedom,
    linearised_covariance,
    poststratification_residual,
    raking_residual,
)
from flows.statistics.variance import Sample, margin_dummies, weighted_sample


@cache
def datasets() -> dict[str, Any]:
    return load_golden(lambda kind: False)[1]


def compare(case: dict[str, Any], expected: Any, found: Any, path: str) -> int:
    """Compare what both sides have; a number that was asked for must be found."""
    if _place(path) in {_place(field) for field in case.get("unreliable_fields", ())}:
        return 0
    if isinstance(expected, dict):
        return sum(
            compare(case, value, found[key] if found is not None else None, f"{path}{key}.")
            for key, value in expected.items()
            if key not in ("level", "domain", "rows", "cols")
        )
    if isinstance(expected, list):
        return sum(
            compare(case, value, found[i], f"{path}{i}.") for i, value in enumerate(expected)
        )
    if expected is None:
        return 0
    field = path.split(".")[0]
    relative = case.get("tolerance_by_field", {}).get(field, case["tolerance"])
    assert found == pytest.approx(expected, rel=relative, abs=case.get("abs_tolerance", 0.0)), path
    return 1


def _place(path: str) -> str:
    """`.hi[3]` and `hi.3.` are the same place."""
    return ".".join(re.findall(r"[^.\[\]]+", path))


@dataclass(frozen=True, eq=False)
class State:
    """A data set under one weighting state."""

    frame: pd.DataFrame
    w: np.ndarray
    d: np.ndarray
    strata: np.ndarray | None
    clusters: np.ndarray | None
    population: np.ndarray | None
    residual: Callable[[np.ndarray], np.ndarray]
    margins: pd.DataFrame | None
    continuous: np.ndarray | None
    is_base: bool

    @property
    def in_algebra(self) -> bool:
        """Whether the crosstab algebra speaks of it: all but R's `rake` convention."""
        return self.margins is not None

    def sample(self, group: np.ndarray, count: int) -> Sample:
        """The sample of the crosstab algebra, with everybody's group (n)."""
        design = SampleDesign(self.strata, self.clusters, self.population)
        return weighted_sample(
            self.w,
            group,
            count,
            self.margins,
            self.d,
            design=design,
            continuous=self.continuous,
        )

    def covariance(self, u: np.ndarray) -> np.ndarray:
        """Covariance of sums of contributions u (n, K), before weighting."""
        z = self.w[:, None] * self.residual(u)
        return linearised_covariance(z, self.strata, self.clusters, self.population)

    def degf(self, rows: np.ndarray | None = None) -> int:
        used = self.w != 0 if rows is None else rows & (self.w != 0)
        return degrees_of_freedom(len(self.w), self.strata, self.clusters, used)

    def values(self, variable: str, level: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The variable, or the indicator of a level, with 0 where missing; and who is valid."""
        column = self.frame[variable]
        valid = column.notna().to_numpy()
        if level is not None:
            return (column == level).to_numpy(dtype=float), valid
        return column.fillna(0).to_numpy(dtype=float), valid

    def success(self, variable: str, success: Any) -> tuple[np.ndarray, np.ndarray]:
        valid = self.frame[variable].notna().to_numpy()
        return (self.frame[variable] == success).to_numpy(dtype=float), valid


@cache
def state_of(name: str, state: str) -> State:
    dataset = datasets()[name]
    frame = frame_of(name)
    design = dataset["design"]
    how = dataset["states"][state]
    w = pd.read_csv(FOLDER / how["weights_file"])[how["weights_column"]].to_numpy(float)
    column = design.get("weight")
    constant = float(design.get("weight_if_null", 1))
    d = frame[column].to_numpy(float) if column else np.full(len(frame), constant)

    def labels(key: str) -> np.ndarray | None:
        return frame[design[key]].astype(str).to_numpy() if design.get(key) else None

    population = frame[design["fpc"]].to_numpy(float) if design.get("fpc") else None
    convention = how.get("se_convention")
    margins = frame[how["margins"]].astype("category") if how.get("margins") else None
    continuous = frame[how["continuous"]].to_numpy(float) if how.get("continuous") else None
    residual: Callable[[np.ndarray], np.ndarray]
    algebra = None
    if convention == "none":
        residual = np.array
        algebra = pd.DataFrame(index=frame.index)
    elif convention == "calibration":
        assert margins is not None
        dummies = margin_dummies(margins)
        x = dummies if continuous is None else np.hstack([dummies, continuous])
        algebra = margins

        def residual(u: np.ndarray) -> np.ndarray:
            return calibration_residual(u, x, d)
    elif convention == "rake":
        assert margins is not None
        codes = [margins[m].cat.codes.to_numpy() for m in margins]

        def residual(u: np.ndarray) -> np.ndarray:
            return raking_residual(u, codes)
    elif convention == "poststratification":
        cells = frame.groupby(how["columns"], observed=True).ngroup().to_numpy()
        algebra = pd.DataFrame({"cell": pd.Categorical(cells)})

        def residual(u: np.ndarray) -> np.ndarray:
            return poststratification_residual(u, cells, d)
    else:
        pytest.skip(f"the residual convention {convention!r} is not offered")
    return State(
        frame=frame,
        w=w,
        d=d,
        strata=labels("strata"),
        clusters=labels("cluster"),
        population=population,
        residual=residual,
        margins=algebra,
        continuous=continuous,
        is_base=how["method"] == "base",
    )


@cache
def frame_of(name: str) -> pd.DataFrame:
    columns = datasets()[name]["columns"]
    frame = pd.read_csv(FOLDER / datasets()[name]["file"], dtype=str, na_values=["NA"])
    for column, description in columns.items():
        if description["type"] in ("number", "binary") and column in frame:
            frame[column] = pd.to_numeric(frame[column])
    fpc = datasets()[name]["design"].get("fpc")
    return frame.assign(**{fpc: pd.to_numeric(frame[fpc])}) if fpc else frame


def levels_of(state: State, column: str) -> list[str]:
    """The levels of a column, in the order of the folder."""
    dataset = next(d for name, d in datasets().items() if frame_of(name) is state.frame)
    description = dataset["columns"][column]
    return description.get("levels") or sorted(state.frame[column].dropna().unique())
