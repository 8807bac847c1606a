from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from profiles_world import World, plan, questionnaire, world

from flows.definitions.options import MISSING_CODES, Option
from flows.definitions.profile_plan import Axis
from flows.definitions.questionnaire import Questionnaire
from flows.definitions.questions import Dimension, Question, QuestionType
from flows.errors import Refusal
from flows.profiles.answers import Concomitants, ScoredColumn, score_matrix, scored_columns
from flows.profiles.axes import axis_values, mean_places
from flows.profiles.factors import FactorModel, fit_factors, usable_items


def asked(question_type: QuestionType, *options: Option, **more: object) -> Questionnaire:
    question = Question(
        code="Q1",
        dimension=Dimension.ATTITUDE,
        type=question_type,
        text="Q1",
        options=options,
        **more,
    )
    return Questionnaire(questions=(question,))


def coded(*codes: str) -> pd.DataFrame:
    categories = [*dict.fromkeys(c for c in codes if not c.startswith(".")), *MISSING_CODES]
    return pd.DataFrame({"Q1": pd.Categorical(codes, categories=categories)})


def test_higher_is_more_positive_whatever_the_codes() -> None:
    options = [Option(code=str(i), nl=str(i)) for i in range(1, 4)]
    frame = coded("1", "2", "3", ".dont_know", ".skipped")
    for direction, wanted in (("higher", [1, 2, 3]), ("lower", [-1, -2, -3]), ("none", [1, 2, 3])):
        questionnaire_ = asked(QuestionType.SCALE, *options, direction=direction)
        columns = scored_columns(questionnaire_, ["Q1"])
        scores = score_matrix(frame, questionnaire_, columns)[:, 0]
        np.testing.assert_array_equal(scores, [*wanted, np.nan, np.nan])


def test_values_go_before_codes_and_places_before_nothing() -> None:
    with_values = asked(
        QuestionType.SINGLE, Option(code="1", nl="a", value=5), Option(code="2", nl="b", value=1)
    )
    scores = score_matrix(coded("1", "2"), with_values, scored_columns(with_values, ["Q1"]))
    np.testing.assert_array_equal(scores[:, 0], [5, 1])
    names = asked(QuestionType.SINGLE, Option(code="own", nl="a"), Option(code="rent", nl="b"))
    scores = score_matrix(coded("own", "rent"), names, scored_columns(names, ["Q1"]))
    np.testing.assert_array_equal(scores[:, 0], [1, 2])


def test_a_multiple_question_stands_for_its_options_but_not_the_exclusive_one() -> None:
    many = asked(
        QuestionType.MULTIPLE,
        Option(code="a", nl="a"),
        Option(code="b", nl="b"),
        Option(code="none", nl="none", exclusive=True),
    )
    assert [column.name for column in scored_columns(many, ["Q1"])] == ["Q1_a", "Q1_b"]


def test_a_column_is_named_once_and_a_wrong_code_is_refused() -> None:
    columns = scored_columns(questionnaire(), ["D1_b", "D1", "age3"])
    assert [c.name for c in columns] == ["D1_b", "D1_a", "D1_c", "D1_d", "D1_e", "age3"]
    assert [c.reverse for c in columns[:3]] == [True, False, False]
    with pytest.raises(Refusal, match="names Z9, which is no question"):
        scored_columns(questionnaire(), ["Z9"])
    with pytest.raises(Refusal, match="Q1, an open question"):
        scored_columns(asked(QuestionType.OPEN), ["Q1"])


def test_an_absent_column_and_an_unknown_code_are_refused_by_name(known: World) -> None:
    columns = scored_columns(questionnaire(), ["D1"])
    with pytest.raises(Refusal, match="answers lack D1_c, by which"):
        score_matrix(known.frame.drop(columns="D1_c"), questionnaire(), columns)
    stranger = [ScoredColumn("D1_a", "D1", {"1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0})]
    with pytest.raises(Refusal, match="D1_a holds the code 5"):
        score_matrix(known.frame, questionnaire(), stranger)


def test_unknown_demographics_count_as_average(known: World) -> None:
    n = len(known.frame)
    w = np.full(n, 1 / n)
    design = Concomitants.fitted(known.frame, questionnaire(), ["age3", "edu"], w)
    x = design.design(known.frame, questionnaire())
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(x.std(axis=0), 1, atol=1e-10)
    nobody = known.frame.head(3).assign(edu=".refused", age=np.nan)
    nobody["edu"] = pd.Categorical(nobody["edu"], categories=known.frame["edu"].cat.categories)
    np.testing.assert_array_equal(design.design(nobody, questionnaire()), 0)
    without = known.frame.drop(columns="edu")
    assert design.absent(without, questionnaire()) == ("edu",)
    np.testing.assert_array_equal(design.design(without, questionnaire())[:, 2:], 0)


def test_a_number_is_no_concomitant(known: World) -> None:
    with pytest.raises(Refusal, match="concomitant age, which has no levels"):
        Concomitants.fitted(known.frame, questionnaire(), ["age"], np.ones(3000))


def scores_of(world_: World, factors: int = 5) -> tuple[np.ndarray, FactorModel]:
    columns = scored_columns(questionnaire(), plan().items)
    items = score_matrix(world_.frame, questionnaire(), columns)
    return items, fit_factors(items, np.ones(len(items)), factors)


def test_response_style_stays_out_of_the_scores() -> None:
    strong = world(3000, seed=3, style=0.8)
    items, model = scores_of(strong)
    raw_mean = np.nanmean((items - model.mean) / model.scale, axis=1)
    assert np.corrcoef(raw_mean, strong.style)[0, 1] > 0.8
    scores = model.scores(items)
    design = np.column_stack([np.ones(3000), scores])
    fitted = design @ np.linalg.lstsq(design, strong.style, rcond=None)[0]
    assert np.var(fitted) / np.var(strong.style) < 0.05
    assert 0.15 < model.style < 0.45


def test_factor_scores_are_standardised_and_survive_missing_answers(known: World) -> None:
    items, model = scores_of(known)
    scores = replace(model, farthest=np.inf).scores(items)
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(np.cov(scores.T, ddof=0), np.eye(5), atol=1e-6)
    fewer = items.copy()
    fewer[np.random.default_rng(0).random(items.shape) < 0.2] = np.nan
    for a, b in zip(scores.T, model.scores(fewer).T, strict=True):
        assert np.corrcoef(a, b)[0, 1] > 0.85
    nothing = np.full((1, 25), np.nan)
    assert np.isfinite(model.scores(nothing)).all()


def test_scores_far_out_are_drawn_in_and_the_others_stay(known: World) -> None:
    items, model = scores_of(known)
    free, scores = replace(model, farthest=np.inf).scores(items), model.scores(items)
    limit, distance = 1.5 * 5**0.5, np.linalg.norm(free, axis=1)
    far = distance > limit
    assert 0 < far.mean() < 0.1
    np.testing.assert_allclose(scores[~far], free[~far])
    np.testing.assert_allclose(scores[far] * distance[far, None], free[far] * limit)
    again = FactorModel.from_dict(model.to_dict())
    np.testing.assert_array_equal(again.scores(items), scores)


def test_factors_ignore_the_units_of_an_item(known: World) -> None:
    items, model = scores_of(known)
    other = items * np.linspace(0.1, 40, 25) + np.arange(25)
    np.testing.assert_allclose(
        fit_factors(other, np.ones(3000), 5).scores(other), model.scores(items), atol=1e-6
    )


def test_constant_and_hardly_answered_items_are_found() -> None:
    items = np.random.default_rng(0).normal(size=(200, 4))
    items[:, 1] = 3
    items[15:, 2] = np.nan
    np.testing.assert_array_equal(usable_items(items), [True, False, False, True])


def test_few_items_carry_few_factors() -> None:
    items = np.random.default_rng(0).normal(size=(300, 5)) + np.random.default_rng(1).normal(
        size=(300, 1)
    )
    assert fit_factors(items, np.ones(300), 5).factors == 1
    with pytest.raises(Refusal, match="Only 2 of the profile items"):
        fit_factors(items[:, :2], np.ones(300), 5)


def test_an_axis_turns_reversed_items_and_variables(known: World) -> None:
    w = np.full(3000, 1 / 3000)
    axes = {
        "trust": Axis(of=("D1",)),
        "distrust": Axis(of=(), reverse=("D1",)),
        "age": Axis(of=("age",)),
    }
    places = axis_values(known.frame, questionnaire(), axes, w)
    np.testing.assert_allclose(places[:, 0], -places[:, 1])
    np.testing.assert_allclose(np.nanstd(places, axis=0), 1)
    profiles = np.eye(8)[known.profile]
    trust = mean_places(places, profiles)[:, 0]
    assert np.corrcoef(trust, [1.1, 1.0, 0.4, 0.2, -0.2, -0.5, -1.0, -1.2])[0, 1] > 0.98


def test_mean_places_leave_out_what_is_missing() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan]])
    np.testing.assert_array_equal(mean_places(values, np.ones((2, 1))), [[2.0, np.nan]])
