"""The analysis file: names, numbers, labels and missing values."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from flows.definitions.models import Text
from flows.definitions.options import MISSING_CODES
from flows.definitions.questionnaire import Questionnaire
from flows.ingest.analysis_file import AnalysisFile, codebook, write_sav
from flows.ingest.analysis_variables import Results, analysis_file, spss_names
from flows.ingest.errors import UnreadableFile

QUESTIONNAIRE = Questionnaire.model_validate(
    {
        "questions": [
            {
                "code": "A", "type": "scale", "dimension": "attitude", "direction": "higher",
                "text": {"nl": "Eens?", "en": "Agree?"},
                "options": [
                    {"code": "1", "nl": "eens", "en": "agree"},
                    {"code": "2", "nl": "oneens", "en": "disagree"},
                    {"code": "9", "nl": "geen idee", "en": "no idea", "missing": "dont_know"},
                ],
            },
            {
                "code": "B-1", "type": "single", "dimension": "attitude", "text": "Waar?",
                "options": [{"code": "stad", "nl": "stad"}, {"code": "dorp", "nl": "dorp"}],
            },
            {"code": "N", "type": "number", "dimension": "attitude", "text": "Graden?"},
            {
                "code": "M", "type": "multiple", "dimension": "behaviour", "text": "Wat?",
                "options": [{"code": "x", "nl": "iks"}, {"code": "y", "nl": "ij"}],
            },
            {
                "code": "R", "type": "ranking", "dimension": "motive", "text": "Eerst?",
                "options": [{"code": "x", "nl": "iks"}, {"code": "y", "nl": "ij"}],
            },
            {"code": "O", "type": "open", "dimension": "attitude", "text": "Nog iets?"},
            {
                "code": "Z", "type": "single", "dimension": "attitude", "text": "Elders?",
                "options": [{"code": "1", "nl": "ja"}],
            },
            {"code": "weight", "type": "number", "dimension": "attitude", "text": "Kilo?"},
        ],
        "derived": [
            {
                "code": "warm", "kind": "bands", "of": ["N"], "text": "Warm",
                "levels": [
                    {"code": "nee", "nl": "koud", "high": 0}, {"code": "ja", "nl": "warm", "low": 1}
                ],
            },
            {
                "code": "elders", "kind": "recode", "of": ["Z"], "text": "Niet gevraagd",
                "levels": [{"code": "a", "nl": "a", "options": ["1"]}],
            },
        ],
    }
)  # fmt: skip


def coded(values: list[str], *codes: str) -> pd.Categorical:
    return pd.Categorical(values, categories=[*codes, *MISSING_CODES])


@pytest.fixture(scope="module")
def answers() -> pd.DataFrame:
    none = ["", *MISSING_CODES]
    return pd.DataFrame(
        {
            "respondent": ["r1", "r2", "r3"],
            "A": coded(["1", ".dont_know", ".not_asked"], "1", "2"),
            "B-1": coded(["dorp", "stad", ".skipped"], "stad", "dorp"),
            "N": [-95.5, 12.0, np.nan],
            "N__missing": pd.Categorical(["", "", ".refused"], categories=none),
            "M_x": coded(["1", "0", ".broken_off"], "1", "0"),
            "M_y": coded(["0", "1", ".broken_off"], "1", "0"),
            "R_x": coded(["1", "2", "0"], "1", "2", "0"),
            "R_y": coded(["2", "1", "0"], "1", "2", "0"),
            "O": ["een antwoord", None, "x" * 400],
            "weight": [80.0, 70.5, np.nan],
            "weight__missing": pd.Categorical(["", "", ".skipped"], categories=none),
        }
    )


@pytest.fixture(scope="module")
def file(answers: pd.DataFrame) -> AnalysisFile:
    results = Results(
        weight=np.array([0.1 + 0.2, 1.0, 2.0]),
        base_weight=np.ones(3),
        profile=np.array(["pb", "", "pa"], dtype=object),
        probabilities={"pa": np.array([0.2, 0.5, 0.9]), "pb": np.array([0.8, 0.5, 0.1])},
        profiles=[("pa", Text(nl="Eerste", en="First")), ("pb", Text(nl="Tweede", en="Second"))],
    )
    return analysis_file(answers, QUESTIONNAIRE, results)


def column(file: AnalysisFile, source: str) -> list[object]:
    return list(file.frame[file.of(source).name])


def test_codes_become_numbers_and_missing_kinds_values_below(file: AnalysisFile) -> None:
    assert column(file, "A") == [1.0, -91.0, -94.0]
    assert column(file, "B-1") == [2.0, 1.0, -95.0]
    assert file.of("A").missing == (-97.0, -91.0)
    assert file.of("B-1").value_of("dorp") == 2.0
    assert column(file, "M_x") == [1.0, 0.0, -96.0]
    assert column(file, "R_x") == [1.0, 2.0, 0.0]
    assert column(file, "profile") == [2.0, -91.0, 1.0]


def test_values_that_are_no_answer_lie_below_every_number(file: AnalysisFile) -> None:
    assert column(file, "N") == [-95.5, 12.0, -902.0]
    assert file.of("N").missing == (-907.0, -901.0)


def test_labels_are_those_of_the_questionnaire(file: AnalysisFile) -> None:
    labels = {value.value: value.label["nl"] for value in file.of("A").values}
    assert labels[1.0] == "eens"
    assert labels[-91.0] == "geen idee"
    assert labels[-94.0] == "Niet gevraagd"
    assert [value.label["en"] for value in file.of("R_x").values[:3]] == [
        "Place 1", "Place 2", "Not chosen",
    ]  # fmt: skip
    assert file.of("M_y").label["nl"] == "Wat?: ij"
    assert file.of("A").measure == "ordinal"


def test_derived_variables_come_where_they_can_be_made(file: AnalysisFile) -> None:
    assert column(file, "warm")[:2] == [1.0, 2.0]
    assert np.isnan(column(file, "warm")[2])
    assert all(variable.source != "elders" for variable in file.variables)


def test_no_two_variables_share_a_name(file: AnalysisFile) -> None:
    names = [variable.name for variable in file.variables]
    assert names == list(file.frame.columns)
    assert len({name.lower() for name in names}) == len(names)
    assert names[:4] == ["respondent", "weight", "base_weight", "profile"]
    assert "weight_2" in names


def test_names_are_fit_for_spss() -> None:
    names = spss_names(["E07", "e07", "B-1", "1a", "all", "with", "x" * 90, "x" * 80, "slot_", "é"])
    for name in names:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,63}", name), name
        assert not name.endswith("_")
        assert name.upper() not in {"ALL", "WITH"}
    assert len({name.lower() for name in names}) == len(names)


def test_sav_reads_back_with_labels_and_missings(file: AnalysisFile, tmp_path: Path) -> None:
    path = tmp_path / "x.sav"
    write_sav(file, path, "INTERN klein", "keep it", "nl")
    frame, meta = pyreadstat.read_sav(str(path), user_missing=True)
    assert meta.file_label == "INTERN klein"
    for variable in file.variables:
        if variable.text:
            continue
        expected = file.frame[variable.name].to_numpy()
        np.testing.assert_array_equal(frame[variable.name].to_numpy(), expected)
    assert list(frame["O"]) == ["een antwoord", "", "x" * 400]
    assert meta.variable_value_labels["A"][-91.0] == "geen idee"
    assert meta.variable_value_labels["profile"] == {
        1.0: "Eerste", 2.0: "Tweede", -91.0: "Geen profiel te bepalen",
    }  # fmt: skip
    assert meta.column_names_to_labels["M_y"] == "Wat?: ij"
    assert meta.missing_ranges["A"] == [{"lo": -97.0, "hi": -91.0}]
    assert meta.variable_measure["A"] == "ordinal"
    # As SPSS does by itself, the declared values count as missing.
    plain, _ = pyreadstat.read_sav(str(path))
    assert plain["A"].isna().tolist() == [False, True, True]
    assert plain["profile"].isna().tolist() == [False, True, False]


def test_sav_in_english(file: AnalysisFile, tmp_path: Path) -> None:
    write_sav(file, tmp_path / "x.sav", "t", "n", "en")
    _, meta = pyreadstat.read_sav(str(tmp_path / "x.sav"))
    assert meta.variable_value_labels["A"][1.0] == "agree"
    assert meta.column_names_to_labels["profile"] == "Profile assigned"


def test_without_pyreadstat_there_is_a_clear_sentence(
    file: AnalysisFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(UnreadableFile, match=r"needs the extra 'spss'.*export to .csv"):
        write_sav(file, tmp_path / "x.sav", "t", "n", "nl")
    assert list(tmp_path.iterdir()) == []


def test_the_codebook_says_what_every_value_means(file: AnalysisFile) -> None:
    book = codebook(file, "en")
    a = book[book["variable"] == "A"]
    assert a["label"].unique().tolist() == ["Agree?"]
    told = {(value, label) for value, label in zip(a["value"], a["value_label"], strict=True)}
    assert {(1.0, "agree"), (2.0, "disagree"), (-91.0, "no idea")} <= told
    assert set(a.loc[a["missing"] == "yes", "value"]) == {float(x) for x in range(-97, -90)}
    assert set(book["variable"]) == set(file.frame.columns)
