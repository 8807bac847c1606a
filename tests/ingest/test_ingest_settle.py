"""Bad answers become invalid, bad rows are set apart, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.failure import Failure
from flows.ingest.frames import Standardised
from flows.ingest.settle import categories_of, quarantined_rows, settle

Take = Callable[[list[dict[str, str]]], Standardised]
Person = Callable[..., dict[str, str]]
Fails = Callable[[Standardised], list[Failure]]


def people(person: Person, *changes: dict[str, str], sound: int = 20) -> list[dict[str, str]]:
    """The changed rows, with sound ones behind them so that no column is mostly unknown."""
    return [person(**c) for c in changes] + [person(id=f"ok{i}") for i in range(sound)]


def test_one_bad_answer_becomes_invalid(take_in: Take, person: Person, fails: Fails) -> None:
    standardised = take_in(people(person, {"Q1": "7", "B2": "17", "Q2_a": "x"}))
    answers, quarantine = settle(standardised, fails(standardised))
    first = answers.iloc[0]
    assert (first["Q1"], first["Q2_a"], first["B2__missing"]) == (".invalid",) * 3
    assert pd.isna(first["B2"])
    assert first["Q2_b"] == "2"
    assert len(answers) == 21
    found = quarantine[["rule", "column", "value", "outcome"]].to_numpy().tolist()
    assert sorted(found) == [
        ["between", "B2", "17", "made_invalid"],
        ["in_set", "Q1", "7", "made_invalid"],
        ["in_set", "Q2_a", "x", "made_invalid"],
    ]


def test_a_critical_answer_sets_the_person_apart(
    take_in: Take, person: Person, fails: Fails
) -> None:
    standardised = take_in(people(person, {"B1": "3", "Q1": "7"}))
    answers, quarantine = settle(standardised, fails(standardised))
    assert "rp1" not in set(answers["respondent"])
    assert set(quarantine["column"]) == {"B1", "Q1"}
    assert quarantined_rows(quarantine) == 1


def test_a_row_without_id_is_set_apart(take_in: Take, person: Person, fails: Fails) -> None:
    standardised = take_in(people(person, {"id": ""}, {"id": ""}))
    answers, quarantine = settle(standardised, fails(standardised))
    assert len(answers) == 20
    assert quarantine["rule"].tolist() == ["not_null", "not_null"]
    assert quarantine["row"].tolist() == [1, 2]


class TestDuplicates:
    """The same person twice in one file."""

    def rows_kept(self, take_in: Take, fails: Fails, rows: list[dict[str, str]]) -> list[str]:
        standardised = take_in(rows)
        answers, quarantine = settle(standardised, fails(standardised))
        assert len(answers) + quarantined_rows(quarantine) == len(rows)
        assert set(quarantine["rule"]) == {"unique"}
        assert len(quarantine) == 2 or len(quarantine) == 3
        return answers.loc[answers["respondent"] == "rp1", "Q8"].tolist()

    def test_exact_copies_leave_one(self, take_in: Take, person: Person, fails: Fails) -> None:
        assert self.rows_kept(take_in, fails, people(person, {}, {})) == ["1"]

    def test_the_complete_one_stays(self, take_in: Take, person: Person, fails: Fails) -> None:
        rows = people(person, {"Q8": "2"}, {"progress": "60", "when": "2026-01-09"})
        assert self.rows_kept(take_in, fails, rows) == ["2"]

    def test_the_latest_complete_one_stays(
        self, take_in: Take, person: Person, fails: Fails
    ) -> None:
        rows = people(
            person,
            {"Q8": "2", "when": "2026-01-09 12:00"},
            {"when": "2026-01-09 09:00"},
            {"when": "2026-01-08"},
        )
        assert self.rows_kept(take_in, fails, rows) == ["2"]

    def test_when_nothing_tells_both_go(self, take_in: Take, person: Person, fails: Fails) -> None:
        assert self.rows_kept(take_in, fails, people(person, {"Q8": "1"}, {"Q8": "2"})) == []

    def test_a_row_that_is_barred_leaves_its_place_to_the_other(
        self, take_in: Take, person: Person, fails: Fails
    ) -> None:
        rows = people(person, {"Q8": "2", "progress": "80"}, {"B1": "3"})
        standardised = take_in(rows)
        answers, quarantine = settle(standardised, fails(standardised))
        assert answers.loc[answers["respondent"] == "rp1", "Q8"].tolist() == ["2"]
        assert quarantined_rows(quarantine) == 1


def test_shape_of_the_answers(take_in: Take, person: Person, fails: Fails) -> None:
    standardised = take_in(people(person, {"Q1": "7"}))
    answers, _ = settle(standardised, fails(standardised))
    assert answers.columns[:5].tolist() == [
        "respondent",
        "status",
        "duration",
        "progress",
        "completed",
    ]
    assert isinstance(answers.index, pd.RangeIndex)
    for column in standardised.columns:
        number = column.question.type == "number"
        name = column.name + ("__missing" if number else "")
        if column.question.type != "open":
            assert tuple(answers[name].cat.categories) == categories_of(column)
            assert answers[name].notna().all()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=40,
    deadline=None,
)
@given(data=st.data())
def test_no_row_is_lost(take_in: Take, person: Person, fails: Fails, data: st.DataObject) -> None:
    """Kept and quarantined rows add up to the rows read, and nobody is in it twice."""
    changes = st.fixed_dictionaries(
        {
            "id": st.sampled_from(["p1", "p2", "p3", ""]),
            "progress": st.sampled_from(["100", "50"]),
            "when": st.sampled_from(["2026-01-05", "2026-01-06", ""]),
            "B1": st.sampled_from(["1", "1", "1", "3"]),
            "Q1": st.sampled_from(["1", "4", "7", ""]),
            "B2": st.sampled_from(["40", "12", "x"]),
        }
    )
    rows = people(person, *data.draw(st.lists(changes, max_size=8)), sound=30)
    standardised = take_in(rows)
    answers, quarantine = settle(standardised, fails(standardised))
    assert len(answers) + quarantined_rows(quarantine) == len(rows)
    assert answers["respondent"].is_unique
    assert answers["respondent"].notna().all()
    assert not answers["Q1"].astype(str).isin(["7"]).any()
