"""A typology from elsewhere: labels, probabilities or a scoring table, and what it measures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from profiles_world import World, plan, questionnaire, world
from sklearn.linear_model import LogisticRegression

from flows.definitions import Survey, load_survey
from flows.edges import kept_answers, open_store
from flows.errors import Refusal
from flows.profiles import importing, versions
from flows.profiles.assign import assign
from flows.profiles.imported import ScoringTable, kind_of, memberships_of, scoring_table
from flows.profiles.importing import import_typology, with_given
from flows.profiles.measured import fit_given
from flows.profiles.model import ProfileModel
from flows.profiles.typing import TypingModel, type_respondents_by
from flows.profiles.versions import accept_draft, draft_on, fit_draft
from flows.store import ModelRecord, NewBatch

WAVE, CODES = "w2026", tuple(f"p{k}" for k in range(1, 9))


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=object)


def points(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["question", "answer", *CODES[:4]], dtype=object)


few = plan(profiles=plan().profiles[:4])

# ------------------------------------------------------------------------------- measurement


def test_given_profiles_are_measured_so_that_others_get_them(known: World) -> None:
    """As good as a classifier that learnt from the same labels, and honest about it."""
    model = fit_given(known.frame, questionnaire(), plan(), np.eye(8)[known.profile])
    fresh = world(4000, seed=78)
    p = assign(model, fresh.frame, questionnaire()).probabilities
    hit = float((p.argmax(axis=1) == fresh.profile).mean())

    features = [_features(w) for w in (known, fresh)]
    rival = LogisticRegression(max_iter=500).fit(features[0], known.profile)
    assert hit > rival.score(features[1], fresh.profile) - 0.03
    assert abs(p.max(axis=1).mean() - hit) < 0.03
    assert model.named == (True,) * 8
    np.testing.assert_allclose(model.sizes, np.bincount(known.profile) / 3000, atol=0.01)


def _features(known: World) -> np.ndarray:
    answers = known.frame.astype(object).apply(pd.to_numeric, errors="coerce")
    return np.asarray(pd.get_dummies(answers.fillna(3.0), columns=[]).to_numpy(dtype=float))


def test_probabilities_count_as_much_as_they_say(known: World) -> None:
    soft = 0.8 * np.eye(8)[known.profile] + 0.2 / 8
    model = fit_given(known.frame, questionnaire(), plan(), soft)
    np.testing.assert_allclose(model.sizes, soft.mean(axis=0), atol=0.01)


def test_people_without_a_profile_take_no_part(known: World) -> None:
    memberships = np.eye(8)[known.profile]
    memberships[1000:] = np.nan
    part = fit_given(known.frame, questionnaire(), plan(), memberships)
    alone = fit_given(known.frame.head(1000), questionnaire(), plan(), memberships[:1000])
    np.testing.assert_allclose(part.mixture.means, alone.mixture.means)
    assert part.n == alone.n < 1001


def test_a_profile_that_hardly_anybody_has_is_refused(known: World) -> None:
    memberships = np.eye(8)[np.where(known.profile == 3, 0, known.profile)]
    memberships[:5] = np.eye(8)[3]
    with pytest.raises(Refusal, match="5 people of the typology with profile p4"):
        fit_given(known.frame, questionnaire(), plan(), memberships)


# ------------------------------------------------------------------------------ the three kinds


def test_labels_are_codes_or_names() -> None:
    rows = table(profile=["p2", "naam 1", None, "P4", "Naam 3"])
    found = memberships_of("x.csv", rows, "labels", few)
    assert [int(row.argmax()) for row in found[[0, 1, 3, 4]]] == [1, 0, 3, 2]
    assert np.isnan(found[2]).all()


@pytest.mark.parametrize(
    ("rows", "kind", "said"),
    [
        (table(profile=["p1", "p9"]), "labels", "row 3: p9 is no profile"),
        (table(profile=["p1", "p2"]), "labels", "nobody has the profile p3"),
        (
            table(p1=[".5", ".5"], p2=[".5", ""], p3=["0", "0"], p4=["0", "0"]),
            "probabilities",
            "row 3: a probability is missing",
        ),
        (
            table(p1=[".5"], p2=[".7"], p3=["0"], p4=["0"]),
            "probabilities",
            "row 2: the probabilities add up to 1.200",
        ),
        (
            table(p1=["1.5"], p2=["-.5"], p3=["0"], p4=["0"]),
            "probabilities",
            "row 2: a probability is below 0",
        ),
        (table(p1=["x"], p2=["0"], p3=["0"], p4=["0"]), "probabilities", "p1 is x, which is no"),
    ],
)
def test_what_is_wrong_is_named(rows: pd.DataFrame, kind: Any, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        memberships_of("x.csv", rows, kind, few)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("D1_a", "1", "1", "2", "3", None)], "row 2: a profile has no points"),
        ([("", "1", "1", "2", "3", "4")], "row 2: there is no question"),
        ([("D1_a", "1", "1", "2", "3", "4")] * 2, "row 3: D1_a 1 stands here twice"),
        ([("(constant)", "", "1", "2", "3", "4")] * 2, "row 3: .* stands here twice"),
        ([("(constant)", "", "1", "2", "3", "4")], "no points for any question"),
        (
            [("age", "", "1", "2", "3", "4"), ("age", "18", "1", "2", "3", "4")],
            "age has points per answer and per unit",
        ),
    ],
)
def test_a_scoring_table_that_is_not_whole_is_refused(rows: list[Any], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        scoring_table("x.csv", points(rows), few)


def test_kinds_are_told_apart() -> None:
    assert kind_of("x", ["id", "profile"], few) == "labels"
    assert kind_of("x", ["id", *CODES], few) == "probabilities"
    assert kind_of("x", ["question", "answer", *CODES], few) == "scoring"
    with pytest.raises(Refusal, match="p3 is missing"):
        kind_of("x", ["id", "p1", "p2"], few)


def test_a_scoring_table_adds_points_up_as_by_hand() -> None:
    rows = [
        ("(constant)", "", "0,1", "0", "-.2", "0"),
        ("D1_a", "1", "1", "0", "0", "0"),
        ("D1_a", "2", "0", "2", "0", "0"),
        ("age", "", "0", "0.01", "0", "-0.02"),
    ]
    frame = pd.DataFrame(
        {"D1_a": pd.Categorical(["1", "2", ".skipped", ".refused"]), "age": [30.0, 50, 40, np.nan]}
    )
    scored = scoring_table("x.csv", points(rows), few).averaged(frame, np.array([1.0, 3, 1, 1]))
    p, enough = ScoringTable.from_dict(scored.to_dict()).probabilities(frame)

    def softmax(*total: float) -> np.ndarray:
        return np.exp(total) / np.exp(total).sum()

    np.testing.assert_allclose(p[0], softmax(1.1, 0.3, -0.2, -0.6))
    np.testing.assert_allclose(p[1], softmax(0.1, 2.5, -0.2, -1.0))
    np.testing.assert_allclose(p[2], softmax(0.1 + 0.25, 1.5 + 0.4, -0.2, -0.8))
    assert enough.tolist() == [True, True, True, False]
    with pytest.raises(Refusal, match="no points for the answer 5 to D1_a"):
        scored.probabilities(frame.assign(D1_a="5"))
    with pytest.raises(Refusal, match="points for age, which these answers do not hold"):
        scored.probabilities(frame[["D1_a"]])


# --------------------------------------------------------------------------------- in the store


@pytest.fixture
def people() -> World:
    return world(900, seed=5)


@pytest.fixture
def survey(home: Path, surveys: Path, people: World, monkeypatch: pytest.MonkeyPatch) -> Survey:
    real = load_survey(surveys / "staat_van_betrokkenheid")
    wanted = plan(bootstrap=1, starts=1, golden=("D1", "D2"))
    survey = real.model_copy(update={"questionnaire": questionnaire(), "profiles": wanted})
    for module in (versions, importing):
        monkeypatch.setattr(module, "load_survey", lambda _: survey)
    with open_store() as store:
        ids = store.pseudonyms(survey.code, [f"p{i}" for i in range(900)])
        head = pd.DataFrame({"respondent": ids, "status": "kept", "duration": 9.0})
        head = head.assign(progress=100.0, completed="2026-02-01")
        new = NewBatch(
            survey=survey.code, wave=WAVE, source="panel",
            source_sha256="a" * 64, reading_sha256="b" * 64,
        )  # fmt: skip
        none = pd.DataFrame(columns=["respondent", "rule", "column", "value"])
        store.add_batch(new, head.join(people.frame), none, {})
    return survey


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def written(frame: pd.DataFrame) -> Path:
        frame.to_csv(tmp_path / "typology.csv", index=False)
        return tmp_path / "typology.csv"

    return written


def typed(survey: Survey, record: ModelRecord) -> tuple[np.ndarray, np.ndarray]:
    with open_store() as store:
        wave = survey.wave(WAVE)
        answers = kept_answers(store, survey, wave)
        measured = assign(
            ProfileModel.from_dict(record.parameters["model"]), answers, questionnaire()
        )
        typing = with_given(store, survey, wave, record, answers, measured)
    return typing.labels, measured.labels


def stored(survey: Survey) -> ModelRecord:
    with open_store() as store:
        found = store.model(survey.code, survey.profiles.version)
    assert found is not None
    return found


def test_given_labels_stay_and_others_are_typed(
    survey: Survey, surveys: Path, people: World, write: Callable[..., Path]
) -> None:
    folder = surveys / "staat_van_betrokkenheid"
    column = survey.wave(WAVE).sources[0].id
    given = np.array(CODES)[people.profile]
    file = pd.DataFrame({column: [f"p{i}" for i in range(700)], "profile": given[:700]})
    done = import_typology(folder, write(file.sample(frac=1, random_state=1)), WAVE)
    assert "imported from typology.csv (labels): 700 of 900 respondents" in done.lines[0]
    assert done.lines[-1].startswith("Next: themadossier profiles accept")

    record = stored(survey)
    labels, measured = typed(survey, record)
    np.testing.assert_array_equal(labels[:700], given[:700])
    np.testing.assert_array_equal(labels[700:], measured[700:])
    assert (labels[700:] == given[700:]).mean() > 0.6
    model = TypingModel.from_dict(record.parameters["typing"])
    by_golden = type_respondents_by(model, people.frame, questionnaire())
    assert (by_golden.labels[700:] == given[700:]).mean() > 0.5

    assert import_typology(folder, write(file), WAVE).ids != done.ids  # other bytes
    with open_store() as store:
        answers = kept_answers(store, survey, survey.wave(WAVE))
        assert draft_on(store, survey, survey.wave(WAVE), answers).id == stored(survey).id
    accept_draft(folder, survey.profiles.version, "Ans")
    assert stored(survey).state == "accepted"
    with pytest.raises(Refusal, match="is accepted by Ans"):
        import_typology(folder, write(file), WAVE)
    labels, _ = typed(survey, stored(survey))
    np.testing.assert_array_equal(labels[:700], given[:700])


def test_a_scoring_table_types_everybody(
    survey: Survey, surveys: Path, people: World, write: Callable[..., Path]
) -> None:
    folder = surveys / "staat_van_betrokkenheid"
    values = people.frame[[c for c in people.frame if str(c).startswith("D")]]
    numbers = values.astype(object).apply(pd.to_numeric, errors="coerce")
    rival = LogisticRegression(max_iter=800).fit(numbers.fillna(numbers.mean()), people.profile)
    rows = [["(constant)", "", *rival.intercept_]]
    rows += [
        [name, code, *(int(code) * rival.coef_[:, j])]
        for j, name in enumerate(numbers)
        for code in "12345"
    ]
    file = write(pd.DataFrame(rows, columns=["question", "answer", *CODES]))
    import_typology(folder, file, WAVE)
    labels, _ = typed(survey, stored(survey))
    whole = numbers.notna().all(axis=1).to_numpy()
    expected = np.array(CODES)[rival.predict(numbers[whole])]
    np.testing.assert_array_equal(labels[whole], expected)
    assert (labels == np.array(CODES)[people.profile]).mean() > 0.7


def test_a_file_of_other_people_is_refused_and_no_id_is_kept(
    survey: Survey, surveys: Path, write: Callable[..., Path]
) -> None:
    folder = surveys / "staat_van_betrokkenheid"
    column = survey.wave(WAVE).sources[0].id
    file = pd.DataFrame({column: [f"z{i}" for i in range(80)], "profile": np.tile(CODES, 10)})
    with pytest.raises(Refusal, match="0 of its 80 people are among the 900"):
        import_typology(folder, write(file), WAVE)
    with open_store() as store:
        stranger = store.pseudonyms(survey.code, ["z1"], remember=False)
        assert store.external_ids(stranger) == {}
    file.loc[1, column] = "z0"
    with pytest.raises(Refusal, match="row 3: this person stands in the file twice"):
        import_typology(folder, write(file), WAVE)
    with pytest.raises(Refusal, match="is no typology"):
        import_typology(folder, write(file[[column]]), WAVE)


def test_an_imported_draft_is_not_refitted_by_surprise(
    survey: Survey, surveys: Path, people: World, write: Callable[..., Path]
) -> None:
    folder = surveys / "staat_van_betrokkenheid"
    column = survey.wave(WAVE).sources[0].id
    given = np.array(CODES)[people.profile]
    file = pd.DataFrame({column: [f"p{i}" for i in range(900)], "profile": given})
    import_typology(folder, write(file), WAVE)
    with open_store() as store:
        batch = store.current_batches(survey.code, WAVE)[0]
        answers = store.read_answers(survey.code, WAVE)
        new = NewBatch(
            survey=survey.code, wave=WAVE, source="panel",
            source_sha256="c" * 64, reading_sha256="b" * 64,
        )  # fmt: skip
        none = pd.DataFrame(columns=["respondent", "rule", "column", "value"])
        answers.loc[0, "age"] = 33.0
        assert store.add_batch(new, answers, none, {}).id != batch.id
    with pytest.raises(Refusal, match="was imported, and its answers, weights or definition"):
        fit_draft(folder, WAVE)
