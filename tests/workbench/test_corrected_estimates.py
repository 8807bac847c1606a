"""Estimates corrected for errors in typing, of a processed wave."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from support import explained

from flows.edges import open_store
from flows.errors import Refusal
from flows.profiles.typing_quality import TypingQuality
from flows.workbench import corrected_estimates as edge
from flows.workbench.corrected_estimates import corrected_estimates


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return explained.processed(tmp_path_factory.mktemp("klein"))


@pytest.fixture
def survey(
    processed: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    home = explained.copied(processed, tmp_path_factory.mktemp("home"), monkeypatch)
    return home / "surveys" / explained.SURVEY


def retyped(sure: float, version: str) -> tuple[pd.Series, np.ndarray]:
    """Type the people again, so sure of their profile; who counts and their profiles."""
    answers, profile = explained.answers()
    kept = answers["status"] == "kept"
    people, profile = answers.loc[kept, "respondent"], profile[kept.to_numpy()]
    with open_store() as store:
        explained.make_profiles(store, people, profile, version)
        record = store.current_typing("klein", "w1")
        assert record is not None
        frame = store.read_typing(record.id)
        for code in explained.PROFILES:
            frame[f"p_{code}"] = np.where(profile == code, sure, (1 - sure) / 2)
        store.add_typing("klein", "w1", record.model_id, version * 32, frame, {"model": version})
    return people, profile


def test_numbers_are_those_of_plain_numpy(survey: Path) -> None:
    people, profile = retyped(0.96, "k2")
    found = corrected_estimates(survey, "w1", ["W01"])
    with open_store() as store:
        record = store.current_weighting("klein", "w1")
        assert record is not None
        weights = store.read_weighting(record.id)["weight"].to_numpy()
    answers = explained.answers()[0].set_index("respondent").loc[people]
    typed = np.arange(len(people)) > 0
    given = (profile[:, None] == np.array(explained.PROFILES)).astype(float)[typed]
    posterior, w = np.where(given == 1, 0.96, 0.02), weights[typed]
    rates = (w[:, None] * posterior).T @ given
    b = np.linalg.inv(rates / rates.sum(axis=1, keepdims=True))
    answer = answers["W01"].astype(str).to_numpy()[typed]
    y, base = np.isin(answer, ["1", "2"]), np.isin(answer, list("12345"))
    expected = ((w * y) @ given @ b) / ((w * base) @ given @ b)
    frame = found.frame()
    lines = frame[(frame["answer"] == "eens") & (frame["basis"] == "corrected")]
    np.testing.assert_allclose(lines["estimate"], expected, rtol=1e-9)
    assert list(lines["column"]) == list(explained.PROFILES)
    measured = frame[frame["basis"] == "measured"]
    assert set(measured["column"]) == {*explained.PROFILES, "total"}
    assert found.concept
    assert "k2" in found.source


def test_all_questions_of_the_wave_or_part_of_the_people(survey: Path) -> None:
    retyped(0.96, "k2")
    everybody = corrected_estimates(survey, "w1")
    assert {t.identity.question for t in everybody.corrected} >= {"W01", "W02", "W03", "W04"}
    women = corrected_estimates(survey, "w1", ["W03"], {"G": ["2"]})
    marks = [t for t in everybody.corrected if t.identity.question == "W03"]
    assert women.corrected[0].n[-1] < marks[0].n[-1]


@pytest.mark.parametrize("wanted", ["1", "2"])
def test_part_of_the_people_has_its_own_errors_of_typing(survey: Path, wanted: str) -> None:
    people, profile = retyped(0.96, "k2")
    answers = explained.answers()[0].set_index("respondent").loc[people]
    domain = answers["G"].astype(str).to_numpy() == wanted
    # As where typing uses gender: among women it is far less sure, and of one profile most.
    sure = np.where(answers["G"].astype(str) == "2", np.where(profile == "rood", 0.65, 0.75), 0.98)
    with open_store() as store:
        record = store.current_typing("klein", "w1")
        weighting = store.current_weighting("klein", "w1")
        assert record is not None
        assert weighting is not None
        frame = store.read_typing(record.id)
        for code in explained.PROFILES:
            frame[f"p_{code}"] = np.where(profile == code, sure, (1 - sure) / 2)
        store.add_typing("klein", "w1", record.model_id, "k4" * 32, frame, {"model": "k2"})
        weights = store.read_weighting(weighting.id)["weight"].to_numpy()
    found = corrected_estimates(survey, "w1", ["W01"], {"G": [wanted]})
    typed = (np.arange(len(people)) > 0) & domain
    given = (profile[:, None] == np.array(explained.PROFILES)).astype(float)[typed]
    posterior = np.where(given == 1, sure[typed, None], (1 - sure[typed, None]) / 2)
    w = weights[typed]
    rates = (w[:, None] * posterior).T @ given
    b = np.linalg.inv(rates / rates.sum(axis=1, keepdims=True))
    answer = answers["W01"].astype(str).to_numpy()[typed]
    y, base = np.isin(answer, ["1", "2"]), np.isin(answer, list("12345"))
    expected = ((w * y) @ given @ b) / ((w * base) @ given @ b)
    lines = found.frame().query("answer == 'eens' and basis == 'corrected'")
    np.testing.assert_allclose(lines["estimate"], expected, rtol=1e-9)
    sizes = w @ given / w.sum()
    inflation = np.sqrt(sizes * (sizes @ b**2)) / (sizes @ b)
    np.testing.assert_allclose(found.correction.inflation, inflation, rtol=1e-9)


def test_of_part_of_the_people_a_register_typing_counts_by_its_own_probabilities(
    monkeypatch,
) -> None:
    typed = pd.DataFrame({"p_c": [0.9, 0.1, 0.2], "p_a": [0.1, 0.8, 0.2], "p_b": [0, 0.1, 0.6]})
    given, domain = np.array(["c", "a", "b"], dtype=object), np.array([True, True, False])
    typed.loc[1, ["p_c", "p_b"]] = 0.2, 0.0
    made, source = panel_rates(monkeypatch, None, typed=typed, given=given, domain=domain)
    np.testing.assert_allclose(made.rates[:2], [[9 / 11, 2 / 11, 0], [1 / 9, 8 / 9, 0]])
    assert "m1" in source
    typed["p_b"] = [0, 0.1, 0.6]
    for poor in (typed[["p_c", "p_a"]], typed.where(typed["p_c"] > 0.5)):
        with pytest.raises(Refusal, match="does not keep how likely each profile is"):
            panel_rates(monkeypatch, None, typed=poor, given=given, domain=domain)
    given[1] = "c"
    with pytest.raises(Refusal, match="meets the filter was given profile a, b, so"):
        panel_rates(monkeypatch, None, typed=typed, given=given, domain=domain)
    with pytest.raises(Refusal, match="Nobody in panel who meets the filter has a profile"):
        panel_rates(monkeypatch, None, typed=typed, given=np.array(["", "", "b"]), domain=domain)


def test_a_typing_that_is_too_poor_is_refused(survey: Path) -> None:
    retyped(0.4, "k3")
    with pytest.raises(Refusal, match="tells the profiles apart too poorly"):
        corrected_estimates(survey, "w1", ["W01"])


@pytest.mark.parametrize(
    ("rows", "conditions", "said"),
    [
        (["X9"], None, "has no question X9"),
        (["W01"], {"G": ["1"], "jong": ["misschien"]}, "misschien"),
    ],
)
def test_what_cannot_be_tabulated_is_refused(survey, rows, conditions, said) -> None:
    retyped(0.96, "k2")
    with pytest.raises(Refusal, match=said):
        corrected_estimates(survey, "w1", rows, conditions)


def panel_rates(
    monkeypatch, quality, codes=("a", "b", "c"), *, typed=None, given=None, domain=None
):
    """The errors of typing as an edge reads them of a survey typed by golden questions."""
    typing = SimpleNamespace(codes=codes, quality=quality)
    monkeypatch.setattr(edge.TypingModel, "from_dict", lambda data: typing)
    survey = SimpleNamespace(
        code="panel",
        info=SimpleNamespace(profiles="register"),
        profiles=SimpleNamespace(codes=("c", "a", "b")),
    )
    parameters = {"typing": {"kept": True}} if quality else {}
    record = SimpleNamespace(version="m1", parameters=parameters)
    typed, given = (
        (pd.DataFrame() if typed is None else typed),
        np.array([] if given is None else given),
    )
    return edge._classification(survey, record, typed, given, np.ones(len(given)), domain)


def quality_with(rates: np.ndarray, errors: np.ndarray | None = None) -> TypingQuality:
    numbers = dict.fromkeys(
        ("accuracy", "hit_rate", "confidence", "calibration_error", "calibration_error_label"), 0.7
    )
    return TypingQuality(
        **numbers,
        shares_error=0.0,
        n=1234,
        classification=tuple(map(tuple, rates)),
        classification_se=() if errors is None else tuple(map(tuple, errors)),
    )


RATES = np.array([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.05, 0.05, 0.9]])


def test_people_typed_by_golden_questions_have_the_errors_of_the_typing_model(monkeypatch) -> None:
    made, source = panel_rates(monkeypatch, quality_with(RATES, RATES / 100))
    place = [2, 0, 1]
    np.testing.assert_array_equal(made.rates, RATES[np.ix_(place, place)])
    assert made.covariance.any()
    assert "m1" in source
    assert "1,234" in source
    known, _ = panel_rates(monkeypatch, quality_with(RATES))
    assert not known.covariance.any()


def test_a_model_that_does_not_tell_its_errors_is_refused(monkeypatch) -> None:
    with pytest.raises(Refusal, match="does not tell how often typing goes wrong"):
        panel_rates(monkeypatch, None)
    with pytest.raises(Refusal, match="has other profiles"):
        panel_rates(monkeypatch, quality_with(RATES), codes=("a", "b", "d"))
