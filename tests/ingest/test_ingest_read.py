"""Reading files, and refusing what is no table of answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.errors import Refusal
from flows.ingest.csv_text import csv_frame
from flows.ingest.errors import UnreadableFile
from flows.ingest.frames import RawResponses
from flows.ingest.read import read_responses

Read = Callable[..., RawResponses]


def cells(raw: RawResponses) -> list[list[str | None]]:
    return [[None if pd.isna(c) else c for c in row] for row in raw.frame.to_numpy().tolist()]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_reads_any_delimiter(read_text: Read, delimiter: str) -> None:
    raw = read_text(delimiter.join("abc") + "\n" + delimiter.join(["1", "", " x "]) + "\n")
    assert raw.columns == ("a", "b", "c")
    assert cells(raw) == [["1", None, "x"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_reads_any_encoding(read_text: Read, encoding: str) -> None:
    raw = read_text("id,naam\n1,café\n".encode(encoding))
    assert raw.columns == ("id", "naam")
    assert cells(raw) == [["1", "café"]]


def test_whole_numbers_lose_their_decimals(read_text: Read) -> None:
    raw = read_text("a,b,c,d\n1.0,2.50,-3.00,1.0.0\n")
    assert cells(raw) == [["1", "2.50", "-3", "1.0.0"]]


def test_decimal_commas_where_semicolons_delimit(read_text: Read) -> None:
    assert cells(read_text("a;b\n1,0;2,5\n")) == [["1", "2,5"]]


def test_excel_says_its_delimiter(read_text: Read) -> None:
    assert cells(read_text("sep=|\na,b|c\n1|2\n")) == [["1", "2"]]


def test_quoted_newlines_and_delimiters(read_text: Read) -> None:
    raw = read_text('id,why\n1,"first, second\nthird"\n2,"zei ""ja"""\n')
    assert cells(raw) == [["1", "first, second\nthird"], ["2", 'zei "ja"']]


def test_other_line_ends_and_no_last_one(read_text: Read) -> None:
    assert cells(read_text("a,b\r\n1,2\r\n3,4")) == [["1", "2"], ["3", "4"]]


def test_rows_without_content_are_passed_over(read_text: Read) -> None:
    assert cells(read_text("a,b\n1,2\n,\n\n3,4\n,\n")) == [["1", "2"], ["3", "4"]]


def test_a_column_without_a_name_gets_its_place(read_text: Read) -> None:
    assert read_text(",a\n0,1\n").columns == ("(column 1)", "a")


def test_hash_is_of_the_bytes(read_text: Read) -> None:
    one = read_text("a,b\n1,2\n")
    assert one.sha256 == read_text("a,b\n1,2\n", "other.csv").sha256
    assert one.sha256 != read_text("a,b\n1,2").sha256


REFUSED = {
    "empty file": (b"", "x.csv", "empty"),
    "only spaces": (b" \n \n", "x.csv", "empty"),
    "only a mark": (b"\xef\xbb\xbf", "x.csv", "no header"),
    "header only": (b"a,b,c\n", "x.csv", "no answers"),
    "header and empty rows": (b"a,b,c\n,,\n,,\n", "x.csv", "no answers"),
    "row too long": (b"a,b\n1,2\n3,4,5\n", "x.csv", "line 3: 3 cells where the header has 2"),
    "row too short": (b"a,b,c\n1,2,3\n4\n", "x.csv", "line 3: 1 cell where the header has 3"),
    "ragged after a quoted line end": (b'a,b\n"1\n1",2\n3\n', "x.csv", "line 4: 1 cell"),
    "ragged after an empty line": (b"a,b\n\n1,2\n\n3\n", "x.csv", "line 5: 1 cell"),
    "quote not closed": (b'a,b\n1,2\n2,"open\n3,4\n', "x.csv", "line 3: a quote"),
    "NUL byte": (b"a,b\n1,2\n3,\x004\n", "x.csv", "line 3: there is a NUL byte"),
    "duplicate header": (b"a,b,a\n1,2,3\n", "x.csv", "names a more than once"),
    "duplicate header after stripping": (b"a, a\n1,2\n", "x.csv", "names a more than once"),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), "x.csv", "UTF-16"),
    "neither encoding": (b"a,b\n1,\x81\x8d\n", "x.csv", "no text in UTF-8"),
    "Excel named csv": (b"PK\x03\x04rest", "x.csv", "holds a zip or Excel file"),
    "old Excel named csv": (b"\xd0\xcf\x11\xe0rest", "x.csv", "old Excel"),
    "SPSS named csv": (b"$FL2@(#) SPSS", "x.csv", "holds an SPSS file"),
    "web page named csv": (b"<!DOCTYPE html><html>", "x.csv", "a web page"),
    "JSON named csv": (b'{"a": 1}', "x.csv", "holds JSON"),
    "PDF named sav": (b"%PDF-1.7", "x.sav", "holds a PDF"),
    "csv named sav": (b"a,b\n1,2\n", "x.sav", "holds something else"),
    "no sav at all": (b"$FL2", "x.sav", "damaged or cut off"),
    "unknown extension": (b"a,b\n1,2\n", "x.xlsx", "neither .csv nor .sav"),
    "no extension": (b"a,b\n1,2\n", "x", "neither .csv nor .sav"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_in_one_line(read_text: Read, case: str) -> None:
    content, name, told = REFUSED[case]
    with pytest.raises(UnreadableFile) as refusal:
        read_text(content, name)
    message = str(refusal.value)
    assert told in message
    assert name in message
    assert "\n" not in message


def test_refuses_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="does not exist"):
        read_responses(tmp_path / "nowhere.csv")


def test_refuses_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="is a folder"):
        read_responses(tmp_path)


def test_refuses_a_broken_link(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(UnreadableFile, match="does not exist"):
        read_responses(tmp_path / "link.csv")


def test_refuses_what_cannot_be_a_path() -> None:
    with pytest.raises(UnreadableFile):
        read_responses(Path("a\0b.csv"))
    with pytest.raises(UnreadableFile):
        read_responses(Path("x" * 5000 + ".csv"))


@given(content=st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        frame = csv_frame("any.csv", content)
    except Refusal:
        return
    assert frame.columns.is_unique


CELL = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=6)


@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8))
def test_what_is_written_is_read(rows: list[tuple[str, ...]]) -> None:
    written = pd.DataFrame(rows, columns=["x", "y", "z"]).assign(row=range(len(rows)))
    read = csv_frame("t.csv", written.to_csv(index=False, quoting=1).encode())
    pattern = r"^(-?[0-9]+)\.0+$"
    for column in "xyz":
        expected = written[column].str.replace(pattern, r"\1", regex=True)
        assert read[column].fillna("").tolist() == expected.tolist()


class TestSav:
    """Labelled SPSS files."""

    @pytest.fixture
    def sav(self, tmp_path: Path) -> Path:
        pyreadstat = pytest.importorskip("pyreadstat")
        path = tmp_path / "answers.sav"
        frame = pd.DataFrame(
            {
                "id": ["a", "b", "c"],
                "Q1": [1.0, None, 99.0],
                "minutes": [6.37, 13.0, 1e6],
                "when": pd.to_datetime(["2026-01-05", None, "2026-01-06"]).date,
            }
        )
        pyreadstat.write_sav(
            frame,
            str(path),
            variable_value_labels={"Q1": {1: "ja", 99: "weet niet"}},
            missing_ranges={"Q1": [99]},
        )
        return path

    def test_values_not_labels_and_user_missing_kept(self, sav: Path) -> None:
        assert cells(read_responses(sav)) == [
            ["a", "1", "6.37", "2026-01-05"],
            ["b", None, "13", None],
            ["c", "99", "1000000", "2026-01-06"],
        ]

    @pytest.mark.parametrize("left", [0.1, 0.5, 0.9, 0.99])
    def test_refuses_a_truncated_file(self, sav: Path, left: float) -> None:
        data = sav.read_bytes()
        sav.write_bytes(data[: int(len(data) * left)])
        with pytest.raises(UnreadableFile, match="damaged or cut off") as refusal:
            read_responses(sav)
        assert "\n" not in str(refusal.value)

    def test_refuses_a_file_without_people(self, tmp_path: Path) -> None:
        pyreadstat = pytest.importorskip("pyreadstat")
        path = tmp_path / "nobody.sav"
        pyreadstat.write_sav(pd.DataFrame({"id": pd.Series([], dtype=float)}), str(path))
        with pytest.raises(UnreadableFile, match="no answers"):
            read_responses(path)
