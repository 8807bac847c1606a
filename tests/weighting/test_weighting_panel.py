"""A real panel, read here without the product's own reader, weighted by its shipped plan."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from flows.definitions import load_survey
from flows.weighting.scheme import weigh

pytestmark = pytest.mark.shared

AGE = {code: f"a{code}" for code in range(1, 7)}
SEX = {0: "m", 1: "v"}
EDUCATION = {1: "low", 2: "low", 3: "low", 4: "middle", 5: "middle", 6: "high", 7: "high"}


def test_real_panel(shared_dir: Path, surveys: Path) -> None:
    definition = surveys / "vu2021"
    if not (definition / "weighting.yaml").is_file():
        pytest.skip("the survey definition vu2021 is not there")
    raw = pd.read_csv(shared_dir / "data" / "vu2021" / "vu2021_panel_wave0.csv")
    answered = raw.filter(regex="^F[12]_").notna().any(axis=1)
    people = raw[answered]
    assert (len(raw), len(people)) == (2171, 1931)
    frame = pd.DataFrame(
        {
            "agesex": people["agegroup"].map(AGE) + "_" + people["gender"].map(SEX),
            "edu3": people["education"].map(EDUCATION),
            "region": people["region"],
        }
    )
    plan = load_survey(definition).weighting
    weighting = weigh(frame, plan)
    assert weighting.efficiency == pytest.approx(0.927, abs=0.002)
    assert weighting.weights.min() == pytest.approx(0.38, abs=0.01)
    assert weighting.weights.max() == pytest.approx(1.85, abs=0.01)
    # Independently: the weighted shares of each margin, among those who have a value.
    for margin in plan.margins:
        weight = pd.Series(weighting.weights, index=frame.index)
        found = weight.groupby(frame[margin.variable].astype("object")).sum()
        found = (found / found.sum()).rename(index=lambda code: str(code).removesuffix(".0"))
        total = sum(margin.targets.values())
        expected = {code: target / total for code, target in margin.targets.items()}
        assert found.to_dict() == pytest.approx(expected, rel=2e-6)
