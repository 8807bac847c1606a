"""Background from an earlier wave."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from flows.definitions.waves import Wave
from flows.ingest.background import refuse_strangers, with_background
from flows.ingest.errors import Strangers
from flows.ingest.frames import RawResponses, Standardised
from flows.ingest.settle import settle

Take = Callable[[list[dict[str, str]]], Standardised]
Person = Callable[..., dict[str, str]]

BACKGROUND = ["B1", "B2", "B2__missing", "Q7"]


@pytest.fixture
def earlier(take_in: Take, person: Person) -> pd.DataFrame:
    return settle(take_in([person(id="a"), person(id="b", B1="2", B2="")]), []).answers


@pytest.fixture
def later(take_in: Take, person: Person) -> pd.DataFrame:
    rows = [person(id="b"), person(id="c"), person(id="a"), person(id="d")]
    answers = settle(take_in(rows), []).answers.drop(columns=BACKGROUND)
    answers.loc[3, "status"] = "speeder"
    return answers


def test_joined_by_person(earlier: pd.DataFrame, later: pd.DataFrame) -> None:
    joined = with_background(later, earlier)
    assert joined["respondent"].tolist() == ["rb", "rc", "ra", "rd"]
    assert joined["B1"].tolist() == ["v", ".not_asked", "m", ".not_asked"]
    assert joined["B2__missing"].tolist() == [".skipped", ".not_asked", "", ".not_asked"]
    assert joined["B2"].isna().tolist() == [True, True, False, True]
    assert joined["Q7"].tolist() == ["omdat", None, "omdat", None]
    assert joined["status"].tolist() == ["kept", "not_in_background", "kept", "speeder"]
    assert joined["B1"].cat.categories.equals(earlier["B1"].cat.categories)


def test_own_answers_stay(earlier: pd.DataFrame, later: pd.DataFrame) -> None:
    later["Q1"] = later["Q1"].cat.codes.map(lambda _: "1").astype(later["Q1"].dtype)
    assert with_background(later, earlier)["Q1"].tolist() == ["1"] * 4


def test_a_column_that_nobody_was_asked_is_filled(
    earlier: pd.DataFrame, later: pd.DataFrame
) -> None:
    blank = later["Q1"].cat.codes.map(lambda _: ".not_asked").astype(later["Q1"].dtype)
    joined = with_background(later.assign(Q1=blank), earlier)
    assert joined["Q1"].tolist() == ["4", ".not_asked", "4", ".not_asked"]
    assert joined.columns.is_unique


def test_inputs_are_left_alone(earlier: pd.DataFrame, later: pd.DataFrame) -> None:
    before = later.copy(deep=True)
    with_background(later, earlier)
    pd.testing.assert_frame_equal(later, before)


def test_a_file_of_strangers_is_refused(wave: Wave) -> None:
    source = wave.sources[0]
    frame = pd.DataFrame({"Q1": ["1"] * 4})
    raw = RawResponses("later.csv", "0" * 64, "csv", frame, np.array(["ra", "rb", "rx", None]))
    wave = wave.model_copy(update={"background_from": "w0"})
    refuse_strangers(raw, pd.Series(["ra", "rb"]), wave, source)
    refuse_strangers(raw, pd.Series([], dtype="str"), wave, source)
    with pytest.raises(Strangers, match=r"later\.csv: 1 of its 3 people are in wave w0"):
        refuse_strangers(raw, pd.Series(["ra", "rc"]), wave, source)
