"""Reading CBS tables: each way of exporting gives the same, and what cannot be is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support import cbs_samples as cbs

from flows.errors import Refusal
from flows.ingest.cbs import read_cbs
from flows.ingest.cbs_cells import age_class
from flows.ingest.cbs_population import population


def test_a_saved_table(tmp_path: Path) -> None:
    table = read_cbs(cbs.write(tmp_path, "pc4.csv", cbs.POPULATION))
    assert (table.kind, table.by, table.period) == ("population", "postcode", None)
    assert list(table.frame.columns) == ["postcode", "age", "total", "men", "women"]
    assert "1003" in table.notes[0]
    people = population(table.frame, table.by)
    assert people.areas == ("1001", "1002", "1003", "1004", "1005")
    assert people.ages == ((0, 14), (15, 19), (20, None))
    assert people.unknown == ("1003",)
    assert people.people[0].tolist() == [[15, 10], [10, 10], [50, 55]]
    assert people.per_area.tolist() == [150, 55, 0, 60, 45]


@pytest.mark.parametrize("text", [cbs.FLAT, cbs.LAID_OUT], ids=["flat", "laid out"])
def test_exports_of_statline_give_the_same(tmp_path: Path, text: str) -> None:
    table = read_cbs(cbs.write(tmp_path, "export.csv", text), "population")
    assert table.period == "2021"
    of_1011 = table.frame[table.frame["postcode"] == "1011"]
    assert of_1011[["age", "total", "men", "women"]].values.tolist() == [
        ["0-14", 25.0, 15.0, 10.0],
        ["15+", 40.0, 20.0, 20.0],
    ]
    assert "Nederland" not in set(table.frame["postcode"])
    assert any("totals" in note for note in table.notes)


@pytest.mark.parametrize("text", [cbs.OLD_LAID_OUT, cbs.PORTAL], ids=["old", "portal"])
def test_municipalities_by_name_and_by_padded_code(tmp_path: Path, text: str) -> None:
    table = read_cbs(cbs.write(tmp_path, "export.csv", text))
    assert (table.kind, table.by) == ("population", "municipality")
    assert set(table.frame["municipality"]) <= {"Groningen", "GM0014"}
    assert table.frame["men"].tolist() == [15, 20]
    assert table.frame["total"].tolist() == [25, 40]  # no total in the file: men + women
    assert any("their sum stands for it" in note for note in table.notes)


def test_key_figures_with_counts_for_shares_and_a_decimal_comma(tmp_path: Path) -> None:
    table = read_cbs(cbs.write(tmp_path, "kwb.csv", cbs.KEY_FIGURES_EXPORT))
    assert table.kind == "key_figures"
    assert table.frame["code"].tolist() == ["GM0014", "WK001400"]
    assert table.frame["level"].tolist() == ["GM", "WK"]
    assert table.frame["pop_0_14"].tolist() == [12.0, 4.0]
    assert table.frame["dwelling_ownership"].iloc[0] == 40.5
    assert np.isnan(table.frame["dwelling_ownership"].iloc[1])


def test_one_of_several_periods(tmp_path: Path) -> None:
    later = cbs.FLAT.replace('"2021"', '"2022*"')
    both = cbs.FLAT.replace('"Bron: CBS"\r\n', "") + "\r\n".join(later.split("\r\n")[2:])
    path = cbs.write(tmp_path, "two.csv", both)
    with pytest.raises(Refusal, match="holds the periods 2021, 2022"):
        read_cbs(path)
    assert read_cbs(path, period="2022").period == "2022"
    with pytest.raises(Refusal, match="has no period 2023"):
        read_cbs(path, period="2023")


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("0-4", (0, 4)),
        ("0 tot 5 jaar", (0, 4)),
        ("95 jaar of ouder", (95, None)),
        ("95+", (95, None)),
        ("18 jaar", (18, 18)),
        ("Totaal leeftijd", "total"),
        ("10000", "total"),
        ("20-18", None),
        ("jong", None),
    ],
)
def test_age_classes(text: str, known: object) -> None:
    assert age_class(text) == known


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"leeftijd"', '"groep"', "has no column leeftijd"),
        ('1001,"0-14",25,15,10', '1001,"0-14",25,15', "line 2: 4 cells where the header has 5"),
        ('1001,"0-14",25,15,10', '1001,"0-14",25,-15,10', "'-15', a negative number"),
        ('1001,"0-14",25,15,10', '1001,"0-14",25,vijftien,10', "'vijftien', no whole number"),
        ('1001,"0-14",25,15,10', '1001,"0-14",25,15.5,10', "'15.5', no whole number"),
        ('1001,"0-14",25,15,10', '1001,"0-14",25,1.000,10', "'1.000', no whole number"),
        ('1001,"0-14",25,15,10', '1001,"0-14",25,1e+05,10', "'1e\\+05', no whole number"),
        ('1002,"0-14",5,5,0', '1001,"0-14",5,5,0', "1001 0-14: .* more than once"),
        ('1001,"15-19"', '1001,"tieners"', "'tieners' is no age class"),
        ('1001,"0-14"', '10011,"0-14"', "'10011' is no postcode of four digits"),
        ('1001,"0-14"', ',"0-14"', "the column pc4 is empty"),
        ('1002,"0-14",5,5,0\n', "", "1002: the age class 0-14 is missing"),
        ('"15-19"', '"16-19"', "between 0-14 and 16-19 an age class is missing"),
        ('"15-19"', '"10-19"', "0-14 and 10-19 overlap"),
        ('1001,"0-14",25,15,10', '1001,"0-14",25,NA,10', "some of its figures are unknown"),
        ('1001,"0-14",25,15,10', '1001,"0-14",250,15,10', "rounding does not explain it"),
        ('"inwoners_vrouw"', '"inwoners_man"', "more than once"),
        ('"inwoners",', '"inwoners","bevolking",', "line 2: 5 cells where the header has 6"),
        (
            '"postcode","leeftijd"',
            '"pc4","postcode"',
            "pc4, postcode would both be postcode|leeftijd",
        ),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in cbs.POPULATION
    path = cbs.write(tmp_path, "pc4.csv", cbs.POPULATION.replace(old, new))
    if "age class is missing" in told and "between" not in told:
        path = cbs.write(tmp_path, "pc4.csv", cbs.POPULATION.replace(old, new, 1))
    with pytest.raises(Refusal, match=told) as refused:
        read_cbs(path)
    assert "pc4.csv" in str(refused.value)


def test_the_wrong_file_is_named_for_what_it_is(tmp_path: Path) -> None:
    path = cbs.write(tmp_path, "areas.csv", cbs.AREAS)
    with pytest.raises(Refusal, match=r"areas.csv is a table of municipalities and the regions"):
        read_cbs(path, "population")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("geen tabel\n", "is no table"),
        ('"a","b"\n', "no figures under it"),
        ("<html></html>", "holds a web page"),
        ("a,b\n\0,2\n", "NUL byte"),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(Refusal, match=told):
        read_cbs(cbs.write(tmp_path, "x.csv", text))
    with pytest.raises(Refusal, match="does not exist"):
        read_cbs(tmp_path / "elders.csv")


def test_a_dimension_that_cuts_the_population_is_not_added_up(tmp_path: Path) -> None:
    cut = cbs.PORTAL.replace('"Perioden";', '"Perioden";"Herkomst";').replace(
        '"2021JJ00";', '"2021JJ00";"Nederland";'
    )
    with pytest.raises(Refusal, match="column Herkomst cuts the population"):
        read_cbs(cbs.write(tmp_path, "x.csv", cut))
    whole = cut.replace('"2021JJ00";"Nederland"', '"2021JJ00";"Totaal"')
    assert len(read_cbs(cbs.write(tmp_path, "x.csv", whole)).frame) == 2


def test_only_men_is_refused(tmp_path: Path) -> None:
    men = "\n".join(line for line in cbs.PORTAL.split("\n") if '"4000' not in line)
    with pytest.raises(Refusal, match="no figures of women"):
        read_cbs(cbs.write(tmp_path, "x.csv", men))
