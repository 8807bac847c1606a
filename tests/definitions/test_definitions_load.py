"""Reading a survey folder: what is resolved, and what a writer of YAML is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.definitions import DefinitionError, Missing, check_survey, load_survey
from flows.errors import Refusal

SURVEY = """\
code: proef
title: {nl: Proef, en: Trial}
role: model
profiles: own_answers
waves:
  - code: w2026
    title: {nl: Proef 2026, en: Trial 2026}
    period: {nl: maart 2026, en: March 2026}
    field: {start: 2026-03-02, end: 2026-03-29}
    mode: online
    population: {nl: inwoners van 18 jaar en ouder, en: residents aged 18 and over}
    frame: panel
    selection: {nl: alle leden, en: all members}
    themes: [buurt]
    sources:
      - {id: id, duration: minutes, progress: progress}
"""
QUESTIONNAIRE = """\
scales:
  agree:
    direction: lower
    headline: eens
    options:
      - {code: "1", nl: Eens, en: Agree, value: 3}
      - {code: "2", nl: Neutraal, en: Neutral, value: 2}
      - {code: "3", nl: Oneens, en: Disagree, value: 1}
      - {code: "9", nl: Weet niet, en: Don't know, missing: dont_know}
    nets:
      - {code: eens, nl: Eens, en: Agree, options: ["1"]}
questions:
  - {code: B01, dimension: demographic, type: number, text: Leeftijd, minimum: 18, maximum: 110}
  - code: B02
    dimension: demographic
    type: single
    text: {nl: "Bent u man of vrouw?", en: "Are you a man or a woman?"}
    options:
      - {code: m, nl: Man, en: Man, source: ["0"]}
      - {code: v, nl: Vrouw, en: Woman, source: ["1"]}
  - code: Q1
    theme: buurt
    dimension: attitude
    type: grid
    scale: agree
    text: {nl: "Bent u het eens?", en: "Do you agree?"}
    items:
      - {code: a, nl: Mijn buurt is fijn, en: My area is nice, column: F1_1}
      - {code: b, nl: Mijn buurt is druk, en: My area is busy, column: F1_2}
  - code: Q2
    theme: buurt
    dimension: channel
    type: multiple
    text: {nl: "Wat leest u?", en: "What do you read?"}
    options:
      - {code: krant, nl: Krant, en: Paper}
      - {code: geen, nl: Geen, en: None, exclusive: true, last: true}
derived:
  - code: age2
    text: {nl: Leeftijd, en: Age}
    kind: bands
    of: [B01]
    levels:
      - {code: jong, nl: tot 50, en: under 50, low: 18, high: 49}
      - {code: oud, nl: 50 en ouder, en: 50 and over, low: 50, high: 110}
  - {code: agesex, text: Leeftijd en geslacht, kind: cross, of: [age2, B02]}
"""
PROFILES = """\
version: m1
valid_from: 2026-01-01
items: [Q1]
concomitants: [age2]
axes: {trust: {of: [Q1]}}
profiles:
  - {code: p1, nl: Een, en: One, alias: Een}
  - {code: p2, nl: Twee, en: Two, alias: Twee}
"""
WEIGHTING = """\
margins:
  - variable: agesex
    targets: {jong_m: 25, jong_v: 25, oud_m: 24, oud_v: 26}
    source: CBS
    reference_date: 2026-01-01
"""
DOSSIER = """\
publisher: Bureau
contact: bureau@voorbeeld.nl
usage: {nl: Delen mag., en: You may share this.}
next_edition: {nl: Volgend jaar., en: Next year.}
coverage: {nl: Wie geen internet heeft ontbreekt., en: People offline are missing.}
themes:
  - {code: buurt, title: {nl: Buurt, en: Neighbourhood}, stance: Q1_a, channels: Q2}
"""
FILES = {
    "survey": SURVEY,
    "questionnaire": QUESTIONNAIRE,
    "profiles": PROFILES,
    "weighting": WEIGHTING,
    "dossier": DOSSIER,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def change(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_sound_survey_has_no_faults(folder: Path) -> None:
    assert check_survey(folder) == []
    survey = load_survey(folder)
    assert survey.code == "proef"
    assert [w.code for w in survey.info.waves] == ["w2026"]


def test_questions_take_what_their_scale_gives(folder: Path) -> None:
    question = load_survey(folder).questionnaire.question("Q1")
    assert [o.code for o in question.options] == ["1", "2", "3", "9"]
    assert [o.code for o in question.substantive] == ["1", "2", "3"]
    assert question.options[-1].missing is Missing.DONT_KNOW
    assert (question.headline, question.direction) == ("eens", "lower")
    assert [o.score for o in question.options] == [3, 2, 1, None]


def test_answer_columns_and_their_sources(folder: Path) -> None:
    columns = {c.name: c for c in load_survey(folder).questionnaire.columns("w2026")}
    assert list(columns) == ["B01", "B02", "Q1_a", "Q1_b", "Q2_krant", "Q2_geen"]
    assert columns["Q1_a"].source("w2026") == "F1_1"
    assert columns["Q2_krant"].source("w2026") == "Q2_krant"
    assert columns["Q1_b"].number == "Q1b"
    assert columns["B02"].categories[:2] == ("m", "v")
    assert ".dont_know" in columns["B02"].categories


def test_crossed_levels(folder: Path) -> None:
    levels = load_survey(folder).questionnaire.levels("agesex")
    assert [level.code for level in levels] == ["jong_m", "jong_v", "oud_m", "oud_v"]
    assert levels[0].label["en"] == "under 50, Man"


def test_every_fault_is_told_at_once_with_its_line(folder: Path) -> None:
    change(folder, "questionnaire", "scale: agree", "scale: agreee")
    change(folder, "weighting", "oud_v: 26", "oud_x: 26")
    change(folder, "dossier", "channels: Q2", "channels: Q9")
    faults = check_survey(folder)
    told = "\n".join(map(str, faults))
    assert "there is no scale agreee" in told
    assert "level oud_x has a target but no such level" in told
    assert "level oud_v has no target" in told
    assert "names the unknown question Q9" in told
    scale = next(f for f in faults if "agreee" in f.message)
    assert scale.line == QUESTIONNAIRE.splitlines().index("  - code: Q1") + 1


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("questionnaire", '{code: "1", nl: Eens', "{code: 1, nl: Eens", "put quotes around"),
        ("questionnaire", "dimension: attitude", "dimension: mood", "dimension"),
        ("questionnaire", "scale: agree\n", "scale: agree\n    colour: red\n", "unknown"),
        ("questionnaire", "code: Q2", "code: Q1", "Q1 is given 2 times"),
        ("questionnaire", 'source: ["1"]', 'source: ["0"]', "source code 0 belongs to 2"),
        ("survey", "code: proef", "code: proef\ncode: proef", "not valid YAML"),
        ("survey", "code: w2026", 'code: "2026"', "wave codes"),
        ("survey", "end: 2026-03-29", "end: 2026-02-01", "ends before it starts"),
        ("profiles", "version: m1\n", "", "version: this key is required"),
        ("profiles", "items: [Q1]", "items: [Q7]", "unknown variable Q7"),
        ("questionnaire", "of: [age2, B02]", "of: [age3, B02]", "unknown variable age3"),
        ("weighting", "oud_v: 26", "oud_v: 36", "add up to 110"),
        ("dossier", "publisher: Bureau", "publisher: 2029", "Write a text between quotes"),
        ("weighting", "variable: agesex", "variable: leeftijd", "no question or derived"),
    ],
)
def test_faults_are_told_in_words(folder: Path, name: str, old: str, new: str, told: str) -> None:
    change(folder, name, old, new)
    found = [fault for fault in check_survey(folder) if told in str(fault)]
    assert [Path(fault.file).stem for fault in found] == [name]
    assert found[0].line > 0 or name == "profiles"
    with pytest.raises(DefinitionError):
        load_survey(folder)


def test_a_missing_file_and_a_missing_folder(folder: Path) -> None:
    (folder / "weighting.yaml").unlink()
    (fault,) = check_survey(folder)
    assert "missing" in str(fault)
    with pytest.raises(Refusal, match="no such survey folder"):
        check_survey(folder / "elders")


def test_the_folder_above_the_surveys_names_them(surveys: Path) -> None:
    with pytest.raises(Refusal, match=r"Name one of them: .*themapanel"):
        check_survey(surveys)
