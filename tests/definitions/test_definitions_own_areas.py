"""Own areas: what areas.yaml may hold, and how its faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.definitions.errors import DefinitionError
from flows.definitions.own_areas import (
    AreaRules,
    OwnAreas,
    checked_parts,
    load_own_areas,
    part_fault,
)

KNOWN = {
    "pc4": frozenset({"1011", "1012", "2000"}),
    "wijk": frozenset({"w0101", "w0102"}),
    "municipality": frozenset({"g01", "2000"}),
}
GOOD = """
base: klein
areas:
  - code: zuid
    nl: Zuid
    of: [w0101, "1011", "pc4:2000"]
"""


def written(folder: Path, text: str) -> Path:
    (folder / "areas.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_survey_without_the_file_has_no_own_areas(tmp_path: Path) -> None:
    assert load_own_areas(tmp_path) == OwnAreas()


def test_own_areas_are_read_with_their_names_and_rules(tmp_path: Path) -> None:
    own = load_own_areas(written(tmp_path, GOOD + "rules: {minimum_points: 5}\n"))
    area = own.find("zuid")
    assert area is not None
    assert area.of == ("w0101", "1011", "pc4:2000")
    assert area.label["en"] == "Zuid"
    assert own.rules.minimum_points == 5
    assert own.rules.fewest_residents == AreaRules().fewest_residents == 500
    assert own.of_base("klein") == own.areas
    assert own.of_base("groot") == ()
    assert own.find("noord") is None
    checked_parts(tmp_path, own.areas, KNOWN)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD + "  - {code: zuid, nl: Weer, of: [g01]}\n", ":7: zuid: this code is used twice"),
        (GOOD.replace('"1011"', "w0101"), ":6: zuid: w0101 is named twice"),
        (GOOD.replace('[w0101, "1011", "pc4:2000"]', "[]"), ":6: areas.0.of"),
        (GOOD.replace("nl: Zuid", "naam: Zuid"), ":5: areas.0.naam: this key is unknown"),
        (GOOD.replace('"1011"', "1011"), ":6: areas.0.of.1: a text is expected"),
        (GOOD + "rules: {fewest_respondents: 10}\n", ":7: rules.fewest_respondents"),
        (GOOD + "areas: []\n", "not valid YAML"),
    ],
)
def test_faults_are_told_with_their_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        load_own_areas(written(tmp_path, text))
    assert told in str(refused.value)
    assert "areas.yaml" in str(refused.value)


def test_every_unknown_part_is_told_with_its_line_and_near_codes(tmp_path: Path) -> None:
    text = GOOD + "  - code: noord\n    nl: Noord\n    of: [w0103, 'straat:x', '2000']\n"
    own = load_own_areas(written(tmp_path, text))
    with pytest.raises(DefinitionError) as refused:
        checked_parts(tmp_path, own.areas, KNOWN)
    assert [fault.line for fault in refused.value.faults] == [9, 9, 9]
    said = str(refused.value)
    assert "w0103 is no area of this base. Did you mean w0102 or w0101?" in said
    assert "straat is no level of areas" in said
    assert "2000 is an area of the levels pc4 and municipality" in said


def test_a_level_that_the_base_lacks_is_told() -> None:
    told = part_fault("buurt:w0101", KNOWN)
    assert told is not None
    assert told[0] == "buurt:w0101: this base has no areas of level buurt."
    assert part_fault("wijk:w0101", KNOWN) is None
    assert part_fault("pc4:2000", KNOWN) is None


def test_rules_keep_their_floors() -> None:
    with pytest.raises(ValidationError):
        AreaRules(fewest_residents=4)
    with pytest.raises(ValidationError):
        AreaRules(fewest_respondents=29)


def test_the_shipped_areas_are_without_faults(surveys: Path) -> None:
    for file in surveys.glob("*/areas.yaml"):
        assert load_own_areas(file.parent).areas
