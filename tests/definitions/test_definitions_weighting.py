"""Faults in weighting plans: each with its file, line and remedy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.definitions import DefinitionError, check_survey, load_survey
from flows.definitions.schemes import load_scheme, other_schemes, scheme_file, scheme_name
from flows.errors import Refusal

SOUND = """\
method: raking
groups:
  variable: B05
  minimum: 60
  join: [["3", "4"]]
margins:
  - variable: gender2
    source: Fictional
    reference_date: 2026-01-01
    collapse: [[m, v]]
    targets_by:
      "1": {m: 900, v: 1100}
      "2": {m: 1900, v: 2100}
      "3": {m: 600, v: 500}
      "4": {m: 1200, v: 1300}
      "5": {m: 1400, v: 1500}
  - variable: edu3
    source: Fictional
    reference_date: 2026-01-01
    targets_by:
      "1": {low: 0.2, middle: 0.3, high: 0.5}
      "2": {low: 0.2, middle: 0.4, high: 0.4}
      "3": {low: 0.3, middle: 0.3, high: 0.4}
      "4": {low: 0.3, middle: 0.4, high: 0.3}
      "5": {low: 0.4, middle: 0.3, high: 0.3}
"""

NATIONAL = """\
margins:
  - variable: gender2
    source: Fictional
    reference_date: 2026-01-01
    targets: {m: 0.49, v: 0.51}
"""


@pytest.fixture(scope="module")
def folder(surveys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the theme panel that a test may change."""
    copied = tmp_path_factory.mktemp("definitions") / "surveys"
    shutil.copytree(surveys, copied)
    return copied / "themapanel"


def faults(folder: Path, text: str) -> list[tuple[int, str]]:
    (folder / "weighting.yaml").write_text(text, encoding="utf-8")
    found = check_survey(folder)
    assert all(fault.file.endswith("weighting.yaml") for fault in found)
    assert all(fault.remedy for fault in found)
    return [(fault.line, fault.message) for fault in found]


def test_a_survey_with_groups_is_sound(folder: Path) -> None:
    assert faults(folder, SOUND) == []
    plan = load_survey(folder).weighting
    assert plan.groups is not None
    assert plan.groups.join == (("3", "4"),)
    assert plan.margins[0].targets_by["3"] == {"m": 600, "v": 500}


GROUPS = {
    "unknown variable": ("variable: B05", "variable: B55", 3, "B55 is no question"),
    "a grid": ("variable: B05", "variable: E01", 3, "E01 is a grid question"),
    "also a margin": ("variable: B05", "variable: gender2", 3, "both the groups' variable"),
    "join of nobody": ('[["3", "4"]]', '[["3", "9"]]', 5, "names group 9"),
    "join in a circle": ('[["3", "4"]]', '[["3", "4"], ["4", "3"]]', 5, "circle through group 3"),
    "minimum": ("minimum: 60", "minimum: 0", 2, "numbers of respondents"),
    "level": ("{m: 600, v: 500}", "{m: 600, x: 500}", 14, "group 3: level v has no target"),
    "strange group": ('"5": {m: 1400, v: 1500}', '"6": {m: 1, v: 2000}', 11, "targets for 6"),
    "lacking group": ('      "5": {m: 1400, v: 1500}\n', "", 11, "no targets for group 5"),
    "negative": ("{m: 600, v: 500}", "{m: -600, v: 5000}", 14, "target of level m is -600"),
    "mixed": ("{low: 0.2, middle: 0.3, high: 0.5}", "{low: 2, middle: 3, high: 5}", 20, "has not"),
    "slip": ("{low: 0.2, middle: 0.3, high: 0.5}", "{low: 0.2, middle: 0.3, high: 0.4}", 21, "0.9"),
    "targets too": ("    collapse: [[m, v]]\n", "    targets: {m: 1, v: 1}\n", 10, "for nothing"),
    "collapse level": ("[[m, v]]", "[[m, x]]", 10, "names level x"),
    "collapse circle": ("[[m, v]]", "[[m, v], [v, m]]", 10, "circle through level m"),
}  # fmt: skip


@pytest.mark.parametrize("kind", GROUPS)
def test_faults_of_groups_and_margins(kind: str, folder: Path) -> None:
    before, after, line, words = GROUPS[kind]
    assert before in SOUND
    found = faults(folder, SOUND.replace(before, after, 1))
    assert [line for line, message in found if words in message] == [line], found


def test_groups_with_only_shares(folder: Path) -> None:
    first = SOUND.index("  - variable: gender2")
    second = SOUND.index("  - variable: edu3")
    ((line, message),) = faults(folder, SOUND[:first] + SOUND[second:])
    assert line == 6
    assert "numbers of people are unknown" in message


LIMITS = {
    "logit without bounds": ("method: logit", 6, "logit needs bounds"),
    "logit and trim": ("method: logit\nbounds: [0.3, 3]\ntrim: {upper: 3}", 8, "go with logit"),
    "poststratify and trim": ("method: poststratify\ntrim: {upper: 3}", 7, "cannot go with post"),
    "poststratify and missing": ("method: poststratify\nmissing: proportional", 7, "proportional"),
    "bounds on one side": ("bounds: [1.2, 3]", 6, "bounds are 1.2 and 3"),
    "negative bounds": ("bounds: [-1, 3]", 6, "bounds are -1 and 3"),
    "trim of nothing": ("trim: {of: mean}", 6, "neither upper nor lower"),
    "cap under the mean": ("trim: {upper: 0.9}", 6, "trim is 0.9, of mean"),
    "cap of the median": ("trim: {lower: 1.5, of: median}", 6, "trim is 1.5, of median"),
    "quantile over 1": ("trim: {upper: 95, of: quantile}", 6, "trim is 95, of quantile"),
    "quantiles swapped": ("trim: {lower: 0.9, upper: 0.1, of: quantile}", 6, "0.9 and 0.1"),
    "tolerance": ("tolerance: 0.5", 6, "tolerance is 0.5"),
    "minimum per level": ("minimum_per_level: -1", 6, "number of respondents"),
    "note under the mean": ("note_above: 0.5", 6, "note_above is 0.5"),
    "refused before noted": ("note_above: 3\nrefuse_from: 2", 7, "under note_above"),
    "base weight": ("base_weight: gewicht", 6, "gewicht is no question of type number"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LIMITS)
def test_faults_of_limits(kind: str, folder: Path) -> None:
    added, line, words = LIMITS[kind]
    found = faults(folder, NATIONAL + added + "\n")
    assert [line for line, message in found if words in message] == [line], found


@pytest.mark.parametrize(
    "sound",
    [
        "trim: {upper: 3}",
        "trim: {lower: 0.3, upper: 3}",
        "trim: {upper: 4, of: median}",
        "trim: {lower: 0.02, upper: 0.98, of: quantile}",
        "method: linear\nbounds: [-1, 3]",
        "method: logit\nbounds: [0.3, 3]",
        "method: poststratify",
        "note_above: 3\nrefuse_from: 5",
    ],
)
def test_sound_limits(sound: str, folder: Path) -> None:
    assert faults(folder, NATIONAL + sound + "\n") == []


def test_faults_of_a_composition(folder: Path) -> None:
    codes = load_plan_codes(folder)
    shares = {code: 1 / len(codes) for code in codes}

    def told(shares: dict[str, float], errors: dict[str, float]) -> str:
        lines = [
            "composition:",
            "  source: Estimated",
            "  reference_date: 2026-01-01",
            f"  shares: {{{', '.join(f'{k}: {v}' for k, v in shares.items())}}}",
            f"  standard_errors: {{{', '.join(f'{k}: {v}' for k, v in errors.items())}}}",
        ]
        found = faults(folder, NATIONAL + "\n".join(lines) + "\n")
        return "\n".join(f"{line} {message}" for line, message in found)

    errors = dict.fromkeys(codes, 0.01)
    assert told(shares, errors) == "6 composition: survey.yaml says role: theme."
    info = folder / "survey.yaml"
    text = info.read_text(encoding="utf-8")
    info.write_text(text.replace("role: theme", "role: consultation"), encoding="utf-8")
    try:
        assert told(shares, errors) == ""
        assert "9 composition: the shares add up to" in told({**shares, codes[0]: 0.5}, errors)
        less = {code: share for code, share in shares.items() if code != codes[0]}
        assert f"{codes[0]} has no number under shares" in told(less, errors)
        assert "elsewhere has a number but is no profile" in told(
            shares, {**errors, "elsewhere": 0}
        )
        assert f"{codes[0]} is 2 under standard_errors" in told(shares, {**errors, codes[0]: 2})
    finally:
        info.write_text(text, encoding="utf-8")


def load_plan_codes(folder: Path) -> tuple[str, ...]:
    (folder / "weighting.yaml").write_text(NATIONAL, encoding="utf-8")
    return load_survey(folder).profiles.codes


class TestSchemes:
    @pytest.fixture
    def schemes(self, folder: Path) -> Iterator[Path]:
        (folder / "weighting.yaml").write_text(NATIONAL, encoding="utf-8")
        other = folder / "weighting.groot.yaml"
        other.write_text(SOUND, encoding="utf-8")
        yield folder
        other.unlink()

    def test_they_are_found_by_name_or_path(self, schemes: Path, tmp_path: Path) -> None:
        assert list(other_schemes(schemes)) == ["groot"]
        assert scheme_file(schemes, "weighting") == schemes / "weighting.yaml"
        for scheme in ("groot", "weighting.groot.yaml", str(schemes / "weighting.groot.yaml")):
            assert scheme_file(schemes, scheme).resolve() == schemes / "weighting.groot.yaml"
        assert scheme_name(schemes / "weighting.yaml") == "weighting"
        assert scheme_name(schemes / "weighting.groot.yaml") == "groot"
        assert scheme_name(tmp_path / "elsewhere.yaml") == "elsewhere"
        with pytest.raises(Refusal, match="There are: weighting, groot"):
            scheme_file(schemes, "klein")

    def test_they_are_read_and_checked_like_the_survey_s_own(self, schemes: Path) -> None:
        survey = load_survey(schemes)
        other = schemes / "weighting.groot.yaml"
        assert load_scheme(survey, schemes, other).groups is not None
        assert check_survey(schemes) == []
        other.write_text(SOUND.replace("variable: B05", "variable: B55"), encoding="utf-8")
        with pytest.raises(DefinitionError, match=r"weighting\.groot\.yaml:3: .*B55"):
            load_scheme(survey, schemes, other)
        (fault,) = check_survey(schemes)
        assert (Path(fault.file).name, fault.line) == ("weighting.groot.yaml", 3)
        load_survey(schemes)  # the survey itself can be used
