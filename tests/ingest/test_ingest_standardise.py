"""Source columns and codes become the questionnaire's."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.definitions.questionnaire import Questionnaire
from flows.definitions.waves import Source, Wave
from flows.ingest.encode import to_number
from flows.ingest.errors import MissingColumns, UnknownCodes
from flows.ingest.frames import RawResponses, Standardised
from flows.ingest.pseudonymise import pseudonymise
from flows.ingest.standardise import iso_date, standardise

Take = Callable[[list[dict[str, str]]], Standardised]
Person = Callable[..., dict[str, str]]
Raw = Callable[[list[dict[str, str]]], RawResponses]


def values(standardised: Standardised, column: str) -> list[object]:
    return standardised.frame[column].astype(object).tolist()


def test_codes_are_mapped(take_in: Take, person: Person) -> None:
    frame = take_in([person(), person(id="p2", B1="2", Q1="99", B2="33,5")]).frame
    assert frame["respondent"].tolist() == ["rp1", "rp2"]
    assert frame["B1"].tolist() == ["m", "v"]
    assert frame["Q1"].tolist() == ["4", ".dont_know"]
    assert frame["Q2_b"].tolist() == ["2", "2"]
    assert frame["B2"].tolist() == [44.0, 33.5]
    assert frame["Q7"].tolist() == ["omdat", "omdat"]


def test_columns_that_no_question_names_are_not_taken(take_in: Take, person: Person) -> None:
    assert "extra" not in take_in([person(extra="secret")]).frame.columns


def test_unknown_codes_are_left_as_found(take_in: Take, person: Person) -> None:
    rows = [person(id=f"p{i}") for i in range(20)]
    rows[3] |= {"Q1": "7", "B2": "old", "Q3_1": "yes"}
    standardised = take_in(rows)
    assert values(standardised, "Q1")[3] == "7"
    assert values(standardised, "B2__missing")[3] == "old"
    assert values(standardised, "Q3_1")[3] == "yes"


def test_an_own_code_that_is_no_source_code_is_unknown(take_in: Take, person: Person) -> None:
    """`m` is the question's code; the file writes `1` for it."""
    rows = [person(id=f"p{i}") for i in range(20)]
    rows[0] |= {"B1": "m", "Q1": ".skipped"}
    standardised = take_in(rows)
    assert values(standardised, "B1")[0] == "m (no source code)"
    assert values(standardised, "Q1")[0] == ".skipped (no source code)"


class TestMissingKinds:
    """Why an answer is absent."""

    def test_skipped_in_the_middle(self, take_in: Take, person: Person) -> None:
        standardised = take_in([person(Q2_a="", B2="NA")])
        assert values(standardised, "Q2_a") == [".skipped"]
        assert values(standardised, "B2__missing") == [".skipped"]
        assert pd.isna(standardised.frame["B2"][0])

    def test_broken_off_after_the_last_answer(self, take_in: Take) -> None:
        row = {"id": "p", "progress": "40", "B1": "1", "B2": "30", "Q1": "4"}
        frame = take_in([row]).frame
        after = ["Q2_a", "Q2_b", "Q3_1", "Q4_2", "Q5", "Q6_1", "Q8"]
        assert {frame[c][0] for c in after} == {".broken_off"}

    def test_background_known_beforehand_is_no_answer(self, take_in: Take) -> None:
        frame = take_in([{"id": "p", "progress": "5", "B2": "30"}]).frame
        assert frame["Q1"][0] == ".broken_off"
        assert frame["B1"][0] == ".broken_off"

    def test_a_finished_interview_is_never_broken_off(self, take_in: Take) -> None:
        frame = take_in([{"id": "p", "progress": "100", "Q1": "4"}]).frame
        assert frame["Q8"][0] == ".skipped"
        assert frame["Q4_1"][0] == ".skipped"

    def test_not_asked_outside_the_base(self, take_in: Take, person: Person) -> None:
        rows = [person(Q5=""), person(id="b", Q1="2", Q5=""), person(id="c", Q1="2", Q5="1")]
        assert values(take_in(rows), "Q5") == [".skipped", ".not_asked", "1 (not asked)"]

    def test_a_base_asked_in_another_wave(
        self, questionnaire: Questionnaire, wave: Wave, raw_of: Raw, person: Person
    ) -> None:
        questions = tuple(
            q.model_copy(update={"waves": ("w0",)}) if q.code == "Q1" else q
            for q in questionnaire.questions
        )
        raw = pseudonymise(raw_of([person(), person(id="b", Q5="")]), wave.sources[0], list)
        other = questionnaire.model_copy(update={"questions": questions})
        frame = standardise(raw, other, wave, wave.sources[0]).frame
        assert frame["Q5"].tolist() == ["2", ".not_asked"]


class TestMarks:
    """Questions with a column for each option."""

    def test_empty_means_not_chosen(self, take_in: Take, person: Person) -> None:
        frame = take_in([person(Q4_1="", Q4_2="2")]).frame
        assert (frame["Q4_1"][0], frame["Q4_2"][0]) == ("0", "1")

    def test_nothing_ticked_means_none(self, take_in: Take, person: Person) -> None:
        frame = take_in([person(Q4_1="", Q4_2="")]).frame
        assert (frame["Q4_1"][0], frame["Q4_2"][0]) == ("0", "0")

    def test_nothing_ticked_beside_a_none_of_these_is_skipped(
        self, take_in: Take, person: Person
    ) -> None:
        assert take_in([person(Q3_1="")]).frame["Q3_1"][0] == ".skipped"

    def test_files_that_write_zero(self, take_in: Take, person: Person) -> None:
        rows = [person(Q4_1="1", Q4_2="0"), person(id="b", Q4_1="", Q4_2="")]
        frame = take_in(rows).frame
        assert frame["Q4_2"].tolist() == ["0", ".skipped"]

    def test_zeros_after_a_break_off_are_no_answer(self, take_in: Take) -> None:
        row = {"id": "p", "progress": "40", "Q1": "4", "Q4_1": "0", "Q4_2": "0"}
        assert take_in([row]).frame["Q4_1"][0] == ".broken_off"

    def test_an_option_that_is_no_answer(self, take_in: Take, person: Person) -> None:
        rows = [person(Q3_1="", Q3_4="1"), person(id="b", Q3_1="1", Q3_4="1")]
        frame = take_in(rows).frame
        assert frame["Q3_1"].tolist() == [".dont_know", "1"]
        assert frame["Q3_2"].tolist() == [".dont_know", "0"]
        assert frame["Q3_4"].tolist() == [".dont_know", "0"]

    def test_none_of_these_with_another(self, take_in: Take, person: Person) -> None:
        rows = [person(id=f"p{i}") for i in range(9)] + [person(Q3_3="1")]
        frame = take_in(rows).frame
        assert frame["Q3_3"].tolist()[-1] == "1 (with other answers)"
        assert frame["Q3_1"].tolist()[-1] == "1"

    def test_a_ranking_holds_the_rank_of_every_option(self, take_in: Take, person: Person) -> None:
        rows = [person(), person(id="b", Q6_1="", Q6_2="")]
        frame = take_in(rows).frame
        assert [frame[f"Q6_{i}"][0] for i in (1, 2, 3)] == ["2", "1", "0"]
        # Who ranked nothing skipped the question, also where others were left open.
        assert [frame[f"Q6_{i}"][1] for i in (1, 2, 3)] == [".skipped"] * 3

    def test_two_options_with_the_same_rank_cannot_be_read(
        self, take_in: Take, person: Person
    ) -> None:
        frame = take_in([person(), person(id="b", Q6_1="1", Q6_2="1", Q6_3="2")]).frame
        assert frame["Q6_1"][1] == "1 (same rank as another)"
        assert frame["Q6_2"][1] == "1 (same rank as another)"
        assert frame["Q6_3"][1] == "2"


class TestRefusals:
    """The whole file is refused."""

    def test_missing_columns_are_all_named(
        self, questionnaire: Questionnaire, wave: Wave, raw_of: Raw, person: Person
    ) -> None:
        raw = pseudonymise(raw_of([person()]), wave.sources[0], list)
        frame = raw.frame.drop(columns="Q8").rename(columns={"Q2bb": "Q2_bb", "Q5": "Q05"})
        lacking = RawResponses("x.csv", "", "csv", frame, raw.respondents)
        with pytest.raises(MissingColumns) as refusal:
            standardise(lacking, questionnaire, wave, wave.sources[0])
        message = str(refusal.value)
        assert "3 columns" in message
        assert "Q2bb (is it Q2_bb?)" in message
        assert "Q5 (is it Q05?)" in message
        assert "Q8" in message

    def test_no_id_column(self, wave: Wave, raw_of: Raw, person: Person) -> None:
        raw = raw_of([person()])
        raw = RawResponses("x.csv", "", "csv", raw.frame.rename(columns={"id": "idd"}))
        with pytest.raises(MissingColumns, match=r"no column id.*idd looks most like it"):
            pseudonymise(raw, wave.sources[0], list)

    def test_mostly_unknown_codes(self, take_in: Take, person: Person) -> None:
        rows = [person(id=f"p{i}", Q8="ja") for i in range(9)] + [person()]
        with pytest.raises(UnknownCodes, match="column Q8 holds ja"):
            take_in(rows)

    def test_another_scale_than_the_questionnaire_says(self, take_in: Take, person: Person) -> None:
        """Most answers of a 0-10 scale fit 1-5 by chance; most of its codes do not."""
        given = ["1", "2", "3", "4", "5"] * 6 + ["0", "6", "7", "8", "9", "10"]
        rows = [person(id=f"p{i}", Q2_a=code) for i, code in enumerate(given)]
        with pytest.raises(UnknownCodes, match="column Q2_a"):
            take_in(rows)

    def test_a_few_bad_cells_in_a_rare_option_are_no_wrong_coding(
        self, take_in: Take, person: Person
    ) -> None:
        rows = [person(id=f"p{i}") for i in range(500)] + [person(Q4_2="ja")]
        assert values(take_in(rows), "Q4_2")[-1] == "ja"

    def test_mostly_no_numbers(self, take_in: Take, person: Person) -> None:
        with pytest.raises(UnknownCodes, match="column B2 holds forty"):
            take_in([person(B2="forty")])

    def test_ids_must_be_gone_first(
        self, questionnaire: Questionnaire, wave: Wave, raw_of: Raw, person: Person
    ) -> None:
        with pytest.raises(ValueError, match="pseudonymise"):
            standardise(raw_of([person()]), questionnaire, wave, wave.sources[0])


def test_pseudonyms_are_asked_once_a_person(wave: Wave, raw_of: Raw, person: Person) -> None:
    asked: list[list[str]] = []

    def pseudonyms(ids: object) -> list[str]:
        asked.append(list(ids))  # type: ignore[call-overload]
        return [f"r{i}" for i in asked[-1]]

    rows = [person(id="b"), person(id="a"), person(id=""), person(id="b")]
    raw = pseudonymise(raw_of(rows), wave.sources[0], pseudonyms)
    assert asked == [["b", "a"]]
    assert raw.respondents is not None
    assert raw.respondents.tolist() == ["rb", "ra", None, "rb"]
    assert "id" not in raw.columns


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(codes=st.lists(st.sampled_from(["1", "2", "3", "4", "5", "98", "99", ""]), min_size=1))
def test_mapping_round_trip(take_in: Take, person: Person, codes: list[str]) -> None:
    """Mapping back every standardised code gives the source codes (or a synonym of them)."""
    rows = [person(id=f"p{i}", Q1=code) for i, code in enumerate(codes)]
    back = {str(i): {str(i)} for i in range(1, 6)} | {
        ".dont_know": {"98", "99"},
        ".skipped": {""},
    }
    for source, found in zip(codes, values(take_in(rows), "Q1"), strict=True):
        assert source in back[str(found)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-01-05", "2026-01-05"),
        ("2026/1/5 14:05", "2026-01-05T14:05"),
        ("2026-01-05T14:05:00", "2026-01-05T14:05:00"),
        ("5-1-2026", "2026-01-05"),
        ("05/01/2026 09:00", "2026-01-05T09:00"),
        ("yesterday", None),
        ("2026-13-01", None),
    ],
)
def test_dates(written: str, read: str | None) -> None:
    assert iso_date(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [("6.37", 6.37), ("6,37", 6.37), ("-1", -1.0), ("1e3", 1000.0), ("abc", None), ("1.2.3", None)],
)
def test_numbers(written: str, read: float | None) -> None:
    assert to_number(written) == read


def test_without_progress_the_date_tells(
    questionnaire: Questionnaire, wave: Wave, raw_of: Raw, person: Person
) -> None:
    source = Source(id="id", completed="when")
    row = {"id": "b", "Q1": "4"}
    raw = pseudonymise(raw_of([person(), row]), source, list)
    frame = standardise(raw, questionnaire, wave, source).frame
    assert frame["Q8"].tolist() == ["1", ".broken_off"]
    assert frame["duration"].isna().all()
