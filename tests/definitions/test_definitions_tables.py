"""What a questionnaire and a dossier declare about tables: resolved at load, checked with place."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_definitions_load import FILES, change

from flows.definitions import check_survey, load_survey
from flows.definitions.dossier_plan import Publication

EXTRA = """\
  - code: R1
    dimension: motive
    type: ranking
    text: Wat is het belangrijkst?
    top: 2
    maximum: 3
    options:
      - {code: a, nl: Geld}
      - {code: b, nl: Gemak}
      - {code: c, nl: Klimaat}
      - {code: d, nl: Anders}
  - code: N1
    dimension: behaviour
    type: number
    text: Hoeveel?
    minimum: 0
    statistics: [mean, median]
    bands:
      - {code: geen, nl: Geen, high: 0}
      - {code: meer, nl: Een of meer, low: 1}
  - code: O1
    dimension: motive
    type: open
    text: Waarom?
    coded: [O1_1, O1_2]
    options:
      - {code: a, nl: Geld, source: ["1"]}
      - {code: b, nl: Gemak, source: ["2"]}
  - code: S1
    dimension: attitude
    type: single
    scale: agree
    text: Bent u het eens?
    experiment: X1
    nets:
      - {code: eens, nl: Eens, top: 1}
      - {code: oneens, nl: Oneens, bottom: 1}
    scores:
      - {code: saldo, nl: Saldo, plus: eens, minus: oneens}
  - code: X1
    dimension: attitude
    type: experiment
    text: Welk argument?
    options:
      - {code: ja, nl: Argument}
      - {code: nee, nl: Geen argument}
"""
TABLES = """\
themes:
  - code: buurt
    title: {nl: Buurt, en: Neighbourhood}
    banner: [profile, age2, [profile, age2]]
    tables:
      - code: huurders
        title: Alleen mannen
        questions: [Q1]
        filter: {B02: [m]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    change(tmp_path, "questionnaire", "derived:\n", EXTRA + "derived:\n")
    path = tmp_path / "dossier.yaml"
    head = path.read_text(encoding="utf-8").split("themes:")[0]
    path.write_text(head + TABLES, encoding="utf-8")
    return tmp_path


def test_everything_declared_is_sound(folder: Path) -> None:
    assert [str(fault) for fault in check_survey(folder)] == []


def test_a_net_of_the_top_is_the_most_positive_end(folder: Path) -> None:
    # The scale's direction is lower: the smallest value is the most positive answer.
    nets = {n.code: n.options for n in load_survey(folder).questionnaire.question("S1").nets}
    assert nets == {"eens": ("3",), "oneens": ("1",)}
    change(folder, "questionnaire", "direction: lower", "direction: higher")
    nets = {n.code: n.options for n in load_survey(folder).questionnaire.question("S1").nets}
    assert nets == {"eens": ("1",), "oneens": ("3",)}


def test_an_experiment_and_its_outcome_know_each_other(folder: Path) -> None:
    questionnaire = load_survey(folder).questionnaire
    assert questionnaire.question("X1").outcomes == ("S1",)
    assert questionnaire.question("X1").reference_arm == "nee"
    change(folder, "questionnaire", "    experiment: X1\n", "")
    change(folder, "questionnaire", "    text: Welk argument?", "    text: x\n    outcomes: [S1]")
    questionnaire = load_survey(folder).questionnaire
    assert questionnaire.question("S1").experiment == "X1"


def test_statistics_of_a_number(folder: Path) -> None:
    questionnaire = load_survey(folder).questionnaire
    assert questionnaire.question("N1").shown_statistics == ("mean", "median")
    # A number has its mean where nothing is said, and mean: true still means the mean.
    assert questionnaire.question("B01").shown_statistics == ("mean",)
    change(folder, "questionnaire", "    headline: eens\n", "    headline: eens\n    mean: true\n")
    assert load_survey(folder).questionnaire.question("Q1").shown_statistics == ("mean",)


def test_banners_filters_and_tests_of_a_dossier(folder: Path) -> None:
    change(
        folder, "dossier", "themes:", "publication: {test: dimensions, correction: none}\nthemes:"
    )
    dossier = load_survey(folder).dossier
    theme = dossier.theme("buurt")
    assert theme.banner == (("profile",), ("age2",), ("profile", "age2"))
    assert theme.tables[0].filter == {"B02": ("m",)}
    assert theme.tables[0].banner == (("profile",),)
    assert (dossier.publication.test, dossier.publication.correction) == ("dimensions", "none")
    assert Publication().test == "versus_rest"


def test_the_columns_of_a_coded_open_question(folder: Path) -> None:
    columns = {c.name: c for c in load_survey(folder).questionnaire.columns("w2026")}
    assert columns["O1_a"].sources("w2026") == ("O1_1", "O1_2")
    assert "O1" not in columns
    assert columns["R1_a"].codes == ("1", "2", "3", "0")


FAULTS = [
    ("top: 2", "top: 5", "top 5 of the 3 places that can be given"),
    ("top: 2", "nets: [{code: x, nl: x, options: [a]}]", "a ranking has no nets"),
    ("high: 0}", "high: 5}", "band meer starts before geen has ended"),
    ("low: 1}", "low: 3}", "numbers between bands geen and meer have no band"),
    ("low: 1}", "low: 1, high: 9}", "numbers above band meer have no band"),
    ("statistics: [mean, median]", "headline: median", "is no net, option or mean"),
    ("bottom: 1", "bottom: 3", "the top or bottom 3 of 3 options with a value"),
    (
        "direction: lower",
        "direction: none",
        "net eens is the top or bottom 1, but the scale has no",
    ),
    ("minus: oneens", "minus: tegen", "score saldo names the unknown net or option tegen"),
    ("minus: oneens", "minus: eens", "eens and eens share an option"),
    ("experiment: X1", "experiment: Q2", "Q2 is no experiment"),
    ("experiment: X1", "experiment: X9", "there is no experiment X9"),
    ("    text: Welk argument?", "    text: x\n    reference: zz", "there is no arm zz"),
    ("    text: Welk argument?", "    text: x\n    outcomes: [Q2]", "which no one row stands for"),
    (
        "    text: Welk argument?",
        "    text: x\n    outcomes: [Q9]",
        "its outcome Q9 is no question",
    ),
    ("coded: [O1_1, O1_2]", "coded: [O1_1, O1_1]", "a coded column is named twice"),
    ("coded: [O1_1, O1_2]", "mean: true", "an open question has no mean"),
    (
        "    text: Bent u het eens?\n    exp",
        "    text: x\n    coded: [a]\n    exp",
        "coded columns hold",
    ),
    ("    top: 2", "    overview: true", "a ranking question has no overview"),
    ("    minimum: 0", "    top: 2", "top tells of a ranking"),
    ("    maximum: 3", "    dont_know: answer", "don't know is no answer of a ranking"),
    ("    minimum: 0", "    dont_know: answer", "but no option means don't know"),
    ("{code: a, nl: Geld}", "{code: mean, nl: Geld}", "mean is the code of a statistic"),
    (
        "{code: d, nl: Anders}",
        "{code: a-rank, nl: x}",
        "two rows of its table share the code a-rank",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), FAULTS)
def test_faults_of_questions_have_their_place(folder: Path, old: str, new: str, said: str) -> None:
    change(folder, "questionnaire", old, new)
    found = [fault for fault in check_survey(folder) if said in fault.message]
    assert len(found) == 1, [str(fault) for fault in check_survey(folder)]
    assert found[0].file.endswith("questionnaire.yaml")
    assert found[0].line > 0
    assert found[0].remedy


def test_an_outcome_without_a_headline(folder: Path) -> None:
    change(folder, "questionnaire", "    headline: eens\n", "")
    said = [fault.message for fault in check_survey(folder)]
    assert "X1: its outcome S1 has no headline." in said


def test_a_net_is_declared_in_one_way(folder: Path) -> None:
    change(folder, "questionnaire", "top: 1}", 'top: 1, options: ["1"]}')
    (fault,) = check_survey(folder)
    assert "net eens needs one of options, top and bottom" in fault.message
    assert fault.line > 0


DOSSIER_FAULTS = [
    (
        "banner: [profile, age2, [",
        "banner: [profile, Q9, [",
        "Q9 is no question or derived variable",
    ),
    ("banner: [profile, age2, [", "banner: [profile, Q2, [", "Q2 is a multiple question"),
    ("banner: [profile, age2, [", "banner: [profile, profile, [", "has profile twice"),
    ("[profile, age2]]", "[age2, age2]]", "age2 is nested in itself"),
    ("banner: [profile, age2, [profile, age2]]", "banner: []", "the banner has no columns"),
    (
        "filter: {B02: [m]}",
        "filter: {B02: [x]}",
        "the filter names x, a code that B02 does not have",
    ),
    ("filter: {B02: [m]}", "filter: {B02: []}", "the filter on B02 names no codes"),
    ("filter: {B02: [m]}", "filter: {B99: [m]}", "B99 is no question or derived variable"),
    ("filter: {B02: [m]}", "filter: {profile: [p1]}", "would leave their columns empty"),
    ("questions: [Q1]", "questions: [Q99]", "there is no question Q99"),
]


@pytest.mark.parametrize(("old", "new", "said"), DOSSIER_FAULTS)
def test_faults_of_banners_and_filters(folder: Path, old: str, new: str, said: str) -> None:
    change(folder, "dossier", old, new)
    found = [fault for fault in check_survey(folder) if said in fault.message]
    assert len(found) == 1, [str(fault) for fault in check_survey(folder)]
    assert found[0].file.endswith("dossier.yaml")
    assert found[0].line > 0
    assert found[0].remedy


def test_profile_is_a_reserved_word(folder: Path) -> None:
    change(folder, "questionnaire", "  - code: N1", "  - code: profile")
    assert "the code profile is kept for the profiles." in [
        fault.message for fault in check_survey(folder)
    ]


DESIGNS = [
    ("design: {strata: B02, population: {m: 100, v: 120}}", None),
    ("design: {population: {all: 1000}}", None),
    ("design: {strata: B99}", "strata names no question or derived variable: B99"),
    ("design: {clusters: B99}", "clusters names no question or derived variable: B99"),
    ("design: {strata: Q2}", "Q2 is a multiple question"),
    ("design: {strata: B02, population: {m: 100}}", "not given per stratum (missing: v)"),
    ("design: {strata: B02, population: {m: 1, v: 1, x: 1}}", "(unknown: x)"),
    ("design: {strata: B02, population: {m: 100, v: 0}}", "a population is a number of people"),
]


@pytest.mark.parametrize(("design", "said"), DESIGNS)
def test_the_design_of_a_sample(folder: Path, design: str, said: str | None) -> None:
    change(folder, "survey", "    themes: [buurt]", f"    {design}\n    themes: [buurt]")
    found = check_survey(folder)
    if said is None:
        assert found == []
        return
    assert len(found) == 1
    assert said in found[0].message
    assert found[0].file.endswith("survey.yaml")
    assert found[0].line > 0
