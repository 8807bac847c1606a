"""Two schemes side by side: margins, cost, and key results with their errors."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from weighting_plans import a_grouped_plan, a_margin, a_sample

from flows.crosstabs.banner import profile_banner
from flows.crosstabs.crosstab import crosstab
from flows.definitions import load_survey
from flows.definitions.dossier_plan import DossierPlan, ThemePlan
from flows.definitions.options import MISSING_CODES
from flows.definitions.questionnaire import Derived, Questionnaire
from flows.definitions.survey import Survey
from flows.definitions.weighting_plan import WeightingPlan
from flows.weighting import calibrated
from flows.weighting.calibrated import calibrated_margins
from flows.weighting.compare import Comparison, Scheme, compare
from flows.weighting.compare_report import (
    compare_json,
    compare_page,
    cost_rows,
    margin_rows,
    result_rows,
)
from flows.weighting.key_results import KeyResult, key_results
from flows.weighting.scheme import weigh


@pytest.fixture(scope="module")
def survey(surveys: Path) -> Survey:
    return load_survey(surveys / "themapanel")


@pytest.fixture(scope="module")
def answers(survey: Survey) -> pd.DataFrame:
    """Answers to the energy questions, and a background, drawn at random."""
    rng = np.random.default_rng(31)
    n = 600
    frame = a_sample(east=300, west=180, isle=120)
    for column in survey.questionnaire.columns("w2026_energie"):
        if column.codes:
            codes = rng.choice(len(column.categories), n, p=_shares(len(column.codes)))
            frame[column.name] = pd.Categorical.from_codes(codes, list(column.categories))
    # Young people agree more, so that a scheme that counts them more says so.
    agree = (frame["age"] == "young") & (rng.random(n) < 0.7)
    frame.loc[agree, "E01_b"] = "1"
    return frame


def _shares(answers: int) -> np.ndarray:
    shares = np.r_[np.full(answers, 0.95 / answers), np.full(len(MISSING_CODES), 0)]
    shares[answers] = 0.05
    return shares


def national(**more) -> WeightingPlan:
    return WeightingPlan(margins=(a_margin("age", {"young": 0.7, "old": 0.3}),), **more)


def applied(name: str, plan: WeightingPlan, frame: pd.DataFrame) -> Scheme:
    return Scheme(name, plan, frame, weigh(frame, plan))


@pytest.fixture(scope="module")
def comparison(answers: pd.DataFrame, survey: Survey) -> Comparison:
    first = applied("weighting", national(), answers)
    second = applied("places", a_grouped_plan(), answers)
    return compare(first, second, key_results(answers, survey, "w2026_energie"))


class TestKeyResults:
    def test_stance_and_willingness_come_first(self, answers, survey):
        found = [each.number for each in key_results(answers, survey, "w2026_energie")]
        assert found[:2] == ["E01b", "E07"]
        assert len(found) == len(set(found)) == 10
        assert "E01a" in found

    def test_a_headline_is_a_net_an_answer_or_a_mean(self, answers, survey):
        by_number = {r.number: r for r in key_results(answers, survey, "w2026_energie", 40)}
        stance = by_number["E01b"]
        given = answers["E01_b"].isin(["1", "2", "3", "4", "5"])
        assert stance.base.tolist() == given.tolist()
        assert stance.values.tolist() == answers["E01_b"].isin(["1", "2"]).astype(float).tolist()
        assert stance.headline["nl"] == "(Helemaal) eens"

    def test_a_wave_without_themes_has_the_questions_it_asked(self, survey):
        rng = np.random.default_rng(2)
        frame = pd.DataFrame(
            {
                column.name: pd.Categorical(rng.choice(list(column.codes), 50), column.categories)
                for column in survey.questionnaire.columns("register")
                if column.codes
            }
        )
        found = key_results(frame, survey, "register")
        assert len(found) == 10
        assert not {r.number for r in found} & {f"B0{i}" for i in range(1, 9)}

    def test_what_hardly_anybody_answered_is_left_out(self, answers, survey):
        empty = answers.assign(
            E07=pd.Categorical([".dont_know"] * 600, answers["E07"].cat.categories)
        )
        assert "E07" not in {r.number for r in key_results(empty, survey, "w2026_energie", 40)}


class TestMargins:
    def test_levels_of_both_schemes_with_what_controls_them(self, comparison, answers):
        rows = {(row.margin, row.level): row for row in comparison.margins}
        assert {margin for margin, _ in rows} == {"age", "place", "sex"}
        young = rows["age", "young"]
        assert (young.controlled, young.first, young.second) == (
            "both",
            pytest.approx(0.7),
            pytest.approx(0.37),
        )
        assert (young.first_target, young.second_target) == pytest.approx((0.7, 0.37))
        isle = rows["place", "isle"]
        assert isle.controlled == "second"
        assert isle.first_target is None
        assert isle.second == pytest.approx(0.1)
        assert isle.unweighted == pytest.approx(0.2)
        weights = weigh(answers, national()).weights
        assert isle.first == pytest.approx(weights[answers["place"] == "isle"].sum() / 600)

    def test_a_level_nobody_has(self):
        frame = a_sample(east=50, west=50)
        target = {"east": 0.5, "west": 0.5, "isle": 0.0}
        one = applied("a", WeightingPlan(margins=(a_margin("place", target),)), frame)
        other = applied("b", national(), frame)
        rows = {row.level: row for row in compare(one, other, ()).margins if row.margin == "place"}
        assert (rows["isle"].n, rows["isle"].second) == (0, 0.0)


class TestErrors:
    def error_in_tables(
        self, scheme: Scheme, answers: pd.DataFrame, survey: Survey, code: str, row: str
    ) -> tuple[float, float]:
        """Estimate and standard error of the total column, as the tables have them."""
        weighting = scheme.weighting
        margins = calibrated_margins(scheme.frame, scheme.plan, joined={})
        base = scheme.plan.base_weight
        (table,) = crosstab(
            answers,
            survey.questionnaire,
            [code],
            profile_banner(["p"] * len(answers), ["p"], len(answers)),
            weighting.weights,
            margins,
            wave="w2026_energie",
            base_weights=None if base is None else scheme.frame[base],
        )
        at = [each.code for each in table.rows].index(row)
        return table.estimate[at, -1], table.standard_error[at, -1]

    @pytest.mark.parametrize("kind", ["plain", "groups", "small groups", "base weights"])
    def test_they_are_those_of_the_tables(self, kind, answers, survey, monkeypatch):
        if kind == "small groups":
            monkeypatch.setattr(calibrated, "PEOPLE_PER_COLUMN", 100)
        frame = answers.assign(design=np.linspace(1, 3, 600))
        plan = {
            "plain": national(),
            "groups": a_grouped_plan(),
            "small groups": a_grouped_plan(),
            "base weights": national(base_weight="design"),
        }[kind]
        scheme = applied("it", plan, frame)
        figures = compare(scheme, scheme, key_results(answers, survey, "w2026_energie"))
        result = next(r for r in figures.results if r.number == "E07")
        estimate, error = self.error_in_tables(scheme, answers, survey, "E07", "eens")
        assert result.first == pytest.approx(estimate)
        assert result.first_error == pytest.approx(error, rel=1e-9)

    def test_a_scheme_does_not_differ_from_itself(self, answers, survey):
        scheme = applied("it", national(), answers)
        for result in compare(
            scheme, scheme, key_results(answers, survey, "w2026_energie")
        ).results:
            assert (result.difference, result.difference_error) == (0, 0)

    def test_the_error_of_a_difference_is_that_of_repeated_samples(self):
        rng = np.random.default_rng(8)
        population = a_sample(east=6_000, west=3_000, isle=1_000)
        chance = 0.3 + 0.3 * (population["age"] == "young") + 0.1 * (population["sex"] == "m")
        answer = (rng.random(len(population)) < chance).to_numpy()
        other = WeightingPlan(margins=(a_margin("sex", {"m": 0.6, "v": 0.4}),))
        found, errors = [], []
        for _ in range(400):
            rows = rng.choice(len(population), 300)
            frame = population.iloc[rows].reset_index(drop=True)
            y = answer[rows].astype(float)
            text = ThemePlan(code="t", title="t").title
            result = KeyResult("Q", text, text, False, y, np.ones(300, dtype=bool))
            (figures,) = compare(
                applied("a", national(), frame), applied("b", other, frame), [result]
            ).results
            found.append(figures.difference)
            errors.append(figures.difference_error)
        # 400 differences give a standard deviation to 3.5%; four of those.
        assert np.std(found) == pytest.approx(np.mean(errors), rel=0.14)


class TestTelling:
    def test_page_rows_and_json(self, comparison, survey):
        questionnaire = Questionnaire(
            questions=survey.questionnaire.questions,
            derived=(
                Derived(code="age", text="Age", kind="recode", of=("B02",), levels=()),
                Derived(code="sex", text="Sex", kind="recode", of=("B01",), levels=()),
            ),
        )
        page = compare_page(comparison, questionnaire, title="A survey", simulated=True)
        Whole().feed(page)
        for words in ("Controlled by places only", "Simulated answers", "E07", "(Strongly) agree"):
            assert words in page
        assert "http" not in page
        told = json.loads(json.dumps(compare_json(comparison), allow_nan=False))
        assert [scheme["name"] for scheme in told["schemes"]] == ["weighting", "places"]
        assert len(told["results"]) == 10
        assert cost_rows(comparison)[1]["scheme"] == "places"
        assert {row["margin"] for row in margin_rows(comparison)} == {"sex", "place"}
        assert result_rows(comparison)[0]["table"] == "E01b"

    def test_no_themes_no_results(self, answers, survey):
        dossier = DossierPlan(**{**survey.dossier.model_dump(), "themes": ()})
        bare = survey.model_copy(update={"dossier": dossier})
        info = bare.info.model_copy(
            update={"waves": tuple(w.model_copy(update={"themes": ()}) for w in bare.info.waves)}
        )
        bare = bare.model_copy(update={"info": info})
        plain = answers[["age", "sex", "place"]]
        assert key_results(plain, bare, "w2026_energie") == ()
        scheme = applied("it", national(), plain)
        page = compare_page(compare(scheme, scheme, ()), Questionnaire(questions=()), title="A")
        assert "no questions with a headline" in page


class Whole(HTMLParser):
    """Every tag is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
