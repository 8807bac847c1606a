from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import answers

from flows.store import StoreError
from flows.store.combine import compare, put_together


def test_people_of_several_files_stand_under_each_other() -> None:
    whole = put_together([answers({"a": "1"}), answers({"b": "2", "c": "3"})])
    assert whole["respondent"].tolist() == ["a", "b", "c"]
    assert whole["Q"].tolist() == ["1", "2", "3"]
    assert whole.index.equals(pd.RangeIndex(3))


def test_of_the_same_person_the_latest_counts() -> None:
    early = answers({"a": "1", "b": "1"}, completed="2026-03-01")
    late = answers({"b": "2"}, completed="2026-03-09")
    for frames in ([early, late], [late, early]):
        whole = put_together(frames).set_index("respondent")
        assert whole["Q"].to_dict() == {"a": "1", "b": "2"}


def test_of_two_on_the_same_day_the_newest_file_counts() -> None:
    whole = put_together([answers({"a": "1"}), answers({"a": "2"})])
    assert whole["Q"].tolist() == ["2"]


@pytest.mark.parametrize(
    "unfinished",
    [
        answers({"a": "2"}, progress=40.0, completed="2026-03-09"),
        answers({"a": "2", "z": "1"}).assign(completed=[None, "2026-03-09"]),
        answers({"a": "2"}, completed="2026-03-09").assign(status="broken_off"),
    ],
)
def test_a_complete_interview_counts_before_a_later_unfinished_one(
    unfinished: pd.DataFrame,
) -> None:
    whole = put_together([answers({"a": "1"}), unfinished]).set_index("respondent")
    assert whole.at["a", "Q"] == "1"


def test_a_file_without_completion_dates_is_taken_as_complete() -> None:
    whole = put_together([answers({"a": "1"}, completed=None), answers({"a": "2"}, completed=None)])
    assert whole["Q"].tolist() == ["2"]


def test_new_answer_options_stand_before_the_missing_kinds() -> None:
    whole = put_together(
        [
            answers({"a": "9"}, codes=("1", "9")),
            answers({"b": "2", "c": ".not_asked"}, codes=("1", "2")),
        ]
    )
    assert whole["Q"].tolist() == ["9", "2", ".not_asked"]
    assert whole["Q"].cat.categories.tolist() == [
        *("1", "2", "9"),
        *(".dont_know", ".not_asked", ".broken_off"),
    ]


def test_a_question_that_an_earlier_file_lacks_was_not_asked_there() -> None:
    later = answers({"b": "2"}).assign(
        N=[3.5], T=["text"], K=pd.Categorical(["1"], categories=["1"])
    )
    whole = put_together([answers({"a": "1"}), later])
    assert whole["K"].tolist() == [".not_asked", "1"]
    assert whole["N"].isna().tolist() == [True, False]
    assert whole["T"].isna().tolist() == [True, False]


def test_a_question_that_changed_type_is_refused() -> None:
    with pytest.raises(StoreError, match="Q in different ways"):
        put_together([answers({"a": "1"}), answers({"b": "1"}).assign(Q=[1.0])])
    with pytest.raises(StoreError, match="duration in different ways"):
        put_together([answers({"a": "1"}), answers({"b": "1"}).assign(duration=["x"])])


people = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["1", "2", "3"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(people, min_size=1, max_size=4))
def test_everybody_is_there_exactly_once_with_the_last_answer(files: list[dict[str, str]]) -> None:
    whole = put_together([answers(rows) for rows in files])
    expected: dict[str, str] = {}
    for rows in files:
        expected |= rows
    assert dict(zip(whole["respondent"], whole["Q"], strict=True)) == expected
    assert whole["respondent"].is_unique


@settings(max_examples=60, deadline=None)
@given(people, people)
def test_changes_count_people_and_cells(old: dict[str, str], new: dict[str, str]) -> None:
    changes = compare(answers(old), answers(new))
    assert changes.rows_added == len(new.keys() - old.keys())
    assert changes.rows_removed == len(old.keys() - new.keys())
    assert changes.cells_changed == sum(old[p] != new[p] for p in old.keys() & new.keys())
    assert changes.any == (old != new)


def test_changes_do_not_depend_on_row_order_or_category_order() -> None:
    old = answers({"a": "1", "b": "2"}, codes=("1", "2"))
    new = answers({"b": "2", "a": "1"}, codes=("2", "1"))
    assert not compare(old, new).any


def test_changes_count_missing_values_as_equal() -> None:
    old = answers({"a": "1", "b": "1"}).assign(
        duration=[float("nan"), 2.0], completed=[None, "x"], Q=pd.Categorical([None, "1"])
    )
    assert not compare(old, old.copy()).any
    new = old.assign(duration=[1.0, 2.0], completed=["x", None])
    assert compare(old, new).cells == {"duration": 1, "completed": 2}


def test_changes_tell_new_and_vanished_columns() -> None:
    changes = compare(answers({"a": "1"}).assign(X=1), answers({"a": "2"}).assign(Y=1))
    assert (changes.columns_added, changes.columns_removed) == (("Y",), ("X",))
    assert str(changes) == (
        "0 people added, 0 removed, 1 values changed (Q 1), new columns Y, columns gone X"
    )
