"""Definitions of bases of areas: read whole, and refused with file, line and remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows.definitions.area_base import base_names, load_area_base
from flows.definitions.errors import DefinitionError
from flows.errors import Refusal

SMALL = """\
base: klein
title: {nl: Klein, en: Small}
source: {nl: Verzonnen, en: Made up}
simulated: true
vintages:
  2026: {reference_date: 2026-01-01}
files:
  areas: {name: "areas-{year}.csv"}
  people: {name: people.csv}
areas:
  file: areas
  codes: {pc6: postcode, municipality: gemeente}
  inhabitants: inwoners
  residents: volwassenen
margins:
  age2:
    levels: [young, old]
    published:
      - {level: pc6, file: people, columns: "age2_{code}"}
      - level: municipality
        file: people
        columns: {old: pct_old}
        shares_of: residents
        rest: {young: 1}
"""


def written(folder: Path, text: str, name: str = "klein") -> Path:
    (folder / "bases").mkdir(exist_ok=True)
    (folder / "bases" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_every_shipped_base_loads(surveys: Path) -> None:
    names = base_names(surveys)
    assert "cbs" in names
    for name in names:
        definition = load_area_base(surveys, name)
        assert definition.base == name
        assert definition.levels[-1] == "country"
        assert definition.areas.finest == definition.levels[0]


def test_real_base_is_not_simulated_and_states_its_assumptions(surveys: Path) -> None:
    definition = load_area_base(surveys, "cbs")
    assert not definition.simulated
    assert definition.levels == ("pc4", "municipality", "province", "country")
    assert {v: [level for level, _ in a] for v, a in definition.assumptions.items()} == {
        "age6": ["pc4"],
        "gender2": ["pc4"],
        "edu3": ["municipality"],
    }


def test_levels_follow_from_the_codes_and_defaults_are_filled(tmp_path: Path) -> None:
    definition = load_area_base(written(tmp_path, SMALL), "klein")
    assert definition.levels == ("pc6", "pc5", "pc4", "municipality", "country")
    assert definition.file_name("areas", 2026) == "areas-2026.csv"
    wide, shares = definition.margins["age2"].published
    assert wide.area_column == "pc6"
    assert wide.columns_of("young") == ("age2_young",)
    assert shares.columns_of("young") == ()
    assert shares.columns_of("old") == ("pct_old",)


def test_a_vintage_may_name_its_own_files(tmp_path: Path) -> None:
    text = SMALL.replace(
        "{reference_date: 2026-01-01}",
        '{reference_date: 2026-01-01, files: {people: "mensen_{year}.csv"}}',
    )
    definition = load_area_base(written(tmp_path, text), "klein")
    assert definition.file_name("people", 2026) == "mensen_2026.csv"


def test_ratio_of_the_rest_comes_from_the_library_of_targets(surveys: Path) -> None:
    definition = load_area_base(surveys, "cbs")
    (part,) = definition.margins["edu3"].published
    assert part.rest == {"low": 0.26, "middle": 0.38}


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("base: klein", "base: groot", 1, "Write klein"),
        ("simulated: true", "simulatd: true", 4, "simulatd: this key is unknown"),
        ("  2026: {reference_date: 2026-01-01}", "  2026: {}", 6, "reference_date"),
        (
            "{reference_date: 2026-01-01}",
            "{reference_date: 2026-01-01, redivision: nergens}",
            6,
            "redivision nergens",
        ),
        (
            "{reference_date: 2026-01-01}",
            "{reference_date: 2026-01-01, files: {folk: a.csv}}",
            6,
            "files of the base has no folk",
        ),
        ("  file: areas", "  file: area", 11, "Did you mean areas?"),
        ("{pc6: postcode,", "{pc7: postcode,", 12, "pc7"),
        ("residents: volwassenen", "residents_of: age3", 14, "no variable age3"),
        ("  residents: volwassenen\n", "", 11, "residents (a column) or residents_of"),
        ("[young, old]", "[young, young]", 17, "names a level twice"),
        ("{old: pct_old}", "{elder: pct_old}", 17, "did you mean old?"),
        ("file: people, columns", "file: folk, columns", 19, "files has no folk"),
        ("        rest: {young: 1}\n", "", 17, "nothing makes the level young"),
        ("rest: {young: 1}", "rest: {table: nergens}", 24, "the target table nergens"),
        ("rest: {young: 1}", "rest: {young: -1}", 20, "above zero"),
        ("level: municipality\n", "level: pc6\n", 17, "published twice"),
    ],
)
def test_faults_have_file_line_and_remedy(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    assert old in SMALL
    with pytest.raises(DefinitionError) as caught:
        load_area_base(written(tmp_path, SMALL.replace(old, new, 1)), "klein")
    told = [fault for fault in caught.value.faults if said in str(fault)]
    assert told, str(caught.value)
    assert told[0].file.endswith("klein.yaml")
    assert abs(told[0].line - line) <= 1, str(caught.value)


def test_faults_are_all_told_at_once(tmp_path: Path) -> None:
    text = SMALL.replace("simulated: true", "simulated: perhaps").replace("file: areas", "file: x")
    with pytest.raises(DefinitionError) as caught:
        load_area_base(written(tmp_path, text), "klein")
    assert len(caught.value.faults) == 2


def test_unknown_area_of_a_target_table_is_told(tmp_path: Path, surveys: Path) -> None:
    shutil.copytree(surveys / "targets", tmp_path / "targets")
    text = SMALL.replace("rest: {young: 1}", "rest: {table: edu3_nl_2021, area: BE}")
    with pytest.raises(DefinitionError, match="no area BE"):
        load_area_base(written(tmp_path, text), "klein")


def test_unknown_base_gets_a_near_name(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="Did you mean klein"):
        load_area_base(written(tmp_path, SMALL), "kleim")
    with pytest.raises(Refusal, match="Put its definition there"):
        load_area_base(tmp_path / "leeg", "klein")
