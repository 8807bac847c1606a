"""Weights against the reference results of the golden folder: kinds weights, trim, targets.

The folder (GOLDEN_DIR, by default ../shared/golden beside the repository) describes itself in
datasets.json and cases.json; nothing here is about a particular data set.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.golden import FOLDER, case_id, load_golden

from flows.weighting import calibrate
from flows.weighting.result import design_effect
from flows.weighting.trimming import trim_weights

KINDS = ("weights", "trim", "targets")
TOLERANCE = 1e-11
"""Calibrated to this, weights differ from the fully converged ones by far less than 1e-8."""

pytestmark = pytest.mark.golden

CASES, DATASETS = load_golden(KINDS.__contains__)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_golden(case: dict[str, Any]) -> None:
    if case["kind"] == "targets":
        pytest.skip("targets are inputs: there is nothing to compute")
    name, state = case["dataset"], case["state"]
    weights, base = state_weights(name, state), state_weights(name, "base")
    tolerance = case["tolerance"]
    reference = reference_weights(name, case["spec"])
    if reference is not None:
        near = max(tolerance * float(np.abs(reference).mean()), case.get("abs_tolerance", 0.0))
        np.testing.assert_allclose(weights, reference, rtol=tolerance, atol=near)
    compare(case, summary(weights, base))


def summary(weights: np.ndarray, base: np.ndarray) -> dict[str, float]:
    deff = design_effect(weights)
    return {
        "n": len(weights),
        "deff": deff,
        "n_eff": len(weights) / deff,
        "efficiency": 1 / deff,
        "cv": float(weights.std(ddof=1) / weights.mean()),
        "min": float(weights.min()),
        "max": float(weights.max()),
        "sum": float(weights.sum()),
        "g_min": float((weights / base).min()),
        "g_max": float((weights / base).max()),
    }


def compare(case: dict[str, Any], found: dict[str, float]) -> None:
    compared = 0
    for field, expected in case["result"].items():
        if field in case.get("unreliable_fields", ()) or not isinstance(expected, int | float):
            continue
        assert field in found, f"no {field} among the summaries of weights"
        relative = case.get("tolerance_by_field", {}).get(field, case["tolerance"])
        allowed = case.get("abs_tolerance", 0.0)
        assert found[field] == pytest.approx(expected, rel=relative, abs=allowed), field
        compared += 1
    assert compared


def reference_weights(name: str, spec: dict[str, Any]) -> np.ndarray | None:
    if "weights_file" not in spec:
        return None
    return pd.read_csv(FOLDER / spec["weights_file"])[spec["weights_column"]].to_numpy(float)


@cache
def frame_of(name: str) -> pd.DataFrame:
    columns = DATASETS[name]["columns"]
    frame = pd.read_csv(FOLDER / DATASETS[name]["file"], dtype=str, na_values=["NA"])
    for column, description in columns.items():
        if description["type"] in ("number", "binary") and column in frame:
            frame[column] = pd.to_numeric(frame[column])
    return frame


@cache
def state_weights(name: str, state: str) -> np.ndarray:
    """The weights of a state, made from its parent's by what datasets.json says."""
    dataset, frame = DATASETS[name], frame_of(name)
    how = dataset["states"][state]
    method = how["method"]
    if method == "base":
        column = dataset["design"].get("weight")
        constant = float(dataset["design"].get("weight_if_null", 1))
        return frame[column].to_numpy(float) if column else np.full(len(frame), constant)
    parent = state_weights(name, how["parent"])
    if method == "rake":
        targets = {m: value_at(dataset, how["targets"])[m] for m in how["margins"]}
        return calibrate(frame, targets, base_weight=parent, tolerance=TOLERANCE).weights
    if method == "calibrate":
        targets = {m: value_at(dataset, how["targets"])[m] for m in how["margins"]}
        totals = value_at(dataset, how["continuous_targets"]) if how.get("continuous") else {}
        return calibrate(
            frame,
            targets,
            base_weight=parent,
            method=how["distance"],
            bounds=tuple(how["bounds"]) if how.get("bounds") else None,
            continuous={c: totals[c] for c in how.get("continuous", ())},
            tolerance=TOLERANCE,
        ).weights
    if method == "poststratify":
        columns = tuple(how["columns"])
        table = value_at(dataset, how["targets"])
        cells = {tuple(row[c] for c in columns): row["total"] for row in table}
        return calibrate(frame, {columns: cells}, base_weight=parent, method="poststratify").weights
    if method == "rake_within":
        return calibrate(
            frame,
            value_at(dataset, how["targets"]),
            base_weight=parent,
            by=how["partition"],
            tolerance=TOLERANCE,
        ).weights
    if method == "trim":
        lower, upper = how.get("lower"), how.get("upper")
        return trim_weights(
            parent,
            -np.inf if lower is None else lower,
            np.inf if upper is None else upper,
            strict=bool(how.get("strict")),
        )
    pytest.skip(f"weighting by {method!r} is not offered")


def value_at(dataset: dict[str, Any], path: str) -> Any:
    value: Any = dataset
    for part in path.split("."):
        value = value[part]
    return value
