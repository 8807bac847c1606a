"""Bases of areas: what the files say is what is read; what cannot be right is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.definitions.area_base import AreaBaseDefinition, load_area_base
from flows.errors import Refusal
from flows.ingest.area_base import AreaBase, UnusableBase, margin_of, read_area_base
from flows.ingest.area_base_margins import fill_secret

DEFINITION = """\
title: {nl: Klein, en: Small}
source: {nl: Verzonnen, en: Made up}
simulated: true
vintages:
  2026: {reference_date: 2026-01-01}
files:
  areas: {name: areas.csv}
  pc6: {name: margins-pc6.csv}
  wijk: {name: margins-wijk.csv}
  tall: {name: tall.csv, year: period, where: {sort: [count]}}
  names: {name: names.csv}
secret: [-99997]
missing: [-99995]
rounding: 5
areas:
  file: areas
  codes: {pc6: pc6, buurt: buurt, wijk: wijk, municipality: municipality, province: province}
  inhabitants: inhabitants
  residents: residents
  addresses: addresses
names: {file: names}
margins:
  age2:
    levels: [young, old]
    published:
      - {level: pc6, file: pc6, columns: "age2_{code}"}
      - level: municipality
        file: tall
        area: region
        columns: value
        by: class
        of: {young: {"18-19": 0.5, "20-49": 1}, old: ["50-69", "70+"]}
  edu3:
    levels: [low, middle, high]
    published:
      - level: wijk
        file: wijk
        columns: {high: pct_high}
        shares_of: residents
        rest: {low: 1, middle: 3}
        assumption: Verhouding van het hele land.
"""

AREAS = """\
pc6,buurt,wijk,municipality,province,inhabitants,residents,addresses
1011 ab,B1,W1,M1,P1,60,50,20
1011AC,B1,W1,M1,P1,45,40,18
1012AB,B2,W1,M1,P1,30,25,10
1012BA,B3,W2,M1,P1,110,90,-99995
2000AA,B4,W3,M2,P1,0,0,0
2000AB,B4,W3,M2,P1,25,20,9
"""
PC6 = """\
pc6,age2_young,age2_old
1012BA,30,60
1011AB,20,30
1011AC,35,-99997
2000AB,-99997,-99995
1012AB,5,20
"""
WIJK = "wijk;pct_high\nW1;40,0\nW2;25,5\nW3;.\n"
TALL = """\
region,class,sort,period,value
M1,18-19,count,2026JJ00,40
M1,20-49,count,2026JJ00,70
M1,50-69,count,2026JJ00,75
M1,70+,count,2026JJ00,40
M1,18-19,share,2026JJ00,9
M2,18-19,count,2026JJ00,0
M2,20-49,count,2026JJ00,10
M2,50-69,count,2026JJ00,5
M2,70+,count,2026JJ00,5
M2,0-17,count,2026JJ00,5
"""
NAMES = 'level,area,name\nmunicipality,M1,Grootdorp\nmunicipality,M2,"Klein, dorp"\nwijk,W9,Weg\n'
FILES = {
    "areas.csv": AREAS,
    "margins-pc6.csv": PC6,
    "margins-wijk.csv": WIJK,
    "tall.csv": TALL,
    "names.csv": NAMES,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "files"
    inner.mkdir()
    for name, text in FILES.items():
        (inner / name).write_text(text, encoding="utf-8")
    return inner


def defined(folder: Path, text: str = DEFINITION) -> AreaBaseDefinition:
    surveys = folder.parent / "surveys" / "bases"
    surveys.mkdir(parents=True, exist_ok=True)
    (surveys / "klein.yaml").write_text(text, encoding="utf-8")
    return load_area_base(surveys.parent, "klein")


def read(folder: Path, text: str = DEFINITION) -> AreaBase:
    return read_area_base(defined(folder, text), 2026, folder)


def test_areas_with_every_level(folder: Path) -> None:
    base = read(folder)
    assert base.levels == (
        "pc6", "pc5", "pc4", "buurt", "wijk", "municipality", "province", "country",
    )  # fmt: skip
    assert list(base.areas.iloc[0]) == [
        "1011AB", "1011A", "1011", "B1", "W1", "M1", "P1", "NL", 50, 60, 20,
    ]  # fmt: skip
    assert base.areas["addresses"].tolist() == [20, 18, 10, -1, 0, 9]
    assert base.areas["residents"].sum() == 225
    assert (base.code, base.year, str(base.day), base.simulated) == (
        "klein", 2026, "2026-01-01", True,
    )  # fmt: skip
    assert base.names == {"municipality": {"M1": "Grootdorp", "M2": "Klein, dorp"}}
    assert any("W9" in note for note in base.notes)


def test_finest_counts_follow_the_areas_and_not_the_file(folder: Path) -> None:
    margin = read(folder).margins["age2"]
    assert margin.levels == ("young", "old")
    assert margin.counts[0].tolist() == [20, 30]
    assert margin.counts[3].tolist() == [30, 60]
    assert np.isnan(margin.counts[4:]).all()  # no row; a count that is missing
    assert margin.rounding == 5


def test_a_secret_count_is_filled_from_the_residents(folder: Path) -> None:
    margin = read(folder).margins["age2"]
    young, old = margin.counts[1]
    assert young == 35
    # 2 on average with variance 2; 40 - 35 = 5 with variance 3 x 25 / 12; at most 4.
    expected = (2 / 2 + 5 / 6.25) / (1 / 2 + 1 / 6.25)
    assert old == pytest.approx(expected)


def test_rows_are_added_up_with_their_factors(folder: Path) -> None:
    ((level, frame),) = read(folder).margins["age2"].coarser
    assert level == "municipality"
    assert frame.loc["M1"].tolist() == [90, 115]
    assert frame.loc["M2"].tolist() == [10, 10]


def test_shares_become_people_and_the_rest_is_divided(folder: Path) -> None:
    margin = read(folder).margins["edu3"]
    assert np.isnan(margin.counts).all()
    assert margin.rounding == 0
    ((level, frame),) = margin.coarser
    assert level == "wijk"
    people = 50 + 40 + 25
    assert frame.loc["W1"].to_numpy() == pytest.approx(
        [people * 0.6 / 4, people * 0.6 * 3 / 4, people * 0.4]
    )
    assert frame.loc["W2", "high"] == pytest.approx(90 * 0.255)
    assert frame.loc["W3"].isna().all()
    assert margin.assumed["wijk"]["nl"] == "Verhouding van het hele land."


def test_parquet_is_read_as_csv_is(folder: Path) -> None:
    text = DEFINITION.replace("margins-pc6.csv", "margins-pc6.parquet")
    text = text.replace("areas.csv", "areas.parquet")
    csv = read(folder)
    for name in ("margins-pc6", "areas"):
        pd.read_csv(folder / f"{name}.csv").to_parquet(folder / f"{name}.parquet")
    parquet = read(folder, text)
    pd.testing.assert_frame_equal(csv.areas, parquet.areas)
    np.testing.assert_array_equal(csv.margins["age2"].counts, parquet.margins["age2"].counts)
    assert csv.files_sha256 != parquet.files_sha256


def test_hash_is_of_the_files_that_were_read(folder: Path) -> None:
    first = read(folder).files_sha256
    (folder / "truth-pc6.parquet").write_bytes(b"never opened")
    assert read(folder).files_sha256 == first
    change(folder, "margins-pc6.csv", "1012BA,30,60", "1012BA,35,55")
    assert read(folder).files_sha256 != first


def change(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("areas.csv", "1011AC", "1011AB", "areas.csv, row 2: the pc6 1011AB occurs more than once"),
        ("areas.csv", "1011AC", "1011C", "areas.csv, row 2: '1011C' is no pc6"),
        ("areas.csv", "1011AC", "0011AC", "'0011AC' is no pc6"),
        ("areas.csv", "1011AC,B1", "1011AC,", "areas.csv, 1011AC: the code of its buurt is empty"),
        ("areas.csv", "W1,M1,P1,45", "W1,M2,P1,45", "the wijk W1 lies in two areas"),
        ("areas.csv", "B1,W1,M1,P1,45", "B1,W2,M1,P1,45", "the buurt B1 lies in two areas"),
        ("areas.csv", "M1,P1,45", "M1,P2,45", "the municipality M1 lies in two areas"),
        ("areas.csv", "45,40", "45,60", "1011AC: 60 residents are more than the 45 inhabitants"),
        ("areas.csv", "45,40", "-3,40", "1011AC: the column inhabitants is -3, a negative number"),
        ("areas.csv", "45,40", "veel,40", "1011AC: the column inhabitants holds 'veel'"),
        ("areas.csv", "45,40", "1.045,40", "holds '1.045', which is no number"),
        (
            "areas.csv",
            "45,40",
            "99999999999999999999,40",
            "1011AC: the column inhabitants is 1e+20",
        ),
        ("areas.csv", "inhabitants", "people", "areas.csv has no column inhabitants"),
        ("areas.csv", ",20\n", "\n", "areas.csv, line 2: 7 cells where the header has 8"),
        ("margins-pc6.csv", "1011AC", "1011AB", "the pc6 1011AB occurs more than once"),
        ("margins-pc6.csv", "1011AC", "9999ZZ", "1 of its 5 areas are no areas of the base"),
        ("margins-pc6.csv", "age2_old", "age2_oud", "age2_oud, but age2 has no level oud"),
        ("margins-pc6.csv", "age2_old", "old", "has no column age2_old"),
        ("margins-pc6.csv", "35,", "-35,", "1011AC: the column age2_young is -35"),
        ("margins-wijk.csv", "25,5", "125,5", "W2: the column pct_high is 125.5"),
        ("margins-wijk.csv", "25,5", "25.5", "W2: the column pct_high holds '25.5'"),
        ("tall.csv", "M1,70+,count", "M1,50-69,count", "M1: the row 50-69 occurs more than once"),
        ("tall.csv", "M2,70+,count,2026JJ00", "M2,70+,count,2025JJ00", "is 2025JJ00, where 2026"),
        ("names.csv", "wijk,W9", "dorp,W9", "the base has no level dorp"),
        ("names.csv", "municipality,M2", "municipality,M1", "M1 has two names"),
    ],
)
def test_refusals_name_file_place_and_remedy(
    folder: Path, name: str, old: str, new: str, said: str
) -> None:
    change(folder, name, old, new)
    with pytest.raises(Refusal) as caught:
        read(folder)
    assert said in str(caught.value)
    assert str(caught.value).rstrip().endswith(".")


def absent(folder: Path) -> None:
    (folder / "margins-wijk.csv").unlink()


def empty(folder: Path) -> None:
    (folder / "margins-wijk.csv").write_text("", encoding="utf-8")


def headed(folder: Path) -> None:
    (folder / "margins-wijk.csv").write_text("wijk;pct_high\n", encoding="utf-8")


def zipped(folder: Path) -> None:
    (folder / "margins-wijk.csv").write_bytes(b"PK\x03\x04rest")


def secret(folder: Path) -> None:
    text = "pc6,age2_young,age2_old\n1011AB,-99997,-99997\n1011AC,-99997,-99997\n"
    (folder / "margins-pc6.csv").write_text(text, encoding="utf-8")


def classless(folder: Path) -> None:
    text = (folder / "tall.csv").read_text(encoding="utf-8").replace("70+", "70-99")
    (folder / "tall.csv").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (absent, "margins-wijk.csv: the file is missing"),
        (empty, "margins-wijk.csv is empty"),
        (headed, "margins-wijk.csv has no rows"),
        (zipped, "margins-wijk.csv holds a zip or Excel file"),
        (secret, "all counts of age2 are secret or missing"),
        (classless, "no row has 70+ in the column class"),
    ],
)
def test_files_that_are_not_what_they_must_be(
    folder: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(folder)
    with pytest.raises(Refusal, match=said.replace("+", r"\+")):
        read(folder)


def test_broken_parquet_and_a_folder_that_is_not_there(folder: Path) -> None:
    text = DEFINITION.replace("margins-pc6.csv", "margins-pc6.parquet")
    (folder / "margins-pc6.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(UnusableBase, match=r"margins-pc6.parquet is named .parquet"):
        read(folder, text)
    with pytest.raises(UnusableBase, match="there is no such folder"):
        read_area_base(defined(folder), 2026, folder / "weg")


def test_a_year_without_vintage_is_refused(folder: Path) -> None:
    with pytest.raises(UnusableBase, match="no vintage 2031; it has 2026"):
        read_area_base(defined(folder), 2031, folder)


def test_counts_that_are_not_those_of_the_residents_are_told(folder: Path) -> None:
    assert not any("do not add up" in note for note in read(folder).notes)
    change(folder, "tall.csv", "50-69,count,2026JJ00,75", "50-69,count,2026JJ00,175")
    notes = [note for note in read(folder).notes if "do not add up" in note]
    assert len(notes) == 1
    assert "most in M1: 305 against 205" in notes[0]


def test_a_code_of_another_level_is_a_note_where_they_are_few(folder: Path) -> None:
    rows = [f"{1100 + i}AB,B9,W9,M9,P9,40,30,10" for i in range(40)]
    counts = [f"{1100 + i}AB,10,20" for i in range(40)]
    change(folder, "areas.csv", AREAS, AREAS + "\n".join(rows) + "\n")
    change(folder, "margins-pc6.csv", PC6, PC6 + "\n".join(counts) + "\n9999ZZ,5,5\n")
    base = read(folder)
    assert any("1 of 46 areas are no areas of the base" in note for note in base.notes)
    assert len(base.margins["age2"].counts) == 46


def test_a_file_of_more_than_the_base_is_used_where_it_says_so(folder: Path) -> None:
    change(folder, "margins-wijk.csv", WIJK, WIJK + "W7;10\nW8;20\n")
    with pytest.raises(UnusableBase, match="2 of its 5 areas are no areas of the base"):
        read(folder)
    base = read(folder, DEFINITION.replace("margins-wijk.csv}", "margins-wijk.csv, wider: true}"))
    assert list(base.margins["edu3"].coarser[0][1].index) == ["W1", "W2", "W3"]


def test_secret_residents_are_told_and_counted_low(folder: Path) -> None:
    change(folder, "areas.csv", "25,20,9", "-99997,-99997,-99997")
    base = read(folder)
    assert base.areas.iloc[-1][["residents", "inhabitants", "addresses"]].tolist() == [2, 2, 2]
    assert sum("is secret in 1 areas" in note for note in base.notes) == 3


def test_margin_of_orders_levels_and_refuses_others(folder: Path) -> None:
    base = read(folder)
    turned = margin_of(base, "age2", ["old", "young"])
    np.testing.assert_array_equal(turned.counts[0], [30, 20])
    assert list(turned.coarser[0][1].loc["M1"]) == [115, 90]
    assert margin_of(base, "age2", ["young", "old"]) is base.margins["age2"]
    with pytest.raises(UnusableBase, match="has no level middle"):
        margin_of(base, "age2", ["young", "middle", "old"])
    with pytest.raises(UnusableBase, match="has the level old, which the variable lacks"):
        margin_of(base, "age2", ["young"])
    with pytest.raises(UnusableBase, match="no margin of income3; it has age2, edu3"):
        margin_of(base, "income3", ["low"])


def test_filled_counts_are_nearer_the_truth_than_any_constant() -> None:
    """Counts under five hidden, others rounded to five; 4,000 areas of 20-80 residents."""
    rng = np.random.default_rng(20260101)
    expected = rng.gamma(4, 1.0, (4000, 1)) * np.array([0.8, 1.6, 3.2, 6.4])
    truth = rng.poisson(expected).astype(float)
    residents = truth.sum(axis=1)
    hidden = (truth < 5).astype(float)
    known = np.where(hidden > 0, 0.0, np.round(truth / 5) * 5)
    filled = fill_secret(known, hidden, residents, 5.0, 5)
    used = np.isfinite(filled).all(axis=1) & (hidden > 0).any(axis=1)
    assert 0.3 < used.mean() < 0.9
    where = (hidden > 0) & used[:, None]

    def rmse(values: np.ndarray) -> float:
        return float(np.sqrt(((values - truth)[where] ** 2).mean()))

    best_constant = min(rmse(np.full(truth.shape, c)) for c in (0.0, 1.0, 1.5, 2.0, 2.5, 3.0))
    assert rmse(filled) < best_constant
    assert np.isnan(filled[(known.sum(axis=1) == 0) & (hidden > 0).any(axis=1)]).all()
    untouched = ~(hidden > 0).any(axis=1)
    np.testing.assert_array_equal(filled[untouched], known[untouched])


NAMED = """\
title: Oude namen
source: Verzonnen
simulated: true
vintages:
  2021: {reference_date: 2021-01-01, redivision: van_21_naar_22}
files:
  areas: {name: areas.csv}
  new: {name: new.csv}
  counts: {name: counts.csv}
rounding: 5
areas:
  file: areas
  codes: {pc4: postcode, municipality: gemeente}
  by_name: [municipality]
  inhabitants: inwoners
  residents_of: age2
parents:
  - file: new
    level: municipality
    codes: {municipality: code, province: provincie}
    names: {municipality: naam}
margins:
  age2:
    levels: [young, old]
    published:
      - {level: pc4, file: counts, columns: "{code}"}
"""
REDIVISION = """\
title: Van 2021 naar 2022
source: Verzonnen
from_year: 2021
to_year: 2022
merged: {Oud: GM0001}
split: {Deel: {"1003": GM0001, "1004": GM0002}}
spelled: {Stad aan Zee: GM0002}
postcodes: {"1006": GM0002}
"""
OLD = """\
postcode;gemeente;inwoners
1001;Oud;100
1002;Stad;100
1003;Deel;100
1004;Deel;100
1005;Stad aan Zee;100
1006;;100
1007;NA;0
"""


@pytest.fixture
def named(tmp_path: Path) -> Path:
    for name, text in {
        "surveys/bases/oud.yaml": NAMED,
        "surveys/areas/van_21_naar_22.yaml": REDIVISION,
        "files/areas.csv": OLD,
        "files/new.csv": "code;naam;provincie\nGM0001;Stad;P1\nGM0002;Stad-aan-Zee;P2\n",
        "files/counts.csv": "pc4;young;old\n" + "".join(f"{n};30;50\n" for n in range(1001, 1008)),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def read_named(named: Path) -> AreaBase:
    return read_area_base(load_area_base(named / "surveys", "oud"), 2021, named / "files")


def test_names_of_an_earlier_year_become_codes(named: Path) -> None:
    base = read_named(named)
    assert dict(zip(base.areas["pc4"], base.areas["municipality"], strict=True)) == {
        "1001": "GM0001",
        "1002": "GM0001",
        "1003": "GM0001",
        "1004": "GM0002",
        "1005": "GM0002",
        "1006": "GM0002",
    }
    assert base.areas["province"].tolist() == ["P1"] * 3 + ["P2"] * 3
    assert base.areas["residents"].tolist() == [80] * 6
    assert any("1007" in note for note in base.notes)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("files/areas.csv", "1002;Stad", "1002;Stat", "no area is called Stat (near: Stad"),
        ("files/areas.csv", "1002;Stad", "1002;Deel", "1002: it lies in Deel, which was split"),
        ("files/areas.csv", "1007;NA;0", "1007;NA;10", "1007 lies in no area that has a name"),
        ("files/new.csv", "GM0002;", "GM0003;", "The redivision sends areas to GM0002"),
        ("files/new.csv", "Stad-aan-Zee", "Stad", "are both called Stad"),
        ("files/new.csv", "P2", "", "GM0002: the code of its province is empty"),
        ("files/counts.csv", "1002;30;50", "1002;90;50", "140 residents are more than the 100"),
    ],
)
def test_names_that_cannot_become_codes(
    named: Path, name: str, old: str, new: str, said: str
) -> None:
    change(named, name, old, new)
    with pytest.raises(Refusal) as caught:
        read_named(named)
    assert said in str(caught.value)
