"""The real panel in its first and last wave: trend, drift and regression to the mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.definitions import Survey, load_survey
from flows.ingest.background import with_background
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.quality import mark_quality
from flows.ingest.read import read_responses
from flows.ingest.settle import settle
from flows.ingest.standardise import standardise
from flows.profiles.change import trend_of
from flows.profiles.drift import Answers, item_drift
from flows.profiles.fit import fit_profiles
from flows.profiles.trend import resize

pytestmark = pytest.mark.shared

FILES = {"w2021a": "vu2021_panel_wave0.csv", "w2021e": "vu2021_panel_wave4.csv"}


@pytest.fixture(scope="module")
def survey(surveys: Path) -> Survey:
    return load_survey(surveys / "vu2021")


@pytest.fixture(scope="module")
def waves(shared_dir: Path, survey: Survey) -> list[pd.DataFrame]:
    found = []
    for code, file in FILES.items():
        wave = survey.wave(code)
        raw = read_responses(shared_dir / "data" / "vu2021" / file)
        raw = pseudonymise(raw, wave.sources[0], lambda ids: [f"r{i}" for i in ids])
        answers = settle(standardise(raw, survey.questionnaire, wave, wave.sources[0]), []).answers
        answers = mark_quality(answers, survey.questionnaire, wave)
        if found:
            answers = with_background(answers, found[0])
        found.append(answers)
    return [each.loc[each["status"] == "kept"].reset_index(drop=True) for each in found]


def test_the_same_people_twice(survey: Survey, waves: list[pd.DataFrame]) -> None:
    asked = survey.questionnaire
    model = fit_profiles(waves[0], asked, survey.profiles, starts=2)
    people = [each["respondent"].astype(str).tolist() for each in waves]
    sized = [resize(model, each, asked) for each in waves]
    together = trend_of(list(FILES), sized, people).changes[0]
    apart = trend_of(list(FILES), sized, [people[0], [f"x{i}" for i in people[1]]]).changes[0]
    assert together.both > 1000
    assert apart.both == 0
    assert together.error.mean() < 0.95 * apart.error.mean()  # they are much alike themselves
    assert np.isfinite(together.error).all()
    assert together.change.sum() == pytest.approx(0, abs=1e-9)

    drift = item_drift(
        model,
        asked,
        Answers("a", waves[0], people[0]),
        Answers("e", waves[1], people[1]),
    )
    assert drift.settled
    assert len(drift.items) == len(model.items)
    assert all(row.error is not None and 0 < row.error < 0.1 for row in drift.items)
    assert len(drift.drifted) <= 3
    named = {row.item: row for row in drift.items}
    z = [
        pd.to_numeric(each["F2_9"].astype(str), errors="coerce").dropna().to_numpy()
        for each in waves
    ]
    moved = (z[1].mean() - z[0].mean()) / z[0].std()
    assert named["F2_9"].moved == pytest.approx(moved, abs=0.02)


def test_why_change_within_profiles_is_not_published(waves: list[pd.DataFrame]) -> None:
    names = [f"F2_{i}" for i in range(1, 12)]
    trust = [
        each.set_index("respondent")[names]
        .apply(lambda column: pd.to_numeric(column.astype(str), errors="coerce"))
        .mean(axis=1)
        for each in waves
    ]
    both = pd.concat(trust, axis=1, join="inner").dropna()
    change = both[1] - both[0]
    by_octile = change.groupby(pd.qcut(both[0], 8, labels=False)).mean()
    assert by_octile.iloc[0] > 0.2
    assert by_octile.iloc[-1] < -0.3
    assert abs(change.mean()) < 0.12
