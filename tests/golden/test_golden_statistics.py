"""Estimates, standard errors, intervals and tests against the reference results.

The folder (GOLDEN_DIR, by default ../shared/golden beside the repository) describes itself in
datasets.json and cases.json; nothing here is about a particular data set. Kinds of weights
are in test_golden_weights.py, quantiles and tests of two-way tables in files of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.golden import case_id, load_golden
from support.golden_states import State, compare, levels_of, state_of

from flows.crosstabs.crosstab import checked_weights
from flows.crosstabs.errors import CrosstabError
from flows.statistics.counting import group_people, grouped_sums
from flows.statistics.intervals import beta_interval, logit_interval, mean_interval, t_test
from flows.statistics.multiplicity import benjamini_hochberg, bonferroni, holm
from flows.statistics.variance import (
    WEIGHT,
    linearise,
    variance,
)

ELSEWHERE = ("weights", "trim", "targets", "quantile", "chisq")
REFUSABLE = ("ciprop", "ciprop_by", "ttest")

pytestmark = pytest.mark.golden

CASES, _ = load_golden(lambda kind: kind not in ELSEWHERE)


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
    if state.in_algebra:
        group = np.zeros(len(y), dtype=int) if inside is None else np.where(inside, 0, -1)
        sample = state.sample(group, 1)
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
    by_algebra = columns_less_columns(state, y, valid, group, cells) if state.in_algebra else None
    for cell in cells:
        (a, ua), (b, ub) = (
            ratio(state, y * valid, valid.astype(float), group == str(cell[side]))
            for side in ("a", "b")
        )
        error = float(np.sqrt(state.covariance((ua - ub)[:, None])[0, 0]))
        if by_algebra is not None:
            assert by_algebra[cell["key"]] == pytest.approx((a - b, error), rel=1e-8, abs=1e-9)
        p = float(t_test(a - b, error, state.degf()))
        found[cell["key"]] = {"diff": a - b, "se": error, "t": (a - b) / error, "p": p}
        p_values.append(p)
    keys = [cell["key"] for cell in cells]
    for name, adjust in (("holm", holm), ("bh", benjamini_hochberg), ("bonferroni", bonferroni)):
        found[f"p_{name}"] = dict(zip(keys, adjust(p_values).tolist(), strict=True))
    return found


def columns_less_columns(
    state: State,
    y: np.ndarray,
    valid: np.ndarray,
    group: np.ndarray,
    cells: list[dict[str, Any]],
) -> dict[str, tuple[float, float]]:
    """The differences and their errors by the crosstab algebra, all columns counted at once."""
    levels = sorted({str(cell[side]) for cell in cells for side in ("a", "b")})
    columns = np.asarray(pd.Categorical(group, categories=levels).codes, dtype=int)
    sample = state.sample(columns, len(levels))
    rows = np.array([y * valid, valid.astype(float)])
    sums = sample.sums(rows[:, sample.grouping.order])[:, :-1]
    linear = linearise(sample, sums[:1], sums[1:], sums[:1])
    found = {}
    for cell in cells:
        one, other = (levels.index(str(cell[side])) for side in ("a", "b"))
        contrast = linear.at(slice(None), [one]).minus(linear.at(slice(None), [other]))
        error = float(np.sqrt(variance(sample, contrast)[0, 0]))
        found[cell["key"]] = (float(contrast.estimate[0, 0]), error)
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
