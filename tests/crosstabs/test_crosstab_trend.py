"""Wave on wave: which questions are compared, and what is tested in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crosstab_world import PROFILES, QUESTIONNAIRE, tables_by_number, world
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

from flows.crosstabs.banner import Banner, profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.crosstabs.errors import CrosstabError
from flows.crosstabs.trend.breaks import breaks_between
from flows.crosstabs.trend.changes import Trend, TrendFlag, TrendWave, compare_waves
from flows.crosstabs.trend.groups import groups_by, naive_change
from flows.crosstabs.trend.questions import Why, reworded_between
from flows.crosstabs.trend.rows import battery_mean
from flows.definitions import load_survey
from flows.definitions.dossier_plan import Publication
from flows.definitions.models import Text
from flows.definitions.options import Option
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Question
from flows.definitions.waves import FieldPeriod, Wave

CODES = [question.code for question in QUESTIONNAIRE.questions]


def wave(code: str, n: int, seed: int, first: int = 0) -> TrendWave:
    """A wave of the made-up survey, of people `first` .. `first` + n."""
    made = world(n, seed)
    return TrendWave(
        code=code,
        answers=made.frame,
        questionnaire=QUESTIONNAIRE,
        banner=profile_banner(made.profile, PROFILES, n),
        weights=made.weights,
        people=[f"r{i}" for i in range(first, first + n)],
        margins=made.margins,
    )


@pytest.fixture(scope="module")
def waves() -> tuple[TrendWave, TrendWave]:
    """Eight hundred people, and nine hundred of whom three hundred were in the first."""
    return wave("w1", 800, 1), wave("w2", 900, 2, first=500)


@pytest.fixture(scope="module")
def trend(waves: tuple[TrendWave, TrendWave]) -> Trend:
    return compare_waves(*waves, CODES, theme="t")


def with_question(side: TrendWave, code: str, **update: object) -> TrendWave:
    questions = [
        question.model_copy(update=update) if question.code == code else question
        for question in side.questionnaire.questions
    ]
    return replace(side, questionnaire=Questionnaire(questions=tuple(questions)))


def test_numbers_are_those_of_the_cross_tabs(
    waves: tuple[TrendWave, TrendWave], trend: Trend
) -> None:
    """Every row and column of every table, from the tables of each wave apart."""
    tables = [
        tables_by_number(
            crosstab(side.answers, QUESTIONNAIRE, CODES, side.banner, side.weights, side.margins)
        )
        for side in waves
    ]
    assert trend.both == 300
    compared = 0
    for found in trend.tables:
        if TrendFlag.BATTERY in found.flags:
            continue
        before, after = (each[found.identity.number] for each in tables)
        assert found.columns == before.columns
        for r, row in enumerate(found.rows):
            one, two = before.estimate[before.row(row.code)], after.estimate[after.row(row.code)]
            np.testing.assert_allclose(found.before[r], one, atol=1e-12)
            np.testing.assert_allclose(found.after[r], two, atol=1e-12)
            np.testing.assert_allclose(found.change[r], two - one, atol=1e-12)
            errors = [t.standard_error[t.row(row.code)] for t in (before, after)]
            # Whoever is in both was drawn anew, so that the two waves have nothing in common.
            apart = np.sqrt(errors[0] ** 2 + errors[1] ** 2)
            np.testing.assert_allclose(found.error[r, -1], apart[-1], rtol=0.2)
            compared += 1
        assert (found.n_before[0] <= before.n).all()
    assert compared > 20


def test_without_shared_people_errors_add_up(waves: tuple[TrendWave, TrendWave]) -> None:
    first, second = waves
    apart = compare_waves(first, replace(second, people=[f"x{i}" for i in range(900)]), ["S1"])
    tables = [
        crosstab(s.answers, QUESTIONNAIRE, ["S1"], s.banner, s.weights, s.margins)[0] for s in waves
    ]
    expected = np.sqrt(tables[0].standard_error ** 2 + tables[1].standard_error ** 2)
    assert apart.both == 0
    found = apart.tables[0]
    often = np.minimum(*(t.estimate[:, -1] * t.n_eff[-1] for t in tables)) > 60
    assert often.sum() >= 5
    np.testing.assert_allclose(found.error[often, -1], expected[often, -1], rtol=1e-9)


def test_tests_are_adjusted_within_the_table(trend: Trend) -> None:
    for table in trend.tables:
        made = np.isfinite(table.p_value)
        expected = multipletests(table.p_value[made], method="fdr_bh")[1]
        np.testing.assert_allclose(table.p_adjusted[made], expected, atol=1e-12)
        assert np.isnan(table.p_adjusted[~made]).all()


def test_a_number_has_one_zero_in_both_waves(
    waves: tuple[TrendWave, TrendWave], trend: Trend
) -> None:
    """Numbers are counted from their own mean; the change is of the numbers themselves."""
    table = trend.table("N")
    assert table is not None
    means = []
    for side in waves:
        known = side.answers["N"].notna().to_numpy()
        means.append(np.average(side.answers["N"][known], weights=side.weights[known]))
    row = table.row("mean")
    assert table.change[row, -1] == pytest.approx(means[1] - means[0], abs=1e-9)
    t = table.change[row, -1] / table.error[row, -1]
    assert table.p_value[row, -1] == pytest.approx(2 * norm.sf(abs(t)), abs=2e-3)


def test_small_columns_are_not_tested(waves: tuple[TrendWave, TrendWave]) -> None:
    many = compare_waves(*waves, ["S1"], publication=Publication(minimum_base=100)).tables[0]
    small = np.minimum(many.n_before, many.n_after) < 100
    assert small.any()
    assert (~small).any()
    assert np.isnan(many.p_value[small]).all()


def test_questions_that_make_the_profiles_are_not_tested_within_them(
    waves: tuple[TrendWave, TrendWave],
) -> None:
    found = compare_waves(*waves, CODES, defining=["S1", "G_a"])
    for number in ("S1", "Ga", "G"):
        table = found.table(number)
        assert table is not None
        assert table.defines_columns
        assert np.isnan(table.p_value[:, :-1]).all()
        assert np.isfinite(table.p_value[table.headline, -1])
        assert np.isfinite(table.change[:, 0]).all()
    free = found.table("Gb")
    assert free is not None
    assert not free.defines_columns
    assert np.isfinite(free.p_value[:, 0]).any()


@pytest.mark.parametrize("how", ["named", "text"])
def test_a_reworded_question_is_flagged_and_not_tested(
    waves: tuple[TrendWave, TrendWave], how: str
) -> None:
    first, second = waves
    names = ["S1"] if how == "named" else []
    if how == "text":
        second = with_question(second, "S1", text=Text(nl="anders gevraagd"))
    for asked in (False, True):
        found = compare_waves(first, second, CODES, reworded=names, test_reworded=asked)
        table, other = found.table("S1"), found.table("Ga")
        assert table is not None
        assert other is not None
        assert table.reworded
        assert not other.reworded
        assert bool(np.isfinite(table.p_value).any()) is asked
        assert np.isfinite(table.change[:, -1]).all()
        assert np.isfinite(other.p_value).any()


def test_a_question_that_a_wave_did_not_ask_is_told(waves: tuple[TrendWave, TrendWave]) -> None:
    """Also where its answers came along as background of an earlier wave."""
    first, second = waves
    found = compare_waves(
        with_question(first, "S2", waves=("w1",)), with_question(second, "S2", waves=("w1",)), CODES
    )
    assert [(each.question, each.why) for each in found.left_out] == [
        ("S2", Why.NOT_ASKED),
        ("O", Why.OPEN),
    ]
    assert "w2" in found.left_out[0].reason.en
    assert found.table("S2") is None
    gone = compare_waves(replace(first, answers=first.answers.drop(columns="S2")), second, ["S2"])
    assert gone.left_out[0].reason == Text(nl="niet gevraagd in w1", en="not asked in w1")
    assert gone.tables == ()


def test_other_answers_are_refused_with_the_reason(waves: tuple[TrendWave, TrendWave]) -> None:
    first, second = waves
    options = QUESTIONNAIRE.question("S1").options
    cases = {
        "new: 6": with_question(second, "S1", options=(*options, Option(code="6", nl="zes"))),
        "gone: 5": with_question(second, "S1", options=tuple(o for o in options if o.code != "5")),
        "answer 1 counts for something else": with_question(
            second,
            "S1",
            options=(options[0].model_copy(update={"value": 10.0}), *options[1:]),
        ),
        "another kind": with_question(second, "S1", type="single"),
    }
    for reason, other in cases.items():
        found = compare_waves(first, other, ["S1", "G"])
        assert [each.question for each in found.left_out] == ["S1"], reason
        assert found.left_out[0].why is Why.OTHER_ANSWERS
        assert reason in found.left_out[0].reason.en
        assert found.left_out[0].reason.nl != found.left_out[0].reason.en
        assert found.table("Ga") is not None


def test_answers_stored_under_another_list_are_refused(
    waves: tuple[TrendWave, TrendWave],
) -> None:
    """The definitions agree, but a wave was ingested when they did not yet."""
    first, second = waves
    old = first.answers["S1"].cat.remove_categories(["5"])
    found = compare_waves(replace(first, answers=first.answers.assign(S1=old)), second, ["S1"])
    assert "stored differently in w1 and w2 (5)" in found.left_out[0].reason.en
    lacking = replace(second, answers=second.answers.drop(columns="M_app"))
    found = compare_waves(first, lacking, ["M"])
    assert found.left_out[0].reason.en == "w2 did not offer the answer app"


def test_waves_that_do_not_fit_are_refused(waves: tuple[TrendWave, TrendWave]) -> None:
    first, second = waves
    with pytest.raises(CrosstabError, match="different columns"):
        compare_waves(first, replace(second, banner=Banner(())), CODES)
    with pytest.raises(CrosstabError, match="twice"):
        compare_waves(first, replace(second, people=["r0"] * 900), CODES)


def test_without_columns_there_is_the_total(waves: tuple[TrendWave, TrendWave]) -> None:
    bare = [replace(side, banner=Banner(())) for side in waves]
    found = compare_waves(*bare, ["S1"], defining=["S1"])
    whole = compare_waves(*waves, ["S1"]).tables[0]
    assert found.columns == ("total",)
    np.testing.assert_allclose(found.tables[0].change[:, 0], whole.change[:, -1], atol=1e-12)
    np.testing.assert_allclose(found.tables[0].error[:, 0], whole.error[:, -1], rtol=1e-9)
    assert np.isfinite(found.tables[0].p_value).any()


def test_the_mean_of_a_battery(waves: tuple[TrendWave, TrendWave], trend: Trend) -> None:
    first, second = waves
    question = QUESTIONNAIRE.question("G")
    values = battery_mean(first.answers, question)
    answers = first.answers[["G_a", "G_b"]].apply(
        lambda column: pd.to_numeric(column.astype(str), errors="coerce")
    )
    pd.testing.assert_series_equal(pd.Series(values), answers.mean(axis=1), check_names=False)
    turned = question.model_copy(
        update={
            "items": (question.items[0].model_copy(update={"reverse": True}), question.items[1])
        }
    )
    expected = pd.concat([6 - answers["G_a"], answers["G_b"]], axis=1).mean(axis=1)
    np.testing.assert_allclose(battery_mean(first.answers, turned), expected)
    assert battery_mean(first.answers, QUESTIONNAIRE.question("S1")) is None
    table = trend.table("G")
    assert table is not None
    assert TrendFlag.BATTERY in table.flags
    means = []
    for side in (first, second):
        own = battery_mean(side.answers, question)
        known = np.isfinite(own)
        means.append(np.average(own[known], weights=side.weights[known]))
    assert table.change[0, -1] == pytest.approx(means[1] - means[0], abs=1e-9)


def test_words_are_new_from_the_wave_that_is_named(surveys: Path) -> None:
    made = load_survey(surveys / "staat_van_betrokkenheid")
    early, late = (made.wave(code) for code in ("w2024", "w2026"))
    later = late.model_copy(
        update={"code": "w2028", "field": FieldPeriod(start=date(2028, 1, 1), end=date(2028, 2, 1))}
    )
    waves = (early, late, later)
    question: Question = made.questionnaire.question("T04")
    assert question.reworded == ("w2026",)
    assert reworded_between(question, early, late, waves)
    assert reworded_between(question, early, later, waves)
    assert not reworded_between(question, late, later, waves)


def test_breaks_in_the_series(surveys: Path) -> None:
    made = load_survey(surveys / "staat_van_betrokkenheid")
    one, two = (made.wave(code) for code in ("w2024", "w2026"))
    same = {"margins": [{"margin": "age"}], "collapsed": [], "joined": []}
    assert breaks_between(one, two, [same, same], ["m1", "m1"]) == ()
    other: Wave = two.model_copy(
        update={"mode": one.mode.model_copy(update={"nl": "telefoon", "en": "telephone"})}
    )
    merged = {**same, "margins": [{"margin": "age"}, {"margin": "edu"}]}
    merged["collapsed"] = [{"margin": "age", "level": "a", "into": "b", "group": None}]
    found = breaks_between(one, other, [same, merged], ["m1", None])
    assert [each.what for each in found] == ["mode", "weighting", "merged levels", "model"]
    assert "first “Online survey”, then “telephone”" in found[0].sentence.en
    assert found[0].sentence.nl == (
        f"Niet hetzelfde: de manier van vragen. Eerst “{one.mode.nl}”, daarna “telefoon”."
    )
    assert found[1].after.nl == "age, edu"
    assert found[3].after == Text(nl="niet ingedeeld", en="not typed")


def test_regression_to_the_mean_is_what_the_warning_shows() -> None:
    """Nobody changes: groups of the compared answers move all the same, other groups do not."""
    rng = np.random.default_rng(7)
    n = 4000
    trait = rng.normal(size=n)
    first, second = trait + rng.normal(size=n), trait + rng.normal(size=n)
    question = QUESTIONNAIRE.question("G")
    found = naive_change(question, first, second, np.ones(n), 8)
    assert found is not None
    # Half of a place in one wave is chance: half of the distance to the mean is lost.
    cut = pd.qcut(first, 8, labels=False)
    expected = [-first[cut == g].mean() / 2 for g in (0, 7)]
    assert found.changes[0] == pytest.approx(expected[0], abs=0.12)
    assert found.changes[-1] == pytest.approx(expected[1], abs=0.12)
    assert found.turned[0] < -0.8
    assert found.turned[-1] > 0.8
    assert abs(found.overall) < 0.08
    other = pd.qcut(trait + rng.normal(size=n), 8, labels=False)
    moved = pd.Series(second - first).groupby(other).mean()
    assert moved.abs().max() < 0.25
    assert naive_change(question, first[:100], second[:100], np.ones(100), 8) is None


def test_groups_are_made_of_what_is_named(surveys: Path) -> None:
    made = load_survey(surveys / "vu2021")
    with pytest.raises(CrosstabError, match="no question Z9"):
        groups_by(
            made.questionnaire, made.profiles, ["Z9"], pd.DataFrame(), np.ones(0), pd.DataFrame()
        )


def test_net_scores_and_effects_of_arms() -> None:
    """A net score is of one base; an effect is of two arms with different people."""
    rng = np.random.default_rng(3)
    yes = (Option(code="1", nl="ja"), Option(code="2", nl="nee"), Option(code="3", nl="soms"))
    arms = (Option(code="a", nl="brief"), Option(code="b", nl="kaart"))
    asked = Questionnaire(
        questions=(
            Question.model_validate(
                {
                    "code": "Y",
                    "dimension": "behaviour",
                    "type": "single",
                    "text": "Y",
                    "options": yes,
                    "headline": "1",
                    "scores": [{"code": "saldo", "nl": "saldo", "plus": "1", "minus": "2"}],
                    "experiment": "X",
                }
            ),
            Question.model_validate(
                {
                    "code": "X",
                    "dimension": "behaviour",
                    "type": "experiment",
                    "text": "X",
                    "options": arms,
                    "outcomes": ("Y",),
                }
            ),
        )
    )
    sides, raw = [], []
    for code, n in (("w1", 500), ("w2", 450)):
        frame = pd.DataFrame(
            {
                "Y": rng.choice(["1", "2", "3"], n, p=[0.5, 0.3, 0.2]),
                "X": rng.choice(["a", "b"], n),
                "w": rng.choice([0.5, 1.5], n),
            }
        )
        raw.append(frame)
        answers = frame.drop(columns="w").assign(
            **{
                column.name: pd.Categorical(frame[column.name], categories=list(column.categories))
                for column in asked.columns()
            }
        )
        people = [f"r{i}" for i in range(n)]
        sides.append(TrendWave(code, answers, asked, Banner(()), frame["w"].to_numpy(), people))
    found = compare_waves(sides[0], sides[1], ["Y", "X"])
    assert found.both == 450
    score, effect = found.table("Y"), found.table("X")
    assert score is not None
    assert effect is not None
    scores, effects = [], []
    for frame in raw:
        w = frame["w"]
        sign = frame["Y"].map({"1": 1, "2": -1, "3": 0})
        scores.append((w * sign).sum() / w.sum())
        share = [
            np.average(frame["Y"][frame["X"] == a] == "1", weights=w[frame["X"] == a]) for a in "ab"
        ]
        effects.append(share[0] - share[1])
    row = score.row("saldo")
    assert score.rows[row].kind == "score"
    assert score.change[row, 0] == pytest.approx(scores[1] - scores[0], abs=1e-12)
    row = next(i for i, each in enumerate(effect.rows) if each.kind == "effect")
    assert effect.before[row, 0] == pytest.approx(effects[0], abs=1e-12)
    assert effect.change[row, 0] == pytest.approx(effects[1] - effects[0], abs=1e-12)
    assert effect.n_after[row, 0] == 450
    tables = [crosstab(side.answers, asked, ["X"], side.banner, side.weights)[0] for side in sides]
    apart = np.sqrt(sum(t.standard_error[t.row(effect.rows[row].code), 0] ** 2 for t in tables))
    # Answers and arms of the two waves have nothing in common, so their covariance is noise.
    assert effect.error[row, 0] == pytest.approx(apart, rel=0.15)
    assert np.isfinite(effect.p_value[row, 0])
