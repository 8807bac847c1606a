import pandas as pd
from published_tables import counted

from flows.crosstabs.publish import publish
from flows.crosstabs.tidy import COLUMNS, tidy
from flows.definitions.dossier_plan import Publication


def frame_of(*tables):
    return tidy(publish(tables, Publication(), theme="t"), "s", "w1", 3)


def test_one_line_per_published_number():
    table = counted([[3, 20, 100], [497, 8, 300], [100, 1, 100]], nets={"n": ("a1", "a2")})
    frame = frame_of(table)
    assert tuple(frame.columns) == COLUMNS
    assert set(frame["column"]) == {"p0", "p2", "total"}  # p1 has too few people
    assert not frame.isin(["too_few", "protected"]).to_numpy().any()
    below = frame[frame["flag"] == "below"].iloc[0]
    assert (below["answer"], below["column"]) == ("a1", "p0")
    assert pd.isna(below["value"])
    assert (below["low"], below["high"]) == (0.0, 0.01)
    assert set(frame["statistic"]) == {"share", "net", "dont_know"}
    line = frame[(frame["answer"] == "n") & (frame["column"] == "p2")].iloc[0]
    assert (line["value"], line["n"], line["n_eff"]) == (0.8, 500, 500)
    constant = ["survey", "wave", "edition", "theme", "area", "table", "basis"]
    assert list(line[constant]) == ["s", "w1", 3, "t", "NL", "Q", "measured"]


def test_marks_stand_in_words():
    frame = frame_of(counted([[600, 450, 450], [400, 550, 550]]))
    line = frame[(frame["answer"] == "a1") & (frame["column"] == "p0")].iloc[0]
    assert line["verdict"] == "higher"
    assert set(frame["verdict"]) == {"", "higher", "lower"}


def test_nothing_published_is_an_empty_frame():
    assert tuple(frame_of().columns) == COLUMNS
    assert len(frame_of()) == 0
