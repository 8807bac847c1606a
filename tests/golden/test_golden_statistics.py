"""Estimates, standard errors, intervals and tests against the reference results.

The folder (GOLDEN_DIR, by default ../shared/golden beside the repository) describes itself in
datasets.json and cases.json; nothing here is about a particular data set. Kinds of weights
are in test_golden_weights.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.golden import FOLDER, case_id, load_golden

from flows.crosstabs.crosstab import checked_weights
from flows.crosstabs.errors import CrosstabError
from flows.statistics.counting import group_people, grouped_sums
from flows.statistics.intervals import beta_interval, logit_interval, mean_interval, t_test
from flows.statistics.linearisation import (
    calibration_residual,
    degrees_of_freedom,
    linearised_covariance,
    poststratification_residual,
    raking_residual,
)
from flows.statistics.multiplicity import benjamini_hochberg, bonferroni, holm
from flows.statistics.variance import (
    WEIGHT,
    linearise,
    margin_dummies,
    variance,
    weighted_sample,
)

ELSEWHERE = ("weights", "trim", "targets")
REFUSABLE = ("ciprop", "ciprop_by", "ttest")

pytestmark = pytest.mark.golden

CASES, DATASETS = load_golden(lambda kind: kind not in ELSEWHERE)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_golden(case: dict[str, Any]) -> None:
    kind = case["kind"]
    if kind not in KINDS:
        pytest.skip(f"{kind} is not offered")
    spec = case["spec"]
    if kind == "ciprop" and spec["method"] not in INTERVALS:
        pytest.skip(f"the interval {spec['method']!r} is not offered")
    state = state_of(case["dataset"], case["state"])
    if case.get("expects") == "refusal" and kind in REFUSABLE:
        with pytest.raises(CrosstabError):
            checked_weights(state.w, len(state.w))
        return
    found = KINDS[kind](state, spec, case.get("cells", []))
    compared = compare(case, case["result"], found, "")
    assert compared, "nothing of this case was compared"


def compare(case: dict[str, Any], expected: Any, found: Any, path: str) -> int:
    """Compare what both sides have; a number that was asked for must be found."""
    if path in case.get("unreliable_fields", ()):
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
    is_base: bool

    @property
    def plain(self) -> bool:
        """Whether the crosstab algebra speaks of it: no design, and calibration if any."""
        return self.strata is None and self.clusters is None and self.margins is not None

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
    dataset = DATASETS[name]
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
    residual: Callable[[np.ndarray], np.ndarray]
    algebra = None
    if convention == "none":
        residual = np.array
        algebra = pd.DataFrame(index=frame.index)
    elif convention == "calibration":
        assert margins is not None
        continuous = frame[how.get("continuous", [])].to_numpy(float)
        x = np.hstack([margin_dummies(margins), continuous])
        algebra = None if continuous.size else margins

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
        margins=algebra if population is None else None,
        is_base=how["method"] == "base",
    )


@cache
def frame_of(name: str) -> pd.DataFrame:
    columns = DATASETS[name]["columns"]
    frame = pd.read_csv(FOLDER / DATASETS[name]["file"], dtype=str, na_values=["NA"])
    for column, description in columns.items():
        if description["type"] in ("number", "binary") and column in frame:
            frame[column] = pd.to_numeric(frame[column])
    fpc = DATASETS[name]["design"].get("fpc")
    return frame.assign(**{fpc: pd.to_numeric(frame[fpc])}) if fpc else frame


def ratio(
    state: State, y: np.ndarray, base: np.ndarray, inside: np.ndarray | None = None
) -> tuple[float, np.ndarray]:
    """sum(w y) / sum(w base) over the people inside, and its contributions u (n)."""
    inside = np.ones(len(y), dtype=bool) if inside is None else inside
    b = inside * base
    size = (state.w * b).sum()
    estimate = float((state.w * inside * y).sum() / size)
    return estimate, (inside * y - estimate * b) / size


def estimate_of(
    state: State, y: np.ndarray, valid: np.ndarray, inside: np.ndarray | None = None
) -> tuple[float, float]:
    """A mean and its standard error; by the crosstab algebra as well where that applies."""
    estimate, u = ratio(state, y * valid, valid.astype(float), inside)
    error = float(np.sqrt(max(state.covariance(u[:, None])[0, 0], 0.0)))
    if state.plain:
        group = np.zeros(len(y), dtype=int) if inside is None else np.where(inside, 0, -1)
        sample = weighted_sample(state.w, group, 1, state.margins, state.d)
        centre = float(y[valid].mean())
        centred = np.where(valid, y - centre, 0.0)
        rows = np.array([centred, centred**2, valid.astype(float)])
        sums = sample.sums(rows[:, sample.grouping.order])[:, :1]
        linear = linearise(sample, sums[:1], sums[2:], sums[1:2])
        assert linear.estimate[0, 0] + centre == pytest.approx(estimate, rel=1e-10)
        by_algebra = float(np.sqrt(variance(sample, linear)[0, 0]))
        assert by_algebra == pytest.approx(error, rel=1e-8, abs=1e-9 * abs(estimate))
    return estimate, error


def domains(
    state: State, spec: dict[str, Any], cells: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    for cell in cells:
        inside = np.ones(len(state.w), dtype=bool)
        for key in ("by", "by2"):
            if cell.get(key) is not None:
                inside &= (state.frame[spec[key]].astype(str) == str(cell[key])).to_numpy()
        yield cell, inside


def keyed(numbers: dict[str, tuple[float, ...]], *fields: str) -> dict[str, dict[str, float]]:
    return {f: {key: values[i] for key, values in numbers.items()} for i, f in enumerate(fields)}


def mean(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    y, valid = state.values(spec["variable"])
    estimate, error = estimate_of(state, y, valid)
    low, high = mean_interval(estimate, error, state.degf(), spec["alpha"])
    deff, replaced = design_effects(state, y, valid, estimate, error)
    key = cells[0]["key"]
    return {
        "est": {key: estimate},
        "se": {key: error},
        "deff": {key: deff},
        "deff_replace": replaced,
        "ci_t": [float(low), float(high)],
    }


def design_effects(
    state: State, y: np.ndarray, valid: np.ndarray, estimate: float, error: float
) -> tuple[float, float]:
    w, n = state.w[valid], valid.sum()
    spread = (w * (y[valid] - estimate) ** 2).sum() / w.sum() * n / (n - 1)
    return (
        error**2 / (spread * (w.sum() - n) / (w.sum() * n)),
        error**2 / (spread / n),
    )


def total(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    numbers = {}
    for cell in cells:
        level = str(cell["level"]) if cell.get("level") is not None else None
        y, valid = state.values(spec["variable"], level)
        u = np.where(valid, y, 0.0)
        error = float(np.sqrt(state.covariance(u[:, None])[0, 0]))
        numbers[cell["key"]] = (float((state.w * u).sum()), error)
    estimate, error = next(iter(numbers.values()))
    low, high = mean_interval(estimate, error, np.inf, spec.get("alpha", 0.05))
    return keyed(numbers, "est", "se") | {"ci_z": [float(low), float(high)]}


def means_by(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    y, valid = state.values(spec["variable"])
    numbers = {
        cell["key"]: estimate_of(state, y, valid, inside)
        for cell, inside in domains(state, spec, cells)
    }
    return keyed(numbers, "est", "se")


def shares(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    numbers = {}
    for cell, inside in domains(state, spec, cells):
        y, valid = state.values(spec["variable"], str(cell["level"]))
        estimate, error = estimate_of(state, y, valid, inside)
        deff, _ = design_effects(state, y, valid, estimate, error)
        numbers[cell["key"]] = (estimate, error, deff)
    return keyed(numbers, "est", "se", "deff")


def domain_mean(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    inside = (state.frame[spec["domain"]].astype(str) == str(spec["domain_level"])).to_numpy()
    y, valid = state.values(spec["variable"])
    numbers = {cells[0]["key"]: estimate_of(state, y, valid, inside)}
    return keyed(numbers, "est", "se") | {"degf": state.degf(inside)}


def ratio_of(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    y, valid = state.values(spec["numerator"])
    x, other = state.values(spec["denominator"])
    both = valid & other
    estimate, u = ratio(state, y * both, x * both)
    return {"est": estimate, "se": float(np.sqrt(state.covariance(u[:, None])[0, 0]))}


def contrasts(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    y, valid = state.values(spec["variable"], str(spec["level"]))
    group = state.frame[spec["by"]].astype(str).to_numpy()
    found: dict[str, Any] = {}
    p_values = []
    for cell in cells:
        (a, ua), (b, ub) = (
            ratio(state, y * valid, valid.astype(float), group == str(cell[side]))
            for side in ("a", "b")
        )
        error = float(np.sqrt(state.covariance((ua - ub)[:, None])[0, 0]))
        p = float(t_test(a - b, error, state.degf()))
        found[cell["key"]] = {"diff": a - b, "se": error, "t": (a - b) / error, "p": p}
        p_values.append(p)
    keys = [cell["key"] for cell in cells]
    for name, adjust in (("holm", holm), ("bh", benjamini_hochberg), ("bonferroni", bonferroni)):
        found[f"p_{name}"] = dict(zip(keys, adjust(p_values).tolist(), strict=True))
    return found


def t_test_of(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    y, valid = state.values(spec["variable"])
    group = state.frame[spec["group"]]
    valid = valid & group.notna().to_numpy()
    same = pd.to_numeric(group) if group.dtype.kind in "if" else group.astype(str)
    (a, ua), (b, ub) = (
        ratio(state, y * valid, valid.astype(float), (same == spec[side]).to_numpy())
        for side in ("group_first", "group_second")
    )
    error = float(np.sqrt(state.covariance((ub - ua)[:, None])[0, 0]))
    df = state.degf(valid) - 1
    return {
        "statistic": (b - a) / error,
        "df": df,
        "p": float(t_test(b - a, error, df)),
    }


INTERVALS = ("logit", "xlogit", "mean", "beta")


def interval(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    y, valid = state.success(spec["variable"], spec["success"])
    estimate, error = estimate_of(state, y, valid)
    df, alpha = state.degf(), spec["alpha"]
    if spec["method"] == "beta":
        low, high = beta_interval(estimate, error, len(y), df, alpha)
    elif spec["method"] == "mean":
        low, high = mean_interval(estimate, error, df, alpha)
    else:
        low, high = logit_interval(estimate, error, df, alpha)
    return {"est": estimate, "lo": float(low), "hi": float(high), "df": df}


def intervals_by(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    y, valid = state.success(spec["variable"], spec["success"])
    by = state.frame[spec["by"]].astype(str).to_numpy()
    levels = [str(x) for x in levels_of(state, spec["by"])]
    found: dict[str, Any] = {}
    for method in spec["methods"]:
        lines: dict[str, list[float]] = {"est": [], "se": [], "lo": [], "hi": []}
        for level in levels:
            inside = by == level
            estimate, error = estimate_of(state, y, valid, inside)
            n = inside.sum() if state.is_base else len(y)
            if method == "beta":
                low, high = beta_interval(estimate, error, n, state.degf(inside), spec["alpha"])
            else:
                low, high = logit_interval(estimate, error, state.degf(), spec["alpha"])
            for key, value in zip(lines, (estimate, error, low, high), strict=True):
                lines[key].append(float(value))
        found[method] = lines
    return found


def levels_of(state: State, column: str) -> list[str]:
    dataset = next(d for name, d in DATASETS.items() if frame_of(name) is state.frame)
    description = dataset["columns"][column]
    return description.get("levels") or sorted(state.frame[column].dropna().unique())


def weighted_table(
    state: State, spec: dict[str, Any], cells: list[dict[str, Any]]
) -> dict[str, Any]:
    rows = levels_of(state, spec["row"])
    columns = levels_of(state, spec["column"])
    group = pd.Categorical(state.frame[spec["column"]], categories=columns).codes
    people = group_people(group, len(columns))
    indicators = np.array([(state.frame[spec["row"]] == row).to_numpy(float) for row in rows])
    values = np.stack([np.ones_like(state.w), state.w], axis=1)[people.order]
    sums = grouped_sums(indicators[:, people.order], values, people.starts)
    return {"table": sums[:, :-1, WEIGHT].tolist()}


def degrees(state: State, spec: dict[str, Any], cells: list[dict[str, Any]]) -> dict[str, Any]:
    return {"degf": state.degf()}


KINDS: dict[str, Callable[[State, dict[str, Any], list[dict[str, Any]]], dict[str, Any]]] = {
    "degf": degrees,
    "mean": mean,
    "total": total,
    "by_mean": means_by,
    "ratio": ratio_of,
    "prop": shares,
    "by_prop": shares,
    "contrast": contrasts,
    "ciprop": interval,
    "ciprop_by": intervals_by,
    "crosstab": weighted_table,
    "ttest": t_test_of,
    "domain_mean": domain_mean,
}
