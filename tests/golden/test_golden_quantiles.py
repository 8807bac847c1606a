"""Weighted quantiles and their Woodruff intervals against the reference results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.golden import case_id, load_golden
from support.golden_states import State, compare, state_of

from flows.statistics.intervals import beta_interval, logit_interval, mean_interval, t_quantile
from flows.statistics.quantiles import Distribution, woodruff

pytestmark = pytest.mark.golden

CASES, _ = load_golden(lambda kind: kind == "quantile")


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_golden_quantile(case: dict[str, Any]) -> None:
    spec = case["spec"]
    if spec["rule"] != "math" or spec["interval"] not in INTERVALS:
        pytest.skip(f"the rule {spec['rule']!r} with {spec['interval']!r} is not offered")
    state = state_of(case["dataset"], case["state"])
    assert compare(case, case["result"], quantiles(state, spec), "")


INTERVALS = ("mean", "beta", "xlogit")


def quantiles(state: State, spec: dict[str, Any]) -> dict[str, Any]:
    y, valid = state.values(spec["variable"])
    df, alpha = state.degf(valid), spec["alpha"]
    distribution = Distribution.of(y[valid], state.w[valid])
    found = distribution.quantiles(spec["p"])  # (P)
    share = distribution.share_below(found)
    below = (y[:, None] <= found) & valid[:, None]
    u = (below - share * valid[:, None]) / state.w[valid].sum()
    error = np.sqrt(np.maximum(np.diag(state.covariance(u)), 0.0))
    if spec["interval"] == "mean":
        ends = mean_interval(share, error, df, alpha)
    elif spec["interval"] == "xlogit":
        ends = logit_interval(share, error, df, alpha)
    else:
        n = valid.sum() if state.is_base else len(y)
        ends = beta_interval(share, error, n, df, alpha)
    low, high = woodruff(distribution, *ends)
    error = (high - low) / (2 * t_quantile(df, alpha))
    numbers = {"p": np.asarray(spec["p"]), "q": found, "lo": low, "hi": high, "se": error}
    # Where only one was asked the reference gives a number, not a list.
    return {
        name: values.tolist() if len(values) > 1 else values.item()
        for name, values in numbers.items()
    }
