"""What goes wrong in a fieldwork goes wrong on purpose, and is written down."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flows.simulation.simulate import Fieldwork, Simulation


@pytest.fixture
def fieldwork(simulation: Simulation) -> Fieldwork:
    return simulation.fieldwork("state", "w2026")


def answers_of(fieldwork: Fieldwork) -> pd.DataFrame:
    return fieldwork.file.iloc[:, 4:]


def test_after_a_break_off_everything_is_empty(fieldwork: Fieldwork) -> None:
    broken = fieldwork.truth["broken_off"]
    assert 0.03 < broken.mean() < 0.09
    progress = pd.to_numeric(fieldwork.file["voortgang"])
    assert (progress[broken] < 100).all()
    assert (progress[~broken] == 100).all()
    assert (fieldwork.file.loc[broken, "klaar"] == "").all()
    assert (fieldwork.file.loc[~broken, "klaar"] != "").all()
    answers = answers_of(fieldwork)[broken]
    reached = (progress[broken].to_numpy()[:, None] / 99 * answers.shape[1]).round()
    after = np.arange(answers.shape[1])[None, :] > reached
    assert (answers.to_numpy()[after] == "").all()


def test_break_offs_keep_the_background_that_comes_first(fieldwork: Fieldwork) -> None:
    broken = fieldwork.truth["broken_off"]
    assert (fieldwork.file.loc[broken, ["years", "school", "part"]] != "").all(axis=None)


def test_speeders_are_fast_and_careless(fieldwork: Fieldwork) -> None:
    minutes = pd.to_numeric(fieldwork.file["minuten"])
    truth = fieldwork.truth
    calm = ~truth["speeder"] & ~truth["broken_off"]
    assert 0.015 < truth["speeder"].mean() < 0.05
    assert minutes[truth["speeder"]].max() < minutes[calm].median() / 3
    same = fieldwork.file[[f"K01_{i}" for i in "abcd"]].nunique(axis=1)
    assert same[truth["speeder"]].mean() < same[calm].mean() - 0.3


def test_open_tabs_last_absurdly_long(fieldwork: Fieldwork) -> None:
    minutes = pd.to_numeric(fieldwork.file["minuten"])
    assert minutes[fieldwork.truth["open_tab"]].min() > 3 * minutes.median()


def test_a_few_people_come_twice_and_one_has_no_id(fieldwork: Fieldwork) -> None:
    planted = fieldwork.delivery.planted
    ids = fieldwork.file["nr"]
    twice = ids[ids.duplicated() & (ids != "")]
    assert sorted(twice) == sorted(planted.query("fault == 'duplicate'")["external_id"])
    assert len(twice) == 4
    assert fieldwork.truth["repeated"].sum() == 4
    assert ids.eq("").sum() == planted["fault"].eq("bad_key").sum() == 1


def test_some_items_are_skipped_and_some_not_known(fieldwork: Fieldwork) -> None:
    whole = fieldwork.file[~fieldwork.truth["broken_off"]]
    assert 0.01 < whole["K02_b"].eq("").mean() < 0.035
    assert 0.03 < whole["K02_b"].eq("99").mean() < 0.09


def test_completion_lies_in_the_field_period(fieldwork: Fieldwork) -> None:
    done = pd.to_datetime(fieldwork.file["klaar"].replace("", None).dropna())
    assert done.min() >= pd.Timestamp("2026-03-02")
    assert done.max() < pd.Timestamp("2026-03-23")


def test_the_register_is_whole_and_themes_hold_a_few_strangers(simulation: Simulation) -> None:
    register = simulation.fieldwork("panel", "register")
    theme = simulation.fieldwork("panel", "w2026_warmte")
    assert not register.truth["broken_off"].any()
    strangers = ~theme.truth["external_id"].isin(register.truth["external_id"])
    assert strangers.sum() == 3


def test_nobody_stops_among_the_options_of_a_question(simulation: Simulation) -> None:
    theme = simulation.fieldwork("panel", "w2026_warmte")
    done = theme.file.loc[
        theme.truth["broken_off"], ["done_glas", "done_dak", "done_extra", "done_niets"]
    ]
    assert done.ne("").sum(axis=1).isin([0, 4]).all()
