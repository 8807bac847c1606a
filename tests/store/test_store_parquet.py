from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from store_samples import answers

from flows.store.files import Files, Kind
from flows.store.parquet import column_names, decode, encode

codes = st.lists(st.text(max_size=6), unique=True, max_size=6)


@st.composite
def categoricals(draw: st.DrawFn, rows: int) -> pd.Categorical:
    categories = draw(
        codes
        | st.lists(st.integers(-(2**40), 2**40), unique=True, max_size=6)
        | st.lists(st.floats(allow_nan=False), unique=True, max_size=6)
    )
    places = st.integers(-1, len(categories) - 1)
    return pd.Categorical.from_codes(
        draw(st.lists(places, min_size=rows, max_size=rows)),
        categories=pd.Index(categories) if categories else pd.Index([], dtype="str"),
        ordered=draw(st.booleans()),
    )


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 8))
    each = {"min_size": rows, "max_size": rows}
    return pd.DataFrame(
        {
            "coded": draw(categoricals(rows)),
            "again": draw(categoricals(rows)),
            "text": pd.Series(draw(st.lists(st.none() | st.text(), **each)), dtype="str"),
            "number": np.array(draw(st.lists(st.floats(), **each)), dtype=float),
            "count": np.array(draw(st.lists(st.integers(-9, 9), **each)), dtype="int64"),
            "yes": np.array(draw(st.lists(st.booleans(), **each)), dtype=bool),
        }
    )


@settings(max_examples=60, deadline=None)
@given(frames())
def test_a_frame_comes_back_as_it_was(frame: pd.DataFrame) -> None:
    back = decode(encode(frame))
    assert_frame_equal(back, frame, check_exact=True)
    for name in ("coded", "again"):
        assert back[name].cat.categories.tolist() == frame[name].cat.categories.tolist()
        assert back[name].cat.ordered == frame[name].cat.ordered


@settings(max_examples=20, deadline=None)
@given(frames())
def test_the_bytes_depend_on_the_content_only(frame: pd.DataFrame) -> None:
    shuffled = frame.set_index(pd.Index(range(100, 100 + len(frame)), name="other"))
    assert encode(frame) == encode(shuffled) == encode(decode(encode(frame)))


def test_unused_categories_and_their_order_survive() -> None:
    frame = answers({"r1": "2"}, codes=("3", "2", "1"))
    back = decode(encode(frame))
    assert back["Q"].cat.categories.tolist()[:3] == ["3", "2", "1"]
    assert ".not_asked" in back["Q"].cat.categories


def test_many_rows_in_several_row_groups() -> None:
    values = pd.Categorical.from_codes(np.arange(1_100_000) % 3, categories=["b", "a", "c"])
    back = decode(encode(pd.DataFrame({"Q": values})))["Q"]
    assert np.array_equal(back.cat.codes, values.codes)
    assert back.cat.categories.tolist() == ["b", "a", "c"]


def test_an_empty_text_column_stays_text() -> None:
    frame = pd.DataFrame({"completed": [None, None]})
    assert str(decode(encode(frame))["completed"].dtype) == "str"


def test_some_columns_in_the_order_asked(tmp_path: Path) -> None:
    path = tmp_path / "f.parquet"
    path.write_bytes(encode(answers({"r1": "2", "r2": ".not_asked"})))
    assert list(decode(path, ["Q", "respondent"]).columns) == ["Q", "respondent"]
    assert column_names(path)[0] == "respondent"
    with pytest.raises(KeyError, match="X9"):
        decode(path, ["X9"])


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame([[1]], columns=[7]),
        pd.DataFrame({"a": [1, "x"]}, dtype=object),
    ],
)
def test_a_frame_that_cannot_be_kept_is_a_fault(frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="column"):
        encode(frame)


def test_files_are_named_by_their_content_and_written_once(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.create_folders()
    name = files.write(Kind.ANSWERS, answers({"r1": "1"}))
    path = files.path(Kind.ANSWERS, name)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == name
    before = path.stat().st_mtime_ns
    assert files.write(Kind.ANSWERS, answers({"r1": "1"})) == name
    assert path.stat().st_mtime_ns == before
    assert [found for _, found in files.stored()] == [path]


def test_a_damaged_file_is_written_anew(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.create_folders()
    name = files.write(Kind.ANSWERS, answers({"r1": "1"}))
    files.path(Kind.ANSWERS, name).write_bytes(b"damaged")
    assert not files.sound(Kind.ANSWERS, name)
    files.write(Kind.ANSWERS, answers({"r1": "1"}))
    assert files.sound(Kind.ANSWERS, name)
