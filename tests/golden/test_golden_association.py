"""Tests of two-way tables against the reference results: Rao-Scott and its variants.

The F test is made twice: person by person, and from the sums of a cross-tab as tables have it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.golden import case_id, load_golden
from support.golden_states import State, compare, levels_of, state_of

from flows.crosstabs.association import associations
from flows.crosstabs.banner import Banner, BannerAxis, Column
from flows.crosstabs.counts import count_tables
from flows.crosstabs.layout.layouts import Layout
from flows.crosstabs.tables import Identity, Row
from flows.definitions.models import Text
from flows.statistics.rao_scott import (
    cell_contributions,
    mean_corrected,
    rao_scott,
    saddlepoint,
    wald,
)

pytestmark = pytest.mark.golden

CASES, _ = load_golden(lambda kind: kind == "chisq")


ASSOCIATIONS = ("F", "Chisq", "Wald", "adjWald", "saddlepoint")


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_golden_association(case: dict[str, Any]) -> None:
    if case["spec"]["statistic"] not in ASSOCIATIONS:
        pytest.skip(f"the chi-square variant {case['spec']['statistic']!r} is not offered")
    state = state_of(case["dataset"], case["state"])
    assert compare(case, case["result"], association(state, case["spec"]), "")


def association(state: State, spec: dict[str, Any]) -> dict[str, Any]:
    rows, columns = levels_of(state, spec["row"]), levels_of(state, spec["column"])
    codes = [
        np.asarray(pd.Categorical(state.frame[spec[side]].astype(str), categories=levels).codes)
        for side, levels in (("row", rows), ("column", columns))
    ]
    shape = len(rows), len(columns)
    shares, u = cell_contributions(codes[0].astype(int), codes[1].astype(int), shape, state.w)
    nu, statistic = state.degf(), spec["statistic"]
    if "ald" in statistic:
        inside = (codes[0] >= 0) & (codes[1] >= 0)
        size = state.w[inside].sum()
        dummies = u * size + shares.ravel() * inside[:, None]
        adjusted = statistic == "adjWald"
        found, df1, df2, p = wald(shares * size, state.covariance(dummies), nu, adjusted)
        return {"statistic": found, "df": [df1, df2], "p": p}
    covariance = state.covariance(u)
    if statistic == "saddlepoint":
        x2, p = saddlepoint(shares, covariance, len(state.w), nu)
        return {"statistic": x2, "df": [], "p": p}
    if statistic == "Chisq":
        test = mean_corrected(shares[None], covariance[None], len(state.w))
        return {"statistic": test.statistic[0], "df": test.df1[0], "p": test.p[0]}
    test = rao_scott(shares[None], covariance[None], nu)
    if state.in_algebra:
        by_algebra = association_by_algebra(state, codes[0], codes[1], shape)
        assert by_algebra == pytest.approx((test.statistic[0], test.df1[0]), rel=1e-8)
    return {"statistic": test.statistic[0], "df": [test.df1[0], test.df2[0]], "p": test.p[0]}


def association_by_algebra(
    state: State, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]
) -> tuple[float, float]:
    """The same from the sums of a cross-tab, as tables have it."""
    text = Text(nl="-")
    a, g = shape
    identity = Identity(
        number="T",
        question="T",
        item=None,
        theme="",
        dimension="attitude",
        type="single",
        text=text,
        question_text=text,
        base_text=None,
        special="none",
        multiple=False,
        headline=None,
        model_item=False,
    )
    everybody, nobody = np.ones(a), np.zeros(a)
    layout = Layout(
        identity=identity,
        rows=tuple(Row(str(i), text, "answer") for i in range(a)),
        atoms=tuple(rows == i for i in range(a)),
        numerator=np.eye(a),
        denominator=np.ones((a, a)),
        square=np.eye(a),
        behind=np.eye(a),
        shift=nobody,
        base=everybody,
        no_opinion=nobody,
        asked=everybody,
    )
    heads = tuple(Column(f"v:{i}", "v", text, (("v", str(i)),)) for i in range(g))
    banner = Banner((BannerAxis("v", text, heads, columns),))
    counted = count_tables(state.sample(columns, g), [layout], banner)
    ((test,),) = associations(counted)
    return test.f, test.df1
