"""Every code is known but for the planted ones; base filters, marks and arms hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from flows.definitions.columns import AnswerColumn
from flows.definitions.questions import QuestionType
from flows.simulation.simulate import Fieldwork, Simulation


def known_codes(column: AnswerColumn) -> set[str]:
    if column.question.type is QuestionType.RANKING:
        return {"1", "2"}
    if column.option is not None:
        return {"0", "1"}
    return {code for option in column.question.options for code in option.source_codes}


def foreign_cells(fieldwork: Fieldwork) -> set[tuple[int, str]]:
    cells = set()
    wave = fieldwork.wave.code
    for column in fieldwork.survey.questionnaire.columns(wave):
        if column.question.coded or column.is_text or column.question.type == "number":
            continue
        answers = fieldwork.file[column.source(wave)]
        strange = ~answers.isin(known_codes(column) | {""})
        cells |= {(int(row), column.name) for row in np.flatnonzero(strange)}
    return cells


def test_only_planted_codes_are_unknown(simulation: Simulation) -> None:
    for fieldwork in simulation.fieldworks:
        planted = fieldwork.delivery.planted.query("fault == 'bad_code'")
        assert foreign_cells(fieldwork) == set(zip(planted["row"], planted["column"], strict=True))
        assert len(planted) == int(np.ceil(len(fieldwork.file) * 0.001))


def test_files_have_the_columns_of_the_wave(simulation: Simulation) -> None:
    for fieldwork in simulation.fieldworks:
        wave = fieldwork.wave.code
        found = fieldwork.survey.questionnaire.columns(wave)
        columns = list(dict.fromkeys(name for c in found for name in c.sources(wave)))
        assert list(fieldwork.file) == ["nr", "klaar", "minuten", "voortgang", *columns]
        assert not fieldwork.file.isna().any(axis=None)


@pytest.fixture
def theme(simulation: Simulation) -> pd.DataFrame:
    fieldwork = simulation.fieldwork("panel", "w2026_warmte")
    whole = ~fieldwork.truth["broken_off"] & ~fieldwork.truth["repeated"]
    return fieldwork.file.assign(profile=fieldwork.truth["profile"])[whole]


def test_a_base_filter_on_a_multiple_question_is_kept(theme: pd.DataFrame) -> None:
    did = theme[["done_glas", "done_dak", "done_extra"]].eq("1").any(axis=1)
    why = [name for name in theme if name.startswith("why_")]
    assert (theme.loc[~did, why] == "").all(axis=None)
    assert (theme.loc[did, why] != "").all(axis=1).mean() > 0.95


def test_a_base_filter_on_the_register_is_kept(simulation: Simulation, theme: pd.DataFrame) -> None:
    register = simulation.fieldwork("panel", "register").file.drop_duplicates("nr")
    home = register.set_index("nr")["home"].reindex(theme["nr"]).to_numpy()
    asked = (theme["owner"] != "").to_numpy()
    assert not asked[home == "huur"].any()
    assert asked[home == "koop"].mean() > 0.9


def test_exclusive_answers_stand_alone_and_the_most_choices_hold(theme: pd.DataFrame) -> None:
    real = theme[["done_glas", "done_dak", "done_extra"]].eq("1").sum(axis=1)
    nothing = theme["done_niets"] == "1"
    assert nothing.any()
    assert (real[nothing] == 0).all()
    why = theme[[name for name in theme if name.startswith("why_")]].eq("1").sum(axis=1)
    assert set(why) <= {0, 1, 2}


def test_a_ranking_gives_each_place_once(theme: pd.DataFrame) -> None:
    ranks = theme[[name for name in theme if name.startswith("best_")]]
    ranked = ranks.ne("").any(axis=1)
    assert ranks[ranked].apply(lambda row: sorted(set(row) - {""}) == ["1", "2"], axis=1).all()


def test_codes_stand_in_the_columns_that_hold_them(theme: pd.DataFrame) -> None:
    named = theme[["named_first", "named_second"]]
    assert set(named.to_numpy().ravel()) == {"", "7", "8", "9"}
    both = named.ne("").all(axis=1)
    assert both.any()
    assert (named["named_first"] != named["named_second"])[both].all()
    # The second column is only used after the first.
    assert (named["named_second"] == "")[named["named_first"] == ""].all()
    order = theme[["order_one", "order_two"]]
    ranked = order.ne("").any(axis=1)
    assert 0.9 < ranked.mean() < 1
    assert order[ranked].ne("").all(axis=None)
    assert (order["order_one"] != order["order_two"])[ranked].all()


def test_the_arm_is_random_and_moves_its_follow_up(theme: pd.DataFrame) -> None:
    assert theme["arm"].eq("geld").mean() == pytest.approx(0.5, abs=0.05)
    arms = pd.crosstab(theme["profile"], theme["arm"], normalize="index")["geld"]
    assert arms.between(0.4, 0.6).all()
    agrees = theme["will"].eq("11").groupby(theme["arm"]).mean()
    assert agrees["geld"] - agrees["geen"] > 0.15


def test_numbers_and_words(theme: pd.DataFrame) -> None:
    euros = pd.to_numeric(theme["euros"])
    assert euros.between(0, 5000)[euros.notna()].all()
    assert 0.1 < theme["words"].ne("").mean() < 0.5


def test_answers_follow_the_profile(simulation: Simulation) -> None:
    fieldwork = simulation.fieldwork("state", "w2026")
    agrees = fieldwork.file["K01_a"].eq("11").groupby(fieldwork.truth["profile"]).mean()
    assert agrees["p1"] > agrees["p4"] + 0.25
    reversed_ = fieldwork.file["K01_b"].eq("11").groupby(fieldwork.truth["profile"]).mean()
    assert reversed_["p1"] < reversed_["p4"]


def test_agreeing_is_partly_a_personal_style(simulation: Simulation) -> None:
    fieldwork = simulation.fieldwork("state", "w2026")
    items = fieldwork.file[[f"K01_{i}" for i in "abcd"] + [f"K02_{i}" for i in "abcd"]]
    agreed = items.eq("11").sum(axis=1)
    assert np.corrcoef(agreed, fieldwork.truth["style"])[0, 1] > 0.2
