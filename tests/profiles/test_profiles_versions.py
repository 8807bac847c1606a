"""Drafts and accepted versions of a model, on stored answers, and the readable file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from profiles_world import plan, questionnaire, world
from support.line import command

from flows.definitions import Survey, load_survey
from flows.edges import open_store
from flows.errors import Refusal
from flows.profiles import versions
from flows.profiles.document import model_document
from flows.profiles.model import ProfileModel
from flows.profiles.numbers import compare_numbers
from flows.profiles.reports import write_reports
from flows.profiles.typing import TypingModel, type_respondents_by
from flows.profiles.versions import accept_draft, draft_on, fit_draft
from flows.store import ModelRecord, NewBatch

WAVE, VERSION = "w2026", "t1"
PEOPLE = 500


@pytest.fixture
def folder(surveys: Path) -> Path:
    return surveys / "staat_van_betrokkenheid"


@pytest.fixture
def define(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Survey]:
    """Lets the survey be defined as the small world, with these changes of its plan."""
    real = load_survey(folder)

    def defined(**changes: Any) -> Survey:
        few = {"starts": 1, "bootstrap": 1, "golden": (), "profiles": plan().profiles[:4]}
        update = {"questionnaire": questionnaire(), "profiles": plan(**{**few, **changes})}
        survey = real.model_copy(update=update)
        monkeypatch.setattr(versions, "load_survey", lambda _: survey)
        quick = partial(compare_numbers, numbers=(3, 4), starts=1)
        monkeypatch.setattr(versions, "compare_numbers", quick)
        return survey

    return defined


@pytest.fixture
def survey(define: Callable[..., Survey]) -> Survey:
    """The small world as a survey with answers in the store."""
    made = define()
    deliver(made, seed=1)
    return made


def deliver(survey: Survey, seed: int) -> None:
    """Store other answers of the wave for each seed."""
    people = world(PEOPLE, seed).frame
    head = pd.DataFrame(
        {
            "respondent": [f"r{i:04d}" for i in range(len(people))],
            "status": "kept",
            "duration": 10.0,
            "progress": 100.0,
            "completed": "2026-02-01",
        }
    )
    new = NewBatch(
        survey=survey.code,
        wave=WAVE,
        source="panel",
        source_sha256=f"{seed}" * 64,
        reading_sha256="r" * 64,
    )
    none = pd.DataFrame(columns=["respondent", "rule", "column", "value"])
    with open_store() as store:
        store.add_batch(new, head.join(people), none, {})


def stored(survey: Survey) -> ModelRecord:
    with open_store() as store:
        found = store.model(survey.code, VERSION)
    assert found is not None
    return found


def readable(home: Path, survey: Survey) -> Path:
    return home / "outputs" / survey.code / "reports" / f"model-{VERSION}.json"


def test_a_draft_becomes_a_version_that_stays(home: Path, survey: Survey, folder: Path) -> None:
    done = fit_draft(folder, WAVE)
    assert done.lines[0].startswith("Profile model t1, a draft, fitted: 4 profiles from 500")
    assert any("without weights" in line for line in done.lines)
    assert done.lines[-1] == f"Next: themadossier profiles accept {folder} t1 --by NAME"
    assert len(done.lines) <= 6
    draft = json.loads(readable(home, survey).read_text())
    assert (draft["state"], draft["accepted_by"]) == ("draft", None)
    again = fit_draft(folder, WAVE)
    assert again.ids == done.ids
    assert "as it was" in again.lines[0]

    accepted = accept_draft(folder, VERSION, "  Ans  de Vries ")
    assert accepted.ids == done.ids
    assert "accepted by Ans de Vries on 20" in accepted.lines[0]
    record = stored(survey)
    assert (record.state, record.accepted_by) == ("accepted", "Ans de Vries")
    file = json.loads(readable(home, survey).read_text())
    assert (file["state"], file["accepted_by"]) == ("accepted", "Ans de Vries")
    assert file["mixture"] == draft["mixture"]
    page = readable(home, survey).with_suffix(".html").read_text()
    assert "Profile model t1</h1>" in page

    deliver(survey, seed=2)  # later answers do not touch it
    with pytest.raises(Refusal, match="accepted already by Ans de Vries on 20"):
        accept_draft(folder, VERSION, "Bo")
    with pytest.raises(Refusal, match=r"is accepted by Ans de Vries on .* 'version' of its own"):
        fit_draft(folder, WAVE)
    assert stored(survey) == record


def test_an_accepted_file_that_was_lost_or_altered_is_put_back(
    home: Path, survey: Survey, folder: Path
) -> None:
    fit_draft(folder, WAVE)
    accept_draft(folder, VERSION, "Ans")
    file = readable(home, survey)
    before = file.read_bytes()
    assert file.stat().st_mode & 0o222 == 0
    file.unlink()
    with pytest.raises(Refusal, match="accepted already"):
        accept_draft(folder, VERSION, "Ans")
    assert file.read_bytes() == before
    file.chmod(0o644)
    file.write_text("{}")
    stands = write_reports(survey, stored(survey))[0]
    assert (stands, stands.read_bytes()) == (file, before)


def test_a_stop_between_catalogue_and_file_is_made_good(
    home: Path, survey: Survey, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit_draft(folder, WAVE)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(versions, "write_reports", stop)
        with pytest.raises(KeyboardInterrupt):
            accept_draft(folder, VERSION, "Ans")
    assert json.loads(readable(home, survey).read_text())["state"] == "draft"
    with pytest.raises(Refusal, match="accepted already by Ans"):
        accept_draft(folder, VERSION, "Ans")
    assert json.loads(readable(home, survey).read_text())["state"] == "accepted"


def test_what_changed_since_the_draft_is_named(
    survey: Survey, folder: Path, define: Callable[..., Survey]
) -> None:
    fit_draft(folder, WAVE)
    deliver(survey, seed=2)
    with pytest.raises(Refusal, match=r"the answers of w2026 changed since the draft"):
        accept_draft(folder, VERSION, "Ans")
    define(seed=6)
    with pytest.raises(Refusal, match=r"the answers and definition of w2026 changed"):
        accept_draft(folder, VERSION, "Ans")
    define(version="t2")
    with pytest.raises(Refusal, match="now defines profile model t2"):
        accept_draft(folder, VERSION, "Ans")
    define()
    deliver(survey, seed=1)
    assert accept_draft(folder, VERSION, "Ans").ids  # all is as it was


def test_weights_made_since_the_draft_are_a_change(survey: Survey, folder: Path) -> None:
    fit_draft(folder, WAVE)
    with open_store() as store:
        people = store.read_answers(survey.code, WAVE)["respondent"]
        frame = pd.DataFrame({"respondent": people, "weight": [0.5, 1.5] * (PEOPLE // 2)})
        store.add_weighting(survey.code, WAVE, "v" * 64, frame, {})
    with pytest.raises(Refusal, match="the weights of w2026 changed"):
        accept_draft(folder, VERSION, "Ans")
    assert not any("without weights" in line for line in fit_draft(folder, WAVE).lines)
    with open_store() as store:  # the same weights, made in another way
        store.add_weighting(survey.code, WAVE, "w" * 64, frame, {})
    assert accept_draft(folder, VERSION, "Ans").ids


def test_how_a_question_counts_is_part_of_the_definition(survey: Survey) -> None:
    before = versions._definition_sha256(survey)
    asked = survey.questionnaire
    turned = asked.questions[0].model_copy(update={"direction": "higher"})
    other = asked.model_copy(update={"questions": (turned, *asked.questions[1:])})
    assert versions._definition_sha256(survey.model_copy(update={"questionnaire": other})) != before
    (age,) = asked.derived
    first = age.levels[0].model_copy(update={"nl": "jong"})
    renamed = age.model_copy(update={"levels": (first, *age.levels[1:])})
    same = asked.model_copy(update={"derived": (renamed,)})
    assert versions._definition_sha256(survey.model_copy(update={"questionnaire": same})) == before


def test_what_cannot_be_accepted_is_refused(survey: Survey, folder: Path, surveys: Path) -> None:
    with pytest.raises(Refusal, match=r"no draft of profile model t9 in the store \(it has none"):
        accept_draft(folder, "t9", "Ans")
    fit_draft(folder, WAVE)
    with pytest.raises(Refusal, match="it has t1"):
        accept_draft(folder, "t9", "Ans")
    for nobody in ("", " \t ", "x" * 101):
        with pytest.raises(Refusal, match="--by"):
            accept_draft(folder, VERSION, nobody)
    assert stored(survey).state == "draft"


def test_what_cannot_be_fitted_is_refused(
    survey: Survey, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refusal, match="has no wave w1999"):
        fit_draft(folder, "w1999")
    with pytest.raises(Refusal, match="no answers in the store"):
        fit_draft(folder, "w2024")
    waves = [
        w.model_copy(update={"model": "t0"}) if w.code == WAVE else w for w in survey.info.waves
    ]
    info = survey.info.model_copy(update={"waves": tuple(waves)})
    monkeypatch.setattr(versions, "load_survey", lambda _: survey.model_copy(update={"info": info}))
    with pytest.raises(Refusal, match=r"gives this wave model t0, but profiles\.yaml defines t1"):
        fit_draft(folder, WAVE)


def test_a_draft_never_takes_the_place_of_a_version(survey: Survey, folder: Path) -> None:
    fit_draft(folder, WAVE)
    accept_draft(folder, VERSION, "Ans")
    with open_store() as store, pytest.raises(Refusal, match="is accepted by Ans"):
        draft_on(store, survey, survey.wave(WAVE), store.read_answers(survey.code, WAVE))


def test_an_accepted_file_of_another_catalogue_stays(
    home: Path, survey: Survey, folder: Path
) -> None:
    fit_draft(folder, WAVE)
    accept_draft(folder, VERSION, "Ans")
    before = readable(home, survey).read_bytes()
    (home / "store").rename(home / "lost")
    deliver(survey, seed=1)
    with pytest.raises(Refusal, match="an accepted version that the catalogue does not know"):
        fit_draft(folder, WAVE)
    assert readable(home, survey).read_bytes() == before


def test_a_draft_of_earlier_software_is_fitted_again(survey: Survey, folder: Path) -> None:
    with open_store() as store:
        store.add_model(survey.code, VERSION, "draft", "a" * 64, {"model": {}}, {})
    with pytest.raises(Refusal, match="fitted by an earlier version of themadossier"):
        accept_draft(folder, VERSION, "Ans")
    fit_draft(folder, WAVE)
    assert accept_draft(folder, VERSION, "Ans").ids == (2,)


def test_a_version_is_part_of_a_file_name(
    survey: Survey, folder: Path, define: Callable[..., Survey]
) -> None:
    define(version="../t1")
    with pytest.raises(Refusal, match="cannot be part of a file name"):
        fit_draft(folder, WAVE)


def test_the_commands_refuse_with_one_sentence(
    home: Path, surveys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = surveys / "staat_van_betrokkenheid"
    assert command("profiles", "fit", folder, "--wave", WAVE) == 1
    assert "there is no store yet" in capsys.readouterr().err
    assert command("profiles", "accept", surveys / "themapanel", "m2026", "--by", "Ans") == 1
    assert "staat_van_betrokkenheid" in capsys.readouterr().err
    assert command("profiles", "accept", folder, "m2026") == 2  # --by is missing


# ------------------------------------------------------------------- the file, scored by hand


def test_the_file_is_enough_to_score_by(model: ProfileModel, typing_model: TypingModel) -> None:
    """A scorer of a few lines that knows the file only gives the same probabilities."""
    file = json.loads(
        json.dumps(model_document(model, typing_model, questionnaire(), plan(), {}, {}))
    )
    people = world(40, seed=9).frame
    ages = pd.cut(people["age"], [17, 34, 54, 90], labels=["a1", "a2", "a3"]).astype(str)
    answers = people.astype(object).assign(age3=ages)
    answers.loc[3, "edu"] = ".refused"
    people.loc[3, "edu"] = ".refused"
    given = [dict(row) for _, row in answers.iterrows()]
    expected = model.probabilities(*model.read(people, questionnaire()))
    found = np.array([list(by_items(file, row).values()) for row in given])
    np.testing.assert_allclose(found, expected, atol=1e-9)

    expected = type_respondents_by(typing_model, people, questionnaire()).probabilities
    found = np.array([list(by_golden(file["golden"], row).values()) for row in given])
    np.testing.assert_allclose(found, expected, atol=1e-9)

    example = file["example"]
    scored = by_items(file, {**example["answers"], **example["demographics"]})
    assert scored == pytest.approx(example["probabilities"], abs=1e-9)


def by_items(file: dict[str, Any], answers: dict[str, Any]) -> dict[str, float]:
    factors = file["factors"]
    size = len(factors["projection"])
    a, b = np.eye(size), np.zeros(size)
    for item in file["items"]:
        score = scored(item, answers)
        if score is not None:
            loadings = np.array(item["loadings"])
            a += np.outer(loadings, loadings) / item["uniqueness"]
            b += loadings * (score - item["mean"]) / item["scale"] / item["uniqueness"]
    y = np.linalg.solve(a, b) @ np.array(factors["projection"]) - np.array(factors["offset"])
    length = math.sqrt(float(y @ y))
    if factors["farthest"] is not None and length > factors["farthest"]:
        y = y * factors["farthest"] / length
    inverse = np.linalg.inv(np.array(file["mixture"]["covariance"]))
    temperature = file["mixture"]["temperature"]
    return shares(
        {
            code: prior - 0.5 * float((y - mean) @ inverse @ (y - mean)) / temperature
            for code, prior in priors(file["prior"], answers).items()
            if (mean := np.array(file["mixture"]["means"][code])) is not None
        }
    )


def by_golden(golden: dict[str, Any], answers: dict[str, Any]) -> dict[str, float]:
    z = [
        None if (s := scored(each, answers)) is None else (s - each["centre"]) / each["spread"]
        for each in golden["questions"]
    ]
    known = [j for j, value in enumerate(z) if value is not None]
    inverse = np.linalg.inv(np.array(golden["covariance"])[np.ix_(known, known)])
    found = {}
    for code, prior in priors(golden["prior"], answers).items():
        d = np.array([z[j] - golden["means"][code][j] for j in known])
        found[code] = prior - 0.5 * float(d @ inverse @ d) / golden["temperature"]
    return shares(found)


def scored(column: dict[str, Any], answers: dict[str, Any]) -> float | None:
    value = answers.get(column["column"])
    if column["scores"] is None:
        return None if value is None else column["sign"] * float(value)
    found: float | None = column["scores"].get(value)
    return found


def priors(prior: dict[str, Any], answers: dict[str, Any]) -> dict[str, float]:
    found = dict(prior["intercept"])
    for variable in prior["variables"]:
        points = variable["points"].get(answers.get(variable["variable"]), {})
        for code in found:
            found[code] += points.get(code, 0.0)
    return found


def shares(e: dict[str, float]) -> dict[str, float]:
    top = max(e.values())
    total = sum(math.exp(value - top) for value in e.values())
    return {code: math.exp(value - top) / total for code, value in e.items()}
